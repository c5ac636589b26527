"""Ratio of two arms, first over second: of proportions by the score test, of geometric means by Welch's t on logs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ophamin_pillars._special import libraries
from ophamin_pillars.arm_tests import (
    LEAST_N,
    NO_SPREAD,
    TOO_FEW,
    Limits,
    Planner,
    arm_sizes,
    counts_of,
    limits_of,
    scaled_counts,
    with_values,
)
from ophamin_pillars.resized import Resized
from ophamin_pillars.rounding import settled
from ophamin_pillars.skewness import conditions_at
from ophamin_pillars.student_plan import expected_sd
from pytest_ophamin.pillars import (
    Assessment,
    BadPlan,
    BadSample,
    Claim,
    Plan,
    Sample,
    ShiftedTests,
    compose,
    minus,
    number,
    plus,
    undecidable,
)

if TYPE_CHECKING:
    from ophamin_pillars.arms.means import MeanDifference

SCORE = "score-ratio/1"
WELCH = "log-welch-t/1"
NO_SUCCESS = "neither arm has a success: a ratio of shares says nothing"
NOTE = "power: give expecting= and expecting_sd=, the deviation of the logarithms in each arm"


@dataclass(frozen=True, slots=True)
class LogTests(ShiftedTests):
    """Tests of a ratio of geometric means: those of the difference of mean logarithms, on the scale of the ratio."""

    logs: MeanDifference

    @property
    def n(self) -> int:
        return self.logs.n

    @property
    def estimate(self) -> float | None:
        return _exp(self.logs.estimate)

    @property
    def spread(self) -> float | None:
        """Deviation of the logarithms."""
        return self.logs.spread

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "ratio <= limit - slack"."""
        del strict, level
        return self.logs.p_greater(math.log(minus(limit, slack)))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "ratio >= limit + slack"."""
        del strict, level
        return self.logs.p_less(math.log(plus(limit, slack)))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound."""
        del slack
        return _exp(self.logs.lower_bound(level))

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound; None when it is beyond float64."""
        del slack
        return _exp(self.logs.upper_bound(level))


class ArmRatioPillar:
    """Decides ``ratio`` of two arms."""

    name = "arms.ratio"
    metrics = frozenset({"ratio+arms"})
    methods = (SCORE, WELCH)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the score test of the risk ratio, or by Welch's t on the logarithms."""
        return _decide_counts(claim, evidence) if evidence.is_bool else _decide_means(claim, evidence)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan Welch's t on logarithms that are normal, of one spread."""
        return _planner(claim, level).plan(claim)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        return _planner(claim, level).size(claim)


def _decide_counts(claim: Claim, sample: Sample) -> Assessment:
    from ophamin_pillars.arms.score_ratio import CONDITIONS, ScoreRatio

    counts = counts_of(sample)
    if not (counts[1] and counts[3]):
        return _undecidable(claim, sample, SCORE, TOO_FEW, CONDITIONS)
    if counts[0] + counts[2] == 0:
        return _undecidable(claim, sample, SCORE, NO_SUCCESS, CONDITIONS)
    tests = Resized(ScoreRatio(*counts), partial(_p_of_counts, counts))
    return compose(claim, tests, method=SCORE, exact=False, conditions=CONDITIONS, libraries=libraries())


def _p_of_counts(counts: tuple[int, int, int, int], side: str, limit: float, n: int) -> float:
    from ophamin_pillars.arms.score_ratio import ScoreRatio

    tests = ScoreRatio(*scaled_counts(counts, n, side))
    return tests.p_greater(limit) if side == "greater" else tests.p_less(limit)


def _decide_means(claim: Claim, sample: Sample) -> Assessment:
    from ophamin_pillars.arms.means import CONDITIONS, MeanDifference

    values = sample.value.floats
    if not (values > 0.0).all():
        raise BadSample("a ratio takes positive numbers, or bools", trial=int(np.argmin(values > 0.0)))
    conditions = f"logarithms: {with_values(conditions_at(claim, CONDITIONS), values)}"
    first, second = (settled(logs, 1.0 + np.abs(logs)) for logs in map(np.log, sample.arms))
    if min(len(first), len(second)) < 2:
        return _undecidable(claim, sample, WELCH, TOO_FEW, conditions)
    if (first == first[0]).all() and (second == second[0]).all():
        return _undecidable(claim, sample, WELCH, NO_SPREAD, conditions)
    logs = MeanDifference.of(first, second)
    tests = Resized(LogTests(logs), partial(_p_of_logs, logs))
    return compose(claim, tests, method=WELCH, exact=False, conditions=conditions, libraries=libraries())


def _p_of_logs(logs: MeanDifference, side: str, limit: float, n: int) -> float:
    from ophamin_pillars.arms.means import MeanDifference

    n1, n2 = arm_sizes(n)
    like = MeanDifference(n1, logs.mean1, logs.sd1, n2, logs.mean2, logs.sd2)
    return like.p_greater(math.log(limit)) if side == "greater" else like.p_less(math.log(limit))


def _undecidable(claim: Claim, sample: Sample, method: str, reason: str, conditions: str) -> Assessment:
    return undecidable(
        claim,
        method=method,
        exact=False,
        conditions=conditions,
        n=sample.n,
        estimate=None,
        reason=reason,
        libraries=libraries(),
    )


def _planner(claim: Claim, level: float) -> Planner:
    limits, sd = limits_of(claim, level), expected_sd(claim)
    for _, limit in limits:
        if not limit > 0.0:
            raise BadPlan(
                argument="margin" if claim.margin else str(claim.relation),
                expected="a positive ratio (threshold, and threshold - margin)",
                came=number(limit),
                fix=f"{claim.relation}=1.1 (first over second, as a factor)",
            )
    if sd is None:
        return Planner(LEAST_N, None, note=NOTE)
    logs: Limits = tuple((direction, math.log(limit)) for direction, limit in limits)

    def power_at(n: int, truth: float) -> float:
        from ophamin_pillars.power.arms import means_power

        return means_power(logs, n, math.log(truth), sd, level)

    direction, limit = limits[0]
    reach = math.exp(min(100.0 * sd, 30.0))
    return Planner(LEAST_N, power_at, farthest=limit * reach if direction == "greater" else limit / reach)


def _exp(x: float) -> float | None:
    try:
        return math.exp(x)
    except OverflowError:
        return None
