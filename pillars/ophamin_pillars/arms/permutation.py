"""Exact permutation tests: all ways the pooled observations could have fallen into the two arms (Fisher 1935).

Equal observations are interchangeable, so ways are counted by how many of each distinct value the first arm got. Where
even these are too many, a seeded sample of ways is drawn, and the one seen is counted with them (Phipson & Smyth 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ophamin_pillars.arms._tests import Counts, Floats, observations
from ophamin_pillars.arms.allocations import number_of_spreads, spreads, ways_of

MOST_WAYS = 200_000
"""Distinct ways enumerated before drawing starts: ten against ten without ties are 184,756."""
DRAWS = 20_000
SEED = 20_261_124
TIE = 1e-12
"""Statistics nearer than this, relatively, are the same number."""


@dataclass(frozen=True, slots=True)
class Allocations:
    """Ways to share the pooled sample out.

    Attributes:
        sizes: How often each distinct value occurs in both arms, by rising value, shape (k,).
        first: How many of each the first arm gets, shape (ways, k).
        weights: How many permutations each way stands for, shape (ways,).
        exact: Whether these are all ways; else a sample, to which the way seen is to be added.
    """

    sizes: Counts
    first: Counts
    weights: Floats
    exact: bool

    def share(self, at_least_as_extreme: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
        """Return the p-value, given which ways are at least as extreme as the one seen."""
        extra = 0.0 if self.exact else 1.0
        return float(self.weights[at_least_as_extreme].sum() + extra) / float(self.weights.sum() + extra)


def allocations_of(
    n1: int, sizes: Sequence[int], *, most: int = MOST_WAYS, draws: int = DRAWS, seed: int = SEED
) -> Allocations:
    """Return all ways the pooled observations could fall into the two arms, or a sample of them.

    Args:
        n1: Observations of the first arm.
        sizes: How often each distinct value occurs in both arms together, shape (k,).
        most: The most distinct ways that are enumerated.
        draws: How many are drawn when there are more.
        seed: Seed of the drawing.

    Returns:
        The ways.
    """
    pooled = np.asarray(sizes, dtype=np.int64)
    if number_of_spreads(n1, sizes) <= most:
        first = spreads(n1, sizes)
        return Allocations(pooled, first, ways_of(first, sizes), exact=True)
    generator = np.random.default_rng(seed)
    drawn = generator.multivariate_hypergeometric(pooled, n1, size=draws, method="marginals")
    return Allocations(pooled, drawn, np.ones(draws), exact=False)


@dataclass(frozen=True, slots=True)
class MeanPermutation:
    """The permutation test of the difference of means.

    Attributes:
        statistic: Mean of the first arm minus mean of the second.
        p_greater: P-value against a greater first arm.
        p_less: P-value against a smaller one.
        permutations: How many permutations it rests on.
        exact: Whether these are all.
    """

    statistic: float
    p_greater: float
    p_less: float
    permutations: int
    exact: bool

    @property
    def p_two_sided(self) -> float:
        """Return twice the smaller p-value."""
        return min(1.0, 2.0 * min(self.p_greater, self.p_less))


def permute_means(x: Floats, y: Floats, *, shift: float = 0.0, seed: int = SEED) -> MeanPermutation:
    """Test "x - shift and y have the same distribution" by the difference of their means.

    Args:
        x: First arm, shape (n1,).
        y: Second arm, shape (n2,).
        shift: Taken off the first arm under the null.
        seed: Seed of the drawing where there are too many permutations.

    Returns:
        The test; exact in level whatever the distribution is.

    Raises:
        ValueError: An arm is empty or not finite.
    """
    first, second = observations("x", x, 1) - shift, observations("y", y, 1)
    values, sizes = np.unique(np.concatenate([first, second]), return_counts=True)
    ways = allocations_of(len(first), sizes.tolist(), seed=seed)
    # The pooled sum is fixed, so the sum of the first arm orders ways as the difference of means does.
    centre = float(values.mean())
    sums = ways.first @ (values - centre)
    seen = float((first - centre).sum())
    tie = TIE * float(np.abs(values - centre) @ ways.sizes)
    return MeanPermutation(
        statistic=float(first.mean() - second.mean()),
        p_greater=ways.share(sums >= seen - tie),
        p_less=ways.share(sums <= seen + tie),
        permutations=int(ways.weights.sum()),
        exact=ways.exact,
    )
