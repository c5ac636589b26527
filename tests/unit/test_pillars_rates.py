"""Rates: exact tails, bounds that invert them, and samples at the edge of what can be said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.rates import mtbf, poisson, throughput
from ophamin_pillars.rates.poisson import RateTests
from ophamin_pillars.rates.rate_ratio import RateRatioTests
from ophamin_pillars.rates.throughput import throughput_tests
from ophamin_pillars.student import TTests, mean_and_sd
from pytest_ophamin.deciding.sides import OneSided

LEVELS = (0.2, 0.05, 1e-6)


def p_greater(tests: OneSided, limit: float, slack: float = 0.0) -> float:
    """Return the p-value of "metric <= limit - slack"."""
    return tests.greater(limit, slack=slack, strict=False, level=0.05)


def p_less(tests: OneSided, limit: float, slack: float = 0.0) -> float:
    """Return the p-value of "metric >= limit + slack"."""
    return tests.less(limit, slack=slack, strict=False, level=0.05)


@pytest.mark.parametrize("mean", [1e-9, 0.3, 4.0, 150.0, 1e7])
def test_poisson_tails_agree_with_scipy(mean: float) -> None:
    """Both tails, at counts around the mean and far out."""
    for count in {0, 1, int(mean), int(mean) + 3, int(mean + 8 * math.sqrt(mean))}:
        assert poisson.upper_tail(count, mean) == pytest.approx(stats.poisson.sf(count - 1, mean), rel=1e-9)
        assert poisson.lower_tail(count, mean) == pytest.approx(stats.poisson.cdf(count, mean), rel=1e-9)


def test_a_rate_of_nothing_has_certain_tails() -> None:
    """No exposure under the null, no events: 0 and 1, never NaN; a limit conceded below 0 is the same."""
    assert (poisson.upper_tail(0, 0.0), poisson.upper_tail(1, 0.0), poisson.lower_tail(0, 0.0)) == (1.0, 0.0, 1.0)
    assert poisson.lower_tail(-1, 3.0) == 0.0
    assert p_greater(RateTests(5, 1, 10.0), 0.1, slack=0.2) == 0.0
    assert p_less(RateTests(5, 0, 10.0), 0.0) == 1.0


@given(st.integers(0, 5_000), st.floats(1e-3, 1e6), st.sampled_from(LEVELS))
def test_bounds_of_a_rate_invert_its_tests(events: int, exposure: float, level: float) -> None:
    """At the bound the p-value is the level; 0 events have no lower bound but 0."""
    tests = RateTests(1, events, exposure)
    lower, upper = tests.lower(level, slack=0.0), tests.upper(level, slack=0.0)
    assert lower is not None
    assert upper is not None
    assert p_less(tests, upper) == pytest.approx(level, rel=1e-8)
    assert lower == 0.0 if events == 0 else p_greater(tests, lower) == pytest.approx(level, rel=1e-8)
    assert lower <= tests.estimate <= upper


def test_the_two_sided_p_of_a_rate_sums_what_is_no_likelier() -> None:
    """Against brute enumeration of every count."""
    k = np.arange(400)
    for mean in (0.2, 1.0, 7.3, 10.0, 60.0):
        masses = stats.poisson.pmf(k, mean)
        for events in (0, 1, 2, 7, 9, 11, 60, 61, 64, 90):  # just above 10 and 60 few counts are likelier
            expected = masses[masses <= masses[events] * (1 + 1e-7)].sum()
            assert poisson.two_sided_p(events, mean) == pytest.approx(min(1.0, expected), rel=1e-9, abs=1e-14)
    assert (poisson.two_sided_p(0, 0.0), poisson.two_sided_p(2, 0.0)) == (1.0, 0.0)


@pytest.mark.parametrize(("events", "n"), [(3, 30), (0, 10), (1, 1000), (40, 25)])
@pytest.mark.parametrize("limit", [0.02, 0.3, 2.0])
@pytest.mark.parametrize("level", [0.05, 0.001])
def test_the_n_a_rate_needs_is_the_least_that_rejects(events: int, n: int, limit: float, level: float) -> None:
    """Found by jumps, checked one by one: the same rate, its count rounded against the claim."""
    tests = RateTests(n, events, 2.0 * n)
    for side in ("greater", "less"):
        found = tests.needed(side, limit, slack=0.0, strict=False, level=level, start=n + 1)
        greater = side == "greater"
        if (tests.estimate <= limit) if greater else (tests.estimate >= limit):
            assert found is None
            continue

        def rejects(m: int, up: bool = greater) -> bool:
            if up:
                return poisson.upper_tail(events * m // n, limit * 2.0 * m) <= level
            return poisson.lower_tail(-(-events * m // n), limit * 2.0 * m) <= level

        assert found is not None
        assert rejects(found)
        assert not any(rejects(m) for m in range(n + 1, found))


def test_a_rate_a_hair_from_its_limit_needs_no_n() -> None:
    """On the boundary: no n up to a thousand million."""
    tests = RateTests(10**6, 10**6, 1e6)
    assert tests.needed("greater", 1.0 - 1e-7, slack=0.0, strict=False, level=0.05, start=10**6) is None
    assert tests.needed("less", 1.0 + 1e-7, slack=0.0, strict=False, level=0.05, start=10**6) is None


def test_bad_counts_and_exposures_are_refused() -> None:
    """Named, with what came."""
    with pytest.raises(ValueError, match="events: expected 0 or more, came -1"):
        RateTests(1, -1, 2.0)
    for bad in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="exposure: expected a positive number"):
            poisson.garwood(1, bad, 0.95)


@given(st.integers(0, 300), st.integers(0, 300), st.floats(1e-3, 1e3), st.sampled_from(LEVELS))
def test_bounds_of_a_rate_ratio_invert_its_tests(first: int, second: int, exposure: float, level: float) -> None:
    """Either arm may be empty: then the bound is 0, or there is none."""
    tests = RateRatioTests(2, (first, second), (exposure, 7.0))
    lower, upper = tests.lower(level, slack=0.0), tests.upper(level, slack=0.0)
    assert lower is not None
    if first:
        assert p_greater(tests, lower) == pytest.approx(level, rel=1e-7)
    else:
        assert lower == 0.0
    if upper is None:
        assert second == 0
        assert tests.estimate is None
    else:
        assert p_less(tests, upper) == pytest.approx(level, rel=1e-7)
        assert tests.estimate is not None
        assert lower <= tests.estimate <= upper


def test_a_rate_ratio_tested_from_either_arm_says_the_same() -> None:
    """That A / B is at least r is that B / A is at most 1 / r, also where one share is nearly 1."""
    for ratio in (1e-9, 0.2, 1.0, 30.0, 1e9):
        tests, swapped = RateRatioTests(2, (7, 12), (3.0, 8.0)), RateRatioTests(2, (12, 7), (8.0, 3.0))
        assert p_less(tests, ratio) == pytest.approx(p_greater(swapped, 1.0 / ratio), rel=1e-9)
    nothing = RateRatioTests(2, (0, 0), (3.0, 8.0))
    assert (p_greater(nothing, 1.0), p_less(nothing, 1.0)) == (1.0, 1.0)
    assert nothing.two_sided_p(1.0) == 1.0


def test_a_rate_ratio_agrees_with_scipy() -> None:
    """The conditional test is scipy's binomial test of the share."""
    tests = RateRatioTests(2, (11, 21), (800.0, 3011.0))
    share = 800.0 / 3811.0
    assert p_greater(tests, 1.0) == pytest.approx(stats.binomtest(11, 32, share, alternative="greater").pvalue)
    assert p_less(tests, 1.0) == pytest.approx(stats.binomtest(11, 32, share, alternative="less").pvalue)


