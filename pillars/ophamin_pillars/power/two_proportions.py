"""Two independent proportions: the score test and Fisher's by enumeration, and large-sample formulas.

Enumeration goes over every pair of counts: exact, and saw-toothed in n. Beyond LARGEST_TABLE cells the score test is
planned by its asymptotic power (Farrington & Manning 1990, Stat Med 9:1447, eq. 4).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.arms.score_difference import restricted_second, score
from ophamin_pillars.power.search import check_levels, crossing, least_size

Floats = npt.NDArray[np.float64]
Region = npt.NDArray[np.bool_]
Rejects = Callable[[int, int, float], Region]
"""Takes both sizes and the level; returns shape (n1 + 1, n2 + 1): does x1 against x2 reject "p1 - p2 <= limit"?"""

LARGEST_TABLE = 40_000
"""Cells up to which counts are enumerated: about 200 per arm."""


@dataclass(frozen=True, slots=True)
class Score:
    """The rejection region of the score test of "p1 - p2 <= limit"."""

    limit: float = 0.0

    def __call__(self, n1: int, n2: int, level: float) -> Region:
        z = score(np.arange(n1 + 1)[:, None], n1, np.arange(n2 + 1)[None, :], n2, self.limit)
        region: Region = z * math.sqrt(1.0 - 1.0 / (n1 + n2)) >= -float(special().ndtri(level))
        return region


def fisher(n1: int, n2: int, level: float) -> Region:
    """Return the rejection region of Fisher's exact test of "p1 <= p2"."""
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    total = x1 + x2
    sp = special()

    def log_choose(n: int, k: npt.NDArray[np.int64]) -> Floats:
        logs: Floats = sp.gammaln(n + 1.0) - sp.gammaln(k + 1.0) - sp.gammaln(n - k + 1.0)
        return logs

    masses = np.exp(log_choose(n1, x1) + log_choose(n2, x2) - log_choose(n1 + n2, total))
    region = np.zeros((n1 + 1, n2 + 1), dtype=np.bool_)
    for successes in range(n1 + n2 + 1):
        first = np.arange(min(n1, successes), max(0, successes - n2) - 1, -1)  # the most extreme table first
        tail = np.cumsum(masses[first, successes - first])
        region[first, successes - first] = tail <= level * (1.0 + 5e-13)
    return region


def power(
    p1: float, p2: float, n1: int, n2: int, level: float, *, limit: float = 0.0, rejects: Rejects | None = None
) -> float:
    """Return the power of a test of "p1 - p2 <= limit", by enumeration if it is given or small.

    Args:
        p1: Proportion of the first arm.
        p2: Proportion of the second arm.
        n1: Trials of the first arm.
        n2: Trials of the second arm.
        level: Level of the test.
        limit: Difference under the null, margin included.
        rejects: Rejection region of any test; the score test when None.
    """
    check_levels(level)
    _check(p1, p2)
    if rejects is None and (n1 + 1) * (n2 + 1) > LARGEST_TABLE:
        return score_power(p1, p2, n1, n2, level, limit=limit)
    region = (rejects or Score(limit))(n1, n2, level)
    return min(1.0, float(_masses(n1, p1) @ region @ _masses(n2, p2)))


def sample_size(
    p1: float, p2: float, level: float, power_wanted: float, *, limit: float = 0.0, rejects: Rejects | None = None
) -> int | None:
    """Return the least n per arm from which the power never drops below ``power_wanted``; None on the wrong side.

    Where enumeration would be too large, the least n by the asymptotic power, which does not saw.
    """
    check_levels(level, power_wanted)
    _check(p1, p2)
    if p1 - p2 <= limit:
        return None
    normal = least_size(lambda n: score_power(p1, p2, n, n, level, limit=limit), power_wanted, 1)
    if normal is None or (normal + 1) ** 2 > LARGEST_TABLE:
        return normal
    n = int(1.3 * normal) + 20
    while n > 0 and power(p1, p2, n, n, level, limit=limit, rejects=rejects or Score(limit)) >= power_wanted:
        n -= 1
    return n + 1


def minimum_detectable_effect(
    p2: float, n1: int, n2: int, level: float, power_wanted: float, *, limit: float = 0.0
) -> float | None:
    """Return the least p1 above ``p2 + limit`` that the score test detects with that power; None when none is."""
    check_levels(level, power_wanted)
    start = max(0.0, p2 + limit)
    if power(1.0, p2, n1, n2, level, limit=limit) < power_wanted:
        return None
    return crossing(lambda p1: power(p1, p2, n1, n2, level, limit=limit), power_wanted, start, 1.0)


def score_power(p1: float, p2: float, n1: int, n2: int, level: float, *, limit: float = 0.0) -> float:
    """Return the asymptotic power of the score test of "p1 - p2 <= limit"."""
    sp = special()
    at_null = float(restricted_second(np.array(p1 * n1), n1, np.array(p2 * n2), n2, limit))
    first = min(1.0, max(0.0, at_null + limit))
    null = first * (1.0 - first) / n1 + at_null * (1.0 - at_null) / n2
    true = p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2
    gap = p1 - p2 - limit + float(sp.ndtri(level)) * math.sqrt(null)
    return float(sp.ndtr(gap / math.sqrt(true))) if true > 0.0 else float(gap > 0.0)


def pooled_power(p1: float, p2: float, n: float, level: float, *, sides: int = 2) -> float:
    """Return the textbook power of the pooled z test of p1 = p2, n per arm (R's ``power.prop.test``): the near tail."""
    check_levels(level)
    _check(p1, p2)
    sp = special()
    pooled = 0.5 * (p1 + p2)
    null = float(sp.ndtri(level / sides)) * math.sqrt(2.0 * pooled * (1.0 - pooled))
    true = math.sqrt(p1 * (1.0 - p1) + p2 * (1.0 - p2))
    gap = math.sqrt(n) * abs(p1 - p2) + null
    return float(sp.ndtr(gap / true)) if true > 0.0 else float(gap > 0.0)


def _masses(n: int, p: float) -> Floats:
    k = np.arange(n + 1, dtype=np.float64)
    sp = special()
    logs = sp.gammaln(n + 1.0) - sp.gammaln(k + 1.0) - sp.gammaln(n - k + 1.0) + sp.xlogy(k, p) + sp.xlog1py(n - k, -p)
    masses: Floats = np.exp(logs)
    return masses


def _check(p1: float, p2: float) -> None:
    if not (0.0 <= p1 <= 1.0 and 0.0 <= p2 <= 1.0):
        raise ValueError(f"p1, p2: expected proportions from 0 to 1, came {p1!r} and {p2!r}")
