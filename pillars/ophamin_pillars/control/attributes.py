"""Shewhart charts of counts: p, np, c and u, with the limits of the books and the exact error of each point.

Three-sigma limits for counts borrow the normal distribution; how often a point of an unchanged process lies outside
them depends on the counts. :func:`count_tails` gives each point's exact binomial or Poisson tail beside them.
(Montgomery, Introduction to Statistical Quality Control, chapter 7.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.shewhart import THREE_SIGMA
from ophamin_pillars.control.signals import Chart, Floats, as_sequence, check_positive


def p_chart(counts: npt.ArrayLike, sizes: npt.ArrayLike, *, sigmas: float = THREE_SIGMA) -> Chart:
    """Return the chart of proportions ``counts / sizes``.

    Args:
        counts: nonconforming per sample, shape (n,).
        sizes: of the samples, shape (n,) or one number.
        sigmas: half width of the limits in standard errors.

    Raises:
        ValueError: counts outside 0..size, or shapes that differ.
    """
    k, n = _counts_and_sizes(counts, sizes)
    if bool((k > n).any()):
        raise ValueError("counts must not exceed the size of their sample")
    center = float(k.sum() / n.sum())
    half = sigmas * np.sqrt(center * (1.0 - center) / n)
    return Chart("p", k / n, center, np.maximum(0.0, center - half), np.minimum(1.0, center + half))


def np_chart(counts: npt.ArrayLike, size: float, *, sigmas: float = THREE_SIGMA) -> Chart:
    """Return the chart of counts in samples of one ``size``; arguments as :func:`p_chart`."""
    chart = p_chart(counts, size, sigmas=sigmas)
    return Chart("np", chart.values * size, chart.center * size, chart.lower * size, chart.upper * size)


def u_chart(counts: npt.ArrayLike, sizes: npt.ArrayLike, *, sigmas: float = THREE_SIGMA) -> Chart:
    """Return the chart of events per unit, ``counts / sizes``; arguments as :func:`p_chart`, counts unbounded."""
    k, n = _counts_and_sizes(counts, sizes)
    center = float(k.sum() / n.sum())
    half = sigmas * np.sqrt(center / n)
    return Chart("u", k / n, center, np.maximum(0.0, center - half), center + half)


def c_chart(counts: npt.ArrayLike, *, sigmas: float = THREE_SIGMA) -> Chart:
    """Return the chart of events in units of one size."""
    chart = u_chart(counts, 1.0, sigmas=sigmas)
    return Chart("c", chart.values, chart.center, chart.lower, chart.upper)


def count_tails(counts: npt.ArrayLike, sizes: npt.ArrayLike, rate: float, *, binomial: bool) -> Floats:
    """Return for each point the smaller of P(X >= count) and P(X <= count) at a known rate, shape (n,).

    Args:
        counts: shape (n,).
        sizes: shape (n,) or one number.
        rate: probability (binomial) or events per unit (Poisson) of the unchanged process.
        binomial: whether counts are binomial; Poisson otherwise.

    Raises:
        ValueError: a rate outside (0, 1) or not above 0, and as :func:`p_chart`.
    """
    check_positive("rate", rate)
    k, n = _counts_and_sizes(counts, sizes)
    sp = special()
    above = np.ones_like(k)
    some = k > 0.0
    if binomial:
        if rate >= 1.0 or bool((k > n).any()):
            raise ValueError("a binomial rate must lie below 1 and counts within their sizes")
        above[some] = sp.betainc(k[some], n[some] - k[some] + 1.0, rate)
        below = np.where(k < n, 1.0 - sp.betainc(k + 1.0, np.maximum(n - k, 1.0), rate), 1.0)
    else:
        above[some] = sp.gammainc(k[some], n[some] * rate)
        below = sp.gammaincc(k + 1.0, n * rate)
    tails: Floats = np.minimum(above, below)
    return tails


def _counts_and_sizes(counts: npt.ArrayLike, sizes: npt.ArrayLike) -> tuple[Floats, Floats]:
    k = as_sequence(counts, "counts")
    n: Floats = np.asarray(sizes, dtype=np.float64)
    if n.ndim > 1 or (n.ndim == 1 and n.shape != k.shape):
        raise ValueError(f"sizes must be one number or have shape {k.shape}, got {n.shape}")
    n = np.broadcast_to(n, k.shape)
    if bool((k < 0.0).any()) or not bool((np.isfinite(n) & (n > 0.0)).all()):
        raise ValueError("counts must be at least 0 and sizes finite and above 0")
    return k, n
