"""Claims about rates, times between failures and bandwidths: verdicts, bounds, plans, and what they ask of a sample."""

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

from ophamin_pillars.power import poisson
from ophamin_pillars.serial import SerialDependencePillar
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.planning import least_trials
from pytest_ophamin.deciding.protocol import BadPlan, BadSample
from pytest_ophamin.deciding.sides import minus
from pytest_ophamin.trials.sample import Sample

RNG = np.random.default_rng(20_261_125)
VALIDATED, REFUTED, INCONCLUSIVE = Verdict.VALIDATED, Verdict.REFUTED, Verdict.INCONCLUSIVE


def events(count: int, n: int, exposure: float) -> Sample:
    """Return n trials of equal exposure, the first of them with all the events."""
    counts = np.zeros(n, dtype=np.int64)
    counts[0] = count
    return sample_of(counts, np.full(n, exposure / n))


def throughputs(n: int, rate: float) -> Sample:
    """Return n trials whose amounts are about ``rate`` times their seconds."""
    seconds = RNG.uniform(0.5, 2.0, n)
    return sample_of(seconds * RNG.normal(rate, 0.1 * rate, n), seconds)


def test_a_rate_is_the_poisson_test_of_the_totals() -> None:
    """11 events in 800 hours (Montgomery): exact tails, Garwood's bounds, however they fall into trials."""
    for sample in (events(11, 20, 800.0), events(11, 1, 800.0)):
        found = assessed(plan_of("rate", "at_most", 0.02, sample.n), sample)
        assert (found.method, found.exact, found.conditions) == ("garwood/1", True, None)
        assert found.p_validate == pytest.approx(stats.poisson.cdf(11, 16.0))
        assert found.p_refute == pytest.approx(stats.poisson.sf(10, 16.0))
        assert found.estimate == 11 / 800
        assert found.upper == pytest.approx(stats.chi2.isf(0.05, 24) / 1600)
        assert found.lower == pytest.approx(stats.chi2.ppf(0.05, 22) / 1600)


def test_an_mtbf_has_the_time_censored_bounds_of_the_handbook() -> None:
    """NIST/SEMATECH 8.4.5.1: two failures in 1,600 hours; and none at all."""
    found = assessed(plan_of("mtbf", "at_least", 250.0, 4), events(2, 4, 1600.0))
    assert (found.method, found.exact, found.estimate) == ("chi-square-mtbf/1", True, 800.0)
    assert found.lower == pytest.approx(3200 / stats.chi2.isf(0.05, 6))
    assert found.upper == pytest.approx(3200 / stats.chi2.ppf(0.05, 4))
    none = assessed(plan_of("mtbf", "at_least", 250.0, 4), events(0, 4, 1600.0))
    assert (none.estimate, none.upper, none.effect) == (None, None, None)
    assert none.lower == pytest.approx(-1600 / math.log(0.05))
    assert verdict_of(plan_of("mtbf", "at_least", 250.0, 4), events(0, 4, 1600.0)) is VALIDATED


def test_a_bandwidth_is_the_ratio_of_the_totals() -> None:
    """Not the mean of the rates: one slow large transfer weighs what it took."""
    sample = sample_of([100.0, 1.0, 2.0], [100.0, 0.1, 0.3])
    found = assessed(plan_of("bandwidth", "at_least", 0.5, 3), sample)
    assert (found.method, found.exact) == ("jackknife-ratio-t/1", False)
    assert "pseudo-values" in (found.conditions or "")
    assert found.estimate == pytest.approx(103.0 / 100.4)


