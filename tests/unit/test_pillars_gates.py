"""Benchmark gates of times: what a sample says where it stops, and what is no sample."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from error_rates import generator, shipped
from gate_samples import LOOKS, PILLAR, decided, gate, pairs

from ophamin_pillars.gates.deciding import _tests_at_looks
from ophamin_pillars.gates.looks import nominal_at_cap
from ophamin_pillars.gates.observed import decision_variable as observed
from ophamin_pillars.serial import decision_variable
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import BadSample
from pytest_ophamin.testing import claim_of, pairs_of, sample_of


def test_a_plain_slowdown_stops_early_and_is_refuted() -> None:
    """+20 % at a deviation of 1 %: the first look; the other side says nothing, and the interval follows."""
    claim = gate(m=20)
    found = decided(claim, pairs(math.log(1.2) + generator(71, 1).normal(0.0, 0.01, 30)))
    assert found.n == 6
    assert found.p_refute <= 0.05 / 20
    assert found.p_validate == 1.0
    assert found.lower is not None
    assert found.lower > 1.05
    assert found.estimate == pytest.approx(1.2, rel=0.02)


def test_equal_programs_are_validated() -> None:
    """A/A at a deviation of 1 %."""
    claim = gate(m=20)
    found = decided(claim, pairs(generator(71, 2).normal(0.0, 0.01, 30)))
    assert found.n <= 10
    assert found.p_validate <= 0.05 / 20
    assert found.p_refute == 1.0


@pytest.mark.parametrize("metric", ["time_ratio", "memory_ratio"])
@pytest.mark.parametrize("m", [1, 20])
def test_where_a_sample_stops_its_p_value_is_within_the_level_it_stopped_at(metric: str, m: int) -> None:
    """Stopped before the cap: one side within its level, the other 1; at the cap neither stopped before."""
    claim, stopped = replace(gate(metric, m=m)), 0
    if metric == "memory_ratio":
        claim = replace(claim, trials=30)
    for seed in range(60):
        logs = generator(72, seed).normal(math.log(1.05) + 0.04 * (seed % 3 - 1), 0.04, 30)
        sample = pairs(logs) if metric == "time_ratio" else pairs_of(np.exp(logs), np.ones(30), control=np.exp(logs))
        stop = PILLAR.stop(claim, sample)
        found = decided(claim, sample)
        if stop is not None:
            stopped += 1
            assert min(found.p_validate, found.p_refute) <= 0.05 / m
            assert max(found.p_validate, found.p_refute) == 1.0
    assert stopped


@pytest.mark.parametrize("metric", ["time_ratio", "memory_ratio"])
@pytest.mark.parametrize("m", [1, 20])
def test_bounds_invert_the_stagewise_tests(metric: str, m: int) -> None:
    """On either side of a bound its own test changes its mind; stopped early or not, noisy looks left out or not."""
    claim, level, bounds = gate(metric, m=m), 0.05, 0
    for seed in range(25):
        rng = generator(73, seed)
        logs = rng.normal(math.log(1.05) + 0.03 * (seed % 3 - 1), 0.04, 30)
        control = rng.normal(0.0, 0.04, 30) if seed % 2 else np.where(np.arange(30) < 7, 0.1 + 0.001 * logs, 0.0)
        sample = pairs(logs, control)
        if metric == "memory_ratio":
            sample = pairs_of(np.exp(logs), np.ones(30), control=np.exp(logs + control))
        stop = PILLAR.stop(claim, sample) or 30
        sample = sample.first_trials(stop)
        *_, (_, tests) = _tests_at_looks(claim, sample, observed(claim, sample))
        if tests is None:
            continue
        for side, bound in (("greater", tests.lower(level, slack=0.0)), ("less", tests.upper(level, slack=0.0))):
            if bound is None:
                continue
            bounds += 1
            outward = 1.0 - 1e-9 if side == "greater" else 1.0 + 1e-9
            test = tests.greater if side == "greater" else tests.less
            assert test(bound * outward, slack=0.0, strict=False, level=level) <= level * (1.0 + 1e-9)
            assert test(bound / outward, slack=0.0, strict=False, level=level) > level
    assert bounds > 20


def test_within_is_shown_when_both_ends_are_not_necessarily_at_one_look() -> None:
    """Each end is latched where it was crossed."""
    claim = gate(within=(0.9, 1.05))  # type: ignore[arg-type]
    found = decided(claim, pairs(generator(74, 1).normal(0.0, 0.02, 30)))
    assert found.n < 30
    assert found.p_validate <= 0.05
    assert found.lower is not None
    assert found.upper is not None
    assert 0.9 < found.lower < found.upper < 1.05


def test_a_margin_is_additive_on_the_ratio() -> None:
    """Validation tests 1.10, refutation 1.05: in between both may reject, which is conceded."""
    claim = replace(gate(m=1), margin=0.05)
    sample = pairs(math.log(1.075) + generator(74, 2).normal(0.0, 0.005, 30))
    found = decided(claim, sample)
    assert found.null_validate == "time_ratio >= 1.1"
    decision = decide_claim(claim, sample.first_trials(found.n), shipped())
    assert decision.verdict is Verdict.VALIDATED
    assert decision.conceded


def test_a_budget_is_about_the_statistic_itself() -> None:
    """time_median: the geometric mean over processes, in the claim's unit."""
    claim = gate("time_median", at_most=2.0)
    value = 1.5 * np.exp(generator(74, 3).normal(0.0, 0.02, 30))
    ones = np.ones(30)
    found = decided(claim, sample_of(value, control=value, control_low=ones, value_low=ones))
    assert found.p_validate <= 0.05
    assert found.upper is not None
    assert found.upper < 2.0
    assert found.estimate == pytest.approx(1.5, rel=0.02)


