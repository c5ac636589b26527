"""Equivalence by two one-sided t tests: exact power by the bivariate noncentral t (Owen 1965; Schuirmann 1987)."""

from __future__ import annotations

from ophamin_pillars.power.layouts import ONE_SAMPLE, Layout
from ophamin_pillars.power.search import check_levels, crossing, least_size
from ophamin_pillars.student_plan import equivalence_power

Limits = tuple[float, float]


def power(truth: float, limits: Limits, sd: float, n: float, level: float, *, layout: Layout = ONE_SAMPLE) -> float:
    """Return P(both tests reject) when the mean, or the difference, is ``truth``."""
    check_levels(level)
    if layout.df(n) <= 0.0:
        return 0.0
    error = layout.error(n, sd)
    return equivalence_power((truth - limits[0]) / error, (limits[1] - truth) / error, layout.df(n), level)


def sample_size(
    truth: float,
    limits: Limits,
    sd: float,
    level: float,
    power_wanted: float,
    *,
    layout: Layout = ONE_SAMPLE,
    step: int = 1,
) -> int | None:
    """Return the least n, a multiple of ``step`` (2 balances a crossover), that reaches ``power_wanted``."""
    check_levels(level, power_wanted)
    if not limits[0] < truth < limits[1]:
        return None

    def power_at(units: int) -> float:
        return power(truth, limits, sd, units * step, level, layout=layout)

    units = least_size(power_at, power_wanted, -(-layout.least_n // step))
    return None if units is None else units * step


def minimum_detectable_effect(
    sd: float, n: float, level: float, power_wanted: float, *, layout: Layout = ONE_SAMPLE
) -> float | None:
    """Return the least margin m whose limits (-m, m) a difference of 0 meets with that power; None without a test."""
    check_levels(level, power_wanted)
    if layout.df(n) <= 0.0:
        return None
    high = layout.error(n, sd)
    while power(0.0, (-high, high), sd, n, level, layout=layout) < power_wanted:
        high *= 2.0
    return crossing(lambda m: power(0.0, (-m, m), sd, n, level, layout=layout), power_wanted, 0.0, high)