@pytest.mark.parametrize("censoring", mtbf.Censoring)
@pytest.mark.parametrize("failures", [1, 2, 10, 500])
@pytest.mark.parametrize("level", LEVELS)
def test_bounds_of_an_mtbf_invert_its_tests(censoring: mtbf.Censoring, failures: int, level: float) -> None:
    """In chi-square terms: 2 r degrees, and 2 r + 2 for the lower bound when time ended the test."""
    tests = mtbf.MtbfTests(3, failures, 800.0, censoring)
    lower, upper = tests.lower(level, slack=0.0), tests.upper(level, slack=0.0)
    assert lower is not None
    assert upper is not None
    df = 2 * failures + (2 if censoring is mtbf.Censoring.TIME else 0)
    assert lower == pytest.approx(1600.0 / stats.chi2.isf(level, df), rel=1e-9)
    assert upper == pytest.approx(1600.0 / stats.chi2.ppf(level, 2 * failures), rel=1e-8)
    assert p_greater(tests, lower) == pytest.approx(level, rel=1e-9)
    assert p_less(tests, upper) == pytest.approx(level, rel=1e-8)


def test_no_failure_bounds_an_mtbf_from_below_only() -> None:
    """T / -log(level); no estimate, no upper bound; a failure-censored test has at least one failure."""
    tests = mtbf.MtbfTests(1, 0, 100.0)
    assert tests.estimate is None
    assert tests.lower(0.05, slack=0.0) == pytest.approx(100.0 / -math.log(0.05))
    assert tests.upper(0.05, slack=0.0) is None
    assert p_less(tests, 1.0) == 1.0
    lower, upper = mtbf.interval(0, 100.0, 0.9)
    assert lower == pytest.approx(100.0 / -math.log(0.05))
    assert upper == math.inf
    assert p_greater(mtbf.MtbfTests(1, 2, 100.0), 5.0, slack=6.0) == 0.0
    with pytest.raises(ValueError, match="expected 1 or more in a failure-censored test, came 0"):
        mtbf.MtbfTests(1, 0, 100.0, mtbf.Censoring.FAILURE)


