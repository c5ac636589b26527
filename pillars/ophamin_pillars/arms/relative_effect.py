"""The relative effect P(X < Y) + P(X = Y) / 2 of two arms (Brunner & Munzel 2000), robust to unequal variances.

Deciding tests work on the logit of the effect, whose distribution stays near Student's t close to 0 and 1, with bounds
that never leave (0, 1). For small arms see :mod:`~ophamin_pillars.arms.permuted_effect`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import ArmTests, Floats, check_level, observations
from ophamin_pillars.student import t_quantile, t_tail

CONDITIONS = "independent arms, a limit from .1 to .9 that is 3 / (size of the smaller arm) or more from 0 and 1"
"""Simulated size of logit tests, t and permuted: at most 1.25 x level inside, 1.4 x at .95 with 60 in each arm. The
published t on the effect itself holds its level at 1/2, but reaches 3 x level at .9 with 20 in each arm, 8 x with 10.
"""


@dataclass(frozen=True, slots=True)
class RelativeEffect(ArmTests):
    """Tests of P(X < Y) + P(X = Y) / 2.

    Where the arms do not overlap at all, nothing varies; they are then judged as if their two nearest observations
    were tied, which leaves the least variance that shows.

    Attributes:
        n1: Observations of the first arm (X).
        n2: Observations of the second arm (Y).
        effect: The share of pairs in which Y is greater, ties counting half.
        variance1: Variance (n - 1) of the placements of X: for each, the share of Y below it, ties counting half.
        variance2: Variance of the placements of Y among X.
        logit: Whether tests and bounds work on the logit of the effect; else on the effect itself, as published.

    Raises:
        ValueError: An arm has fewer than two observations, or all observations are equal.
    """

    n1: int
    n2: int
    effect: float
    variance1: float
    variance2: float
    logit: bool = False

    def __post_init__(self) -> None:
        if min(self.n1, self.n2) < 2:
            raise ValueError(f"expected two or more observations in each arm, got {self.n1} and {self.n2}")
        if self.variance1 == self.variance2 == 0.0 and 0.0 < self.effect < 1.0:
            raise ValueError("expected observations that differ, got one value in both arms")

    @classmethod
    def of(cls, x: Floats, y: Floats, *, logit: bool = False) -> RelativeEffect:
        """Return the tests of arms ``x`` and ``y``; see the class for errors."""
        first, second = observations("x", x, 2), observations("y", y, 2)
        below, above = _placements(first, second), _placements(second, first)
        return cls(
            len(first), len(second), float(above.mean()), float(below.var(ddof=1)), float(above.var(ddof=1)), logit
        )

    @property
    def n(self) -> int:
        return self.n1 + self.n2

    @property
    def estimate(self) -> float:
        return self.effect

    @property
    def spread(self) -> None:
        return None

    @property
    def separated(self) -> bool:
        """Return whether one arm lies wholly above the other."""
        return self.effect in {0.0, 1.0}

    @property
    def standard_error(self) -> float:
        """Return the standard error of the effect."""
        if self.separated:
            return 1.0 / (math.sqrt(2.0) * self.n1 * self.n2)
        return math.sqrt(self.variance1 / self.n1 + self.variance2 / self.n2)

    @property
    def df(self) -> float:
        """Return Satterthwaite's degrees of freedom (Brunner & Munzel 2000, section 3)."""
        if self.separated:
            return float(self.n - 2)
        share = self.variance1 / self.n1 / self.standard_error**2
        return 1.0 / (share**2 / (self.n1 - 1) + (1.0 - share) ** 2 / (self.n2 - 1))

    def statistic(self, limit: float) -> float:
        """Return the studentised distance of the effect from ``limit``; infinite where the limit is no effect."""
        if not 0.0 < limit < 1.0:
            return math.inf if limit <= 0.0 else -math.inf
        return (self._place - _moved(limit, self.logit)) / self._error

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "effect <= limit"."""
        return t_tail(self.statistic(limit), self.df)

    def p_less(self, limit: float) -> float:
        """Return the p-value of "effect >= limit"."""
        return t_tail(-self.statistic(limit), self.df)

    def lower_bound(self, level: float) -> float:
        """Return the lower bound at ``level``, not below 0."""
        check_level(level)
        return self.bound_at(-t_quantile(level, self.df))

    def upper_bound(self, level: float) -> float:
        """Return the upper bound at ``level``, not above 1."""
        check_level(level)
        return self.bound_at(t_quantile(level, self.df))

    def bound_at(self, quantile: float) -> float:
        """Return the effect ``quantile`` standard errors above the estimate, inside [0, 1]."""
        place = self._place + quantile * self._error
        return float(special().expit(place)) if self.logit else min(1.0, max(0.0, place))

    @property
    def _within(self) -> float:
        """Return the effect, or with separated arms the effect half a pair nearer to 1/2."""
        half = 0.5 / (self.n1 * self.n2)
        return min(1.0 - half, max(half, self.effect))

    @property
    def _place(self) -> float:
        return _moved(self._within, self.logit)

    @property
    def _error(self) -> float:
        return self.standard_error / (self._within * (1.0 - self._within)) if self.logit else self.standard_error


def _placements(x: Floats, y: Floats) -> Floats:
    """Return, for each of ``x``, the share of ``y`` below it, ties counting half."""
    ordered = np.sort(y)
    below, up_to = np.searchsorted(ordered, x, side="left"), np.searchsorted(ordered, x, side="right")
    return np.asarray((below + up_to) / (2.0 * len(y)), dtype=np.float64)


def _moved(effect: float, logit: bool) -> float:  # noqa: FBT001  # private, and never called with a bare literal
    return math.log(effect / (1.0 - effect)) if logit else effect
