"""One-way analysis of variance, equal groups: the noncentral F, noncentrality ``groups n f^2`` (Cohen 1988, ch. 8)."""

from __future__ import annotations

import math

from ophamin_pillars.power.noncentral import f_quantile, f_upper_tail
from ophamin_pillars.power.search import check_levels, least_effect, least_size


def power(f: float, groups: int, n: float, level: float) -> float:
    """Return the power with n observations in each of ``groups`` groups."""
    check_levels(level)
    if groups < 2:
        raise ValueError(f"groups: expected 2 or more, came {groups}")
    df, df_error = groups - 1, groups * (n - 1)
    if df_error <= 0:
        return 0.0
    return f_upper_tail(f_quantile(level, df, df_error), df, df_error, groups * n * f * f)


def sample_size(f: float, groups: int, level: float, power_wanted: float) -> int | None:
    """Return the least n per group."""
    check_levels(level, power_wanted)
    return least_size(lambda n: power(f, groups, n, level), power_wanted, 2)


def minimum_detectable_effect(groups: int, n: float, level: float, power_wanted: float) -> float:
    """Return the least f whose power is ``power_wanted``."""
    check_levels(level, power_wanted)
    found = least_effect(lambda f: power(f, groups, n, level), power_wanted) if n > 1 else None
    return math.inf if found is None else found
