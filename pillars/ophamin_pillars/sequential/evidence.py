"""What is read off the path of an e-process: running maxima, p-values, the index of a decision, two processes joined.

A path holds log e after each observation, in trial order along the last axis. Under its null an e-process exceeds
``1 / level`` at any time with probability ``level`` at most (Ville 1939; Ramdas, Grunwald, Vovk & Shafer 2023, Stat.
Sci. 38:576-601), so ``1 / max e`` is a p-value at every index, and what was decided once stays decided.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pytest_ophamin.pillars import round12

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-11
"""More than rounding p to 12 significant digits moves log p."""


def running_maxima(log_e: Floats) -> Floats:
    """Return log(max e so far), shape of ``log_e``; 0 or more, since every e-process starts at 1."""
    maxima: Floats = np.maximum.accumulate(np.maximum(log_e, 0.0), axis=-1)
    return maxima


def p_values(log_e: Floats) -> Floats:
    """Return the p-value valid at each index, ``1 / max e so far``: it never rises."""
    p: Floats = np.exp(-running_maxima(log_e))
    return p


def p_value(log_e: Floats) -> float:
    """Return the p-value of a whole path, shape (n,); 1 of an empty one."""
    return math.exp(-max(float(np.max(log_e, initial=0.0)), 0.0))


def deciding_index(log_e: Floats, level: float) -> int | None:
    """Return after how many observations of one path, shape (n,), p is at most ``level`` for the first time.

    p is rounded as it is before every comparison (DECIDING.md). None when it never is.
    """
    for i in np.flatnonzero(log_e >= -math.log(level) - ROUNDING):
        if round12(math.exp(-float(log_e[i]))) <= level:
            return int(i) + 1
    return None


def average(first: Floats, second: Floats) -> Floats:
    """Return the log of the average of two e-processes: one against the intersection of their nulls.

    At least half the larger of the two, so never worse than twice the smaller p-value.
    """
    log_e: Floats = np.logaddexp(first, second) - math.log(2.0)
    return log_e


def within_p_values(
    *, above_low: Floats, below_high: Floats, below_low: Floats, above_high: Floats
) -> tuple[Floats, Floats]:
    """Return p_validate and p_refute of ``low <= metric <= high`` at each index, shape of the paths.

    Validated once both ends were shown, not necessarily at the same index: each side is tested at the full level, and
    being outside is the union of both nulls (intersection-union test, Berger 1982). Refuted by the average of the
    evidence for either side.

    Args:
        above_low: log e against "metric <= low".
        below_high: log e against "metric >= high".
        below_low: log e against "metric >= low".
        above_high: log e against "metric <= high".
    """
    return np.maximum(p_values(above_low), p_values(below_high)), p_values(average(below_low, above_high))
