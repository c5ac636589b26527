"""ADWIN (Bifet & Gavalda 2007, SDM): drift of a mean, found in an adaptive window of exponential buckets.

Every ``clock`` observations the window is cut at each bucket edge; a change is reported when the means of the parts
before and after a cut differ by more than

    eps = sqrt(2 / m * variance * D) + 2 / (3 m) * D,      1 / m = 1 / (n0 - l + 1) + 1 / (n1 - l + 1),
    D = log(2 log(width) / delta),                          l = ``min_window``

as river >= 0.22 computes it; the detector then starts afresh, as river's does. Until a change is found no bucket is
dropped, so the edges depend only on how many observations the window holds: all cuts of many checks are a table that
does not depend on the data, and the sums at them are differences of one cumulative sum. That is what makes numpy as
fast as a compiled loop here. ``delta`` bounds the false alarms of one check by a union bound; it is no error rate of a
whole scan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.signals import Floats, as_sequence

_FIRST_CHECKS = 16
_MOST_CHECKS = 1_024
"""Checks per table. The last tables used are kept (at most some 25 MB): a stream full of changes needs the first ones
again and again, and so does every further scan."""


@dataclass(frozen=True, slots=True)
class AdwinDesign:
    """The detector's parameters; the defaults are river's."""

    delta: float = 0.002
    clock: int = 32
    max_buckets: int = 5
    min_window: int = 5
    grace_period: int = 10

    def __post_init__(self) -> None:
        if not 0.0 < self.delta < 1.0:
            raise ValueError(f"delta must lie in (0, 1), got {self.delta!r}")
        if min(self.clock, self.min_window) < 1 or self.max_buckets < 2 or self.grace_period < 0:
            raise ValueError(f"clock, min_window >= 1, max_buckets >= 2, grace_period >= 0 are needed, got {self!r}")


@dataclass(frozen=True, slots=True)
class AdwinChange:
    """One detected change."""

    index: int
    """Observation at whose arrival it was reported, from 0."""
    window_start: int
    """First observation of the window."""
    cut: int
    """First observation after the oldest cut that shows the change."""
    mean_before: float
    mean_after: float
    bound: float
    """eps, which the difference of the means exceeds."""


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Every cut of consecutive checks, oldest cut first within a check; shape (cuts,) unless said otherwise."""

    width: npt.NDArray[np.int64]
    """Observations in the window at each check, shape (checks,)."""
    ends: npt.NDArray[np.int64]
    """Number of cuts of this check and those before it, shape (checks,)."""
    check: npt.NDArray[np.int64]
    """Row of the check a cut belongs to."""
    older: npt.NDArray[np.int64]
    """Observations before the cut."""
    before: Floats
    """The means differ by ``before * sum of the older part - total * sum of the window``."""
    total: Floats
    slope: Floats
    """eps = sqrt(slope * variance) + offset."""
    offset: Floats


def adwin(x: npt.ArrayLike, design: AdwinDesign | None = None) -> tuple[AdwinChange, ...]:
    """Return every change ADWIN reports in a sequence.

    Args:
        x: shape (n,).
        design: parameters; river's defaults.

    Raises:
        ValueError: values that are not finite, or parameters out of range.
    """
    values = as_sequence(x, "x", least=0)
    chosen = design or AdwinDesign()
    scratch = np.empty((2, len(values) + 1))
    found: list[AdwinChange] = []
    start = 0
    while (change := _first_change(values, start, chosen, scratch)) is not None:
        found.append(change)
        start = change.index + 1
    return tuple(found)


