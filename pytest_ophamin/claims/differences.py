"""What differs between two plans of one claim, in words: ``"threshold: 0.9 -> 0.8"``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_LONGEST = 60


def document_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one line per member of a claim's document that differs, in the order of the new document."""
    lines: list[str] = []
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if name == "data":
            lines += _data_differences(before or [], after or [])
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += [f"{name} {line}" for line in document_differences(before, after)]
        else:
            lines.append(f"{name}: {_value(before)} -> {_value(after)}")
    return tuple(lines)


def _data_differences(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    before = {each["name"]: each["sha256"] for each in old}
    after = {each["name"]: each["sha256"] for each in new}
    lines = []
    for name in sorted({*before, *after}):
        if name not in before:
            lines.append(f"data {name}: added")
        elif name not in after:
            lines.append(f"data {name}: removed")
        elif before[name] != after[name]:
            lines.append(f"data {name}: its content changed")
    return lines or ["data: changed"]


def _value(value: object) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
