"""ABC: approximate bootstrap confidence bounds without resampling (DiCiccio & Efron 1992, Biometrika 79:231).

For statistics that are smooth functions of the weights of the observations: derivatives at equal weights stand in for
resamples (Efron & Tibshirani 1993, section 22.6). Two evaluations per observation, no seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special

Floats = npt.NDArray[np.float64]
WeightedStatistic = Callable[[Floats], float]
"""Takes weights of shape (n,) that sum to 1."""

STEP = 0.001
"""Step of the numerical derivatives, in units of 1 / n."""


@dataclass(frozen=True, slots=True)
class Abc:
    """What ABC needs of a statistic.

    Attributes:
        estimate: The statistic at equal weights.
        error: Its delta-method standard error.
        a: Acceleration.
        z0: Bias correction.
        curvature: Quadratic coefficient c_q.
        direction: Derivatives in each weight over n^2 error, the least favourable direction, shape (n,).
    """

    estimate: float
    error: float
    a: float
    z0: float
    curvature: float
    direction: Floats


def abc_of(statistic: WeightedStatistic, n: int, *, linear_z0: bool = False) -> Abc:
    """Differentiate ``statistic`` at equal weights of ``n`` observations.

    Args:
        statistic: Any smooth function of the weights.
        n: Observations.
        linear_z0: Take a - gamma for z0 = Phi^-1(2 Phi(a) Phi(-gamma)), to first order the same, as R's ``boot`` does;
            the interval (116.7, 260.9) of Efron & Tibshirani's table 14.2 rests on the latter, R's is (116.5, 260.5).

    Raises:
        ValueError: The statistic does not depend on the weights.
    """
    equal = np.full(n, 1.0 / n)
    step, here = STEP / n, statistic(equal)
    first, second = np.empty(n), np.empty(n)
    for i in range(n):
        one = np.zeros(n)
        one[i] = 1.0
        above, below = statistic((1.0 - step) * equal + step * one), statistic((1.0 + step) * equal - step * one)
        first[i], second[i] = (above - below) / (2.0 * step), (above - 2.0 * here + below) / step**2
    squares = float(first @ first)
    if squares == 0.0:
        raise ValueError("statistic: expected one that depends on the weights, came a constant")
    error = math.sqrt(squares) / n
    a = float((first**3).sum()) / (6.0 * squares**1.5)
    direction = first / (n * n * error)
    bias = float(second.sum()) / (2.0 * n * n)
    bend = statistic(equal + step * direction) - 2.0 * here + statistic(equal - step * direction)
    curvature = bend / (2.0 * error * step**2)
    gamma = bias / error - curvature
    return Abc(here, error, a, a - gamma if linear_z0 else _z0(a, gamma), curvature, direction)


def abc_bound(statistic: WeightedStatistic, fitted: Abc, level: float) -> float:
    """Return the lower bound at ``level`` (the upper one at 1 - level)."""
    w = fitted.z0 + float(special().ndtri(level))
    reach = w / (1.0 - fitted.a * w) ** 2
    n = len(fitted.direction)
    return statistic(np.full(n, 1.0 / n) + reach * fitted.direction)


def abc_interval(
    statistic: WeightedStatistic, n: int, confidence: float, *, linear_z0: bool = False
) -> tuple[float, float]:
    """Return both bounds at half the error."""
    fitted, tail = abc_of(statistic, n, linear_z0=linear_z0), 0.5 * (1.0 - confidence)
    return abc_bound(statistic, fitted, tail), abc_bound(statistic, fitted, 1.0 - tail)


def weighted_variance(x: Floats) -> WeightedStatistic:
    """Return the plug-in variance of ``x``, shape (n,), as a function of weights."""

    def variance(weights: Floats) -> float:
        weights = weights / weights.sum()
        deviations = x - float(weights @ x)
        return float(weights @ (deviations * deviations))

    return variance


def weighted_mean(x: Floats) -> WeightedStatistic:
    """Return the mean of ``x``, shape (n,), as a function of weights."""
    return lambda weights: float(weights @ x) / float(weights.sum())


def weighted_correlation(x: Floats, y: Floats) -> WeightedStatistic:
    """Return Pearson's correlation of two arrays of shape (n,) as a function of weights."""

    def correlation(weights: Floats) -> float:
        weights = weights / weights.sum()
        u, v = x - float(weights @ x), y - float(weights @ y)
        return float(weights @ (u * v)) / math.sqrt(float(weights @ (u * u)) * float(weights @ (v * v)))

    return correlation


def _z0(a: float, gamma: float) -> float:
    sp = special()
    share = 2.0 * float(sp.ndtr(a)) * float(sp.ndtr(-gamma))
    return float(sp.ndtri(min(max(share, 1e-300), 1.0 - 1e-16)))
