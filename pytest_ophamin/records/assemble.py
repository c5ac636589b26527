"""Putting a statement together from its canonical parts, each of which is canonicalised once.

The id, the data digest and the payload are made of the same bytes; a payload of a megabyte is never encoded twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ophamin._canonical import JSON, canonical_bytes, sha256_hex
from pytest_ophamin.claims.model import Digest
from pytest_ophamin.records.names import STATEMENT_TYPE

Part = dict[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A part of a predicate and its canonical bytes."""

    value: Part
    content: bytes

    @classmethod
    def of(cls, value: Part) -> Encoded:
        return cls(value=value, content=canonical_bytes(value))

    @property
    def digest(self) -> Digest:
        return sha256_hex(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltStatement:
    """One statement and the exact bytes that are signed."""

    id: Digest
    payload: bytes
    """RFC 8785 form of ``statement``."""
    statement: Part


def statement_id(kind: str, proof: bytes) -> Digest:
    """Return SHA-256(JCS({predicateType, proof})) from the canonical bytes of ``proof``."""
    return sha256_hex(b'{"predicateType":"%b","proof":%b}' % (kind.encode(), proof))


def assemble_payload(  # noqa: PLR0917  # the five parts, in the order they are computed everywhere
    kind: str, data: bytes, derived: bytes, proof: bytes, run: bytes, subject: bytes
) -> bytes:
    """Put the canonical parts of a statement together in their canonical order."""
    predicate = b'{"data":%b,"derived":%b,"proof":%b,"run":%b}' % (data, derived, proof, run)
    head = b'{"_type":"%b","predicate":%b' % (STATEMENT_TYPE.encode(), predicate)
    return b'%b,"predicateType":"%b","subject":%b}' % (head, kind.encode(), subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembler:
    """Builds the statements of one bundle, all of which carry one subject."""

    subjects: list[JSON]
    subject_content: bytes

    @classmethod
    def of(cls, subjects: list[JSON]) -> Assembler:
        return cls(subjects=subjects, subject_content=canonical_bytes(subjects))

    def statement(self, kind: str, *, proof: Encoded, data: Encoded, derived: Part, run: Part) -> BuiltStatement:
        """Return the statement of a predicate; ``derived`` gets the id, which is taken over ``proof`` alone."""
        record_id = statement_id(kind, proof.content)
        signed = {"id": record_id, **derived}
        parts = (data.content, canonical_bytes(signed), proof.content, canonical_bytes(run))
        return BuiltStatement(
            id=record_id,
            payload=assemble_payload(kind, *parts, self.subject_content),
            statement={
                "_type": STATEMENT_TYPE,
                "subject": self.subjects,
                "predicateType": kind,
                "predicate": {"proof": proof.value, "data": data.value, "derived": signed, "run": run},
            },
        )
