"""One proportion by the exact binomial test: enumerated, see :mod:`ophamin_pillars.binomial_plan`."""

from __future__ import annotations

from ophamin_pillars.binomial_plan import BinomialTest, size_of
from ophamin_pillars.power.search import check_levels


def power(null: float, truth: float, n: int, level: float, *, greater: bool = True) -> float:
    """Return the power of the test of "proportion <= null" (or ``>=``, with ``greater`` false)."""
    check_levels(level)
    return BinomialTest(greater=greater, null=null).power(n, level, truth)


def sample_size(null: float, truth: float, level: float, power_wanted: float, *, greater: bool = True) -> int | None:
    """Return the least n from which the saw-toothed power never drops below ``power_wanted`` again."""
    check_levels(level, power_wanted)
    return size_of(BinomialTest(greater=greater, null=null), level, truth, power_wanted)


def minimum_detectable_effect(
    null: float, n: int, level: float, power_wanted: float, *, greater: bool = True
) -> float | None:
    """Return the proportion nearest to the null with that power; None when n is too small for any count to reject."""
    check_levels(level, power_wanted)
    return BinomialTest(greater=greater, null=null).detectable(n, level, power_wanted)
