"""Two independent arms: exact tests against enumeration, laws of p-values and bounds, SciPy where it has the same."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from error_rates import Floats, generator
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.arms import _selection, fisher_table, newcombe, rank_sum, signed_rank
from ophamin_pillars.arms._tests import ArmTests, brent, check_level, crossing
from ophamin_pillars.arms.allocations import number_of_spreads, spreads, ways_of
from ophamin_pillars.arms.fisher import FisherTable, boschloo_greater, boschloo_two_sided
from ophamin_pillars.arms.homogeneity import equal_proportions
from ophamin_pillars.arms.means import MeanDifference
from ophamin_pillars.arms.permutation import permute_means
from ophamin_pillars.arms.permuted_effect import PermutedEffect
from ophamin_pillars.arms.rank_sum import LocationShift, RankSum
from ophamin_pillars.arms.ratio_of_means import FiellerRatio, GeometricRatio
from ophamin_pillars.arms.relative_effect import RelativeEffect
from ophamin_pillars.arms.score_difference import ScoreDifference, restricted_second, score
from ophamin_pillars.arms.score_ratio import ScoreRatio
from ophamin_pillars.arms.signed_rank import SignedRank, SymmetryCentre
from ophamin_pillars.arms.unconditional import UnconditionalDifference, least_extreme, worst_probability

LEVELS = (0.1, 0.05, 0.01)
LAW = settings(database=None, deadline=None, derandomize=True)


@st.composite
def _tables(draw: st.DrawFn, most: int = 40) -> tuple[int, int, int, int]:
    n1, n2 = draw(st.integers(1, most)), draw(st.integers(1, most))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


def _arms(seed: int, n1: int = 9, n2: int = 7) -> tuple[Floats, Floats]:
    draws = generator(31, seed)
    return draws.normal(0.4, 1.0, n1), draws.normal(0.0, 2.0, n2)


def _every_test(seed: int) -> list[ArmTests]:
    x, y = _arms(seed)
    return [
        ScoreDifference(13, 20, 9, 25),
        ScoreRatio(13, 20, 9, 25),
        MeanDifference.of(x, y),
        MeanDifference.of(x, y, pooled=True),
        GeometricRatio.of(np.exp(x), np.exp(y)),
        FiellerRatio.independent(x + 9.0, y + 9.0),
        FiellerRatio.paired(x[:7] + 9.0, y + 9.0),
        RelativeEffect.of(x, y, logit=True),
        RelativeEffect.of(x, y),
        PermutedEffect.of(x, y, logit=True),
        LocationShift.of(x, y),
        SymmetryCentre.of(x),
    ]


def _greater(tests: ArmTests, limit: float, level: float = 0.05) -> float:
    return tests.greater(limit, slack=0.0, strict=False, level=level)


def _less(tests: ArmTests, limit: float, level: float = 0.05) -> float:
    return tests.less(limit, slack=0.0, strict=False, level=level)


def _p(test: Callable[..., Any], *samples: object, **options: object) -> float:
    """Return SciPy's p-value; its stubs know less than its functions."""
    return float(test(*samples, **options).pvalue)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("level", LEVELS)
def test_every_bound_is_where_its_test_begins_to_reject(level: float, seed: int) -> None:
    """Just outside the bound the p-value is at most the level, just inside above it."""
    for tests in _every_test(seed):
        lower, upper = tests.lower(level, slack=0.0), tests.upper(level, slack=0.0)
        assert lower is not None
        assert upper is not None
        assert lower < upper, tests
        step = 1e-6 * (upper - lower)
        assert _greater(tests, lower - step, level) <= level, tests
        assert _greater(tests, lower + step, level) > level, tests
        assert _less(tests, upper + step, level) <= level, tests
        assert _less(tests, upper - step, level) > level, tests


@pytest.mark.parametrize("seed", [3, 4])
def test_p_values_rise_with_the_limit_and_concede_the_slack(seed: int) -> None:
    """More is harder to exceed; a slack is the same as a limit moved by it."""
    for tests in _every_test(seed):
        middle = tests.estimate if isinstance(tests, RelativeEffect | PermutedEffect) else 0.9
        assert middle is not None
        limits = np.linspace(0.5 * middle, min(1.5 * middle, 0.97), 12).tolist()
        greater = [tests.p_greater(limit) for limit in limits]
        less = [tests.p_less(limit) for limit in limits]
        assert greater == sorted(greater), tests
        assert less == sorted(less, reverse=True), tests
        assert all(0.0 <= p <= 1.0 for p in (*greater, *less))
        assert tests.greater(0.5, slack=0.25, strict=False, level=0.05) == tests.p_greater(0.25)
        assert tests.less(0.5, slack=0.25, strict=True, level=0.05) == tests.p_less(0.75)
        assert tests.n > 0  # type: ignore[attr-defined]


def test_the_shape_of_tests_is_to_be_filled() -> None:
    """A method that forgets a test or a bound says so."""
    empty = ArmTests()
    for call in (empty.p_greater, empty.p_less, empty.lower_bound, empty.upper_bound):
        with pytest.raises(NotImplementedError):
            call(0.5)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, math.nan])
