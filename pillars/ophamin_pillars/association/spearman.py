"""Spearman's rank correlation: exact permutation test of 0, and z with the Bonett-Wright variance at other limits."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.association.pearson import t_statistic
from ophamin_pillars.association.rank import (
    LARGEST_EXACT,
    RankTests,
    beta_upper_tail,
    check_varying,
    doubled_ranks,
    permutation_upper_tail,
)
from ophamin_pillars.power.search import root
from ophamin_pillars.student import t_quantile, t_tail

CONDITIONS = (
    "independent pairs; at the limit 0 exact up to 9 pairs; else at least 15 pairs whose dependence is that of "
    "normal variables (any margins), and a limit between -0.9 and 0.9"
)
LEAST_N_BEYOND_ZERO = 4

Floats = npt.NDArray[np.float64]


def spearman_rho(x: Floats, y: Floats) -> float:
    """Return the correlation of the midranks of two arrays of shape (n,), from whole numbers.

    Raises:
        ValueError: Different shapes, fewer than two pairs, or a column that does not vary.
    """
    check_varying(x, y)
    a, b = (doubled_ranks(column) - (len(x) + 1) for column in (x, y))
    # Sums of whole numbers up to n^3: exact in int64 up to a million pairs, then in Python's integers.
    if len(x) <= 1_000_000:
        cross, left, right = int(a @ b), int(a @ a), int(b @ b)
    else:
        cross, left, right = (sum((u * v).tolist()) for u, v in ((a, b), (a, a), (b, b)))
    return cross / (math.sqrt(left) * math.sqrt(right)) if left != right else cross / left


def zero_tails(x: Floats, y: Floats) -> tuple[float, float]:
    """Return P(rho >= seen) and P(rho <= seen) over all permutations: counted up to LARGEST_EXACT pairs, then beta."""
    a, b = doubled_ranks(x), doubled_ranks(y)
    tail = permutation_upper_tail if len(x) <= LARGEST_EXACT else beta_upper_tail
    return tail(a, b), tail(a, -b)


def t_tails(rho: float, n: int) -> tuple[float, float]:
    """Return both tails at independence by Student's t, for three pairs or more, as R with ties; for display."""
    t = t_statistic(rho, n)
    return t_tail(t, n - 2), t_tail(-t, n - 2)


def edgeworth_upper_tail(rho: float, n: int) -> float:
    """Return P(rho >= seen) at independence without ties by the Edgeworth series of Best & Roberts (1975), AS 89.

    It is what R prints for 10 to 1289 pairs. Its far tail is poor (it can reach 0), so no verdict rests on it.
    """
    # Sum of squared rank differences, an even whole number; S <= seen is rho >= seen, with continuity correction + 1.
    squares = 2 * round((n**3 - n) * (1.0 - rho) / 12.0)
    b = 1.0 / n
    x = (6.0 * (squares + 1) * b / (n * n - 1.0) - 1.0) * math.sqrt(n - 1.0)
    y = x * x
    inner = 0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y)
    inner = 0.0879 + 0.0151 * b - y * inner
    series = 0.2274 + b * (0.2531 + 0.1745 * b) + y * (-0.0758 + b * (0.1033 + 0.3932 * b) - y * b * inner)
    tail = float(special().ndtr(x)) - x * b * series * math.exp(-0.5 * y)
    return min(1.0, max(0.0, tail))


def spearman_tests(x: Floats, y: Floats) -> RankTests:
    """Return the one-sided tests of pairs of shape (n,) each."""
    n, rho = len(x), spearman_rho(x, y)
    tails = zero_tails(x, y)
    return RankTests(
        n=n,
        estimate=rho,
        greater_at_zero=tails[0],
        less_at_zero=tails[1],
        beyond=lambda estimate, limit: z_upper_tail(estimate, n, limit),
        bound=lambda estimate, level: z_lower(estimate, n, level),
    )


def z_upper_tail(rho: float, n: int, limit: float) -> float:
    """Return the p-value of "at most limit": z is t with n - 3 degrees of freedom around the limit.

    Its variance there is ``(1 + limit^2 / 2) / (n - 3)`` (Bonett & Wright 2000, Psychometrika 65:23, eq. 3); t and not
    the normal, because at level 0.001 the normal errs twice too often with 15 pairs.
    """
    if abs(limit) >= 1.0:
        return 1.0 if limit > 0.0 else 0.0
    if n < LEAST_N_BEYOND_ZERO:
        return 1.0
    error = math.sqrt((1.0 + 0.5 * limit * limit) / (n - 3))
    return t_tail((math.atanh(_inside(rho, n)) - math.atanh(limit)) / error, n - 3)


def z_lower(rho: float, n: int, level: float) -> float:
    """Return the limit at which :func:`z_upper_tail` is ``level``; -1 below four pairs."""
    if n < LEAST_N_BEYOND_ZERO:
        return -1.0
    z, critical = math.atanh(_inside(rho, n)), t_quantile(level, n - 3) / math.sqrt(n - 3)

    def gap(zeta: float) -> float:
        return z - zeta - critical * math.sqrt(1.0 + 0.5 * math.tanh(zeta) ** 2)

    reach = 1.3 * abs(critical)
    return math.tanh(root(gap, z - reach, z + reach))


def _inside(rho: float, n: int) -> float:
    """Return rho, moved half a step (or what float64 can tell from 1) inwards from 1 or -1, where z is infinite."""
    return math.copysign(min(abs(rho), 1.0 - max(6.0 / (n**3 - n), 1e-15)), rho)
