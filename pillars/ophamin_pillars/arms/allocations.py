"""All ways to share out identical things over places with limited room: what exact enumerations run over.

A pooled sample with ties is such a problem: of the ``room[j]`` observations with the j-th value, some belong to the
first arm. So is a row of a table with given column totals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import Counts, Floats


def number_of_spreads(total: int, room: Sequence[int]) -> int:
    """Return how many rows :func:`spreads` has."""
    ways = [1] + [0] * total
    for places in room:
        sums = [0]
        for way in ways:
            sums.append(sums[-1] + way)
        ways = [sums[k + 1] - sums[max(0, k - places)] for k in range(total + 1)]
    return ways[total]


def spreads(total: int, room: Sequence[int]) -> Counts:
    """Return all ways to spread ``total`` over places with ``room``.

    Args:
        total: What is spread, at least 0.
        room: What each place can hold, k numbers of at least 0.

    Returns:
        One way a row, shape (number of ways, k), in lexicographic order; no row when the room is too small.
    """
    after = np.concatenate([np.cumsum(np.asarray(room[::-1], dtype=np.int64))[::-1][1:], [0]])
    rows = np.zeros((1, 0), dtype=np.int64)
    left = np.array([total], dtype=np.int64)
    for places, room_after in zip(room, after, strict=True):
        least, greatest = np.maximum(0, left - room_after), np.minimum(left, places)
        times = np.maximum(0, greatest - least + 1)
        starts = np.repeat(np.cumsum(times) - times, times)
        part = np.arange(len(starts)) - starts + np.repeat(least, times)
        rows = np.column_stack([np.repeat(rows, times, axis=0), part])
        left = np.repeat(left, times) - part
    return rows


def ways_of(rows: Counts, room: Sequence[int]) -> Floats:
    """Return, for each row of :func:`spreads`, in how many ways single things can be chosen so."""
    return np.asarray(np.rint(special().binom(np.asarray(room, dtype=np.float64), rows)).prod(axis=1), dtype=np.float64)
