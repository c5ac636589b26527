"""Syntheses: laws, edges, and other ways to the same numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from ophamin_pillars.synthesis import combine
from ophamin_pillars.synthesis.all_in import (
    Study,
    accumulate,
    check_independent,
    log_average,
    normal_log_e,
)
from ophamin_pillars.synthesis.heterogeneity import cochran_q, tau2_of, weighted_mean
from ophamin_pillars.synthesis.meta_analysis import cumulative, leave_one_out, pool
from ophamin_pillars.synthesis.two_by_two import mantel_haenszel_odds, peto_odds, table_effects

Floats = npt.NDArray[np.float64]
EFFECTS = np.array([0.3, -0.1, 0.8, 0.45, 1.2, 0.05])
VARIANCES = np.array([0.02, 0.05, 0.04, 0.01, 0.09, 0.03])
METHODS = ("FE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
ESTIMATORS = METHODS[1:]


# --- heterogeneity ------------------------------------------------------------


@pytest.mark.parametrize("reml", [False, True])
def test_tau2_by_likelihood_has_the_least_deviance(reml: bool) -> None:
    """By a fine grid over the definition."""
    tau2 = tau2_of(EFFECTS, VARIANCES, "REML" if reml else "ML")

    def deviance(at: float) -> float:
        w = 1 / (VARIANCES + at)
        found = -np.log(w).sum() + (w * (EFFECTS - weighted_mean(EFFECTS, w)) ** 2).sum()
        return float(found + (np.log(w.sum()) if reml else 0.0))

    grid = np.linspace(0.0, 2.0, 20_001)
    assert tau2 == pytest.approx(grid[int(np.argmin([deviance(t) for t in grid]))], abs=1e-4)
    assert deviance(tau2) <= min(deviance(tau2 * 1.0001), deviance(tau2 * 0.9999))


def test_paule_mandel_solves_its_equation() -> None:
    """The generalised Q is its degrees of freedom; empirical Bayes is the same root."""
    tau2 = tau2_of(EFFECTS, VARIANCES, "PM")
    assert cochran_q(EFFECTS, VARIANCES, tau2) == pytest.approx(5.0, rel=1e-12)
    assert tau2_of(EFFECTS, VARIANCES, "EB") == tau2


def test_equal_variances_make_most_estimators_one() -> None:
    """DL, HE, PM and REML are then the variance of the effects less that of the sampling."""
    expected = EFFECTS.var(ddof=1) - 0.03
    for method in ("DL", "HE", "PM", "REML"):
        assert tau2_of(EFFECTS, np.full(6, 0.03), method) == pytest.approx(expected, rel=1e-9)


@given(
    effects=st.lists(st.floats(-5, 5), min_size=2, max_size=8),
    seed=st.integers(0, 1000),
    method=st.sampled_from(ESTIMATORS),
    scale=st.sampled_from([1e-6, 1.0, 1e5]),
)
@settings(max_examples=80, deadline=None)
def test_tau2_is_not_negative_and_follows_the_scale(effects: list[float], seed: int, method: Any, scale: float) -> None:
    """Doubling the effects quadruples it; a common shift changes nothing."""
    y = np.round(np.array(effects), 3)
    v = np.random.default_rng(seed).uniform(0.01, 2.0, len(y))
    tau2 = tau2_of(y, v, method)
    assert tau2 >= 0.0
    assert tau2_of((y + 3.0) * scale, v * scale**2, method) == pytest.approx(
        tau2 * scale**2, rel=1e-5, abs=1e-9 * scale**2
    )


def test_equal_effects_have_no_heterogeneity() -> None:
    """Every estimator says 0, and the plain Hartung-Knapp error is 0: nothing may be decided from it."""
    for method in ESTIMATORS:
        assert tau2_of(np.full(4, 0.1), VARIANCES[:4], method) == 0.0  # type: ignore[arg-type]
    assert pool([0.1] * 4, VARIANCES[:4], error="hksj").pooled.greater() == 1.0
    kept = pool([0.1] * 4, VARIANCES[:4]).pooled
    assert kept.standard_error == pytest.approx(1 / math.sqrt((1 / VARIANCES[:4]).sum()))


def test_an_unknown_estimator_is_refused() -> None:
    """With those there are."""
    with pytest.raises(ValueError, match="expected a method among FE, DL"):
        pool(EFFECTS, VARIANCES, method="XX")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected an error among z"):
        pool(EFFECTS, VARIANCES, error="t")  # type: ignore[arg-type]


# --- meta-analysis ------------------------------------------------------------


def test_a_fixed_effect_is_a_weighted_mean() -> None:
    """By hand, with I2 from Q."""
    found = pool(EFFECTS, VARIANCES, method="FE", error="z")
    w = 1 / VARIANCES
    assert found.pooled.value == pytest.approx(np.average(EFFECTS, weights=w))
    assert found.pooled.standard_error == pytest.approx(w.sum() ** -0.5)
    q = (w * (EFFECTS - found.pooled.value) ** 2).sum()
    assert (found.q, found.i2, found.h2) == pytest.approx((q, 100 * (1 - 5 / q), q / 5))
    assert found.q_p == pytest.approx(stats.chi2.sf(q, 5))
    assert pool([0.1] * 3, [1.0] * 3, method="FE", error="z").i2 == 0.0


def test_the_maximum_rule_never_narrows() -> None:
    """Homogeneous studies: plain Hartung-Knapp is shorter than the fixed effect's interval, ours is not."""
    y, v = [0.1, 0.12, 0.09, 0.11], [0.04, 0.05, 0.03, 0.06]
    plain, kept = pool(y, v, error="hksj").pooled, pool(y, v).pooled
    fixed = pool(y, v, method="FE", error="z").pooled
    assert plain.standard_error < fixed.standard_error == pytest.approx(kept.standard_error)
    assert kept.df == 3.0
    assert pool(EFFECTS, VARIANCES).pooled.standard_error >= pool(EFFECTS, VARIANCES, error="z").pooled.standard_error