@pytest.mark.parametrize(
    ("metric", "sample", "below", "above"),
    [
        ("rate", events(40, 10, 100.0), 0.25, 0.6),
        ("mtbf", events(40, 10, 100.0), 1.6, 4.0),
        ("bandwidth", throughputs(60, 50.0), 45.0, 55.0),
    ],
)
def test_every_relation_is_decided_on_both_sides(metric: str, sample: Sample, below: float, above: float) -> None:
    """A limit well below, well above and at the estimate; a margin concedes; an equivalence works both ways."""
    n = sample.n
    assert verdict_of(plan_of(metric, "at_least", below, n), sample) is VALIDATED
    assert verdict_of(plan_of(metric, "at_most", above, n), sample) is VALIDATED
    assert verdict_of(plan_of(metric, "at_most", below, n), sample) is REFUTED
    assert verdict_of(plan_of(metric, "at_least", above, n), sample) is REFUTED
    estimate = round(assessed(plan_of(metric, "at_least", below, n), sample).estimate or 0.0, 6)
    assert verdict_of(plan_of(metric, "at_least", estimate, n), sample) is INCONCLUSIVE
    conceding = plan_of(metric, "at_least", estimate, n, margin=minus(estimate, below))
    assert verdict_of(conceding, sample) is VALIDATED
    assert verdict_of(plan_of(metric, "within", (below, above), n), sample) is VALIDATED
    assert verdict_of(plan_of(metric, "within", (above, above + 1.0), n), sample) is REFUTED


@given(
    metric=st.sampled_from(["rate", "mtbf", "bandwidth"]),
    relation=st.sampled_from(["at_least", "at_most"]),
    limit=st.floats(0.1, 5.0).map(lambda x: round(x, 3)),
    margin=st.sampled_from([0.0, 0.05]),
    mean=st.floats(0.01, 5.0),
    n=st.integers(2, 30),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=100)
def test_the_interval_agrees_with_the_verdict(
    metric: str, relation: str, limit: float, margin: float, mean: float, n: int, seed: int
) -> None:
    """VALIDATED exactly when the claimed side's bound clears the limit conceded, REFUTED when the other misses t."""
    rng = np.random.default_rng(seed)
    sample = sample_of(rng.poisson(mean, n), rng.uniform(0.5, 2.0, n))
    claim = plan_of(metric, relation, limit, n, margin=margin)
    found, verdict = assessed(claim, sample), verdict_of(claim, sample)
    if found.reason is not None:
        assert verdict is INCONCLUSIVE
        return
    lower, upper = -math.inf if found.lower is None else found.lower, math.inf if found.upper is None else found.upper
    if relation == "at_least":
        cleared, missed = lower >= minus(limit, margin), upper <= limit
    else:
        cleared, missed = upper <= limit + margin, lower >= limit
    assert verdict is (VALIDATED if cleared else REFUTED if missed else INCONCLUSIVE)
    if verdict is INCONCLUSIVE and found.needed is not None:
        assert found.needed > n


@given(
    limit=st.floats(0.05, 20.0),
    failures=st.integers(0, 40),
    time=st.floats(0.5, 100.0),
    relation=st.sampled_from(["at_least", "at_most"]),
)
@settings(deadline=None, max_examples=60)
def test_an_mtbf_claim_is_the_claim_about_its_rate(limit: float, failures: int, time: float, relation: str) -> None:
    """At least m hours between failures, or at most 1 / m failures per hour: same p-values, bounds inverted."""
    sample, other = events(failures, 5, time), {"at_least": "at_most", "at_most": "at_least"}[relation]
    lives = assessed(plan_of("mtbf", relation, limit, 5), sample)
    rates = assessed(plan_of("rate", other, 1.0 / limit, 5), sample)
    assert (lives.p_validate, lives.p_refute) == pytest.approx((rates.p_validate, rates.p_refute), rel=1e-9)
    assert lives.lower == pytest.approx(1.0 / (rates.upper or math.inf))
    assert lives.needed is None or lives.needed == pytest.approx(rates.needed, rel=0.01, abs=1)


