"""Spending functions: how much of a level may be used up when a share of the planned information is in.

Lan & DeMets (1983, Biometrika 70:659); Jennison & Turnbull (2000, section 7.2). All are one-sided, rise from 0 to
``level`` as the share rises from 0 to 1, and take shares of any shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special

Floats = npt.NDArray[np.float64]
Spending = Callable[[npt.ArrayLike, float], Floats]


def obrien_fleming_like(share: npt.ArrayLike, level: float) -> Floats:
    """Return ``2 (1 - Phi(z_(1 - level/2) / sqrt(share)))``: next to nothing early (Lan & DeMets 1983, eq. 2)."""
    t = _checked(share, level)
    z = -special().ndtri(0.5 * level)
    with np.errstate(divide="ignore"):
        return np.asarray(2.0 * special().ndtr(-z / np.sqrt(t)))


def pocock_like(share: npt.ArrayLike, level: float) -> Floats:
    """Return ``level log(1 + (e - 1) share)`` (Lan & DeMets 1983)."""
    return np.asarray(level * np.log1p((math.e - 1.0) * _checked(share, level)))


def power_family(exponent: float) -> Spending:
    """Return ``level share^exponent`` (Kim & DeMets 1987, Biometrika 74:149); exponent > 0."""
    if not exponent > 0.0:
        raise ValueError(f"the exponent of a spending function is positive, not {exponent}")
    return lambda share, level: np.asarray(level * _checked(share, level) ** exponent)


def hwang_shih_decani(gamma: float) -> Spending:
    """Return ``level (1 - exp(-gamma share)) / (1 - exp(-gamma))`` (Hwang, Shih & DeCani 1990, Stat. Med. 9:1439)."""
    if gamma == 0.0:
        return power_family(1.0)
    return lambda share, level: np.asarray(level * np.expm1(-gamma * _checked(share, level)) / math.expm1(-gamma))


def _checked(share: npt.ArrayLike, level: float) -> Floats:
    t = np.asarray(share, dtype=np.float64)
    if not 0.0 < level < 1.0 or (t < 0.0).any() or (t > 1.0).any():
        raise ValueError(f"a level lies between 0 and 1 and shares in [0, 1], not {level} and {t.tolist()}")
    return t
