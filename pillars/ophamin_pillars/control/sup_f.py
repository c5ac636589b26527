"""Andrews' (1993, Econometrica 61:821) test of an unknown change of the mean: the greatest of all F statistics.

The null is "independent observations with one mean and one variance". In the limit the F statistics are the square of a
normalised Brownian bridge, on the logit scale of time a stationary Ornstein-Uhlenbeck process U with
cov = exp(-|s - t| / 2), so p = P(max |U| >= sqrt(F)) over a stretch of 2 log((1 - trim) / trim). It is computed here
from the eigenvalues of the killed process instead of Hansen's (1997) fitted curves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.change_point import ChangeTest
from ophamin_pillars.control.cusum_design import unit_nodes
from ophamin_pillars.control.signals import Floats, as_sequence

TRIM = 0.15
_MODES = 96
_TAIL_FROM = 7.0
"""sqrt(F) from which the tail formula is used: the eigenvalue sum would be 1 - (1 - 1e-11) there."""


@dataclass(frozen=True, slots=True)
class FStatistics:
    """F of a change before each observation of the trimmed middle."""

    first: int
    """Observation before which the first of them puts the change, from 0."""
    values: Floats
    trim: float

    @property
    def mean(self) -> float:
        """Andrews & Ploberger's (1994) aveF."""
        return float(self.values.mean())


def f_statistics(x: npt.ArrayLike, *, trim: float = TRIM) -> FStatistics:
    """Return (RSS0 - RSS1) / (RSS1 / (n - 2)) of every split that leaves ``trim`` of the series on either side.

    Args:
        x: shape (n,), n >= 4.
        trim: share, in (0, 0.5).

    Raises:
        ValueError: a series too short, trim outside its range, or values that are not finite.
    """
    if not 0.0 < trim < 0.5:
        raise ValueError(f"trim must lie in (0, 0.5), got {trim!r}")
    values = as_sequence(x, "x", least=4)
    n = len(values)
    least = max(1, math.floor(trim * n))
    centred = values - values.mean()
    total = float(centred @ centred)
    split = np.arange(least, n - least + 1)
    before = np.cumsum(centred)[split - 1]
    explained = before * before * (1.0 / split + 1.0 / (n - split))
    left = np.maximum(total - explained, 0.0)
    if total == 0.0:
        return FStatistics(least, np.zeros(len(split)), trim)
    with np.errstate(divide="ignore"):
        return FStatistics(least, (n - 2) * explained / left, trim)


def sup_f(x: npt.ArrayLike, *, trim: float = TRIM) -> ChangeTest:
    """Test by the greatest F; arguments as :func:`f_statistics`. A perfect split has F infinite and p = 0."""
    found = f_statistics(x, trim=trim)
    at = int(found.values.argmax())
    greatest = float(found.values[at])
    return ChangeTest(greatest, sup_f_survival(greatest, trim), found.first + at)


def sup_f_survival(f: float, trim: float = TRIM) -> float:
    """Return the limit of P(sup F >= f)."""
    if not 0.0 < trim < 0.5:
        raise ValueError(f"trim must lie in (0, 0.5), got {trim!r}")
    stretch = 2.0 * math.log((1.0 - trim) / trim)
    bound = math.sqrt(max(f, 0.0))
    if bound == math.inf:
        return 0.0
    if bound >= _TAIL_FROM:
        return _tail(bound, stretch)
    return 1.0 - _staying(bound, stretch) if bound > 0.0 else 1.0


def _tail(bound: float, stretch: float) -> float:
    """Return the exceedance probability to relative order bound^-4 (James, James & Siegmund 1987, Biometrika 74:71)."""
    density = math.exp(-0.5 * bound * bound) / math.sqrt(2.0 * math.pi)
    return density * ((bound - 1.0 / bound) * stretch + 4.0 / bound)


def _staying(bound: float, stretch: float) -> float:
    """Return P(|U| < bound all along): sum over modes of exp(-rate stretch) (ground state, mode)^2.

    With the square root of the normal density split off, the killed generator is -v''/2 + (x^2 / 8 - 1/4) v with v = 0
    at both ends; its even half is expanded in cosines, where all matrix elements of x^2 are elementary.
    """
    if bound < 0.05:
        return 0.0  # the slowest mode alone has died by exp(-pi^2 stretch / (8 bound^2))
    wave = (np.arange(_MODES) + 0.5) * math.pi / bound
    # int cos(a x) cos(b x) x^2 over (-c, c), as half the sum of those of cos((a - b) x) and cos((a + b) x).
    square = _cosine_moment(wave[:, None] - wave, bound) + _cosine_moment(wave[:, None] + wave, bound)
    hamiltonian = np.diag(0.5 * wave * wave - 0.25) + square / (16.0 * bound)
    rates, modes = np.linalg.eigh(hamiltonian)
    nodes, weights = unit_nodes(2 * _MODES)
    x = bound * nodes
    ground = np.exp(-0.25 * x * x) * (2.0 * math.pi) ** -0.25
    overlaps = (np.cos(wave[:, None] * x) @ (bound * weights * ground)) / math.sqrt(bound)
    shares = (modes.T @ overlaps) ** 2
    return min(1.0, float(np.exp(-rates * stretch) @ shares))


def _cosine_moment(wave: Floats, c: float) -> Floats:
    """Return the integral of x^2 cos(wave x) over (-c, c)."""
    some = np.where(wave == 0.0, 1.0, wave)
    angle = some * c
    sine, cosine = np.sin(angle), np.cos(angle)
    value = 2.0 * (c * c * sine / some + 2.0 * c * cosine / some**2 - 2.0 * sine / some**3)
    found: Floats = np.where(wave == 0.0, 2.0 * c**3 / 3.0, value)
    return found