@pytest.mark.parametrize(
    ("metric", "first", "second", "trial", "message"),
    [
        ("rate", [1, -1], [1.0, 1.0], 1, "whole number from 0 on"),
        ("rate", [1.0, 1.5], [1.0, 1.0], 1, "whole number from 0 on"),
        ("mtbf", [1, 1, 1], [1.0, 1.0, 0.0], 2, "exposure is positive"),
        ("rate", [1, 1], [True, True], 0, "not a bool"),
        ("rate", [1, 1], [1.7e308, 1.7e308], None, "too large"),
        ("rate", [2**53, 2**53], [1.0, 1.0], None, "too large"),
        ("bandwidth", [1.0, -1.0], [1.0, 1.0], 1, "from 0 on"),
        ("bandwidth", [1.0, 1.0], [0.0, 1.0], 0, "positive"),
        ("bandwidth", [True, True], [1.0, 1.0], 0, "not bools"),
        ("bandwidth", [1.7e308, 1.7e308], [1.0, 1.0], None, "too large"),
    ],
)
def test_a_sample_the_method_cannot_take_is_void(
    metric: str, first: list[Any], second: list[Any], trial: int | None, message: str
) -> None:
    """With the trial's index, and without quoting the observation."""
    with pytest.raises(BadSample, match=message) as caught:
        assessed(plan_of(metric, "at_least", 0.5, len(first)), sample_of(first, second))
    assert caught.value.trial == trial


def test_failed_or_not_is_a_count_too() -> None:
    """A bool beside an exposure is 0 or 1 events."""
    found = assessed(plan_of("rate", "at_most", 1.0, 3), sample_of([True, False, True], [2.0, 2.0, 4.0]))
    assert found.estimate == 0.25


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [([3.0], [2.0], "one observation"), ([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], "the same rate"), ([0, 0], [1, 2], "same")],
)
def test_a_bandwidth_without_spread_is_inconclusive(first: list[float], second: list[float], reason: str) -> None:
    """p = 1 on both sides, with the reason and the estimate."""
    claim, sample = plan_of("bandwidth", "at_least", 0.5, len(first)), sample_of(first, second)
    found = assessed(claim, sample)
    assert reason in (found.reason or "")
    assert (found.p_validate, found.p_refute, found.estimate) == (1.0, 1.0, first[0] / second[0])
    assert verdict_of(claim, sample) is INCONCLUSIVE


@pytest.mark.parametrize(
    ("metric", "relation", "limit", "expecting", "sd"),
    [
        ("rate", "at_most", 0.2, 0.1, math.sqrt(0.1 / 2.0)),
        ("rate", "at_least", 0.2, 0.4, math.sqrt(0.4 / 2.0)),
        ("mtbf", "at_least", 5.0, 10.0, 10.0 * math.sqrt(10.0 / 2.0)),
        ("mtbf", "at_most", 5.0, 2.5, 2.5 * math.sqrt(2.5 / 2.0)),
    ],
)
def test_a_plan_of_a_rate_reads_the_exposure_from_the_deviation(
    metric: str, relation: str, limit: float, expecting: float, sd: float
) -> None:
    """Two hours a trial: power, size and detectable value by enumeration of the counts."""
    claim = plan_of(metric, relation, limit, 0, expecting=expecting, expecting_sd=sd)
    pillar = shipped().deciding_for(claim)
    n = least_trials(claim, pillar, 0.05)
    assert n is not None
    plan = pillar.plan(replace(claim, trials=n), level=0.05)
    total, rate = 2.0 * n, expecting if metric == "rate" else 1.0 / expecting
    null = limit if metric == "rate" else 1.0 / limit
    counts = np.arange(2_000)
    if rate < null:
        rejected = stats.poisson.cdf(counts, null * total) <= 0.05
    else:
        rejected = stats.poisson.sf(counts - 1, null * total) <= 0.05
    assert plan.power == pytest.approx(float(stats.poisson.pmf(counts, rate * total)[rejected].sum()), rel=1e-6)
    assert plan.power is not None
    assert 0.9 <= plan.power < 0.96
    assert plan.detectable is not None
    assert plan.detectable == pytest.approx(expecting, rel=0.08)
    assert plan.least_n == 1


