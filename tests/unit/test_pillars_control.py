"""Charts, sample ratio, drift detectors, change points: against brute force, scipy.stats and closed forms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.control import cusum_design, ewma_design, kolmogorov_exact, psi, sample_ratio
from ophamin_pillars.control.adwin import AdwinDesign, adwin
from ophamin_pillars.control.attributes import c_chart, count_tails, np_chart, p_chart, u_chart
from ophamin_pillars.control.change_point import ChangeTest, mean_change, ols_cusum, recursive_cusum
from ophamin_pillars.control.constants import c4_and_spread, chart_constants, range_moments
from ophamin_pillars.control.cusum import Sides, reflected_sums, tabular_cusum
from ophamin_pillars.control.estimation import PhaseOne, df_of_deviations, df_of_moving_ranges, df_of_ranges
from ophamin_pillars.control.ewma import ewma, ewma_chart
from ophamin_pillars.control.kolmogorov import Alternative, limit_quantile, limit_survival, one_sample
from ophamin_pillars.control.kolmogorov_exact import distribution, one_sided_survival, survival
from ophamin_pillars.control.page_hinkley import PageHinkleyDesign, page_hinkley
from ophamin_pillars.control.run_rules import (
    MIXTURE,
    NELSON_ZONES,
    STRATIFICATION,
    ZoneRule,
    beyond_sigma,
    trends,
    western_electric,
    zone_signals,
)
from ophamin_pillars.control.run_rules_chain import run_length as rules_run_length
from ophamin_pillars.control.run_rules_chain import signal_probabilities
from ophamin_pillars.control.sample_ratio_sequential import log_bayes_factor, log_bayes_factors, sequential_p
from ophamin_pillars.control.shewhart import individuals, run_length, xbar_r, xbar_s
from ophamin_pillars.control.signals import discounted_sums
from ophamin_pillars.control.smirnov import two_sample
from ophamin_pillars.control.sup_f import f_statistics, sup_f, sup_f_survival

Floats = npt.NDArray[np.float64]
FEW = settings(max_examples=60, deadline=None, derandomize=True)
NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60)


def _rng(key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([71, key]))


# Constants


def test_range_constants_meet_their_closed_forms() -> None:
    """n = 2 and n = 3 are elementary (Tippett 1925)."""
    assert range_moments(2) == pytest.approx((2 / math.sqrt(math.pi), math.sqrt(2 - 4 / math.pi)), rel=1e-11)
    d3 = math.sqrt(2 + 3 * math.sqrt(3) / math.pi - 9 / math.pi)
    assert range_moments(3) == pytest.approx((3 / math.sqrt(math.pi), d3), rel=1e-11)


@pytest.mark.parametrize("n", [5, 20, 25, 100])
def test_range_constants_agree_with_another_integral(n: int) -> None:
    """The density of the range, integrated on another grid: R's ptukey is off by 2e-7 in d3 at n = 20."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x, w = 9.0 * nodes, 9.0 * (nodes + 1.0)
    inside = stats.norm.cdf(x[:, None] + w) - stats.norm.cdf(x[:, None])
    density = n * (n - 1) * stats.norm.pdf(x[:, None]) * stats.norm.pdf(x[:, None] + w) * inside ** (n - 2)
    of_w = 9.0 * weights @ density
    mean, square = 9.0 * weights @ (w * of_w), 9.0 * weights @ (w * w * of_w)
    assert range_moments(n) == pytest.approx((mean, math.sqrt(square - mean * mean)), rel=1e-9)


def test_range_constants_of_huge_subgroups_stay_finite() -> None:
    """A million observations: the mean range is twice the mean maximum."""
    d2, d3 = range_moments(10**6)
    assert d2 == pytest.approx(2 * 4.863, abs=2e-3)
    assert 0.3 < d3 < 0.4


