"""The Page-Hinkley test (Page 1954; Hinkley 1970), as river computes it: a CUSUM around the running mean.

    up[t]   = alpha up[t - 1] + (x[t] - mean[t] - delta)       alarm when up[t] - min(up) > threshold
    down[t] = alpha down[t - 1] + (x[t] - mean[t] + delta)     alarm when max(down) - down[t] > threshold

``mean`` runs over all observations since the last alarm, after which everything starts afresh. Nothing about
``threshold`` is an error rate: it sets how long a run without change lasts on average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.signals import Floats, Side, Signal, as_sequence, discounted_sums

_FIRST_STRETCH = 256
_GROWTH = 4


@dataclass(frozen=True, slots=True)
class PageHinkleyDesign:
    """The detector's parameters; the defaults are river's."""

    min_instances: int = 30
    delta: float = 0.005
    threshold: float = 50.0
    alpha: float = 1.0 - 0.0001
    mode: Literal["up", "down", "both"] = "both"

    def __post_init__(self) -> None:
        if not (self.threshold > 0.0 and 0.0 <= self.alpha <= 1.0 and np.isfinite(self.delta)):
            raise ValueError(f"threshold > 0, alpha in [0, 1] and a finite delta are needed, got {self!r}")
        if self.min_instances < 1 or self.mode not in ("up", "down", "both"):
            raise ValueError(f"min_instances >= 1 and mode up, down or both are needed, got {self!r}")


def page_hinkley(x: npt.ArrayLike, design: PageHinkleyDesign | None = None) -> tuple[Signal, ...]:
    """Return every alarm in a sequence.

    Args:
        x: shape (n,).
        design: parameters; river's defaults.

    Raises:
        ValueError: values that are not finite, or parameters out of range.
    """
    values = as_sequence(x, "x", least=0)
    chosen = design or PageHinkleyDesign()
    found: list[Signal] = []
    start = 0
    while (alarm := _first_alarm(values, start, chosen)) is not None:
        found.append(alarm)
        start = alarm.index + 1
    return tuple(found)


def greatest_excursion(x: npt.ArrayLike, design: PageHinkleyDesign | None = None) -> float:
    """Return the least threshold of which a sequence gives no alarm; 0 where it is shorter than ``min_instances``.

    Arguments as :func:`page_hinkley`; the design's own threshold is not used.
    """
    values = as_sequence(x, "x", least=0)
    chosen = design or PageHinkleyDesign()
    if len(values) < chosen.min_instances:
        return 0.0
    up, down = _statistics(values, chosen)
    return max(0.0, float(np.maximum(up, down)[chosen.min_instances - 1 :].max()))


def _first_alarm(x: Floats, start: int, design: PageHinkleyDesign) -> Signal | None:
    """Return the first alarm of a detector started at ``start``, in stretches that grow until there is one."""
    length = max(_FIRST_STRETCH, 2 * design.min_instances)
    while True:
        stretch = x[start : start + length]
        up, down = _statistics(stretch, design)
        hits = (up > design.threshold) | (down > design.threshold)
        hits[: design.min_instances - 1] = False
        at = int(np.argmax(hits)) if len(hits) else 0
        if len(hits) and bool(hits[at]):
            side: Side = "above" if up[at] > design.threshold else "below"
            value = float(up[at] if side == "above" else down[at])
            return Signal(start + at, "Page-Hinkley", side, value, design.threshold)
        if start + length >= len(x):
            return None
        length *= _GROWTH


def _statistics(x: Floats, design: PageHinkleyDesign) -> tuple[Floats, Floats]:
    """Return both test statistics at every point; -inf for a direction that is not watched."""
    nothing = np.full(len(x), -np.inf)
    if not len(x):
        return nothing, nothing
    centred = x - x.mean()
    deviations = centred - np.cumsum(centred) / np.arange(1, len(x) + 1)
    up = down = nothing
    if design.mode != "down":
        rising = discounted_sums(deviations - design.delta, design.alpha)
        up = rising - np.minimum.accumulate(rising)
    if design.mode != "up":
        falling = discounted_sums(deviations + design.delta, design.alpha)
        down = np.maximum(np.maximum.accumulate(falling), -1.0) - falling  # river's maximum begins at -1
    return up, down
