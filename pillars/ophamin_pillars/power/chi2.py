"""Chi-square tests of cell probabilities: noncentrality ``n w^2`` (Cohen 1988, ch. 7)."""

from __future__ import annotations

from ophamin_pillars.power.noncentral import chi2_quantile, chi2_upper_tail
from ophamin_pillars.power.search import check_levels, least_effect, least_size


def power(w: float, df: float, n: float, level: float) -> float:
    """Return the power with n observations in all."""
    check_levels(level)
    if not df > 0.0:
        raise ValueError(f"df: expected a positive number, came {df!r}")
    return chi2_upper_tail(chi2_quantile(level, df), df, n * w * w)


def sample_size(w: float, df: float, level: float, power_wanted: float) -> int | None:
    """Return the least n in all."""
    check_levels(level, power_wanted)
    return least_size(lambda n: power(w, df, n, level), power_wanted, 1)


def minimum_detectable_effect(df: float, n: float, level: float, power_wanted: float) -> float | None:
    """Return the least w whose power is ``power_wanted``."""
    check_levels(level, power_wanted)
    return least_effect(lambda w: power(w, df, n, level), power_wanted)
