"""Linear models: laws, edges, and other ways to the same numbers."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.models.anova import grouped, one_way, welch_one_way
from ophamin_pillars.models.cluster_statistics import cluster_codes
from ophamin_pillars.models.clustered import (
    cluster_differences_t,
    cluster_means_t,
    fixed_blocks_difference,
    fixed_blocks_mean,
    mixed_difference,
    mixed_mean,
)
from ophamin_pillars.models.cross_validation import corrected_resampled, five_by_two, five_by_two_f, naive_resampled
from ophamin_pillars.models.estimate import Estimate, EstimateTests, f_tail, two_sided_tail
from ophamin_pillars.models.factorial import fit_factorial
from ophamin_pillars.models.kenward_roger import contrast, contrast_of, f_test, random_intercept_components
from ophamin_pillars.models.least_squares import regress
from ophamin_pillars.models.lenth import lenth, lenth_greater, pseudo_standard_error
from ophamin_pillars.models.mixed_components import mixed_components
from ophamin_pillars.models.mixed_effects import RandomTerm, fit_mixed
from ophamin_pillars.models.profile import crossing, least_point
from ophamin_pillars.models.random_intercept import RandomIntercept, fit_random_intercept, intercept_variance_p
from ophamin_pillars.models.tukey import range_quantile, range_tail, tukey_honest_differences

Floats = npt.NDArray[np.float64]
SIZES = (3, 1, 7, 4, 2, 9, 5)
CODES = np.repeat(np.arange(7), SIZES)


def _clustered(seed: int, tau: float = 1.0) -> Floats:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(0.0, tau, 7)[CODES] + rng.normal(2.0, 1.0, len(CODES)))


def _brute_deviance(y: Floats, x: Floats, v: Floats, *, reml: bool) -> float:
    """Return minus twice the log-likelihood of y ~ N(X beta, V), from its definition."""
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    rest = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
    count = len(y) - x.shape[1] if reml else len(y)
    deviance = float(count * math.log(2 * math.pi) + np.linalg.slogdet(v)[1] + rest @ inverse @ rest)
    return deviance + float(np.linalg.slogdet(information)[1]) if reml else deviance


# --- Estimate ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("df", [3.5, 40.0, math.inf])
def test_an_estimate_agrees_with_scipy(df: float) -> None:
    """Tails and bounds of Student's t, and of the normal law."""
    law = stats.norm() if math.isinf(df) else stats.t(df)
    one = Estimate(value=1.2, standard_error=0.5, df=df, n=30)
    assert one.greater(0.4) == pytest.approx(law.sf(1.6), rel=1e-10)
    assert one.less(0.4) == pytest.approx(law.cdf(1.6), rel=1e-10)
    assert one.two_sided(0.4) == pytest.approx(2 * law.sf(1.6), rel=1e-10)
    assert one.interval(0.9) == pytest.approx((1.2 - 0.5 * law.isf(0.05), 1.2 + 0.5 * law.isf(0.05)), rel=1e-8)


def test_bounds_invert_the_tests() -> None:
    """At its own lower bound an estimate rejects with exactly the level."""
    one = Estimate(value=-3.0, standard_error=2.0, df=7.3, n=20)
    assert one.greater(one.lower(0.03)) == pytest.approx(0.03, rel=1e-10)
    assert one.less(one.upper(0.2)) == pytest.approx(0.2, rel=1e-10)


def test_no_spread_decides_nothing() -> None:
    """p = 1 everywhere, and no bounds."""
    tests = EstimateTests(Estimate(value=1.0, standard_error=0.0, df=4.0, n=5))
    assert (tests.of.greater(), tests.of.less(), tests.of.two_sided(), tests.of.t()) == (1.0, 1.0, 1.0, 0.0)
    assert tests.lower(0.05, slack=0.0) is None
    assert tests.upper(0.05, slack=0.0) is None
    assert tests.of.interval(0.9) == (-math.inf, math.inf)
    assert tests.needed("greater", 0.0, slack=0.0, strict=False, level=0.05, start=6) is None


def test_slack_moves_the_null() -> None:
    """The shape a deciding pillar needs."""
    tests = EstimateTests(Estimate(value=0.9, standard_error=0.02, df=20.0, n=100))
    options: dict[str, Any] = {"strict": False, "level": 0.05}
    assert tests.greater(0.9, slack=0.05, **options) == tests.of.greater(0.85)
    assert tests.less(0.9, slack=0.05, **options) == tests.of.less(0.95)
    assert tests.lower(0.05, slack=0.0) == tests.of.lower(0.05)
    assert tests.upper(0.05, slack=0.0) == tests.of.upper(0.05)
    assert (tests.n, tests.estimate) == (100, 0.9)
    assert tests.spread == pytest.approx(0.2)


@pytest.mark.parametrize("side", ["greater", "less"])
def test_the_n_needed_is_the_first_that_rejects(side: str) -> None:
    """For Student's mean of independent rows it is exactly the next n that decides."""
    tests = EstimateTests(Estimate(value=0.3, standard_error=1.0 / math.sqrt(10), df=9.0, n=10))
    limit = 0.0 if side == "greater" else 0.6
    n = tests.needed(side, limit, slack=0.0, strict=False, level=0.05, start=11)
    assert n is not None
    assert stats.t.sf(0.3 * math.sqrt(n), n - 1) <= 0.05 < stats.t.sf(0.3 * math.sqrt(n - 1), n - 2)
    wrong = "less" if side == "greater" else "greater"
    assert tests.needed(wrong, limit, slack=0.0, strict=False, level=0.05, start=11) is None
    tiny = EstimateTests(Estimate(value=1e-12, standard_error=1.0, df=9.0, n=10))
    assert tiny.needed("greater", 0.0, slack=0.0, strict=False, level=0.05, start=11) is None


