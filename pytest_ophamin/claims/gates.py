"""The vocabulary of benchmark gates: metrics whose replicate is a pair of fresh processes.

One trial of a gate is one *pair*: every side of the comparison runs the benchmark in a fresh process of its own. Within
a process a low statistic and the median of the rounds are kept; the pair is what is independent (Kalibera & Jones 2013,
ISMM, section 4).
"""

from __future__ import annotations

TIME_RATIO = "time_ratio"
TIME_MEDIAN = "time_median"
TIME_P99 = "time_p99"
MEMORY_RATIO = "memory_ratio"

RATIO_KINDS = frozenset({TIME_RATIO, MEMORY_RATIO})
"""Gates that compare a candidate (``first``) with a baseline (``second``)."""
BUDGET_KINDS = frozenset({TIME_MEDIAN, TIME_P99})
"""Gates that compare the candidate with a number."""
GATE_KINDS = RATIO_KINDS | BUDGET_KINDS

CONTROL = "control"
"""Column of the null control: the candidate, run once more beside each pair."""
CONTROL_LEVEL = 0.01
"""Level, over the whole session, at which a control that differs from its candidate means too noisy a machine."""

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Units of a time budget, in seconds."""

DEFAULT_PAIRS = 30
LEAST_PAIRS = 4
LARGEST_PAIRS = 10_000
PAIRS_PER_BLOCK = 2
"""A block is a half and its mirror image (ABBA): what drifts evenly cancels within it."""
_FIRST_LOOKS = (6, 8, 10, 12, 14, 16, 20, 30, 40, 60, 80, 120, 160, 240)
"""Chosen with the spending function by computation: docs/adr/0007-benchmark-gates-statistics.md."""

_KEPT: dict[str, tuple[str, ...]] = {
    TIME_RATIO: ("control", "control_median", "first_median", "second_median"),
    TIME_MEDIAN: ("control", "control_low", "value_low"),
    TIME_P99: ("control", "control_low", "control_median", "value_low", "value_median"),
    MEMORY_RATIO: ("control",),
}


def kept_columns(kind: str) -> tuple[str, ...]:
    """Return the columns a gate's sample has beside the one or two it is about, sorted; () for any other kind.

    ``time_ratio`` compares lows (in seconds), ``time_median`` and ``time_p99`` are about that statistic of a process
    (in the claim's unit), ``memory_ratio`` compares peaks (in bytes); ``control`` is the same statistic of the control.
    The others are kept for readers: they decide nothing.
    """
    return _KEPT.get(kind, ())


def default_looks(pairs: int) -> tuple[int, ...]:
    """Return after how many pairs a gate of ``pairs`` pairs is looked at; () when only at its end.

    Looks are fixed by the number of pairs alone, and lie at the ends of whole blocks.
    """
    early = tuple(look for look in _FIRST_LOOKS if look <= pairs - PAIRS_PER_BLOCK)
    return (*early, pairs) if early else ()
