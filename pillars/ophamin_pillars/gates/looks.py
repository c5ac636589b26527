"""Looks at a one-sided test: the level spent at each, and stage-wise p-values.

The significance-level approach (Jennison & Turnbull 2000, section 11.3): at look k the p-value of n_k pairs is compared
with the nominal level ``Phi(-c_k)`` of a normal design whose information is n_k / n_K. A p-value over all looks orders
samples by the look at which they stop, then by the p-value there (stage-wise order, section 8.4): it is the probability
of stopping at an earlier look, plus that of going on and finding as small a p-value as this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.sequential.group import FARTHEST, REACH, GroupDesign, crossing_probabilities, lan_demets
from ophamin_pillars.sequential.spending import hwang_shih_decani
from pytest_ophamin.pillars import round12

SPENDING = hwang_shih_decani(-6.0)
"""Chosen with the default looks by computation: docs/adr/0007-benchmark-gates-statistics.md."""
LARGEST_LEVEL = 0.499
"""Normal designs end here; a level above it only makes the early looks more careful than they need to be."""


@dataclass(frozen=True, slots=True, eq=False)
class LookDesign:
    """Looks after rising numbers of pairs, the last of them the cap; tests are one-sided."""

    normal: GroupDesign
    nominal: tuple[float, ...]
    """The p-value of the pairs so far at or below which a look stops."""

    def stops(self, place: int, p: float) -> bool:
        """Return whether the p-value of the pairs at a look stops there."""
        return round12(p) <= self.nominal[place]

    def stagewise(self, place: int, p: float) -> float:
        """Return the p-value over all looks of a sample that stops at a look where its pairs have ``p``."""
        if place == 0:
            return p
        z = float(np.clip(-special().ndtri(p), -FARTHEST, FARTHEST))
        here = crossing_probabilities([*self.normal.critical[:place], z], self.normal.information[: place + 1])[-1]
        return min(1.0, float(self.normal.spent[place - 1] + here))


@lru_cache(maxsize=256)
def look_design(looks: tuple[int, ...], level: float) -> LookDesign:
    """Return the design that has spent ``SPENDING(n_k / n_K, level)`` after look k, calibrated once per process."""
    if len(looks) == 1:
        # One look is a fixed sample, at any level.
        one = np.ones(1)
        return LookDesign(
            GroupDesign(information=one, critical=-special().ndtri(level) * one, spent=level * one), (level,)
        )
    normal = lan_demets(np.array(looks) / looks[-1], min(level, LARGEST_LEVEL), SPENDING)
    nominal = special().ndtr(-normal.critical).tolist()
    return LookDesign(normal, tuple(nominal))


@lru_cache(maxsize=256)
def nominal_at_cap(looks: tuple[int, ...], planned: float, level: float) -> float:
    """Return the largest p-value of all pairs whose stage-wise p-value is at most ``level``.

    Args:
        looks: As for :func:`look_design`.
        planned: Level the looks were planned at, at most ``level``.
        level: Level the stage-wise p-value is compared with.
    """
    if len(looks) == 1:
        return level
    design, last = look_design(looks, planned), len(looks) - 1
    ndtr = special().ndtr
    rejects, accepts = FARTHEST, -REACH
    while rejects - accepts > 1e-13:
        middle = 0.5 * (rejects + accepts)
        inside = round12(design.stagewise(last, float(ndtr(-middle)))) <= level
        rejects, accepts = (middle, accepts) if inside else (rejects, middle)
    return float(ndtr(-rejects))
