"""``diagnostics.inertia``: does a system make the change its evidence calls for?

A trial returns a pair: the change the evidence calls for, computed by the author (posterior mean minus prior mean, an
optimal filter's step), and the change the system made. ``strength`` may name a column of integer codes (a stratum, a
factor) that hold how strong the evidence was. See :mod:`ophamin_pillars.diagnostics.inertia`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ophamin_pillars.diagnosing.options import Asked, requested
from ophamin_pillars.diagnosing.pillars import InertiaPillar
from pytest_ophamin.pillars import ARM, Check, Claim, Finding, Sample

if TYPE_CHECKING:
    from ophamin_pillars.diagnostics.inertia import Inertia

LEVEL = 0.01
_LARGEST = 1e100
"""Times the greatest change expected: beyond it squares might overflow."""


@dataclass(frozen=True, slots=True)
class InertiaOptions:
    """What the author asked for."""

    strength: str | None
    """Column with the strengths."""
    level: float


def diagnose(claim: Claim, sample: Sample) -> Finding | None:
    """Return warn when the system resists, overshoots, or moves without evidence."""
    from ophamin_pillars.diagnostics.inertia import LEAST_TRIALS, measure_inertia

    asked = read_inertia(claim, requested(claim, InertiaPillar.name))
    expected, accepted = sample.pairs
    strength = None if asked.strength is None else sample.codes(asked.strength).astype(np.float64)
    if strength is not None and float(strength.min(initial=1.0)) <= 0.0:
        return _untold("warn", "a strength of evidence is above 0: number them 1, 2, 3")
    scale = float(np.abs(expected).max(initial=0.0))
    if sample.n < LEAST_TRIALS or float(np.ptp(expected / (scale or 1.0))) == 0.0:
        return _untold("ok", "inertia cannot be told: expected changes are all alike")
    if float(np.abs(accepted).max()) / _LARGEST > scale:
        return _untold("ok", "inertia cannot be told: changes made are not comparable to those expected")
    return _finding(measure_inertia(expected / scale, accepted / scale, strength), asked.level)


def read_inertia(claim: Claim, check: Check) -> InertiaOptions:
    """Return the options.

    Raises:
        BadPlan: One of them is unknown, of another kind, or the claim's trials return no pair.
    """
    asked = Asked(check)
    if not claim.is_paired:
        expected = "a metric whose trial returns a pair, here (expected change, change made)"
        asked.refuse_claim(expected, f"the metric {claim.metric!r}", 'metric="difference"')
    columns = tuple(name for name in claim.design.columns if name != ARM)
    strength = None
    if asked.has("strength"):
        if not columns:
            asked.refuse("strength", "a claim with strata= or cluster=: a column of codes", "none", "")
        strength = asked.column("strength", columns[0], columns)
    else:
        asked.text("strength", "")  # known, though not given
    level = asked.level(LEVEL)
    asked.finish()
    return InertiaOptions(strength, level)


def _untold(status: str, message: str) -> Finding:
    return Finding(
        pillar=InertiaPillar.name,
        method=InertiaPillar.methods[0],
        status="warn" if status == "warn" else "ok",
        message=message,
    )


def _finding(found: Inertia, level: float) -> Finding:
    share = level / 2.0  # one half for the slope, one for the drift
    call, drifts = found.call(share), found.p_drifts <= share
    words = {"resists": "resists its evidence", "overshoots": "overshoots", "undetermined": "no inertia shown"}
    lower, upper = found.bounds(level)
    within = f" [{lower:.3g}, {upper:.3g}]" if math.isfinite(lower) else ""
    told = f"{words[call]}: inertia {found.inertia:.3g}{within} (0 follows, 1 ignores, below 0 overshoots)"
    moved = f"; moves without evidence (p = {found.p_drifts:.2g})" if drifts else ""
    doubt = "" if found.conditions_hold else "; too few trials, or one weighs too much: the p-values may be wrong"
    return Finding(
        pillar=InertiaPillar.name,
        method=InertiaPillar.methods[0],
        status="ok" if call == "undetermined" and not drifts else "warn",
        message=f"{told}; {found.overshoots} of {found.n} went too far, {found.reversals} backwards{moved}{doubt}",
        numbers={
            "inertia": found.inertia,
            "lower": lower if math.isfinite(lower) else None,
            "upper": upper if math.isfinite(upper) else None,
            "p_resists": found.p_resists,
            "p_overshoots": found.p_overshoots,
            "p_ignores": found.p_ignores,
            "p_drifts": found.p_drifts,
            "overshoots": found.overshoots,
            "reversals": found.reversals,
            "n": found.n,
        },
    )
