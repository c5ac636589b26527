"""Reach, power and size of exact binomial tests: enumerated, not approximated.

The power of an exact test is saw-toothed in n. The size of a claim is therefore the least n from which power never
drops below its target again, not the first n that reaches it (29 and not 25 for 0.3 against 0.1 at power 0.8).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ophamin_pillars._special import betaincc, betainccinv, special
from ophamin_pillars.binomial import (
    Counts,
    Floats,
    greatest_rejecting,
    least_n_all_successes,
    least_rejecting,
    lower_tail,
    upper_tail,
)

LARGEST_SIZE = 10_000_000


@dataclass(frozen=True, slots=True)
class BinomialTest:
    """One binomial test: ``greater`` rejects "p <= null", otherwise "p >= null" is rejected."""

    greater: bool
    null: float

    @property
    def upward(self) -> BinomialTest:
        """The same test told as a ``greater`` one, by counting failures where it counts successes."""
        return self if self.greater else BinomialTest(greater=True, null=1.0 - self.null)

    def least_n(self, level: float) -> int:
        """Return the least n at which the best sample rejects."""
        return least_n_all_successes(self.upward.null, level)

    def accepts_from(self, n: int, level: float) -> tuple[int, int]:
        """Return the range ``(least, greatest)`` of counts that reject; empty when least > greatest."""
        if self.greater:
            return least_rejecting(n, self.null, level), n
        return 0, greatest_rejecting(n, self.null, level)

    def power(self, n: int, level: float, truth: float) -> float:
        """Return P(reject) when the proportion is ``truth``."""
        return power_of((self,), n, level, truth)

    def detectable(self, n: int, level: float, power: float) -> float | None:
        """Return the proportion nearest to the null at which the power is ``power``; None when no count rejects."""
        least, greatest = self.accepts_from(n, level)
        if least > greatest:
            return None
        sp = special()
        if self.greater:
            return float(sp.betaincinv(least, n - least + 1, power)) if least else 0.0
        return float(betainccinv(greatest + 1, n - greatest, power)) if greatest < n else 1.0


def power_of(tests: tuple[BinomialTest, ...], n: int, level: float, truth: float) -> float:
    """Return P(all ``tests`` reject) when the proportion is ``truth``: they look at one count."""
    ranges = [test.accepts_from(n, level) for test in tests]
    least, greatest = max(r[0] for r in ranges), min(r[1] for r in ranges)
    if least > greatest:
        return 0.0
    if greatest >= n:
        return upper_tail(least, n, truth)
    if least <= 0:
        return lower_tail(greatest, n, truth)
    return max(0.0, lower_tail(greatest, n, truth) - lower_tail(least - 1, n, truth))


def least_n_both(lower: BinomialTest, upper: BinomialTest, level: float, start: int) -> int | None:
    """Return the least n >= start at which one count makes both tests reject, or None.

    The critical counts move in steps, so a larger n can be infeasible again: every n from ``start`` on is tried, except
    far below the normal approximation of a narrow pair of limits.
    """
    lo, hi = lower.null, upper.null
    z = -float(special().ndtri(level))
    normal = (z * (math.sqrt(lo * (1.0 - lo)) + math.sqrt(hi * (1.0 - hi))) / (hi - lo)) ** 2
    first, width = max(start, 1, int(0.8 * normal) if normal > 100_000 else 1), 256
    while first <= LARGEST_SIZE:
        n = np.arange(first, first + width, dtype=np.int64)
        least, greatest = _accepted(n, lower, upper, level)
        feasible = np.flatnonzero(least <= greatest)
        if len(feasible):
            return int(n[feasible[0]])
        first, width = first + width, min(2 * width, 65_536)
    return None


def size_of_both(lower: BinomialTest, upper: BinomialTest, level: float, truth: float, power: float) -> int | None:
    """Return the least n from which P(both tests reject) never drops below ``power``, or None."""
    # Where each test alone misses half of what both may miss, both together are powerful enough: go down from there.
    halves = [size_of(test, level, truth, 0.5 * (1.0 + power)) for test in (lower, upper)]
    if halves[0] is None or halves[1] is None:
        return None
    sp = special()

    def powers(n: Counts) -> Floats:
        least, greatest = _accepted(n, lower, upper, level)
        inside = np.clip(greatest, 0, n)
        below = np.where(greatest >= n, 1.0, betaincc(inside + 1, np.maximum(n - inside, 1), truth))
        both = below - np.where(least <= 0, 0.0, 1.0 - sp.betainc(np.maximum(least, 1), n - least + 1, truth))
        return np.where(least <= greatest, both, 0.0)

    return last_miss(powers, max(halves[0], halves[1]), power)


def _accepted(n: Counts, lower: BinomialTest, upper: BinomialTest, level: float) -> tuple[Counts, Counts]:
    return critical_counts(n, lower.null, level), n - critical_counts(n, upper.upward.null, level)


def size_of(test: BinomialTest, level: float, truth: float, power: float) -> int | None:
    """Return the least n from which the power never drops below ``power``, or None when there is none.

    Powers are enumerated from above: the last n that misses the target is the answer minus one. The window starts so
    far above the normal approximation that the teeth, whose height falls like n ** -1/2, no longer reach the target.
    """
    up, p1 = (test, truth) if test.greater else (test.upward, 1.0 - truth)
    p0 = up.null
    if p1 <= p0:
        return None
    sp = special()
    za, zb = -float(sp.ndtri(level)), float(sp.ndtri(power))
    normal = ((za * math.sqrt(p0 * (1 - p0)) + zb * math.sqrt(p1 * (1 - p1))) / (p1 - p0)) ** 2
    if normal > LARGEST_SIZE:
        return None
    high = int(1.3 * normal + 20.0 / (p1 - p0) + 4.0 * up.least_n(level)) + 50
    return last_miss(lambda n: _powers(n, p0, level, p1), high, power)


def last_miss(powers: Callable[[Counts], Floats], high: int, power: float) -> int:
    """Return one more than the last n <= high whose power is below ``power``; 1 when there is none."""
    width = 256
    while high > 0:
        n = np.arange(max(1, high - width + 1), high + 1, dtype=np.int64)
        missing = np.flatnonzero(powers(n) < power)
        if len(missing):
            return int(n[missing[-1]]) + 1
        high, width = int(n[0]) - 1, min(2 * width, 16_384)
    return 1


def _powers(n: Counts, p0: float, level: float, p1: float) -> Floats:
    """Return the power of the ``greater`` test for each n."""
    critical = critical_counts(n, p0, level)
    inside = np.minimum(critical, n)
    tails = special().betainc(inside, n - inside + 1, p1)
    return np.where(critical > n, 0.0, tails)


def critical_counts(n: Counts, p0: float, level: float) -> Counts:
    """Return, for each n, the least count with P(X >= count) <= level under p0; n + 1 when there is none."""
    sp = special()
    guess = n * p0 - float(sp.ndtri(level)) * np.sqrt(n * p0 * (1 - p0))
    k: Counts = np.clip(np.ceil(guess).astype(np.int64), 1, n + 1)
    while True:
        above = (k <= n) & ~_rejects(k, n, p0, level)
        below = (k > 1) & _rejects(k - 1, n, p0, level)
        if not above.any() and not below.any():
            return k
        k = np.add(k, above.astype(np.int64) - (below & ~above))


def _rejects(k: Counts, n: Counts, p0: float, level: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    inside = np.clip(k, 1, n)
    # 1 + 5e-13: what rounding a p-value to 12 significant digits lets pass.
    tails = special().betainc(inside, n - inside + 1, p0) <= level * (1.0 + 5e-13)
    return np.where(k > n, True, tails)
