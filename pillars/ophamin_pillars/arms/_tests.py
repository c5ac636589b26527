"""What tests of two arms share: the shape of one-sided tests with a shifted limit, checks, and bisection."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from pytest_ophamin.pillars import ShiftedTests, minus, plus

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Interval = tuple[float, float]
Point = tuple[float, float]
"""A number and a function's value there."""

STEPS = 200
"""More halvings than float64 has digits: bisection ends when no number is left between its ends."""


class ArmTests(ShiftedTests):
    """One-sided tests whose null only shifts with the margin; a method states its p-values and its bounds."""

    def p_greater(self, limit: float) -> float:
        """Return the p-value of the null "metric <= limit"."""
        raise NotImplementedError

    def p_less(self, limit: float) -> float:
        """Return the p-value of the null "metric >= limit"."""
        raise NotImplementedError

    def lower_bound(self, level: float) -> float | None:
        """Return the bound that inverts :meth:`p_greater` at ``level``; None when there is none."""
        raise NotImplementedError

    def upper_bound(self, level: float) -> float | None:
        """Return the bound that inverts :meth:`p_less` at ``level``; None when there is none."""
        raise NotImplementedError

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "metric <= limit - slack"."""
        del strict, level
        return self.p_greater(minus(limit, slack))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "metric >= limit + slack"."""
        del strict, level
        return self.p_less(plus(limit, slack))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound at ``level``."""
        del slack
        return self.lower_bound(level)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound at ``level``."""
        del slack
        return self.upper_bound(level)


def check_arm(name: str, count: int, n: int) -> None:
    """Raise unless ``count`` of ``n`` is a possible number of successes.

    Raises:
        ValueError: ``n`` is not positive or ``count`` outside 0..n.
    """
    if n < 1 or not 0 <= count <= n:
        raise ValueError(f"arm {name}: expected 0 <= successes <= n and n >= 1, got {count} of {n}")


def check_level(level: float) -> None:
    """Raise unless ``level`` is a probability strictly between 0 and 1.

    Raises:
        ValueError: It is not.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"expected a level strictly between 0 and 1, got {level!r}")


def observations(name: str, values: Iterable[float], least: int) -> Floats:
    """Return ``values`` as a one-dimensional array of at least ``least`` finite numbers.

    Raises:
        ValueError: They are fewer, not finite, or not one-dimensional.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or len(x) < least:
        raise ValueError(f"{name}: expected one dimension and at least {least} observations, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{name}: expected finite observations, got NaN or infinity")
    return x


def crossing(holds: Callable[[float], bool], low: float, high: float, *, width: float = 0.0) -> Interval:
    """Return the ends of the interval in which a monotone ``holds`` turns from true to false.

    Args:
        holds: True up to some number, false beyond it; never called at ``low`` or ``high``.
        low: A number at which ``holds`` is taken as true.
        high: A number at which ``holds`` is taken as false.
        width: Stop when the ends are this near.

    Returns:
        The last number known true and the first known false.
    """
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if not low < middle < high or high - low <= width:
            break
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low, high


def brent(f: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Return a root of ``f`` between ``low`` and ``high`` by Brent's method (1973, section 4.2).

    Args:
        f: Continuous, of opposite signs at the ends.
        low: One end.
        high: The other end.
        tolerance: How far from the root the result may be, beyond rounding.

    Returns:
        The best approximation found; an end where ``f`` is 0, or where it is nearer to 0 if the signs agree.
    """
    before, f_before, best, f_best = low, f(low), high, f(high)
    other, f_other = before, f_before
    if f_before * f_best > 0.0:
        return low if abs(f_before) < abs(f_best) else high
    while True:
        step_before = best - before
        if abs(f_other) < abs(f_best):
            before, f_before, best, f_best, other, f_other = best, f_best, other, f_other, best, f_best
        least = 2.0 * sys.float_info.epsilon * abs(best) + 0.5 * tolerance
        half = 0.5 * (other - best)
        if abs(half) <= least or f_best == 0.0:
            return best
        step = half
        if abs(step_before) >= least and abs(f_before) > abs(f_best):
            step = _interpolated((before, f_before), (best, f_best), (other, f_other), step_before, least)
        if abs(step) < least:
            step = math.copysign(least, half)
        before, f_before = best, f_best
        best += step
        f_best = f(best)
        if f_best * f_other > 0.0:
            other, f_other = before, f_before


def _interpolated(before: Point, best: Point, other: Point, step_before: float, least: float) -> float:
    """Return the secant or inverse quadratic step where it is safe, else half of the way to ``other``."""
    gap, s = other[0] - best[0], best[1] / before[1]
    if before[0] == other[0]:
        p, q = gap * s, 1.0 - s
    else:
        q, r = before[1] / other[1], best[1] / other[1]
        p = s * (gap * q * (q - r) - (best[0] - before[0]) * (r - 1.0))
        q = (q - 1.0) * (r - 1.0) * (s - 1.0)
    if p > 0.0:
        q = -q
    p = abs(p)
    safe = p < 0.75 * gap * q - 0.5 * abs(least * q) and p < 0.5 * abs(step_before * q)
    return p / q if safe else 0.5 * gap
