"""E-processes and confidence sequences: closed forms against integrals, bounds against paths, no hindsight."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, simpson
from scipy.special import betainc, betaln, gammaln, zeta
from scipy.stats import beta, norm

from ophamin_pillars.betting import Wealth, open_ended_bets
from ophamin_pillars.sequential import boundaries, bounded_sequence, calibrator, evidence, quantile_bounds
from ophamin_pillars.sequential._beta import beta_fraction, log_beta, log_beta_over, stirling_error
from ophamin_pillars.sequential._roots import falling_roots
from ophamin_pillars.sequential.betting_process import SHARES, WEIGHTS, BettingProcess, ShareMixture, open_bets, scaled
from ophamin_pillars.sequential.mixture import JEFFREYS, BetaMixture, cumulative_counts, discordant_counts
from ophamin_pillars.sequential.proportion_sequence import (
    bernoulli_interval,
    lower_bounds,
    proportion_sequence,
    upper_bounds,
)
from ophamin_pillars.sequential.quantile_sequence import critical_counts, quantile_sequence, two_sample_p_value
from ophamin_pillars.sequential.student_mixture import StudentMixture, critical_gaps, precision_for, running_moments

Floats = npt.NDArray[np.float64]
RNG = np.random.default_rng


# Special functions and roots


def test_the_beta_function_keeps_its_digits() -> None:
    """Against SciPy where that is exact, and against closed forms where it is not."""
    a, b = np.array([0.5, 3.0, 0.01, 40.0, 1e-30]), np.array([0.5, 4.0, 7.0, 0.3, 2.0])
    assert log_beta(a, b) == pytest.approx(betaln(a, b), rel=1e-13)
    n = np.array([1e3, 1e6, 1e9])
    assert log_beta(n, np.ones(3)) == pytest.approx(-np.log(n), rel=1e-13)  # B(n, 1) = 1 / n
    assert stirling_error(np.array([20.0])) == pytest.approx(1.0 / 240 - 1.0 / (360 * 8000), rel=1e-6)


def test_a_beta_function_over_powers_is_their_quotient() -> None:
    """Computed as one divergence, it equals the difference of the two logarithms."""
    a, b, p = np.array([0.5, 30.5, 400.0]), np.array([2.0, 3.5, 90.0]), np.array([0.3, 0.9, 0.75])
    expected = betaln(a, b) - (a - 0.5) * np.log(p) - (b - 0.5) * np.log1p(-p)
    assert log_beta_over(a, b, p, 1.0 - p) == pytest.approx(expected, rel=1e-11)


def test_the_incomplete_beta_fraction_is_exact_also_where_the_integral_underflows() -> None:
    """Against SciPy in the bulk; far out against the leading term, which SciPy returns as 0."""
    rng = RNG(1)
    a, b = 10 ** rng.uniform(-0.5, 3, 200), 10 ** rng.uniform(-0.5, 3, 200)
    x = a / (a + b) * rng.uniform(0.7, 1.0, 200)
    found = np.exp(a * np.log(x) + b * np.log1p(-x) - log_beta(a, b)) * beta_fraction(a, b, x)
    assert found == pytest.approx(betainc(a, b, x), rel=1e-10)
    deep = beta_fraction(np.array([5000.0]), np.array([100.0]), np.array([1e-3]))
    assert betainc(5000.0, 100.0, 1e-3) == 0.0
    assert deep[0] == pytest.approx(1.0 / 5000.0 * (1.0 + 5100.0 / 5001.0 * 1e-3), rel=1e-5)


def test_roots_are_found_each_in_its_own_bracket() -> None:
    """Steep, flat and infinite functions; an end where there is no root."""
    targets = np.array([-5.0, 1e-8, 0.5, 0.999, 7.0])
    low, high = np.zeros(5), np.ones(5)
    roots = falling_roots(
        lambda x: np.where(x <= 0.0, np.inf, 1.0) * np.sign(targets - x) * (targets - x) ** 2, low, high
    )
    assert roots[0] == 0.0
    assert roots[1:4] == pytest.approx(targets[1:4], abs=1e-6)
    assert roots[4] == 1.0
    cubic = falling_roots(lambda x: targets**3 - x**3, low - 10.0, high + 10.0)
    assert cubic == pytest.approx(targets, abs=1e-12)


# Mixtures for 0/1 data


@pytest.mark.parametrize("p0", [0.05, 0.5, 0.85])
@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (0, 4), (9, 3), (40, 2)])
@pytest.mark.parametrize("mixture", [JEFFREYS, BetaMixture(successes=3.0, failures=1.5)])
def test_a_mixture_is_the_average_of_likelihood_ratios(
    p0: float, counts: tuple[int, int], mixture: BetaMixture
) -> None:
    """By numerical integration over the alternatives beyond the null, and over all of them."""
    s, f = counts
    prior = beta(mixture.successes, mixture.failures)

    def ratio(p: float) -> float:
        return float(prior.pdf(p)) * (p / p0) ** s * ((1.0 - p) / (1.0 - p0)) ** f

    above, below = (quad(ratio, *ends, epsabs=0, limit=200)[0] for ends in ((p0, 1.0), (0.0, p0)))
    assert float(mixture.greater(s, f, p0)) == pytest.approx(math.log(above / prior.sf(p0)), abs=1e-5)
    assert float(mixture.less(s, f, p0)) == pytest.approx(math.log(below / prior.cdf(p0)), abs=1e-5)
    assert float(mixture.not_equal(s, f, p0)) == pytest.approx(math.log(above + below), abs=1e-5)


def test_a_mixture_at_the_ends_of_its_range() -> None:
    """One success contradicts "never" for certain; nothing contradicts "at most always"."""
    assert JEFFREYS.greater([0, 1, 2], [4, 0, 3], 0.0).tolist() == [0.0, np.inf, np.inf]
    assert JEFFREYS.greater([0, 1, 2], [4, 0, 3], 1.0).tolist() == [0.0, 0.0, 0.0]
    assert JEFFREYS.less([0, 1, 2], [4, 0, 3], 1.0).tolist() == [np.inf, 0.0, np.inf]
    assert JEFFREYS.less([0, 1, 2], [4, 0, 3], 0.0).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("s", "f", "p0"), [(-1, 3, 0.5), (1, -3, 0.5), (1, 3, 1.5), (1, 3, math.nan)])
def test_a_mixture_refuses_what_is_no_count_or_proportion(s: float, f: float, p0: float) -> None:
    """Both sides, and the two-sided form, name what they expected."""
    for evaluate in (JEFFREYS.greater, JEFFREYS.less, JEFFREYS.not_equal):
        with pytest.raises(ValueError, match=r"counts are 0 or more|p0 lies between 0 and 1"):
            evaluate(s, f, p0)


def test_a_mixture_stays_finite_for_millions_of_trials() -> None:
    """Neither overflow nor -inf, however strong the evidence for either side; sides mirror each other."""
    n = 4_000_000
    s = np.array([0, 1, n // 2, n - 1, n])
    log_e = JEFFREYS.greater(s, n - s, 0.5)
    assert np.isfinite(log_e).all()
    assert log_e[4] > 1e6
    assert (np.diff(log_e) > 0.0).all()
    assert JEFFREYS.less(n - s, s, 0.5) == pytest.approx(log_e, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 400), share=st.floats(0, 1), p0=st.floats(0.001, 0.999))
def test_a_mixture_is_fair_at_the_null(n: int, share: float, p0: float) -> None:
    """The expectation of the next e, given the counts so far, is e itself at p0, and less on the null's side."""
    s = int(share * n)
    log_e = JEFFREYS.greater([s, s + 1, s], [n - s, n - s, n - s + 1], p0)
    up, down = np.exp(log_e[1:] - log_e[0])
    assert p0 * up + (1.0 - p0) * down == pytest.approx(1.0, rel=1e-9)
    lower = 0.7 * p0
    assert lower * up + (1.0 - lower) * down <= 1.0 + 1e-9


