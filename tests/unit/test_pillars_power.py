"""Plans: power against enumeration, scipy and simulation; sizes and detectable effects that invert it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.power import (
    anova,
    arcsine,
    chi2,
    clustered,
    contrast,
    correlation,
    cross_validation,
    effect,
    equivalence,
    layouts,
    means,
    noncentral,
    normal,
    one_proportion,
    paired_binary,
    poisson,
    poisson_ratio,
    regression,
    search,
    tolerance,
    two_means,
    two_proportions,
)
from ophamin_pillars.student import mean_and_sd

ALPHA, POWER = 0.05, 0.9


# --- searches


def test_searches_end_where_nothing_is_found() -> None:
    """None, or an error that says how far the power came."""
    assert search.least_true(lambda _: False, 1, 100) is None
    for start in (0, 1, 7):
        for wanted in range(start, 101):
            assert search.least_true(wanted.__le__, start, 100) == wanted
    assert search.least_effect(lambda e: 0.5 if e < 1 else 0.6, 0.9, largest=2.0) is None
    assert search.least_effect(lambda _: 0.5, 0.9) is None
    assert search.crossing(lambda x: x, 0.2, 0.5, 1.0) == 0.5
    with pytest.raises(ValueError, match=r"expected a power that reaches 2, came 1\.0 at most"):
        search.crossing(lambda x: x, 2, 0.0, 1.0)
    with pytest.raises(ValueError, match="level: expected a number between 0 and 1, came 0"):
        search.check_levels(0)


@given(st.floats(-50, 50), st.floats(0.01, 20))
def test_a_root_is_found_between_its_ends(place: float, width: float) -> None:
    """Of a curve that is flat on one side; without a change of sign the nearer end comes back."""
    found = search.root(lambda x: math.expm1(x - place), place - width, place + 2 * width)
    assert found == pytest.approx(place, abs=1e-9)
    assert search.root(lambda x: x - place, place + width, place + 2 * width) == place + width


# --- distributions


@pytest.mark.parametrize(("f", "df", "error"), [(3.0, 3, 20), (50.0, 3, 200), (1.0, 1, 5), (0.01, 7, 3)])
@pytest.mark.parametrize("noncentrality", [0.0, 1e-6, 5.0, 300.0])
def test_noncentral_tails_agree_with_scipy(f: float, df: int, error: int, noncentrality: float) -> None:
    """Of F and chi-square, upper tails."""
    expected = stats.ncf.sf(f, df, error, noncentrality) if noncentrality else stats.f.sf(f, df, error)
    assert noncentral.f_upper_tail(f, df, error, noncentrality) == pytest.approx(expected, rel=1e-9)
    expected = stats.ncx2.sf(f, df, noncentrality) if noncentrality else stats.chi2.sf(f, df)
    assert noncentral.chi2_upper_tail(f, df, noncentrality) == pytest.approx(expected, rel=1e-9)


def test_a_small_upper_tail_keeps_its_digits() -> None:
    """1e-40, where one minus the lower tail is 0."""
    assert noncentral.chi2_upper_tail(400.0, 3, 5.0) == pytest.approx(stats.ncx2.sf(400.0, 3, 5.0), rel=1e-6)
    assert noncentral.chi2_upper_tail(400.0, 3, 5.0) < 1e-40
    assert (noncentral.f_upper_tail(0.0, 3, 5, 1.0), noncentral.chi2_upper_tail(-1.0, 3, 1.0)) == (1.0, 1.0)


@pytest.mark.parametrize("level", [0.2, 0.05, 1e-8])
@pytest.mark.parametrize(("df", "error"), [(1, 1), (1, 3), (40, 2), (2, 10**7)])
def test_quantiles_invert_their_tails(level: float, df: int, error: int) -> None:
    """With one error degree of freedom and with ten million."""
    f, x = noncentral.f_quantile(level, df, error), noncentral.chi2_quantile(level, df)
    assert noncentral.f_upper_tail(f, df, error, 0.0) == pytest.approx(level, rel=1e-9)
    assert noncentral.chi2_upper_tail(x, df, 0.0) == pytest.approx(level, rel=1e-9)


# --- effect sizes


def test_effect_sizes_have_their_textbook_values() -> None:
    """Cohen (1988): small worked numbers."""
    assert effect.cohen_w(np.array([0.5, 0.5]), np.array([0.6, 0.4])) == pytest.approx(0.2)
    assert effect.cohen_f(np.array([1.0, 2.0, 3.0]), 2.0) == pytest.approx(math.sqrt(2 / 3) / 2)
    assert effect.cohen_f2(0.5) == 1.0
    assert effect.cohen_q(0.5, 0.0) == pytest.approx(0.5493061443)
    assert effect.cohen_h(1.0, 0.0) == pytest.approx(math.pi)
    assert effect.glass_delta(np.array([4.0, 6.0]), np.array([1.0, 3.0])) == pytest.approx(3.0 / math.sqrt(2.0))
    with pytest.raises(ValueError, match=r"p2: expected a number from 0 to 1, came 1\.2"):
        effect.cohen_h(0.5, 1.2)


@pytest.mark.parametrize("size", [2, 3, 40])
def test_the_interval_of_d_inverts_the_noncentral_t(size: int) -> None:
    """At either end the t seen has probability 2.5 % of being as far out."""
    rng = np.random.default_rng(size)
    x, y = rng.normal(0.5, 1.0, size), rng.normal(0.0, 1.0, size + 1)
    for found in (effect.cohen_d(x, y), effect.cohen_d_one(x), effect.cohen_d_paired(x, y[:-1])):
        lower, upper = found.interval(0.95)
        t = found.d * found.scale
        assert stats.nct.sf(t, found.df, lower * found.scale) == pytest.approx(0.025, rel=1e-6)
        assert stats.nct.cdf(t, found.df, upper * found.scale) == pytest.approx(0.025, rel=1e-6)
        assert lower < found.d < upper
    assert effect.cohen_d(x, y).d * effect.cohen_d(x, y).scale == pytest.approx(stats.ttest_ind(x, y).statistic)


def test_hedges_correction_is_exact_and_nearly_the_rule_of_thumb() -> None:
    """1 - 3 / (4 df - 1) to three digits; infinite df need none; one df has none."""
    for df in (5.0, 30.0, 1e6, 1e12):
        assert effect.Standardised(1.0, df, 1.0).correction == pytest.approx(1 - 3 / (4 * df - 1), rel=2e-3)
    with pytest.raises(ValueError, match="more than one degree of freedom"):
        _ = effect.Standardised(1.0, 1.0, 1.0).g
    with pytest.raises(ValueError, match="expected a positive standard deviation"):
        effect.cohen_d(np.ones(4), np.ones(3))


# --- tolerance limits


@pytest.mark.parametrize("dropped", [1, 2, 5])
def test_a_tolerance_size_is_the_least(dropped: int) -> None:
    """One fewer does not cover; the coverage of that size is just enough."""
    n = tolerance.sample_size(0.9, 0.95, dropped)
    assert n is not None
    assert tolerance.power(n, 0.9, dropped) >= 0.95 > tolerance.power(n - 1, 0.9, dropped)
    detectable = tolerance.minimum_detectable_effect(n, 0.95, dropped)
    assert detectable >= 0.9
    assert tolerance.power(n, detectable, dropped) == pytest.approx(0.95)
    assert tolerance.minimum_detectable_effect(dropped - 1, 0.95, dropped) == 0.0
    assert tolerance.power(dropped - 1, 0.9, dropped) == 0.0


def test_tolerance_limits_refuse_what_is_no_plan() -> None:
    """A coverage of 1 needs everything; nothing left out is no limit."""
    with pytest.raises(ValueError, match="coverage: expected a number between 0 and 1"):
        tolerance.sample_size(1.0, 0.95)
    with pytest.raises(ValueError, match="dropped: expected 1 or more"):
        tolerance.sample_size(0.9, 0.95, 0)
    assert tolerance.sample_size(1.0 - 1e-9, 0.95) is None


# --- designs with a rising power: size and effect invert it

Of = Callable[[float, int], float]
DESIGNS: dict[str, tuple[Of, Callable[[float], int | None], Callable[[int], float | None], float]] = {
    "z": (
        lambda e, n: normal.power(e, n, ALPHA),
        lambda e: normal.sample_size(e, ALPHA, POWER),
        lambda n: normal.minimum_detectable_effect(n, ALPHA, POWER),
        0.4,
    ),
    "h, two arms": (
        lambda e, n: arcsine.power(e, n, ALPHA, arms=2, sides=2),
        lambda e: arcsine.sample_size(e, ALPHA, POWER, arms=2, sides=2),
        lambda n: arcsine.minimum_detectable_effect(n, ALPHA, POWER, arms=2, sides=2),
        0.4,
    ),
    "t": (
        lambda e, n: means.power(e, n, ALPHA),
        lambda e: means.sample_size(e, ALPHA, POWER),
        lambda n: means.minimum_detectable_effect(n, ALPHA, POWER),
        0.4,
    ),
    "t, two arms": (
        lambda e, n: means.power(e, n, ALPHA, layout=layouts.TWO_ARMS, sides=2),
        lambda e: means.sample_size(e, ALPHA, POWER, layout=layouts.TWO_ARMS, sides=2),
        lambda n: means.minimum_detectable_effect(n, ALPHA, POWER, layout=layouts.TWO_ARMS, sides=2),
        0.9,
    ),
    "welch": (
        lambda e, n: two_means.power(e, (1.0, 3.0), (n, 2 * n), ALPHA),
        lambda e: two_means.sample_size(e, (1.0, 3.0), ALPHA, POWER, allocation=2.0),
        lambda n: two_means.minimum_detectable_effect((1.0, 3.0), (n, 2 * n), ALPHA, POWER),
        1.3,
    ),
    "equivalence": (
        lambda e, n: equivalence.power(0.0, (-e, e), 1.0, n, ALPHA),
        lambda e: equivalence.sample_size(0.0, (-e, e), 1.0, ALPHA, POWER),
        lambda n: equivalence.minimum_detectable_effect(1.0, n, ALPHA, POWER),
        0.5,
    ),
    "anova": (
        lambda e, n: anova.power(e, 4, n, ALPHA),
        lambda e: anova.sample_size(e, 4, ALPHA, POWER),
        lambda n: anova.minimum_detectable_effect(4, n, ALPHA, POWER),
        0.3,
    ),
    "contrast": (
        lambda e, n: contrast.power(e, (1, -1, -1, 1), 2.0, n, ALPHA),
        lambda e: contrast.sample_size(e, (1, -1, -1, 1), 2.0, ALPHA, POWER),
        lambda n: contrast.minimum_detectable_effect((1, -1, -1, 1), 2.0, n, ALPHA, POWER),
        3.0,
    ),
    "chi-square": (
        lambda e, n: chi2.power(e, 3, n, ALPHA),
        lambda e: chi2.sample_size(e, 3, ALPHA, POWER),
        lambda n: chi2.minimum_detectable_effect(3, n, ALPHA, POWER),
        0.3,
    ),
    "regression": (
        lambda e, n: regression.power(e, 3, n - 4, ALPHA),
        lambda e: regression.sample_size(e, 3, ALPHA, POWER),
        lambda n: regression.minimum_detectable_effect(3, n - 4, ALPHA, POWER),
        0.2,
    ),
    "correlation": (
        lambda e, n: correlation.power(0.2, e, n, ALPHA),
        lambda e: correlation.sample_size(0.2, e, ALPHA, POWER),
        lambda n: correlation.minimum_detectable_effect(0.2, n, ALPHA, POWER),
        0.6,
    ),
    "correlation downwards": (
        lambda e, n: correlation.power(0.2, -e, n, ALPHA, greater=False),
        lambda e: correlation.sample_size(0.2, -e, ALPHA, POWER, greater=False),
        lambda n: -(correlation.minimum_detectable_effect(0.2, n, ALPHA, POWER, greater=False) or 0.0),
        0.4,
    ),
    "clusters": (
        lambda e, n: clustered.power(e, n, 10, ALPHA, icc=0.05, layout=layouts.TWO_ARMS),
        lambda e: clustered.sample_size(e, 10, ALPHA, POWER, icc=0.05, layout=layouts.TWO_ARMS),
        lambda n: clustered.minimum_detectable_effect(n, 10, ALPHA, POWER, icc=0.05, layout=layouts.TWO_ARMS),
        0.4,
    ),
    "cross-validation": (
        lambda e, n: cross_validation.power(e, n, 0.11, ALPHA),
        lambda e: cross_validation.sample_size(e, 0.11, ALPHA, POWER),
        lambda n: cross_validation.minimum_detectable_effect(n, 0.11, ALPHA, POWER),
        1.3,
    ),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_size_and_effect_invert_the_power(name: str) -> None:
    """The size reaches the target and one less does not; the effect of that size is just enough."""
    power_at, size_of, effect_of, value = DESIGNS[name]
    n = size_of(value)
    assert n is not None
    assert power_at(value, n) >= POWER > power_at(value, n - 1)
    detectable = effect_of(n)
    assert detectable is not None
    assert power_at(detectable, n) == pytest.approx(POWER, abs=1e-9)
    assert detectable <= value * (1 + 1e-9)


@pytest.mark.parametrize("name", [name for name in DESIGNS if name != "equivalence"])
def test_no_effect_has_the_level_as_its_power(name: str) -> None:
    """What errs at the boundary is what was allowed to."""
    power_at = DESIGNS[name][0]
    null = {"correlation": 0.2, "correlation downwards": -0.2}.get(name, 0.0)
    assert power_at(null, 30) == pytest.approx(ALPHA, rel=1e-6)


def test_sizes_that_do_not_exist_are_none() -> None:
    """No effect, the wrong side, or splits that only more data could help."""
    assert normal.sample_size(0.0, ALPHA, POWER) is None
    assert correlation.sample_size(0.5, 0.4, ALPHA, POWER) is None
    assert equivalence.sample_size(1.0, (-0.5, 0.5), 1.0, ALPHA, POWER) is None
    assert cross_validation.sample_size(0.5, 0.11, ALPHA, POWER) is None
    assert two_proportions.sample_size(0.5, 0.5, ALPHA, POWER) is None
    assert poisson.sample_size(1.0, 1.0, ALPHA, POWER) is None
    assert poisson_ratio.sample_size(1.0, (1.0, 1.0), ALPHA, POWER) is None
    assert paired_binary.sample_size(0.1, 0.1, ALPHA, POWER) is None


def test_samples_too_small_for_a_test_have_no_power() -> None:
    """One observation has no spread, two pairs no correlation: power 0, effect infinite or None."""
    assert means.power(1.0, 1, ALPHA) == anova.power(1.0, 3, 1, ALPHA) == correlation.power(0.0, 0.9, 2, ALPHA) == 0.0
    assert two_means.power(1.0, (1.0, 1.0), (1, 9), ALPHA) == cross_validation.power(1.0, 1, 0.1, ALPHA) == 0.0
    assert contrast.power(1.0, (1, -1), 1.0, 1, ALPHA) == equivalence.power(0.0, (-1, 1), 1.0, 1, ALPHA) == 0.0
    assert correlation.cohen_power(0.5, 3, ALPHA) == 0.0
    assert means.minimum_detectable_effect(1, ALPHA, POWER) == math.inf
    assert anova.minimum_detectable_effect(3, 1, ALPHA, POWER) == math.inf
    assert two_means.minimum_detectable_effect((1.0, 1.0), (1, 9), ALPHA, POWER) == math.inf
    assert contrast.minimum_detectable_effect((1, -1), 1.0, 1, ALPHA, POWER) == math.inf
    assert cross_validation.minimum_detectable_effect(1, 0.1, ALPHA, POWER) == math.inf
    assert correlation.minimum_detectable_effect(0.0, 2, ALPHA, POWER) is None
    assert correlation.minimum_detectable_effect(0.0, 2, ALPHA, POWER, greater=False) is None
    assert equivalence.minimum_detectable_effect(1.0, 1, ALPHA, POWER) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: anova.power(0.1, 1, 9, ALPHA), "groups: expected 2 or more, came 1"),
        (lambda: chi2.power(0.1, 0, 9, ALPHA), "df: expected a positive number, came 0"),
        (lambda: regression.power(0.1, 0, 9, ALPHA), "u, v: expected positive degrees of freedom"),
        (lambda: contrast.power(1.0, (1, 1), 1.0, 9, ALPHA), "coefficients: expected a contrast"),
        (lambda: contrast.power(1.0, (1, -1), 0.0, 9, ALPHA), "sd: expected a positive number"),
        (lambda: clustered.design_effect(0.5, 0.1), "expected trials >= 1"),
        (lambda: cross_validation.power(1.0, 9, 0.0, ALPHA), "test_share: expected n_test / n_train > 0"),
        (lambda: two_proportions.power(1.1, 0.5, 9, 9, ALPHA), "expected proportions from 0 to 1"),
        (lambda: paired_binary.power(0.7, 0.5, 9, ALPHA), "expected probabilities of sum <= 1"),
        (lambda: poisson.power(0.0, 1.0, 9.0, ALPHA), "null, exposure: expected positive numbers"),
        (lambda: poisson_ratio.power(0.0, (1.0, 1.0), (1.0, 1.0), ALPHA), "expected null > 0"),
        (lambda: means.sample_size(0.5, ALPHA, 1.0), "power: expected a number between 0 and 1, came 1.0"),
    ],
)
def test_plans_refuse_what_is_none(call: Callable[[], object], message: str) -> None:
    """Named, with what came."""
    with pytest.raises(ValueError, match=message):
        call()


# --- designs by enumeration


def test_one_proportion_is_planned_by_enumeration() -> None:
    """A'Hern (2001): 0.3 against 0.1 at 0.05 and power 0.8 needs 29."""
    assert one_proportion.sample_size(0.1, 0.3, 0.05, 0.8) == 29
    assert one_proportion.power(0.1, 0.3, 29, 0.05) >= 0.8
    detectable = one_proportion.minimum_detectable_effect(0.1, 29, 0.05, 0.8)
    assert detectable is not None
    assert one_proportion.power(0.1, detectable, 29, 0.05) == pytest.approx(0.8)
    assert one_proportion.minimum_detectable_effect(0.9, 5, 0.05, 0.8) is None


