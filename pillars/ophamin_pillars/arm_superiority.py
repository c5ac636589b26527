"""Superiority of two arms, P(first > second) + P(first = second) / 2: Brunner and Munzel's test on the logit.

With at most ten observations in each arm the statistic is judged by its permutation distribution. Of bools the
superiority is ``(1 + p1 - p2) / 2``, so the tests of a difference of proportions decide it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ophamin_pillars._special import libraries
from ophamin_pillars.arm_difference import EXACT, SCORE, difference_tests
from ophamin_pillars.arm_shift import least_n
from ophamin_pillars.arm_tests import LEAST_N, TOO_FEW, Planner, arm_sizes, counts_of, limits_of
from ophamin_pillars.resized import Resized
from pytest_ophamin.pillars import (
    Assessment,
    BadPlan,
    Claim,
    OneSided,
    Plan,
    Sample,
    ShiftedTests,
    compose,
    minus,
    number,
    plus,
    undecidable,
)

if TYPE_CHECKING:
    from ophamin_pillars.arms.relative_effect import RelativeEffect

PERMUTED = "brunner-munzel-logit-permuted/1"
LOGIT = "brunner-munzel-logit/1"
MOST_PERMUTED = 10
"""Observations in the larger arm up to which all permutations are counted."""
ONE_VALUE = "all observations are equal: nothing is known about their spread"


class ArmSuperiorityPillar:
    """Decides ``superiority`` of two arms."""

    name = "arms.superiority"
    metrics = frozenset({"superiority+arms"})
    methods = (PERMUTED, LOGIT, EXACT, SCORE)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the relative effect, of bools by the difference of the proportions."""
        if evidence.is_bool:
            return _decide_counts(claim, evidence)
        return _decide_effect(claim, evidence)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan for normal arms of one spread: ``expecting`` alone says how far apart they are."""
        return _planner(claim, level).plan(claim)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        return _planner(claim, level).size(claim)


@dataclass(frozen=True, slots=True)
class HalvedDifference(ShiftedTests):
    """Tests of ``(1 + difference) / 2`` by those of the difference."""

    tests: OneSided

    @property
    def n(self) -> int:
        return self.tests.n

    @property
    def estimate(self) -> float | None:
        return _halved(self.tests.estimate)

    @property
    def spread(self) -> None:
        return None

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "superiority <= limit - slack"."""
        return self.tests.greater(_doubled(minus(limit, slack)), slack=0.0, strict=strict, level=level)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "superiority >= limit + slack"."""
        return self.tests.less(_doubled(plus(limit, slack)), slack=0.0, strict=strict, level=level)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound."""
        return _halved(self.tests.lower(level, slack=slack))

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound."""
        return _halved(self.tests.upper(level, slack=slack))

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same shares reject."""
        moved = minus(limit, slack) if side == "greater" else plus(limit, slack)
        return self.tests.needed(side, _doubled(moved), slack=0.0, strict=strict, level=level, start=start)


def _decide_counts(claim: Claim, sample: Sample) -> Assessment:
    counts = counts_of(sample)
    if not (counts[1] and counts[3]):
        return undecidable(
            claim, method=EXACT, exact=True, n=sample.n, estimate=None, reason=TOO_FEW, libraries=libraries()
        )
    tests, exact, conditions = difference_tests(counts)
    return compose(
        claim,
        HalvedDifference(tests),
        method=EXACT if exact else SCORE,
        exact=exact,
        conditions=conditions,
        libraries=libraries(),
    )


def _decide_effect(claim: Claim, sample: Sample) -> Assessment:
    from ophamin_pillars.arms.permuted_effect import PermutedEffect
    from ophamin_pillars.arms.relative_effect import CONDITIONS, RelativeEffect

    first, second = sample.arms
    small = max(len(first), len(second)) <= MOST_PERMUTED
    method = PERMUTED if small else LOGIT
    too_few = min(len(first), len(second)) < 2
    if too_few or (sample.value.values == sample.value.values[0]).all():
        return undecidable(
            claim,
            method=method,
            exact=False,
            conditions=CONDITIONS,
            n=sample.n,
            estimate=None,
            reason=TOO_FEW if too_few else ONE_VALUE,
            libraries=libraries(),
        )
    # The numerics ask how often the second argument is greater.
    plain = RelativeEffect.of(second, first, logit=True)
    tests = PermutedEffect.of(second, first, logit=True) if small else plain
    return compose(
        claim,
        Resized(tests, partial(_p_of_effect, plain)),
        method=method,
        exact=False,
        conditions=CONDITIONS,
        libraries=libraries(),
    )


def _p_of_effect(tests: RelativeEffect, side: str, limit: float, n: int) -> float:
    from ophamin_pillars.arms.relative_effect import RelativeEffect

    n1, n2 = arm_sizes(n)
    if n2 < 2:
        return 1.0
    like = RelativeEffect(n2, n1, tests.effect, tests.variance1, tests.variance2, logit=True)
    return like.p_greater(limit) if side == "greater" else like.p_less(limit)


def _planner(claim: Claim, level: float) -> Planner:
    limits = limits_of(claim, level)
    for _, limit in limits:
        if not 0.0 < limit < 1.0:
            raise BadPlan(
                argument="margin" if claim.margin else str(claim.relation),
                expected="a probability strictly between 0 and 1, margin included",
                came=number(limit),
                fix=f"{claim.relation}=0.5",
            )

    def power_at(n: int, truth: float) -> float:
        from ophamin_pillars.power.arms import effect_power

        return effect_power(limits, n, truth, level)

    direction, limit = limits[0]  # nearer to 0 or 1 the power falls again: the logit of the estimate has no bound
    farthest = 0.9 + 0.1 * limit if direction == "greater" else 0.1 * limit
    return Planner(max(LEAST_N, least_n(level)), power_at, farthest=farthest)


def _doubled(superiority: float) -> float:
    """Return ``2 superiority - 1`` in decimal: 0.55 is a difference of 0.1, not 0.10000000000000009."""
    return minus(2.0 * superiority, 1.0)


def _halved(difference: float | None) -> float | None:
    return None if difference is None else 0.5 * (1.0 + difference)
