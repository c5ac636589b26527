"""Claims about factorial effects and about resampled splits: methods, edges, plans."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from designed import arranged, designed
from error_rates import Floats, generator, sample_of, shipped, verdict_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.models.effect_claims import replicate_contrasts
from ophamin_pillars.models.lenth import lenth_greater, lenth_width
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadPlan, BadSample, Plan
from pytest_ophamin.trials.sample import Sample


def _assessed(claim: Claim, sample: Sample) -> Assessment:
    found = shipped().deciding_for(claim).decide(claim, sample)
    assert isinstance(found, Assessment)
    return found


def _pillar(claim: Claim) -> Any:
    return shipped().deciding_for(claim)


def _plan(claim: Claim, level: float = 0.05) -> Plan:
    found = _pillar(claim).plan(claim, level=level)
    assert isinstance(found, Plan)
    return found


def _levels(names: str, replicates: int) -> dict[str, Any]:
    cells = np.array(list(np.ndindex(*[2] * len(names))))
    rows = np.tile(cells, (replicates, 1))
    return {name: rows[:, place] for place, name in enumerate(names)}


def _effect(metric: str, relation: str, threshold: Any, factors: dict[str, Any], **changes: Any) -> Claim:
    n = len(next(iter(factors.values())))
    return designed(metric, relation, threshold, n, factors=tuple(factors), **changes)


# --- Effects ----------------------------------------------------------------------------------------------------------


def test_a_main_effect_is_high_minus_low() -> None:
    """In a balanced design, the difference of means with the error left by all cells."""
    factors = _levels("ab", 5)
    y = 2.0 * factors["a"] + 0.7 * factors["b"] + generator(1).normal(size=20)
    found = _assessed(_effect("effect:a", "at_least", 1.0, factors), arranged(y, factors=factors))
    cells = [y[(factors["a"] == a) & (factors["b"] == b)] for a in (0, 1) for b in (0, 1)]
    gap = y[factors["a"] == 1].mean() - y[factors["a"] == 0].mean()
    error = 2.0 * math.sqrt(np.mean([np.var(cell, ddof=1) for cell in cells]) / 20)
    assert (found.method, found.exact, found.n) == ("type-iii-t/1", False, 20)
    assert found.estimate == pytest.approx(gap)
    assert found.p_validate == pytest.approx(stats.t.sf((gap - 1.0) / error, 16))
    assert found.p_refute == pytest.approx(stats.t.cdf((gap - 1.0) / error, 16))
    assert found.lower == pytest.approx(gap - stats.t.ppf(0.95, 16) * error)


@pytest.mark.parametrize("metric", ["effect:a*b", "effect:b*a"])
def test_an_interaction_is_half_the_difference_of_differences(metric: str) -> None:
    """In any order of the factors, and with any two codes."""
    factors = {"a": np.array([3, 3, 9, 9] * 6), "b": np.array([-1, 5] * 12)}
    y = 2.0 * (factors["a"] == 9) * (factors["b"] == 5) + generator(2).normal(0.0, 0.01, 24)
    claim = _effect(metric, "within", (0.9, 1.1), factors)
    found = _assessed(claim, arranged(y, factors=factors))
    assert found.estimate == pytest.approx(1.0, abs=0.02)
    assert verdict_of(claim, arranged(y, factors=factors)) is Verdict.VALIDATED


def test_an_unbalanced_effect_weighs_cells_alike() -> None:
    """Type III: the mean of the cell differences, not of the rows."""
    factors = {"a": np.array([0] * 9 + [1] * 3), "b": np.array([0] * 8 + [1, 0, 1, 1])}
    y = np.where(factors["b"] == 1, 10.0, 0.0) + 3.0 * factors["a"] + generator(3).normal(0.0, 0.1, 12)
    found = _assessed(_effect("effect:a", "at_least", 2.0, factors), arranged(y, factors=factors))
    mean = {(a, b): y[(factors["a"] == a) & (factors["b"] == b)].mean() for a in (0, 1) for b in (0, 1)}
    assert found.estimate == pytest.approx(((mean[1, 0] - mean[0, 0]) + (mean[1, 1] - mean[0, 1])) / 2)
    rows = y[factors["a"] == 1].mean() - y[factors["a"] == 0].mean()
    assert abs(rows - 3.0) > 4.0  # what ignoring b would say


def test_of_more_than_two_levels_the_extremes_are_compared() -> None:
    """Highest minus lowest, for numbers and bools alike; an interaction needs two of each."""
    factors = {"a": np.array([0, 1] * 15), "b": np.repeat([4, 2, 1], 10)}
    y = 1.0 * factors["a"] + 5.0 * (factors["b"] == 4) + generator(4).normal(0.0, 0.1, 30)
    assert verdict_of(_effect("effect:a", "at_least", 0.8, factors), arranged(y, factors=factors)) is Verdict.VALIDATED
    found = _assessed(_effect("effect:b", "within", (4.5, 5.5), factors), arranged(y, factors=factors))
    assert found.estimate == pytest.approx(y[:10].mean() - y[20:].mean())
    assert found.conditions is not None
    assert "levels 4 and 1 of 3 compared" in found.conditions
    bits = _assessed(_effect("effect:b", "at_least", 0.0, factors), arranged(y > 4.0, factors=factors))
    assert bits.estimate == 1.0
    with pytest.raises(BadSample, match=r"factor 'b' took 3 levels: an interaction"):
        _assessed(_effect("effect:a*b", "at_least", 0.8, factors), arranged(y, factors=factors))


@pytest.mark.parametrize("metric", ["effect:a", "effect:b"])
def test_a_factor_that_never_changes_is_no_factor(metric: str) -> None:
    """Whether the effect is about it or not."""
    factors = {"a": np.array([0, 1] * 5), "b": np.zeros(10)}
    with pytest.raises(BadSample, match="factor 'b' took one level only"):
        _assessed(_effect(metric, "at_least", 0.0, factors), arranged(np.arange(10.0), factors=factors))


def test_factors_that_never_vary_apart_are_refused() -> None:
    """And an interaction without its cells; a main effect in a half fraction is told what it assumes."""
    together = {"a": np.array([0, 1] * 5), "b": np.array([0, 1] * 5)}
    with pytest.raises(BadSample, match="cannot tell the effect of b"):
        _assessed(_effect("effect:a", "at_least", 0.0, together), arranged(np.arange(10.0), factors=together))
    half = _levels("ab", 4)
    half["c"] = half["a"] ^ half["b"]
    y = generator(5).normal(size=16) + 3.0 * half["c"]
    found = _assessed(_effect("effect:c", "at_least", 0.0, half), arranged(y, factors=half))
    assert found.conditions is not None
    assert "no effect of a:b" in found.conditions
    with pytest.raises(BadSample, match="cells are missing"):
        _assessed(_effect("effect:a*b", "at_least", 0.0, half), arranged(y, factors=half))
    with pytest.raises(BadSample, match="4 of 8 cells of the design have no trial"):
        _assessed(_effect("effect:c", "at_least", 0.0, half), arranged(y > 1.0, factors=half))


def test_cells_run_once_are_judged_by_the_scatter_of_effects() -> None:
    """Lenth's method; the other sign is the mirror."""
    factors = _levels("abc", 1)
    y = 5.0 * factors["a"] + generator(6).normal(size=8)
    found = _assessed(_effect("effect:a", "at_least", 1.0, factors), arranged(y, factors=factors))
    assert (found.method, found.exact) == ("lenth/1", False)
    assert found.estimate == pytest.approx(y[4:].mean() - y[:4].mean())
    assert found.p_validate < 0.05
    mirrored = _assessed(_effect("effect:a", "at_most", -1.0, factors), arranged(-y, factors=factors))
    assert mirrored.p_validate == found.p_validate
    assert mirrored.upper == pytest.approx(-(found.lower or 0.0))
    refuted = _assessed(_effect("effect:a", "at_most", 1.0, factors), arranged(y, factors=factors))
    assert refuted.p_refute == found.p_validate


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([0.01, 0.05, 0.1]), st.integers(0, 6))
def test_lenth_widths_invert_his_p_values(seed: int, level: float, which: int) -> None:
    """Just inside the width the limit is not rejected, just outside it is."""
    effects = generator(seed, 7).normal(size=7)
    width = lenth_width(effects, which, level)
    assert width is not None
    at = float(effects[which])
    assert lenth_greater(effects, which, at - width * (1 + 1e-9)) <= level
    assert lenth_greater(effects, which, at - width * (1 - 1e-9)) > level