def test_two_proportions_are_summed_over_every_table() -> None:
    """Fisher's region against scipy's test, table by table; the score region against its p-values."""
    n1, n2 = 9, 7
    region = two_proportions.fisher(n1, n2, 0.05)
    for x1 in range(n1 + 1):
        for x2 in range(n2 + 1):
            p = stats.fisher_exact(np.array([[x1, n1 - x1], [x2, n2 - x2]]), alternative="greater").pvalue
            assert region[x1, x2] == (p <= 0.05)
    weights = np.outer(stats.binom.pmf(range(n1 + 1), n1, 0.9), stats.binom.pmf(range(n2 + 1), n2, 0.2))
    found = two_proportions.power(0.9, 0.2, n1, n2, 0.05, rejects=two_proportions.fisher)
    assert found == pytest.approx(float(weights[region].sum()))


def test_fishers_test_holds_its_level_and_the_score_test_nearly() -> None:
    """Enumerated at p1 = p2; and at a margin."""
    for p in (0.05, 0.3, 0.5, 0.9):
        assert two_proportions.power(p, p, 30, 25, 0.05, rejects=two_proportions.fisher) <= 0.05
        assert two_proportions.power(p, p, 60, 60, 0.05) <= 1.25 * 0.05
    assert two_proportions.power(0.8, 0.9, 80, 80, 0.05, limit=-0.1) <= 1.25 * 0.05


