"""Stopping 0/1 data at integer boundaries: after n trials with S successes, at ``S >= upper[n]`` or ``S <= lower[n]``.

Outcomes are read in trial order and the first crossing is final: what comes later changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Crossed(StrEnum):
    """Which boundary ended the sample."""

    UPPER = "upper"
    """Validated, for a claim that the proportion is at least something."""
    LOWER = "lower"
    """Refuted."""
    NEITHER = "neither"
    """The cap was reached between the boundaries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a sample stopped: after ``n`` trials, with ``count`` successes."""

    n: int
    count: int
    crossed: Crossed


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Boundaries:
    """Counts at which sampling stops, for every number of trials from 0 to the cap.

    ``upper[n] = n + 1`` and ``lower[n] = -1`` stand for "no stop there". Both have shape (cap + 1,); entry 0 is unused.

    Raises:
        ValueError: Shapes differ, the cap is 0, or a lower count is not below the upper one.
    """

    upper: Counts
    lower: Counts

    def __post_init__(self) -> None:
        if self.upper.shape != self.lower.shape or self.upper.ndim != 1 or len(self.upper) < 2:
            raise ValueError(
                f"boundaries are two arrays of one length cap + 1 >= 2, not {self.upper.shape} and {self.lower.shape}"
            )
        touching = np.flatnonzero(self.lower[1:] >= self.upper[1:])
        if len(touching):
            raise ValueError(f"lower counts lie below upper ones, but not after {touching[0] + 1} trials")
        for values in (self.upper, self.lower):
            values.setflags(write=False)  # designs are cached and shared

    @property
    def cap(self) -> int:
        return len(self.upper) - 1

    def crossed(self, n: int, count: int) -> Crossed | None:
        """Return the boundary that ``count`` successes after ``n`` trials cross; None: go on."""
        if count >= self.upper[n]:
            return Crossed.UPPER
        if count <= self.lower[n]:
            return Crossed.LOWER
        return Crossed.NEITHER if n == self.cap else None

    def first_crossing(self, outcomes: npt.ArrayLike) -> Stop | None:
        """Return where ``outcomes`` stop, or None if they do not yet.

        Args:
            outcomes: 0/1 (or bool) in trial order, shape (n,). What lies beyond the stop or the cap changes nothing.

        Raises:
            ValueError: Another shape, or a value up to the cap that is neither 0 nor 1.
        """
        counts = np.cumsum(checked(outcomes)[: self.cap])
        n = len(counts)
        hits = (counts >= self.upper[1 : n + 1]) | (counts <= self.lower[1 : n + 1])
        if n == self.cap:
            hits[-1] = True
        if not hits.any():
            return None
        at = int(np.argmax(hits)) + 1
        crossed = self.crossed(at, int(counts[at - 1]))
        return None if crossed is None else Stop(n=at, count=int(counts[at - 1]), crossed=crossed)


def checked(outcomes: npt.ArrayLike) -> Counts:
    """Return 0/1 data as integers of shape (n,).

    Raises:
        ValueError: Another shape, or a value that is neither 0 nor 1.
    """
    x = np.asarray(outcomes)
    if x.ndim != 1:
        raise ValueError(f"outcomes are one sequence in trial order, not an array of shape {x.shape}")
    if x.dtype != np.bool_:
        bad = np.flatnonzero((x != 0) & (x != 1))
        if len(bad):
            raise ValueError(f"outcomes are 0 or 1, but trial {bad[0]} gave {x[bad[0]]}")
    return x.astype(np.int64)


def check_design(p0: float, p1: float, level_validate: float, level_refute: float, *, may_meet: bool = False) -> None:
    """Check what all count designs take.

    Args:
        p0: Null of validation.
        p1: Null of refutation.
        level_validate: Level of validation.
        level_refute: Level of refutation.
        may_meet: The nulls may be one proportion strictly between 0 and 1: there is no margin between them.

    Raises:
        ValueError: The nulls are not ``0 <= p0 < p1 <= 1``, or a level does not lie between 0 and 1.
    """
    if not (0.0 <= p0 < p1 <= 1.0 or (may_meet and 0.0 < p0 == p1 < 1.0)):
        raise ValueError(f"a design needs 0 <= p0 < p1 <= 1, not p0 = {p0} and p1 = {p1}")
    for name, level in (("level_validate", level_validate), ("level_refute", level_refute)):
        if not 0.0 < level < 1.0:
            raise ValueError(f"{name} lies between 0 and 1, not at {level}")
