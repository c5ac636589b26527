"""From outcomes to statements: one EmpiricalProofRecord per outcome, one CampaignRecord over all of them.

Every part of a statement is canonicalised once; ids, digests and the payload are put together from those bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import JSON, canonical_bytes, round12, sha256_hex
from pytest_ophamin.claims.document import claim_document
from pytest_ophamin.deciding.outcome import Outcome, Status, Verdict
from pytest_ophamin.deciding.protocol import Assessment, Finding, SearchAssessment
from pytest_ophamin.records.data import evidence_data
from pytest_ophamin.records.names import ATTESTED_PILLARS, CAMPAIGN_TYPE, PROOF_TYPE, STATEMENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ophamin.claims.model import ClaimId, Digest
    from pytest_ophamin.deciding.outcome import Campaign, Family
    from pytest_ophamin.records.context import RunContext
    from pytest_ophamin.substrate.files import FileDigest, ScenarioFiles
    from pytest_ophamin.substrate.subject import Subject

Part = dict[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltStatement:
    """One statement and the exact bytes that are signed."""

    id: Digest
    payload: bytes
    """RFC 8785 form of ``statement``."""
    statement: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """All statements of a campaign, the CampaignRecord first, and the observations that lie beside the bundle."""

    name: str
    """Campaign name: the bundle's folder must have it."""
    campaign: BuiltStatement
    proofs: tuple[BuiltStatement, ...]
    """Sorted by family and claim id."""
    proof_ids: Mapping[tuple[str, ClaimId], Digest]
    """``(family, claim id)`` -> proof id, for reports."""
    sidecars: Mapping[Digest, bytes] = field(default_factory=dict)

    @property
    def all(self) -> tuple[BuiltStatement, ...]:
        return (self.campaign, *self.proofs)


def build_statements(campaign: Campaign, outcomes: Sequence[Outcome], context: RunContext) -> Statements:
    """Build the statements of a campaign.

    Args:
        campaign: The corrected campaign; it must have a member for every outcome.
        outcomes: Every outcome, the undecided ones included. ``evidence`` must be None for a VOID that the observations
            themselves do not show (an exception in a trial, a lost worker): verification recomputes all others.
            Findings of the pillars in ``ATTESTED_PILLARS`` are kept apart, they never bear on a verdict.
        context: What the records say about the session.

    Returns:
        The statements, ready for ``write_bundle``.

    Raises:
        EvidenceError: Something has no canonical form (a lone surrogate in a node id).
        KeyError: ``campaign`` has no member for an outcome.
    """
    builder = _Builder(context, outcomes)
    ordered = sorted(outcomes, key=lambda outcome: (outcome.family, outcome.claim.id))
    proofs = {(outcome.family, outcome.claim.id): builder.proof(outcome) for outcome in ordered}
    ids = {place: built.id for place, built in proofs.items()}
    built = builder.campaign(campaign, {(outcome.family, outcome.claim.id): outcome for outcome in ordered}, ids)
    return Statements(
        name=context.name, campaign=built, proofs=tuple(proofs.values()), proof_ids=ids, sidecars=builder.sidecars
    )