def test_a_size_of_two_proportions_holds_for_all_larger_n() -> None:
    """Saw-toothed: the size is the last miss plus one; the asymptotic plan continues it."""
    n = two_proportions.sample_size(0.5, 0.2, ALPHA, POWER)
    assert n is not None
    powers = [two_proportions.power(0.5, 0.2, m, m, ALPHA) for m in range(n - 1, n + 25)]
    assert powers[0] < POWER <= min(powers[1:])
    exact = two_proportions.power(0.5, 0.4, 190, 190, ALPHA)
    assert two_proportions.score_power(0.5, 0.4, 190, 190, ALPHA) == pytest.approx(exact, abs=0.01)
    many = two_proportions.sample_size(0.5, 0.45, ALPHA, POWER)
    assert many is not None
    assert two_proportions.power(0.5, 0.45, many, many, ALPHA) >= POWER
    detectable = two_proportions.minimum_detectable_effect(0.2, n, n, ALPHA, POWER)
    assert detectable == pytest.approx(0.5, abs=0.01)
    assert two_proportions.minimum_detectable_effect(0.9, 10, 10, ALPHA, POWER) is None
    assert (two_proportions.score_power(1.0, 0.0, 9, 9, ALPHA), two_proportions.pooled_power(1, 0, 9, ALPHA)) == (1, 1)


