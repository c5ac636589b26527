"""Diagnoses a claim asks for: options, what is looked at, findings in words and numbers, and series of campaigns."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from diagnosed import ANTICIPATORY, COUPLING, DRIFT, INERTIA, SPC, SRM
from error_rates import shipped
from pillar_examples import asked

from ophamin_pillars.control.cusum import tabular_cusum
from ophamin_pillars.control.ewma import ewma_chart
from ophamin_pillars.control.page_hinkley import PageHinkleyDesign, greatest_excursion, page_hinkley
from ophamin_pillars.control.run_rules import western_electric, zone_signals
from ophamin_pillars.control.shewhart import individuals, xbar_r
from ophamin_pillars.diagnosing import chart_statistics as charts
from ophamin_pillars.diagnosing.reference import NORMAL, standing_of
from ophamin_pillars.diagnosing.series import series_of, standardised
from ophamin_pillars.proportion import ProportionPillar
from pytest_ophamin.claims.design import PLAIN, Design
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.planning import check_reachable
from pytest_ophamin.deciding.protocol import Finding, Plan
from pytest_ophamin.deciding.series import Series, Synthesis
from pytest_ophamin.testing import claim_of, pairs_of, sample_of, series_example
from pytest_ophamin.trials.sample import Sample

Floats = npt.NDArray[np.float64]
RNG = np.random.default_rng(20261124)
ARMS, STRATA = Design(arms=("old", "new")), Design(strata="site")
GAIN = Design(factors=("gain",))
SWEEP: dict[str, Any] = {"nominal": 0, "tolerance": 1.0}


def _claim(
    pillar: str, metric: str = "mean", n: int = 100, design: Design = PLAIN, *, at_least: float = 0.0, **options: Any
) -> Claim:
    return claim_of(metric, at_least=at_least, trials=n, design=asked(pillar, design, **options))


def _found(claim: Claim, sample: Sample) -> Finding:
    name = claim.design.checks[0].pillar
    pillar = next(pillar for pillar in shipped().diagnosing if pillar.name == name)
    finding = pillar.diagnose(claim, sample)
    assert finding is not None
    return finding


# Options ------------------------------------------------------------------------------------------------------------

WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (SPC, {"subgroups": 5}, "checks['O.spc']['subgroups']", "unknown option"),
    (SPC, {"subgroup": 0}, "checks['O.spc']['subgroup']", "at least 1"),
    (SPC, {"subgroup": 2.5}, "checks['O.spc']['subgroup']", "whole number"),
    (SPC, {"subgroup": True}, "checks['O.spc']['subgroup']", "whole number"),
    (SPC, {"subgroup": 50}, "checks['O.spc']['subgroup']", "at least 8 subgroups among 100 trials"),
    (SPC, {"subgroup": 5, "baseline": 21}, "checks['O.spc']['baseline']", "at most the 20 points"),
    (SPC, {"chart": "shewart"}, "checks['O.spc']['chart']", "one of 'all', 'shewhart'"),
    (SPC, {"rules": "15"}, "checks['O.spc']['rules']", "digits of 1-4"),
    (SPC, {"rules": 12}, "checks['O.spc']['rules']", "a str"),
    (SPC, {"rules": "1", "chart": "ewma"}, "checks['O.spc']['rules']", "no rules"),
    (SPC, {"level": 0.5}, "checks['O.spc']['level']", "between"),
    (SPC, {"of": "first"}, "checks['O.spc']['of']", "no pair"),
    (SPC, {"metric": "proportion", "subgroup": 1}, "checks['O.spc']['subgroup']", "at least 2"),
    (SPC, {"metric": "proportion", "reference": "normal"}, "checks['O.spc']['reference']", "not normal"),
    (SRM, {}, "checks['O.srm']", "assigned to something"),
    (SRM, {"design": STRATA}, "checks['O.srm']['ratio']", "planned share"),
    (SRM, {"design": STRATA, "ratio": (1.0, 0.0)}, "checks['O.srm']['ratio']", "shares above 0"),
    (SRM, {"design": STRATA, "ratio": 0.5}, "checks['O.srm']['ratio']", "tuple of numbers"),
    (SRM, {"design": STRATA, "ratio": (1.0, 1.0), "codes": (1.0,)}, "checks['O.srm']['codes']", "2 different codes"),
    (SRM, {"design": STRATA, "ratio": (1.0, 1.0), "column": "arm"}, "checks['O.srm']['column']", "one of 'stratum'"),
    (SRM, {"design": ARMS, "metric": "difference", "ratio": (1.0,) * 3}, "checks['O.srm']['ratio']", "two shares"),
    (DRIFT, {"method": "kswin"}, "checks['O.drift']['method']", "one of 'ks'"),
    (DRIFT, {"method": "adwin", "split": 0.3}, "checks['O.drift']['split']", "no split"),
    (DRIFT, {"split": 1.5}, "checks['O.drift']['split']", "whole number of trials"),
    (DRIFT, {"split": 99}, "checks['O.drift']['split']", "at most 98 of 100"),
    (DRIFT, {"bins": 5}, "checks['O.drift']['bins']", "no bins"),
    (DRIFT, {"void": 1}, "checks['O.drift']['void']", "True or False"),
    (ANTICIPATORY, {}, "checks['diagnostics.anticipatory']", "returns a pair"),
    (
        ANTICIPATORY,
        {"metric": "kendall", "failure_above": 1.0, "failure_below": 0.0},
        "checks['diagnostics.anticipatory']['failure_below']",
        "one limit",
    ),
    (
        ANTICIPATORY,
        {"metric": "kendall", "failure_above": "x"},
        "checks['diagnostics.anticipatory']['failure_above']",
        "a number",
    ),
    (INERTIA, {}, "checks['diagnostics.inertia']", "returns a pair"),
    (INERTIA, {"metric": "difference", "strength": "w"}, "checks['diagnostics.inertia']['strength']", "codes"),
    (COUPLING, {}, "checks['diagnostics.kernel_coupling']", "swept coefficient"),
    (
        COUPLING,
        {"metric": "effect:gain", "design": GAIN, "tolerance": 1.0},
        "checks['diagnostics.kernel_coupling']['nominal']",
        "a call rests on it",
    ),
    (
        COUPLING,
        {"metric": "effect:gain", "design": GAIN, **SWEEP, "cells": "gain"},
        "checks['diagnostics.kernel_coupling']['cells']",
        "another column",
    ),
    (
        COUPLING,
        {"metric": "effect:gain", "design": GAIN, "nominal": 0, "tolerance": 0},
        "checks['diagnostics.kernel_coupling']['tolerance']",
        "above 0",
    ),
    (
        COUPLING,
        {"metric": "effect:gain", "design": GAIN, **SWEEP, "each": True},
        "checks['diagnostics.kernel_coupling']['each']",
        "cells to call",
    ),
]


@pytest.mark.parametrize(("pillar", "options", "argument", "expected"), WRONG)
def test_wrong_options_are_told_at_collection(
    pillar: str, options: dict[str, Any], argument: str, expected: str
) -> None:
    """With the option's name, what was expected, and something to write instead."""
    problem = check_reachable(_claim(pillar, **options), shipped())
    assert problem is not None
    assert problem.argument == argument
    assert expected in f"{problem.expected} {problem.came}"
    assert "checks=" in problem.fix or "=" in problem.fix


