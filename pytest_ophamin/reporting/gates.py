"""What people see of a benchmark gate: what was compared with what, and every pair's ratio as a small picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_ophamin.claims.gates import CONTROL, RATIO_KINDS
from pytest_ophamin.reporting.numbers import format_number
from pytest_ophamin.reporting.text import escape_text
from pytest_ophamin.trials.sample import VALUE, Sample

if TYPE_CHECKING:
    from pytest_ophamin.trials.comparison import Comparison

_BARS = "▁▂▃▄▅▆▇█"
_LONGEST = 60
_SHORT_COMMIT = 12


def describe_comparison(comparison: Comparison) -> str:
    """Return ``against v1.2 (3f2a9c0d81e4)``, ``against Python 3.12.1, decode 1.2.0``, ``against lib:old_decode``."""
    name = escape_text(comparison.name)
    if comparison.against == "budget":
        return f"a budget; each process ran its rounds for {comparison.budget * 1000:g} ms"
    commit = "" if comparison.commit is None else f" ({comparison.commit[:_SHORT_COMMIT]})"
    text = f"against {name}{commit}"
    # Another callable is compared on one benchmark, whose source is then the same by construction.
    return text if comparison.same_source else f"{text}; the benchmark's own code differs between the two"


def describe_pairs(kind: str, sample: Sample) -> str:
    """Return ``pairs ▃▄▂█ 0.97 to 1.12; control 0.998``: of a ratio its pairs, of a budget its processes.

    The picture's scale runs from the least to the largest value shown; beyond 60 values neighbours are averaged.
    """
    if kind in RATIO_KINDS:
        first, second = sample.pairs
        values, word = [_ratio(*pair) for pair in zip(first.tolist(), second.tolist(), strict=True)], "pairs"
        own = first
    else:
        own = sample.columns[VALUE].floats
        values, word = own.tolist(), "processes"
    beside = [_ratio(*pair) for pair in zip(sample.columns[CONTROL].floats.tolist(), own.tolist(), strict=True)]
    # A record nobody has verified may hold anything.
    if not values or not all(0.0 < value < math.inf for value in (*values, *beside)):
        return f"{word} cannot be drawn: not all of them are positive numbers"
    control = _geometric_mean(beside)
    ends = f"{format_number(min(values))} to {format_number(max(values))}"
    return f"{word} {sparkline(values)} {ends}; control {format_number(control)}"


def sparkline(values: Sequence[float]) -> str:
    """Return one bar per value, the least lowest."""
    shown = _condensed(values)
    low, high = min(shown), max(shown)
    if low == high:
        return _BARS[len(_BARS) // 2 - 1] * len(shown)
    step = (high - low) / (len(_BARS) - 1)
    return "".join(_BARS[round((value - low) / step)] for value in shown)


def _ratio(first: float, second: float) -> float:
    return first / second if second else math.inf


def _condensed(values: Sequence[float]) -> list[float]:
    if len(values) <= _LONGEST:
        return list(values)
    edges = [len(values) * place // _LONGEST for place in range(_LONGEST + 1)]
    return [math.fsum(values[a:b]) / (b - a) for a, b in pairwise(edges)]


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, values)) / len(values))
