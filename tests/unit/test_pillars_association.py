"""Correlations and the bootstrap: against brute force, scipy and published numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from ophamin_pillars.association import abc, bootstrap, kendall, pearson, rank, spearman
from ophamin_pillars.association.pearson import PearsonTests
from ophamin_pillars.association.rank import RankTests
from pytest_ophamin.deciding.sides import OneSided

Floats = npt.NDArray[np.float64]


def _p(tests: OneSided, limit: float) -> tuple[float, float]:
    return (
        tests.greater(limit, slack=0.0, strict=False, level=0.05),
        tests.less(limit, slack=0.0, strict=False, level=0.05),
    )


def _pairs(n: int, seed: int, *, tied: bool = False) -> tuple[Floats, Floats]:
    rng = np.random.default_rng((seed, n, tied))
    x = rng.normal(size=n)
    y = x + 1.5 * rng.normal(size=n)
    if not tied:
        return x, y
    x, y = np.round(x), np.round(y)
    x[0], x[-1], y[0], y[-1] = -9.0, 9.0, 9.0, -9.0  # never constant
    return x, y


@pytest.mark.parametrize("n", [2, 3, 20, 1000])
def test_pearson_agrees_with_scipy(n: int) -> None:
    """Estimate, two-sided p, and Fisher's interval."""
    x, y = _pairs(n, 1)
    oracle = stats.pearsonr(x, y)
    r = pearson.pearson_r(x, y)
    assert r == pytest.approx(oracle.statistic, rel=1e-12)
    assert pearson.two_sided_p(r, n) == pytest.approx(oracle.pvalue, rel=1e-9)
    assert pearson.fisher_interval(r, n, 0.9) == pytest.approx(tuple(oracle.confidence_interval(0.9)), rel=1e-9)


@pytest.mark.parametrize("n", [3, 4, 6, 30])
@pytest.mark.parametrize("rho", [-0.95, -0.3, 1e-9, 0.5, 0.99])
def test_the_normal_theory_distribution_of_r_is_exact(n: int, rho: float) -> None:
    """Against another representation (Ruben 1966): a noncentral t whose noncentrality is a chi variable."""

    def given_chi(u: float, r: float) -> float:
        t, shift = r / math.sqrt(1 - r * r) * math.sqrt(n - 2), rho / math.sqrt(1 - rho * rho) * u
        return float(stats.chi.pdf(u, n - 1) * stats.nct.sf(t, n - 2, shift))

    for r in (-0.8, 0.1, 0.6):
        ends = max(0.0, math.sqrt(n - 1) - 9.0), math.sqrt(n - 1) + 9.0
        expected = integrate.quad(given_chi, *ends, args=(r,), epsabs=1e-12, limit=200)[0]
        assert pearson.upper_tail(r, n, rho) == pytest.approx(expected, abs=1e-9)
        assert pearson.upper_tail(r, n, rho) + pearson.lower_tail(r, n, rho) == pytest.approx(1.0, abs=1e-12)


def test_the_tail_of_r_is_continuous_at_no_correlation() -> None:
    """Student's t at 0 and the series beside it meet, also for a million pairs."""
    for n, r in ((3, 0.4), (10, 0.7), (1000, 0.05), (10**6, 0.002)):
        assert pearson.upper_tail(r, n, 1e-13) == pytest.approx(pearson.upper_tail(r, n, 0.0), rel=1e-7)


@given(st.integers(3, 5_000), st.floats(-0.999, 0.999), st.sampled_from([0.5, 0.1, 0.05, 1e-5]))
@settings(max_examples=60)
def test_bounds_of_pearson_invert_its_tests(n: int, r: float, level: float) -> None:
    """At the bound the p-value is the level, for three pairs and for thousands."""
    tests = PearsonTests(n, r)
    lower, upper = tests.lower(level, slack=0.0), tests.upper(level, slack=0.0)
    assert lower is not None
    assert upper is not None
    assert -1.0 <= lower <= upper + 1e-12 <= 1.0 + 1e-12
    if n > 4:  # three pairs have bounds within 1e-12 of -1 or 1: tanh has lost their digits
        assert _p(tests, lower)[0] == pytest.approx(level, rel=1e-6)
        assert _p(tests, upper)[1] == pytest.approx(level, rel=1e-6)


