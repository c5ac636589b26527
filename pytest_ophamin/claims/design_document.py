"""A design as members of a claim's document, and back."""

from __future__ import annotations

import math
from typing import Any

from pytest_ophamin._canonical import JSON
from pytest_ophamin.claims.design import PLAIN, Check, Design, Option
from pytest_ophamin.errors import EvidenceError

TRIAL_UNIT = "trial"
FIXED = "fixed"
SEQUENTIAL_RULE = "sequential"


def design_members(design: Design) -> dict[str, JSON]:
    """Return the members of a claim's document that tell its design; ``design`` is left out of the plain one."""
    members: dict[str, JSON] = {"unit_of_replication": _unit(design), "stopping": _stopping(design)}
    if design != PLAIN:
        members["design"] = {
            "arms": None if design.arms is None else list(design.arms),
            "cluster": design.cluster,
            "strata": design.strata,
            "factors": list(design.factors),
            "block": design.block,
            "resampled": design.resampled,
            "sequential": design.sequential,
            "looks": list(design.looks),
            "checks": [_check_document(check) for check in design.checks],
        }
    return members


def design_from_members(unit: object, stopping: object, document: object, path: str) -> Design:
    """Rebuild a design.

    Raises:
        EvidenceError: A member is missing, unknown, of the wrong type, or contradicts another.
    """
    design = PLAIN if document is None else _design(document, path)
    if document is not None and design == PLAIN:
        raise EvidenceError(f"{path}: expected no member for the plain design")
    for name, stated, expected in (
        ("unit_of_replication", unit, _unit(design)),
        ("stopping", stopping, _stopping(design)),
    ):
        if stated != expected:
            raise EvidenceError(f"claim.{name}: expected {expected!r}, came {stated!r:.80}")
    return design


def _unit(design: Design) -> str:
    if design.cluster is not None:
        return f"cluster {design.cluster}"
    return TRIAL_UNIT if design.block is None else f"block of {design.block} trials"


def _stopping(design: Design) -> str:
    if design.sequential:
        return SEQUENTIAL_RULE
    return f"looks at {', '.join(map(str, design.looks))}" if design.looks else FIXED


def _check_document(check: Check) -> JSON:
    options: dict[str, JSON] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in check.options
    }
    return {"pillar": check.pillar, "options": options}


def _design(document: object, path: str) -> Design:
    if not isinstance(document, dict) or set(document) != _MEMBERS:
        raise EvidenceError(f"{path}: expected an object with the members {', '.join(sorted(_MEMBERS))}")
    arms = _texts(document["arms"], f"{path}.arms") if document["arms"] is not None else None
    if arms is not None and len(arms) != 2:  # noqa: PLR2004
        raise EvidenceError(f"{path}.arms: expected two names, came {len(arms)}")
    if not isinstance(document["sequential"], bool):
        raise EvidenceError(f"{path}.sequential: expected true or false")
    return Design(
        arms=None if arms is None else (arms[0], arms[1]),
        cluster=_optional_text(document["cluster"], f"{path}.cluster"),
        strata=_optional_text(document["strata"], f"{path}.strata"),
        factors=_texts(document["factors"], f"{path}.factors"),
        block=None if document["block"] is None else _count(document["block"], f"{path}.block"),
        resampled=None if document["resampled"] is None else _number(document["resampled"], f"{path}.resampled"),
        sequential=document["sequential"],
        looks=tuple(_count(look, f"{path}.looks") for look in _list(document["looks"], f"{path}.looks")),
        checks=tuple(_check(each, f"{path}.checks") for each in _list(document["checks"], f"{path}.checks")),
    )


_MEMBERS = frozenset({"arms", "cluster", "strata", "factors", "block", "resampled", "sequential", "looks", "checks"})


def _check(document: object, path: str) -> Check:
    if not isinstance(document, dict) or set(document) != {"pillar", "options"}:
        raise EvidenceError(f"{path}: expected objects with the members pillar and options")
    options = document["options"]
    if not isinstance(document["pillar"], str) or not isinstance(options, dict):
        raise EvidenceError(f"{path}: expected a pillar's name and its options")
    return Check(
        pillar=document["pillar"],
        options=tuple((name, _option(value, f"{path}.{name}")) for name, value in sorted(options.items())),
    )


def _option(value: Any, path: str) -> Option:  # noqa: ANN401  # a JSON value
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, list):
        return tuple(_number(each, path) for each in value)
    # 5 and 5.0 are one JSON number: a whole one is read as an integer.
    number = _number(value, path)
    return int(number) if number.is_integer() else number


def _texts(value: object, path: str) -> tuple[str, ...]:
    found = _list(value, path)
    if not all(isinstance(each, str) for each in found):
        raise EvidenceError(f"{path}: expected strings")
    return tuple(str(each) for each in found)


def _optional_text(value: object, path: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise EvidenceError(f"{path}: expected a string")
    return value


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list):
        raise EvidenceError(f"{path}: expected an array")
    return value


def _count(value: object, path: str) -> int:
    number = _number(value, path)
    if number < 1 or not number.is_integer():
        raise EvidenceError(f"{path}: expected an integer above 0")
    return int(number)


def _number(value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise EvidenceError(f"{path}: expected a finite number")
    return float(value)
