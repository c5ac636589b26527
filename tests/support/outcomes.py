"""Outcomes to render: claims, assessments and campaigns as values, with only what a test is about spelt out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, ClaimId, Digest, LawPlan
from pytest_ophamin.deciding.outcome import Campaign, Corrected, Family, Outcome, Registration, Status, Verdict
from pytest_ophamin.deciding.protocol import Assessment, SearchAssessment
from pytest_ophamin.trials.sample import Search

REGISTERED = Registration(status=Status.REGISTERED)
NO_LOCK = Registration(status=Status.UNREGISTERED, reason="there is no ophamin.lock")


def claim_of(test: str = "test_spam.py::test_recall", **changes: Any) -> Claim:
    """Return a claim about spam recall, with ``changes``."""
    fields: dict[str, Any] = {
        "id": ClaimId(test),
        "test": test,
        "statement": "catches at least 90 % of spam",
        "metric": "proportion",
        "relation": Relation.AT_LEAST,
        "threshold": 0.9,
        "trials": 1000,
    }
    return Claim(**{**fields, **changes})


def law_of(test: str = "test_merge.py::test_commutes", **changes: Any) -> Claim:
    """Return a law claim about merging, with ``changes``."""
    law = LawPlan(max_examples=100, phases=("generate",), strategy="text()", deadline_ms=None, database="none")
    fields: dict[str, Any] = {
        "statement": "merging is commutative",
        "metric": "law",
        "relation": Relation.HOLDS,
        "threshold": None,
        "trials": 0,
        "law": law,
    }
    return claim_of(test, **{**fields, **changes})


def assessment_of(**changes: Any) -> Assessment:
    """Return an assessment that validates :func:`claim_of`, with ``changes``."""
    fields: dict[str, Any] = {
        "method": "clopper-pearson/1",
        "exact": True,
        "null_validate": "proportion <= 0.9",
        "null_refute": "proportion >= 0.9",
        "n": 1000,
        "estimate": 0.942,
        "lower": 0.928135,
        "upper": 0.954062,
        "p_validate": 2.1e-05,
        "p_refute": 1.0,
    }
    return Assessment(**{**fields, **changes})


def search_of(**changes: Any) -> Search:
    """Return a search that found nothing, with ``changes``."""
    fields: dict[str, Any] = {
        "valid_examples": 100,
        "max_examples": 100,
        "exhausted": False,
        "seed": 1,
        "strategy": "text()",
        "database": "none",
    }
    return Search(**{**fields, **changes})


CORROBORATED = SearchAssessment(
    method="law/1", outcome="corroborated", summary="no counterexample in 100 valid examples"
)


def outcome_of(claim: Claim, verdict: Verdict, **changes: Any) -> Outcome:
    """Return what became of ``claim``: registered, without assessment unless one is given."""
    fields: dict[str, Any] = {"digest": Digest("0" * 64), "registration": REGISTERED, "key": "0" * 32}
    return Outcome(claim=claim, verdict=verdict, **{**fields, **changes})


def corrected_of(outcome: Outcome, verdict: Verdict | None = None, *, factor: float = 1.0) -> Corrected:
    """Return the outcome's place in a campaign that multiplies its p-values by ``factor``."""
    return Corrected(
        claim=outcome.claim.id,
        p_validate=min(1.0, outcome.p_validate * factor),
        p_refute=min(1.0, outcome.p_refute * factor),
        verdict=outcome.verdict if verdict is None else verdict,
    )


def family_of(name: str, members: Sequence[Corrected], m: int) -> Family:
    """Return a family corrected by Holm at 0.05."""
    return Family(name=name, correction="holm", alpha=0.05, m=m, members=tuple(members))


def campaign_of(*families: Family, **changes: Any) -> Campaign:
    """Return a green campaign of ``families``, with ``changes``."""
    fields: dict[str, Any] = {"name": "campaign", "green": True}
    return Campaign(families=families, **{**fields, **changes})