def _first_change(x: Floats, start: int, design: AdwinDesign, scratch: Floats) -> AdwinChange | None:
    """Return the first change of a detector started at ``start``; ``scratch`` takes sums and sums of squares."""
    checks = (len(x) - start) // design.clock
    sums, squares = scratch
    sums[0] = squares[0] = 0.0
    filled, first, count, center = 0, 1, _FIRST_CHECKS, 0.0
    while first <= checks:
        last = min(checks, first + count - 1)
        until = last * design.clock
        part = x[start + filled : start + until]
        if filled == 0:
            center = float(part.sum()) / until  # sums of differences from it keep their digits wherever x lies
        part = part - center
        for sequence, addends in ((sums, part), (squares, part * part)):
            addends[0] += sequence[filled]
            np.cumsum(addends, out=sequence[filled + 1 : until + 1])
        cuts = _make_cuts(design, first, first + count - 1)
        width = cuts.width[: last - first + 1]
        totals = sums.take(width)
        variances = np.maximum(squares.take(width) - totals * totals / width, 0.0) / width
        at = _search(cuts, sums, totals, variances)
        if at is not None:
            return _described(cuts, at, sums, variances, start=start, center=center)
        filled, first, count = until, last + 1, min(4 * count, _MOST_CHECKS)
    return None


def _search(cuts: _Cuts, sums: Floats, totals: Floats, variances: Floats) -> int | None:
    """Return the first cut that shows a change; ``totals`` and ``variances`` are those of the window at each check."""
    stop = int(cuts.ends[len(totals) - 1])
    check = cuts.check[:stop]
    difference = sums.take(cuts.older[:stop])
    difference *= cuts.before[:stop]
    difference -= totals.take(check) * cuts.total[:stop]
    np.abs(difference, out=difference)
    bound = variances.take(check)
    bound *= cuts.slope[:stop]
    np.sqrt(bound, out=bound)
    bound += cuts.offset[:stop]
    hits = difference > bound
    first = int(hits.argmax()) if stop else 0
    return first if stop and bool(hits[first]) else None


def _described(cuts: _Cuts, at: int, sums: Floats, variances: Floats, *, start: int, center: float) -> AdwinChange:
    row = int(cuts.check[at])
    width, older = int(cuts.width[row]), int(cuts.older[at])
    before, total = float(sums[older]), float(sums[width])
    return AdwinChange(
        index=start + width - 1,
        window_start=start,
        cut=start + older,
        mean_before=center + before / older,
        mean_after=center + (total - before) / (width - older),
        bound=math.sqrt(cuts.slope[at] * variances[row]) + float(cuts.offset[at]),
    )


@lru_cache(maxsize=8)
def _make_cuts(design: AdwinDesign, first: int, last: int) -> _Cuts:
    """Return the cuts of checks ``first`` to ``last``, where check c sees c * clock observations."""
    width = np.arange(first, last + 1, dtype=np.int64) * design.clock
    held, size = width.copy(), 1
    edge = np.zeros_like(width)  # observations newer than the buckets of this size
    columns: list[npt.NDArray[np.int64]] = []
    places = np.arange(1, design.max_buckets + 1)
    while held.any():
        # A size holds up to max_buckets; one more, and its two oldest merge into the next size.
        merged = np.maximum(0, (held - design.max_buckets + 1) // 2)
        buckets = held - 2 * merged
        columns.append(np.where(places <= buckets[:, None], edge[:, None] + places * size, 0))
        edge += buckets * size
        held, size = merged, 2 * size
    newer = np.concatenate(columns, axis=1)[:, ::-1]
    least = design.min_window
    valid = (newer >= least) & (width[:, None] - newer >= least) & (width[:, None] > design.grace_period)
    check, _ = np.nonzero(valid)
    newer = newer[valid]
    older = width.take(check) - newer
    inverse = 1.0 / (older - least + 1) + 1.0 / (newer - least + 1)
    log_term = np.log(2.0 * np.log(np.maximum(width, 2)) / design.delta).take(check)
    return _Cuts(
        width=width,
        ends=valid.sum(axis=1).cumsum(),
        check=check,
        older=older,
        before=1.0 / older + 1.0 / newer,
        total=1.0 / newer,
        slope=2.0 * inverse * log_term,
        offset=2.0 / 3.0 * inverse * log_term,
    )
