"""The tabular two-sided CUSUM (Page 1954) with the head start of Lucas & Crosier (1982).

    S_hi[t] = max(0, S_hi[t - 1] + x[t] - target - k)
    S_lo[t] = max(0, S_lo[t - 1] + target - k - x[t])        alarm where either exceeds h

Designs (k, h) and the run lengths they buy stand in :mod:`ophamin_pillars.control.cusum_design`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.signals import Floats, Signal, as_sequence, check_positive

Sides: TypeAlias = Literal["one", "two"]


@dataclass(frozen=True, slots=True)
class Cusum:
    """Both sums at every point."""

    high: Floats
    """S_hi, shape (n,)."""
    low: Floats
    """S_lo, shape (n,)."""
    target: float
    k: float
    """Allowance: half the shift to be found, in units of x."""
    h: float
    """Decision interval, in units of x."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Every point at which a sum exceeds h, the upper first where both do."""
        found = [Signal(i, "CUSUM", "above", float(self.high[i]), self.h) for i in _indices(self.high > self.h)]
        found += [Signal(i, "CUSUM", "below", float(self.low[i]), self.h) for i in _indices(self.low > self.h)]
        return tuple(sorted(found, key=lambda signal: signal.index))

    @property
    def first_alarm(self) -> int | None:
        """Index of the first alarm, from 0."""
        return next((signal.index for signal in self.signals), None)

    def last_zero_before(self, alarm: Signal) -> int:
        """Return the last index at which the alarming sum was 0 (-1: never): the change came after it."""
        sums = self._side(alarm.side)
        zeros = np.flatnonzero(sums[: alarm.index] <= 0.0)
        return int(zeros[-1]) if len(zeros) else -1

    def shifted_mean(self, alarm: Signal) -> float:
        """Return Montgomery's (9.5) estimate of the mean after the change: target +- (k + S / points since 0)."""
        sums = self._side(alarm.side)
        by = self.k + float(sums[alarm.index]) / (alarm.index - self.last_zero_before(alarm))
        return self.target + by if alarm.side == "above" else self.target - by

    def _side(self, side: str) -> Floats:
        return self.high if side == "above" else self.low


def tabular_cusum(x: npt.ArrayLike, *, target: float, k: float, h: float, head_start: float = 0.0) -> Cusum:
    """Return both sums; they run on after an alarm.

    Args:
        x: shape (n,).
        target: in-control mean.
        k: allowance >= 0, in units of x.
        h: decision interval > 0, in units of x.
        head_start: value both sums start from, in [0, h); h / 2 is the fast initial response.

    Raises:
        ValueError: an argument outside its range, or values that are not finite.
    """
    values = as_sequence(x, "x")
    check_positive("h", h)
    if not (k >= 0.0 and np.isfinite(k)):
        raise ValueError(f"k must be a finite number of at least 0, got {k!r}")
    if not 0.0 <= head_start < h:
        raise ValueError(f"head_start must lie in [0, h), got {head_start!r}")
    return Cusum(
        high=reflected_sums(values - target - k, head_start),
        low=reflected_sums(target - k - values, head_start),
        target=target,
        k=k,
        h=h,
    )


def reflected_sums(steps: Floats, start: float = 0.0) -> Floats:
    """Return S with ``S[t] = max(0, S[t - 1] + steps[t])`` and ``S[-1] = start`` >= 0, shape (n,).

    The sum minus its running minimum (Lindley 1952), where the minimum begins at ``-start``.
    """
    sums = np.cumsum(steps)
    lowest = np.minimum.accumulate(np.minimum(sums, -start))
    reflected: Floats = sums - lowest
    return reflected


def _indices(mask: npt.NDArray[np.bool_]) -> list[int]:
    indices: list[int] = np.flatnonzero(mask).tolist()
    return indices