@pytest.mark.parametrize("n", [5, 25, 199, 201, 1001])
def test_c4_and_its_complement_keep_their_digits(n: int) -> None:
    """Odd n: Gamma(n / 2) / Gamma((n - 1) / 2) is a ratio of factorials, in whole numbers."""
    k = (n - 1) // 2
    ratio = math.factorial(2 * k) * 10**40 // (4**k * math.factorial(k) * math.factorial(k - 1))
    square = (ratio * ratio // k) / 10**80 * math.pi
    c4, spread = c4_and_spread(n)
    assert c4 == pytest.approx(math.sqrt(square), rel=1e-13)
    assert spread == pytest.approx(math.sqrt(1 - square), rel=1e-9)


def test_known_sigma_constants_follow_from_the_others() -> None:
    """D1 = D3 d2 and so on."""
    found = chart_constants(10)
    others = (found.D3 * found.d2, found.D4 * found.d2, found.B3 * found.c4, found.B4 * found.c4, 3 / found.d2)
    assert pytest.approx(others) == (found.D1, found.D2, found.B5, found.B6, found.E2)
    assert pytest.approx(found.A2 * found.d2) == found.A


@pytest.mark.parametrize("n", [1, 0, 10**9 + 1])
def test_sizes_without_a_range_are_refused(n: int) -> None:
    """A range needs two observations."""
    with pytest.raises(ValueError, match="subgroup size must lie in"):
        chart_constants(n)
    with pytest.raises(ValueError, match="must be above 1"):
        c4_and_spread(1)


# Shewhart charts


def test_the_chart_of_ranges_is_evaluated_and_named() -> None:
    """A subgroup that scatters more is found by R, and says that the limits do not hold."""
    x = _rng(1).normal(size=(30, 5))
    x[7] *= 12.0
    found = xbar_r(x)
    assert [signal.index for signal in found.spread.signals] == [7]
    assert found.signals[0].rule == "R beyond limits"
    assert found.signals[0].limit == found.spread.upper[7]
    assert not found.limits_hold
    assert xbar_r(x[:7]).limits_hold


@pytest.mark.parametrize("charts", [xbar_r, xbar_s])
def test_a_shift_after_the_baseline_is_found(charts: Callable[..., object]) -> None:
    """Limits from the first 20 subgroups; later ones are judged by them."""
    x = _rng(2).normal(size=(30, 4))
    x[25:] += 3.0
    found = xbar_r(x, baseline=20) if charts is xbar_r else xbar_s(x, baseline=20)
    assert {signal.index for signal in found.location.signals} == {25, 26, 27, 28, 29}
    assert {signal.side for signal in found.location.signals} == {"above"}
    assert found.phase_one.subgroups == 20


def test_individuals_and_moving_ranges() -> None:
    """Limits are 2.66 mean moving ranges from the mean."""
    x = np.array([10.0, 11.0, 9.0, 10.5, 9.5, 10.0, 20.0])
    found = individuals(x, baseline=6)
    mean_range = np.abs(np.diff(x[:6])).mean()
    assert found.location.upper[0] == pytest.approx(x[:6].mean() + 3 / range_moments(2)[0] * mean_range)
    assert [signal.index for signal in found.location.signals] == [6]
    assert [signal.index for signal in found.spread.signals] == [5]
    assert not found.location.in_control


def test_constant_data_are_in_control() -> None:
    """Zero width limits around a constant: nothing lies strictly outside."""
    assert individuals([5.0, 5.0, 5.0]).signals == ()
    assert xbar_r(np.full((4, 3), 1e9)).signals == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: xbar_r([1.0, 2.0]), "shape"),
        (lambda: xbar_r([[1.0], [2.0]]), "shape"),
        (lambda: xbar_s([[1.0, math.nan]]), "finite"),
        (lambda: xbar_r([[1.0, 2.0]], baseline=2), "baseline must lie in 1..1"),
        (lambda: individuals([1.0]), "at least 2"),
        (lambda: individuals([1.0, math.inf]), "position 1"),
        (lambda: run_length(0.0), "sigmas must be"),
        (lambda: run_length(3.0, size=0), "size must be"),
    ],
)
def test_bad_chart_data_are_refused(call: Callable[[], object], message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        call()


def test_run_length_of_a_chart_without_limits_is_infinite() -> None:
    """No double lies 40 standard deviations out."""
    assert run_length(40.0) == math.inf
    assert run_length(3.0, 1.0, size=4) == pytest.approx(1 / (stats.norm.sf(1.0) + stats.norm.cdf(-5.0)))


def test_few_subgroups_are_warned_about() -> None:
    """25 subgroups of five are not the 100 Quesenberry asks for; the expected rate is above the nominal one."""
    few = xbar_r(_rng(3).normal(size=(25, 5))).phase_one
    assert few.needed == 100
    assert not few.is_enough
    assert few.expected_false_alarms > few.nominal_false_alarms
    assert "25 subgroups of 5, 100 are needed" in few.describe()
    many = PhaseOne(1_000, 5, 3.0, df_of_ranges(1_000, 5))
    assert many.is_enough
    assert many.expected_false_alarms == pytest.approx(many.nominal_false_alarms, rel=0.02)
    assert "as good as known" in many.describe()
    assert PhaseOne(20, 1, 3.0, 1.0).needed == 300


def test_degrees_of_freedom_of_the_spread() -> None:
    """Of one standard deviation: n - 1; of ranges: a little less; of moving ranges: Cryer & Ryan's."""
    assert df_of_deviations(1, 10) == pytest.approx(9.0, rel=1e-9)
    assert df_of_ranges(1, 10) == pytest.approx(7.68, abs=0.01)  # Patnaik's table: 7.7
    assert df_of_moving_ranges(1) == pytest.approx(1.0, rel=1e-6)
    moving = np.abs(np.diff(_rng(4).normal(size=(40_000, 21)), axis=1)).mean(axis=1)
    c4, spread = c4_and_spread(df_of_moving_ranges(20) + 1)
    assert moving.std() / moving.mean() == pytest.approx(spread / c4, rel=0.02)


def test_charts_of_counts() -> None:
    """Limits as in Montgomery 7; sizes may vary; limits stay within the possible."""
    counts, sizes = [3, 5, 2, 20], [50, 60, 40, 50]
    p = p_chart(counts, sizes)
    share = 30 / 200
    assert p.upper[1] == pytest.approx(share + 3 * math.sqrt(share * (1 - share) / 60))
    assert [signal.index for signal in p.signals] == [3]
    same = np_chart(counts, 50)
    assert same.center == pytest.approx(50 * p_chart(counts, 50).center)
    assert c_chart(counts).upper[0] == pytest.approx(7.5 + 3 * math.sqrt(7.5))
    assert u_chart(counts, sizes).lower[0] == pytest.approx(max(0.0, 0.15 - 3 * math.sqrt(0.15 / 50)))
    assert p_chart([0, 0], 5).signals == ()


@pytest.mark.parametrize("binomial", [True, False])
def test_count_tails_are_exact(binomial: bool) -> None:
    """Against scipy.stats."""
    counts, rate = np.arange(11.0), 0.3
    law = stats.binom(10, rate) if binomial else stats.poisson(10 * rate)
    expected = np.minimum(law.sf(counts - 1), law.cdf(counts))
    assert count_tails(counts, 10, rate, binomial=binomial) == pytest.approx(expected, rel=1e-10)


def test_bad_counts_are_refused() -> None:
    """Counts beyond sizes, shapes that differ, negative counts."""
    calls: list[Callable[[], object]] = [
        lambda: p_chart([6], [5]),
        lambda: u_chart([1, 2], [3]),
        lambda: c_chart([-1]),
    ]
    for bad in calls:
        with pytest.raises(ValueError, match=r"counts|sizes"):
            bad()
    with pytest.raises(ValueError, match="binomial rate"):
        count_tails([1], 2, 1.0, binomial=True)


# CUSUM and EWMA


def _stepwise(steps: Sequence[float], start: float) -> list[float]:
    sums, s = [], start
    for step in steps:
        s = max(0.0, s + step)
        sums.append(s)
    return sums


@FEW
@given(NUMBERS, st.floats(0.0, 5.0))
def test_reflected_sums_are_the_recursion(steps: list[float], start: float) -> None:
    """S[t] = max(0, S[t - 1] + step)."""
    assert reflected_sums(np.array(steps), start) == pytest.approx(_stepwise(steps, start), abs=1e-9)


@FEW
@given(NUMBERS, st.sampled_from([0.0, 0.3, 0.9999, 1.0]), st.floats(-5.0, 5.0))
def test_discounted_sums_are_the_recursion(x: list[float], decay: float, start: float) -> None:
    """y[t] = decay y[t - 1] + x[t]."""
    expected, y = [], start
    for value in x:
        y = decay * y + value
        expected.append(y)
    assert discounted_sums(np.array(x), decay, start) == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_a_cusum_alarm_says_when_and_how_much() -> None:
    """The change came after the last zero; the shifted mean is Montgomery's (9.5)."""
    x = np.concatenate((np.zeros(20), np.full(10, 2.0)))
    found = tabular_cusum(x, target=0.0, k=0.5, h=4.0)
    alarm = found.signals[0]
    assert (found.first_alarm, alarm.side, alarm.limit) == (22, "above", 4.0)
    assert found.last_zero_before(alarm) == 19
    assert found.shifted_mean(alarm) == pytest.approx(2.0)
    down = tabular_cusum(-x, target=0.0, k=0.5, h=4.0)
    assert down.signals[0].side == "below"
    assert down.shifted_mean(down.signals[0]) == pytest.approx(-2.0)
    assert tabular_cusum(np.zeros(5), target=0.0, k=0.5, h=4.0).first_alarm is None
    head = tabular_cusum([4.0], target=0.0, k=0.5, h=4.0, head_start=2.0)
    assert head.last_zero_before(head.signals[0]) == -1


def test_cusum_run_lengths_agree_with_simulation_and_head_starts_help() -> None:
    """Both sides, from zero and from head starts up to the greatest allowed."""
    rng = _rng(5)
    for head in (0.0, 2.0, 2.5):
        high = low = np.full(20_000, head)
        alive, total = np.ones(20_000, dtype=np.bool_), np.zeros(20_000)
        while alive.any():
            z = rng.normal(0.5, 1.0, 20_000)
            total += alive
            high, low = np.maximum(0, high + z - 0.5), np.maximum(0, low - z - 0.5)
            alive &= (high <= 4.0) & (low <= 4.0)
        expected = cusum_design.run_length(0.5, 4.0, shift=0.5, head_start=head)
        assert abs(total.mean() - expected) < 4 * total.std() / math.sqrt(20_000)


def test_cusum_designs_invert_run_lengths() -> None:
    """One-sided too; far shifts are immediate, unreachable ones infinite."""
    both: tuple[Sides, Sides] = ("one", "two")
    for sides in both:
        h = cusum_design.decision_interval(0.25, 500.0, sides=sides)
        assert cusum_design.run_length(0.25, h, sides=sides) == pytest.approx(500.0)
    assert cusum_design.run_length(0.5, 4.0, shift=30.0) == pytest.approx(1.0)
    assert cusum_design.run_length(0.5, 4.0, shift=-40.0, sides="one") == math.inf
    assert cusum_design.run_length(0.5, 40.0) == math.inf
    assert cusum_design.run_length(0.0, 12.0) == pytest.approx(cusum_design.run_length(0.0, 12.0, sides="one") / 2)


def test_ewma_designs_invert_run_lengths() -> None:
    """lambda = 1 is a Shewhart chart."""
    width = ewma_design.limit_width(0.1, 500.0)
    assert width == pytest.approx(2.814, abs=2e-3)
    assert ewma_design.run_length(0.1, width) == pytest.approx(500.0)
    assert ewma_design.run_length(1.0, 3.0, shift=1.0) == run_length(3.0, 1.0)
    assert ewma_design.run_length(0.05, 2.615) == pytest.approx(500.0, rel=5e-3)  # Lucas & Saccucci (1990)
    assert ewma_design.run_length(0.2, 3.0, head_start=0.9) < ewma_design.run_length(0.2, 3.0)


def test_ewma_limits_widen_to_their_asymptote() -> None:
    """The first point has the limits of lambda x."""
    chart = ewma_chart(np.zeros(200), weight=0.2, target=0.0, sigma=2.0, width=3.0, asymptotic=False)
    assert chart.upper[0] == pytest.approx(3.0 * 0.2 * 2.0)
    assert chart.upper[-1] == pytest.approx(3.0 * 2.0 * math.sqrt(0.2 / 1.8))
    shewhart = ewma_chart([7.0], weight=1.0, target=0.0, sigma=2.0, asymptotic=False)
    assert [signal.side for signal in shewhart.signals] == ["above"]
    assert ewma([3.0], 0.5, 1.0) == pytest.approx([2.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tabular_cusum([1.0], target=0.0, k=-1.0, h=1.0), "k must be"),
        (lambda: tabular_cusum([1.0], target=0.0, k=0.5, h=0.0), "h must be"),
        (lambda: tabular_cusum([1.0], target=0.0, k=0.5, h=4.0, head_start=4.0), "head_start"),
        (lambda: cusum_design.run_length(-1.0, 4.0), "k must be"),
        (lambda: cusum_design.run_length(0.5, 4.0, head_start=5.0), "head_start"),
        (lambda: cusum_design.run_length(0.5, 4.0, head_start=2.6), r"at most h / 2 \+ k"),
        (lambda: cusum_design.run_length(0.5, 4.0, shift=math.nan), "shift"),
        (lambda: cusum_design.decision_interval(0.5, 1.0), "run length"),
        (lambda: ewma([1.0], 0.0, 0.0), "weight"),
        (lambda: ewma_design.run_length(0.1, 3.0, shift=math.inf), "shift"),
        (lambda: ewma_design.run_length(0.1, 3.0, head_start=9.0), "head_start"),
        (lambda: ewma_design.run_length(1e-6, 3.0), "too small"),
        (lambda: ewma_design.limit_width(0.1, 1.0), "run length"),
    ],
)
def test_bad_designs_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()


