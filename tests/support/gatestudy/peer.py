"""A pair of sessions of pytest-benchmark with its defaults: one saves, the next compares and fails by an expression."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatestudy.process import Ended, run_pytest
from gatestudy.projects import Project

FIELDS = ("mean", "min", "median")
EXPRESSIONS = tuple(f"{field}:5%" for field in FIELDS)
_REGRESSION = re.compile(r"test_(?P<name>\w+) \(.*?\) - Field '(?P<field>\w+)' has failed PercentageRegressionCheck")
_TAIL = 30
_FAILED = 1
_FINISHED = (0, _FAILED)


def run_session(project: Project, slow: str | None) -> dict[str, Any]:
    """Save a session of the base, compare one of the candidate with it, and return which benchmarks failed by what."""
    shutil.rmtree(project.folder / ".benchmarks", ignore_errors=True)
    project.show(None)
    saved = run_pytest(["--benchmark-autosave"], project.folder, {})
    project.show(slow)
    told = project.folder.parent / "peer.json"
    # All expressions behind one option: of an option that is repeated only the last counts.
    arguments = ["--benchmark-compare", f"--benchmark-json={told}", "--benchmark-compare-fail", *EXPRESSIONS]
    compared = run_pytest(arguments, project.folder, {})
    seconds = round(saved.seconds + compared.seconds, 3)
    if saved.status != 0 or not _has_compared(compared):
        output = (saved if saved.status != 0 else compared).output
        return {"seconds": seconds, "trouble": "\n".join(output.splitlines()[-_TAIL:])}
    base = next((project.folder / ".benchmarks").rglob("*.json"))
    return {"seconds": seconds, "failed": regressions(compared.output), "ratios": _ratios(base, told)}


def regressions(output: str) -> dict[str, list[str]]:
    """Return, per field, the benchmarks that "Performance has regressed" lists."""
    found: dict[str, set[str]] = {field: set() for field in FIELDS}
    for match in _REGRESSION.finditer(output):
        found[match["field"]].add(match["name"])
    return {field: sorted(names) for field, names in found.items()}


def _has_compared(ended: Ended) -> bool:
    """Tell whether the second session ran to its end; it fails exactly when it lists a regression."""
    return ended.status in _FINISHED and any(regressions(ended.output).values()) == (ended.status == _FAILED)


def _ratios(base: Path, told: Path) -> dict[str, dict[str, float]]:
    old, new = _statistics(base), _statistics(told)
    return {name: {field: round(new[name][field] / old[name][field], 5) for field in FIELDS} for name in sorted(new)}


def _statistics(path: Path) -> dict[str, Mapping[str, float]]:
    benchmarks = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
    return {benchmark["name"].removeprefix("test_"): benchmark["stats"] for benchmark in benchmarks}
