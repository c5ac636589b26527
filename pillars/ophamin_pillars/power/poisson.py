"""One Poisson rate by the exact test: the critical count moves in steps, so power is saw-toothed in the exposure."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.power.search import check_levels, least_true
from ophamin_pillars.rates.poisson import LARGEST_N, lower_tail, upper_tail
from pytest_ophamin.pillars import round12

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def critical_count(null: float, exposure: float, level: float, *, greater: bool = True) -> int | None:
    """Return the least count that rejects "rate <= null", or the greatest that rejects "rate >= null", or None."""
    mean = _checked(null, exposure)
    if greater:
        return least_true(lambda k: round12(upper_tail(k, mean)) <= level, 0, LARGEST_N)
    first = least_true(lambda k: round12(lower_tail(k, mean)) > level, 0, LARGEST_N)
    return None if first is None or first == 0 else first - 1


def critical_counts(means: Floats, level: float, *, greater: bool = True) -> Counts:
    """Return :func:`critical_count` for each mean count under the null, shape of ``means``; -1 where there is none."""
    sp = special()
    z = float(sp.ndtri(level)) * np.sqrt(means)
    if greater:  # every mean has a count that is too many for it
        k = np.maximum(np.ceil(means - z).astype(np.int64), 1)
        while (step := _one_off(_rejects_many(k, means, level), _rejects_many(k - 1, means, level))).any():
            k = k + step
        return k
    k = np.maximum(np.floor(means + z).astype(np.int64), -1)
    while (step := -_one_off(_rejects_few(k, means, level), _rejects_few(k + 1, means, level))).any():
        k = k + step
    return k


def tails(counts: Counts, means: Floats, *, greater: bool = True) -> Floats:
    """Return P(X >= count), or P(X <= count), for each count and mean; counts as from :func:`critical_counts`."""
    sp = special()
    found: Floats = sp.gammainc(counts, means) if greater else sp.gammaincc(np.maximum(counts, 0) + 1.0, means)
    return found if greater else np.where(counts < 0, 0.0, found)


def power(null: float, truth: float, exposure: float, level: float, *, greater: bool = True) -> float:
    """Return the power of the test of "rate <= null" (or ``>=``, with ``greater`` false)."""
    check_levels(level)
    count = critical_count(null, exposure, level, greater=greater)
    if count is None:
        return 0.0
    return upper_tail(count, truth * exposure) if greater else lower_tail(count, truth * exposure)


def sample_size(null: float, truth: float, level: float, power_wanted: float, *, greater: bool = True) -> float | None:
    """Return the least exposure from which the power never drops below ``power_wanted``; None on the wrong side.

    While one count is critical, power moves with the exposure in one direction; it jumps where the next becomes
    critical. The last such stretch whose worst end misses the target holds the answer.
    """
    check_levels(level, power_wanted)
    _checked(null, 1.0)
    if (truth <= null) if greater else (truth >= null):
        return None
    sp = special()
    z = -float(sp.ndtri(level)) * math.sqrt(null) + float(sp.ndtri(power_wanted)) * math.sqrt(truth)
    high = 50 + int(1.5 * null * (max(0.0, z) / (truth - null)) ** 2)
    counts = np.arange(1 if greater else 0, high + 1, dtype=np.float64)
    if greater:  # count c is critical up to the exposure ends[c], and the power rises from the end of c - 1 on
        ends = sp.gammaincinv(counts, level) / null
        worst = sp.gammainc(counts, truth * np.concatenate([[0.0], ends[:-1]]))
        last = int(np.flatnonzero(worst < power_wanted)[-1])
        return min(float(sp.gammaincinv(counts[last], power_wanted)) / truth, float(ends[last]))
    starts = sp.gammainccinv(counts + 1.0, level) / null  # count c is critical from starts[c] on, and the power falls
    worst = sp.gammaincc(counts[:-1] + 1.0, truth * starts[1:])
    missing = np.flatnonzero(worst < power_wanted)
    return float(starts[int(missing[-1]) + 1]) if len(missing) else float(starts[0])


def minimum_detectable_effect(
    null: float, exposure: float, level: float, power_wanted: float, *, greater: bool = True
) -> float | None:
    """Return the rate nearest to the null that has that power; None when no count rejects."""
    check_levels(level, power_wanted)
    count = critical_count(null, exposure, level, greater=greater)
    if count is None:
        return None
    sp = special()
    if greater:
        return float(sp.gammaincinv(count, power_wanted)) / exposure
    return float(sp.gammainccinv(count + 1, power_wanted)) / exposure


def _one_off(rejects: Bools, inner_rejects: Bools) -> Counts:
    """Return the step outwards (1), none, or inwards (-1): the critical count rejects, the next one inside does not."""
    return np.where(rejects, np.where(inner_rejects, -1, 0), 1)


def _rejects_many(k: Counts, means: Floats, level: float) -> Bools:
    # 1 + 5e-13: what rounding a p-value to 12 significant digits lets pass.
    tails: Floats = special().gammainc(np.maximum(k, 1), means)
    return (k > 0) & (tails <= level * (1.0 + 5e-13))


def _rejects_few(k: Counts, means: Floats, level: float) -> Bools:
    tails: Floats = special().gammaincc(np.maximum(k, 0) + 1.0, means)
    return (k < 0) | (tails <= level * (1.0 + 5e-13))


def _checked(null: float, exposure: float) -> float:
    """Return the mean count under the null."""
    if not (0.0 < null < math.inf and 0.0 < exposure < math.inf):
        raise ValueError(f"null, exposure: expected positive numbers, came {null!r} and {exposure!r}")
    return null * exposure
