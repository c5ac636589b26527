"""Reach, power and size of betting claims.

A game is tuned to the level of the claim, whatever the p-value is compared with after a correction: what is planned at
alpha / m is the game that will be played, asked to end with more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.betting import TRUNCATION, Wealth
from ophamin_pillars.student_plan import expected_sd
from pytest_ophamin.pillars import BadPlan, Claim, Plan, claim_sides, minus, number, plus, round12

Floats = npt.NDArray[np.float64]
LARGEST_SIZE = 200_000
SIMULATION_SEED = 20_240_101
BLOCK = 1_000_000
"""Observations simulated at once: a few arrays of 8 MB."""
LARGEST_SIMULATED = 1_000_000
"""Beyond this n the best sample is not played; the bound on its growth is the answer."""


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
    games = _games(claim, bounds)
    power = note = None
    if claim.expecting is not None and claim.trials:
        truth = Expected.of(claim, claim.expecting, bounds)
        power, note = truth.power(games, claim.trials, level), truth.describe(claim.trials)
    return Plan(n=claim.trials, least_n=_least_n(games, level), power=power, note=note)


def betting_size(claim: Claim, bounds: tuple[float, float], *, level: float) -> int | None:
    """Return an n, at most 0.5 % above the least, at which the simulated power reaches ``claim.power``, or None."""
    check_inside(claim, bounds)
    if claim.expecting is None:
        return None
    games, truth = _games(claim, bounds), Expected.of(claim, claim.expecting, bounds)
    if not all(truth.mean > game.t if game.upward else 1.0 - truth.mean > game.t for game in games):
        return None
    high = max(2, _least_n(games, level))
    low = high - 1
    while truth.power(games, high, level) < claim.power:
        low, high = high, 2 * high
        if high > LARGEST_SIZE:
            return None
    while high - low > max(1, low // 200):
        middle = (low + high) // 2
        reached = truth.power(games, middle, level) >= claim.power
        low, high = (low, middle) if reached else (middle, high)
    return high


@dataclass(frozen=True, slots=True)
class Game:
    """A validating test on the scale [0, 1]."""

    upward: bool
    t: float
    """The limit, on the scale of ``y`` upward, of ``1 - y`` downward."""
    tuned_to: float
    """Level of the claim: ``decide`` chooses its bets by it."""

    def wealth(self, y: Floats) -> Wealth:
        """Return the game that will be played on ``y``."""
        return Wealth(y if self.upward else 1.0 - y, self.tuned_to)


Games = tuple[Game, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """Observations on [0, 1] as the author expects them."""

    mean: float
    variance: float
    """At most ``mean * (1 - mean)``, which only the two bounds themselves reach."""

    @classmethod
    def of(cls, claim: Claim, expecting: float, bounds: tuple[float, float]) -> Expected:
        """Return what ``expecting`` and ``expecting_sd`` say; without a deviation the widest possible one."""
        lo, hi = bounds
        mean = (expecting - lo) / (hi - lo)
        if not 0.0 <= mean <= 1.0:
            raise BadPlan(
                argument="expecting",
                expected=f"a mean inside the bounds {number(lo)} to {number(hi)}",
                came=number(expecting),
                fix=f"expecting={number((lo + hi) / 2)}",
            )
        sd, widest = expected_sd(claim), mean * (1.0 - mean)
        return cls(mean, widest if sd is None else min(widest, (sd / (hi - lo)) ** 2))

    @property
    def is_two_points(self) -> bool:
        return self.variance >= self.mean * (1.0 - self.mean) * (1.0 - 1e-9)

    def describe(self, n: int) -> str:
        shape = "observations on the two bounds" if self.is_two_points else "a beta distribution"
        return f"power: {_runs(n)} seeded simulations of {shape}"

    def power(self, games: Games, n: int, level: float) -> float:
        """Return the share of seeded samples of n observations that win every game."""
        rng, runs, target = np.random.Generator(np.random.Philox(SIMULATION_SEED)), _runs(n), -math.log(level)
        block, won = max(1, BLOCK // n), 0
        for start in range(0, runs, block):
            y = self.draw(rng, (min(block, runs - start), n))
            all_won = np.ones(len(y), dtype=np.bool_)
            for game in games:
                all_won &= game.wealth(y).log_maxima(game.t) >= target
            won += int(np.count_nonzero(all_won))
        return won / runs

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        """Return observations of this mean and variance, scaled to [0, 1]."""
        if self.is_two_points:
            return (rng.random(shape) < self.mean).astype(np.float64)
        total = self.mean * (1.0 - self.mean) / self.variance - 1.0
        return rng.beta(self.mean * total, (1.0 - self.mean) * total, shape)


def _runs(n: int) -> int:
    return max(100, min(1_000, 2_000_000 // n))


def _games(claim: Claim, bounds: tuple[float, float]) -> Games:
    lo, hi = bounds
    games = []
    for side in claim_sides(claim).validate:
        upward = side.direction == "greater"
        limit = minus(side.limit, side.slack) if upward else plus(side.limit, side.slack)
        share = (limit - lo) / (hi - lo)
        games.append(Game(upward, share if upward else 1.0 - share, side.level))
    return tuple(games)


def _least_n(games: Games, level: float) -> int:
    """Return the least n at which the best sample wins every game."""
    candidates = _best_constants(games)

    def wins(n: int) -> bool:
        return any(
            all(round12(game.wealth(np.full(n, y)).p_value(game.t)) <= level for game in games) for y in candidates
        )

    # No game grows faster than by the largest bet on an observation at the far bound.
    fastest = max(-math.log(level) / math.log1p(TRUNCATION * (1.0 / game.t - 1.0)) for game in games)
    if fastest > LARGEST_SIMULATED:
        return math.ceil(fastest)
    low = max(0, math.ceil(fastest * (1.0 - 1e-9)) - 1)
    high = low + 1
    while not wins(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wins(middle) else (middle, high)
    return high


def _best_constants(games: Games) -> tuple[float, ...]:
    """Return constant samples among which the best lies: the far bound for one game, points between for two."""
    if len(games) == 1:
        return (1.0,) if games[0].upward else (0.0,)
    lo = next(game.t for game in games if game.upward)
    hi = 1.0 - next(game.t for game in games if not game.upward)
    return tuple(lo + (hi - lo) * share for share in np.linspace(0.05, 0.95, 19).tolist())
