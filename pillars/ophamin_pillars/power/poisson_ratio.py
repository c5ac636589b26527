"""The ratio of two Poisson rates by the exact conditional test: its power summed over the total count.

Given the total, the test is binomial; the total is Poisson. See :mod:`ophamin_pillars.rates.rate_ratio`.
"""

from __future__ import annotations

import math

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.binomial_plan import critical_counts
from ophamin_pillars.power.search import check_levels, crossing

Pair = tuple[float, float]
REACH = 9.0
"""Total counts are summed within this many standard deviations."""


def power(null: float, rates: Pair, exposures: Pair, level: float, *, greater: bool = True) -> float:
    """Return the power of the test of "first rate / second rate <= null" (or ``>=``, with ``greater`` false)."""
    check_levels(level)
    if not (null > 0.0 and min(rates) >= 0.0 and min(exposures) > 0.0):
        raise ValueError(f"expected null > 0, rates >= 0, exposures > 0, came {null!r}, {rates!r}, {exposures!r}")
    if not greater:
        return power(1.0 / null, (rates[1], rates[0]), (exposures[1], exposures[0]), level)
    first, second = rates[0] * exposures[0], rates[1] * exposures[1]
    mean = first + second
    if mean == 0.0:
        return 0.0
    sp = special()
    reach = REACH * math.sqrt(mean) + 30.0
    totals = np.arange(max(1, math.floor(mean - reach)), math.ceil(mean + reach) + 1, dtype=np.int64)
    share = null * exposures[0] / (null * exposures[0] + exposures[1])
    critical = critical_counts(totals, share, level)
    inside = np.minimum(critical, totals)
    rejected = np.where(critical > totals, 0.0, sp.betainc(inside, totals - inside + 1, first / mean))
    weights = np.exp(totals * math.log(mean) - mean - sp.gammaln(totals + 1.0))
    return min(1.0, float(weights @ rejected))


def sample_size(
    null: float, rates: Pair, level: float, power_wanted: float, *, allocation: float = 1.0, greater: bool = True
) -> float | None:
    """Return the least exposure of the first arm, the second having ``allocation`` times as much; None without effect.

    Summing over totals smooths the teeth: the power is taken as rising.
    """
    check_levels(level, power_wanted)
    if (rates[0] <= null * rates[1]) if greater else (rates[0] >= null * rates[1]):
        return None

    def power_at(exposure: float) -> float:
        return power(null, rates, (exposure, allocation * exposure), level, greater=greater)

    high = 1.0 / max(rates)
    while power_at(high) < power_wanted:
        high *= 2.0
        if high * max(rates) > 1e8:
            return None
    return crossing(power_at, power_wanted, 0.5 * high, high)


def minimum_detectable_effect(
    null: float, second_rate: float, exposures: Pair, level: float, power_wanted: float
) -> float | None:
    """Return the least rate ratio above ``null`` with that power, the second rate being known; None when none has."""
    check_levels(level, power_wanted)

    def power_at(ratio: float) -> float:
        return power(null, (ratio * second_rate, second_rate), exposures, level)

    if not second_rate > 0.0:
        return None
    high = 2.0 * null
    while power_at(high) < power_wanted:
        high *= 2.0
        if high > 1e6 * null:
            return None
    return crossing(power_at, power_wanted, null, high)