def test_a_sample_too_short_for_any_chart_is_told_at_collection() -> None:
    """Whatever the subgroup."""
    problem = check_reachable(_claim(SPC, n=7, subgroup=2), shipped())
    assert problem is not None
    assert problem.argument == "checks['O.spc']"
    assert "8 points" in problem.expected


@pytest.mark.parametrize(
    ("pillar", "options"),
    [
        (SPC, {"subgroup": 5, "baseline": 10, "rules": "12", "chart": "shewhart", "level": 0.001}),
        (SPC, {"metric": "proportion", "at_least": 0.5, "subgroup": 10}),
        (SPC, {"metric": "difference", "of": "first", "reference": "normal"}),
        (SRM, {"metric": "difference", "design": ARMS, "ratio": (2, 1)}),
        (SRM, {"design": STRATA, "column": "stratum", "ratio": (1.0, 2.0), "codes": (3, 7)}),
        (SRM, {"metric": "effect:gain", "design": GAIN, "column": "gain", "ratio": (1.0, 2.0)}),
        (DRIFT, {"method": "psi", "split": 30, "bins": 4, "void": True}),
        (ANTICIPATORY, {"metric": "spearman", "failure_below": -1, "split": 0.3, "alpha": 0.1}),
        (COUPLING, {"metric": "effect:gain", "design": GAIN, "sweep": "gain", **SWEEP}),
    ],
)
def test_right_options_are_taken(pillar: str, options: dict[str, Any]) -> None:
    """Whole numbers serve as numbers, factors go by their own name."""
    assert check_reachable(_claim(pillar, **options), shipped()) is None


