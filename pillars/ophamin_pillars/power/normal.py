"""z tests: a normal mean with known deviation, and every test that is one after a transformation."""

from __future__ import annotations

import math

from ophamin_pillars._special import special
from ophamin_pillars.power.search import check_levels, least_effect, least_size


def power(effect: float, information: float, level: float, *, sides: int = 1) -> float:
    """Return the power against an effect in standard deviations.

    Args:
        effect: The true distance from the limit.
        information: One over the variance of its estimate: n, or n1 n2 / (n1 + n2) for two arms.
        level: Level of the test.
        sides: 2 splits the level over both tails, and counts rejections in either (Cohen 1988).
    """
    check_levels(level)
    sp = special()
    critical, shift = -float(sp.ndtri(level / sides)), effect * math.sqrt(information)
    near = float(sp.ndtr(shift - critical))
    return near + float(sp.ndtr(-shift - critical)) if sides == 2 else near


def sample_size(effect: float, level: float, power_wanted: float, *, sides: int = 1, arms: int = 1) -> int | None:
    """Return the least n (per arm, with two ``arms``) whose power reaches ``power_wanted``; None without an effect."""
    check_levels(level, power_wanted)
    return least_size(lambda n: power(effect, n / arms, level, sides=sides), power_wanted, 1)


def minimum_detectable_effect(information: float, level: float, power_wanted: float, *, sides: int = 1) -> float:
    """Return the least effect whose power is ``power_wanted``; 0 when the level alone reaches it."""
    check_levels(level, power_wanted)
    found = least_effect(lambda effect: power(effect, information, level, sides=sides), power_wanted)
    return math.inf if found is None else found
