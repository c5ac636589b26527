"""``O.spc``: was the process in one state while the trials ran, or did some stretch of them come from another?

Shewhart charts (X-bar and R of subgroups, single values and moving ranges, p of 0/1 subgroups) with the Western
Electric rules, CUSUM and EWMA, at the limits of the books. Those have no error rate over a whole sample: 400 values of
an unchanged process break one of the four rules somewhere nearly always. So what is *reported* are the signals, and
what is *judged* is whether the sample's own order goes further than other orders of it: one p-value for all charts
and all points, exact for exchangeable units (:mod:`ophamin_pillars.diagnosing.reference`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ophamin_pillars.diagnosing.options import Asked, requested
from ophamin_pillars.diagnosing.pillars import SpcPillar
from ophamin_pillars.diagnosing.series import DECISION, read_of, series_of
from pytest_ophamin.pillars import Check, Claim, Finding, Sample

if TYPE_CHECKING:
    from ophamin_pillars.diagnosing.charting import Charted

LEVEL = 0.01
LEAST_POINTS = 8
BINARY_SUBGROUPS = 25
"""How many subgroups 0/1 trials are cut into when the author does not say."""

ALL, SHEWHART, CUSUM_ONLY, EWMA_ONLY = "all", "shewhart", "cusum", "ewma"
PERMUTED, NORMAL = "permuted", "normal"


@dataclass(frozen=True, slots=True)
class SpcOptions:
    """What the author asked for."""

    of: str
    chart: str
    rules: str
    """Digits of the Western Electric rules."""
    subgroup: int | None
    baseline: int | None
    reference: str
    level: float


def diagnose(claim: Claim, sample: Sample) -> Finding | None:
    """Return warn when the order of the trials goes further than others at the level."""
    from ophamin_pillars.diagnosing.charting import chart_series

    asked = read_spc(claim, requested(claim, SpcPillar.name))
    series = series_of(claim, sample, asked.of)
    if series is None:
        return None
    subgroup = asked.subgroup or (max(2, len(series.values) // BINARY_SUBGROUPS) if series.is_binary else 1)
    problem = _problem(len(series.values) // subgroup, asked, single_bits=series.is_binary and subgroup == 1)
    if problem is not None:
        return Finding(pillar=SpcPillar.name, method=SpcPillar.methods[0], status="ok", message=problem)
    charted = chart_series(
        series.values,
        binary=series.is_binary,
        chart=asked.chart,
        rules=asked.rules,
        subgroup=subgroup,
        baseline=asked.baseline,
        reference=asked.reference,
    )
    return _finding(charted, asked, series.unit, subgroup)


def read_spc(claim: Claim, check: Check) -> SpcOptions:
    """Return the options.

    Raises:
        BadPlan: One of them is unknown, of another kind, or does not fit the claim.
    """
    asked = Asked(check)
    of = read_of(claim, asked)
    chart = asked.choice("chart", ALL, (ALL, SHEWHART, CUSUM_ONLY, EWMA_ONLY))
    rules = asked.text("rules", "1234" if chart in (ALL, SHEWHART) else "")
    if len(set(rules)) != len(rules) or not set(rules) <= set("1234"):
        asked.refuse("rules", "distinct digits of 1-4, the Western Electric rules", repr(rules), '"1234"')
    if rules and chart in (CUSUM_ONLY, EWMA_ONLY):
        asked.refuse("rules", f"no rules: they belong to Shewhart charts, not to {chart!r}", repr(rules), '""')
    subgroup = asked.optional_integer("subgroup", 1, least=1)
    is_binary = claim.kind == "proportion" or (claim.kind == "quantile" and of == DECISION)
    if subgroup == 1 and is_binary:
        asked.refuse("subgroup", "at least 2: single 0/1 values show nothing on a chart", "1", "20")
    baseline = asked.optional_integer("baseline", 20, least=2)
    reference = asked.choice("reference", PERMUTED, (PERMUTED, NORMAL))
    if reference == NORMAL and is_binary:
        asked.refuse("reference", "'permuted': 0/1 values are not normal", repr(reference), '"permuted"')
    level = asked.level(LEVEL)
    asked.finish()
    read = SpcOptions(of, chart, rules, subgroup, baseline, reference, level)
    _check_size(claim, asked, read)
    return read


def _check_size(claim: Claim, asked: Asked, read: SpcOptions) -> None:
    """Refuse subgroups too large, or a baseline too long, for the trials declared; clusters are counted when seen."""
    if claim.trials == 0 or claim.design.can_stop_early or claim.design.cluster is not None:
        return
    points = claim.trials // (claim.design.block or 1) // (read.subgroup or 1)
    if read.subgroup is not None and points < LEAST_POINTS:
        most = claim.trials // (claim.design.block or 1) // LEAST_POINTS
        expected = f"at least {LEAST_POINTS} subgroups among {claim.trials} trials"
        if most < 1:
            asked.refuse_claim(f"at least {LEAST_POINTS} points to chart", str(points), f"trials={LEAST_POINTS}")
        asked.refuse("subgroup", expected, str(read.subgroup), str(most))
    if read.baseline is not None and read.baseline > points:
        asked.refuse("baseline", f"at most the {points} points of the chart", str(read.baseline), str(points))


def _problem(points: int, asked: SpcOptions, *, single_bits: bool) -> str | None:
    """Return why there is nothing to chart, or None."""
    if single_bits:
        return "single 0/1 values show nothing on a chart: ask for a subgroup"
    if points < LEAST_POINTS:
        return f"too few points to chart: {points}, at least {LEAST_POINTS} are needed"
    if asked.baseline is not None and asked.baseline > points:
        return f"too few points to chart: {points}, the baseline alone has {asked.baseline}"
    return None


def _finding(charted: Charted, asked: SpcOptions, unit: str, subgroup: int) -> Finding:
    out = charted.p <= asked.level
    return Finding(
        pillar=SpcPillar.name,
        method=SpcPillar.methods[0],
        status="warn" if out else "ok",
        message=describe_charts(charted, asked.reference, unit if subgroup == 1 else "subgroup", out=out),
        numbers=numbers_of(charted),
    )


def describe_charts(charted: Charted, reference: str, unit: str, *, out: bool) -> str:
    """Return what the charts show; ``unit`` is what one of their points is."""
    others = "orders of the same observations" if reference == PERMUTED else "independent normal samples"
    state = "out of control" if out else "in control"
    if charted.signals or out:
        some = "" if out else f", {charted.any_share:.0%} of which signal somewhere"
        told = "; ".join(f"{rule}: {unit} {_places(places)}" for rule, places in charted.signals)
        state += f" (p = {charted.p:.2g} among {others}{some}; all charts and points together)"
        state += f": {told}" if told else ""
    if out and charted.change is not None:
        state += f"; the mean changes most before {unit} {charted.change}"
    return f"{state}; {charted.phase_one}"


def numbers_of(charted: Charted) -> dict[str, float | int | None]:
    """Return the numbers of a finding or a synthesis."""
    return {
        "p": charted.p,
        "points": charted.points,
        "signals": sum(len(places) for _, places in charted.signals),
        "first_signal": min((places[0] for _, places in charted.signals), default=None),
        "change": charted.change,
        "unchanged_signal_share": charted.any_share,
        "expected_false_alarms_per_point": charted.per_point,
        "draws": charted.draws,
    }


def _places(places: Sequence[int]) -> str:
    return str(places[0]) if len(places) == 1 else f"{places[0]} and {len(places) - 1} more"
