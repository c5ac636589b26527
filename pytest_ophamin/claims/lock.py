"""``ophamin.lock``: the whole plan of every claim, fixed before the data and committed.

TOML, one table per claim, sorted by id, with the claim's digest beside its plan; families hold correction and alpha.
Reading checks everything the file says about itself, so that a plan edited by hand is an error and not a claim.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from pytest_ophamin.claims.differences import document_differences
from pytest_ophamin.claims.document import CONSTANTS, claim_digest, claim_document, claim_from_document
from pytest_ophamin.claims.metrics import LAW
from pytest_ophamin.claims.model import Claim, ClaimId, Digest
from pytest_ophamin.errors import EvidenceError, LockError, UsageError

LOCK_NAME = "ophamin.lock"
VERSION = 1

_HEADER = """\
# The plan of every claim, fixed before the data. Written by `pytest --ophamin-register`; commit it, do not edit it.
"""
_REGISTER = "Take the file from git again, or delete it and run pytest --ophamin-register."
_OPTIONAL = ("threshold", "auto", "expecting", "expecting_sd", "unit", "bounds", "of", "population", "pillar", "law")
_OPTIONAL_OF_LAW = ("deadline_ms",)
_ENTRY_MEMBERS = {"id", "test", "digest", "withdrawn", "plan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEntry:
    """One claim's registered plan."""

    id: ClaimId
    test: str
    digest: Digest
    document: dict[str, Any]
    """What :func:`claim_document` returned."""
    withdrawn: bool = False
    """The claim is gone from the tests; it keeps its place and its history, outside every family's m."""

    @property
    def claim(self) -> Claim:
        """The claim as registered."""
        return claim_from_document(self.id, self.test, self.document)

    @property
    def module(self) -> str:
        """Rootdir-relative path of the test's module."""
        return self.test.split("::", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFamily:
    """How the claims of one family are corrected together."""

    name: str
    correction: str
    alpha: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """All registered claims and families, sorted by id and name."""

    entries: tuple[LockEntry, ...] = ()
    families: tuple[LockFamily, ...] = ()
    _by_id: dict[str, LockEntry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {entry.id: entry for entry in self.entries})

    def find(self, claim_id: str) -> LockEntry | None:
        """Return the entry with this id, withdrawn or not."""
        return self._by_id.get(claim_id)

    def family(self, name: str) -> LockFamily | None:
        return next((family for family in self.families if family.name == name), None)

    @property
    def active(self) -> tuple[LockEntry, ...]:
        """The entries that are not withdrawn: the planned members of their families."""
        return tuple(entry for entry in self.entries if not entry.withdrawn)

    @property
    def modules(self) -> tuple[str, ...]:
        """Rootdir-relative paths of all modules that hold, or held, a registered claim."""
        return tuple(sorted({entry.module for entry in self.entries}))


def lock_text(lock: Lock) -> str:
    """Return the file's text: the same lock gives the same bytes."""
    import tomli_w  # only registering writes

    families = {
        family.name: {"correction": family.correction, "alpha": family.alpha}
        for family in sorted(lock.families, key=lambda each: each.name)
    }
    entries = [_entry_table(entry) for entry in sorted(lock.entries, key=lambda each: each.id)]
    table = {"version": VERSION, "every_claim": CONSTANTS, "family": families, "claim": entries}
    return _HEADER + tomli_w.dumps(table)


def read_lock(text: str, *, name: str = LOCK_NAME) -> Lock:
    """Read the file's text.

    Raises:
        LockError: It is not TOML, not a lock of this version, or an entry's plan is not the one its digest stands for.
    """
    return _LockReader(text, name).read()


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
    for entry, problem in _contradictions(lock):
        message = f"{entry.id}: {problem}. Register the whole suite, with one alpha per family and one spelling per id"
        raise UsageError(message)


def _contradictions(lock: Lock) -> Iterable[tuple[LockEntry, str]]:
    """Yield every entry that does not go with the rest of its lock, with the reason."""
    seen: dict[str, LockEntry] = {}
    for entry in lock.entries:
        other = seen.setdefault(unicodedata.normalize("NFC", entry.id), entry)
        if other is not entry:
            yield entry, f"its id is that of another entry, {other.id!r}"
        if entry.withdrawn:
            continue
        family = lock.family(entry.document["family"])
        if family is None:
            yield entry, f"its family {entry.document['family']!r} is not among the families"
        elif entry.document["metric"] != LAW and entry.document["alpha"] != family.alpha:
            yield entry, f"its alpha is {entry.document['alpha']:g}, and that of its family {family.alpha:g}"


def _entry_table(entry: LockEntry) -> dict[str, Any]:
    table: dict[str, Any] = {"id": entry.id, "test": entry.test, "digest": entry.digest}
    if entry.withdrawn:
        table["withdrawn"] = True
    return {**table, "plan": _without_none(entry.document)}


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    """TOML has no null: what a claim does not say is left out, and put back by :func:`_with_none`.

    What is the same for every claim stands once, at the top of the file.
    """
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in table.items()
        if value is not None and name not in CONSTANTS and not (name == "data" and not value)
    }