def test_paired_outcomes_are_summed_over_discordant_pairs() -> None:
    """Against the multinomial sum, written out; no discordant pairs, no power; at the null within the level."""
    n, up, down = 12, 0.4, 0.1
    total = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            if b + c and stats.binom.sf(b - 1, b + c, 0.5) <= 0.05:
                total += stats.multinomial.pmf([b, c, n - b - c], n, [up, down, 1 - up - down])
    assert paired_binary.power(up, down, n, 0.05) == pytest.approx(total)
    assert paired_binary.power(0.0, 0.0, n, 0.05) == 0.0
    assert paired_binary.power(0.2, 0.2, 100, 0.05) <= 0.05
    size = paired_binary.sample_size(up, down, 0.05, 0.8)
    assert size is not None
    powers = [paired_binary.power(up, down, m, 0.05) for m in range(size - 1, size + 20)]
    assert powers[0] < 0.8 <= min(powers[1:])
    large = paired_binary.sample_size(0.11, 0.09, 0.05, 0.8)
    assert large is not None
    assert paired_binary.power(0.11, 0.09, large, 0.05) >= 0.8
    gap = paired_binary.minimum_detectable_effect(0.5, size, 0.05, 0.8)
    assert gap is not None
    assert 0.0 < gap <= 0.3
    assert paired_binary.minimum_detectable_effect(0.5, 3, 0.05, 0.8) is None


