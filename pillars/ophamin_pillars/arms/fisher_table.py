"""Fisher's exact test of an r x c table (Freeman & Halton 1951) by a network of partial tables (Mehta & Patel 1983).

Rows are filled one after the other. What can still follow depends only on what is left of the column totals, so partial
tables that leave the same are one node. A node whose completions are all likely, or all unlikely, enough is settled at
once, by the greatest and least weight of its completions; with two rows to go, completions are sorted and looked up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.arms._tests import Counts, Floats
from ophamin_pillars.arms.allocations import number_of_spreads, spreads

TIE = 1e-7
"""Tables whose probabilities are nearer than this, relatively, are equally likely (as in R's fisher.test)."""
LARGEST_WORK = 50_000_000
"""Partial tables looked at before the test gives up: some ten seconds."""


class TooManyTablesError(ValueError):
    """The table is too large to be enumerated."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Partial tables, or rows to add: which node each leads to, its log weight, and how many share both."""

    nodes: Counts
    logs: Floats
    counts: Floats

    def merged(self) -> _Rows:
        """Return them without repetitions, log weights compared to ten digits, ordered by node."""
        logs = np.round(self.logs, 10)
        order = np.lexsort((logs, self.nodes))
        nodes, logs = self.nodes[order], logs[order]
        first = np.flatnonzero(np.concatenate([[True], (np.diff(nodes) != 0) | (np.diff(logs) != 0.0)]))
        return _Rows(nodes[first], logs[first], np.add.reduceat(self.counts[order], first))

    def by_node(self) -> Iterator[tuple[int, Floats, Floats]]:
        """Yield node, log weights and counts; call it on merged rows."""
        ends = np.concatenate([[0], np.flatnonzero(np.diff(self.nodes)) + 1, [len(self.nodes)]])
        for start, end in pairwise(ends):
            yield int(self.nodes[start]), self.logs[start:end], self.counts[start:end]


def fisher_table(rows: Sequence[Sequence[int]]) -> float:
    """Return the probability of all tables with these margins that are no likelier than this one.

    Args:
        rows: The counts, r rows of c columns.

    Returns:
        The p-value of "rows and columns are independent"; 1 when the margins leave only one table.

    Raises:
        ValueError: The counts are no table of whole numbers of at least 0.
        TooManyTablesError: There are more partial tables than :data:`LARGEST_WORK`.
    """
    table = np.asarray(rows)
    if table.ndim != 2 or table.size == 0 or table.dtype.kind not in "iu" or (table < 0).any():
        raise ValueError(f"expected a table of counts of at least 0, got {rows!r}")
    if table.shape[0] < table.shape[1]:
        table = table.T  # many short rows: few nodes, and few ways to fill a row
    kept = table[np.ix_(table.sum(axis=1) > 0, table.sum(axis=0) > 0)].astype(np.int64)
    if min(kept.shape) < 2:
        return 1.0
    row_totals = tuple(sorted((int(t) for t in kept.sum(axis=1)), reverse=True))
    column_totals = tuple(sorted(int(t) for t in kept.sum(axis=0)))
    seen = -float(special().gammaln(kept + 1.0).sum())
    return min(1.0, _Network(row_totals, column_totals).share_up_to(seen + TIE))


@dataclass(slots=True)
class _Network:
    """The nodes below each stage; stage i fills the row with total ``row_totals[i]``.

    A node is what is left of the column totals, by size (the order of columns does not matter), written as one number.
    """

    row_totals: tuple[int, ...]
    column_totals: tuple[int, ...]
    work: int = 0
    ends: dict[int, tuple[float, float]] = field(default_factory=dict)
    children: dict[int, _Rows] = field(default_factory=dict)
    lasts: dict[int, tuple[Floats, Floats]] = field(default_factory=dict)

    def share_up_to(self, largest: float) -> float:
        """Return the share of all tables' probability that tables of log weight <= ``largest`` have."""
        root = int(self._number(np.array([self.column_totals]))[0])
        everything = self._log_total(0, root)
        found = 0.0
        paths = _Rows(np.array([root]), np.zeros(1), np.ones(1))
        for stage in range(len(self.row_totals) - 2):
            following: list[_Rows] = []
            for node, logs, counts in paths.by_node():
                least, greatest = self._range(stage, node)
                settled = logs + greatest <= largest
                completions = self._log_total(stage, node) - everything
                found += float((counts[settled] * np.exp(logs[settled] + completions)).sum())
                open_still = ~settled & (logs + least <= largest)
                if open_still.any():
                    following.append(self._followed(stage, node, logs[open_still], counts[open_still]))
            if not following:
                return found
            parts = zip(*((rows.nodes, rows.logs, rows.counts) for rows in following), strict=True)
            paths = _Rows(*(np.concatenate(part) for part in parts)).merged()
        for node, logs, counts in paths.by_node():
            weights, shares = self._last_two(node)
            reached = shares[np.searchsorted(weights, largest - logs, side="right")]
            completions = self._log_total(len(self.row_totals) - 2, node) - everything
            found += float((counts * np.exp(logs + completions) * reached).sum())
        return found

    def _followed(self, stage: int, node: int, logs: Floats, counts: Floats) -> _Rows:
        rows = self._children(stage, node)
        self._spend(len(rows.logs) * len(logs))
        return _Rows(
            np.tile(rows.nodes, len(logs)),
            np.add.outer(logs, rows.logs).ravel(),
            np.multiply.outer(counts, rows.counts).ravel(),
        )

    def _log_total(self, stage: int, node: int) -> float:
        """Return the log of the weights of all completions, summed: n! / (row totals! column totals!)."""
        rest = self.row_totals[stage:]
        lost = sum(math.lgamma(t + 1.0) for t in (*rest, *self._totals(node)))
        return math.lgamma(sum(rest) + 1.0) - lost

    def _range(self, stage: int, node: int) -> tuple[float, float]:
        """Return the least and the greatest log weight of the completions of ``node``."""
        if node not in self.ends:
            if stage == len(self.row_totals) - 2:
                weights, _ = self._last_two(node)
                self.ends[node] = float(weights[0]), float(weights[-1])
            else:
                rows = self._children(stage, node)
                below = np.array([self._range(stage + 1, int(child)) for child in rows.nodes])
                self.ends[node] = float((below[:, 0] + rows.logs).min()), float((below[:, 1] + rows.logs).max())
        return self.ends[node]

    def _children(self, stage: int, node: int) -> _Rows:
        """Return the rows that can be filled in next, and the nodes they lead to."""
        if node not in self.children:
            totals = self._totals(node)
            rows = self._filled(self.row_totals[stage], totals)
            left = np.sort(np.asarray(totals) - rows, axis=1)
            weights = -special().gammaln(rows + 1.0).sum(axis=1)
            self.children[node] = _Rows(self._number(left), weights, np.ones(len(weights))).merged()
        return self.children[node]

    def _last_two(self, node: int) -> tuple[Floats, Floats]:
        """Return the log weights of the last two rows, rising, and the share no heavier than each."""
        if node not in self.lasts:
            totals = self._totals(node)
            rows = self._filled(self.row_totals[-2], totals)
            gammaln = special().gammaln
            weights = np.sort(-(gammaln(rows + 1.0) + gammaln(np.asarray(totals) - rows + 1.0)).sum(axis=1))
            shares = np.exp(weights - self._log_total(len(self.row_totals) - 2, node))
            self.lasts[node] = weights, np.concatenate([[0.0], np.cumsum(shares)])
        return self.lasts[node]

    def _filled(self, total: int, room: tuple[int, ...]) -> Counts:
        self._spend(number_of_spreads(total, room))
        return spreads(total, room)

    def _number(self, left: Counts) -> Counts:
        """Return nodes as numbers, the column totals being the bases; the i-th smallest is never above theirs."""
        bases = [t + 1 for t in self.column_totals]
        if math.prod(bases) >= 2**62:
            raise TooManyTablesError(f"expected fewer partial tables than column totals {self.column_totals} allow")
        number = np.zeros(len(left), dtype=np.int64)
        for base, column in zip(bases, left.T, strict=True):
            number = number * base + column
        return number

    def _totals(self, node: int) -> tuple[int, ...]:
        totals: list[int] = []
        for t in reversed(self.column_totals):
            node, rest = divmod(node, t + 1)
            totals.append(rest)
        return tuple(reversed(totals))

    def _spend(self, partial_tables: int) -> None:
        self.work += partial_tables
        if self.work > LARGEST_WORK:
            raise TooManyTablesError(f"expected a table with at most {LARGEST_WORK:,} partial tables; use chi-square")