# Runs rules


@FEW
@given(st.lists(st.floats(-4.0, 4.0), min_size=1, max_size=40))
def test_zone_rules_fire_as_their_words_say(z: list[float]) -> None:
    """Against a loop over windows."""
    for rule in (*western_electric("1234"), STRATIFICATION, MIXTURE):
        fired = {(signal.index, signal.rule) for signal in zone_signals(z, [rule])}
        for i in range(len(z)):
            window = z[max(0, i - rule.window + 1) : i + 1]
            expected = any(
                any(low < z[i] < high for low, high in region)
                and sum(any(low < v < high for low, high in region) for v in window) >= rule.count
                for region in rule.regions
            )
            assert ((i, rule.name) in fired) == expected


def test_zone_signals_carry_their_numbers() -> None:
    """Side, value and the limit nearest the centre."""
    (signal,) = zone_signals([0.1, -3.2])
    assert (signal.index, signal.side, signal.value, signal.limit) == (1, "below", -3.2, -3.0)
    (within,) = zone_signals([0.5] * 15, [STRATIFICATION])
    assert (within.index, within.side) == (14, "within")
    (either,) = zone_signals([2.0, -2.0] * 4, [MIXTURE])
    assert (either.side, either.limit) == ("either", 1.0)


def test_trends_and_sawtooths() -> None:
    """Nelson's tests 3 and 4; equal neighbours break them."""
    assert [(s.index, s.side) for s in trends([1.0, 2, 3, 4, 5, 6, 7])] == [(5, "above"), (6, "above")]
    assert [(s.index, s.value, s.limit) for s in trends([6.0, 5, 4, 3, 2, 1])] == [(5, 1.0, 6.0)]
    assert trends([1.0, 2, 3, 3, 4, 5, 6]) == ()
    assert [s.index for s in trends([0.0, 1.0] * 7)] == [13]
    assert trends([0.0, 1.0] * 6) == ()
    assert trends([1.0]) == ()