def test_lenth_has_no_bound_beyond_its_draws() -> None:
    """At a level finer than the simulated law."""
    assert lenth_width(generator(8).normal(size=7), 0, 1e-9) is None


def test_effects_that_are_all_null_exactly_tell_no_scale() -> None:
    """Lenth's error would be 0."""
    factors = _levels("abc", 1)
    found = _assessed(_effect("effect:a", "at_least", 1.0, factors), arranged(factors["a"] * 5.0, factors=factors))
    assert found.reason is not None
    assert "exactly 0" in found.reason


@pytest.mark.parametrize("names", ["a", "ab"])
def test_designs_without_any_error_are_undecided(names: str) -> None:
    """One trial in each of two cells; or a fraction run once."""
    factors = _levels(names, 1)
    if names == "ab":
        factors["c"] = factors["a"] ^ factors["b"]
    y = generator(9).normal(size=len(factors["a"]))
    found = _assessed(_effect("effect:a", "at_least", 0.0, factors), arranged(y, factors=factors))
    assert found.reason is not None
    assert "nothing is left to estimate the error" in found.reason
    equal = _levels("a", 3)
    same = _assessed(_effect("effect:a", "at_least", 0.0, equal), arranged(equal["a"] * 1.5, factors=equal))
    assert same.reason is not None
    assert same.estimate == pytest.approx(1.5)
    assert same.p_validate == 1.0


