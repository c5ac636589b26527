"""Where a claim stands against the committed lock: registered, amended or unregistered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_ophamin.claims.differences import document_differences
from pytest_ophamin.claims.document import claim_document

if TYPE_CHECKING:
    from pytest_ophamin.claims.lock import Lock, LockEntry
    from pytest_ophamin.claims.model import Claim, Digest
    from pytest_ophamin.substrate.standing import LockStanding


class Status(StrEnum):
    """Standing of a claim against the committed lock."""

    REGISTERED = "registered"
    AMENDED = "amended"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the lock says about a claim."""

    status: Status
    reason: str | None = None
    """Why it is not registered: ``"ophamin.lock is modified"``, ``"threshold: 0.9 -> 0.8"``."""
    lock_blob: str | None = None
    """Git blob id of the committed lock file, when the claim is registered or amended."""
    looked_up: bool = True
    """False in a plain session, which asks neither git nor the lock: nothing is known, so nothing is said."""


def registration_of(
    claim: Claim, digest: Digest, lock: Lock | None, standing: LockStanding, correction: str
) -> Registration:
    """Compare a claim with its entry in the lock.

    Args:
        claim: The claim as collected, with its trials resolved.
        digest: Its digest.
        lock: The lock read from the committed file; None when there is none.
        standing: What git says about the file: only a committed, unmodified lock fixes a plan.
        correction: The correction this run applies to the claim's family.
    """
    if lock is None or not standing.committed:
        return Registration(status=Status.UNREGISTERED, reason=standing.reason or "there is no ophamin.lock")
    entry = lock.find(claim.id)
    if entry is None:
        return Registration(status=Status.UNREGISTERED, reason="not in ophamin.lock")
    if entry.withdrawn:
        return Registration(status=Status.UNREGISTERED, reason="withdrawn in ophamin.lock")
    differences = _differences(claim, digest, entry, lock, correction)
    if differences:
        return Registration(status=Status.AMENDED, reason="; ".join(differences), lock_blob=standing.blob)
    return Registration(status=Status.REGISTERED, lock_blob=standing.blob)


def _differences(claim: Claim, digest: Digest, entry: LockEntry, lock: Lock, correction: str) -> list[str]:
    differences: list[str] = []
    if digest != entry.digest:
        # An equal document with another digest would be a digest of another version: say so rather than nothing.
        differences += document_differences(entry.document, claim_document(claim)) or ("digest differs",)
    family = lock.family(entry.document["family"])
    if family is not None and family.correction != correction and not claim.is_law:
        differences.append(f"correction: {family.correction} -> {correction}")
    return differences