# What is looked at --------------------------------------------------------------------------------------------------


def test_a_design_is_not_mistaken_for_a_change() -> None:
    """Arms and strata less their means; blocks and clusters as their means, in the order they appear."""
    values = np.array([1.0, 11.0, 3.0, 13.0])
    armed = series_of(
        _claim(DRIFT, "difference", design=ARMS), sample_of(values, arm=[False, True, False, True]), "observation"
    )
    assert armed is not None
    assert (armed.values.tolist(), armed.unit) == ([-1.0, -1.0, 1.0, 1.0], "trial")
    clusters = Design(cluster="user")
    clustered = series_of(_claim(DRIFT, design=clusters), sample_of(values, cluster=[9, 2, 9, 2]), "observation")
    assert clustered is not None
    assert (clustered.values.tolist(), clustered.unit) == ([2.0, 12.0], "cluster")
    blocked = series_of(_claim(DRIFT, design=Design(block=2)), sample_of(values), "observation")
    assert blocked is not None
    assert (blocked.values.tolist(), blocked.unit) == ([6.0, 8.0], "block")


def test_of_says_what_is_looked_at() -> None:
    """The observation of a latency drifts, the side of its limit does not."""
    claim = claim_of("p90", at_most=5.0, trials=4)
    sample = sample_of([1.0, 2.0, 3.0, 6.0])
    for of, expected, binary in (
        ("observation", [1.0, 2.0, 3.0, 6.0], False),
        ("decision", [1.0, 1.0, 1.0, 0.0], True),
    ):
        found = series_of(claim, sample, of)
        assert found is not None
        assert (found.values.tolist(), found.is_binary) == (expected, binary)
    pairs, compared = pairs_of([3.0, 5.0], [1.0, 1.0]), claim_of("difference", at_least=0.0, trials=2)
    assert [list(s.values) for of in ("observation", "second") if (s := series_of(compared, pairs, of))] == [
        [2, 4],
        [1, 1],
    ]
    ratio = claim_of("ratio", at_least=1.0, trials=2)
    assert series_of(ratio, pairs_of([0.0, 1.0], [1.0, 1.0]), "observation") is None


@pytest.mark.parametrize("values", [[5e-324, 5e-324, 1e-323], [1e300, -1e300, 1e300], [3.0, 3.0, 3.0]])
def test_numbers_of_any_size_are_standardised(values: list[float]) -> None:
    """To the greatest deviation 1; zeros where nothing varies."""
    found = standardised(np.array(values))
    assert np.isfinite(found).all()
    assert np.abs(found).max() == (0.0 if len(set(values)) == 1 else 1.0)


# Among reorderings --------------------------------------------------------------------------------------------------


def test_the_share_of_orders_is_the_exact_permutation_p() -> None:
    """A statistic of six values, against all 720 orders; several together are no less likely than the best alone."""
    x = np.array([0.0, 1.0, 2.0, 3.0, 5.0, 4.0])

    def rise(orders: Floats) -> Floats:
        return np.stack([np.arange(6) @ orders, -orders[0]])

    seen = rise(x[:, None])[:, 0]
    orders = np.array(list(itertools.permutations(x))).T
    exact = (rise(orders) >= seen[:, None]).mean(axis=1)
    found = standing_of(x, rise)
    assert found.draws == 999
    assert found.each == pytest.approx(exact, abs=4.5 * math.sqrt(0.25 / 999))
    assert min(found.each) <= found.p <= sum(found.each)
    again = standing_of(x, rise)
    assert (again.p, again.others.tolist()) == (found.p, found.others.tolist())


def test_a_hopeless_order_is_given_up_early() -> None:
    """After 99 draws; constant values are as remarkable as any order of them."""
    found = standing_of(np.ones(20), lambda orders: orders.sum(axis=0)[None])
    assert (found.p, found.draws) == (1.0, 99)


