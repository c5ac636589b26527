"""The F test of u coefficients of a linear model, v error degrees: noncentrality ``f2 (u + v + 1)`` (Cohen, ch. 9)."""

from __future__ import annotations

from ophamin_pillars.power.noncentral import f_quantile, f_upper_tail
from ophamin_pillars.power.search import check_levels, least_effect, least_size


def power(f2: float, u: float, v: float, level: float) -> float:
    """Return the power; the sample has u + v + 1 observations."""
    check_levels(level)
    if not (u > 0.0 and v > 0.0):
        raise ValueError(f"u, v: expected positive degrees of freedom, came {u!r} and {v!r}")
    return f_upper_tail(f_quantile(level, u, v), u, v, f2 * (u + v + 1.0))


def sample_size(f2: float, u: int, level: float, power_wanted: float) -> int | None:
    """Return the least number of observations, u + v + 1."""
    check_levels(level, power_wanted)
    v = least_size(lambda v: power(f2, u, v, level), power_wanted, 1)
    return None if v is None else u + v + 1


def minimum_detectable_effect(u: float, v: float, level: float, power_wanted: float) -> float | None:
    """Return the least f2 whose power is ``power_wanted``."""
    check_levels(level, power_wanted)
    return least_effect(lambda f2: power(f2, u, v, level), power_wanted)
