"""The gate: every benchmark of a session in blocks of fresh processes, until its claims are decided.

1. A rehearsal runs each side once, unmeasured: it shows what is missing, or not importable, before minutes are spent.
2. A block is two halves. Each half runs one process of every side, the second half in the reverse order; each process
   runs every benchmark that is still open. A half gives one pair to each.
3. After each whole block a benchmark whose claims are decided is left out of the next.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from pytest_ophamin.claims.gates import PAIRS_PER_BLOCK
from pytest_ophamin.comparing.course import Course
from pytest_ophamin.comparing.places import (
    Place,
    built_from,
    environment_of,
    environment_size,
    import_roots,
    is_beside_tests,
    is_installed,
    shadowed,
    strays,
)
from pytest_ophamin.comparing.process import Runner
from pytest_ophamin.comparing.request import Result, request_text
from pytest_ophamin.comparing.sides import Side, block_order, hash_seed
from pytest_ophamin.errors import UsageError

_REHEARSAL_BUDGET = 1e-6
_NO_SEED = 0
_EDITABLE = "editable"
"""In the names of modules that build backends install to find an editable project: setuptools, meson, scikit-build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a gate has come."""

    pairs: int
    """Pairs done."""
    most_pairs: int
    """Pairs of the benchmark that may take the most."""
    open: int
    """Benchmarks that are not decided yet."""
    seconds_left: float
    """At most, at the pace so far."""


@dataclass(slots=True, kw_only=True)
class Gate:
    """What a gate needs to run."""

    runner: Runner
    candidate: Place
    baseline: Place | None
    tree: Path
    """The work tree: what a process of the baseline must not import from."""
    moved_to: Path | None = None
    """Where the baseline's revision is checked out; None when another environment runs this tree's tests."""
    budget: float
    """Seconds of rounds per benchmark and process."""
    options: tuple[str, ...] = ()
    """Further arguments of the child's pytest."""

    def rehearse(self, courses: Sequence[Course]) -> Mapping[Side, Result]:
        """Run every side once, unmeasured; the candidate first, to see where its code is imported from.

        Raises:
            UsageError: The baseline's processes import code of this work tree.
            ProcessDied: A process ended without a result.
        """
        results: dict[Side, Result] = {}
        for side in sorted(_sides(courses), key=lambda side: side is not Side.CANDIDATE):
            results[side] = self._run(side, courses, seed=_NO_SEED, budget=_REHEARSAL_BUDGET)
            if side is Side.CANDIDATE:
                self._look_where_the_candidate_looks(results[side], courses)
            elif side is Side.BASELINE and self.baseline is not self.candidate:  # calibrating: it is meant to be
                self._check_origins(results[side], courses)
        for course in courses:
            course.rehearse(results)
        return results

    def run(
        self,
        courses: Sequence[Course],
        *,
        is_settled: Callable[[Course], bool],
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> Iterator[Course]:
        """Run blocks until no benchmark is open; yield each as it closes.

        Args:
            courses: The benchmarks, rehearsed.
            is_settled: Tells whether a benchmark's pairs decide its claims; asked after whole blocks only.
            tell: Called after each half.

        Raises:
            ProcessDied: A process ended without a result.
        """
        yield from (course for course in courses if not course.is_open)
        seed = seed_of(courses)
        began, block = perf_counter(), 0
        while left := [course for course in courses if course.is_open]:
            for half, order in enumerate(block_order(_sides(left), seed, block)):
                self._run_half(order, left, seed, PAIRS_PER_BLOCK * block + half)
                tell(_progress(left, perf_counter() - began, PAIRS_PER_BLOCK * block + half + 1))
            for course in left:
                course.is_settled = course.is_open and is_settled(course)
            yield from (course for course in left if not course.is_open)
            block += 1

    def _run_half(self, order: Sequence[Side], left: Sequence[Course], seed: bytes, pair: int) -> None:
        began = perf_counter()
        results = {side: self._run(side, left, seed=hash_seed(seed, pair, side), budget=self.budget) for side in order}
        share = (perf_counter() - began) / len(left)
        for course in left:
            course.seconds += share
            if course.is_open:
                course.take(results)

    def _run(self, side: Side, courses: Sequence[Course], *, seed: int, budget: float) -> Result:
        place = self._place(side)
        request = request_text(
            place,
            {course.test: course.wish for course in courses},  # what a side runs besides is the same for all
            budget=budget,
            swaps=side is Side.VERSUS,
            distributions=budget == _REHEARSAL_BUDGET,
            cache=self.runner.scratch / "pytest-cache",
            options=self.options,
        )
        compiled = self.runner.scratch / "compiled"
        size = max(environment_size(environment_of(each, hash_seed=0, cache=compiled)) for each in self._places)
        environment = environment_of(place, hash_seed=seed, cache=compiled, size=size)
        return self.runner.run(place, request, environment, name=side)

    @property
    def _places(self) -> tuple[Place, ...]:
        return (self.candidate,) if self.baseline is None else (self.candidate, self.baseline)

    def _place(self, side: Side) -> Place:
        if side is not Side.BASELINE:
            return self.candidate
        if self.baseline is None:
            raise UsageError("a comparison with a baseline needs one: --ophamin-baseline REV")
        return self.baseline

    def _look_where_the_candidate_looks(self, result: Result, courses: Sequence[Course]) -> None:
        """Let a checked-out baseline find its modules in the folders the candidate found its own in."""
        if self.baseline is None or self.moved_to is None:
            return
        installed = shadowed(result.origins, (self.tree, self.candidate.rootdir)) | self._installed_parts(result)
        if installed:
            name, file = next(iter(installed.items()))
            raise UsageError(
                f"the candidate does not run the code of this work tree: its processes import {name!r} as it is "
                f"installed ({file}), and so would those of any other revision. Install the project from its "
                "source folder (pip install -e .), or compare two environments: --ophamin-baseline-python PATH"
            )
        roots = import_roots(result.origins, self.tree, [str(path) for path in self._test_files(courses)])
        moved = (self.moved_to / root.relative_to(self.tree) for root in roots)
        self.baseline = replace(self.baseline, paths=tuple(dict.fromkeys((*self.baseline.paths, *moved))))

    def _installed_parts(self, result: Result) -> dict[str, str]:
        """Return the modules of this tree's own project that were imported as they are installed, by name."""
        own = built_from(result.distributions, (self.tree, self.candidate.rootdir))
        files = {name: result.origins[name] for name in own if name in result.origins and _EDITABLE not in name}
        return {name: file for name, file in files.items() if is_installed(Path(file))}

    def _project_in_place_of_its_build(self, result: Result) -> set[str]:
        """Return the modules of a build of this project none of which was imported from where it is installed.

        Tests may lie inside the project's own package: pytest then imports it from the work tree, ahead of the build.
        """
        own = built_from(result.distributions, (self.tree, self.candidate.rootdir))
        used = {owner.name for name, owner in own.items() if is_installed(Path(result.origins.get(name, "")))}
        return {name for name, owner in own.items() if owner.name not in used}

    def _test_files(self, courses: Sequence[Course]) -> set[Path]:
        files = [self.candidate.rootdir / course.test.split("::", 1)[0] for course in courses]
        return {*files, *(file.resolve() for file in files)}

    def _check_origins(self, result: Result, courses: Sequence[Course]) -> None:
        """Refuse a baseline that is this work tree under another name: its ratio would be 1, whatever was changed."""
        found = strays(result.origins, self.tree)
        if self.moved_to is None:  # another environment runs this tree's tests; what they test must come from elsewhere
            files, own = self._test_files(courses), self._project_in_place_of_its_build(result)
            found = {
                name: file
                for name, file in found.items()
                if name in own or not is_beside_tests(Path(file), files, self.tree)
            }
        else:  # the folder for temporary files may lie in the work tree
            found = {name: file for name, file in found.items() if not Path(file).is_relative_to(self.moved_to)}
        if found:
            name, file = next(iter(found.items()))
            raise UsageError(
                f"the baseline does not run its own code: its processes import {name!r} from this work tree "
                f"({Path(file).relative_to(self.tree)}). Make the project importable from its source folder "
                "(an import path that pytest's `pythonpath` ini or an ordinary editable install gives), or install the "
                "old version in another environment and name that: --ophamin-baseline-python PATH"
            )


def seed_of(courses: Sequence[Course]) -> bytes:
    """Return the seed of the order of sides and of hash seeds: it follows from the benchmarks' stream keys."""
    return sha256("".join(sorted(course.entry.key for course in courses)).encode()).digest()


@contextmanager
def workshop(program: Path) -> Iterator[Runner]:
    """Make a folder for one gate, with the child program alone in a folder of its own; take all of it away afterwards.

    Args:
        program: The child program's file.
    """
    with tempfile.TemporaryDirectory(prefix="ophamin-gate-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        (folder / "program").mkdir()
        copy = shutil.copy(program, folder / "program")
        (folder / "scratch").mkdir()
        yield Runner(program=Path(copy), scratch=folder / "scratch")


def processors() -> int:
    """Return how many processors this process, and so every process of a gate, may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _sides(courses: Sequence[Course]) -> list[Side]:
    return sorted({side for course in courses for side in course.sides})


def _progress(left: Sequence[Course], seconds: float, done: int) -> Progress:
    still = [course for course in left if course.is_open]
    most = max((course.entry.group.trials for course in still), default=done)
    return Progress(pairs=done, most_pairs=most, open=len(still), seconds_left=seconds / done * (most - done))
