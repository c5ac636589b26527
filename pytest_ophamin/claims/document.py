"""A claim as a JSON document and the digest over it: all that could change the decision, and nothing else.

Id, test and scenario stay outside: renaming a test or rewording its scenario changes no plan. Sidedness and exclusions
are written out although they are constants today, so that the day one of them becomes a choice, old digests still mean
what they meant. A claim of the plain design has no member ``design``, and the digest it always had.
"""

from __future__ import annotations

import math
import re
from typing import Any, cast

from pytest_ophamin._canonical import JSON, digest_of
from pytest_ophamin.claims.design_document import FIXED, TRIAL_UNIT, design_from_members, design_members
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import (
    ERRORS_AGAINST,
    ERRORS_VOID,
    AutoTrials,
    Claim,
    ClaimId,
    DataSet,
    Digest,
    LawPlan,
    Threshold,
)
from pytest_ophamin.errors import EvidenceError

FORMAT = "ophamin-claim/1"

CONSTANTS: dict[str, JSON] = {"format": FORMAT, "sides": "both", "exclusions": "none"}
USUAL: dict[str, JSON] = {
    "format": FORMAT,
    "sides": "both",
    "unit_of_replication": TRIAL_UNIT,
    "exclusions": "none",
    "stopping": FIXED,
}
"""What a claim's plan in a lock says where it says nothing."""
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def claim_document(claim: Claim) -> dict[str, Any]:
    """Return all of ``claim`` that could change its decision, as JSON values; keys of absent things hold None."""
    design = design_members(claim.design)
    return {
        "format": FORMAT,
        "sides": CONSTANTS["sides"],
        "unit_of_replication": design.pop("unit_of_replication"),
        "exclusions": CONSTANTS["exclusions"],
        "stopping": design.pop("stopping"),
        "statement": claim.statement,
        "metric": claim.metric,
        "relation": claim.relation.value,
        "threshold": list(claim.threshold) if isinstance(claim.threshold, tuple) else claim.threshold,
        "margin": claim.margin,
        "alpha": claim.alpha,
        "power": claim.power,
        "trials": claim.trials,
        "auto": None if claim.auto is None else {"m": claim.auto.m},
        "expecting": claim.expecting,
        "expecting_sd": claim.expecting_sd,
        "unit": claim.unit,
        "bounds": None if claim.bounds is None else list(claim.bounds),
        "of": claim.of,
        "errors": claim.errors,
        "population": claim.population,
        "seed_policy": claim.seed_policy,
        "family": claim.family,
        "pillar": claim.pillar,
        "data": [{"name": each.name, "sha256": each.sha256, "size": each.size} for each in claim.data],
        "law": None if claim.law is None else _law_document(claim.law),
        **design,
        **({} if claim.gate is None else {"gate": claim.gate}),
        **({} if claim.versus is None else {"versus": claim.versus}),
    }


def claim_digest(claim: Claim) -> Digest:
    """Return the SHA-256 of the canonical form of :func:`claim_document`."""
    return digest_of(claim_document(claim))


def claim_from_document(claim_id: ClaimId, test: str, document: dict[str, Any]) -> Claim:
    """Rebuild the claim a document was made of.

    Raises:
        EvidenceError: A member is missing, unknown or of the wrong type.
    """
    read = _Reader(document)
    read.check_constants()
    claim = Claim(
        id=claim_id,
        test=test,
        statement=read.text("statement"),
        metric=read.text("metric"),
        relation=read.relation(),
        threshold=read.threshold(),
        margin=read.number("margin"),
        alpha=read.number("alpha"),
        power=read.number("power"),
        trials=read.integer("trials"),
        auto=read.auto(),
        expecting=read.optional_number("expecting"),
        expecting_sd=read.optional_number("expecting_sd"),
        unit=read.optional_text("unit"),
        bounds=read.optional_pair("bounds"),
        of=read.optional_text("of"),
        errors=read.errors(),
        population=read.optional_text("population"),
        seed_policy=read.text("seed_policy"),
        family=read.text("family"),
        gate=read.text("gate") if read.has("gate") else None,
        versus=read.text("versus") if read.has("versus") else None,
        pillar=read.optional_text("pillar"),
        data=read.data(),
        law=read.law(),
        design=design_from_members(
            read.take("unit_of_replication"), read.take("stopping"), read.take_optional("design"), "claim.design"
        ),
    )
    read.check_finished()
    return claim


def _law_document(law: LawPlan) -> dict[str, JSON]:
    return {
        "max_examples": law.max_examples,
        "phases": list(law.phases),
        "strategy": law.strategy,
        "deadline_ms": law.deadline_ms,
        "database": law.database,
    }


