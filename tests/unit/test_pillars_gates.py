"""Benchmark gates: looks, trimmed centres, the null control, and what a sample says at its end."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from error_rates import generator, shipped
from scipy.stats import binom, mstats, ttest_1samp

from ophamin_pillars.gate import GatePillar
from ophamin_pillars.gates.control import control_p, differs, sign_test
from ophamin_pillars.gates.deciding import _tests_at_looks
from ophamin_pillars.gates.looks import SPENDING, look_design, nominal_at_cap
from ophamin_pillars.gates.observed import decision_variable as observed
from ophamin_pillars.gates.trimmed import centre_of
from ophamin_pillars.serial import decision_variable
from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.gates import default_looks
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadSample
from pytest_ophamin.testing import claim_of, pairs_of, sample_of
from pytest_ophamin.trials.sample import Sample

Floats = npt.NDArray[np.float64]
LOOKS = (6, 8, 10, 12, 14, 16, 20, 30)
PILLAR = GatePillar()


def gate(metric: str = "time_ratio", *, looks: tuple[int, ...] = LOOKS, m: int = 1, **changes: float) -> Claim:
    """Return a claim that the ratio is at most 1.05."""
    limits = changes or {"at_most": 1.05}
    return claim_of(metric, trials=looks[-1], design=Design(looks=looks), allocated=m, **limits)  # type: ignore[arg-type]


def pairs(logs: Floats, control: Floats | None = None, second: float = 1.0) -> Sample:
    """Return pairs with these log ratios; the control is the candidate where none is given."""
    first, ones = second * np.exp(logs), np.ones(len(logs))
    controls = first if control is None else first * np.exp(control)
    kept = {"control_median": ones, "first_median": ones, "second_median": ones}
    return pairs_of(first, second * ones, control=controls, **kept)


def decided(claim: Claim, sample: Sample) -> Assessment:
    """Return what the pillar says where the claim stops."""
    stop = PILLAR.stop(claim, sample)
    return PILLAR.decide(claim, sample if stop is None else sample.first_trials(stop))


# Looks --------------------------------------------------------------------------------------------------------------


def test_default_looks_lie_at_the_ends_of_blocks() -> None:
    """Even, rising, up to the cap; and few pairs are looked at once."""
    for pairs_planned in range(4, 302, 2):
        looks = default_looks(pairs_planned)
        assert all(look % 2 == 0 for look in looks)
        assert list(looks) == sorted(set(looks))
        assert looks == () or looks[-1] == pairs_planned
    assert default_looks(30) == LOOKS
    assert default_looks(6) == ()


@pytest.mark.parametrize("level", [0.05, 0.0025, 0.7])
def test_a_sample_on_a_boundary_has_the_level_spent_by_then(level: float) -> None:
    """Stage-wise p-values at the nominal levels are what the spending function has given out."""
    design = look_design(LOOKS, level)
    found = [design.stagewise(place, p) for place, p in enumerate(design.nominal)]
    assert found == pytest.approx(SPENDING(np.array(LOOKS) / 30, min(level, 0.499)), rel=1e-9)


def test_a_stagewise_p_value_grows_with_the_look_and_with_the_p_value_there() -> None:
    """Stopping earlier is the stronger evidence, whatever the p-values are."""
    design = look_design(LOOKS, 0.05)
    found = [
        design.stagewise(place, p)
        for place, stop in enumerate(design.nominal[:-1])
        for p in (1e-300, 1e-3 * stop, 0.5 * stop, stop)
    ]
    assert found == sorted(found)
    assert design.stagewise(7, 1.0) == pytest.approx(1.0)
    assert design.stagewise(0, 1e-300) == 1e-300


def test_one_look_is_a_fixed_sample_at_any_level() -> None:
    """Nothing is spent before, so nothing is paid."""
    design = look_design((12,), 0.7)
    assert design.nominal == (0.7,)
    assert design.stagewise(0, 0.123) == 0.123
    assert nominal_at_cap((12,), 0.01, 0.05) == 0.05


def test_the_cap_gives_back_what_looks_at_a_stricter_level_left() -> None:
    """Looks planned at alpha / 20, a raw p-value compared with alpha: the last look rejects nearly as alone."""
    nominal = nominal_at_cap(LOOKS, 0.0025, 0.05)
    design = look_design(LOOKS, 0.0025)
    assert 0.049 < nominal < 0.05
    assert design.stagewise(7, nominal) == pytest.approx(0.05, rel=1e-9)
    assert nominal_at_cap(LOOKS, 0.05, 0.05) == pytest.approx(look_design(LOOKS, 0.05).nominal[-1], rel=1e-9)


# Centres ------------------------------------------------------------------------------------------------------------


def test_undisturbed_logs_have_the_t_test_everyone_knows() -> None:
    """No observation is far, none is trimmed."""
    x = generator(70, 1).normal(0.01, 0.03, 30)
    centre = centre_of(x)
    assert centre is not None
    reference = ttest_1samp(x, 0.0)
    assert centre.trimmed == 0
    assert centre.mean / centre.error == pytest.approx(reference.statistic, rel=1e-12)
    assert centre.spread == pytest.approx(x.std(ddof=1), rel=1e-12)
    assert centre.df == reference.df


def test_disturbed_pairs_are_trimmed_as_many_on_both_sides() -> None:
    """Two pairs disturbed upwards: two off each end, and the error of Yuen's trimmed t."""
    x = generator(70, 2).normal(0.0, 0.01, 30)
    x[[4, 20]] += 0.26
    centre = centre_of(x)
    assert centre is not None
    winsorised = np.asarray(mstats.winsorize(x, limits=(2 / 30, 2 / 30)))
    assert centre.trimmed == 2
    assert centre.mean == pytest.approx(np.sort(x)[2:-2].mean(), rel=1e-12)
    assert centre.error == pytest.approx(math.sqrt(29 * winsorised.var(ddof=1) / (26 * 25)), rel=1e-12)
    assert centre.df == 25