def test_a_prediction_interval_holds_the_next_study() -> None:
    """Wider than the mean's by tau2; its degrees of freedom may be declared."""
    found = pool(EFFECTS, VARIANCES)
    low, high = found.prediction_interval(0.9)
    spread = math.sqrt(found.tau2 + found.pooled.standard_error**2)
    assert (high - low) / 2 == pytest.approx(stats.t.isf(0.05, 5) * spread, rel=1e-9)
    assert found.prediction_interval(0.9, df=4)[1] > high
    with pytest.raises(ValueError, match="positive degrees of freedom"):
        found.prediction_interval(df=0)


def test_a_series_ends_in_the_whole() -> None:
    """In the declared order, ties as they stand; without each study in turn."""
    steps = cumulative(EFFECTS, VARIANCES, [3, 1, 1, 2, 5, 4])
    assert steps[0].pooled.value == EFFECTS[1]
    assert steps[1].pooled == pool(EFFECTS[[1, 2]], VARIANCES[[1, 2]], method="DL", error="z").pooled
    assert steps[-1].pooled.value == pytest.approx(pool(EFFECTS, VARIANCES, method="DL").pooled.value, rel=1e-12)
    assert len(cumulative(EFFECTS, VARIANCES)) == 6
    without = leave_one_out(EFFECTS, VARIANCES)
    assert without[5] == pool(EFFECTS[:5], VARIANCES[:5])
    with pytest.raises(ValueError, match="expected 6 keys"):
        cumulative(EFFECTS, VARIANCES, [1, 2])


def test_one_study_is_itself() -> None:
    """With its own error, and no Hartung-Knapp one."""
    found = pool([0.4], [0.04], error="z")
    assert (found.pooled.value, found.pooled.standard_error) == pytest.approx((0.4, 0.2))
    assert (found.tau2, found.q, found.q_p, found.i2, found.h2) == (0.0, 0.0, 1.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="two studies or more"):
        pool([0.4], [0.04])


