"""What a chart or a drift test looks at: one number per unit, in trial order.

``of`` says which number: "observation" (of a pair, what its metric averages: a difference, a ratio), "decision" (what
the claim's own test looks at, as serial dependence is judged: for a quantile the side of its limit), "first" or
"second" of a pair. Observations of one arm, stratum or factor cell are taken less their mean, so that the design is
not mistaken for a change; a block is one unit, its mean, and so is a cluster, in the order of its first trial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.diagnosing.options import Asked
from pytest_ophamin.pillars import FIRST, SECOND, VALUE, Claim, Sample

Floats = npt.NDArray[np.float64]

OBSERVATION, DECISION = "observation", "decision"
_CHOICES = (OBSERVATION, DECISION, FIRST, SECOND)
_HUGE = 2.0**500


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers in trial order."""

    values: Floats
    """Shape (n,)."""
    unit: str
    """What one of them is: "trial", "block" or "cluster"."""
    is_binary: bool
    """Whether all of them are 0 or 1."""


def read_of(claim: Claim, asked: Asked) -> str:
    """Return the option ``of``.

    Raises:
        BadPlan: It does not fit the claim.
    """
    of = asked.choice("of", OBSERVATION, _CHOICES)
    if of in (FIRST, SECOND) and not claim.is_paired:
        asked.refuse("of", f"{OBSERVATION!r} or {DECISION!r}: a trial of this claim is no pair", repr(of), '"decision"')
    return of


def series_of(claim: Claim, sample: Sample, of: str) -> Series | None:
    """Return the numbers, or None where the sample has none of that kind, or one is not finite."""
    from ophamin_pillars.serial_units import groups_of, things_of

    values = _numbers(claim, sample, of)
    if values is None or not bool(np.isfinite(values).all()):
        return None
    if float(np.abs(values).max(initial=0.0)) > _HUGE:
        values = values / _HUGE  # squares and sums must not overflow, and nothing below depends on the unit
    groups, things = groups_of(claim, sample), things_of(claim, sample)
    if groups is not None:
        values = values - _means(groups, values)[groups]
    if things is not None:
        return Series(_means(things.codes, values), things.name.removesuffix("s"), is_binary=False)
    is_binary = groups is None and bool(((values == 0.0) | (values == 1.0)).all())
    return Series(values, "trial", is_binary)


def standardised(x: Floats) -> Floats:
    """Return ``x`` moved to mean 0 and scaled to the greatest deviation 1, whatever its size; zeros where all agree."""
    scale = float(np.abs(x).max(initial=0.0))
    if scale == 0.0 or float(x.min()) == float(x.max()):
        return np.zeros(len(x))
    scaled = x / scale
    centred = scaled - scaled.mean()
    made: Floats = centred / float(np.abs(centred).max())
    return made


def _numbers(claim: Claim, sample: Sample, of: str) -> Floats | None:
    if of in (FIRST, SECOND):
        return sample.columns[of].floats if of in sample.columns else None
    if of == OBSERVATION and VALUE in sample.columns:
        return sample.value.floats
    from ophamin_pillars.serial import decision_variable

    variable = decision_variable(claim, sample)
    return None if variable is None else variable.astype(np.float64)


def _means(codes: npt.NDArray[np.intp], x: Floats) -> Floats:
    """Return the mean of each group, shape (groups,)."""
    means: Floats = np.bincount(codes, weights=x) / np.bincount(codes)
    return means