@pytest.mark.parametrize(
    "rules",
    [western_electric("2"), western_electric("13"), (beyond_sigma("3 of 4", 3, 4, 0.5),), (MIXTURE,)],
)
def test_run_lengths_of_rules_agree_with_every_path(rules: tuple[ZoneRule, ...]) -> None:
    """The chance of a signal within seven points, by listing all sequences of zones and watching them."""
    ends = sorted({e for r in rules for region in r.regions for i in region for e in i} | {-math.inf, math.inf})
    zones = list(itertools.pairwise(ends))
    points = [max(low, -9.0) / 2 + min(high, 9.0) / 2 for low, high in zones]
    chances = [stats.norm.cdf(high, 0.3) - stats.norm.cdf(low, 0.3) for low, high in zones]
    total = 0.0
    for path in itertools.product(range(len(zones)), repeat=5):
        if zone_signals([points[i] for i in path], rules):
            total += math.prod(chances[i] for i in path)
    assert signal_probabilities(rules, 5, shift=0.3)[-1] == pytest.approx(total, rel=1e-10, abs=1e-15)


def test_run_lengths_of_all_sets() -> None:
    """Champ & Woodall's chain for all four rules; Nelson's zones are as exact; one rule is geometric."""
    assert rules_run_length(western_electric("1")) == pytest.approx(run_length(3.0), rel=1e-12)
    assert rules_run_length(western_electric("1"), shift=2.0) == pytest.approx(run_length(3.0, 2.0), rel=1e-12)
    assert rules_run_length((STRATIFICATION,)) == pytest.approx(_success_run(stats.norm.cdf(1) * 2 - 1, 15))
    assert 50.0 < rules_run_length(NELSON_ZONES[:4]) < rules_run_length(NELSON_ZONES[:2])
    survival_sum = 1.0 + float((1.0 - signal_probabilities(western_electric("12"), 9_000)).sum())
    assert survival_sum == pytest.approx(rules_run_length(western_electric("12")), rel=1e-9)


