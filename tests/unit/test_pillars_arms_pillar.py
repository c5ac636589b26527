"""Claims about two arms: which method decides, on both sides, and what it asks of a sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from compared import arms_of, arms_plan, assessed
from error_rates import Floats, shipped, verdict_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.arm_difference import is_exact
from ophamin_pillars.arm_shift import least_n
from ophamin_pillars.power.arms import effect_power, means_power
from ophamin_pillars.serial import SerialDependencePillar
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.planning import least_trials
from pytest_ophamin.deciding.protocol import BadPlan, BadSample
from pytest_ophamin.deciding.sides import minus
from pytest_ophamin.trials.sample import Sample

RNG = np.random.default_rng(20_261_124)
VALIDATED, REFUTED, INCONCLUSIVE = Verdict.VALIDATED, Verdict.REFUTED, Verdict.INCONCLUSIVE
OLD, NEW = RNG.normal(10.0, 1.0, 30), RNG.normal(12.0, 2.0, 30)
FEW_OLD, FEW_NEW = OLD[:8], NEW[:8]


def bits(successes: int, n: int) -> Any:
    """Return n bools, the first of them true."""
    return np.arange(n) < successes


@pytest.mark.parametrize(
    ("metric", "first", "second", "method", "exact"),
    [
        ("difference", OLD, NEW, "welch-t/1", False),
        ("difference", bits(20, 30), bits(12, 30), "unconditional-difference/1", True),
        ("difference", bits(200, 300), bits(150, 300), "score-difference/1", False),
        ("difference", bits(5, 300), bits(150, 300), "unconditional-difference/1", True),
        ("ratio", OLD, NEW, "log-welch-t/1", False),
        ("ratio", bits(20, 30), bits(12, 30), "score-ratio/1", False),
        ("shift", OLD, NEW, "hodges-lehmann/1", True),
        ("shift", np.tile(OLD, 4), np.tile(NEW, 4), "hodges-lehmann-normal/1", False),
        ("superiority", OLD, NEW, "brunner-munzel-logit/1", False),
        ("superiority", FEW_OLD, FEW_NEW, "brunner-munzel-logit-permuted/1", False),
        ("superiority", bits(20, 30), bits(12, 30), "unconditional-difference/1", True),
    ],
)
def test_the_observations_choose_the_method(
    metric: str, first: Floats, second: Floats, method: str, exact: bool
) -> None:
    """Bools never meet a t test; every method says whether it is exact, and if not within which conditions it holds."""
    found = assessed(arms_plan(metric, "at_least", 0.9, len(first) + len(second)), arms_of(first, second))
    assert (found.method, found.exact) == (method, exact)
    assert (found.conditions is None) is exact
    assert found.n == len(first) + len(second)


def test_numbers_agree_with_scipy() -> None:
    """First arm minus second, first over second, P(first > second): against the same tests of SciPy."""
    sample = arms_of(OLD, NEW)
    welch = stats.ttest_ind(OLD, NEW, equal_var=False, alternative="less")
    assert assessed(arms_plan("difference", "at_most", 0.0, 60), sample).p_validate == pytest.approx(welch.pvalue)
    logs = stats.ttest_ind(np.log(OLD), np.log(NEW), equal_var=False, alternative="less")
    ratio = assessed(arms_plan("ratio", "at_most", 1.0, 60), sample)
    assert ratio.p_validate == pytest.approx(logs.pvalue)
    assert ratio.estimate == pytest.approx(stats.gmean(OLD) / stats.gmean(NEW))
    shift = assessed(arms_plan("shift", "at_most", -1.0, 60), sample)
    ranks = stats.mannwhitneyu(OLD + 1.0, NEW, alternative="less", method="exact")
    assert shift.p_validate == pytest.approx(ranks.pvalue)
    assert shift.estimate == pytest.approx(np.median(np.subtract.outer(OLD, NEW)))
    superiority = assessed(arms_plan("superiority", "at_most", 0.5, 60), sample)
    assert superiority.estimate == pytest.approx((OLD[:, None] > NEW).mean())


@pytest.mark.parametrize(
    ("metric", "first", "second", "below", "above"),
    [
        ("difference", OLD, NEW, -5.0, 2.0),
        ("difference", bits(20, 30), bits(12, 30), -0.2, 0.7),
        ("difference", bits(200, 300), bits(150, 300), 0.0, 0.4),
        ("ratio", OLD, NEW, 0.5, 1.4),
        ("ratio", bits(60, 90), bits(40, 90), 0.7, 4.0),
        ("shift", OLD, NEW, -5.0, 2.0),
        ("superiority", OLD, NEW, 0.02, 0.6),
        ("superiority", FEW_OLD, FEW_OLD + 0.1, 0.05, 0.9),
        ("superiority", bits(20, 30), bits(12, 30), 0.2, 0.9),
    ],
)
def test_every_relation_is_decided_on_both_sides(
    metric: str, first: Floats, second: Floats, below: float, above: float
) -> None:
    """A limit well below, well above and at the estimate; a margin concedes; an equivalence works both ways."""
    sample, n = arms_of(first, second), len(first) + len(second)
    assert verdict_of(arms_plan(metric, "at_least", below, n), sample) is VALIDATED
    assert verdict_of(arms_plan(metric, "at_most", above, n), sample) is VALIDATED
    assert verdict_of(arms_plan(metric, "at_most", below, n), sample) is REFUTED
    assert verdict_of(arms_plan(metric, "at_least", above, n), sample) is REFUTED
    estimate = round(assessed(arms_plan(metric, "at_least", below, n), sample).estimate or 0.0, 6)
    level = verdict_of(arms_plan(metric, "at_least", estimate, n), sample)
    assert level is INCONCLUSIVE
    assert verdict_of(arms_plan(metric, "at_least", estimate, n, margin=minus(estimate, below)), sample) is VALIDATED
    assert verdict_of(arms_plan(metric, "within", (below, above), n), sample) is VALIDATED
    assert verdict_of(arms_plan(metric, "within", (above, above + 0.05), n), sample) is REFUTED


@given(
    metric=st.sampled_from(["difference", "ratio", "shift", "superiority"]),
    kind=st.sampled_from(["bools", "numbers", "ties"]),
    relation=st.sampled_from(["at_least", "at_most"]),
    n=st.integers(3, 14),
    place=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=60)
def test_the_interval_agrees_with_the_verdict(
    metric: str, kind: str, relation: str, n: int, place: float, seed: int
) -> None:
    """VALIDATED exactly when the claimed side's bound clears the limit, REFUTED when the other one misses it."""
    rng = np.random.default_rng(seed)
    if kind == "bools" and metric != "shift":
        sample = arms_of(rng.random(n) < 0.7, rng.random(n + 1) < 0.4)
    elif kind == "ties":
        sample = arms_of(rng.integers(1, 5, n).astype(float), rng.integers(1, 4, n + 1).astype(float))
    else:
        sample = arms_of(np.exp(rng.normal(0.4, 1.0, n)), np.exp(rng.normal(0.0, 0.5, n + 1)))
    limit = round(place if metric in ("superiority", "ratio") else 2.0 * place - 1.0, 3)
    claim = arms_plan(metric, relation, limit, 2 * n + 1)
    found, verdict = assessed(claim, sample), verdict_of(claim, sample)
    if found.reason is not None:
        assert verdict is INCONCLUSIVE
        return
    above = found.lower is not None and found.lower >= limit
    below = found.upper is not None and found.upper <= limit
    if found.lower is not None and found.upper is not None:
        assert found.lower <= found.upper
    gaps = [abs(bound - limit) for bound in (found.lower, found.upper) if bound is not None]
    if gaps and min(gaps) < 1e-6:
        return  # a bound on the limit itself: rounding decides
    expected = (VALIDATED, REFUTED) if relation == "at_least" else (REFUTED, VALIDATED)
    assert verdict is (expected[0] if above else expected[1] if below else INCONCLUSIVE)


