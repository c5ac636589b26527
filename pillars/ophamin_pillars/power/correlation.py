"""A correlation: exact for bivariate normal pairs, and Cohen's approximation (R's ``pwr.r.test``) to compare with."""

from __future__ import annotations

import math

from ophamin_pillars._special import special
from ophamin_pillars.association.pearson import LEAST_N, lower_tail, upper_tail
from ophamin_pillars.power.search import check_levels, crossing, least_size, root
from ophamin_pillars.student import t_quantile

LARGEST_RHO = 1.0 - 1e-12


def critical_r(null: float, n: int, level: float) -> float:
    """Return the r that just rejects "rho <= null" at ``level``: P(R >= r; null) = level, for n >= 3."""
    if null == 0.0:
        t = t_quantile(level, n - 2)
        return t / math.sqrt(n - 2 + t * t)
    reach = (4.0 - float(special().ndtri(level))) / math.sqrt(max(0.25, n - 3)) + 2.0 / n
    centre = math.atanh(null)

    def gap(z: float) -> float:
        p = upper_tail(math.tanh(z), n, null)
        return float(special().ndtri(min(max(p, 1e-300), 1.0 - 1e-16))) - float(special().ndtri(level))

    return math.tanh(root(gap, centre - reach, centre + reach))


def power(null: float, truth: float, n: int, level: float, *, greater: bool = True) -> float:
    """Return the power of the test of "rho <= null" (or ``>=``, with ``greater`` false), 0 below three pairs."""
    check_levels(level)
    if n < LEAST_N:
        return 0.0
    if greater:
        return upper_tail(critical_r(null, n, level), n, truth)
    return lower_tail(-critical_r(-null, n, level), n, truth)


def sample_size(null: float, truth: float, level: float, power_wanted: float, *, greater: bool = True) -> int | None:
    """Return the least n whose power reaches ``power_wanted``; None where the truth lies on the wrong side."""
    check_levels(level, power_wanted)
    if (truth <= null) if greater else (truth >= null):
        return None
    return least_size(lambda n: power(null, truth, n, level, greater=greater), power_wanted, LEAST_N)


def minimum_detectable_effect(
    null: float, n: int, level: float, power_wanted: float, *, greater: bool = True
) -> float | None:
    """Return the rho nearest to the null whose power is ``power_wanted``; None below three pairs."""
    check_levels(level, power_wanted)
    if not greater:
        found = minimum_detectable_effect(-null, n, level, power_wanted)
        return None if found is None else -found
    if n < LEAST_N:
        return None
    critical = critical_r(null, n, level)
    zeta = crossing(
        lambda z: upper_tail(critical, n, math.tanh(z)), power_wanted, math.atanh(null), math.atanh(LARGEST_RHO)
    )
    return math.tanh(zeta)


def cohen_power(r: float, n: float, level: float, *, sides: int = 2) -> float:
    """Return the power against "rho = 0" in Fisher's z with its bias ``r / (2 (n - 1))`` (Cohen 1988, section 3.4)."""
    check_levels(level)
    if n < 4.0:
        return 0.0
    sp = special()
    t = t_quantile(level / sides, n - 2)
    size = abs(r) if sides == 2 else r
    shift = math.atanh(size) + size / (2.0 * (n - 1.0))
    critical = math.atanh(math.sqrt(t * t / (t * t + n - 2.0)))
    near = float(sp.ndtr((shift - critical) * math.sqrt(n - 3.0)))
    return near + float(sp.ndtr((-shift - critical) * math.sqrt(n - 3.0))) if sides == 2 else near
