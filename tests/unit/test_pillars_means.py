"""Means, differences and ratios: which method decides what, its bounds, and what it refuses."""

from __future__ import annotations

import itertools
import math
import statistics
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from error_rates import Floats, plan_of, sample_of, shipped, verdict_of
from scipy import stats

from ophamin_pillars.betting import BettingTests, Wealth, greatest_root, planned_bets
from ophamin_pillars.ratio import RatioTests, log_ratios
from ophamin_pillars.student import TTests, mean_and_sd, needed_t, t_quantile, t_tail
from ophamin_pillars.student_plan import equivalence_power, one_sided_power, t_power
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadPlan, BadSample
from pytest_ophamin.trials.sample import Sample

RNG = np.random.default_rng(20)
NUMBERS = RNG.normal(1.0, 2.0, 40)
SHARES = RNG.beta(2.0, 3.0, 80)


def _assessed(claim: Claim, sample: Sample) -> Assessment:
    assessed = shipped().deciding_for(claim).decide(claim, sample)
    assert isinstance(assessed, Assessment)
    return assessed


@pytest.mark.parametrize(
    ("metric", "columns", "changes", "method", "exact"),
    [
        ("mean", (NUMBERS,), {}, "student-t/1", False),
        ("mean", (SHARES,), {"bounds": (0.0, 1.0)}, "betting/1", True),
        ("mean", (SHARES > 0.4,), {}, "betting/1", True),
        ("mean", ((SHARES > 0.4).astype(np.int64),), {}, "student-t/1", False),
        ("difference", (NUMBERS, NUMBERS[::-1]), {}, "student-t/1", False),
        ("difference", (SHARES, SHARES[::-1]), {"bounds": (-1.0, 1.0)}, "betting/1", True),
        ("difference", (SHARES > 0.4, SHARES[::-1] > 0.4), {}, "betting/1", True),
        ("difference", (SHARES > 0.4, SHARES[::-1] > 0.4), {"threshold": 0.0}, "discordant-pairs/1", True),
        ("difference", (SHARES > 0.4, SHARES[::-1] > 0.4), {"threshold": 0.0, "margin": 0.1}, "betting/1", True),
        ("ratio", (np.exp(NUMBERS), np.exp(-NUMBERS)), {}, "log-ratio-t/1", False),
    ],
)
def test_observations_choose_the_method(
    metric: str, columns: tuple[Any, ...], changes: dict[str, Any], method: str, exact: bool
) -> None:
    """Known bounds mean betting, bools are never given a t test, and approximate methods state their conditions."""
    threshold = changes.pop("threshold", 0.25)
    assessed = _assessed(plan_of(metric, "at_least", threshold, len(columns[0]), **changes), sample_of(*columns))
    assert (assessed.method, assessed.exact) == (method, exact)
    assert (assessed.conditions is None) is exact


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
def test_a_t_assessment_agrees_with_scipy(relation: str) -> None:
    """p-values, bounds, estimate and spread."""
    assessed = _assessed(plan_of("mean", relation, 0.5, 40), sample_of(NUMBERS))
    greater = stats.ttest_1samp(NUMBERS, 0.5, alternative="greater")
    less = stats.ttest_1samp(NUMBERS, 0.5, alternative="less")
    expected = (greater.pvalue, less.pvalue) if relation == "at_least" else (less.pvalue, greater.pvalue)
    assert (assessed.p_validate, assessed.p_refute) == pytest.approx(expected, rel=1e-10)
    assert assessed.lower == pytest.approx(greater.confidence_interval(0.95).low, rel=1e-8)
    assert assessed.upper == pytest.approx(less.confidence_interval(0.95).high, rel=1e-8)
    assert assessed.estimate == pytest.approx(np.mean(NUMBERS))
    assert assessed.spread == pytest.approx(np.std(NUMBERS, ddof=1))