@given(
    metric=st.sampled_from(["difference", "shift"]),
    limit=st.floats(-2.0, 2.0).map(lambda x: round(x, 3)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=50)
def test_swapping_the_arms_mirrors_the_claim(metric: str, limit: float, seed: int) -> None:
    """First minus second at least t, or second minus first at most -t: one claim."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=9), rng.normal(0.5, 2.0, 8)
    one = assessed(arms_plan(metric, "at_least", limit, 17), arms_of(x, y))
    other = assessed(arms_plan(metric, "at_most", -limit, 17), arms_of(y, x))
    assert (one.p_validate, one.p_refute) == pytest.approx((other.p_validate, other.p_refute))
    assert one.lower == pytest.approx(-(other.upper or 0.0))


@pytest.mark.parametrize(
    ("metric", "first", "second", "reason"),
    [
        ("difference", [1.0, 1.0, 1.0], [2.0, 2.0, 2.0], "all observations are equal"),
        ("difference", [1.0], [2.0, 3.0], "fewer than two"),
        ("difference", [True, False], np.zeros(0, dtype=np.bool_), "fewer than two"),
        ("ratio", [2.0, 2.0], [3.0, 3.0], "all observations are equal"),
        ("ratio", [2.0], [3.0, 4.0], "fewer than two"),
        ("ratio", [False, False], [False, False], "neither arm has a success"),
        ("ratio", [True, False], np.zeros(0, dtype=np.bool_), "fewer than two"),
        ("shift", [1.0, 2.0], np.zeros(0), "fewer than two"),
        ("superiority", [1.0], [2.0, 3.0], "fewer than two"),
        ("superiority", [1.0, 1.0], [1.0, 1.0], "all observations are equal"),
        ("superiority", [True, False], np.zeros(0, dtype=np.bool_), "fewer than two"),
    ],
)
def test_a_sample_that_says_nothing_is_inconclusive(metric: str, first: Any, second: Any, reason: str) -> None:
    """p = 1 on both sides, with the reason."""
    sample = arms_of(first, second)
    claim = arms_plan(metric, "at_least", 0.5, sample.n)
    found = assessed(claim, sample)
    assert found.reason is not None
    assert reason in found.reason
    assert (found.p_validate, found.p_refute) == (1.0, 1.0)
    assert verdict_of(claim, sample) is INCONCLUSIVE


@pytest.mark.parametrize(
    ("metric", "sample", "trial", "message"),
    [
        ("ratio", arms_of([1.0, 2.0, 3.0], [1.0, 0.0, 3.0]), 3, "positive numbers, or bools"),
        ("shift", arms_of([True, False], [True, True]), 0, "not bools"),
        ("difference", arms_of([1.7e308, -1.7e308, 1.7e308], [1e308, -1e308, 1.0]), None, "too large"),
    ],
)
def test_a_sample_the_method_cannot_take_is_void(metric: str, sample: Sample, trial: int | None, message: str) -> None:
    """With the trial's index, and without quoting the observation."""
    with pytest.raises(BadSample, match=message) as caught:
        assessed(arms_plan(metric, "at_least", 0.5, sample.n), sample)
    assert caught.value.trial == trial


def test_a_ratio_beyond_float64_has_no_end_there() -> None:
    """An estimate or bound that no float holds is null, not an error."""
    sample = arms_of([1e308, 1e300, 1e305], [1e-308, 1e-300, 1e-305])
    found = assessed(arms_plan("ratio", "at_least", 1.0, 6), sample)
    assert (found.estimate, found.upper) == (None, None)
    assert verdict_of(arms_plan("ratio", "at_least", 1.0, 6), sample) is VALIDATED


def test_measurements_of_few_values_are_named() -> None:
    """0/1 numbers by t is what the conditions exclude: the record says so."""
    sample = arms_of(RNG.integers(0, 2, 40).astype(float), RNG.integers(0, 2, 40).astype(float))
    assert "not met" in (assessed(arms_plan("difference", "at_least", 0.0, 80), sample).conditions or "")


@pytest.mark.parametrize(
    ("metric", "first", "second", "limit"),
    [
        ("difference", OLD, OLD + 0.3, 0.0),
        ("difference", bits(20, 40), bits(16, 40), 0.0),
        ("ratio", OLD, OLD * 1.02, 1.0),
        ("ratio", bits(20, 40), bits(16, 40), 1.0),
        ("shift", OLD, OLD + 0.3, 0.0),
        ("superiority", OLD, OLD + 0.3, 0.5),
        ("superiority", bits(20, 40), bits(16, 40), 0.5),
    ],
)
def test_an_inconclusive_claim_says_how_many_trials_would_decide(
    metric: str, first: Floats, second: Floats, limit: float
) -> None:
    """About: the same arms so many times over decide; on the boundary none would."""
    sample, n = arms_of(first, second), len(first) + len(second)
    found = assessed(arms_plan(metric, "at_most", limit, n), sample)
    assert found.needed is not None
    assert n < found.needed < 100 * n
    times = -(-found.needed // n) + 1
    repeated = arms_of(np.tile(first, times), np.tile(second, times))
    assert verdict_of(arms_plan(metric, "at_most", limit, repeated.n), repeated) in (VALIDATED, REFUTED)
    balanced = arms_of(first, first)
    assert assessed(arms_plan(metric, "at_most", limit, balanced.n), balanced).needed is None


@pytest.mark.parametrize(
    ("metric", "limit", "expecting", "sd", "detectable"),
    [
        ("difference", 0.0, 0.5, 1.0, 0.5),
        ("ratio", 1.0, 1.2, 0.5, 1.2),
        ("shift", 0.0, 0.5, 1.0, 0.5),
        ("superiority", 0.5, 0.65, None, 0.65),
    ],
)
def test_plans_size_a_claim_and_say_what_it_detects(
    metric: str, limit: float, expecting: float, sd: float | None, detectable: float
) -> None:
    """At the size that reaches the power, the power is just reached, and the detectable value is the expected one."""
    claim = arms_plan(metric, "at_least", limit, 0, expecting=expecting, expecting_sd=sd)
    pillar = shipped().deciding_for(claim)
    n = least_trials(claim, pillar, 0.05)
    assert n is not None
    plan = pillar.plan(replace(claim, trials=n), level=0.05)
    assert plan.power == pytest.approx(0.9, abs=0.01)
    assert plan.detectable == pytest.approx(detectable, abs=0.01)
    assert least_trials(replace(claim, expecting=None), pillar, 0.05) is None
    equivalence = replace(claim, relation="within", threshold=(2.0 * limit - expecting, expecting), expecting=limit)  # type: ignore[arg-type]
    planned = pillar.plan(replace(equivalence, trials=2 * n), level=0.05)
    assert planned.power is not None
    assert 0.5 < planned.power < 1.0
    assert planned.detectable is None


@pytest.mark.parametrize(
    ("metric", "limit", "expecting", "sd"),
    [
        ("difference", 0.0, 0.8, 1.0),
        ("ratio", 1.0, 2.0, 1.0),
        ("shift", 0.0, 0.8, 1.0),
        ("superiority", 0.5, 0.714, None),
    ],
)
def test_the_planned_power_is_the_simulated_one(metric: str, limit: float, expecting: float, sd: float | None) -> None:
    """On normal arms (log-normal for a ratio) of one spread, within 5 %."""
    n, runs = 60, 400
    claim = arms_plan(metric, "at_least", limit, n, expecting=expecting, expecting_sd=sd)
    gap = np.log(2.0) if metric == "ratio" else 0.8
    planned = shipped().deciding_for(claim).plan(claim, level=0.05).power
    assert planned is not None
    rng, validated = np.random.default_rng(5), 0
    for _ in range(runs):
        x, y = rng.normal(gap, 1.0, 30), rng.normal(0.0, 1.0, 30)
        arms = (np.exp(x), np.exp(y)) if metric == "ratio" else (x, y)
        validated += assessed(claim, arms_of(*arms)).p_validate <= 0.05
    assert validated / runs == pytest.approx(planned, abs=0.06)


@pytest.mark.parametrize("metric", ["difference", "ratio", "shift", "superiority"])
def test_without_an_expectation_the_plan_knows_the_least_n(metric: str) -> None:
    """Two in each arm; for ranks, enough that the rarest order is rare enough."""
    claim = arms_plan(metric, "at_least", 0.5, 100)
    plan = shipped().deciding_for(claim).plan(claim, level=0.05)
    assert plan.least_n == (6 if metric in ("shift", "superiority") else 4)
    assert (plan.power, plan.detectable is None or metric == "superiority") == (None, True)
    assert least_n(0.001) == 13


def test_a_plan_at_the_ends() -> None:
    """Too few trials for any power, or for a detectable value; arms that never overlap."""
    assert means_power((("greater", 0.0),), 2, 1.0, 1.0, 0.05) == 0.0
    assert effect_power((("greater", 0.5),), 3, 0.8, 0.05) == 0.0
    claim = arms_plan("superiority", "at_least", 0.8, 6, expecting=1.0)
    assert shipped().deciding_for(claim).plan(claim, level=0.05).detectable is None
    sure = arms_plan("superiority", "at_least", 0.5, 60, expecting=1.0)
    assert (shipped().deciding_for(sure).plan(sure, level=0.05).power or 0.0) > 0.9
    sample = arms_of(FEW_OLD[:2], FEW_OLD[:2] + 0.1)
    assert assessed(arms_plan("superiority", "at_least", 0.5, 4), sample).p_validate > 0.05


@pytest.mark.parametrize("metric", ["ratio", "superiority"])
def test_a_limit_no_data_could_pass_is_a_bad_plan(metric: str) -> None:
    """A margin that concedes more than there is."""
    claim = arms_plan(metric, "at_least", 0.4, 100, margin=0.4)
    with pytest.raises(BadPlan, match="margin"):
        shipped().deciding_for(claim).plan(claim, level=0.05)


def test_rare_successes_are_counted_exactly_for_longer() -> None:
    """The score test errs where few successes are expected."""
    assert is_exact((10, 250, 100, 250))
    assert is_exact((10, 1000, 100, 1000))
    assert not is_exact((100, 251, 100, 250))
    assert not is_exact((10, 1001, 100, 1000))


def test_arms_that_differ_are_not_taken_for_trials_that_alternate() -> None:
    """Serial dependence is looked for within each arm; a drift inside the arms is found all the same."""
    claim = arms_plan("difference", "at_most", 0.0, 400)
    pillar = SerialDependencePillar()
    far_apart = pillar.diagnose(claim, arms_of(RNG.normal(0.0, 1.0, 200), RNG.normal(9.0, 1.0, 200)))
    drifting = pillar.diagnose(claim, arms_of(np.linspace(0.0, 9.0, 200), 20.0 + np.linspace(0.0, 9.0, 200)))
    assert far_apart is not None
    assert far_apart.status == "ok"
    assert drifting is not None
    assert drifting.status == "void"
    assert (drifting.numbers["effective_n"] or 0.0) < 320
    one_arm = pillar.diagnose(claim, arms_of(RNG.normal(0.0, 1.0, 200), np.zeros(0)))
    assert one_arm is not None
