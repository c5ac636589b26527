"""Fisher's exact test of a 2 x 2 table, and Boschloo's test, which takes its p-value as an order of tables.

Given all margins, the first cell is noncentral hypergeometric with the odds ratio as its only parameter (Fisher 1935;
Cornfield 1956 for the interval).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import Counts, Floats, brent, check_arm, check_level
from ophamin_pillars.arms.unconditional import worst_probability

TIE = 1e-7
"""Probabilities nearer than this, relatively, are the same number (as in R's fisher.test)."""
LARGEST_LOG = 700.0
"""The log of an odds ratio of 0, as near to it as float64 goes."""


@dataclass(frozen=True, slots=True)
class FisherTable:
    """The 2 x 2 table of x1 of n1 against x2 of n2 successes, its margins fixed.

    Attributes:
        x1: Successes of the first arm.
        n1: Trials of the first arm.
        x2: Successes of the second arm.
        n2: Trials of the second arm.

    Raises:
        ValueError: A count is impossible.
    """

    x1: int
    n1: int
    x2: int
    n2: int

    def __post_init__(self) -> None:
        check_arm("1", self.x1, self.n1)
        check_arm("2", self.x2, self.n2)

    @property
    def support(self) -> Floats:
        """Return the values the first cell can take."""
        total = self.x1 + self.x2
        return np.arange(max(0, total - self.n2), min(total, self.n1) + 1, dtype=np.float64)

    def p_greater(self, log_odds: float = 0.0) -> float:
        """Return P(first cell >= x1): the p-value of "log odds ratio <= log_odds"."""
        return min(1.0, float(self._masses(log_odds)[self.support >= self.x1].sum()))

    def p_less(self, log_odds: float = 0.0) -> float:
        """Return P(first cell <= x1): the p-value of "log odds ratio >= log_odds"."""
        return min(1.0, float(self._masses(log_odds)[self.support <= self.x1].sum()))

    def p_two_sided(self) -> float:
        """Return the probability of all tables no likelier than this one, when the odds are equal."""
        masses = self._masses(0.0)
        seen = float(masses[self.support == self.x1][0])
        return min(1.0, float(masses[masses <= seen * (1.0 + TIE)].sum()))

    def odds_ratio(self, *, tolerance: float = 0.0) -> float | None:
        """Return the conditional maximum likelihood estimate: 0 and infinity at the ends, None when it may be any.

        Args:
            tolerance: How far from the root the search may stop, in the odds ratio or its reciprocal, whichever is
                below 1. R's fisher.test stops at eps ** 0.25 = 1.2e-4, so its digits end at the fourth or fifth.
        """
        support = self.support
        if len(support) == 1:
            return None
        if self.x1 in {support[0], support[-1]}:
            return 0.0 if self.x1 == support[0] else math.inf
        return _odds(lambda log: float(self._masses(log) @ support) - self.x1, tolerance)

    def lower_bound(self, level: float, *, tolerance: float = 0.0) -> float:
        """Return the least odds ratio not rejected from above at ``level`` (Cornfield 1956, exact)."""
        check_level(level)
        return 0.0 if self.x1 == self.support[0] else _odds(lambda log: self.p_greater(log) - level, tolerance)

    def upper_bound(self, level: float, *, tolerance: float = 0.0) -> float | None:
        """Return the greatest odds ratio not rejected from below at ``level``; None when it is unbounded."""
        check_level(level)
        return None if self.x1 == self.support[-1] else _odds(lambda log: level - self.p_less(log), tolerance)

    def _masses(self, log_odds: float) -> Floats:
        """Return the conditional distribution of the first cell over :attr:`support`."""
        gammaln, k, total = special().gammaln, self.support, self.x1 + self.x2
        logs = log_odds * k - (gammaln(k + 1.0) + gammaln(self.n1 - k + 1.0))
        logs -= gammaln(total - k + 1.0) + gammaln(self.n2 - total + k + 1.0)
        masses = np.exp(logs - logs.max())
        return np.asarray(masses / masses.sum(), dtype=np.float64)


def _odds(rises: Callable[[float], float], tolerance: float) -> float:
    """Return the odds ratio at whose log ``rises`` passes 0, searched between 0 and 1 on the side where it lies."""
    if rises(0.0) >= 0.0:
        return brent(lambda odds: rises(_log(odds)), 0.0, 1.0, tolerance)
    return 1.0 / brent(lambda inverse: rises(-_log(inverse)), sys.float_info.epsilon, 1.0, tolerance)


def _log(odds: float) -> float:
    return math.log(odds) if odds > 0.0 else -LARGEST_LOG


def boschloo_greater(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the p-value of "p1 <= p2" by Boschloo's exact unconditional test (Boschloo 1970).

    Tables are ordered by Fisher's one-sided p-value; the worst case over the common proportion is taken. It is never
    above Fisher's own p-value.

    Args:
        x1: Successes of the first arm.
        n1: Trials of the first arm.
        x2: Successes of the second arm.
        n2: Trials of the second arm.

    Returns:
        The p-value.

    Raises:
        ValueError: A count is impossible.
    """
    seen = FisherTable(x1, n1, x2, n2).p_greater()
    return min(seen, worst_probability(_least_by_fisher(n1, n2, seen * (1.0 + TIE)), n1, 0.0))


def boschloo_two_sided(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return twice the smaller one-sided p-value of Boschloo's test, arguments as :func:`boschloo_greater`."""
    return min(1.0, 2.0 * min(boschloo_greater(x1, n1, x2, n2), boschloo_greater(x2, n2, x1, n1)))


def _least_by_fisher(n1: int, n2: int, largest: float) -> Counts:
    """Return, for each x2, the least x1 whose one-sided p-value is at most ``largest``; n1 + 1 for none."""
    gammaln = special().gammaln
    x1, x2 = np.arange(n1 + 1), np.arange(n2 + 1)
    first = gammaln(n1 + 1.0) - gammaln(x1 + 1.0) - gammaln(n1 - x1 + 1.0)
    second = gammaln(n2 + 1.0) - gammaln(x2 + 1.0) - gammaln(n2 - x2 + 1.0)
    least = np.full(n2 + 1, n1 + 1, dtype=np.int64)
    for total in range(n1 + n2 + 1):
        k = np.arange(max(0, total - n2), min(total, n1) + 1)
        logs = first[k] + second[total - k]
        masses = np.exp(logs - logs.max())
        tails = np.cumsum(masses[::-1])[::-1] / masses.sum()
        member = k[tails <= largest]
        least[total - member] = np.minimum(least[total - member], member)
    return least