def test_a_level_is_strictly_between_0_and_1(level: float) -> None:
    """Anything else is an error that names it."""
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        check_level(level)


@pytest.mark.parametrize("counts", [(-1, 5, 0, 5), (6, 5, 0, 5), (0, 0, 0, 5), (1, 5, 7, 5)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    """By every method of two proportions, with the counts in the message."""
    for method in (ScoreDifference, ScoreRatio, UnconditionalDifference, FisherTable):
        with pytest.raises(ValueError, match="expected 0 <= successes <= n"):
            method(*counts)
    with pytest.raises(ValueError, match="expected 0 <= successes <= n"):
        newcombe.newcombe(*counts, 0.95)


# Two proportions: score tests -----------------------------------------------------------------------------------------


@LAW
@given(_tables(), st.floats(-0.95, 0.95))
def test_restricted_estimates_maximise_the_likelihood(table: tuple[int, int, int, int], d: float) -> None:
    """No p2 near the closed-form root has a greater likelihood under p1 = p2 + d."""
    x1, n1, x2, n2 = table
    p2 = float(restricted_second(np.array(float(x1)), n1, np.array(float(x2)), n2, d))
    grid = np.linspace(max(0.0, -d), min(1.0, 1.0 - d), 401)

    def likelihood(p: Floats) -> Floats:
        first, second = np.clip(p + d, 0.0, 1.0), np.clip(p, 0.0, 1.0)
        return np.asarray(stats.binom.logpmf(x1, n1, first) + stats.binom.logpmf(x2, n2, second))

    assert likelihood(np.array([p2]))[0] >= likelihood(grid).max() - 1e-7


@pytest.mark.parametrize("d", [-0.31, -0.02, 0.0, 0.1, 0.5])
def test_the_score_statistic_rises_with_the_first_arm_and_falls_with_the_second(d: float) -> None:
    """Barnard's convexity, on which the worst case over the boundary rests."""
    for n1, n2 in ((1, 1), (3, 17), (20, 20), (41, 12)):
        table = score(np.arange(n1 + 1)[:, None], n1, np.arange(n2 + 1)[None, :], n2, d)
        assert (np.diff(table, axis=0) >= -1e-9).all()
        assert (np.diff(table, axis=1) <= 1e-9).all()


def test_at_no_difference_the_score_test_is_the_pooled_z_test() -> None:
    """Its square is Pearson's chi-square without correction, up to the factor N / (N - 1)."""
    z = ScoreDifference(31, 50, 22, 60, corrected=False).statistic(0.0)
    chi2 = stats.chi2_contingency([[31, 19], [22, 38]], correction=False).statistic
    assert z * z == pytest.approx(chi2, rel=1e-9)
    assert ScoreDifference(31, 50, 22, 60).statistic(0.0) == pytest.approx(z * math.sqrt(109 / 110), rel=1e-12)
    assert ScoreRatio(31, 50, 22, 60, corrected=False).statistic(1.0) == pytest.approx(z, rel=1e-9)


@LAW
@given(_tables(), st.floats(-0.9, 0.9).map(lambda d: round(d, 6)), st.floats(0.05, 20.0))
def test_swapping_the_arms_mirrors_the_tests(table: tuple[int, int, int, int], d: float, ratio: float) -> None:
    """p1 - p2 > d is p2 - p1 < -d, and p1 / p2 > r is p2 / p1 < 1 / r."""
    x1, n1, x2, n2 = table
    swapped = ScoreDifference(x2, n2, x1, n1)
    assert ScoreDifference(*table).p_greater(d) == pytest.approx(swapped.p_less(-d), abs=1e-12)
    assert ScoreDifference(*table).p_less(d) == pytest.approx(1.0 - swapped.p_less(-d), abs=1e-9)
    if x1 + x2:
        other = ScoreRatio(x2, n2, x1, n1)
        assert ScoreRatio(*table).p_greater(ratio) == pytest.approx(other.p_less(1.0 / ratio), abs=1e-7)


def test_limits_at_or_beyond_the_ends_leave_nothing_to_chance() -> None:
    """A difference is never above 1, always above anything below -1, and -1 only without overlap."""
    for tests in (ScoreDifference(3, 5, 2, 5), UnconditionalDifference(3, 5, 2, 5)):
        assert [_greater(tests, limit) for limit in (1.5, 1.0, -1.0, -1.5)] == [1.0, 1.0, 0.0, 0.0]
        assert [_less(tests, limit) for limit in (-1.0, 1.0, 2.0)] == [1.0, 0.0, 0.0]
        assert tests.p_greater(1.0) == tests.p_less(-1.0) == 1.0
    for tests in (ScoreDifference(0, 5, 5, 5), UnconditionalDifference(0, 5, 5, 5)):
        assert tests.p_greater(-1.0) == 1.0
        assert tests.lower_bound(0.05) == pytest.approx(-1.0, abs=1e-6)
        assert _greater(tests, -0.5) > 0.5


def test_ratios_without_successes_are_unbounded_and_undecided() -> None:
    """No success in either arm says nothing about their ratio."""
    none = ScoreRatio(0, 9, 0, 7)
    assert none.p_greater(1.0) == none.p_less(1.0) == 1.0
    assert (none.lower_bound(0.05), none.upper_bound(0.05), none.estimate) == (0.0, None, None)
    assert ScoreRatio(4, 4, 6, 6).p_greater(1.0) == 0.5  # nothing but successes: 0 / 0 counts as no evidence
    assert ScoreRatio(4, 9, 0, 7).upper_bound(0.05) is None
    with pytest.raises(ValueError, match="positive finite ratio"):
        none.statistic(0.0)


def test_large_arms_keep_their_digits() -> None:
    """A difference of one in a million between arms of a hundred million is seen, and bounded."""
    tests = ScoreDifference(50_002_000, 100_000_000, 50_000_000, 100_000_000)
    z = 2e-5 / math.sqrt(2 * 0.25 / 1e8)
    assert tests.statistic(0.0) == pytest.approx(z, rel=1e-4)
    assert tests.lower_bound(0.05) == pytest.approx(2e-5 - 1.6448536 * math.sqrt(0.5e-8), rel=1e-3)


@LAW
@given(_tables(), st.sampled_from([0.8, 0.95, 0.99]))
def test_other_intervals_of_a_difference_lie_around_it(table: tuple[int, int, int, int], confidence: float) -> None:
    """Newcombe's inside [-1, 1] and around the estimate, with continuity correction wider; the others in order."""
    estimate = table[0] / table[1] - table[2] / table[3]
    low, high = newcombe.newcombe(*table, confidence)
    wide_low, wide_high = newcombe.newcombe_continuity(*table, confidence)
    assert -1.0 - 1e-12 <= wide_low <= low + 1e-12
    assert low - 1e-12 <= estimate <= high + 1e-12
    assert high <= wide_high + 1e-12 <= 1.0 + 2e-12
    for method in (newcombe.wald, newcombe.agresti_caffo):
        low, high = method(*table, confidence)
        assert low <= high


# Two proportions: exact tests -----------------------------------------------------------------------------------------


def _brute_worst(member: Floats, n1: int, n2: int, d: float) -> float:
    p2 = np.linspace(max(0.0, -d), min(1.0, 1.0 - d), 4001)
    first = stats.binom.pmf(np.arange(n1 + 1)[:, None], n1, np.clip(p2 + d, 0.0, 1.0))
    second = stats.binom.pmf(np.arange(n2 + 1)[:, None], n2, p2)
    return float(np.einsum("ig,jg,ij->g", first, second, member.astype(float)).max())


@pytest.mark.parametrize("table", [(7, 12, 3, 12), (5, 6, 1, 9), (2, 2, 0, 3), (1, 1, 0, 1), (13, 14, 8, 11)])
@pytest.mark.parametrize("d", [-0.2, 0.0, 0.13])
def test_the_worst_case_over_the_nuisance_parameter_is_found(table: tuple[int, int, int, int], d: float) -> None:
    """Against all tables and a dense grid, which can only fall short."""
    x1, n1, x2, n2 = table
    scores = score(np.arange(n1 + 1)[:, None], n1, np.arange(n2 + 1)[None, :], n2, d)
    member = scores >= scores[x1, x2] - 1e-9
    p = UnconditionalDifference(*table).p_greater(d)
    assert p == pytest.approx(_brute_worst(member, n1, n2, d), rel=1e-5)
    assert p >= _brute_worst(member, n1, n2, d) - 1e-9


@settings(LAW, max_examples=30)
@given(_tables(20), st.sampled_from(LEVELS), st.floats(-0.9, 0.9))
def test_exact_bounds_agree_with_exact_verdicts(table: tuple[int, int, int, int], level: float, limit: float) -> None:
    """A limit is rejected exactly when the bound has passed it, and p rises with the limit."""
    tests = UnconditionalDifference(*table)
    greater = [_greater(tests, d, level) for d in (limit - 0.05, limit, limit + 0.05)]
    assert greater[0] <= greater[1] + 1e-9
    assert greater[1] <= greater[2] + 1e-9
    lower, upper = tests.lower_bound(level), tests.upper_bound(level)
    assert lower <= tests.estimate <= upper
    if abs(limit - lower) > 1e-6:
        assert (greater[1] <= level) == (limit < lower)
    if abs(limit - upper) > 1e-6:
        assert (_less(tests, limit, level) <= level) == (limit > upper)


def test_arms_too_large_for_the_exact_test_are_refused() -> None:
    """The message says what to use instead."""
    with pytest.raises(ValueError, match="else the score test"):
        UnconditionalDifference(5, 1_001, 5, 1_000)


def test_an_empty_region_has_no_probability_and_a_full_one_all() -> None:
    """The two ends of worst_probability."""
    assert worst_probability(np.full(8, 6), 5, 0.1) == 0.0
    assert worst_probability(np.zeros(8, dtype=np.int64), 5, 0.1) == pytest.approx(1.0)
    assert least_extreme(5, 7, 0.1, math.inf).tolist() == [6] * 8
    assert least_extreme(5, 7, 0.1, -math.inf).tolist() == [0] * 8


@pytest.mark.parametrize("table", [(7, 12, 1, 12), (3, 10, 9, 14), (0, 4, 4, 5), (10, 10, 9, 10)])
def test_boschloo_agrees_with_scipy_and_never_exceeds_fisher(table: tuple[int, int, int, int]) -> None:
    """SciPy searches the nuisance parameter by shgo; ours is never below by more than rounding."""
    x1, n1, x2, n2 = table
    columns = [[x1, x2], [n1 - x1, n2 - x2]]
    ours = boschloo_greater(*table)
    assert ours == pytest.approx(_p(stats.boschloo_exact, columns, alternative="greater"), rel=1e-4)
    assert ours <= FisherTable(*table).p_greater() + 1e-15
    assert boschloo_two_sided(*table) == pytest.approx(_p(stats.boschloo_exact, columns), rel=1e-4)


@LAW
@given(_tables(30))
def test_fisher_agrees_with_scipy(table: tuple[int, int, int, int]) -> None:
    """One- and two-sided p-values."""
    x1, n1, x2, n2 = table
    rows, ours = [[x1, n1 - x1], [x2, n2 - x2]], FisherTable(*table)
    assert ours.p_greater() == pytest.approx(_p(stats.fisher_exact, rows, alternative="greater"), rel=1e-9)
    assert ours.p_less() == pytest.approx(_p(stats.fisher_exact, rows, alternative="less"), rel=1e-9)
    assert ours.p_two_sided() == pytest.approx(_p(stats.fisher_exact, rows), rel=1e-9)


def test_the_conditional_odds_ratio_agrees_with_scipy_and_its_bounds_invert_the_tests() -> None:
    """Estimate and interval, on both sides of 1; at the ends 0 and infinity."""
    for table in ((2, 12, 15, 18), (15, 18, 2, 12), (3, 4, 1, 4)):
        x1, n1, x2, n2 = table
        scipy = stats.contingency.odds_ratio([[x1, n1 - x1], [x2, n2 - x2]])
        ours, interval = FisherTable(*table), scipy.confidence_interval(0.95)
        assert ours.odds_ratio() == pytest.approx(scipy.statistic, rel=1e-6)
        lower, upper = ours.lower_bound(0.025), ours.upper_bound(0.025)
        assert upper is not None
        assert (lower, upper) == pytest.approx((interval.low, interval.high), rel=1e-6)
        assert ours.p_greater(math.log(lower)) == pytest.approx(0.025, rel=1e-9)
        assert ours.p_less(math.log(upper)) == pytest.approx(0.025, rel=1e-9)
    assert FisherTable(0, 5, 3, 5).odds_ratio() == FisherTable(0, 5, 3, 5).lower_bound(0.05) == 0.0
    assert FisherTable(5, 5, 3, 5).odds_ratio() == math.inf
    assert FisherTable(5, 5, 3, 5).upper_bound(0.05) is None
    assert FisherTable(5, 5, 3, 3).odds_ratio() is None


def _brute_table(rows: list[list[int]]) -> float:
    table = np.array(rows)

    def weight(t: Floats) -> float:
        return -sum(math.lgamma(v + 1) for v in t.ravel())

    seen, total, extreme = weight(table), 0.0, 0.0
    columns = table.sum(axis=0)
    fillings = [[r for r in itertools.product(*(range(c + 1) for c in columns)) if sum(r) == s] for s in table.sum(1)]
    for candidate in itertools.product(*fillings):
        t = np.array(candidate)
        if (t.sum(axis=0) == columns).all():
            total += math.exp(weight(t))
            extreme += math.exp(weight(t)) if weight(t) <= seen + 1e-7 else 0.0
    return extreme / total


@pytest.mark.parametrize(
    "rows",
    [[[2, 0, 1], [0, 3, 1], [1, 1, 2]], [[1, 2], [3, 0], [0, 2], [2, 1]], [[4, 0, 0], [0, 2, 2]], [[1, 1], [1, 1]]],
)
def test_fisher_of_larger_tables_agrees_with_enumeration(rows: list[list[int]]) -> None:
    """Whichever way the table lies."""
    expected = _brute_table(rows)
    assert fisher_table.fisher_table(rows) == pytest.approx(expected, rel=1e-9)
    assert fisher_table.fisher_table(np.transpose(rows).tolist()) == pytest.approx(expected, rel=1e-9)


@LAW
@given(_tables(25))
def test_fisher_of_a_2_by_2_table_is_the_same_by_both_ways(table: tuple[int, int, int, int]) -> None:
    """The network and the hypergeometric distribution agree."""
    x1, n1, x2, n2 = table
    assert fisher_table.fisher_table([[x1, n1 - x1], [x2, n2 - x2]]) == pytest.approx(
        FisherTable(*table).p_two_sided(), rel=1e-8
    )


def test_tables_that_are_none_or_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ValueError each; a table of one row has nothing to test."""
    for rows in ([[1, -1], [2, 2]], [], [[0.5, 1], [1, 2]]):
        with pytest.raises(ValueError, match="expected a table of counts"):
            fisher_table.fisher_table(rows)  # type: ignore[arg-type]
    assert fisher_table.fisher_table([[3, 4], [0, 0]]) == 1.0
    with pytest.raises(fisher_table.TooManyTablesError, match="column totals"):
        fisher_table.fisher_table((np.ones((12, 12), dtype=int) * 100).tolist())
    monkeypatch.setattr(fisher_table, "LARGEST_WORK", 10)
    with pytest.raises(fisher_table.TooManyTablesError, match="chi-square"):
        fisher_table.fisher_table([[5, 5, 5], [5, 5, 5], [5, 5, 5]])


def test_chi_square_of_equal_proportions_agrees_with_scipy() -> None:
    """With and without continuity correction; equal shares give 0, all successes too."""
    x, n = [83, 90, 129], [86, 93, 136]
    rows = np.array([x, np.subtract(n, x)])
    for k, corrected in ((3, False), (2, False), (2, True)):
        ours = equal_proportions(x[:k], n[:k], corrected=corrected)
        scipy = stats.chi2_contingency(rows[:, :k], correction=corrected)
        assert (ours.statistic, ours.df, ours.p) == pytest.approx((scipy.statistic, scipy.dof, scipy.pvalue), rel=1e-9)
    assert equal_proportions([5, 5], [5, 5]).p == 1.0
    assert equal_proportions([2, 2], [5, 5], corrected=True).statistic == 0.0
    with pytest.raises(ValueError, match="two or more arms"):
        equal_proportions([1], [2])
    with pytest.raises(ValueError, match="successes <= trials"):
        equal_proportions([3, 1], [2, 2])


# Means ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooled", [False, True])
def test_t_tests_of_two_means_agree_with_scipy(pooled: bool) -> None:
    """Statistic, degrees of freedom, p-values on both sides and the interval."""
    x, y = _arms(5)
    ours, scipy = MeanDifference.of(x, y, pooled=pooled), stats.ttest_ind(x, y, equal_var=pooled)
    assert (ours.statistic(0.0), ours.df) == pytest.approx((scipy.statistic, scipy.df), rel=1e-12)
    assert 2 * min(ours.p_greater(0.0), ours.p_less(0.0)) == pytest.approx(scipy.pvalue, rel=1e-10)
    interval = scipy.confidence_interval(0.9)
    assert (ours.lower_bound(0.05), ours.upper_bound(0.05)) == pytest.approx((interval.low, interval.high), rel=1e-9)
    shifted = _p(stats.ttest_ind, x - 0.3, y, equal_var=pooled, alternative="greater")
    assert ours.p_greater(0.3) == pytest.approx(shifted, rel=1e-10)


def test_means_of_extreme_scale_are_tested_like_others() -> None:
    """Neither overflow at 1e200 nor underflow at 1e-200: degrees of freedom come from shares of variance."""
    x, y = _arms(6)
    usual = MeanDifference.of(x, y)
    for scale in (1e200, 1e-200):
        scaled = MeanDifference.of(x * scale, y * scale)
        assert (scaled.df, scaled.statistic(0.0)) == pytest.approx((usual.df, usual.statistic(0.0)), rel=1e-9)


def test_one_arm_may_be_constant_but_not_both() -> None:
    """Then all variance and all degrees of freedom are the other's."""
    x, y = np.array([1.0, 2.0, 4.0, 4.5]), np.full(3, 2.0)
    tests = MeanDifference.of(x, y)
    assert tests.df == pytest.approx(3.0)
    assert tests.p_greater(0.0) == pytest.approx(_p(stats.ttest_1samp, x, 2.0, alternative="greater"), rel=1e-10)
    with pytest.raises(ValueError, match="differ within an arm"):
        MeanDifference.of(y, y)
    with pytest.raises(ValueError, match="2 or more in each arm"):
        MeanDifference.of(x, y[:1])
    assert MeanDifference.of(x, y[:1], pooled=True).df == 3.0
    with pytest.raises(ValueError, match="3 in both"):
        MeanDifference.of(x[:1], y[:1], pooled=True)


@pytest.mark.parametrize("bad", [np.array([1.0, math.nan]), np.array([1.0, math.inf]), np.ones((2, 2)), np.array([])])
def test_observations_must_be_finite_and_in_one_row(bad: Floats) -> None:
    """By every method of two samples, and the message names the arm."""
    fine = np.array([1.0, 2.0, 3.5])
    methods: list[Callable[[Floats, Floats], object]] = [
        MeanDifference.of,
        GeometricRatio.of,
        FiellerRatio.independent,
        RelativeEffect.of,
        RankSum.of,
        LocationShift.of,
        permute_means,
    ]
    for method in methods:
        with pytest.raises(ValueError, match="x: expected"):
            method(bad, fine)
        with pytest.raises(ValueError, match="y: expected"):
            method(fine, bad)


def test_a_geometric_ratio_is_a_difference_of_logarithms() -> None:
    """With a limit on the ratio, and positive observations only."""
    x, y = np.exp(_arms(7)[0]), np.exp(_arms(7)[1])
    logs, ratio = MeanDifference.of(np.log(x), np.log(y)), GeometricRatio.of(x, y)
    assert ratio.estimate == pytest.approx(stats.gmean(x) / stats.gmean(y), rel=1e-12)
    assert ratio.p_greater(1.2) == logs.p_greater(math.log(1.2))
    assert ratio.upper_bound(0.05) == math.exp(logs.upper_bound(0.05))
    assert (ratio.p_greater(0.0), ratio.p_less(-1.0)) == (0.0, 1.0)
    assert ratio.spread == logs.spread
    with pytest.raises(ValueError, match="positive observations"):
        GeometricRatio.of(x, np.array([0.0, 1.0]))


def test_fieller_has_bounds_only_where_the_denominator_is_positive() -> None:
    """A second mean not shown to be positive leaves the ratio unbounded; the tests remain."""
    x, y = _arms(8)
    near_zero = FiellerRatio.independent(x + 5.0, y - y.mean() + 0.01)
    assert near_zero.lower_bound(0.05) is None
    assert near_zero.upper_bound(0.05) is None
    assert near_zero.p_greater(1.0) < 0.01
    assert FiellerRatio.independent(np.array([1.0, -1.0]), np.array([5.0, 5.5])).lower_bound(0.05) is not None
    zero = FiellerRatio.paired(np.array([0.0, 0.0, 0.0]), np.array([5.0, 5.5, 6.0]))
    assert (zero.lower_bound(0.05), zero.estimate) == (0.0, 0.0)
    with pytest.raises(ValueError, match="expected pairs"):
        FiellerRatio.paired(x, y)
    with pytest.raises(ValueError, match="differ within an arm"):
        FiellerRatio.paired(np.ones(3), np.ones(3))


def test_fieller_on_pairs_is_the_t_test_of_combined_pairs() -> None:
    """The test of "mean1 / mean2 <= r" is the one-sample t test of x - r y, at any r."""
    x, y = _arms(9, 8, 8)
    x, y = x + 20.0, y + 15.0
    tests = FiellerRatio.paired(x, y)
    for ratio in (0.5, 1.3, 2.0):
        expected = _p(stats.ttest_1samp, x - ratio * y, 0.0, alternative="greater")
        assert tests.p_greater(ratio) == pytest.approx(expected, rel=1e-8)
    proportional = FiellerRatio.paired(2.0 * y, y)
    assert proportional.statistic(2.0) == pytest.approx(0.0, abs=1e-6)


# Location -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_brunner_munzel_agrees_with_scipy(seed: int) -> None:
    """With and without ties, on both sides."""
    x, y = _arms(10 + seed, 12, 15)
    if seed % 2:
        x, y = np.round(x), np.round(y)
    ours = RelativeEffect.of(x, y)
    assert ours.statistic(0.5) == pytest.approx(stats.brunnermunzel(x, y).statistic, rel=1e-9)
    greater = _p(stats.brunnermunzel, x, y, alternative="less")  # SciPy's alternative is about X
    assert ours.p_greater(0.5) == pytest.approx(greater, rel=1e-9)


def test_arms_that_do_not_overlap_are_judged_by_the_least_variance_that_shows() -> None:
    """As if the two nearest observations were tied: p is small, bounds stay inside (0, 1)."""
    x, y = np.arange(10.0), np.arange(20.0, 30.0)
    tests, tied = RelativeEffect.of(x, y, logit=True), RelativeEffect.of(x, np.where(y == 20.0, 9.0, y), logit=True)
    assert tests.effect == 1.0
    assert tests.statistic(0.5) == pytest.approx(tied.statistic(0.5), rel=0.06)
    lower = tests.lower_bound(0.05)
    assert 0.8 < lower < 1.0
    assert PermutedEffect.of(x, y, logit=True).p_greater(0.5) == pytest.approx(1.0 / math.comb(20, 10), rel=1e-9)
    assert PermutedEffect.of(y, x).p_less(0.5) == pytest.approx(1.0 / math.comb(20, 10), rel=1e-9)


def test_a_relative_effect_needs_observations_that_differ() -> None:
    """Two in each arm, and more than one value in both; limits outside (0, 1) are never or always exceeded."""
    with pytest.raises(ValueError, match="at least 2"):
        RelativeEffect.of(np.array([1.0]), np.array([2.0, 3.0]))
    with pytest.raises(ValueError, match="two or more observations in each arm"):
        RelativeEffect(1, 2, 0.7, 0.1, 0.1)
    with pytest.raises(ValueError, match="one value in both arms"):
        RelativeEffect.of(np.ones(3), np.ones(4))
    tests = RelativeEffect.of(*_arms(14))
    assert (tests.p_greater(0.0), tests.p_greater(1.0), tests.p_less(0.0), tests.p_less(1.0)) == (0.0, 1.0, 1.0, 0.0)
    assert RelativeEffect.of(np.array([0.0, 1.0]), np.array([2.0, 3.0])).upper_bound(0.05) == 1.0


@pytest.mark.parametrize("tied", [False, True])
def test_the_permuted_test_agrees_with_enumeration(tied: bool) -> None:
    """Every way to choose the first arm, one by one."""
    x, y = _arms(15, 4, 5)
    if tied:
        x, y = np.round(x), np.round(y)
    pooled, seen = np.concatenate([x, y]), RelativeEffect.of(x, y, logit=True).statistic(0.5)
    found = []
    for chosen in itertools.combinations(range(9), 4):
        first = np.isin(np.arange(9), chosen)
        found.append(RelativeEffect.of(pooled[first], pooled[~first], logit=True).statistic(0.5))
    ours = PermutedEffect.of(x, y, logit=True)
    assert ours.p_greater(0.5) == pytest.approx(np.mean(np.array(found) >= seen - 1e-9), rel=1e-12)
    assert ours.p_less(0.5) == pytest.approx(np.mean(np.array(found) <= seen + 1e-9), rel=1e-12)
    assert ours.p_two_sided() == pytest.approx(np.mean(np.abs(found) >= abs(seen) - 1e-9), rel=1e-12)
    assert (ours.lower_bound(0.001), ours.upper_bound(0.001)) == (0.0, 1.0)  # 126 ways never reach it


def test_where_there_are_too_many_ways_they_are_drawn_with_a_seed() -> None:
    """The same each time, near the t approximation, and never below 1 / (draws + 1)."""
    x, y = _arms(16, 40, 40)
    first, second = PermutedEffect.of(x, y), PermutedEffect.of(x, y)
    assert first.p_greater(0.5) == second.p_greater(0.5)
    assert first.p_greater(0.5) == pytest.approx(RelativeEffect.of(x, y).p_greater(0.5), abs=0.02)
    assert PermutedEffect.of(x, x + 100.0).p_greater(0.5) >= 1.0 / 20_001
    drawn = permute_means(x, y)
    assert not drawn.exact
    assert drawn.p_greater == pytest.approx(MeanDifference.of(x, y).p_greater(0.0), abs=0.02)


@pytest.mark.parametrize("tied", [False, True])
def test_permuted_means_agree_with_scipy(tied: bool) -> None:
    """All 126 permutations, by SciPy one by one; the shift is taken off the first arm."""
    x, y = _arms(17, 5, 4)
    if tied:
        x, y = np.round(x), np.round(y)

    def difference(a: Floats, b: Floats, axis: int) -> Floats:
        return np.asarray(np.mean(a, axis=axis) - np.mean(b, axis=axis))

    for side in ("greater", "less", "two-sided"):
        scipy = _p(
            stats.permutation_test, (x - 0.5, y), difference, alternative=side, vectorized=True, n_resamples=np.inf
        )
        ours = permute_means(x, y, shift=0.5)
        found = {"greater": ours.p_greater, "less": ours.p_less, "two-sided": ours.p_two_sided}[side]
        assert found == pytest.approx(scipy, rel=1e-9)
        assert (ours.permutations, ours.exact) == (126, True)


@LAW
@given(st.integers(0, 8), st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_spreads_are_all_ways_to_fill_the_room(total: int, room: list[int]) -> None:
    """Each once, none too full; weighted, they are all subsets."""
    rows = spreads(total, room)
    assert len(rows) == number_of_spreads(total, room) == len(set(map(tuple, rows.tolist())))
    assert (rows.sum(axis=1) == total).all()
    assert (rows <= np.array(room)).all()
    assert ways_of(rows, room).sum() == math.comb(sum(room), total)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 6), (5, 3), (8, 8), (30, 41)])
