"""Bounds of a quantile as the outermost limits a stopped sample rejects.

A limit enters a quantile's test only by which observations lie on its good side, so every observation is tried as the
limit, by bisection: the further out a limit lies, the more trials are good at every index, the earlier and more
extreme its paths stop. A limit whose path is still under way when the claim stops is not rejected.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rejects = Callable[[float], bool]


def greatest_limit(values: Floats, rejects: Rejects) -> float | None:
    """Return the greatest observation that is rejected as a limit the quantile lies below; None when none is.

    Args:
        values: Observations, any order, shape (n,).
        rejects: True up to some limit, false beyond it.
    """
    return _outermost(np.unique(values), rejects)


def least_limit(values: Floats, rejects: Rejects) -> float | None:
    """Return the least observation that is rejected as a limit the quantile lies above; see :func:`greatest_limit`."""
    return _outermost(np.unique(values)[::-1], rejects)


def _outermost(candidates: Floats, rejects: Rejects) -> float | None:
    """Return the last candidate that is rejected; None too where that stands for a trial that raised."""
    low, high = -1, len(candidates)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if rejects(float(candidates[middle])) else (low, middle)
    if low < 0 or abs(candidates[low]) == sys.float_info.max:
        return None
    return float(candidates[low])
