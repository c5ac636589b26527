"""Least point of a profile deviance of one variance ratio on [0, inf): a grid, then the root of its derivative.

A root is exact to the last digits where a minimum search stops at the square root of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PER_DECADE = 4
"""Grid points per factor of ten; a deviance has no finer structure, its terms are functions of log(1 + n theta)."""
STEPS = 200


def least_point(
    deviances: Callable[[Floats], Floats], slope: Callable[[float], float], least: float, greatest: float
) -> float:
    """Return the minimiser of a deviance on [0, inf), 0 included.

    Args:
        deviances: The deviance at each point of an array.
        slope: Its derivative at one point.
        least: Positive values below this are not told from 0 by the grid.
        greatest: The minimiser is sought up to here.

    Returns:
        The global minimiser among the local ones the grid sees.
    """
    points = max(2, round(PER_DECADE * np.log10(greatest / least)))
    grid = np.concatenate(([0.0], np.geomspace(least, greatest, points)))
    at = int(np.argmin(deviances(grid)))
    rises = slope(float(grid[at])) >= 0.0
    if rises and at == 0:
        return 0.0
    if not rises and at == len(grid) - 1:
        return float(grid[at])
    low, high = (grid[at - 1], grid[at]) if rises else (grid[at], grid[at + 1])
    return crossing(slope, float(low), float(high))


def crossing(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that is negative at ``low`` and positive at ``high`` crosses 0.

    Bisection kept fast by secant steps (the Illinois rule, Dowell & Jarratt 1971); it needs no good start.
    """
    at_low, at_high = rising(low), rising(high)
    side = 0
    for step in range(STEPS):
        # Every fourth step bisects, so that a flat function cannot stall the secant.
        secant = step % 4 != 3 and at_low < 0.0 < at_high
        middle = low - at_low * (high - low) / (at_high - at_low) if secant else 0.5 * (low + high)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        if middle in {low, high} or high - low <= 1e-14 * high:
            break
        value = rising(middle)
        if value == 0.0:
            return middle
        if value < 0.0:
            at_high = 0.5 * at_high if side < 0 else at_high
            low, at_low, side = middle, value, -1
        else:
            at_low = 0.5 * at_low if side > 0 else at_low
            high, at_high, side = middle, value, 1
    return 0.5 * (low + high)
