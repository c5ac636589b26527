"""Plans of gates: power at the last look, raised by what earlier looks would have found alone."""

from __future__ import annotations

import math
from dataclasses import replace

from ophamin_pillars._special import special
from ophamin_pillars.binomial_plan import BinomialTest
from ophamin_pillars.binomial_plan import size_of as size_of_binomial
from ophamin_pillars.gates.logs import exp_or_none, whole_blocks
from ophamin_pillars.gates.looks import look_design
from ophamin_pillars.gates.observed import MEMORY
from ophamin_pillars.gates.peaks import count_looks
from ophamin_pillars.student_plan import Limits, expected_sd, t_plan, t_power, t_size
from pytest_ophamin.pillars import BadPlan, Claim, Plan, claim_sides, minus, number, plus

GIVE = "power: give expecting= and expecting_sd= (`ophamin calibrate` tells the deviation of log pair ratios here)"


def plan_of(claim: Claim, *, level: float) -> Plan:
    """Plan a gate whose validation is tested at ``level`` over its looks.

    Raises:
        BadPlan: A limit, or the expected value, is not positive.
    """
    limits, truth = _log_limits(claim), _log_truth(claim)
    if claim.kind == MEMORY:
        return _plan_of_peaks(claim, limits, truth, level)
    looks = claim.design.looks or (claim.trials,)
    design = look_design(looks, level)
    plan = t_plan(claim, limits, level=design.nominal[-1], truth=truth, back=math.exp)
    sd = expected_sd(claim)
    if sd is None:
        return replace(plan, note=GIVE)
    if truth is None or plan.power is None or len(looks) == 1:
        return plan
    reached = [t_power(limits, n, p, truth, sd) for n, p in zip(looks, design.nominal, strict=True)]
    return replace(plan, power=max(reached), note=_expected_pairs(looks, reached))


def size_of(claim: Claim, *, level: float) -> int | None:
    """Return the least even number of pairs, looked at once, that reaches ``claim.power``; None where none is known."""
    limits, truth, sd = _log_limits(claim), _log_truth(claim), expected_sd(claim)
    if claim.kind != MEMORY:
        found = t_size(claim, limits, level=level, truth=truth)
        return None if found is None else whole_blocks(found)
    if truth is None or sd is None or len(limits) > 1:
        return None
    found = size_of_binomial(BinomialTest(greater=True, null=0.5), level, _share(limits[0], truth, sd), claim.power)
    return None if found is None else whole_blocks(found)


def _expected_pairs(looks: tuple[int, ...], reached: list[float]) -> str:
    """Return how many pairs are expected: going on is no more probable than one look's own test not rejecting."""
    expected, going_on = float(looks[0]), 1.0
    for before, look, power in zip(looks, looks[1:], reached, strict=False):
        going_on = min(going_on, 1.0 - power)
        expected += going_on * (look - before)
    return f"at most {math.ceil(expected)} pairs on average when it is as expected; power: at least"


def _plan_of_peaks(claim: Claim, limits: Limits, truth: float | None, level: float) -> Plan:
    """Plan sign tests: the share of pairs on the good side follows from normal log ratios."""
    test = BinomialTest(greater=True, null=0.5)
    plan, sd, n = Plan(n=claim.trials, least_n=test.least_n(level), note=GIVE), expected_sd(claim), claim.trials
    if sd is None or not n:
        return plan
    if len(limits) > 1:
        return replace(plan, note="power: not computed for two limits")
    looks = claim.design.looks or (n,)
    least = count_looks(looks, level).rejecting(len(looks) - 1, level)
    if least > n:
        return replace(plan, note=None)
    z = special().ndtri(special().betaincinv(least, n - least + 1, claim.power))
    direction, limit = limits[0]
    detectable = exp_or_none(limit + z * sd if direction == "greater" else limit - z * sd)
    power = None
    if truth is not None:
        share = _share(limits[0], truth, sd)
        power = float(special().betainc(least, n - least + 1, share)) if share < 1.0 else 1.0
    return replace(plan, power=power, detectable=detectable, note=None)


def _share(limit: tuple[str, float], truth: float, sd: float) -> float:
    """Return the expected share of pairs on the good side of a limit."""
    gap = truth - limit[1] if limit[0] == "greater" else limit[1] - truth
    return float(special().ndtr(gap / sd))


def _log_truth(claim: Claim) -> float | None:
    if claim.expecting is None:
        return None
    if not claim.expecting > 0.0:
        raise BadPlan(
            argument="expecting", expected="a positive number", came=number(claim.expecting), fix="expecting=1.0"
        )
    return math.log(claim.expecting)


def _log_limits(claim: Claim) -> Limits:
    found = []
    sides = claim_sides(claim)
    for side in (*sides.validate, *sides.refute):
        limit = minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack)
        if not limit > 0.0:
            raise BadPlan(
                argument="margin" if side.slack else str(claim.relation),
                expected="positive numbers (threshold, and threshold - margin)",
                came=number(limit),
                fix=f"{claim.relation}=1.05 (candidate over baseline, as a factor)",
            )
        found.append((side.direction, math.log(limit)))
    return tuple(found[: len(sides.validate)])
