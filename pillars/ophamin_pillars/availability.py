"""Availability: events per exposure (``rate``) and exposure per event (``mtbf``), exact for a Poisson process.

A trial returns ``(events, exposure)``: how often it happened, over how many hours, requests or metres. Only the two
totals enter (they are sufficient): Garwood's (1936) bounds of the rate, and the time-censored chi-square bounds of the
mean time between failures (NIST/SEMATECH e-Handbook 8.4.5.1). For a trial that ends *at* a failure they stay valid, and
ask for a little more than needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from pytest_ophamin.pillars import (
    FIRST,
    SECOND,
    Assessment,
    BadPlan,
    BadSample,
    Claim,
    Plan,
    Sample,
    claim_sides,
    compose,
    minus,
    number,
    plus,
)

if TYPE_CHECKING:
    from ophamin_pillars.rates.poisson import RateTests

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

RATE = "garwood/1"
MTBF = "chi-square-mtbf/1"
LARGEST_SIZE = 10_000_000
_LARGEST_COUNT = 2.0**53
_LEAST_EXPOSURE = 1e-200
_NOTE = (
    "power: give expecting= and expecting_sd=, the deviation of one trial's estimate "
    "(rate: sqrt(rate / exposure of a trial); mtbf: mtbf x sqrt(mtbf / exposure of a trial))"
)


class AvailabilityPillar:
    """Decides ``rate`` and ``mtbf``."""

    name = "availability"
    metrics = frozenset({"rate", "mtbf"})
    methods = (RATE, MTBF)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the exact Poisson tests of the totals."""
        from ophamin_pillars.rates.time_censored import TimeCensoredMtbf

        tests = rate_tests(evidence)
        if claim.kind == "rate":
            return compose(claim, tests, method=RATE, exact=True, libraries=libraries())
        lives = TimeCensoredMtbf(tests.n, tests.events, tests.exposure)
        return compose(claim, lives, method=MTBF, exact=True, libraries=libraries())

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan by the Poisson distribution of the count; ``expecting_sd`` tells the exposure of a trial."""
        tests, exposure = _planned_tests(claim, level), _exposure(claim)
        if exposure is None or claim.expecting is None or claim.trials < 1:
            return Plan(n=claim.trials, least_n=1, note=_NOTE if exposure is None else None)
        total = exposure * claim.trials
        return Plan(
            n=claim.trials,
            least_n=1,
            power=_power(tests, total, level, _as_rate(claim, claim.expecting)),
            detectable=_detectable(claim, tests, total, level),
        )

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n from which power never drops below ``claim.power``, or None."""
        tests, exposure = _planned_tests(claim, level), _exposure(claim)
        if exposure is None or claim.expecting is None:
            return None
        return _size(tests, exposure, level, _as_rate(claim, claim.expecting), claim.power)


def rate_tests(sample: Sample) -> RateTests:
    """Return the tests of the totals of a sample of ``(events, exposure)``.

    Raises:
        BadSample: Events that are no count, an exposure that is not positive, or totals that are too large.
    """
    from ophamin_pillars.rates.poisson import RateTests

    if sample.columns[SECOND].is_bool:
        raise BadSample("an exposure is a number, not a bool", trial=0)
    events, exposure = sample.columns[FIRST].floats, sample.columns[SECOND].floats
    good = (events >= 0.0) & (events == np.floor(events)) & (exposure > 0.0)
    if not good.all():
        raise BadSample("events are a whole number from 0 on, an exposure is positive", trial=int(np.argmin(good)))
    with np.errstate(over="ignore"):
        too_large = float(events.sum()) > _LARGEST_COUNT or not np.isfinite(exposure.sum())
    if too_large:
        raise BadSample("the events or exposures are too large to be added up")
    if float(exposure.sum()) < _LEAST_EXPOSURE:
        raise BadSample("the exposures are too small to be divided by")
    return RateTests(sample.n, int(events.sum()), math.fsum(exposure.tolist()))