@pytest.mark.parametrize(
    "values",
    [
        [1e7 + 0.2, *[1e7 + 0.1, 1e7 + 0.3] * 50],
        [1e-300, 3e-300, 2e-300],
        [1e300, 3e300, 2e300],
        [1e16, 1.0, -1e16],
        [5e-324, 0.0],
        [0.1] * 7,
        [sys.float_info.max, -sys.float_info.max, 0.0, 0.0, 0.0],
    ],
)
def test_mean_and_deviation_are_right_to_nearly_the_last_digit(values: list[float]) -> None:
    """Against exact rational arithmetic; neither size nor offset costs digits, and nothing overflows on the way."""
    mean, sd = mean_and_sd(np.array(values))
    assert mean == pytest.approx(statistics.fmean(values), rel=1e-15, abs=1e-320)
    exact = statistics.variance([Fraction(v) for v in values])
    root = math.isqrt(exact.numerator * exact.denominator * 2**200)
    expected = float(Fraction(root, exact.denominator * 2**100))
    assert sd == pytest.approx(expected, rel=1e-13, abs=1e-320)


def test_zeros_have_mean_and_deviation_zero() -> None:
    """No scale to choose."""
    assert mean_and_sd(np.zeros(4)) == (0.0, 0.0)


def test_a_deviation_beyond_float64_is_a_bad_sample() -> None:
    """The far ends of float64 have a finite mean, but their deviation has no number."""
    with pytest.raises(BadSample, match="too large for their mean and deviation to be finite"):
        mean_and_sd(np.array([sys.float_info.max, -sys.float_info.max]))


@pytest.mark.parametrize(
    ("values", "reason"),
    [([2.5, 2.5, 2.5], "all observations are equal"), ([2.5], "one observation says nothing about its spread")],
)
def test_zero_variance_without_bounds_decides_nothing(values: list[float], reason: str) -> None:
    """p = 1 on both sides, INCONCLUSIVE, with the reason."""
    claim = plan_of("mean", "at_least", 1.0, len(values))
    assessed = _assessed(claim, sample_of(values))
    assert (assessed.p_validate, assessed.p_refute, assessed.lower, assessed.upper) == (1.0, 1.0, None, None)
    assert assessed.reason is not None
    assert assessed.reason.startswith(reason)
    assert verdict_of(claim, sample_of(values)) is Verdict.INCONCLUSIVE
    ratio = _assessed(plan_of("ratio", "at_least", 1.0, len(values)), sample_of(values, np.ones(len(values))))
    assert ratio.p_validate == 1.0
    assert ratio.estimate == pytest.approx(2.5)


def test_equal_observations_inside_bounds_are_decided() -> None:
    """Bounds say how far the next one can lie."""
    claim = plan_of("mean", "at_least", 0.8, 60, bounds=(0.0, 1.0))
    assert verdict_of(claim, sample_of(np.full(60, 1.0))) is Verdict.VALIDATED
    assert verdict_of(claim, sample_of(np.zeros(60))) is Verdict.REFUTED


def test_the_t_tail_far_out_is_neither_zero_nor_rounded() -> None:
    """Against the closed form for one and two degrees of freedom, and 1e-200 for many."""
    assert t_tail(1e12, 1) == pytest.approx(math.atan2(1.0, 1e12) / math.pi, rel=1e-12)
    assert t_tail(1e6, 2) == pytest.approx(0.5 / 1e12, rel=1e-9)
    assert 0.0 < t_tail(40.0, 999) < 1e-200
    assert t_tail(-40.0, 999) == 1.0


@pytest.mark.parametrize("level", [0.4, 0.05, 1e-6])
@pytest.mark.parametrize("df", [1, 4, 1e5])
def test_the_t_quantile_inverts_the_tail(level: float, df: float) -> None:
    """To twelve digits."""
    assert t_tail(t_quantile(level, df), df) == pytest.approx(level, rel=1e-12)


@pytest.mark.parametrize(("effect", "level"), [(0.3, 0.05), (0.02, 0.05), (4.0, 0.001)])
def test_the_n_needed_by_a_t_test_is_the_first_that_rejects(effect: float, level: float) -> None:
    """The same mean and deviation with n reject, with n - 1 they do not."""
    n = needed_t(effect, level, 2)
    assert n is not None
    assert t_tail(effect * math.sqrt(n), n - 1) <= level
    assert n == 2 or t_tail(effect * math.sqrt(n - 1), n - 2) > level
    assert needed_t(0.0, level, 2) is None
    assert needed_t(1e-9, level, 2) is None


