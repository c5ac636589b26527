"""Deciding a gate: which looks count, where they stop, and what the sample says at its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ophamin_pillars._special import libraries
from ophamin_pillars.gates.control import control_p, describe_noise, differs
from ophamin_pillars.gates.logs import LogTests, exp_or_none
from ophamin_pillars.gates.observed import MEMORY, Floats, decision_variable
from ophamin_pillars.gates.peaks import PeakTests
from ophamin_pillars.gates.trimmed import Centre, centre_of
from ophamin_pillars.student import ONE_OBSERVATION, ZERO_VARIANCE, mean_and_sd
from pytest_ophamin.pillars import (
    Assessment,
    BadSample,
    Claim,
    OneSided,
    Sample,
    claim_sides,
    compose,
    minus,
    plus,
    round12,
    undecidable,
)

TIMES = "log-trimmed-t/1"
MEMORIES = "sign-test/1"
TIMES_AT_LOOKS = "group-sequential-log-trimmed-t/1"
MEMORIES_AT_LOOKS = "group-sequential-sign-test/1"
CONDITIONS = (
    "independent pairs; logs symmetric about their centre and near normal there; "
    "at most one pair in twenty disturbed, by as much in either direction"
)


@dataclass(frozen=True, slots=True)
class Ending:
    """A sample up to one of its looks, or to its end."""

    claim: Claim
    sample: Sample
    looks: tuple[int, ...]
    values: Floats
    """The decision variable (n)."""

    @property
    def is_exact(self) -> bool:
        return self.claim.kind == MEMORY

    def tests(self) -> OneSided | None:
        """Return the tests over the looks that count up to here; None where this one has no spread."""
        here = self.looks.index(self.sample.n)
        counted = [
            place for place in range(here) if not differs(self.claim, self.sample.first_trials(self.looks[place]))
        ]
        counted.append(here)
        if self.is_exact:
            return PeakTests(self.values, self.looks, tuple(counted), self.claim.allocated)
        centres = [(place, centre_of(self.values[: self.looks[place]])) for place in counted]
        known: list[tuple[int, Centre]] = [(place, centre) for place, centre in centres if centre is not None]
        if not known or known[-1][0] != here:
            return None
        return LogTests(self.looks, tuple(known), self.claim.allocated)


def looks_of(claim: Claim, n: int) -> tuple[int, ...]:
    """Return all planned looks: those declared, or the end of a sample of ``n``."""
    return claim.design.looks or (n,)


def stop_of(claim: Claim, sample: Sample) -> int | None:
    """Return the first look before the cap that decides: a side's boundary is crossed, and the control does not differ.

    Raises:
        BadSample: A number before any decision is not positive.
    """
    try:
        values = decision_variable(claim, sample)
    except BadSample as bad:
        # A bad pair after the decision is no part of the sample.
        stop = stop_of(claim, sample.first_trials(bad.trial)) if bad.trial else None
        if stop is None:
            raise
        return stop
    _check_limits(claim)
    for look in looks_of(claim, sample.n)[:-1]:
        if look > sample.n:
            break
        if _decides(claim, sample.first_trials(look), values[:look]):
            return look
    return None


def assess(claim: Claim, sample: Sample) -> Assessment:
    """Assess a sample that ends at a look.

    Raises:
        BadSample: It ends elsewhere, or a number is not positive.
    """
    values, looks = decision_variable(claim, sample), looks_of(claim, sample.n)
    _check_limits(claim)
    if sample.n not in looks:
        raise BadSample("the sample does not end at a look")
    ending = Ending(claim, sample, looks, values)
    p = control_p(claim, sample)
    if differs(claim, sample):
        return _undecided(ending, describe_noise(p))
    tests = ending.tests()
    if tests is None:
        return _undecided(ending, ONE_OBSERVATION if sample.n == 1 else ZERO_VARIANCE)
    return compose(
        claim,
        tests,
        method=_method(claim),
        exact=ending.is_exact,
        conditions=None if ending.is_exact else CONDITIONS,
        libraries=libraries(),
    )


def _decides(claim: Claim, seen: Sample, values: Floats) -> bool:
    if differs(claim, seen):
        return False
    tests = Ending(claim, seen, looks_of(claim, claim.trials), values).tests()
    if tests is None:
        return False
    (a, b), sides = claim.stop_levels, claim_sides(claim)
    return round12(sides.p_validate(tests)) <= a or round12(sides.p_refute(tests)) <= b


def _undecided(ending: Ending, reason: str) -> Assessment:
    """Return p = 1 on both sides, with what the sample still says about itself."""
    claim, values = ending.claim, ending.values
    estimate: float | None
    spread: float | None
    centre = None if ending.is_exact else centre_of(values)
    if ending.is_exact:
        estimate, spread = float(np.median(values)), None
    elif centre is None:
        estimate, spread = exp_or_none(mean_and_sd(values)[0]), 0.0
    else:
        estimate, spread = exp_or_none(centre.mean), centre.spread
    return undecidable(
        claim,
        method=_method(claim),
        exact=ending.is_exact,
        conditions=None if ending.is_exact else CONDITIONS,
        n=len(values),
        estimate=estimate,
        spread=spread,
        reason=reason,
        libraries=libraries(),
    )


def _method(claim: Claim) -> str:
    if claim.kind == MEMORY:
        return MEMORIES_AT_LOOKS if claim.design.looks else MEMORIES
    return TIMES_AT_LOOKS if claim.design.looks else TIMES


def _check_limits(claim: Claim) -> None:
    """Refuse a record whose claim compares positive numbers with a limit that is not: a plan would not."""
    sides = claim_sides(claim)
    for side in (*sides.validate, *sides.refute):
        if not (minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack)) > 0.0:
            raise BadSample("a benchmark gate compares with positive limits only")
