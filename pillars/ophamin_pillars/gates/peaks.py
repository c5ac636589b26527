"""Memory: exact sign tests of the median of pair ratios, over looks.

Peaks of a deterministic program are the same in every pair, so a t test has no variance to work with. The sign test
needs none: pairs on the good side of the limit are counted, ties as for quantiles, and boundaries are exact counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars.binomial import needed_greater
from ophamin_pillars.gates.logs import whole_blocks
from ophamin_pillars.gates.looks import SPENDING
from ophamin_pillars.sequential.group_counts import group_counts
from pytest_ophamin.pillars import minus, number, plus, round12

Floats = npt.NDArray[np.float64]
_NEVER = 5e-324
"""Level of the side a one-sided design does not have."""


@dataclass(frozen=True, slots=True, eq=False)
class CountLooks:
    """An exact one-sided test of "no more than half lie on this side" over looks."""

    looks: tuple[int, ...]
    least: tuple[int, ...]
    """Count that stops at each look but the last; one more than its pairs where none does."""
    tails: tuple[tuple[float, ...], ...]
    """Stage-wise p-value at each look, by count: of stopping earlier, or going on and counting as many here."""

    def stops(self, place: int, count: int) -> bool:
        """Return whether a count stops at a look before the last."""
        return count >= self.least[place]

    def rejecting(self, place: int, level: float) -> int:
        """Return the least count that rejects at a look: at the last, whose stage-wise p-value is within ``level``."""
        if place < len(self.looks) - 1:
            return self.least[place]
        tails = self.tails[place]
        return next((count for count, p in enumerate(tails) if round12(p) <= level), len(tails))


@lru_cache(maxsize=256)
def count_looks(looks: tuple[int, ...], level: float) -> CountLooks:
    """Return the design that spends ``level`` over ``looks``, each boundary the most generous one that keeps it."""
    upper = group_counts(looks, 0.5, 0.5, level, _NEVER, spending=SPENDING).boundaries.upper
    least = tuple(int(upper[look]) for look in looks)
    alive, stopped, tails = np.ones(1), 0.0, []
    for before, look, stop in zip((0, *looks[:-1]), looks, least, strict=True):
        alive = np.convolve(alive, _halves(look - before))
        found = stopped + np.cumsum(alive[::-1])[::-1]
        tails.append(tuple(np.minimum(1.0, found).tolist()))
        stopped += float(alive[stop:].sum())
        alive[stop:] = 0.0
    return CountLooks(looks, least, tuple(tails))


def _halves(n: int) -> Floats:
    """Return the binomial probabilities of 0 to n of n."""
    found = np.ones(1)
    for _ in range(n):
        found = np.convolve(found, (0.5, 0.5))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class PeakTests:
    """Exact one-sided tests of the median of ``ratios``, shape (n,), over the looks of one sample."""

    ratios: Floats
    looks: tuple[int, ...]
    counted: tuple[int, ...]
    """Places of the looks that count; the last is the end."""
    allocated: int
    spread: None = None

    @property
    def n(self) -> int:
        return len(self.ratios)

    @property
    def estimate(self) -> float:
        return float(np.median(self.ratios))

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "median <= limit - slack" (strict), or "median < limit - slack"."""
        moved = minus(limit, slack)
        return self._p(self.ratios > moved if strict else self.ratios >= moved, level)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "median >= limit + slack" (strict), or "median > limit + slack"."""
        moved = plus(limit, slack)
        return self._p(self.ratios < moved if strict else self.ratios <= moved, level)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the greatest limit :meth:`greater` takes as reached: a pair ratio, or None."""
        del slack
        found = [np.sort(self.ratios[:n])[n - count] for n, count in self._rejecting(level) if 1 <= count <= n]
        return float(max(found)) if found else None

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the least limit :meth:`less` takes as kept: a pair ratio, or None."""
        del slack
        found = [np.sort(self.ratios[:n])[count - 1] for n, count in self._rejecting(level) if 1 <= count <= n]
        return float(min(found)) if found else None

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Return the null as a statement about the median."""
        if side == "greater":
            return f"median of memory ratios {'<=' if strict else '<'} {number(minus(limit, slack))}"
        return f"median of memory ratios {'>=' if strict else '>'} {number(plus(limit, slack))}"

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least even number of pairs, looked at once, at which the same share rejects."""
        moved = minus(limit, slack) if side == "greater" else plus(limit, slack)
        x = self.ratios if side == "greater" else -self.ratios
        moved = moved if side == "greater" else -moved
        count = int(np.count_nonzero(x > moved if strict else x >= moved))
        found = needed_greater(count, self.n, 0.5, level, start)
        while found is not None and found % 2:
            found = needed_greater(count, self.n, 0.5, level, whole_blocks(found))
        return found

    def _p(self, good: npt.NDArray[np.bool_], level: float) -> float:
        design, counts = count_looks(self.looks, level / self.allocated), np.cumsum(good)
        for place in self.counted:
            count = int(counts[self.looks[place] - 1])
            if place == len(self.looks) - 1 or design.stops(place, count):
                return design.tails[place][count]
        return 1.0

    def _rejecting(self, level: float) -> list[tuple[int, int]]:
        design = count_looks(self.looks, level / self.allocated)
        return [(self.looks[place], design.rejecting(place, level)) for place in self.counted]
