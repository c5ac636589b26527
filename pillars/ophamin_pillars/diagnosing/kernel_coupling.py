"""``diagnostics.kernel_coupling``: is an unwanted effect the system's own, or that of its setting?

A trial measures the effect at one value of a swept coefficient (a declared factor's level), and perhaps in one cell (a
machine, a data set, a scenario: another factor, stratum or cluster). With cells the cell is the unit of replication:
its mean at each value. See :mod:`ophamin_pillars.diagnostics.kernel_coupling` for the calls and their errors.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars.diagnosing.options import Asked, requested
from ophamin_pillars.diagnosing.pillars import KernelCouplingPillar
from pytest_ophamin.pillars import ARM, Check, Claim, Finding, Sample, factor_column

if TYPE_CHECKING:
    from ophamin_pillars.diagnostics.kernel_coupling import CouplingCall

CallName = Literal["none", "miscalibrated", "intrinsic", "undetermined"]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

LEVEL = 0.01
_LARGEST = 1e100
"""In tolerances: beyond it squares might overflow."""
_BAD: tuple[CallName, ...] = ("miscalibrated", "intrinsic")
_CALLS: tuple[CallName, ...] = ("none", *_BAD, "undetermined")


@dataclass(frozen=True, slots=True)
class CouplingOptions:
    """What the author asked for."""

    sweep: str
    """Column with the code of the coefficient's value."""
    cells: str | None
    nominal: int
    tolerance: float
    each: bool
    """One call per cell instead of one for all cells."""
    level: float


def diagnose(claim: Claim, sample: Sample) -> Finding | None:
    """Return warn for an effect that is miscalibrated or intrinsic."""
    from ophamin_pillars.diagnostics.kernel_coupling import call_cells, call_sweep

    asked = read_coupling(claim, requested(claim, KernelCouplingPillar.name))
    effects = sample.value.floats / asked.tolerance
    values, places = np.unique(sample.codes(asked.sweep), return_inverse=True)
    if asked.nominal not in values:
        return _untold(f"the nominal value {asked.nominal} of {asked.sweep} was never tried")
    if not float(np.abs(effects).max()) < _LARGEST:
        return _untold("an effect is too large for its tolerance")
    nominal = int(np.searchsorted(values, asked.nominal))
    cells = np.zeros(sample.n, dtype=np.int64) if asked.cells is None else sample.codes(asked.cells)
    grouped = _grouped(effects, places.reshape(-1), cells)
    if grouped is None:
        return _untold("each cell needs trials at every value of the sweep")
    if asked.cells is None or asked.each:
        table = _replicates(grouped)
        if table is None:
            return _untold("at least two trials are needed at every value, in every cell")
        calls = call_cells(table, nominal=nominal, tolerance=1.0, level=asked.level)
    else:
        means = _cell_means(grouped)
        if means is None:
            return _untold("at least two cells are needed")
        calls = (call_sweep(means, nominal=nominal, tolerance=1.0, level=asked.level),)
    return _finding(calls, asked, values)


def read_coupling(claim: Claim, check: Check) -> CouplingOptions:
    """Return the options.

    Raises:
        BadPlan: One of them is unknown, missing, of another kind, or the claim has no sweep.
    """
    asked = Asked(check)
    columns = tuple(name for name in claim.design.columns if name != ARM)
    if claim.is_paired or claim.design.arms is not None or not columns:
        expected = "a claim whose trial returns one effect and the code of a swept coefficient, factors= or strata="
        asked.refuse_claim(expected, f"the question {claim.question!r}", 'metric="effect:gain", factors=("gain",)')
    sweep = asked.column("sweep", _usual_sweep(claim, columns), columns)
    cells = asked.column("cells", sweep, columns) if asked.has("cells") else asked.text("cells", "")
    if cells == sweep:
        asked.refuse("cells", "another column than the sweep's", repr(cells), repr(columns[-1]))
    for name, example in (("nominal", "0"), ("tolerance", "1.0")):
        if not asked.has(name):
            asked.refuse(name, f"the {name}: a call rests on it", "nothing", example)
    read = CouplingOptions(
        sweep=sweep,
        cells=cells or None,
        nominal=asked.integer("nominal", 0, least=-(2**53)),
        tolerance=asked.number("tolerance", 1.0, above=0.0),
        each=asked.flag("each", default=False),
        level=asked.level(LEVEL),
    )
    if read.each and read.cells is None:
        asked.refuse("each", "cells to call one by one", "no option cells", "False")
    asked.finish()
    return read


def _usual_sweep(claim: Claim, columns: tuple[str, ...]) -> str:
    """Return the first factor, else the stratum: of a design's columns the cluster comes first."""
    return factor_column(claim.design.factors[0]) if claim.design.factors else columns[-1]


def _grouped(effects: Floats, places: Codes, cells: Codes) -> list[list[Floats]] | None:
    """Return the effects of every cell at every value, in trial order; None where a cell lacks a value."""
    found, members = np.unique(cells, return_inverse=True)
    values = int(places.max()) + 1
    if len(found) * values > len(effects):
        return None
    groups = members.reshape(-1) * values + places
    counts = np.bincount(groups, minlength=len(found) * values)
    if int(counts.min()) == 0:
        return None
    parts = np.split(effects[np.argsort(groups, kind="stable")], np.cumsum(counts)[:-1])
    return [parts[start : start + values] for start in range(0, len(parts), values)]


def _replicates(grouped: list[list[Floats]]) -> Floats | None:
    """Return effects of shape (cells, values, replicates): as many of each as the rarest has; None below two."""
    least = min(len(each) for cell in grouped for each in cell)
    return None if least < 2 else np.array([[each[:least] for each in cell] for cell in grouped])


def _cell_means(grouped: list[list[Floats]]) -> Floats | None:
    """Return means of shape (values, cells), or None where there is one cell."""
    return None if len(grouped) < 2 else np.array([[each.mean() for each in cell] for cell in grouped]).T


def _untold(message: str) -> Finding:
    return Finding(
        pillar=KernelCouplingPillar.name,
        method=KernelCouplingPillar.methods[0],
        status="ok",
        message=f"coupling cannot be told: {message}",
    )


def _finding(calls: tuple[CouplingCall, ...], asked: CouplingOptions, values: Codes) -> Finding:
    counts: Counter[CallName] = Counter(call.call for call in calls)
    worst = next((call for call in calls if call.call in _BAD), calls[0])
    bad = sum(counts[name] for name in _BAD)
    if len(calls) == 1:
        told = f"{worst.call}: {_effects(worst, values)}"
    else:
        told = ", ".join(f"{counts[name]} {name}" for name in _CALLS if counts[name])
        told = f"of {len(calls)} cells {told}"
    return Finding(
        pillar=KernelCouplingPillar.name,
        method=KernelCouplingPillar.methods[0],
        status="warn" if bad else "ok",
        message=f"{told} (tolerance {asked.tolerance:g}, each kind of wrong call at most {asked.level:g})",
        numbers={
            "nominal_effect": worst.effects[worst.nominal] * asked.tolerance,
            "p_within_nominal": worst.p_within[worst.nominal],
            "p_beyond_nominal": worst.p_beyond[worst.nominal],
            "values": len(values),
            "harmless_values": len(worst.harmless),
            **{name: counts[name] for name in _CALLS},
        },
    )


def _effects(call: CouplingCall, values: Codes) -> str:
    """Return the effect at each value, in tolerances."""
    shown = [f"{effect:.3g} at {value}" for effect, value in zip(call.effects, values.tolist(), strict=True)]
    return f"in tolerances the effect is {', '.join(shown)}; nominal is {values[call.nominal]}"
