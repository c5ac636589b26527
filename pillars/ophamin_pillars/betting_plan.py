"""Reach, power and size of betting claims."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars.betting import Wealth
from pytest_ophamin.pillars import BadPlan, Claim, Plan, claim_sides, minus, number, plus, round12

Floats = npt.NDArray[np.float64]
LARGEST_SIZE = 200_000
SIMULATION_SEED = 20_240_101
_NOTE = "power: {runs} seeded simulations of {shape}"


def check_inside(claim: Claim, bounds: tuple[float, float]) -> None:
    """Check that every limit that is tested lies strictly inside the bounds.

    Raises:
        BadPlan: One does not: no game can be played there.
    """
    lo, hi = bounds
    sides = claim_sides(claim)
    for side in (*sides.validate, *sides.refute):
        limit = minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack)
        if not lo < limit < hi:
            raise BadPlan(
                argument="margin" if side.slack and lo < side.limit < hi else str(claim.relation),
                expected=f"a limit strictly inside the bounds {number(lo)} to {number(hi)}",
                came=number(limit),
                fix="a threshold (less its margin) between the bounds, or wider bounds=",
            )


def betting_plan(claim: Claim, bounds: tuple[float, float], *, level: float) -> Plan:
    """Plan a bounded mean: the least n from the best possible sample, power by a seeded simulation."""
    check_inside(claim, bounds)
    games = _games(claim, bounds, level)
    least_n = _least_n(games, level)
    power, note = None, None
    if claim.expecting is not None and claim.trials:
        draws, note = _draws(claim, claim.expecting, bounds, claim.trials)
        power = _power(games, draws, level)
    return Plan(n=claim.trials, least_n=least_n, power=power, note=note)


def betting_size(claim: Claim, bounds: tuple[float, float], *, level: float) -> int | None:
    """Return the least n at which the simulated power reaches ``claim.power``, or None."""
    check_inside(claim, bounds)
    expecting = claim.expecting
    if expecting is None:
        return None
    games = _games(claim, bounds, level)

    def reaches(n: int) -> bool:
        draws, _ = _draws(claim, expecting, bounds, n)
        return _power(games, draws, level) >= claim.power

    high = max(2, _least_n(games, level))
    low = high - 1
    while not reaches(high):
        low, high = high, 2 * high
        if high > LARGEST_SIZE:
            return None
    while high - low > max(1, low // 200):
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


Games = tuple[tuple[bool, float], ...]
"""``(is_upward, t)`` of each validating test on the scale [0, 1]."""


def _games(claim: Claim, bounds: tuple[float, float], level: float) -> Games:
    lo, hi = bounds
    games = []
    for side in claim_sides(claim, level=level).validate:
        upward = side.direction == "greater"
        limit = minus(side.limit, side.slack) if upward else plus(side.limit, side.slack)
        share = (limit - lo) / (hi - lo)
        games.append((upward, share if upward else 1.0 - share))
    return tuple(games)


def _least_n(games: Games, level: float) -> int:
    """Return the least n at which the best sample wins every game."""
    candidates = _best_constants(games)

    def wins(n: int) -> bool:
        return any(
            all(round12(Wealth(np.full(n, y if upward else 1.0 - y), level).p_value(t)) <= level for upward, t in games)
            for y in candidates
        )

    high = 1
    while not wins(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wins(middle) else (middle, high)
    return high


def _best_constants(games: Games) -> tuple[float, ...]:
    """Return constant samples among which the best lies: the far bound for one game, points between for two."""
    if len(games) == 1:
        return (1.0,) if games[0][0] else (0.0,)
    lo = next(t for upward, t in games if upward)
    hi = 1.0 - next(t for upward, t in games if not upward)
    return tuple(lo + (hi - lo) * share for share in np.linspace(0.05, 0.95, 19).tolist())


def _draws(claim: Claim, expecting: float, bounds: tuple[float, float], n: int) -> tuple[Floats, str]:
    """Return seeded samples on [0, 1], shape (runs, n), with the expected mean and deviation, and a note."""
    lo, hi = bounds
    mean = (expecting - lo) / (hi - lo)
    if not 0.0 <= mean <= 1.0:
        raise BadPlan(
            argument="expecting",
            expected=f"a mean inside the bounds {number(lo)} to {number(hi)}",
            came=number(expecting),
            fix=f"expecting={number((lo + hi) / 2)}",
        )
    runs = max(100, min(1_000, 2_000_000 // n))
    rng = np.random.Generator(np.random.Philox(SIMULATION_SEED))
    widest = mean * (1.0 - mean)
    variance = widest if claim.expecting_sd is None else (claim.expecting_sd / (hi - lo)) ** 2
    if variance >= widest * (1.0 - 1e-9):
        return (rng.random((runs, n)) < mean).astype(np.float64), _NOTE.format(runs=runs, shape="the two bounds")
    total = widest / variance - 1.0
    return rng.beta(mean * total, (1.0 - mean) * total, (runs, n)), _NOTE.format(runs=runs, shape="a beta distribution")


def _power(games: Games, draws: Floats, level: float) -> float:
    won = np.ones(len(draws), dtype=np.bool_)
    for upward, t in games:
        won &= Wealth(draws if upward else 1.0 - draws, level).log_maxima(t) >= -math.log(level)
    return float(won.mean())
