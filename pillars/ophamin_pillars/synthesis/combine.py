"""One p-value for several: combination tests of "every null is true".

All but Simes, Tippett and Cauchy need independent p-values; Simes holds under positive dependence, Tippett's is stated
for independent ones, Cauchy's is approximate in the tail whatever the dependence. Zero and one are legal p-values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Combined:
    """A combined statistic and its p-value."""

    statistic: float
    p: float


def fisher(p: Sequence[float] | Floats) -> Combined:
    """Return -2 sum log p, chi-square with 2k degrees of freedom (Fisher 1932)."""
    values = _checked(p)
    if (values == 0.0).any():
        return Combined(math.inf, 0.0)
    statistic = -2.0 * math.fsum(np.log(values).tolist())
    return Combined(statistic, float(special().chdtrc(2 * len(values), statistic)))


def pearson(p: Sequence[float] | Floats) -> Combined:
    """Return -2 sum log(1 - p), small when the p-values are (Pearson 1933): chi-square with 2k df, lower tail."""
    values = _checked(p)
    if (values == 1.0).any():
        return Combined(math.inf, 1.0)
    statistic = -2.0 * math.fsum(np.log1p(-values).tolist())
    return Combined(statistic, float(special().chdtr(2 * len(values), statistic)))


def stouffer(p: Sequence[float] | Floats, weights: Sequence[float] | Floats | None = None) -> Combined:
    """Return the weighted mean of normal scores, standard normal (Stouffer 1949; weights: Liptak 1958).

    Raises:
        ValueError: A weight is not positive, or their number is not that of the p-values.
    """
    values = _checked(p)
    w = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != values.shape or not (np.isfinite(w).all() and (w > 0.0).all()):
        raise ValueError(f"expected {len(values)} positive weights, got {w.tolist()}")
    if (values == 0.0).any() or (values == 1.0).any():
        # A certain 0 and a certain 1 contradict each other: no evidence.
        certain = float((values == 1.0).any()) if not ((values == 0.0).any() and (values == 1.0).any()) else 1.0
        return Combined(-math.inf if certain else math.inf, certain)
    statistic = float(w @ -special().ndtri(values)) / math.sqrt(float(w @ w))
    return Combined(statistic, float(special().ndtr(-statistic)))


def simes(p: Sequence[float] | Floats) -> Combined:
    """Return min over j of k p_(j) / j (Simes 1986); statistic and p are one."""
    values = np.sort(_checked(p))
    least = min(1.0, float((len(values) * values / np.arange(1, len(values) + 1)).min()))
    return Combined(least, least)


def tippett(p: Sequence[float] | Floats) -> Combined:
    """Return the least p-value and 1 - (1 - least)^k (Tippett 1931)."""
    values = _checked(p)
    least = float(values.min())
    return Combined(least, 1.0 if least == 1.0 else -math.expm1(len(values) * math.log1p(-least)))


def edgington(p: Sequence[float] | Floats) -> Combined:
    """Return the sum of the p-values and its Irwin-Hall probability (Edgington 1972); exact up to 20 of them.

    Beyond 20 the alternating sum would cancel, and the normal approximation is right to four digits.
    """
    values = _checked(p)
    k, total = len(values), math.fsum(values.tolist())
    if k > 20:
        return Combined(total, float(special().ndtr((total - 0.5 * k) / math.sqrt(k / 12.0))))
    # From the nearer end: the sum from the other one cancels.
    near = min(total, k - total)
    below = math.fsum(
        (-1) ** j * math.exp(k * math.log(near - j) - math.lgamma(j + 1) - math.lgamma(k - j + 1))
        for j in range(math.ceil(near))
    )
    return Combined(total, min(1.0, max(0.0, below if near == total else 1.0 - below)))


def cauchy(p: Sequence[float] | Floats, weights: Sequence[float] | Floats | None = None) -> Combined:
    """Return the Cauchy combination (Liu & Xie 2020 JASA 115:393): weights sum to 1, any dependence, in the tail."""
    values = _checked(p)
    w = np.full(len(values), 1.0) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != values.shape or not (np.isfinite(w).all() and (w > 0.0).all()):
        raise ValueError(f"expected {len(values)} positive weights, got {w.tolist()}")
    if (values == 0.0).any():
        return Combined(math.inf, 0.0)
    if (values == 1.0).any():
        return Combined(-math.inf, 1.0)
    # tan((1/2 - p) pi) = 1 / tan(p pi), which keeps the digits of a tiny p; its reciprocal must stay finite.
    statistic = float(w @ (1.0 / np.tan(math.pi * np.maximum(values, 1e-300)))) / float(w.sum())
    return Combined(statistic, math.atan2(1.0, statistic) / math.pi)


def _checked(p: Sequence[float] | Floats) -> Floats:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0 or not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError(f"expected p-values between 0 and 1, at least one, got {values.tolist()}")
    return values