@pytest.mark.parametrize("exposure", [0.3, 1.0, 7.0])
@pytest.mark.parametrize(
    ("metric", "relation", "limit", "expecting"),
    [
        ("rate", "within", (0.5, 2.0), 1.0),
        ("rate", "at_most", 1.0, 0.6),
        ("rate", "at_least", 1.0, 1.5),
        ("mtbf", "within", (1.0, 4.0), 2.0),
        ("mtbf", "at_least", 1.0, 2.0),
    ],
)
def test_the_size_of_a_rate_is_the_least_n_from_which_power_never_drops(
    metric: str, relation: str, limit: float | tuple[float, float], expecting: float, exposure: float
) -> None:
    """Power is sawed in the exposure: every n up to far beyond the size is planned."""
    sd = math.sqrt(expecting ** (1.0 if metric == "rate" else 3.0) / exposure)
    claim = plan_of(metric, relation, limit, 0, expecting=expecting, expecting_sd=sd)
    pillar = shipped().deciding_for(claim)
    size = least_trials(claim, pillar, 0.05)
    assert size is not None
    powers = {n: pillar.plan(replace(claim, trials=n), level=0.05).power for n in range(1, 2 * size + 20)}
    missing = [n for n, power in powers.items() if power is None or power < claim.power]
    assert size == max(missing, default=0) + 1


def test_critical_counts_of_many_exposures_are_those_of_one() -> None:
    """Both directions, from means that no count contradicts to large ones."""
    means = np.array([1e-6, 0.01, 0.5, 1.0, 2.9957, 2.9958, 10.0, 777.7, 1e6])
    for greater in (True, False):
        for level in (0.2, 0.05, 1e-6):
            one = [poisson.critical_count(1.0, mean, level, greater=greater) for mean in means.tolist()]
            many = poisson.critical_counts(means, level, greater=greater).tolist()
            assert many == [-1 if count is None else count for count in one]


def test_a_plan_of_a_rate_within_limits_and_without_exposure() -> None:
    """The two tests of one count; and a word about what is missing."""
    claim = plan_of("rate", "within", (0.5, 2.0), 0, expecting=1.0, expecting_sd=1.0)
    pillar = shipped().deciding_for(claim)
    n = least_trials(claim, pillar, 0.05)
    assert n is not None
    counts = np.arange(500)
    passed = (stats.poisson.sf(counts - 1, 0.5 * n) <= 0.05) & (stats.poisson.cdf(counts, 2.0 * n) <= 0.05)
    plan = pillar.plan(replace(claim, trials=n), level=0.05)
    assert plan.power == pytest.approx(float(stats.poisson.pmf(counts, n)[passed].sum()), rel=1e-6)
    assert plan.detectable is None
    unknown = pillar.plan(plan_of("rate", "at_most", 0.2, 10), level=0.05)
    assert "expecting_sd" in (unknown.note or "")
    assert least_trials(plan_of("rate", "at_most", 0.2, 0), pillar, 0.05) is None
    with pytest.raises(BadPlan, match="positive limit"):
        pillar.plan(plan_of("rate", "at_least", 0.2, 10, margin=0.3), level=0.05)


def test_a_plan_of_a_bandwidth_is_that_of_a_t_test() -> None:
    """With ``expecting_sd`` the deviation of (amount - rate x seconds) / mean seconds."""
    claim = plan_of("bandwidth", "at_least", 90.0, 0, expecting=100.0, expecting_sd=20.0)
    pillar = shipped().deciding_for(claim)
    assert least_trials(claim, pillar, 0.05) == 36
    assert pillar.plan(replace(claim, trials=36), level=0.05).least_n == 2


def test_dependence_is_looked_for_in_what_a_ratio_of_totals_is_made_of() -> None:
    """Growing exposures with a constant rate are no dependence; a rate that drifts is."""
    pillar, n = SerialDependencePillar(), 400
    exposure = np.linspace(1.0, 50.0, n)
    steady = pillar.diagnose(plan_of("rate", "at_most", 3.0, n), sample_of(RNG.poisson(2.0 * exposure), exposure))
    drifting = pillar.diagnose(plan_of("mtbf", "at_most", 3.0, n), sample_of(RNG.poisson(exposure), np.full(n, 10.0)))
    assert steady is not None
    assert drifting is not None
    assert (steady.status, drifting.status) == ("ok", "void")
    claim = plan_of("bandwidth", "at_least", 1.0, n)
    assert decide_claim(claim, sample_of(exposure * exposure, exposure), shipped()).verdict is Verdict.VOID
    assert pillar.diagnose(claim, sample_of(np.zeros(n), np.zeros(n))) is None
