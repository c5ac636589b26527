"""Serial dependence: the decision variable, the exact tests, and what the finding says."""

from __future__ import annotations

import itertools
import math
import re
import sys
from typing import Any

import numpy as np
import pytest
from designed import arranged, autoregressive, designed
from error_rates import generator, plan_of, sample_of, shipped

from ophamin_pillars.runs import (
    _serial_moments,
    autocorrelation,
    centred_ranks,
    clumping_of_bits,
    clumping_of_ranks,
    effective_n,
    lags_of,
    rearranged,
    run_tails,
)
from ophamin_pillars.serial import decision_variable, examine
from ophamin_pillars.serial_advice import remedy
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.trials.sample import Sample

RNG = np.random.default_rng(30)


def _diagnosed(claim: Any, sample: Sample) -> Any:
    (pillar,) = [each for each in shipped().diagnosing if each.name == "serial-dependence"]
    return pillar.diagnose(claim, sample)


@pytest.mark.parametrize(("n", "ones"), [(6, 2), (7, 4), (8, 1), (8, 7)])
def test_the_number_of_runs_has_its_exact_distribution(n: int, ones: int) -> None:
    """Against every arrangement of the ones."""
    runs = []
    for places in itertools.combinations(range(n), ones):
        bits = [int(i in places) for i in range(n)]
        runs.append(sum(b and not a for a, b in zip([0, *bits], bits, strict=False)))
    for k in range(1, max(runs) + 1):
        few, many = run_tails(n, ones, k, k)
        assert few == pytest.approx(sum(r <= k for r in runs) / len(runs))
        assert many == pytest.approx(sum(r >= k for r in runs) / len(runs))


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 1.0, 2.0, 5.0, 5.0, 5.0]])
def test_the_serial_product_has_its_exact_moments(values: list[float]) -> None:
    """Against every permutation, ties included."""
    ranks = centred_ranks(np.array(values))
    products = [sum(a * b for a, b in itertools.pairwise(order)) for order in itertools.permutations(ranks.tolist())]
    mean, deviation = _serial_moments(ranks)
    assert mean == pytest.approx(np.mean(products))
    assert deviation == pytest.approx(np.std(products))


def test_midranks_share_what_ties_share() -> None:
    """Ranks 1, 2.5, 2.5, 4 less their mean."""
    assert centred_ranks(np.array([9.0, 4.0, 1.0, 4.0])).tolist() == [1.5, 0.0, -1.5, 0.0]


def test_a_lag_is_looked_at_by_rearranging() -> None:
    """Observations ``lag`` apart come to stand side by side; lags need ten observations each."""
    assert rearranged(np.arange(7.0), 3).tolist() == [0, 3, 6, 1, 4, 2, 5]
    assert list(lags_of(9)) == []
    assert list(lags_of(35)) == [1, 2, 3]
    assert list(lags_of(1000)) == list(range(1, 11))


def test_constant_and_tiny_sequences_say_nothing() -> None:
    """No order to speak of."""
    assert clumping_of_bits(np.zeros(50, dtype=np.bool_)).p_clumped == 1.0
    assert clumping_of_bits(np.array([True, False] * 3)).p_clumped == 1.0
    assert clumping_of_ranks(np.zeros(50)).p_clumped == 1.0
    assert clumping_of_ranks(np.arange(5.0)).p_clumped == 1.0
    assert effective_n(np.full(20, 3.0)) == 20.0
    assert autocorrelation(np.full(20, 3.0), 1) == 0.0


def test_the_effective_n_of_an_autoregression_is_known() -> None:
    """n (1 - rho) / (1 + rho), roughly; never more than n."""
    rho, n = 0.7, 20_000
    noise, x = RNG.normal(size=n), np.zeros(n)
    for i in range(1, n):
        x[i] = rho * x[i - 1] + noise[i]
    assert effective_n(x) == pytest.approx(n * (1 - rho) / (1 + rho), rel=0.2)
    assert effective_n(np.array([1.0, -1.0] * 50)) == 100.0