def test_the_rank_sum_test_agrees_with_scipy(sizes: tuple[int, int]) -> None:
    """Exact and normal, on both sides, with ties in the latter."""
    x, y = _arms(18, *sizes)
    ours = RankSum.of(x, y)
    assert ours.exact
    for side, exact, normal in (
        ("greater", ours.p_greater(), ours.p_greater(exact=False)),
        ("less", ours.p_less(), ours.p_less(exact=False)),
        ("two-sided", ours.p_two_sided(), ours.p_two_sided(exact=False)),
    ):
        assert exact == pytest.approx(_p(stats.mannwhitneyu, x, y, alternative=side, method="exact"), rel=1e-9)
        asymptotic = _p(stats.mannwhitneyu, x, y, alternative=side, method="asymptotic")
        assert normal == pytest.approx(asymptotic, rel=1e-9)
    if min(sizes) > 2:
        tied = RankSum.of(np.round(x), np.round(y))
        asymptotic = _p(stats.mannwhitneyu, np.round(x), np.round(y), alternative="greater", method="asymptotic")
        assert not tied.exact
        assert tied.p_greater() == pytest.approx(asymptotic, rel=1e-9)


def test_equal_observations_give_no_evidence_of_location() -> None:
    """All tied: the normal deviate is 0; a shift of 0 is never rejected."""
    same = np.ones(6)
    assert RankSum.of(same, same).p_greater() == 0.5
    assert LocationShift.of(same, same).p_greater(0.0) == LocationShift.of(same, same).p_less(0.0) == 1.0
    assert SignedRank.of(np.zeros(4)).p_greater() == 0.5
    assert SymmetryCentre.of(same).p_greater(1.0) == 1.0


