"""Availability: events per exposure (``rate``) and exposure per event (``mtbf``), exact for a Poisson process.

A trial returns ``(events, exposure)``: how often it happened, over how many hours, requests or metres. Only the two
totals enter (they are sufficient): Garwood's (1936) bounds of the rate, and the time-censored chi-square bounds of the
mean time between failures (NIST/SEMATECH e-Handbook 8.4.5.1). For a trial that ends *at* a failure they stay valid, and
are a little wide for "long enough".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ophamin_pillars._special import libraries
from pytest_ophamin.pillars import (
    FIRST,
    SECOND,
    Assessment,
    BadSample,
    Claim,
    Plan,
    Sample,
    claim_sides,
    compose,
    minus,
    plus,
)

if TYPE_CHECKING:
    from ophamin_pillars.rates.poisson import RateTests

RATE = "garwood/1"
MTBF = "chi-square-mtbf/1"
_LARGEST_COUNT = 2.0**53
_NOTE = (
    "power: give expecting= and expecting_sd=, the deviation of one trial's estimate "
    "(of a rate: sqrt(rate / exposure of a trial); of an mtbf: mtbf sqrt(mtbf / exposure))"
)


class AvailabilityPillar:
    """Decides ``rate`` and ``mtbf``."""

    name = "availability"
    metrics = frozenset({"rate", "mtbf"})

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the exact Poisson tests of the totals."""
        tests = rate_tests(evidence)
        if claim.kind == "rate":
            return compose(claim, tests, method=RATE, exact=True, libraries=libraries())
        return compose(claim, _mtbf_tests(tests), method=MTBF, exact=True, libraries=libraries())

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan by enumeration of the counts; ``expecting_sd`` tells the exposure of a trial."""
        exposure, tests = _exposure(claim), _planned_tests(claim, level)
        if exposure is None or claim.trials < 1:
            return Plan(n=claim.trials, least_n=1, note=_NOTE)
        total = exposure * claim.trials
        return Plan(
            n=claim.trials,
            least_n=1,
            power=_power(tests, total, level, _truth(claim)),
            detectable=_detectable(claim, tests, total, level),
        )

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        from ophamin_pillars.power import poisson
        from ophamin_pillars.power.search import least_size

        exposure, tests = _exposure(claim), _planned_tests(claim, level)
        if exposure is None:
            return None
        truth = _truth(claim)
        if len(tests) > 1:
            return least_size(lambda n: _power(tests, exposure * n, level, truth), claim.power, 1)
        needed = poisson.sample_size(tests[0].null, truth, level, claim.power, greater=tests[0].greater)
        return None if needed is None else max(1, -int(-needed // exposure))


def rate_tests(sample: Sample) -> RateTests:
    """Return the tests of the totals of a sample of ``(events, exposure)``.

    Raises:
        BadSample: Events that are no count, an exposure that is not positive, or totals beyond float64.
    """
    from ophamin_pillars.rates.poisson import RateTests

    if sample.columns[SECOND].is_bool:
        raise BadSample("an exposure is a number, not a bool", trial=0)
    events, exposure = sample.columns[FIRST].floats, sample.columns[SECOND].floats
    good = (events >= 0.0) & (events == np.floor(events)) & (exposure > 0.0)
    if not good.all():
        raise BadSample("expected (events, exposure): a whole number from 0, and a positive number", _first_not(good))
    total_events, total_exposure = float(events.sum()), float(exposure.sum())
    if total_events > _LARGEST_COUNT or not np.isfinite(total_exposure):
        raise BadSample("the total of the events or of the exposures is too large: return other units")
    return RateTests(sample.n, int(total_events), total_exposure)
