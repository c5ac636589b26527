"""Exact unconditional tests of p1 - p2 <= d: the worst case over the nuisance parameter (Chan 1998, Buehler 1957).

All tables at least as extreme as the one seen form a region; its greatest probability under the null is the p-value.
The regions used here grow with x1 and shrink with x2 (Barnard's convexity), so the greatest probability over
"p1 - p2 <= d" lies on the line p1 - p2 = d (Roehmel & Mansmann 1999), where it is searched.

Chan orders tables by the score statistic of the limit that is tested. Another limit is then another order, and his
p-value may fall where the limit rises (by up to .12 for arms of unequal size), so that no interval agrees with it. The
deciding tests order tables by their score bound at the level of the decision instead (Buehler 1957; Kabaila & Lloyd
2003): one region for all limits, hence a p-value that only rises with the limit. Near the decision both orders agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import ArmTests, Counts, Floats, brent, check_arm
from ophamin_pillars.arms.score_difference import ScoreDifference, score
from pytest_ophamin.pillars import minus

MOST_TRIALS = 2_000
"""Trials of both arms together; a p-value of so many takes 30 ms, a bound 300 ms."""
TIE = 1e-9
"""Statistics nearer than this, relatively, are the same number."""
PEAKS, MOST_PEAKS = 0.5, 4
"""So many local maxima, above this share of the greatest one seen, are looked at closely."""
BOUND_WIDTH = 1e-8
"""Bounds are searched to this width and rounded outwards."""


@dataclass(frozen=True, slots=True)
class UnconditionalDifference(ArmTests):
    """Exact tests of p1 - p2 for x1 of n1 against x2 of n2 successes.

    Attributes:
        x1: Successes of the first arm.
        n1: Trials of the first arm.
        x2: Successes of the second arm.
        n2: Trials of the second arm.

    Raises:
        ValueError: A count is impossible, or there are more than :data:`MOST_TRIALS` trials.
    """

    x1: int
    n1: int
    x2: int
    n2: int

    def __post_init__(self) -> None:
        check_arm("1", self.x1, self.n1)
        check_arm("2", self.x2, self.n2)
        if self.n > MOST_TRIALS:
            raise ValueError(f"expected at most {MOST_TRIALS} trials in both arms (else the score test), got {self.n}")

    @property
    def n(self) -> int:
        return self.n1 + self.n2

    @property
    def estimate(self) -> float:
        return self.x1 / self.n1 - self.x2 / self.n2

    @property
    def spread(self) -> None:
        return None

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "p1 - p2 <= limit - slack"; ``level`` orders the tables."""
        del strict
        d = minus(limit, slack)
        return _certain(self, d) if abs(d) >= 1.0 else worst_probability(self._region(level), self.n1, d)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "p1 - p2 >= limit + slack"; ``level`` orders the tables."""
        return self._swapped().greater(-limit, slack=slack, strict=strict, level=level)

    def lower_bound(self, level: float) -> float:
        """Return the least difference :meth:`greater` does not reject at ``level``."""
        region = self._region(level)
        if not region.any():
            return -1.0  # every table belongs to it
        root = brent(lambda d: self._beyond(region, d) - level, -1.0, 1.0, BOUND_WIDTH)
        return max(-1.0, root - BOUND_WIDTH)

    def upper_bound(self, level: float) -> float:
        """Return the greatest difference :meth:`less` does not reject at ``level``."""
        return -self._swapped().lower_bound(level)

    def p_greater(self, limit: float) -> float:
        """Return Chan's p-value of "p1 - p2 <= limit": tables ordered by the score statistic of this limit."""
        if abs(limit) >= 1.0:
            return _certain(self, limit)
        seen = float(score(self.x1, self.n1, self.x2, self.n2, limit))
        return worst_probability(least_extreme(self.n1, self.n2, limit, seen), self.n1, limit)

    def p_less(self, limit: float) -> float:
        """Return Chan's p-value of "p1 - p2 >= limit"."""
        return self._swapped().p_greater(-limit)

    def _beyond(self, region: Counts, limit: float) -> float:
        return worst_probability(region, self.n1, limit) if abs(limit) < 1.0 else float(limit > 0.0)

    def _region(self, level: float) -> Counts:
        """Return all tables whose lower score bound at ``level`` is at least that of this one."""
        bound = ScoreDifference(self.x1, self.n1, self.x2, self.n2, corrected=False).lower_bound(level)
        if bound <= -1.0:
            return np.zeros(self.n2 + 1, dtype=np.int64)
        return least_extreme(self.n1, self.n2, bound, float(score(self.x1, self.n1, self.x2, self.n2, bound)))

    def _swapped(self) -> UnconditionalDifference:
        return UnconditionalDifference(self.x2, self.n2, self.x1, self.n1)


