"""Exact tests and bounds of a Poisson rate: the Poisson tails, and Garwood's (1936, Biometrika 28:437) bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ophamin_pillars._special import special
from ophamin_pillars.power.search import least_true
from pytest_ophamin.pillars import ShiftedTests, minus, plus, round12

LARGEST_N = 10**9
"""Beyond this many trials a sample counts as lying on the boundary."""
CLOSE = 1e-7
"""Probabilities this near to each other count as equal: their order is rounding."""


def upper_tail(events: float, mean: float) -> float:
    """Return P(X >= events) for X ~ Poisson(mean)."""
    if events <= 0:
        return 1.0
    return float(special().gammainc(events, mean)) if mean > 0.0 else 0.0


def lower_tail(events: float, mean: float) -> float:
    """Return P(X <= events) for X ~ Poisson(mean)."""
    if events < 0:
        return 0.0
    return float(special().gammaincc(events + 1, mean)) if mean > 0.0 else 1.0


def lower_mean(events: int, level: float) -> float:
    """Return the greatest mean with P(X >= events) <= level: Garwood's lower bound."""
    return 0.0 if events == 0 else float(special().gammaincinv(events, level))


def upper_mean(events: int, level: float) -> float:
    """Return the least mean with P(X <= events) <= level: Garwood's upper bound."""
    return float(special().gammainccinv(events + 1, level))


def garwood(events: int, exposure: float, confidence: float) -> tuple[float, float]:
    """Return the two-sided interval of the rate: both one-sided bounds at half the error.

    Raises:
        ValueError: A count below 0 or an exposure that is not positive.
    """
    check_rate(events, exposure)
    tail = 0.5 * (1.0 - confidence)
    return lower_mean(events, tail) / exposure, upper_mean(events, tail) / exposure


def two_sided_p(events: int, mean: float) -> float:
    """Return the probability of all counts no likelier than the one seen (as R's ``poisson.test``)."""
    if mean <= 0.0:
        return 1.0 if events == 0 else 0.0
    limit = _log_mass(events, mean) + CLOSE
    mode = math.floor(mean)
    if _log_mass(mode, mean) <= limit:
        return 1.0
    if events > mean:  # masses rise up to the mode: add the counts before the first that is likelier
        first = least_true(lambda k: _log_mass(k, mean) > limit, 0, mode)
        return upper_tail(events, mean) + lower_tail((first or 0) - 1, mean)
    rare = least_true(lambda k: _log_mass(k, mean) <= limit, mode + 1, LARGEST_N)
    return lower_tail(events, mean) + (0.0 if rare is None else upper_tail(rare, mean))


@dataclass(frozen=True, slots=True)
class RateTests(ShiftedTests):
    """Exact one-sided tests of a rate; ``n`` trials together saw ``events`` over ``exposure``."""

    n: int
    events: int
    exposure: float
    spread: None = None

    def __post_init__(self) -> None:
        check_rate(self.events, self.exposure)

    @property
    def estimate(self) -> float:
        return self.events / self.exposure

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return P(X >= events) at the limit conceded: the p-value of "rate <= limit - slack"."""
        del strict, level
        return upper_tail(self.events, minus(limit, slack) * self.exposure)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return P(X <= events) at the limit conceded: the p-value of "rate >= limit + slack"."""
        del strict, level
        return lower_tail(self.events, plus(limit, slack) * self.exposure)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return Garwood's one-sided lower bound."""
        del slack
        return lower_mean(self.events, level) / self.exposure

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return Garwood's one-sided upper bound."""
        del slack
        return upper_mean(self.events, level) / self.exposure

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same rate, its count rounded against the claim, rejects."""
        del strict
        if side == "greater":
            return self._needed_greater(minus(limit, slack), level, start)
        return self._needed_less(plus(limit, slack), level, start)

    def _needed_greater(self, null: float, level: float, start: int) -> int | None:
        if self.estimate <= null:
            return None
        mean = null * self.exposure / self.n  # per trial
        # With a real-valued count the p-value falls smoothly; rounding it down can only delay rejection, and among the
        # n that share one count the first is the best.
        n = least_true(lambda m: round12(upper_tail(self.events * m / self.n, mean * m)) <= level, start, LARGEST_N)
        while n is not None and n <= LARGEST_N:
            count = self.events * n // self.n
            if round12(upper_tail(count, mean * n)) <= level:
                return n
            n = -(-(count + 1) * self.n // self.events)
        return None

    def _needed_less(self, null: float, level: float, start: int) -> int | None:
        if self.estimate >= null:
            return None
        mean = null * self.exposure / self.n
        n = least_true(lambda m: round12(lower_tail(self.events * m / self.n, mean * m)) <= level, start, LARGEST_N)
        if self.events == 0:
            return n
        while n is not None and n <= LARGEST_N:
            count = -(-self.events * n // self.n)
            last = count * self.n // self.events  # of the n that share the count rounded up, and the best of them
            if round12(lower_tail(count, mean * last)) <= level:
                return _least_clearing(count, mean, level, n)
            n = last + 1
        return None


def check_rate(events: int, exposure: float) -> None:
    """Refuse what is no count over an exposure.

    Raises:
        ValueError: A count below 0, or an exposure that is not positive and finite.
    """
    if events < 0:
        raise ValueError(f"events: expected 0 or more, came {events}")
    if not 0.0 < exposure < math.inf:
        raise ValueError(f"exposure: expected a positive number, came {exposure!r}")


def _least_clearing(count: int, mean: float, level: float, start: int) -> int | None:
    return least_true(lambda n: round12(lower_tail(count, mean * n)) <= level, start, LARGEST_N)


def _log_mass(events: int, mean: float) -> float:
    return events * math.log(mean) - mean - math.lgamma(events + 1)
