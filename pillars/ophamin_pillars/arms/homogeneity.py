"""Are k proportions equal? Pearson's chi-square, with the continuity correction for two (Yates 1934)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ophamin_pillars._special import special


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A chi-square statistic, its degrees of freedom, and P(chi-square >= statistic)."""

    statistic: float
    df: int
    p: float


def equal_proportions(successes: Sequence[int], trials: Sequence[int], *, corrected: bool = False) -> ChiSquare:
    """Test "all arms have the same proportion" (Pearson 1900; Fleiss 1981, section 9.1). Approximate.

    Args:
        successes: Successes of each arm, at least two arms.
        trials: Trials of each arm.
        corrected: For two arms, move the difference towards 0 by half a count in each arm, but not beyond it.

    Returns:
        The statistic with k - 1 degrees of freedom; statistic 0 and p = 1 when all trials agree.

    Raises:
        ValueError: Fewer than two arms, unequal lengths, or an impossible count.
    """
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2 or x.shape != n.shape:
        raise ValueError(f"expected successes and trials of two or more arms, got {successes!r} and {trials!r}")
    if (n < 1).any() or (x < 0).any() or (x > n).any():
        raise ValueError(f"expected 0 <= successes <= trials and trials >= 1, got {successes!r} of {trials!r}")
    share, df = float(x.sum() / n.sum()), len(x) - 1
    if share in {0.0, 1.0}:
        return ChiSquare(0.0, df, 1.0)
    gaps = np.abs(x - n * share)
    if corrected and len(x) == 2:
        gaps -= min(0.5, float(abs(x[0] / n[0] - x[1] / n[1]) / (1.0 / n).sum()))
    # Both rows of an arm (success, failure) miss by the same count: 1 / s + 1 / (1 - s) = 1 / (s (1 - s)).
    statistic = float((gaps**2 / n).sum() / (share * (1.0 - share)))
    return ChiSquare(statistic, df, float(special().chdtrc(df, statistic)))