def _success_run(p: float, r: int) -> float:
    """Return the mean time to r successes in a row (Feller, XIII.7)."""
    return float((1 - p**r) / ((1 - p) * p**r))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: western_electric("5"), "distinct digits"),
        (lambda: western_electric(""), "distinct digits"),
        (lambda: beyond_sigma("x", 3, 2, 1.0), "count must lie"),
        (lambda: ZoneRule("x", 1, 1, (((1.0, 1.0),),)), "low < high"),
        (lambda: rules_run_length(()), "at least one rule"),
        (lambda: rules_run_length((beyond_sigma("x", 9, 22, 0.0),)), "states"),
        (lambda: rules_run_length(western_electric("1"), shift=math.nan), "shift"),
        (lambda: signal_probabilities(western_electric("1"), 0), "points"),
        (lambda: trends([1.0], rising=1), "rising"),
    ],
)
def test_bad_rules_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()


# Sample ratio


@pytest.mark.parametrize("counts", [(0, 0), (3, 9), (50, 50), (0, 12), (520, 480), (5_200, 4_800)])
@pytest.mark.parametrize("share", [0.5, 0.31])
def test_two_arms_are_the_binomial_test(counts: tuple[int, int], share: float) -> None:
    """Against scipy.stats."""
    expected = stats.binomtest(counts[0], sum(counts), share).pvalue if sum(counts) else 1.0
    assert sample_ratio.exact_p(counts, [share, 1 - share]) == pytest.approx(expected, rel=1e-9)


