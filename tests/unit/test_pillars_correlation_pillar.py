"""Claims about correlations: verdicts on both sides, bounds, plans, and what they ask of a sample."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from compared import assessed
from error_rates import plan_of, sample_of, shipped, verdict_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.serial import SerialDependencePillar
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.planning import least_trials
from pytest_ophamin.deciding.protocol import BadPlan, BadSample
from pytest_ophamin.deciding.sides import minus
from pytest_ophamin.trials.sample import Sample

RNG = np.random.default_rng(20_261_126)
VALIDATED, REFUTED, INCONCLUSIVE = Verdict.VALIDATED, Verdict.REFUTED, Verdict.INCONCLUSIVE
KINDS = ("correlation", "spearman", "kendall")


def related(n: int, rho: float, seed: int = 1) -> Sample:
    """Return n normal pairs with correlation ``rho``."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return sample_of(x, rho * x + math.sqrt(1.0 - rho * rho) * rng.normal(size=n))


@pytest.mark.parametrize("n", [7, 30])
def test_at_zero_the_p_values_are_those_of_scipy(n: int) -> None:
    """Student's t for Pearson, permutations for the others (nearly so beyond nine pairs for Spearman)."""
    sample = related(n, 0.5)
    x, y = sample.pairs
    expected = {
        "correlation": stats.pearsonr(x, y, alternative="greater"),
        "kendall": stats.kendalltau(x, y, alternative="greater", method="exact"),
        "spearman": stats.spearmanr(x, y, alternative="greater"),
    }
    for kind in KINDS:
        found = assessed(plan_of(kind, "at_least", 0.0, n), sample)
        assert found.estimate == pytest.approx(expected[kind].statistic)
        tolerance = 0.35 if kind == "spearman" else 1e-9
        assert found.p_validate == pytest.approx(expected[kind].pvalue, rel=tolerance)
        assert found.exact is False
        assert "independent pairs" in (found.conditions or "")
        assert found.n == n


@pytest.mark.parametrize("kind", KINDS)
def test_every_relation_is_decided_on_both_sides(kind: str) -> None:
    """A limit well below, well above and at the estimate; a margin concedes; an equivalence works both ways."""
    sample, n = related(120, 0.6), 120
    assert verdict_of(plan_of(kind, "at_least", 0.1, n), sample) is VALIDATED
    assert verdict_of(plan_of(kind, "at_most", 0.85, n), sample) is VALIDATED
    assert verdict_of(plan_of(kind, "at_most", 0.1, n), sample) is REFUTED
    assert verdict_of(plan_of(kind, "at_least", 0.85, n), sample) is REFUTED
    estimate = round(assessed(plan_of(kind, "at_least", 0.1, n), sample).estimate or 0.0, 6)
    assert verdict_of(plan_of(kind, "at_least", estimate, n), sample) is INCONCLUSIVE
    assert verdict_of(plan_of(kind, "at_least", estimate, n, margin=minus(estimate, 0.1)), sample) is VALIDATED
    assert verdict_of(plan_of(kind, "within", (0.1, 0.85), n), sample) is VALIDATED
    assert verdict_of(plan_of(kind, "within", (0.85, 0.95), n), sample) is REFUTED


@given(
    kind=st.sampled_from(KINDS),
    relation=st.sampled_from(["at_least", "at_most"]),
    limit=st.sampled_from([-0.5, -0.1, 0.0, 0.2, 0.6]),
    margin=st.sampled_from([0.0, 0.1]),
    n=st.integers(2, 25),
    tied=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=80)
def test_the_interval_agrees_with_the_verdict(
    kind: str, relation: str, limit: float, margin: float, n: int, tied: bool, seed: int
) -> None:
    """A verdict never contradicts its bounds; at the limit 0, and for Pearson everywhere, they say the same."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=n), rng.normal(size=n)
    y += rng.choice([-1.0, 0.0, 1.0]) * x
    sample = sample_of(np.round(x), np.round(y)) if tied else sample_of(x, y)
    claim = plan_of(kind, relation, limit, n, margin=margin)
    found, verdict = assessed(claim, sample), verdict_of(claim, sample)
    if found.reason is not None:
        assert verdict is INCONCLUSIVE
        return
    lower, upper = -1.0 if found.lower is None else found.lower, 1.0 if found.upper is None else found.upper
    if relation == "at_least":
        cleared, missed = lower >= minus(limit, margin), upper <= limit
    else:
        cleared, missed = upper <= limit + margin, lower >= limit
    expected = VALIDATED if cleared else REFUTED if missed else INCONCLUSIVE
    if min(abs(bound - edge) for bound in (lower, upper) for edge in (limit, limit - margin, limit + margin)) < 1e-9:
        return  # a bound on the limit itself (the bounds of ranks stop at 0): either word agrees with it
    assert verdict is expected


@pytest.mark.parametrize(
    ("kind", "x", "y", "reason"),
    [
        ("correlation", [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], "on a line"),
        ("correlation", [1.0, 2.0], [2.0, 1.0], "too few"),
        ("correlation", [1.0], [2.0], "too few"),
        ("spearman", [1.0, 1.0, 1.0], [1.0, 2.0, 3.0], "single value"),
        ("spearman", [1.0, 2.0], [2.0, 1.0], "too few"),
        ("kendall", [1.0, 2.0, 3.0], [5.0, 5.0, 5.0], "single value"),
    ],
)
def test_a_sample_that_says_nothing_is_inconclusive(kind: str, x: list[float], y: list[float], reason: str) -> None:
    """p = 1 on both sides, with the reason."""
    claim = plan_of(kind, "at_least", 0.5, len(x))
    found = assessed(claim, sample_of(x, y))
    assert reason in (found.reason or "")
    assert (found.p_validate, found.p_refute) == (1.0, 1.0)
    assert verdict_of(claim, sample_of(x, y)) is INCONCLUSIVE


@pytest.mark.parametrize("kind", KINDS)
def test_bools_have_no_correlation(kind: str) -> None:
    """A t test of bools errs too often, so there is none."""
    with pytest.raises(BadSample, match="not bools"):
        assessed(plan_of(kind, "at_least", 0.5, 2), sample_of([True, False], [1.0, 2.0]))


def test_numbers_of_few_values_are_named() -> None:
    """0/1 numbers are not normal: the conditions of Pearson's test say so, ranks do not mind."""
    sample = sample_of(RNG.integers(0, 2, 40), RNG.normal(size=40))
    assert "not met" in (assessed(plan_of("correlation", "at_least", 0.0, 40), sample).conditions or "")
    assert "not met" not in (assessed(plan_of("spearman", "at_least", 0.0, 40), sample).conditions or "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", [0.0, 0.35])
