"""The course of a claim that stopped early, at a few trial counts: enough to draw it, and part of its record.

Bounds of 0/1 data are those of the beta-binomial mixture (:mod:`~ophamin_pillars.sequential.proportion_sequence`), or
the order statistics that invert it for a quantile. They hold at all trial counts together. A truncated SPRT decides by
other boundaries: the sequence stands beside its verdict, it is not its inversion.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from ophamin_pillars.sequential.likelihood_ratio import log_e
from ophamin_pillars.sequential.mixture import cumulative_counts
from ophamin_pillars.sequential.proportion_sequence import lower_bounds, upper_bounds
from ophamin_pillars.sequential.quantile_sequence import critical_counts
from pytest_ophamin.pillars import Claim, Relation, Sample, Sequence, quantile_probability

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Bounds = tuple[float | None, ...]

MOST_POINTS = 40
LARGEST_LEVEL = 0.5
"""Bounds at a level above this are not computed: they would not enclose the estimate."""


def points(claim: Claim, n: int, most: int = MOST_POINTS) -> tuple[int, ...]:
    """Return at most ``most`` rising trial counts that end at ``n``: declared looks, or evenly spaced ones."""
    looks = [look for look in claim.design.looks if look <= n]
    if looks:
        looks = looks if looks[-1] == n else [*looks, n]
        places = np.unique(np.ceil(np.linspace(0, len(looks) - 1, min(most, len(looks)))).astype(int))
        return tuple(looks[place] for place in places)
    return tuple(np.unique(np.ceil(np.linspace(n / most, n, most)).astype(int)).tolist())


def levels_of_bounds(claim: Claim) -> tuple[float, float]:
    """Return the levels of the lower and of the upper bound: each that of the side whose test it goes with."""
    a, b = claim.validate_level, min(claim.refute_level, LARGEST_LEVEL)
    if claim.relation is Relation.WITHIN:
        return 0.5 * a, 0.5 * a
    return (a, b) if claim.relation is Relation.AT_LEAST else (b, a)


def course_of_counts(claim: Claim, sample: Sample, good: Bools, nulls: tuple[float, float]) -> Sequence:
    """Return the course of a claim about 0/1 data that a design decides.

    Args:
        claim: About a proportion or a quantile, ``at_least`` or ``at_most``.
        sample: Its sample, to where it stopped.
        good: Which trials lie on the claimed side, shape (n,).
        nulls: ``(p0, p1)``. The evidence is the log likelihood ratio of p1 to p0; without a margin there is none.
    """
    at = points(claim, sample.n)
    places = np.array(at) - 1
    p0, p1 = nulls
    s, f = (counts[places] for counts in cumulative_counts(good))
    ratio = log_e(s, f, p0, p1) if p0 < p1 else np.zeros(len(at))
    lower, upper = share_bounds(claim, s, f) if claim.kind == "proportion" else quantile_bounds(claim, sample, at)
    return Sequence(
        at=at,
        lower=lower,
        upper=upper,
        log_validate=tuple(ratio.tolist()),
        log_refute=tuple((0.0 - ratio).tolist()),
    )


def share_bounds(claim: Claim, good: Floats, other: Floats) -> tuple[Bounds, Bounds]:
    """Return the confidence sequence of a proportion from counts of good and other trials; each only narrows."""
    s, f = (other, good) if claim.relation is Relation.AT_MOST else (good, other)
    low, high = levels_of_bounds(claim)
    lower = np.maximum.accumulate(lower_bounds(s, f, low))
    upper = np.minimum.accumulate(upper_bounds(s, f, high))
    return tuple(lower.tolist()), tuple(upper.tolist())


def quantile_bounds(claim: Claim, sample: Sample, at: tuple[int, ...]) -> tuple[Bounds, Bounds]:
    """Return the confidence sequence of a quantile, after ``at`` observations each; each only narrows.

    As :func:`~ophamin_pillars.sequential.quantile_sequence.quantile_sequence`, but looked at a few times only.
    """
    q = quantile_probability(claim.metric) or 0.5
    low, high = levels_of_bounds(claim)
    n = np.array(at)
    above, below = critical_counts(n, q, high), n - critical_counts(n, 1.0 - q, low)
    lower, upper = np.full(len(at), -np.inf), np.full(len(at), np.inf)
    values = sample.value.floats
    for place, end in enumerate(at):
        ordered = np.sort(values[:end])
        if above[place] <= end:
            upper[place] = ordered[above[place] - 1]
        if below[place] >= 0:
            lower[place] = ordered[below[place]]
    return _finite(np.maximum.accumulate(lower)), _finite(np.minimum.accumulate(upper))


def _finite(bounds: Floats) -> Bounds:
    """Return None for an end that is open, or that is the stand-in of a trial that raised."""
    return tuple(bound if abs(bound) < sys.float_info.max else None for bound in bounds.tolist())
