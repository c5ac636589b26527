"""The digest covers all that could change a decision, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from claimed import LAW, declared, law_claim

from pytest_ophamin._canonical import canonical_bytes
from pytest_ophamin.claims.design import Check, Design
from pytest_ophamin.claims.differences import document_differences
from pytest_ophamin.claims.document import claim_digest, claim_document, claim_from_document
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import AutoTrials, Claim, ClaimId, DataSet, Digest, Scenario
from pytest_ophamin.errors import EvidenceError

DATA = DataSet(name="spam.json", sha256=Digest("a" * 64), size=3)
OUTSIDE_THE_DIGEST: dict[str, Any] = {
    "id": ClaimId("other"),
    "test": "other.py::test",
    "scenario": Scenario(title="Mail"),
    "allocated": 20,
}
INSIDE_THE_DIGEST: dict[str, Any] = {
    "statement": "other",
    "metric": "mean",
    "relation": Relation.AT_MOST,
    "threshold": 0.8,
    "margin": 0.01,
    "alpha": 0.01,
    "power": 0.8,
    "trials": 999,
    "auto": AutoTrials(m=3),
    "expecting": 0.95,
    "expecting_sd": 1.0,
    "unit": "ms",
    "bounds": (0.0, 1.0),
    "of": "latency",
    "errors": "against",
    "population": "this file",
    "seed_policy": "integer:7",
    "family": "other",
    "gate": "safety",
    "pillar": "betting",
    "data": (DATA,),
    "law": LAW,
    "design": Design(sequential=True),
    "versus": "lib:old",
}


def changed(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return ``document`` with other members; ``...`` takes one away."""
    return {name: value for name, value in {**document, **members}.items() if value is not ...}


def test_every_field_of_a_claim_is_inside_or_outside_the_digest() -> None:
    """A field added to Claim must be put on one side on purpose."""
    assert {field.name for field in dataclasses.fields(Claim)} == INSIDE_THE_DIGEST.keys() | OUTSIDE_THE_DIGEST.keys()


@pytest.mark.parametrize("name", INSIDE_THE_DIGEST)
def test_whatever_could_change_the_decision_changes_the_digest(name: str) -> None:
    """Each decision-relevant field has its part in the digest."""
    claim = declared()
    assert claim_digest(dataclasses.replace(claim, **{name: INSIDE_THE_DIGEST[name]})) != claim_digest(claim)


@pytest.mark.parametrize("name", OUTSIDE_THE_DIGEST)
def test_renaming_changes_no_digest(name: str) -> None:
    """Id, test and scenario are names: a renamed test is the same plan."""
    claim = declared()
    assert claim_digest(dataclasses.replace(claim, **{name: OUTSIDE_THE_DIGEST[name]})) == claim_digest(claim)


@pytest.mark.parametrize("member", ["max_examples", "phases", "strategy", "deadline_ms", "database"])
def test_how_a_law_is_searched_is_in_its_digest(member: str) -> None:
    """A shallower search is another plan."""
    other = {"max_examples": 5, "phases": (), "strategy": "b=text()", "deadline_ms": 5.0, "database": "declared"}
    claim = law_claim()
    law = dataclasses.replace(LAW, **{member: other[member]})  # type: ignore[arg-type]
    assert claim_digest(dataclasses.replace(claim, law=law)) != claim_digest(claim)


def test_the_digest_of_a_plain_claim_never_changes() -> None:
    """A lock written today is valid tomorrow: this digest is a constant of the format ophamin-claim/1."""
    claim = declared(statement="s", at_least=0.9, trials=10)
    assert claim_digest(claim) == "810cc42cfba73089498fcc0b18b09ef513c43194366145b01b0f2ca2b2bdf1e1"


@pytest.mark.parametrize(
    "claim",
    [
        declared(),
        declared(within=(0.1 + 0.2, 0.5), data=[DATA]),
        declared(metric="mean", at_most=5, bounds=(1e-9, 7), unit="ms", of="k", expecting=4, expecting_sd=1e300),
        declared(trials="auto", expecting=0.95, errors="against", population="this file", seed="commit", pillar="x"),
        law_claim(),
    ],
    ids=lambda claim: claim.metric,
)
def test_a_claim_comes_back_from_its_document(claim: Claim) -> None:
    """Document, JSON text and back: the same claim, of the same digest."""
    document = json.loads(json.dumps(claim_document(claim)))
    again = claim_from_document(claim.id, claim.test, document)
    assert again == claim
    assert claim_digest(again) == claim_digest(claim)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"trials": ...}, "claim.trials: expected a member of this name, came none"),
        ({"extra": 1}, "claim: unknown members 'extra'"),
        ({"trials": True}, "claim.trials: expected an integer not below 0, came True"),
        ({"trials": 1.5}, "claim.trials: expected an integer"),
        ({"trials": -1}, "claim.trials: expected an integer"),
        ({"statement": 3}, "claim.statement: expected a string, came 3"),
        ({"threshold": "0.9"}, "claim.threshold: expected a finite number, came '0.9'"),
        ({"threshold": True}, "claim.threshold: expected a finite number"),
        ({"threshold": [0.1]}, "claim.threshold: expected [lo, hi], came [0.1]"),
        ({"alpha": float("nan")}, "claim.alpha: expected a finite number, came nan"),
        ({"relation": "above"}, "claim.relation: expected one of at_least, at_most, within, holds"),
        ({"errors": "ignore"}, "claim.errors: expected void or against"),
        ({"sides": "one"}, "claim.sides: expected 'both', came 'one'"),
        ({"format": "ophamin-claim/2"}, "claim.format: expected 'ophamin-claim/1'"),
        ({"auto": 3}, "claim.auto: expected an object, came int"),
        ({"auto": {"m": 1, "n": 2}}, "claim.auto: unknown members 'n'"),
        ({"data": {}}, "claim.data: expected an array"),
        ({"data": [{"name": "a", "sha256": "A" * 64, "size": 1}]}, "claim.data[0].sha256: expected 64 hexadecimal"),
        ({"law": {"phases": [1]}}, "claim.law.phases: expected strings"),
    ],
)
def test_a_malformed_document_is_refused_by_name(members: dict[str, Any], message: str) -> None:
    """The error names the member, what was expected and what came."""
    with pytest.raises(EvidenceError) as caught:
        claim_from_document(ClaimId("a"), "t", changed(claim_document(declared()), **members))
    assert str(caught.value).startswith(message)


