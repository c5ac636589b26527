"""The e-processes of means: betting within bounds, discordant pairs, Student's t without bounds, logs for ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.sequential.betting_process import ShareMixture, scaled
from ophamin_pillars.sequential.evidence import p_value
from ophamin_pillars.sequential.mixture import JEFFREYS
from ophamin_pillars.sequential.processes import Bound, Plain
from ophamin_pillars.sequential.student_mixture import StudentMixture
from ophamin_pillars.student import mean_and_sd
from pytest_ophamin.pillars import minus, plus, round12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BettingEvidence(Plain):
    """Bounded means: wealth split over fixed shares of the largest bet, exact for every distribution on the bounds."""

    values: Floats
    bounds: tuple[float, float]

    @property
    def estimate(self) -> float:
        return math.fsum(self.values.tolist()) / len(self.values)

    @property
    def spread(self) -> float | None:
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None

    def greater(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log wealth against "mean <= limit - slack"."""
        del strict
        return ShareMixture(self._shares[0]).log_e(self._share(minus(limit, slack)))

    def less(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log wealth against "mean >= limit + slack"."""
        del strict
        return ShareMixture(self._shares[1]).log_e(1.0 - self._share(plus(limit, slack)))

    def lower(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the lower bounds of the game."""
        lo, hi = self.bounds
        return [lo + (hi - lo) * bound for bound in ShareMixture(self._shares[0]).lower_bounds(at, level)]

    def upper(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the upper bounds of the game."""
        lo, hi = self.bounds
        return [hi - (hi - lo) * bound for bound in ShareMixture(self._shares[1]).lower_bounds(at, level)]

    @property
    def _shares(self) -> tuple[Floats, Floats]:
        return scaled(self.values, self.bounds)

    def _share(self, value: float) -> float:
        lo, hi = self.bounds
        return (value - lo) / (hi - lo)


@dataclass(frozen=True, slots=True, eq=False)
class DiscordantProcess(Plain):
    """Paired 0/1 data against a difference of 0: the mixture at 1/2 on the discordant pairs (McNemar 1947), exact.

    At any other limit these pairs say nothing, so the bounds are those of betting, moved only as far as agreeing with
    the test at 0 asks; as for a fixed n.
    """

    betting: BettingEvidence

    @property
    def estimate(self) -> float:
        return self.betting.estimate

    @property
    def spread(self) -> float | None:
        return self.betting.spread

    def greater(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "a discordant pair is a win at most half the time"."""
        del limit, slack, strict
        return JEFFREYS.greater(*self._counts, 0.5)

    def less(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "a discordant pair is a win at least half the time"."""
        del limit, slack, strict
        return JEFFREYS.less(*self._counts, 0.5)

    def lower(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the betting bounds, each on the side of 0 the exact test puts it on."""
        path = self.greater(0.0, slack=0.0, strict=False)
        rejected = [round12(p_value(path[:end])) <= level for end in at]
        found = zip(self.betting.lower(at, level), rejected, strict=True)
        return [max(bound or 0.0, 0.0) if above else min(bound or 0.0, 0.0) for bound, above in found]

    def upper(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the betting bounds, each on the side of 0 the exact test puts it on."""
        path = self.less(0.0, slack=0.0, strict=False)
        rejected = [round12(p_value(path[:end])) <= level for end in at]
        found = zip(self.betting.upper(at, level), rejected, strict=True)
        return [min(bound or 0.0, 0.0) if below else max(bound or 0.0, 0.0) for bound, below in found]

    @property
    def _counts(self) -> tuple[Floats, Floats]:
        difference = self.betting.values
        return np.cumsum(difference > 0.0, dtype=np.float64), np.cumsum(difference < 0.0, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class StudentProcess(Plain):
    """Unbounded means: the t-mixture, exact for normal data, approximate otherwise."""

    process: StudentMixture

    @property
    def estimate(self) -> float:
        return mean_and_sd(self.process.values)[0]

    @property
    def spread(self) -> float:
        return mean_and_sd(self.process.values)[1]

    def greater(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "mean <= limit - slack"."""
        del strict
        return self.process.greater(minus(limit, slack))

    def less(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "mean >= limit + slack"."""
        del strict
        return self.process.less(plus(limit, slack))

    def lower(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the lower bounds of the mixture; None while there is none."""
        return _at(self.process.lower_bounds(level), at)

    def upper(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the upper bounds of the mixture; None while there is none."""
        return _at(self.process.upper_bounds(level), at)


@dataclass(frozen=True, slots=True, eq=False)
class RatioProcess(Plain):
    """Geometric mean ratios: the t-mixture on the logs of the pair ratios."""

    logs: StudentProcess

    @property
    def estimate(self) -> float | None:
        return _exp(self.logs.estimate)

    @property
    def spread(self) -> float | None:
        """Standard deviation of the log ratios."""
        return self.logs.spread

    def greater(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "ratio <= limit - slack"."""
        return self.logs.greater(math.log(minus(limit, slack)), slack=0.0, strict=strict)

    def less(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "ratio >= limit + slack"."""
        return self.logs.less(math.log(plus(limit, slack)), slack=0.0, strict=strict)

    def lower(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the lower bounds of the ratio."""
        return [None if bound is None else _exp(bound) for bound in self.logs.lower(at, level)]

    def upper(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the upper bounds of the ratio; None where it is beyond float64."""
        return [None if bound is None else _exp(bound) for bound in self.logs.upper(at, level)]


def _at(bounds: Floats, at: Sequence[int]) -> list[Bound]:
    found = [float(bounds[end - 1]) for end in at]
    return [bound if math.isfinite(bound) else None for bound in found]


def _exp(x: float) -> float | None:
    try:
        return math.exp(x)
    except OverflowError:
        return None