def test_counts_along_a_path() -> None:
    """Bools, integers and floats alike; pairs count only where they differ."""
    outcomes = np.array([1, 0, 0, 1, 1])
    for kind in (np.bool_, np.int64, np.float64):
        s, f = cumulative_counts(outcomes.astype(kind))
        assert s.tolist() == [1, 1, 1, 2, 3]
        assert f.tolist() == [0, 1, 2, 2, 2]
    first, second = discordant_counts(np.array([1, 1, 0, 0, 1]), np.array([1, 0, 1, 0, 0]))
    assert first.tolist() == [0, 1, 1, 1, 2]
    assert second.tolist() == [0, 0, 1, 1, 1]
    path = JEFFREYS.greater(first, second, 0.5)
    assert path[0] == 0.0
    assert path[2] == path[3]
    with pytest.raises(ValueError, match="two columns of one shape"):
        discordant_counts(np.ones(3), np.ones(4))


# Reading a path


def test_a_decision_latches_and_is_rounded_as_p_values_are() -> None:
    """The running maximum never falls, and a p that rounds to the level decides."""
    level = 0.05
    log_e = np.array([-1.0, 0.5, -math.log(level) * (1.0 - 1e-15), -3.0, 5.0])
    assert evidence.running_maxima(log_e).tolist() == [0.0, 0.5, log_e[2], log_e[2], 5.0]
    assert evidence.p_values(log_e)[-1] == math.exp(-5.0) == evidence.p_value(log_e)
    assert evidence.deciding_index(log_e, level) == 3
    assert evidence.deciding_index(log_e[:2], level) is None
    assert evidence.deciding_index(log_e, 0.04) == 5
    assert evidence.p_value(np.array([])) == 1.0
    assert evidence.p_value(np.array([-2.0, -np.inf])) == 1.0
    assert evidence.p_value(np.array([np.inf])) == 0.0