def test_pairs_on_a_line_or_too_few_say_nothing() -> None:
    """p = 1 on both sides, no bounds: as a t test without spread."""
    for tests in (PearsonTests(5, 1.0), PearsonTests(9, -1.0 + 1e-16), PearsonTests(2, 0.3)):
        assert _p(tests, 0.5) == (1.0, 1.0)
        assert tests.lower(0.05, slack=0.0) is None
        assert tests.upper(0.05, slack=0.0) is None
    assert pearson.fisher_interval(0.5, 3, 0.95) == (-1.0, 1.0)
    assert pearson.fisher_interval(1.0, 9, 0.95) == (1.0, 1.0)
    assert pearson.t_statistic(-1.0, 9) == -math.inf


def test_limits_at_the_ends_are_certain() -> None:
    """No correlation is above 1 or below -1."""
    tests = PearsonTests(10, 0.4)
    assert (_p(tests, 1.0), _p(tests, -1.0)) == ((1.0, 0.0), (0.0, 1.0))


def test_columns_without_a_correlation_are_refused() -> None:
    """Constant, too short, or of different lengths."""
    one, two = np.ones(3), np.array([1.0, 2.0, 3.0])
    for of in (pearson.pearson_r, spearman.spearman_rho, kendall.concordance):
        with pytest.raises(ValueError, match="expected values that vary"):
            of(one, two)
        with pytest.raises(ValueError, match="n >= 2"):
            of(two, two[:2])


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=40))
def test_doubled_ranks_are_scipys_midranks(values: list[int]) -> None:
    """Twice the average rank is a whole number."""
    x = np.array(values, dtype=np.float64)
    assert (rank.doubled_ranks(x) == 2.0 * stats.rankdata(x)).all()


@pytest.mark.parametrize("n", [2, 3, 5, 7])
@pytest.mark.parametrize("tied", [False, True])
def test_rank_tests_at_zero_count_every_permutation(n: int, tied: bool) -> None:
    """Against all n! permutations, ties and all."""
    x, y = _pairs(n, 2, tied=tied)
    a, b = stats.rankdata(x), stats.rankdata(y)
    orders = np.array(list(itertools.permutations(range(n))))
    products = b[orders] @ a
    scores = np.array([np.sign(np.subtract.outer(x, x) * np.subtract.outer(y[o], y[o])).sum() for o in orders])
    for tests, seen in ((spearman.spearman_tests(x, y), products), (kendall.kendall_tests(x, y), scores)):
        assert tests.greater_at_zero == pytest.approx((seen >= seen[0] - 1e-9).mean())
        assert tests.less_at_zero == pytest.approx((seen <= seen[0] + 1e-9).mean())


@pytest.mark.parametrize("n", [8, 30, 400, 3000])
@pytest.mark.parametrize("tied", [False, True])
def test_rank_correlations_agree_with_scipy(n: int, tied: bool) -> None:
    """Spearman's rho and Kendall's tau-b."""
    x, y = _pairs(n, 3, tied=tied)
    assert spearman.spearman_rho(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, rel=1e-12)
    counted, oracle = kendall.concordance(x, y), stats.kendalltau(x, y)
    assert counted.tau == pytest.approx(oracle.statistic, rel=1e-12)
    if n > kendall.LARGEST_EXACT:
        p = 2.0 * kendall.normal_upper_tail(abs(counted.score), counted.variance)
        assert p == pytest.approx(oracle.pvalue, rel=1e-9)


@pytest.mark.parametrize("n", [2, 3, 6, 20, 49])
def test_the_exact_distribution_of_kendalls_score_is_one(n: int) -> None:
    """Falls from 1 at the least score, symmetric, with the published variance."""
    most = n * (n - 1) // 2
    tails = np.array([kendall.exact_upper_tail(score, n) for score in range(-most, most + 1, 2)])
    assert tails[0] == 1.0
    assert tails[-1] == pytest.approx(1.0 / math.factorial(n), rel=1e-9)
    masses = -np.diff(np.append(tails, 0.0))
    scores = np.arange(-most, most + 1, 2)
    assert float(masses @ scores**2) == pytest.approx(n * (n - 1) * (2 * n + 5) / 18.0, rel=1e-9)


