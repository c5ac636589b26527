"""The one-sample Kolmogorov-Smirnov test, and the limit of its distribution.

D_n is the greatest distance between the empirical distribution of n observations and the continuous one they are
tested against. The null of :func:`one_sample` is "the observations are independent draws from that distribution",
all its parameters known: estimated ones make the p-value too large.

    >>> round(one_sample([0.1, 0.35, 0.55, 0.81]).distance, 6)
    0.2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.kolmogorov_exact import one_sided_survival, survival
from ophamin_pillars.control.signals import as_sequence

Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
"""Greater: the first distribution function lies above the second somewhere, so its values tend to be smaller."""


@dataclass(frozen=True, slots=True)
class KolmogorovTest:
    """Distance and p-value of a Kolmogorov-Smirnov test."""

    distance: float
    p: float
    method: Literal["exact", "limit"]


def one_sample(cdf_values: npt.ArrayLike, alternative: Alternative = "two-sided") -> KolmogorovTest:
    """Test a sample against a continuous distribution; exact to 9 digits for every n.

    Args:
        cdf_values: that distribution's F(x) at every observation, shape (n,), in any order.
        alternative: the side of the empirical distribution that counts.

    Raises:
        ValueError: no observations, values outside [0, 1], or an unknown alternative.
    """
    check_alternative(alternative)
    u = np.sort(as_sequence(cdf_values, "cdf_values"))
    if u[0] < 0.0 or u[-1] > 1.0:
        raise ValueError(f"cdf_values must lie in [0, 1], got {u[0]} to {u[-1]}")
    n = len(u)
    steps = np.arange(n + 1) / n
    above, below = float((steps[1:] - u).max()), float((u - steps[:-1]).max())
    distance = max(0.0, {"two-sided": max(above, below), "greater": above, "less": below}[alternative])
    p = survival(n, distance) if alternative == "two-sided" else one_sided_survival(n, distance)
    return KolmogorovTest(distance, p, "exact")


def limit_survival(z: float) -> float:
    """Return the limit of P(sqrt(n) D_n >= z)."""
    return float(special().kolmogorov(z))


def limit_quantile(level: float) -> float:
    """Return the z with ``limit_survival(z) = level``.

    Raises:
        ValueError: level outside (0, 1).
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie in (0, 1), got {level!r}")
    return float(special().kolmogi(level))


def check_alternative(alternative: str) -> None:
    """Raise ValueError for anything but the three alternatives."""
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f"alternative must be two-sided, greater or less, got {alternative!r}")
