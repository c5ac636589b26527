"""Observations that are equal but for rounding: nothing is known about their spread, by whatever design they came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from designed import arranged, designed
from error_rates import shipped, verdict_of

from ophamin_pillars.rounding import settled, settled_groups
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.trials.sample import Sample

N = 48
X = np.random.default_rng(20_261_128).uniform(0.5, 100.0, N)
THIRDS = np.where(np.arange(N) % 4 < 2, 0.1 + 0.2, 0.3)
"""0.3 twice: as it is written, and as it is added up."""
TURN = np.arange(N) % 2

EQUAL: dict[str, tuple[str, float, dict[str, Any], Sample]] = {
    "pairs that differ by 0.1": ("difference", 0.05, {}, arranged(X + 0.1, X)),
    "pairs in the ratio 1.1": ("ratio", 1.05, {}, arranged(1.1 * X, X)),
    "pairs in the ratio 3": ("ratio", 2.0, {}, arranged(3.0 * X, X)),
    "numbers": ("mean", 0.2, {}, arranged(THIRDS)),
    "blocks of pairs": ("difference", 0.05, {"block": 4}, arranged(X + 0.1, X)),
    "clusters of pairs": ("difference", 0.05, {"cluster": "user"}, arranged(X + 0.1, X, cluster=np.arange(N) // 4)),
    "splits": ("difference", 0.05, {"resampled": 1 / 9}, arranged(X + 0.1, X)),
    "strata": ("mean", 0.2, {"strata": "site"}, arranged(THIRDS + TURN, stratum=TURN)),
    "arms": ("difference", -2.0, {"arms": ("old", "new")}, arranged(THIRDS + TURN, arm=TURN)),
    "arms compared by ratio": ("ratio", 0.1, {"arms": ("old", "new")}, arranged(THIRDS + TURN, arm=TURN)),
    "cells": (
        "effect:a",
        0.5,
        {"factors": ("a", "b")},
        arranged(THIRDS + TURN, factors={"a": TURN, "b": np.arange(N) // 4 % 2}),
    ),
    "pairs that may stop early": ("difference", 0.05, {"sequential": True}, arranged(X + 0.1, X)),
    "ratios that may stop early": ("ratio", 2.0, {"sequential": True}, arranged(3.0 * X, X)),
}


@pytest.mark.parametrize("name", EQUAL)
def test_observations_equal_but_for_rounding_decide_nothing(name: str) -> None:
    """As exactly equal ones do: p = 1 on both sides, with the reason; the t of their rounding would be enormous."""
    metric, limit, design, sample = EQUAL[name]
    for relation in ("at_least", "at_most"):
        claim = designed(metric, relation, limit, N, **design)
        found = shipped().deciding_for(claim).decide(claim, sample)
        assert isinstance(found, Assessment)
        assert (found.p_validate, found.p_refute) == (1.0, 1.0)
        assert found.reason is not None
        assert verdict_of(claim, sample) is Verdict.INCONCLUSIVE


def test_what_differs_by_more_than_rounding_is_left_as_it_is() -> None:
    """Neighbours of the first observation move to it, others keep every bit; a large offset is no excuse."""
    first = 1e12
    values = np.array([first, np.nextafter(first, 0.0), first + 0.4, first - 0.2])
    assert settled(values).tolist() == [first, first, first + 0.4, first - 0.2]
    assert settled(np.array([])).tolist() == []
    assert settled(np.array([0.0, 1e-300])).tolist() == [0.0, 1e-300]


def test_later_trials_change_nothing_about_earlier_ones() -> None:
    """A claim may stop early: the first trials are settled alike in any longer sample."""
    differences = np.concatenate([(X + 0.1) - X, [5.0, 0.1]])
    scale = np.concatenate([X, [9.0, 1e6]])
    whole = settled(differences, scale)
    for n in (1, 2, 10, N + 1):
        assert settled(differences[:n], scale[:n]).tolist() == whole[:n].tolist()


def test_groups_are_settled_each_by_its_own_first() -> None:
    """Two groups about 0.3 and 1.3, in turn."""
    found = settled_groups(THIRDS + TURN, TURN)
    assert found.tolist() == [(THIRDS + TURN)[place % 2] for place in range(N)]