@dataclass(frozen=True, slots=True)
class _PlannedTest:
    """A validating test, as a test of the rate: of "rate <= null", or without ``greater`` of "rate >= null"."""

    null: float
    greater: bool


def _planned_tests(claim: Claim, level: float) -> tuple[_PlannedTest, ...]:
    tests = []
    for side in claim_sides(claim, level=level).validate:
        greater = side.direction == "greater"
        null = minus(side.limit, side.slack) if greater else plus(side.limit, side.slack)
        if not null > 0.0:
            raise BadPlan(
                argument="margin" if side.slack else str(claim.relation),
                expected="a positive limit (threshold, and threshold - margin)",
                came=number(null),
                fix=f"{claim.relation}=<a positive number>",
            )
        tests.append(_PlannedTest(null=_as_rate(claim, null), greater=greater is (claim.kind == "rate")))
    return tuple(tests)


def _as_rate(claim: Claim, value: float) -> float:
    """Return a value of the claim's metric as a rate, or a rate as a value of the metric."""
    return value if claim.kind == "rate" else 1.0 / value


def _exposure(claim: Claim) -> float | None:
    """Return the exposure of one trial, which ``expecting_sd`` tells: events of a Poisson process vary by their mean.

    The deviation of events / exposure is sqrt(rate / exposure), of exposure / events about mtbf sqrt(mtbf / exposure).
    """
    if claim.expecting is None or claim.expecting_sd is None or not claim.expecting > 0.0:
        return None
    power = 1.0 if claim.kind == "rate" else 3.0
    exposure = claim.expecting**power / claim.expecting_sd**2
    return exposure if 0.0 < exposure < math.inf else None


def _power(tests: tuple[_PlannedTest, ...], exposure: float, level: float, truth: float) -> float:
    """Return P(all tests reject) when the rate is ``truth``."""
    from ophamin_pillars.power.poisson import critical_count
    from ophamin_pillars.rates.poisson import lower_tail

    power, mean = 1.0, truth * exposure
    for test in tests:
        count = critical_count(test.null, exposure, level, greater=test.greater)
        if count is None:
            return 0.0
        # Two tests of one count reject between their critical counts: P(X <= most) - P(X < least).
        rejects_by_few = lower_tail(count, mean) if not test.greater else 1.0 - lower_tail(count - 1, mean)
        power += rejects_by_few - 1.0
    return min(1.0, max(0.0, power))


def _size(tests: tuple[_PlannedTest, ...], exposure: float, level: float, truth: float, power: float) -> int | None:
    """Return the least n from which P(all tests reject) never drops below ``power``: from above, since it is sawed."""
    from ophamin_pillars.binomial_plan import last_miss
    from ophamin_pillars.power import poisson

    # Where each test alone misses its part of what all may miss, all together are powerful enough: go down from there.
    part = 1.0 - (1.0 - power) / len(tests)
    enough = [poisson.sample_size(test.null, truth, level, part, greater=test.greater) for test in tests]
    high = max(math.inf if needed is None else needed for needed in enough) / exposure

    def powers(n: Counts) -> Floats:
        exposures: Floats = exposure * n.astype(np.float64)
        total = np.ones(len(n))
        for test in tests:
            counts = poisson.critical_counts(test.null * exposures, level, greater=test.greater)
            total += poisson.tails(counts, truth * exposures, greater=test.greater) - 1.0
        return total

    return None if high > LARGEST_SIZE else last_miss(powers, math.ceil(high), power)


def _detectable(claim: Claim, tests: tuple[_PlannedTest, ...], exposure: float, level: float) -> float | None:
    from ophamin_pillars.power.poisson import minimum_detectable_effect

    if len(tests) > 1:
        return None
    found = minimum_detectable_effect(tests[0].null, exposure, level, claim.power, greater=tests[0].greater)
    return None if not found else _as_rate(claim, found)