@pytest.mark.parametrize(("null", "truth", "greater"), [(1.0, 2.0, True), (1.0, 0.4, False), (0.01, 0.5, True)])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.99])
def test_the_least_exposure_of_a_rate_holds_for_all_larger_ones(
    null: float, truth: float, greater: bool, power: float
) -> None:
    """On a fine grid the power never drops below the target beyond it, and does just before it."""
    exposure = poisson.sample_size(null, truth, ALPHA, power, greater=greater)
    assert exposure is not None
    beyond = [poisson.power(null, truth, t, ALPHA, greater=greater) for t in exposure * np.linspace(1 + 1e-9, 3.0, 800)]
    assert min(beyond) >= power - 1e-9
    assert poisson.power(null, truth, exposure * (1 - 1e-6), ALPHA, greater=greater) < power
    rate = poisson.minimum_detectable_effect(null, exposure * (1 + 1e-9), ALPHA, power, greater=greater)
    assert rate is not None
    assert poisson.power(null, rate, exposure * (1 + 1e-9), ALPHA, greater=greater) == pytest.approx(power)


def test_a_short_exposure_can_show_no_low_rate() -> None:
    """Zero events in little time are no evidence."""
    assert poisson.critical_count(1.0, 1.0, ALPHA, greater=False) is None
    assert poisson.power(1.0, 0.0, 1.0, ALPHA, greater=False) == 0.0
    assert poisson.minimum_detectable_effect(1.0, 1.0, ALPHA, POWER, greater=False) is None
    zero_failures = poisson.sample_size(1.0, 0.0, ALPHA, POWER, greater=False)
    assert zero_failures == pytest.approx(-math.log(ALPHA))


