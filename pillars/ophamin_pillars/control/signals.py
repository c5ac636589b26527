"""What a chart reports: where a rule fired, on which side, with which numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Side: TypeAlias = Literal["above", "below", "within", "either"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One rule that fired at one point."""

    index: int
    """Position in the sequence, from 0."""
    rule: str
    side: Side
    value: float
    limit: float
    """What the value was compared with."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A plotted statistic with its centre and limits; limits have one entry per point because some charts' vary."""

    name: str
    values: Floats
    """Shape (n,)."""
    center: float
    lower: Floats
    """Shape (n,)."""
    upper: Floats
    """Shape (n,)."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Points beyond the limits, in order."""
        return beyond(self.values, self.lower, self.upper, f"{self.name} beyond limits")

    @property
    def in_control(self) -> bool:
        return not self.signals


def beyond(values: Floats, lower: Floats, upper: Floats, rule: str) -> tuple[Signal, ...]:
    """Return a signal for each value strictly outside its limits.

    Args:
        values: shape (n,).
        lower: shape (n,).
        upper: shape (n,).
        rule: name the signals carry.
    """
    found: list[Signal] = []
    for i in np.flatnonzero((values < lower) | (values > upper)).tolist():
        side: Side = "above" if values[i] > upper[i] else "below"
        limit = upper[i] if side == "above" else lower[i]
        found.append(Signal(i, rule, side, float(values[i]), float(limit)))
    return tuple(found)


def as_sequence(x: Sequence[float] | npt.ArrayLike, name: str, least: int = 1) -> Floats:
    """Return ``x`` as a finite array of shape (n,) with n >= ``least``.

    Raises:
        ValueError: another shape, too few values, or a value that is not finite.
    """
    made: Floats = np.asarray(x, dtype=np.float64)
    if made.ndim != 1 or len(made) < least:
        raise ValueError(f"{name} must be a sequence of at least {least} numbers, got shape {made.shape}")
    if not bool(np.isfinite(made).all()):
        where = int(np.flatnonzero(~np.isfinite(made))[0])
        raise ValueError(f"{name} must be finite, got {made[where]} at position {where}")
    return made


def check_positive(name: str, value: float) -> None:
    """Raise ValueError unless ``value`` is a finite number above 0."""
    if not (value > 0.0 and np.isfinite(value)):
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")


def discounted_sums(x: Floats, decay: float, start: float = 0.0) -> Floats:
    """Return y with ``y[t] = decay * y[t - 1] + x[t]`` and ``y[-1] = start``, shape (n,), for decay in [0, 1].

    By doubling (Hillis & Steele 1986): after pass k each y[t] holds the last 2**k terms, so log2 n vector passes
    replace n scalar steps, and nothing is ever divided by a power of ``decay``.
    """
    y = x.copy()
    if len(y):
        y[0] += decay * start
    reach, factor = 1, decay
    while reach < len(y) and factor > 0.0:
        y[reach:] += factor * y[:-reach]
        reach, factor = 2 * reach, factor * factor
    return y
