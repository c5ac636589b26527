"""Why no pillar decides a claim, and what its author can write instead."""

from __future__ import annotations

import difflib

from pytest_ophamin.claims.gates import GATE_KINDS
from pytest_ophamin.claims.metrics import BUILT_IN_METRICS, MEAN, QUANTILE
from pytest_ophamin.claims.model import Claim, Problem
from pytest_ophamin.deciding.registry import PillarRegistry


def undecidable(claim: Claim, registry: PillarRegistry) -> Problem:
    """Return the problem of a claim :meth:`PillarRegistry.deciding_for` finds no pillar for."""
    able = [pillar.name for pillar in registry.deciding if claim.question in pillar.metrics]
    if claim.pillar is not None:
        return _wrong_pillar(claim, able)
    if able:
        expected = f"pillar= naming one of those that decide {_asked(claim)}: {', '.join(able)}"
        return _problem(claim, "pillar", expected, "nothing", f'pillar="{able[0]}"')
    if any(question.partition("+")[0] == claim.kind for question in registry.metrics):
        return _wrong_design(claim, registry)
    expected = (
        f"one of {', '.join(BUILT_IN_METRICS)}, or what a pillar brings (under xdist one found only in a deeper "
        "conftest.py is not loaded)"
    )
    return _problem(claim, "metric", expected, repr(claim.metric), "a metric from the list, or install its pillar")


def _wrong_pillar(claim: Claim, able: list[str]) -> Problem:
    if not able:
        expected = f"no pillar= here: none that is installed decides {_asked(claim)}"
        return _problem(claim, "pillar", expected, repr(claim.pillar), "leave pillar= out")
    near = difflib.get_close_matches(claim.pillar or "", able, n=1) or able
    expected = f"a pillar that decides {_asked(claim)}: {', '.join(able)}"
    return _problem(claim, "pillar", expected, repr(claim.pillar), f'pillar="{near[0]}", or leave pillar= out')


def _wrong_design(claim: Claim, registry: PillarRegistry) -> Problem:
    """The metric is decided, and the design is, but not the two together."""
    words = claim.design.name.split("+")
    arguments = " and ".join(f"{word}=" for word in words if word)
    kinds = {kind for kind, _, design in (q.partition("+") for q in registry.metrics) if design == claim.design.name}
    kinds -= GATE_KINDS  # their looks follow from their pairs
    if not kinds:
        expected = f"a design that is decided; {arguments} do not go together"
        return _problem(claim, words[-1], expected, arguments, f"leave {words[-1]}= out")
    names = sorted("median, pNN" if kind == QUANTILE else kind for kind in kinds)
    fix = f"leave {arguments} out"
    if claim.kind == QUANTILE and MEAN in kinds:
        fix = f'metric="{MEAN}", or {fix}'
    expected = f"a metric that is decided with {arguments}: {', '.join(names)}"
    return _problem(claim, "metric", expected, repr(claim.metric), fix)


def _asked(claim: Claim) -> str:
    design = " and ".join(f"{word}=" for word in claim.design.name.split("+") if word)
    return f"the metric {claim.metric!r}{f' with {design}' if design else ''}"


def _problem(claim: Claim, argument: str, expected: str, came: str, fix: str) -> Problem:
    return Problem(test=claim.test, argument=argument, expected=expected, came=came, fix=fix)