def test_f_tails_at_their_ends() -> None:
    """No F law is asked for nonsense."""
    assert f_tail(math.inf, 2, 5) == 0.0
    assert f_tail(0.0, 2, 5) == 1.0
    assert f_tail(3.0, 2, 5) == pytest.approx(stats.f.sf(3.0, 2, 5), rel=1e-12)
    assert two_sided_tail(0.0, 4.0) == 1.0


# --- profile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("root", [1e-12, 0.3, 17.0, 1e9])
def test_a_crossing_is_found_to_the_last_digits(root: float) -> None:
    """Also of a function that is nearly flat on one side."""
    assert crossing(lambda x: (x - root) / (x + root), 0.0, 1e6 * root) == pytest.approx(root, rel=1e-12)


def test_a_crossing_between_neighbours_ends() -> None:
    """There is no float between them."""
    assert crossing(lambda x: x - 1.0, 1.0 - 2**-53, 1.0) == pytest.approx(1.0)


def test_the_least_point_may_be_an_end() -> None:
    """0 when the deviance rises from there, the last grid point when it never rises."""
    assert least_point(lambda x: x, lambda _: 1.0, 1e-3, 1e3) == 0.0
    assert least_point(lambda x: -x, lambda _: -1.0, 1e-3, 1e3) == pytest.approx(1e3)
    assert least_point(lambda x: (x - 1e-5) ** 2, lambda x: x - 1e-5, 1e-3, 1e3) == pytest.approx(1e-5)


# --- random intercept -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_a_random_intercept_has_the_least_deviance(seed: int, reml: bool) -> None:
    """By the definition of the likelihood, at the fit and around it."""
    y = _clustered(seed, tau=0.8)
    x = np.column_stack([np.ones(len(y)), np.arange(len(y)) % 3, np.linspace(0, 1, len(y))])
    fit = fit_random_intercept(y, CODES, x, reml=reml)
    same = (CODES[:, None] == CODES[None, :]).astype(np.float64)

    def deviance(tau2: float, sigma2: float) -> float:
        return _brute_deviance(y, x, sigma2 * np.eye(len(y)) + tau2 * same, reml=reml)

    assert fit.deviance == pytest.approx(deviance(fit.tau2, fit.sigma2), rel=1e-10)
    assert fit.log_likelihood == -0.5 * fit.deviance
    for a, b in itertools.product((0.98, 1.0, 1.02), repeat=2):
        assert deviance(fit.tau2 * a + (a > 1) * 1e-3, fit.sigma2 * b) >= fit.deviance - 1e-9
    inverse = np.linalg.inv(fit.sigma2 * np.eye(len(y)) + fit.tau2 * same)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(x.T @ inverse @ x), rtol=1e-9)
    np.testing.assert_allclose(fit.beta, fit.covariance @ x.T @ inverse @ y, rtol=1e-9)


def test_balanced_clusters_have_the_anova_estimates() -> None:
    """Exactly: tau2 = (MSB - MSW) / m, and the standard error of the mean from MSB."""
    rng = np.random.default_rng(4)
    table = rng.normal(0, 2, (8, 1)) + rng.normal(5, 1, (8, 6))
    fit = fit_random_intercept(table.ravel(), np.repeat(np.arange(8), 6))
    between, within = 6 * table.mean(axis=1).var(ddof=1), table.var(axis=1, ddof=1).mean()
    assert fit.sigma2 == pytest.approx(within, rel=1e-12)
    assert fit.tau2 == pytest.approx((between - within) / 6, rel=1e-12)
    assert fit.intraclass_correlation == pytest.approx(fit.tau2 / (fit.tau2 + within))
    one, other = (
        mixed_mean(table.ravel(), np.repeat(np.arange(8), 6)),
        cluster_means_t(table.ravel(), np.repeat(np.arange(8), 6)),
    )
    assert (one.value, one.standard_error, one.df) == pytest.approx((other.value, other.standard_error, 7.0), rel=1e-10)


def test_the_boundary_is_exactly_zero() -> None:
    """Clusters that resemble each other more than chance: tau2 = 0, and the df of a balanced mean stay clusters - 1."""
    y = np.tile([1.0, 2.0, 3.0, 4.5], 6)
    codes = np.repeat(np.arange(6), 4)
    fit = fit_random_intercept(y, codes)
    assert fit.tau2 == 0.0
    assert fit.deviance == fit.deviance_without
    assert intercept_variance_p(fit) == 1.0
    assert mixed_mean(y, codes).df == pytest.approx(5.0, rel=1e-9)
    assert contrast(fit, [1.0], df="satterthwaite").df == pytest.approx(5.0, rel=1e-9)
    assert contrast(fit, [1.0]).standard_error == pytest.approx(y.std(ddof=1) / math.sqrt(24), rel=1e-9)


def test_one_row_per_cluster_is_ordinary_least_squares() -> None:
    """Nothing tells the two variances apart, and nothing needs to."""
    y = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    one = mixed_mean(y, np.arange(5))
    expected = stats.ttest_1samp(y, 0.0)
    assert one.df == pytest.approx(4.0)
    assert one.t() == pytest.approx(expected.statistic, rel=1e-12)


def test_clusters_without_inner_variation_are_their_means() -> None:
    """sigma2 = 0 has no finite deviance: said by the fit, answered by the mean."""
    y = np.repeat([1.0, 2.0, 4.0, 4.5, 3.0, 2.0], 3)
    codes = np.repeat(np.arange(6), 3)
    with pytest.raises(ValueError, match="observations do not differ within clusters"):
        fit_random_intercept(y, codes)
    assert mixed_mean(y, codes) == cluster_means_t(y, codes)
    with pytest.raises(ValueError, match="the design explains every observation"):
        fit_random_intercept(np.full(18, 0.1), codes)
    assert mixed_mean(np.full(18, 0.1), codes).standard_error == 0.0
    assert mixed_mean(np.full(18, 0.1), codes).greater() == 1.0


