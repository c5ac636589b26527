"""A/A on the user's own machine: the candidate is its own baseline, in the blocks and processes of a gate."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np

from pytest_ophamin.claims.catalogue import CatalogueEntry
from pytest_ophamin.claims.gates import LARGEST_PAIRS, PAIRS_PER_BLOCK, TIME_RATIO
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, ClaimGroup, ClaimId, Digest
from pytest_ophamin.comparing.course import Course
from pytest_ophamin.comparing.gate import Gate, Progress, workshop
from pytest_ophamin.comparing.places import Place, environment_of
from pytest_ophamin.comparing.process import Runner
from pytest_ophamin.comparing.replay import Pairs
from pytest_ophamin.comparing.request import Found, finding_text
from pytest_ophamin.comparing.sides import Side
from pytest_ophamin.errors import UsageError

MEASURED_SECONDS = 120.0
"""How long is measured where nobody says how many pairs."""
LEAST_MEASURED = 10
"""Pairs that are measured however long they take: fewer say next to nothing about a machine."""
Tell = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Measurement:
    """Pairs as they come in: what there is when it is interrupted is there."""

    courses: list[Course] = field(default_factory=list)
    seconds: float = 0.0
    """Time the pairs took, without the rehearsal."""
    is_complete: bool = False

    @property
    def pairs(self) -> int:
        """Whole blocks of every benchmark that runs, in pairs."""
        done = min((len(course.pairs) for course in self._running), default=0)
        return done - done % PAIRS_PER_BLOCK

    @property
    def left_out(self) -> dict[str, str]:
        """Benchmarks that cannot be measured, and why."""
        return {c.test: c.not_tested or c.told for c in self.courses if c not in self._running}

    def recorded(self) -> dict[str, Pairs]:
        """Return the pairs of every benchmark that runs, equally many of each."""
        return {course.test: _pairs(course, self.pairs) for course in self._running} if self.pairs else {}

    @property
    def _running(self) -> list[Course]:
        return [course for course in self.courses if course.failure is None and course.not_tested is None]


@contextmanager
def bench(program: Path, paths: Sequence[str], budget: float) -> Iterator[tuple[Gate, Measurement]]:
    """Find the benchmarks in ``paths``, and provide a gate on which each is compared with itself.

    Args:
        program: The child program's file.
        paths: Files, folders and node ids, as pytest takes them.
        budget: Seconds of rounds of one benchmark in one process.

    Raises:
        UsageError: There is no benchmark there.
        ProcessDied: A process ended without a result.
    """
    with workshop(program) as runner:
        place = Place(python=sys.executable, folder=Path.cwd(), rootdir=Path.cwd(), inifile=None, paths=_entries())
        found = _find(runner, place, paths)
        place = Place(
            python=place.python, folder=place.folder, rootdir=found.rootdir, inifile=found.inifile, paths=place.paths
        )
        courses = [_course(test) for test in found.benchmarks]
        yield (
            Gate(runner=runner, candidate=place, baseline=place, tree=found.rootdir, budget=budget),
            Measurement(courses=courses),
        )


def measure(gate: Gate, measurement: Measurement, *, pairs: int | None, tell: Tell = lambda _: None) -> None:
    """Run blocks until there are ``pairs`` pairs, or until two minutes are over; an interruption leaves what there is.

    Raises:
        ProcessDied: A process ended without a result.
        KeyboardInterrupt: Somebody had enough.
    """
    tell("a first run of every benchmark, unmeasured")
    gate.rehearse(measurement.courses)
    begun = perf_counter()

    def after_half(progress: Progress) -> None:
        measurement.seconds = perf_counter() - begun
        tell(_time_left(progress.pairs, pairs, measurement.seconds))

    def is_over(course: Course) -> bool:  # of the time after the block, so that all benchmarks end together
        done = len(course.pairs)
        if pairs is not None:
            return done >= pairs
        return done >= LEAST_MEASURED and measurement.seconds >= MEASURED_SECONDS

    for _ in gate.run(measurement.courses, is_settled=is_over, tell=after_half):
        pass
    measurement.is_complete = True


def _time_left(done: int, pairs: int | None, seconds: float) -> str:
    pace = seconds / done
    if pairs is not None:
        return f"pair {done} of {pairs}, about {pace * (pairs - done):.0f} s left"
    left = max(MEASURED_SECONDS - seconds, pace * (LEAST_MEASURED - done), 0.0)
    return f"pair {done}, about {left:.0f} s left"


def _find(runner: Runner, place: Place, paths: Sequence[str]) -> Found:
    cache = runner.scratch / "pytest-cache"
    environment = environment_of(place, hash_seed=0, cache=runner.scratch / "compiled")
    result = runner.run(place, finding_text(place.folder, paths, cache=cache), environment, name="collection")
    if result.found is None or not result.found.benchmarks:
        where = ", ".join(paths) or "the tests of this folder"
        told = "".join(f"; {file} cannot be collected: {line}" for file, line in sorted(result.uncollected.items()))
        raise UsageError(f"expected benchmarks (tests that use the fixture 'benchmark') in {where}, came none{told}")
    return result.found


def _entries() -> tuple[Path, ...]:
    return tuple(Path(entry).absolute() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry)


def _course(test: str) -> Course:
    claim = Claim(
        id=ClaimId(test),
        test=test,
        statement=test,
        metric=TIME_RATIO,
        relation=Relation.AT_MOST,
        threshold=1.0,
        trials=LARGEST_PAIRS,
        of=TIME_RATIO,
    )
    digest = Digest(hashlib.sha256(test.encode()).hexdigest())
    group = ClaimGroup(test=test, claims=(claim,), digests=(digest,))
    return Course(entry=CatalogueEntry(group=group, key=digest[:32], module=test.split("::", 1)[0], line=0))


def _pairs(course: Course, n: int) -> Pairs:
    def lows(side: Side) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([pair[side].low for pair in course.pairs[:n]])

    return Pairs(first=lows(Side.CANDIDATE), second=lows(Side.BASELINE), control=lows(Side.CONTROL))
