"""Scores of repeated splits of one data set (``resampled=1 / 9``): they share training data, so they hang together.

The trial is a split: it trains on one part, tests on the other and returns its score, or the pair of two learners'
scores on the same split. Nadeau & Bengio's (2003) corrected t test; docs/cross-validation.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pytest_ophamin.pillars import Assessment, BadPlan, BadSample, Claim, Plan, Sample, compose, number, undecidable

METHOD = "nadeau-bengio-t/1"
CONDITIONS = "random splits or repeated folds of one data set, scores near normal, learners that training hardly moves"
LEAST_N = 2
SAME = "all splits gave the same score: nothing is known about its spread"


class CrossValidationPillar:
    """Decides means and differences over the splits of one data set."""

    name = "N.cross_validation"
    metrics = frozenset({"mean+resampled", "difference+resampled"})
    methods = (METHOD,)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the corrected resampled t test.

        Raises:
            BadSample: Scores are bools: the score of a split is a number.
        """
        from ophamin_pillars._special import libraries
        from ophamin_pillars.models.cross_validation_claims import ResampledTests
        from ophamin_pillars.observations import observed

        if evidence.is_bool:
            raise BadSample(
                "the score of a split is a number, such as its share of right answers; came a bool", trial=0
            )
        values, share = observed(claim, evidence).values, _share(claim)
        tests = ResampledTests.of_splits(values, share)
        conditions = f"{CONDITIONS} ({len(values)} splits, n_test / n_train {number(share)})"
        if tests is None:
            return undecidable(
                claim,
                method=METHOD,
                exact=False,
                conditions=conditions,
                n=evidence.n,
                estimate=float(values[0]),
                reason=SAME,
                libraries=libraries(),
            )
        return compose(claim, tests, method=METHOD, exact=False, conditions=conditions, libraries=libraries())

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan with ``expecting_sd`` between splits; the shared training data put an end to what more splits give.

        Raises:
            BadPlan: Bounds are given: no exact method knows how splits depend on each other.
        """
        from ophamin_pillars.power.estimates import estimate_plan

        if claim.bounds is not None:
            lo, hi = claim.bounds
            raise BadPlan(
                argument="bounds",
                expected="no bounds= with resampled=: splits are not independent, and betting needs that",
                came=f"{number(lo)} to {number(hi)}",
                fix="leave bounds= out",
            )
        return estimate_plan(claim, level=level, error=_error(claim), df=_df, least_n=LEAST_N)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least number of splits that reaches ``claim.power``; None where no number does."""
        from ophamin_pillars.power.estimates import estimate_size

        return estimate_size(claim, level=level, error=_error(claim), df=_df)


def _share(claim: Claim) -> float:
    share = claim.design.resampled
    if share is None:
        raise TypeError(f"claim {claim.id!r} is not resampled")
    return share


def _error(claim: Claim) -> Callable[[int], float]:
    share = _share(claim)
    return lambda n: math.sqrt(1.0 / n + share)


def _df(n: int) -> float:
    return n - 1.0