def test_effects_on_bools_are_decided_exactly() -> None:
    """By betting on complete replicates; what is left over in larger cells is left out."""
    factors = _levels("ab", 80)
    bits = generator(10).random(320) < np.where(factors["a"] == 1, 0.9, 0.4)
    claim = _effect("effect:a", "at_least", 0.2, factors)
    found = _assessed(claim, arranged(bits, factors=factors))
    assert (found.method, found.exact, found.n) == ("betting-replicates/1", True, 320)
    assert found.null_validate == "effect:a (mean of replicates) <= 0.2"
    assert verdict_of(claim, arranged(bits, factors=factors)) is Verdict.VALIDATED
    assert verdict_of(_effect("effect:a", "at_most", 0.2, factors), arranged(bits, factors=factors)) is Verdict.REFUTED


def test_replicates_hold_one_trial_of_every_cell() -> None:
    """The r-th of each; with one spare."""
    codes = {"a": np.array([0, 1, 0, 1, 0]), "b": np.array([0, 0, 1, 1, 0])}
    y = np.array([1.0, 5.0, 2.0, 7.0, 99.0])
    assert replicate_contrasts(y, codes, ("a",)).tolist() == [4.5]
    assert replicate_contrasts(y, codes, ("a", "b")).tolist() == [0.5]
    three = {"a": np.array([0, 1] * 3), "b": np.array([0, 0, 1, 1, 2, 2])}
    assert replicate_contrasts(np.array([0.0, 3.0, 1.0, 4.0, 2.0, 5.0]), three, ("a",)).tolist() == [3.0]


def test_an_effect_is_planned_by_the_noncentral_t() -> None:
    """Standard error 2 sd / sqrt(n), n - cells degrees of freedom."""
    factors = _levels("ab", 8)
    claim = _effect("effect:a", "at_least", 0.0, factors, expecting=0.8, expecting_sd=1.0)
    shift, critical = 0.8 / (2.0 / math.sqrt(32)), stats.t.ppf(0.95, 28)
    assert _plan(claim).power == pytest.approx(stats.nct.sf(critical, 28, shift))
    assert _plan(claim).least_n == 3
    detectable = _plan(claim).detectable
    assert detectable is not None
    again = _effect("effect:a", "at_least", 0.0, factors, expecting=detectable, expecting_sd=1.0)
    assert _plan(again).power == pytest.approx(0.9)
    size = _pillar(claim).size(claim, level=0.05)
    assert size % 4 == 0
    at = designed("effect:a", "at_least", 0.0, size, factors=("a", "b"), expecting=0.8, expecting_sd=1.0)
    below = designed("effect:a", "at_least", 0.0, size - 4, factors=("a", "b"), expecting=0.8, expecting_sd=1.0)
    assert (_plan(below).power or 0.0) < 0.9 <= (_plan(at).power or 0.0)


