"""Power and size of claims about an estimate whose standard error is a known multiple of a trial's deviation.

The t test of the estimate is a noncentral t with the design's own degrees of freedom; two of them together (``within``)
are Owen's equivalence test.
"""

from __future__ import annotations

from collections.abc import Callable

from ophamin_pillars.power.search import least_effect, least_true
from ophamin_pillars.student_plan import LARGEST_SIZE, Limits, equivalence_power, expected_sd, one_sided_power
from pytest_ophamin.pillars import Claim, Plan, claim_sides, minus, plus

Error = Callable[[int], float]
"""Standard error of the estimate from n trials, in deviations of one."""
Df = Callable[[int], float]
NOTE = "power: give expecting= and expecting_sd="


def estimate_plan(claim: Claim, *, level: float, error: Error, df: Df, least_n: int) -> Plan:
    """Return the plan of ``claim``; its power where ``expecting`` and ``expecting_sd`` are given.

    Args:
        claim: The claim.
        level: Level of the validation tests.
        error: Standard error of the estimate.
        df: Degrees of freedom of n trials; 0 or less where nothing is left to estimate the variance.
        least_n: Least n at which some sample could be VALIDATED.
    """
    sd, n, limits = expected_sd(claim), claim.trials, _limits(claim, level)
    power = detectable = None
    if sd is not None and n and df(n) > 0.0:
        if claim.expecting is not None:
            power = _power(limits, claim.expecting, sd * error(n), df(n), level)
        if len(limits) == 1:
            far = least_effect(lambda shift: one_sided_power(shift, df(n), level), claim.power)
            gap = None if far is None else far * sd * error(n)
            detectable = None if gap is None else limits[0][1] + (gap if limits[0][0] == "greater" else -gap)
    return Plan(n=n, least_n=least_n, power=power, detectable=detectable, note=None if sd is not None else NOTE)


def estimate_size(claim: Claim, *, level: float, error: Error, df: Df, step: int = 1) -> int | None:
    """Return the least multiple of ``step`` at which the power reaches ``claim.power``, or None.

    Arguments as for :func:`estimate_plan`.
    """
    sd, expecting, limits = expected_sd(claim), claim.expecting, _limits(claim, level)
    if sd is None or expecting is None:
        return None

    def reaches(steps: int) -> bool:
        n = steps * step
        return df(n) > 0.0 and _power(limits, expecting, sd * error(n), df(n), level) >= claim.power

    steps = least_true(reaches, 1, LARGEST_SIZE // step)
    return None if steps is None else steps * step


def _limits(claim: Claim, level: float) -> Limits:
    """Return what the validating tests must reject."""
    return tuple(
        (
            side.direction,
            minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack),
        )
        for side in claim_sides(claim, level=level).validate
    )


def _power(limits: Limits, truth: float, error: float, df: float, level: float) -> float:
    if len(limits) == 1:
        direction, limit = limits[0]
        return one_sided_power((truth - limit if direction == "greater" else limit - truth) / error, df, level)
    lo, hi = sorted(limit for _, limit in limits)
    return equivalence_power((truth - lo) / error, (hi - truth) / error, df, level)
