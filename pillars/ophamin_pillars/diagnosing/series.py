"""What a chart or a drift test looks at: one number per unit, in trial order.

``of`` says which number: "observation" (a pair: its difference, or the logarithm of its ratio), "decision" (what the
claim's own test counts or averages, as the serial dependence is judged: an exceedance for a quantile), "first" or
"second" of a pair. Observations of one arm, stratum or factor cell are taken less their mean, so that the design is not
mistaken for a change; a block is one unit, its mean, and so is a cluster, in the order of its first trial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.diagnosing.options import Asked
from pytest_ophamin.pillars import ARM, CLUSTER, FIRST, SECOND, VALUE, Claim, Sample

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

OBSERVATION, DECISION = "observation", "decision"
_CHOICES = (OBSERVATION, DECISION, FIRST, SECOND)
_HUGE = 2.0**1000
_COMPARED = frozenset({"difference", "ratio"})
"""Paired kinds whose pair is one comparison: they have an obvious single number."""


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
    if of in (OBSERVATION, DECISION) and claim.is_paired and claim.kind not in _COMPARED:
        asked.refuse("of", f"'first' or 'second': a pair of the metric {claim.metric!r} is no number", of, '"first"')
    return of


def series_of(claim: Claim, sample: Sample, of: str) -> Series | None:
    """Return the numbers, or None where the sample has none of that kind."""
    numbers = _numbers(claim, sample, of)
    if numbers is None:
        return None
    if len(numbers) and float(np.abs(numbers).max()) > _HUGE:
        numbers = numbers / _HUGE  # sums must not overflow, and nothing below depends on the unit
    values, was_centred = _centred(claim, sample, numbers)
    unit, values = _units(claim, sample, values)
    is_binary = not was_centred and unit == "trial" and bool(((values == 0.0) | (values == 1.0)).all())
    return Series(values, unit, is_binary)


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
    if of == DECISION:
        from ophamin_pillars.serial import decision_variable

        variable = decision_variable(claim, sample)
        return None if variable is None else variable.astype(np.float64)
    if VALUE in sample.columns:
        return sample.value.floats
    first, second = sample.pairs
    if claim.kind != "ratio":
        return first / 2.0 - second / 2.0  # half of it cannot overflow
    positive = bool(((first > 0.0) & (second > 0.0)).all())
    return np.log(first) - np.log(second) if positive else None


def _centred(claim: Claim, sample: Sample, x: Floats) -> tuple[Floats, bool]:
    """Return ``x`` less the mean of its arm, stratum and factor cell; and whether there were any such."""
    names = [name for name in claim.design.columns if name != CLUSTER]
    if not names:
        return x, False
    rows = np.stack([_codes(sample, name) for name in names], axis=1)
    _, cells = np.unique(rows, axis=0, return_inverse=True)
    return x - _means(cells.reshape(-1), x)[cells.reshape(-1)], True


def _units(claim: Claim, sample: Sample, x: Floats) -> tuple[str, Floats]:
    if claim.design.cluster is not None:
        _, first, members = np.unique(sample.codes(CLUSTER), return_index=True, return_inverse=True)
        return "cluster", _means(members.reshape(-1), x)[np.argsort(first)]
    block = claim.design.block
    if block is not None and len(x) >= block:
        whole: Floats = x[: len(x) // block * block].reshape(-1, block).mean(axis=1)
        return "block", whole
    return "trial", x


def _means(cells: npt.NDArray[np.intp], x: Floats) -> Floats:
    """Return the mean of each cell, shape (cells,)."""
    counts = np.bincount(cells)
    means: Floats = np.bincount(cells, weights=x / len(x)) / (counts / len(x))  # shares of x: no sum overflows
    return means


def _codes(sample: Sample, name: str) -> Codes:
    return sample.columns[name].values.astype(np.int64) if name == ARM else sample.codes(name)
