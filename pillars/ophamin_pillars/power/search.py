"""Searches the designs share: the least n, and the real number, at which a monotone or saw-toothed power is reached."""

from __future__ import annotations

import math
from collections.abc import Callable

LARGEST_N = 10_000_000
"""Beyond this size nobody samples: the answer is None."""
BISECTIONS = 200


def least_true(holds: Callable[[int], bool], start: int, largest: int = LARGEST_N) -> int | None:
    """Return the least n >= start for which a monotone ``holds`` is true, or None up to ``largest``."""
    low, high = start - 1, start
    while not holds(high):
        if high >= largest:
            return None
        low, high = high, min(2 * max(1, high), largest)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def least_size(power_at: Callable[[int], float], power: float, start: int) -> int | None:
    """Return the least n >= start whose power, growing with n, reaches ``power``; None up to LARGEST_N."""
    return least_true(lambda n: power_at(n) >= power, start)


def crossing(rising: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Return the least x in [low, high] at which a rising function reaches ``target``, by bisection.

    Raises:
        ValueError: It stays below ``target``.
    """
    if rising(low) >= target:
        return low
    if rising(high) < target:
        raise ValueError(f"expected a power that reaches {target}, came {rising(high)} at most")
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (low, middle) if rising(middle) >= target else (middle, high)
    return high


def crossing_from(rising: Callable[[float], float], target: float, least: float, largest: float = LARGEST_N) -> float:
    """Return the least x in [least, largest] at which a rising function reaches ``target``, from below.

    The real-valued "sample size" of published tables. The upper end is doubled from ``least`` on, so that no power is
    asked for far beyond the answer.

    Raises:
        ValueError: It stays below ``target``.
    """
    high = 2.0 * least
    while high < largest and rising(high) < target:
        high *= 2.0
    return crossing(rising, target, least, min(high, largest))


def least_effect(rising: Callable[[float], float], target: float, largest: float = math.inf) -> float | None:
    """Return the least effect in (0, largest] at which the power reaches ``target``; None when none does."""
    high = min(1.0, largest)
    while rising(high) < target:
        if high >= largest or high > 1e12:
            return None
        high = min(2.0 * high, largest)
    return crossing(rising, target, 0.0, high)


def check_levels(level: float, power: float | None = None) -> None:
    """Refuse levels and powers that are no probabilities.

    Raises:
        ValueError: Not strictly between 0 and 1.
    """
    for name, value in (("level", level), ("power", power)):
        if value is not None and not 0.0 < value < 1.0:
            raise ValueError(f"{name}: expected a number between 0 and 1, came {value!r}")


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return a zero between ``low`` and ``high``, whose values differ in sign, by bracketed secants (Illinois).

    Without a change of sign the end whose value is nearer to 0 is returned.
    """
    f_low, f_high = function(low), function(high)
    if f_low * f_high > 0.0:
        return low if abs(f_low) < abs(f_high) else high
    for step in range(BISECTIONS):
        if abs(high - low) <= 4.0 * math.ulp(max(abs(low), abs(high), 1e-300)) or f_low == f_high:
            break
        # Every fourth step halves, so that a curve that is flat at one end cannot stall the secants.
        middle = 0.5 * (low + high) if step % 4 == 3 else high - f_high * (high - low) / (f_high - f_low)
        value = function(middle)
        if value == 0.0:
            return middle
        if value * f_high < 0.0:
            low, f_low = high, f_high
        else:
            f_low *= 0.5
        high, f_high = middle, value
    return high
