"""The distribution of Kolmogorov's D_n for finite n, both tails with full digits.

Methods by region (Simard & L'Ecuyer 2011, J. Statistical Software 39(11)): Smirnov's one-sided sum where both one-sided
events cannot matter together, Durbin's matrix power (Marsaglia, Tsang & Wang 2003) for smaller distances and n up to
2,000, Pelz & Good's (1976) expansion beyond.
"""

from __future__ import annotations

import math

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.control.signals import Floats
from ophamin_pillars.control.stirling import divergence, stirling_error

LARGEST_MATRIX_N = 2_000
"""Beyond it the expansion is off by less than 1e-9."""
LARGEST_SUM_N = 5_000_000
_ONE_SIDED_ONLY = 4.5
"""From n d^2 = 4.5 on both one-sided events together have a relative share of at most exp(-27)."""
_NEGLIGIBLE = 1e-150


def distribution(n: int, d: float) -> float:
    """Return P(D_n < d).

    Raises:
        ValueError: n below 1, or d that is not a number.
    """
    _check(n, d)
    if d >= 1.0:
        return 1.0
    if d <= 0.5 / n:
        return 0.0
    if _one_side_suffices(n, d):
        return 1.0 - survival(n, d)
    return _matrix_power(n, d) if n <= LARGEST_MATRIX_N else _pelz_good(n, d)


def survival(n: int, d: float) -> float:
    """Return P(D_n >= d), in the upper tail without the cancellation of ``1 - distribution``.

    Raises:
        ValueError: n below 1, or d that is not a number.
    """
    _check(n, d)
    if d >= 1.0 or d <= 0.5 / n:
        return float(d < 1.0)
    if _one_side_suffices(n, d):
        return min(1.0, 2.0 * one_sided_survival(n, d))
    return max(0.0, 1.0 - distribution(n, d))


def one_sided_survival(n: int, d: float) -> float:
    """Return P(D+_n >= d), by Smirnov's (1944) sum of binomial terms.

    d sum over j of C(n, j) (d + j / n)^(j - 1) (1 - d - j / n)^(n - j): each term is d / p times the binomial
    probability of j at p = d + j / n. Beyond n = 5e6 the limit with its first correction.

    Raises:
        ValueError: n below 1, or d that is not a number.
    """
    _check(n, d)
    if d <= 0.0 or d >= 1.0:
        return float(d <= 0.0)
    if n > LARGEST_SUM_N:
        return math.exp(-((6.0 * n * d + 1.0) ** 2) / (18.0 * n))
    j = np.arange(1.0, math.ceil(n * (1.0 - d)))
    p = d + j / n
    j, p = j[p < 1.0], p[p < 1.0]
    left = n - j
    exponent = (
        float(stirling_error(np.array([float(n)]))[0])
        - stirling_error(j)
        - stirling_error(left)
        - n * (p * divergence(-d / p) + (1.0 - p) * divergence(d / (1.0 - p)))
    )
    terms = d / p * np.sqrt(n / (2.0 * math.pi * j * left)) * np.exp(exponent)
    return min(1.0, math.exp(n * math.log1p(-d)) + float(terms.sum()))


def _one_side_suffices(n: int, d: float) -> bool:
    return d >= 0.5 or n * d * d >= _ONE_SIDED_ONLY


def _matrix_power(n: int, d: float) -> float:
    """Return Durbin's (1973) matrix expression; factors are divided by e, so the power does not die with n! / n^n."""
    k = math.floor(n * d) + 1
    h = k - n * d
    m = 2 * k - 1
    steps = np.arange(m)[:, None] - np.arange(m) + 1
    matrix = np.where(steps >= 0, 1.0, 0.0)
    corner = h ** np.arange(1, m + 1, dtype=np.float64)
    matrix[:, 0] -= corner
    matrix[-1, :] -= corner[::-1]
    if h > 0.5:
        matrix[-1, 0] += (2.0 * h - 1.0) ** m
    matrix *= special().rgamma(np.maximum(steps, 0) + 1.0) / math.e
    power, log_scale = _powered(matrix, n)
    middle = float(power[k - 1, k - 1])
    if middle <= 0.0:
        return 0.0
    log_factorial = 0.5 * math.log(2.0 * math.pi * n) + float(stirling_error(np.array([float(n)]))[0])
    return min(1.0, math.exp(math.log(middle) + log_scale + log_factorial))


def _powered(matrix: Floats, n: int) -> tuple[Floats, float]:
    """Return ``matrix ** n`` up to a factor, and the logarithm of that factor."""
    result, result_log = np.eye(len(matrix)), 0.0
    base, base_log = _rescaled(matrix)
    while n:
        if n & 1:
            result, scale = _rescaled(result @ base)
            result_log += base_log + scale
        n >>= 1
        if n:
            base, scale = _rescaled(base @ base)
            base_log = 2.0 * base_log + scale
    return result, result_log


def _rescaled(matrix: Floats) -> tuple[Floats, float]:
    """Return the matrix over its largest entry; what could only become a denormal (slow, and nothing) is dropped."""
    largest = float(np.abs(matrix).max())
    if largest == 0.0:
        return matrix, 0.0
    scaled = matrix / largest
    scaled[np.abs(scaled) < _NEGLIGIBLE] = 0.0
    return scaled, math.log(largest)


def _pelz_good(n: int, d: float) -> float:
    """Return P(D_n < d) to terms of order n^(-3/2) (Pelz & Good 1976, J. R. Statistical Society B 38:152)."""
    z2 = n * d * d
    z = math.sqrt(z2)
    odd = (math.pi * (np.arange(40) + 0.5)) ** 2
    even = (math.pi * np.arange(1, 40)) ** 2
    at_odd, at_even = 2.0 * np.exp(-odd / (2.0 * z2)), 2.0 * np.exp(-even / (2.0 * z2))
    first = at_odd.sum() / z
    second = (at_odd * (odd - z2)).sum() / (6.0 * z**4)
    third = (at_odd * (6.0 * z**6 + 2.0 * z**4 + (2.0 * z**4 - 5.0 * z2) * odd + (1.0 - 2.0 * z2) * odd**2)).sum()
    third = third / (72.0 * z**7) - (at_even * even).sum() / (36.0 * z**3)
    fourth = at_odd * (
        (5.0 - 30.0 * z2) * odd**3
        + (212.0 * z**4 - 60.0 * z2) * odd**2
        + (135.0 * z**4 - 96.0 * z**6) * odd
        - (30.0 * z**6 + 90.0 * z**8)
    )
    last = fourth.sum() / (6480.0 * z**10) + (at_even * (3.0 * even * z2 - even**2)).sum() / (216.0 * z**6)
    root = math.sqrt(n)
    total = math.sqrt(0.5 * math.pi) * (first + second / root + third / n + last / (n * root))
    return min(1.0, max(0.0, float(total)))


def _check(n: int, d: float) -> None:
    if n < 1 or math.isnan(d):
        raise ValueError(f"n must be at least 1 and d a number, got n = {n!r}, d = {d!r}")
