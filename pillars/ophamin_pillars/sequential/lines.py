"""Integer boundaries from likelihood ratio thresholds: the lines of Wald's test, rounded to counts."""

from __future__ import annotations

import math

import numpy as np

from ophamin_pillars.sequential.stopping import Boundaries, Counts, Floats, check_design


def ratio_boundaries(p0: float, p1: float, log_a: float, log_b: float, cap: int) -> Boundaries:
    """Return the counts at which the log likelihood ratio of p1 to p0 is first at least log A, or at most log B.

    Args:
        p0: Lower proportion, in [0, 1).
        p1: Upper proportion, in (p0, 1].
        log_a: Upper threshold, positive.
        log_b: Lower threshold, negative.
        cap: Number of trials after which sampling stops between the boundaries.

    Raises:
        ValueError: An argument outside its range.
    """
    check_design(p0, p1, 0.5, 0.5)
    if not (log_b < 0.0 < log_a and cap >= 1):
        raise ValueError(f"thresholds lie on both sides of 0 and the cap is positive, not {log_b}, {log_a} and {cap}")
    n = np.arange(cap + 1, dtype=np.int64)
    if p0 == 0.0 or p1 == 1.0:
        return _certain_boundaries(p0, p1, log_a, log_b, n)
    success, failure = log_ratios(p0, p1)
    odds = success - failure
    upper, lower = line_counts(-failure / odds, log_a / odds, -log_b / odds, n)
    return Boundaries(upper=upper, lower=lower)


def line_counts(slope: float, above: float | Floats, below: float | Floats, n: Counts) -> tuple[Counts, Counts]:
    """Return the least counts at ``slope * n + above`` or over, and the greatest at ``slope * n - below`` or under.

    Nine decimals are enough to tell counts apart, and hide the last digits in which platforms differ.
    """
    line = round(slope, 12) * n
    upper = np.ceil(np.round(line + above, 9)).astype(np.int64)
    lower = np.floor(np.round(line - below, 9)).astype(np.int64)
    return np.minimum(upper, n + 1), np.maximum(lower, -1)


def _certain_boundaries(p0: float, p1: float, log_a: float, log_b: float, n: Counts) -> Boundaries:
    """Return boundaries where a success is impossible under p0 = 0, or a failure under p1 = 1."""
    if p0 == 0.0 and p1 == 1.0:
        return Boundaries(upper=np.ones_like(n), lower=np.zeros_like(n))  # the first outcome is conclusive
    if p0 == 0.0:
        enough = np.round(n * math.log1p(-p1), 9) <= round(log_b, 9)
        return Boundaries(upper=np.minimum(n + 1, 1), lower=np.where(enough, 0, -1))
    enough = np.round(-n * math.log(p0), 9) >= round(log_a, 9)
    return Boundaries(upper=np.where(enough, n, n + 1), lower=n - 1)


def log_ratios(p0: float, p1: float) -> tuple[float, float]:
    """Return the log likelihood ratio of p1 to p0 for one success and for one failure."""
    if not 0.0 < p0 < p1 < 1.0:
        raise ValueError(f"log likelihood ratios are finite for 0 < p0 < p1 < 1, not {p0} and {p1}")
    return math.log(p1 / p0), math.log((1.0 - p1) / (1.0 - p0))
