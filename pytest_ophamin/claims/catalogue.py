"""Every claim a session collected, before any deselection, as one value that can cross a process border."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from pytest_ophamin._canonical import canonical_bytes
from pytest_ophamin.claims.document import claim_digest, claim_document, claim_from_document
from pytest_ophamin.claims.model import Claim, ClaimGroup, ClaimId, Scenario
from pytest_ophamin.errors import EvidenceError

FORMAT = "ophamin-catalogue/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One claimed test."""

    group: ClaimGroup
    key: str
    """Stream key of the group, 32 hexadecimal digits."""
    module: str
    """Rootdir-relative path of the scenario module."""
    line: int
    """Line of the test function, counted from 1; 0 when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What was collected. ``problems`` are mistakes only the whole session shows, such as two equal ids."""

    entries: tuple[CatalogueEntry, ...] = ()
    modules: tuple[str, ...] = ()
    """Rootdir-relative paths of the modules that were collected whole, with or without claims."""
    problems: tuple[str, ...] = ()

    def find(self, test: str) -> CatalogueEntry | None:
        """Return the entry of the test with this node id."""
        return next((entry for entry in self.entries if entry.group.test == test), None)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(claim for entry in self.entries for claim in entry.group.claims)

    def to_text(self) -> str:
        """Return the catalogue as one string of canonical JSON."""
        document = {
            "format": FORMAT,
            "entries": [_entry_document(entry) for entry in self.entries],
            "modules": list(self.modules),
            "problems": list(self.problems),
        }
        return canonical_bytes(document).decode()

    @classmethod
    def from_text(cls, text: str) -> Catalogue:
        """Rebuild a catalogue another process sent.

        Raises:
            EvidenceError: The text is not a catalogue of this version.
        """
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise EvidenceError(f"expected a catalogue of the format {FORMAT!r}: are all workers of one version?")
        return cls(
            entries=tuple(_entry_from_document(entry) for entry in document["entries"]),
            modules=tuple(document["modules"]),
            problems=tuple(document["problems"]),
        )


def _entry_document(entry: CatalogueEntry) -> dict[str, Any]:
    scenario = entry.group.claims[0].scenario
    return {
        "test": entry.group.test,
        "key": entry.key,
        "module": entry.module,
        "line": entry.line,
        "scenario": None if scenario is None else dataclasses.asdict(scenario),
        "claims": [
            {"id": claim.id, "allocated": claim.allocated, "document": claim_document(claim)}
            for claim in entry.group.claims
        ],
    }


def _entry_from_document(document: dict[str, Any]) -> CatalogueEntry:
    scenario = None if document["scenario"] is None else Scenario(**document["scenario"])
    claims = tuple(
        dataclasses.replace(
            claim_from_document(ClaimId(claim["id"]), document["test"], claim["document"]),
            scenario=scenario,
            allocated=claim["allocated"],
        )
        for claim in document["claims"]
    )
    group = ClaimGroup(test=document["test"], claims=claims, digests=tuple(claim_digest(claim) for claim in claims))
    return CatalogueEntry(group=group, key=document["key"], module=document["module"], line=document["line"])