def test_a_normal_reference_is_the_distribution_under_normality() -> None:
    """The greatest of 20 absolute z-scores, with mean and deviation of the sample: its median."""

    def greatest(rows: Floats) -> Floats:
        most: Floats = np.abs(rows - rows.mean(axis=0)).max(axis=0) / rows.std(axis=0)
        return most[None]

    x = np.array([-1.0, 1.0] * 10)
    others = standing_of(x, greatest, NORMAL).others[0]
    own = greatest(np.random.default_rng(3).normal(size=(20, 4_000)))[0]
    assert np.median(others) == pytest.approx(np.median(own), abs=0.15)


# O.spc --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("baseline", [None, 12])
def test_statistics_of_many_orders_are_those_of_the_charts(size: int, baseline: int | None) -> None:
    """Column by column: above 1 where the chart signals, and as many runs rules fire."""
    x = RNG.normal(size=(20 * size, 12))
    x[-3 * size :] += np.linspace(0.0, 3.0, 12)
    names = (charts.LOCATION, charts.SPREAD, charts.RULES, charts.CUSUM, charts.EWMA)
    rules = western_electric("1234")
    plan = charts.ChartPlan(size, baseline or 20, names, rules, binary=False)
    found = charts.chart_statistics(x, plan)
    for column, order in enumerate(x.T):
        drawn = (
            xbar_r(order.reshape(-1, size), baseline=baseline) if size > 1 else individuals(order, baseline=baseline)
        )
        location, spread = drawn.location, drawn.spread
        z = (location.values - location.center) / ((location.upper[0] - location.center) / 3.0)
        expected = (
            bool(location.signals),
            bool(spread.signals),
            bool(tabular_cusum(z, target=0.0, k=0.5, h=5.0).signals),
            bool(ewma_chart(z, weight=0.2, target=0.0, sigma=1.0, asymptotic=False).signals),
        )
        assert tuple(found[[0, 1, 3, 4], column] > 1.0) == expected
        assert found[2, column] == len(zone_signals(z, rules))


def test_a_process_out_of_control_is_told_with_its_signals() -> None:
    """Rule by rule, with place, count, the change of the mean, and what few subgroups do to the limits."""
    x = RNG.normal(size=100) + 2.0 * (np.arange(100) >= 50)
    found = _found(_claim(SPC, subgroup=5), sample_of(x))
    assert found.status == "warn"
    assert "mean beyond 3 sigma: subgroup" in found.message
    assert "rule 4: eight in a row on one side: subgroup" in found.message
    assert "the mean changes most before subgroup " in found.message
    assert "limits estimated from 20 subgroups of 5, 100 are needed: false alarms in 0.44% of points" in found.message
    assert found.numbers["points"] == 20
    p = found.numbers["p"]
    assert p is not None
    assert p <= 0.005


def test_a_finding_does_not_depend_on_the_unit() -> None:
    """Not even where squares of the observations would have no float; nor on the order the rules are written in."""
    x = np.random.default_rng(19).normal(size=60) + 2.0 * (np.arange(60) >= 30)
    found = _found(_claim(SPC, rules="1234"), sample_of(x))
    assert _found(_claim(SPC, rules="1234"), sample_of(x * 2.0**800)) == found
    assert _found(_claim(SPC, rules="4123"), sample_of(x)).numbers == found.numbers


def test_signals_of_a_process_in_control_are_put_into_proportion() -> None:
    """Of 300 single values nearly every order has some signal: it is said, and it is no warning."""
    found = _found(_claim(SPC, n=300), sample_of(np.random.default_rng(5).normal(size=300)))
    assert found.status == "ok"
    assert "in control (p = " in found.message
    assert "of which signal somewhere" in found.message
    share = found.numbers["unchanged_signal_share"]
    assert share is not None
    assert share > 0.9


def test_a_lone_outlier_needs_the_normal_reference() -> None:
    """Among orders of the same values it is there whatever the order."""
    x = np.random.default_rng(6).normal(size=100)
    x[40] += 8.0
    assert _found(_claim(SPC), sample_of(x)).status == "ok"
    found = _found(_claim(SPC, reference="normal"), sample_of(x))
    assert found.status == "warn"
    assert "beyond 3 sigma: trial 40" in found.message


