"""Which sequential method decides a claim, and what it needs of the sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.betting_plan import check_inside
from ophamin_pillars.observations import check_squares, observed, zeros_and_ones
from ophamin_pillars.proportion import ProportionPillar
from ophamin_pillars.quantile import QuantilePillar, QuantileTests
from ophamin_pillars.ratio import log_ratios
from ophamin_pillars.sequential import mean_processes, processes
from ophamin_pillars.sequential.anytime_claims import decide_by_evidence, stop_of_evidence
from ophamin_pillars.sequential.count_claims import decide_count, has_design, probability_of, stop_of_counts
from ophamin_pillars.sequential.plans import LARGEST_CAP, plan_of_design, plan_of_mixture
from ophamin_pillars.sequential.processes import Process
from ophamin_pillars.sequential.simulated_plans import plan_of_betting, plan_of_student
from ophamin_pillars.sequential.student_mixture import CONDITIONS, START, StudentMixture
from ophamin_pillars.student import ONE_OBSERVATION, ZERO_VARIANCE
from pytest_ophamin.pillars import (
    Assessment,
    BadPlan,
    BadSample,
    Claim,
    Plan,
    Relation,
    Sample,
    claim_sides,
    minus,
    plus,
    undecidable,
)

Floats = npt.NDArray[np.float64]

MIXTURE = "beta-binomial-mixture/1"
DISCORDANT = "discordant-pairs-mixture/1"
BETTING = "betting-mixture/1"
STUDENT = "student-t-mixture/1"
LOG_RATIO = "log-ratio-t-mixture/1"
START_SHARE = 20
"""A t-mixture counts from a 20th of its cap on: who can afford more trials can afford more skewed data."""


class Method(Protocol):
    """One claim, its sample, and how it is decided."""

    def stop(self) -> int | None: ...
    def assess(self) -> Assessment: ...


@dataclass(frozen=True, slots=True)
class ByDesign:
    """0/1 data with a design point."""

    claim: Claim
    sample: Sample

    def stop(self) -> int | None:
        """Return where the design's boundaries are crossed."""
        return stop_of_counts(self.claim, self.sample)

    def assess(self) -> Assessment:
        """Assess by stage-wise p-values."""
        return decide_count(self.claim, self.sample)


@dataclass(frozen=True, slots=True, eq=False)
class ByEvidence:
    """Anything an e-process follows."""

    claim: Claim
    n: int
    process: Process
    method: str
    conditions: str | None = None
    """Of an approximate method."""
    reason: str | None = None
    """Why no p-value says anything, whatever it is."""

    def stop(self) -> int | None:
        """Return where the evidence decides."""
        return None if self.reason is not None else stop_of_evidence(self.claim, self.process)

    def assess(self) -> Assessment:
        """Assess by ``1 / max e``."""
        exact, process = self.conditions is None, self.process
        if self.reason is not None:
            return undecidable(
                self.claim,
                method=self.method,
                exact=exact,
                conditions=self.conditions,
                n=self.n,
                estimate=process.estimate,
                spread=process.spread,
                reason=self.reason,
                libraries=libraries(),
            )
        return decide_by_evidence(
            self.claim,
            process,
            self.n,
            method=self.method,
            exact=exact,
            conditions=self.conditions,
            libraries=libraries(),
        )


def method_of(claim: Claim, sample: Sample) -> Method:
    """Return the method for a claim and its observations.

    Raises:
        BadSample: An observation is not what the metric takes.
    """
    if has_design(claim):
        return ByDesign(claim, sample)
    if claim.kind == "proportion":
        return ByEvidence(claim, sample.n, processes.ShareProcess(zeros_and_ones(sample.value)), MIXTURE)
    if claim.kind == "quantile":
        fixed = QuantileTests(sample.value.floats, probability_of(claim))
        return ByEvidence(claim, sample.n, processes.QuantileProcess(fixed), MIXTURE)
    return _method_of_mean(claim, sample)


def _method_of_mean(claim: Claim, sample: Sample) -> Method:
    if claim.kind == "ratio":
        _check_positive(claim)
        return _by_student(claim, log_ratios(sample), LOG_RATIO)
    found = observed(claim, sample)
    if found.bounds is None:
        return _by_student(claim, found.values, STUDENT)
    betting = mean_processes.BettingEvidence(found.values, found.bounds)
    if sample.is_bool and claim.kind == "difference" and _is_about_zero(claim):
        return ByEvidence(claim, sample.n, mean_processes.DiscordantProcess(betting), DISCORDANT)
    try:
        check_inside(claim, found.bounds)
    except BadPlan as bad:
        raise BadSample(f"{bad.argument}: expected {bad.expected}, came {bad.came}") from None
    return ByEvidence(claim, sample.n, betting, BETTING)


def plan_of(claim: Claim, *, level: float) -> Plan:
    """Plan what :func:`method_of` would do, with numbers where the type of the observations is not known yet."""
    if claim.kind in ("proportion", "quantile"):
        fixed = (ProportionPillar() if claim.kind == "proportion" else QuantilePillar()).plan(claim, level=level)
        plan = plan_of_design if has_design(claim) else plan_of_mixture
        return plan(claim, fixed, level=level)
    if claim.bounds is not None:
        return plan_of_betting(claim, claim.bounds, level=level)
    return plan_of_student(claim, first_of(claim), level=level, logs=claim.kind == "ratio")


def size_of(claim: Claim, *, level: float) -> int | None:
    """Return a cap at which the planned power is ``claim.power``, by doubling and bisection; None when none is."""

    def reaches(n: int) -> bool:
        power = plan_of(replace(claim, trials=n), level=level).power
        return power is not None and power >= claim.power

    high = max(16, plan_of(replace(claim, trials=0), level=level).least_n)
    low = high - 1
    while not reaches(high):
        low, high = high, 2 * high
        if high > LARGEST_CAP:
            return None
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def first_of(claim: Claim) -> int:
    """Return the trial from which on a t-mixture counts as evidence: it follows from the cap."""
    return max(START, claim.trials // START_SHARE)


def _by_student(claim: Claim, values: Floats, method: str) -> ByEvidence:
    check_squares(values)
    process = mean_processes.StudentProcess(StudentMixture(values, start=first_of(claim)))
    reason = None
    if bool((values == values[0]).all()):
        reason = ONE_OBSERVATION if len(values) == 1 else ZERO_VARIANCE
    conditions = f"{CONDITIONS} (here from {first_of(claim)})"
    asked: Process = mean_processes.RatioProcess(process) if claim.kind == "ratio" else process
    return ByEvidence(claim, len(values), asked, method, conditions, reason)


def _check_positive(claim: Claim) -> None:
    sides = claim_sides(claim)
    for side in (*sides.validate, *sides.refute):
        if not (minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack)) > 0.0:
            raise BadSample("a ratio is compared with positive limits only")


def _is_about_zero(claim: Claim) -> bool:
    return claim.relation is not Relation.WITHIN and claim.limit == 0.0 and claim.margin == 0.0
