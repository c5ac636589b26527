"""Step 11: findings, assessments and raw verdicts, computed again from the stored observations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ophamin.deciding.campaign import SHARED_SAMPLE_METHOD
from pytest_ophamin.deciding.decide import Decision, decide_claim
from pytest_ophamin.deciding.outcome import Outcome, Registration, Status, Verdict, Void
from pytest_ophamin.deciding.protocol import Assessment, Finding
from pytest_ophamin.deciding.protocol import SearchAssessment as Searched
from pytest_ophamin.deciding.registry import PillarError, PillarRegistry
from pytest_ophamin.records.describe import describe_assessment, describe_finding, describe_void
from pytest_ophamin.records.models_proof import SearchData, TestAssessment
from pytest_ophamin.records.verify.closeness import first_difference
from pytest_ophamin.records.verify.report import StepState
from pytest_ophamin.records.verify.state import Bundle, Notes, ProofState, StepFailed

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import Claim, ClaimId, Digest
    from pytest_ophamin.deciding.protocol import DecidingPillar, DiagnosingPillar
    from pytest_ophamin.records.models_proof import FindingPart
    from pytest_ophamin.trials.failure import Failure
    from pytest_ophamin.trials.sample import Sample, Search


class RecordRegistry(PillarRegistry):
    """The pillars that took part in one record: the diagnosing ones are the shipped and those the record names.

    A pillar that was loaded for another bundle of the call, or that the session did not have, must not add a finding.
    """

    def __init__(self, whole: PillarRegistry, named: frozenset[str], shipped: frozenset[str]) -> None:
        self._whole = whole
        self._diagnosing = tuple(p for p in whole.diagnosing if p.name in named or p.name in shipped)

    @property
    def diagnosing(self) -> tuple[DiagnosingPillar, ...]:
        return self._diagnosing

    def deciding_for(self, claim: Claim) -> DecidingPillar:
        return self._whole.deciding_for(claim)


class _Registries:
    """The registries of one bundle's records: most records name the same pillars."""

    def __init__(self, whole: PillarRegistry) -> None:
        self._whole = whole
        self._shipped = frozenset(pillar.name for pillar in whole.diagnosing if _is_shipped(pillar))
        self._found: dict[frozenset[str], RecordRegistry] = {}

    def of(self, named: frozenset[str]) -> RecordRegistry:
        """Return the registry of a record that names these diagnosing pillars."""
        if named not in self._found:
            self._found[named] = RecordRegistry(self._whole, named, self._shipped)
        return self._found[named]