def test_equal_logs_say_nothing_about_their_spread() -> None:
    """As for every t test: p = 1 on both sides, with the reason and the estimate."""
    found = decided(gate(), pairs(np.zeros(30), second=0.5))
    assert found.reason is not None
    assert "equal" in found.reason
    assert (found.p_validate, found.p_refute, found.estimate, found.spread) == (1.0, 1.0, 1.0, 0.0)


def test_needed_pairs_are_whole_blocks_and_would_decide() -> None:
    """The same mean and spread reject at the end of that many pairs, and two pairs fewer do not."""
    claim = gate(m=5)
    logs = math.log(1.05) - 0.006 + generator(74, 4).normal(0.0, 0.04, 30)
    found = decided(claim, pairs(logs))
    assert found.needed is not None
    assert found.needed % 2 == 0
    nominal = nominal_at_cap(LOOKS, 0.01, 0.05)
    assert found.estimate is not None
    assert found.spread is not None
    gap = (math.log(found.estimate) - math.log(1.05)) / found.spread

    def rejects(n: int) -> bool:
        from scipy.stats import t

        return bool(t.sf(abs(gap) * math.sqrt(n), n - 1) <= nominal)

    assert rejects(found.needed)
    assert not rejects(found.needed - 2)


@pytest.mark.parametrize("column", ["first", "second", "control"])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_what_is_not_positive_is_refused_with_its_trial(column: str, value: float) -> None:
    """In every column that decides; unless the claim was decided before it."""
    good = pairs(math.log(1.2) + generator(76, 1).normal(0.0, 0.01, 30))
    bad = {name: np.array(each.values) for name, each in good.columns.items()}
    bad[column][4] = value
    first, second = bad.pop("first"), bad.pop("second")
    with pytest.raises(BadSample, match="positive") as raised:
        PILLAR.stop(gate(), pairs_of(first, second, **bad))
    assert raised.value.trial == 4
    with pytest.raises(BadSample, match="positive"):
        PILLAR.decide(gate(), pairs_of(first, second, **bad))


def test_a_bad_pair_after_the_stop_is_no_part_of_the_sample() -> None:
    """A time of zero in pair 20 of a claim that was decided after 6."""
    logs = math.log(1.2) + generator(76, 1).normal(0.0, 0.01, 30)
    first = np.exp(logs)
    first[20] = 0.0
    ones = np.ones(30)
    kept = {"control_median": ones, "first_median": ones, "second_median": ones}
    assert PILLAR.stop(gate(), pairs_of(first, ones, control=first, **kept)) == 6


def test_pairs_that_are_looked_at_once_stop_nowhere() -> None:
    """A claim without looks runs all its pairs, however plain the first ones are."""
    claim = claim_of("time_ratio", at_most=1.05, trials=30)
    sample = pairs(math.log(1.5) + generator(76, 1).normal(0.0, 0.01, 30))
    assert PILLAR.stop(claim, sample) is None
    assert PILLAR.stop(claim, sample.first_trials(20)) is None


def test_bools_and_unplanned_ends_are_refused() -> None:
    """A gate takes numbers, up to a look."""
    ones = np.ones(30, dtype=np.bool_)
    with pytest.raises(BadSample, match="not bools"):
        PILLAR.decide(gate("memory_ratio"), pairs_of(ones, ones, control=np.ones(30)))
    with pytest.raises(BadSample, match="end at a look"):
        PILLAR.decide(gate(), pairs(generator(76, 2).normal(0.0, 0.02, 7)))


def test_serial_dependence_is_judged_on_what_is_tested() -> None:
    """Ratios for times, sides of the limit for peaks."""
    sample = pairs_of([2.0, 3.0, 9.0], [2.0, 4.0, 3.0], control=np.ones(3))
    time = decision_variable(claim_of("time_ratio", at_most=1.05, trials=3), sample)
    memory = decision_variable(claim_of("memory_ratio", at_most=1.05, trials=3), sample)
    assert time is not None
    assert memory is not None
    assert time.tolist() == [1.0, 0.75, 3.0]
    assert memory.tolist() == [True, True, False]


@pytest.mark.parametrize("metric", ["time_ratio", "memory_ratio"])
def test_a_record_with_a_limit_no_ratio_has_is_refused(metric: str) -> None:
    """A plan refuses it at collection; a forged record never had one."""
    claim = replace(gate(metric, at_least=0.5), margin=0.5)
    ones = np.ones(30)
    with pytest.raises(BadSample, match="positive limits"):
        PILLAR.decide(claim, pairs_of(ones, ones, control=ones))
