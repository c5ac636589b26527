"""The null control of a gate: where the candidate differs from itself nothing is decided."""

from __future__ import annotations

import math

import numpy as np
import pytest
from error_rates import generator, shipped
from gate_samples import PILLAR, decided, gate, pairs

from ophamin_pillars.gates.control import control_p, differs, sign_test
from ophamin_pillars.gates.looks import SPENDING
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.testing import claim_of, pairs_of


def test_a_candidate_that_differs_from_itself_decides_nothing() -> None:
    """INCONCLUSIVE with the reason, however plain the slowdown looks; estimate and spread stay."""
    rng = generator(75, 1)
    claim, sample = gate(), pairs(rng.normal(0.2, 0.02, 30), rng.normal(0.05, 0.02, 30))
    assert PILLAR.stop(claim, sample) is None
    found = PILLAR.decide(claim, sample)
    assert found.reason is not None
    assert found.reason.startswith("the machine is too noisy: the candidate differs from itself (p = ")
    assert (found.p_validate, found.p_refute, found.needed) == (1.0, 1.0, None)
    assert found.estimate == pytest.approx(math.exp(0.2), rel=0.02)
    assert found.spread == pytest.approx(0.02, rel=0.4)
    assert decide_claim(claim, sample, shipped()).verdict is Verdict.INCONCLUSIVE


def test_the_level_of_the_control_is_shared_by_the_session() -> None:
    """A p-value between .01 / 20 and .01: too noisy for a claim alone, not for one of twenty."""
    rng = generator(75, 3)
    control = rng.normal(0.0, 0.02, 30)
    control += 0.011 - control.mean()
    sample = pairs(rng.normal(0.0, 0.02, 30), control)
    assert 0.01 / 20 < control_p(gate(), sample) < 0.01
    assert differs(gate(), sample)
    assert not differs(gate(m=20), sample)


def test_a_look_at_which_the_control_differs_does_not_count() -> None:
    """The machine calmed down: a later look decides, and its p-value pays for all looks before it."""
    rng = generator(75, 4)
    control = np.concatenate([0.2 + rng.normal(0.0, 0.005, 6), rng.normal(0.0, 0.2, 24)])
    claim, logs = gate(), math.log(1.2) + rng.normal(0.0, 0.01, 30)
    assert PILLAR.stop(claim, pairs(logs)) == 6
    found = decided(claim, pairs(logs, control))
    assert 6 < found.n < 30
    assert found.p_refute > SPENDING(6 / 30, 0.05)
    assert found.p_refute <= 0.05


def test_the_control_of_memory_is_a_sign_test() -> None:
    """Equal peaks say nothing; ten of ten above is 2 of 1,024."""
    assert sign_test(np.zeros(12)) == 1.0
    assert sign_test(np.array([0.1] * 10 + [0.0] * 7)) == 2 / 1024
    assert sign_test(np.array([0.1, -0.1, 0.2])) == 1.0
    claim = claim_of("memory_ratio", at_most=1.05, trials=12)
    moved = pairs_of(np.ones(12), np.ones(12), control=np.full(12, 1.5))
    assert PILLAR.decide(claim, moved).reason is not None
