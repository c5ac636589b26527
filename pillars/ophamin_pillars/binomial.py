"""Binomial tails, the bounds that invert them (Clopper & Pearson 1934), and critical counts.

Both tails go through the incomplete beta function and its complement, so neither loses digits to ``1 - p``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import betaincc, scalar, special
from pytest_ophamin.pillars import round12

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LARGEST_N = 10**9
"""Beyond this many trials a sample counts as lying on the boundary."""


def upper_tail(count: float, n: float, p: float) -> float:
    """Return P(X >= count) for X ~ Binomial(n, p)."""
    if count <= 0:
        return 1.0
    if count > n or p <= 0.0:
        return 0.0
    return 1.0 if p >= 1.0 else scalar("betainc")(count, n - count + 1, p)


def lower_tail(count: float, n: float, p: float) -> float:
    """Return P(X <= count) for X ~ Binomial(n, p)."""
    if count >= n:
        return 1.0
    if count < 0 or p >= 1.0:
        return 0.0
    return 1.0 if p <= 0.0 else scalar("betaincc")(count + 1, n - count, p)


def lower_bound(count: int, n: int, level: float) -> float:
    """Return the greatest p with P(X >= count) <= level: the Clopper-Pearson lower bound."""
    return 0.0 if count == 0 else scalar("betaincinv")(count, n - count + 1, level)


def upper_bound(count: int, n: int, level: float) -> float:
    """Return the least p with P(X <= count) <= level: the Clopper-Pearson upper bound."""
    return 1.0 if count == n else scalar("betainccinv")(count + 1, n - count, level)


@lru_cache(maxsize=4096)  # the cases of one parametrised claim share their plan
def least_rejecting(n: int, p: float, level: float) -> int:
    """Return the least count with P(X >= count) <= level; n + 1 when there is none."""
    low, high = 0, n + 1  # P(X >= 0) = 1 never rejects; n + 1 stands for "no count does"
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if round12(upper_tail(middle, n, p)) <= level else (middle, high)
    return high


@lru_cache(maxsize=4096)
def greatest_rejecting(n: int, p: float, level: float) -> int:
    """Return the greatest count with P(X <= count) <= level; -1 when there is none."""
    low, high = -1, n  # P(X <= n) = 1 never rejects; -1 stands for "no count does"
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if round12(lower_tail(middle, n, p)) <= level else (low, middle)
    return low


@lru_cache(maxsize=4096)
def least_n_all_successes(p: float, level: float) -> int:
    """Return the least n with p ** n <= level: how many successes in a row reject "the proportion is <= p"."""
    if p <= 0.0:
        return 1
    n = max(1, math.ceil(math.log(level) / math.log(p)) - 2)
    while round12(p**n) > level:
        n += 1
    return n


def needed_greater(count: int, n: int, p: float, level: float, start: int) -> int | None:
    """Return the least n' >= start at which ``count * n' // n`` successes reject "the proportion is <= p"."""
    if count <= p * n:
        return None
    # With a real-valued count the p-value falls smoothly; rounding the count down can only delay rejection.
    first = _first_true(lambda m: round12(upper_tail(count * m / n, m, p)) <= level, start)
    return None if first is None else _scan(first, lambda m: _rejects_upward(m, count, n, p, level))


def needed_less(count: int, n: int, p: float, level: float, start: int) -> int | None:
    """Return the least n' >= start at which ``ceil(count * n' / n)`` successes reject "the proportion is >= p"."""
    if count >= p * n:
        return None
    first = _first_true(lambda m: round12(lower_tail(count * m / n, m, p)) <= level, start)
    return None if first is None else _scan(first, lambda m: _rejects_downward(m, count, n, p, level))


def _rejects_upward(m: Counts, count: int, n: int, p: float, level: float) -> npt.NDArray[np.bool_]:
    k = np.floor_divide(m * count, n)
    tail = np.where(k == 0, 1.0, special().betainc(np.maximum(k, 1), m - k + 1, p))
    return tail <= level


def _rejects_downward(m: Counts, count: int, n: int, p: float, level: float) -> npt.NDArray[np.bool_]:
    k = -np.floor_divide(-m * count, n)
    tail = np.where(k >= m, 1.0, betaincc(k + 1, np.maximum(m - k, 1), p))
    return tail <= level


def _first_true(holds: Callable[[int], bool], start: int) -> int | None:
    """Return the least m >= start for which a monotone ``holds`` is true, or None up to LARGEST_N."""
    high = start
    while not holds(high):
        high *= 2
        if high > LARGEST_N:
            return None
    low = max(start - 1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _scan(first: int, holds: Callable[[Counts], npt.NDArray[np.bool_]]) -> int | None:
    """Return the least m >= first for which a saw-toothed ``holds`` is true."""
    width = 64
    while first <= LARGEST_N:
        m = np.arange(first, first + width, dtype=np.int64)
        true = np.flatnonzero(holds(m))
        if len(true):
            return int(m[true[0]])
        first, width = first + width, min(2 * width, 65_536)
    return None