@pytest.mark.parametrize(
    ("metric", "relation", "threshold", "expected"),
    [
        ("p90", "at_most", 2.0, [True, True, False]),
        ("p90", "at_least", 2.0, [True, False, False]),
        ("p90", "within", (2.0, 2.5), [-1.0, 0.0, 1.0]),
        ("mean", "at_least", 2.0, [1.0, 2.0, 3.0]),
    ],
)
def test_the_decision_variable_is_what_the_claim_looks_at(
    metric: str, relation: str, threshold: Any, expected: list[Any]
) -> None:
    """Exceedances for quantiles, values for means."""
    found = decision_variable(plan_of(metric, relation, threshold, 3), sample_of([1.0, 2.0, 3.0]))
    assert found is not None
    assert found.tolist() == expected


def test_pairs_are_looked_at_as_differences_or_ratios() -> None:
    """A pair that has no ratio is left to the deciding pillar."""
    pairs = sample_of([2.0, 6.0], [1.0, 3.0])
    difference = decision_variable(plan_of("difference", "at_least", 0.0, 2), pairs)
    ratio = decision_variable(plan_of("ratio", "at_least", 1.0, 2), pairs)
    assert difference is not None
    assert ratio is not None
    assert (difference.tolist(), ratio.tolist()) == ([1.0, 3.0], [2.0, 2.0])
    assert decision_variable(plan_of("ratio", "at_least", 1.0, 2), sample_of([0.0, 1.0], [1.0, 1.0])) is None
    assert decision_variable(plan_of("own", "at_least", 1.0, 2), Sample(n=0, columns={})) is None
    assert _diagnosed(plan_of("own", "at_least", 1.0, 2), Sample(n=0, columns={})) is None


def test_dependent_observations_void_a_claim_with_their_numbers() -> None:
    """Each bit five times is not 500 trials."""
    bits = np.repeat(RNG.random(100) < 0.9, 5)
    claim = plan_of("proportion", "at_least", 0.7, 500)
    decision = decide_claim(claim, sample_of(bits), shipped())
    assert decision.verdict is Verdict.VOID
    (finding,) = decision.findings
    assert finding.status == "void"
    assert "trials apart depend on each other" in finding.message
    assert finding.numbers["effective_n"] is not None
    assert finding.numbers["effective_n"] < 250
    assert finding.numbers["autocorrelation"] == pytest.approx(0.75, abs=0.15)
    assert decision.void is not None
    assert decision.void.reason == finding.message


def test_a_drift_that_stays_inside_the_limit_does_no_harm() -> None:
    """The same latencies void a mean and leave a quantile claim alone."""
    latencies = np.linspace(1.0, 2.0, 300) + RNG.normal(0.0, 0.01, 300)
    assert _diagnosed(plan_of("mean", "at_most", 5.0, 300), sample_of(latencies)).status == "void"
    assert _diagnosed(plan_of("p99", "at_most", 5.0, 300), sample_of(latencies)).status == "ok"


def test_alternating_observations_are_a_warning() -> None:
    """They are worth no fewer than n, but they are not independent."""
    jitter = RNG.random(200) < 0.1
    alternating = (np.arange(200) % 2 == 0) ^ jitter
    found = examine(alternating)
    assert found.p_alternating < 0.01
    values = np.where(RNG.random(60) < 0.5, 1.0, -1.0)
    pairs = np.stack([values, -values], axis=1).ravel() + RNG.normal(0.0, 0.5, 120)
    finding = _diagnosed(plan_of("mean", "at_most", 5.0, 120), sample_of(pairs))
    assert finding.status == "warn"
    assert "avoid earlier ones" in finding.message


