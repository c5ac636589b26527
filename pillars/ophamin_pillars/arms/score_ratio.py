"""Ratio of two independent proportions (risk ratio) by the score test: Koopman 1984, Miettinen & Nurminen 1985."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import ArmTests, check_arm, check_level, crossing

CONDITIONS = "no arm above twice the other, 20 or more successes and failures expected in each, levels from .025"
"""Worst size over the nuisance parameter, by enumeration: 1.14 x level inside; 1.4 x with 5 expected successes."""
LARGEST_LOG = 700.0
"""Ratios are searched between exp(-700) and exp(700): all that float64 holds."""


@dataclass(frozen=True, slots=True)
class ScoreRatio(ArmTests):
    """Score tests of p1 / p2 for x1 of n1 against x2 of n2 successes.

    Attributes:
        x1: Successes of the first arm.
        n1: Trials of the first arm.
        x2: Successes of the second arm.
        n2: Trials of the second arm.
        corrected: Whether the variance carries Miettinen and Nurminen's N / (N - 1); without it the interval is
            Koopman's (Gart & Nam 1988, without skewness).

    Raises:
        ValueError: A count is impossible.
    """

    x1: int
    n1: int
    x2: int
    n2: int
    corrected: bool = True

    def __post_init__(self) -> None:
        check_arm("1", self.x1, self.n1)
        check_arm("2", self.x2, self.n2)

    @property
    def n(self) -> int:
        return self.n1 + self.n2

    @property
    def estimate(self) -> float | None:
        """Return the ratio of the shares; None when the second arm has no success."""
        return (self.x1 / self.n1) / (self.x2 / self.n2) if self.x2 else None

    @property
    def spread(self) -> None:
        return None

    def statistic(self, limit: float) -> float:
        """Return the score statistic of "p1 / p2 = limit" (Miettinen & Nurminen 1985, equations 10 and 11).

        Raises:
            ValueError: ``limit`` is not positive.
        """
        if not 0.0 < limit < math.inf:
            raise ValueError(f"expected a positive finite ratio, got {limit!r}")
        gap = self.x1 / self.n1 - limit * (self.x2 / self.n2)
        p1, p2 = self._restricted(limit)
        variance = p1 * (1.0 - p1) / self.n1 + limit * limit * p2 * (1.0 - p2) / self.n2
        if variance <= 0.0:
            return 0.0 if abs(gap) < 1e-15 else math.copysign(math.inf, gap)
        z = gap / math.sqrt(variance)
        return z * math.sqrt(1.0 - 1.0 / self.n) if self.corrected else z

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "p1 / p2 <= limit"; 1 when neither arm has a success."""
        return float(special().ndtr(-self.statistic(limit))) if self.x1 + self.x2 else 1.0

    def p_less(self, limit: float) -> float:
        """Return the p-value of "p1 / p2 >= limit"; 1 when neither arm has a success."""
        return float(special().ndtr(self.statistic(limit))) if self.x1 + self.x2 else 1.0

    def lower_bound(self, level: float) -> float:
        """Return the least ratio the score test does not reject at ``level``; 0 when the first arm has no success."""
        check_level(level)
        if self.x1 == 0:
            return 0.0
        z = -float(special().ndtri(level))
        ends = crossing(lambda log: self.statistic(math.exp(log)) >= z, -LARGEST_LOG, LARGEST_LOG)
        return math.exp(ends[0])

    def upper_bound(self, level: float) -> float | None:
        """Return the greatest ratio the score test does not reject at ``level``; None when it is unbounded."""
        least = ScoreRatio(self.x2, self.n2, self.x1, self.n1, self.corrected).lower_bound(level)
        return 1.0 / least if least > 0.0 else None

    def _restricted(self, ratio: float) -> tuple[float, float]:
        """Return the estimates of p1 and p2 under p1 = ratio p2: the smaller root of a quadratic."""
        successes = self.x1 + self.x2
        a = self.n * ratio
        b = self.n1 * ratio + self.x1 + self.n2 + self.x2 * ratio
        # Product over the larger root: the difference would lose the digits of a small share.
        p2 = 2.0 * successes / (b + math.sqrt(max(0.0, b * b - 4.0 * a * successes)))
        p2 = min(p2, 1.0, 1.0 / ratio)
        return min(1.0, ratio * p2), p2
