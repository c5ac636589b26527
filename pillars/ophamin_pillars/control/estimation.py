"""What limits estimated from few subgroups do to the false-alarm rate of a Shewhart chart.

Limits drawn at 3 estimated sigmas around an estimated mean do not alarm in 0.27 % of points: they move. Quesenberry
(1993, J. Quality Technology 25:237) asks for 400 / (n - 1) subgroups before they behave as if known, 300 single values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ophamin_pillars._special import special
from ophamin_pillars.control.constants import c4_and_spread, range_moments


@dataclass(frozen=True, slots=True)
class PhaseOne:
    """How well the limits are known."""

    subgroups: int
    size: int
    sigmas: float
    degrees_of_freedom: float
    """Of the estimate of sigma: those of the chi distribution with the same coefficient of variation."""

    @property
    def nominal_false_alarms(self) -> float:
        """Rate of false alarms per point with known parameters."""
        return float(2.0 * special().ndtr(-self.sigmas))

    @property
    def expected_false_alarms(self) -> float:
        """Rate per new point over the draw of phase I: P(|t| > sigmas / (c4(df + 1) sqrt(1 + 1 / m)))."""
        c4, _ = c4_and_spread(self.degrees_of_freedom + 1.0)
        bound = self.sigmas / (c4 * math.sqrt(1.0 + 1.0 / self.subgroups))
        return float(2.0 * special().stdtr(self.degrees_of_freedom, -bound))

    @property
    def needed(self) -> int:
        """Subgroups from which the limits may be treated as known (Quesenberry 1993)."""
        return 300 if self.size == 1 else math.ceil(400 / (self.size - 1))

    @property
    def is_enough(self) -> bool:
        return self.subgroups >= self.needed

    def describe(self) -> str:
        if self.is_enough:
            return f"limits estimated from {self.subgroups} subgroups: as good as known"
        return (
            f"limits estimated from {self.subgroups} subgroups of {self.size}, {self.needed} are needed: false alarms "
            f"in {self.expected_false_alarms:.2%} of points instead of {self.nominal_false_alarms:.2%}"
        )


def df_of_ranges(subgroups: int, size: int) -> float:
    """Return the degrees of freedom of a mean range over ``subgroups`` (Patnaik 1950, matched by moments)."""
    d2, d3 = range_moments(size)
    return _df_of_variation((d3 / d2) ** 2 / subgroups)


def df_of_deviations(subgroups: int, size: int) -> float:
    """Return the degrees of freedom of a mean standard deviation over ``subgroups``."""
    c4, spread = c4_and_spread(size)
    return _df_of_variation((spread / c4) ** 2 / subgroups)


def df_of_moving_ranges(count: int) -> float:
    """Return the degrees of freedom of a mean of ``count`` moving ranges of two.

    Neighbouring ranges share an observation: the covariance of |Z1 - Z2| and |Z2 - Z3| is
    (4 / pi)(sqrt(3) / 2 + pi / 12 - 1) (Cryer & Ryan 1990, J. Quality Technology 22:187).
    """
    own = 2.0 - 4.0 / math.pi
    shared = 4.0 / math.pi * (0.5 * math.sqrt(3.0) + math.pi / 12.0 - 1.0)
    variance = (count * own + 2.0 * (count - 1) * shared) / count**2
    return _df_of_variation(variance * math.pi / 4.0)


def _df_of_variation(squared: float) -> float:
    """Return the df of the chi distribution whose squared coefficient of variation is ``squared``."""
    low, high = 1e-3, 1.0
    while _squared_variation(high) > squared:
        high *= 2.0
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _squared_variation(middle) > squared else (low, middle)
    return high


def _squared_variation(df: float) -> float:
    c4, spread = c4_and_spread(df + 1.0)
    return (spread / c4) ** 2