def test_within_is_validated_by_both_sides_at_different_times() -> None:
    """One end is shown early and lost again, the other late; refutation averages the two opposite processes."""
    early, late = np.array([4.0, 0.0, -5.0]), np.array([-5.0, 0.0, 4.0])
    none = np.array([-5.0, -5.0, -5.0])
    validate, refute = evidence.within_p_values(above_low=early, below_high=late, below_low=none, above_high=none)
    assert validate.tolist() == pytest.approx([1.0, 1.0, math.exp(-4.0)])
    assert refute.tolist() == [1.0, 1.0, 1.0]
    _, refute = evidence.within_p_values(above_low=none, below_high=none, below_low=late, above_high=early)
    assert refute[0] == pytest.approx(2.0 / (math.exp(4.0) + math.exp(-5.0)))
    assert refute[2] == refute[0]


# Calibrators


def test_calibrators_integrate_to_one_or_less() -> None:
    """What makes f(p) an e-value; the best power does not, and says so."""
    assert quad(lambda p: float(np.exp(calibrator.power_log_e(p, 0.3))), 0, 1)[0] == pytest.approx(1.0, abs=1e-6)
    total = quad(lambda u: float(np.exp(calibrator.mixture_log_e(math.exp(-u)) - u)), 0, 600, limit=500)[0]
    assert total == pytest.approx(1.0 - 1.0 / 600, abs=1e-4)  # the rest, 1 / u, lies beyond
    p = np.array([1e-300, 1e-9, 0.01, 0.3])
    best = calibrator.best_power_log_e(p)
    for kappa in (0.01, 0.1, 0.5, 0.9):
        assert (best >= calibrator.power_log_e(p, kappa) - 1e-12).all()


def test_the_calibrators_at_the_ends_of_their_range() -> None:
    """p = 0 is certainty, p = 1 the least evidence; the series near 1 meets the closed form."""
    for log_e in (calibrator.power_log_e, calibrator.mixture_log_e, calibrator.best_power_log_e):
        assert float(log_e(0.0)) == np.inf
        assert np.isfinite(log_e([1e-320, 1.0, 1.0 - 1e-16])).all()
    assert float(calibrator.mixture_log_e(1.0)) == pytest.approx(-math.log(2.0), abs=1e-15)
    edge = math.exp(-calibrator.SERIES_BELOW)
    both = calibrator.mixture_log_e([edge * (1 - 1e-9), edge * (1 + 1e-9)])
    assert both[0] == pytest.approx(both[1], abs=1e-8)
    assert calibrator.p_from_log_e([-1.0, 0.0, math.log(20.0), np.inf]).tolist() == pytest.approx([1.0, 1.0, 0.05, 0.0])
    with pytest.raises(ValueError, match="p-values lie between 0 and 1"):
        calibrator.mixture_log_e([0.5, 1.5])
    with pytest.raises(ValueError, match="kappa lies strictly"):
        calibrator.power_log_e(0.5, 1.0)


# Confidence sequences of proportions


@pytest.mark.parametrize("level", [0.5, 0.05, 1e-6])
def test_a_bound_inverts_the_mixture_and_excludes_all_below_it(level: float) -> None:
    """e is 1 / level at the bound, more below it everywhere, less above it up to the share itself."""
    n = np.array([1, 2, 5, 20, 60, 60, 300, 5000])
    s = np.array([1, 1, 5, 3, 59, 60, 150, 4999])
    bounds = lower_bounds(s, n - s, level)
    for count, total, bound in zip(s, n, bounds, strict=True):
        if bound > 0.0:
            assert float(JEFFREYS.greater(count, total - count, bound)) == pytest.approx(-math.log(level), abs=1e-9)
        grid = np.linspace(0.0, 1.0, 2001)[1:-1]
        rejected = JEFFREYS.greater(count, total - count, grid) >= -math.log(level)
        assert (rejected == (grid <= bound)).all()
    assert upper_bounds(n - s, s, level) == pytest.approx(1.0 - bounds)


