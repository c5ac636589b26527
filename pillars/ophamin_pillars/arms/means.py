"""Difference of two means: Welch's t (1947), and Student's with one pooled variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ophamin_pillars.arms._tests import ArmTests, Floats, observations
from ophamin_pillars.student import mean_and_sd, t_quantile, t_tail

CONDITIONS = "independent arms of 10 or more observations each, normal, or at least 120 x skewness^2 of them"
"""Simulated size on normal data: 1.07 x level inside, whatever the variances; 4 x at level .01 for 2 against 10."""


@dataclass(frozen=True, slots=True)
class MeanDifference(ArmTests):
    """One-sided t tests of the mean of the first arm minus the mean of the second.

    Attributes:
        n1: Observations of the first arm.
        mean1: Their mean.
        sd1: Their standard deviation (n - 1); taken as 0 for one observation.
        n2: Observations of the second arm.
        mean2: Their mean.
        sd2: Their standard deviation.
        pooled: Whether both arms share one variance (Student 1908); else Welch 1947, with the degrees of freedom of
            Satterthwaite 1946.

    Raises:
        ValueError: Too few observations for the degrees of freedom (two in each arm, pooled: three in both), or no
            spread at all.
    """

    n1: int
    mean1: float
    sd1: float
    n2: int
    mean2: float
    sd2: float
    pooled: bool = False

    def __post_init__(self) -> None:
        least, fewest = (1, 3) if self.pooled else (2, 4)
        if min(self.n1, self.n2) < least or self.n < fewest:
            raise ValueError(f"expected {least} or more in each arm, {fewest} in both, got {self.n1} and {self.n2}")
        if not max(self.sd1, self.sd2) > 0.0:
            raise ValueError("expected observations that differ within an arm, got standard deviations of 0 in both")

    @classmethod
    def of(cls, x: Floats, y: Floats, *, pooled: bool = False) -> MeanDifference:
        """Return the tests of arms ``x`` and ``y``; see the class for errors."""
        first, second = observations("x", x, 1), observations("y", y, 1)
        return cls(len(first), *mean_and_sd(first), len(second), *mean_and_sd(second), pooled)

    @property
    def n(self) -> int:
        return self.n1 + self.n2

    @property
    def estimate(self) -> float:
        return self.mean1 - self.mean2

    @property
    def spread(self) -> float:
        """Return the pooled standard deviation, or the root of the mean variance (Welch)."""
        if self.pooled:
            w1, w2 = math.sqrt((self.n1 - 1) / (self.n - 2)), math.sqrt((self.n2 - 1) / (self.n - 2))
            return math.hypot(w1 * self.sd1, w2 * self.sd2)
        return math.hypot(self.sd1, self.sd2) / math.sqrt(2.0)

    @property
    def standard_error(self) -> float:
        if self.pooled:
            return self.spread * math.sqrt(1.0 / self.n1 + 1.0 / self.n2)
        return math.hypot(self.sd1 / math.sqrt(self.n1), self.sd2 / math.sqrt(self.n2))

    @property
    def df(self) -> float:
        """Return the degrees of freedom; Welch's are computed from shares of variance, which cannot overflow."""
        if self.pooled:
            return float(self.n - 2)
        share = (self.sd1 / math.sqrt(self.n1) / self.standard_error) ** 2
        return 1.0 / (share**2 / (self.n1 - 1) + (1.0 - share) ** 2 / (self.n2 - 1))

    def statistic(self, limit: float) -> float:
        """Return (difference of means - limit) / standard error."""
        return (self.estimate - limit) / self.standard_error

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "difference <= limit"."""
        return t_tail(self.statistic(limit), self.df)

    def p_less(self, limit: float) -> float:
        """Return the p-value of "difference >= limit"."""
        return t_tail(-self.statistic(limit), self.df)

    def lower_bound(self, level: float) -> float:
        """Return the lower bound at ``level``."""
        return self.estimate - t_quantile(level, self.df) * self.standard_error

    def upper_bound(self, level: float) -> float:
        """Return the upper bound at ``level``."""
        return self.estimate + t_quantile(level, self.df) * self.standard_error
