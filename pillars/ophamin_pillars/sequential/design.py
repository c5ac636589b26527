"""A design for 0/1 data: boundaries, their exact law, and the p-values and bounds of a stopped sample."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ophamin_pillars.sequential.law import (
    OperatingCharacteristics,
    StoppingLaw,
    operating_characteristics,
    stopping_law,
)
from ophamin_pillars.sequential.stagewise import lower_bound, p_greater, p_less, upper_bound
from ophamin_pillars.sequential.stopping import Boundaries, Crossed, Stop
from pytest_ophamin.pillars import round12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CountDesign:
    """Boundaries for "the proportion is at least t" with margin d, and everything their law says.

    ``p0 = t - d`` is the null of validation, tested at ``level_validate``; ``p1 = t`` that of refutation, tested at
    ``level_refute``. For "at most" hand over failures: ``p0 = 1 - (t + d)``, ``p1 = 1 - t``.
    """

    p0: float
    p1: float
    level_validate: float
    level_refute: float
    boundaries: Boundaries
    law: StoppingLaw
    alpha: float
    """Realised P(VALIDATED) at p0."""
    beta: float
    """Realised P(REFUTED) at p1."""
    power: float
    """P(VALIDATED) at p1."""
    thresholds: tuple[float, float] | None = None
    """Log likelihood ratios log A and log B of the lines, where the design has lines."""

    @property
    def validates_from(self) -> int:
        """The least sum at the cap that validates; cap + 1 when none does."""
        return int(self.boundaries.upper[-1])

    @property
    def refutes_to(self) -> int:
        """The greatest sum at the cap that refutes; -1 when none does."""
        return int(self.boundaries.lower[-1])

    @property
    def conclusive(self) -> bool:
        """Whether every sample ends VALIDATED or REFUTED: cap and levels are compatible."""
        return bool((self.law.upward | self.law.downward).all())

    def p_validate(self, stop: Stop, *, level: float | None = None) -> float:
        """Return the stage-wise p-value of "proportion <= p0".

        Args:
            stop: Where the sample stopped.
            level: The largest level it will be compared with: by default the design's own, but after a correction the
                design is planned at alpha / m and its raw p-value still meets alpha.

        A sample stopped on refutation never validates: where a late lower stop is so improbable under p0 that its
        p-value falls below ``level``, it is reported as just above it. A larger p-value keeps every guarantee.
        """
        p = p_greater(self.law, stop, self.p0)
        floor = self.level_validate if level is None else max(level, self.level_validate)
        return max(p, _above(floor)) if stop.crossed is Crossed.LOWER else p

    def p_refute(self, stop: Stop, *, level: float | None = None) -> float:
        """Return the stage-wise p-value of "proportion >= p1"; see :meth:`p_validate`."""
        p = p_less(self.law, stop, self.p1)
        floor = self.level_refute if level is None else max(level, self.level_refute)
        return max(p, _above(floor)) if stop.crossed is Crossed.UPPER else p

    def lower(self, stop: Stop, level: float) -> float:
        """Return the bound inverting :meth:`p_validate` at ``level``: below p0 unless that rejects."""
        bound = lower_bound(self.law, stop, level)
        return min(bound, float(np.nextafter(self.p0, 0.0))) if stop.crossed is Crossed.LOWER else bound

    def upper(self, stop: Stop, level: float) -> float:
        """Return the bound inverting :meth:`p_refute` at ``level``: above p1 unless that rejects."""
        bound = upper_bound(self.law, stop, level)
        return max(bound, float(np.nextafter(self.p1, 1.0))) if stop.crossed is Crossed.UPPER else bound

    def characteristics(self, p: float, *, shares: tuple[float, ...] = (0.5, 0.9, 0.99)) -> OperatingCharacteristics:
        """Return what the design does when the proportion is ``p``."""
        return operating_characteristics(self.law, p, shares=shares)


def completed(
    open_ended: Boundaries,
    p0: float,
    p1: float,
    level_validate: float,
    level_refute: float,
    *,
    thresholds: tuple[float, float] | None = None,
) -> CountDesign:
    """Return the design that decides at the cap by its own p-values: VALIDATED first, as everywhere.

    Args:
        open_ended: Boundaries whose counts at the cap are to be chosen (those they hold are ignored).
        p0: Null of validation.
        p1: Null of refutation.
        level_validate: Level of validation.
        level_refute: Level of refutation.
        thresholds: Recorded with the design.
    """
    law = stopping_law(_ending(open_ended, open_ended.cap + 1, -1))
    validates_from, refutes_to = _final_counts(law, p0, p1, level_validate, level_refute)
    boundaries = _ending(open_ended, validates_from, min(refutes_to, validates_from - 1))
    law = replace(
        law,
        upward=law.count >= boundaries.upper[law.n],
        downward=law.count <= boundaries.lower[law.n],
    )
    under_p0, under_p1 = law.probabilities(p0), law.probabilities(p1)
    return CountDesign(
        p0=p0,
        p1=p1,
        level_validate=level_validate,
        level_refute=level_refute,
        boundaries=boundaries,
        law=law,
        alpha=math.fsum(under_p0[law.upward]),
        beta=math.fsum(under_p1[law.downward]),
        power=math.fsum(under_p1[law.upward]),
        thresholds=thresholds,
    )


def _final_counts(
    law: StoppingLaw, p0: float, p1: float, level_validate: float, level_refute: float
) -> tuple[int, int]:
    """Return the least sum at the cap whose p_V keeps its level (or cap + 1), and the greatest whose p_R does (-1)."""
    at_cap = law.n == law.cap
    sums = law.count[at_cap]
    p_validate = np.cumsum(law.probabilities(p0))[at_cap]
    p_refute = np.cumsum(law.probabilities(p1)[::-1])[::-1][at_cap]
    validating = [int(s) for s, p in zip(sums, p_validate, strict=True) if round12(float(p)) <= level_validate]
    refuting = [int(s) for s, p in zip(sums, p_refute, strict=True) if round12(float(p)) <= level_refute]
    return min(validating, default=law.cap + 1), max(refuting, default=-1)


def _ending(boundaries: Boundaries, upper_end: int, lower_end: int) -> Boundaries:
    upper, lower = boundaries.upper.copy(), boundaries.lower.copy()
    upper[-1], lower[-1] = upper_end, lower_end
    return Boundaries(upper=upper, lower=lower)


def _above(level: float) -> float:
    """Return the next number above ``level`` that differs from it in 12 significant digits."""
    return min(1.0, level * (1.0 + 1e-11))