def test_no_success_leaves_the_lower_bound_at_zero() -> None:
    """And no failure the upper one at one; n = 1 excludes something at last."""
    assert lower_bounds([0, 0], [1, 1000], 0.05).tolist() == [0.0, 0.0]
    assert upper_bounds([1, 1000], [0, 0], 0.05).tolist() == [1.0, 1.0]
    assert 0.0 < float(lower_bounds([1], [0], 0.05)[0]) < 0.05
    rare = float(lower_bounds([1], [10**6], 0.05)[0])
    assert 0.0 < rare < 1e-7
    with pytest.raises(ValueError, match="at most 1/2"):
        lower_bounds([1], [0], 0.7)


@pytest.mark.parametrize("p", [0.0, 0.02, 0.5, 0.97, 1.0])
def test_a_confidence_sequence_agrees_with_the_p_values_at_every_index(p: float) -> None:
    """t lies outside the running bound exactly where the running p-value is at most the level; it narrows only."""
    x = RNG(3).random(300) < p
    lower, upper = proportion_sequence(x, 0.05, 0.1)
    s, f = cumulative_counts(x)
    assert (np.diff(lower) >= 0.0).all()
    assert (np.diff(upper) <= 0.0).all()
    for t in (0.01, 0.3, 0.5, 0.9, 0.995):
        assert ((evidence.p_values(JEFFREYS.greater(s, f, t)) <= 0.05) == (lower >= t)).all()
        assert ((evidence.p_values(JEFFREYS.less(s, f, t)) <= 0.1) == (upper <= t)).all()


def test_the_tuned_interval_is_shortest_where_it_was_tuned() -> None:
    """And it takes sums of any observations in [0, 1], one n or many."""
    at_100 = {n_opt: np.subtract(*bernoulli_interval(60.5, 100, 0.05, n_opt)[::-1]) for n_opt in (5, 100, 3000)}
    assert min(at_100, key=lambda n_opt: float(at_100[n_opt])) == 100
    lower, upper = bernoulli_interval([0, 3, 10], [10, 10, 10], 0.05, 10)
    assert lower[0] == 0.0
    assert upper[2] == 1.0
    assert lower + upper[::-1] == pytest.approx(np.array([1.0, lower[1] + upper[1], 1.0]))
    assert bernoulli_interval(1, 1, 0.05, 1)[1] == 1.0
    for bad in ((5, 4, 0.05, 10), (-1, 4, 0.05, 10), (1, 4, 1.0, 10), (1, 4, 0.05, 0)):
        with pytest.raises(ValueError, match=r"sums lie|level lies|v_opt is positive"):
            bernoulli_interval(*bad)


# Uniform boundaries


@pytest.mark.parametrize(
    "boundary",
    [
        boundaries.NormalBoundary(12.0),
        boundaries.NormalBoundary(12.0, one_sided=False),
        boundaries.GammaExponentialBoundary(12.0, 2.0),
        boundaries.GammaPoissonBoundary(12.0, 0.5),
        boundaries.BetaBinomialBoundary(12.0, 0.2, 0.8),
        boundaries.BetaBinomialBoundary(0.01, 0.2, 0.8, one_sided=False),
    ],
    ids=str,
)
def test_a_boundary_is_where_its_mixture_reaches_one_over_the_level(boundary: boundaries.NormalBoundary) -> None:
    """At times from tiny to huge; shapes are kept; smaller levels lie farther out."""
    v = np.array([[10.0, 40.0, 1e6]])
    for level in (0.2, 0.001):
        bound = boundary.bound(v, level)
        assert bound.shape == v.shape
        assert boundary.log_e(bound, v) == pytest.approx(np.full((1, 3), -math.log(level)), abs=1e-6)
    assert (boundary.bound(v, 0.001) > boundary.bound(v, 0.2)).all()
    assert (boundary.bound(np.array([1e-6]), 0.05) >= 0.0).all()
    assert float(boundary.log_e(0.0, 0.0)) == pytest.approx(0.0, abs=1e-12)


def test_normal_mixtures_are_the_average_of_gaussian_likelihood_ratios() -> None:
    """Both sides together and the positive half, by integration."""
    s, v, rho = 7.0, 20.0, 5.0

    def ratio(d: float) -> float:
        return math.exp(d * s - d * d * v / 2.0) * float(norm.pdf(d, scale=rho**-0.5))

    half = 2.0 * quad(ratio, 0, 5)[0]
    assert float(boundaries.NormalBoundary(rho).log_e(s, v)) == pytest.approx(math.log(half), rel=1e-9)
    whole = quad(ratio, -5, 5)[0]
    assert float(boundaries.NormalBoundary(rho, one_sided=False).log_e(s, v)) == pytest.approx(
        math.log(whole), rel=1e-9
    )