def test_an_inconclusive_mean_says_how_many_trials_would_decide() -> None:
    """At the same mean and deviation, on whichever side is nearer."""
    tests = TTests(30, 0.2, 1.0)
    needed = tests.needed("greater", 0.0, slack=0.0, strict=False, level=0.05, start=31)
    assert needed == needed_t(0.2, 0.05, 31)
    claim = plan_of("mean", "at_most", float(NUMBERS.mean()) + 0.2, 40)
    assessed = _assessed(claim, sample_of(NUMBERS))
    assert assessed.needed is not None
    assert assessed.needed > 40


def test_wealth_follows_its_definition() -> None:
    """Observation by observation, in plain Python."""
    y, t, level = SHARES, 0.35, 0.05
    wealth, best, seen = 0.0, 0.0, [0.5]
    squares = 0.25
    for i, value in enumerate(y.tolist()):
        variance = squares / (i + 1)
        bet = min(math.sqrt(2 * math.log(1 / level) / (len(y) * variance)), 0.9 / t)
        wealth += math.log1p(bet * (value - t))
        best = max(best, wealth)
        seen.append(value)
        squares += (value - sum(seen) / len(seen)) ** 2
    assert Wealth(y, level).p_value(t) == pytest.approx(math.exp(-best), rel=1e-10)


def test_a_bet_does_not_know_the_observation_it_is_placed_on() -> None:
    """Predictable: changing observation 40 changes no bet up to 40."""
    changed = SHARES.copy()
    changed[40] = 1.0
    before, after = planned_bets(SHARES, 0.05), planned_bets(changed, 0.05)
    assert before[:41].tolist() == after[:41].tolist()
    assert before[41] != after[41]


def test_wealth_falls_in_the_tested_mean() -> None:
    """So that a bound found by root search splits the means into rejected and not."""
    game = Wealth(SHARES, 0.05)
    heights = [float(game.log_maxima(t)) for t in np.linspace(0.0, 1.0, 201)]
    assert all(a >= b for a, b in itertools.pairwise(heights))


def test_many_games_are_played_as_one_by_one() -> None:
    """Simulation and decision use one formula."""
    y = RNG.beta(2.0, 2.0, (5, 30))
    assert Wealth(y, 0.05).log_maxima(0.4).tolist() == pytest.approx(
        [float(Wealth(row, 0.05).log_maxima(0.4)) for row in y]
    )


def test_the_wealth_of_a_long_game_does_not_overflow() -> None:
    """100,000 observations on the far bound: p underflows to 0, nothing becomes NaN."""
    tests = BettingTests(np.ones(100_000), (0.0, 1.0))
    assert tests.greater(0.1, slack=0.0, strict=False, level=0.05) == 0.0
    assert tests.less(0.1, slack=0.0, strict=True, level=0.05) == 1.0


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("margin", [0.0, 0.03])
@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 3.0)])
def test_the_betting_bounds_agree_with_the_verdict(relation: str, margin: float, bounds: tuple[float, float]) -> None:
    """VALIDATED exactly when the bound clears t - d, REFUTED when the other misses t."""
    for limit in np.linspace(0.2, 0.6, 21).tolist():
        claim = plan_of("mean", relation, limit, 80, margin=margin, bounds=bounds)
        assessed, verdict = _assessed(claim, sample_of(SHARES)), verdict_of(claim, sample_of(SHARES))
        assert assessed.lower is not None
        assert assessed.upper is not None
        assert bounds[0] <= assessed.lower < assessed.upper <= bounds[1]
        if relation == "at_least":
            cleared, missed = assessed.lower >= limit - margin, assessed.upper <= limit
        else:
            cleared, missed = assessed.upper <= limit + margin, assessed.lower >= limit
        assert verdict is (Verdict.VALIDATED if cleared else Verdict.REFUTED if missed else Verdict.INCONCLUSIVE)