def test_the_beta_tail_of_spearman_is_near_the_exact_one() -> None:
    """With 9 pairs, where both exist: within 5 % at 0.05 and 0.01, and never too small beyond."""
    n = 9
    counts, total = rank._product_sums(tuple(range(n)), tuple(range(n)))
    tails = np.cumsum(counts[::-1])[::-1] / total
    x = np.arange(float(n))
    rng = np.random.default_rng(4)
    for _ in range(300):
        y = rng.permutation(x)
        a, b = rank.doubled_ranks(x), rank.doubled_ranks(y)
        exact = float(tails[int(x @ y)])
        assert rank.permutation_upper_tail(a, b) == pytest.approx(exact, rel=1e-12)
        if exact > 0.005:
            assert rank.beta_upper_tail(a, b) == pytest.approx(exact, rel=0.05)
    best = rank.doubled_ranks(x)
    assert rank.beta_upper_tail(best, best) >= 1.0 / total


def test_the_beta_tail_has_the_fourth_moment_of_all_permutations() -> None:
    """Pitman's formula, ties included: enumerated for 7 pairs."""
    a, b = np.array([2, 5, 5, 8, 11, 11, 14]), np.array([4, 4, 4, 8, 10, 12, 14])
    u, v = rank._standardised(a), rank._standardised(b)
    r = np.array([u @ v[list(order)] for order in itertools.permutations(range(7))]) / 6.0
    shape = 3.0 * 6.0 / 8.0 * (1.0 + 5.0 * 4.0 / (3.0 * 7.0 * 36.0) * rank._k4(u) * rank._k4(v))
    assert (r**2).mean() == pytest.approx(1.0 / 6.0)
    assert (r**4).mean() / (r**2).mean() ** 2 == pytest.approx(shape)


def test_the_edgeworth_series_is_near_the_exact_tail() -> None:
    """With 9 pairs: within 2 % at 0.05."""
    x = np.arange(9.0)
    y = np.array([1.0, 0.0, 4.0, 2.0, 6.0, 3.0, 5.0, 8.0, 7.0])
    rho, tails = spearman.spearman_rho(x, y), spearman.zero_tails(x, y)
    assert spearman.edgeworth_upper_tail(rho, 9) == pytest.approx(tails[0], rel=0.3)
    y = np.array([4.0, 0.0, 1.0, 6.0, 2.0, 3.0, 8.0, 5.0, 7.0])
    rho, tails = spearman.spearman_rho(x, y), spearman.zero_tails(x, y)
    assert spearman.edgeworth_upper_tail(rho, 9) == pytest.approx(tails[0], rel=0.02)


@pytest.mark.parametrize("make", [spearman.spearman_tests, kendall.kendall_tests])
@pytest.mark.parametrize("n", [4, 6, 15, 60])
@pytest.mark.parametrize("tied", [False, True])
def test_rank_tests_are_monotone_and_agree_with_their_bounds(make: object, n: int, tied: bool) -> None:
    """p rises with the limit, and rejects a limit exactly when the bound has passed it."""
    assert callable(make)
    tests = make(*_pairs(n, 5, tied=tied))
    assert isinstance(tests, RankTests)
    limits = np.linspace(-0.98, 0.98, 99)
    greater, less = np.array([_p(tests, float(limit)) for limit in limits]).T
    assert (np.diff(greater) >= -1e-12).all()
    assert (np.diff(less) <= 1e-12).all()
    for level in (0.3, 0.05, 0.001):
        lower, upper = tests.lower(level, slack=0.0), tests.upper(level, slack=0.0)
        assert lower is not None
        assert upper is not None
        assert ((greater <= level) == (limits <= lower + 1e-9)).all()
        assert ((less <= level) == (limits >= upper - 1e-9)).all()


