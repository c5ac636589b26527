"""Group sequential tests of a normal statistic: critical values by recursive numerical integration.

At look k, with the share t_k of the planned information, the score ``S_k = Z_k sqrt(t_k)`` is a Brownian motion with
drift. The density of S_k on samples that went on is carried from look to look by quadrature (Armitage, McPherson & Rowe
1969, JRSS-A 132:235; Jennison & Turnbull 2000, chapter 19), here Gauss-Legendre. Tests are one-sided: Z_k >= c_k stops.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.sequential.spending import Spending

Floats = npt.NDArray[np.float64]

REACH = 8.5
"""Scores further than this many standard deviations below their mean are left out: probability 1e-17."""
FARTHEST = 38.0
"""Critical values end here: beyond it a normal tail is no floating-point number."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GroupDesign:
    """A one-sided group sequential test; all arrays have one entry per look."""

    information: Floats
    """Shares of the planned information, rising to 1."""
    critical: Floats
    """Z at or above these stops."""
    spent: Floats
    """Cumulative probability of stopping when the null is true."""

    def power(self, drift: float) -> float:
        """Return the probability of stopping at any look when ``E Z`` at the last look is ``drift``."""
        return float(crossing_probabilities(self.critical, self.information, drift=drift).sum())

    def inflation(self, beta: float) -> float:
        """Return the factor on a fixed sample's size that keeps its power 1 - beta (Jennison & Turnbull 2000, 2.3)."""
        if not 0.0 < beta < 1.0 - float(self.spent[-1]):
            raise ValueError(f"beta lies between 0 and 1 - level, not at {beta}")
        fixed = -float(special().ndtri(self.spent[-1]) + special().ndtri(beta))
        drift = _root(lambda d: self.power(d) - (1.0 - beta), fixed, 2.0 * fixed + 1.0)
        return (drift / fixed) ** 2


def pocock(looks: int, level: float) -> GroupDesign:
    """Return Pocock's test: the same critical value at equally spaced looks (Pocock 1977, Biometrika 64:191)."""
    return wang_tsiatis(looks, level, 0.5)


def obrien_fleming(looks: int, level: float) -> GroupDesign:
    """Return O'Brien and Fleming's test: ``c_k = C sqrt(K / k)`` (O'Brien & Fleming 1979, Biometrics 35:549)."""
    return wang_tsiatis(looks, level, 0.0)


def wang_tsiatis(looks: int, level: float, shape: float) -> GroupDesign:
    """Return ``c_k = C (k / K)^(shape - 1/2)`` at equally spaced looks (Wang & Tsiatis 1987, Biometrics 43:193).

    Raises:
        ValueError: No look, or a level outside (0, 1/2).
    """
    if looks < 1:
        raise ValueError(f"a group sequential test looks at least once, not {looks} times")
    _check_level(level)
    t = np.arange(1, looks + 1) / looks
    weights = t ** (shape - 0.5)
    fixed = -float(special().ndtri(level))

    def excess(constant: float) -> float:
        return math.log(float(crossing_probabilities(constant * weights, t).sum()) / level)

    # Bonferroni's constant is large enough wherever the last critical value is the least.
    bonferroni = -float(special().ndtri(level / looks)) / float(weights.min())
    constant = fixed if looks == 1 else _root(excess, fixed / float(weights.max()), bonferroni)
    return _designed(constant * weights, t)


def lan_demets(information: Sequence[float] | Floats, level: float, spending: Spending) -> GroupDesign:
    """Return the test that has spent ``spending(t_k, level)`` after look k, for any looks.

    Args:
        information: Shares of the planned information, rising, the last at most 1; shape (K,).
        level: One-sided level, in (0, 1/2).
        spending: One of :mod:`~ophamin_pillars.sequential.spending`.

    Raises:
        ValueError: An argument outside its range.
    """
    _check_level(level)
    t = _checked_information(information)
    to_spend = np.diff(spending(t, level), prepend=0.0)
    critical = np.empty_like(t)
    under_way: _UnderWay | None = None
    for k, amount in enumerate(to_spend.tolist()):
        critical[k] = _critical_value(under_way, float(t[k]), amount)
        under_way = _go_on(under_way, float(critical[k]), float(t[k]), 0.0)
    return _designed(critical, t)


