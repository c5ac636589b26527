"""How remarkable a whole sample is among reorderings of itself: p-values of any statistic, and of several together.

The null is "the units are exchangeable" (independent draws of one distribution, whatever it is): then every order of
the values seen is equally likely, and the p-value is the share of orders at least as extreme, the one seen counted
with a seeded sample of others (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39): exact for any statistic. With
``NORMAL`` the others are normal samples instead, for statistics free of location and scale: the null "independent
normal", under which an extreme value is as remarkable as an unusual order.

Several statistics are judged together by the smallest of their p-values among the smallest of every reordering
(Westfall & Young 1993, 2.3), ties among these broken by how many deviations off the farthest lies: one level for all of
them, however they depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Statistics = Callable[[Floats], Floats]
"""From orders as columns, shape (n, rows), to statistics, shape (statistics, rows): greater is more extreme."""

PERMUTED, NORMAL = "permuted", "normal"
FEW_DRAWS, DRAWS, DRAWS_OF_LONG = 99, 999, 199
LONG = 10_000
HOPELESS = 0.1
"""Above this p-value the few draws are enough: more could not lead to a small one, and the level is kept."""
SEED = 20_261_124
_NUMBERS_AT_ONCE = 1_000_000
_DIGITS = 9
"""Statistics are compared to so many decimals: rounding must not tell equal ones apart."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the order seen stands among the others."""

    p: float
    """Of all statistics together."""
    each: tuple[float, ...]
    """Of each statistic by itself."""
    draws: int
    others: Floats
    """Statistics of the other orders, shape (statistics, draws)."""


def standing_of(x: Floats, statistics: Statistics, reference: str = PERMUTED, *, most: int | None = None) -> Standing:
    """Return the standing of ``x`` in its own order.

    Args:
        x: shape (n,).
        statistics: of orders.
        reference: ``PERMUTED`` or ``NORMAL``.
        most: draws; by default 999, and 199 beyond 10,000 units.
    """
    limit = most or (DRAWS if len(x) <= LONG else DRAWS_OF_LONG)
    seen = statistics(x[:, None])
    few = _statistics_of(x, statistics, reference, 0, FEW_DRAWS)
    p, each = _p_values(seen, few)
    if p > HOPELESS:
        return Standing(p, each, few.shape[1], few)
    found = np.concatenate([few, _statistics_of(x, statistics, reference, FEW_DRAWS, limit)], axis=1)
    p, each = _p_values(seen, found)
    return Standing(p, each, found.shape[1], found)


def _statistics_of(x: Floats, statistics: Statistics, reference: str, start: int, stop: int) -> Floats:
    """Return the statistics of draws ``start`` to ``stop``, shape (statistics, draws)."""
    return np.concatenate([statistics(rows) for rows in _drawn(x, reference, start, stop)], axis=1)


def _p_values(seen: Floats, others: Floats) -> tuple[float, tuple[float, ...]]:
    """Return the p-value of ``seen`` among all columns, over all rows together, and of each row alone."""
    rounded = np.round(np.concatenate([seen, others], axis=1), _DIGITS)
    total = rounded.shape[1]
    shares = np.empty_like(rounded)
    for row, own in zip(rounded, shares, strict=True):
        own[:] = (total - np.searchsorted(np.sort(row), row, side="left")) / total
    smallest = shares.min(axis=0)
    # With few draws the best of every statistic tie at the smallest share: how far off they lie tells them apart.
    deviation = rounded.std(axis=1, keepdims=True)
    off = (rounded - rounded.mean(axis=1, keepdims=True)) / np.where(deviation > 0.0, deviation, 1.0)
    farthest = np.round(off.max(axis=0), _DIGITS - 3)
    as_far = (smallest < smallest[0]) | ((smallest == smallest[0]) & (farthest >= farthest[0]))
    return float(np.count_nonzero(as_far)) / total, tuple(float(p) for p in shares[:, 0])


def _drawn(x: Floats, reference: str, start: int, stop: int) -> Iterator[Floats]:
    """Yield draws ``start`` to ``stop`` as columns, some at a time, shape (n, rows)."""
    n = len(x)
    bits = np.random.Philox(key=[SEED, n], counter=[0, 0, 0, start])
    at_once = max(1, _NUMBERS_AT_ONCE // n)
    for first in range(start, stop, at_once):
        rows = min(at_once, stop - first)
        # Raw words: NumPy promises them across versions, but not Generator.permuted or Generator.normal.
        words = bits.random_raw(rows * n).reshape(rows, n)
        yield x[words.argsort(axis=1, kind="stable")].T if reference == PERMUTED else _normal(words).T


def _normal(words: npt.NDArray[np.uint64]) -> Floats:
    from ophamin_pillars._special import special

    uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    drawn: Floats = special().ndtri(uniform)
    return drawn