def test_weak_dependence_is_a_warning_with_its_numbers() -> None:
    """Significant, but the sample is worth nearly its size."""
    x = RNG.normal(size=20_001)
    finding = _diagnosed(plan_of("mean", "at_most", 5.0, 20_000), sample_of(x[1:] + 0.06 * x[:-1]))
    assert finding.status == "warn"
    assert "resemble earlier ones" in finding.message


def test_a_handful_of_observations_is_not_examined() -> None:
    """And the finding says so."""
    finding = _diagnosed(plan_of("mean", "at_most", 5.0, 5), sample_of([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert finding.status == "ok"
    assert finding.message == "too few observations to look for serial dependence"


@pytest.mark.parametrize(
    "values",
    [
        np.array([sys.float_info.max, -sys.float_info.max] * 10),
        np.array([5e-324, 0.0] * 10),
        np.arange(20.0) * 1e300,
        np.zeros(1),
    ],
)
def test_a_diagnosis_never_fails_on_finite_numbers(values: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    """Whatever their size: only their order is looked at."""
    for metric in ("mean", "median"):
        finding = _diagnosed(plan_of(metric, "at_most", 5.0, len(values)), sample_of(values))
        assert all(x is not None and math.isfinite(x) for x in finding.numbers.values())
    with np.errstate(all="ignore"):
        pairs = _diagnosed(plan_of("difference", "at_most", 5.0, len(values)), sample_of(values, values[::-1]))
    assert all(x is not None and math.isfinite(x) for x in pairs.numbers.values())


# --- Designs ----------------------------------------------------------------------------------------------------------


def test_the_advice_is_a_block_of_ten_autocorrelation_times() -> None:
    """With whole periods of the dependence, and ten blocks at least; only where a block claim can be made."""
    x = autoregressive(generator(1), 2_000, 0.6)
    message = _diagnosed(plan_of("mean", "at_least", 0.0, 2_000), sample_of(x)).message
    block, trials = map(int, re.findall(r"block=(\d+) with trials=(\d+)", message)[0])
    assert 25 <= block <= 60  # the autocorrelation time is (1 + .6) / (1 - .6) = 4
    assert trials % block == 0
    assert trials >= 2_000
    assert remedy(4.0, 3, 100) == "; to decide such trials declare block=42 with trials=420"
    assert "block=" not in _diagnosed(plan_of("p90", "at_most", 0.0, 2_000), sample_of(x)).message


def test_blocks_that_follow_the_advice_are_believed() -> None:
    """The finding then tells what the trials are worth: n (1 - rho) / (1 + rho)."""
    x = autoregressive(generator(2), 4_000, 0.6)
    finding = _diagnosed(designed("mean", "at_least", 0.0, 4_000, block=40), arranged(x))
    assert finding.status == "ok"
    assert finding.numbers["blocks"] == 100
    assert finding.numbers["effective_n"] == pytest.approx(1_000, rel=0.4)
    assert "100 blocks: no serial dependence found; 4000 trials are worth about" in finding.message
    bits = _diagnosed(designed("proportion", "at_least", 0.1, 4_000, block=40), arranged(x > 0))
    assert bits.status == "ok"
    assert bits.numbers["effective_n"] < 3_000


def test_blocks_too_short_are_void_with_longer_ones_as_advice() -> None:
    """Dependence between blocks."""
    x = autoregressive(generator(3), 4_000, 0.95)
    finding = _diagnosed(designed("mean", "at_least", 0.0, 4_000, block=4), arranged(x))
    assert finding.status == "void"
    assert "blocks apart depend on each other" in finding.message
    block = int(re.findall(r"block=(\d+)", finding.message)[0])
    assert block >= 100
    assert finding.numbers["effective_n"] < 400


def test_dependence_inside_clusters_is_what_clusters_are_for() -> None:
    """Trials of one cluster in a row void a plain claim; a clustered one looks at the cluster means."""
    rng = generator(4)
    codes = np.repeat(np.arange(40), 10)
    y = rng.normal(size=40)[codes] + 0.3 * rng.normal(size=400)
    assert _diagnosed(plan_of("mean", "at_least", 0.0, 400), sample_of(y)).status == "void"
    finding = _diagnosed(designed("mean", "at_least", 0.0, 400, cluster="user"), arranged(y, cluster=codes))
    assert finding.status == "ok"
    assert finding.numbers["clusters"] == 40
    assert finding.numbers["effective_n"] == pytest.approx(44, abs=12)
    drift = np.linspace(0.0, 5.0, 40)[codes] + 0.1 * rng.normal(size=400)
    drifting = _diagnosed(designed("mean", "at_least", 0.0, 400, cluster="user"), arranged(drift, cluster=codes))
    assert drifting.status == "void"
    assert "clusters apart" in drifting.message
    assert "block=" not in drifting.message


@pytest.mark.parametrize("bools", [False, True])
def test_groups_that_differ_by_design_are_no_dependence(bools: bool) -> None:
    """Arms, strata and cells are looked at apart; in one sequence they would alternate, or repeat."""
    rng = generator(5)
    turns = np.arange(240) % 3
    y = rng.normal(size=240) + 4.0 * turns
    y = y > 4.0 if bools else y
    strata = designed("proportion" if bools else "mean", "at_least", 0.5, 240, strata="site")
    assert _diagnosed(strata, arranged(y, stratum=turns)).status == "ok"
    arm = np.arange(240) % 2
    z = rng.normal(size=240) + 4.0 * arm
    arms = designed("difference", "at_least", 0.0, 240, arms=("old", "new"))
    assert _diagnosed(arms, arranged(z > 2.0 if bools else z, arm=arm)).status == "ok"
    cells = designed("effect:a", "at_least", 0.0, 240, factors=("a", "b"))
    factors = {"a": arm, "b": np.arange(240) // 2 % 2}
    assert _diagnosed(cells, arranged(z > 2.0 if bools else z, factors=factors)).status == "ok"
    clustered = designed("difference", "at_least", 0.0, 240, arms=("old", "new"), cluster="user")
    both = arranged(z > 2.0 if bools else z, arm=arm, cluster=np.arange(240) // 6)
    assert _diagnosed(clustered, both).status == "ok"


def test_dependence_inside_groups_is_found() -> None:
    """A drift shows in each arm."""
    arm = np.arange(400) % 2
    x = autoregressive(generator(6), 400, 0.9) + 4.0 * arm
    finding = _diagnosed(designed("difference", "at_least", 0.0, 400, arms=("old", "new")), arranged(x, arm=arm))
    assert finding.status == "void"
    assert "trials of one group apart" in finding.message
    assert finding.numbers["effective_n"] < 200


def test_small_groups_and_resampled_splits_are_not_looked_at() -> None:
    """Too few trials a cell; a dependence that is declared."""
    y = np.arange(12.0)
    factors = {"a": np.arange(12) % 2, "b": np.arange(12) // 2 % 3}
    cells = _diagnosed(designed("effect:a", "at_least", 0.0, 12, factors=("a", "b")), arranged(y, factors=factors))
    assert cells.message == "too few observations to look for serial dependence"
    assert cells.numbers["effective_n"] == 12.0
    assert _diagnosed(designed("mean", "at_least", 0.0, 12, resampled=0.1), arranged(y)) is None


@pytest.mark.parametrize("values", [[0.0] * 6, [1e308, -1e308] * 3, [5e-324] * 6])
def test_what_units_are_worth_is_finite(values: list[float]) -> None:
    """Whatever their size."""
    designs: list[dict[str, Any]] = [{"block": 3}, {"cluster": "user"}]
    for design in designs:
        sample = arranged(values, cluster=None if "block" in design else [0, 0, 0, 1, 1, 1])
        finding = _diagnosed(designed("mean", "at_least", 0.0, 6, **design), sample)
        assert 0.0 < finding.numbers["effective_n"] <= 6.0
