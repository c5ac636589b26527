"""Ask a synthesising pillar about a series, and check its answer: nothing it does wrong is printed as a result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pytest_ophamin.deciding.registry import PillarError
from pytest_ophamin.deciding.series import Series, Synthesis

if TYPE_CHECKING:
    from pytest_ophamin.deciding.protocol import SynthesisingPillar


def synthesise(pillar: SynthesisingPillar, series: Series) -> Synthesis:
    """Return what ``pillar`` says about ``series``.

    Raises:
        PillarError: It raised, or returned what is no synthesis.
    """
    try:
        with np.errstate(all="ignore"):
            found = pillar.synthesise(series)
    except Exception as error:
        raise PillarError(f"pillar {pillar.name!r} raised {type(error).__name__}: {error}") from error
    problem = synthesis_problem(found, pillar)
    if problem is not None:
        raise PillarError(f"pillar {pillar.name!r} returned {problem}")
    return found


def synthesis_problem(found: object, pillar: SynthesisingPillar) -> str | None:
    """Return what is impossible about an answer, or None."""
    if not isinstance(found, Synthesis):
        return f"{type(found).__name__} instead of a Synthesis"
    if found.pillar != pillar.name:
        return f"a synthesis signed {found.pillar!r}"
    if found.status not in ("ok", "warn"):
        return f"the unknown status {found.status!r}"
    if any(value is not None and not _is_finite(value) for value in found.numbers.values()):
        return "a number that is not finite"
    return None


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
