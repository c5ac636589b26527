"""Kendall's tau-b: exact null distribution, normal beyond it, and z with the Fieller-Hartley-Pearson variance."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.association.rank import Ranks, RankTests, check_varying, doubled_ranks, tie_sizes
from ophamin_pillars.student import t_quantile, t_tail

CONDITIONS = (
    "independent pairs; at the limit 0 exact below 50 pairs without ties, or up to 8 with; else at least 15 pairs "
    "whose dependence is that of normal variables (any margins), and a limit between -0.6 and 0.6"
)
LARGEST_EXACT = 49
"""Without ties; the distribution costs n^3 / 4 additions."""
LARGEST_ENUMERATED = 8
"""With ties all n! permutations are enumerated."""
LEAST_N_BEYOND_ZERO = 5
FIELLER = 0.437
"""Variance of atanh(tau) times (n - 4) (Fieller, Hartley & Pearson 1957, Biometrika 44:470, eq. 10)."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Concordance:
    """Concordant minus discordant pairs, and what ties leave of all pairs.

    Attributes:
        n: Observations.
        score: Concordant minus discordant pairs.
        ties_x: Sizes of the groups of equal x, groups of one included.
        ties_y: The same of y.
    """

    n: int
    score: int
    ties_x: Ranks
    ties_y: Ranks

    @property
    def tied(self) -> bool:
        return bool((self.ties_x > 1).any() or (self.ties_y > 1).any())

    @property
    def tau(self) -> float:
        """Tau-b: the score over the geometric mean of the pairs untied in x and in y."""
        pairs = self.n * (self.n - 1) // 2
        left, right = (pairs - int((t * (t - 1)).sum()) // 2 for t in (self.ties_x, self.ties_y))
        return self.score / left if left == right else self.score / (math.sqrt(left) * math.sqrt(right))

    @property
    def variance(self) -> float:
        """Variance of the score over all permutations, given the ties (Kendall 1970, eq. 5.3)."""
        n = float(self.n)
        t, u = self.ties_x.astype(np.float64), self.ties_y.astype(np.float64)
        first = n * (n - 1) * (2 * n + 5)
        first -= float((t * (t - 1) * (2 * t + 5)).sum()) + float((u * (u - 1) * (2 * u + 5)).sum())
        second = float((t * (t - 1)).sum()) * float((u * (u - 1)).sum()) / (2 * n * (n - 1))
        third = float((t * (t - 1) * (t - 2)).sum()) * float((u * (u - 1) * (u - 2)).sum())
        return first / 18.0 + second + (third / (9 * n * (n - 1) * (n - 2)) if n > 2 else 0.0)


def concordance(x: Floats, y: Floats) -> Concordance:
    """Count pairs of two arrays of shape (n,), in n log^2 n (Knight 1966, JASA 61:436).

    Raises:
        ValueError: Different shapes, fewer than two pairs, or a column that does not vary.
    """
    check_varying(x, y)
    n = len(x)
    order = np.lexsort((y, x))
    ranks = doubled_ranks(y)[order]
    pairs = n * (n - 1) // 2
    ties_x, ties_y = tie_sizes(x), tie_sizes(y)
    both = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)[1].astype(np.int64)
    tied_x, tied_y, tied_both = (int((t * (t - 1)).sum()) // 2 for t in (ties_x, ties_y, both))
    # Within equal x, y ascends: such pairs are no inversions, and neither are those equal in y.
    discordant = _inversions(ranks)
    return Concordance(n, pairs - tied_x - tied_y + tied_both - 2 * discordant, ties_x, ties_y)


def exact_upper_tail(score: int, n: int) -> float:
    """Return P(score >= seen) at independence, without ties."""
    most = n * (n - 1) // 2
    below = _inversion_sums(n)
    # score = most - 2 discordant, and the distribution is symmetric: always sum the smaller tail.
    discordant = (most - score) // 2
    if score >= 0:
        return float(below[discordant])
    return 1.0 - float(below[most - discordant - 1]) if discordant < most else 1.0


def normal_upper_tail(score: float, variance: float) -> float:
    """Return P(score >= seen) at independence by the normal distribution, without continuity correction (as R)."""
    return float(special().ndtr(-score / math.sqrt(variance)))


def enumerated_tails(x: Floats, y: Floats) -> tuple[float, float]:
    """Return P(score >= seen) and P(score <= seen) over all permutations of at most LARGEST_ENUMERATED pairs."""
    n = len(x)
    signs_x, signs_y = (np.sign(np.subtract.outer(column, column)).astype(np.int8) for column in (x, y))
    orders, scores = _orders(n), np.zeros(math.factorial(n), dtype=np.int8)
    for i, j in itertools.combinations(range(n), 2):
        if signs_x[i, j]:
            scores += signs_x[i, j] * signs_y[orders[i], orders[j]]
    seen = scores[0]  # the first permutation is the identity
    return float((scores >= seen).mean()), float((scores <= seen).mean())


def zero_tails(x: Floats, y: Floats, counted: Concordance) -> tuple[float, float]:
    """Return both p-values of the limit 0: exact without ties below 50 pairs and for few pairs, else normal."""
    if not counted.tied and counted.n <= LARGEST_EXACT:
        return exact_upper_tail(counted.score, counted.n), exact_upper_tail(-counted.score, counted.n)
    if counted.n <= LARGEST_ENUMERATED:
        return enumerated_tails(x, y)
    variance = counted.variance
    return normal_upper_tail(counted.score, variance), normal_upper_tail(-counted.score, variance)


def kendall_tests(x: Floats, y: Floats) -> RankTests:
    """Return the one-sided tests of pairs of shape (n,) each."""
    counted = concordance(x, y)
    n, tails = counted.n, zero_tails(x, y, counted)
    return RankTests(
        n=n,
        estimate=counted.tau,
        greater_at_zero=tails[0],
        less_at_zero=tails[1],
        beyond=lambda estimate, limit: z_upper_tail(estimate, n, limit),
        bound=lambda estimate, level: z_lower(estimate, n, level),
    )


def z_upper_tail(tau: float, n: int, limit: float) -> float:
    """Return the p-value of "at most limit": atanh(tau) is t with n - 4 degrees of freedom around the limit."""
    if abs(limit) >= 1.0:
        return 1.0 if limit > 0.0 else 0.0
    if n < LEAST_N_BEYOND_ZERO:
        return 1.0
    return t_tail((math.atanh(_inside(tau, n)) - math.atanh(limit)) / math.sqrt(FIELLER / (n - 4)), n - 4)


def z_lower(tau: float, n: int, level: float) -> float:
    """Return the limit at which :func:`z_upper_tail` is ``level``; -1 below five pairs."""
    if n < LEAST_N_BEYOND_ZERO:
        return -1.0
    return math.tanh(math.atanh(_inside(tau, n)) - t_quantile(level, n - 4) * math.sqrt(FIELLER / (n - 4)))


def _inside(tau: float, n: int) -> float:
    """Return tau, moved half a step (or what float64 can tell from 1) inwards from 1 or -1, where z is infinite."""
    return math.copysign(min(abs(tau), 1.0 - max(2.0 / (n * (n - 1)), 1e-15)), tau)


@cache
def _orders(n: int) -> npt.NDArray[np.int8]:
    """Return all permutations of n, shape (n, n!)."""
    return np.array(list(itertools.permutations(range(n))), dtype=np.int8).T.copy()


@lru_cache(maxsize=64)
def _inversion_sums(n: int) -> Floats:
    """Return P(at most d inversions) of a random permutation of n, for d = 0 .. n (n - 1) / 2 (Kendall 1938)."""
    masses = np.ones(1)
    for size in range(2, n + 1):
        masses = np.convolve(masses, np.full(size, 1.0 / size))
    sums: Floats = np.minimum(np.cumsum(masses), 1.0)
    return sums


def _inversions(ranks: Ranks) -> int:
    """Return how many pairs i < j have ranks[i] > ranks[j]: blocks of doubling width, merged all at once."""
    n = len(ranks)
    size = 1 << max(0, n - 1).bit_length()
    values = np.full(size, 2 * n + 2, dtype=np.int64)  # padding: greater than every rank, at the end, so never counted
    values[:n] = ranks
    step = 4 * n + 8  # each block gets its own range of values: one search serves all blocks
    total, width = 0, 1
    while width < size:
        blocks = values.reshape(-1, 2 * width)
        offset = np.arange(len(blocks), dtype=np.int64)[:, None] * step
        left, right = (blocks[:, :width] + offset).ravel(), (blocks[:, width:] + offset).ravel()
        not_greater = np.searchsorted(left, right, side="right")
        owned = np.repeat(np.arange(1, len(blocks) + 1, dtype=np.int64) * width, width)
        total += int((owned - not_greater).sum())
        values = np.sort(blocks, axis=1).ravel()
        width *= 2
    return total