def test_a_document_is_an_object() -> None:
    """Anything else than a JSON object is refused."""
    with pytest.raises(EvidenceError, match="claim: expected an object, came list"):
        claim_from_document(ClaimId("a"), "t", [])  # type: ignore[arg-type]


def test_differences_are_told_in_words() -> None:
    """Two plans of one claim are compared member by member."""
    old, new = declared(data=[DATA]), declared(at_least=0.8, trials=10, unit="ms", statement="x" * 100)
    lines = document_differences(claim_document(old), claim_document(new))
    assert "threshold: 0.9 -> 0.8" in lines
    assert "trials: 1000 -> 10" in lines
    assert 'unit: none -> "ms"' in lines
    assert all(len(line) < 160 for line in lines)
    assert document_differences(claim_document(old), claim_document(old)) == ()


def test_differences_of_data_sets_name_them() -> None:
    """A data set may be added, removed, changed, or counted otherwise."""

    def document(*data: DataSet) -> dict[str, Any]:
        return claim_document(dataclasses.replace(declared(), data=data))

    other = dataclasses.replace(DATA, sha256=Digest("b" * 64))
    assert document_differences(document(), document(DATA)) == ("data spam.json: added",)
    assert document_differences(document(DATA), document()) == ("data spam.json: removed",)
    assert document_differences(document(DATA), document(other)) == ("data spam.json: its content changed",)
    resized = dataclasses.replace(DATA, size=4)
    assert document_differences(document(DATA), document(resized)) == ("data: changed",)


def test_differences_of_laws_name_the_setting() -> None:
    """A law's search settings are compared one by one."""
    law = dataclasses.replace(law_claim(), law=dataclasses.replace(LAW, max_examples=5))
    lines = document_differences(claim_document(law_claim()), claim_document(law))
    assert lines == ("law max_examples: 100 -> 5",)


DESIGNS = [
    Design(sequential=True),
    Design(looks=(10, 20, 40)),
    Design(arms=("old", "new"), cluster="user", strata="tier"),
    Design(factors=("cache", "threads")),
    Design(block=5),
    Design(resampled=1 / 9),
    Design(checks=(Check(pillar="O.spc", options=(("rules", (1.0, 2.0)), ("subgroup", 5), ("two_sided", True))),)),
]


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name or "checks")
def test_a_design_survives_its_document(design: Design) -> None:
    """Every arrangement of trials is in the digest, and comes back as it was."""
    claim = dataclasses.replace(declared(), design=design)
    document = json.loads(canonical_bytes(claim_document(claim)))
    assert claim_from_document(claim.id, claim.test, document) == claim
    assert claim_digest(claim) != claim_digest(declared())


def test_the_plain_design_has_no_member_of_its_own() -> None:
    """Claims that were registered before there were designs keep their digests."""
    document = claim_document(declared())
    assert "design" not in document
    assert (document["unit_of_replication"], document["stopping"]) == ("trial", "fixed")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("arms", ["old"]),
        ("arms", ["old", 1]),
        ("cluster", 3),
        ("looks", [0]),
        ("looks", 5),
        ("sequential", 1),
        ("resampled", "x"),
        ("checks", [{"pillar": "O.spc"}]),
        ("checks", [{"pillar": 1, "options": {}}]),
        ("checks", [{"pillar": "O.spc", "options": {"a": [None]}}]),
    ],
)
def test_a_broken_design_is_refused(member: str, value: Any) -> None:
    """A record's design is read as strictly as the rest of its claim."""
    document = claim_document(dataclasses.replace(declared(), design=Design(sequential=True)))
    document["design"] = {**document["design"], member: value}
    with pytest.raises(EvidenceError, match=f"design.{member}"):
        claim_from_document(ClaimId("t"), "t", document)


def test_a_design_that_contradicts_its_unit_is_refused() -> None:
    """The unit of replication and the stopping rule are told twice, in words and as data; both must agree."""
    document = claim_document(dataclasses.replace(declared(), design=Design(cluster="user")))
    for member in ("unit_of_replication", "stopping"):
        with pytest.raises(EvidenceError, match=member):
            claim_from_document(ClaimId("t"), "t", {**document, member: "other"})
    own = {"arms", "cluster", "strata", "block", "resampled"}
    plain = {name: None if name in own else value for name, value in document["design"].items()}
    with pytest.raises(EvidenceError, match="plain design"):
        claim_from_document(ClaimId("t"), "t", {**document, "design": plain, "unit_of_replication": "trial"})