@given(
    seed=st.integers(0, 10_000),
    offset=st.sampled_from([0.0, -7.0, 1e6]),
    scale=st.sampled_from([1e-9, 1.0, 1e8]),
    tau=st.sampled_from([0.0, 0.5, 30.0]),
)
@settings(max_examples=40, deadline=None)
def test_a_mixed_mean_follows_its_data(seed: int, offset: float, scale: float, tau: float) -> None:
    """Shift and scale of the data are shift and scale of the estimate; labels are only names; p stays a p-value."""
    y = _clustered(seed, tau)
    one = mixed_mean(y, CODES)
    moved = mixed_mean((y + offset) * scale, [f"user {7 - c}" for c in CODES])
    assert moved.value == pytest.approx((one.value + offset) * scale, rel=1e-7)
    assert moved.standard_error == pytest.approx(one.standard_error * scale, rel=1e-6)
    assert moved.df == pytest.approx(one.df, rel=1e-5)
    assert 0.0 <= one.greater(2.0) <= 1.0


def test_an_offset_costs_no_digits() -> None:
    """Data near 1e9 with steps of 1/8, which are exact there."""
    y = np.round(_clustered(2) * 8.0) / 8.0
    near, far = fit_random_intercept(y, CODES), fit_random_intercept(y + 1e9, CODES)
    assert (far.tau2, far.sigma2, far.deviance) == pytest.approx((near.tau2, near.sigma2, near.deviance), rel=1e-9)


