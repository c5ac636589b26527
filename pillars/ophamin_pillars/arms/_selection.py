"""The k-th smallest of all differences or all Walsh averages, without writing them down where they are many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ophamin_pillars.arms._tests import Floats, crossing

MOST_WRITTEN = 2_000_000
"""So many numbers are written down and partitioned."""
ROUNDING = 1e-12
"""Numbers nearer than this, relatively, differ by rounding only."""


def kth_difference(x: Floats, y: Floats, k: int) -> float:
    """Return the k-th smallest (from 1) of all x[i] - y[j].

    Args:
        x: Sorted, shape (n1,).
        y: Sorted, shape (n2,).
        k: From 1 to n1 n2.
    """
    if len(x) * len(y) <= MOST_WRITTEN:
        return float(np.partition(np.subtract.outer(x, y).ravel(), k - 1)[k - 1])

    def up_to(t: float) -> int:
        return int((len(y) - np.searchsorted(y, x - t, side="left")).sum())

    return _bisected(up_to, float(x[0] - y[-1]), float(x[-1] - y[0]), k)


def kth_walsh_average(x: Floats, k: int) -> float:
    """Return the k-th smallest (from 1) of all (x[i] + x[j]) / 2 with i <= j.

    Args:
        x: Sorted, shape (n,).
        k: From 1 to n (n + 1) / 2.
    """
    n = len(x)
    if n * n <= MOST_WRITTEN:
        i, j = np.triu_indices(n)
        return float(np.partition(0.5 * x[i] + 0.5 * x[j], k - 1)[k - 1])

    def up_to(t: float) -> int:
        ordered_pairs = int(np.searchsorted(x, 2.0 * t - x, side="right").sum())
        return (ordered_pairs + int(np.searchsorted(x, t, side="right"))) // 2

    return _bisected(up_to, float(x[0]), float(x[-1]), k)


def _bisected(up_to: Callable[[float], int], least: float, greatest: float, k: int) -> float:
    """Return the least number with ``up_to(number) >= k``, to the last digit."""
    if up_to(least) >= k:
        return least
    return crossing(lambda t: up_to(t) < k, least, greatest)[1]
