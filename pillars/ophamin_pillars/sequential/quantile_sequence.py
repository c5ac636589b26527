"""Confidence sequences for one quantile, and an always-valid comparison of two samples at a quantile.

"The q-quantile is at most x" says that observations up to x have a proportion of at least q: counts and the mixture
e-processes of 0/1 data decide it (Howard & Ramdas 2022, Bernoulli 28:1704-1728, Thm 1). Distribution-free; ties only
make it more cautious.
"""

from __future__ import annotations

import bisect
import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.sequential._roots import falling_roots
from ophamin_pillars.sequential.boundaries import normal_precision
from ophamin_pillars.sequential.mixture import JEFFREYS, BetaMixture

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def critical_counts(n: npt.ArrayLike, p0: float, level: float, mixture: BetaMixture = JEFFREYS) -> Counts:
    """Return the least successes in ``n`` trials that give e >= 1 / level against "the proportion is at most p0".

    Args:
        n: Numbers of trials, shape (k,).
        p0: Strictly between 0 and 1.
        level: In (0, 1).
        mixture: Its parameters are numbers.

    Returns:
        Counts, shape (k,); n + 1 where none is enough. e rises with the count.

    Raises:
        ValueError: p0 or the level is outside its range.
    """
    if not (0.0 < p0 < 1.0 and 0.0 < level < 1.0):
        raise ValueError(f"p0 and the level lie strictly between 0 and 1, not at {p0} and {level}")
    trials = np.asarray(n, dtype=np.int64)
    low, high = np.floor(p0 * trials).astype(np.int64) - 1, trials + 1  # at low e is below 1
    while (high - low > 1).any():
        middle = (low + high) // 2
        tried = np.maximum(middle, 0)
        enough = mixture.greater(tried, trials - tried, p0) >= -math.log(level)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def quantile_sequence(
    x: Floats, q: float, level_lower: float, level_upper: float, mixture: BetaMixture = JEFFREYS
) -> tuple[Floats, Floats]:
    """Return the lower and upper confidence sequence of the q-quantile of ``x`` in trial order, shapes (n,).

    Each narrows only, and inverts the running maximum of the e-processes of 0/1 data: x lies above the upper bound if
    and only if "the quantile is above x" was rejected at some index.

    Args:
        x: Finite observations, shape (n,).
        q: In (0, 1).
        level_lower: Error probability of the lower bound.
        level_upper: Error probability of the upper bound.
        mixture: As for :func:`critical_counts`.

    Returns:
        Bounds; -inf and inf where there is none.

    Raises:
        ValueError: An argument outside its range.
    """
    if not np.isfinite(x).all():
        raise ValueError("observations are finite numbers")
    n = np.arange(1, len(x) + 1)
    # F(x) > q needs so many observations up to x; F(x-) < q so few below x
    above = critical_counts(n, q, level_upper, mixture)
    below = n - critical_counts(n, 1.0 - q, level_lower, mixture.mirrored())
    lower, upper = np.full(len(x), -np.inf), np.full(len(x), np.inf)
    seen: list[float] = []
    for i, value in enumerate(x.tolist()):
        bisect.insort(seen, value)
        if above[i] <= i + 1:
            upper[i] = seen[above[i] - 1]
        if below[i] >= 0:
            lower[i] = seen[below[i]]
    return np.maximum.accumulate(lower), np.minimum.accumulate(upper)


def two_sample_p_value(first: Floats, second: Floats, q: float, *, n_opt: float, level_opt: float = 0.05) -> float:
    """Return the p-value of "both have the same q-quantile", valid whenever it is looked at (sec. 5).

    Each sample has a two-sided mixture e-process against every value x for its quantile; the product of the two at the
    common quantile is one too, so its least value over all x is evidence. Where observations equal x, the count up to x
    may be any between those below and those not above it, and the least e of these counts.

    Args:
        first: Observations so far, shape (n,).
        second: Observations of the other sample so far, shape (m,).
        q: In (0, 1).
        n_opt: The sample size at which the mixtures are to be sharpest.
        level_opt: The level at which they are.

    Raises:
        ValueError: A sample is empty or not finite, or q outside (0, 1).
    """
    if not 0.0 < q < 1.0:
        raise ValueError(f"q lies strictly between 0 and 1, not at {q}")
    size = max(normal_precision(n_opt, level_opt, one_sided=False) - 1.0, 1e-3)
    mixture = BetaMixture(successes=size * q, failures=size * (1.0 - q))
    candidates = np.unique(np.concatenate([first, second]))
    log_e = sum(_least_log_e(np.sort(x), candidates, q, mixture) for x in (first, second))
    return math.exp(-max(float(np.min(log_e)), 0.0))


def _least_log_e(ordered: Floats, candidates: Floats, q: float, mixture: BetaMixture) -> Floats:
    """Return the least log e of the counts that agree with each candidate for the quantile."""
    n = len(ordered)
    if n == 0 or not np.isfinite(ordered).all():
        raise ValueError("a sample is at least one finite observation")
    best = _least_favourable_count(n, q, mixture)
    counts = np.clip(
        best, np.searchsorted(ordered, candidates, side="left"), np.searchsorted(ordered, candidates, side="right")
    )
    return mixture.not_equal(counts, n - counts, q)


def _least_favourable_count(n: int, q: float, mixture: BetaMixture) -> float:
    """Return the real count at which the convex log e is least: where its derivative vanishes, if inside 0 to n."""
    psi, slope = special().digamma, math.log(q) - math.log1p(-q)
    a, b = mixture.successes, mixture.failures
    found = falling_roots(
        lambda s: slope - psi(a + s) + psi(b + n - s), np.array([0.0]), np.array([float(n)]), tolerance=1e-15
    )
    return float(found[0])
