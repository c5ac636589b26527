"""Observations that differ by rounding only.

``(x + 0.1) - x`` is 0.1 for every x, but not in float64: what is left looks like a spread of 1e-15, and a t test that
believes it is certain of anything. Such observations are made equal before their spread is estimated.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ULPS = 4.0
"""Subtracting or dividing two numbers that were each computed from others moves the result by two of them at most."""


def settled(values: Floats, scale: Floats | None = None) -> Floats:
    """Return ``values``, those that differ from the first by rounding only replaced by it, shape (n,).

    Each is compared with the first alone, so what becomes of a trial does not depend on later ones.

    Args:
        values: Finite observations, shape (n,).
        scale: Size of the numbers each was computed from, shape (n,); that of the values themselves if None.
    """
    return _settled(values, np.zeros(len(values), dtype=np.intp), np.abs(values) if scale is None else scale)


def settled_groups(values: Floats, codes: npt.NDArray[np.integer]) -> Floats:
    """Return :func:`settled` of each group, shape (n,).

    Args:
        values: Finite observations, shape (n,).
        codes: Group of each, shape (n,).
    """
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return _settled(values, first[inverse.reshape(-1)], np.abs(values))


def _settled(values: Floats, like: npt.NDArray[np.intp], scale: Floats) -> Floats:
    """Return ``values``, each replaced by that at its place in ``like`` where both are equal but for rounding."""
    first = values[like]
    with np.errstate(over="ignore"):
        close = np.abs(values - first) <= ULPS * np.finfo(np.float64).eps * np.maximum(scale, scale[like])
    return np.where(close, first, values)
