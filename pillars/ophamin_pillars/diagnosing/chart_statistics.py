"""How far each control chart of a process goes, for many orders of its units at once.

One column is one order. Every statistic is the greatest excursion of a chart in its own limits (above 1: a signal), the
number of signals of the runs rules, or the range of the sums of all deviations. Centre and sigma of each column come
from its own baseline, as they do on the chart: what estimating them does to false alarms is part of every comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.constants import range_moments
from ophamin_pillars.control.run_rules import Region, ZoneRule
from ophamin_pillars.control.signals import discounted_sums

Floats = npt.NDArray[np.float64]

SIGMAS = 3.0
CUSUM_K, CUSUM_H = 0.5, 5.0
"""Montgomery 9.1: finds a shift of one sigma, in-control run length 465."""
EWMA_WEIGHT = 0.2
LEAST_SIGMA = 1e-9
"""Of values scaled to 1: a baseline without spread makes any deviation a signal instead of a division by 0."""

LOCATION, SPREAD, RULES, CUSUM, EWMA, CHANGE = "location", "spread", "rules", "cusum", "ewma", "change"
_LIMITS = {RULES: 0.0, CHANGE: math.inf}
"""Above which a statistic means a signal, where that is not 1; the books give no limit to the sums of deviations."""


@dataclass(frozen=True, slots=True)
class ChartPlan:
    """Which charts are drawn, of what, and from which baseline."""

    subgroup: int
    baseline: int
    """Subgroups (single values when ``subgroup`` is 1) the limits are estimated from."""
    charts: tuple[str, ...]
    """Of LOCATION, SPREAD, RULES, CUSUM, EWMA, CHANGE."""
    rules: tuple[ZoneRule, ...]
    binary: bool
    """Whether values are 0 or 1: sigma follows from the centre."""


@dataclass(frozen=True, slots=True)
class Plotted:
    """What the charts show, column by column."""

    z: Floats
    """Standardised means, shape (points, rows)."""
    spreads: Floats
    """Ranges or moving ranges from their centre, in the half width of their limits, shape (points or fewer, rows)."""


def plotted(x: Floats, plan: ChartPlan) -> Plotted:
    """Return the points of all charts for orders ``x``, shape (units, rows)."""
    size, rows = plan.subgroup, x.shape[1]
    groups = x[: len(x) // size * size].reshape(-1, size, rows)
    means: Floats = groups.mean(axis=1)
    center = means[: plan.baseline].mean(axis=0)
    d2, d3 = range_moments(max(size, 2))
    if size > 1:
        ranges: Floats = groups.max(axis=1) - groups.min(axis=1)
        typical = ranges[: plan.baseline].mean(axis=0)
    else:
        ranges = np.abs(np.diff(means, axis=0))
        typical = ranges[: plan.baseline - 1].mean(axis=0)
    sigma = np.sqrt(center * (1.0 - center)) if plan.binary else typical / d2
    sigma = np.maximum(sigma, LEAST_SIGMA)
    return Plotted(
        z=(means - center) * (math.sqrt(size) / sigma),
        spreads=(ranges - d2 * sigma) / (SIGMAS * d3 * sigma),
    )


def chart_statistics(x: Floats, plan: ChartPlan) -> Floats:
    """Return one row per chart of ``plan.charts``, shape (charts, rows)."""
    shown = plotted(x, plan)
    found: dict[str, Callable[[], Floats]] = {
        LOCATION: lambda: np.abs(shown.z).max(axis=0) / SIGMAS,
        SPREAD: lambda: np.abs(shown.spreads).max(axis=0),
        RULES: lambda: rule_counts(shown.z, plan.rules),
        CUSUM: lambda: cusum_sums(shown.z).max(axis=0) / CUSUM_H,
        EWMA: lambda: np.abs(ewma_excursions(shown.z)).max(axis=0),
        CHANGE: lambda: np.ptp(deviation_sums(shown.z), axis=0) / math.sqrt(len(shown.z)),
    }
    return np.stack([found[chart]() for chart in plan.charts])


def signals_anywhere(statistics: Floats, plan: ChartPlan) -> npt.NDArray[np.bool_]:
    """Return which columns have any signal at the limits of the books, shape (rows,)."""
    limits = np.array([_LIMITS.get(chart, 1.0) for chart in plan.charts])
    signalled: npt.NDArray[np.bool_] = np.any(statistics > limits[:, None], axis=0)
    return signalled


def rule_counts(z: Floats, rules: tuple[ZoneRule, ...]) -> Floats:
    """Return how often any rule fires, shape (rows,)."""
    count = np.zeros(z.shape[1])
    for rule in rules:
        for region in rule.regions:
            inside = _inside(z, region)
            reached = np.zeros((len(z) + rule.window, z.shape[1]), dtype=np.int32)
            np.cumsum(inside, axis=0, out=reached[rule.window :])
            fires = inside & (reached[rule.window :] - reached[: len(z)] >= rule.count)
            count += fires.sum(axis=0)
    return count


def cusum_sums(z: Floats) -> Floats:
    """Return the greater of both tabular sums at every point, shape (points, rows)."""
    sums: Floats = np.maximum(_reflected(z - CUSUM_K), _reflected(-z - CUSUM_K))
    return sums


def ewma_excursions(z: Floats) -> Floats:
    """Return the moving average in half widths of its exact limits, shape (points, rows)."""
    averages = discounted_sums(EWMA_WEIGHT * z, 1.0 - EWMA_WEIGHT)
    t = np.arange(1, len(z) + 1)
    variance = EWMA_WEIGHT / (2.0 - EWMA_WEIGHT) * -np.expm1(2.0 * t * math.log1p(-EWMA_WEIGHT))
    excursions: Floats = averages / (SIGMAS * np.sqrt(variance))[:, None]
    return excursions


def deviation_sums(z: Floats) -> Floats:
    """Return the sums of deviations from the overall mean, shape (points, rows): a kink where the mean changes.

    Their range among reorderings is Taylor's (2000) change-point analysis; a tabular CUSUM around the overall mean
    leaves an allowance that hides a step in the middle from it.
    """
    sums: Floats = np.cumsum(z - z.mean(axis=0), axis=0)
    return sums


def _reflected(steps: Floats) -> Floats:
    walk = np.cumsum(steps, axis=0)
    reflected: Floats = walk - np.minimum.accumulate(np.minimum(walk, 0.0), axis=0)
    return reflected


def _inside(z: Floats, region: Region) -> npt.NDArray[np.bool_]:
    inside = np.zeros(z.shape, dtype=np.bool_)
    for low, high in region:
        inside |= (z > low) & (z < high)
    return inside