class _Builder:
    """What all statements of one campaign share, computed once."""

    def __init__(self, context: RunContext, outcomes: Iterable[Outcome]) -> None:
        self._context = context
        self._subjects: list[JSON] = [_subject(subject) for subject in context.subjects]
        self._subject_bytes = canonical_bytes(self._subjects)
        self._provenance = {module: _provenance(files) for module, files in context.provenance.items()}
        # An amended claim has two outcomes; its siblings ran beside the exploratory one.
        registered_last = sorted(outcomes, key=lambda outcome: outcome.registration.status is not Status.REGISTERED)
        self._digests = {outcome.claim.id: outcome.digest for outcome in registered_last}
        self._base: Part = {
            "campaign": context.name,
            "base_commit": context.subjects[0].base_commit,
            "python": context.python,
            "platform": context.platform,
            "workers": context.workers,
            "start": context.start,
        }
        self.sidecars: dict[Digest, bytes] = {}

    def proof(self, outcome: Outcome) -> BuiltStatement:
        data, sidecars = evidence_data(outcome)
        self.sidecars.update(sidecars)
        data_bytes = canonical_bytes(data)
        proof: Part = {
            "subject": self._subjects,
            "claim": self._claim(outcome),
            "plan": {"trials": outcome.claim.trials, "key": outcome.key},
            "registration": {
                "status": outcome.registration.status.value,
                "lock_blob": outcome.registration.lock_blob,
            },
            "provenance": self._provenance.get(outcome.claim.test.split("::", 1)[0]),
            "data": sha256_hex(data_bytes),
            "methods": _methods(outcome),
            "verdict": outcome.verdict.value,
        }
        proof_bytes = canonical_bytes(proof)
        proof_id = _statement_id(PROOF_TYPE, proof_bytes)
        return self._statement(
            PROOF_TYPE, proof_id, (data, data_bytes), _derived(outcome, proof_id), (proof, proof_bytes), self._run(outcome, proof_id)
        )

    def campaign(
        self,
        campaign: Campaign,
        outcomes: Mapping[tuple[str, ClaimId], Outcome],
        ids: Mapping[tuple[str, ClaimId], Digest],
    ) -> BuiltStatement:
        lock = self._context.lock
        text = lock.text if lock is not None else None
        data: Part = {"lock": text, "anchors": []}
        data_bytes = canonical_bytes(data)
        proof: Part = {
            "subject": self._subjects,
            "families": [_family(family, outcomes, ids) for family in campaign.families],
            "green": campaign.green,
            "inconclusive": campaign.inconclusive,
            "out_of_scope": sorted(campaign.out_of_scope),
            "withdrawn": sorted(campaign.withdrawn),
            "lock": {
                "committed": lock is not None and lock.committed,
                "reason": lock.reason if lock is not None else "there is no ophamin.lock",
                "blob": lock.blob if lock is not None else None,
                "path": lock.path if lock is not None else None,
                "sha256": sha256_hex(text.encode()) if text is not None else None,
            },
            "data": sha256_hex(data_bytes),
        }
        proof_bytes = canonical_bytes(proof)
        campaign_id = _statement_id(CAMPAIGN_TYPE, proof_bytes)
        derived: Part = {
            "id": campaign_id,
            "families": [_adjusted(family, outcomes) for family in campaign.families],
        }
        run = self._campaign_run(campaign, outcomes, ids, campaign_id)
        return self._statement(CAMPAIGN_TYPE, campaign_id, (data, data_bytes), derived, (proof, proof_bytes), run)

    def _claim(self, outcome: Outcome) -> Part:
        claim, scenario = outcome.claim, outcome.claim.scenario
        return {
            "id": claim.id,
            "test": claim.test,
            "digest": outcome.digest,
            "document": claim_document(claim),
            "scenario": None
            if scenario is None
            else {"title": scenario.title, "tier": scenario.tier, "goal": scenario.goal},
            "siblings": [{"id": name, "digest": self._digests[name]} for name in sorted(outcome.siblings)],
        }

    def _run(self, outcome: Outcome, proof_id: Digest) -> Part:
        libraries = outcome.assessment.libraries if outcome.assessment is not None else {}
        return {
            **self._base,
            "registering_commit": self._registering_commit(outcome),
            "runs": self._runs_of(outcome, proof_id),
            "revisions": self._revisions_of(outcome.claim.id),
            "unused_trials": outcome.unused_trials,
            "duration": round12(outcome.duration),
            "libraries": dict(libraries),
        }

    def _campaign_run(
        self,
        campaign: Campaign,
        outcomes: Mapping[tuple[str, ClaimId], Outcome],
        ids: Mapping[tuple[str, ClaimId], Digest],
        campaign_id: Digest,
    ) -> Part:
        previous = self._context.previous
        libraries = dict(self._context.libraries)
        runs: dict[str, int] = dict(previous.runs) if previous is not None else {}
        for place, outcome in outcomes.items():
            libraries |= outcome.assessment.libraries if outcome.assessment is not None else {}
            if outcome.verdict is not Verdict.NOT_TESTED or outcome.claim.id not in runs:
                runs[outcome.claim.id] = self._runs_of(outcome, ids[place])
        is_same = previous is not None and previous.id == campaign_id
        return {
            **self._base,
            "duration": round12(self._context.duration),
            "libraries": libraries,
            "registering": {
                outcome.claim.id: self._registering_commit(outcome)
                for outcome in outcomes.values()
                if outcome.registration.status is Status.REGISTERED
            },
            "runs": runs,
            "revisions": {
                claim: self._revisions_of(claim) for claim in {o.claim.id for o in outcomes.values()} | {*campaign.withdrawn}
            },
            "history": {
                "count": 1 if previous is None else previous.count + (not is_same),
                "previous": None if previous is None else previous.payload,
            },
        }

    def _registering_commit(self, outcome: Outcome) -> str | None:
        history = self._context.history
        if history is None or outcome.registration.status is not Status.REGISTERED:
            return None
        return history.first.get((outcome.claim.id, outcome.digest))

    def _revisions_of(self, claim: ClaimId) -> int:
        return self._context.history.revisions.get(claim, 0) if self._context.history is not None else 0

    def _runs_of(self, outcome: Outcome, proof_id: Digest) -> int:
        """Count the looks at this claim; the same proof again, or no evidence at all, is not a new one."""
        previous = self._context.previous
        earlier = previous.runs.get(outcome.claim.id, 0) if previous is not None else 0
        is_same = previous is not None and previous.proofs.get(outcome.claim.id) == proof_id
        return earlier if is_same or outcome.verdict is Verdict.NOT_TESTED else earlier + 1

    def _statement(
        self,
        kind: str,
        record_id: Digest,
        data: tuple[Part, bytes],
        derived: Part,
        proof: tuple[Part, bytes],
        run: Part,
    ) -> BuiltStatement:
        statement: Part = {
            "_type": STATEMENT_TYPE,
            "subject": self._subjects,
            "predicateType": kind,
            "predicate": {"proof": proof[0], "data": data[0], "derived": derived, "run": run},
        }
        parts = (data[1], canonical_bytes(derived), proof[1], canonical_bytes(run))
        return BuiltStatement(
            id=record_id, statement=statement, payload=assemble_payload(kind, *parts, subject=self._subject_bytes)
        )


