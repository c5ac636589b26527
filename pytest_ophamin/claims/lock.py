"""``ophamin.lock``: the whole plan of every claim, fixed before the data and committed.

TOML, one table per claim, sorted by id, with the claim's digest beside its plan; families hold correction and alpha.
Reading checks everything the file says about itself, so that a plan edited by hand is an error and not a claim.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pytest_ophamin.claims.differences import document_differences
from pytest_ophamin.claims.document import USUAL, claim_digest, claim_document
from pytest_ophamin.claims.lock_model import LOCK_NAME, VERSION, Lock, LockEntry, LockFamily, contradictions
from pytest_ophamin.claims.lock_reading import read_lock
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.errors import UsageError

__all__ = ["LOCK_NAME", "Lock", "LockEntry", "LockFamily", "lock_text", "read_lock", "update_lock"]

_HEADER = """\
# The plan of every claim, fixed before the data. Written by `pytest --ophamin-register`; commit it, do not edit it.
"""


def lock_text(lock: Lock) -> str:
    """Return the file's text: the same lock gives the same bytes."""
    import tomli_w  # only registering writes

    families = {
        family.name: {"correction": family.correction, "alpha": family.alpha}
        for family in sorted(lock.families, key=lambda each: each.name)
    }
    entries = [_entry_table(entry) for entry in sorted(lock.entries, key=lambda each: each.id)]
    table = {"version": VERSION, "every_claim": USUAL, "family": families, "claim": entries}
    return _HEADER + tomli_w.dumps(table)


def update_lock(
    old: Lock | None,
    claims: Iterable[Claim],
    families: Iterable[LockFamily],
    collected_whole_modules: Collection[str],
    existing_modules: Collection[str],
) -> tuple[Lock, list[str]]:
    """Return the lock after registering ``claims``, and what changed, in words.

    Nothing is deleted: an entry whose claim has vanished becomes withdrawn, and only when its module is gone or was
    collected whole; an entry of a module that was collected in part, or not at all, stays as it is.

    Args:
        old: The lock so far.
        claims: All claims collected, before any deselection.
        families: Correction and alpha of the families these claims are in.
        collected_whole_modules: Rootdir-relative paths of modules all of whose tests were collected.
        existing_modules: Those of ``old.modules`` that still exist.

    Raises:
        UsageError: The new claims contradict entries that were not collected now.
    """
    old = old or Lock()
    collected = {claim.id: claim for claim in claims}
    levels = {claim.family: claim.alpha for claim in collected.values() if not claim.is_law}
    changes: list[str] = []
    entries = [
        _kept_entry(entry, collected_whole_modules, existing_modules, changes)
        for entry in old.entries
        if entry.id not in collected
    ]
    entries += [_registered_entry(claim, old.find(claim.id), changes) for claim in collected.values()]
    lock = Lock(
        entries=tuple(sorted(entries, key=lambda entry: entry.id)),
        families=_merged_families(old, families, levels, changes),
    )
    _check_consistent(lock)
    return lock, sorted(changes)


def _registered_entry(claim: Claim, before: LockEntry | None, changes: list[str]) -> LockEntry:
    entry = LockEntry(id=claim.id, test=claim.test, digest=claim_digest(claim), document=claim_document(claim))
    if before is None:
        changes.append(f"registered {claim.id}")
        return entry
    if before.withdrawn:
        changes.append(f"registered again {claim.id}")
    if before.digest != entry.digest:
        changes.append(f"revised {claim.id}: {'; '.join(document_differences(before.document, entry.document))}")
    if before.test != entry.test:
        changes.append(f"moved {claim.id}: {before.test} -> {entry.test}")
    return entry


def _kept_entry(
    entry: LockEntry, collected_whole: Collection[str], existing: Collection[str], changes: list[str]
) -> LockEntry:
    if entry.withdrawn or (entry.module in existing and entry.module not in collected_whole):
        return entry
    why = "its test is gone" if entry.module in existing else "its module is gone"
    changes.append(f"withdrawn {entry.id}: {why}")
    return replace(entry, withdrawn=True)


def _merged_families(
    old: Lock, new: Iterable[LockFamily], levels: Mapping[str, float], changes: list[str]
) -> tuple[LockFamily, ...]:
    """Return the old families with the new ones over them; alpha is that of the family's own claims."""
    merged = {family.name: family for family in old.families}
    for given in new:
        before = merged.get(given.name)
        # Laws have no level: a family of which only laws were collected keeps the alpha it has.
        level = levels.get(given.name, given.alpha if before is None else before.alpha)
        family = replace(given, alpha=level)
        if before is None:
            changes.append(f"family {family.name}: correction {family.correction}, alpha {family.alpha:g}")
        elif before != family:
            changes.append(f"family {family.name}: {'; '.join(_family_differences(before, family))}")
        merged[family.name] = family
    return tuple(merged[name] for name in sorted(merged))


def _family_differences(before: LockFamily, after: LockFamily) -> list[str]:
    pairs = (
        ("correction", before.correction, after.correction),
        ("alpha", f"{before.alpha:g}", f"{after.alpha:g}"),
    )
    return [f"{what}: {was} -> {now}" for what, was, now in pairs if was != now]


def _check_consistent(lock: Lock) -> None:
    """Refuse what reading the lock again would refuse, while it can still be said what to do."""
    for entry, problem in contradictions(lock):
        message = f"{entry.id}: {problem}. Register the whole suite, with one alpha per family and one spelling per id"
        raise UsageError(message)


def _entry_table(entry: LockEntry) -> dict[str, Any]:
    table: dict[str, Any] = {"id": entry.id, "test": entry.test, "digest": entry.digest}
    if entry.withdrawn:
        table["withdrawn"] = True
    said = {name: value for name, value in entry.document.items() if value != USUAL.get(name) and value != []}
    return {**table, "plan": _without_none(said)}


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    """TOML has no null: what a claim does not say is left out, and put back on reading."""
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in table.items()
        if value is not None
    }
