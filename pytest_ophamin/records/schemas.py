"""The JSON Schemas of the records: generated from the models, shipped as files, compared in the tests."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from pytest_ophamin.records.models import STATEMENT_MODELS
from pytest_ophamin.records.names import CAMPAIGN_TYPE, PROOF_TYPE

SCHEMA_FILES = {
    PROOF_TYPE: "EmpiricalProofRecord-v1.schema.json",
    CAMPAIGN_TYPE: "CampaignRecord-v1.schema.json",
}
"""predicateType -> file name; old versions stay for as long as they can be read."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generate_schema(kind: str) -> str:
    """Return the schema of a predicate type as the text of its file."""
    schema: dict[str, Any] = STATEMENT_MODELS[kind].model_json_schema(by_alias=True)
    # Closed and complete in itself: every $ref points into $defs, nothing is ever fetched.
    document = {"$schema": _DIALECT, "$id": kind, **schema}
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def shipped_schema(kind: str) -> str:
    """Return the shipped file's text."""
    return resources.files("pytest_ophamin.records").joinpath("schema", SCHEMA_FILES[kind]).read_text("utf-8")


def write_shipped(folder: Path) -> None:
    """Write all schema files into ``folder``: what a maintainer runs after changing a model."""
    for kind, name in SCHEMA_FILES.items():
        folder.joinpath(name).write_text(generate_schema(kind), encoding="utf-8")


if __name__ == "__main__":
    write_shipped(Path(__file__).parent / "schema")
