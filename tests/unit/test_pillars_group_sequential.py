"""Group sequential tests: recursive integration against closed forms and simulation, exact boundaries for counts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multivariate_normal, norm

from ophamin_pillars.sequential.group import (
    crossing_probabilities,
    lan_demets,
    obrien_fleming,
    pocock,
    wang_tsiatis,
)
from ophamin_pillars.sequential.group_counts import group_counts
from ophamin_pillars.sequential.spending import (
    Spending,
    hwang_shih_decani,
    obrien_fleming_like,
    pocock_like,
    power_family,
)
from ophamin_pillars.sequential.stopping import Crossed, Stop
from pytest_ophamin._canonical import round12

SPENDINGS = [obrien_fleming_like, pocock_like, power_family(2.0), hwang_shih_decani(-4.0), hwang_shih_decani(0.0)]


@pytest.mark.parametrize("spending", SPENDINGS)
def test_a_spending_function_rises_from_nothing_to_its_level(spending: Spending) -> None:
    """At share 0 nothing is spent, at share 1 the level, in between more and more."""
    spent = spending(np.linspace(0.0, 1.0, 101), 0.025)
    assert spent[0] == 0.0
    assert spent[-1] == pytest.approx(0.025, rel=1e-12)
    assert (np.diff(spent) >= 0.0).all()


def test_bad_spending_is_refused() -> None:
    """Shares beyond 1, levels of 1, exponents of 0."""
    with pytest.raises(ValueError, match="shares in"):
        pocock_like([0.5, 1.1], 0.05)
    with pytest.raises(ValueError, match="a level lies"):
        obrien_fleming_like(0.5, 1.0)
    with pytest.raises(ValueError, match="positive"):
        power_family(0.0)


@pytest.mark.parametrize("make", [obrien_fleming, pocock])
def test_one_look_is_a_fixed_sample(make: type) -> None:
    """K = 1: the normal quantile, all of the level, no inflation."""
    design = make(1, 0.025)
    assert design.critical == pytest.approx([norm.isf(0.025)], rel=1e-12)
    assert design.spent == pytest.approx([0.025], rel=1e-12)
    assert design.inflation(0.1) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("drift", [0.0, 1.5, -2.0])
def test_crossing_probabilities_are_those_of_the_joint_normal(drift: float) -> None:
    """Three unequal looks against SciPy's multivariate normal distribution."""
    t, c = np.array([0.2, 0.7, 1.0]), np.array([2.5, 2.1, 1.7])
    covariance = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    mean = drift * np.sqrt(t)
    going_on = [
        float(multivariate_normal.cdf(c[:k], mean[:k], covariance[:k, :k], abseps=1e-10, releps=1e-10, maxpts=10**6))
        for k in (1, 2, 3)
    ]
    expected = -np.diff([1.0, *going_on])
    assert crossing_probabilities(c, t, drift=drift) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("looks", [2, 3, 7, 20])
def test_classical_tests_use_up_their_level(looks: int) -> None:
    """Their shape is theirs, and the last look has spent the level."""
    flat, steep, between = pocock(looks, 0.05), obrien_fleming(looks, 0.05), wang_tsiatis(looks, 0.05, 0.25)
    for design in (flat, steep, between):
        assert design.spent[-1] == pytest.approx(0.05, rel=1e-10)
        assert design.power(0.0) == pytest.approx(0.05, rel=1e-10)
    assert np.ptp(flat.critical) == 0.0
    assert steep.critical * np.sqrt(steep.information) == pytest.approx(np.full(looks, steep.critical[-1]))
    assert steep.critical[-1] < between.critical[-1] < flat.critical[-1]
    assert 1.0 < steep.inflation(0.1) < between.inflation(0.1) < flat.inflation(0.1)


def test_simulated_power_is_the_integrated_one() -> None:
    """Brownian paths with drift 3, 40,000 of them."""
    design = obrien_fleming(4, 0.025)
    steps = np.random.default_rng(11).normal(3.0 / 4, 0.5, (40_000, 4))
    z = np.cumsum(steps, axis=1) / np.sqrt(design.information)
    share = (z >= design.critical).any(axis=1).mean()
    assert share == pytest.approx(design.power(3.0), abs=4 * 0.5 / 200)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0.02, 1.0), min_size=1, max_size=6, unique_by=lambda t: round(t, 2)), st.sampled_from(SPENDINGS)
)
def test_what_is_spent_is_what_the_function_says(shares: list[float], spending: Spending) -> None:
    """For any looks: cumulative crossing probabilities equal the spending function."""
    t = np.sort(np.array(shares))
    design = lan_demets(t, 0.05, spending)
    assert design.spent == pytest.approx(spending(t, 0.05), rel=1e-8, abs=1e-15)


