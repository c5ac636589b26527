"""The ratio of two Poisson rates, by the exact conditional test.

Given the total count, the count of the first arm is binomial with probability ``r T1 / (r T1 + T2)`` for a ratio r
(Przyborowski & Wilenski 1940, Biometrika 31:313): the binomial tails and the Clopper-Pearson bounds carry over.
"""

from __future__ import annotations

from dataclasses import dataclass

from ophamin_pillars import binomial
from ophamin_pillars.intervals import two_sided_p
from ophamin_pillars.rates.poisson import check_rate
from pytest_ophamin.pillars import ShiftedTests, minus, plus


@dataclass(frozen=True, slots=True)
class RateRatioTests(ShiftedTests):
    """Exact one-sided tests of ``first rate / second rate``; ``n`` trials saw ``events`` over ``exposures``."""

    n: int
    events: tuple[int, int]
    exposures: tuple[float, float]
    spread: None = None

    def __post_init__(self) -> None:
        for events, exposure in zip(self.events, self.exposures, strict=True):
            check_rate(events, exposure)

    @property
    def estimate(self) -> float | None:
        """The ratio of the two rates; None when the second arm saw no event."""
        if self.events[1] == 0:
            return None
        return (self.events[0] / self.exposures[0]) / (self.events[1] / self.exposures[1])

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "ratio <= limit - slack"."""
        del strict, level
        first, second = self.events
        share, rest = self._shares(minus(limit, slack))
        # Told by the less probable arm: a probability near 1 has lost its digits.
        if share <= rest:
            return binomial.upper_tail(first, first + second, share)
        return binomial.lower_tail(second, first + second, rest)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "ratio >= limit + slack"."""
        del strict, level
        first, second = self.events
        share, rest = self._shares(plus(limit, slack))
        if share <= rest:
            return binomial.lower_tail(first, first + second, share)
        return binomial.upper_tail(second, first + second, rest)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the one-sided lower bound: 0 when the first arm saw no event."""
        del slack
        first, second = self.events
        share = binomial.lower_bound(first, first + second, level)
        rest = binomial.upper_bound(second, first + second, level)
        return share / rest * self.exposures[1] / self.exposures[0]

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the one-sided upper bound; None, without end, when the second arm saw no event."""
        del slack
        first, second = self.events
        if second == 0:
            return None
        share = binomial.upper_bound(first, first + second, level)
        rest = binomial.lower_bound(second, first + second, level)
        return share / rest * self.exposures[1] / self.exposures[0]

    def two_sided_p(self, ratio: float) -> float:
        """Return the probability of all splits no likelier than the one seen (as R's ``poisson.test``)."""
        return two_sided_p(self.events[0], sum(self.events), self._shares(ratio)[0])

    def _shares(self, ratio: float) -> tuple[float, float]:
        """Return the probabilities that an event falls into the first arm, and into the second."""
        first, second = max(0.0, ratio) * self.exposures[0], self.exposures[1]
        return first / (first + second), second / (first + second)
