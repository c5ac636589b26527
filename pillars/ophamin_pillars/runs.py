"""Exact and rank tests of serial order: is a sequence as mixed as an exchangeable one would be?

All lags share one null distribution: the sequence is re-arranged so that observations ``lag`` trials apart stand side
by side (its slices ``x[r::lag]`` one after the other), and under exchangeability every re-arrangement is as likely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_Item = TypeVar("_Item", np.float64, np.bool_)

LARGEST_LAG = 10
LEAST_PER_LAG = 10
"""Observations each slice of a re-arrangement must hold for a lag to be looked at."""


@dataclass(frozen=True, slots=True)
class Clumping:
    """The strongest departure in either direction over all lags; p-values are Bonferroni-corrected for the lags."""

    p_clumped: float
    """Equal neighbours too often: fewer independent observations than trials."""
    p_alternating: float
    """Equal neighbours too rarely."""
    lag: int
    """Lag of the strongest clumping."""


NOTHING = Clumping(1.0, 1.0, 1)


def lags_of(n: int) -> range:
    """Return the lags looked at for n observations."""
    return range(1, min(LARGEST_LAG, n // LEAST_PER_LAG) + 1)


def rearranged(x: npt.NDArray[_Item], lag: int) -> npt.NDArray[_Item]:
    """Return ``x`` with observations ``lag`` apart side by side, shape (n,)."""
    return x if lag == 1 else np.concatenate([x[start::lag] for start in range(lag)])


def clumping_of_bits(x: Bools) -> Clumping:
    """Test a 0/1 sequence by its number of runs of ones, which given the number of ones is hypergeometric."""
    n, ones = len(x), int(np.count_nonzero(x))
    lags = lags_of(n)
    if not lags or ones in (0, n):
        return NOTHING
    runs = [_runs_of_ones(rearranged(x, lag)) for lag in lags]
    few, many = min(runs), max(runs)
    below, above = run_tails(n, ones, few, many)
    return Clumping(min(1.0, len(lags) * below), min(1.0, len(lags) * above), lags[runs.index(few)])


def clumping_of_ranks(ranks: Floats) -> Clumping:
    """Test a sequence by the serial product of its centred midranks (Wald & Wolfowitz 1943, on ranks)."""
    n = len(ranks)
    lags = lags_of(n)
    if not lags:
        return NOTHING
    mean, deviation = _serial_moments(ranks)
    if not deviation > 0.0:
        return NOTHING
    scores = []
    for lag in lags:
        a = rearranged(ranks, lag)
        scores.append((float(np.dot(a[:-1], a[1:])) - mean) / deviation)
    sp = special()
    most, least = max(scores), min(scores)
    return Clumping(
        min(1.0, len(lags) * float(sp.ndtr(-most))),
        min(1.0, len(lags) * float(sp.ndtr(least))),
        lags[scores.index(most)],
    )


def run_tails(n: int, ones: int, few: int, many: int) -> tuple[float, float]:
    """Return P(K <= few) and P(K >= many) for the number K of runs of ones in a random arrangement."""
    zeros = n - ones
    k = np.arange(1, min(ones, zeros + 1) + 1, dtype=np.float64)
    gammaln = special().gammaln
    logs = (
        gammaln(zeros + 2)
        - gammaln(k + 1)
        - gammaln(zeros + 2 - k)  # places for k runs among the zeros
        + gammaln(ones)
        - gammaln(k)
        - gammaln(ones - k + 1)  # ways to cut the ones into k runs
        - gammaln(n + 1)
        + gammaln(ones + 1)
        + gammaln(zeros + 1)
    )
    weights = np.exp(logs)
    return min(1.0, float(weights[:few].sum())), min(1.0, float(weights[many - 1 :].sum()))


def autocorrelation(x: Floats, lag: int) -> float:
    """Return the sample autocorrelation at ``lag``; 0 for a constant sequence."""
    centred = x - x.mean()
    total = float(np.dot(centred, centred))
    return float(np.dot(centred[:-lag], centred[lag:])) / total if total > 0.0 else 0.0


def effective_n(x: Floats) -> float:
    """Return n over the integrated autocorrelation time (Geyer 1992: initial positive monotone sequence)."""
    n = len(x)
    centred = x - x.mean()
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[: n // 2 * 2]
    if not covariance[0] > 0.0:
        return float(n)
    pairs = (covariance[0::2] + covariance[1::2]) / covariance[0]
    ends = np.flatnonzero(pairs <= 0.0)
    positive = pairs[: int(ends[0])] if len(ends) else pairs
    time = 2.0 * float(np.minimum.accumulate(positive).sum()) - 1.0 if len(positive) else 1.0
    return float(min(n, max(1.0, n / max(time, 1.0))))


def centred_ranks(x: Floats) -> Floats:
    """Return midranks less their mean, shape (n,)."""
    n = len(x)
    order = np.argsort(x, kind="stable")
    ordered = x[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], n)
    ranks = np.empty(n)
    ranks[order] = np.repeat(0.5 * (starts + ends - 1), ends - starts)
    return ranks - 0.5 * (n - 1)


def _runs_of_ones(x: Bools) -> int:
    return int(np.count_nonzero(x[1:] > x[:-1])) + int(x[0])


def _serial_moments(a: Floats) -> tuple[float, float]:
    """Return mean and deviation of ``sum a_i a_(i+1)`` over all n! orders, for numbers that sum to zero.

    With s_k = sum a ** k, s_1 = 0: E a_i a_j = -s2 / n(n-1); E (a_i a_j)^2 = (s2^2 - s4) / n(n-1);
    E a_i a_j^2 a_k = (2 s4 - s2^2) / n(n-1)(n-2); E a_i a_j a_k a_l = (3 s2^2 - 6 s4) / n(n-1)(n-2)(n-3).
    """
    n = len(a)
    squares = a * a
    s2, s4 = float(squares.sum()), float((squares * squares).sum())
    two = n * (n - 1.0)
    three, four = two * (n - 2.0), two * (n - 2.0) * (n - 3.0)
    mean = -(n - 1.0) * s2 / two
    second = (
        (n - 1.0) * (s2 * s2 - s4) / two
        + 2.0 * (n - 2.0) * (2.0 * s4 - s2 * s2) / three
        + (n - 2.0) * (n - 3.0) * (3.0 * s2 * s2 - 6.0 * s4) / four
    )
    return mean, math.sqrt(max(0.0, second - mean * mean))