def test_a_perfect_rank_correlation_is_no_certainty_beyond_zero() -> None:
    """Half a step inwards: z stays finite; a limit of 1 and beyond is certain."""
    x = np.arange(15.0)
    for tests in (spearman.spearman_tests(x, x), kendall.kendall_tests(x, x)):
        assert tests.estimate == 1.0
        assert 0.0 < _p(tests, 0.5)[0] < 0.01
        assert _p(tests, 1.0) == (1.0, 0.0)
        assert _p(tests, -1.0)[1] == 1.0
        assert tests.greater_at_zero < 1e-6


def test_few_pairs_bound_no_rank_correlation_beyond_zero() -> None:
    """Below four or five pairs z has no degrees of freedom: only the test at 0 speaks."""
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    for tests in (spearman.spearman_tests(x, y), kendall.kendall_tests(x, y)):
        assert _p(tests, 0.2) == (1.0, tests.less_at_zero)
        assert (tests.lower(0.05, slack=0.0), tests.upper(0.05, slack=0.0)) == (-1.0, 1.0)


def test_inversions_are_counted_in_blocks() -> None:
    """Against every pair, for sizes around powers of two."""
    rng = np.random.default_rng(6)
    for n in (1, 2, 3, 7, 8, 9, 100, 257):
        ranks = rng.integers(2, 2 * n + 1, n)
        assert kendall._inversions(ranks) == sum(int(a > b) for a, b in itertools.combinations(ranks.tolist(), 2))


SPATIAL = np.array(
    [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41], dtype=float
)


def test_abc_reproduces_efron_and_tibshirani() -> None:
    """Table 14.2: (116.7, 260.9) for the variance of the spatial test data, with the z0 of the paper."""
    lower, upper = abc.abc_interval(abc.weighted_variance(SPATIAL), 26, 0.9)
    assert (round(lower, 1), round(upper, 1)) == (116.7, 260.9)
    fitted = abc.abc_of(abc.weighted_variance(SPATIAL), 26)
    assert fitted.a == pytest.approx(0.0612, abs=5e-5)
    with pytest.raises(ValueError, match="depends on the weights"):
        abc.abc_of(lambda _: 3.0, 5)


def test_abc_of_a_mean_has_no_bias() -> None:
    """Linear: no curvature; its error is the plug-in standard error."""
    x = SPATIAL
    fitted = abc.abc_of(abc.weighted_mean(x), len(x))
    assert fitted.error == pytest.approx(x.std() / math.sqrt(len(x)), rel=1e-9)
    assert fitted.curvature == pytest.approx(0.0, abs=1e-4)
    pairs = np.column_stack([x, x**2])
    r = abc.weighted_correlation(x, x**2)
    assert abc.abc_of(r, len(x)).estimate == pytest.approx(float(bootstrap.correlation_of(pairs[None])[0]))


def test_bca_agrees_with_scipy() -> None:
    """The same method on other resamples: bounds within their Monte Carlo error."""
    tests = bootstrap.bca_tests(SPATIAL, bootstrap.variance_of, np.random.default_rng(7), 20_000)
    ours = bootstrap.interval(tests, 0.9)
    scipys = stats.bootstrap(
        (SPATIAL,), np.var, n_resamples=20_000, confidence_level=0.9, random_state=8, method="BCa"
    ).confidence_interval
    assert ours == pytest.approx(tuple(scipys), rel=0.02)


def test_a_bootstrap_is_a_function_of_its_generator() -> None:
    """Equal seeds, equal bounds; the sample decides nothing else."""
    first, second = (
        bootstrap.percentile_tests(SPATIAL, bootstrap.mean_of, np.random.default_rng(9), 999) for _ in range(2)
    )
    assert (first.replicates == second.replicates).all()
    assert (first.z0, first.a) == (0.0, 0.0)


