"""Conformal forecasts, inertia and kernel coupling: laws, brute force and closed forms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.diagnostics.conformal import (
    calibrate,
    conformal_limit,
    conformal_rank,
    coverage_quantile,
    evaluate,
    excess_p,
)
from ophamin_pillars.diagnostics.inertia import measure_inertia
from ophamin_pillars.diagnostics.kernel_coupling import call_cells, call_sweep, cell_means

Floats = npt.NDArray[np.float64]
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def _rng(key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([72, key]))


# Conformal


@FEW
@given(st.integers(0, 5_000), st.integers(1, 999))
def test_the_rank_is_exact_in_decimals(n: int, thousandths: int) -> None:
    """k = ceil((n + 1)(1 - alpha)) in whole numbers, never moved by the rounding of 1 - alpha."""
    k, infinite = conformal_rank(n, thousandths / 1_000)
    assert k == math.ceil(Fraction((n + 1) * (1_000 - thousandths), 1_000))
    assert infinite == (k > n)


@pytest.mark.parametrize(("n", "alpha"), [(4, 0.2), (4, 0.5), (5, 0.35), (3, 0.2)])
def test_coverage_holds_over_every_order(n: int, alpha: float) -> None:
    """Of n + 1 exchangeable scores the new one is at or below the limit with probability k / (n + 1) >= 1 - alpha."""
    covered = [order[-1] <= conformal_limit(order[:-1], alpha) for order in itertools.permutations(range(n + 1))]
    k, infinite = conformal_rank(n, alpha)
    assert np.mean(covered) == pytest.approx(1.0 if infinite else k / (n + 1))
    assert np.mean(covered) >= 1 - alpha


def test_coverage_of_one_calibration_draw_is_beta() -> None:
    """Beta(k, n + 1 - k); without a finite limit it is 1."""
    assert coverage_quantile(99, 0.1, 0.05) == pytest.approx(stats.beta.ppf(0.05, 90, 10))
    assert coverage_quantile(8, 0.1, 0.05) == 1.0
    assert conformal_limit([], 0.1) == math.inf


@pytest.mark.parametrize(("trials", "calibrated", "ranks"), [(5, 9, 2), (40, 99, 5), (3, 3, 1)])
def test_exclusions_are_beta_binomial(trials: int, calibrated: int, ranks: int) -> None:
    """Against scipy.stats; nothing excluded is certain, exclusion without an excluded rank is impossible."""
    law = stats.betabinom(trials, ranks, calibrated + 1 - ranks)
    for count in range(1, trials + 1):
        assert excess_p(count, trials, calibrated, ranks) == pytest.approx(law.sf(count - 1), rel=1e-9)
    assert excess_p(0, trials, calibrated, ranks) == 1.0
    assert excess_p(1, trials, calibrated, 0) == 0.0


def test_a_forecast_excludes_classes() -> None:
    """Limits by rank; each of the four predictions occurs."""
    sound, failing = np.arange(99.0), np.arange(200.0, 299.0)
    scores, failed = np.concatenate((sound, failing)), np.repeat([False, True], 99)
    forecast = calibrate(scores, failed, alpha=0.05, beta=0.05, gamma=0.05)
    assert (forecast.alarm_above, forecast.clear_below) == (94.0, 204.0)
    assert (forecast.usual_from, forecast.usual_to) == (3.0, 295.0)
    assert [forecast.predict(score) for score in (50.0, 150.0, 250.0)] == ["sound", "neither", "failing"]
    overlapping = calibrate(np.concatenate((sound, sound)), failed)
    assert overlapping.predict(50.0) == "either"


def test_a_forecast_counts_its_own_errors() -> None:
    """False alarms, misses, hits and outlying trials of unseen data, with their tests."""
    scores, failed = np.concatenate((np.arange(99.0), np.arange(200.0, 299.0))), np.repeat([False, True], 99)
    forecast = calibrate(scores, failed, gamma=0.05)
    found = evaluate(forecast, [10.0, 99.0, 250.0, 100.0, -500.0], [False, False, True, True, False])
    assert (found.sound, found.false_alarms, found.failed, found.misses, found.hits) == (3, 1, 2, 1, 2)
    assert found.outlying == 1
    assert found.p_false_alarms == pytest.approx(stats.betabinom.sf(0, 3, 5, 95))
    assert found.p_misses == pytest.approx(stats.betabinom.sf(0, 2, 5, 95))
    assert found.p_no_forecast == pytest.approx(stats.betabinom.sf(1, 2, 5, 95))
    assert found.p_outlying == pytest.approx(stats.betabinom.sf(0, 5, 8, 191))


def test_too_few_trials_predict_nothing() -> None:
    """Infinite limits: no alarm, no clearance, nothing outlying; no evidence either way."""
    forecast = calibrate([1.0, 2.0], [False, True])
    assert forecast.predict(1e300) == "either"
    found = evaluate(forecast, [1e9, -1e9], [True, False])
    assert (found.false_alarms, found.misses, found.hits, found.outlying) == (0, 0, 0, 0)
    assert found.p_no_forecast == 1.0
    assert evaluate(forecast, [], []).p_misses == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conformal_rank(-1, 0.1), "n must be"),
        (lambda: conformal_rank(5, 1.0), "share lie in"),
        (lambda: conformal_limit([math.nan], 0.1), "finite"),
        (lambda: coverage_quantile(9, 0.1, 0.0), "level"),
        (lambda: excess_p(3, 2, 9, 1), "count must lie"),
        (lambda: calibrate([1.0], [1]), "bools"),
        (lambda: calibrate([1.0], [True, False]), "shape"),
    ],
)
def test_bad_forecasts_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()


# Inertia


def test_the_regression_is_weighted_least_squares_with_robust_errors() -> None:
    """Coefficients by normal equations, HC2 and Bell-McCaffrey df by their n x n definitions."""
    rng = _rng(1)
    e, w = rng.normal(size=25), rng.lognormal(size=25)
    a = 0.2 + 0.7 * e + rng.normal(size=25) / np.sqrt(w)
    found = measure_inertia(e, a, w)
    x = np.sqrt(w)[:, None] * np.column_stack((np.ones(25), e))
    pseudo = np.linalg.inv(x.T @ x) @ x.T
    beta = pseudo @ (np.sqrt(w) * a)
    maker = np.eye(25) - x @ pseudo
    residuals = maker @ (np.sqrt(w) * a)
    weights = pseudo[1] ** 2 / np.diag(maker)
    form = maker @ np.diag(weights) @ maker
    assert (found.drift, found.slope) == pytest.approx(tuple(beta))
    assert found.standard_error == pytest.approx(math.sqrt(weights @ residuals**2))
    assert found.degrees_of_freedom == pytest.approx(np.trace(form) ** 2 / np.trace(form @ form))
    assert found.inertia == pytest.approx(1 - beta[1])
    assert found.largest_leverage == pytest.approx(1 - np.diag(maker).min())


def test_resistance_overshoot_and_drift_are_told_apart() -> None:
    """Each planted alone; overshoot is kept, drift is not mistaken for inertia."""
    rng = _rng(2)
    e, noise = rng.normal(size=80), 0.1 * rng.normal(size=80)
    resisting, overshooting = measure_inertia(e, 0.5 * e + noise), measure_inertia(e, 1.5 * e + noise)
    drifting = measure_inertia(e, e + 1.0 + noise)
    assert (resisting.call(0.01), overshooting.call(0.01), drifting.call(0.01)) == (
        "resists",
        "overshoots",
        "undetermined",
    )
    assert overshooting.inertia < -0.4
    assert overshooting.overshoots > 60
    assert measure_inertia(e, -e + noise).reversals > 60
    assert drifting.p_drifts < 1e-9 < resisting.p_drifts
    assert resisting.p_ignores < 1e-9
    assert measure_inertia(e, noise).p_ignores > 1e-3


def test_the_scale_of_strengths_does_not_matter_and_bounds_invert_tests() -> None:
    """Only ratios of strengths do; a bound at the p-value's level touches 0."""
    rng = _rng(3)
    e, w = rng.normal(size=20), rng.random(20) + 0.1
    a = 0.9 * e + 0.2 * rng.normal(size=20)
    one, two = measure_inertia(e, a, w), measure_inertia(e, a, 1e6 * w)
    assert two.slope == pytest.approx(one.slope)
    assert two.standard_error == pytest.approx(one.standard_error)
    assert one.bounds(one.p_resists)[0] == pytest.approx(0.0, abs=1e-9)
    assert one.bounds(one.p_overshoots)[1] == pytest.approx(0.0, abs=1e-9)
    assert one.conditions_hold