def test_an_effect_without_expectation_has_no_power() -> None:
    """The plan says what is missing; within and at_most are planned too."""
    factors = _levels("ab", 8)
    bare = _effect("effect:a", "at_least", 0.0, factors)
    assert _plan(bare).power is None
    assert _plan(bare).note == "power: give expecting= and expecting_sd="
    assert _pillar(bare).size(bare, level=0.05) is None
    within = _effect("effect:a", "within", (-1.0, 1.0), factors, expecting=0.0, expecting_sd=1.0)
    assert 0.5 < (_plan(within).power or 0.0) < 1.0
    assert _plan(within).detectable is None
    less = _effect("effect:a", "at_most", 0.0, factors, expecting=-0.8, expecting_sd=1.0)
    more = _effect("effect:a", "at_least", 0.0, factors, expecting=0.8, expecting_sd=1.0)
    assert _plan(less).power == _plan(more).power
    assert (_plan(less).detectable or 0.0) == pytest.approx(-(_plan(more).detectable or 0.0))
    hopeless = _effect("effect:a", "at_least", 1.0, factors, expecting=0.5, expecting_sd=1.0)
    assert _pillar(hopeless).size(hopeless, level=0.05) is None


# --- Resampled splits -------------------------------------------------------------------------------------------------


def _scores(seed: int, splits: int = 15) -> Floats:
    return generator(seed).normal(0.8, 0.02, splits)


@pytest.mark.parametrize("metric", ["mean", "difference"])
def test_splits_are_decided_by_the_corrected_t(metric: str) -> None:
    """Nadeau and Bengio's: the variance between splits times 1/J + n_test/n_train."""
    scores, base = _scores(1), np.zeros(15)
    sample = sample_of(scores) if metric == "mean" else sample_of(scores, base)
    claim = designed(metric, "at_least", 0.79, 15, resampled=1 / 9)
    found = _assessed(claim, sample)
    error = math.sqrt((1 / 15 + 1 / 9) * np.var(scores, ddof=1))
    assert (found.method, found.exact, found.n) == ("nadeau-bengio-t/1", False, 15)
    assert found.p_validate == pytest.approx(stats.t.sf((scores.mean() - 0.79) / error, 14))
    assert found.upper == pytest.approx(scores.mean() + stats.t.ppf(0.95, 14) * error)
    assert found.spread == pytest.approx(np.std(scores, ddof=1))


def test_needed_splits_are_those_that_decide() -> None:
    """The least number at which splits like these reject; none where only more data would help."""
    claim = designed("mean", "at_least", 0.78, 5, resampled=0.1)
    scores = np.array([0.78, 0.80, 0.83, 0.81, 0.76])
    found = _assessed(claim, sample_of(scores))
    assert found.needed is not None
    sd, gap = np.std(scores, ddof=1), scores.mean() - 0.78

    def p(splits: int) -> float:
        return float(stats.t.sf(gap / (sd * math.sqrt(1 / splits + 0.1)), splits - 1))

    if found.p_validate > 0.05:
        assert p(found.needed) <= 0.05 < p(found.needed - 1)
    never = designed("mean", "at_least", 0.795, 5, resampled=1.0)
    assert _assessed(never, sample_of(scores)).needed is None


def test_scores_that_never_differ_say_nothing() -> None:
    """And neither does one split."""
    for scores in ([0.9] * 5, [0.9]):
        found = _assessed(designed("mean", "at_least", 0.5, len(scores), resampled=0.1), sample_of(scores))
        assert found.reason is not None
        assert (found.estimate, found.p_validate) == (0.9, 1.0)


def test_a_score_is_a_number() -> None:
    """Bools are answers, not scores."""
    with pytest.raises(BadSample, match="came a bool"):
        _assessed(designed("mean", "at_least", 0.5, 4, resampled=0.1), sample_of([True, False, True, True]))


def test_bounds_do_not_make_splits_independent() -> None:
    """An error at collection."""
    claim = designed("mean", "at_least", 0.5, 10, resampled=0.1, bounds=(0.0, 1.0))
    with pytest.raises(BadPlan, match="splits are not independent"):
        _plan(claim)


def test_splits_are_planned_up_to_what_the_data_can_tell() -> None:
    """Power grows with splits to a limit below 1; beyond it trials="auto" has no answer."""
    few, many = (
        designed("mean", "at_least", 0.0, n, resampled=0.1, expecting=1.5, expecting_sd=1.0) for n in (10, 10_000)
    )
    shift = 1.5 / math.sqrt(1 / 10 + 0.1)
    assert _plan(few).power == pytest.approx(stats.nct.sf(stats.t.ppf(0.95, 9), 9, shift))
    assert (_plan(many).power or 0.0) < stats.norm.cdf(1.5 / math.sqrt(0.1) - 1.6) < 1.0
    assert _pillar(few).size(few, level=0.05) is not None
    small = designed("mean", "at_least", 0.0, 10, resampled=0.5, expecting=1.5, expecting_sd=1.0)
    assert _pillar(small).size(small, level=0.05) is None
    assert _plan(small).least_n == 2
