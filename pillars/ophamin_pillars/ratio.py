"""Ratios: the geometric mean of pair ratios, by t on the log scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.rounding import settled
from ophamin_pillars.skewness import conditions_at
from ophamin_pillars.student import (
    CONDITIONS,
    ONE_OBSERVATION,
    ZERO_VARIANCE,
    TTests,
    mean_and_sd,
    of_so_few,
)
from ophamin_pillars.student_plan import t_plan, t_size
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
    undecidable,
)

METHOD = "log-ratio-t/1"
_CONDITIONS = f"log ratios: {CONDITIONS}"


@dataclass(frozen=True, slots=True)
class RatioTests:
    """Tests of a geometric mean ratio; ``logs`` tests the mean of the log ratios."""

    logs: TTests

    @property
    def n(self) -> int:
        return self.logs.n

    @property
    def estimate(self) -> float | None:
        return _exp(self.logs.estimate)

    @property
    def spread(self) -> float | None:
        """Standard deviation of the log ratios."""
        return self.logs.spread

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "ratio <= limit - slack"."""
        return self.logs.greater(math.log(minus(limit, slack)), slack=0.0, strict=strict, level=level)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "ratio >= limit + slack"."""
        return self.logs.less(math.log(plus(limit, slack)), slack=0.0, strict=strict, level=level)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound of the ratio."""
        bound = self.logs.lower(level, slack=slack)
        return None if bound is None else _exp(bound)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound of the ratio; None when it is beyond float64."""
        bound = self.logs.upper(level, slack=slack)
        return None if bound is None else _exp(bound)

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Leave the words to ``compose``."""
        return self.logs.words(side, limit, slack=slack, strict=strict)

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same mean and spread of logs reject."""
        moved = math.log(minus(limit, slack) if side == "greater" else plus(limit, slack))
        return self.logs.needed(side, moved, slack=0.0, strict=strict, level=level, start=start)


class RatioPillar:
    """Decides ``ratio``: first over second, as a geometric mean."""

    name = "ratio"
    metrics = frozenset({"ratio"})
    methods = (METHOD,)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by t on the logs of the pair ratios."""
        mean, sd = mean_and_sd(log_ratios(evidence))
        conditions = conditions_at(claim, _CONDITIONS)
        if sd == 0.0:
            return undecidable(
                claim,
                method=METHOD,
                exact=False,
                conditions=conditions,
                n=evidence.n,
                estimate=_exp(mean),
                spread=sd,
                reason=ONE_OBSERVATION if evidence.n == 1 else ZERO_VARIANCE,
                libraries=libraries(),
            )
        tests = RatioTests(TTests(evidence.n, mean, sd))
        conditions = of_so_few(conditions, evidence.n, "log ratios")
        return compose(claim, tests, method=METHOD, exact=False, conditions=conditions, libraries=libraries())

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan by the noncentral t; ``expecting_sd`` is the deviation of the log ratios."""
        return t_plan(claim, _log_limits(claim, level), level=level, truth=_log_truth(claim), back=math.exp)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power``."""
        return t_size(claim, _log_limits(claim, level), level=level, truth=_log_truth(claim))


def log_ratios(sample: Sample) -> npt.NDArray[np.float64]:
    """Return log(first / second), shape (n,).

    Raises:
        BadSample: A pair is not positive, or holds bools.
    """
    if sample.columns[FIRST].is_bool or sample.columns[SECOND].is_bool:
        raise BadSample("a ratio takes pairs of positive numbers, not bools", trial=0)
    first, second = sample.pairs
    bad = (first <= 0.0) | (second <= 0.0)
    if bad.any():
        raise BadSample("a ratio takes pairs of positive numbers", trial=int(np.argmax(bad)))
    with np.errstate(all="ignore"):
        quotient = first / second
        logs = np.log(quotient)
    # A quotient that left the normal range lost its digits, or all of itself; there the logs are subtracted.
    extreme = ~((quotient > 1e-300) & (quotient < 1e300))
    if extreme.any():
        logs[extreme] = np.log(first[extreme]) - np.log(second[extreme])
    # A relative error of the quotient is an absolute one of its logarithm.
    return settled(logs, 1.0 + np.abs(logs))


def _exp(x: float) -> float | None:
    try:
        return math.exp(x)
    except OverflowError:
        return None


def _log_truth(claim: Claim) -> float | None:
    if claim.expecting is None:
        return None
    if not claim.expecting > 0.0:
        raise BadPlan(
            argument="expecting", expected="a positive ratio", came=number(claim.expecting), fix="expecting=1.0"
        )
    return math.log(claim.expecting)


def _log_limits(claim: Claim, level: float) -> tuple[tuple[str, float], ...]:
    limits = []
    for side in claim_sides(claim, level=level).validate:
        limit = minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack)
        if not limit > 0.0:
            raise BadPlan(
                argument="margin" if side.slack else str(claim.relation),
                expected="a positive ratio (threshold, and threshold - margin)",
                came=number(limit),
                fix=f"{claim.relation}=1.1 (first over second, as a factor)",
            )
        limits.append((side.direction, math.log(limit)))
    return tuple(limits)
