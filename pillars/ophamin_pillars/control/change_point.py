"""One change of the mean in a series: where it is, and the OLS-CUSUM test of "there is none".

The null of :func:`ols_cusum` is "independent observations with one mean and one variance"; its p-value is that of the
greatest Brownian bridge, a limit that is conservative for short series (Ploberger & Kramer 1992, Econometrica 60:271).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.kolmogorov import limit_survival
from ophamin_pillars.control.signals import Floats, as_sequence


@dataclass(frozen=True, slots=True)
class MeanChange:
    """The split of a series into two means with the least sum of squares."""

    index: int
    """First observation of the second part, from 0: also the length of the first part."""
    mean_before: float
    mean_after: float
    rss: float
    """Residual sum of squares around the two means."""
    rss_without: float
    """Around one mean."""


@dataclass(frozen=True, slots=True)
class ChangeTest:
    """A test of "no change" with the place that speaks most against it."""

    statistic: float
    p: float
    index: int
    """First observation after the place of the greatest statistic."""


def mean_change(x: npt.ArrayLike, *, least: int = 1) -> MeanChange:
    """Return the least-squares change point of the mean (Hinkley 1970, Biometrika 57:1); the first of equal ones.

    Args:
        x: shape (n,), n >= 2.
        least: observations each part must have.

    Raises:
        ValueError: a series shorter than two parts, or values that are not finite.
    """
    if least < 1:
        raise ValueError(f"least must be at least 1, got {least!r}")
    values = as_sequence(x, "x", least=max(2, 2 * least))
    n = len(values)
    center = float(values.mean())
    sums = np.cumsum(values - center)
    split = np.arange(least, n - least + 1)
    before = sums[split - 1]
    gains = before * before * (1.0 / split + 1.0 / (n - split))  # the sums of both parts are opposite
    index = int(split[int(gains.argmax())])
    first, second = values[:index], values[index:]
    return MeanChange(
        index=index,
        mean_before=float(first.mean()),
        mean_after=float(second.mean()),
        rss=_squares(first) + _squares(second),
        rss_without=_squares(values),
    )


def ols_cusum(x: npt.ArrayLike) -> ChangeTest:
    """Test by the greatest |sum of residuals| / (sd sqrt n); p = 1 where all observations are equal.

    Args:
        x: shape (n,), n >= 2.

    Raises:
        ValueError: fewer than two observations, or values that are not finite.
    """
    values = as_sequence(x, "x", least=2)
    n = len(values)
    variance = _squares(values) / (n - 1)
    if variance == 0.0:
        return ChangeTest(0.0, 1.0, n)
    process = np.abs(np.cumsum(values - values.mean())[:-1]) / math.sqrt(variance * n)
    at = int(process.argmax())
    statistic = float(process[at])
    return ChangeTest(statistic, limit_survival(statistic), at + 1)


def recursive_cusum(x: npt.ArrayLike) -> ChangeTest:
    """Test by recursive residuals against the widening line of Brown, Durbin & Evans (1975, JRSS B 37:149).

    The statistic is the greatest |W(t)| / (1 + 2 t); its p-value is their approximation for a Brownian motion.
    Arguments as :func:`ols_cusum`; n >= 3.
    """
    values = as_sequence(x, "x", least=3)
    n = len(values)
    t = np.arange(1, n)
    centred = values - values.mean()
    residuals = (centred[1:] - np.cumsum(centred)[:-1] / t) * np.sqrt(t / (t + 1.0))
    variance = _squares(residuals) / (n - 2)
    if variance == 0.0:
        return ChangeTest(0.0, 1.0, n)
    motion = np.cumsum(residuals) / math.sqrt(variance * (n - 1))
    process = np.abs(motion) / (1.0 + 2.0 * t / (n - 1))
    at = int(process.argmax())
    return ChangeTest(float(process[at]), _motion_survival(float(process[at])), at + 2)


def _motion_survival(x: float) -> float:
    """Return P(max |W(t)| / (1 + 2 t) >= x) as strucchange computes it; linear below 0.3, where it exceeds 0.95."""
    if x < 0.3:
        return 1.0 - 0.1464 * x
    tail = special().ndtr
    p = tail(-3.0 * x) + math.exp(-4.0 * x * x) * (tail(x) - tail(-5.0 * x)) - math.exp(-16.0 * x * x) * tail(-x)
    return float(min(1.0, 2.0 * p))


def _squares(x: Floats) -> float:
    deviations = x - x.mean()
    return float(deviations @ deviations)
