"""Means by t tests: one sample, pairs, two arms of one spread, crossovers; superiority and non-inferiority alike.

The effect is the distance of the truth from the limit, margin included, in standard deviations of an observation.
"""

from __future__ import annotations

import math

from ophamin_pillars.power.layouts import ONE_SAMPLE, Layout
from ophamin_pillars.power.noncentral import t_power
from ophamin_pillars.power.search import check_levels, least_effect, least_size


def power(effect: float, n: float, level: float, *, layout: Layout = ONE_SAMPLE, sides: int = 1) -> float:
    """Return the power for normal observations; n counts what ``layout`` says."""
    check_levels(level)
    df = layout.df(n)
    return t_power(effect / layout.error(n), df, level, sides=sides) if df > 0.0 else 0.0


def sample_size(
    effect: float, level: float, power_wanted: float, *, layout: Layout = ONE_SAMPLE, sides: int = 1
) -> int | None:
    """Return the least n whose power reaches ``power_wanted``; None up to ten million."""
    check_levels(level, power_wanted)
    return least_size(lambda n: power(effect, n, level, layout=layout, sides=sides), power_wanted, layout.least_n)


def minimum_detectable_effect(
    n: float, level: float, power_wanted: float, *, layout: Layout = ONE_SAMPLE, sides: int = 1
) -> float:
    """Return the least effect whose power is ``power_wanted``; infinite when n allows no test."""
    check_levels(level, power_wanted)
    if layout.df(n) <= 0.0:
        return math.inf
    found = least_effect(lambda effect: power(effect, n, level, layout=layout, sides=sides), power_wanted)
    return math.inf if found is None else found
