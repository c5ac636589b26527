"""Slices: contiguous ranges of trials with their observations, each one ``str`` on its way to the controller.

A slice knows nothing of xdist: it may come from a worker, from a CI shard, or from another engine. Its text is JSON
and base64 and nothing else, because execnet serialises by exact type and pickle trusts its sender.
"""

from __future__ import annotations

import base64
import json
import sys
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_ophamin.claims.model import ClaimGroup
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.trials.columns import BOOL, FLOAT, INT, ColumnKey, SliceColumn
from pytest_ophamin.trials.failure import Failure

if TYPE_CHECKING:
    from pytest_ophamin.trials.sample import Search

FORMAT = "ophamin-slice/1"
LEAST_TRIALS_PER_SLICE = 256
SLICES_PER_WORKER = 2
LEAST_TRIALS_PER_EARLY_SLICE = 16
EARLY_SLICES_PER_WORKER = 8
"""A claim that may stop early is cut finer: what is not started costs nothing."""
_WHOLE_CLAIM_MODES = frozenset({"loadscope", "loadfile", "loadgroup"})
_FAILURE_FIELDS = ("reason", "trial", "seed", "exception", "place")
_TYPECODES = {INT: "q", FLOAT: "d"}
_KINDS = {BOOL, INT, FLOAT}