def test_a_perfect_fit_decides_nothing() -> None:
    """Without residual spread nothing is known about it: p = 1 on every side, as DECIDING.md has it."""
    e = np.array([1.0, 2.0, 3.0, 5.0])
    found = measure_inertia(e, 0.5 * e)
    assert (found.p_resists, found.p_overshoots, found.p_ignores, found.p_drifts) == (1.0, 1.0, 1.0, 1.0)
    assert found.bounds(0.05) == (-math.inf, math.inf)
    assert found.call(0.05) == "undetermined"
    assert not found.conditions_hold
    assert measure_inertia(e, np.zeros(4)).slope == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure_inertia([1.0, 2.0], [1.0, 2.0]), "at least 3"),
        (lambda: measure_inertia([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]), "one shape"),
        (lambda: measure_inertia([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), "all equal"),
        (lambda: measure_inertia([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 0.0, 1.0]), "strength"),
    ],
)
def test_bad_updates_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()


# Kernel coupling


def _sweep(means: list[float], units: int, key: int) -> Floats:
    return np.array(means)[:, None] + 0.1 * _rng(key).normal(size=(len(means), units))


@pytest.mark.parametrize(
    ("means", "call"),
    [
        ([0.0, 0.0, 0.0], "none"),
        ([2.0, 2.0, -2.0], "intrinsic"),
        ([0.0, 2.0, 2.0], "miscalibrated"),
        ([2.0, 1.0, 0.0], "undetermined"),
        ([0.0, 1.0, 0.0], "undetermined"),
        ([1.0, 2.0, 2.0], "undetermined"),
    ],
)
def test_each_call_needs_what_it_says(means: list[float], call: str) -> None:
    """The nominal value is the middle one, the tolerance 1; effects at the tolerance decide nothing."""
    assert call_sweep(_sweep(means, 30, 4), nominal=1, tolerance=1.0, level=0.01).call == call