def test_few_or_mostly_equal_observations_are_not_trimmed() -> None:
    """Nine observations are no ruler, and where most are one value nothing tells which others are disturbed."""
    nine = np.array([0.0, 0.01, -0.01, 0.02, -0.02, 0.01, -0.01, 0.0, 0.9])
    mostly = np.array([0.0] * 20 + [0.1, 0.2, -0.1, 0.3])
    for x in (nine, mostly):
        centre = centre_of(x)
        assert centre is not None
        assert centre.trimmed == 0
        assert centre.mean == pytest.approx(x.mean())
    assert centre_of(np.full(12, 0.3)) is None
    assert centre_of(np.array([0.3])) is None


def test_trimming_to_one_value_is_undone() -> None:
    """Half of the deviations are equal and the rest far: their spread is not thrown away."""
    x = np.array([-1e-9, 1e-9] * 4 + [-1.0, 1.0] * 2)
    centre = centre_of(x)
    assert centre is not None
    assert centre.error > 0.0


def test_a_quarter_is_trimmed_on_each_side_at_most() -> None:
    """A third of the pairs disturbed is no longer a disturbance."""
    x = np.concatenate([generator(70, 3).normal(0.0, 0.01, 20), np.full(10, 0.3)])
    centre = centre_of(x)
    assert centre is not None
    assert centre.trimmed <= 7


# Deciding -----------------------------------------------------------------------------------------------------------


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


# The null control ---------------------------------------------------------------------------------------------------


def test_a_candidate_that_differs_from_itself_decides_nothing() -> None:
    """INCONCLUSIVE with the reason, however plain the slowdown looks; estimate and spread stay."""
    rng = generator(75, 1)
    claim, sample = gate(), pairs(rng.normal(0.2, 0.02, 30), rng.normal(0.05, 0.02, 30))
    assert PILLAR.stop(claim, sample) is None
    found = PILLAR.decide(claim, sample)
    assert found.reason is not None
    assert found.reason.startswith("the machine is too noisy: the candidate differs from itself (p = ")
    assert (found.p_validate, found.p_refute, found.needed) == (1.0, 1.0, None)
    assert found.estimate == pytest.approx(math.exp(0.2), rel=0.02)
    assert found.spread == pytest.approx(0.02, rel=0.4)
    assert decide_claim(claim, sample, shipped()).verdict is Verdict.INCONCLUSIVE


def test_the_level_of_the_control_is_shared_by_the_session() -> None:
    """A p-value between .01 / 20 and .01: too noisy for a claim alone, not for one of twenty."""
    rng = generator(75, 3)
    control = rng.normal(0.0, 0.02, 30)
    control += 0.011 - control.mean()
    sample = pairs(rng.normal(0.0, 0.02, 30), control)
    assert 0.01 / 20 < control_p(gate(), sample) < 0.01
    assert differs(gate(), sample)
    assert not differs(gate(m=20), sample)