def crossing_probabilities(critical: npt.ArrayLike, information: npt.ArrayLike, *, drift: float = 0.0) -> Floats:
    """Return the probability of stopping at each look for the first time.

    Args:
        critical: Critical values c_k, shape (K,).
        information: Shares t_k of the planned information, rising, at most 1, shape (K,).
        drift: Mean of Z at full information.
    """
    c, t = np.asarray(critical, dtype=np.float64), _checked_information(information)
    if c.shape != t.shape:
        raise ValueError(f"one critical value for each look, not {len(c)} for {len(t)}")
    found = np.empty_like(t)
    under_way: _UnderWay | None = None
    for k in range(len(t)):
        found[k] = _stops(under_way, float(c[k]), float(t[k]), drift)
        if k + 1 < len(t):
            under_way = _go_on(under_way, float(c[k]), float(t[k]), drift)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _UnderWay:
    """Samples that went on after the look at ``t``: their scores, as nodes with probabilities."""

    t: float
    scores: Floats
    mass: Floats


def _stops(before: _UnderWay | None, critical: float, t: float, drift: float) -> float:
    """Return the probability of going on until ``t`` and stopping there."""
    sp = special()
    bound = critical * math.sqrt(t)
    if before is None:
        return float(sp.ndtr((drift * t - bound) / math.sqrt(t)))
    step = t - before.t
    return float(before.mass @ sp.ndtr((before.scores + drift * step - bound) / math.sqrt(step)))


def _go_on(before: _UnderWay | None, critical: float, t: float, drift: float) -> _UnderWay:
    step = t if before is None else t - before.t
    low, high = drift * t - REACH * math.sqrt(t), critical * math.sqrt(t)
    high = max(min(high, drift * t + FARTHEST * math.sqrt(t)), low)
    # Nodes about a quarter of a step's standard deviation apart follow the density to full precision.
    nodes, weights = _gauss_legendre(32 * math.ceil((24.0 + 4.0 * (high - low) / math.sqrt(step)) / 32.0))
    scores = low + 0.5 * (high - low) * (nodes + 1.0)
    if before is None:
        density = _normal_density(scores - drift * t, step)
    else:
        density = _normal_density(scores[:, None] - before.scores - drift * step, step) @ before.mass
    return _UnderWay(t, scores, 0.5 * (high - low) * weights * density)


def _critical_value(before: _UnderWay | None, t: float, amount: float) -> float:
    if before is None:
        return min(-float(special().ndtri(amount)), FARTHEST)
    if amount <= _stops(before, FARTHEST, t, 0.0):
        return FARTHEST
    low, high = -REACH, FARTHEST  # bisection: what is spent ranges over hundreds of powers of ten
    while high - low > 1e-12:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _stops(before, middle, t, 0.0) > amount else (low, middle)
    return high


def _normal_density(x: Floats, variance: float) -> Floats:
    density: Floats = np.exp(-0.5 * x * x / variance) / math.sqrt(2.0 * math.pi * variance)
    return density


@cache
def _gauss_legendre(count: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def _designed(critical: Floats, t: Floats) -> GroupDesign:
    return GroupDesign(information=t, critical=critical, spent=np.cumsum(crossing_probabilities(critical, t)))


def _checked_information(information: npt.ArrayLike) -> Floats:
    t = np.asarray(information, dtype=np.float64)
    if t.ndim != 1 or not len(t) or t[0] <= 0.0 or t[-1] > 1.0 or (np.diff(t) <= 0.0).any():
        raise ValueError(f"shares of information rise from above 0 to at most 1, not {t.tolist()}")
    return t


def _check_level(level: float) -> None:
    if not 0.0 < level < 0.5:
        raise ValueError(f"a one-sided level lies between 0 and 1/2, not at {level}")


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of a monotone function in ``low`` to ``high`` (Illinois regula falsi: it cannot stall)."""
    at_low, at_high = function(low), function(high)
    for _ in range(200):
        if at_low == 0.0 or at_high == 0.0 or abs(high - low) <= 1e-13 * max(1.0, abs(low), abs(high)):
            break
        middle = high - at_high * (high - low) / (at_high - at_low)
        value = function(middle)
        if value * at_high <= 0.0:
            low, at_low = high, at_high
        else:
            at_low *= 0.5
        high, at_high = middle, value
    return low if abs(at_low) < abs(at_high) else high
