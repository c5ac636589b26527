"""The values a lock is made of: registered plans and families, and what must hold between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pytest_ophamin.claims.document import claim_from_document
from pytest_ophamin.claims.metrics import LAW
from pytest_ophamin.claims.model import Claim, ClaimId, Digest

LOCK_NAME = "ophamin.lock"
VERSION = 1


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


def contradictions(lock: Lock) -> Iterator[tuple[LockEntry, str]]:
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
