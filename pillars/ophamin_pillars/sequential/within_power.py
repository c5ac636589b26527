"""Power of a proportion shown to lie within two limits by the mixture e-process: exact, over all paths of the count.

Either end is shown where the count first passes its own boundary, and both need not be at one trial. So a path is its
count and which ends it has shown; the programme carries the probability of each. Refutation is left out: it is rare
when the claim is true as expected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.sequential.quantile_sequence import critical_counts
from pytest_ophamin.pillars import minus

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWithin:
    """What became of a claim that may take ``cap`` trials."""

    validated: float
    """P(both ends shown by the cap)."""
    mean_n: float
    """Trials expected; those at the cap included."""


def shown_within(limits: tuple[float, float], truth: float, level: float, cap: int) -> ShownWithin:
    """Return how often both ends are shown, each at ``level``, when the proportion is ``truth``.

    Args:
        limits: The ends, strictly between 0 and 1.
        truth: The proportion.
        level: Level of either end.
        cap: Most trials; at least 1.
    """
    lo, hi = limits
    n = np.arange(1, cap + 1)
    above = critical_counts(n, lo, level)  # from so many successes on, "at most lo" is rejected
    below = n - critical_counts(n, minus(1.0, hi), level)  # down to so few, "at least hi" is
    open_paths = np.zeros((3, cap + 2))  # by what was shown: nothing, above lo, below hi; the count is the column
    open_paths[0, 0] = 1.0
    shown: list[float] = []
    for trial in range(cap):
        step = open_paths[:, : trial + 2] * (1.0 - truth)
        step[:, 1:] += open_paths[:, : trial + 1] * truth
        shown.append(_show(step, max(0, int(above[trial])), int(below[trial]) + 1))
        open_paths[:, : trial + 2] = step
    validated = math.fsum(shown)
    mean = math.fsum(p * (i + 1) for i, p in enumerate(shown)) + cap * (1.0 - validated)
    return ShownWithin(validated=min(1.0, validated), mean_n=mean)


def _show(step: Floats, above: int, below: int) -> float:
    """Move paths to what they have shown by now, and return the probability of those that have shown both ends.

    Args:
        step: Probabilities, shape (3, counts), changed in place.
        above: The least count that lies above the lower end.
        below: One more than the greatest count that lies below the upper end.
    """
    nothing, over, under = step
    both = float(over[:below].sum() + under[above:].sum() + nothing[above:below].sum())
    over[:below] = under[above:] = nothing[above:below] = 0.0
    over[above:] += nothing[above:]
    nothing[above:] = 0.0
    under[:below] += nothing[:below]
    nothing[:below] = 0.0
    return both
