"""A contrast of cell means, such as a main effect or an interaction of a factorial with n trials in every cell.

Its estimate ``sum(c_i mean_i)`` has variance ``sd^2 sum(c_i^2) / n``; the t test has ``cells (n - 1)`` degrees of
freedom. A main effect of a two-level factor over K cells has coefficients +-2 / K.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ophamin_pillars.power.noncentral import t_power
from ophamin_pillars.power.search import check_levels, least_effect, least_size


def power(value: float, coefficients: Sequence[float], sd: float, n: float, level: float, *, sides: int = 2) -> float:
    """Return the power when the contrast is ``value`` and every cell has n trials."""
    check_levels(level)
    df = _checked(coefficients, sd) * (n - 1)
    return t_power(abs(value) / _error(coefficients, sd, n), df, level, sides=sides) if df > 0 else 0.0


def sample_size(
    value: float, coefficients: Sequence[float], sd: float, level: float, power_wanted: float, *, sides: int = 2
) -> int | None:
    """Return the least n per cell."""
    check_levels(level, power_wanted)
    return least_size(lambda n: power(value, coefficients, sd, n, level, sides=sides), power_wanted, 2)


def minimum_detectable_effect(
    coefficients: Sequence[float], sd: float, n: float, level: float, power_wanted: float, *, sides: int = 2
) -> float:
    """Return the least absolute value of the contrast whose power is ``power_wanted``."""
    check_levels(level, power_wanted)
    df = _checked(coefficients, sd) * (n - 1)
    found = least_effect(lambda nc: t_power(nc, df, level, sides=sides), power_wanted) if df > 0 else None
    return math.inf if found is None else found * _error(coefficients, sd, n)


def _error(coefficients: Sequence[float], sd: float, n: float) -> float:
    return sd * math.sqrt(math.fsum(c * c for c in coefficients) / n)


def _checked(coefficients: Sequence[float], sd: float) -> int:
    """Return the number of cells."""
    if not any(coefficients) or abs(math.fsum(coefficients)) > 1e-9 * max(map(abs, coefficients)):
        raise ValueError(f"coefficients: expected a contrast (not all 0, sum 0), came {list(coefficients)}")
    if not sd > 0.0:
        raise ValueError(f"sd: expected a positive number, came {sd!r}")
    return len(coefficients)
