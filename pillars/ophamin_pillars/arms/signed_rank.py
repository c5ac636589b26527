"""The signed-rank test of pairs or one sample (Wilcoxon 1945) and the centre it leads to (Hodges & Lehmann 1963)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.arms._selection import ROUNDING, kth_walsh_average
from ophamin_pillars.arms._tests import ArmTests, Floats, check_level, observations

MOST_EXACT = 200
"""The largest n whose exact distribution is computed (some 2 ms)."""


@dataclass(frozen=True, slots=True)
class SignedRank:
    """The Wilcoxon test of "the differences are symmetric about 0"; zeros are left out.

    Attributes:
        n: Differences that are not 0.
        v: Sum of the ranks of the positive ones, by size, ties sharing their mean rank (R's V).
        ties: Sum of t^3 - t over groups of t differences of equal size; 0 without ties.
        zeros: Differences left out.
    """

    n: int
    v: float
    ties: float
    zeros: int

    @classmethod
    def of(cls, differences: Floats) -> SignedRank:
        """Return the test of ``differences``, shape (n,).

        Raises:
            ValueError: There are none, or one is not finite.
        """
        every = observations("differences", differences, 1)
        kept = every[every != 0.0]
        _, index, sizes = np.unique(np.abs(kept), return_inverse=True, return_counts=True)
        ranks = (np.cumsum(sizes) - 0.5 * (sizes - 1.0))[index.ravel()]
        t = sizes.astype(np.float64)
        return cls(len(kept), float(ranks[kept > 0.0].sum()), float((t**3 - t).sum()), len(every) - len(kept))

    @property
    def exact(self) -> bool:
        """Return whether the p-values are exact: no ties, no zeros, and few enough."""
        return self.ties == 0.0 and self.zeros == 0 and self.n <= MOST_EXACT

    def p_greater(self, *, exact: bool | None = None) -> float:
        """Return the p-value against a positive centre; ``exact`` None leaves the choice to :attr:`exact`."""
        if self.exact if exact is None else exact:
            return v_tail(math.ceil(self.v), self.n)
        return float(special().ndtr(-self.normal(-0.5)))

    def p_less(self, *, exact: bool | None = None) -> float:
        """Return the p-value against a negative centre."""
        mirrored = SignedRank(self.n, 0.5 * self.n * (self.n + 1) - self.v, self.ties, self.zeros)
        return mirrored.p_greater(exact=exact)

    def p_two_sided(self, *, exact: bool | None = None) -> float:
        """Return twice the smaller p-value, 1 at most."""
        return min(1.0, 2.0 * min(self.p_greater(exact=exact), self.p_less(exact=exact)))

    def normal(self, correction: float = 0.0) -> float:
        """Return the normal deviate of v + correction, its variance corrected for ties; 0 if nothing is left."""
        n = self.n
        variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - self.ties / 48.0
        return (self.v + correction - 0.25 * n * (n + 1.0)) / math.sqrt(variance) if variance > 0.0 else 0.0


@dataclass(frozen=True, slots=True)
class SymmetryCentre(ArmTests):
    """One-sided tests and bounds of the centre of a symmetric distribution, by Walsh averages (Hodges & Lehmann 1963).

    A Walsh average counts for "centre > d" only if it is above d: exact for continuous symmetric observations,
    conservative with ties.

    Attributes:
        x: Observations (or differences of pairs), sorted.
    """

    x: Floats

    @classmethod
    def of(cls, x: Floats) -> SymmetryCentre:
        """Return the tests of ``x``.

        Raises:
            ValueError: It is empty or not finite.
        """
        return cls(np.sort(observations("x", x, 1)))

    @property
    def n(self) -> int:
        return len(self.x)

    @property
    def exact(self) -> bool:
        """Return whether the signed-rank distribution is computed, not approximated."""
        return self.n <= MOST_EXACT

    @property
    def estimate(self) -> float:
        """Return the pseudo-median: the median of all Walsh averages."""
        return 0.5 * (kth_walsh_average(self.x, (self._all + 1) // 2) + kth_walsh_average(self.x, self._all // 2 + 1))

    @property
    def spread(self) -> None:
        return None

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "centre <= limit"."""
        return v_tail(_averages_above(self.x, limit), self.n)

    def p_less(self, limit: float) -> float:
        """Return the p-value of "centre >= limit"."""
        return v_tail(_averages_above(-self.x[::-1], -limit), self.n)

    def lower_bound(self, level: float) -> float | None:
        """Return the lower bound at ``level``; None when there are too few observations for one."""
        k = critical_v(level, self.n)
        return None if k == 0 else kth_walsh_average(self.x, k)

    def upper_bound(self, level: float) -> float | None:
        """Return the upper bound at ``level``; None when there are too few observations for one."""
        k = critical_v(level, self.n)
        return None if k == 0 else kth_walsh_average(self.x, self._all + 1 - k)

    @property
    def _all(self) -> int:
        return self.n * (self.n + 1) // 2


def v_tail(v: int, n: int) -> float:
    """Return P(V >= v) without ties: exact up to :data:`MOST_EXACT`, else normal with continuity correction."""
    largest = n * (n + 1) // 2
    if v <= 0 or v > largest:
        return 1.0 if v <= 0 else 0.0
    if n > MOST_EXACT:
        return float(special().ndtr(-SignedRank(n, v, 0.0, 0).normal(-0.5)))
    return float(_v_cumulative(n)[largest - v])  # V and largest - V have the same distribution


def critical_v(level: float, n: int) -> int:
    """Return the least k with P(V <= k) > level, hence the rank of the Walsh average that is the bound; 0 for none."""
    check_level(level)
    if n <= MOST_EXACT:
        return int(np.searchsorted(_v_cumulative(n), level * (1.0 + ROUNDING), side="right"))
    largest = n * (n + 1) // 2
    low, high = -1, largest // 2  # P(V <= low) <= level < P(V <= high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if v_tail(largest - middle, n) <= level else (low, middle)
    return high


def _averages_above(x: Floats, limit: float) -> int:
    """Return how many Walsh averages of the sorted ``x`` are above ``limit`` by more than rounding."""
    above = x - limit - ROUNDING * max(float(np.abs(x).max()), abs(limit))
    ordered_pairs = int((len(x) - np.searchsorted(above, -above, side="right")).sum())
    return (ordered_pairs + int((above > 0.0).sum())) // 2


@lru_cache(maxsize=32)
def _v_cumulative(n: int) -> Floats:
    """Return P(V <= v) for v = 0..n (n + 1) / 2, by tossing a coin for each rank: only additions."""
    masses = np.zeros(n * (n + 1) // 2 + 1)
    masses[0] = 1.0
    for rank in range(1, n + 1):
        masses *= 0.5
        masses[rank:] += masses[: len(masses) - rank].copy()
    cumulative = np.cumsum(masses)
    cumulative.setflags(write=False)
    return cumulative