def test_labels_may_be_anything_sortable() -> None:
    """Small signed integers do not overflow, far ones are sorted, and numbers keep their order."""
    assert cluster_codes(np.array([-100, 100, -100], dtype=np.int8)).tolist() == [0, 1, 0]
    assert cluster_codes([10**12, 5, 10**12]).tolist() == [1, 0, 1]
    assert cluster_codes(["b", "a", "c", "a"]).tolist() == [1, 0, 2, 0]
    assert cluster_codes(np.array([7, 3, 3], dtype=np.uint8)).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("y", "clusters", "design", "message"),
    [
        ([1.0, 2.0], [0], None, "expected y"),
        ([1.0, math.nan, 2.0], [0, 1, 1], None, "got an infinity, a NaN"),
        ([1.0, 2.0, 4.0], [0, 1, 1], [[1, 1], [1, 1], [1, 1]], "full rank"),
        ([1.0], [0], None, "fewer columns than rows"),
        ([1.0, 2.0], [[0], [1]], None, "one cluster label per row"),
    ],
)
def test_a_bad_random_intercept_is_refused(y: Any, clusters: Any, design: Any, message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        fit_random_intercept(y, clusters, design)


def test_the_variance_between_is_tested_by_a_mixture() -> None:
    """Half of the chi-square tail."""
    fit = fit_random_intercept(_clustered(1, tau=2.0), CODES)
    drop = fit.deviance_without - fit.deviance
    assert intercept_variance_p(fit) == pytest.approx(0.5 * stats.chi2.sf(drop, 1), rel=1e-10)


# --- degrees of freedom -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_closed_forms_agree_with_matrices(seed: int) -> None:
    """Kenward-Roger and Satterthwaite of a random intercept, by its statistics and by n x n matrices."""
    y = _clustered(seed, tau=1.5)
    x = np.column_stack([np.ones(len(y)), np.sin(np.arange(len(y)))])
    fit = fit_random_intercept(y, CODES, x)
    fast, dense = random_intercept_components(fit), mixed_components(fit_mixed(y, [RandomTerm(CODES)], x))
    for name in ("first", "second", "traces", "quadratic", "phi"):
        np.testing.assert_allclose(getattr(fast, name), getattr(dense, name), rtol=1e-4)
    for weights in ([1.0, 0.0], [0.0, 1.0], [1.0, 0.5]):
        for df in ("kenward-roger", "satterthwaite"):
            one, other = contrast(fit, weights, df=df), contrast_of(dense, weights, df=df)
            assert one.df == pytest.approx(other.df, rel=1e-4)
            assert one.standard_error == pytest.approx(other.standard_error, rel=1e-5)


def test_an_f_test_of_one_contrast_is_its_t_squared() -> None:
    """And its df are the contrast's; of several, F and df are positive."""
    x = np.column_stack([np.ones(len(CODES)), np.cos(np.arange(len(CODES)))])
    parts = random_intercept_components(fit_random_intercept(_clustered(3), CODES, x))
    one, tested = contrast_of(parts, [0.0, 1.0]), f_test(parts, [0.0, 1.0])
    assert (tested.f, tested.df2, tested.p) == pytest.approx((one.t() ** 2, one.df, one.two_sided()), rel=1e-8)
    both = f_test(parts, np.eye(2))
    assert both.df1 == 2
    assert both.df2 > 2.0
    assert 0.0 <= both.p <= 1.0


def test_contrasts_need_a_fit_by_reml_and_the_right_length() -> None:
    """Maximum likelihood underestimates the variances."""
    y = _clustered(0)
    with pytest.raises(ValueError, match="expected a fit by REML"):
        contrast(fit_random_intercept(y, CODES, reml=False), [1.0])
    with pytest.raises(ValueError, match="expected a contrast of shape"):
        contrast(fit_random_intercept(y, CODES), [1.0, 0.0])
    with pytest.raises(ValueError, match="expected a fit by REML"):
        mixed_components(fit_mixed(y, [RandomTerm(CODES)], reml=False))
    many = np.random.default_rng(0).normal(size=3_001)
    with pytest.raises(ValueError, match="at most 3000 rows"):
        mixed_components(fit_mixed(many, [RandomTerm(np.arange(3_001) % 3)]))


# --- general mixed models ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reml", [True, False])
def test_a_general_model_has_the_least_deviance(reml: bool) -> None:
    """Crossed factors, one with a random slope: the definition of the likelihood, at the fit and around it."""
    rng = np.random.default_rng(5)
    a, b, z = np.repeat(np.arange(8), 10), np.tile(np.arange(5), 16), rng.normal(size=80)
    y = 3 + rng.normal(0, 1.5, 8)[a] + rng.normal(1, 0.8, 8)[a] * z + rng.normal(0, 1, 5)[b] + rng.normal(size=80)
    x = np.column_stack([np.ones(80), z])
    fit = fit_mixed(y, [RandomTerm(a, x), RandomTerm(b)], x, reml=reml)
    same_a, same_b = a[:, None] == a[None, :], b[:, None] == b[None, :]

    def deviance(first: Floats, second: float, sigma2: float) -> float:
        v = sigma2 * np.eye(80) + same_a * (x @ first @ x.T) + second * same_b
        return _brute_deviance(y, x, v, reml=reml)

    first, second = fit.covariances[0], float(fit.covariances[1][0, 0])
    assert fit.deviance == pytest.approx(deviance(first, second, fit.sigma2), rel=1e-10)
    assert fit.log_likelihood == -0.5 * fit.deviance
    for i, j in ((0, 0), (0, 1), (1, 1)):
        for step in (-0.02, 0.02):
            moved = first.copy()
            moved[i, j] = moved[j, i] = moved[i, j] + step
            assert deviance(moved, second, fit.sigma2) >= fit.deviance
    assert deviance(first, second * 1.05, fit.sigma2) >= fit.deviance
    assert deviance(first, second, fit.sigma2 * 1.02) >= fit.deviance
    assert fit.standard_errors.shape == (2,)


def test_uncorrelated_slopes_have_no_covariance() -> None:
    """And at most the likelihood of correlated ones."""
    rng = np.random.default_rng(6)
    a, z = np.repeat(np.arange(10), 6), rng.normal(size=60)
    x = np.column_stack([np.ones(60), z])
    y = rng.normal(0, 1, 10)[a] * (1 + z) + rng.normal(size=60)
    free, tied = fit_mixed(y, [RandomTerm(a, x)], x), fit_mixed(y, [RandomTerm(a, x, correlated=False)], x)
    assert tied.covariances[0][0, 1] == 0.0
    assert tied.deviance >= free.deviance


@pytest.mark.parametrize(
    ("y", "terms", "design", "message"),
    [
        ([1.0, 2.0, 3.0], [], None, "a random term"),
        ([1.0, 2.0, 3.0], [RandomTerm([0, 1])], None, "expected 3 cluster labels"),
        ([1.0, 2.0, 3.0], [RandomTerm([0, 1, 1])], [[1, 1], [1, 1], [1, 1]], "full rank"),
    ],
)
def test_a_bad_mixed_model_is_refused(y: Any, terms: Any, design: Any, message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        fit_mixed(y, terms, design)


# --- clustered means and differences ----------------------------------------------------------------------------------


def test_the_mean_of_cluster_means_is_a_t_test() -> None:
    """One number per cluster."""
    y = _clustered(7)
    means = [y[c == CODES].mean() for c in range(7)]
    one, expected = cluster_means_t(y, CODES), stats.ttest_1samp(means, 1.0, alternative="greater")
    assert one.greater(1.0) == pytest.approx(expected.pvalue, rel=1e-10)
    assert (one.n, one.df) == (len(y), 6.0)


def test_fixed_blocks_speak_of_these_clusters() -> None:
    """Differences between clusters do not widen the interval."""
    y = _clustered(8)
    one, other = fixed_blocks_mean(y, CODES), fixed_blocks_mean(y + 100.0 * CODES, CODES)
    assert other.standard_error == pytest.approx(one.standard_error)
    assert one.df == len(y) - 7
    with pytest.raises(ValueError, match="two rows or more"):
        fixed_blocks_mean([1.0, 2.0], [0, 1])


def test_a_blocked_difference_is_a_regression_on_blocks() -> None:
    """Against least squares with an indicator per cluster."""
    y, arm = _clustered(9), np.arange(len(CODES)) % 2 == 0
    indicators = (CODES[:, None] == np.arange(7)).astype(np.float64)
    fit = regress(y, np.column_stack([indicators, arm]), intercept=False)
    one = fixed_blocks_difference(y, arm, CODES)
    expected = fit.coefficient(7)
    assert (one.value, one.standard_error, one.df) == pytest.approx(
        (expected.value, expected.standard_error, expected.df), rel=1e-9
    )


def test_balanced_arms_in_clusters_are_a_blocked_difference() -> None:
    """Inside balanced clusters the random intercept cancels, whatever its variance; so do the cluster differences."""
    rng = np.random.default_rng(10)
    codes, arm = np.repeat(np.arange(7), 6), np.tile([True, True, True, False, False, False], 7)
    y = rng.normal(0, 3, 7)[codes] + 0.4 * arm + rng.normal(size=42)
    mixed, blocked = mixed_difference(y, arm, codes), fixed_blocks_difference(y, arm, codes)
    assert (mixed.value, mixed.standard_error, mixed.df) == pytest.approx(
        (blocked.value, blocked.standard_error, blocked.df), rel=1e-6
    )
    paired = cluster_differences_t(y, arm, codes)
    assert paired.value == pytest.approx(mixed.value, rel=1e-10)
    assert paired.df == 6.0


def test_clusters_of_one_arm_are_compared_between() -> None:
    """Balanced: a two-sample t test of cluster means, also when rows inside clusters never differ."""
    rng = np.random.default_rng(11)
    codes = np.repeat(np.arange(12), 4)
    arm = codes < 6
    means = rng.normal(0, 2, 12)
    y = means[codes] + rng.normal(0, 0.5, 48)
    one = mixed_difference(y, arm, codes)
    per = np.array([y[codes == c].mean() for c in range(12)])
    expected = stats.ttest_ind(per[:6], per[6:])
    assert one.t() == pytest.approx(expected.statistic, rel=1e-8)
    assert one.df == pytest.approx(10.0, rel=1e-6)
    flat = mixed_difference(means[codes], arm, codes)
    assert flat.t() == pytest.approx(stats.ttest_ind(means[:6], means[6:]).statistic, rel=1e-10)
    with pytest.raises(ValueError, match="three clusters or more"):
        mixed_difference([1.0, 1.5, 2.0, 2.1], np.array([True, True, False, False]), [0, 0, 1, 1])
    with pytest.raises(ValueError, match="both arms in two clusters"):
        cluster_differences_t(y, arm, codes)
    with pytest.raises(ValueError, match="both arms in some cluster"):
        fixed_blocks_difference(y, arm, codes)


def test_a_perfect_difference_has_no_spread() -> None:
    """Nothing is known about the error, so nothing is decided."""
    codes, arm = np.repeat(np.arange(6), 2), np.tile([True, False], 6)
    one = mixed_difference(np.where(arm, 2.0, 1.0), arm, codes)
    assert one.value == pytest.approx(1.0)
    assert one.greater() == 1.0


@pytest.mark.parametrize(
    ("second", "clusters", "message"),
    [
        ([True, True, True], [0, 0, 1], "both arms among them"),
        ([1, 0, 1], [0, 0, 1], "expected 3 bools"),
        ([True, False, True], [0, 0, 0], "two clusters or more"),
        ([True, False, True], [0, 1], "one cluster label per observation"),
    ],
)
def test_bad_arms_are_refused(second: Any, clusters: Any, message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        mixed_difference([1.0, 2.0, 4.0], second, clusters)


# --- least squares ----------------------------------------------------------------------------------------------------


def _exact(y: Floats, x: Floats) -> tuple[list[float], list[float]]:
    """Return coefficients and the diagonal of (X'X)^-1 by rational Gauss-Jordan elimination."""
    rows, p = [[Fraction(v) for v in row] for row in x.tolist()], x.shape[1]
    response = [Fraction(v) for v in y.tolist()]
    system = [
        [
            *(sum((r[i] * r[j] for r in rows), Fraction(0)) for j in range(p)),
            sum((r[i] * v for r, v in zip(rows, response, strict=True)), Fraction(0)),
            *(Fraction(i == j) for j in range(p)),
        ]
        for i in range(p)
    ]
    for i in range(p):
        pivot = system[i][i]
        system[i] = [v / pivot for v in system[i]]
        for k in range(p):
            if k != i:
                factor = system[k][i]
                system[k] = [a - factor * b for a, b in zip(system[k], system[i], strict=True)]
    return [float(system[i][p]) for i in range(p)], [float(system[i][p + 1 + i]) for i in range(p)]


@pytest.mark.parametrize("degree", [1, 5, 10])
def test_a_polynomial_fit_is_right_to_the_last_digits(degree: int) -> None:
    """Against rational arithmetic; the tenth degree on [-8.8, -3.1] is the problem NIST calls Filip."""
    x = np.linspace(-8.8, -3.1, 82)
    y = 0.8 + 0.02 * np.sin(3 * x) + np.random.default_rng(0).normal(0, 0.003, 82)
    powers = np.column_stack([x**k for k in range(1, degree + 1)])
    fit = regress(y, powers)
    beta, variances = _exact(y, np.column_stack([np.ones(82), powers]))
    np.testing.assert_allclose(fit.beta, beta, rtol=1e-13)
    np.testing.assert_allclose(fit.standard_errors, fit.residual_sd * np.sqrt(variances), rtol=1e-13)


def test_a_line_agrees_with_scipy() -> None:
    """Slope, intercept, their errors, r squared and p."""
    rng = np.random.default_rng(12)
    x = rng.normal(size=30)
    y = 2 + 0.5 * x + rng.normal(size=30)
    fit, expected = regress(y, x), stats.linregress(x, y)
    assert fit.beta.tolist() == pytest.approx([expected.intercept, expected.slope], rel=1e-12)
    assert fit.standard_errors.tolist() == pytest.approx([expected.intercept_stderr, expected.stderr], rel=1e-12)
    assert fit.r_squared == pytest.approx(expected.rvalue**2, rel=1e-12)
    assert fit.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert fit.coefficient(1).two_sided() == pytest.approx(expected.pvalue, rel=1e-9)


def test_a_line_through_the_origin() -> None:
    """NIST NoInt1: certified values."""
    fit = regress(np.arange(130.0, 141.0), np.arange(60.0, 71.0), intercept=False)
    assert fit.beta[0] == pytest.approx(2.07438016528926, rel=1e-14)
    assert fit.standard_errors[0] == pytest.approx(0.165289256198347e-01, rel=1e-13)
    assert fit.residual_sd == pytest.approx(3.56753034006338, rel=1e-13)
    assert fit.r_squared == pytest.approx(0.999365492298663, rel=1e-13)
    assert fit.f == pytest.approx(15750.25, rel=1e-12)


def test_an_intercept_alone_is_the_mean() -> None:
    """With nothing to test, F is undefined."""
    fit = regress([1.0, 2.0, 6.0])
    assert fit.beta.tolist() == pytest.approx([3.0])
    assert math.isnan(fit.f)
    assert math.isnan(fit.p)
    constant = regress([2.0, 2.0, 2.0], [1.0, 2.0, 3.0])
    assert (constant.r_squared, constant.residual_sd) == (0.0, 0.0)
    assert math.isnan(constant.f)
    assert math.isnan(constant.p)


def test_a_response_on_a_line_leaves_nothing_over() -> None:
    """Residuals are refined to far below rounding, and end at 0 or at 1e-47, as the machine multiplies: both are 0."""
    x = np.arange(7.0)
    fit = regress(3.0 * x + 0.5, x)
    assert fit.residuals.tolist() == [0.0] * 7
    assert (fit.residual_sd, fit.r_squared, fit.f, fit.p) == (0.0, 1.0, math.inf, 0.0)
    assert regress([1e-30, 3e-30, 2e-30], [0.0, 1.0, 2.0]).residual_sd > 0.0


@pytest.mark.parametrize(
    ("y", "x", "message"),
    [
        ([1.0, 2.0], [1.0], "expected y"),
        ([1.0, 2.0, math.inf], [1.0, 2.0, 3.0], "finite"),
        ([1.0, 2.0], [1.0, 2.0], "more rows than that"),
        ([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], "not all 0"),
        ([1.0, 2.0, 3.0, 4.0], [[1, 2], [2, 4], [3, 6], [4, 8]], "independent columns"),
    ],
)
def test_a_bad_regression_is_refused(y: Any, x: Any, message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        regress(y, x)


# --- one-way analysis of variance -------------------------------------------------------------------------------------


@given(
    groups=st.lists(
        st.lists(st.integers(-50, 50).map(lambda k: k / 10), min_size=2, max_size=6), min_size=2, max_size=5
    ),
    offset=st.sampled_from([0, 10**6, 10**12]),
)
@settings(max_examples=60, deadline=None)
def test_an_offset_changes_no_digit(groups: list[list[float]], offset: int) -> None:
    """Floats stand for the decimals they were written as, so 1000000000000.4 is as exact as 0.4."""
    plain = one_way(groups)
    moved = one_way([[float(Decimal(repr(x)) + offset) for x in group] for group in groups])
    assert (moved.f, moved.ss_within, moved.ss_between) == (plain.f, plain.ss_within, plain.ss_between)
    assert 0.0 <= plain.p <= 1.0


def test_a_table_agrees_with_scipy() -> None:
    """F and p of ordinary data; Welch's F is the square of Welch's t with two groups."""
    rng = np.random.default_rng(13)
    groups = [rng.normal(i / 3, 1 + i, 8 + i) for i in range(3)]
    expected = stats.f_oneway(*groups)
    found = one_way(groups)
    assert (found.f, found.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-10)
    two, t = welch_one_way(groups[:2]), stats.ttest_ind(groups[0], groups[1], equal_var=False)
    assert (two.f, two.p, two.df2) == pytest.approx((t.statistic**2, t.pvalue, t.df), rel=1e-10)


def test_groups_without_variation() -> None:
    """F is infinite when only groups differ, and nothing is found when nothing differs."""
    assert (one_way([[1, 1], [2, 2]]).f, one_way([[1, 1], [2, 2]]).p) == (math.inf, 0.0)
    same = one_way([[1, 1], [1, 1]])
    assert (same.f, same.p, same.r_squared) == (0.0, 1.0, 0.0)


def test_exact_numbers_are_taken_as_they_are() -> None:
    """Decimals, integers and numbers of very different size; groups in order of appearance."""
    table = one_way([[10**30, 10**30 + 1], [Decimal(1000000000000000000000000000002), 10**30 + 3]])
    assert (table.ss_between, table.ss_within) == (4.0, 1.0)
    assert grouped([1, 2, 3], ["b", "a", "b"]) == [[1, 3], [2]]
    assert one_way([[1e-300, 3e-300], [1e300, 1e300]]).p >= 0.0


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[1, 2]], "two groups"),
        ([[1], []], "none empty"),
        ([[1], [2]], "more observations"),
        ([[math.nan], [1, 2]], "finite"),
    ],
)
def test_a_bad_table_is_refused(groups: Any, message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        one_way(groups)
    if "finite" not in message and "more" not in message:
        with pytest.raises(ValueError, match=message):
            welch_one_way(groups)


def test_welch_needs_variation_in_every_group() -> None:
    """A weight would be infinite."""
    with pytest.raises(ValueError, match="differ in every group"):
        welch_one_way([[1, 1], [1, 2]])


# --- factorial designs ------------------------------------------------------------------------------------------------


def _two_way(seed: int) -> tuple[Floats, dict[str, list[str]]]:
    rng = np.random.default_rng(seed)
    cells = [("x", "p", 3), ("x", "q", 5), ("x", "r", 2), ("y", "p", 4), ("y", "q", 2), ("y", "r", 6)]
    rows = [(a, b) for a, b, n in cells for _ in range(n)]
    y = np.array([(a == "y") * 1.5 + "pqr".index(b) * 0.7 for a, b in rows]) + rng.normal(size=len(rows))
    return y, {"a": [a for a, _ in rows], "b": [b for _, b in rows]}


def test_type_three_is_about_unweighted_cell_means() -> None:
    """The main effect's F is the square of the t of the difference of marginal means of cells, whatever their sizes."""
    y, factors = _two_way(14)
    fit = fit_factorial(y, factors)
    table = {test.name: test for test in fit.table()}
    cells = {
        (a, b): y[[i for i in range(len(y)) if factors["a"][i] == a and factors["b"][i] == b]]
        for a in "xy"
        for b in "pqr"
    }
    gap = np.mean([cells["y", b].mean() - cells["x", b].mean() for b in "pqr"])
    one = fit.difference("a", "x", "y")
    assert one.value == pytest.approx(gap, rel=1e-12)
    assert table["a"].f == pytest.approx(one.t() ** 2, rel=1e-10)
    assert one == fit.effect("a")
    within = sum(float(((c - c.mean()) ** 2).sum()) for c in cells.values())
    assert fit.residual_ss == pytest.approx(within, rel=1e-10)
    error = math.sqrt(within / 16 * sum(1 / len(c) for c in cells.values())) / 3
    assert one.standard_error == pytest.approx(error, rel=1e-10)
    assert fit.difference("b", "q", "p").value == pytest.approx(-fit.difference("b", "p", "q").value)


def test_three_types_agree_when_balanced() -> None:
    """And sums of squares add up."""
    rng = np.random.default_rng(15)
    y = rng.normal(size=24)
    factors = {"a": ["x", "y"] * 12, "b": [*"ppqqrr"] * 4}
    tables = [fit_factorial(y, factors).table(kind) for kind in ("I", "II", "III")]
    for table in tables[1:]:
        assert [t.ss for t in table] == pytest.approx([t.ss for t in tables[0]], rel=1e-10)
    fit = fit_factorial(y, factors)
    total = float(((y - y.mean()) ** 2).sum())
    assert sum(t.ss for t in tables[0]) + fit.residual_ss == pytest.approx(total, rel=1e-12)


def test_types_agree_with_statsmodels() -> None:
    """Unbalanced, all three types."""
    api = pytest.importorskip("statsmodels.formula.api")
    anova = pytest.importorskip("statsmodels.stats.anova")
    pandas = pytest.importorskip("pandas")
    y, factors = _two_way(16)
    model = api.ols("y ~ C(a, Sum) * C(b, Sum)", pandas.DataFrame({"y": y, **factors})).fit()
    for kind, number in (("I", 1), ("II", 2), ("III", 3)):
        expected = anova.anova_lm(model, typ=number)
        rows = [row for row in expected.index if row not in {"Intercept", "Residual"}]
        table = fit_factorial(y, factors).table(kind)  # type: ignore[arg-type]
        assert [t.ss for t in table] == pytest.approx(expected.loc[rows, "sum_sq"].tolist(), rel=1e-9)
        assert [t.p for t in table] == pytest.approx(expected.loc[rows, "PR(>F)"].tolist(), rel=1e-8)


def test_a_confounded_interaction_is_named() -> None:
    """It keeps no column; a design without residual rows keeps its effects and tests none."""
    blocks = [0, 1, 1, 0]
    fit = fit_factorial(
        [1.0, 2.0, 4.0, 8.0],
        {"block": blocks, "a": [0, 0, 1, 1], "b": [0, 1, 0, 1]},
        [("block",), ("a",), ("b",), ("a", "b")],
    )
    assert fit.lost == ("a:b",)
    assert fit.residual_df == 0
    assert all(math.isnan(test.p) for test in fit.table())
    assert fit.effect("a").value == pytest.approx(4.5)
    assert fit.effect("a").greater() == 1.0
    with pytest.raises(ValueError, match="estimable factors of two levels"):
        fit.effect("a", "b")


def test_effects_are_box_hunter_hunter() -> None:
    """Second level minus first, and half the difference of differences; declared levels give the order."""
    y = [60.0, 72.0, 54.0, 68.0, 52.0, 83.0, 45.0, 80.0]  # Box, Hunter & Hunter, pilot plant
    t, c, k = [0, 1] * 4, [0, 0, 1, 1] * 2, [0] * 4 + [1] * 4
    fit = fit_factorial(y, {"T": t, "C": c, "K": k})
    found = [fit.effect(*names).value for names in fit.names]
    assert found == pytest.approx([23.0, -5.0, 1.5, 1.5, 10.0, 0.0, 0.5])
    turned = fit_factorial(y, {"T": t, "C": c, "K": k}, levels={"T": (1, 0)})
    assert turned.effect("T").value == pytest.approx(-23.0)


@pytest.mark.parametrize(
    ("factors", "terms", "levels", "message"),
    [
        ({"a": [0, 1]}, None, None, "n levels per factor"),
        ({"a": [0, 0, 0]}, None, None, "two levels or more"),
        ({"a": [0, 1, 2]}, None, {"a": [0, 1]}, "all declared"),
        ({"a": [0, 1, 1]}, [("b",)], None, "terms of different factors"),
        ({"a": [0, 1, 1]}, [("a", "a")], None, "terms of different factors"),
    ],
)
def test_a_bad_design_is_refused(factors: Any, terms: Any, levels: Any, message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        fit_factorial([1.0, 2.0, 3.0], factors, terms, levels)


def test_asking_for_what_is_not_in_the_model() -> None:
    """Names the terms and levels there are."""
    fit = fit_factorial([1.0, 2.0, 3.0, 5.0], {"a": [0, 1, 0, 1]})
    with pytest.raises(ValueError, match="expected a term among"):
        fit.effect("b")
    with pytest.raises(ValueError, match="expected levels of a"):
        fit.difference("a", 0, 7)
    with pytest.raises(ValueError, match="finite responses"):
        fit_factorial([1.0, math.nan], {"a": [0, 1]})
    nested = fit_factorial([1.0, 2.0, 3.0, 5.0, 4.0], {"a": [0, 0, 1, 1, 1], "b": [0, 0, 1, 2, 2]}, [("a",), ("b",)])
    with pytest.raises(ValueError, match="confounded"):
        nested.difference("b", 0, 2)


def test_equal_responses_have_no_effects() -> None:
    """F is 0, not undefined; and infinite when only the factor differs."""
    assert fit_factorial([2.0] * 4, {"a": [0, 1, 0, 1]}).table()[0].f == 0.0
    assert fit_factorial([1.0, 2.0] * 4, {"a": [0, 1] * 4}).table()[0].p == pytest.approx(0.0, abs=1e-12)


# --- Lenth ------------------------------------------------------------------------------------------------------------


def test_the_pseudo_standard_error_by_hand() -> None:
    """1.5 times the median of what stays below 2.5 s0."""
    effects = np.array([23.0, -5.0, 1.5, 1.5, 10.0, 0.0, 0.5])
    assert float(pseudo_standard_error(effects)) == pytest.approx(1.5 * 1.5)
    found = lenth(effects)
    assert found.pse == pytest.approx(2.25)
    assert found.margin == pytest.approx(2.25 * stats.t.isf(0.025, 7 / 3), rel=1e-9)
    single = (1 + 0.95 ** (1 / 7)) / 2
    assert found.simultaneous_margin == pytest.approx(2.25 * stats.t.ppf(single, 7 / 3), rel=1e-9)
    assert int(np.argmin(found.p)) == 0
    assert (found.p <= found.p_simultaneous).all()
    assert found.p_simultaneous[0] < 0.05 < found.p_simultaneous[1]


def test_a_shifted_effect_is_tested_against_its_limit() -> None:
    """Both sides, and p-values that fall as the limit moves away."""
    effects = [23.0, -5.0, 1.5, 1.5, 10.0, 0.0, 0.5]
    p = [lenth_greater(effects, 0, limit) for limit in (0.0, 10.0, 22.0, 40.0)]
    assert p == sorted(p)
    assert p[0] < 0.01
    assert p[3] > 0.95
    assert lenth_greater([-e for e in effects], 1, 0.0) < 0.5


def test_most_effects_exactly_zero_have_no_scale() -> None:
    """Any other one is then beyond every draw; zeros are not."""
    found = lenth([0.0, 0.0, 0.0, 0.0, 3.0, -1.0, 0.0])
    assert found.pse == 0.0
    assert found.t.tolist() == [0.0, 0.0, 0.0, 0.0, math.inf, -math.inf, 0.0]
    assert found.p[0] == 1.0
    assert found.p[4] < 1e-5
    for bad in ([1.0, 2.0], [1.0, 2.0, math.nan]):
        with pytest.raises(ValueError, match="finite effects or more"):
            lenth(bad)


# --- Tukey ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("q", "k", "df"), [(3.5, 3, 10), (2.0, 5, 2), (12.0, 3, 1), (9.0, 5, 30), (4.2, 2, 60)])
def test_the_range_tail_agrees_with_scipy(q: float, k: int, df: float) -> None:
    """And two groups are a t test."""
    assert range_tail(q, k, df) == pytest.approx(stats.studentized_range.sf(q, k, df), rel=1e-6)
    assert range_tail(q, 2, df) == pytest.approx(2 * stats.t.sf(q / math.sqrt(2), df), rel=1e-8)


def test_the_range_at_its_ends() -> None:
    """No width is always exceeded; many df are the normal law; the quantile inverts."""
    assert range_tail(0.0, 3, 10) == 1.0
    assert range_tail(3.0, 2, 1e9) == pytest.approx(2 * stats.norm.sf(3.0 / math.sqrt(2)), rel=1e-9)
    assert range_tail(range_quantile(0.05, 3, 1), 3, 1) == pytest.approx(0.05, rel=1e-8)


def test_pairwise_differences_agree_with_scipy() -> None:
    """Unequal sizes, bounds and p."""
    rng = np.random.default_rng(17)
    groups = [rng.normal(0.6 * i, 1.0, 5 + 3 * i) for i in range(3)]
    expected = stats.tukey_hsd(*groups)
    interval = expected.confidence_interval()
    low, high = np.asarray(interval.low), np.asarray(interval.high)
    for pair in tukey_honest_differences(groups):
        assert pair.p == pytest.approx(expected.pvalue[pair.first, pair.second], rel=1e-6)
        assert pair.lower == pytest.approx(-high[pair.first, pair.second], rel=1e-6)
        assert pair.upper == pytest.approx(-low[pair.first, pair.second], rel=1e-6)
    with pytest.raises(ValueError, match="two groups or more"):
        tukey_honest_differences([[1.0, 2.0]])
    flat = tukey_honest_differences([[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]])
    assert [pair.p for pair in flat] == [1.0, 0.0, 0.0]


# --- repeated splits --------------------------------------------------------------------------------------------------


def test_the_correction_is_a_factor_of_t() -> None:
    """Naive t over corrected t is sqrt(1 + J n2 / n1), whatever the data."""
    values = np.random.default_rng(18).normal(0.1, 1, 15)
    ratio = naive_resampled(values).t() / corrected_resampled(values, 80, 20).t()
    assert ratio == pytest.approx(math.sqrt(1 + 15 * 20 / 80), rel=1e-12)
    assert naive_resampled(values).two_sided() == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-10)


def test_five_by_two_by_hand() -> None:
    """Dietterich's t and Alpaydin's F."""
    values = np.array([[0.1, 0.3], [0.2, 0.0], [0.1, 0.1], [0.4, 0.2], [0.3, 0.1]])
    variances = [(a - b) ** 2 / 2 for a, b in values]
    one = five_by_two(values)
    assert one.t() == pytest.approx(0.1 / math.sqrt(sum(variances) / 5))
    assert one.df == 5.0
    f, p = five_by_two_f(values)
    assert f == pytest.approx((values**2).sum() / (2 * sum(variances)))
    assert p == pytest.approx(stats.f.sf(f, 10, 5), rel=1e-10)
    assert five_by_two_f(np.ones((5, 2))) == (math.inf, 0.0)
    assert five_by_two_f(np.zeros((5, 2))) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("values", "train", "test", "message"),
    [
        ([1.0], 9, 1, "two finite differences"),
        ([1.0, math.inf], 9, 1, "two finite"),
        ([1.0, 2.0], 0, 1, "positive sizes"),
    ],
)
def test_bad_splits_are_refused(values: Any, train: float, test: float, message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        corrected_resampled(values, train, test)
    with pytest.raises(ValueError, match="shape"):
        five_by_two(np.ones((5, 3)))


def test_equal_splits_decide_nothing() -> None:
    """No variance, no verdict."""
    assert corrected_resampled([0.1, 0.1, 0.1], 9, 1).greater() == 1.0


def test_a_fit_keeps_what_it_was_made_of() -> None:
    """Standard errors are the roots of the covariance's diagonal."""
    fit = fit_random_intercept(_clustered(0), CODES)
    assert isinstance(fit, RandomIntercept)
    assert fit.standard_errors.tolist() == [math.sqrt(fit.covariance[0, 0])]
    assert fit.statistics.n == len(CODES)
