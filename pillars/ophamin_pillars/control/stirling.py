"""Log-gamma and binomial terms in a form that does not cancel (Loader 2000).

Stirling's formula with its error term, and x log(x / m) as a divergence ("Fast and accurate computation of binomial
probabilities").
"""

from __future__ import annotations

import math

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.control.signals import Floats

_SERIES_FROM = 16.0
_SMALL = 0.05


def stirling_error(x: Floats) -> Floats:
    """Return lgamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2] for x > 0: 1 / (12 x) and smaller terms."""
    large = np.maximum(x, _SERIES_FROM)
    u = 1.0 / (large * large)
    series = (1 / 12 - u * (1 / 360 - u * (1 / 1260 - u * (1 / 1680 - u / 1188)))) / large
    near = special().gammaln(x) - (x - 0.5) * np.log(x) + x - 0.5 * math.log(2.0 * math.pi)
    found: Floats = np.where(x >= _SERIES_FROM, series, near)
    return found


def divergence(u: Floats) -> Floats:
    """Return (1 + u) log(1 + u) - u for u >= -1, by its series near 0 where the terms cancel."""
    is_small = np.abs(u) < _SMALL
    small = np.where(is_small, u, 0.0)
    series = np.zeros_like(u)
    for power in range(14, 1, -1):  # sum over p >= 2 of (-1)^p u^p / (p (p - 1))
        series = series * -small + 1.0 / (power * (power - 1))
    direct = special().xlog1py(1.0 + u, u) - u
    found: Floats = np.where(is_small, series * small * small, direct)
    return found
