"""Means over the splits of one data set, by Nadeau and Bengio's (2003) corrected t test.

The variance of the mean is ``(1 / J + n_test / n_train)`` times that between splits: its second part does not fall with
J, so beyond some effect no number of splits is enough, and only more data is.
"""

from __future__ import annotations

import math

from ophamin_pillars.power.noncentral import t_power
from ophamin_pillars.power.search import check_levels, least_effect, least_size


def power(effect: float, splits: int, test_share: float, level: float) -> float:
    """Return the power.

    Args:
        effect: Distance of the truth from the limit, in standard deviations between splits.
        splits: Number of splits, J.
        test_share: n_test over n_train.
        level: Level of the one-sided test.
    """
    check_levels(level)
    if not test_share > 0.0:
        raise ValueError(f"test_share: expected n_test / n_train > 0, came {test_share!r}")
    return t_power(effect / _error(splits, test_share), splits - 1, level) if splits > 1 else 0.0


def sample_size(effect: float, test_share: float, level: float, power_wanted: float) -> int | None:
    """Return the least number of splits; None when no number of them is enough."""
    check_levels(level, power_wanted)
    return least_size(lambda splits: power(effect, splits, test_share, level), power_wanted, 2)


def minimum_detectable_effect(splits: int, test_share: float, level: float, power_wanted: float) -> float:
    """Return the least effect, in standard deviations between splits, whose power is ``power_wanted``."""
    check_levels(level, power_wanted)
    found = least_effect(lambda e: power(e, splits, test_share, level), power_wanted) if splits > 1 else None
    return math.inf if found is None else found


def _error(splits: int, test_share: float) -> float:
    return math.sqrt(1.0 / splits + test_share)
