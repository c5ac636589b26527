"""Supplementary runs rules: which fire where, and how the shipped sets are made.

A zone rule fires when ``count`` of the last ``window`` points, the present one among them, lie in one region. The
Western Electric Statistical Quality Control Handbook (1956) has rules 1-4, Nelson (1984, J. Quality Technology
16:237) adds 15 points within one sigma and 8 outside it. Champ & Woodall (1987, Technometrics 29:393) number the first
four C1 to C4 (C4: eight points on one side). Trends and sawtooths are no zone rules: :func:`trends`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.signals import Floats, Side, Signal, as_sequence

Interval = tuple[float, float]
Region = tuple[Interval, ...]
"""Open intervals in sigmas from the centre."""


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """``count`` of ``window`` consecutive points in one of the ``regions``."""

    name: str
    count: int
    window: int
    regions: tuple[Region, ...]
    """Each is watched by itself: usually one above the centre and one below."""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= self.window or not self.regions:
            raise ValueError(f"{self.name}: count must lie in 1..window with at least one region, got {self!r}")
        if any(not low < high for region in self.regions for low, high in region):
            raise ValueError(f"{self.name}: intervals must have low < high, got {self.regions!r}")


def beyond_sigma(name: str, count: int, window: int, sigmas: float) -> ZoneRule:
    """Return "``count`` of ``window`` points beyond ``sigmas`` on one side"."""
    return ZoneRule(name, count, window, (((sigmas, math.inf),), ((-math.inf, -sigmas),)))


WESTERN_ELECTRIC: tuple[ZoneRule, ...] = (
    beyond_sigma("1: one point beyond 3 sigma", 1, 1, 3.0),
    beyond_sigma("2: two of three beyond 2 sigma", 2, 3, 2.0),
    beyond_sigma("3: four of five beyond 1 sigma", 4, 5, 1.0),
    beyond_sigma("4: eight in a row on one side", 8, 8, 0.0),
)
STRATIFICATION = ZoneRule("fifteen in a row within 1 sigma", 15, 15, (((-1.0, 1.0),),))
MIXTURE = ZoneRule("eight in a row outside 1 sigma", 8, 8, (((-math.inf, -1.0), (1.0, math.inf)),))
NELSON_ZONES: tuple[ZoneRule, ...] = (
    WESTERN_ELECTRIC[0],
    beyond_sigma("2: nine in a row on one side", 9, 9, 0.0),
    *WESTERN_ELECTRIC[1:3],
    STRATIFICATION,
    MIXTURE,
)
"""Nelson's tests 1, 2, 5, 6, 7 and 8; 3 and 4 are :func:`trends`."""


def western_electric(numbers: str) -> tuple[ZoneRule, ...]:
    """Return the rules of a combination such as ``"123"``, in Champ & Woodall's numbering.

    Raises:
        ValueError: anything but distinct digits of 1-4.
    """
    if not numbers or len(set(numbers)) != len(numbers) or not set(numbers) <= set("1234"):
        raise ValueError(f"rules must be distinct digits of 1-4, got {numbers!r}")
    return tuple(WESTERN_ELECTRIC[int(digit) - 1] for digit in numbers)


def zone_signals(z: npt.ArrayLike, rules: Sequence[ZoneRule] = WESTERN_ELECTRIC) -> tuple[Signal, ...]:
    """Return all signals of a standardised sequence, by index and then in the order of the rules.

    Args:
        z: ``(x - centre) / sigma``, shape (n,).
        rules: those to apply.

    Raises:
        ValueError: values that are not finite.
    """
    values = as_sequence(z, "z")
    found: list[Signal] = []
    for rule in rules:
        for region in rule.regions:
            inside = in_region(values, region)
            counts = _windowed(inside, rule.window)
            fires = inside & (counts >= rule.count)
            side, limit = _side_of(region)
            found += [Signal(i, rule.name, side, float(values[i]), limit) for i in np.flatnonzero(fires).tolist()]
    return tuple(sorted(found, key=lambda signal: signal.index))


def trends(x: npt.ArrayLike, *, rising: int = 6, alternating: int = 14) -> tuple[Signal, ...]:
    """Return where ``rising`` points in a row rise (or fall), or ``alternating`` go up and down (Nelson's 3 and 4).

    Equal neighbours end a run.

    Args:
        x: shape (n,).
        rising: least points of a trend, >= 2.
        alternating: least points of a sawtooth, >= 3.

    Raises:
        ValueError: runs too short, or values that are not finite.
    """
    if rising < 2 or alternating < 3:
        raise ValueError(f"rising must be at least 2 and alternating at least 3, got {rising} and {alternating}")
    values = as_sequence(x, "x")
    steps = np.sign(np.diff(values))
    turns = steps[1:] * steps[:-1] < 0.0
    sides: tuple[tuple[npt.NDArray[np.bool_], str, int, int, Side], ...] = (
        (steps > 0.0, f"{rising} in a row rising", rising - 1, 1, "above"),
        (steps < 0.0, f"{rising} in a row falling", rising - 1, 1, "below"),
        (turns, f"{alternating} in a row alternating", alternating - 2, 2, "either"),
    )
    found: list[Signal] = []
    for holds, name, needed, offset, side in sides:
        for i in np.flatnonzero(_runs(holds) >= needed).tolist():
            at = i + offset
            found.append(Signal(at, name, side, float(values[at]), float(values[at - needed])))
    return tuple(sorted(found, key=lambda signal: signal.index))


def in_region(z: Floats, region: Region) -> npt.NDArray[np.bool_]:
    """Return which points lie strictly between the ends of one of the region's intervals.

    A point exactly on a line is in no zone, as on the charts of the handbook; on a continuous scale none is.
    """
    inside = np.zeros(len(z), dtype=np.bool_)
    for low, high in region:
        inside |= (z > low) & (z < high)
    return inside


def _side_of(region: Region) -> tuple[Side, float]:
    """Return the side a region lies on and the limit nearest the centre."""
    if len(region) > 1:
        return "either", min(abs(end) for interval in region for end in interval)
    low, high = region[0]
    if high == math.inf:
        return "above", low
    return ("below", high) if low == -math.inf else ("within", high)


def _windowed(holds: npt.NDArray[np.bool_], window: int) -> npt.NDArray[np.int64]:
    """Return at each position how many of the last ``window`` hold."""
    reached = np.zeros(window + len(holds), dtype=np.int64)
    np.cumsum(holds, out=reached[window:])
    counts: npt.NDArray[np.int64] = reached[window:] - reached[: len(holds)]
    return counts


def _runs(holds: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return at each position how many in a row hold up to and including it."""
    positions = np.arange(1, len(holds) + 1)
    broken = np.maximum.accumulate(np.where(holds, 0, positions))
    lengths: npt.NDArray[np.int64] = positions - broken
    return lengths