def test_a_look_at_which_the_control_differs_does_not_count() -> None:
    """The machine calmed down: a later look decides, and its p-value pays for all looks before it."""
    rng = generator(75, 4)
    control = np.concatenate([0.2 + rng.normal(0.0, 0.005, 6), rng.normal(0.0, 0.2, 24)])
    claim, logs = gate(), math.log(1.2) + rng.normal(0.0, 0.01, 30)
    assert PILLAR.stop(claim, pairs(logs)) == 6
    found = decided(claim, pairs(logs, control))
    assert 6 < found.n < 30
    assert found.p_refute > SPENDING(6 / 30, 0.05)
    assert found.p_refute <= 0.05


def test_the_control_of_memory_is_a_sign_test() -> None:
    """Equal peaks say nothing; ten of ten above is 2 of 1,024."""
    assert sign_test(np.zeros(12)) == 1.0
    assert sign_test(np.array([0.1] * 10 + [0.0] * 7)) == 2 / 1024
    assert sign_test(np.array([0.1, -0.1, 0.2])) == 1.0
    claim = claim_of("memory_ratio", at_most=1.05, trials=12)
    moved = pairs_of(np.ones(12), np.ones(12), control=np.full(12, 1.5))
    assert PILLAR.decide(claim, moved).reason is not None


# Memory -------------------------------------------------------------------------------------------------------------


def test_equal_peaks_are_decided_exactly() -> None:
    """Without looks 2^-n; over looks at the first that 2^-n may stop."""
    ones = np.ones(30)
    sample = pairs_of(ones, ones, control=ones)
    fixed = PILLAR.decide(claim_of("memory_ratio", at_most=1.05, trials=30), sample)
    assert fixed.exact
    assert fixed.p_validate == 2.0**-30
    assert fixed.p_refute == 1.0
    found = decided(gate("memory_ratio"), sample)
    assert found.n == 12
    assert found.p_validate <= 0.05
    assert found.upper == 1.0


def test_peaks_on_the_limit_are_as_claimed() -> None:
    """At most 1.05 is true of 1.05: ties count as for quantiles, on both sides."""
    on_limit = np.full(30, 1.05)
    found = decided(gate("memory_ratio"), pairs_of(on_limit, np.ones(30), control=on_limit))
    assert found.p_validate <= 0.05
    assert found.p_refute == 1.0
    above = np.full(30, 1.0500001)
    found = decided(gate("memory_ratio"), pairs_of(above, np.ones(30), control=above))
    assert found.p_refute <= 0.05
    assert found.null_validate == "median of memory ratios > 1.05"
    assert found.null_refute == "median of memory ratios <= 1.05"


@pytest.mark.parametrize("looks", [(10,), (4, 6, 10)])
def test_memory_errs_within_its_levels_in_every_sample_there_is(looks: tuple[int, ...]) -> None:
    """All 1,024 sequences of ten pairs above or below the median, through stop and decide."""
    claim = replace(gate("memory_ratio", looks=looks), alpha=0.2)
    verdicts = []
    for signs in itertools.product((0.9, 1.2), repeat=10):
        first = np.array(signs)
        sample = pairs_of(first, np.ones(10), control=first)
        found = decided(claim, sample)
        verdicts.append((found.p_validate <= 0.2, found.p_refute <= 0.2))
    validated, refuted = np.mean(verdicts, axis=0)
    assert 0.02 < validated <= 0.2
    assert 0.02 < refuted <= 0.2


@pytest.mark.parametrize("good", [17, 12])
def test_needed_pairs_of_memory_are_whole_blocks_and_would_decide(good: int) -> None:
    """The same share of pairs below the limit rejects at that many pairs, at the claim's own level."""
    first = np.where(np.arange(30) % 30 < good, 1.0, 1.2)[generator(77, 1).permutation(30)]
    found = decided(gate("memory_ratio", m=20), pairs_of(first, np.ones(30), control=first))
    assert found.n == 30
    assert found.needed is not None
    assert found.needed % 2 == 0
    share = max(good, 30 - good) * found.needed // 30
    assert binom.sf(share - 1, found.needed, 0.5) <= 0.05


# Bad samples, serial dependence ---------------------------------------------------------------------------------------


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
