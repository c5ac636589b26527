"""Difference of two independent proportions by the score test (Farrington & Manning 1990, Miettinen & Nurminen 1985).

The null "p1 - p2 <= d" is judged with the variance the null itself implies: both proportions are estimated under
p1 - p2 = d, which has a closed form (Miettinen & Nurminen 1985, appendix I; Farrington & Manning 1990, appendix).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import ArmTests, Floats, brent, check_arm, check_level

CONDITIONS = "no arm above twice the other, 20 or more successes and failures expected in each, levels from .025"
"""Worst size over the nuisance parameter, by enumeration: 1.17 x level inside; 2.5 x with few expected successes."""
FAR = 1e6
"""Statistics beyond this are as good as infinite."""


@dataclass(frozen=True, slots=True)
class ScoreDifference(ArmTests):
    """Score tests of p1 - p2 for x1 of n1 against x2 of n2 successes.

    Attributes:
        x1: Successes of the first arm.
        n1: Trials of the first arm.
        x2: Successes of the second arm.
        n2: Trials of the second arm.
        corrected: Whether the variance carries Miettinen and Nurminen's N / (N - 1); without it the test is Farrington
            and Manning's.

    Raises:
        ValueError: A count is impossible.
    """

    x1: int
    n1: int
    x2: int
    n2: int
    corrected: bool = True

    def __post_init__(self) -> None:
        check_arm("1", self.x1, self.n1)
        check_arm("2", self.x2, self.n2)

    @property
    def n(self) -> int:
        return self.n1 + self.n2

    @property
    def estimate(self) -> float:
        return self.x1 / self.n1 - self.x2 / self.n2

    @property
    def spread(self) -> None:
        return None

    def statistic(self, limit: float) -> float:
        """Return the score statistic of "p1 - p2 = limit", for a limit strictly between -1 and 1."""
        z = float(score(self.x1, self.n1, self.x2, self.n2, limit))
        return z * math.sqrt(1.0 - 1.0 / self.n) if self.corrected else z

    def p_greater(self, limit: float) -> float:
        """Return the p-value of "p1 - p2 <= limit"."""
        if limit >= 1.0:
            return 1.0
        if limit <= -1.0:
            return 0.0 if limit < -1.0 or self.estimate > -1.0 else 1.0
        return float(special().ndtr(-self.statistic(limit)))

    def p_less(self, limit: float) -> float:
        """Return the p-value of "p1 - p2 >= limit"."""
        return self._swapped().p_greater(-limit)

    def lower_bound(self, level: float) -> float:
        """Return the least difference the score test does not reject at ``level``."""
        check_level(level)
        z = -float(special().ndtri(level))
        return brent(lambda d: z - min(FAR, max(-FAR, self.statistic(d))), -1.0, 1.0, 0.0)

    def upper_bound(self, level: float) -> float:
        """Return the greatest difference the score test does not reject at ``level``."""
        return -self._swapped().lower_bound(level)

    def _swapped(self) -> ScoreDifference:
        return ScoreDifference(self.x2, self.n2, self.x1, self.n1, self.corrected)


def score(x1: npt.ArrayLike, n1: int, x2: npt.ArrayLike, n2: int, difference: float) -> Floats:
    """Return the score statistic of "p1 - p2 = difference" (uncorrected), elementwise.

    Args:
        x1: Successes of the first arm, any shape.
        n1: Its trials.
        x2: Successes of the second arm, a shape that broadcasts with ``x1``.
        n2: Its trials.
        difference: The difference under the null, strictly between -1 and 1.

    Returns:
        The statistic, positive where p1 - p2 is estimated above ``difference``; 0 where 0 / 0 arises (no success, or
        nothing but successes, against a difference of 0).
    """
    k1, k2 = np.asarray(x1, dtype=np.float64), np.asarray(x2, dtype=np.float64)
    p2 = restricted_second(k1, n1, k2, n2, difference)
    p1 = np.clip(p2 + difference, 0.0, 1.0)
    variance = p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2
    gap = k1 / n1 - k2 / n2 - difference
    none = variance <= 0.0
    ratio = gap / np.sqrt(np.where(none, 1.0, variance))
    return np.where(none, np.where(np.abs(gap) < 1e-15, 0.0, np.copysign(np.inf, gap)), ratio)


def restricted_second(k1: Floats, n1: int, k2: Floats, n2: int, difference: float) -> Floats:
    """Return the maximum likelihood estimate of p2 when p1 = p2 + difference.

    The trigonometric root of the cubic likelihood equation (Miettinen & Nurminen 1985, appendix I), and one Newton
    step, since the arc cosine keeps only half of the digits where two roots nearly meet.
    """
    d, total = difference, n1 + n2
    b = (n1 + 2 * n2) * d - total - k1 - k2
    c = (n2 * d - total - 2.0 * k2) * d + k1 + k2
    e = k2 * d * (1.0 - d)
    third = b / (3.0 * total)
    q = third**3 - b * c / (6.0 * total**2) + e / (2.0 * total)
    radius = np.copysign(np.sqrt(np.maximum(third**2 - c / (3.0 * total), 0.0)), q)
    cube = np.where(radius == 0.0, 1.0, radius**3)
    angle = (math.pi + np.arccos(np.clip(q / cube, -1.0, 1.0))) / 3.0
    low, high = max(0.0, -d), min(1.0, 1.0 - d)
    p = np.clip(2.0 * radius * np.cos(angle) - third, low, high)
    slope = (3.0 * total * p + 2.0 * b) * p + c
    value = ((total * p + b) * p + c) * p + e
    step = np.where(np.abs(slope) > 1e-6 * total, value / np.where(slope == 0.0, 1.0, slope), 0.0)
    return np.clip(p - step, low, high)
