"""The two-sample Kolmogorov-Smirnov test, exact for any ties (Schroer & Trenkler 1995; Hodges 1957).

The null is "all n1 + n2 observations are exchangeable": given the pooled values every assignment of n1 of them to the
first sample is equally likely, which is a random path through an n1 x n2 lattice.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.kolmogorov import Alternative, KolmogorovTest, check_alternative, limit_survival
from ophamin_pillars.control.signals import Floats, as_sequence

LARGEST_LATTICE = 4_000_000
"""Cells up to which the exact p-value is computed (some 30 ms)."""


def two_sample(
    x: npt.ArrayLike, y: npt.ArrayLike, alternative: Alternative = "two-sided", *, exact: bool | None = None
) -> KolmogorovTest:
    """Test whether two samples come from one distribution.

    Args:
        x: shape (n1,).
        y: shape (n2,).
        alternative: "greater" when x's distribution function lies above y's (x tends to be smaller).
        exact: the exact p-value, or its limit (which ties make conservative); by default exact up to 4e6 lattice cells.

    Raises:
        ValueError: an empty sample, or values that are not finite.
    """
    check_alternative(alternative)
    first, second = as_sequence(x, "x"), as_sequence(y, "y")
    n1, n2 = len(first), len(second)
    pooled = np.concatenate((first, second))
    order = np.argsort(pooled, kind="stable")
    values = pooled[order]
    # Distances in units of 1 / (n1 n2) are whole numbers: no comparison below depends on rounding.
    steps = np.where(order < n1, n2, -n1).astype(np.int64)
    ends = np.append(values[1:] != values[:-1], True)
    heights = np.cumsum(steps)[ends]
    distance = int(max(0, _chosen(heights, alternative).max()))
    is_exact = n1 * n2 <= LARGEST_LATTICE if exact is None else exact
    if is_exact:
        p = _lattice_survival(n1, n2, distance, ends, alternative)
    else:
        p = limit_p(n1, n2, distance / (n1 * n2), alternative)
    return KolmogorovTest(distance / (n1 * n2), p, "exact" if is_exact else "limit")


def limit_p(n1: int, n2: int, distance: float, alternative: Alternative = "two-sided") -> float:
    """Return the p-value of a distance by the limiting distribution."""
    z = distance * math.sqrt(n1 / (n1 + n2) * n2)
    return limit_survival(z) if alternative == "two-sided" else math.exp(-2.0 * z * z)


def _lattice_survival(n1: int, n2: int, distance: int, ends: npt.NDArray[np.bool_], alternative: Alternative) -> float:
    """Return P(distance >= ``distance``) given where the pooled sample's ties end.

    Walks the antidiagonals i + j = s of the lattice with the probability that a path through (i, j) has already
    reached the distance: positive terms only, so small p-values keep their digits.
    """
    if distance == 0:
        return 1.0
    reached: Floats = np.zeros(n1 + 1)
    i = np.arange(n1 + 1)
    for s in range(1, n1 + n2 + 1):
        low, high = max(0, s - n2), min(n1, s)
        here = i[low : high + 1]
        before = reached[low : high + 1] * ((s - here) / s)
        before[1 if low == 0 else 0 :] += reached[max(low, 1) - 1 : high] * (here[1 if low == 0 else 0 :] / s)
        if ends[s - 1]:
            heights = here * n2 - (s - here) * n1
            before[_chosen(heights, alternative) >= distance] = 1.0
        reached[low : high + 1] = before
    return min(1.0, float(reached[n1]))


def _chosen(heights: npt.NDArray[np.int64], alternative: Alternative) -> npt.NDArray[np.int64]:
    if alternative == "two-sided":
        return np.abs(heights)
    return heights if alternative == "greater" else -heights