def test_an_affine_change_of_scale_changes_nothing_but_the_scale() -> None:
    """Bounds (0, 1) and (-10, 10) give the same p-values for the same relative data."""
    claim = plan_of("mean", "at_least", 0.35, 80, bounds=(0.0, 1.0))
    wide = plan_of("mean", "at_least", -3.0, 80, bounds=(-10.0, 10.0))
    one, two = _assessed(claim, sample_of(SHARES)), _assessed(wide, sample_of(20.0 * SHARES - 10.0))
    assert (one.p_validate, one.p_refute) == pytest.approx((two.p_validate, two.p_refute), rel=1e-9)


@pytest.mark.parametrize("bad", [-0.1, 1.0000001])
def test_an_observation_outside_the_bounds_is_void_never_clipped(bad: float) -> None:
    """Named by its trial, without its value."""
    values = SHARES.copy()
    values[12] = bad
    with pytest.raises(BadSample, match="an observation lies outside the bounds 0 to 1") as caught:
        _assessed(plan_of("mean", "at_least", 0.4, 80, bounds=(0.0, 1.0)), sample_of(values))
    assert caught.value.trial == 12


def test_bools_against_a_threshold_they_cannot_reach_are_a_bad_sample() -> None:
    """Their bounds are only known when they come."""
    with pytest.raises(BadSample, match="strictly inside the bounds 0 to 1, came 5"):
        _assessed(plan_of("mean", "at_least", 5.0, 80), sample_of(SHARES > 0.5))


def test_the_n_needed_by_betting_decides_when_the_sample_is_repeated() -> None:
    """The sample, again and again in order, has the same mean and spread."""
    claim = plan_of("mean", "at_least", 0.37, 80, bounds=(0.0, 1.0))
    needed = _assessed(claim, sample_of(SHARES)).needed
    assert needed is not None
    longer = plan_of("mean", "at_least", 0.37, needed, bounds=(0.0, 1.0))
    assert verdict_of(longer, sample_of(np.resize(SHARES, needed))) is Verdict.VALIDATED
    shorter = plan_of("mean", "at_least", 0.37, int(0.9 * needed), bounds=(0.0, 1.0))
    assert verdict_of(shorter, sample_of(np.resize(SHARES, int(0.9 * needed)))) is Verdict.INCONCLUSIVE


def test_close_to_the_boundary_the_growth_rate_says_how_many_or_nothing() -> None:
    """Beyond 2,000 trials the number is computed, not replayed; on the boundary there is none."""
    tests = BettingTests(SHARES, (0.0, 1.0))
    mean = float(SHARES.mean())

    def needed(gap: float) -> int | None:
        return tests.needed("greater", mean - gap, slack=0.0, strict=False, level=0.05, start=81)

    far = needed(0.003)
    assert far is not None
    assert far > 2_000
    assert Wealth(np.resize(SHARES, int(1.2 * far)), 0.05).p_value(mean - 0.003) <= 0.05
    assert Wealth(np.resize(SHARES, int(0.8 * far)), 0.05).p_value(mean - 0.003) > 0.05
    assert needed(1e-8) is None
    assert needed(0.0) is None
    assert tests.needed("less", mean + 0.1, slack=0.0, strict=False, level=0.05, start=81) is not None


def test_a_root_search_without_a_root_ends_at_an_end() -> None:
    """Always rejected: 1; never: 0."""
    assert greatest_root(lambda _: 1.0) == 1.0
    assert greatest_root(lambda _: -1.0) == pytest.approx(0.0, abs=1e-13)
    assert greatest_root(lambda t: 0.3 - t) == pytest.approx(0.3, abs=1e-12)


def test_a_sample_that_contradicts_itself_is_inconclusive() -> None:
    """First far above the threshold, then far below: both games were won on the way, neither verdict stands."""
    values = np.concatenate([np.ones(200), np.zeros(2000)])
    claim = plan_of("mean", "at_least", 0.5, 2200, bounds=(0.0, 1.0))
    assert verdict_of(claim, sample_of(values)) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("columns", [(np.arange(40) % 2,), (np.arange(40) % 2, np.arange(40) % 3 % 2)])
