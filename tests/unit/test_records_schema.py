"""The published schemas are generated from the models, shipped, closed, and followed by every emitted record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bundles import full_statements, full_suite, small_statements

from pytest_ophamin.records.build import Statements
from pytest_ophamin.records.names import CAMPAIGN_TYPE, PREDICATE_TYPES, PROOF_TYPE
from pytest_ophamin.records.schemas import generate_schema, shipped_schema


@pytest.mark.parametrize("kind", PREDICATE_TYPES)
def test_the_shipped_file_is_the_generated_one(kind: str) -> None:
    """A changed model without a changed file is a silent change of the format.

    Mend it with: python -m pytest_ophamin.records.schemas
    """
    shipped, generated = json.loads(shipped_schema(kind)), json.loads(generate_schema(kind))
    assert plain(shipped) == plain(generated)


def plain(schema: Any) -> Any:  # a JSON value
    """Leave out what pydantic versions write differently and no validator reads: titles, the type of a constant."""
    if isinstance(schema, list):
        return [plain(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    ignored = {"type"} if {"const", "enum"} & set(schema) else set()
    ignored |= {"title"} if isinstance(schema.get("title"), str) else set()
    return {name: plain(member) for name, member in schema.items() if name not in ignored}


@pytest.mark.parametrize("kind", PREDICATE_TYPES)
def test_the_schema_is_valid_and_closed(kind: str) -> None:
    """Every object refuses unknown members, every reference stays inside the file."""
    schema = json.loads(shipped_schema(kind))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == kind
    for part in objects(schema):
        if "properties" in part:
            assert part["additionalProperties"] is False
            assert sorted(part["required"]) == sorted(part["properties"])
        assert str(part.get("$ref", "#/$defs/")).startswith("#/$defs/")


def test_every_emitted_record_follows_the_schema() -> None:
    """Checked by another implementation than the one that generated it."""
    validators = {kind: jsonschema.Draft202012Validator(json.loads(shipped_schema(kind))) for kind in PREDICATE_TYPES}
    seen = set()
    for built in (*full_statements().all, *small_statements().all, *stacked_under_hochberg().all):
        statement = json.loads(built.payload)
        validators[statement["predicateType"]].validate(statement)
        seen.add(statement["predicateType"])
    assert seen == {PROOF_TYPE, CAMPAIGN_TYPE}


def stacked_under_hochberg() -> Statements:
    """Return a campaign whose stacked claims carry the campaign's own finding."""
    suite = full_suite()
    suite.correction = "hochberg"
    return suite.statements()


@pytest.mark.parametrize("member", ["extra", "data"])
def test_the_schema_refuses_what_the_models_refuse(member: str) -> None:
    """An unknown field, or a missing one."""
    statement = json.loads(small_statements().proofs[0].payload)
    if member == "extra":
        statement["predicate"]["extra"] = 1
    else:
        del statement["predicate"]["data"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(shipped_schema(PROOF_TYPE))).validate(statement)


def objects(value: Any) -> Iterator[dict[str, Any]]:  # a JSON value
    """Yield every object of a JSON value."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from objects(member)
    elif isinstance(value, list):
        for member in value:
            yield from objects(member)


def test_the_catalogue_names_every_field() -> None:
    """SCHEMAS.md lists every field, every value of an enumeration and every kind of record."""
    text = (Path(__file__).parents[2] / "SCHEMAS.md").read_text(encoding="utf-8")
    names = set(PREDICATE_TYPES)
    for kind in PREDICATE_TYPES:
        for part in objects(json.loads(shipped_schema(kind))):
            names |= set(part.get("properties", {}))
            names |= {str(value) for value in part.get("enum", [])}
    assert sorted(name for name in names if not re.search(rf'[`".]{re.escape(name)}[`".]', text)) == []
