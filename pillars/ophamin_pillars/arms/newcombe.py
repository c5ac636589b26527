"""Other intervals of a difference of two proportions, for readers who ask for them. No verdict rests on any of these.

Newcombe (1998, Statistics in Medicine 17:873-890) compared eleven; the numbers below are his.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ophamin_pillars import intervals
from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import Interval, check_arm, check_level

Single = Callable[[int, int, float], Interval]


def newcombe(x1: int, n1: int, x2: int, n2: int, confidence: float) -> Interval:
    """Return the hybrid score interval of p1 - p2 (method 10): Wilson's limits, squared and added.

    Args:
        x1: Successes of the first arm.
        n1: Trials of the first arm.
        x2: Successes of the second arm.
        n2: Trials of the second arm.
        confidence: Two-sided confidence.

    Returns:
        Lower and upper limit, inside [-1, 1].

    Raises:
        ValueError: A count is impossible or the confidence is no probability.
    """
    return _squared_and_added(x1, n1, x2, n2, confidence, single=intervals.wilson)


def newcombe_continuity(x1: int, n1: int, x2: int, n2: int, confidence: float) -> Interval:
    """Return the hybrid score interval with continuity correction (method 11); arguments as :func:`newcombe`."""
    return _squared_and_added(x1, n1, x2, n2, confidence, single=intervals.wilson_continuity)


def agresti_caffo(x1: int, n1: int, x2: int, n2: int, confidence: float) -> Interval:
    """Return the Wald interval after one success and one failure more in each arm (Agresti & Caffo 2000)."""
    return wald(x1 + 1, n1 + 2, x2 + 1, n2 + 2, confidence)


def wald(x1: int, n1: int, x2: int, n2: int, confidence: float) -> Interval:
    """Return the textbook interval (method 1); it covers too rarely for small arms and extreme shares."""
    _check(x1, n1, x2, n2, confidence)
    p1, p2 = x1 / n1, x2 / n2
    half = _z(confidence) * math.sqrt(p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2)
    return p1 - p2 - half, p1 - p2 + half


def _squared_and_added(x1: int, n1: int, x2: int, n2: int, confidence: float, *, single: Single) -> Interval:
    _check(x1, n1, x2, n2, confidence)
    p1, p2 = x1 / n1, x2 / n2
    low1, high1 = single(x1, n1, confidence)
    low2, high2 = single(x2, n2, confidence)
    return p1 - p2 - math.hypot(p1 - low1, high2 - p2), p1 - p2 + math.hypot(high1 - p1, p2 - low2)


def _check(x1: int, n1: int, x2: int, n2: int, confidence: float) -> None:
    check_arm("1", x1, n1)
    check_arm("2", x2, n2)
    check_level(confidence)


def _z(confidence: float) -> float:
    return float(special().ndtri(0.5 * (1.0 + confidence)))
