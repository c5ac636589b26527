"""Pearson's correlation: Student's t at 0, the exact normal-theory distribution at every other limit, Fisher's z.

Under bivariate normality the density of ``z = atanh r`` is, with ``zeta = atanh rho`` (Hotelling 1953, JRSS-B 15:193,
eq. 25, in z instead of r):

    (n-2) Gamma(n-1) / (sqrt(2 pi) Gamma(n-1/2)) sqrt(cosh z / cosh zeta) / cosh(z - zeta)^(n-3/2)
        2F1(1/2, 1/2; n - 1/2; (1 + rho r) / 2)

Integrated by Gauss-Legendre it gives tails to twelve digits, and bounds that invert them. Fisher's (1921) normal
approximation, which errs by half its level at n = 5 and rho = 0.9, is here for display and for planning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.power.search import root
from ophamin_pillars.student import mean_and_sd, t_tail
from pytest_ophamin.pillars import ShiftedTests, minus, plus

CONDITIONS = "independent pairs, bivariate normal; at the limit 0 it is enough that one of the two is normal"
PERFECT = "the pairs lie on a line: nothing is known about their spread"
LEAST_N = 3
DECAY = 45.0
"""The density is integrated until it has fallen by exp(-45)."""

Floats = npt.NDArray[np.float64]


def pearson_r(x: Floats, y: Floats) -> float:
    """Return the correlation of two arrays of shape (n,).

    Raises:
        ValueError: Different shapes, fewer than two pairs, or a column that does not vary.
    """
    check_pairs(x, y)
    (mean_x, sd_x), (mean_y, sd_y) = mean_and_sd(x), mean_and_sd(y)
    if sd_x == 0.0 or sd_y == 0.0:
        raise ValueError("x, y: expected values that vary, came a constant column")
    r = math.fsum(((x - mean_x) / sd_x * ((y - mean_y) / sd_y)).tolist()) / (len(x) - 1)
    return max(-1.0, min(1.0, r))


def t_statistic(r: float, n: int) -> float:
    """Return the statistic that is t with n - 2 degrees of freedom when rho = 0; infinite at r = 1."""
    if abs(r) >= 1.0:
        return math.copysign(math.inf, r)
    return r * math.sqrt((n - 2) / ((1.0 - r) * (1.0 + r)))


def two_sided_p(r: float, n: int) -> float:
    """Return the two-sided p-value of "rho = 0"; 1 below three pairs."""
    return 1.0 if n < LEAST_N else 2.0 * t_tail(abs(t_statistic(r, n)), n - 2)


def fisher_interval(r: float, n: int, confidence: float) -> tuple[float, float]:
    """Return Fisher's z interval, as R's ``cor.test``: all of [-1, 1] below four pairs."""
    if n <= LEAST_N:
        return -1.0, 1.0
    if abs(r) >= 1.0:
        return r, r
    half = float(special().ndtri(0.5 * (1.0 + confidence))) / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def upper_tail(r: float, n: int, rho: float) -> float:
    """Return P(R >= r) for n >= 3 pairs of a bivariate normal distribution with correlation ``rho``."""
    if rho == 0.0:
        return t_tail(t_statistic(r, n), n - 2)
    if abs(r) >= 1.0 or abs(rho) >= 1.0:
        return 1.0 if r <= -1.0 or rho >= 1.0 > r else 0.0
    if r >= rho:
        return _mass_beyond(math.atanh(r), n, rho)
    return 1.0 - _mass_beyond(math.atanh(-r), n, -rho)


def lower_tail(r: float, n: int, rho: float) -> float:
    """Return P(R <= r), see :func:`upper_tail`."""
    return upper_tail(-r, n, -rho)


@dataclass(frozen=True, slots=True)
class PearsonTests(ShiftedTests):
    """One-sided tests of a correlation from its estimate on ``n`` pairs, exact for bivariate normal pairs."""

    n: int
    estimate: float
    spread: None = None

    @property
    def decides(self) -> bool:
        """False for fewer than three pairs, and for pairs on a line (up to rounding)."""
        return self.n >= LEAST_N and 1.0 - abs(self.estimate) > 1e-15 * self.n

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "rho <= limit - slack"."""
        del strict, level
        return upper_tail(self.estimate, self.n, minus(limit, slack)) if self.decides else 1.0

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "rho >= limit + slack"."""
        del strict, level
        return lower_tail(self.estimate, self.n, plus(limit, slack)) if self.decides else 1.0

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the rho at which P(R >= r) = level."""
        del slack
        return exact_lower(self.estimate, self.n, level) if self.decides else None

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the rho at which P(R <= r) = level."""
        del slack
        return -exact_lower(-self.estimate, self.n, level) if self.decides else None


def exact_lower(r: float, n: int, level: float) -> float:
    """Return the rho at which P(R >= r) = level, for n >= 3 and -1 < r < 1."""
    centre = math.atanh(r)
    reach = (4.0 - float(special().ndtri(min(level, 1.0 - level)))) / math.sqrt(max(0.25, n - 3)) + 2.0 / n

    def gap(zeta: float) -> float:
        # On a normal scale p is nearly straight in zeta: few steps.
        p = upper_tail(r, n, math.tanh(zeta))
        return float(special().ndtri(min(max(p, 1e-300), 1.0 - 1e-16))) - float(special().ndtri(level))

    return math.tanh(root(gap, centre - reach, centre + reach))


def check_pairs(x: Floats, y: Floats) -> None:
    """Refuse what are no pairs.

    Raises:
        ValueError: Arrays of different shapes, or fewer than two pairs.
    """
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        raise ValueError(f"x, y: expected two arrays of shape (n,) with n >= 2, came {x.shape} and {y.shape}")


def _mass_beyond(z: float, n: int, rho: float) -> float:
    """Return P(atanh R >= z) for atanh(rho) <= z."""
    sp = special()
    zeta = math.atanh(rho)
    start, m = z - zeta, n - 2.0  # the density falls at least like cosh(delta) ** -m
    end = _inverse_log_cosh(_log_cosh(start) + DECAY / m)
    nodes, weights = _legendre()
    delta = start + (end - start) * 0.5 * (nodes + 1.0)
    at = zeta + delta
    # Gamma(n-1) / Gamma(n-1/2) as a beta function: the difference of two log gammas loses digits with n.
    log_norm = math.log(m) + float(sp.betaln(n - 1.0, 0.5)) - math.log(math.pi * math.sqrt(2.0))
    log_density = log_norm + 0.5 * (_log_coshes(at) - _log_cosh(zeta)) - (n - 1.5) * _log_coshes(delta)
    factor = sp.hyp2f1(0.5, 0.5, n - 0.5, 0.5 * (1.0 + rho * np.tanh(at)))
    mass = 0.5 * (end - start) * float(np.sum(weights * np.exp(log_density) * factor))
    return min(1.0, max(0.0, mass))


def _log_cosh(x: float) -> float:
    return abs(x) + math.log1p(math.exp(-2.0 * abs(x))) - math.log(2.0)


def _log_coshes(x: Floats) -> Floats:
    result: Floats = np.abs(x) + np.log1p(np.exp(-2.0 * np.abs(x))) - math.log(2.0)
    return result


def _inverse_log_cosh(value: float) -> float:
    """Return the x >= 0 with log cosh x = value."""
    if value > 20.0:
        return value + math.log(2.0)
    return math.asinh(math.sqrt(math.expm1(2.0 * value)))


@cache
def _legendre() -> tuple[Floats, Floats]:
    """Return nodes and weights on [-1, 1]: panels that narrow towards the start, where the mass lies."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.concatenate([[-1.0], -1.0 + 2.0 * np.geomspace(1 / 64, 1.0, 9)])
    half = 0.5 * np.diff(edges)
    return (edges[:-1, None] + half[:, None] * (nodes + 1.0)).ravel(), (half[:, None] * weights).ravel()
