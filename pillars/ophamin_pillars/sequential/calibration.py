"""Many pairs of lines evaluated at once: the search behind the truncated test.

The programme of :mod:`~ophamin_pillars.sequential.law`, for K candidate designs side by side and under the two
nulls only, in a window of counts that moves with the lines. It is as exact, but keeps no stopping points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ophamin_pillars.sequential.lines import line_counts
from ophamin_pillars.sequential.stopping import Bools, Counts, Floats

LOST = 1e-12
"""When less probability than this is still under way, in all candidates together, the rest is skipped."""
CHUNK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Nulls:
    """What the search holds a design to."""

    p0: float
    p1: float
    level_validate: float
    level_refute: float
    slope: float
    """Successes per trial at which the likelihoods of p0 and p1 stay level."""
    cap: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Candidates:
    """K designs, given by the distance of their lines from ``slope * n``; arrays of shape (K,)."""

    above: Floats
    below: Floats
    admissible: Bools
    """Neither line alone exceeds its level."""
    conclusive: Bools
    """Admissible, and whatever is not validated at the cap can be refuted within its level."""
    mean_n: Floats
    """Expected sample sizes under p0 and p1, shape (2, K)."""
    power: Floats
    """P(VALIDATED) at p1."""
    refuted: Floats
    """P(REFUTED) at p0."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stops:
    """Probabilities under p0 and p1, first axis."""

    upper: Floats
    """Of stopping at the upper line before the cap, shape (2, K)."""
    lower: Floats
    mean_n: Floats
    at_cap: Floats
    """Of each sum at the cap, shape (2, K, W)."""


def evaluate(above: Floats, below: Floats, nulls: Nulls) -> Candidates:
    """Evaluate K pairs of lines, each completed at the cap by the most generous counts its levels allow.

    Args:
        above: How far the upper lines lie above ``slope * n``, in successes, shape (K,).
        below: How far the lower lines lie below it, shape (K,).
        nulls: Nulls, levels and cap.
    """
    stops = _run(above, below, nulls)
    # What was skipped, and rounding, must not carry the exact programme over a level.
    level_validate, level_refute = nulls.level_validate - LOST, nulls.level_refute - LOST
    admissible = (stops.upper[0] <= level_validate) & (stops.lower[1] <= level_refute)
    cap0, cap1 = stops.at_cap
    validates = stops.upper[0][:, None] + _from_the_right(cap0) <= level_validate
    refutes = stops.lower[1][:, None] + np.cumsum(cap1, axis=1) <= level_refute
    return Candidates(
        above=above,
        below=below,
        admissible=admissible,
        conclusive=admissible & (validates | refutes).all(axis=1),
        mean_n=stops.mean_n,
        power=stops.upper[1] + np.where(validates, cap1, 0.0).sum(axis=1),
        refuted=stops.lower[0] + np.where(refutes & ~validates, cap0, 0.0).sum(axis=1),
    )


def _from_the_right(values: Floats) -> Floats:
    return np.cumsum(values[:, ::-1], axis=1)[:, ::-1]


def _run(above: Floats, below: Floats, nulls: Nulls) -> _Stops:
    cap, k = nulls.cap, np.arange(len(above))
    width = math.ceil(float(above.max() + below.max())) + 4
    # One empty cell on either side, so that a step reads neighbours without asking where the window ends.
    before, after = np.zeros((2, 2, len(k), width + 2))
    p = np.array([nulls.p0, nulls.p1])[:, None, None]
    succeeded = np.empty((2, len(k), width))
    upper, lower, mean_n = np.zeros((3, 2, len(k)))
    window = -1  # the count in the first cell
    before[:, :, 2] = 1.0
    for start in range(1, cap, CHUNK):
        ends = np.arange(start, min(start + CHUNK, cap), dtype=np.int64)
        bases, to_upper, to_lower = _cells(above, below, nulls, ends)
        for n, base, u, d in zip(ends.tolist(), bases, to_upper, to_lower, strict=True):
            _step(before, after, p, base - window, succeeded)
            window = base
            up, down = after[:, k, u], after[:, k, d]
            after[:, k, u] = after[:, k, d] = 0.0
            upper += up
            lower += down
            mean_n += n * (up + down)
            before, after = after, before
        if before.sum() < LOST:
            break
    bases, _, _ = _cells(above, below, nulls, np.array([cap], dtype=np.int64))
    _step(before, after, p, min(max(bases[0] - window, 0), 1), succeeded)
    at_cap = after[:, :, 1:-1]
    return _Stops(upper, lower, mean_n + cap * at_cap.sum(axis=-1), at_cap)


def _step(before: Floats, after: Floats, p: Floats, rise: int, scratch: Floats) -> None:
    """Fill ``after`` with the probabilities one trial later, in a window that rose by ``rise``."""
    width = scratch.shape[-1]
    np.multiply(before[:, :, rise : rise + width], p, out=scratch)
    inner = after[:, :, 1:-1]
    np.multiply(before[:, :, rise + 1 : rise + 1 + width], 1.0 - p, out=inner)
    inner += scratch


def _cells(above: Floats, below: Floats, nulls: Nulls, n: Counts) -> tuple[list[int], Counts, Counts]:
    """Return, for each of ``n``, the window's first count and the cells of the K lines, shape (len(n), K).

    The window starts at the lowest lower line, which rises by 0 or 1 a trial.
    """
    upper, lower = line_counts(nulls.slope, above, below, n[:, None])
    base = lower.min(axis=1)
    return base.tolist(), upper - base[:, None] + 1, lower - base[:, None] + 1
