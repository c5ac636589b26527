"""Reading ``ophamin.lock``: everything the file says about itself is checked, and told by its place."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from typing import Any, NoReturn

from pytest_ophamin.claims.document import USUAL, claim_digest, claim_document, claim_from_document
from pytest_ophamin.claims.lock_model import LOCK_NAME, VERSION, Lock, LockEntry, LockFamily, contradictions
from pytest_ophamin.claims.model import Claim, ClaimId
from pytest_ophamin.errors import EvidenceError, LockError

_MEND = "Take the file from git again, or delete it and run pytest --ophamin-register."
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
_MEND_CONFLICT = "Keep the entries of both sides, or take one side and run pytest --ophamin-register."
_OPTIONAL = ("threshold", "auto", "expecting", "expecting_sd", "unit", "bounds", "of", "population", "pillar", "law")
_OPTIONAL_OF_LAW = ("deadline_ms",)
_OPTIONAL_OF_DESIGN = ("arms", "cluster", "strata", "block", "resampled")
_ENTRY_MEMBERS = {"id", "test", "digest", "withdrawn", "plan"}


def read_lock(text: str, *, name: str = LOCK_NAME) -> Lock:
    """Read the file's text.

    Raises:
        LockError: It is not TOML, not a lock of this version, or an entry's plan is not the one its digest stands for.
    """
    return _LockReader(text, name).read()


def _with_none(plan: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """Put back what the file leaves out: absent members, and what plans usually say."""
    document = {**dict.fromkeys(_OPTIONAL), "data": [], **usual, **plan}
    if isinstance(document["law"], dict):
        document["law"] = {**dict.fromkeys(_OPTIONAL_OF_LAW), **document["law"]}
    if isinstance(document.get("design"), dict):
        document["design"] = {**dict.fromkeys(_OPTIONAL_OF_DESIGN), **document["design"]}
    return document


class _LockReader:
    """Reads one lock file, and says where it is wrong."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._usual: dict[str, Any] = {}

    def read(self) -> Lock:
        table = self._parse()
        self._check_members(table, {"version", "every_claim", "family", "claim"}, self._name)
        version = table.get("version")
        if type(version) is not int or version != VERSION:
            self._fail(self._name, f"version = {VERSION}", f"{version!r}", "Update pytest-ophamin, or register again.")
        self._usual = table.get("every_claim", {})
        if self._usual != USUAL:
            place = f"{self._name}, every_claim"
            self._fail(place, repr(USUAL), repr(self._usual), "Update pytest-ophamin, or register again.")
        families, claims = table.get("family", {}), table.get("claim", [])
        if not isinstance(families, dict) or not isinstance(claims, list):
            self._fail(self._name, "tables [family.NAME] and [[claim]]", "something else", _MEND)
        lock = Lock(
            entries=tuple(self._entry(number, entry) for number, entry in enumerate(claims, 1)),
            families=tuple(self._family(name, families[name]) for name in sorted(families)),
        )
        for entry, problem in contradictions(lock):
            self._fail(self._place(entry.id), "entries that go together", problem, _MEND)
        return replace(lock, entries=tuple(sorted(lock.entries, key=lambda entry: entry.id)))

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text)
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits is no TOMLDecodeError
            if _CONFLICT.search(self._text):
                raise LockError(
                    place=self._name, expected="TOML", came="marks of a merge conflict", fix=_MEND_CONFLICT
                ) from error
            message = str(error)
            where = re.search(r"\(at (.*)\)$", message)
            place = f"{self._name}, {where.group(1)}" if where else self._name
            came = message[: where.start()].strip() if where else message
            raise LockError(place=place, expected="TOML", came=came, fix=_MEND) from error

    def _family(self, name: str, table: object) -> LockFamily:
        place = f"{self._name}, family {name!r}"
        if not isinstance(table, dict):
            self._fail(place, "a table", repr(table), _MEND)
        self._check_members(table, {"correction", "alpha"}, place)
        correction, alpha = table.get("correction"), table.get("alpha")
        if not isinstance(correction, str) or isinstance(alpha, bool) or not isinstance(alpha, (int, float)):
            self._fail(place, "correction and alpha", f"{correction!r} and {alpha!r}", _MEND)
        return LockFamily(name=name, correction=correction, alpha=float(alpha))

    def _entry(self, number: int, table: object) -> LockEntry:
        if not isinstance(table, dict) or not isinstance(table.get("id"), str):
            self._fail(f"{self._name}, claim number {number}", "a table with an id", repr(table)[:80], _MEND)
        claim_id = table["id"]
        self._check_members(table, _ENTRY_MEMBERS, claim_id=claim_id)
        test, digest, plan = table.get("test"), table.get("digest"), table.get("plan")
        withdrawn = table.get("withdrawn", False)
        if not (isinstance(test, str) and isinstance(digest, str) and isinstance(plan, dict)):
            self._fail(self._place(claim_id), "a test, a digest and a plan", "an entry without one of them", _MEND)
        if not isinstance(withdrawn, bool):
            self._fail(self._place(claim_id), "withdrawn = true or false", repr(withdrawn), _MEND)
        claim = self._claim(ClaimId(claim_id), test, plan)
        actual = claim_digest(claim)
        if actual != digest:
            came = f"a plan with the digest {actual}: plan or digest was edited by hand"
            self._fail(self._place(claim_id), f"the plan with the digest {digest}", came, _MEND)
        return LockEntry(id=claim.id, test=test, digest=actual, document=claim_document(claim), withdrawn=withdrawn)

    def _claim(self, claim_id: ClaimId, test: str, plan: dict[str, Any]) -> Claim:
        try:
            return claim_from_document(claim_id, test, _with_none(plan, self._usual))
        except EvidenceError as error:
            place, expected = self._place(claim_id), "the plan of a claim"
            raise LockError(place=place, expected=expected, came=str(error), fix=_MEND) from error

    def _check_members(
        self, table: dict[str, Any], allowed: set[str], place: str = "", *, claim_id: str | None = None
    ) -> None:
        unknown = sorted(set(table) - allowed)
        if unknown:
            place = place if claim_id is None else self._place(claim_id)
            self._fail(place, f"only {', '.join(sorted(allowed))}", ", ".join(map(repr, unknown)), _MEND)

    def _place(self, claim_id: str) -> str:
        """Return the file's name with the line the entry's id stands in."""
        for number, line in enumerate(self._text.split("\n"), 1):
            if line.startswith("id = ") and claim_id in line:
                return f"{self._name}, line {number}, claim {claim_id!r}"
        return f"{self._name}, claim {claim_id!r}"

    def _fail(self, place: str, expected: str, came: str, fix: str) -> NoReturn:
        raise LockError(place=place, expected=expected, came=came, fix=fix)