def test_gamma_mixtures_are_averages_of_their_likelihood_ratios() -> None:
    """Of exp(x s - psi(x) v) over x > 0: log e rises in s and is convex."""
    for boundary in (boundaries.GammaExponentialBoundary(9.0, 1.5), boundaries.GammaPoissonBoundary(9.0, 1.5)):
        path = boundary.log_e(np.linspace(-5.0, 60.0, 200), 30.0)
        assert np.isfinite(path).all()
        assert (np.diff(path) > 0.0).all()
        assert (np.diff(path, 2) > -1e-9).all()


def test_the_stitched_boundary_covers_its_formula() -> None:
    """Without scale it is k1 sqrt(v ell); before v_min it does not move."""
    bound = float(boundaries.stitched_bound(400.0, 0.05, v_min=10.0))
    ell = 1.4 * math.log(math.log(80.0)) + math.log(float(zeta(1.4)) / math.log(2.0) ** 1.4) + math.log(20.0)
    assert bound == pytest.approx((2**0.25 + 2**-0.25) / math.sqrt(2) * math.sqrt(400.0 * ell), rel=1e-12)
    early = boundaries.stitched_bound([1.0, 10.0], 0.05, v_min=10.0, scale=2.0)
    assert early[0] == early[1]
    for bad in ((0.0, 0.05), (10.0, 0.6)):
        with pytest.raises(ValueError, match="v_opt is positive and the level below"):
            boundaries.normal_precision(*bad, one_sided=True)


# Bounded means


