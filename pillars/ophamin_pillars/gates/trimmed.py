"""The centre of log ratios: their mean, or a trimmed mean where some pairs were plainly disturbed.

Observations further than :func:`far` robust standard deviations from the median are counted on each side, and as many
as on the worse side are trimmed from both; the error is Yuen's (1974, Biometrika 61:165), from the Winsorised deviation
with h - 1 degrees of freedom for h kept observations. Normal observations are trimmed so rarely that nothing is lost;
one disturbed pair in twenty no longer hides a slowdown. Numbers: docs/adr/0007-benchmark-gates-statistics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.student import mean_and_sd

Floats = npt.NDArray[np.float64]

LEAST_N = 10
"""With fewer observations the deviation from the median is too rough a ruler, and none is trimmed."""
LARGEST_SHARE = 0.25
"""Trimmed on each side at most."""
_NORMAL_MAD = 1.4826022185056018
"""Robust standard deviation over median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Centre:
    """A location with its standard error."""

    n: int
    mean: float
    error: float
    df: int
    trimmed: int
    """Observations left out on each side."""

    @property
    def spread(self) -> float:
        """Standard deviation: that of normal observations whose mean is as sure."""
        return self.error * math.sqrt(self.n)


def centre_of(x: Floats) -> Centre | None:
    """Return the centre of ``x``, shape (n,); None when its error is not known: one observation, or all equal."""
    ordered = np.sort(x)
    n, cut = len(x), trimmed_count(ordered)
    kept = n - 2 * cut
    mean, _ = mean_and_sd(ordered[cut : n - cut])
    _, sd = mean_and_sd(np.clip(ordered, ordered[cut], ordered[n - cut - 1]))
    if sd == 0.0 and cut:
        # More than half of the observations are one value: nothing tells which others are disturbed.
        cut, kept = 0, n
        mean, sd = mean_and_sd(x)
    if sd == 0.0:
        return None
    error = sd * math.sqrt((n - 1) / (kept * (kept - 1)))
    return Centre(n, mean, error, kept - 1, cut)


def far(n: int) -> float:
    """Return how many robust standard deviations from the median an observation is plainly disturbed.

    Further for few observations, whose ruler is rough: so that tests of normal observations keep 1.25 times a level of
    .05 / 20 at every n.
    """
    return max(4.0, 100.0 / n)


def trimmed_count(ordered: Floats) -> int:
    """Return how many of the rising ``ordered`` (n) to leave out on each side."""
    n = len(ordered)
    if n < LEAST_N:
        return 0
    deviations = ordered - _middle(ordered)
    reach = far(n) * _NORMAL_MAD * _middle(np.sort(np.abs(deviations)))
    if reach == 0.0:
        return 0
    disturbed = max(int(np.count_nonzero(deviations > reach)), int(np.count_nonzero(deviations < -reach)))
    return min(disturbed, int(LARGEST_SHARE * n))


def _middle(ordered: Floats) -> float:
    n = len(ordered)
    return 0.5 * float(ordered[(n - 1) // 2] + ordered[n // 2])
