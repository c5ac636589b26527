"""``ophamin schema export`` and ``ophamin schema validate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.cli.output import say
from pytest_ophamin.records.verify.report import Exit

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def run_export(arguments: argparse.Namespace) -> int:
    """Write the schema files."""
    from pytest_ophamin.records.schemas import SCHEMA_FILES, shipped_schema

    arguments.folder.mkdir(parents=True, exist_ok=True)
    for kind, name in SCHEMA_FILES.items():
        path = arguments.folder / name
        path.write_text(shipped_schema(kind), encoding="utf-8")
        say(f"{path}: {kind}")
    return Exit.HOLDS


def run_validate(arguments: argparse.Namespace) -> int:
    """Check the form of bundles: envelopes, strict JSON, closed schema. It proves nothing about who wrote them."""
    from pytest_ophamin.records.verify.find import find_bundles

    found, empty = find_bundles(arguments.paths)
    for path in empty:
        say(f"{path}: no bundle there")
    statuses = [_validate(path) for path in found]
    if empty or not found:
        return Exit.USAGE
    return max(statuses)


def _validate(path: Path) -> Exit:
    from pytest_ophamin.records.verify.open import open_records
    from pytest_ophamin.records.verify.state import StepFailed

    try:
        records = open_records(path)
    except StepFailed as failed:
        say(f"{path}: {failed}")
        return Exit.FAILED
    say(f"{path}: {len(records)} statements follow the schema")
    return Exit.HOLDS
