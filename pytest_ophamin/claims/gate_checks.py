"""Checks of a benchmark gate's arguments, and what it gets where it says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.claims.argument_checks import Mistakes, as_integer, shown
from pytest_ophamin.claims.design import PLAIN, Design
from pytest_ophamin.claims.gates import (
    BUDGET_KINDS,
    GATE_KINDS,
    LARGEST_PAIRS,
    LEAST_PAIRS,
    PAIRS_PER_BLOCK,
    RATIO_KINDS,
    SECONDS,
    default_looks,
)

if TYPE_CHECKING:
    from pytest_ophamin.claims.declare import Declaration

_NOT_FOR_GATES = (
    *("bounds", "of", "population", "arms", "cluster", "strata", "factors", "block", "resampled", "sequential"),
    *("looks", "checks"),
)
_EXAMPLE = "pairs=30"


def is_gate(metric: object) -> bool:
    """Tell whether a metric is that of a benchmark gate."""
    return isinstance(metric, str) and metric in GATE_KINDS


def check_gate(declaration: Declaration, mistakes: Mistakes) -> None:
    """Check what only gates take, and what they cannot take."""
    metric = declaration.metric
    if not is_gate(metric):
        for name in ("pairs", "versus"):
            given = getattr(declaration, name)
            if given is not None:
                mistakes.useless(name, f"the metric {shown(metric)}, which times no benchmark", given)
        return
    if declaration.trials is not None:
        expected = "no trials= for a benchmark gate, whose trial is a pair of processes"
        mistakes.add("trials", expected, shown(declaration.trials), _EXAMPLE)
    for name in _NOT_FOR_GATES:
        if getattr(declaration, name):
            mistakes.useless(name, f"the metric {metric!r}", getattr(declaration, name))
    _check_unit(declaration, mistakes)
    _check_versus(declaration, mistakes)


def read_pairs(declaration: Declaration, default: int, mistakes: Mistakes) -> int:
    """Return the number of pairs of a gate; they come in whole blocks."""
    if declaration.pairs is None:
        return default
    pairs = as_integer("pairs", declaration.pairs, LEAST_PAIRS, LARGEST_PAIRS, mistakes)
    if pairs is None:
        return default
    if pairs % PAIRS_PER_BLOCK:
        mistakes.add("pairs", "an even number: a block is two pairs", shown(pairs), f"pairs={pairs + 1}")
    return pairs


def gate_design(pairs: int) -> Design:
    """Return the design of a gate: looks after whole blocks, fixed by the number of pairs."""
    looks = default_looks(pairs)
    return Design(looks=looks) if looks else PLAIN


def versus_name(versus: object) -> str | None:
    """Return the name a callable has in the claim's digest."""
    if versus is None:
        return None
    return f"{getattr(versus, '__module__', '?')}:{getattr(versus, '__qualname__', type(versus).__qualname__)}"


def _check_unit(declaration: Declaration, mistakes: Mistakes) -> None:
    unit = declaration.unit
    if declaration.metric in RATIO_KINDS:
        if unit is not None:
            mistakes.useless("unit", f"the metric {declaration.metric!r}, a factor without a unit", unit)
    elif unit is not None and (not isinstance(unit, str) or unit not in SECONDS):
        expected = f"the unit of the threshold, one of {', '.join(SECONDS)}"
        mistakes.add("unit", expected, shown(unit), 'unit="ms"')


def _check_versus(declaration: Declaration, mistakes: Mistakes) -> None:
    versus = declaration.versus
    if versus is None:
        return
    if declaration.metric in BUDGET_KINDS:
        mistakes.useless("versus", f"the metric {declaration.metric!r}, which compares with a number", versus)
    elif not callable(versus):
        mistakes.add("versus", "a callable to benchmark in place of the test's own", shown(versus), "versus=old_decode")
