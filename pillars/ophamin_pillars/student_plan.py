"""Power and size of t tests: the noncentral t for one side, its two-sided twin by quadrature for equivalence."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.student import t_quantile
from pytest_ophamin.pillars import BadPlan, Claim, Plan, number

Limits = tuple[tuple[str, float], ...]
"""What the validating tests must reject: ``("greater", lo)``, ``("less", hi)``, or both."""

LEAST_N = 2
LARGEST_SIZE = 10_000_000


def t_power(limits: Limits, n: int, level: float, mean: float, sd: float) -> float:
    """Return P(all tests reject) for normal observations."""
    if n < LEAST_N:
        return 0.0
    error = sd / math.sqrt(n)
    if len(limits) == 1:
        direction, limit = limits[0]
        gap = mean - limit if direction == "greater" else limit - mean
        return one_sided_power(gap / error, n - 1, level)
    lo, hi = sorted(limit for _, limit in limits)
    return equivalence_power((mean - lo) / error, (hi - mean) / error, n - 1, level)


def one_sided_power(noncentrality: float, df: float, level: float) -> float:
    """Return P(T' >= t(1 - level)) for the noncentral t."""
    critical = t_quantile(level, df)
    # P(T' >= t; d) = P(T' <= -t; -d): the lower tail keeps its digits when the power is small.
    return float(min(1.0, max(0.0, special().nctdtr(df, -noncentrality, -critical))))


def equivalence_power(below: float, above: float, df: float, level: float) -> float:
    """Return the power of two one-sided t tests on one sample (Owen 1965, by Gauss-Legendre over the deviation).

    Args:
        below: Distance of the mean from the lower limit in standard errors.
        above: Distance of the mean from the upper limit in standard errors.
        df: Degrees of freedom.
        level: Level of each test.
    """
    sp = special()
    critical = t_quantile(level, df)
    largest = (below + above) / (2.0 * critical)  # beyond this observed deviation the two tests exclude each other
    if largest <= 0.0:
        return 0.0
    # The observed deviation over the true one, chi / sqrt(df), lies within 12 of its own deviations 1 / sqrt(2 df).
    least = max(0.0, 1.0 - 12.0 / math.sqrt(2.0 * df))
    largest = min(largest, 1.0 + 12.0 / math.sqrt(2.0 * df) + 6.0 / df)
    if largest <= least:
        return 0.0
    nodes, weights = _legendre()
    s = least + (largest - least) * 0.5 * (nodes + 1.0)
    log_density = (
        math.log(2.0)
        + 0.5 * df * math.log(0.5 * df)
        - float(sp.gammaln(0.5 * df))
        + (df - 1.0) * np.log(s)
        - 0.5 * df * s * s
    )
    inside = sp.ndtr(above - critical * s) - sp.ndtr(critical * s - below)
    total = 0.5 * (largest - least) * float(np.sum(weights * np.exp(log_density) * np.maximum(0.0, inside)))
    return min(1.0, max(0.0, total))


def t_plan(
    claim: Claim, limits: Limits, *, level: float, truth: float | None, back: Callable[[float], float] = float
) -> Plan:
    """Return the plan of a claim decided by t tests; ``back`` maps the tests' scale to the metric's."""
    power = detectable = None
    sd = expected_sd(claim)
    n = claim.trials
    if sd is not None and n >= LEAST_N:
        if truth is not None:
            power = t_power(limits, n, level, truth, sd)
        if len(limits) == 1:
            detectable = back(_detectable(limits[0], n, level, sd, claim.power))
    note = None if sd is not None else "power: give expecting= and expecting_sd="
    return Plan(n=n, least_n=LEAST_N, power=power, detectable=detectable, note=note)


def t_size(claim: Claim, limits: Limits, *, level: float, truth: float | None) -> int | None:
    """Return the least n at which the power reaches ``claim.power`` (it grows with n), or None."""
    sd = expected_sd(claim)
    if sd is None or truth is None:
        return None
    high = LEAST_N
    while t_power(limits, high, level, truth, sd) < claim.power:
        high *= 2
        if high > LARGEST_SIZE:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        reached = t_power(limits, middle, level, truth, sd) >= claim.power
        low, high = (low, middle) if reached else (middle, high)
    return high


def expected_sd(claim: Claim) -> float | None:
    """Return ``expecting_sd``, checked."""
    sd = claim.expecting_sd
    if sd is not None and not sd > 0.0:
        raise BadPlan(argument="expecting_sd", expected="a positive number", came=number(sd), fix="expecting_sd=1.0")
    return sd


def _detectable(limit: tuple[str, float], n: int, level: float, sd: float, power: float) -> float:
    """Return the mean nearest to the limit that reaches ``power``, by bisection on the noncentrality."""
    low, high = 0.0, 1.0
    while one_sided_power(high, n - 1, level) < power:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if one_sided_power(middle, n - 1, level) >= power else (middle, high)
    gap = high * sd / math.sqrt(n)
    return limit[1] + gap if limit[0] == "greater" else limit[1] - gap


@cache
def _legendre() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return nodes and weights on [-1, 1]: ten panels of 40 points (one panel of 400 takes seconds to find)."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    centres = np.linspace(-0.9, 0.9, 10)
    return (centres[:, None] + 0.1 * nodes).ravel(), np.tile(0.1 * weights, 10)
