"""Step 9: the claims are the ones their digests name, and their standing against the lock is derived again."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import digest_of, sha256_hex
from pytest_ophamin.claims.allocation import UNCORRECTED, family_sizes
from pytest_ophamin.claims.document import claim_from_document
from pytest_ophamin.claims.lock import read_lock
from pytest_ophamin.claims.model import ClaimId
from pytest_ophamin.claims.registration import registration_of
from pytest_ophamin.deciding.campaign import EXPLORATORY_SUFFIX
from pytest_ophamin.errors import OphaminError
from pytest_ophamin.records.verify.agreement import check_runs, check_samples
from pytest_ophamin.records.verify.comparison import check_comparison
from pytest_ophamin.records.verify.report import StepState
from pytest_ophamin.records.verify.repository import check_repository
from pytest_ophamin.records.verify.state import Bundle, Notes, ProofState, StepFailed
from pytest_ophamin.substrate.standing import LockStanding

if TYPE_CHECKING:
    from pytest_ophamin.claims.lock import Lock
    from pytest_ophamin.claims.model import Claim, Digest
    from pytest_ophamin.records.models_campaign import FamilyPart, Member


def check_registration(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 9: claim digests, the embedded lock, every status, completeness against the lock, and ``--repo``."""
    members = {(family.name, m.claim): (family, m) for family in _families(bundle) for m in family.members}
    for proof in bundle.proofs:
        _check_claim(proof, *members[proof.place])
    bundle.lock = _check_lock(bundle)
    for proof in bundle.proofs:
        _check_status(bundle, proof, members[proof.place][0])
    _check_allocated(bundle)
    _check_completeness(bundle)
    _check_withdrawn(bundle)
    check_samples(bundle)
    check_runs(bundle)
    return StepState.HOLDS, check_repository(bundle)


def _families(bundle: Bundle) -> list[FamilyPart]:
    return bundle.the_campaign.predicate.proof.families


def _check_claim(proof: ProofState, family: FamilyPart, member: Member) -> None:
    """The document is what the digest says, and the campaign speaks of the same claim."""
    place = f"line {proof.record.line}"
    part = proof.statement.predicate.proof
    if digest_of(part.claim.document) != part.claim.digest:
        raise StepFailed(f"{place}: the claim's digest is not that of its document")
    try:
        claim = claim_from_document(ClaimId(part.claim.id), part.claim.test, part.claim.document)
    except OphaminError as error:
        raise StepFailed(f"{place}: {error}") from error
    if member.digest != part.claim.digest:
        raise StepFailed(f"{place}: the campaign lists claim {claim.id!a} with another digest")
    if member.status != part.registration.status:
        raise StepFailed(
            f"{place}: claim {claim.id!a} is {part.registration.status}, the campaign says {member.status}"
        )
    if part.plan.trials != claim.trials:
        raise StepFailed(f"{place}: the plan says {part.plan.trials} trials, the claim {claim.trials}")
    if (part.plan.allocated is None) == claim.design.can_stop_early:
        raise StepFailed(f"{place}: only a claim that may stop early says how many claims alpha was allocated among")
    measured = proof.statement.predicate.data.kind == "sample"
    check_comparison(claim, part.plan.comparison, measured=measured, place=place)
    claim = replace(claim, allocated=part.plan.allocated or 1)
    expected = claim.family if member.status == "registered" else claim.family + EXPLORATORY_SUFFIX
    if family.name != expected:
        raise StepFailed(f"{place}: claim {claim.id!a} belongs to family {expected!a}, it is listed in {family.name!a}")
    proof.claim = claim


def _check_lock(bundle: Bundle) -> Lock | None:
    """The embedded text, its hash and its git blob id agree."""
    part, text = bundle.the_campaign.predicate.proof.lock, bundle.the_campaign.predicate.data.lock
    if (
        bundle.campaign_record is not None
        and bundle.campaign_record.data_digest != bundle.the_campaign.predicate.proof.data
    ):
        raise StepFailed("the campaign's data (the lock's text) does not have the digest its proof states")
    if (None if text is None else sha256_hex(text.encode())) != part.sha256:
        raise StepFailed("the embedded lock does not have the sha256 the campaign states")
    if part.committed != (part.blob is not None and part.reason is None) or (
        part.committed and (text is None or part.path is None)
    ):
        raise StepFailed("the lock's standing contradicts itself")
    if text is None:
        return None
    if part.blob is not None and git_blob_id(text.encode(), len(part.blob)) != part.blob:
        raise StepFailed(f"the embedded lock is not git blob {part.blob}")
    try:
        return read_lock(text)
    except OphaminError as error:
        if part.committed:
            raise StepFailed(f"the embedded lock cannot be read: {error}") from error
        return None  # a broken working file is one more reason for "unregistered"


