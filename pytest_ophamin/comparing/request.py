"""What a process is asked to run, and what it says it read: the two JSON documents of ``plugin/gate_child.py``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ophamin.comparing.places import Place
from pytest_ophamin.errors import EvidenceError

FORMAT = "ophamin-gate/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be read of one benchmark beside its rounds."""

    memory: bool = False
    """The peak allocation of one call."""
    calls: bool = False
    """Rounds of one call each: for the 99th percentile of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one process says about one benchmark."""

    low: float
    """Seconds per call in the fastest rounds."""
    median: float
    p99: float
    peak: int | None
    """Bytes."""
    rounds: int
    iterations: int
    """Calls per round."""
    gc: str
    """What the garbage collector did during rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a process has no reading of a benchmark."""

    exception: str | None
    """Class name."""
    place: str | None
    """Rootdir-relative ``file:line``."""
    message: str
    skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What a module came with, as its installer wrote it down."""

    name: str
    version: str
    folder: str | None
    """The source folder it was installed from, if it was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to run, and how pytest is set up for it."""

    benchmarks: tuple[str, ...]
    """Node ids, in the order they were collected."""
    rootdir: Path
    inifile: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything one process said."""

    python: str
    status: int
    """pytest's exit status."""
    readings: Mapping[str, Reading]
    troubles: Mapping[str, Trouble]
    absent: frozenset[str]
    """Benchmarks that are not there."""
    uncollected: Mapping[str, str]
    """Files that could not be collected, with the last line of the error."""
    sources: Mapping[str, str]
    """SHA-256 of each test function's source; "" where it has none."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """File of every outermost module: of a namespace package, which has none, those of its parts."""
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    """Of every such module whose name an installed distribution owns, imported from there or not."""
    found: Found | None = None
    """Of a process that was asked what there is, where there is anything."""


def request_text(
    place: Place,
    wishes: Mapping[str, Wish],
    *,
    budget: float,
    swaps: bool,
    distributions: bool,
    cache: Path,
    options: tuple[str, ...],
) -> str:
    """Return the request for one process.

    Args:
        place: Where it runs.
        wishes: Benchmarks by node id, in the order they are to run.
        budget: Seconds for the rounds of each.
        swaps: Whether the callables of ``versus=`` are run in place of the test's own.
        distributions: Whether to tell what owns the names of what was imported.
        cache: Folder for pytest's cache.
        options: Further arguments of pytest.
    """
    document = {
        "format": FORMAT,
        "folder": str(place.folder),
        "rootdir": str(place.rootdir),
        "inifile": None if place.inifile is None else str(place.inifile),
        "cache": str(cache),
        "options": list(options),
        "budget": budget,
        "swaps": swaps,
        "distributions": distributions,
        "find": None,
        "benchmarks": {nodeid: {"memory": wish.memory, "calls": wish.calls} for nodeid, wish in wishes.items()},
    }
    return json.dumps(document)


def finding_text(folder: Path, paths: Sequence[str], *, cache: Path) -> str:
    """Return the request for a process that tells which benchmarks there are, and runs none.

    Args:
        folder: Where it runs; what lies above the tests, and which ini file is theirs, is pytest's to find.
        paths: Files, folders and node ids to look in; none for all that the project's own settings name.
        cache: Folder for pytest's cache.
    """
    document: dict[str, object] = {
        "format": FORMAT,
        "folder": str(folder),
        "rootdir": str(folder),
        "inifile": None,
        "cache": str(cache),
        "options": [],
        "budget": 0.0,
        "swaps": False,
        "distributions": False,
        "find": list(paths),
        "benchmarks": {},
    }
    return json.dumps(document)


def read_result(text: str) -> Result:
    """Read what a process wrote.

    Raises:
        EvidenceError: It is no result of this format, or holds a time that is none.
    """
    try:
        document = json.loads(text)
        return Result(
            python=str(document["python"]),
            status=int(document["status"]),
            readings={nodeid: _reading(read) for nodeid, read in document["readings"].items()},
            troubles={nodeid: _trouble(found) for nodeid, found in document["failures"].items()},
            absent=frozenset(document["absent"]),
            uncollected=dict(document["uncollected"]),
            sources=dict(document["sources"]),
            origins=dict(document["origins"]),
            distributions={name: Distribution(**owner) for name, owner in document["distributions"].items()},
            found=_found(document.get("found")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError(f"the result of a process cannot be read: {type(error).__name__}: {error}") from error


def _reading(read: Mapping[str, Any]) -> Reading:
    times = {name: float(read[name]) for name in ("low", "median", "p99")}
    for name, seconds in times.items():
        if not (math.isfinite(seconds) and seconds > 0.0):
            raise ValueError(f"expected {name} in seconds above 0, came {seconds!r}: the timer is too coarse for it")
    peak = read["peak"]
    return Reading(
        **times,
        peak=None if peak is None else int(peak),
        rounds=int(read["rounds"]),
        iterations=int(read["iterations"]),
        gc=str(read["gc"]),
    )


def _found(document: Mapping[str, Any] | None) -> Found | None:
    if not document:
        return None
    inifile = document["inifile"]
    return Found(
        benchmarks=tuple(document["benchmarks"]),
        rootdir=Path(document["rootdir"]),
        inifile=None if inifile is None else Path(inifile),
    )


def _trouble(found: Mapping[str, Any]) -> Trouble:
    if "skipped" in found:
        return Trouble(exception=None, place=None, message=str(found["skipped"]), skipped=True)
    return Trouble(exception=found["exception"], place=found["place"], message=str(found["message"]))
