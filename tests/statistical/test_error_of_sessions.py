"""Error rates of whole campaigns: sessions of 20 claims, every one exactly on its boundary, corrected together.

The full study, 20,000 sessions: ``python tests/statistical/study.py sessions``.
"""

from __future__ import annotations

import numpy as np
from error_rates import generator, most_allowed, plan_of, sample_of, shipped
from error_study.of_sessions import LEVELS, boundary_claims, outcome_of, sessions_with_errors

from ophamin_pillars.proportion import ProportionTests
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.sides import claim_sides
from pytest_ophamin.deciding.verdict import judge

SESSIONS = 1_000


def test_a_session_of_boundary_claims_errs_within_alpha() -> None:
    """A false VALIDATED in at most alpha of sessions, a false REFUTED in at most alpha, either in at most 2 alpha."""
    assert len(boundary_claims()) == 20
    for correction, found in sessions_with_errors(10**6, SESSIONS, ("holm", "hochberg", "by")).items():
        over = [kind for kind, level in LEVELS.items() if found[kind] > most_allowed(SESSIONS, level)]
        assert over == [], correction


def test_without_correction_the_same_sessions_err_far_more_often() -> None:
    """The measurement has teeth: uncorrected, 20 boundary claims give a false VALIDATED in a third of sessions."""
    claims = boundary_claims()
    rng = generator(12)
    wrong = sum(
        any(judge(c, claim_sides(c).p_validate(t(rng)), 1.0)[0] is Verdict.VALIDATED for c, t in claims)
        for _ in range(300)
    )
    assert wrong > 100


def test_the_measured_p_values_are_those_of_decided_claims() -> None:
    """A proportion decided through its pillar has the p-values the sessions are made of."""
    claim = plan_of("proportion", "at_least", 0.9, 100)
    assessed = shipped().deciding_for(claim).decide(claim, sample_of(np.arange(100) < 93))
    assert isinstance(assessed, Assessment)
    measured = outcome_of(claim, ProportionTests(100, 93)).assessment
    assert isinstance(measured, Assessment)
    assert (assessed.p_validate, assessed.p_refute) == (measured.p_validate, measured.p_refute)
