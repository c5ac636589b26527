"""Shewhart charts of measurements: X-bar with R or S, and individuals with moving ranges.

The chart of the spread is part of the result, and evaluated: limits for means rest on it, so a range out of control
makes them worthless (Montgomery, Introduction to Statistical Quality Control, 6.2-6.4; NIST e-Handbook 6.3.2).

    >>> import numpy as np
    >>> x = np.array([[5.0, 5.1], [4.9, 5.0], [5.0, 5.2], [4.9, 5.1], [7.0, 7.1]])
    >>> found = xbar_r(x, baseline=4)
    >>> [(signal.index, signal.side) for signal in found.signals]
    [(4, 'above')]
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.constants import c4_and_spread, range_moments
from ophamin_pillars.control.estimation import PhaseOne, df_of_deviations, df_of_moving_ranges, df_of_ranges
from ophamin_pillars.control.signals import Chart, Floats, Signal, as_sequence, check_positive

THREE_SIGMA = 3.0


@dataclass(frozen=True, slots=True)
class ShewhartCharts:
    """A chart of location with the chart of spread its limits come from."""

    location: Chart
    spread: Chart
    sigma: float
    """Estimated standard deviation of one observation within a subgroup."""
    phase_one: PhaseOne

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Signals of both charts, those of the spread first: they say whether the others mean anything."""
        return (*self.spread.signals, *self.location.signals)

    @property
    def limits_hold(self) -> bool:
        """Whether no baseline subgroup has a spread out of control."""
        return all(signal.index >= self.phase_one.subgroups for signal in self.spread.signals)


def xbar_r(
    subgroups: npt.ArrayLike,
    *,
    sigmas: float = THREE_SIGMA,
    baseline: int | None = None,
    constants: tuple[float, float] | None = None,
) -> ShewhartCharts:
    """Return X-bar and R charts with limits from the mean range.

    Args:
        subgroups: shape (m, n), n >= 2.
        sigmas: half width of all limits in standard errors.
        baseline: how many of the first subgroups the limits are estimated from; all by default.
        constants: d2 and d3 of a printed table, to reproduce limits computed with it; exact ones by default.

    Raises:
        ValueError: another shape, values that are not finite, or a baseline outside 1..m.
    """
    x, m = _as_subgroups(subgroups, baseline)
    size = x.shape[1]
    ranges: Floats = x.max(axis=1) - x.min(axis=1)
    d2, d3 = constants or range_moments(size)
    sigma = float(ranges[:m].mean()) / d2
    spread = _spread_chart("R", ranges, d2 * sigma, sigmas * d3 * sigma)
    phase = PhaseOne(m, size, sigmas, df_of_ranges(m, size))
    return ShewhartCharts(_mean_chart(x, m, sigmas * sigma), spread, sigma, phase)


def xbar_s(subgroups: npt.ArrayLike, *, sigmas: float = THREE_SIGMA, baseline: int | None = None) -> ShewhartCharts:
    """Return X-bar and S charts with limits from the mean standard deviation; arguments as :func:`xbar_r`."""
    x, m = _as_subgroups(subgroups, baseline)
    size = x.shape[1]
    deviations: Floats = x.std(axis=1, ddof=1)
    c4, c4_spread = c4_and_spread(size)
    sigma = float(deviations[:m].mean()) / c4
    spread = _spread_chart("S", deviations, c4 * sigma, sigmas * c4_spread * sigma)
    phase = PhaseOne(m, size, sigmas, df_of_deviations(m, size))
    return ShewhartCharts(_mean_chart(x, m, sigmas * sigma), spread, sigma, phase)


def individuals(x: npt.ArrayLike, *, sigmas: float = THREE_SIGMA, baseline: int | None = None) -> ShewhartCharts:
    """Return charts of single values and of their moving ranges of two (I-MR).

    Args:
        x: shape (n,), n >= 2. Point i of the moving range chart is ``|x[i + 1] - x[i]|``.
        sigmas: half width of all limits in standard errors.
        baseline: how many of the first values the limits are estimated from; all by default.

    Raises:
        ValueError: fewer than two values, values that are not finite, or a baseline outside 2..n.
    """
    values = as_sequence(x, "x", least=2)
    m = _checked_baseline(baseline, len(values), least=2)
    moving: Floats = np.abs(np.diff(values))
    d2, d3 = range_moments(2)
    sigma = float(moving[: m - 1].mean()) / d2
    spread = _spread_chart("MR", moving, d2 * sigma, sigmas * d3 * sigma)
    center = float(values[:m].mean())
    location = flat_chart("I", values, center, center - sigmas * sigma, center + sigmas * sigma)
    return ShewhartCharts(location, spread, sigma, PhaseOne(m, 1, sigmas, df_of_moving_ranges(m - 1)))


def run_length(sigmas: float, shift: float = 0.0, size: int = 1) -> float:
    """Return the mean number of points to the first outside ``sigmas`` limits, all parameters known.

    Args:
        sigmas: half width of the limits in standard errors.
        shift: of the mean, in standard deviations of one observation.
        size: of a subgroup.

    Raises:
        ValueError: sigmas not above 0, or size below 1.
    """
    check_positive("sigmas", sigmas)
    if size < 1:
        raise ValueError(f"subgroup size must be at least 1, got {size!r}")
    moved = shift * math.sqrt(size)
    outside = special().ndtr(-sigmas - moved) + special().ndtr(moved - sigmas)
    return math.inf if outside == 0.0 else float(1.0 / outside)


def flat_chart(name: str, values: Floats, center: float, lower: float, upper: float) -> Chart:
    """Return a chart whose limits are the same at every point."""
    n = len(values)
    return Chart(name, values, center, np.full(n, lower), np.full(n, upper))


def _mean_chart(x: Floats, m: int, width: float) -> Chart:
    means: Floats = x.mean(axis=1)
    center, half = float(means[:m].mean()), width / math.sqrt(x.shape[1])
    return flat_chart("X-bar", means, center, center - half, center + half)


def _spread_chart(name: str, values: Floats, center: float, half: float) -> Chart:
    return flat_chart(name, values, center, max(0.0, center - half), center + half)


def _as_subgroups(subgroups: npt.ArrayLike, baseline: int | None) -> tuple[Floats, int]:
    x: Floats = np.asarray(subgroups, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] < 1 or x.shape[1] < 2:
        raise ValueError(f"subgroups must have shape (m, n) with m >= 1 and n >= 2, got {x.shape}")
    if not bool(np.isfinite(x).all()):
        raise ValueError("subgroups must be finite, got NaN or infinity")
    return x, _checked_baseline(baseline, x.shape[0], least=1)


def _checked_baseline(baseline: int | None, n: int, least: int) -> int:
    if baseline is None:
        return n
    if not least <= baseline <= n:
        raise ValueError(f"baseline must lie in {least}..{n}, got {baseline!r}")
    return baseline