def _amounts(n: int, seed: int) -> tuple[throughput.Floats, throughput.Floats]:
    rng = np.random.default_rng(seed)
    seconds = rng.uniform(0.5, 2.0, n)
    return 40.0 * seconds + rng.normal(0.0, 5.0, n), seconds


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
@pytest.mark.parametrize("level", [0.4, 0.05, 0.001])
def test_bounds_of_a_throughput_invert_its_tests(n: int, level: float) -> None:
    """At the bound the p-value is the level."""
    tests = throughput_tests(*_amounts(n, n))
    lower, upper = tests.lower(level, slack=0.0), tests.upper(level, slack=0.0)
    assert lower is not None
    assert upper is not None
    assert lower < tests.centre < upper
    assert p_greater(tests, lower) == pytest.approx(level, rel=1e-9)
    assert p_less(tests, upper) == pytest.approx(level, rel=1e-9)


def test_pseudo_values_are_those_of_the_jackknife() -> None:
    """Each leaves one trial out: written as the definition has it."""
    amounts, seconds = _amounts(7, 3)
    rate = amounts.sum() / seconds.sum()
    expected = [7 * rate - 6 * np.delete(amounts, i).sum() / np.delete(seconds, i).sum() for i in range(7)]
    assert throughput.pseudo_values(amounts, seconds) == pytest.approx(expected, rel=1e-12)


def test_a_throughput_is_the_ratio_of_totals_and_not_a_mean_of_rates() -> None:
    """One long slow trial weighs what it lasted."""
    assert throughput_tests(np.array([10.0, 10.0]), np.array([1.0, 9.0])).estimate == 2.0


def test_with_equal_seconds_a_throughput_is_a_mean() -> None:
    """Every method then gives Student's t of the amounts."""
    amounts, seconds = np.array([3.0, 5.0, 9.0, 4.0, 6.5]), np.full(5, 2.0)
    tests, plain = throughput_tests(amounts, seconds), TTests(5, *mean_and_sd(amounts / 2.0))
    expected = (plain.lower(0.025, slack=0.0), plain.upper(0.025, slack=0.0))
    assert (tests.lower(0.025, slack=0.0), tests.upper(0.025, slack=0.0)) == pytest.approx(expected, rel=1e-12)
    assert throughput.linearised_interval(amounts, seconds, 0.95) == pytest.approx(expected, rel=1e-12)
    assert throughput.fieller_interval(amounts, seconds, 0.95) == pytest.approx(expected, rel=1e-12)
    assert tests.spread == pytest.approx(plain.spread)
    assert tests.needed("greater", 2.5, slack=0.0, strict=False, level=0.05, start=6) == plain.needed(
        "greater", 2.5, slack=0.0, strict=False, level=0.05, start=6
    )
    assert tests.needed("less", 2.5, slack=0.0, strict=False, level=0.05, start=6) is None


@pytest.mark.parametrize("n", [3, 10, 500])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.999])
def test_fiellers_interval_ends_where_the_t_test_of_differences_does(n: int, confidence: float) -> None:
    """The defining equation, at both ends."""
    amounts, seconds = _amounts(n, 4)
    for end in throughput.fieller_interval(amounts, seconds, confidence):
        if math.isfinite(end):
            p = stats.ttest_1samp(amounts - end * seconds, 0.0).pvalue
            assert p == pytest.approx(1.0 - confidence, rel=1e-6)


@pytest.mark.parametrize("seconds", [[1.0, 1.0, 1.0], [0.1, 0.2, 0.7]])
def test_a_rate_that_never_varies_says_nothing(seconds: list[float]) -> None:
    """Without spread p is 1 on both sides and there are no bounds; one trial is the same."""
    for size in (3, 1):
        s = np.array(seconds[:size])
        tests = throughput_tests(0.3 * s, s)
        assert (p_greater(tests, 0.0), p_less(tests, 9.0)) == (1.0, 1.0)
        assert tests.lower(0.05, slack=0.0) is None
        assert tests.upper(0.05, slack=0.0) is None
        assert tests.needed("greater", 0.0, slack=0.0, strict=False, level=0.05, start=9) is None


def test_samples_without_a_throughput_are_refused() -> None:
    """No trials, unequal shapes, time that did not pass, and one trial where an interval is asked for."""
    with pytest.raises(ValueError, match=r"two arrays of shape \(n,\)"):
        throughput_tests(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match=r"seconds: expected positive numbers, came 0\.0"):
        throughput_tests(np.ones(2), np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="n >= 2"):
        throughput.linearised_interval(np.ones(1), np.ones(1), 0.9)


def test_seconds_that_vary_wildly_leave_fiellers_interval_without_ends() -> None:
    """It ends where the mean time itself is not clearly positive."""
    amounts, seconds = np.array([1.0, 2.0, 0.5]), np.array([1e-3, 90.0, 1e-2])
    assert throughput.fieller_interval(amounts, seconds, 0.98) == (-math.inf, math.inf)
