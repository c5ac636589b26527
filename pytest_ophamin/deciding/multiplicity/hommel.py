"""Closed testing with Simes' local tests: Hommel's adjusted p-values, and bounds on how many claims are true.

Everything follows from one family of numbers: for k = 1..m the Simes p-value of the k largest p-values,
``s_k = min over j <= k of k p_(m-k+j) / j``. Some set of k hypotheses stands at level alpha if and only if
``s_k > alpha``, so the largest set that stands has ``h(alpha) = max{k: s_k > alpha}`` members.

``s_k / k`` is the slope of the tangent from the point (m - k, 0) to the lower convex hull of the points (i, p_(i)),
i > m - k, and the hull grows by one point from k to k + 1: O(m log m) in all (after Meijer, Krebs & Goeman 2019,
Biom J 61:73-82).
Simes' test needs independent or positively dependent p-values (Sarkar 1998, Ann Stat 26:494-504).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from pytest_ophamin.deciding.multiplicity._ordering import SLACK, Ascending, Floats, Numbers, ascending, check_level


def hommel(p: Numbers, m: int | None = None) -> list[float]:
    """Return adjusted p-values (Hommel 1988, Biometrika 75:383-386): never above Hochberg's.

    Args:
        p: p-values, shape (n,), each in [0, 1].
        m: Size of the family when it is larger than n.

    Raises:
        ValueError: A p-value lies outside [0, 1], or ``m`` is smaller than n.
    """
    return SimesClosure.of(p, m).adjusted()


@dataclass(frozen=True, slots=True, eq=False)
class SimesClosure:
    """All intersection hypotheses of a family, each tested by Simes.

        >>> closure = SimesClosure.of([0.001, 0.004, 0.02, 0.03, 0.8])
        >>> closure.discoveries(0.05), closure.discoveries(0.05, chosen=[1, 2])
        (3, 2)

    The bound on discoveries holds for all choices at once, so the choice may be made after looking
    (Goeman & Solari 2011, Stat Sci 26:584-597).
    """

    ordered: Ascending
    standing: Floats
    """``max over l >= k of s_l`` for k = 1..m, then 0, shape (m + 1,): h(alpha) >= k iff the k-th is above alpha."""

    @classmethod
    def of(cls, p: Numbers, m: int | None = None) -> Self:
        """Return the closure of the family with these p-values; arguments and errors as :func:`hommel`."""
        ordered = ascending(p, m)
        padded = [*ordered.values.tolist(), *[1.0] * (ordered.m - len(ordered.values))]
        standing = np.zeros(ordered.m + 1)
        standing[:-1] = np.maximum.accumulate(_simes_of_the_largest(padded)[::-1])[::-1]
        return cls(ordered, standing)

    def adjusted(self) -> list[float]:
        """Return adjusted p-values: the least alpha with ``h(alpha) p <= alpha`` (Meijer et al. 2019).

        At alpha in [standing_(k+1), standing_k) h is k: the least alpha is ``min over k of max(standing_(k+1), k p)``,
        where one falls in k and the other rises.
        """
        p = self.ordered.values
        low, high = np.zeros(len(p), dtype=np.intp), np.full(len(p), self.ordered.m, dtype=np.intp)
        while (low < high).any():  # the least k with k p >= standing_(k+1)
            middle = (low + high) // 2
            crossed = middle * p >= self.standing[middle]
            low, high = np.where(crossed, low, middle + 1), np.where(crossed, middle, high)
        before = np.maximum(low - 1, 0)
        least = np.minimum(low * p, np.where(low > 0, self.standing[before], np.inf))
        return self.ordered.back(least)

    def largest_standing(self, alpha: float) -> int:
        """Return ``h(alpha)``, the most hypotheses that may all be true nulls.

        Raises:
            ValueError: ``alpha`` does not lie between 0 and 1.
        """
        check_level(alpha)
        return int((self.standing > alpha * SLACK).sum())

    def discoveries(self, alpha: float, chosen: Sequence[int] | None = None) -> int:
        """Return a lower bound on the number of false nulls among ``chosen``, at confidence ``1 - alpha``.

        ``max over u of 1 - u + #{i in chosen: h p_i <= u alpha}`` (Goeman, Meijer, Krebs & Solari 2019,
        Biometrika 106:841-856).

        Args:
            alpha: Level: 1 minus the confidence.
            chosen: Places in the list of p-values, each at most once; all hypotheses when not given.

        Raises:
            ValueError: ``alpha`` is no level, or a place is unknown or named twice.
        """
        h = self.largest_standing(alpha)
        n = len(self.ordered.values)
        places = np.arange(n) if chosen is None else _checked(chosen, n)
        p = np.empty(n)
        p[self.ordered.order] = self.ordered.values
        # h p <= u alpha: from which u on each hypothesis counts.
        needed = np.sort(np.maximum(np.ceil(h * p[places] / (alpha * SLACK)), 1.0))
        counts = np.arange(1.0, len(places) + 1.0)
        return int(max(0.0, (1.0 - needed + counts).max(initial=0.0)))


def _checked(chosen: Sequence[int], n: int) -> list[int]:
    places = list(chosen)
    if len(set(places)) != len(places) or any(not 0 <= place < n for place in places):
        raise ValueError(f"chosen: expected places 0 to {n - 1}, each at most once, came {places!r}")
    return places


def _simes_of_the_largest(p: list[float]) -> Floats:
    """Return ``s_k`` for k = 1..m; ``p`` ascending."""
    m = len(p)
    found = np.empty(m)
    hull: list[int] = []  # indices of the lower hull of the points seen so far, the leftmost last
    for start in range(m - 1, -1, -1):
        while len(hull) > 1 and _is_above(p, start, hull[-1], hull[-2]):
            hull.pop()
        hull.append(start)
        touched = _tangent(p, hull, start)
        found[m - 1 - start] = (m - start) * p[touched] / (touched - start + 1)
    return found


def _is_above(p: list[float], left: int, middle: int, right: int) -> bool:
    """Tell whether the middle point lies on or above the line between the others."""
    return (p[middle] - p[left]) * (right - left) >= (p[right] - p[left]) * (middle - left)


def _tangent(p: list[float], hull: list[int], start: int) -> int:
    """Return the hull point seen under the least slope from the point ``(start - 1, 0)``.

    Slopes along a hull first fall, then rise. Indices count from 0: point i stands ``i - start + 1`` to the right.
    """
    low, high = 0, len(hull) - 1  # low is the rightmost point
    while low < high:
        middle = (low + high + 1) // 2
        left, right = hull[middle], hull[middle - 1]
        if p[left] * (right - start + 1) <= p[right] * (left - start + 1):
            low = middle
        else:
            high = middle - 1
    return hull[low]
