"""Bounds on the empirical distribution function that hold for all quantiles and all times together.

Howard & Ramdas (2022, Bernoulli 28:1704-1728). Both bound how far the share of observations up to a quantile strays
from its probability; read the other way round, they give bands around every quantile of a growing sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special

Floats = npt.NDArray[np.float64]

GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)
STEPS = 100
"""Of bisection, and of golden section: more than float64 resolves."""


def iterated_logarithm_bound(t: npt.ArrayLike, level: float, *, t_min: float, a: float = 0.85) -> Floats:
    """Return ``a sqrt((log(1 + log(t / t_min)) + C) / t)``: how far F_t strays from F anywhere, at any t (Thm 2).

    Args:
        t: Numbers of observations, any shape; before ``t_min`` the bound is inf.
        level: Error probability of the whole band, in (0, 1).
        t_min: When it begins, 1 or more.
        a: Leading constant, above 1 / sqrt(2): the smaller, the larger C.

    Raises:
        ValueError: An argument outside its range.
    """
    if not (a > math.sqrt(0.5) and t_min >= 1.0 and 0.0 < level < 1.0):
        raise ValueError(f"a is above 0.7071, t_min 1 or more, level in (0, 1), not {a}, {t_min}, {level}")
    times = np.asarray(t, dtype=np.float64)
    late = np.maximum(times, t_min)
    band = a * np.sqrt((np.log1p(np.log(late / t_min)) + _offset(level, a)) / late)
    bounds: Floats = np.where(times < t_min, np.inf, band)
    return bounds


def double_stitched_bound(
    p: float, t: npt.ArrayLike, level: float, *, t_opt: float, delta: float = 0.5, s: float = 1.4, eta: float = 2.0
) -> Floats:
    """Return how far the count of observations up to the p-quantile exceeds ``t p`` at most, for all p and t (Thm 3).

    Args:
        p: Probability of the quantile, in (0, 1); the bound below is that of 1 - p.
        t: Numbers of observations, any shape.
        level: Error probability over all p and t.
        t_opt: When it begins to be tight, 1 or more.
        delta: Fineness of the grid of quantiles, positive.
        s: Above 1: how the error probability is spread over epochs.
        eta: Above 1: how epochs grow.

    Raises:
        ValueError: An argument outside its range.
    """
    if not (0.0 < p < 1.0 and 0.0 < level < 1.0 and t_opt >= 1.0 and delta > 0.0 and s > 1.0 and eta > 1.0):
        raise ValueError(
            f"p and level in (0, 1), t_opt 1 or more, not {p}, {level}, {t_opt} (delta {delta}, s {s}, {eta})"
        )
    time = np.maximum(np.asarray(t, dtype=np.float64), t_opt)
    log_odds = math.log(p) - math.log1p(-p)
    # the least favourable quantile within one grid step of p
    shifted = special().expit(log_odds + 2.0 * delta * np.sqrt(t_opt * eta / time))
    r = np.full_like(time, p) if p >= 0.5 else np.minimum(0.5, shifted)
    variance = r * (1.0 - r) * time
    zeta = float(special().zeta(s))
    epochs = s * np.log(np.log(eta * time / t_opt))
    points = s * np.log(np.sqrt(time / t_opt) * abs(log_odds) / (2.0 * delta) + 1.0)
    spent = math.log(2.0 * zeta * (2.0 * zeta + 1.0)) - math.log(level) - s * math.log(math.log(eta))
    ell = epochs + points + spent
    k1, k2 = (eta**0.25 + eta**-0.25) / math.sqrt(2.0), (math.sqrt(eta) + 1.0) / 2.0
    linear = k2 * (1.0 - 2.0 * p) / 3.0 * ell
    bound: Floats = delta * np.sqrt(eta * variance / t_opt) + np.sqrt(k1 * k1 * variance * ell + linear**2) + linear
    return bound


def _offset(level: float, a: float) -> float:
    """Return the least C with error probability ``level`` (eq. 14, with the best epoch growth)."""
    high = 5.0
    while _least_error(high, a) > level:
        high *= 2.0
    return _falling_zero(lambda c: _least_error(c, a) - level, 1e-6 * high, high)


def _least_error(c: float, a: float) -> float:
    """Return the error probability of offset ``c``, minimised over the growth of epochs by golden section."""
    low, high = (
        1.0,
        _falling_zero(lambda eta: a - math.sqrt(eta / 2.0) - math.sqrt(2.0 * (eta - 1.0) / c), 1.0, 2 * a * a),
    )
    for _ in range(STEPS):
        one, other = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if _log_error(one, c, a) < _log_error(other, c, a):
            high = other
        else:
            low = one
    return math.exp(min(_log_error(0.5 * (low + high), c, a), 700.0))


def _log_error(eta: float, c: float, a: float) -> float:
    g = 2.0 / eta * (a - math.sqrt(2.0 * (eta - 1.0) / c)) ** 2
    if g <= 1.0 or eta <= 1.0:
        return math.inf
    return math.log(4.0) - g * c + math.log1p(1.0 / ((g - 1.0) * math.log(eta)))


def _falling_zero(falling: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if falling(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)
