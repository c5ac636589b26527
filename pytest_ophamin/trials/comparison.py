"""How the pairs of a benchmark gate came about: part of a claim's plan, and of its record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a benchmark was compared with, and under which conditions every process of it ran."""

    against: str
    """``"revision"``, ``"environment"``, ``"versus"``, or ``"budget"`` for a claim about a number."""
    name: str
    """The revision as it was given, the environment's Python and versions, or the other callable's name."""
    commit: str | None
    """Commit of the revision."""
    budget: float
    """Seconds of rounds of one benchmark in one process."""
    low: str
    """Which statistic of a process's rounds its low one is."""
    gc: str
    """What the garbage collector did during rounds."""
    sides: tuple[str, ...]
    """Sides each half of a block ran, sorted."""
    cpus: int
    """Processors the processes could run on."""
    same_source: bool
    """Whether the benchmark's own function is written the same on both sides."""
