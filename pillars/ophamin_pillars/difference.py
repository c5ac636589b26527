"""Mean differences of pairs: exact on discordant 0/1 pairs at zero, betting within bounds, else Student's t."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.betting import METHOD as BETTING
from ophamin_pillars.betting import BettingTests
from ophamin_pillars.binomial import needed_greater, upper_tail
from ophamin_pillars.mean import STUDENT, decide_by_betting, decide_by_t, plan_mean, size_mean
from pytest_ophamin.pillars import (
    FIRST,
    SECOND,
    Assessment,
    BadSample,
    Claim,
    Plan,
    Relation,
    Sample,
    ShiftedTests,
    compose,
    round12,
)

DISCORDANT = "discordant-pairs/1"
PAIR_BOUNDS = (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class DiscordantTests(ShiftedTests):
    """Exact tests of "difference = 0" for 0/1 pairs: among discordant pairs either order is as likely (McNemar 1947).

    At any other limit the discordant pairs say nothing by themselves, so the bounds are those of betting, moved only
    as far as agreeing with the exact test at 0 asks.
    """

    n: int
    wins: int
    """Pairs (1, 0)."""
    losses: int
    """Pairs (0, 1)."""
    betting: BettingTests

    @property
    def estimate(self) -> float:
        return (self.wins - self.losses) / self.n

    @property
    def spread(self) -> float | None:
        return self.betting.spread

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return P(at least as many wins) when wins and losses are equally likely."""
        del limit, slack, strict, level
        return upper_tail(self.wins, self.wins + self.losses, 0.5)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return P(at least as many losses) when wins and losses are equally likely."""
        del limit, slack, strict, level
        return upper_tail(self.losses, self.wins + self.losses, 0.5)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the betting bound, moved to the side of 0 the exact test puts it on."""
        bound = self.betting.lower(level, slack=slack) or 0.0
        rejects = round12(self.greater(0.0, slack=slack, strict=False, level=level)) <= level
        return max(bound, 0.0) if rejects else min(bound, 0.0)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the betting bound, moved to the side of 0 the exact test puts it on."""
        bound = self.betting.upper(level, slack=slack) or 0.0
        rejects = round12(self.less(0.0, slack=slack, strict=False, level=level)) <= level
        return min(bound, 0.0) if rejects else max(bound, 0.0)

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same shares of discordant pairs reject."""
        del limit, slack, strict
        discordant = self.wins + self.losses
        better = self.wins if side == "greater" else self.losses
        if not discordant:
            return None
        pairs = needed_greater(better, discordant, 0.5, level, 1)
        return None if pairs is None else max(start, -(-pairs * self.n // discordant))


class DifferencePillar:
    """Decides ``difference``: first minus second, trials independent, dependence inside a pair welcome."""

    name = "difference"
    metrics = frozenset({"difference"})
    methods = (DISCORDANT, BETTING, STUDENT)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by discordant pairs, betting or t, whichever the observations allow."""
        all_bool = evidence.is_bool
        if not all_bool and (evidence.columns[FIRST].is_bool or evidence.columns[SECOND].is_bool):
            raise BadSample("a pair mixes a bool with a number", trial=0)
        first, second = evidence.pairs
        with np.errstate(over="ignore"):
            difference = first - second
        if not np.isfinite(difference).all():
            raise BadSample("a pair's difference is not finite", trial=int(np.argmin(np.isfinite(difference))))
        if all_bool and _is_about_zero(claim):
            return _decide_discordant(claim, difference)
        bounds = claim.bounds or (PAIR_BOUNDS if all_bool else None)
        if bounds is not None:
            return decide_by_betting(claim, difference, bounds)
        return decide_by_t(claim, difference, np.maximum(np.abs(first), np.abs(second)))

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan what ``decide`` would do with numbers."""
        return plan_mean(claim, level=level)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        return size_mean(claim, level=level)


def _is_about_zero(claim: Claim) -> bool:
    return claim.relation is not Relation.WITHIN and claim.limit == 0.0 and claim.margin == 0.0


def _decide_discordant(claim: Claim, difference: npt.NDArray[np.float64]) -> Assessment:
    tests = DiscordantTests(
        n=len(difference),
        wins=int(np.count_nonzero(difference > 0)),
        losses=int(np.count_nonzero(difference < 0)),
        betting=BettingTests(difference, PAIR_BOUNDS),
    )
    return compose(claim, tests, method=DISCORDANT, exact=True, libraries=libraries())
