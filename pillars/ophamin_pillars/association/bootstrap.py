"""Bootstrap bounds and tests of a statistic without a known distribution: percentile, BCa, bootstrap-t, and ABC.

    percentile   Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3
    BCa          the same, eqs. 14.9 to 14.15 (Efron 1987, JASA 82:171): second-order accurate
    bootstrap-t  the same, section 12.5: second-order accurate where a standard error exists

A statistic takes an array of samples, shape (resamples, n) or (resamples, n, columns), and returns shape (resamples,).
Resamples are drawn from the generator given, in blocks of a fixed size: the same generator gives the same bounds on
every machine. A bootstrap p-value is never below 1 / (resamples + 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from pytest_ophamin.pillars import ShiftedTests, minus, plus

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]

RESAMPLES = 9_999
BLOCK = 200_000
"""Numbers resampled at once: part of the method, since it fixes the order of draws."""
CONDITIONS = "independent observations; a smooth statistic (no extreme quantile), at least 50 x skewness^2 observations"


def resample(data: Floats, statistic: Statistic, resamples: int, rng: np.random.Generator) -> Floats:
    """Return the statistic of ``resamples`` samples with replacement, shape (resamples,).

    Raises:
        ValueError: No data, or no resamples.
    """
    n = len(data)
    if n < 1 or resamples < 1:
        raise ValueError(f"data, resamples: expected at least one of each, came {n} and {resamples}")
    rows = max(1, BLOCK // n)
    blocks = [
        statistic(data[rng.integers(0, n, (min(rows, resamples - start), n))]) for start in range(0, resamples, rows)
    ]
    return np.concatenate(blocks)


def jackknife(data: Floats, statistic: Statistic) -> Floats:
    """Return the statistic without each observation in turn, shape (n,), for n >= 2."""
    n = len(data)
    if n < 2:
        raise ValueError(f"data: expected two observations or more, came {n}")
    kept = np.arange(n - 1)
    rows = max(1, BLOCK // n)
    blocks = []
    for start in range(0, n, rows):
        left_out = np.arange(start, min(n, start + rows))[:, None]
        blocks.append(statistic(data[kept + (kept >= left_out)]))
    return np.concatenate(blocks)


def jackknife_error(without: Floats) -> float:
    """Return the jackknife standard error from the values of :func:`jackknife` (eq. 11.5)."""
    n = len(without)
    deviations = without - without.mean()
    return math.sqrt((n - 1) / n * float(deviations @ deviations))


def acceleration(without: Floats) -> float:
    """Return the acceleration from the values of :func:`jackknife` (eq. 14.15); 0 when they are all equal."""
    deviations = without.mean() - without
    squares = float(deviations @ deviations)
    return float((deviations**3).sum()) / (6.0 * squares**1.5) if squares > 0.0 else 0.0


def bias_correction(replicates: Floats, estimate: float) -> float:
    """Return z0 from the share of replicates below the estimate (eq. 14.14), half of those equal to it counted."""
    share = (float((replicates < estimate).sum()) + 0.5 * float((replicates == estimate).sum())) / len(replicates)
    least = 0.5 / (len(replicates) + 1)
    return float(special().ndtri(min(max(share, least), 1.0 - least)))


def bca_level(level: float, z0: float, a: float) -> float:
    """Return the percentile whose bound has level ``level`` (eq. 14.10); 1 or 0 where the correction has no end."""
    w = z0 + float(special().ndtri(level))
    below = 1.0 - a * w
    if below <= 0.0:
        return 1.0 if w > 0.0 else 0.0
    return float(special().ndtr(z0 + w / below))


@dataclass(frozen=True, slots=True)
class BootstrapTests(ShiftedTests):
    """One-sided tests from sorted replicates; ``z0`` = ``a`` = 0 is the percentile method, otherwise BCa."""

    n: int
    estimate: float
    replicates: Floats
    z0: float
    a: float
    spread: None = None

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the least level whose lower bound lies above ``limit - slack``."""
        del strict, level
        count = int(np.searchsorted(self.replicates, minus(limit, slack), side="right"))
        return self._level(count)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the least level whose upper bound lies below ``limit + slack``."""
        del strict, level
        count = int(np.searchsorted(self.replicates, plus(limit, slack), side="left"))
        return self._level(len(self.replicates) - count, mirrored=True)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound: an order statistic of the replicates; None where it would be below all of them."""
        del slack
        place = math.floor((len(self.replicates) + 1) * bca_level(level, self.z0, self.a))
        return float(self.replicates[min(place, len(self.replicates)) - 1]) if place >= 1 else None

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound, see :meth:`lower`."""
        del slack
        place = math.floor((len(self.replicates) + 1) * bca_level(level, -self.z0, -self.a))
        return float(self.replicates[-min(place, len(self.replicates))]) if place >= 1 else None

    def _level(self, count: int, *, mirrored: bool = False) -> float:
        """Return the level whose bound leaves ``count`` replicates outside: eq. 14.10 solved for the level."""
        z0, a = (-self.z0, -self.a) if mirrored else (self.z0, self.a)
        total = len(self.replicates) + 1
        w = float(special().ndtri((count + 1) / (total + 1))) - z0
        above = 1.0 + a * w
        p = float(special().ndtr(w / above - z0)) if above > 0.0 else float(w > 0.0)
        return min(1.0, max(p, 1.0 / total))


def percentile_tests(
    data: Floats, statistic: Statistic, rng: np.random.Generator, resamples: int = RESAMPLES
) -> BootstrapTests:
    """Return the percentile bootstrap of ``data``, shape (n,) or (n, columns)."""
    replicates = np.sort(resample(data, statistic, resamples, rng))
    return BootstrapTests(len(data), float(statistic(data[None])[0]), replicates, 0.0, 0.0)


def bca_tests(
    data: Floats, statistic: Statistic, rng: np.random.Generator, resamples: int = RESAMPLES
) -> BootstrapTests:
    """Return the BCa bootstrap of ``data``, shape (n,) or (n, columns), n >= 2."""
    estimate = float(statistic(data[None])[0])
    replicates = np.sort(resample(data, statistic, resamples, rng))
    a = acceleration(jackknife(data, statistic))
    return BootstrapTests(len(data), estimate, replicates, bias_correction(replicates, estimate), a)


def interval(tests: BootstrapTests, confidence: float) -> tuple[float, float]:
    """Return both bounds at half the error; an end beyond all replicates is infinite."""
    tail = 0.5 * (1.0 - confidence)
    lower, upper = tests.lower(tail, slack=0.0), tests.upper(tail, slack=0.0)
    return -math.inf if lower is None else lower, math.inf if upper is None else upper


def bootstrap_t_interval(
    data: Floats,
    statistic: Statistic,
    error: Statistic,
    *,
    confidence: float,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Return the bootstrap-t interval; ``error`` returns the standard error of each sample, shaped as a statistic.

    Resamples without spread (all drawn alike) have no t and count for both ends as the farthest.
    """
    estimate, scale = float(statistic(data[None])[0]), float(error(data[None])[0])

    def studentised(samples: Floats) -> Floats:
        errors = error(samples)
        away = statistic(samples) - estimate
        t: Floats = np.divide(away, errors, out=np.full(len(samples), np.nan), where=errors > 0.0)
        return t

    t = resample(data, studentised, resamples, rng)
    high, low = np.sort(np.where(np.isnan(t), np.inf, t)), np.sort(np.where(np.isnan(t), -np.inf, t))
    place = math.floor((resamples + 1) * 0.5 * (1.0 - confidence))
    if place < 1:
        return -math.inf, math.inf
    return estimate - float(high[-place]) * scale, estimate - float(low[place - 1]) * scale


def mean_of(samples: Floats) -> Floats:
    """Return the mean of each sample."""
    means: Floats = samples.mean(axis=1)
    return means


def error_of_mean(samples: Floats) -> Floats:
    """Return the standard error of each sample's mean."""
    errors: Floats = samples.std(axis=1, ddof=1) / math.sqrt(samples.shape[1])
    return errors


def correlation_of(samples: Floats) -> Floats:
    """Return Pearson's correlation of each sample of pairs, shape (resamples, n, 2); 0 where a column is constant."""
    centred = samples - samples.mean(axis=1, keepdims=True)
    cross = (centred[..., 0] * centred[..., 1]).sum(axis=1)
    scale = np.sqrt((centred[..., 0] ** 2).sum(axis=1) * (centred[..., 1] ** 2).sum(axis=1))
    r: Floats = np.divide(cross, scale, out=np.zeros(len(samples)), where=scale > 0.0)
    return r


def variance_of(samples: Floats) -> Floats:
    """Return the plug-in variance (over n) of each sample."""
    variances: Floats = samples.var(axis=1)
    return variances
