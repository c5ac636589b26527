"""The beta function and its incomplete integral without lost digits: what mixtures of likelihood ratios are made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special

Floats = npt.NDArray[np.float64]

HALF_LOG_2PI = 0.9189385332046727
SERIES_FROM = 16.0
"""From here on five terms of Stirling's series are exact to the last digit."""
MOST_TERMS = 100_000
"""Far more than samples of 10^9 need; only keeps a defect from looping for ever."""


def stirling_error(x: Floats) -> Floats:
    """Return ``log gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2)``, positive x (Abramowitz & Stegun 6.1.41)."""
    small = np.minimum(x, SERIES_FROM)
    exact = special().gammaln(small) - (small - 0.5) * np.log(small) + small - HALF_LOG_2PI
    large = np.maximum(x, SERIES_FROM)
    y = 1.0 / (large * large)
    series = (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y / 1188)))) / large
    error: Floats = np.where(x < SERIES_FROM, exact, series)
    return error


def log_beta(a: Floats, b: Floats) -> Floats:
    """Return log B(a, b), elementwise; the difference of log-gammas loses digits in proportion to ``a + b``."""
    larger, smaller = np.maximum(a, b), np.minimum(a, b)
    total = larger + smaller
    shares = (smaller - 0.5) * np.log(smaller / total) - (larger - 0.5) * np.log1p(smaller / larger)
    logs: Floats = HALF_LOG_2PI + shares - 0.5 * np.log(total) + _errors(a, b)
    return logs


def log_beta_over(a: Floats, b: Floats, p: Floats, q: Floats) -> Floats:
    """Return ``log(B(a, b) / (p ** (a - 1/2) q ** (b - 1/2)))`` with q = 1 - p.

    Both logarithms of the quotient grow with n while their difference, n times a divergence, stays moderate.
    """
    total = a + b
    excess = a * q - b * p  # a - total * p, which is b short of total * q
    shares = (a - 0.5) * _log_ratio(a, total * p, excess) + (b - 0.5) * _log_ratio(b, total * q, -excess)
    logs: Floats = HALF_LOG_2PI + shares - 0.5 * np.log(total) + _errors(a, b)
    return logs


def beta_fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """Return F with ``I_x(a, b) = x^a (1 - x)^b F / B(a, b)``, elementwise, for ``x <= a / (a + b)`` or little more.

    The continued fraction of Didonato & Morris (1992, ACM TOMS 18:360, eq. 9 and BFRAC), by Lentz's method.
    """
    shape = np.broadcast_shapes(np.shape(a), np.shape(b), np.shape(x))
    a, b, x = (np.broadcast_to(v, shape).ravel() for v in (a, b, x))
    result = np.empty(a.shape)
    at = np.arange(a.size)
    lead = a - (a + b) * x
    d = (a + 1.0) / (a * (lead + 1.0))
    c, value = np.full_like(d, np.inf), d.copy()
    for n in range(1, MOST_TERMS):
        step = a + (2 * n - 1)
        alpha = (a + (n - 1)) * (a + b + (n - 1)) * (n * (b - n)) * (x / step) ** 2
        beta = n + n * (b - n) * x / step + (a + n) / (step + 2.0) * (lead + 1.0 + n * (2.0 - x))
        d = 1.0 / (beta + alpha * d)
        c = beta + alpha / c
        value *= c * d
        if n % 8 == 0:
            moving = np.abs(c * d - 1.0) > 2e-16
            result[at[~moving]] = value[~moving]
            if not moving.any():
                break
            at = at[moving]
            a, b, x, lead, c, d, value = (v[moving] for v in (a, b, x, lead, c, d, value))
    return result.reshape(shape)


def _errors(a: Floats, b: Floats) -> Floats:
    return stirling_error(a) + stirling_error(b) - stirling_error(a + b)


def _log_ratio(x: Floats, y: Floats, difference: Floats) -> Floats:
    """Return log(x / y), given ``x - y``."""
    share = difference / y
    near = np.abs(share) < 0.5
    logs: Floats = np.where(near, np.log1p(np.where(near, share, 0.0)), np.log(x) - np.log(y))
    return logs
