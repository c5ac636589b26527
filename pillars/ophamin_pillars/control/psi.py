"""The population stability index with its null distribution, instead of the rule "0.1 and 0.25".

    PSI = sum over bins of (a - e) log(a / e),     e, a: shares of the two samples in the bin

Yurdakul & Naranjo (2020, J. Risk Model Validation 14(3)): under "both samples come from one distribution" PSI is
distributed as (1 / n + 1 / m) times chi-square with bins - 1 degrees of freedom. The fixed rule has no error rate: 0.1
is exceeded in nearly all unchanged pairs of 100 with 20 bins, and never with 10,000.

That null is too narrow for finite samples: at the level .05 it alarms in 7.5 % of unchanged pairs with 10 expected per
bin, in 6 % with 20. To second order the mean of PSI is

    (bins - 1)(1 / n + 1 / m) + sum over bins of (1 - share) / (2 share) (1 / n^2 + 1 / m^2),

from E[(a - share) log a] of a binomial share, and ``p`` divides PSI by the ratio of the two means (a Bartlett
correction): 5.9 % and 5.3 %. ``p_published`` is the authors'.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.signals import Floats, as_sequence

LEAST_EXPECTED = 20.0
"""Expected count in each bin of each sample from which the null distribution may be used."""
CONDITIONS = "independent observations, at least 20 expected in every bin of either sample"
EMPTY_BIN = 0.5
"""Added to every count of both samples when a bin is empty in one of them, where PSI itself is infinite."""


@dataclass(frozen=True, slots=True)
class StabilityIndex:
    """PSI of two samples, with the test of "no change"."""

    psi: float
    """Infinite when a bin is empty in one sample only."""
    p: float
    """Approximate, mean corrected; of the smoothed index when a bin is empty."""
    p_published: float
    """Without the correction."""
    contributions: tuple[float, ...]
    """Of each bin to the (smoothed) index: where the change is."""
    n: int
    m: int
    conditions_hold: bool


def psi_of_counts(expected: Sequence[int], actual: Sequence[int]) -> StabilityIndex:
    """Return the index of binned samples; bins empty in both are left out.

    Args:
        expected: counts of the baseline, shape (bins,).
        actual: counts of the sample compared with it, shape (bins,).

    Raises:
        ValueError: shapes that differ, fewer than two bins, negative counts, or an empty sample.
    """
    e, a = as_sequence(expected, "expected", least=2), as_sequence(actual, "actual", least=2)
    if e.shape != a.shape or bool((e < 0.0).any() or (a < 0.0).any()) or min(e.sum(), a.sum()) <= 0.0:
        raise ValueError(f"counts of two non-empty samples in the same bins are needed, got {e.shape} and {a.shape}")
    n, m = float(e.sum()), float(a.sum())
    used = e + a > 0.0
    bins = int(used.sum())
    one_sided = bool(((e == 0.0) != (a == 0.0)).any())
    parts = np.zeros(len(e))
    parts[used] = (
        _contributions(e[used] + EMPTY_BIN, a[used] + EMPTY_BIN) if one_sided else _contributions(e[used], a[used])
    )
    index = float(parts.sum())
    pooled = (e + a)[used] / (n + m)
    return StabilityIndex(
        psi=float("inf") if one_sided else index,
        p=survival(index / mean_correction(pooled, n, m), n, m, bins) if bins > 1 else 1.0,
        p_published=survival(index, n, m, bins) if bins > 1 else 1.0,
        contributions=tuple(float(part) for part in parts),
        n=int(n),
        m=int(m),
        conditions_hold=float(pooled.min()) * min(n, m) >= LEAST_EXPECTED,
    )


def psi_of_samples(baseline: npt.ArrayLike, actual: npt.ArrayLike, bins: int = 10) -> StabilityIndex:
    """Return the index in bins cut at the quantiles of the baseline.

    Args:
        baseline: shape (n,).
        actual: shape (m,).
        bins: how many to cut; ties may leave fewer.

    Raises:
        ValueError: fewer than two bins asked for, an empty sample, or values that are not finite.
    """
    x, y = as_sequence(baseline, "baseline"), as_sequence(actual, "actual")
    edges = quantile_edges(x, bins)
    places = len(edges) + 1
    counts = [np.bincount(np.searchsorted(edges, part, side="left"), minlength=places).tolist() for part in (x, y)]
    return psi_of_counts(counts[0], counts[1])


def quantile_edges(baseline: npt.ArrayLike, bins: int) -> Floats:
    """Return the inner edges of bins that hold equal shares of the baseline; bin i is (edge[i - 1], edge[i]].

    Equal quantiles give one edge, so shape (k,) with 1 <= k <= bins - 1; the last edge always leaves a bin above it
    (empty when all observations are equal).
    """
    x = np.sort(as_sequence(baseline, "baseline"))
    if bins < 2:
        raise ValueError(f"bins must be at least 2, got {bins!r}")
    ranks = -(-np.arange(1, bins) * len(x) // bins) - 1
    edges: Floats = np.unique(x[np.maximum(ranks, 0)])
    return edges


def survival(psi: float, n: float, m: float, bins: int) -> float:
    """Return P(PSI >= psi) under no change."""
    _check(n, m, bins)
    return float(special().chdtrc(bins - 1, psi / (1.0 / n + 1.0 / m))) if psi > 0.0 else 1.0


def mean_correction(shares: Floats, n: float, m: float) -> float:
    """Return the ratio of PSI's mean to second order to its limit, for bins of these shares; see the module."""
    first = (len(shares) - 1) * (1.0 / n + 1.0 / m)
    second = float(((1.0 - shares) / (2.0 * shares)).sum()) * (1.0 / (n * n) + 1.0 / (m * m))
    return 1.0 + second / first


def critical_value(level: float, n: float, m: float, bins: int) -> float:
    """Return the PSI that no change exceeds with probability ``level``.

    Raises:
        ValueError: level outside (0, 1), sizes not above 0, or fewer than two bins.
    """
    _check_level(level)
    _check(n, m, bins)
    return (1.0 / n + 1.0 / m) * float(special().chdtri(bins - 1, level))


def normal_critical_value(level: float, n: float, m: float, bins: int) -> float:
    """Return the critical value of the authors' normal approximation, for many bins; arguments as above."""
    _check_level(level)
    _check(n, m, bins)
    z = -float(special().ndtri(level))
    return (1.0 / n + 1.0 / m) * (bins - 1 + z * math.sqrt(2.0 * (bins - 1)))


def _contributions(e: Floats, a: Floats) -> Floats:
    difference = a / a.sum() - e / e.sum()
    parts: Floats = difference * (np.log(a / a.sum()) - np.log(e / e.sum()))
    return parts


def _check(n: float, m: float, bins: int) -> None:
    if not (n > 0.0 and m > 0.0 and bins >= 2):
        raise ValueError(f"sizes must be above 0 and bins at least 2, got n = {n!r}, m = {m!r}, bins = {bins!r}")


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie in (0, 1), got {level!r}")