def assemble_payload(kind: str, data: bytes, derived: bytes, proof: bytes, run: bytes, *, subject: bytes) -> bytes:
    """Put the canonical parts of a statement together in their canonical order."""
    return b'{"_type":"%b","predicate":{"data":%b,"derived":%b,"proof":%b,"run":%b},"predicateType":"%b","subject":%b}' % (
        STATEMENT_TYPE.encode(),
        data,
        derived,
        proof,
        run,
        kind.encode(),
        subject,
    )


def _statement_id(kind: str, proof: bytes) -> Digest:
    """Return SHA-256(JCS({predicateType, proof})) from the canonical bytes of ``proof``."""
    return sha256_hex(b'{"predicateType":"%b","proof":%b}' % (kind.encode(), proof))


statement_id = _statement_id


def _subject(subject: Subject) -> Part:
    described: Part = {"name": subject.name, "digest": {subject.digest_kind: subject.digest}}
    return described if subject.binding is None else {**described, "annotations": {"binding": subject.binding}}


def _file(entry: FileDigest) -> Part:
    return {"path": entry.path, "sha256": entry.sha256}


def _provenance(files: ScenarioFiles) -> Part:
    return {"module": _file(files.module), "conftests": [_file(entry) for entry in files.conftests]}


def _methods(outcome: Outcome) -> Part:
    assessment = outcome.assessment
    return {
        "pillar": outcome.pillar,
        "deciding": assessment.method if assessment is not None else None,
        "diagnosing": [
            {"pillar": finding.pillar, "method": finding.method} for finding in recomputable(outcome.findings)
        ],
    }


