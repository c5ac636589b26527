"""From outcomes to statements: one EmpiricalProofRecord per outcome, one CampaignRecord over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import round12, sha256_hex
from pytest_ophamin.claims.document import claim_document
from pytest_ophamin.claims.model import ClaimId, Digest
from pytest_ophamin.deciding.outcome import Outcome, Status, Verdict
from pytest_ophamin.records.assemble import Assembler, BuiltStatement, Encoded, Part, statement_id
from pytest_ophamin.records.data import evidence_data
from pytest_ophamin.records.describe import (
    describe_assessment,
    describe_finding,
    describe_methods,
    describe_provenance,
    describe_subject,
    describe_void,
    recomputable,
)
from pytest_ophamin.records.families import Place, describe_adjusted, describe_family
from pytest_ophamin.records.leaks import path_warnings
from pytest_ophamin.records.names import ATTESTED_PILLARS, CAMPAIGN_TYPE, HYPOTHESIS, PROOF_TYPE
from pytest_ophamin.trials.sample import Search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ophamin._canonical import JSON
    from pytest_ophamin.deciding.outcome import Campaign
    from pytest_ophamin.records.context import RunContext

NO_LOCK = "there is no ophamin.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """All statements of a campaign, and the observations that lie beside the bundle."""

    name: str
    """Campaign name: the bundle's folder must have it."""
    campaign: BuiltStatement
    proofs: tuple[BuiltStatement, ...]
    """Sorted by family and claim id."""
    proof_ids: Mapping[Place, Digest]
    """``(family, claim id)`` -> proof id, for reports."""
    sidecars: Mapping[Digest, bytes] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """What its author may not want to publish: absolute paths in parametrised ids and counterexamples."""

    @property
    def all(self) -> tuple[BuiltStatement, ...]:
        """The CampaignRecord, then the proofs: the order of the lines."""
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
        KeyError: An outcome has no place in ``campaign``.
    """
    ordered = sorted(outcomes, key=lambda outcome: (outcome.family, outcome.claim.id))
    builder = _Builder(context, ordered)
    proofs = {(outcome.family, outcome.claim.id): builder.proof(outcome) for outcome in ordered}
    ids = {place: built.id for place, built in proofs.items()}
    return Statements(
        name=context.name,
        campaign=builder.campaign(campaign, ids),
        proofs=tuple(proofs.values()),
        proof_ids=ids,
        sidecars=builder.sidecars,
        warnings=tuple(path_warnings(ordered)),
    )


class _Builder:
    """What all statements of one campaign share, computed once."""

    def __init__(self, context: RunContext, outcomes: Iterable[Outcome]) -> None:
        self._context = context
        self._outcomes: dict[Place, Outcome] = {(outcome.family, outcome.claim.id): outcome for outcome in outcomes}
        self._subjects: list[JSON] = [describe_subject(subject) for subject in context.subjects]
        self._assembler = Assembler.of(self._subjects)
        self._provenance = {module: describe_provenance(files) for module, files in context.provenance.items()}
        # An amended claim has two outcomes; its siblings ran beside the exploratory one, which therefore comes last.
        ran_last = sorted(self._outcomes.values(), key=lambda o: o.registration.status is not Status.REGISTERED)
        self._digests = {outcome.claim.id: outcome.digest for outcome in ran_last}
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
        data_part, sidecars = evidence_data(outcome)
        self.sidecars.update(sidecars)
        data = Encoded.of(data_part)
        registration = outcome.registration
        proof = Encoded.of(
            {
                "subject": self._subjects,
                "claim": self._claim(outcome),
                "plan": _plan(outcome),
                "registration": {"status": registration.status.value, "lock_blob": registration.lock_blob},
                "provenance": self._provenance.get(outcome.claim.test.split("::", 1)[0]),
                "data": data.digest,
                "methods": describe_methods(outcome),
                "verdict": outcome.verdict.value,
            }
        )
        run = self._run(outcome, statement_id(PROOF_TYPE, proof.content))
        return self._assembler.statement(PROOF_TYPE, proof=proof, data=data, derived=_derived(outcome), run=run)

    def campaign(self, campaign: Campaign, ids: Mapping[Place, Digest]) -> BuiltStatement:
        lock = self._context.lock
        text = lock.text if lock is not None else None
        data = Encoded.of({"lock": text, "anchors": []})
        proof = Encoded.of(
            {
                "subject": self._subjects,
                "families": [describe_family(family, self._outcomes, ids) for family in campaign.families],
                "green": campaign.green,
                "inconclusive": campaign.inconclusive,
                "out_of_scope": sorted(campaign.out_of_scope),
                "withdrawn": sorted(campaign.withdrawn),
                "lock": {
                    "committed": lock is not None and lock.committed,
                    "reason": lock.reason if lock is not None else NO_LOCK,
                    "blob": lock.blob if lock is not None else None,
                    "path": lock.path if lock is not None else None,
                    "sha256": sha256_hex(text.encode()) if text is not None else None,
                },
                "data": data.digest,
            }
        )
        derived: Part = {"families": [describe_adjusted(family, self._outcomes) for family in campaign.families]}
        run = self._campaign_run(campaign, ids, statement_id(CAMPAIGN_TYPE, proof.content))
        return self._assembler.statement(CAMPAIGN_TYPE, proof=proof, data=data, derived=derived, run=run)

    def _claim(self, outcome: Outcome) -> Part:
        claim, scenario = outcome.claim, outcome.claim.scenario
        described: Part | None = None
        if scenario is not None:
            described = {"title": scenario.title, "tier": scenario.tier, "goal": scenario.goal}
        return {
            "id": claim.id,
            "test": claim.test,
            "digest": outcome.digest,
            "document": claim_document(claim),
            "scenario": described,
            "siblings": [{"id": name, "digest": self._digests[name]} for name in sorted(outcome.siblings)],
        }

    def _run(self, outcome: Outcome, proof_id: Digest) -> Part:
        return {
            **self._base,
            "registering_commit": self._registering_commit(outcome),
            "runs": self._runs_of(outcome, proof_id),
            "revisions": self._revisions_of(outcome.claim.id),
            "unused_trials": outcome.unused_trials,
            "duration": round12(outcome.duration),
            "libraries": _libraries(outcome),
        }

    def _campaign_run(self, campaign: Campaign, ids: Mapping[Place, Digest], campaign_id: Digest) -> Part:
        previous = self._context.previous
        libraries = dict(self._context.libraries)
        # Claims that are not part of this campaign, withdrawn ones among them, keep their counts.
        runs: dict[str, int] = dict(previous.runs) if previous is not None else {}
        for place, outcome in self._outcomes.items():
            libraries |= _libraries(outcome)
            if outcome.verdict is not Verdict.NOT_TESTED or outcome.claim.id not in runs:
                runs[outcome.claim.id] = self._runs_of(outcome, ids[place])
        is_same = previous is not None and previous.id == campaign_id
        named = {outcome.claim.id for outcome in self._outcomes.values()} | {*campaign.withdrawn}
        return {
            **self._base,
            "duration": round12(self._context.duration),
            "libraries": libraries,
            "registering": {
                outcome.claim.id: self._registering_commit(outcome)
                for outcome in self._outcomes.values()
                if outcome.registration.status is Status.REGISTERED
            },
            "runs": runs,
            "revisions": {claim: self._revisions_of(claim) for claim in named},
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


def _plan(outcome: Outcome) -> Part:
    """Return trials and stream key, and for a claim that may stop early how many claims shared alpha."""
    claim = outcome.claim
    allocated = claim.allocated if claim.design.can_stop_early else None
    comparison = outcome.comparison
    return {
        "trials": claim.trials,
        "key": outcome.key,
        "allocated": allocated,
        "comparison": None if comparison is None else {**asdict(comparison), "sides": list(comparison.sides)},
    }


def _libraries(outcome: Outcome) -> dict[str, str]:
    """Return the versions of what produced and judged this evidence."""
    libraries = dict(outcome.assessment.libraries) if outcome.assessment is not None else {}
    if isinstance(outcome.evidence, Search) and outcome.evidence.hypothesis_version:
        # Not in ``data``: another release that finds the same has found the same.
        libraries[HYPOTHESIS] = outcome.evidence.hypothesis_version
    return libraries


def _derived(outcome: Outcome) -> Part:
    return {
        "reason": outcome.registration.reason,
        "assessment": describe_assessment(outcome.assessment),
        "findings": [describe_finding(finding) for finding in recomputable(outcome.findings)],
        "attested": [describe_finding(each) for each in outcome.findings if each.pillar in ATTESTED_PILLARS],
        "void": describe_void(outcome.void),
        "conceded": outcome.conceded,
    }
