"""The rank-sum test of two arms (Mann & Whitney 1947) and the shift it leads to (Hodges & Lehmann 1963)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.arms._selection import ROUNDING, kth_difference
from ophamin_pillars.arms._tests import ArmTests, Floats, check_level, observations

MOST_WORK = 20_000_000
"""Additions the exact distribution may cost (some 20 ms); beyond it, the normal approximation."""


@dataclass(frozen=True, slots=True)
class RankSum:
    """The Mann-Whitney test of "both arms have the same distribution".

    Attributes:
        n1: Observations of the first arm.
        n2: Observations of the second arm.
        u: Pairs in which the first is greater, ties counting half (R's W).
        ties: Sum of t^3 - t over groups of t equal pooled observations; 0 without ties.
    """

    n1: int
    n2: int
    u: float
    ties: float

    @classmethod
    def of(cls, x: Floats, y: Floats, *, shift: float = 0.0) -> RankSum:
        """Return the test of ``x - shift`` against ``y``.

        Raises:
            ValueError: An arm is empty or not finite.
        """
        first, second = observations("x", x, 1) - shift, observations("y", y, 1)
        ordered = np.sort(second)
        u = np.searchsorted(ordered, first, "left").sum() + np.searchsorted(ordered, first, "right").sum()
        _, sizes = np.unique(np.concatenate([first, second]), return_counts=True)
        t = sizes.astype(np.float64)
        return cls(len(first), len(second), float(u) / 2.0, float((t**3 - t).sum()))

    @property
    def exact(self) -> bool:
        """Return whether the p-values are exact: no ties, and arms small enough."""
        return self.ties == 0.0 and has_exact_distribution(self.n1, self.n2)

    def p_greater(self, *, exact: bool | None = None) -> float:
        """Return the p-value against a greater first arm; ``exact`` None leaves the choice to :attr:`exact`."""
        if self.exact if exact is None else exact:
            return u_tail(math.ceil(self.u), self.n1, self.n2)
        return float(special().ndtr(-self.normal(-0.5)))

    def p_less(self, *, exact: bool | None = None) -> float:
        """Return the p-value against a smaller first arm."""
        return RankSum(self.n2, self.n1, self.n1 * self.n2 - self.u, self.ties).p_greater(exact=exact)

    def p_two_sided(self, *, exact: bool | None = None) -> float:
        """Return twice the smaller p-value, 1 at most."""
        return min(1.0, 2.0 * min(self.p_greater(exact=exact), self.p_less(exact=exact)))

    def normal(self, correction: float = 0.0) -> float:
        """Return the normal deviate of u + correction, its variance corrected for ties; 0 if all are equal."""
        n, pairs = self.n1 + self.n2, self.n1 * self.n2
        variance = pairs / 12.0 * (n + 1.0 - self.ties / (n * (n - 1.0)))
        return (self.u + correction - 0.5 * pairs) / math.sqrt(variance) if variance > 1e-9 else 0.0


@dataclass(frozen=True, slots=True)
class LocationShift(ArmTests):
    """One-sided tests and bounds of the shift d where X - d and Y have the same distribution (Hodges & Lehmann 1963).

    A pair counts for "shift > d" only if x - y > d: exact for continuous observations, conservative for others.

    Attributes:
        x: First arm, sorted.
        y: Second arm, sorted.
    """

    x: Floats
    y: Floats

    @classmethod
    def of(cls, x: Floats, y: Floats) -> LocationShift:
        """Return the tests of arms ``x`` and ``y``.

        Raises:
            ValueError: An arm is empty or not finite.
        """
        return cls(np.sort(observations("x", x, 1)), np.sort(observations("y", y, 1)))

    @property
    def n(self) -> int:
        return len(self.x) + len(self.y)

    @property
    def exact(self) -> bool:
        """Return whether the rank-sum distribution is computed, not approximated."""
        return has_exact_distribution(len(self.x), len(self.y))

    @property
    def estimate(self) -> float:
        """Return the median of all differences x - y."""
        pairs = len(self.x) * len(self.y)
        return 0.5 * (self._kth((pairs + 1) // 2) + self._kth(pairs // 2 + 1))

    @property
    def spread(self) -> None:
        return None

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "shift <= limit"."""
        return self._tail_of(below=self.y, above=self.x - limit)

    def p_less(self, limit: float) -> float:
        """Return the p-value of "shift >= limit"."""
        return self._tail_of(below=self.x - limit, above=self.y)

    def lower_bound(self, level: float) -> float | None:
        """Return the lower bound at ``level``; None when the arms are too small for one."""
        k = critical_u(level, len(self.x), len(self.y))
        return None if k == 0 else self._kth(k)

    def upper_bound(self, level: float) -> float | None:
        """Return the upper bound at ``level``; None when the arms are too small for one."""
        k, pairs = critical_u(level, len(self.x), len(self.y)), len(self.x) * len(self.y)
        return None if k == 0 else self._kth(pairs + 1 - k)

    def _tail_of(self, *, below: Floats, above: Floats) -> float:
        """Return the p-value of as many pairs in order; pairs nearer than rounding are ties, and count for nothing."""
        tie = ROUNDING * max(float(np.abs(below).max()), float(np.abs(above).max()))
        pairs = int(np.searchsorted(below, above - tie, side="left").sum())
        return u_tail(pairs, len(self.x), len(self.y))

    def _kth(self, k: int) -> float:
        return kth_difference(self.x, self.y, k)


def has_exact_distribution(n1: int, n2: int) -> bool:
    """Return whether the exact distribution of U is affordable."""
    return (n1 + n2) * min(n1, n2) * (n1 * n2 + 1) <= MOST_WORK


def u_tail(u: int, n1: int, n2: int) -> float:
    """Return P(U >= u) without ties: exact where affordable, else normal with continuity correction."""
    pairs = n1 * n2
    if u <= 0 or u > pairs:
        return 1.0 if u <= 0 else 0.0
    if not has_exact_distribution(n1, n2):
        return float(special().ndtr(-RankSum(n1, n2, u, 0.0).normal(-0.5)))
    below = _u_cumulative(min(n1, n2), max(n1, n2))
    return float(below[pairs - u])  # U and pairs - U have the same distribution


def critical_u(level: float, n1: int, n2: int) -> int:
    """Return the least k with P(U <= k) > level, hence the rank of the difference that is the bound; 0 for none."""
    check_level(level)
    if has_exact_distribution(n1, n2):
        reached = level * (1.0 + ROUNDING)
        return int(np.searchsorted(_u_cumulative(min(n1, n2), max(n1, n2)), reached, side="right"))
    pairs = n1 * n2
    low, high = -1, pairs // 2  # P(U <= low) <= level < P(U <= high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if u_tail(pairs - middle, n1, n2) <= level else (low, middle)
    return high


@lru_cache(maxsize=32)
def _u_cumulative(fewer: int, more: int) -> Floats:
    """Return P(U <= u) for u = 0..fewer x more, by counting subsets of ranks by their sum: only additions."""
    pairs = fewer * more
    ways = np.zeros((fewer + 1, pairs + 1))
    ways[0, 0] = 1.0
    for rank in range(fewer + more):
        # The j-th chosen rank (from 0) adds rank - j to U: how many of the other arm are below it.
        for j in range(min(fewer, rank + 1) - 1, max(-1, rank - more - 1), -1):
            below = rank - j
            ways[j + 1, below:] += ways[j, : pairs + 1 - below]
    cumulative = np.cumsum(ways[fewer])
    cumulative /= cumulative[-1]
    cumulative.setflags(write=False)
    return cumulative
