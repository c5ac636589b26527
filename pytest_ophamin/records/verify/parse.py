"""Step 5: what the bytes say. Parsed without forgiveness, and only if they are the canonical form of what they say."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from pytest_ophamin._canonical import canonical_bytes, sha256_hex
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.records.assemble import assemble_payload, statement_id
from pytest_ophamin.records.models import STATEMENT_MODELS
from pytest_ophamin.records.names import STATEMENT_TYPE
from pytest_ophamin.records.strict_json import parse_strictly
from pytest_ophamin.records.verify.state import Line, Record, StepFailed


def read_record(line: Line) -> Record:
    """Read one payload.

    Raises:
        StepFailed: It is not the canonical form of a statement this version knows.
    """
    try:
        record = parse_payload(line.payload, line=line.number)
    except EvidenceError as error:
        raise StepFailed(f"line {line.number}: {error}") from error
    record.keyid = line.keyid
    return record


def parse_payload(payload: bytes, *, line: int) -> Record:
    """Read one payload, see :func:`read_record`.

    Raises:
        EvidenceError: It is not the canonical form of a statement this version knows.
    """
    statement = parse_strictly(payload)
    kind = _predicate_type(statement)
    parts = _canonical_parts(statement)
    if assemble_payload(kind, *parts) != payload:
        raise EvidenceError("the payload is not the RFC 8785 form of its content, or has a member that is not allowed")
    try:
        model = STATEMENT_MODELS[kind].model_validate(statement)
    except ValidationError as error:
        raise EvidenceError(_first_problem(error)) from error
    return Record(
        line=line,
        id=statement_id(kind, parts[2]),
        data_digest=sha256_hex(parts[0]),
        payload=sha256_hex(payload),
        content=payload,
        raw=statement,
        model=model,
    )


def _predicate_type(statement: object) -> str:
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT_TYPE:
        raise EvidenceError(f"_type is not {STATEMENT_TYPE}")
    kind = statement.get("predicateType")
    if not isinstance(kind, str) or kind not in STATEMENT_MODELS:
        known = ", ".join(STATEMENT_MODELS)
        raise EvidenceError(f"predicateType {kind!a} is not one this version reads ({known})")
    return kind


def _canonical_parts(statement: dict[str, Any]) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Return the canonical bytes of data, derived, proof, run and subject: computed once, and used for ids too."""
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict) or "subject" not in statement:
        raise EvidenceError("a statement has a predicate and a subject")
    missing = {"data", "derived", "proof", "run"} - set(predicate)
    if missing:
        raise EvidenceError(f"predicate: {', '.join(sorted(missing))} is missing")
    data, derived, proof, run = (canonical_bytes(predicate[name]) for name in ("data", "derived", "proof", "run"))
    return data, derived, proof, run, canonical_bytes(statement["subject"])


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"schema: {place}: {problem['msg']}"