def test_two_rates_are_summed_over_both_counts() -> None:
    """Against the double sum, written out; each direction mirrors the other."""
    rates, exposures = (3.0, 1.0), (5.0, 6.0)
    total = 0.0
    for a in range(60):
        for b in range(40):
            if a + b and stats.binom.sf(a - 1, a + b, 5.0 / 11.0) <= 0.05:
                total += stats.poisson.pmf(a, 15.0) * stats.poisson.pmf(b, 6.0)
    assert poisson_ratio.power(1.0, rates, exposures, 0.05) == pytest.approx(total, rel=1e-6)
    mirrored = poisson_ratio.power(1.0, (1.0, 3.0), (6.0, 5.0), 0.05, greater=False)
    assert mirrored == pytest.approx(total, rel=1e-6)
    assert poisson_ratio.power(1.0, (0.0, 0.0), exposures, 0.05) == 0.0
    exposure = poisson_ratio.sample_size(1.0, rates, 0.05, 0.8)
    assert exposure is not None
    assert poisson_ratio.power(1.0, rates, (exposure, exposure), 0.05) >= 0.8
    ratio = poisson_ratio.minimum_detectable_effect(1.0, 1.0, (exposure, exposure), 0.05, 0.8)
    assert ratio == pytest.approx(3.0, rel=0.02)
    assert poisson_ratio.minimum_detectable_effect(1.0, 0.0, exposures, 0.05, 0.8) is None


# --- simulation where nothing else is exact


