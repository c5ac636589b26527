"""Times: t tests of the logs of pair ratios, or of the logs of a process's statistic, over looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ophamin_pillars.gates.looks import LookDesign, look_design, nominal_at_cap
from ophamin_pillars.gates.trimmed import Centre
from ophamin_pillars.student import needed_t, t_quantile, t_tail
from pytest_ophamin.pillars import minus, plus


@dataclass(frozen=True, slots=True)
class LogTests:
    """One-sided tests of a geometric mean over the looks of one sample.

    A side rejects at the first look that counts at which its p-value reaches the nominal one. A sample that stopped
    early because of the other side says p = 1 here.
    """

    looks: tuple[int, ...]
    """All planned looks, in pairs; the last is the cap."""
    counted: tuple[tuple[int, Centre], ...]
    """Looks that count: place among ``looks``, and the centre of the logs up to there. The last is the end."""
    allocated: int
    """Claims the levels are shared among: looks are planned at level / allocated."""

    @property
    def n(self) -> int:
        return self._end.n

    @property
    def estimate(self) -> float | None:
        return exp_or_none(self._end.mean)

    @property
    def spread(self) -> float:
        """Standard deviation of the logs."""
        return self._end.spread

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the stage-wise p-value of "ratio <= limit - slack"."""
        del strict
        moved = math.log(minus(limit, slack))
        return self._p([(place, t_tail((c.mean - moved) / c.error, c.df)) for place, c in self.counted], level)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the stage-wise p-value of "ratio >= limit + slack"."""
        del strict
        moved = math.log(plus(limit, slack))
        return self._p([(place, t_tail((moved - c.mean) / c.error, c.df)) for place, c in self.counted], level)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the bound that inverts :meth:`greater`: the greatest of the looks' own."""
        del slack
        bounds = [c.mean - t_quantile(p, c.df) * c.error for c, p in self._nominal(level)]
        return exp_or_none(max(bounds)) if bounds else None

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the bound that inverts :meth:`less`: the least of the looks' own."""
        del slack
        bounds = [c.mean + t_quantile(p, c.df) * c.error for c, p in self._nominal(level)]
        return exp_or_none(min(bounds)) if bounds else None

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Leave the words to ``compose``."""
        del side, limit, slack, strict
        return None

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least even number of pairs at whose last look the same mean and spread reject.

        At ``level`` itself, for the claim alone: who knows the correction scales it.
        """
        del strict
        moved = math.log(minus(limit, slack) if side == "greater" else plus(limit, slack))
        gap = self._end.mean - moved if side == "greater" else moved - self._end.mean
        at_cap = nominal_at_cap(self.looks, level / self.allocated, level)
        found = needed_t(gap / self.spread, at_cap, max(2, start))
        return None if found is None else whole_blocks(found)

    @property
    def _end(self) -> Centre:
        return self.counted[-1][1]

    def _design(self, level: float) -> LookDesign:
        return look_design(self.looks, level / self.allocated)

    def _p(self, found: list[tuple[int, float]], level: float) -> float:
        design, last = self._design(level), len(self.looks) - 1
        for place, p in found:
            if place == last or design.stops(place, p):
                return design.stagewise(place, p)
        return 1.0

    def _nominal(self, level: float) -> list[tuple[Centre, float]]:
        """Return the centre of each look that counts, and the p-value at or below which it rejects at ``level``."""
        design, last = self._design(level), len(self.looks) - 1
        at_cap = nominal_at_cap(self.looks, level / self.allocated, level) if self.counted[-1][0] == last else 0.0
        return [(centre, at_cap if place == last else design.nominal[place]) for place, centre in self.counted]


def exp_or_none(x: float) -> float | None:
    """Return e^x; None when it is beyond float64."""
    try:
        return math.exp(x)
    except OverflowError:
        return None


def whole_blocks(pairs: int) -> int:
    """Return the least even number of pairs that is not less: a block is two."""
    return pairs + pairs % 2
