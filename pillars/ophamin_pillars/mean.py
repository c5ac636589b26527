"""Means: betting when the bounds of an observation are known, else Student's t."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.betting import METHOD as BETTING
from ophamin_pillars.betting import BettingTests
from ophamin_pillars.betting_plan import betting_plan, betting_size, check_inside
from ophamin_pillars.rounding import settled
from ophamin_pillars.skewness import conditions_at
from ophamin_pillars.student import (
    CONDITIONS,
    ONE_OBSERVATION,
    ZERO_VARIANCE,
    TTests,
    conditions_of,
    mean_and_sd,
)
from ophamin_pillars.student_plan import Limits, t_plan, t_size
from pytest_ophamin.pillars import (
    Assessment,
    BadPlan,
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

STUDENT = "student-t/1"
BOOL_BOUNDS = (0.0, 1.0)


class MeanPillar:
    """Decides ``mean``."""

    name = "mean"
    metrics = frozenset({"mean"})
    methods = (BETTING, STUDENT)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by betting (declared bounds, or all bools), else by t."""
        column = evidence.value
        bounds = claim.bounds or (BOOL_BOUNDS if column.is_bool else None)
        if bounds is None:
            return decide_by_t(claim, column.floats)
        return decide_by_betting(claim, column.floats, bounds)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan what ``decide`` would do with numbers."""
        return plan_mean(claim, level=level)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        return size_mean(claim, level=level)


def decide_by_betting(claim: Claim, x: npt.NDArray[np.float64], bounds: tuple[float, float]) -> Assessment:
    """Assess a bounded mean.

    Raises:
        BadSample: An observation, or a limit that is tested, lies outside the bounds.
    """
    tests = BettingTests(x, bounds)
    try:
        check_inside(claim, bounds)
    except BadPlan as bad:
        raise BadSample(f"{bad.argument}: expected {bad.expected}, came {bad.came}") from None
    return compose(claim, tests, method=BETTING, exact=True, libraries=libraries())


def decide_by_t(claim: Claim, x: npt.NDArray[np.float64], scale: npt.NDArray[np.float64] | None = None) -> Assessment:
    """Assess an unbounded mean; ``scale`` as in :func:`ophamin_pillars.rounding.settled`."""
    x = settled(x, scale)
    mean, sd = mean_and_sd(x)
    if sd == 0.0:
        return undecidable(
            claim,
            method=STUDENT,
            exact=False,
            conditions=conditions_at(claim, CONDITIONS),
            n=len(x),
            estimate=mean,
            spread=sd,
            reason=ONE_OBSERVATION if len(x) == 1 else ZERO_VARIANCE,
            libraries=libraries(),
        )
    tests = TTests(len(x), mean, sd)
    conditions = conditions_at(claim, conditions_of(x))
    return compose(claim, tests, method=STUDENT, exact=False, conditions=conditions, libraries=libraries())


def plan_mean(claim: Claim, *, level: float) -> Plan:
    """Plan a mean or a mean difference."""
    if claim.bounds is not None:
        return betting_plan(claim, claim.bounds, level=level)
    return t_plan(claim, _limits(claim, level), level=level, truth=claim.expecting)


def size_mean(claim: Claim, *, level: float) -> int | None:
    """Size a mean or a mean difference."""
    if claim.bounds is not None:
        return betting_size(claim, claim.bounds, level=level)
    return t_size(claim, _limits(claim, level), level=level, truth=claim.expecting)


def _limits(claim: Claim, level: float) -> Limits:
    return tuple(
        (
            side.direction,
            minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack),
        )
        for side in claim_sides(claim, level=level).validate
    )
