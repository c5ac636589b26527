"""Sweep of a coefficient over cells (``kernel_coupling``): is an effect the system's, or its setting's?

A system couples its parts through a coefficient (a kernel width, a gain, a penalty). In every cell (a data set, a
scenario, a machine) the unwanted effect is measured at each value of a sweep, one value of which is the nominal one.
|effect| <= ``tolerance`` is harmless. The calls and what must be shown for each:

    none           |effect| < tolerance at the nominal value
    miscalibrated  |effect| > tolerance at the nominal value, and |effect| < tolerance at some value of the sweep
    intrinsic      |effect| > tolerance at every value of the sweep
    undetermined   nothing of this was shown

What is tested
--------------
Each "shown" rejects its opposite by one-sided t tests of the mean effect over independent replicates: "beyond" by the
side that lies further out, against "|effect| <= tolerance", at level / 2 a side; "within" by two one-sided tests
(Schuirmann 1987) against "|effect| >= tolerance". Errors, each at most ``level`` where the t tests hold:

    none although the nominal effect is not harmless: one equivalence test.
    intrinsic although some value is harmless: intersection-union, every value at the full level (Berger 1982).
    miscalibrated although no value is harmless: "some value" is a union, so each of the k values at level / k.
    miscalibrated or intrinsic although the nominal effect is harmless: one test at the nominal value.

Measuring the same cell at several values with common noise is allowed: none of these needs independence between
values. :func:`call_cells` makes one call per cell at level / cells, so *any* wrong call of a kind among all cells has
probability at most ``level``; :func:`call_sweep` makes one call for the population of cells, with the cell, never the
row in it, as the unit of replication.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.signals import Floats

Call: TypeAlias = Literal["none", "miscalibrated", "intrinsic", "undetermined"]


@dataclass(frozen=True, slots=True)
class CouplingCall:
    """A call with everything it rests on, one entry per value of the sweep."""

    call: Call
    level: float
    tolerance: float
    nominal: int
    """Position of the nominal value."""
    effects: tuple[float, ...]
    standard_errors: tuple[float, ...]
    p_within: tuple[float, ...]
    """Null "|effect| >= tolerance" at each value."""
    p_beyond: tuple[float, ...]
    """Null "|effect| <= tolerance" at each value."""
    harmless: tuple[int, ...]
    """Positions at which the effect was shown within the tolerance, at level / values."""


def call_sweep(effects: npt.ArrayLike, *, nominal: int, tolerance: float, level: float) -> CouplingCall:
    """Make one call for a sweep.

    Args:
        effects: shape (values, units): of each independent unit (a cell, or a replicate in one cell) at each value.
        nominal: position of the nominal value.
        tolerance: > 0, greatest harmless |effect|.
        level: in (0, 1), of each kind of wrong call.

    Raises:
        ValueError: another shape, fewer than two units, effects that are not finite, or an argument out of range.
    """
    y = _checked(effects, 2, "(values, units)")
    k = len(y)
    if not 0 <= nominal < k:
        raise ValueError(f"nominal must lie in 0..{k - 1}, got {nominal!r}")
    if not (tolerance > 0.0 and math.isfinite(tolerance) and 0.0 < level < 1.0):
        raise ValueError(f"tolerance > 0 and level in (0, 1) are needed, got {tolerance!r} and {level!r}")
    means = y.mean(axis=1)
    errors = y.std(axis=1, ddof=1) / math.sqrt(y.shape[1])
    within, beyond = _p_values(means, errors, y.shape[1] - 1, tolerance)
    harmless = np.flatnonzero(within <= level / k)
    return CouplingCall(
        call=_decided(within, beyond, nominal, level, found_harmless=len(harmless) > 0),
        level=level,
        tolerance=tolerance,
        nominal=nominal,
        effects=tuple(means.tolist()),
        standard_errors=tuple(errors.tolist()),
        p_within=tuple(within.tolist()),
        p_beyond=tuple(beyond.tolist()),
        harmless=tuple(harmless.tolist()),
    )


def call_cells(effects: npt.ArrayLike, *, nominal: int, tolerance: float, level: float) -> tuple[CouplingCall, ...]:
    """Make one call per cell, all of them together at ``level``.

    Args:
        effects: shape (cells, values, replicates).
        nominal: as in :func:`call_sweep`.
        tolerance: as in :func:`call_sweep`.
        level: in (0, 1), for each kind of wrong call in any cell.

    Raises:
        ValueError: as :func:`call_sweep`.
    """
    y = _checked(effects, 3, "(cells, values, replicates)")
    return tuple(call_sweep(cell, nominal=nominal, tolerance=tolerance, level=level / len(y)) for cell in y)


def cell_means(effects: npt.ArrayLike) -> Floats:
    """Return replicates of shape (cells, values, replicates) as units of :func:`call_sweep`, shape (values, cells)."""
    y: Floats = np.asarray(effects, dtype=np.float64)
    if y.ndim != 3 or 0 in y.shape:
        raise ValueError(f"effects must have shape (cells, values, replicates), got {y.shape}")
    means: Floats = y.mean(axis=2).T
    return means


def _decided(within: Floats, beyond: Floats, nominal: int, level: float, *, found_harmless: bool) -> Call:
    if within[nominal] <= level:
        return "none"
    if bool((beyond <= level).all()):
        return "intrinsic"
    if beyond[nominal] <= level and found_harmless:
        return "miscalibrated"
    return "undetermined"


def _p_values(means: Floats, errors: Floats, df: int, tolerance: float) -> tuple[Floats, Floats]:
    """Return the p-values of "not within" and "not beyond"; 1 where the units have no spread (DECIDING.md)."""
    known = errors > 0.0
    scale = np.where(known, errors, 1.0)
    tail = special().stdtr
    size = np.abs(means)
    inside = tail(df, (size - tolerance) / scale)  # the larger of the two one-sided p-values
    outside = np.minimum(1.0, 2.0 * tail(df, (tolerance - size) / scale))
    within: Floats = np.where(known, inside, 1.0)
    beyond: Floats = np.where(known, outside, 1.0)
    return within, beyond


def _checked(effects: npt.ArrayLike, dimensions: int, shape: str) -> Floats:
    y: Floats = np.asarray(effects, dtype=np.float64)
    if y.ndim != dimensions or 0 in y.shape or y.shape[-1] < 2:
        raise ValueError(f"effects must have shape {shape} with at least two of the last, got {y.shape}")
    if not bool(np.isfinite(y).all()):
        raise ValueError("effects must be finite, got NaN or infinity")
    return y