@pytest.mark.parametrize("n", [1, 4, 9, 60])
def test_the_signed_rank_test_agrees_with_scipy(n: int) -> None:
    """Exact and normal, on both sides, with ties and zeros in the latter."""
    d = _arms(19, n, 1)[0]
    ours = SignedRank.of(d)
    for side, exact in (("greater", ours.p_greater()), ("less", ours.p_less()), ("two-sided", ours.p_two_sided())):
        assert exact == pytest.approx(_p(stats.wilcoxon, d, alternative=side, method="exact"), rel=1e-9)
    if n > 8:
        tied = SignedRank.of(np.round(2.0 * d) / 2.0)
        scipy = _p(stats.wilcoxon, np.round(2.0 * d) / 2.0, alternative="less", method="approx", correction=True)
        assert not tied.exact
        assert tied.p_less() == pytest.approx(scipy, rel=1e-9)


def test_small_samples_have_no_bound_of_location() -> None:
    """Three against three reject at .05 at best; two against two never."""
    x, y = np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0])
    assert LocationShift.of(x, y).lower_bound(0.05) == 2.0  # 1 / 20 is the level itself
    assert LocationShift.of(x, y).lower_bound(0.049) is None
    assert LocationShift.of(x[:2], y[:2]).upper_bound(0.05) is None
    assert SymmetryCentre.of(x).lower_bound(0.05) is None
    assert SymmetryCentre.of(x).upper_bound(0.125) == 7.0


