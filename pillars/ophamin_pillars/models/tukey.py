"""All pairwise differences of groups at one familywise level: Tukey's range, by quadrature.

Tukey (1953); Kramer (1956) Biometrics 12:307 for unequal sizes, conservative there (Hayter 1984 Ann. Stat. 12:61).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special

Floats = npt.NDArray[np.float64]
NODES = 160
LARGEST_DF = 25_000.0
"""Beyond this the sd is taken as known: the difference is below 1e-6 of p."""


@dataclass(frozen=True, slots=True)
class PairDifference:
    """Second minus first of two groups, with simultaneous bounds and p."""

    first: int
    second: int
    difference: float
    lower: float
    upper: float
    p: float


def tukey_honest_differences(groups: Sequence[npt.ArrayLike], confidence: float = 0.95) -> tuple[PairDifference, ...]:
    """Return every difference of two groups' means, bounds and p-values holding for all at once.

    Args:
        groups: Observations of each group (n_g).
        confidence: Of all intervals together.

    Raises:
        ValueError: There are fewer than two groups, one is empty, or nothing is left to estimate the variance.
    """
    samples = [np.asarray(group, dtype=np.float64) for group in groups]
    sizes = [len(sample) for sample in samples]
    df = sum(sizes) - len(sizes)
    if len(samples) < 2 or min(sizes) < 1 or df < 1:
        raise ValueError(f"expected two groups or more and a spare observation, got sizes {sizes}")
    means = [math.fsum(sample.tolist()) / len(sample) for sample in samples]
    rest = math.fsum(float(((s - m) ** 2).sum()) for s, m in zip(samples, means, strict=True))
    wide = range_quantile(1.0 - confidence, len(samples), df)
    found = []
    for i, j in itertools.combinations(range(len(samples)), 2):
        error = math.sqrt(0.5 * rest / df * (1.0 / sizes[i] + 1.0 / sizes[j]))
        gap = means[j] - means[i]
        p = range_tail(abs(gap) / error, len(samples), df) if error > 0.0 else float(gap == 0.0)
        found.append(PairDifference(i, j, gap, gap - wide * error, gap + wide * error, p))
    return tuple(found)


def range_tail(q: float, k: int, df: float) -> float:
    """Return P(Q >= q) for the studentised range of k normals, df degrees of freedom."""
    if q <= 0.0:
        return 1.0
    if df > LARGEST_DF:
        return float(_range_tails(np.array([q]), k)[0])
    points, weights = _sd_nodes(df)
    return min(1.0, max(0.0, float(weights @ _range_tails(q * points, k))))


def range_quantile(level: float, k: int, df: float) -> float:
    """Return the q with P(Q >= q) = level."""
    low, high = 0.0, 8.0
    while range_tail(high, k, df) > level:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if range_tail(middle, k, df) > level else (low, middle)
    return 0.5 * (low + high)


def _range_tails(widths: Floats, k: int) -> Floats:
    """Return 1 - k int phi(z) (Phi(z) - Phi(z - w))^(k - 1) dz for each width, z the greatest of the k."""
    z, weights = _normal_nodes()
    inside = special().ndtr(z)[None, :] - special().ndtr(z[None, :] - widths[:, None])
    # Phi(z)^(k-1) integrates to 1/k, so the tail is a sum of positive terms.
    lost = special().ndtr(z)[None, :] ** (k - 1) - np.maximum(inside, 0.0) ** (k - 1)
    return np.asarray(k * (lost @ weights), dtype=np.float64)


@cache
def _normal_nodes() -> tuple[Floats, Floats]:
    z, weights = np.polynomial.legendre.leggauss(NODES)
    z = 9.0 * z
    return z, 9.0 * weights * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


@cache
def _sd_nodes(df: float) -> tuple[Floats, Floats]:
    """Return quadrature of the law of s / sigma = sqrt(chi2 / df), in u = its probability-like middle range."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    sp = special()
    low = math.sqrt(2.0 * float(sp.gammaincinv(0.5 * df, 1e-17)) / df)
    high = math.sqrt(2.0 * float(sp.gammainccinv(0.5 * df, 1e-17)) / df)
    s = 0.5 * (high - low) * nodes + 0.5 * (high + low)
    log_density = (
        math.log(2.0)
        + 0.5 * df * math.log(0.5 * df)
        - float(sp.gammaln(0.5 * df))
        + (df - 1) * np.log(s)
        - 0.5 * df * s * s
    )
    return s, 0.5 * (high - low) * weights * np.exp(log_density)
