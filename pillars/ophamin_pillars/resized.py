"""How many trials like these would decide: tests of a sample, and their p-values for a larger one of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_ophamin.pillars import OneSided, ShiftedTests, minus, plus, round12

LARGEST_N = 10_000_000
"""Beyond this many trials a sample counts as lying on the boundary."""

PAt = Callable[[str, float, int], float]
"""Takes the side, the limit (margin included) and a number of trials; returns the p-value."""


@dataclass(frozen=True, slots=True)
class Resized(ShiftedTests):
    """The same tests; ``p_at`` says what they would give for other numbers of trials, estimate and spread unchanged."""

    tests: OneSided
    p_at: PAt

    @property
    def n(self) -> int:
        return self.tests.n

    @property
    def estimate(self) -> float | None:
        return self.tests.estimate

    @property
    def spread(self) -> float | None:
        return self.tests.spread

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "metric <= limit - slack"."""
        return self.tests.greater(limit, slack=slack, strict=strict, level=level)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "metric >= limit + slack"."""
        return self.tests.less(limit, slack=slack, strict=strict, level=level)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound at ``level``."""
        return self.tests.lower(level, slack=slack)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound at ``level``."""
        return self.tests.upper(level, slack=slack)

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same estimate and spread reject, or None up to LARGEST_N."""
        from ophamin_pillars.power.search import least_true  # only after an undecided claim

        del strict
        moved = minus(limit, slack) if side == "greater" else plus(limit, slack)
        return least_true(lambda n: round12(self.p_at(side, moved, n)) <= level, start, LARGEST_N)