def recomputable(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that the stored observations can show again."""
    return [finding for finding in findings if finding.pillar not in ATTESTED_PILLARS]


def _derived(outcome: Outcome, proof_id: Digest) -> Part:
    void = outcome.void
    return {
        "id": proof_id,
        "reason": outcome.registration.reason,
        "assessment": describe_assessment(outcome.assessment),
        "findings": [describe_finding(finding) for finding in recomputable(outcome.findings)],
        "attested": [describe_finding(f) for f in outcome.findings if f.pillar in ATTESTED_PILLARS],
        "void": None
        if void is None
        else {
            "reason": void.reason,
            "trial": void.trial,
            "seed": void.seed,
            "exception": void.exception,
            "place": void.place,
        },
        "conceded": outcome.conceded,
    }


def describe_assessment(assessment: Assessment | SearchAssessment | None) -> Part | None:
    """Return an assessment as it stands in a record: numbers with 12 significant digits."""
    if assessment is None:
        return None
    if isinstance(assessment, SearchAssessment):
        return {
            "kind": "search",
            "method": assessment.method,
            "outcome": assessment.outcome,
            "summary": assessment.summary,
        }
    return {
        "kind": "test",
        "method": assessment.method,
        "exact": assessment.exact,
        "conditions": assessment.conditions,
        "null_validate": assessment.null_validate,
        "null_refute": assessment.null_refute,
        "n": assessment.n,
        "estimate": _number(assessment.estimate),
        "lower": _number(assessment.lower),
        "upper": _number(assessment.upper),
        "p_validate": _number(assessment.p_validate),
        "p_refute": _number(assessment.p_refute),
        "effect": _number(assessment.effect),
        "spread": _number(assessment.spread),
        "needed": assessment.needed,
        "reason": assessment.reason,
    }


def describe_finding(finding: Finding) -> Part:
    """Return a finding as it stands in a record."""
    return {
        "pillar": finding.pillar,
        "method": finding.method,
        "status": finding.status,
        "message": finding.message,
        "numbers": {
            name: value if isinstance(value, int) else _number(value) for name, value in finding.numbers.items()
        },
    }


def _number(value: float | None) -> float | None:
    return None if value is None else round12(value)


def _family(
    family: Family, outcomes: Mapping[tuple[str, ClaimId], Outcome], ids: Mapping[tuple[str, ClaimId], Digest]
) -> Part:
    members: list[JSON] = []
    for member in family.members:
        outcome = outcomes[family.name, member.claim]
        members.append(
            {
                "claim": member.claim,
                "digest": outcome.digest,
                "status": outcome.registration.status.value,
                "raw": outcome.verdict.value,
                "corrected": member.verdict.value,
                "proof": ids[family.name, member.claim],
            }
        )
    return {
        "name": family.name,
        "correction": family.correction,
        "alpha": family.alpha,
        "m": family.m,
        "members": members,
    }


def _adjusted(family: Family, outcomes: Mapping[tuple[str, ClaimId], Outcome]) -> Part:
    members: list[JSON] = []
    for member in family.members:
        outcome = outcomes[family.name, member.claim]
        is_law = outcome.claim.is_law
        members.append(
            {
                "claim": member.claim,
                "p_validate": None if is_law else round12(outcome.p_validate),
                "p_refute": None if is_law else round12(outcome.p_refute),
                "adjusted_validate": None if is_law else round12(member.p_validate),
                "adjusted_refute": None if is_law else round12(member.p_refute),
                "conceded": member.conceded,
            }
        )
    return {"name": family.name, "members": members}