def test_welchs_power_is_near_the_simulated_one() -> None:
    """5 against 8 observations, spreads 1 and 2: within 0.015 of 20,000 simulated tests."""
    rng = np.random.default_rng(20)
    x, y = rng.normal(2.0, 1.0, (20_000, 5)), rng.normal(0.0, 2.0, (20_000, 8))
    p = stats.ttest_ind(x, y, axis=1, equal_var=False, alternative="greater").pvalue
    assert two_means.power(2.0, (1.0, 2.0), (5, 8), ALPHA) == pytest.approx((p <= ALPHA).mean(), abs=0.015)


def test_the_power_of_a_contrast_is_the_simulated_one() -> None:
    """Interaction of a 2 x 2 with 4 trials in each cell."""
    rng = np.random.default_rng(21)
    cells = rng.normal(0.0, 1.0, (20_000, 4, 4)) + np.array([0.0, 0.0, 0.0, 2.5])[:, None]
    estimate = cells.mean(axis=2) @ np.array([1.0, -1.0, -1.0, 1.0])
    t = estimate / np.sqrt(cells.var(axis=2, ddof=1).mean(axis=1) * 4 / 4)
    rejected = (np.abs(t) >= stats.t.isf(0.025, 12)).mean()
    assert contrast.power(2.5, (1, -1, -1, 1), 1.0, 4, ALPHA) == pytest.approx(rejected, abs=0.012)


def test_the_power_of_a_correlation_is_the_simulated_one() -> None:
    """12 pairs, null 0.3, truth 0.8: the exact test rejects as often as planned."""
    rng = np.random.default_rng(22)
    x = rng.normal(size=(20_000, 12))
    y = 0.8 * x + 0.6 * rng.normal(size=x.shape)
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    r = (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    rejected = (r >= correlation.critical_r(0.3, 12, ALPHA)).mean()
    assert correlation.power(0.3, 0.8, 12, ALPHA) == pytest.approx(rejected, abs=0.012)
    assert correlation.cohen_power(0.8, 12, ALPHA, sides=1) == pytest.approx(
        correlation.power(0.0, 0.8, 12, ALPHA), abs=0.02
    )


def test_the_design_effect_is_the_variance_ratio() -> None:
    """Kish: 1 + (m - 1) icc; independent trials or clusters of one need none; clusters alike count once."""
    assert clustered.design_effect(11, 0.1) == pytest.approx(2.0)
    assert clustered.design_effect(1, 0.7) == clustered.design_effect(50, 0.0) == 1.0
    assert clustered.design_effect(20, 1.0) == 20.0
    assert clustered.design_effect(11, 0.1, cv=1.0) == pytest.approx(3.1)
    assert clustered.power(0.5, 30, 7, ALPHA, icc=1.0) == pytest.approx(means.power(0.5, 30, ALPHA))


def test_a_crossover_plan_is_balanced() -> None:
    """PowerTOST: CV 0.3, true ratio 0.95, power 0.8: 40 subjects, an even number."""
    limits = math.log(0.8), math.log(1.25)
    sd, truth = layouts.sd_of_cv(0.3), math.log(0.95)
    n = equivalence.sample_size(truth, limits, sd, 0.05, 0.8, layout=layouts.CROSSOVER, step=2)
    assert n == 40
    assert layouts.CROSSOVER_4_PERIODS.df(10) == 26
    assert [layout.least_n for layout in (layouts.ONE_SAMPLE, layouts.TWO_ARMS, layouts.LATIN_4)] == [2, 2, 3]


def test_power_agrees_with_statsmodels() -> None:
    """A second implementation, where it is installed."""
    sm = pytest.importorskip("statsmodels.stats.power")
    assert anova.power(0.25, 4, 45, 0.05) == pytest.approx(sm.FTestAnovaPower().power(0.25, 180, 0.05, 4), abs=1e-6)
    assert chi2.power(0.3, 3, 100, 0.05) == pytest.approx(sm.GofChisquarePower().power(0.3, 100, 0.05, 4), abs=1e-6)
    two = sm.TTestIndPower().power(0.5, 40, 0.05)
    assert means.power(0.5, 40, 0.05, layout=layouts.TWO_ARMS, sides=2) == pytest.approx(two, abs=1e-6)


def test_effect_sizes_use_the_deviation_of_differences_for_pairs() -> None:
    """d_z, not d: pairing is its point."""
    x, y = np.array([1.0, 4.0, 9.0, 2.0]), np.array([0.0, 3.5, 7.0, 2.5])
    mean, sd = mean_and_sd(x - y)
    assert effect.cohen_d_paired(x, y).d == mean / sd
