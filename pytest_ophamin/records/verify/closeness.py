"""Are two computations of the same number the same? Platforms differ in the last bits, never in the ninth digit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

RELATIVE = 1e-9
ABSOLUTE_P = 1e-300
"""p-values below this underflow differently from library to library."""


def is_close(stated: float, computed: float, *, is_p: bool = False, scale: float = 0.0) -> bool:
    """Compare with a relative tolerance of 1e-9; ``scale`` is the size of what was subtracted to get a difference."""
    absolute = ABSOLUTE_P if is_p else RELATIVE * scale
    return math.isclose(stated, computed, rel_tol=RELATIVE, abs_tol=absolute)


def first_difference(stated: object, computed: object, path: str = "") -> str | None:
    """Return where and how two JSON values differ, None when they agree within tolerance."""
    if isinstance(stated, Mapping) and isinstance(computed, Mapping):
        return _mapping_difference(stated, computed, path)
    if isinstance(stated, (list, tuple)) and isinstance(computed, (list, tuple)):
        return _list_difference(stated, computed, path)
    if _is_number(stated) and _is_number(computed):
        agrees = _numbers_agree(stated, computed, path.rpartition(".")[2])  # type: ignore[arg-type]
    else:
        agrees = type(stated) is type(computed) and stated == computed
    return None if agrees else f"{path} is {computed!a} on these observations, the record says {stated!a}"


def _numbers_agree(stated: float, computed: float, name: str) -> bool:
    """Counts and seeds are exact, but for the least n that would decide: an integer found by floating-point search."""
    if isinstance(computed, int) and name != "needed":
        return stated == computed
    return is_close(stated, computed, is_p=name == "p" or name.startswith("p_"))


def _mapping_difference(stated: Mapping[str, object], computed: Mapping[str, object], path: str) -> str | None:
    prefix = f"{path}." if path else ""
    if set(stated) != set(computed):
        return f"{path or 'the record'} has members {sorted(stated)}, computed were {sorted(computed)}"
    for name, value in stated.items():
        if name == "effect" and _effect_agrees(stated, computed):
            continue
        difference = first_difference(value, computed[name], prefix + name)
        if difference is not None:
            return difference
    return None


def _effect_agrees(stated: Mapping[str, object], computed: Mapping[str, object]) -> bool:
    """An effect is an estimate minus a threshold: near zero only its size beside the estimate is meaningful."""
    values = (stated["effect"], computed["effect"], computed.get("estimate"))
    if not all(_is_number(value) for value in values):
        return False
    one, other, estimate = (float(value) for value in values)  # type: ignore[arg-type]
    return is_close(one, other, scale=abs(estimate))


def _list_difference(stated: Sequence[object], computed: Sequence[object], path: str) -> str | None:
    if len(stated) != len(computed):
        return f"{path}: {len(stated)} stated, {len(computed)} computed"
    for place, (one, other) in enumerate(zip(stated, computed, strict=True)):
        difference = first_difference(one, other, f"{path}[{place}]")
        if difference is not None:
            return difference
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
