"""Difference of two arms, first minus second: exact or by the score test for bools, else Welch's t."""

from __future__ import annotations

from functools import partial

import numpy as np

from ophamin_pillars._special import libraries
from ophamin_pillars.arm_tests import (
    LEAST_N,
    NO_SPREAD,
    TOO_FEW,
    Planner,
    arm_sizes,
    counts_of,
    limits_of,
    scaled_counts,
    with_values,
)
from ophamin_pillars.resized import Resized
from ophamin_pillars.rounding import settled
from ophamin_pillars.skewness import conditions_at
from ophamin_pillars.student_plan import expected_sd
from pytest_ophamin.pillars import Assessment, Claim, OneSided, Plan, Sample, compose, undecidable

EXACT = "unconditional-difference/1"
SCORE = "score-difference/1"
WELCH = "welch-t/1"
MOST_EXACT = 500
"""Trials up to which bools are always decided exactly: a tenth of a second."""
MOST_EXACT_RARE = 2_000
"""Trials up to which they are where an arm has few successes or failures, which the score test does not bear."""
FEW = 40
NOTE = "power: give expecting= and expecting_sd=, the deviation in each arm (of bools at most 0.5)"

Counts = tuple[int, int, int, int]


class ArmDifferencePillar:
    """Decides ``difference`` of two arms."""

    name = "arms.difference"
    metrics = frozenset({"difference+arms"})
    methods = (EXACT, SCORE, WELCH)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the exact unconditional test, the score test, or Welch's t."""
        if evidence.is_bool:
            return _decide_counts(claim, evidence)
        return _decide_means(claim, evidence)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan Welch's t for normal arms of one spread."""
        return _planner(claim, level).plan(claim)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        return _planner(claim, level).size(claim)


def difference_tests(counts: Counts) -> tuple[OneSided, bool, str | None]:
    """Return the tests of the difference of two proportions, whether they are exact, and else their conditions."""
    from ophamin_pillars.arms.score_difference import CONDITIONS, ScoreDifference
    from ophamin_pillars.arms.unconditional import UnconditionalDifference

    p_at = partial(_p_of_counts, counts)
    if is_exact(counts):
        return Resized(UnconditionalDifference(*counts), p_at), True, None
    return Resized(ScoreDifference(*counts), p_at), False, CONDITIONS


def is_exact(counts: Counts) -> bool:
    """Return whether the exact test decides: always for few trials, and longer where a count is small."""
    x1, n1, x2, n2 = counts
    fewest = min(x1, n1 - x1, x2, n2 - x2)
    return n1 + n2 <= (MOST_EXACT_RARE if fewest < FEW else MOST_EXACT)


def _p_of_counts(counts: Counts, side: str, limit: float, n: int) -> float:
    """Return the score test's p-value of the same shares: near the exact one, and quick."""
    from ophamin_pillars.arms.score_difference import ScoreDifference

    tests = ScoreDifference(*scaled_counts(counts, n, side))
    return tests.p_greater(limit) if side == "greater" else tests.p_less(limit)


def _decide_counts(claim: Claim, sample: Sample) -> Assessment:
    counts = counts_of(sample)
    if not (counts[1] and counts[3]):
        return _undecidable(claim, sample, EXACT, TOO_FEW, exact=True)
    tests, exact, conditions = difference_tests(counts)
    method = EXACT if exact else SCORE
    return compose(claim, tests, method=method, exact=exact, conditions=conditions, libraries=libraries())


def _decide_means(claim: Claim, sample: Sample) -> Assessment:
    from ophamin_pillars.arms.means import CONDITIONS, MeanDifference

    first, second = map(settled, sample.arms)
    conditions = conditions_at(claim, CONDITIONS)
    if min(len(first), len(second)) < 2:
        return _undecidable(claim, sample, WELCH, TOO_FEW, conditions=conditions)
    if (first == first[0]).all() and (second == second[0]).all():
        return _undecidable(claim, sample, WELCH, NO_SPREAD, conditions=conditions)
    tests = MeanDifference.of(first, second)

    def p_at(side: str, limit: float, n: int) -> float:
        n1, n2 = arm_sizes(n)
        like = MeanDifference(n1, tests.mean1, tests.sd1, n2, tests.mean2, tests.sd2)
        return like.p_greater(limit) if side == "greater" else like.p_less(limit)

    return compose(
        claim,
        Resized(tests, p_at),
        method=WELCH,
        exact=False,
        conditions=with_values(conditions, sample.value.floats),
        libraries=libraries(),
    )


def _undecidable(
    claim: Claim, sample: Sample, method: str, reason: str, *, exact: bool = False, conditions: str | None = None
) -> Assessment:
    first, second = sample.arms
    estimate = float(first.mean() - second.mean()) if len(first) and len(second) else None
    return undecidable(
        claim,
        method=method,
        exact=exact,
        conditions=conditions,
        n=sample.n,
        estimate=estimate if estimate is None or np.isfinite(estimate) else None,
        reason=reason,
        libraries=libraries(),
    )


def _planner(claim: Claim, level: float) -> Planner:
    limits, sd = limits_of(claim, level), expected_sd(claim)
    if sd is None:
        return Planner(LEAST_N, None, note=NOTE)

    def power_at(n: int, truth: float) -> float:
        from ophamin_pillars.power.arms import means_power

        return means_power(limits, n, truth, sd, level)

    direction, limit = limits[0]
    reach = 100.0 * sd
    return Planner(LEAST_N, power_at, farthest=limit + reach if direction == "greater" else limit - reach)