def _certain(table: UnconditionalDifference, limit: float) -> float:
    """Return the p-value of "p1 - p2 <= limit" for a limit at or beyond an end, where nothing is left to chance."""
    if limit >= 1.0:
        return 1.0
    return 0.0 if limit < -1.0 or table.estimate > -1.0 else 1.0


def least_extreme(n1: int, n2: int, difference: float, seen: float) -> Counts:
    """Return, for each x2, the least x1 whose score statistic reaches ``seen``; n1 + 1 where none does.

    The statistic rises with x1, so halving finds it for all x2 at once.
    """
    x2 = np.arange(n2 + 1)
    reached = seen - TIE * (1.0 + abs(seen)) if math.isfinite(seen) else seen
    low, high = np.full(n2 + 1, -1), np.full(n2 + 1, n1 + 1)
    for _ in range((n1 + 2).bit_length()):
        middle = (low + high) // 2
        reaches = (score(np.clip(middle, 0, n1), n1, x2, n2, difference) >= reached) & (middle >= 0)
        open_still = high - low > 1
        high = np.where(open_still & reaches, middle, high)
        low = np.where(open_still & ~reaches, middle, low)
    return high.astype(np.int64)


def worst_probability(least: Counts, n1: int, difference: float) -> float:
    """Return the greatest probability of a region of tables over all p1, p2 with p1 - p2 <= difference.

    Args:
        least: The region: for each x2 = 0..n2 the least x1 that belongs to it, n1 + 1 for none. It is closed under
            "less of x2", without which the boundary need not be the worst case.
        n1: Trials of the first arm.
        difference: Strictly between -1 and 1.

    Returns:
        The maximum, to about nine digits.
    """
    closed = np.minimum.accumulate(least[::-1])[::-1]
    p2 = _nuisance_grid(n1, len(least) - 1, difference)
    found = _probability(closed, n1, p2, difference)
    best = float(found.max())
    peaks = np.flatnonzero((found >= np.roll(found, 1)) & (found >= np.roll(found, -1)) & (found >= PEAKS * best))
    for peak in peaks[np.argsort(found[peaks])][-MOST_PEAKS:]:
        ends = float(p2[max(0, peak - 1)]), float(p2[min(len(p2) - 1, peak + 1)])
        best = max(best, _refined(closed, n1, difference, *ends))
    return min(1.0, best)


def _refined(least: Counts, n1: int, difference: float, low: float, high: float) -> float:
    """Return the maximum between ``low`` and ``high``, zooming in eightfold four times."""
    best = 0.0
    for _ in range(4):
        p2 = np.linspace(low, high, 17)
        found = _probability(least, n1, p2, difference)
        at = int(np.argmax(found))
        low, high, best = float(p2[max(0, at - 1)]), float(p2[min(16, at + 1)]), max(best, float(found[at]))
    return best


def _probability(least: Counts, n1: int, p2: Floats, difference: float) -> Floats:
    """Return P(X1 >= least[X2]) for each p2, with p1 = p2 + difference."""
    first = binomial_masses(n1, np.clip(p2 + difference, 0.0, 1.0))
    tails = np.zeros((len(p2), n1 + 2))
    tails[:, :-1] = np.cumsum(first[:, ::-1], axis=1)[:, ::-1]
    second = binomial_masses(len(least) - 1, p2)
    return np.asarray((second * tails[:, least]).sum(axis=1), dtype=np.float64)


def _nuisance_grid(n1: int, n2: int, difference: float) -> Floats:
    """Return p2 at even steps of arcsin(sqrt(p)) of either arm: there probabilities change on the scale 1 / sqrt(n)."""
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    steps = 32 + 6 * math.isqrt(n1 + n2)
    second = _even_angles(low, high, steps)
    first = _even_angles(max(0.0, low + difference), min(1.0, high + difference), steps) - difference
    return np.asarray(np.clip(np.unique(np.concatenate([second, first])), low, high), dtype=np.float64)


def _even_angles(low: float, high: float, steps: int) -> Floats:
    angles = np.linspace(math.asin(math.sqrt(low)), math.asin(math.sqrt(high)), steps)
    return np.asarray(np.sin(angles) ** 2, dtype=np.float64)


def binomial_masses(n: int, p: Floats) -> Floats:
    """Return P(X = k) for k = 0..n (columns) and each p (rows)."""
    sp, k = special(), np.arange(n + 1, dtype=np.float64)
    counts = sp.gammaln(n + 1.0) - sp.gammaln(k + 1.0) - sp.gammaln(n - k + 1.0)
    with np.errstate(divide="ignore"):
        # Nearly minus infinity, so that 0 x log 0 is 0.
        success, failure = np.maximum(np.log(p), -1e300), np.maximum(np.log1p(-p), -1e300)
    return np.asarray(np.exp(counts + np.outer(success, k) + np.outer(failure, n - k)), dtype=np.float64)
