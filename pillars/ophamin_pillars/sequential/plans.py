"""Plans of claims that may stop early: what they need, their power, and how many trials they will probably take.

Counts are followed by the exact dynamic programme; bounded and unbounded means by a seeded simulation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ophamin_pillars.betting_plan import BLOCK, SIMULATION_SEED, Expected, check_inside
from ophamin_pillars.binomial_plan import BinomialTest
from ophamin_pillars.sequential.betting_process import ShareMixture
from ophamin_pillars.sequential.count_claims import design_of, nulls_of
from ophamin_pillars.sequential.design import CountDesign
from ophamin_pillars.sequential.evidence import deciding_index
from ophamin_pillars.sequential.law import OperatingCharacteristics, operating_characteristics, stopping_law
from ophamin_pillars.sequential.mixture import JEFFREYS
from ophamin_pillars.sequential.quantile_sequence import critical_counts
from ophamin_pillars.sequential.stopping import Boundaries
from ophamin_pillars.sequential.student_mixture import PRECISION, StudentMixture, critical_gaps
from ophamin_pillars.student_plan import expected_sd
from pytest_ophamin.pillars import BadPlan, Claim, Plan, Relation, claim_sides, minus, number, plus

Floats = npt.NDArray[np.float64]

LARGEST_CAP = 20_000
"""Exact boundaries are computed for every trial count up to the cap."""
RUNS = 400
DECIDING = 1e-9
NO_DESIGN_POINT = (
    "without margin= there is no design point to stop at early: evidence is averaged over all alternatives, which costs "
    "trials near the threshold"
)


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
        return Plan(n=claim.trials, least_n=_least_n_within(claim, level), note=NO_DESIGN_POINT)
    p0, _ = nulls_of(claim)
    plan = Plan(n=claim.trials, least_n=_least_n_mixture(p0, level), note=NO_DESIGN_POINT)
    if claim.expecting is None or not 0 < claim.trials <= LARGEST_CAP:
        return plan
    b = claim.refute_level * level / claim.validate_level
    law = stopping_law(mixture_boundaries(p0, level, b, claim.trials))
    found = operating_characteristics(law, _good_share(claim, claim.expecting))
    cost = "" if fixed.power is None else f" (power {fixed.power:.2f} for a fixed number of trials)"
    return replace(plan, power=found.validated, note=f"{_expected_trials(found)}; {NO_DESIGN_POINT}{cost}")


def mixture_boundaries(p0: float, level_validate: float, level_refute: float, cap: int) -> Boundaries:
    """Return the counts at which the mixture decides "proportion above p0" or "below p0": they follow from e alone."""
    n = np.arange(1, cap + 1, dtype=np.int64)
    upper = np.concatenate([[1], critical_counts(n, p0, level_validate)])
    lower = np.concatenate([[-1], n - critical_counts(n, minus(1.0, p0), level_refute)])
    return Boundaries(upper=upper, lower=lower)


def plan_of_betting(claim: Claim, bounds: tuple[float, float], *, level: float) -> Plan:
    """Plan a bounded mean.

    Raises:
        BadPlan: A limit does not lie strictly inside the bounds.
    """
    check_inside(claim, bounds)
    lo, hi = bounds

    def share(value: float) -> float:
        return (value - lo) / (hi - lo)

    def game(y: Floats, limit: float, *, upward: bool) -> Floats:
        return ShareMixture(y).log_e(limit) if upward else ShareMixture(1.0 - y).log_e(1.0 - limit)

    limits = [(upward, share(limit)) for upward, limit in _limits(claim)]
    least_n = max(_least_n_of_path(lambda n, t=t, up=up: game(np.full(n, float(up)), t, upward=up), level) for up, t in limits)
    plan = Plan(n=claim.trials, least_n=least_n)
    if claim.expecting is None or not claim.trials:
        return plan
    truth = Expected.of(claim, claim.expecting, bounds)
    simulation = Simulation(claim, level)
    draws = (truth.draw(simulation.rng, (runs, claim.trials)) for runs in simulation.blocks)
    power, mean = simulation.run(
        [tuple(game(y, t, upward=up) for up, t in limits) for y in block] for block in draws
    )
    shape = "observations on the two bounds" if truth.is_two_points else "a beta distribution"
    return replace(plan, power=power, note=f"about {mean:.0f} trials expected ({simulation.runs} simulations of {shape})")


def plan_of_student(claim: Claim, start: int, *, level: float, logs: bool = False) -> Plan:
    """Plan an unbounded mean, or with ``logs`` a geometric mean ratio; ``expecting_sd`` is then that of the logs."""
    limits = [(upward, _log(claim, limit) if logs else limit) for upward, limit in _limits(claim)]
    plan = Plan(n=claim.trials, least_n=_least_n_student(start, level))
    sd = expected_sd(claim)
    if claim.expecting is None or sd is None or not claim.trials:
        return plan
    mean = _log(claim, claim.expecting) if logs else claim.expecting
    simulation = Simulation(claim, level)

    def paths(values: Floats) -> tuple[Floats, ...]:
        process = StudentMixture(values, start=start)
        return tuple(process.greater(limit) if upward else process.less(limit) for upward, limit in limits)

    draws = (mean + sd * simulation.rng.standard_normal((runs, claim.trials)) for runs in simulation.blocks)
    power, expected = simulation.run([paths(values) for values in block] for block in draws)
    return replace(plan, power=power, note=f"about {expected:.0f} trials expected ({simulation.runs} normal simulations)")


@dataclass(frozen=True, slots=True)
class Simulation:
    """Seeded samples of a claim that is true as expected; refutation, rare then, is left out."""

    claim: Claim
    level: float

    @property
    def runs(self) -> int:
        return max(100, min(RUNS, 1_000_000 // self.claim.trials))

    @property
    def rng(self) -> np.random.Generator:
        return self._rng

    _rng: np.random.Generator = None  # type: ignore[assignment]