def test_a_t_test_of_zeros_and_ones_says_that_its_conditions_are_not_met(columns: tuple[Any, ...]) -> None:
    """Numbers have no implied bounds; that they are only 0 and 1 is told in the record."""
    metric = "mean" if len(columns) == 1 else "difference"
    conditions = _assessed(plan_of(metric, "at_least", 0.25, 40), sample_of(*columns)).conditions
    assert conditions is not None
    assert f"not met: they take {len(columns) + 1} values only (return bools, or declare bounds=)" in conditions
    plain = _assessed(plan_of("mean", "at_least", 0.25, 40), sample_of(NUMBERS)).conditions
    assert plain == "independent observations, normal, or continuous and at least 120 x skewness^2 of them"


@pytest.mark.parametrize("n", [2, 4, 5])
@pytest.mark.parametrize("metric", ["mean", "difference", "ratio"])
def test_of_very_few_observations_only_normal_ones_meet_the_conditions(metric: str, n: int) -> None:
    """Two to four observations err far beyond the level even where they are symmetric: their skewness is no excuse."""
    rng = np.random.default_rng(21 + n)
    columns = [np.exp(rng.normal(size=n)) for _ in range(1 if metric == "mean" else 2)]
    conditions = _assessed(plan_of(metric, "at_least", 0.25, n), sample_of(*columns)).conditions
    assert conditions is not None
    assert ("; of fewer than 5 " in conditions) == (n < 5)


def _pairs(wins: int, losses: int, n: int) -> Sample:
    first, second = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    first[:wins] = True
    second[wins : wins + losses] = True
    return sample_of(first, second)


@pytest.mark.parametrize(("wins", "losses"), [(12, 3), (3, 12), (8, 7), (0, 0), (1, 0), (5, 0)])
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
def test_bool_pairs_at_zero_are_decided_on_the_discordant_ones(wins: int, losses: int, relation: str) -> None:
    """McNemar's exact test; concordant pairs say nothing."""
    assessed = _assessed(plan_of("difference", relation, 0.0, 60), _pairs(wins, losses, 60))
    greater = stats.binomtest(wins, wins + losses, 0.5, alternative="greater").pvalue if wins + losses else 1.0
    less = stats.binomtest(losses, wins + losses, 0.5, alternative="greater").pvalue if wins + losses else 1.0
    expected = (greater, less) if relation == "at_least" else (less, greater)
    assert (assessed.p_validate, assessed.p_refute) == pytest.approx(expected)
    assert assessed.estimate == pytest.approx((wins - losses) / 60)
    assert assessed.lower is not None
    assert assessed.upper is not None
    # 0 itself belongs to either side: betting, which knows the order of the pairs, may be surer than the exact test.
    assert assessed.lower >= 0.0 if greater <= 0.05 else assessed.lower <= 0.0
    assert assessed.upper <= 0.0 if less <= 0.05 else assessed.upper >= 0.0


