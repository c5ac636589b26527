"""Power of claims about two arms of equal spread: Welch's t on any scale, ranks, and the relative effect."""

from __future__ import annotations

import math

from ophamin_pillars._special import special
from ophamin_pillars.arm_tests import Limits, arm_sizes
from ophamin_pillars.power import two_means
from ophamin_pillars.power.noncentral import t_power
from ophamin_pillars.student_plan import equivalence_power

RANK_EFFICIENCY = 3.0 / math.pi
"""Observations of a t test that do what one of a rank-sum test does, for normal observations (Lehmann 1975, A.66)."""


def means_power(limits: Limits, n: int, truth: float, sd: float, level: float, *, efficiency: float = 1.0) -> float:
    """Return P(all tests reject) for ``n`` normal trials in two arms.

    Args:
        limits: Directions and limits of the tests of the difference.
        n: Trials of both arms.
        truth: The true difference.
        sd: Deviation in each arm.
        level: Level of each test.
        efficiency: How much of an observation the test uses; 1 for Welch's.
    """
    n1, n2 = (efficiency * size for size in arm_sizes(n))
    if min(n1, n2) <= 1.0:
        return 0.0
    if len(limits) == 1:
        direction, limit = limits[0]
        gap = truth - limit if direction == "greater" else limit - truth
        return two_means.power(gap, (sd, sd), (n1, n2), level)
    lo, hi = sorted(limit for _, limit in limits)
    error = sd * math.sqrt(1.0 / n1 + 1.0 / n2)
    return equivalence_power((truth - lo) / error, (hi - truth) / error, two_means.welch_df((sd, sd), (n1, n2)), level)


def effect_power(limits: Limits, n: int, truth: float, level: float) -> float:
    """Return P(all tests reject) of the logit tests of a relative effect between normal arms of one spread.

    The placements of one arm have variance ``P(X, X' < Y) - truth^2`` (Noether 1987, JASA 82:645), for normal arms by
    Owen's T.
    """
    n1, n2 = arm_sizes(n)
    if min(n1, n2) < 2:
        return 0.0
    half = 0.5 / (n1 * n2)  # arms that never overlap are judged as half a pair nearer to 1/2
    truth = min(1.0 - half, max(half, truth))
    error = math.sqrt(_placement_variance(truth) * (1.0 / n1 + 1.0 / n2)) / (truth * (1.0 - truth))
    gaps = [
        (1.0 if direction == "greater" else -1.0) * (_logit(truth) - _logit(limit)) / error
        for direction, limit in limits
    ]
    if len(gaps) == 1:
        return t_power(gaps[0], n - 2, level)
    return equivalence_power(gaps[0], gaps[1], n - 2, level)


def _placement_variance(truth: float) -> float:
    sp = special()
    h = float(sp.ndtri(truth))
    return truth - 2.0 * float(sp.owens_t(h, 1.0 / math.sqrt(3.0))) - truth * truth


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))
