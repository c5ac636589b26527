"""Whole campaigns: sessions of 20 claims, every one exactly on its boundary, corrected together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import numpy as np
from error_rates import generator, plan_of
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

Tests = Callable[[np.random.Generator], OneSided]
CORRECTIONS = ("holm", "hochberg", "hommel", "bh", "by", "none")
LEVELS = {"validated": 0.05, "refuted": 0.05, "either": 0.1}
"""Of sessions with a false verdict of that kind, by any correction but ``none``; all nulls are true here, so a false
share is 1 or 0, and ``bh`` and ``by`` are held to the same."""


@cache
def _counted(n: int, count: int) -> ProportionTests:
    return ProportionTests(n, count)


def _count(n: int, p: float, rng: np.random.Generator) -> OneSided:
    return _counted(n, int(rng.binomial(n, p)))


def _normal_mean(n: int, rng: np.random.Generator) -> OneSided:
    return TTests(n, *mean_and_sd(rng.normal(1.0, 3.0, n)))


def _bounded_mean(n: int, a: float, b: float, rng: np.random.Generator) -> OneSided:
    return BettingTests(rng.beta(a, b, n), (0.0, 1.0))


@cache
def boundary_claims() -> tuple[tuple[Claim, Tests], ...]:
    """Return 20 claims without margin, each with a draw of its tests at the threshold."""
    claims: list[tuple[Claim, Tests]] = []
    for relation in ("at_least", "at_most"):
        counts = ((50, 0.5), (100, 0.9), (400, 0.95), (1000, 0.99))
        claims += [(plan_of("proportion", relation, p, n), partial(_count, n, p)) for n, p in counts]
        claims += [(plan_of("mean", relation, 1.0, n), partial(_normal_mean, n)) for n in (10, 30, 100)]
        for n, a, b in ((40, 0.5, 2.0), (200, 3.0, 1.0), (300, 0.2, 0.2)):
            plan = plan_of("mean", relation, a / (a + b), n, bounds=(0.0, 1.0))
            claims.append((plan, partial(_bounded_mean, n, a, b)))
    return tuple((replace(claim, id=ClaimId(f"c{i:02d}")), tests) for i, (claim, tests) in enumerate(claims))


def outcome_of(claim: Claim, tests: OneSided) -> Outcome:
    """Return the outcome of a claim whose tests are these."""
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


def sessions_with_errors(
    part: int, sessions: int, corrections: tuple[str, ...] = CORRECTIONS
) -> dict[str, dict[str, int]]:
    """Return, by correction, in how many sessions of a part some claim is falsely VALIDATED, REFUTED, or either."""
    rng = generator(11, part)
    counts = {correction: dict.fromkeys(LEVELS, 0) for correction in corrections}
    for _ in range(sessions):
        outcomes = [outcome_of(claim, tests(rng)) for claim, tests in boundary_claims()]
        for correction, found in counts.items():
            campaign = decide_campaign("s", outcomes, {"campaign": (correction, 0.05)})
            verdicts = {member.verdict for member in campaign.families[0].members}
            found["validated"] += Verdict.VALIDATED in verdicts
            found["refuted"] += Verdict.REFUTED in verdicts
            found["either"] += bool(verdicts & {Verdict.VALIDATED, Verdict.REFUTED})
    return counts