def test_the_n_needed_by_discordant_pairs_decides() -> None:
    """With the same shares of both orders."""
    assessed = _assessed(plan_of("difference", "at_least", 0.0, 60), _pairs(9, 4, 60))
    assert assessed.needed is not None
    times = -(-assessed.needed // 60)
    claim = plan_of("difference", "at_least", 0.0, 60 * times)
    assert verdict_of(claim, _pairs(9 * times, 4 * times, 60 * times)) is Verdict.VALIDATED
    assert _assessed(plan_of("difference", "at_least", 0.0, 60), _pairs(0, 0, 60)).needed is None
    assert _assessed(plan_of("difference", "at_least", 0.0, 60), _pairs(4, 4, 60)).needed is None


def test_a_pair_of_a_bool_and_a_number_is_void() -> None:
    """Mixed kinds have no implied bounds."""
    with pytest.raises(BadSample, match="mixes a bool with a number"):
        _assessed(plan_of("difference", "at_least", 0.0, 80), sample_of(SHARES > 0.5, SHARES))


def test_a_difference_beyond_float64_is_void_at_its_pair() -> None:
    """Two finite numbers, no finite difference."""
    first, second = np.zeros(5), np.zeros(5)
    first[3], second[3] = sys.float_info.max, -sys.float_info.max
    with pytest.raises(BadSample, match="a pair's difference is not finite") as caught:
        _assessed(plan_of("difference", "at_least", 0.0, 5), sample_of(first, second))
    assert caught.value.trial == 3


def test_a_ratio_is_the_geometric_mean_of_pair_ratios() -> None:
    """Against a t test of the logs; the margin is taken from the ratio, not from its log."""
    first, second = RNG.lognormal(0.3, 0.5, 40), RNG.lognormal(0.0, 0.5, 40)
    logs = np.log(first / second)
    assessed = _assessed(plan_of("ratio", "at_least", 1.2, 40, margin=0.1), sample_of(first, second))
    assert assessed.estimate == pytest.approx(math.exp(logs.mean()))
    assert assessed.p_validate == pytest.approx(stats.ttest_1samp(logs, math.log(1.1), alternative="greater").pvalue)
    assert assessed.p_refute == pytest.approx(stats.ttest_1samp(logs, math.log(1.2), alternative="less").pvalue)
    low = stats.ttest_1samp(logs, 0.0, alternative="greater").confidence_interval(0.95).low
    assert assessed.lower == pytest.approx(math.exp(low))
    assert assessed.null_validate == "ratio <= 1.1"
    mirrored = _assessed(plan_of("ratio", "at_most", 1.0 / 1.2, 40), sample_of(second, first))
    plain = _assessed(plan_of("ratio", "at_least", 1.2, 40), sample_of(first, second))
    assert mirrored.p_validate == pytest.approx(plain.p_validate)


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_a_pair_that_is_not_positive_is_void(bad: float) -> None:
    """There is no ratio to take; bools are no ratio either."""
    first = np.array([1.0, 2.0, bad, 3.0])
    with pytest.raises(BadSample, match="pairs of positive numbers") as caught:
        _assessed(plan_of("ratio", "at_least", 1.0, 4), sample_of(first, np.ones(4)))
    assert caught.value.trial == 2
    with pytest.raises(BadSample, match="not bools"):
        _assessed(plan_of("ratio", "at_least", 1.0, 4), sample_of(first > 0, np.ones(4)))


def test_the_log_of_an_extreme_ratio_is_exact() -> None:
    """Quotients that over- or underflow are taken apart; near 1 the quotient keeps the digits."""
    first = np.array([1e300, 1e-300, 1.0 + 1e-12])
    second = np.array([1e-300, 1e300, 1.0])
    expected = [600 * math.log(10), -600 * math.log(10), 1e-12]
    assert log_ratios(sample_of(first, second)) == pytest.approx(expected, rel=1e-3)


def test_a_ratio_whose_bound_is_beyond_float64_has_no_bound() -> None:
    """An unbounded end is null."""
    tests = RatioTests(TTests(3, 700.0, 50.0))
    assert tests.upper(0.05, slack=0.0) is None
    assert tests.lower(0.05, slack=0.0) is not None
    assert tests.spread == 50.0
    assert tests.needed("greater", 1.0, slack=0.0, strict=False, level=1e-9, start=4) is not None


def _simulated_power(limits: Any, n: int, mean: float, runs: int = 4_000) -> float:
    draws: Floats = np.random.default_rng(3).normal(mean, 1.0, (runs, n))
    means, errors = draws.mean(axis=1), draws.std(axis=1, ddof=1) / math.sqrt(n)
    critical = t_quantile(0.05, n - 1)
    won = np.ones(runs, dtype=np.bool_)
    for direction, limit in limits:
        won &= (means - limit if direction == "greater" else limit - means) >= critical * errors
    return float(won.mean())


@pytest.mark.parametrize(
    ("limits", "n", "mean"),
    [
        ((("greater", 0.0),), 20, 0.5),
        ((("less", 0.0),), 5, -1.0),
        ((("greater", -0.8), ("less", 0.8)), 15, 0.1),
        ((("greater", -0.3), ("less", 0.3)), 200, 0.0),
        ((("greater", -2.0), ("less", 2.0)), 3, 0.0),
    ],
)
def test_the_power_of_t_tests_is_what_simulation_finds(limits: Any, n: int, mean: float) -> None:
    """Noncentral t for one side, quadrature for two."""
    assert t_power(limits, n, 0.05, mean, 1.0) == pytest.approx(_simulated_power(limits, n, mean), abs=0.03)


def test_the_power_of_t_tests_at_its_ends() -> None:
    """One observation has none; limits too close have none; far effects have all of it."""
    assert t_power((("greater", 0.0),), 1, 0.05, 1.0, 1.0) == 0.0
    assert equivalence_power(-3.0, 2.0, 10, 0.05) == 0.0
    assert equivalence_power(0.1, 0.1, 100_000, 0.05) == 0.0
    assert one_sided_power(40.0, 20, 0.05) == pytest.approx(1.0)


def test_the_detectable_mean_has_the_power_asked_for() -> None:
    """On both sides of the threshold, and as a factor for a ratio."""
    for relation in ("at_least", "at_most"):
        claim = plan_of("mean", relation, 2.0, 30, expecting_sd=1.5)
        pillar = shipped().deciding_for(claim)
        detectable = pillar.plan(claim, level=0.05).detectable
        assert detectable is not None
        again = pillar.plan(plan_of("mean", relation, 2.0, 30, expecting_sd=1.5, expecting=detectable), level=0.05)
        assert again.power == pytest.approx(0.9)
    claim = plan_of("ratio", "at_most", 1.1, 30, expecting_sd=0.2)
    pillar = shipped().deciding_for(claim)
    detectable = pillar.plan(claim, level=0.05).detectable
    assert detectable is not None
    again = pillar.plan(plan_of("ratio", "at_most", 1.1, 30, expecting_sd=0.2, expecting=detectable), level=0.05)
    assert again.power == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (plan_of("ratio", "at_most", 1.1, 30, expecting=-1.0), "expecting: expected a positive ratio, came -1"),
        (
            plan_of("mean", "at_least", 0.5, 30, bounds=(0.0, 1.0), expecting=2.0),
            "expecting: expected a mean inside the bounds 0 to 1, came 2",
        ),
    ],
)
def test_an_impossible_expectation_is_a_bad_plan(claim: Claim, message: str) -> None:
    """Told with the argument to change."""
    with pytest.raises(BadPlan) as caught:
        shipped().deciding_for(claim).plan(claim, level=0.05)
    assert str(caught.value).startswith(message)


