"""Step 9, second half: what several records say about one thing agrees, and no seed was chosen.

None of this needs the lock: siblings name each other, draws follow from the claims, and the session was one session.
"""

from __future__ import annotations

from collections import defaultdict

from pytest_ophamin.claims.model import ClaimGroup, Digest
from pytest_ophamin.errors import OphaminError
from pytest_ophamin.records.models_base import GitCommit
from pytest_ophamin.records.verify.state import Bundle, ProofState, StepFailed
from pytest_ophamin.trials.streams import stream_key

_OF_THE_SESSION = ("base_commit", "start", "python", "platform", "workers")


def check_samples(bundle: Bundle) -> None:
    """Claims that share a sample name each other, and every stream key follows from the claims it serves.

    Raises:
        StepFailed: A sibling is not in the bundle, or another key was used: another choice of seed.
    """
    tests: dict[tuple[str, str], str] = {}
    for proof in bundle.proofs:
        part = proof.statement.predicate.proof.claim
        tests[part.id, part.digest] = part.test
    for proof in bundle.proofs:
        _check_siblings(proof, tests)
        _check_stream(proof)


def _check_siblings(proof: ProofState, tests: dict[tuple[str, str], str]) -> None:
    part = proof.statement.predicate.proof.claim
    names = [sibling.id for sibling in part.siblings]
    if names != sorted(set(names)) or part.id in names:
        raise StepFailed(f"line {proof.record.line}: the siblings of {part.id!a} are not a sorted list of others")
    for sibling in part.siblings:
        if tests.get((sibling.id, sibling.digest)) != part.test:
            raise StepFailed(f"line {proof.record.line}: {sibling.id!a} is no claim on the same test as {part.id!a}")


def _check_stream(proof: ProofState) -> None:
    part, claim = proof.statement.predicate, proof.claim
    if part.data.kind == "none" or claim is None:
        return
    siblings = part.proof.claim.siblings
    digests = (Digest(part.proof.claim.digest), *(Digest(sibling.digest) for sibling in siblings))
    group = ClaimGroup(test=claim.test, claims=(claim,) * len(digests), digests=digests)
    substrate = next(iter(part.proof.subject[0].digest.model_dump().values()))
    try:
        key = stream_key(group, substrate).hex()
    except OphaminError as error:
        raise StepFailed(f"line {proof.record.line}: {error}") from error
    if key != part.proof.plan.key:
        raise StepFailed(f"line {proof.record.line}: the stream key of {claim.id!a} does not follow from its claims")


def check_runs(bundle: Bundle) -> None:
    """What campaign and proofs both say about the session and about a claim's past agrees.

    Raises:
        StepFailed: It does not.
    """
    run = bundle.the_campaign.predicate.run
    substrate = bundle.the_campaign.subject[0].digest
    if isinstance(substrate, GitCommit) and run.base_commit != substrate.gitCommit:
        raise StepFailed("the substrate's commit is not the base commit of the run")
    looks: dict[str, int] = defaultdict(int)
    for proof in bundle.proofs:
        part = proof.statement.predicate
        claim, place = part.proof.claim.id, f"line {proof.record.line}"
        for name in _OF_THE_SESSION:
            if getattr(part.run, name) != getattr(run, name):
                raise StepFailed(f"{place}: {name} of the run is not the campaign's")
        if part.run.revisions != run.revisions.get(claim):
            raise StepFailed(f"{place}: the revisions of {claim!a} are not the campaign's")
        is_registered = part.proof.registration.status == "registered"
        if part.run.registering_commit != (run.registering.get(claim, "missing") if is_registered else None):
            raise StepFailed(f"{place}: the registering commit of {claim!a} is not the campaign's")
        looks[claim] = max(looks[claim], part.run.runs)
    for claim, count in looks.items():
        if run.runs.get(claim) != count:
            raise StepFailed(f"the run count of {claim!a} is not that of its proofs")