def slice_ranges(trials: int, workers: int, dist: str, *, stops_early: bool = False) -> list[range]:
    """Return how ``trials`` trials are cut: a pure function, part of no plan and no id.

    Args:
        trials: Declared number of trials; 0 for a law.
        workers: Number of xdist workers; 0 or 1 without distribution.
        dist: The ``--dist`` mode.
        stops_early: Whether the claims may be decided before all trials are run.

    Returns:
        Contiguous ranges that cover ``range(trials)``; a single one when the claim is short, or under a mode that keeps
        tests together.
    """
    per_worker = EARLY_SLICES_PER_WORKER if stops_early else SLICES_PER_WORKER
    least = LEAST_TRIALS_PER_EARLY_SLICE if stops_early else LEAST_TRIALS_PER_SLICE
    count = min(per_worker * workers, trials // least)
    if workers <= 1 or count <= 1 or dist in _WHOLE_CLAIM_MODES:
        return [range(trials)]
    edges = [trials * number // count for number in range(count + 1)]
    return [range(start, stop) for start, stop in pairwise(edges)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """The trials ``start`` to ``stop - 1`` of a test's claims, as one process saw them."""

    test: str
    """Node id of the test at collection."""
    key: str
    """Stream key, 32 hexadecimal digits: it stands for ids, digests and seed policy of all claims of the test."""
    start: int
    stop: int
    columns: Mapping[ColumnKey, SliceColumn] = field(default_factory=dict)
    errors: array[int] = field(default_factory=lambda: array("q"))
    """Trials whose exception was counted and gone over (``errors="against"``), ascending."""
    first_error: Failure | None = None
    """The exception of the first of ``errors``: it makes a sibling claim with ``errors="void"`` VOID."""
    failure: Failure | None = None
    """What ended the slice: VOID for every claim that needs this trial."""
    bad: Mapping[str | None, Failure] = field(default_factory=dict)
    """First unusable observation per key: VOID for the claims that use this key."""
    search: Search | None = None
    """A law's evidence."""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    """Time spent in trials."""

    @property
    def first_failure(self) -> Failure | None:
        """The first thing that went wrong, for the terminal of the process that ran the slice."""
        told = [found for found in (self.failure, self.first_error, *self.bad.values()) if found is not None]
        return min(told, key=lambda found: -1 if found.trial is None else found.trial, default=None)

    def to_text(self) -> str:
        """Return the slice as one ASCII ``str``: a line of JSON, then one line of base64 per column."""
        head = {
            "format": FORMAT,
            "test": self.test,
            "key": self.key,
            "range": [self.start, self.stop],
            "columns": [[*key, column.first, _kind(column.data)] for key, column in self.columns.items()],
            "first_error": _failure_document(self.first_error),
            "failure": _failure_document(self.failure),
            "bad": [[key, _failure_document(found)] for key, found in self.bad.items()],
            "search": None if self.search is None else asdict(self.search),
            "warnings": list(self.warnings),
            "seconds": self.seconds,
        }
        # The columns stay outside the JSON: scanning 10 MB of base64 for escapes takes as long as encoding it.
        blocks = [self.errors, *(column.data for column in self.columns.values())]
        return "\n".join([json.dumps(head, separators=(",", ":"), allow_nan=False), *map(_encode, blocks)])

    @classmethod
    def from_text(cls, text: str) -> Slice:
        """Read what :meth:`to_text` wrote.

        Raises:
            EvidenceError: The text is not a slice of this format.
        """
        try:
            head, errors, *blocks = text.split("\n")
            return _from_parts(json.loads(head), errors, blocks)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise EvidenceError(f"a slice cannot be read: {type(error).__name__}: {error}") from error


def law_slice(
    group: ClaimGroup,
    key: bytes,
    evidence: Search | Failure,
    *,
    warnings: tuple[str, ...] = (),
    seconds: float = 0.0,
) -> Slice:
    """Return the slice of a law: the search it made, or why that failed."""
    return Slice(
        test=group.test,
        key=key.hex(),
        start=0,
        stop=0,
        failure=evidence if isinstance(evidence, Failure) else None,
        search=None if isinstance(evidence, Failure) else evidence,
        warnings=warnings,
        seconds=seconds,
    )


def _from_parts(head: dict[str, Any], errors: str, blocks: list[str]) -> Slice:
    if head["format"] != FORMAT:
        raise ValueError(f"expected the format {FORMAT}")
    start, stop = head["range"]
    if type(start) is not int or type(stop) is not int or not 0 <= start <= stop:
        raise ValueError("expected a range of trial indices")
    columns = {
        (key, part): _column(first, kind, block)
        for (key, part, first, kind), block in zip(head["columns"], blocks, strict=True)
    }
    return Slice(
        test=str(head["test"]),
        key=str(head["key"]),
        start=start,
        stop=stop,
        columns=columns,
        errors=_decode(INT, errors),
        first_error=_failure(head["first_error"]),
        failure=_failure(head["failure"]),
        bad={key: _needed(_failure(found)) for key, found in head["bad"]},
        search=_search(head["search"]),
        warnings=tuple(str(warning) for warning in head["warnings"]),
        seconds=float(head["seconds"]),
    )


def _kind(data: bytearray | array[Any]) -> str:
    if isinstance(data, bytearray):
        return BOOL
    return INT if data.typecode == _TYPECODES[INT] else FLOAT


def _encode(data: bytearray | array[Any]) -> str:
    if sys.byteorder == "big" and not isinstance(data, bytearray):
        data = data[:]
        data.byteswap()
    return base64.b64encode(data).decode("ascii")


def _column(first: dict[str, int], kind: str, block: str) -> SliceColumn:
    if not first.keys() <= _KINDS or not all(type(index) is int for index in first.values()):
        raise ValueError("expected the first index of each type seen")
    return SliceColumn(data=_decode(kind, block), first=first)


def _decode(kind: str, block: str) -> Any:  # noqa: ANN401  # bytearray or array, as kind says
    data = base64.b64decode(block, validate=True)
    if kind == BOOL:
        return bytearray(data)
    decoded = array(_TYPECODES[kind], data)
    if sys.byteorder == "big":
        decoded.byteswap()
    return decoded


def _failure_document(failure: Failure | None) -> dict[str, Any] | None:
    return None if failure is None else {name: getattr(failure, name) for name in _FAILURE_FIELDS}


def _failure(document: dict[str, Any] | None) -> Failure | None:
    return None if document is None else Failure(**{name: document[name] for name in _FAILURE_FIELDS})


def _needed(failure: Failure | None) -> Failure:
    if failure is None:
        raise ValueError("expected a failure")
    return failure


def _search(document: dict[str, Any] | None) -> Search | None:
    if document is None:
        return None
    # Not at the top: the module holds NumPy columns, and a worker that draws nothing needs no NumPy.
    from pytest_ophamin.trials.sample import Search

    return Search(**{member.name: document[member.name] for member in fields(Search)})