def test_bools_are_charted_as_shares_of_subgroups() -> None:
    """25 of them unless the author says otherwise; single ones show nothing."""
    bools = np.random.default_rng(7).random(400) < np.where(np.arange(400) < 200, 0.95, 0.7)
    found = _found(_claim(SPC, "proportion", 400, at_least=0.5), sample_of(bools))
    assert found.status == "warn"
    assert found.numbers["points"] == 25
    assert "R beyond" not in found.message
    single = _found(_claim(SPC, subgroup=1), sample_of(bools[:100]))
    assert single.status == "ok"
    assert "single 0/1 values" in single.message


def test_a_claim_that_stopped_early_may_leave_too_few_points() -> None:
    """Which nobody could know at collection."""
    claim = _claim(SPC, n=400, design=Design(sequential=True), subgroup=5, baseline=10)
    assert check_reachable(replace(claim, metric="proportion", threshold=0.5), shipped()) is None
    assert "too few points to chart: 4" in _found(claim, sample_of(RNG.normal(size=20))).message
    assert "the baseline alone has 10" in _found(claim, sample_of(RNG.normal(size=45))).message


@pytest.mark.parametrize(
    ("chart", "word"), [("cusum", "CUSUM: trial"), ("ewma", "EWMA: trial"), ("shewhart", "rule 4")]
)
def test_one_chart_alone_tells_its_own_signals(chart: str, word: str) -> None:
    """And no other chart's; without rule 1, whose limit the location chart has, the others remain."""
    x = np.random.default_rng(18).normal(size=100) + 2.5 * (np.arange(100) >= 70)
    found = _found(_claim(SPC, chart=chart), sample_of(x))
    assert found.status == "warn"
    assert word in found.message
    assert ("beyond 3 sigma" in found.message) == (chart == "shewhart")
    assert (found.numbers["change"] is not None) == (chart == "cusum")
    rule = _found(_claim(SPC, chart="shewhart", rules="4"), sample_of(x))
    assert "rule 4: eight in a row on one side" in rule.message
    assert "rule 2" not in rule.message


@pytest.mark.parametrize("pillar", [SPC, DRIFT])
def test_pairs_without_a_number_are_left_alone(pillar: str) -> None:
    """A pair that has no ratio is the deciding pillar's to refuse."""
    asking = next(each for each in shipped().diagnosing if each.name == pillar)
    claim = _claim(pillar, "ratio", 40, at_least=0.5)
    assert asking.diagnose(claim, pairs_of(np.zeros(40), np.ones(40))) is None


# O.srm --------------------------------------------------------------------------------------------------------------


def test_a_broken_assignment_voids_the_claim() -> None:
    """The gatekeeper: no verdict is reached over arms that were not filled as planned."""
    claim = _claim(SRM, "difference", 400, ARMS)
    broken = sample_of(RNG.normal(5.0, 1.0, 400), arm=np.arange(400) < 260)
    decision = decide_claim(claim, broken, shipped())
    assert decision.verdict is Verdict.VOID
    assert decision.void is not None
    assert decision.void.reason.startswith(
        "sample ratio mismatch, the assignment is broken; arm old: 140 (200 planned)"
    )
    sound = sample_of(broken.value.values, arm=np.arange(400) % 2 == 0)
    assert (
        _found(claim, sound).message
        == "as planned; arm old: 200 (200 planned), new: 200 (200 planned) (p = 1, exact multinomial)"
    )


def test_a_code_without_a_share_is_a_mismatch() -> None:
    """With the trial that has it."""
    claim = _claim(SRM, n=4, design=STRATA, ratio=(1.0, 1.0))
    found = _found(claim, sample_of(RNG.normal(size=4), stratum=[0, 1, 2, 1]))
    assert found.status == "void"
    assert "trial 2 has a code of stratum that ratio= has no share for" in found.message


def test_codes_are_matched_with_their_shares() -> None:
    """In the order they are written, whatever their size; eight of them are told, all are counted."""
    claim = _claim(SRM, n=90, design=STRATA, ratio=(2.0, 1.0), codes=(7, 3))
    found = _found(claim, sample_of(RNG.normal(size=90), stratum=np.repeat([7, 3], [60, 30])))
    assert found.message.startswith("as planned; stratum 3: 30 (30 planned), 7: 60 (60 planned) (p = 1,")
    many = _claim(SRM, n=200, design=STRATA, ratio=(1.0,) * 10)
    found = _found(many, sample_of(RNG.normal(size=200), stratum=np.arange(200) % 10))
    assert "and 2 more (p = 1, chi-square)" in found.message


