"""Alpha allocated before the run: a claim that may stop early stops at the level it needs after correction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_ophamin.claims.document import claim_digest
from pytest_ophamin.claims.metrics import LAW
from pytest_ophamin.claims.model import Claim

if TYPE_CHECKING:
    from pytest_ophamin.claims.catalogue import CatalogueEntry
    from pytest_ophamin.claims.lock import Lock

UNCORRECTED = "none"


def allocate(claims: Mapping[int, Claim], lock: Lock | None, correction: str) -> dict[int, Claim]:
    """Return ``claims``, each that may stop early with the number of claims its family's alpha is shared among.

    Args:
        claims: All collected claims, by any key.
        lock: The lock as it lies in the work tree. A claim that stands in it shares with all the family's entries; any
            other is exploratory and shares with the family's other exploratory claims.
        correction: The session's: under ``"none"`` nothing is shared.
    """
    if not any(claim.design.can_stop_early for claim in claims.values()):
        return dict(claims)
    registered = {} if lock is None else {entry.id: entry.digest for entry in lock.entries if not entry.withdrawn}
    in_lock = {key for key, claim in claims.items() if registered.get(claim.id) == claim_digest(claim)}
    others = [claim for key, claim in claims.items() if key not in in_lock and not claim.is_law]
    exploratory = Counter(claim.family for claim in others) if correction != UNCORRECTED else Counter()
    confirmatory = family_sizes(lock)
    return {
        key: replace(claim, allocated=max(1, (confirmatory if key in in_lock else exploratory)[claim.family]))
        if claim.design.can_stop_early
        else claim
        for key, claim in claims.items()
    }


def allocate_entries(
    entries: Mapping[str, CatalogueEntry], lock: Lock | None, correction: str
) -> dict[str, CatalogueEntry]:
    """Return ``entries``, by any key, with alpha allocated among their claims alone; see :func:`allocate`."""
    claims = {id(claim): claim for entry in entries.values() for claim in entry.group.claims}
    shared = allocate(claims, lock, correction)
    return {
        key: replace(entry, group=replace(entry.group, claims=tuple(shared[id(claim)] for claim in entry.group.claims)))
        for key, entry in entries.items()
    }


def family_sizes(lock: Lock | None) -> Counter[str]:
    """Return, per family, the number of registered claims its alpha is shared among; 1 where nothing is corrected."""
    if lock is None:
        return Counter()
    entries = [entry for entry in lock.entries if not entry.withdrawn and entry.document["metric"] != LAW]
    sizes = Counter(str(entry.document["family"]) for entry in entries)
    uncorrected = {family.name for family in lock.families if family.correction == UNCORRECTED}
    return Counter({family: 1 if family in uncorrected else size for family, size in sizes.items()})