@pytest.mark.parametrize("n", [1, 2, 57, 1000])
def test_the_open_bets_are_those_of_the_fixed_module(n: int) -> None:
    """Same numbers as ``open_ended_bets``, and no later observation changes one bit of them."""
    y = RNG(n).beta(2.0, 0.5, n)
    bets = open_bets(y, 0.05)
    assert bets == pytest.approx(open_ended_bets(y, 0.05), rel=1e-13)
    half = max(1, n // 2)
    assert open_bets(y[:half], 0.05).tolist() == bets[:half].tolist()
    process, part = BettingProcess.of(y, 0.05), BettingProcess.of(y[:half], 0.05)
    assert process.log_e(0.6)[:half].tolist() == part.log_e(0.6).tolist()
    assert process.log_e(0.6) == pytest.approx(Wealth(y, 0.05, bets=bets, truncation=0.5).log_wealth(0.6))


def test_a_betting_sequence_narrows_and_agrees_with_its_paths() -> None:
    """The bound after n is the greatest t whose running maximum reached 1 / level by then."""
    y = RNG(5).beta(4.0, 2.0, 400)
    process = BettingProcess.of(y, 0.05)
    at = [1, 2, 10, 50, 51, 200, 400]
    bounds = process.lower_bounds(at)
    assert bounds == sorted(bounds)
    assert bounds[0] == 0.0
    for end, bound in zip(at, bounds, strict=True):
        for t in (0.2, 0.4, 0.55, 0.62):
            assert (process.log_e(t)[:end].max() >= -math.log(0.05)) == (t <= bound)
    game = Wealth(y, 0.05, bets=process.bets, truncation=process.truncation)
    assert bounds[-1] == pytest.approx(game.bound(0.05), abs=1e-12)


def test_a_share_mixture_is_the_average_of_its_shares() -> None:
    """Computed one share and one observation at a time; the order of observations does not change the last value."""
    y = RNG(15).beta(4.0, 2.0, 60)
    t, wealth = 0.6, np.ones(len(SHARES))
    path = ShareMixture(y).log_e(t)
    for i, value in enumerate(y):
        wealth *= 1.0 + SHARES * (value / t - 1.0)
        assert path[i] == pytest.approx(math.log(float(WEIGHTS @ wealth)), abs=1e-12)
    assert ShareMixture(y[::-1]).log_e(t)[-1] == pytest.approx(path[-1], abs=1e-12)
    assert ShareMixture(y[:20]).log_e(t) == pytest.approx(path[:20], abs=1e-13)
    assert ShareMixture(np.stack([y, y])).log_e(t)[1] == pytest.approx(path, abs=1e-13)
    assert WEIGHTS.sum() == pytest.approx(1.0)


def test_the_sequence_of_a_share_mixture_agrees_with_its_paths() -> None:
    """Narrowing, and t excluded exactly when its running maximum reached 1 / level."""
    y = RNG(16).beta(4.0, 2.0, 400)
    game, at = ShareMixture(y), [1, 5, 50, 51, 400]
    bounds = game.lower_bounds(at, 0.05)
    assert bounds == sorted(bounds)
    for end, bound in zip(at, bounds, strict=True):
        for t in (0.1, 0.4, 0.6, 0.64):
            assert (game.log_e(t)[:end].max() >= -math.log(0.05)) == (t <= bound)
    assert ShareMixture(np.ones(300)).lower_bounds([300], 0.05)[0] > 0.98
    assert ShareMixture(np.zeros(300)).lower_bounds([1, 300], 0.05) == [0.0, 0.0]
    for t in (1e-12, 1.0 - 1e-12):
        assert np.isfinite(ShareMixture(np.array([0.0, 1.0] * 500)).log_e(t)).all()
    for t in (0.0, 1.0):
        with pytest.raises(ValueError, match="strictly inside the bounds"):
            game.log_e(t)
    with pytest.raises(ValueError, match="the level lies"):
        game.lower_bounds([1], 0.0)


def test_betting_on_constant_data_at_the_edge_has_no_nan() -> None:
    """Zeros only never win against "mean <= t"; ones only win soon."""
    zeros, ones = BettingProcess.of(np.zeros(50), 0.05), BettingProcess.of(np.ones(50), 0.05)
    assert np.isfinite(zeros.log_e(0.5)).all()
    assert zeros.lower_bounds([50]) == [0.0]
    assert ones.lower_bounds([50])[0] > 0.8
    for t in (0.0, 1.0, -0.1, math.nan):
        with pytest.raises(ValueError, match="strictly inside the bounds"):
            ones.log_e(t)


def test_observations_are_scaled_to_both_sides_or_refused() -> None:
    """Shares of the way from either bound."""
    up, down = scaled(np.array([-1.0, 0.0, 3.0]), (-1.0, 3.0))
    assert up.tolist() == [0.0, 0.25, 1.0]
    assert down.tolist() == [1.0, 0.75, 0.0]
    for values, bounds in (
        ([5.0], (0.0, 1.0)),
        ([math.nan], (0.0, 1.0)),
        ([0.5], (1.0, 0.0)),
        ([0.5], (0.0, math.inf)),
    ):
        with pytest.raises(ValueError, match="bounds"):
            scaled(np.array(values), bounds)
    for y, level in ((np.array([1.1]), 0.05), (np.array([]), 0.05), (np.array([0.5]), 0.0)):
        with pytest.raises(ValueError, match=r"level lies|at least one observation"):
            open_bets(y, level)


@pytest.mark.parametrize("bounds_of", [bounded_sequence.empirical_bernstein_bounds, bounded_sequence.hoeffding_bounds])
def test_closed_form_bounds_stay_in_range_and_shrink_to_the_mean(bounds_of: object) -> None:
    """One row or many; both are looser than betting while observations are few."""
    assert callable(bounds_of)
    y = RNG(8).beta(3.0, 1.0, (4, 5000))
    bounds = bounds_of(y, 0.05)
    assert bounds.shape == y.shape
    assert ((bounds >= 0.0) & (bounds <= 1.0)).all()
    assert bounds_of(y[2], 0.05).tolist() == bounds[2].tolist()
    gap = y[0].mean() - bounds[0, -1]
    assert 0.0 < gap < 0.05
    assert bounds[0, 99] < BettingProcess.of(y[0], 0.05).lower_bounds([100])[0]


# Unbounded means


@pytest.mark.parametrize("precision", [1.0, 10.0])
@pytest.mark.parametrize("t", [-2.0, 0.0, 0.3, 4.0])
def test_the_t_mixture_is_the_average_over_effects_and_scales(precision: float, t: float) -> None:
    """By integrating the likelihood ratio of the scale-invariant statistic over positive effects."""
    x = RNG(2).normal(0.3, 1.0, 8)
    process = StudentMixture(x, precision=precision)
    for n in (2, 5, 8):
        y = x[:n] - t
        r = float(y.sum() / np.sqrt((y * y).sum()))
        greater, less = (math.log(_invariant_mixture(n, sign * r, precision)) for sign in (1.0, -1.0))
        assert process.greater(t)[n - 1] == pytest.approx(greater, abs=1e-6)
        assert process.less(t)[n - 1] == pytest.approx(less, abs=1e-6)


def _invariant_mixture(n: int, r: float, precision: float) -> float:
    """2 int_0^inf N(d; 0, 1 / precision) exp(-n d^2 / 2) E exp(d r chi_n) dd, on a grid of effects and radii."""
    z, d = np.linspace(1e-9, 20.0, 4001), np.linspace(0.0, 7.0, 701)
    log_chi = (n - 1) * np.log(z) - z * z / 2.0 - (n / 2.0 - 1.0) * math.log(2.0) - float(gammaln(n / 2.0))
    inner = np.array([simpson(np.exp(e * r * z - n * e * e / 2.0 + log_chi), x=z) for e in d])
    return float(simpson(2.0 * norm.pdf(d, scale=precision**-0.5) * inner, x=d))


def test_constant_data_say_nothing_about_an_unbounded_mean() -> None:
    """Zero variance: no evidence, no bound, until an observation differs."""
    x = np.array([3.0, 3.0, 3.0, 3.0, 3.5, 2.5])
    process = StudentMixture(x)
    assert process.greater(0.0)[:4].tolist() == [0.0] * 4
    assert process.less(9.0)[:4].tolist() == [0.0] * 4
    assert process.greater(0.0)[4] > 0.0
    assert (process.lower_bounds(0.05)[:4] == -np.inf).all()
    late = StudentMixture(x, start=6)
    assert late.greater(0.0)[:5].tolist() == [0.0] * 5
    assert late.greater(0.0)[5] == process.greater(0.0)[5]
    assert StudentMixture(np.array([1.0])).greater(0.0).tolist() == [0.0]
    assert StudentMixture(np.array([])).greater(0.0).tolist() == []


def test_the_t_bounds_agree_with_the_paths_at_every_index() -> None:
    """Running maxima on both sides, for one-sided levels of their own."""
    x = RNG(4).normal(1.0, 2.0, 500)
    process = StudentMixture(x, precision=10.0)
    lower, upper = process.lower_bounds(0.05), process.upper_bounds(0.1)
    assert (np.diff(lower[10:]) >= 0.0).all()
    assert (np.diff(upper[10:]) <= 0.0).all()
    for t in (-3.0, 0.0, 0.7, 1.0, 1.4, 6.0):
        assert ((evidence.p_values(process.greater(t)) <= 0.05) == (lower >= t)).all()
        assert ((evidence.p_values(process.less(t)) <= 0.1) == (upper <= t)).all()


@settings(max_examples=40, deadline=None)
@given(shift=st.integers(-30, 30), power=st.integers(-300, 300), n=st.integers(2, 60))
def test_the_t_mixture_does_not_depend_on_unit_or_origin(shift: int, power: int, n: int) -> None:
    """x + c against t + c, and 2^k x against 2^k t, are the same test; at 1e-90 and at 1e90."""
    x = RNG(n).integers(-100, 100, n).astype(np.float64)
    plain = StudentMixture(x).greater(5.0)
    assert StudentMixture(x + shift).greater(5.0 + shift) == pytest.approx(plain, rel=1e-9, abs=1e-9)
    unit = math.ldexp(1.0, power)
    assert StudentMixture(np.ldexp(x, power)).greater(5.0 * unit).tolist() == plain.tolist()


def test_extreme_data_have_finite_evidence() -> None:
    """Squares beyond float64, a spread of one part in 1e15, and thresholds far away."""
    x = RNG(6).normal(0.0, 1.0, 3000)
    for process, t in (
        (StudentMixture(x * 1e300), 1e299),
        (StudentMixture(x * 1e-300), 1e-301),
        (StudentMixture(np.where(np.arange(2000) % 2 == 0, 1.0, 1.0 + 2.0**-52)), 0.0),
        (StudentMixture(x), 1e150),
        (StudentMixture(x), -1e150),
    ):
        assert np.isfinite(process.greater(t)).all()
        assert np.isfinite(process.less(t)).all()
        assert not np.isnan(process.lower_bounds(0.05)).any()
    assert StudentMixture(x * 1e300).lower_bounds(0.05)[-1] == pytest.approx(
        1e300 * StudentMixture(x).lower_bounds(0.05)[-1]
    )


def test_running_moments_are_those_of_each_prefix() -> None:
    """Against numpy on the prefix, in one row or many, with a large common offset."""
    x = RNG(7).normal(1e9, 1.0, (3, 40))
    means, squares = running_moments(x)
    for n in (1, 2, 17, 40):
        assert means[:, n - 1] == pytest.approx(x[:, :n].mean(axis=1), rel=1e-15)
        assert squares[:, n - 1] == pytest.approx(x[:, :n].var(axis=1) * n, rel=1e-6, abs=1e-12)


def test_what_the_t_mixture_refuses() -> None:
    """Not a number, a start before there is a spread, levels no one-sided bound has."""
    for values, options in (([math.nan], {}), ([1.0], {"precision": 0.0}), ([1.0], {"start": 1})):
        with pytest.raises(ValueError, match=r"finite numbers|precision is positive"):
            StudentMixture(np.array(values), **options)
    with pytest.raises(ValueError, match="at most 1/2"):
        critical_gaps(np.array([5.0]), 1.0, 0.6)
    assert critical_gaps(np.array([2.0, 5.0]), 1.0, 0.05)[0] == np.inf
    tuned = {n: critical_gaps(np.array([200.0]), precision_for(n, 0.05), 0.05)[0] for n in (20, 200, 2000)}
    assert min(tuned, key=lambda n: float(tuned[n])) == 200


# Quantiles


@pytest.mark.parametrize("p0", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("level", [0.05, 0.001])
def test_critical_counts_are_the_least_that_reach_the_level(p0: float, level: float) -> None:
    """By looking at every count of every n up to 60."""
    n = np.arange(1, 61)
    found = critical_counts(n, p0, level)
    for total, critical in zip(n.tolist(), found.tolist(), strict=True):
        counts = np.arange(total + 1)
        enough = np.flatnonzero(JEFFREYS.greater(counts, total - counts, p0) >= -math.log(level))
        assert critical == (enough[0] if len(enough) else total + 1)
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        critical_counts(n, 1.0, 0.05)


@pytest.mark.parametrize("tied", [False, True])
def test_a_quantile_sequence_inverts_the_counts(tied: bool) -> None:
    """A value is above the upper bound, or below the lower one, exactly where its 0/1 claim was rejected."""
    x = RNG(9).gamma(2.0, 1.0, 250)
    x = np.round(x) if tied else x
    q = 0.7
    lower, upper = quantile_sequence(x, q, 0.05, 0.1)
    for limit in (0.5, 1.0, 2.0, 2.5, 3.0, 4.0):
        up_to, below = cumulative_counts(x <= limit), cumulative_counts(x < limit)
        assert ((evidence.running_maxima(JEFFREYS.greater(*up_to, q)) >= -math.log(0.1)) == (upper <= limit)).all()
        assert ((evidence.running_maxima(JEFFREYS.less(*below, q)) >= -math.log(0.05)) == (lower >= limit)).all()
    assert lower[0] == -np.inf
    assert upper[0] == np.inf
    with pytest.raises(ValueError, match="finite numbers"):
        quantile_sequence(np.array([1.0, math.inf]), 0.5, 0.05, 0.05)


def test_two_samples_with_the_same_quantile_are_not_told_apart() -> None:
    """p is 1 for equal samples, falls with the shift, does not depend on order; ties and unequal sizes are legal."""
    rng = RNG(10)
    x = rng.normal(size=300)
    assert two_sample_p_value(x, x, 0.5, n_opt=100) == 1.0
    p = [two_sample_p_value(x, x[:250] + shift, 0.5, n_opt=100) for shift in (0.1, 0.5, 2.0)]
    assert p == sorted(p, reverse=True)
    assert p[-1] < 1e-6
    assert two_sample_p_value(x + 2.0, x[::-1], 0.5, n_opt=100) == two_sample_p_value(x, x + 2.0, 0.5, n_opt=100)
    assert two_sample_p_value(np.ones(50), np.ones(7), 0.9, n_opt=100) == 1.0
    assert two_sample_p_value(np.zeros(90), np.ones(90), 0.5, n_opt=100) < 1e-6
    for first, q in (([], 0.5), ([math.inf], 0.5), ([1.0], 1.0)):
        with pytest.raises(ValueError, match=r"at least one finite|q lies strictly"):
            two_sample_p_value(np.array(first), x, q, n_opt=100)


def test_the_bands_over_all_quantiles_behave() -> None:
    """inf before they begin, narrower per observation later, wider for smaller levels; the tail is nearly one-sided."""
    t = np.array([50, 100, 1000, 100_000])
    band = quantile_bounds.iterated_logarithm_bound(t, 0.05, t_min=100)
    assert band[0] == np.inf
    assert (np.diff(band[1:]) < 0.0).all()
    assert (quantile_bounds.iterated_logarithm_bound(t[1:], 1e-6, t_min=100) > band[1:]).all()
    stitched = quantile_bounds.double_stitched_bound(0.5, t, 0.05, t_opt=100)
    assert (np.diff(stitched / t) < 0.0).all()
    assert (quantile_bounds.double_stitched_bound(0.99, t, 0.05, t_opt=100) < stitched).all()
    for bad in ({"t_min": 0.5}, {"t_min": 10, "a": 0.7}):
        with pytest.raises(ValueError, match=r"a is above 0\.7071"):
            quantile_bounds.iterated_logarithm_bound(t, 0.05, **bad)
    with pytest.raises(ValueError, match="p and level in"):
        quantile_bounds.double_stitched_bound(1.0, t, 0.05, t_opt=100)
