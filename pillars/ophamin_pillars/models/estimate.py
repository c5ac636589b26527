"""An estimate with a standard error and degrees of freedom: what every linear model here ends in."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ophamin_pillars._special import special
from ophamin_pillars.student import LARGEST_N, t_quantile, t_tail
from pytest_ophamin.pillars import ShiftedTests, minus, plus, round12


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate whose studentised error follows Student's t, or the normal law where ``df`` is infinite.

    With a standard error of 0 nothing is known about the spread: every p-value is 1 and every bound infinite.
    """

    value: float
    standard_error: float
    df: float
    """Degrees of freedom; ``math.inf`` for the normal law."""
    n: int
    """Observations behind the estimate."""

    def t(self, null: float = 0.0) -> float:
        """Return the studentised distance from ``null``; 0 where the standard error is 0."""
        return (self.value - null) / self.standard_error if self.standard_error > 0.0 else 0.0

    def greater(self, null: float = 0.0) -> float:
        """Return the p-value of "the parameter is <= null"."""
        return tail(self.t(null), self.df) if self.standard_error > 0.0 else 1.0

    def less(self, null: float = 0.0) -> float:
        """Return the p-value of "the parameter is >= null"."""
        return tail(-self.t(null), self.df) if self.standard_error > 0.0 else 1.0

    def two_sided(self, null: float = 0.0) -> float:
        """Return the p-value of "the parameter is null"."""
        return min(1.0, 2.0 * tail(abs(self.t(null)), self.df)) if self.standard_error > 0.0 else 1.0

    def lower(self, level: float) -> float:
        """Return the bound that inverts :meth:`greater` at ``level``."""
        return self.value - quantile(level, self.df) * self.standard_error if self.standard_error > 0.0 else -math.inf

    def upper(self, level: float) -> float:
        """Return the bound that inverts :meth:`less` at ``level``."""
        return self.value + quantile(level, self.df) * self.standard_error if self.standard_error > 0.0 else math.inf

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided interval of ``confidence``, equal tails."""
        level = 0.5 * (1.0 - confidence)
        return self.lower(level), self.upper(level)


@dataclass(frozen=True, slots=True)
class EstimateTests(ShiftedTests):
    """One-sided tests of an :class:`Estimate`, in the shape a deciding pillar hands to ``compose``."""

    of: Estimate

    @property
    def n(self) -> int:
        return self.of.n

    @property
    def estimate(self) -> float:
        return self.of.value

    @property
    def spread(self) -> float:
        """The standard deviation of one observation that independent ones would need for this standard error."""
        return self.of.standard_error * math.sqrt(self.of.n)

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "parameter <= limit - slack"."""
        del strict, level
        return self.of.greater(minus(limit, slack))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "parameter >= limit + slack"."""
        del strict, level
        return self.of.less(plus(limit, slack))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound at ``level``; None where there is none."""
        del slack
        return _finite(self.of.lower(level))

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound at ``level``; None where there is none."""
        del slack
        return _finite(self.of.upper(level))

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which more of the same (clusters of the same size, too) reject."""
        del strict
        gap = self.of.value - minus(limit, slack) if side == "greater" else plus(limit, slack) - self.of.value
        return needed_n(gap, self.of, level, start)


def tail(t: float, df: float) -> float:
    """Return P(T >= t) for Student's t, or for the standard normal law where ``df`` is infinite."""
    return float(special().ndtr(-t)) if math.isinf(df) else t_tail(t, df)


def quantile(level: float, df: float) -> float:
    """Return the t with P(T >= t) = level."""
    return -float(special().ndtri(level)) if math.isinf(df) else t_quantile(level, df)


def two_sided_tail(t: float, df: float) -> float:
    """Return P(abs(T) >= abs(t))."""
    return min(1.0, 2.0 * tail(abs(t), df))


def f_tail(f: float, df1: float, df2: float) -> float:
    """Return P(F >= f) for the F law; 0 for an infinite f."""
    if math.isinf(f):
        return 0.0
    return 1.0 if f <= 0.0 else float(special().fdtrc(df1, df2, f))


def needed_n(gap: float, of: Estimate, level: float, start: int) -> int | None:
    """Return the least n >= start at which an estimate ``gap`` beyond the null rejects at ``level``.

    The squared standard error falls as 1 / n and df + 1 grows as n: what repeating the design does.
    """
    if not gap > 0.0 or not of.standard_error > 0.0:
        return None

    def rejects(n: int) -> bool:
        share = n / of.n
        df = math.inf if math.isinf(of.df) else max(1.0, (of.df + 1.0) * share - 1.0)
        return round12(tail(gap / of.standard_error * math.sqrt(share), df)) <= level

    high = max(1, start)
    while not rejects(high):
        high *= 2
        if high > LARGEST_N:
            return None
    low = max(start - 1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if rejects(middle) else (middle, high)
    return high


def _finite(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None