def test_counts_of_a_claim_that_stops_are_judged_by_an_e_process() -> None:
    """When to stop is the data's choice, so the test allows for looking after every trial."""
    claim = _claim(SRM, n=900, design=Design(strata="site", sequential=True), ratio=(1.0, 1.0))
    sample = sample_of(RNG.normal(size=500), stratum=(np.arange(500) % 5 == 0).astype(np.int64))
    found = _found(claim, sample)
    assert found.status == "void"
    assert "e-process" in found.message


# O.drift ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["ks", "psi", "cusum", "adwin", "page-hinkley"])
def test_drift_is_told_by_every_method(method: str) -> None:
    """As a warning, and as void where the author asked; with the method, its numbers and the place."""
    x = np.random.default_rng(8).normal(size=300) + 3.0 * (np.arange(300) >= 150)
    claim = _claim(DRIFT, n=300, method=method)
    found = _found(claim, sample_of(x))
    assert found.status == "warn"
    assert found.method == f"drift-{method}/1"
    assert found.message.startswith("drift (")
    at = found.numbers["at"]
    assert at is not None
    assert abs(at - 150) <= 32
    void = decide_claim(_claim(DRIFT, n=300, method=method, void=True, at_least=-9.0), sample_of(x), shipped())
    assert void.verdict is Verdict.VOID
    quiet = _found(claim, sample_of(np.random.default_rng(9).normal(size=300)))
    assert quiet.status == "ok"
    assert quiet.message.startswith("no drift found (")


@pytest.mark.parametrize("method", ["ks", "psi", "cusum", "adwin", "page-hinkley"])
@pytest.mark.parametrize("values", [np.zeros(40), np.ones(12, dtype=np.bool_), np.arange(9.0), np.zeros(1)])
def test_samples_that_cannot_drift_are_no_drift(method: str, values: npt.NDArray[Any]) -> None:
    """Constant and tiny ones."""
    claim = replace(_claim(DRIFT, method=method), trials=len(values))
    found = _found(claim, sample_of(values))
    assert found.status == "ok"


def test_the_place_of_the_split_is_the_authors() -> None:
    """A share or a count."""
    x = np.random.default_rng(10).normal(size=100) + 3.0 * (np.arange(100) < 20)
    for split in (0.2, 20):
        found = _found(_claim(DRIFT, split=split), sample_of(x))
        assert "the first 20 trials against the other 80" in found.message
        assert found.status == "warn"


def test_page_hinkley_needs_exactly_its_greatest_excursion() -> None:
    """The least threshold of which there is no alarm."""
    x = RNG.normal(size=200)
    most = greatest_excursion(x)
    assert page_hinkley(x, PageHinkleyDesign(threshold=most)) == ()
    assert len(page_hinkley(x, PageHinkleyDesign(threshold=0.999 * most))) >= 1
    assert greatest_excursion(x[:29]) == 0.0


# diagnostics.* ------------------------------------------------------------------------------------------------------


def test_a_forecast_is_judged_on_trials_it_has_not_seen() -> None:
    """Own false alarms, misses, hits and outliers; and whether alarms foretell anything."""
    rng = np.random.default_rng(11)
    failed = rng.random(600) < 0.3
    scores = rng.normal(size=600) + 3.0 * failed
    claim = _claim(ANTICIPATORY, "kendall", 600)
    found = _found(claim, pairs_of(scores, failed.astype(float)))
    assert found.status == "ok"
    assert found.message.startswith("the forecast keeps its promises; ")
    assert "alarms foretell failures" in found.message
    assert found.numbers["sound"] == 300 - int(failed[300:].sum())
    drifted = _found(claim, pairs_of(scores + 2.0 * (np.arange(600) >= 300), failed.astype(float)))
    assert drifted.status == "warn"
    assert drifted.message.startswith("false alarms beyond the promised 0.05 (p = ")
    blind = _found(claim, pairs_of(rng.normal(size=600), failed.astype(float)))
    assert "not shown to foretell failures" in blind.message


