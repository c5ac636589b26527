"""Error rates of whole campaigns: sessions of 20 claims, every one exactly on its boundary, corrected by Holm.

The full study (20,000 sessions): ``pytest tests/statistical/test_error_of_sessions.py -m study``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from error_rates import generator, most_allowed, plan_of, sample_of, shipped
from outcomes import REGISTERED

from ophamin_pillars.betting import BettingTests
from ophamin_pillars.proportion import ProportionTests
from ophamin_pillars.student import TTests, mean_and_sd
from pytest_ophamin.claims.model import Claim, ClaimId, Digest
from pytest_ophamin.deciding.campaign import decide_campaign
from pytest_ophamin.deciding.outcome import Outcome, Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.sides import OneSided, claim_sides
from pytest_ophamin.deciding.verdict import judge

SESSIONS = 1_000
STUDY_SESSIONS = 20_000
Tests = Callable[[np.random.Generator], OneSided]


@cache
def _counted(n: int, count: int) -> ProportionTests:
    return ProportionTests(n, count)


def _count(n: int, p: float, rng: np.random.Generator) -> OneSided:
    return _counted(n, int(rng.binomial(n, p)))


def _normal_mean(n: int, rng: np.random.Generator) -> OneSided:
    return TTests(n, *mean_and_sd(rng.normal(1.0, 3.0, n)))


def _bounded_mean(n: int, a: float, b: float, rng: np.random.Generator) -> OneSided:
    return BettingTests(rng.beta(a, b, n), (0.0, 1.0))


def _boundary_claims() -> list[tuple[Claim, Tests]]:
    """Return 20 claims without margin, each with a draw of its tests at the threshold."""
    claims: list[tuple[Claim, Tests]] = []
    for relation in ("at_least", "at_most"):
        counts = ((50, 0.5), (100, 0.9), (400, 0.95), (1000, 0.99))
        claims += [(plan_of("proportion", relation, p, n), partial(_count, n, p)) for n, p in counts]
        claims += [(plan_of("mean", relation, 1.0, n), partial(_normal_mean, n)) for n in (10, 30, 100)]
        for n, a, b in ((40, 0.5, 2.0), (200, 3.0, 1.0), (300, 0.2, 0.2)):
            plan = plan_of("mean", relation, a / (a + b), n, bounds=(0.0, 1.0))
            claims.append((plan, partial(_bounded_mean, n, a, b)))
    return [(replace(claim, id=ClaimId(f"c{i:02d}")), tests) for i, (claim, tests) in enumerate(claims)]


def _outcome(claim: Claim, tests: OneSided) -> Outcome:
    sides = claim_sides(claim)
    p_validate, p_refute = sides.p_validate(tests), sides.p_refute(tests)
    assessed = Assessment(
        method="measured/1",
        exact=True,
        null_validate="",
        null_refute="",
        n=claim.trials,
        estimate=None,
        lower=None,
        upper=None,
        p_validate=p_validate,
        p_refute=p_refute,
    )
    return Outcome(
        claim=claim,
        digest=Digest("0" * 64),
        registration=REGISTERED,
        verdict=judge(claim, p_validate, p_refute)[0],
        key="0" * 32,
        assessment=assessed,
    )


def _check(correction: str, sessions: int) -> None:
    claims = _boundary_claims()
    assert len(claims) == 20
    rng = generator(11, sessions)
    validated = refuted = either = 0
    for _ in range(sessions):
        outcomes = [_outcome(claim, tests(rng)) for claim, tests in claims]
        campaign = decide_campaign("s", outcomes, {"campaign": (correction, 0.05)})
        verdicts = {member.verdict for member in campaign.families[0].members}
        validated += Verdict.VALIDATED in verdicts
        refuted += Verdict.REFUTED in verdicts
        either += bool(verdicts & {Verdict.VALIDATED, Verdict.REFUTED})
    assert validated <= most_allowed(sessions, 0.05)
    assert refuted <= most_allowed(sessions, 0.05)
    assert either <= most_allowed(sessions, 0.10)


@pytest.mark.parametrize("correction", ["holm", "hochberg", "by"])
def test_a_session_of_boundary_claims_errs_within_alpha(correction: str) -> None:
    """A false VALIDATED in at most alpha of sessions, a false REFUTED in at most alpha, either in at most 2 alpha."""
    _check(correction, SESSIONS)


@pytest.mark.study
def test_study_a_session_of_boundary_claims_errs_within_alpha() -> None:
    """The same with 20,000 sessions under Holm."""
    _check("holm", STUDY_SESSIONS)


def test_without_correction_the_same_sessions_err_far_more_often() -> None:
    """The measurement has teeth: uncorrected, 20 boundary claims give a false VALIDATED in a third of sessions."""
    claims = _boundary_claims()
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
    measured = _outcome(claim, ProportionTests(100, 93)).assessment
    assert isinstance(measured, Assessment)
    assert (assessed.p_validate, assessed.p_refute) == (measured.p_validate, measured.p_refute)
