"""One fresh session of the gate, and what its signed bundle says."""

from __future__ import annotations

import base64
import shutil
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gatestudy.journal import ROLES
from gatestudy.process import run_pytest
from gatestudy.projects import BASE, Project
from pytest_ophamin.records.verify.find import find_bundles
from pytest_ophamin.records.verify.open import open_records

_DIGITS = 7
_TAIL = 30
_FINISHED = (0, 1)
"""Exit statuses of a session that came to its end: all green, or not."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How gates are run."""

    pairs: int
    budget: float
    """Milliseconds."""
    limit: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


def run_session(project: Project, slow: str | None, settings: Settings, seed: int) -> dict[str, Any]:
    """Run one campaign against the base and return its lines, its pairs and its seconds.

    The seed gives every session its own order of sides and its own hash seeds: what a repetition shall vary.
    """
    project.show(slow)
    shutil.rmtree(project.folder / "proofs", ignore_errors=True)
    arguments = [
        *("-p", "ophamin", "-q", "--ophamin-campaign", "--ophamin-baseline", BASE),
        *("--ophamin-gate", f"time_ratio:{settings.limit!r}", "--ophamin-seed", str(seed)),
        *("--ophamin-pairs", str(settings.pairs), "--ophamin-budget", repr(settings.budget)),
    ]
    ended = run_pytest(arguments, project.folder, {"XDG_CONFIG_HOME": str(project.folder.parent / "config")})
    found, _ = find_bundles([project.folder / "proofs"])
    if ended.status not in _FINISHED or not found:
        return {"seconds": ended.seconds, "trouble": "\n".join(ended.output.splitlines()[-_TAIL:])}
    return {"seconds": ended.seconds, **read_bundle(found[0])}


def read_bundle(path: Path) -> dict[str, Any]:
    """Return the line of every benchmark, and the pairs it rests on."""
    lines: dict[str, Any] = {}
    pairs: dict[str, Any] = {}
    verdicts: dict[str, str] = {}
    for record in open_records(path):
        predicate: Mapping[str, Any] = record.raw["predicate"]
        proof = predicate["proof"]
        if "families" in proof:
            members = [member for family in proof["families"] for member in family["members"]]
            verdicts = {_name(member["claim"]): member["corrected"] for member in members}
            continue
        name, said = _name(proof["claim"]["id"]), predicate["derived"]["assessment"] or {}
        numbers = {key: said.get(key) for key in ("n", "estimate", "lower", "upper", "reason")}
        lines[name] = {"raw": proof["verdict"], **numbers}
        if predicate["data"]["kind"] == "sample":
            columns = predicate["data"]["columns"]
            pairs[name] = {role: _floats(columns[role]) for role in ROLES}
    return {"lines": {name: {**line, "verdict": verdicts[name]} for name, line in lines.items()}, "pairs": pairs}


def _name(claim: str) -> str:
    return claim.rpartition("::")[2].removeprefix("test_")


def _floats(column: Mapping[str, str]) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in array("d", base64.b64decode(column["base64"]))]