def test_decimal_ties_with_the_limit_count_for_nothing() -> None:
    """0.3 - 0.1 is 0.2 however it is rounded, so it is no evidence of a shift above 0.2."""
    x, y = np.full(8, 0.3), np.full(8, 0.1)
    assert LocationShift.of(x, y).p_greater(0.2) == LocationShift.of(x, y).p_less(0.2) == 1.0
    assert SymmetryCentre.of(np.full(8, 0.1 + 0.2)).p_greater(0.3) == 1.0


def test_large_samples_give_the_same_centres_as_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Selected by bisection instead of written down; the normal distribution instead of the exact one."""
    x, y = _arms(20, 60, 45)
    exact = LocationShift.of(x, y), SymmetryCentre.of(x)
    written = [(t.estimate, t.lower_bound(0.05), t.upper_bound(0.05)) for t in exact]
    monkeypatch.setattr(_selection, "MOST_WRITTEN", 0)
    selected = [(t.estimate, t.lower_bound(0.05), t.upper_bound(0.05)) for t in exact]
    assert np.array(selected) == pytest.approx(np.array(written), rel=1e-12, abs=1e-14)
    p = [(t.p_greater(0.1), t.p_less(0.1)) for t in exact]
    monkeypatch.setattr(rank_sum, "MOST_WORK", 0)
    monkeypatch.setattr(signed_rank, "MOST_EXACT", 0)
    assert not any(t.exact for t in exact)
    approximate = [(t.p_greater(0.1), t.p_less(0.1)) for t in exact]
    assert np.array(approximate) == pytest.approx(np.array(p), abs=2e-3)
    near = [(t.estimate, t.lower_bound(0.05), t.upper_bound(0.05)) for t in exact]
    assert np.array(near, dtype=float) == pytest.approx(np.array(written, dtype=float), abs=0.05)
    assert _selection.kth_difference(np.sort(x), np.sort(y), 1) == x.min() - y.max()


# Root finding ---------------------------------------------------------------------------------------------------------


def test_brent_finds_roots_to_the_last_digit() -> None:
    """Smooth, flat and steep functions; equal signs give the nearer end."""
    assert brent(lambda t: t * t - 2.0, 0.0, 2.0, 0.0) == pytest.approx(math.sqrt(2.0), rel=1e-15)
    assert brent(lambda t: (t - 1.0) ** 9, 0.0, 3.0, 0.0) == pytest.approx(1.0, abs=1e-3)
    assert brent(lambda t: math.atan(1e6 * (t - 0.7)), -5.0, 5.0, 0.0) == pytest.approx(0.7, rel=1e-12)
    assert brent(lambda t: t, 0.0, 1.0, 0.0) == 0.0
    assert brent(lambda t: t + 1.0, 0.0, 1.0, 0.0) == 0.0
    assert brent(lambda t: t - 2.0, 0.0, 1.0, 0.0) == 1.0


def test_crossing_leaves_no_number_between_its_ends() -> None:
    """Unless told how near is enough."""
    low, high = crossing(lambda t: t <= 1.0 / 3.0, 0.0, 1.0)
    assert high == math.nextafter(low, 1.0)
    low, high = crossing(lambda t: t <= 1.0 / 3.0, 0.0, 1.0, width=0.1)
    assert 0.0 < high - low <= 0.1
