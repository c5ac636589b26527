"""Layouts of t tests: what n observations leave of a standard deviation, and of degrees of freedom."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """A design whose estimate has variance ``variance * sd^2 / n`` and ``per * n - lost`` degrees of freedom.

    n counts what the docstring of each constant says.
    """

    variance: float
    per: int
    lost: int

    def error(self, n: float, sd: float = 1.0) -> float:
        """Return the standard error of the estimate."""
        return sd * math.sqrt(self.variance / n)

    def df(self, n: float) -> float:
        """Return the degrees of freedom; 0 or less when n is too small for a test."""
        return self.per * n - self.lost

    @property
    def least_n(self) -> int:
        return (self.lost + self.per) // self.per


ONE_SAMPLE = Layout(1.0, 1, 1)
"""n observations, or n pairs with the deviation of their differences."""
TWO_ARMS = Layout(2.0, 2, 2)
"""n observations in each of two arms with one standard deviation."""
CROSSOVER = Layout(2.0, 1, 2)
"""n subjects in all, two periods, with the deviation within subjects."""
CROSSOVER_3_PERIODS = Layout(1.5, 2, 3)
"""Two sequences, three periods, n subjects in all."""
CROSSOVER_4_PERIODS = Layout(1.0, 3, 4)
"""Two sequences, four periods, n subjects in all."""
LATIN_3 = Layout(2.0, 2, 4)
"""Three treatments, three periods, n subjects in all."""
LATIN_4 = Layout(2.0, 3, 6)
"""Four treatments, four periods, n subjects in all."""


def sd_of_cv(cv: float) -> float:
    """Return the standard deviation on the log scale of a log-normal quantity with coefficient of variation ``cv``."""
    return math.sqrt(math.log1p(cv * cv))