def recompute_proofs(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 11: decide every claim again."""
    registries = _Registries(bundle.registry)
    members = {
        (family.name, member.claim): member
        for family in bundle.the_campaign.predicate.proof.families
        for member in family.members
    }
    lacking: list[str] = []
    for proof in bundle.proofs:
        stated = proof.statement.predicate.proof.verdict
        if members[proof.place].raw != stated:
            raise StepFailed(
                f"line {proof.record.line}: the proof of {proof.place[1]!a} says {stated}, "
                f"the campaign {members[proof.place].raw}"
            )
        problem = _recompute(bundle, proof, registries)
        if problem is not None:
            lacking.append(f"{proof.place[1]!a}: {problem}")
    if lacking:
        return StepState.INCOMPLETE, (f"{len(lacking)} proofs cannot be recomputed here, first {lacking[0]}",)
    return StepState.HOLDS, (f"{bundle.recomputed} recomputed, {bundle.attested} from attested searches",)


def _is_shipped(pillar: object) -> bool:
    return type(pillar).__module__.split(".", 1)[0] == "ophamin_pillars"


def _recompute(bundle: Bundle, proof: ProofState, registries: _Registries) -> str | None:
    """Recompute one proof; return why that is not possible here, or None."""
    part = proof.statement.predicate
    claim = proof.claim
    if claim is None:
        raise RuntimeError("step 9 has not run")
    if part.proof.verdict == Verdict.NOT_TESTED.value:
        _check_empty(proof)
        proof.outcome = _outcome(proof, claim, Decision(verdict=Verdict.NOT_TESTED))
        bundle.recomputed += 1
        return None
    problem = _lacking(bundle, proof, claim)
    if problem is not None or proof.evidence is None:
        bundle.not_recomputable += 1
        proof.outcome = _stated_outcome(proof, claim)
        return problem or "its observations are missing"
    decision = _decide(registries, proof, claim, proof.evidence)
    if isinstance(decision, str):
        bundle.not_recomputable += 1
        proof.outcome = _stated_outcome(proof, claim)
        return decision
    _compare(proof, decision)
    proof.outcome = _outcome(proof, claim, decision)
    if isinstance(part.data, SearchData):
        bundle.attested += 1
    else:
        bundle.recomputed += 1
    return None


def _lacking(bundle: Bundle, proof: ProofState, claim: Claim) -> str | None:
    """Return the pillar this record needs and this installation does not have."""
    methods = proof.statement.predicate.proof.methods
    if proof.statement.predicate.data.kind == "failure":
        return None
    known = bundle.registry.names
    named: list[str | None] = [methods.pillar, claim.pillar]
    named += [m.pillar for m in methods.diagnosing if m.method != SHARED_SAMPLE_METHOD]
    for name in named:
        if name is not None and name not in known:
            return f"pillar {name!a} is not installed here (name its entry point with --pillar)"
    return None


def _decide(
    registries: _Registries, proof: ProofState, claim: Claim, evidence: Sample | Search | Failure
) -> Decision | str:
    methods = proof.statement.predicate.proof.methods
    named = frozenset(method.pillar for method in methods.diagnosing)
    try:
        decision = decide_claim(claim, evidence, registries.of(named))
    except PillarError as error:
        return str(error)
    stated, computed = _methods(methods.deciding, methods.diagnosing), _decision_methods(decision)
    for pillar, method in computed.items():
        if _is_other_version(stated.get(pillar), method):
            return f"method {stated[pillar]!a} is not installed here, {method!a} is"
    return decision


def _methods(deciding: str | None, diagnosing: Any) -> dict[str, str | None]:  # noqa: ANN401
    return {"": deciding, **{each.pillar: each.method for each in diagnosing}}


def _decision_methods(decision: Decision) -> dict[str, str | None]:
    deciding = decision.assessment.method if decision.assessment is not None else None
    return {"": deciding, **{finding.pillar: finding.method for finding in decision.findings}}


def _is_other_version(stated: str | None, computed: str | None) -> bool:
    """A method the pillar does not have (any more) cannot be recomputed; its absence is a difference, not a lack."""
    return stated is not None and computed is not None and stated != computed


def _check_empty(proof: ProofState) -> None:
    derived, methods = proof.statement.predicate.derived, proof.statement.predicate.proof.methods
    if derived.assessment or derived.findings or derived.void or derived.conceded or methods.deciding or methods.pillar:
        raise StepFailed(f"line {proof.record.line}: a claim that was never tested has nothing to assess")


def _compare(proof: ProofState, decision: Decision) -> None:
    """Everything stated is what was computed just now."""
    part = proof.statement.predicate
    place = f"line {proof.record.line}: claim {part.proof.claim.id!a}"
    if decision.verdict.value != part.proof.verdict:
        raise StepFailed(
            f"{place} is {decision.verdict.value} on these observations, the record says {part.proof.verdict}"
        )
    computed = {
        "pillar": decision.pillar,
        "deciding": decision.assessment.method if decision.assessment is not None else None,
        "assessment": describe_assessment(decision.assessment),
        "findings": [describe_finding(finding) for finding in decision.findings],
        "void": describe_void(decision.void),
        "conceded": decision.conceded,
    }
    findings = [finding for finding in part.derived.findings if finding.method != SHARED_SAMPLE_METHOD]
    stated = {
        "pillar": part.proof.methods.pillar,
        "deciding": part.proof.methods.deciding,
        "assessment": part.derived.assessment.model_dump() if part.derived.assessment is not None else None,
        "findings": [finding.model_dump() for finding in findings],
        "void": part.derived.void.model_dump() if part.derived.void is not None else None,
        "conceded": part.derived.conceded,
    }
    difference = first_difference(stated, computed)
    if difference is not None:
        raise StepFailed(f"{place}: {difference}")
    _check_method_list(place, part.proof.methods.diagnosing, part.derived.findings)


def _check_method_list(place: str, methods: Any, findings: list[FindingPart]) -> None:  # noqa: ANN401
    if [(method.pillar, method.method) for method in methods] != [(f.pillar, f.method) for f in findings]:
        raise StepFailed(f"{place}: the diagnosing methods are not those of the findings")


def _outcome(proof: ProofState, claim: Claim, decision: Decision) -> Outcome:
    """Rebuild the outcome step 12 corrects."""
    part = proof.statement.predicate.proof
    siblings: list[ClaimId] = [sibling.id for sibling in part.claim.siblings]  # type: ignore[misc]
    digest: Digest = part.claim.digest  # type: ignore[assignment]
    return Outcome(
        claim=claim,
        digest=digest,
        registration=Registration(status=Status(part.registration.status), lock_blob=part.registration.lock_blob),
        verdict=decision.verdict,
        key=part.plan.key,
        pillar=decision.pillar,
        assessment=decision.assessment,
        findings=decision.findings,
        void=decision.void,
        conceded=decision.conceded,
        siblings=tuple(siblings),
    )


def _stated_outcome(proof: ProofState, claim: Claim) -> Outcome:
    """Take the record's word for what cannot be recomputed here: step 12 needs its p-values to go on at all."""
    part = proof.statement.predicate
    stated = part.derived.assessment
    assessment: Assessment | Searched | None = None
    if isinstance(stated, TestAssessment):
        numbers = stated.model_dump(exclude={"kind", "sequence"})
        assessment = Assessment(**numbers)  # the course of a sequence bears on nothing
    elif stated is not None:
        assessment = Searched(**stated.model_dump(exclude={"kind"}))
    findings = tuple(Finding(**f.model_dump()) for f in part.derived.findings if f.method != SHARED_SAMPLE_METHOD)
    return _outcome(
        proof,
        claim,
        Decision(
            verdict=Verdict(part.proof.verdict),
            pillar=part.proof.methods.pillar,
            assessment=assessment,
            findings=findings,
            void=Void(**part.derived.void.model_dump()) if part.derived.void is not None else None,
            conceded=part.derived.conceded,
        ),
    )
