"""What a claim about a proportion, a mean or a difference averages, trial by trial, and within which bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.rounding import settled
from pytest_ophamin.pillars import FIRST, SECOND, BadSample, Claim, Column, Sample, number

Floats = npt.NDArray[np.float64]
Bounds = tuple[float, float]
UNIT = (0.0, 1.0)
PAIR = (-1.0, 1.0)
LARGEST = 1e140
"""Beyond this, sums of squares have no float."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """The numbers a claim averages."""

    values: Floats
    """In trial order (n)."""
    bounds: Bounds | None
    """Known bounds of every number: declared, or those of bools; None where there are none."""


def observed(claim: Claim, sample: Sample) -> Observed:
    """Return what ``claim`` averages: 0/1, numbers, or differences of pairs (first minus second).

    Raises:
        BadSample: A proportion of other numbers, a pair of a bool and a number, an infinite difference, or a number
            outside the bounds.
    """
    if claim.kind == "proportion":
        return Observed(zeros_and_ones(sample.value), UNIT)
    if FIRST in sample.columns:
        bounds = claim.bounds or (PAIR if sample.is_bool else None)
        return Observed(_known(_differences(sample), bounds, np.maximum(*map(np.abs, sample.pairs))), bounds)
    bounds = claim.bounds or (UNIT if sample.is_bool else None)
    return Observed(_known(sample.value.floats, bounds, None), bounds)


def zeros_and_ones(column: Column) -> Floats:
    """Return a column of bools, or of numbers that are exactly 0 or 1, as floats.

    Raises:
        BadSample: An observation is neither.
    """
    values = column.floats
    good = (values == 0.0) | (values == 1.0)
    if not good.all():
        raise BadSample("a proportion takes True, False, 0 or 1", trial=int(np.argmin(good)))
    return values


def check_squares(values: Floats) -> None:
    """Check that sums of squares of ``values`` are finite.

    Raises:
        BadSample: They are not.
    """
    large = np.abs(values) > LARGEST
    if large.any():
        raise BadSample("an observation is too large for its square to be finite", trial=int(np.argmax(large)))


def _differences(sample: Sample) -> Floats:
    if not sample.is_bool and (sample.columns[FIRST].is_bool or sample.columns[SECOND].is_bool):
        raise BadSample("a pair mixes a bool with a number", trial=0)
    first, second = sample.pairs
    with np.errstate(over="ignore"):
        difference = first - second
    if not np.isfinite(difference).all():
        raise BadSample("a pair's difference is not finite", trial=int(np.argmin(np.isfinite(difference))))
    return difference


def _known(values: Floats, bounds: Bounds | None, scale: Floats | None) -> Floats:
    """Return ``values`` inside their bounds, or settled where there are none: their spread will be estimated."""
    if bounds is None:
        return settled(values, scale)
    lo, hi = bounds
    outside = (values < lo) | (values > hi)
    if outside.any():
        raise BadSample(
            f"an observation lies outside the bounds {number(lo)} to {number(hi)}", trial=int(np.argmax(outside))
        )
    return values
