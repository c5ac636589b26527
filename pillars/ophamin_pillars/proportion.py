"""Proportions: the exact binomial test, with the Clopper-Pearson bounds that invert it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ophamin_pillars._special import libraries
from ophamin_pillars.binomial import (
    lower_bound,
    lower_tail,
    needed_greater,
    needed_less,
    upper_bound,
    upper_tail,
)
from ophamin_pillars.binomial_plan import BinomialTest, least_n_both, power_of, size_of, size_of_both
from pytest_ophamin.pillars import (
    Assessment,
    BadPlan,
    BadSample,
    Claim,
    Column,
    Plan,
    Sample,
    ShiftedTests,
    claim_sides,
    compose,
    minus,
    number,
    plus,
)

METHOD = "clopper-pearson/1"


@dataclass(frozen=True, slots=True)
class ProportionTests(ShiftedTests):
    """Exact tests of ``count`` successes in ``n`` trials."""

    n: int
    count: int
    spread: None = None

    @property
    def estimate(self) -> float:
        return self.count / self.n

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return P(X >= count) at the limit conceded."""
        del strict, level
        return upper_tail(self.count, self.n, minus(limit, slack))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return P(X <= count) at the limit conceded."""
        del strict, level
        return lower_tail(self.count, self.n, plus(limit, slack))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the one-sided Clopper-Pearson lower bound."""
        del slack
        return lower_bound(self.count, self.n, level)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the one-sided Clopper-Pearson upper bound."""
        del slack
        return upper_bound(self.count, self.n, level)

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same share of successes, rounded against the claim, rejects."""
        del strict
        if side == "greater":
            return needed_greater(self.count, self.n, minus(limit, slack), level, start)
        return needed_less(self.count, self.n, plus(limit, slack), level, start)


class ProportionPillar:
    """Decides ``proportion``: bool observations, or numbers that are exactly 0 or 1."""

    name = "proportion"
    metrics = frozenset({"proportion"})
    methods = (METHOD,)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the exact binomial test."""
        tests = ProportionTests(evidence.n, count_true(evidence.value))
        return compose(claim, tests, method=METHOD, exact=True, libraries=libraries())

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan by enumeration of the counts."""
        tests = _planned_tests(claim, level)
        return binomial_plan(claim, tests, level=level, truth=claim.expecting)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n from which power never drops below ``claim.power``."""
        return binomial_size(claim, _planned_tests(claim, level), level=level, truth=claim.expecting)


def count_true(column: Column) -> int:
    """Return how many observations are true.

    Raises:
        BadSample: An observation is neither a bool nor exactly 0 or 1.
    """
    values = column.values
    if column.is_bool:
        return int(np.count_nonzero(values))
    ones = values == 1
    good = ones | (values == 0)
    if not good.all():
        raise BadSample("a proportion takes True, False, 0 or 1", trial=int(np.argmin(good)))
    return int(np.count_nonzero(ones))


def binomial_plan(claim: Claim, tests: tuple[BinomialTest, ...], *, level: float, truth: float | None) -> Plan:
    """Return the plan of a claim that is decided by binomial ``tests`` of one count."""
    n = claim.trials
    if len(tests) == 1:
        least_n = tests[0].least_n(level)
        detectable = tests[0].detectable(n, level, claim.power) if n else None
    else:
        lower, upper = tests
        found = least_n_both(lower, upper, level, n) if n else None
        least_n, detectable = (n if found is None else found), None
    power = power_of(tests, n, level, truth) if truth is not None and n else None
    return Plan(n=n, least_n=least_n, power=power, detectable=detectable)


def binomial_size(claim: Claim, tests: tuple[BinomialTest, ...], *, level: float, truth: float | None) -> int | None:
    """Return the least n from which the power of all ``tests`` together never drops below ``claim.power``."""
    if truth is None:
        return None
    if len(tests) == 1:
        return size_of(tests[0], level, truth, claim.power)
    lower, upper = tests
    return size_of_both(lower, upper, level, truth, claim.power)


def _planned_tests(claim: Claim, level: float) -> tuple[BinomialTest, ...]:
    tests = []
    for side in claim_sides(claim, level=level).validate:
        greater = side.direction == "greater"
        null = minus(side.limit, side.slack) if greater else plus(side.limit, side.slack)
        if not (0.0 <= null < 1.0 if greater else 0.0 < null <= 1.0):
            raise BadPlan(
                argument="margin" if side.slack and not 0.0 <= null <= 1.0 else str(claim.relation),
                expected="a proportion that data can lie beyond: "
                + ("threshold - margin in [0, 1)" if greater else "threshold + margin in (0, 1]"),
                came=number(null),
                fix=f"{claim.relation}=0.95 (a share of the trials), with a margin smaller than it",
            )
        tests.append(BinomialTest(greater=greater, null=null))
    return tuple(tests)
