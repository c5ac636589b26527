"""Shift of two arms, first minus second: Hodges and Lehmann's estimate, by inverting the Mann-Whitney test.

Both arms are taken to have one shape. Exact whatever that shape is, as long as the distribution of the rank sum is
affordable (about 55 observations in each arm); ties only make it conservative.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ophamin_pillars._special import libraries
from ophamin_pillars.arm_tests import TOO_FEW, Planner, arm_sizes, limits_of
from ophamin_pillars.resized import PAt, Resized
from ophamin_pillars.student_plan import expected_sd
from pytest_ophamin.pillars import Assessment, BadSample, Claim, Plan, Sample, compose, undecidable

if TYPE_CHECKING:
    from ophamin_pillars.arms.rank_sum import LocationShift

EXACT = "hodges-lehmann/1"
NORMAL = "hodges-lehmann-normal/1"
CONDITIONS = "independent arms of one shape, each of 50 or more observations"
NOTE = "power: give expecting= and expecting_sd=, the deviation in each arm (planned for normal arms)"


class ArmShiftPillar:
    """Decides ``shift`` of two arms."""

    name = "arms.shift"
    metrics = frozenset({"shift+arms"})
    methods = (EXACT, NORMAL)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the Mann-Whitney test of the shifted arms."""
        from ophamin_pillars.arms.rank_sum import LocationShift

        if evidence.value.is_bool:
            raise BadSample('a shift takes numbers, not bools: claim a "difference"', trial=0)
        first, second = evidence.arms
        if not (len(first) and len(second)):
            return undecidable(
                claim, method=EXACT, exact=True, n=evidence.n, estimate=None, reason=TOO_FEW, libraries=libraries()
            )
        tests = LocationShift.of(first, second)
        return compose(
            claim,
            Resized(tests, _p_at(tests)),
            method=EXACT if tests.exact else NORMAL,
            exact=tests.exact,
            conditions=None if tests.exact else CONDITIONS,
            libraries=libraries(),
        )

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan by the t test's power, at the efficiency of ranks for normal observations."""
        return _planner(claim, level).plan(claim)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        return _planner(claim, level).size(claim)


def _p_at(tests: LocationShift) -> PAt:
    def p_at(side: str, limit: float, n: int) -> float:
        """Return the p-value of the same share of pairs beyond the limit, by the normal distribution: quick."""
        from ophamin_pillars.arms.rank_sum import RankSum

        x, y = tests.x - limit, tests.y
        pairs = np.searchsorted(y, x, side="left") if side == "greater" else np.searchsorted(x, y, side="left")
        n1, n2 = arm_sizes(n)
        return RankSum(n1, n2, int(pairs.sum()) * n1 * n2 // (len(x) * len(y)), 0.0).p_greater(exact=False)

    return p_at


def least_n(level: float) -> int:
    """Return the least n at which the most extreme of all ways to share the trials out is rare enough."""
    n = 2
    while math.comb(n, n // 2) * level < 1.0 - 1e-12:
        n += 1
    return n


def _planner(claim: Claim, level: float) -> Planner:
    limits, sd = limits_of(claim, level), expected_sd(claim)
    if sd is None:
        return Planner(least_n(level), None, note=NOTE)

    def power_at(n: int, truth: float) -> float:
        from ophamin_pillars.power.arms import RANK_EFFICIENCY, means_power

        return means_power(limits, n, truth, sd, level, efficiency=RANK_EFFICIENCY)

    direction, limit = limits[0]
    reach = 100.0 * sd
    return Planner(least_n(level), power_at, farthest=limit + reach if direction == "greater" else limit - reach)
