"""Means of two arms by Welch's test: unequal spreads, unequal arms.

The noncentral t with Satterthwaite's degrees of freedom at the true spreads: within 0.01 of simulation from five
observations per arm on.
"""

from __future__ import annotations

import math

from ophamin_pillars.power.noncentral import t_power
from ophamin_pillars.power.search import check_levels, least_effect, least_size

Pair = tuple[float, float]


def welch_df(sds: Pair, sizes: Pair) -> float:
    """Return Satterthwaite's degrees of freedom (Welch 1947, Biometrika 34:28)."""
    first, second = (sd * sd / n for sd, n in zip(sds, sizes, strict=True))
    return (first + second) ** 2 / (first**2 / (sizes[0] - 1) + second**2 / (sizes[1] - 1))


def power(difference: float, sds: Pair, sizes: Pair, level: float, *, sides: int = 1) -> float:
    """Return the power against a true ``difference`` from the limit, margin included."""
    check_levels(level)
    if min(sizes) <= 1 or not max(sds) > 0.0:
        return 0.0
    error = math.hypot(sds[0] / math.sqrt(sizes[0]), sds[1] / math.sqrt(sizes[1]))
    return t_power(difference / error, welch_df(sds, sizes), level, sides=sides)


def sample_size(
    difference: float, sds: Pair, level: float, power_wanted: float, *, allocation: float = 1.0, sides: int = 1
) -> int | None:
    """Return the least size of the first arm when the second is ``allocation`` times as large, rounded up."""
    check_levels(level, power_wanted)

    def power_at(n: int) -> float:
        return power(difference, sds, (n, math.ceil(allocation * n)), level, sides=sides)

    return least_size(power_at, power_wanted, 2)


def minimum_detectable_effect(sds: Pair, sizes: Pair, level: float, power_wanted: float, *, sides: int = 1) -> float:
    """Return the least difference from the limit whose power is ``power_wanted``."""
    check_levels(level, power_wanted)
    if min(sizes) <= 1 or not max(sds) > 0.0:
        return math.inf
    error = math.hypot(sds[0] / math.sqrt(sizes[0]), sds[1] / math.sqrt(sizes[1]))
    found = least_effect(lambda d: power(d * error, sds, sizes, level, sides=sides), power_wanted)
    return math.inf if found is None else found * error