def test_failures_may_be_measurements_beyond_a_limit() -> None:
    """``failure_above`` and ``failure_below``; without them anything but 0 and 1 is told."""
    rng = np.random.default_rng(12)
    scores = rng.normal(size=200)
    latency = np.exp(scores + rng.normal(size=200))
    above = _found(_claim(ANTICIPATORY, "spearman", 200, failure_above=2.0), pairs_of(scores, latency))
    below = _found(_claim(ANTICIPATORY, "spearman", 200, failure_below=-2.0), pairs_of(scores, -latency))
    assert above.numbers == below.numbers
    assert above.numbers["failed"] == int((latency[100:] > 2.0).sum())
    unsaid = _found(_claim(ANTICIPATORY, "spearman", 200), pairs_of(scores, latency))
    assert unsaid.status == "warn"
    assert "failure_above=" in unsaid.message


def test_too_few_trials_calibrate_no_alarm() -> None:
    """And the finding says so instead of boasting of no false alarm."""
    found = _found(_claim(ANTICIPATORY, "kendall", 20), pairs_of(np.arange(20.0), np.tile([0.0, 1.0], 10)))
    assert found.status == "ok"
    assert "no alarm is possible: 5 sound trials calibrate no limit at 0.05" in found.message
    assert "too few trials" in _found(_claim(ANTICIPATORY, "kendall", 3), pairs_of([1.0] * 3, [0.0] * 3)).message


@pytest.mark.parametrize(
    ("slope", "status", "word"),
    [(0.3, "warn", "resists its evidence"), (1.7, "warn", "overshoots: "), (1.0, "ok", "no inertia shown")],
)
def test_inertia_is_told_with_its_size(slope: float, status: str, word: str) -> None:
    """And how many trials went too far or backwards."""
    rng = np.random.default_rng(13)
    expected = rng.normal(size=80)
    found = _found(_claim(INERTIA, "difference", 80), pairs_of(expected, slope * expected + 0.2 * rng.normal(size=80)))
    assert found.status == status
    assert word in found.message
    assert found.numbers["inertia"] == pytest.approx(1.0 - slope, abs=0.1)


def test_a_system_that_moves_without_evidence_is_told() -> None:
    """Drift is not mistaken for resistance."""
    rng = np.random.default_rng(14)
    expected = rng.normal(size=80)
    found = _found(_claim(INERTIA, "difference", 80), pairs_of(expected, expected + 0.5 + 0.2 * rng.normal(size=80)))
    assert found.status == "warn"
    assert "moves without evidence" in found.message


def test_evidence_may_have_a_strength() -> None:
    """A column of codes above 0."""
    rng = np.random.default_rng(15)
    expected, codes = rng.normal(size=60), np.arange(60) % 3 + 1
    accepted = 0.5 * expected + 0.3 * rng.normal(size=60) / np.sqrt(codes)
    claim = _claim(INERTIA, "difference", 60, STRATA, strength="stratum")
    weighted = _found(claim, pairs_of(expected, accepted, stratum=codes))
    assert weighted.status == "warn"
    plain = _found(_claim(INERTIA, "difference", 60, STRATA), pairs_of(expected, accepted, stratum=codes))
    assert weighted.numbers["inertia"] != plain.numbers["inertia"]
    none = _found(claim, pairs_of(expected, accepted, stratum=codes - 1))
    assert "a strength of evidence is above 0" in none.message


@pytest.mark.parametrize(
    ("expected", "accepted"),
    [([1.0] * 20, list(range(20))), ([1e-300, 2e-300] * 10, [1e10] * 20), ([1.0, 2.0], [1.0, 2.0])],
)
def test_changes_that_tell_nothing_are_no_inertia(expected: list[float], accepted: list[float]) -> None:
    """All alike, too few, or not comparable."""
    found = _found(_claim(INERTIA, "difference", len(expected)), pairs_of(expected, accepted))
    assert found.status == "ok"
    assert "cannot be told" in found.message


def _sweep(effects: list[float], machines: int = 1, replicates: int = 8) -> Sample:
    k, n = len(effects), len(effects) * machines * replicates
    gain, machine = np.arange(n) % k, np.arange(n) // k % machines
    values = np.array(effects)[gain] + 0.1 * np.random.default_rng(16).normal(size=n)
    return sample_of(values, **{"factor:gain": gain, "factor:machine": machine})


