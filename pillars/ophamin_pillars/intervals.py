"""Other intervals and p-values of a proportion, for readers who ask for them. No verdict rests on any of these.

Realised one-sided error at nominal 5 % (p = 0.95, worst n in 20 to 500): Wald .36, Jeffreys .14, Wilson .07; the exact
test that decides never exceeds .05.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.binomial import lower_bound, lower_tail, upper_bound, upper_tail

Interval = tuple[float, float]


def wald(count: int, n: int, confidence: float) -> Interval:
    """Return the textbook interval; its error is why it is not used."""
    share, z = count / n, _z(confidence)
    half = z * math.sqrt(share * (1.0 - share) / n)
    return share - half, share + half


def wilson(count: int, n: int, confidence: float) -> Interval:
    """Return the score interval (Wilson 1927)."""
    share, z2 = count / n, _z(confidence) ** 2
    centre = count + 0.5 * z2
    half = math.sqrt(z2) * math.sqrt(n * share * (1.0 - share) + 0.25 * z2)
    # The smaller root as product over the larger: subtracting would leave rounding where it should be 0.
    upper = (centre + half) / (n + z2)
    return (count * count / n / (centre + half) if count else 0.0), (1.0 if count == n else upper)


def wilson_continuity(count: int, n: int, confidence: float) -> Interval:
    """Return the score interval with continuity correction (Newcombe 1998, method 4)."""
    share, z = count / n, _z(confidence)
    z2, bottom = z * z, 2.0 * (n + z * z)
    below = z * math.sqrt(max(0.0, z2 - 2.0 - 1.0 / n + 4.0 * share * (n * (1.0 - share) + 1.0)))
    above = z * math.sqrt(max(0.0, z2 + 2.0 - 1.0 / n + 4.0 * share * (n * (1.0 - share) - 1.0)))
    lower = (2.0 * count + z2 - 1.0 - below) / bottom if count else 0.0
    upper = (2.0 * count + z2 + 1.0 + above) / bottom if count < n else 1.0
    return max(0.0, lower), min(1.0, upper)


def agresti_coull(count: int, n: int, confidence: float) -> Interval:
    """Return the Wald interval around Wilson's centre (Agresti & Coull 1998)."""
    z = _z(confidence)
    more = n + z * z
    centre = (count + 0.5 * z * z) / more
    half = z * math.sqrt(centre * (1.0 - centre) / more)
    return centre - half, centre + half


def jeffreys(count: int, n: int, confidence: float) -> Interval:
    """Return the equal-tailed interval of the Jeffreys prior (Brown, Cai & DasGupta 2001, section 3.1.3)."""
    tail, inverse = 0.5 * (1.0 - confidence), special().betaincinv
    lower = float(inverse(count + 0.5, n - count + 0.5, tail)) if count else 0.0
    upper = float(inverse(count + 0.5, n - count + 0.5, 1.0 - tail)) if count < n else 1.0
    return lower, upper


def clopper_pearson(count: int, n: int, confidence: float) -> Interval:
    """Return the two-sided exact interval: both one-sided bounds at half the error."""
    tail = 0.5 * (1.0 - confidence)
    return lower_bound(count, n, tail), upper_bound(count, n, tail)


def mid_p_upper(count: int, n: int, p: float) -> float:
    """Return P(X > count) + P(X = count) / 2."""
    return 0.5 * (upper_tail(count, n, p) + upper_tail(count + 1, n, p))


def mid_p_lower(count: int, n: int, p: float) -> float:
    """Return P(X < count) + P(X = count) / 2."""
    return 0.5 * (lower_tail(count, n, p) + lower_tail(count - 1, n, p))


def mid_p(count: int, n: int, confidence: float) -> Interval:
    """Return the mid-P interval (Lancaster 1961; Newcombe 1998, method 6): each mid-P tail at half the error."""
    tail = 0.5 * (1.0 - confidence)
    lower = _root(lambda p: mid_p_upper(count, n, p) - tail) if count else 0.0
    upper = _root(lambda p: tail - mid_p_lower(count, n, p)) if count < n else 1.0
    return lower, upper


def two_sided_p(count: int, n: int, p: float) -> float:
    """Return the probability of all counts no likelier than the one seen (as R's binom.test)."""
    k = np.arange(n + 1, dtype=np.float64)
    sp = special()
    logs = sp.gammaln(n + 1) - sp.gammaln(k + 1) - sp.gammaln(n - k + 1) + sp.xlogy(k, p) + sp.xlog1py(n - k, -p)
    rare = logs <= logs[count] + 1e-7
    if rare.all():
        return 1.0
    below, above = int(np.argmin(rare)), int(n - np.argmin(rare[::-1]))
    return lower_tail(below - 1, n, p) + upper_tail(above + 1, n, p)


def blaker(count: int, n: int, confidence: float) -> Interval:
    """Return the hull of Blaker's (2000) exact interval, inside Clopper-Pearson, by stepping from its ends."""
    alpha = 1.0 - confidence
    lower, upper = clopper_pearson(count, n, confidence)
    step = 1e-5
    if count:
        while blaker_acceptability(count, n, lower + step) < alpha:
            lower += step
    if count < n:
        while blaker_acceptability(count, n, upper - step) < alpha:
            upper -= step
    return lower, upper


def blaker_acceptability(count: int, n: int, p: float) -> float:
    """Return Blaker's acceptability of ``p``: the nearer tail, and what the other tail holds of no more than it."""
    above, below = upper_tail(count, n, p), lower_tail(count, n, p)
    if above <= below:
        return above + lower_tail(_greatest(lambda k: lower_tail(k, n, p) <= above, n), n, p)
    return below + upper_tail(n - _greatest(lambda k: upper_tail(n - k, n, p) <= below, n), n, p)


def _greatest(holds: Callable[[int], bool], n: int) -> int:
    """Return the greatest k in -1..n for which a falling ``holds`` is true (-1 when none is)."""
    low, high = -1, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _root(rises: Callable[[float], float]) -> float:
    """Return where a function that rises on (0, 1) is zero, to the last bit."""
    low, high = 0.0, 1.0
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if rises(middle) < 0.0 else (low, middle)
    return high


def _z(confidence: float) -> float:
    return float(special().ndtri(0.5 * (1.0 + confidence)))
