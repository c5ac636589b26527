"""Which trials of a design stand together: units that are averaged, and groups that differ by design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytest_ophamin.pillars import ARM, CLUSTER, STRATUM, Claim, Sample, factor_column

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Variable = npt.NDArray[np.float64] | npt.NDArray[np.bool_]
"""A decision variable in trial order, shape (n,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Things:
    """Units of several trials each."""

    name: str
    """In words: ``"blocks"``, ``"clusters"``."""
    codes: Codes
    """Unit of each trial, 0, 1, ... in the order they appear (n)."""


def things_of(claim: Claim, sample: Sample) -> Things | None:
    """Return the units a claim's design averages; None where the trial is the unit."""
    from ophamin_pillars.units import appearing, block_codes  # only a design with units needs them

    if claim.design.block is not None:
        return Things("blocks", block_codes(sample.n, claim.design.block))
    if claim.design.cluster is not None:
        return Things("clusters", appearing(sample.codes(CLUSTER)))
    return None


def means_of(claim: Claim, sample: Sample, x: Variable, things: Things) -> Floats:
    """Return the mean of each unit, arms made equal first (units)."""
    values = x.astype(np.float64)
    if claim.design.arms is not None:
        second = sample.columns[ARM].values.astype(np.bool_, copy=False)
        for arm in (second, ~second):
            if arm.any():
                values[arm] -= values[arm].mean()
    counts = np.bincount(things.codes)
    return np.asarray(np.bincount(things.codes, weights=values / np.maximum(counts, 1)[things.codes]))


def groups_of(claim: Claim, sample: Sample) -> Codes | None:
    """Return the group of each trial where groups differ by design (n): arms, strata, cells; None where there are none.

    Cells of a factorial are numbered together.
    """
    design = claim.design
    columns = [ARM] if design.arms is not None else []
    columns += [STRATUM] if design.strata is not None else []
    columns += [factor_column(factor) for factor in design.factors]
    if not columns:
        return None
    codes = np.zeros(sample.n, dtype=np.intp)
    for column in columns:
        levels, own = np.unique(sample.columns[column].values, return_inverse=True)
        codes = codes * len(levels) + own
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.intp)


def worth(values: Floats, means: Floats) -> float:
    """Return how many independent trials have a mean as sure as that of the units' means: 1 to n.

    Kish (1965) Survey Sampling 5.4: n over the design effect, from the two variances. Arms or an offset left in
    ``values`` only make it larger.

    Args:
        values: The decision variable (n).
        means: Of independent units (units).
    """
    n, units = len(values), len(means)
    largest = float(np.abs(values).max()) if n else 0.0
    if units < 2 or not largest > 0.0:
        return float(min(n, units) if units < 2 else n)
    within = float(np.var(values / largest, ddof=1))
    between = float(np.var(means / largest, ddof=1))
    if not between > 0.0:
        return float(n)
    return min(float(n), max(1.0, units * within / between))