def test_the_power_of_betting_is_simulated_with_the_widest_spread_when_none_is_expected() -> None:
    """Nothing said about the spread: the two bounds, the hardest case."""
    claim = plan_of("mean", "at_least", 0.5, 150, bounds=(0.0, 1.0), expecting=0.7)
    pillar = shipped().deciding_for(claim)
    widest = pillar.plan(claim, level=0.05)
    narrow = plan_of("mean", "at_least", 0.5, 150, bounds=(0.0, 1.0), expecting=0.7, expecting_sd=0.1)
    assert widest.note is not None
    assert "the two bounds" in widest.note
    assert widest.power is not None
    power = pillar.plan(narrow, level=0.05).power
    assert power is not None
    assert widest.power <= power
    assert pillar.plan(claim, level=0.05) == widest


def test_the_size_of_a_bounded_mean_may_not_exist() -> None:
    """An expectation on the wrong side, or none."""
    pillar: Any = shipped().deciding_for(plan_of("mean", "at_least", 0.5, 10))
    assert pillar.size(plan_of("mean", "at_least", 0.5, 0, bounds=(0.0, 1.0)), level=0.05) is None
    assert pillar.size(plan_of("mean", "at_least", 0.5, 0, bounds=(0.0, 1.0), expecting=0.5005), level=0.05) is None


def test_an_equivalence_of_a_bounded_mean_is_planned_from_the_best_constant_sample() -> None:
    """All observations somewhere between the limits."""
    claim = plan_of("mean", "within", (0.4, 0.6), 100, bounds=(0.0, 1.0))
    least = shipped().deciding_for(claim).plan(claim, level=0.05).least_n
    enough = plan_of("mean", "within", (0.4, 0.6), least, bounds=(0.0, 1.0))
    constants = np.linspace(0.41, 0.59, 19)
    assert any(verdict_of(enough, sample_of(np.full(least, c))) is Verdict.VALIDATED for c in constants)


def test_a_law_has_no_plan_to_speak_of() -> None:
    """A search has no power."""
    from outcomes import law_of

    assert shipped().deciding_for(law_of()).plan(law_of(), level=0.05).least_n == 0