@pytest.mark.parametrize(
    ("y", "v", "message"),
    [
        ([], [], "per study"),
        ([1.0], [1.0, 2.0], "per study"),
        ([1.0], [0.0], "positive"),
        ([math.nan], [1.0], "finite"),
    ],
)
def test_bad_studies_are_refused(y: Any, v: Any, message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        pool(y, v, error="z")


# --- 2 x 2 tables ---------------------------------------------------------------


def test_effects_of_a_table_by_hand() -> None:
    """Three measures; an empty cell gets a half everywhere in its table only."""
    a, b, c, d = [10, 0], [90, 50], [20, 5], [80, 45]
    y, v = table_effects(a, b, c, d, "OR")
    assert y[0] == pytest.approx(math.log(10 * 80 / (90 * 20)))
    assert v[0] == pytest.approx(1 / 10 + 1 / 90 + 1 / 20 + 1 / 80)
    assert y[1] == pytest.approx(math.log(0.5 * 45.5 / (50.5 * 5.5)))
    y, v = table_effects(a, b, c, d, "RR")
    assert (y[0], v[0]) == pytest.approx((math.log(0.5), 1 / 10 - 1 / 100 + 1 / 20 - 1 / 100))
    y, v = table_effects(a, b, c, d, "RD")
    assert (y[0], v[0]) == pytest.approx((-0.1, 0.1 * 0.9 / 100 + 0.2 * 0.8 / 100))
    with pytest.raises(ValueError, match="among RR, OR and RD"):
        table_effects(a, b, c, d, "XX")  # type: ignore[arg-type]


def test_one_table_pools_to_itself() -> None:
    """Mantel-Haenszel is then the odds ratio with its usual variance; against SciPy's Peto by its definition."""
    y, v = table_effects(12, 30, 7, 41, "OR")
    one = mantel_haenszel_odds(12, 30, 7, 41)
    assert (one.value, one.standard_error**2) == pytest.approx((y[0], v[0]), rel=1e-12)
    peto = peto_odds([12], [30], [7], [41])
    law = stats.hypergeom(90, 19, 42)
    assert peto.value == pytest.approx((12 - law.mean()) / law.var(), rel=1e-10)
    assert peto.standard_error == pytest.approx(law.var() ** -0.5, rel=1e-10)


def test_poolings_agree_with_statsmodels() -> None:
    """Mantel-Haenszel over strata."""
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    a, b, c, d = [4, 6, 3], [119, 300, 228], [11, 29, 11], [128, 274, 209]
    expected = tables.StratifiedTable([np.array([[a[i], b[i]], [c[i], d[i]]]) for i in range(3)])
    one = mantel_haenszel_odds(a, b, c, d)
    assert one.value == pytest.approx(expected.logodds_pooled, rel=1e-10)
    assert one.standard_error == pytest.approx(expected.logodds_pooled_se, rel=1e-10)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (([1], [2, 3], [1], [1]), "four counts"),
        (([-1], [2], [1], [1]), "not negative"),
        (([0], [0], [1], [1]), "empty arm"),
    ],
)
def test_bad_tables_are_refused(cells: Any, message: str) -> None:
    """With what was expected and what came."""
    for of in (mantel_haenszel_odds, peto_odds):
        with pytest.raises(ValueError, match=message):
            of(*cells)
    with pytest.raises(ValueError, match="discordant"):
        mantel_haenszel_odds(0, 5, 0, 5)
    with pytest.raises(ValueError, match="both outcomes"):
        peto_odds(0, 5, 0, 5)


# --- combined p-values -----------------------------------------------------------


def test_combinations_agree_with_scipy() -> None:
    """Where it has them."""
    p = [0.01, 0.2, 0.3, 0.04]
    for name in ("fisher", "pearson", "tippett", "stouffer"):
        expected = stats.combine_pvalues(p, method=name)
        assert getattr(combine, name)(p).p == pytest.approx(expected.pvalue, rel=1e-10)
    weighted = stats.combine_pvalues(p, method="stouffer", weights=[1, 2, 3, 4])
    found = combine.stouffer(p, [1, 2, 3, 4])
    assert (found.statistic, found.p) == pytest.approx((weighted.statistic, weighted.pvalue), rel=1e-10)


ALL = (
    combine.fisher,
    combine.pearson,
    combine.stouffer,
    combine.simes,
    combine.tippett,
    combine.edgington,
    combine.cauchy,
)


@pytest.mark.parametrize("of", ALL)
@given(p=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=25))
@settings(max_examples=40, deadline=None)
def test_a_combined_p_is_one_and_ignores_order(of: Any, p: list[float]) -> None:
    """Between 0 and 1 for any legal p-values, 0 and 1 included, in any order."""
    found = of(p).p
    assert 0.0 <= found <= 1.0
    assert of(p[::-1]).p == pytest.approx(found, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("of", [*ALL])
@pytest.mark.parametrize("p", [0.3, 1e-200, 0.99])
def test_one_p_value_combines_to_itself(of: Any, p: float) -> None:
    """Also one far below the rounding of 1 - p; Pearson's is what it is there: its own 1 - p."""
    assert of([p]).p == pytest.approx(p, rel=1e-10)


def test_edgington_is_the_area_below_the_sum() -> None:
    """Two p-values: a triangle; twenty: the exact sum agrees with the normal law as it should."""
    assert combine.edgington([0.2, 0.3]).p == pytest.approx(0.125)
    assert combine.edgington([0.8, 0.9]).p == pytest.approx(1 - 0.3**2 / 2)
    assert combine.edgington([0.4] * 20).p == pytest.approx(stats.norm.cdf(-2 / math.sqrt(20 / 12)), abs=2e-3)
    assert combine.edgington([0.4] * 21).p == pytest.approx(stats.norm.cdf(-2.1 / math.sqrt(21 / 12)))


def test_certain_p_values_contradict() -> None:
    """A 0 beside a 1 is no evidence for Stouffer; a 0 alone is all."""
    assert combine.stouffer([0.0, 0.5]).p == 0.0
    assert combine.stouffer([1.0, 0.5]).p == 1.0
    assert combine.stouffer([0.0, 1.0]).p == 1.0


@pytest.mark.parametrize("of", ALL)
@pytest.mark.parametrize("p", [[], [1.1], [-0.1], [math.nan]])
def test_bad_p_values_are_refused(of: Any, p: list[float]) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match="p-values between 0 and 1"):
        of(p)