def test_very_early_looks_spend_nothing() -> None:
    """A look at 0.1 % of the information never stops, and does not disturb the rest."""
    design = lan_demets([0.001, 0.5, 1.0], 0.05, obrien_fleming_like)
    assert design.critical[0] >= 37.9
    assert design.critical[1:] == pytest.approx(lan_demets([0.5, 1.0], 0.05, obrien_fleming_like).critical, rel=1e-9)


def test_impossible_group_designs_are_refused() -> None:
    """Each with what was expected."""
    with pytest.raises(ValueError, match="at least once"):
        pocock(0, 0.05)
    with pytest.raises(ValueError, match="between 0 and 1/2"):
        obrien_fleming(3, 0.5)
    with pytest.raises(ValueError, match="rise"):
        lan_demets([0.5, 0.5, 1.0], 0.05, pocock_like)
    with pytest.raises(ValueError, match="one critical value"):
        crossing_probabilities([2.0], [0.5, 1.0])
    with pytest.raises(ValueError, match="beta"):
        pocock(2, 0.05).inflation(0.96)
    with pytest.raises(ValueError, match="rising positive"):
        group_counts((100, 100), 0.85, 0.9, 0.05, 0.1)


LOOKS = [(400,), (83, 166, 249, 332, 414), (5, 200, 300), (1, 2, 3), (50, 100), (1000, 2000, 3000)]


@pytest.mark.parametrize("spending", [obrien_fleming_like, pocock_like])
@pytest.mark.parametrize("looks", LOOKS)
def test_count_designs_keep_both_levels_at_every_look(looks: tuple[int, ...], spending: Spending) -> None:
    """Cumulative exact probabilities stay within what may be spent, and one count more would not at some look."""
    design = group_counts(looks, 0.85, 0.90, 0.05, 0.10, spending=spending)
    law = design.law
    under_p0, under_p1 = law.probabilities(0.85), law.probabilities(0.90)
    for look in looks:
        share = look / looks[-1]
        by_then = law.n <= look
        assert round12(float(under_p0[by_then & law.upward].sum())) <= float(spending(share, 0.05)) * (1 + 1e-9)
        assert round12(float(under_p1[by_then & law.downward].sum())) <= float(spending(share, 0.10)) * (1 + 1e-9)
    assert set(law.n.tolist()) <= set(looks)
    assert under_p0.sum() == pytest.approx(1.0, abs=1e-11)


def test_one_look_is_the_exact_binomial_test() -> None:
    """n = 379: 334 successes validate (METHODS 4.1), the greatest refuting count is the binomial one."""
    design = group_counts((379,), 0.85, 0.90, 0.05, 0.10)
    assert design.validates_from == 334
    assert design.alpha == pytest.approx(binom.sf(333, 379, 0.85), rel=1e-10)
    assert round(design.alpha, 4) == 0.0480
    assert design.conclusive


def test_group_p_values_say_what_the_boundaries_say() -> None:
    """Over all stops of a design with five looks; several counts may stop at one look."""
    design = group_counts((60, 120, 180, 240, 300), 0.85, 0.90, 0.05, 0.10)
    law = design.law
    for n, count, up, down in zip(law.n, law.count, law.upward, law.downward, strict=True):
        crossed = Crossed.UPPER if up else Crossed.LOWER if down else Crossed.NEITHER
        stop = Stop(n=int(n), count=int(count), crossed=crossed)
        validated = round12(design.p_validate(stop)) <= 0.05
        assert validated == (crossed is Crossed.UPPER)
        assert validated or (round12(design.p_refute(stop)) <= 0.10) == (crossed is Crossed.LOWER)


def test_between_looks_nothing_stops() -> None:
    """A hundred successes in a row stop at the first look that allows it, not before."""
    boundaries = group_counts((50, 100, 400), 0.85, 0.90, 0.05, 0.10).boundaries
    stop = boundaries.first_crossing([1] * 400)
    assert stop is not None
    assert stop.n in {50, 100}
    for n in itertools.chain(range(1, 50), range(51, 100)):
        assert boundaries.crossed(n, n) is None
        assert boundaries.crossed(n, 0) is None


def test_count_designs_are_cached() -> None:
    """Lists and tuples of looks alike."""
    assert group_counts([50, 100], 0.85, 0.9, 0.05, 0.1) is group_counts((50, 100), 0.85, 0.9, 0.05, 0.1)
