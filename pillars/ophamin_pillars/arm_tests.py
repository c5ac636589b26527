"""What the pillars of two arms share: arms of a number of trials, few-valued measurements, limits, and plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytest_ophamin.pillars import Claim, Plan, Sample, claim_sides, minus, plus

Floats = npt.NDArray[np.float64]
Limits = tuple[tuple[str, float], ...]
"""Directions of the validating tests, and their limits with the margin in them."""

LEAST_N = 4
"""Two observations in each arm."""
FEW_VALUES = 3
TOO_FEW = "an arm has fewer than two observations"
NO_SPREAD = "within each arm all observations are equal: nothing is known about their spread"


def arm_sizes(n: int) -> tuple[int, int]:
    """Return the sizes of two arms of ``n`` trials: arms are drawn in blocks of two, so they differ by one at most."""
    return n - n // 2, n // 2


def counts_of(sample: Sample) -> tuple[int, int, int, int]:
    """Return ``x1, n1, x2, n2``: successes and trials of each arm of a sample of bools."""
    first, second = sample.arms
    return int(first.sum()), len(first), int(second.sum()), len(second)


def scaled_counts(counts: tuple[int, int, int, int], n: int, side: str) -> tuple[int, int, int, int]:
    """Return the counts of ``n`` trials with the same shares, rounded against ``side``."""
    x1, n1, x2, n2 = counts
    m1, m2 = arm_sizes(n)
    if side == "greater":  # "the first is greater": fewer of the first, more of the second
        return x1 * m1 // n1, m1, -(-x2 * m2 // n2), m2
    return -(-x1 * m1 // n1), m1, x2 * m2 // n2, m2


def with_values(conditions: str, values: Floats) -> str:
    """Return the conditions of a t test, with the one that measurements of very few values plainly fail."""
    distinct = len(np.unique(values[:1_000]))  # enough to see more than three
    if len(values) <= FEW_VALUES or distinct > FEW_VALUES:
        return conditions
    return (
        f"{conditions}; not met: the observations take {distinct} values only (return bools where they are yes or no)"
    )


def limits_of(claim: Claim, level: float) -> Limits:
    """Return what the validating tests must reject."""
    return tuple(
        (
            side.direction,
            minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack),
        )
        for side in claim_sides(claim, level=level).validate
    )


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans from the power of one claim's tests.

    Attributes:
        least_n: Least n at which some sample could be validated.
        power_at: Power at a number of trials and a true value; None when it is not known (no spread is expected).
        farthest: The value farthest from the limit on the claimed side that is looked at for ``detectable``.
        note: Said in the plan.
    """

    least_n: int
    power_at: Callable[[int, float], float] | None
    farthest: float | None = None
    note: str | None = None

    def plan(self, claim: Claim) -> Plan:
        """Return the plan at ``claim.trials``."""
        n, power = claim.trials, None
        if self.power_at is not None and claim.expecting is not None and n >= self.least_n:
            power = self.power_at(n, claim.expecting)
        return Plan(n=n, least_n=self.least_n, power=power, detectable=self._detectable(claim), note=self.note)

    def size(self, claim: Claim) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``, or None."""
        from ophamin_pillars.power.search import least_size

        if self.power_at is None or claim.expecting is None:
            return None
        power_at, truth = self.power_at, claim.expecting
        return least_size(lambda n: power_at(n, truth), claim.power, self.least_n)

    def _detectable(self, claim: Claim) -> float | None:
        from ophamin_pillars.power.search import crossing

        n, power_at = claim.trials, self.power_at
        if power_at is None or self.farthest is None or n < self.least_n or isinstance(claim.threshold, tuple):
            return None
        # Both ends as distances from the limit: the power rises with the distance on either side of it.
        ((_, limit),) = limits_of(claim, claim.validate_level)
        reach = self.farthest - limit
        try:
            return limit + reach * crossing(lambda share: power_at(n, limit + reach * share), claim.power, 0.0, 1.0)
        except ValueError:
            return None
