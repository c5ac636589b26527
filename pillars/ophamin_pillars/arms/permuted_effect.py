"""The relative effect of two small arms: the studentised statistic against its distribution over permutations.

Neubert & Brunner 2007 for the effect 1/2; Pauly, Asendorf & Konietschke 2016 for others, and for the logit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import ArmTests, Floats, check_level
from ophamin_pillars.arms.permutation import SEED, Allocations, allocations_of
from ophamin_pillars.arms.relative_effect import RelativeEffect

TIE = 1e-9
"""Statistics nearer than this are the same number."""


@dataclass(frozen=True, slots=True)
class PermutedEffect(ArmTests):
    """The same statistic against its distribution over permutations.

    At 1/2, and if the arms have the same distribution, the test is exact; else it is approximate, and better than t.

    Attributes:
        tests: The statistic.
        null: Its distinct values over permutations (null effect 1/2), rising, shape (k,).
        reaching: The share of permutations with at least each value, shape (k,); where permutations were drawn, the way
            seen counts as one more.
        within: The share of permutations with at most each value.
    """

    tests: RelativeEffect
    null: Floats
    reaching: Floats
    within: Floats

    @classmethod
    def of(cls, x: Floats, y: Floats, *, logit: bool = False, seed: int = SEED) -> PermutedEffect:
        """Return the tests of arms ``x`` and ``y``; see :class:`RelativeEffect` for errors."""
        tests = RelativeEffect.of(x, y, logit=logit)
        _, sizes = np.unique(np.concatenate([x, y]), return_counts=True)
        return cls(tests, *_null_distribution(tests.n1, tuple(sizes.tolist()), logit, seed))

    @property
    def n(self) -> int:
        return self.tests.n

    @property
    def estimate(self) -> float:
        return self.tests.estimate

    @property
    def spread(self) -> None:
        return None

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "effect <= limit"."""
        return self._share_reaching(self.tests.statistic(limit))

    def p_less(self, limit: float) -> float:
        """Return the p-value of "effect >= limit"."""
        return self._share_within(self.tests.statistic(limit))

    def p_two_sided(self) -> float:
        """Return the p-value of "effect = 1/2": the share of permutations whose statistic is as far from 0."""
        distance = abs(self.tests.statistic(0.5))
        return min(1.0, self._share_reaching(distance) + self._share_within(-distance))

    def lower_bound(self, level: float) -> float:
        """Return the lower bound at ``level``; 0 when no statistic would reject."""
        check_level(level)
        accepted = int((self.reaching > level * (1.0 + TIE)).sum())
        return self.tests.bound_at(-float(self.null[accepted - 1])) if accepted < len(self.null) else 0.0

    def upper_bound(self, level: float) -> float:
        """Return the upper bound at ``level``; 1 when no statistic would reject."""
        check_level(level)
        rejected = int((self.within <= level * (1.0 + TIE)).sum())
        return self.tests.bound_at(-float(self.null[rejected])) if rejected else 1.0

    def _share_reaching(self, statistic: float) -> float:
        # A statistic beyond all permutations is no rarer than the greatest of them.
        at = int(np.searchsorted(self.null, statistic - TIE))
        return float(self.reaching[min(at, len(self.null) - 1)])

    def _share_within(self, statistic: float) -> float:
        at = int(np.searchsorted(self.null, statistic + TIE, side="right"))
        return float(self.within[max(at - 1, 0)])


@lru_cache(maxsize=8)
def _null_distribution(n1: int, sizes: tuple[int, ...], logit: bool, seed: int) -> tuple[Floats, Floats, Floats]:  # noqa: FBT001
    """Return the distinct statistics of "effect = 1/2" over all ways, and the shares reaching and within each.

    It depends on the data through ties only, so arms of the same size without ties share it.
    """
    ways = allocations_of(n1, sizes, seed=seed)
    statistics = np.round(_null_statistics(ways, n1, sum(sizes) - n1, logit=logit), 9)
    values, index = np.unique(statistics, return_inverse=True)
    weights = np.bincount(index.ravel(), weights=ways.weights)
    added = 0.0 if ways.exact else 1.0
    total = float(weights.sum()) + added
    reaching = np.asarray((np.cumsum(weights[::-1])[::-1] + added) / total, dtype=np.float64)
    return values, reaching, np.asarray((np.cumsum(weights) + added) / total, dtype=np.float64)


def _null_statistics(ways: Allocations, n1: int, n2: int, *, logit: bool) -> Floats:
    """Return the statistic of "effect = 1/2" for every way."""
    first = ways.first.astype(np.float64)
    second = ways.sizes - first
    below_x = (np.cumsum(second, axis=1) - 0.5 * second) / n2
    below_y = (np.cumsum(first, axis=1) - 0.5 * first) / n1
    effect = (second * below_y).sum(axis=1) / n2
    squares_x = (first * (below_x - (1.0 - effect)[:, None]) ** 2).sum(axis=1) / (n1 * (n1 - 1))
    squares_y = (second * (below_y - effect[:, None]) ** 2).sum(axis=1) / (n2 * (n2 - 1))
    half = 0.5 / (n1 * n2)
    separated = (effect < half) | (effect > 1.0 - half)
    within = np.clip(effect, half, 1.0 - half)
    error = np.where(separated, math.sqrt(2.0) * half, np.sqrt(squares_x + squares_y))
    if logit:
        return np.asarray(special().logit(within) * within * (1.0 - within) / error, dtype=np.float64)
    return np.asarray((within - 0.5) / error, dtype=np.float64)
