"""Plans of means that may stop early: power and expected trials, by a seeded simulation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ophamin_pillars.betting_plan import BLOCK, SIMULATION_SEED, Expected, check_inside
from ophamin_pillars.sequential.betting_process import SHARES, ShareMixture
from ophamin_pillars.sequential.evidence import deciding_index
from ophamin_pillars.sequential.student_mixture import PRECISION, StudentMixture, critical_gaps
from ophamin_pillars.student_plan import expected_sd
from pytest_ophamin.pillars import BadPlan, Claim, Plan, claim_sides, minus, number, plus

Floats = npt.NDArray[np.float64]
Limits = tuple[tuple[bool, float], ...]
"""``(is_upward, limit)`` of each validating test."""
Drawing = Callable[[np.random.Generator, tuple[int, int]], Floats]
Evidence = Callable[[Floats], tuple[Floats, ...]]

RUNS = 400
LARGEST_SIMULATED = 200_000
"""Trials of one claim; a longer one has no simulated power."""


def plan_of_betting(claim: Claim, bounds: tuple[float, float], *, level: float) -> Plan:
    """Plan a bounded mean.

    Raises:
        BadPlan: A limit does not lie strictly inside the bounds, or the expectation outside them.
    """
    check_inside(claim, bounds)
    lo, hi = bounds
    games = tuple((up, (limit - lo) / (hi - lo)) for up, limit in _limits(claim))
    plan = Plan(n=claim.trials, least_n=max(_least_n_of_game(t if up else 1.0 - t, level) for up, t in games))
    if not _can_simulate(claim):
        return plan
    truth = Expected.of(claim, claim.expecting or 0.0, bounds)

    def evidence(y: Floats) -> tuple[Floats, ...]:
        return tuple(ShareMixture(y).log_e(t) if up else ShareMixture(1.0 - y).log_e(1.0 - t) for up, t in games)

    shape = "observations on the two bounds" if truth.is_two_points else "a beta distribution"
    return _simulated(plan, truth.draw, evidence, level, shape)


def plan_of_student(claim: Claim, start: int, *, level: float, logs: bool = False) -> Plan:
    """Plan an unbounded mean, or a geometric mean ratio (``logs``), whose ``expecting_sd`` is that of the logs.

    Args:
        claim: About a mean, a difference or a ratio.
        start: Trials before which nothing is evidence.
        level: Level of validation.
        logs: The test is one of logarithms.

    Raises:
        BadPlan: The expected deviation is not positive, or a ratio is not.
    """
    limits = tuple((up, _log(claim, limit) if logs else limit) for up, limit in _limits(claim))
    plan = Plan(n=claim.trials, least_n=_least_n_student(start, level))
    sd = expected_sd(claim)
    if sd is None or not _can_simulate(claim):
        return replace(plan, note="power: give expecting= and expecting_sd=")
    expecting = claim.expecting or 0.0
    mean = _log(claim, expecting) if logs else expecting

    def evidence(values: Floats) -> tuple[Floats, ...]:
        process = StudentMixture(values, start=start)
        return tuple(process.greater(limit) if up else process.less(limit) for up, limit in limits)

    return _simulated(
        plan, lambda rng, shape: mean + sd * rng.standard_normal(shape), evidence, level, "normal observations"
    )


def _can_simulate(claim: Claim) -> bool:
    return claim.expecting is not None and 0 < claim.trials <= LARGEST_SIMULATED


def _simulated(plan: Plan, draw: Drawing, evidence: Evidence, level: float, shape: str) -> Plan:
    """Return ``plan`` with the share of seeded samples that are validated, and the trials they take on average.

    Refutation is left out: it is rare when the claim is true as expected.
    """
    runs, n = max(100, min(RUNS, 1_000_000 // plan.n)), plan.n
    validated, trials = 0, 0
    for values in _rows(draw, runs, n):
        stops = [deciding_index(path, level) for path in evidence(values)]
        shown = [stop for stop in stops if stop is not None]
        is_validated = len(shown) == len(stops)
        validated += is_validated
        trials += max(shown) if is_validated else n
    note = f"about {trials / runs:.0f} trials on average; power: {runs} seeded simulations of {shape}"
    return replace(plan, power=validated / runs, note=note)


def _rows(draw: Drawing, runs: int, n: int) -> Iterator[Floats]:
    rng, block = np.random.Generator(np.random.Philox(SIMULATION_SEED)), max(1, BLOCK // n)
    for start in range(0, runs, block):
        yield from draw(rng, (min(block, runs - start), n))


def _limits(claim: Claim) -> Limits:
    found = []
    for side in claim_sides(claim).validate:
        upward = side.direction == "greater"
        found.append((upward, minus(side.limit, side.slack) if upward else plus(side.limit, side.slack)))
    return tuple(found)


def _least_n_of_game(t: float, level: float) -> int:
    """Return the least n at which observations at the far bound win the game against "mean <= t"."""
    # Wealth is at most that of the largest share, and at least its part of the whole.
    fastest = -math.log(level) / math.log1p(float(SHARES.max()) * (1.0 / t - 1.0))
    if fastest > LARGEST_SIMULATED:
        return math.ceil(fastest)
    n = max(16, 2 * math.ceil(fastest))
    while True:
        found = deciding_index(ShareMixture(np.ones(n)).log_e(t), level)
        if found is not None:
            return found
        n *= 2


def _least_n_student(start: int, level: float) -> int:
    """Return the least n at which some sample decides: evidence of n observations has a bound."""
    n = np.arange(start, start + 1_000, dtype=np.float64)
    return start + int(np.argmax(np.isfinite(critical_gaps(n, PRECISION, level))))


def _log(claim: Claim, ratio: float) -> float:
    if not ratio > 0.0:
        raise BadPlan(
            argument="margin" if claim.margin else str(claim.relation),
            expected="positive ratios (threshold, threshold - margin, expecting)",
            came=number(ratio),
            fix=f"{claim.relation}=1.1 (first over second, as a factor)",
        )
    return math.log(ratio)
