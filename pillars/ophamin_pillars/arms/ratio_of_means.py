"""Ratio of two means: of geometric means by t on logarithms, of arithmetic means by Fieller's theorem (1954)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ophamin_pillars.arms._tests import ArmTests, Floats, Interval, check_level, observations
from ophamin_pillars.arms.means import MeanDifference
from ophamin_pillars.student import mean_and_sd, t_quantile, t_tail


@dataclass(frozen=True, slots=True)
class GeometricRatio(ArmTests):
    """One-sided tests of the geometric mean of the first arm over that of the second.

    Attributes:
        logs: The t tests of the logarithms.
    """

    logs: MeanDifference

    @classmethod
    def of(cls, x: Floats, y: Floats, *, pooled: bool = False) -> GeometricRatio:
        """Return the tests of arms ``x`` and ``y``.

        Raises:
            ValueError: An observation is not positive, or :class:`MeanDifference` refuses the logarithms.
        """
        first, second = observations("x", x, 1), observations("y", y, 1)
        least = min(float(first.min()), float(second.min()))
        if not least > 0.0:
            raise ValueError(f"expected positive observations, got {least!r}")
        return cls(MeanDifference.of(np.log(first), np.log(second), pooled=pooled))

    @property
    def n(self) -> int:
        return self.logs.n

    @property
    def estimate(self) -> float:
        return math.exp(self.logs.estimate)

    @property
    def spread(self) -> float:
        """Return the standard deviation of the logarithms."""
        return self.logs.spread

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "ratio <= limit"; 0 for a limit the ratio of positive numbers always exceeds."""
        return self.logs.p_greater(math.log(limit)) if limit > 0.0 else 0.0

    def p_less(self, limit: float) -> float:
        """Return the p-value of "ratio >= limit"."""
        return self.logs.p_less(math.log(limit)) if limit > 0.0 else 1.0

    def lower_bound(self, level: float) -> float:
        """Return the lower bound at ``level``."""
        return math.exp(self.logs.lower_bound(level))

    def upper_bound(self, level: float) -> float:
        """Return the upper bound at ``level``."""
        return math.exp(self.logs.upper_bound(level))


@dataclass(frozen=True, slots=True)
class FiellerRatio(ArmTests):
    """One-sided tests of mean1 / mean2 by the t statistic of mean1 - ratio x mean2 (Fieller 1954; Sasabuchi 1988).

    The second mean is taken to be positive. Where the sample does not show that at the level, there are no bounds.

    Attributes:
        n: Observations (or pairs).
        mean1: Mean of the first arm.
        mean2: Mean of the second arm.
        variance1: Variance of the first mean.
        variance2: Variance of the second mean.
        covariance: Their covariance; 0 for independent arms.
        df: Degrees of freedom of these variances.
    """

    n: int
    mean1: float
    mean2: float
    variance1: float
    variance2: float
    covariance: float
    df: float

    @classmethod
    def independent(cls, x: Floats, y: Floats) -> FiellerRatio:
        """Return the tests of two independent arms that share one variance.

        Raises:
            ValueError: Fewer than three observations in both, or all are equal.
        """
        tests = MeanDifference.of(x, y, pooled=True)
        variance = tests.spread**2
        return cls(tests.n, tests.mean1, tests.mean2, variance / tests.n1, variance / tests.n2, 0.0, tests.df)

    @classmethod
    def paired(cls, x: Floats, y: Floats) -> FiellerRatio:
        """Return the tests of pairs: ``x[i]`` and ``y[i]`` belong together.

        Raises:
            ValueError: Fewer than two pairs, unequal lengths, or no spread.
        """
        first, second = observations("x", x, 2), observations("y", y, 2)
        if len(first) != len(second):
            raise ValueError(f"expected pairs, got {len(first)} and {len(second)} observations")
        n, (mean1, sd1), (mean2, sd2) = len(first), mean_and_sd(first), mean_and_sd(second)
        if not max(sd1, sd2) > 0.0:
            raise ValueError("expected observations that differ within an arm, got standard deviations of 0 in both")
        covariance = math.fsum(((first - mean1) * (second - mean2)).tolist()) / (n - 1)
        return cls(n, mean1, mean2, sd1 * sd1 / n, sd2 * sd2 / n, covariance / n, float(n - 1))

    @property
    def estimate(self) -> float | None:
        """Return the ratio of the means; None when the second is 0."""
        return self.mean1 / self.mean2 if self.mean2 else None

    @property
    def spread(self) -> None:
        return None

    def statistic(self, limit: float) -> float:
        """Return the t statistic of "mean1 = limit x mean2"; infinite or 0 where that difference has no variance."""
        gap = self.mean1 - limit * self.mean2
        variance = self.variance1 - 2.0 * limit * self.covariance + limit * limit * self.variance2
        if variance <= 0.0:
            return math.copysign(math.inf, gap) if gap else 0.0
        return gap / math.sqrt(variance)

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "ratio <= limit"."""
        return t_tail(self.statistic(limit), self.df)

    def p_less(self, limit: float) -> float:
        """Return the p-value of "ratio >= limit"."""
        return t_tail(-self.statistic(limit), self.df)

    def lower_bound(self, level: float) -> float | None:
        """Return the lower bound at ``level``; None where the second mean is not shown to be positive."""
        interval = self._interval(level)
        return None if interval is None else interval[0]

    def upper_bound(self, level: float) -> float | None:
        """Return the upper bound at ``level``; None where the second mean is not shown to be positive."""
        interval = self._interval(level)
        return None if interval is None else interval[1]

    def _interval(self, level: float) -> Interval | None:
        """Return the roots of "statistic squared = t squared" (Fieller 1954, section 3), a quadratic in the ratio."""
        check_level(level)
        t2 = t_quantile(level, self.df) ** 2
        a = self.mean2**2 - t2 * self.variance2
        if not (a > 0.0 and self.mean2 > 0.0):
            return None
        b = self.mean1 * self.mean2 - t2 * self.covariance
        c = self.mean1**2 - t2 * self.variance1
        root = math.sqrt(max(0.0, b * b - a * c))
        # The root that would be a difference of near equals is taken as c over the other one.
        far = b + math.copysign(root, b)
        if far == 0.0:
            return (0.0, 0.0)
        low, high = sorted((far / a, c / far))
        return low, high