def test_a_call_shows_the_tests_it_rests_on() -> None:
    """Against scipy's t tests."""
    y = _sweep([0.2, 1.3], 12, 5)
    found = call_sweep(y, nominal=0, tolerance=1.0, level=0.05)
    for row, within, beyond in zip(y, found.p_within, found.p_beyond, strict=True):
        less = stats.ttest_1samp(row, 1.0, alternative="less").pvalue
        greater = stats.ttest_1samp(row, -1.0, alternative="greater").pvalue
        assert within == pytest.approx(max(less, greater))
        outside = stats.ttest_1samp(row, 1.0, alternative="greater").pvalue
        assert beyond == pytest.approx(min(1.0, 2 * outside))
    assert found.harmless == (0,)
    assert found.effects == pytest.approx(tuple(y.mean(axis=1)))


def test_cells_share_one_level() -> None:
    """Each of m cells is called at level / m; the population of cells is called on their means."""
    rng = _rng(6)
    effects = 2.0 + 0.1 * rng.normal(size=(5, 3, 8)) + rng.normal(size=(5, 1, 1))
    calls = call_cells(effects, nominal=0, tolerance=0.5, level=0.05)
    assert [found.level for found in calls] == [0.01] * 5
    means = cell_means(effects)
    assert means.shape == (3, 5)
    assert call_sweep(means, nominal=0, tolerance=0.5, level=0.05).standard_errors[0] > 0.2


def test_effects_without_spread_decide_nothing() -> None:
    """Equal replicates say nothing about their error."""
    found = call_sweep(np.zeros((2, 5)), nominal=0, tolerance=1.0, level=0.05)
    assert (found.call, found.p_within, found.p_beyond) == ("undetermined", (1.0, 1.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: call_sweep([1.0, 2.0], nominal=0, tolerance=1.0, level=0.05), "shape"),
        (lambda: call_sweep([[1.0]], nominal=0, tolerance=1.0, level=0.05), "at least two"),
        (lambda: call_sweep([[1.0, math.inf]], nominal=0, tolerance=1.0, level=0.05), "finite"),
        (lambda: call_sweep([[1.0, 2.0]], nominal=1, tolerance=1.0, level=0.05), "nominal"),
        (lambda: call_sweep([[1.0, 2.0]], nominal=0, tolerance=0.0, level=0.05), "tolerance"),
        (lambda: call_cells([[[1.0, 2.0]]], nominal=0, tolerance=1.0, level=1.5), "level"),
        (lambda: cell_means([[1.0]]), "shape"),
    ],
)
def test_bad_sweeps_are_refused(call: Callable[[], object], message: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(ValueError, match=message):
        call()
