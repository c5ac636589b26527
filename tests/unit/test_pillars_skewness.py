"""Conditions of t tests follow the levels of the claim: skewed data need more observations at a smaller one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from designed import arranged, designed
from error_rates import shipped

from ophamin_pillars.skewness import needed_at
from pytest_ophamin.trials.sample import Sample

N = 48
RNG = np.random.default_rng(20_261_129)
X, Y = RNG.uniform(1.0, 3.0, N), RNG.uniform(1.0, 3.0, N)
TURN = np.arange(N) % 2

T_TESTS: dict[str, tuple[str, dict[str, Any], Sample]] = {
    "mean": ("mean", {}, arranged(X)),
    "equal observations": ("mean", {}, arranged(np.ones(N))),
    "pairs": ("difference", {}, arranged(X, Y)),
    "ratios": ("ratio", {}, arranged(X, Y)),
    "bandwidth": ("bandwidth", {}, arranged(X, Y)),
    "arms": ("difference", {"arms": ("old", "new")}, arranged(X, arm=TURN)),
    "arms compared by ratio": ("ratio", {"arms": ("old", "new")}, arranged(X, arm=TURN)),
    "blocks": ("mean", {"block": 4}, arranged(X)),
    "clusters": ("mean", {"cluster": "user"}, arranged(X, cluster=np.arange(N) // 4)),
    "one cluster": ("mean", {"cluster": "user"}, arranged(X, cluster=np.zeros(N))),
    "strata": ("mean", {"strata": "site"}, arranged(X, stratum=TURN)),
    "strata as they come": ("mean", {"strata": "site"}, arranged(X, stratum=np.arange(N) // 24)),
}


@pytest.mark.parametrize("name", T_TESTS)
def test_conditions_name_the_observations_the_smaller_level_needs(name: str) -> None:
    """120 x skewness^2 down to level .05; more for a smaller alpha, and for a refutation at 1 - power below it."""
    metric, design, sample = T_TESTS[name]
    for levels, needed in (
        ({}, 120),
        ({"alpha": 0.1}, 120),
        ({"alpha": 0.01}, 690),
        ({"margin": 0.1, "power": 0.9}, 120),
        ({"margin": 0.1, "power": 0.99}, 690),
    ):
        claim = designed(metric, "at_most", 1.5, N, **design, **levels)
        conditions = shipped().deciding_for(claim).decide(claim, sample).conditions  # type: ignore[union-attr]
        assert conditions is not None
        assert f"{needed} x" in conditions


def test_what_skewed_data_need_grows_as_the_level_falls() -> None:
    """As the first order of the size says, to two digits and rounded up."""
    assert [needed_at(level) for level in (0.05, 0.025, 0.01, 0.0025, 0.0005)] == [120, 290, 690, 1900, 4500]
