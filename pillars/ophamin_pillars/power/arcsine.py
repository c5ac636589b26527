"""One or two proportions by Cohen's h: a z test of arcsine roots (Cohen 1988, ch. 6; R's ``pwr.p`` and ``pwr.2p``).

For comparison with published plans. Claims are planned by :mod:`one_proportion` and :mod:`two_proportions`.
"""

from __future__ import annotations

from ophamin_pillars.power import normal


def information(n: float, second: float | None = None, *, arms: int = 1) -> float:
    """Return what n observations of one arm, n of each of two, or n and ``second`` of two weigh."""
    if second is not None:
        return n * second / (n + second)
    return n / arms


def power(h: float, n: float, level: float, *, second: float | None = None, arms: int = 1, sides: int = 1) -> float:
    """Return the power against an effect h, n observations per arm (or n and ``second``)."""
    return normal.power(h, information(n, second, arms=arms), level, sides=sides)


def sample_size(h: float, level: float, power_wanted: float, *, arms: int = 1, sides: int = 1) -> int | None:
    """Return the least n per arm."""
    return normal.sample_size(h, level, power_wanted, sides=sides, arms=arms)


def minimum_detectable_effect(
    n: float, level: float, power_wanted: float, *, second: float | None = None, arms: int = 1, sides: int = 1
) -> float:
    """Return the least h whose power is ``power_wanted``."""
    return normal.minimum_detectable_effect(information(n, second, arms=arms), level, power_wanted, sides=sides)