def test_an_inconclusive_claim_says_how_many_pairs_would_decide(kind: str, limit: float) -> None:
    """Repeating the pairs that often decides; a claim at its own estimate lies on the boundary."""
    sample = related(14, 0.3, seed=39)
    found = assessed(plan_of(kind, "at_least", limit, 14), sample)
    assert found.needed is not None
    x, y = (np.tile(column, -(-found.needed // 14) + 1) for column in sample.pairs)
    more = sample_of(x, y)
    assert verdict_of(plan_of(kind, "at_least", limit, more.n), more) in (VALIDATED, REFUTED)
    assert found.estimate is not None
    assert assessed(plan_of(kind, "at_least", found.estimate, 14), sample).needed is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("relation", "limit", "rho"), [("at_least", 0.2, 0.6), ("at_most", 0.5, 0.1)])
def test_the_planned_power_is_the_simulated_one(kind: str, relation: str, limit: float, rho: float) -> None:
    """For normal pairs, within 6 %; at the planned size it is the power asked for."""
    value = {"correlation": rho, "spearman": 6 / math.pi * math.asin(rho / 2), "kendall": 2 / math.pi * math.asin(rho)}
    claim = plan_of(kind, relation, limit, 0, expecting=value[kind])
    pillar = shipped().deciding_for(claim)
    n = least_trials(claim, pillar, 0.05)
    assert n is not None
    plan = pillar.plan(replace(claim, trials=n), level=0.05)
    assert plan.power == pytest.approx(0.9, abs=0.02)
    assert plan.detectable == pytest.approx(value[kind], abs=0.02)
    claim = replace(claim, trials=n)
    hits = sum(assessed(claim, related(n, rho, seed)).p_validate <= 0.05 for seed in range(250))
    assert hits / 250 == pytest.approx(plan.power, abs=0.06)


@pytest.mark.parametrize(
    ("kind", "relation", "threshold", "least"),
    [
        ("correlation", "at_least", 0.3, 3),
        ("spearman", "at_most", 0.8, 4),
        ("kendall", "at_least", 0.8, 8),
        ("spearman", "at_least", 0.0, 4),
        ("kendall", "at_least", 0.0, 4),
        ("correlation", "within", (-0.3, 0.3), 31),
        ("spearman", "within", (-0.3, 0.3), 35),
        ("kendall", "within", (-0.3, 0.3), 19),
    ],
)
def test_the_least_n_is_where_some_sample_could_validate(kind: str, relation: str, threshold: Any, least: int) -> None:
    """Below it a claim is an error at collection."""
    claim = plan_of(kind, relation, threshold, 100)
    plan = shipped().deciding_for(claim).plan(claim, level=0.05)
    assert plan.least_n == least
    assert plan.power is None
    below = replace(claim, trials=least - 1, expecting=0.5 if relation == "at_least" else 0.0)
    assert shipped().deciding_for(claim).plan(below, level=0.05).power == 0.0


def test_a_plan_without_sense_is_refused_and_one_without_expectation_has_no_size() -> None:
    """A margin that leaves no correlation."""
    claim = plan_of("spearman", "at_least", 0.3, 0, margin=1.4)
    pillar = shipped().deciding_for(claim)
    with pytest.raises(BadPlan, match="between -1 and 1"):
        pillar.plan(claim, level=0.05)
    assert least_trials(replace(claim, margin=0.0), pillar, 0.05) is None


def test_dependence_is_looked_for_in_what_a_correlation_is_made_of() -> None:
    """One wandering side is worth no fewer pairs than there are; two that wander are."""
    pillar, n = SerialDependencePillar(), 400
    wander = np.cumsum(RNG.normal(size=(2, n)), axis=1)
    for kind in KINDS:
        one = pillar.diagnose(plan_of(kind, "at_least", 0.5, n), sample_of(wander[0], RNG.normal(size=n)))
        both = pillar.diagnose(plan_of(kind, "at_least", 0.5, n), sample_of(wander[0], wander[1]))
        assert one is not None
        assert both is not None
        assert (one.status, both.status) == ("ok", "void")
