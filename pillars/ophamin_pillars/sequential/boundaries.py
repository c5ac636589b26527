"""Uniform boundaries: lines a centred sum crosses at any time with probability at most ``level``.

Howard, Ramdas, McAuliffe & Sekhon (2021, Ann. Stat. 49:1055-1080). ``v`` is intrinsic time, the variance accumulated so
far, and ``s`` the sum. A mixture's ``log_e(s, v)`` is an e-process; its boundary is where that reaches ``1 / level``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.sequential._roots import falling_roots
from ophamin_pillars.sequential.mixture import BetaMixture

Floats = npt.NDArray[np.float64]
Numbers = npt.ArrayLike

MOST_DOUBLINGS = 60


def normal_precision(v_opt: float, level: float, *, one_sided: bool) -> float:
    """Return the precision with which a normal mixture has its least boundary at ``v_opt`` (sec. 3.5).

    Raises:
        ValueError: v_opt is not positive, or the level is not below 1 (one-sided: 1/2).
    """
    alpha = 2.0 * level if one_sided else level
    if not (v_opt > 0.0 and 0.0 < alpha < 1.0):
        raise ValueError(f"v_opt is positive and the level below {0.5 if one_sided else 1}, not {v_opt} and {level}")
    surprise = -math.log(alpha)
    return v_opt / (2.0 * surprise + math.log1p(2.0 * surprise))


@dataclass(frozen=True, slots=True)
class NormalBoundary:
    """Sub-Gaussian sums, mixed over N(0, 1 / precision) or its positive half (prop. 5 and 6)."""

    precision: float
    one_sided: bool = True

    def log_e(self, s: Numbers, v: Numbers) -> Floats:
        """Return log e at sums ``s`` and intrinsic times ``v``."""
        sums, total = np.asarray(s, dtype=np.float64), np.asarray(v, dtype=np.float64) + self.precision
        log_e: Floats = 0.5 * np.log(self.precision / total) + sums * sums / (2.0 * total)
        if self.one_sided:
            log_e = log_e + math.log(2.0) + special().log_ndtr(sums / np.sqrt(total))
        return log_e

    def bound(self, v: Numbers, level: float) -> Floats:
        """Return the boundary at intrinsic times ``v``, in closed form when two-sided."""
        times = np.asarray(v, dtype=np.float64)
        if self.one_sided:
            return _crossing(self.log_e, times, level)
        bound: Floats = np.sqrt((times + self.precision) * (np.log1p(times / self.precision) - 2.0 * math.log(level)))
        return bound


@dataclass(frozen=True, slots=True)
class GammaExponentialBoundary:
    """Sub-exponential sums of scale ``scale``, mixed over a gamma distribution (prop. 9)."""

    precision: float
    scale: float

    def log_e(self, s: Numbers, v: Numbers) -> Floats:
        """Return log e at sums ``s`` and intrinsic times ``v``."""
        sp, c2, rho = special(), self.scale * self.scale, self.precision / (self.scale * self.scale)
        time = np.asarray(v, dtype=np.float64) / c2
        moved = np.asarray(s, dtype=np.float64) / self.scale + time
        prior = rho * math.log(rho) - sp.gammaln(rho) - _log(sp.gammainc(rho, rho))
        tail = sp.gammaln(time + rho) + _log(sp.gammainc(time + rho, moved + rho))
        log_e: Floats = prior + tail - (time + rho) * np.log(moved + rho) + moved
        return log_e

    def bound(self, v: Numbers, level: float) -> Floats:
        """Return the boundary at intrinsic times ``v``."""
        return _crossing(self.log_e, np.asarray(v, dtype=np.float64), level)


@dataclass(frozen=True, slots=True)
class GammaPoissonBoundary:
    """Sub-Poisson sums of scale ``scale``, mixed over a gamma distribution (prop. 10)."""

    precision: float
    scale: float

    def log_e(self, s: Numbers, v: Numbers) -> Floats:
        """Return log e at sums ``s`` and intrinsic times ``v``."""
        sp, c2, rho = special(), self.scale * self.scale, self.precision / (self.scale * self.scale)
        time = np.asarray(v, dtype=np.float64) / c2
        shape = np.asarray(s, dtype=np.float64) / self.scale + time + rho
        prior = rho * math.log(rho) - sp.gammaln(rho) - _log(sp.gammaincc(rho, rho))
        tail = sp.gammaln(shape) + _log(sp.gammaincc(shape, time + rho))
        log_e: Floats = prior + tail - shape * np.log(time + rho) + time
        return log_e

    def bound(self, v: Numbers, level: float) -> Floats:
        """Return the boundary at intrinsic times ``v``."""
        return _crossing(self.log_e, np.asarray(v, dtype=np.float64), level)


@dataclass(frozen=True, slots=True)
class BetaBinomialBoundary:
    """Sums of steps between ``-g`` and ``h`` (sub-Bernoulli), mixed over a beta distribution (prop. 7 and 8).

    A sum s at intrinsic time v is a count of steps of h among ``v / (g h)`` steps.
    """

    precision: float
    g: float
    h: float
    one_sided: bool = True

    def log_e(self, s: Numbers, v: Numbers) -> Floats:
        """Return log e at sums ``s`` and intrinsic times ``v``."""
        g, h, span = self.g, self.h, self.g + self.h
        sums, times = np.asarray(s, dtype=np.float64), np.asarray(v, dtype=np.float64)
        r = max(self.precision - g * h, 1e-3 * g * h)
        mixture = BetaMixture(successes=r / (h * span), failures=r / (g * span))
        up, down = (times + h * sums) / (h * span), np.maximum((times - g * sums) / (g * span), 0.0)
        return (mixture.greater if self.one_sided else mixture.not_equal)(up, down, g / span)

    def bound(self, v: Numbers, level: float) -> Floats:
        """Return the boundary at intrinsic times ``v``: at most v / g, which only steps of h reach."""
        times = np.asarray(v, dtype=np.float64)
        return _root(self.log_e, times, level, times / self.g)


def stitched_bound(
    v: Numbers, level: float, *, v_min: float, scale: float = 0.0, s: float = 1.4, eta: float = 2.0
) -> Floats:
    """Return the polynomial stitched boundary of sub-gamma sums at intrinsic times ``v`` (Thm 1, eq. 10).

    Args:
        v: Intrinsic times, any shape; below ``v_min`` the boundary is that of ``v_min``.
        level: Crossing probability.
        v_min: Where it begins to hold tightly, positive.
        scale: Scale c of the sub-gamma tail; negative for sums whose upper tail is lighter than Gaussian.
        s: Above 1: how the crossing probability is spread over epochs.
        eta: Above 1: how epochs grow.
    """
    k1, k2 = (eta**0.25 + eta**-0.25) / math.sqrt(2.0), (math.sqrt(eta) + 1.0) / 2.0
    time = np.maximum(np.asarray(v, dtype=np.float64), v_min)
    constant = math.log(float(special().zeta(s))) - s * math.log(math.log(eta)) - math.log(level)
    ell = s * np.log(np.log(eta * time / v_min)) + constant
    linear = k2 * scale * ell
    bound: Floats = np.sqrt(k1 * k1 * time * ell + linear * linear) + linear
    return bound


def _crossing(log_e: Callable[[Floats, Floats], Floats], v: Floats, level: float) -> Floats:
    """Return where a mixture unbounded in s reaches ``1 / level``."""
    high = np.maximum(v, 1.0)
    for _ in range(MOST_DOUBLINGS):
        short = log_e(high, v) <= -math.log(level)
        if not short.any():
            break
        high = np.where(short, 2.0 * high, high)
    return _root(log_e, v, level, high)


def _root(log_e: Callable[[Floats, Floats], Floats], v: Floats, level: float, high: Floats) -> Floats:
    flat = v.ravel()
    roots = falling_roots(lambda s: -math.log(level) - log_e(s, flat), np.zeros_like(flat), high.ravel())
    return roots.reshape(v.shape)


def _log(x: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        logs: Floats = np.log(x)
    return logs
