"""Bandwidth: total amount over total seconds, by a jackknife t on a ratio of totals.

A trial returns ``(amount, seconds)``. The mean of per-trial rates answers another question (it gives a trial of one
second the weight of one of a minute), and so does a ratio's geometric mean.
"""

from __future__ import annotations

import numpy as np

from ophamin_pillars._special import libraries
from ophamin_pillars.skewness import conditions_at
from ophamin_pillars.student import ONE_OBSERVATION
from ophamin_pillars.student_plan import Limits, t_plan, t_size
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
    undecidable,
)

METHOD = "jackknife-ratio-t/1"
LEAST_SECONDS = 1e-200
SAME_RATE = "all trials have the same rate: nothing is known about its spread"


class BandwidthPillar:
    """Decides ``bandwidth``."""

    name = "bandwidth"
    metrics = frozenset({"bandwidth"})
    methods = (METHOD,)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by Student's t on the jackknife's pseudo-values."""
        from ophamin_pillars.rates.throughput import CONDITIONS, throughput_tests

        _check(evidence)
        tests, conditions = throughput_tests(*evidence.pairs), conditions_at(claim, CONDITIONS)
        if not tests.decides:
            return undecidable(
                claim,
                method=METHOD,
                exact=False,
                conditions=conditions,
                n=tests.n,
                estimate=tests.estimate,
                spread=tests.spread,
                reason=ONE_OBSERVATION if tests.n == 1 else SAME_RATE,
                libraries=libraries(),
            )
        return compose(claim, tests, method=METHOD, exact=False, conditions=conditions, libraries=libraries())

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan by the noncentral t; ``expecting_sd`` is the deviation of (amount - rate x seconds) / mean seconds."""
        return t_plan(claim, _limits(claim, level), level=level, truth=claim.expecting)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        return t_size(claim, _limits(claim, level), level=level, truth=claim.expecting)


def _check(sample: Sample) -> None:
    """Raise BadSample unless every trial has an amount from 0 on, and positive seconds, that can be added up."""
    if sample.columns[FIRST].is_bool or sample.columns[SECOND].is_bool:
        raise BadSample("a bandwidth takes pairs of numbers, not bools", trial=0)
    amounts, seconds = sample.pairs
    good = (amounts >= 0.0) & (seconds > 0.0)
    if not good.all():
        raise BadSample("an amount is a number from 0 on, seconds are positive", trial=int(np.argmin(good)))
    with np.errstate(over="ignore"):
        too_large = not (np.isfinite(amounts.sum()) and np.isfinite(seconds.sum()))
    if too_large:
        raise BadSample("the amounts or seconds are too large to be added up")
    if float(seconds.sum()) < LEAST_SECONDS:
        raise BadSample("the seconds are too few to be divided by")


def _limits(claim: Claim, level: float) -> Limits:
    return tuple(
        (
            side.direction,
            minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack),
        )
        for side in claim_sides(claim, level=level).validate
    )
