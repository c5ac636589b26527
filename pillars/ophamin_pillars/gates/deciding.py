"""Deciding a gate: which looks count, where they stop, and what the sample says at its end."""

from __future__ import annotations

from collections.abc import Iterator

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


def looks_of(claim: Claim, n: int) -> tuple[int, ...]:
    """Return all planned looks: those declared, or the end of a sample of ``n``."""
    return claim.design.looks or (n,)


def stop_of(claim: Claim, sample: Sample) -> int | None:
    """Return the first look before the cap that decides: a side's boundary is crossed, and the control does not differ.

    Raises:
        BadSample: A number before any decision is not positive.
    """
    if not claim.design.looks:
        return None
    try:
        values = decision_variable(claim, sample)
    except BadSample as bad:
        # A bad pair after the decision is no part of the sample.
        stop = stop_of(claim, sample.first_trials(bad.trial)) if bad.trial else None
        if stop is None:
            raise
        return stop
    _check_limits(claim)
    (a, b), sides = claim.stop_levels, claim_sides(claim)
    for look, tests in _tests_at_looks(claim, sample, values):
        if look == claim.trials or tests is None:
            continue
        if round12(sides.p_validate(tests)) <= a or round12(sides.p_refute(tests)) <= b:
            return look
    return None


def assess(claim: Claim, sample: Sample) -> Assessment:
    """Assess a sample that ends at a look.

    Raises:
        BadSample: It ends elsewhere, or a number is not positive.
    """
    values = decision_variable(claim, sample)
    _check_limits(claim)
    *_, (end, tests) = [(0, None), *_tests_at_looks(claim, sample, values)]
    if end != sample.n:
        raise BadSample("the sample does not end at a look")
    if differs(claim, sample):
        return _undecided(claim, values, describe_noise(control_p(claim, sample)))
    if tests is None:
        return _undecided(claim, values, ONE_OBSERVATION if sample.n == 1 else ZERO_VARIANCE)
    is_exact = claim.kind == MEMORY
    return compose(
        claim,
        tests,
        method=_method(claim),
        exact=is_exact,
        conditions=None if is_exact else CONDITIONS,
        libraries=libraries(),
    )


def _tests_at_looks(claim: Claim, sample: Sample, values: Floats) -> Iterator[tuple[int, OneSided | None]]:
    """Yield each look the sample reaches, with the tests over the looks that count up to it.

    None where a look says nothing: the control differs there, or the logs have no spread. It is then as if it had not
    been planned, which can only make later p-values too large.
    """
    looks = looks_of(claim, sample.n)
    places: list[int] = []
    centres: list[tuple[int, Centre]] = []
    for place, look in enumerate(looks):
        if look > sample.n:
            return
        tests: OneSided | None = None
        if differs(claim, sample.first_trials(look)):
            pass
        elif claim.kind == MEMORY:
            places.append(place)
            tests = PeakTests(values[:look], looks, tuple(places), claim.allocated)
        elif (centre := centre_of(values[:look])) is not None:
            centres.append((place, centre))
            tests = LogTests(looks, tuple(centres), claim.allocated)
        yield look, tests


def _undecided(claim: Claim, values: Floats, reason: str) -> Assessment:
    """Return p = 1 on both sides, with what the sample still says about itself."""
    is_exact = claim.kind == MEMORY
    estimate: float | None = float(np.median(values))
    spread: float | None = None
    if not is_exact:
        centre = centre_of(values)
        estimate = exp_or_none(mean_and_sd(values)[0] if centre is None else centre.mean)
        spread = 0.0 if centre is None else centre.spread
    return undecidable(
        claim,
        method=_method(claim),
        exact=is_exact,
        conditions=None if is_exact else CONDITIONS,
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