@pytest.mark.parametrize(
    ("effects", "call", "status"),
    [([0.2, 3.0], "none", "ok"), ([3.0, 0.2], "miscalibrated", "warn"), ([3.0, -2.0], "intrinsic", "warn")],
)
def test_an_effect_is_the_systems_or_its_settings(effects: list[float], call: str, status: str) -> None:
    """One group, cells as units, and a call for each cell."""
    design = Design(factors=("gain", "machine"))
    asked_for: list[dict[str, Any]] = [{}, {"cells": "machine"}, {"cells": "machine", "each": True}]
    for options in asked_for:
        claim = _claim(COUPLING, "effect:gain", 48, design, **SWEEP, **options)
        found = _found(claim, _sweep(effects, machines=3))
        assert found.status == status
        assert call in found.message
        assert found.numbers[call] == (3 if "each" in options else 1)


@pytest.mark.parametrize(
    ("options", "sample", "why"),
    [
        ({"nominal": 5}, _sweep([1.0, 2.0]), "nominal value 5"),
        ({"tolerance": 1e-200}, _sweep([1.0, 2.0]), "too large"),
        ({"cells": "machine"}, _sweep([1.0, 2.0]), "two cells"),
        ({}, _sweep([1.0, 2.0], replicates=1), "two trials"),
        ({"cells": "machine"}, sample_of([1.0, 2.0], **{"factor:gain": [0, 1], "factor:machine": [0, 1]}), "each cell"),
        (
            {"cells": "machine"},
            sample_of(np.ones(6), **{"factor:gain": [0, 0, 0, 1, 1, 1], "factor:machine": [0, 0, 1, 1, 1, 1]}),
            "each cell",
        ),
    ],
)
def test_a_sweep_with_holes_makes_no_call(options: dict[str, Any], sample: Sample, why: str) -> None:
    """And says what is missing."""
    claim = _claim(COUPLING, "effect:gain", sample.n, Design(factors=("gain", "machine")), **{**SWEEP, **options})
    found = _found(claim, sample)
    assert found.status == "ok"
    assert why in found.message


# Series of campaigns ------------------------------------------------------------------------------------------------


def _series(shares: list[float], seed: int = 17) -> Series:
    rng = np.random.default_rng(seed)
    samples = [sample_of(rng.random(300) < share) for share in shares]
    return series_example(ProportionPillar(), samples, claim_of("proportion", at_least=0.5, trials=300))


def _synthesised(name: str, series: Series) -> Synthesis:
    return shipped().synthesising_by_name(name).synthesise(series)


@pytest.mark.parametrize("name", [SPC, DRIFT])
def test_a_step_between_campaigns_is_told(name: str) -> None:
    """With its place; an unchanged claim is quiet."""
    found = _synthesised(name, _series([0.95] * 8 + [0.8] * 8))
    assert found.status == "warn"
    p = found.numbers["p"]
    assert p is not None
    assert p <= 0.005
    assert "before campaign 8" in found.message
    assert _synthesised(name, _series([0.9] * 16)).status == "ok"


def test_the_last_campaign_is_compared_with_the_earlier_ones() -> None:
    """A number to look at, not a verdict: campaigns differ. Without observations it is left out."""
    series = _series([0.9] * 11 + [0.6])
    found = _synthesised(DRIFT, series)
    p = found.numbers["last_p"]
    assert p is not None
    assert p < 1e-6
    bare = replace(series, proofs=tuple(replace(proof, sample=None) for proof in series.proofs))
    assert "last_p" not in _synthesised(DRIFT, bare).numbers


def test_few_campaigns_and_other_questions_say_nothing() -> None:
    """Ten comparable ones are needed; the others are named."""
    series = _series([0.9] * 10)
    first = series.proofs[0]
    mixed = (replace(first, claim=replace(first.claim, unit="ms")), *series.proofs[1:])
    for name in (SPC, DRIFT):
        found = _synthesised(name, replace(series, proofs=mixed))
        assert found.numbers == {}
        assert "9 comparable campaigns, 10 are needed" in found.message
        assert len(found.refusals) == 1
    without = replace(first, assessment=replace(first.assessment, estimate=None))
    found = _synthesised(DRIFT, replace(series, proofs=(without, *series.proofs[1:])))
    assert "it has no estimate" in found.refusals[0]


def test_checks_do_not_change_what_is_planned() -> None:
    """A request adds a finding; the trials needed are the claim's own."""
    plain = claim_of("mean", at_least=0.0, trials=30)
    pillar = shipped().deciding_for(plain)
    plans: list[Plan] = [pillar.plan(claim, level=0.05) for claim in (plain, _claim(DRIFT, n=30))]
    assert plans[0] == plans[1]
