"""Plans of claims about 0/1 data that may stop early: power and expected trials, by the exact dynamic programme."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ophamin_pillars.binomial_plan import BinomialTest
from ophamin_pillars.sequential.count_claims import design_of, nulls_of, probability_of
from ophamin_pillars.sequential.design import CountDesign
from ophamin_pillars.sequential.law import OperatingCharacteristics, operating_characteristics, stopping_law
from ophamin_pillars.sequential.mixture import JEFFREYS
from ophamin_pillars.sequential.quantile_sequence import critical_counts
from ophamin_pillars.sequential.stopping import Boundaries
from ophamin_pillars.sequential.within_power import shown_within
from pytest_ophamin.pillars import BadPlan, Claim, Plan, Relation, minus

Floats = npt.NDArray[np.float64]

LARGEST_CAP = 20_000
"""Exact boundaries are computed for every trial count up to the cap."""
LARGEST_N = 10_000_000
NO_DESIGN_POINT = "without margin= evidence is averaged over all alternatives, which costs trials near the threshold"


def check_cap(claim: Claim) -> None:
    """Check that a design can be calibrated for the claim's cap.

    Raises:
        BadPlan: There would be too many boundaries to calibrate.
    """
    if claim.trials > LARGEST_CAP:
        raise BadPlan(
            argument="trials",
            expected=f"at most {LARGEST_CAP} trials: exact boundaries are computed for each of them",
            came=str(claim.trials),
            fix=f"trials={LARGEST_CAP}, or a margin= (and threshold) that fewer trials can decide",
        )


def plan_of_design(claim: Claim, fixed: Plan, *, level: float) -> Plan:
    """Plan a claim that a calibrated design decides.

    Args:
        claim: With a margin or looks.
        fixed: The plan of the same claim with a fixed number of trials: no sample can be validated with fewer.
        level: Level of validation; that of refutation is divided as much.
    """
    check_cap(claim)
    plan = Plan(n=claim.trials, least_n=fixed.least_n)
    if not claim.trials:
        return plan
    b = claim.refute_level * level / claim.validate_level
    if claim.expecting is None:
        return replace(plan, note=_too_few(claim, level))
    design = design_of(claim, (level, b))
    truth = _good_share(claim, claim.expecting)
    found = design.characteristics(truth)
    note = _expected_trials(found)
    if claim.margin > 0.0 and not design.conclusive:
        note += f"; cap and levels are incompatible: at the threshold power is {design.power:.2f}, not {claim.power:g}"
    return replace(plan, power=found.validated, detectable=_detectable(claim, design), note=note)


def plan_of_mixture(claim: Claim, fixed: Plan, *, level: float) -> Plan:
    """Plan a claim about 0/1 data that the mixture e-process decides; arguments as for :func:`plan_of_design`."""
    if claim.relation is Relation.WITHIN:
        return _plan_within(claim, fixed, level=level)
    p0, _ = nulls_of(claim)
    plan = Plan(n=claim.trials, least_n=_least_n_mixture(p0, level), note=NO_DESIGN_POINT)
    if claim.expecting is None or not 0 < claim.trials <= LARGEST_CAP:
        return plan
    b = claim.refute_level * level / claim.validate_level
    law = stopping_law(mixture_boundaries(p0, level, b, claim.trials))
    found = operating_characteristics(law, _good_share(claim, claim.expecting))
    note = f"{_expected_trials(found)}; {NO_DESIGN_POINT}{_cost(fixed)}"
    return replace(plan, power=found.validated, note=note)


def _plan_within(claim: Claim, fixed: Plan, *, level: float) -> Plan:
    plan = Plan(n=claim.trials, least_n=_least_n_within(claim, level), note=NO_DESIGN_POINT)
    if claim.kind == "quantile" or claim.expecting is None or not 0 < claim.trials <= LARGEST_CAP:
        return plan
    found = shown_within(claim.limits, claim.expecting, level, claim.trials)
    note = f"about {found.mean_n:.0f} trials on average; {NO_DESIGN_POINT}{_cost(fixed)}"
    return replace(plan, power=found.validated, note=note)


def _cost(fixed: Plan) -> str:
    return "" if fixed.power is None else f" (power {fixed.power:.2f} for a fixed number of trials)"


def mixture_boundaries(p0: float, level_validate: float, level_refute: float, cap: int) -> Boundaries:
    """Return the counts at which the mixture decides "proportion above p0" or "below p0": they follow from e alone."""
    n = np.arange(1, cap + 1, dtype=np.int64)
    upper = np.concatenate([[1], critical_counts(n, p0, level_validate)])
    lower = np.concatenate([[-1], n - critical_counts(n, minus(1.0, p0), level_refute)])
    return Boundaries(upper=upper, lower=lower)


def _good_share(claim: Claim, expecting: float) -> float:
    """Return the expected share of trials on the claimed side; for a quantile that is what ``expecting`` means."""
    if claim.kind == "proportion" and claim.relation is Relation.AT_MOST:
        return minus(1.0, expecting)
    return expecting


def _expected_trials(found: OperatingCharacteristics) -> str:
    _, most, _ = found.quantiles
    return f"stops after {found.mean_n:.0f} trials on average, after {most} at most in 90 % of runs"


def _too_few(claim: Claim, level: float) -> str | None:
    """Return what is known without calibrating: hardly any test of so many trials beats the fixed-n one in power."""
    if not claim.margin:
        return None
    p0, p1 = nulls_of(claim)
    best = BinomialTest(greater=True, null=p0).power(claim.trials, level, p1)
    if best >= claim.power:
        return None
    return f"cap and levels are incompatible: at the threshold power is about {best:.2f}, not {claim.power:g}"


def _detectable(claim: Claim, design: CountDesign) -> float | None:
    """Return the metric (a share of good trials, for a quantile) at which the claim reaches its power, or None."""
    law, wanted = design.law, claim.power

    def reaches(p: float) -> bool:
        return math.fsum(law.probabilities(p)[law.upward]) >= wanted

    low, high = design.p0, 1.0
    if not reaches(high):
        return None
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return 1.0 - high if claim.kind == "proportion" and claim.relation is Relation.AT_MOST else high


def _least_n_mixture(p0: float, level: float) -> int:
    """Return the least n at which good trials alone reach ``1 / level``."""
    return _first(lambda n: float(JEFFREYS.greater(n, 0, p0)) >= -math.log(level))


def _least_n_within(claim: Claim, level: float) -> int:
    """Return the least n of a sample that shows both ends, one after the other: counts speak for one end at a time.

    Which end comes first matters. The second one needs the more trials, the more the first has left behind.
    """
    target = -math.log(level)
    if claim.kind == "quantile":
        # Observations between the limits lie on the good side of both: they speak for either end at once.
        q = probability_of(claim)
        return max(_least_n_mixture(q, level), _least_n_mixture(minus(1.0, q), level))
    lo, hi = claim.limits
    above, below = _least_n_mixture(lo, level), _least_n_mixture(minus(1.0, hi), level)
    return min(
        above + _first(lambda n: float(JEFFREYS.less(above, n, hi)) >= target, start=0),
        below + _first(lambda n: float(JEFFREYS.greater(n, below, lo)) >= target, start=0),
    )


def _first(holds: Callable[[int], bool], *, start: int = 1) -> int:
    """Return the least n >= start for which a rising ``holds`` is true; :data:`LARGEST_N` when there is none before."""
    high = max(start, 1)
    while not holds(high) and high < LARGEST_N:
        high *= 2
    low = start - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