class _Reader:
    """Takes members out of a document one by one, each checked for its type."""

    def __init__(self, document: object, path: str = "claim") -> None:
        if not isinstance(document, dict):
            raise EvidenceError(f"{path}: expected an object, came {type(document).__name__}")
        self._left = dict(document)
        self._path = path

    def take(self, name: str) -> object:
        if name not in self._left:
            raise EvidenceError(f"{self._path}.{name}: expected a member of this name, came none")
        return self._left.pop(name)

    def has(self, name: str) -> bool:
        return name in self._left

    def take_optional(self, name: str) -> object:
        return self._left.pop(name, None)

    def text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a string", value)
        return value

    def integer(self, name: str) -> int:
        value = self.take(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or value < 0:
            raise self._wrong(name, "an integer not below 0", value)
        return int(value)

    def number(self, name: str) -> float:
        return self._as_number(name, self.take(name))

    def optional_text(self, name: str) -> str | None:
        return None if self._is_null(name) else self.text(name)

    def optional_number(self, name: str) -> float | None:
        return None if self._is_null(name) else self.number(name)

    def optional_pair(self, name: str) -> tuple[float, float] | None:
        return None if self._is_null(name) else self._as_pair(name, self.take(name))

    def threshold(self) -> Threshold:
        value = self.take("threshold")
        if value is None:
            return None
        return self._as_pair("threshold", value) if isinstance(value, list) else self._as_number("threshold", value)

    def relation(self) -> Relation:
        text = self.text("relation")
        if text not in list(Relation):
            raise self._wrong("relation", f"one of {', '.join(Relation)}", text)
        return Relation(text)

    def errors(self) -> str:
        text = self.text("errors")
        if text not in (ERRORS_VOID, ERRORS_AGAINST):
            raise self._wrong("errors", f"{ERRORS_VOID} or {ERRORS_AGAINST}", text)
        return text

    def auto(self) -> AutoTrials | None:
        if self._is_null("auto"):
            return None
        read = _Reader(self.take("auto"), f"{self._path}.auto")
        auto = AutoTrials(m=read.integer("m"))
        read.check_finished()
        return auto

    def data(self) -> tuple[DataSet, ...]:
        return tuple(self._data_set(each, f"data[{place}]") for place, each in enumerate(self._list("data")))

    def law(self) -> LawPlan | None:
        if self._is_null("law"):
            return None
        read = _Reader(self.take("law"), f"{self._path}.law")
        phases = read._list("phases")
        if not all(isinstance(phase, str) for phase in phases):
            raise read._wrong("phases", "strings", phases)
        law = LawPlan(
            max_examples=read.integer("max_examples"),
            phases=tuple(cast("list[str]", phases)),
            strategy=read.text("strategy"),
            deadline_ms=read.optional_number("deadline_ms"),
            database=read.text("database"),
        )
        read.check_finished()
        return law

    def check_constants(self) -> None:
        for name, constant in CONSTANTS.items():
            value = self.take(name)
            if value != constant:
                raise self._wrong(name, repr(constant), value)

    def check_finished(self) -> None:
        if self._left:
            raise EvidenceError(f"{self._path}: unknown members {', '.join(sorted(map(repr, self._left)))}")

    def _data_set(self, value: object, name: str) -> DataSet:
        read = _Reader(value, f"{self._path}.{name}")
        data_set = DataSet(name=read.text("name"), sha256=read._digest("sha256"), size=read.integer("size"))
        read.check_finished()
        return data_set

    def _digest(self, name: str) -> Digest:
        text = self.text(name)
        if not _SHA256.match(text):
            raise self._wrong(name, "64 hexadecimal digits", text)
        return Digest(text)

    def _list(self, name: str) -> list[object]:
        value = self.take(name)
        if not isinstance(value, list):
            raise self._wrong(name, "an array", value)
        return value

    def _is_null(self, name: str) -> bool:
        if self._left.get(name, 0) is not None:
            return False
        del self._left[name]
        return True

    def _as_number(self, name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self._wrong(name, "a finite number", value)
        return float(value)

    def _as_pair(self, name: str, value: object) -> tuple[float, float]:
        if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004
            raise self._wrong(name, "[lo, hi]", value)
        lo, hi = (self._as_number(name, part) for part in value)
        return lo, hi

    def _wrong(self, name: str, expected: str, value: object) -> EvidenceError:
        return EvidenceError(f"{self._path}.{name}: expected {expected}, came {value!r:.80}")
