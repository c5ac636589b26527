"""Units of replication that hold several trials: clusters, blocks, replicates of a design.

Within a unit trials may depend on each other in any way; units are independent. Then the mean of a unit is one
independent observation, within the same bounds, and its expectation is what the claim is about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.betting import BettingTests
from ophamin_pillars.betting_plan import check_inside
from pytest_ophamin.pillars import Assessment, BadPlan, BadSample, Claim, ShiftedTests, compose, minus, number, plus

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Bounds = tuple[float, float]


def appearing(labels: npt.ArrayLike) -> Codes:
    """Return the number of each trial's unit, 0, 1, ... in the order in which units first appear (n)."""
    _, first, inverse = np.unique(np.asarray(labels), return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.intp)
    place[np.argsort(first)] = np.arange(len(first))
    return np.asarray(place[inverse], dtype=np.intp)


def block_codes(n: int, length: int) -> Codes:
    """Return the block of each trial (n): ``length`` consecutive trials each."""
    return np.arange(n, dtype=np.intp) // length


def unit_means(values: Floats, codes: Codes) -> Floats:
    """Return the mean of each unit (units), never outside the range of ``values``.

    The codes are 0, 1, ... without a gap. Values are moved by their midrange first, so that an offset costs no digits.
    """
    lo, hi = float(values.min()), float(values.max())
    centre = 0.5 * lo + 0.5 * hi
    means = centre + np.bincount(codes, weights=values - centre) / np.bincount(codes)
    return np.asarray(np.clip(means, lo, hi), dtype=np.float64)


def is_rounding(deviation: float, values: Floats, units: int) -> bool:
    """Return whether a standard deviation between unit means is no more than averaging ``values`` rounds.

    Units whose means are equal must not look a little different: their t statistic would be enormous.
    """
    scale = float(np.finfo(np.float64).eps) * float(np.abs(values).max())
    return deviation <= 4.0 * scale * math.sqrt(1.0 + len(values) / units)


@dataclass(frozen=True, slots=True)
class UnitTests(ShiftedTests):
    """Betting tests of unit means, reported in trials."""

    of: BettingTests
    """The tests of one number per unit."""
    n: int
    """Trials."""
    about: str
    """What the null is about: ``"mean over clusters"``."""

    @property
    def estimate(self) -> float:
        return self.of.estimate

    @property
    def spread(self) -> float | None:
        return self.of.spread

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of the units' tests."""
        return self.of.greater(limit, slack=slack, strict=strict, level=level)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of the units' tests."""
        return self.of.less(limit, slack=slack, strict=strict, level=level)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the bound of the units' tests."""
        return self.of.lower(level, slack=slack)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the bound of the units' tests."""
        return self.of.upper(level, slack=slack)

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Return the null, saying over what it averages."""
        del strict
        if side == "greater":
            return f"{self.about} <= {number(minus(limit, slack))}"
        return f"{self.about} >= {number(plus(limit, slack))}"

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the trials in the least number of units like these that rejects."""
        units = self.of.n
        first = max(units + 1, math.ceil(start * units / self.n))
        found = self.of.needed(side, limit, slack=slack, strict=strict, level=level, start=first)
        return None if found is None else max(start, math.ceil(found * self.n / units))


def decide_units_by_betting(
    claim: Claim,
    units: Floats,
    bounds: Bounds,
    *,
    n: int,
    method: str,
    about: str,
    conditions: str | None = None,
) -> Assessment:
    """Assess the mean of independent units within bounds.

    Args:
        claim: The claim.
        units: One number per unit, in the order the units came, all within ``bounds`` (units).
        bounds: Bounds of the units.
        n: Trials behind them.
        method: Method id.
        about: What the null is about.
        conditions: Makes the method an approximate one.

    Raises:
        BadSample: A limit that is tested lies outside the bounds.
    """
    try:
        check_inside(claim, bounds)
    except BadPlan as bad:
        raise BadSample(f"{bad.argument}: expected {bad.expected}, came {bad.came}") from None
    tests = UnitTests(BettingTests(units, bounds), n, about)
    return compose(claim, tests, method=method, exact=conditions is None, conditions=conditions, libraries=libraries())
