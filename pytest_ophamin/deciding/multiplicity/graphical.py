"""Graphs of hypotheses: level moves along the edges of a graph as hypotheses are rejected.

Bretz, Maurer, Brannath & Posch 2009 (Stat Med 28:586-604): node i starts with the share ``weights[i]`` of alpha and,
once rejected, passes it on in the shares ``transitions[i]``. Weighted Bonferroni tests, so the family-wise error is
controlled under any dependence, for every graph.

    >>> from pytest_ophamin.deciding.multiplicity.graphical import fallback
    >>> fallback([0.5, 0.3, 0.2]).adjusted([0.02, 0.03, 0.012])
    [0.04, 0.04, 0.04]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from pytest_ophamin.deciding.multiplicity._ordering import SLACK, Floats, Numbers, ascending


@dataclass(frozen=True, slots=True)
class Graph:
    """Shares of alpha and where they go.

    Raises:
        ValueError: A share is negative, shares of alpha or of one node sum to more than 1, a node passes to itself, or
            the sizes do not fit.
    """

    weights: tuple[float, ...]
    """Share of alpha per hypothesis; in sum at most 1."""
    transitions: tuple[tuple[float, ...], ...]
    """``transitions[i][j]`` is the share of i's level that goes to j when i is rejected; rows sum to at most 1."""

    def __post_init__(self) -> None:
        n = len(self.weights)
        if len(self.transitions) != n or any(len(row) != n for row in self.transitions):
            raise ValueError(f"transitions: expected {n} rows of {n} shares, came {self.transitions!r}")
        _check_shares("weights", self.weights)
        for i, row in enumerate(self.transitions):
            _check_shares(f"transitions[{i}]", row)
            if row[i] != 0.0:
                raise ValueError(f"transitions[{i}]: expected no edge from a hypothesis to itself, came {row[i]!r}")

    @classmethod
    def of(cls, weights: Sequence[float], transitions: Sequence[Sequence[float]]) -> Self:
        """Return the graph with these shares, whatever sequences they come in."""
        return cls(tuple(map(float, weights)), tuple(tuple(map(float, row)) for row in transitions))

    def adjusted(self, p: Numbers) -> list[float]:
        """Return adjusted p-values (their algorithm 2): rejecting those <= alpha is the procedure at level alpha.

        Args:
            p: One p-value per hypothesis, each in [0, 1]; 1 for one that was not tested.

        Raises:
            ValueError: There are too many or too few p-values, or one lies outside [0, 1].
        """
        if ascending(p).m != len(self.weights):
            raise ValueError(f"p: expected {len(self.weights)} p-values, came {len(p)}")
        raw = np.asarray(p, dtype=np.float64)
        weights, transitions = np.array(self.weights), np.array(self.transitions)
        adjusted = np.ones(len(raw))
        left = np.ones(len(raw), dtype=bool)
        level = 0.0
        while left.any():
            needed = np.divide(raw, weights, out=np.full(len(raw), np.inf), where=left & (weights > 0.0))
            i = int(needed.argmin())
            level = max(level, float(needed[i]))
            if level >= 1.0:
                break
            adjusted[i], left[i] = level, False
            weights, transitions = _without(i, weights, transitions)
        found: list[float] = adjusted.tolist()
        return found


def _check_shares(name: str, shares: Sequence[float]) -> None:
    if not all(share >= 0.0 for share in shares) or sum(shares) > SLACK:
        raise ValueError(f"{name}: expected shares of at least 0, in sum at most 1, came {tuple(shares)!r}")


def _without(i: int, weights: Floats, transitions: Floats) -> tuple[Floats, Floats]:
    """Return the graph after node i was rejected (their algorithm 1): its level and its edges go to its neighbours."""
    out, into = transitions[i], transitions[:, i]
    weights = weights + weights[i] * out
    weights[i] = 0.0
    stays = 1.0 - into * out  # what does not come straight back
    passed = transitions + np.outer(into, out)
    possible = stays > 0.0
    updated = np.divide(passed, stays[:, None], out=np.zeros_like(passed), where=possible[:, None])
    updated[i], updated[:, i] = 0.0, 0.0
    np.fill_diagonal(updated, 0.0)
    return weights, updated


def bonferroni_graph(weights: Sequence[float]) -> Graph:
    """Return the graph without edges: the weighted Bonferroni test."""
    return Graph.of(weights, _no_edges(len(weights)))


def holm_graph(weights: Sequence[float]) -> Graph:
    """Return the complete graph: Holm's procedure; with unequal weights its weighted form (Bretz et al. 2009)."""
    n = len(weights)
    share = 1.0 / (n - 1) if n > 1 else 0.0
    return Graph.of(weights, [[0.0 if i == j else share for j in range(n)] for i in range(n)])


def fixed_sequence(n: int) -> Graph:
    """Return the chain that tests each hypothesis at full alpha once all before it are rejected.

    Maurer, Hothorn & Lehmacher 1995; Westfall & Krishen 2001 (JSPI 99:25-40).
    """
    return fallback([1.0 if i == 0 else 0.0 for i in range(n)])


def fallback(weights: Sequence[float]) -> Graph:
    """Return the chain in which each hypothesis has a level of its own besides (Wiens 2003, Pharm Stat 2:211-215)."""
    return Graph.of(weights, _chain(len(weights)))


def improved_fallback(weights: Sequence[float]) -> Graph:
    """Return :func:`fallback` whose last hypothesis passes back to the others (Wiens & Dmitrienko 2005).

    Raises:
        ValueError: No hypothesis but the last has a weight.
    """
    transitions = _chain(len(weights))
    rest = sum(weights[:-1])
    if not rest > 0.0:
        raise ValueError(f"weights: expected a positive one before the last, came {tuple(weights)!r}")
    transitions[-1] = [*(weight / rest for weight in weights[:-1]), 0.0]
    return Graph.of(weights, transitions)


def parallel_graph(first: int, second: int) -> Graph:
    """Return Bonferroni-based parallel gatekeeping (Dmitrienko, Offen & Westfall 2003, Stat Med 22:2387-2400).

    Args:
        first: Number of hypotheses that share alpha; each passes its level on to all of the second family.
        second: Number of hypotheses behind them, tested by Holm.
    """
    n = first + second
    transitions = _no_edges(n)
    for i in range(n):
        behind = [j for j in range(first, n) if j != i]
        for j in behind:
            transitions[i][j] = 1.0 / len(behind)
    return Graph.of([1.0 / first] * first + [0.0] * second, transitions)


def successive_graph(pairs: int, *, kept: float = 0.0) -> Graph:
    """Return the graph in which each primary hypothesis opens a secondary one (Maurer, Glimm & Bretz 2011).

    Nodes 0..pairs-1 are primary; node pairs + i is the secondary hypothesis of i and passes on to the next primary one.

    Args:
        pairs: Number of primary hypotheses, at least 2.
        kept: Share of a primary hypothesis's level that goes to the other primary ones, the rest to its secondary.
    """
    transitions = _no_edges(2 * pairs)
    for i in range(pairs):
        for j in range(pairs):
            if j != i:
                transitions[i][j] = kept / (pairs - 1)
                transitions[pairs + i][j] = 1.0 / (pairs - 1)
        transitions[i][pairs + i] = 1.0 - kept
    return Graph.of([1.0 / pairs] * pairs + [0.0] * pairs, transitions)


def _no_edges(n: int) -> list[list[float]]:
    return [[0.0] * n for _ in range(n)]


def _chain(n: int) -> list[list[float]]:
    transitions = _no_edges(n)
    for i, j in pairwise(range(n)):
        transitions[i][j] = 1.0
    return transitions
