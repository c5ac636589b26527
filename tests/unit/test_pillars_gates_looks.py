"""Looks at a gate, and the centre of its log ratios."""

from __future__ import annotations

import math

import numpy as np
import pytest
from error_rates import generator
from gate_samples import LOOKS
from scipy.stats import mstats, ttest_1samp

from ophamin_pillars.gates.looks import SPENDING, look_design, nominal_at_cap
from ophamin_pillars.gates.trimmed import centre_of
from pytest_ophamin.claims.gates import default_looks


def test_default_looks_lie_at_the_ends_of_blocks() -> None:
    """Even, rising, up to the cap; and few pairs are looked at once."""
    for pairs_planned in range(4, 302, 2):
        looks = default_looks(pairs_planned)
        assert all(look % 2 == 0 for look in looks)
        assert list(looks) == sorted(set(looks))
        assert looks == () or looks[-1] == pairs_planned
    assert default_looks(30) == LOOKS
    assert default_looks(6) == ()


@pytest.mark.parametrize("level", [0.05, 0.0025, 0.7])
def test_a_sample_on_a_boundary_has_the_level_spent_by_then(level: float) -> None:
    """Stage-wise p-values at the nominal levels are what the spending function has given out."""
    design = look_design(LOOKS, level)
    found = [design.stagewise(place, p) for place, p in enumerate(design.nominal)]
    assert found == pytest.approx(SPENDING(np.array(LOOKS) / 30, min(level, 0.499)), rel=1e-9)


def test_a_stagewise_p_value_grows_with_the_look_and_with_the_p_value_there() -> None:
    """Stopping earlier is the stronger evidence, whatever the p-values are."""
    design = look_design(LOOKS, 0.05)
    found = [
        design.stagewise(place, p)
        for place, stop in enumerate(design.nominal[:-1])
        for p in (1e-300, 1e-3 * stop, 0.5 * stop, stop)
    ]
    assert found == sorted(found)
    assert design.stagewise(7, 1.0) == pytest.approx(1.0)
    assert design.stagewise(0, 1e-300) == 1e-300


def test_one_look_is_a_fixed_sample_at_any_level() -> None:
    """Nothing is spent before, so nothing is paid."""
    design = look_design((12,), 0.7)
    assert design.nominal == (0.7,)
    assert design.stagewise(0, 0.123) == 0.123
    assert nominal_at_cap((12,), 0.01, 0.05) == 0.05


def test_the_cap_gives_back_what_looks_at_a_stricter_level_left() -> None:
    """Looks planned at alpha / 20, a raw p-value compared with alpha: the last look rejects nearly as alone."""
    nominal = nominal_at_cap(LOOKS, 0.0025, 0.05)
    design = look_design(LOOKS, 0.0025)
    assert 0.049 < nominal < 0.05
    assert design.stagewise(7, nominal) == pytest.approx(0.05, rel=1e-9)
    assert nominal_at_cap(LOOKS, 0.05, 0.05) == pytest.approx(look_design(LOOKS, 0.05).nominal[-1], rel=1e-9)


def test_undisturbed_logs_have_the_t_test_everyone_knows() -> None:
    """No observation is far, none is trimmed."""
    x = generator(70, 1).normal(0.01, 0.03, 30)
    centre = centre_of(x)
    assert centre is not None
    reference = ttest_1samp(x, 0.0)
    assert centre.trimmed == 0
    assert centre.mean / centre.error == pytest.approx(reference.statistic, rel=1e-12)
    assert centre.spread == pytest.approx(x.std(ddof=1), rel=1e-12)
    assert centre.df == reference.df


def test_disturbed_pairs_are_trimmed_as_many_on_both_sides() -> None:
    """Two pairs disturbed upwards: two off each end, and the error of Yuen's trimmed t."""
    x = generator(70, 2).normal(0.0, 0.01, 30)
    x[[4, 20]] += 0.26
    centre = centre_of(x)
    assert centre is not None
    winsorised = np.asarray(mstats.winsorize(x, limits=(2 / 30, 2 / 30)))
    assert centre.trimmed == 2
    assert centre.mean == pytest.approx(np.sort(x)[2:-2].mean(), rel=1e-12)
    assert centre.error == pytest.approx(math.sqrt(29 * winsorised.var(ddof=1) / (26 * 25)), rel=1e-12)
    assert centre.df == 25


def test_few_or_mostly_equal_observations_are_not_trimmed() -> None:
    """Nine observations are no ruler, and where most are one value nothing tells which others are disturbed."""
    nine = np.array([0.0, 0.01, -0.01, 0.02, -0.02, 0.01, -0.01, 0.0, 0.9])
    mostly = np.array([0.0] * 20 + [0.1, 0.2, -0.1, 0.3])
    for x in (nine, mostly):
        centre = centre_of(x)
        assert centre is not None
        assert centre.trimmed == 0
        assert centre.mean == pytest.approx(x.mean())
    assert centre_of(np.full(12, 0.3)) is None
    assert centre_of(np.array([0.3])) is None


def test_trimming_to_one_value_is_undone() -> None:
    """Half of the observations are equal and a quarter far: what spread there is is not thrown away."""
    x = np.array([-1e-3] * 3 + [0.0] * 6 + [1.0] * 3)
    centre = centre_of(x)
    assert centre is not None
    assert centre.trimmed == 0
    assert centre.error > 0.0


def test_a_quarter_is_trimmed_on_each_side_at_most() -> None:
    """A third of the pairs disturbed is no longer a disturbance."""
    x = np.concatenate([generator(70, 3).normal(0.0, 0.01, 20), np.full(10, 0.3)])
    centre = centre_of(x)
    assert centre is not None
    assert centre.trimmed <= 7