def _with_none(plan: dict[str, Any], constants: dict[str, Any]) -> dict[str, Any]:
    document = {**dict.fromkeys(_OPTIONAL), "data": [], **constants, **plan}
    if isinstance(document["law"], dict):
        document["law"] = {**dict.fromkeys(_OPTIONAL_OF_LAW), **document["law"]}
    return document


class _LockReader:
    """Reads one lock file, and says where it is wrong."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._constants: dict[str, Any] = {}

    def read(self) -> Lock:
        table = self._parse()
        self._check_members(table, {"version", "every_claim", "family", "claim"}, self._name)
        version = table.get("version")
        if type(version) is not int or version != VERSION:
            self._fail(self._name, f"version = {VERSION}", f"{version!r}", "Update pytest-ophamin, or register again.")
        self._constants = table.get("every_claim", {})
        if self._constants != CONSTANTS:
            place = f"{self._name}, every_claim"
            self._fail(place, repr(CONSTANTS), repr(self._constants), "Update pytest-ophamin, or register again.")
        families, claims = table.get("family", {}), table.get("claim", [])
        if not isinstance(families, dict) or not isinstance(claims, list):
            self._fail(self._name, "tables [family.NAME] and [[claim]]", "something else", _REGISTER)
        lock = Lock(
            entries=tuple(self._entry(number, entry) for number, entry in enumerate(claims, 1)),
            families=tuple(self._family(name, families[name]) for name in sorted(families)),
        )
        for entry, problem in _contradictions(lock):
            self._fail(self._place(entry.id), "entries that go together", problem, _REGISTER)
        return replace(lock, entries=tuple(sorted(lock.entries, key=lambda entry: entry.id)))

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            message = str(error)
            where = re.search(r"\(at (.*)\)$", message)
            place = f"{self._name}, {where.group(1)}" if where else self._name
            came = message[: where.start()].strip() if where else message
            raise LockError(place=place, expected="TOML", came=came, fix=_REGISTER) from error

    def _family(self, name: str, table: object) -> LockFamily:
        place = f"{self._name}, family {name!r}"
        if not isinstance(table, dict):
            self._fail(place, "a table", repr(table), _REGISTER)
        self._check_members(table, {"correction", "alpha"}, place)
        correction, alpha = table.get("correction"), table.get("alpha")
        if not isinstance(correction, str) or isinstance(alpha, bool) or not isinstance(alpha, (int, float)):
            self._fail(place, "correction and alpha", f"{correction!r} and {alpha!r}", _REGISTER)
        return LockFamily(name=name, correction=correction, alpha=float(alpha))

    def _entry(self, number: int, table: object) -> LockEntry:
        if not isinstance(table, dict) or not isinstance(table.get("id"), str):
            self._fail(f"{self._name}, claim number {number}", "a table with an id", repr(table)[:80], _REGISTER)
        claim_id = table["id"]
        self._check_members(table, _ENTRY_MEMBERS, claim_id=claim_id)
        test, digest, plan = table.get("test"), table.get("digest"), table.get("plan")
        withdrawn = table.get("withdrawn", False)
        if not (isinstance(test, str) and isinstance(digest, str) and isinstance(plan, dict)):
            self._fail(self._place(claim_id), "a test, a digest and a plan", "an entry without one of them", _REGISTER)
        if not isinstance(withdrawn, bool):
            self._fail(self._place(claim_id), "withdrawn = true or false", repr(withdrawn), _REGISTER)
        claim = self._claim(ClaimId(claim_id), test, plan)
        actual = claim_digest(claim)
        if actual != digest:
            came = f"a plan with the digest {actual}: plan or digest was edited by hand"
            self._fail(self._place(claim_id), f"the plan with the digest {digest}", came, _REGISTER)
        return LockEntry(id=claim.id, test=test, digest=actual, document=claim_document(claim), withdrawn=withdrawn)

    def _claim(self, claim_id: ClaimId, test: str, plan: dict[str, Any]) -> Claim:
        try:
            return claim_from_document(claim_id, test, _with_none(plan, self._constants))
        except EvidenceError as error:
            place, expected = self._place(claim_id), "the plan of a claim"
            raise LockError(place=place, expected=expected, came=str(error), fix=_REGISTER) from error

    def _check_members(
        self, table: dict[str, Any], allowed: set[str], place: str = "", *, claim_id: str | None = None
    ) -> None:
        unknown = sorted(set(table) - allowed)
        if unknown:
            place = place if claim_id is None else self._place(claim_id)
            self._fail(place, f"only {', '.join(sorted(allowed))}", ", ".join(map(repr, unknown)), _REGISTER)

    def _place(self, claim_id: str) -> str:
        """Return the file's name with the line the entry's id stands in."""
        for number, line in enumerate(self._text.split("\n"), 1):
            if line.startswith("id = ") and claim_id in line:
                return f"{self._name}, line {number}, claim {claim_id!r}"
        return f"{self._name}, claim {claim_id!r}"

    def _fail(self, place: str, expected: str, came: str, fix: str) -> NoReturn:
        raise LockError(place=place, expected=expected, came=came, fix=fix)