def git_blob_id(content: bytes, length: int) -> str:
    """Return the id git gives a file of this content, in a repository whose ids have ``length`` digits."""
    algorithm = hashlib.sha256 if length == hashlib.sha256().digest_size * 2 else hashlib.sha1
    return algorithm(b"blob %d\0%b" % (len(content), content)).hexdigest()


def _check_status(bundle: Bundle, proof: ProofState, family: FamilyPart) -> None:
    """Derive the status again from the lock, as the session did."""
    part = proof.statement.predicate
    claim = _claim_of(proof)
    lock_part = bundle.the_campaign.predicate.proof.lock
    standing = LockStanding(committed=lock_part.committed, reason=lock_part.reason, blob=lock_part.blob)
    derived = registration_of(
        claim, _digest(part.proof.claim.digest), bundle.lock, standing, _correction(bundle, proof, family)
    )
    stated = part.proof.registration
    if derived.status.value != stated.status:
        raise StepFailed(
            f"line {proof.record.line}: claim {claim.id!a} is {derived.status.value} against the embedded lock, "
            f"the proof says {stated.status}"
        )
    if derived.lock_blob != stated.lock_blob or derived.reason != part.derived.reason:
        raise StepFailed(f"line {proof.record.line}: lock blob or reason of {claim.id!a} is not the one derived")


def _check_allocated(bundle: Bundle) -> None:
    """A claim that may stop early did so at the level that was allocated before the run.

    A claim of the lock shares alpha with the lock's family, even while the lock is not committed; any other with the
    exploratory claims beside it, unless nothing is corrected there.
    """
    planned = {entry.id: entry.digest for entry in bundle.lock.active} if bundle.lock is not None else {}
    others = [p for p in bundle.proofs if planned.get(_claim_of(p).id) != p.statement.predicate.proof.claim.digest]
    corrected = {family.name for family in _families(bundle) if family.correction != UNCORRECTED}
    exploratory = Counter(p.family for p in others if p.family in corrected and not _claim_of(p).is_law)
    confirmatory = family_sizes(bundle.lock)
    strangers = {id(proof) for proof in others}
    for proof in bundle.proofs:
        claim = _claim_of(proof)
        size = exploratory[proof.family] if id(proof) in strangers else confirmatory[claim.family]
        if claim.design.can_stop_early and claim.allocated != max(1, size):
            raise StepFailed(
                f"line {proof.record.line}: claim {claim.id!a} shares alpha with {claim.allocated} claims, "
                f"{max(1, size)} were planned in its family"
            )


def _correction(bundle: Bundle, proof: ProofState, family: FamilyPart) -> str:
    """Return the correction to derive a status with.

    A registered claim is measured with the lock's own correction: whether the family really used it is step 12.
    """
    if proof.statement.predicate.proof.registration.status == "registered" and bundle.lock is not None:
        return next((f.correction for f in bundle.lock.families if f.name == family.name), family.correction)
    return family.correction


def _check_completeness(bundle: Bundle) -> None:
    """Every claim of the lock is a member, withdrawn, or of a family that was out of scope as a whole."""
    proof = bundle.the_campaign.predicate.proof
    lock = bundle.lock
    if lock is None or not proof.lock.committed:
        if proof.out_of_scope:
            raise StepFailed("families are called out of scope though no lock is in force")
        return
    names = {family.name for family in proof.families}
    collected = {name.removesuffix(EXPLORATORY_SUFFIX) for name in names}
    members = {(family.name, member.claim, member.digest) for family in proof.families for member in family.members}
    out_of_scope = set()
    for entry in lock.entries:
        if entry.withdrawn:
            continue
        family = str(entry.document["family"])
        if family not in collected:
            out_of_scope.add(family)
        elif (family, entry.id, entry.digest) not in members:
            raise StepFailed(f"claim {entry.id!a} is in the lock and not in the campaign")
    if out_of_scope != set(proof.out_of_scope):
        raise StepFailed(f"out of scope should be {sorted(out_of_scope)}, the campaign says {proof.out_of_scope}")


def _check_withdrawn(bundle: Bundle) -> None:
    withdrawn = sorted(entry.id for entry in bundle.lock.entries if entry.withdrawn) if bundle.lock is not None else []
    if withdrawn != sorted(bundle.the_campaign.predicate.proof.withdrawn):
        raise StepFailed("the withdrawn claims are not those of the lock")


def _claim_of(proof: ProofState) -> Claim:
    if proof.claim is None:
        raise RuntimeError("the claim is rebuilt first")
    return proof.claim


def _digest(text: str) -> Digest:
    return text  # type: ignore[return-value]


__all__ = ["check_registration", "git_blob_id"]
