"""What every adjustment starts and ends with: p-values in ascending order, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Numbers: TypeAlias = Sequence[float] | Floats

SLACK = 1.0 + 1e-12
"""Two sides of a comparison that agree to 12 digits are equal (DECIDING.md "One claim")."""


@dataclass(frozen=True, slots=True, eq=False)
class Ascending:
    """Sorted p-values of a family.

    The hypotheses beyond those given (registered, but never tested) have p = 1: they stand behind all others and only
    make ``m`` larger.
    """

    values: Floats
    """Shape (n,), ascending; equal values keep the order they came in."""
    order: npt.NDArray[np.intp]
    """Place of each sorted value in the input."""
    m: int
    """Size of the family, at least n."""

    def back(self, adjusted: Floats) -> list[float]:
        """Return values belonging to the sorted p-values, shape (n,), in input order, none above 1."""
        placed = np.empty_like(adjusted)
        placed[self.order] = np.minimum(adjusted, 1.0)
        found: list[float] = placed.tolist()
        return found


def ascending(p: Numbers, m: int | None = None) -> Ascending:
    """Sort p-values.

    Args:
        p: p-values, shape (n,), each in [0, 1].
        m: Size of the family if it is larger than n.

    Raises:
        ValueError: A p-value lies outside [0, 1] or is no number, or ``m`` is smaller than n.
    """
    given = np.asarray(p, dtype=np.float64)
    if given.ndim != 1:
        raise ValueError(f"p: expected a list of p-values, came an array of shape {given.shape}")
    order = given.argsort(kind="stable")
    values = given[order]
    # NaN sorts last, so the two ends tell about all of them.
    if len(values) and not (values[0] >= 0.0 and values[-1] <= 1.0):
        wrong = next(x for x in given.tolist() if not 0.0 <= x <= 1.0)
        raise ValueError(f"p: expected values in [0, 1], came {wrong!r}")
    return Ascending(values, order, family_size(len(values), m))


def family_size(n: int, m: int | None) -> int:
    """Return the size of a family of which n members are given.

    Raises:
        ValueError: ``m`` is smaller than n.
    """
    if m is not None and m < n:
        raise ValueError(f"m: expected at least the {n} hypotheses given, came {m}")
    return n if m is None else m


def check_level(alpha: float) -> None:
    """Refuse what is no level.

    Raises:
        ValueError: ``alpha`` does not lie between 0 and 1.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha: expected a level between 0 and 1, came {alpha!r}")