def test_two_arms_of_a_billion_units() -> None:
    """Mirrored counts tie exactly; the tail is the normal one at this size."""
    n, excess = 10**9, 100_000
    p = sample_ratio.exact_p([n // 2 + excess, n // 2 - excess])
    assert p == pytest.approx(2 * stats.norm.sf((excess - 0.5) / math.sqrt(n / 4)), rel=1e-4)
    assert p == sample_ratio.exact_p([n // 2 - excess, n // 2 + excess])


@pytest.mark.parametrize("counts", [(2, 3, 7), (0, 0, 6), (4, 4, 4), (1, 2, 3, 4)])
def test_several_arms_are_enumerated(counts: tuple[int, ...]) -> None:
    """Against every outcome."""
    shares = np.arange(1, len(counts) + 1) / sum(range(1, len(counts) + 1))
    law = stats.multinomial(sum(counts), shares)
    outcomes = [o for o in itertools.product(range(sum(counts) + 1), repeat=len(counts)) if sum(o) == sum(counts)]
    chances = np.array([law.pmf(o) for o in outcomes])
    expected = chances[chances <= law.pmf(counts) * (1 + 1e-7)].sum()
    assert sample_ratio.exact_p(counts, shares.tolist()) == pytest.approx(expected, rel=1e-9)


def test_the_check_says_how_it_was_made() -> None:
    """Exact where that can be listed, chi-square for large numbers of several arms."""
    few = sample_ratio.check_sample_ratio([50, 52, 48])
    assert (few.method, few.failed) == ("exact multinomial", False)
    many = sample_ratio.check_sample_ratio([50_000, 52_000, 48_000])
    assert (many.method, many.failed) == ("chi-square", True)
    assert many.p == pytest.approx(stats.chisquare([50_000, 52_000, 48_000]).pvalue, rel=1e-9)
    assert many.expected == pytest.approx((50_000, 50_000, 50_000))
    assert few.sample_ratio == pytest.approx(1.04)
    assert sample_ratio.check_sample_ratio([0, 3]).sample_ratio == math.inf
    assert sample_ratio.chi_square([0, 0]) == (0.0, 1.0)


@FEW
@given(st.lists(st.integers(0, 2), max_size=80), st.floats(1.0, 500.0))
def test_the_e_process_is_the_closed_form_at_every_unit(arms: list[int], concentration: float) -> None:
    """Predictive steps multiply to the Dirichlet-multinomial ratio."""
    ratio = [0.5, 0.3, 0.2]
    path = log_bayes_factors(arms, ratio, concentration=concentration)
    for i in range(len(arms)):
        counts = [arms[: i + 1].count(arm) for arm in range(3)]
        closed = log_bayes_factor(counts, ratio, concentration=concentration)
        assert path[i] == pytest.approx(closed, abs=1e-10)


def test_the_e_process_is_a_martingale_under_the_null() -> None:
    """Its mean over all sequences is 1."""
    ratio = (0.6, 0.4)
    total = sum(
        math.prod(ratio[arm] for arm in arms) * math.exp(log_bayes_factors(arms, ratio, concentration=5.0)[-1])
        for arms in itertools.product((0, 1), repeat=8)
    )
    assert total == pytest.approx(1.0, rel=1e-12)
    assert sequential_p([500, 500]) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample_ratio.exact_p([5]), "at least two arms"),
        (lambda: sample_ratio.exact_p([5, -1]), "whole numbers"),
        (lambda: sample_ratio.exact_p([5, 1.5]), "whole numbers"),  # type: ignore[list-item]
        (lambda: sample_ratio.exact_p([5, 5], [1.0, 0.0]), "shares above 0"),
        (lambda: sample_ratio.exact_p([5, 5], [1.0]), "2 finite shares"),
        (lambda: log_bayes_factor([5, 5], concentration=0.0), "concentration"),
        (lambda: log_bayes_factors([0, 2], [1, 1]), "arms must lie"),
        (lambda: log_bayes_factors([0.5], [1, 1]), "integers"),
    ],
)
def test_bad_counts_of_arms_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()


# Kolmogorov-Smirnov


@pytest.mark.parametrize("n", [1, 2, 3, 7, 50, 139])
def test_the_distribution_of_the_distance(n: int) -> None:
    """Against scipy.stats where it is exact, over both tails and the change of method."""
    for z in (0.3, 0.6, 0.9, 1.3, 1.8, 2.1, 2.13, 2.6, 4.0):
        d = z / math.sqrt(n)
        assert survival(n, d) == pytest.approx(stats.kstwo.sf(d, n), rel=1e-8, abs=1e-300)
        assert distribution(n, d) == pytest.approx(stats.kstwo.cdf(d, n), rel=1e-8, abs=1e-300)
        assert one_sided_survival(n, d) == pytest.approx(stats.ksone.sf(d, n), rel=1e-9, abs=1e-300)


def test_the_distribution_at_the_seams_of_its_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where matrix power, expansion, sum and limit meet they agree."""
    for z in (0.5, 1.0, 1.7):
        here, there = (distribution(n, z / math.sqrt(n)) for n in (2_000, 2_001))
        assert here == pytest.approx(there, abs=3e-6)
    for d in (0.5, math.sqrt(4.5 / 300)):
        assert survival(300, d * (1 - 1e-9)) == pytest.approx(survival(300, d), rel=1e-4)
    summed = one_sided_survival(200_000, 0.003)
    monkeypatch.setattr(kolmogorov_exact, "LARGEST_SUM_N", 10)
    assert one_sided_survival(200_000, 0.003) == pytest.approx(summed, rel=1e-4)
    assert (survival(5, 0.1), survival(5, 1.0), distribution(5, 0.1), distribution(5, 1.0)) == (1.0, 0.0, 0.0, 1.0)
    assert (one_sided_survival(5, 0.0), one_sided_survival(5, 1.0)) == (1.0, 0.0)
    assert survival(10**6, 1.3 / 1_000) == pytest.approx(limit_survival(1.3), rel=0.01)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_one_and_two_samples_agree_with_scipy(alternative: Alternative) -> None:
    """Exact p-values without ties."""
    rng = _rng(6)
    for _ in range(25):
        x, y = rng.normal(size=rng.integers(1, 30)), rng.normal(0.4, 1.0, size=rng.integers(1, 30))
        expected = stats.ks_2samp(x, y, alternative=alternative, method="exact")
        found = two_sample(x, y, alternative)
        assert (found.distance, found.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-8, abs=1e-12)
        single = stats.kstest(y, "norm", alternative=alternative, method="exact")
        one = one_sample(stats.norm.cdf(y), alternative)
        assert (one.distance, one.p) == pytest.approx((single.statistic, single.pvalue), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_ties_have_their_own_exact_distribution(alternative: Alternative) -> None:
    """Against every assignment of the pooled values."""
    x, y = [1.0, 1.0, 2.0, 3.0], [2.0, 2.0, 3.0, 3.0, 4.0]
    observed = two_sample(x, y, alternative)
    pooled = np.array(x + y)
    distances = []
    for chosen in itertools.combinations(range(9), 4):
        first = pooled[list(chosen)]
        second = np.delete(pooled, list(chosen))
        gaps = [float((first <= v).mean() - (second <= v).mean()) for v in pooled]
        distances.append({"two-sided": max(map(abs, gaps)), "greater": max(gaps), "less": -min(gaps)}[alternative])
    expected = np.mean(np.array(distances) >= observed.distance - 1e-12)
    assert observed.p == pytest.approx(expected, rel=1e-12)


def test_large_samples_take_the_limit() -> None:
    """Unless told otherwise; equal samples have distance 0 and p = 1."""
    rng = _rng(7)
    x, y = rng.normal(size=3_000), rng.normal(size=3_000)
    found = two_sample(x, y)
    assert found.method == "limit"
    assert found.p == pytest.approx(two_sample(x, y, exact=True).p, abs=0.02)
    assert two_sample(x[:50], x[:50]).p == 1.0
    assert two_sample([1.0], [1.0], "greater", exact=False).p == 1.0
    assert limit_survival(limit_quantile(0.05)) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: one_sample([0.2, 1.2]), r"\[0, 1\]"),
        (lambda: one_sample([]), "at least 1"),
        (lambda: one_sample([0.5], "more"), "alternative"),  # type: ignore[arg-type]
        (lambda: two_sample([1.0], [math.nan]), "finite"),
        (lambda: limit_quantile(0.0), "level"),
        (lambda: survival(0, 0.5), "n must be"),
    ],
)
def test_bad_samples_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()


# Population stability index


def test_the_index_and_its_null() -> None:
    """By hand; contributions add up; the critical value inverts the survival function."""
    found = psi.psi_of_counts([50, 30, 20], [40, 30, 30])
    expected = -0.1 * math.log(0.4 / 0.5) + 0.1 * math.log(0.3 / 0.2)
    assert found.psi == pytest.approx(expected)
    assert sum(found.contributions) == pytest.approx(expected)
    assert found.p_published == pytest.approx(stats.chi2.sf(expected / (2 / 100), 2))
    shares = np.array([0.45, 0.3, 0.25])
    correction = 1 + ((1 - shares) / (2 * shares)).sum() * (2 / 100**2) / (2 * 2 / 100)
    assert found.p == pytest.approx(stats.chi2.sf(expected / (2 / 100) / correction, 2))
    assert found.conditions_hold
    assert psi.survival(psi.critical_value(0.01, 300, 70, 8), 300, 70, 8) == pytest.approx(0.01)
    assert psi.normal_critical_value(0.05, 1_000, 1_000, 10) == pytest.approx(0.002 * (9 + 1.6448536 * math.sqrt(18)))


def test_empty_bins_make_the_index_infinite_and_the_test_smooth() -> None:
    """A bin empty in both says nothing; one empty in one sample says a lot, but not everything."""
    both = psi.psi_of_counts([50, 0, 50], [50, 0, 50])
    assert (both.psi, both.p) == (0.0, 1.0)
    one = psi.psi_of_counts([50, 3, 50], [50, 0, 53])
    assert one.psi == math.inf
    assert 0.01 < one.p < 1.0
    assert not one.conditions_hold
    assert psi.psi_of_counts([5, 0], [3, 0]).p == 1.0


def test_bins_are_cut_at_the_baselines_quantiles() -> None:
    """Equal shares without ties; ties merge edges; constant data leave one used bin."""
    x = _rng(8).permutation(1_000).astype(np.float64)
    edges = psi.quantile_edges(x, 10)
    assert edges.tolist() == [99.0, 199.0, 299.0, 399.0, 499.0, 599.0, 699.0, 799.0, 899.0]
    assert psi.psi_of_samples(x, x).psi == 0.0
    assert psi.quantile_edges([1.0, 1.0, 1.0, 2.0], 4).tolist() == [1.0]
    assert psi.psi_of_samples([3.0, 3.0], [3.0]).p == 1.0
    assert psi.psi_of_samples(x, x + 400.0).p < 1e-100


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: psi.psi_of_counts([1, 2], [1, 2, 3]), "same bins"),
        (lambda: psi.psi_of_counts([0, 0], [1, 2]), "non-empty"),
        (lambda: psi.quantile_edges([1.0], 1), "bins"),
        (lambda: psi.critical_value(0.0, 10, 10, 5), "level"),
        (lambda: psi.survival(0.1, 0, 10, 5), "sizes"),
    ],
)
def test_bad_bins_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()


# ADWIN and Page-Hinkley, against plain loops that keep every bucket


def _adwin_loop(x: Floats, design: AdwinDesign) -> list[int]:
    found: list[int] = []
    rows: list[list[list[float]]] = [[]]
    ticks = 0
    for i, value in enumerate(x.tolist()):
        ticks += 1
        rows[0].append([value])
        for row in range(100):
            if row == len(rows) or len(rows[row]) <= design.max_buckets:
                break
            if row + 1 == len(rows):
                rows.append([])
            rows[row + 1].append(rows[row].pop(0) + rows[row].pop(0))
        if ticks % design.clock or ticks <= design.grace_period:
            continue
        window = np.array([v for row in reversed(rows) for bucket in row for v in bucket])
        log_term = math.log(2 * math.log(len(window)) / design.delta)
        edges = np.cumsum([len(bucket) for row in reversed(rows) for bucket in row])[:-1]
        for n0 in edges.tolist():
            n1, least = len(window) - n0, design.min_window
            if min(n0, n1) < least:
                continue
            inverse = 1 / (n0 - least + 1) + 1 / (n1 - least + 1)
            bound = math.sqrt(2 * inverse * window.var() * log_term) + 2 / 3 * log_term * inverse
            if abs(window[:n0].mean() - window[n0:].mean()) > bound:
                found.append(i)
                rows, ticks = [[]], 0
                break
    return found


def _page_hinkley_loop(x: Floats, design: PageHinkleyDesign) -> list[int]:
    found: list[int] = []
    n, mean, up, down, least, most = 0, 0.0, 0.0, 0.0, math.inf, -1.0
    for i, value in enumerate(x.tolist()):
        n += 1
        mean += (value - mean) / n
        up = design.alpha * up + value - mean - design.delta
        down = design.alpha * down + value - mean + design.delta
        least, most = min(least, up), max(most, down)
        rises, falls = up - least > design.threshold, most - down > design.threshold
        if n >= design.min_instances and ((rises and design.mode != "down") or (falls and design.mode != "up")):
            found.append(i)
            n, mean, up, down, least, most = 0, 0.0, 0.0, 0.0, math.inf, -1.0
    return found


def _streams() -> list[Floats]:
    rng = _rng(9)
    steps = np.repeat(rng.normal(size=12), 100)
    return [
        rng.normal(size=1_500),
        rng.normal(size=1_200) + 2.0 * steps,
        (rng.random(1_500) < 0.3 + 0.3 * (np.arange(1_500) > 700)).astype(np.float64),
        1e6 + rng.normal(size=1_200) - steps,
        np.zeros(300),
        rng.standard_cauchy(800),
        np.array([1.0]),
    ]


@pytest.mark.parametrize(
    "design", [AdwinDesign(), AdwinDesign(0.3, 7, 2, 1, 1), AdwinDesign(0.9, 1, 3, 10, 50), AdwinDesign(0.05, 16, 8)]
)
def test_adwin_is_the_algorithm_with_buckets(design: AdwinDesign) -> None:
    """The table of cuts and the cumulative sums give the indices of the bucket by bucket algorithm."""
    for x in _streams():
        part = x[:400] if design.clock == 1 else x
        assert [change.index for change in adwin(part, design)] == _adwin_loop(part, design)


def test_adwin_describes_the_change() -> None:
    """Window, cut, both means and the bound they exceed; long windows use later tables."""
    rng = _rng(10)
    x = np.concatenate((rng.random(60_000), rng.random(2_000) + 0.5))
    (change,) = adwin(x)
    assert 60_000 <= change.index < 60_500
    assert change.window_start == 0
    assert change.mean_after - change.mean_before > change.bound
    assert change.mean_before == pytest.approx(x[: change.cut].mean())
    assert change.mean_after == pytest.approx(x[change.cut : change.index + 1].mean())
    assert adwin([]) == ()


@pytest.mark.parametrize(
    "design",
    [
        PageHinkleyDesign(),
        PageHinkleyDesign(threshold=5.0, mode="up"),
        PageHinkleyDesign(threshold=5.0, mode="down", delta=0.0, alpha=1.0),
        PageHinkleyDesign(min_instances=1, threshold=2.0, alpha=0.5),
        PageHinkleyDesign(min_instances=300, threshold=10.0, alpha=0.99),
    ],
)
def test_page_hinkley_is_the_recursion(design: PageHinkleyDesign) -> None:
    """The vector form alarms where the step by step form does."""
    for x in _streams():
        assert [alarm.index for alarm in page_hinkley(x, design)] == _page_hinkley_loop(x, design)


def test_page_hinkley_names_the_side() -> None:
    """Up first where both exceed."""
    x = np.concatenate((np.zeros(100), np.full(100, -3.0)))
    (alarm,) = page_hinkley(x)[:1]
    assert (alarm.side, alarm.limit, alarm.rule) == ("below", 50.0, "Page-Hinkley")
    assert alarm.value > 50.0
    assert page_hinkley([]) == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AdwinDesign(delta=0.0), "delta"),
        (lambda: AdwinDesign(clock=0), "clock"),
        (lambda: AdwinDesign(max_buckets=1), "max_buckets"),
        (lambda: adwin([math.nan]), "finite"),
        (lambda: PageHinkleyDesign(threshold=0.0), "threshold"),
        (lambda: PageHinkleyDesign(mode="sideways"), "mode"),  # type: ignore[arg-type]
        (lambda: page_hinkley([[1.0]]), "sequence"),
    ],
)
def test_bad_detectors_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()


# Change points


@FEW
@given(st.lists(st.floats(-100.0, 100.0), min_size=2, max_size=30))
def test_the_change_point_has_the_least_sum_of_squares(x: list[float]) -> None:
    """Against every split."""
    values = np.array(x)
    found = mean_change(values)
    splits = [values[:i].var() * i + values[i:].var() * (len(x) - i) for i in range(1, len(x))]
    assert found.rss == pytest.approx(min(splits), rel=1e-9, abs=1e-7)
    assert found.rss <= found.rss_without + 1e-9


def test_the_change_point_respects_the_least_length_and_an_offset() -> None:
    """Far from zero no digits are lost."""
    x = np.array([0.0, 9.0, 0.0, 0.0, 5.0, 5.0, 5.0, 5.0])
    assert mean_change(x, least=2).index == 4
    assert mean_change(1e9 + x, least=2).index == 4


@pytest.mark.parametrize("test", [ols_cusum, recursive_cusum, sup_f])
def test_a_planted_change_is_found_and_constants_are_not_suspected(test: Callable[[Floats], ChangeTest]) -> None:
    """Power, place, and p = 1 without any spread."""
    rng = _rng(11)
    found = test(np.concatenate((rng.normal(size=60), rng.normal(2.0, 1.0, size=60))))
    assert found.p < 1e-4
    if test is not recursive_cusum:
        assert abs(found.index - 60) <= 3
    assert test(np.full(20, 3.0)).p == 1.0


def test_the_limit_of_sup_f() -> None:
    """Andrews' (1993) critical values (simulated), the tail formula at its seam, a fixed place, the extremes."""
    for level, critical in ((0.1, 7.17), (0.05, 8.85), (0.01, 12.35)):
        assert sup_f_survival(critical) == pytest.approx(level, rel=0.06)
    assert sup_f_survival(9.0, 0.05) > sup_f_survival(9.0, 0.15) > sup_f_survival(9.0, 0.25)
    assert sup_f_survival(48.9) == pytest.approx(sup_f_survival(49.1), rel=0.11)
    assert sup_f_survival(5.0, 0.499) == pytest.approx(stats.chi2.sf(5.0, 1), rel=0.2)
    assert (sup_f_survival(0.0), sup_f_survival(1e-4), sup_f_survival(math.inf)) == (1.0, 1.0, 0.0)


def test_f_statistics_are_those_of_two_regressions() -> None:
    """Against sums of squares; a perfect split is infinite."""
    x = _rng(12).normal(size=40)
    found = f_statistics(x, trim=0.2)
    rss0 = x.var() * 40
    for i, value in enumerate(found.values.tolist(), start=found.first):
        rss1 = x[:i].var() * i + x[i:].var() * (40 - i)
        assert value == pytest.approx(38 * (rss0 - rss1) / rss1)
    assert found.mean == pytest.approx(found.values.mean())
    assert sup_f([0.0, 0.0, 1.0, 1.0]).p == 0.0


def test_brownian_motion_bound_of_recursive_residuals() -> None:
    """Brown, Durbin & Evans: 0.948 at 5 %, 1.143 at 1 %."""
    rng = _rng(13)
    rejected = sum(recursive_cusum(rng.normal(size=100)).p <= 0.05 for _ in range(500))
    assert rejected <= stats.binom.isf(1e-4, 500, 0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_change([1.0]), "at least 2"),
        (lambda: mean_change([1.0, 2.0, 3.0], least=2), "at least 4"),
        (lambda: mean_change([1.0, 2.0], least=0), "least must be"),
        (lambda: ols_cusum([1.0]), "at least 2"),
        (lambda: sup_f([1.0, 2.0, 3.0, 4.0], trim=0.5), "trim"),
        (lambda: sup_f_survival(1.0, 0.0), "trim"),
    ],
)
def test_bad_series_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()