@pytest.mark.parametrize("level", [0.3, 0.05, 0.01])
def test_bootstrap_p_values_agree_with_their_bounds(level: float) -> None:
    """A limit is rejected exactly below the lower bound, to within a replicate; never at less than 1 / (B + 1)."""
    tests = bootstrap.bca_tests(SPATIAL, bootstrap.variance_of, np.random.default_rng(10), 1_999)
    lower, upper = tests.lower(level, slack=0.0), tests.upper(level, slack=0.0)
    assert lower is not None
    assert upper is not None
    assert _p(tests, lower - 1e-9)[0] <= level + 0.002
    assert _p(tests, lower + 1.5)[0] > level
    assert _p(tests, upper + 1e-9)[1] <= level + 0.002
    assert _p(tests, upper - 1.5)[1] > level
    assert min(*_p(tests, -1e9), *_p(tests, 1e9)) >= 1.0 / 2_000


def test_levels_no_resample_reaches_have_no_bound() -> None:
    """Asking 99 resamples for a level of 0.001 is asking for an end they do not have."""
    tests = bootstrap.percentile_tests(SPATIAL, bootstrap.mean_of, np.random.default_rng(11), 99)
    assert tests.lower(0.001, slack=0.0) is None
    assert tests.upper(0.001, slack=0.0) is None
    assert bootstrap.interval(tests, 0.999) == (-math.inf, math.inf)


def test_equal_observations_bootstrap_to_themselves() -> None:
    """No spread: acceleration and bias are 0, the bounds are the value; bootstrap-t has no end or the value."""
    same = np.full(6, 3.0)
    tests = bootstrap.bca_tests(same, bootstrap.mean_of, np.random.default_rng(12), 199)
    assert (tests.z0, tests.a) == (0.0, 0.0)
    assert bootstrap.interval(tests, 0.9) == (3.0, 3.0)
    assert bootstrap.jackknife_error(bootstrap.jackknife(same, bootstrap.mean_of)) == 0.0


def test_the_jackknife_error_of_a_mean_is_its_standard_error() -> None:
    """An identity."""
    without = bootstrap.jackknife(SPATIAL, bootstrap.mean_of)
    assert bootstrap.jackknife_error(without) == pytest.approx(float(bootstrap.error_of_mean(SPATIAL[None])[0]))


def test_a_bootstrap_t_interval_leans_to_the_long_tail() -> None:
    """Right-skewed data: the upper end is farther than the lower, and farther than the percentile one."""
    x = np.random.default_rng(13).exponential(1.0, 30)
    lower, upper = bootstrap.bootstrap_t_interval(
        x, bootstrap.mean_of, bootstrap.error_of_mean, confidence=0.9, rng=np.random.default_rng(14), resamples=4_999
    )
    plain = bootstrap.interval(bootstrap.percentile_tests(x, bootstrap.mean_of, np.random.default_rng(14), 4_999), 0.9)
    assert upper - x.mean() > x.mean() - lower > 0.0
    assert upper > plain[1]
    few = bootstrap.bootstrap_t_interval(
        x, bootstrap.mean_of, bootstrap.error_of_mean, confidence=0.9999, rng=np.random.default_rng(15), resamples=99
    )
    assert few == (-math.inf, math.inf)


def test_a_bca_level_without_an_end_is_certain() -> None:
    """Where 1 - a (z0 + z) turns negative, the whole distribution is on one side."""
    assert bootstrap.bca_level(0.999, 0.5, 0.4) == 1.0
    assert bootstrap.bca_level(0.001, -0.5, -0.4) == 0.0
    assert bootstrap.bca_level(0.05, 0.0, 0.0) == pytest.approx(0.05)


def test_a_bootstrap_of_nothing_is_refused() -> None:
    """No data, no resamples, one observation without another to leave."""
    rng = np.random.default_rng(16)
    with pytest.raises(ValueError, match="at least one of each"):
        bootstrap.resample(np.empty(0), bootstrap.mean_of, 9, rng)
    with pytest.raises(ValueError, match="at least one of each"):
        bootstrap.resample(SPATIAL, bootstrap.mean_of, 0, rng)
    with pytest.raises(ValueError, match="two observations or more, came 1"):
        bootstrap.jackknife(SPATIAL[:1], bootstrap.mean_of)
