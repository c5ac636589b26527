"""Exact p-values and bounds after stopping early: the stage-wise order of stopping points.

"As extreme or more" needs an order of all points a sample can stop at. In the stage-wise order (Armitage 1957; Jennison
& Turnbull 2000, section 8.4; for binomial data section 12.1.3) earlier upper stops are the most extreme, then the sum
at the cap, then later to earlier lower stops; refutation reads the same order from its other end. Every tail of it is
more probable the larger p is (a path with more successes never stops further down), so bounds follow by bisection.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ophamin_pillars.sequential.law import StoppingLaw
from ophamin_pillars.sequential.stopping import Stop
from pytest_ophamin.pillars import round12


def p_greater(law: StoppingLaw, stop: Stop, p: float) -> float:
    """Return the p-value of "the proportion is at most p": the probability of ``stop`` and all points before it."""
    return min(1.0, math.fsum(law.probabilities(p)[: law.position(stop) + 1]))


def p_less(law: StoppingLaw, stop: Stop, p: float) -> float:
    """Return the p-value of "the proportion is at least p": the probability of ``stop`` and all points after it."""
    return min(1.0, math.fsum(law.probabilities(p)[law.position(stop) :]))


def lower_bound(law: StoppingLaw, stop: Stop, level: float) -> float:
    """Return the greatest p that :func:`p_greater` rejects at ``level``; 0 when it rejects none."""
    place = law.position(stop) + 1
    if place == len(law.n):
        return 0.0
    return _last_true(lambda p: round12(math.fsum(law.probabilities(p)[:place])) <= level, 0.0, 1.0)


def upper_bound(law: StoppingLaw, stop: Stop, level: float) -> float:
    """Return the least p that :func:`p_less` rejects at ``level``; 1 when it rejects none."""
    place = law.position(stop)
    if place == 0:
        return 1.0
    return _last_true(lambda p: round12(math.fsum(law.probabilities(p)[place:])) <= level, 1.0, 0.0)


def _last_true(holds: Callable[[float], bool], good: float, bad: float) -> float:
    """Return the point nearest to ``bad`` at which ``holds``, which is true from ``good`` up to there."""
    while True:
        middle = 0.5 * (good + bad)
        if middle in (good, bad) or abs(bad - good) <= 1e-15:
            return good
        good, bad = (middle, bad) if holds(middle) else (good, middle)
