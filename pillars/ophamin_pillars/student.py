"""Student's t on a sample summarised by n, mean and standard deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from pytest_ophamin.pillars import BadSample, ShiftedTests, minus, plus, round12

CONDITIONS = "independent observations, normal, or continuous and at least 120 x skewness^2 of them"
FEW_VALUES = 3
"""Observations that take no more values than this (0/1 pairs give three) are not continuous, however many there are."""
FEWEST = 5
"""Of fewer observations that are not normal, symmetric ones do not keep the level either: it errs at up to four times
the level with two, at up to twice with four (docs/validation/trials.md)."""
ZERO_VARIANCE = "all observations are equal: without bounds nothing is known about their spread"
ONE_OBSERVATION = "one observation says nothing about its spread"
LARGEST_N = 10**9


@dataclass(frozen=True, slots=True)
class TTests(ShiftedTests):
    """One-sided t tests of a mean; ``spread`` must be positive."""

    n: int
    estimate: float
    spread: float

    @property
    def standard_error(self) -> float:
        return self.spread / math.sqrt(self.n)

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "mean <= limit - slack"."""
        del strict, level
        return t_tail((self.estimate - minus(limit, slack)) / self.standard_error, self.n - 1)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "mean >= limit + slack"."""
        del strict, level
        return t_tail((plus(limit, slack) - self.estimate) / self.standard_error, self.n - 1)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound at ``level``."""
        del slack
        return self.estimate - t_quantile(level, self.n - 1) * self.standard_error

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound at ``level``."""
        del slack
        return self.estimate + t_quantile(level, self.n - 1) * self.standard_error

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same mean and spread reject."""
        del strict
        gap = self.estimate - minus(limit, slack) if side == "greater" else plus(limit, slack) - self.estimate
        return needed_t(gap / self.spread, level, max(2, start))


def t_tail(t: float, df: float) -> float:
    """Return P(T >= t) for Student's t."""
    return float(special().stdtr(df, -t))


def t_quantile(level: float, df: float) -> float:
    """Return the t with P(T >= t) = level, polished by Newton steps so that it inverts :func:`t_tail`."""
    sp = special()
    t = -float(sp.stdtrit(df, level))
    norm = float(sp.gammaln((df + 1) / 2) - sp.gammaln(df / 2)) - 0.5 * math.log(df * math.pi)
    for _ in range(2):
        density = math.exp(norm - 0.5 * (df + 1) * math.log1p(t * t / df))
        if density <= 0.0:
            break
        t += (t_tail(t, df) - level) / density
    return t


def needed_t(effect: float, level: float, start: int) -> int | None:
    """Return the least n >= start with P(T >= effect sqrt(n)) <= level, where ``effect`` is in standard deviations."""
    if not effect > 0.0:
        return None

    def rejects(n: int) -> bool:
        return round12(t_tail(effect * math.sqrt(n), n - 1)) <= level

    high = start
    while not rejects(high):
        high *= 2
        if high > LARGEST_N:
            return None
    low = max(start - 1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if rejects(middle) else (middle, high)
    return high


def mean_and_sd(x: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation (n - 1), both to nearly the last digit.

    Exactly rounded sums (``math.fsum``) on data scaled by a power of two, and the corrected two-pass formula
    (Chan, Golub & LeVeque 1983, eq. 1.7): the correction takes back what rounding the mean cost.

    Raises:
        BadSample: The mean or the deviation is beyond float64.
    """
    largest = float(np.abs(x).max())
    if largest == 0.0:
        return 0.0, 0.0
    exponent = 0 if 1e-120 < largest < 1e120 else math.frexp(largest)[1]
    scaled = np.ldexp(x, -exponent) if exponent else x
    n = len(x)
    mean = math.fsum(scaled.tolist()) / n
    deviations = scaled - mean
    rest = math.fsum(deviations.tolist())
    squares = math.fsum((deviations * deviations).tolist()) - rest * rest / n
    constant = bool((x == x[0]).all())
    sd = 0.0 if constant or n == 1 else math.sqrt(max(0.0, squares) / (n - 1))
    return (float(x[0]) if constant else _unscaled(mean, exponent)), _unscaled(sd, exponent)


def conditions_of(x: npt.NDArray[np.float64]) -> str:
    """Return the conditions of a t test, with the one ``x`` plainly fails: a t test of 0/1 data errs far too often."""
    conditions = of_so_few(CONDITIONS, len(x), "observations")
    values = len(np.unique(x[:1_000]))  # enough to see more than three
    if len(x) <= FEW_VALUES or values > FEW_VALUES:
        return conditions
    return f"{conditions}; not met: they take {values} values only (return bools, or declare bounds=)"


def of_so_few(conditions: str, n: int, what: str) -> str:
    """Return the conditions of a t test on ``n`` observations, blocks or clusters: few of them must be normal."""
    return conditions if n >= FEWEST else f"{conditions}; of fewer than {FEWEST} {what} only normal ones"


def _unscaled(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        raise BadSample("the observations are too large for their mean and deviation to be finite") from None
