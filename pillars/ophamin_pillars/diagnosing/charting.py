"""Control charts of one sequence: the signals at the limits of the books, and how far the whole of it goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.cusum import tabular_cusum
from ophamin_pillars.control.estimation import PhaseOne, df_of_moving_ranges, df_of_ranges
from ophamin_pillars.control.ewma import ewma_chart
from ophamin_pillars.control.run_rules import western_electric, zone_signals
from ophamin_pillars.control.signals import Signal
from ophamin_pillars.diagnosing.chart_statistics import (
    CHANGE,
    CUSUM,
    CUSUM_H,
    CUSUM_K,
    EWMA,
    EWMA_WEIGHT,
    LOCATION,
    RULES,
    SIGMAS,
    SPREAD,
    ChartPlan,
    chart_statistics,
    deviation_sums,
    plotted,
    signals_anywhere,
)
from ophamin_pillars.diagnosing.reference import standing_of
from ophamin_pillars.diagnosing.series import standardised

Floats = npt.NDArray[np.float64]
_CHARTS = {
    "all": (LOCATION, SPREAD, RULES, CUSUM, EWMA, CHANGE),
    "shewhart": (LOCATION, SPREAD, RULES),
    "cusum": (CUSUM, CHANGE),
    "ewma": (EWMA,),
}


@dataclass(frozen=True, slots=True)
class Charted:
    """What the charts show."""

    p: float
    """Share of other orders (or normal samples) that go as far, over all charts and points."""
    draws: int
    any_share: float
    """Share of them with some signal at the limits of the books."""
    points: int
    signals: tuple[tuple[str, tuple[int, ...]], ...]
    """Rule and the points it fired at, from 0; the chart of the spread first."""
    change: int | None
    """First point after the most likely change of the mean, where the sums of deviations were looked at."""
    per_point: float
    """Expected rate of false alarms of one new point beyond the limits of the location chart, if normal."""
    phase_one: str
    """What estimating the limits did, in words."""


def chart_series(
    values: Floats,
    *,
    binary: bool,
    chart: str,
    rules: str,
    subgroup: int,
    baseline: int | None,
    reference: str,
) -> Charted:
    """Return the charts of ``values``, shape (units,); other arguments are the options of ``O.spc``."""
    points = len(values) // subgroup
    wanted = _CHARTS[chart]
    plan = ChartPlan(
        subgroup=subgroup,
        baseline=points if baseline is None else baseline,
        charts=tuple(name for name in wanted if not (name == RULES and not rules) and not (name == SPREAD and binary)),
        rules=western_electric(rules) if rules else (),
        binary=binary,
    )
    x = values if binary else standardised(values)
    standing = standing_of(x, lambda orders: chart_statistics(orders, plan), reference)
    phase = _phase_one(plan)
    return Charted(
        p=standing.p,
        draws=standing.draws,
        any_share=float(signals_anywhere(standing.others, plan).mean()),
        points=points,
        signals=_signals(x, plan),
        change=_change(x, plan),
        per_point=phase.expected_false_alarms,
        phase_one=phase.describe(),
    )


def _change(x: Floats, plan: ChartPlan) -> int | None:
    if CHANGE not in plan.charts:
        return None
    sums = deviation_sums(plotted(x[:, None], plan).z)[:, 0]
    return min(len(sums) - 1, int(np.abs(sums).argmax()) + 1)


def _phase_one(plan: ChartPlan) -> PhaseOne:
    size, m = plan.subgroup, plan.baseline
    df = df_of_ranges(m, size) if size > 1 else df_of_moving_ranges(m - 1)
    return PhaseOne(m, size, SIGMAS, df)


def _signals(x: Floats, plan: ChartPlan) -> tuple[tuple[str, tuple[int, ...]], ...]:
    shown = plotted(x[:, None], plan)
    z, spreads = shown.z[:, 0], shown.spreads[:, 0]
    found: dict[str, list[int]] = {}
    if SPREAD in plan.charts:
        # A moving range belongs to the later of its two values.
        name, offset = ("R", 0) if plan.subgroup > 1 else ("moving range", 1)
        found[f"{name} beyond its limits"] = [int(i) + offset for i in np.flatnonzero(np.abs(spreads) > 1.0)]
    if LOCATION in plan.charts:
        found["mean beyond 3 sigma" if plan.subgroup > 1 else "beyond 3 sigma"] = np.flatnonzero(
            np.abs(z) > SIGMAS
        ).tolist()
    if RULES in plan.charts:
        # Rule 1, one point, is the location chart's own limit.
        found |= {f"rule {rule.name}": _indices(zone_signals(z, (rule,))) for rule in plan.rules if rule.window > 1}
    if CUSUM in plan.charts:
        found["CUSUM"] = _indices(tabular_cusum(z, target=0.0, k=CUSUM_K, h=CUSUM_H).signals)
    if EWMA in plan.charts:
        chart = ewma_chart(z, weight=EWMA_WEIGHT, target=0.0, sigma=1.0, width=SIGMAS, asymptotic=False)
        found["EWMA"] = _indices(chart.signals)
    return tuple((rule, tuple(sorted(set(places)))) for rule, places in found.items() if places)


def _indices(signals: tuple[Signal, ...]) -> list[int]:
    return [signal.index for signal in signals]
