"""The constants of Shewhart charts for any subgroup size, by quadrature instead of tables.

d2 and d3 are mean and standard deviation of the range of n standard normal observations, c4 the mean of their standard
deviation (Montgomery, Introduction to Statistical Quality Control, Appendix VI; ASTM E2587).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ophamin_pillars._special import special

LARGEST_N = 10**9
_STEP = 0.05
_PANEL = 0.5
_NODES_PER_PANEL = 16
_SERIES_FROM = 200


@dataclass(frozen=True, slots=True)
class ChartConstants:
    """Constants of 3-sigma charts for subgroups of ``n``; names as in Montgomery's Appendix VI."""

    n: int
    c4: float
    d2: float
    d3: float
    A: float
    A2: float
    A3: float
    B3: float
    B4: float
    B5: float
    B6: float
    D1: float
    D2: float
    D3: float
    D4: float
    E2: float
    """Half width of an individuals chart in mean moving ranges of ``n`` points."""


@lru_cache(maxsize=256)
def chart_constants(n: int) -> ChartConstants:
    """Return all constants for subgroups of ``n`` >= 2.

    Raises:
        ValueError: n outside 2..1e9.
    """
    d2, d3 = range_moments(n)
    c4, spread = c4_and_spread(n)
    root = math.sqrt(n)
    return ChartConstants(
        n=n,
        c4=c4,
        d2=d2,
        d3=d3,
        A=3.0 / root,
        A2=3.0 / (d2 * root),
        A3=3.0 / (c4 * root),
        B3=max(0.0, 1.0 - 3.0 * spread / c4),
        B4=1.0 + 3.0 * spread / c4,
        B5=max(0.0, c4 - 3.0 * spread),
        B6=c4 + 3.0 * spread,
        D1=max(0.0, d2 - 3.0 * d3),
        D2=d2 + 3.0 * d3,
        D3=max(0.0, 1.0 - 3.0 * d3 / d2),
        D4=1.0 + 3.0 * d3 / d2,
        E2=3.0 / d2,
    )


@lru_cache(maxsize=256)
def range_moments(n: int) -> tuple[float, float]:
    """Return mean and standard deviation (d2, d3) of the range of ``n`` >= 2 standard normal observations.

    P(W <= w) = n int phi(x) (Phi(x + w) - Phi(x))^(n - 1) dx (Tippett 1925; Harter 1960): the trapezoidal rule in x
    (it converges geometrically for such integrands), Gauss-Legendre by panels for the moments int (1 - F) dw and
    int 2 w (1 - F) dw.

    Raises:
        ValueError: n outside 2..1e9.
    """
    _check_size(n)
    sp = special()
    reach = math.sqrt(2.0 * math.log(n)) + 9.0
    x = np.arange(-reach, reach, _STEP)
    below, density = sp.ndtr(x), np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES_PER_PANEL)
    first = second = 0.0
    for start in np.arange(0.0, 2.0 * reach, _PANEL):
        w = start + 0.5 * _PANEL * (nodes + 1.0)
        outside = np.minimum(below + sp.ndtr(-(x + w[:, None])), 1.0)  # both tails: no 1 - Phi is ever formed
        with np.errstate(divide="ignore"):
            inside = np.exp((n - 1) * np.log1p(-outside))
        survival = 1.0 - n * _STEP * (inside @ density)
        first += 0.5 * _PANEL * float(weights @ survival)
        second += _PANEL * float(weights @ (w * survival))
    return first, math.sqrt(second - first * first)


def c4_and_spread(n: float) -> tuple[float, float]:
    """Return mean c4 and standard deviation sqrt(1 - c4^2) of the sample deviation of ``n`` > 1 normal observations.

    c4 = sqrt(2 / (n - 1)) Gamma(n / 2) / Gamma((n - 1) / 2); for large n by its expansion in 1 / n, because the
    difference of two log-gammas, and then 1 - c4^2, cancel.

    Raises:
        ValueError: n not above 1.
    """
    if not n > 1.0:
        raise ValueError(f"subgroup size must be above 1, got {n!r}")
    half = 0.5 * (n - 1.0)
    if n < _SERIES_FROM:
        c4 = math.exp(math.lgamma(half + 0.5) - math.lgamma(half)) / math.sqrt(half)
        return c4, math.sqrt(1.0 - c4 * c4)
    u = 1.0 / half
    missing = u * (0.25 - u * (1 / 32 + u * (1 / 128 - u * (5 / 2048 + u * (23 / 8192 - u * 53 / 65536)))))
    return math.sqrt(1.0 - missing), math.sqrt(missing)


def _check_size(n: int) -> None:
    if not 2 <= n <= LARGEST_N:
        raise ValueError(f"subgroup size must lie in 2..{LARGEST_N}, got {n!r}")
