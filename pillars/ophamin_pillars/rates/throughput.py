"""Throughput: total amount over total time, the ratio of two totals measured on the same trials.

A mean of per-trial rates answers another question: it gives a trial of one second the weight of one of a minute.

Decided by Student's t on the delete-one jackknife's pseudo-values, ``n R - (n - 1) R_without_i`` (Quenouille 1956,
Biometrika 43:353; Tukey 1958). One-sided errors at nominal 5 %, measured for fixed amounts with log-normal seconds
(sigma 1, n = 10): jackknife .057 and .058, linearisation (Cochran 1977, Sampling Techniques, eq. 2.46) .09 and .07,
Fieller's (1954, JRSS-B 16:175) t test of ``amount - r seconds`` .20 and .005. The two others are here for comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.student import mean_and_sd, needed_t, t_quantile, t_tail
from pytest_ophamin.pillars import ShiftedTests, minus, plus

CONDITIONS = "independent trials, at least 20 and at least 120 x the squared skewness of their jackknife pseudo-values"
ROUNDING = 8.0
"""Residuals within this many units in the last place of the amounts are zero."""

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ThroughputTests(ShiftedTests):
    """One-sided tests of ``sum(amounts) / sum(seconds)``, made by :func:`throughput_tests`.

    Attributes:
        n: Trials.
        estimate: Ratio of the totals.
        centre: Mean of the pseudo-values: the estimate without most of its bias.
        spread: Standard deviation of the pseudo-values; 0 where every trial has the same rate, up to rounding.
    """

    n: int
    estimate: float
    centre: float
    spread: float

    @property
    def decides(self) -> bool:
        """False where nothing is known about the spread: one trial, or rates that never vary."""
        return self.n > 1 and self.spread > 0.0

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "rate <= limit - slack"."""
        del strict, level
        return self._p(self.centre - minus(limit, slack))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "rate >= limit + slack"."""
        del strict, level
        return self._p(plus(limit, slack) - self.centre)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound; None where nothing is known about the spread."""
        del slack
        return self.centre - self._half(level) if self.decides else None

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound; None where nothing is known about the spread."""
        del slack
        return self.centre + self._half(level) if self.decides else None

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same centre and spread reject."""
        del strict
        if not self.decides:
            return None
        gap = self.centre - minus(limit, slack) if side == "greater" else plus(limit, slack) - self.centre
        return needed_t(gap / self.spread, level, max(2, start))

    def _p(self, gap: float) -> float:
        return t_tail(gap / (self.spread / math.sqrt(self.n)), self.n - 1) if self.decides else 1.0

    def _half(self, level: float) -> float:
        return t_quantile(level, self.n - 1) * self.spread / math.sqrt(self.n)


def throughput_tests(amounts: Floats, seconds: Floats) -> ThroughputTests:
    """Return the tests of trials with ``amounts`` and ``seconds``, both of shape (n,).

    Raises:
        ValueError: No trials, arrays of different shapes, or seconds that are not positive.
    """
    check_totals(amounts, seconds)
    n, rate = len(amounts), _rate(amounts, seconds)
    if n == 1 or linearised_sd(amounts, seconds) == 0.0:
        return ThroughputTests(n, rate, rate, 0.0)
    centre, spread = mean_and_sd(pseudo_values(amounts, seconds))
    return ThroughputTests(n, rate, centre, spread)


def pseudo_values(amounts: Floats, seconds: Floats) -> Floats:
    """Return the jackknife pseudo-values of the rate, shape (n,), for n >= 2."""
    n, rate = len(amounts), _rate(amounts, seconds)
    # R - R_without_i = (a_i - R s_i) / (S - s_i): no difference of two nearly equal rates.
    without = math.fsum(seconds.tolist()) - seconds
    values: Floats = rate + (n - 1) * (amounts - rate * seconds) / without
    return values


def linearised_sd(amounts: Floats, seconds: Floats) -> float:
    """Return the standard deviation of ``(amount - rate x seconds) / mean seconds``.

    Over the square root of n it is the standard error of the rate by linearisation.
    """
    total, rate = math.fsum(seconds.tolist()), _rate(amounts, seconds)
    rest = amounts - rate * seconds
    if float(np.abs(rest).max()) <= ROUNDING * math.ulp(float(np.abs(amounts).max())):
        return 0.0
    return mean_and_sd(rest)[1] * len(amounts) / total


def linearised_interval(amounts: Floats, seconds: Floats, confidence: float) -> Interval:
    """Return the t interval of the rate by linearisation, for two trials or more."""
    check_totals(amounts, seconds, least=2)
    n, rate = len(amounts), _rate(amounts, seconds)
    half = t_quantile(0.5 * (1.0 - confidence), n - 1) * linearised_sd(amounts, seconds) / math.sqrt(n)
    return rate - half, rate + half


def fieller_interval(amounts: Floats, seconds: Floats, confidence: float) -> Interval:
    """Return the rates whose differences ``amount - rate x seconds`` a t test does not tell from mean 0.

    For two trials or more; infinite where the seconds vary so much that their own mean may be 0.
    """
    check_totals(amounts, seconds, least=2)
    n, rate = len(amounts), _rate(amounts, seconds)
    rest = amounts - rate * seconds
    mean_s, sd_s = mean_and_sd(seconds)
    shared = float(np.dot(rest - rest.mean(), seconds - mean_s)) / (n - 1)
    k = t_quantile(0.5 * (1.0 - confidence), n - 1) ** 2 / n
    a, b, c = mean_s * mean_s - k * sd_s * sd_s, k * shared, -k * mean_and_sd(rest)[1] ** 2
    if a <= 0.0:
        return -math.inf, math.inf
    # Roots of a d^2 + 2 b d + c, c <= 0: one on each side of the estimate; the small one as product over the large.
    large = -(b + math.copysign(math.sqrt(b * b - a * c), b))
    roots = (large / a, c / large if large else 0.0)
    return rate + min(roots), rate + max(roots)


def check_totals(amounts: Floats, seconds: Floats, *, least: int = 1) -> None:
    """Refuse samples that have no rate.

    Raises:
        ValueError: Fewer than ``least`` trials, arrays of different shapes, or seconds that are not positive.
    """
    if amounts.ndim != 1 or amounts.shape != seconds.shape or len(amounts) < least:
        raise ValueError(
            f"amounts, seconds: expected two arrays of shape (n,), n >= {least}, came {amounts.shape}, {seconds.shape}"
        )
    if not (seconds > 0.0).all():
        raise ValueError(f"seconds: expected positive numbers, came {float(seconds.min())!r}")


def _rate(amounts: Floats, seconds: Floats) -> float:
    return math.fsum(amounts.tolist()) / math.fsum(seconds.tolist())