def test_bad_weights_are_refused() -> None:
    """Positive, one per p-value."""
    for of in (combine.stouffer, combine.cauchy):
        with pytest.raises(ValueError, match="positive weights"):
            of([0.1, 0.2], [1.0])
        with pytest.raises(ValueError, match="positive weights"):
            of([0.1, 0.2], [1.0, 0.0])


# --- e-values ---------------------------------------------------------------------


def _studies(*log_e: float) -> list[Study]:
    return [Study(name=f"s{i}", log_e=e, draws=("commit", i)) for i, e in enumerate(log_e)]


def test_evidence_accumulates_and_p_never_rises() -> None:
    """The product, and one over the greatest product so far."""
    found = accumulate(_studies(1.0, -2.0, 3.0, -5.0))
    assert found.log_e.tolist() == [1.0, -1.0, 2.0, -3.0]
    assert found.p.tolist() == pytest.approx([math.exp(-1), math.exp(-1), math.exp(-2), math.exp(-2)])
    assert found.first_reaching(0.2) == 2
    assert found.first_reaching(0.01) is None


def test_an_e_value_of_zero_ends_the_evidence() -> None:
    """What was reached before stays reached."""
    found = accumulate(_studies(3.0, -math.inf, 800.0))
    assert found.log_e.tolist() == [3.0, -math.inf, -math.inf]
    assert found.p.tolist() == pytest.approx([math.exp(-3)] * 3)


def test_studies_that_share_draws_are_refused() -> None:
    """All of them by name; multiplying one result by itself is no evidence."""
    studies = [*_studies(1.0, 1.0), Study("again", 1.0, ("commit", 0))]
    with pytest.raises(ValueError, match="shared draws in s0, again"):
        accumulate(studies)
    check_independent(studies[:2])
    with pytest.raises(ValueError, match="a study or more"):
        accumulate([])
    with pytest.raises(ValueError, match="finite e-values"):
        accumulate(_studies(math.nan))


def test_the_average_of_e_values_in_logs() -> None:
    """Beyond what exp holds."""
    assert log_average([1000.0, -math.inf]) == pytest.approx(1000.0 - math.log(2))
    assert log_average([-math.inf, -math.inf]) == -math.inf
    with pytest.raises(ValueError, match="finite e-values"):
        log_average([])


@pytest.mark.parametrize("mean", [0.0, -0.3, -2.0])
@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
def test_a_normal_e_value_has_mean_at_most_one(mean: float, scale: float) -> None:
    """For every parameter of the null, by quadrature; exactly 1 at its edge."""

    def weighted(x: float) -> float:
        return math.exp(normal_log_e(x, 0.5, null=0.0, scale=scale) + float(stats.norm.logpdf(x, mean, 0.5)))

    reach = 12.0 * math.hypot(scale, 0.5)
    expected = integrate.quad(weighted, mean - reach, mean + reach, points=[0.0, mean], limit=500)[0]
    assert expected <= 1.0 + 1e-7
    if mean == 0.0:
        assert expected == pytest.approx(1.0, abs=1e-6)


def test_a_normal_e_value_far_out_is_finite() -> None:
    """In logs on both sides, and refused for nonsense."""
    assert normal_log_e(100.0, 0.1, null=0.0, scale=1.0) > 1e5
    assert -math.inf < normal_log_e(-100.0, 0.1, null=0.0, scale=1.0) < 0.0
    for bad in ((1.0, 0.0, 1.0), (math.nan, 1.0, 1.0), (1.0, 1.0, -1.0)):
        with pytest.raises(ValueError, match="positive error and scale"):
            normal_log_e(bad[0], bad[1], null=0.0, scale=bad[2])
