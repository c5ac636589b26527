"""Quantiles: the binomial test of a count of observations, with the order statistics that invert it.

"p99 <= L" means F(L) >= 0.99, so it is a claim about the count of observations <= L; "p99 >= L" means
P(X < L) <= 0.99 and counts observations < L. Exact for every distribution, ties included (David & Nagaraja 2003,
section 7.1). A margin is given away in probability.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.binomial import (
    greatest_rejecting,
    least_rejecting,
    lower_tail,
    needed_greater,
    needed_less,
    upper_tail,
)
from ophamin_pillars.binomial_plan import BinomialTest
from ophamin_pillars.proportion import binomial_plan, binomial_size
from pytest_ophamin.pillars import (
    Assessment,
    BadPlan,
    Claim,
    Plan,
    Relation,
    Sample,
    claim_sides,
    compose,
    minus,
    number,
    plus,
    quantile_probability,
)

METHOD = "order-statistics/1"
_TWO_SHARES = "power: not computed, one expected share says nothing about two limits"


@dataclass(frozen=True, slots=True, eq=False)
class QuantileTests:
    """Exact tests of the ``q`` quantile of ``values``, shape (n,)."""

    values: npt.NDArray[np.float64]
    q: float
    spread: None = None

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def estimate(self) -> float | None:
        """The least observation that at least a share q of the sample does not exceed."""
        return self._order_statistic(math.ceil(Decimal(repr(self.q)) * self.n))

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "too much lies below": few observations below the limit speak against it.

        Strict: "quantile <= limit", that is F(limit) >= q. Otherwise "quantile < limit", P(X < limit) >= q + slack.
        """
        del level
        return lower_tail(self._count(limit, inclusive=strict), self.n, plus(self.q, slack))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "too little lies below": many observations below the limit speak against it.

        Strict: "quantile >= limit", that is P(X < limit) <= q. Otherwise "quantile > limit", F(limit) <= q - slack.
        """
        del level
        return upper_tail(self._count(limit, inclusive=not strict), self.n, minus(self.q, slack))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the greatest limit ``greater`` accepts as reached: an order statistic, or None."""
        return self._order_statistic(greatest_rejecting(self.n, plus(self.q, slack), level) + 1)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the least limit ``less`` accepts as kept: an order statistic, or None."""
        return self._order_statistic(least_rejecting(self.n, minus(self.q, slack), level))

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Return the null as a statement about a probability."""
        if side == "greater":
            return f"P(X {'<=' if strict else '<'} {number(limit)}) >= {number(plus(self.q, slack))}"
        return f"P(X {'<' if strict else '<='} {number(limit)}) <= {number(minus(self.q, slack))}"

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same share of observations below the limit rejects."""
        if side == "greater":
            count = self._count(limit, inclusive=strict)
            return needed_less(count, self.n, plus(self.q, slack), level, start)
        count = self._count(limit, inclusive=not strict)
        return needed_greater(count, self.n, minus(self.q, slack), level, start)

    def _count(self, limit: float, *, inclusive: bool) -> int:
        below = self.values <= limit if inclusive else self.values < limit
        return int(np.count_nonzero(below))

    def _order_statistic(self, rank: int) -> float | None:
        """Return the ``rank``-th smallest observation; None when it does not exist or stands for a failed trial."""
        if not 1 <= rank <= self.n:
            return None
        value = float(np.partition(self.values, rank - 1)[rank - 1])
        return None if abs(value) == sys.float_info.max else value


class QuantilePillar:
    """Decides ``median`` and every ``pNN``."""

    name = "quantile"
    metrics = frozenset({"quantile"})
    methods = (METHOD,)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the exact binomial test of the observations below the limit."""
        tests = QuantileTests(evidence.value.floats, _probability(claim))
        return compose(claim, tests, method=METHOD, exact=True, libraries=libraries())

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan by enumeration; ``expecting`` and ``detectable`` are shares of observations on the good side."""
        tests = _planned_tests(claim, level)
        truth = _share_below(claim)
        if len(tests) > 1:
            # No sample is as good as one with every observation between the limits, and that one needs the larger n.
            return Plan(n=claim.trials, least_n=max(test.least_n(level) for test in tests), note=_TWO_SHARES)
        plan = binomial_plan(claim, tests, level=level, truth=truth)
        if claim.relation is Relation.AT_LEAST and plan.detectable is not None:
            plan = replace(plan, detectable=1.0 - plan.detectable)
        return replace(plan, note="power and detectable share: of observations on the good side of the threshold")

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n from which power never drops below ``claim.power``; None for ``within``."""
        tests = _planned_tests(claim, level)
        return None if len(tests) > 1 else binomial_size(claim, tests, level=level, truth=_share_below(claim))


def _probability(claim: Claim) -> float:
    q = quantile_probability(claim.metric)
    if q is None:
        raise ValueError(f"{claim.metric!r} is no quantile")
    return q


def _share_below(claim: Claim) -> float | None:
    """Return the expected share of the observations that the tests count."""
    if claim.expecting is None:
        return None
    return plus(1.0, -claim.expecting) if claim.relation is Relation.AT_LEAST else claim.expecting


def _planned_tests(claim: Claim, level: float) -> tuple[BinomialTest, ...]:
    q, tests = _probability(claim), []
    for side in claim_sides(claim, level=level).validate:
        null = plus(q, side.slack) if side.direction == "greater" else minus(q, side.slack)
        if not 0.0 < null < 1.0:
            raise BadPlan(
                argument="margin",
                expected=f"a share of the observations to concede around {number(q)}",
                came=number(side.slack),
                fix="margin=0.005 (a probability, not a value of the metric), or no margin",
            )
        tests.append(BinomialTest(greater=side.direction == "less", null=null))
    return tuple(tests)
