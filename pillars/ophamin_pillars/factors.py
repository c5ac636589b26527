"""Effects in a factorial (``factors=("cache", "threads")``): ``effect:cache``, ``effect:cache*threads``.

docs/mea.md has the formulas and their sources.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pytest_ophamin.pillars import Assessment, Claim, Plan, Sample

LEAST_N = 3
"""Two levels and one trial more."""


class MainEffectsPillar:
    """Decides effects of two-level factors, and their interactions."""

    name = "M.mea"
    metrics = frozenset({"effect+factors"})
    methods = ("type-iii-t/1", "lenth/1", "betting-replicates/1")

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the t test of the contrast, Lenth's method (one trial per cell), or betting (bools)."""
        from ophamin_pillars.models.effect_claims import decide_effect

        return decide_effect(claim, evidence)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan a balanced design of two levels each: an effect's standard error is 2 sd / sqrt(n)."""
        from ophamin_pillars.power.estimates import estimate_plan

        return estimate_plan(claim, level=level, error=_error, df=_df(claim), least_n=LEAST_N)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n, the same for every cell, that reaches ``claim.power``."""
        from ophamin_pillars.power.estimates import estimate_size

        return estimate_size(claim, level=level, error=_error, df=_df(claim), step=_cells(claim))


def _error(n: int) -> float:
    return 2.0 / math.sqrt(n)


def _df(claim: Claim) -> Callable[[int], float]:
    cells = _cells(claim)
    return lambda n: n - cells


def _cells(claim: Claim) -> int:
    return 1 << len(claim.design.factors)
