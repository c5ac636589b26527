"""What a gate looks at: the decision variable of each pair, and how far its control is from its candidate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ophamin_pillars.ratio import log_ratios
from pytest_ophamin.pillars import CONTROL, FIRST, SECOND, VALUE, BadSample, Claim, Column, Sample

Floats = npt.NDArray[np.float64]

MEMORY = "memory_ratio"


def candidate_of(sample: Sample) -> Column:
    """Return the column of the candidate."""
    return sample.columns[FIRST] if FIRST in sample.columns else sample.columns[VALUE]


def check_positive(sample: Sample) -> None:
    """Check that all numbers that decide are positive.

    Raises:
        BadSample: One is not, or is a bool; with the first such trial.
    """
    columns = [sample.columns[name] for name in (FIRST, SECOND, VALUE, CONTROL) if name in sample.columns]
    if any(column.is_bool for column in columns):
        raise BadSample("a benchmark gate takes positive numbers, not bools", trial=0)
    bad = np.logical_or.reduce([~(column.floats > 0.0) for column in columns])
    if bad.any():
        raise BadSample("a benchmark gate takes positive numbers", trial=int(np.argmax(bad)))


def decision_variable(claim: Claim, sample: Sample) -> Floats:
    """Return what the claim's test looks at (n): log ratios, logs, or the ratios of peaks.

    Raises:
        BadSample: A number is not positive, or a ratio of peaks is beyond float64.
    """
    check_positive(sample)
    if claim.kind == MEMORY:
        return _ratios(*sample.pairs)
    if SECOND in sample.columns:
        return log_ratios(sample)
    return np.log(sample.value.floats)


def control_logs(sample: Sample) -> Floats:
    """Return log(control / candidate) of each pair (n)."""
    pair = {FIRST: sample.columns[CONTROL], SECOND: candidate_of(sample)}
    return log_ratios(Sample(n=sample.n, columns=pair))


def _ratios(first: Floats, second: Floats) -> Floats:
    with np.errstate(all="ignore"):
        found: Floats = first / second
    lost = ~((found > 0.0) & np.isfinite(found))
    if lost.any():
        raise BadSample("the ratio of two peaks is beyond what a float holds", trial=int(np.argmax(lost)))
    return found
