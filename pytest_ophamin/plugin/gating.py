"""Benchmark gates at work: from the cases that wait to their reports."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_ophamin.claims.model import ClaimGroup
from pytest_ophamin.comparing.course import Course
from pytest_ophamin.comparing.gate import Gate, Progress, processors, workshop
from pytest_ophamin.comparing.places import Place, is_beside_tests, own_entries, strays
from pytest_ophamin.comparing.process import ProcessDied
from pytest_ophamin.comparing.request import Result
from pytest_ophamin.comparing.revision import checked_out, find_commit, git_top
from pytest_ophamin.comparing.sides import Side
from pytest_ophamin.deciding.stopping import stopped_evidence
from pytest_ophamin.errors import OphaminError, UsageError
from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.gate_child import LOW_NAME
from pytest_ophamin.plugin.gate_items import SLICE_ATTRIBUTE
from pytest_ophamin.plugin.pillars import registry_of
from pytest_ophamin.plugin.progress import TerminalNote
from pytest_ophamin.plugin.substrate import substrate_commit
from pytest_ophamin.reporting.text import count
from pytest_ophamin.substrate.git import GitProblem
from pytest_ophamin.trials.comparison import Comparison
from pytest_ophamin.trials.gather import gather_slices
from pytest_ophamin.trials.streams import SEED_POLICY_COMMIT, stream_key

if TYPE_CHECKING:
    from pytest_ophamin.claims.catalogue import CatalogueEntry
    from pytest_ophamin.deciding.registry import PillarRegistry
    from pytest_ophamin.plugin.casefile import CaseFile
    from pytest_ophamin.plugin.ending import Ending

PROGRAM = Path(__file__).with_name("gate_child.py")


def run_gates(session: pytest.Session, ending: Ending) -> None:
    """Measure every benchmark that waits, and report each as soon as its claims are decided."""
    cases = {case.nodeid: case for case in ending.desk.cases.values() if case.is_deferred and case.entry is not None}
    courses = [Course(entry=case.entry) for case in cases.values() if case.entry is not None]
    bench = _Bench(session.config, ending, cases)
    try:
        with _termination_as_interrupt():
            bench.run(courses)
    except (OphaminError, OSError) as error:
        bench.tell_failure(error)
        for course in courses:
            bench.leave_untested(course, _first_sentence(error))
    finally:
        bench.note.clear()


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM, which a CI system sends to a job it cancels, end the gate as Ctrl-C does: nothing is left behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:  # whoever handles it knows better
        yield
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class _Bench:
    """What one session's gates share."""

    def __init__(self, config: pytest.Config, ending: Ending, cases: dict[str, CaseFile]) -> None:
        self._config = config
        self._settings = config.stash[keys.settings]
        self._ending = ending
        self._cases = cases
        self._commit: str | None = None
        self._environment = ""
        self._terminal: Any = config.pluginmanager.getplugin("terminalreporter")
        self.note = TerminalNote(config)

    def run(self, courses: Sequence[Course]) -> None:
        registry = registry_of(self._config)
        self._leave_without_baseline(courses)
        running = [course for course in courses if course.is_open]
        if not running:
            return
        with workshop(PROGRAM) as runner, self._baseline(running, runner.scratch) as (place, moved_to):
            gate = Gate(
                runner=runner,
                candidate=self._candidate(),
                baseline=place,
                moved_to=moved_to,
                tree=self._tree,
                budget=self._settings.budget,
                options=_forwarded(self._config),
            )
            self._announce(running)
            results = gate.rehearse(running)
            self._environment = _describe_environment(results, gate, running)
            running = self._without_new(running, results)
            for course in gate.run(running, is_settled=lambda each: _is_settled(each, registry), tell=self._tell):
                self._close(course)

    def tell_failure(self, error: Exception) -> None:
        """Say why gates could not be measured, with what a process that died last printed."""
        self._write(f"ERROR: ophamin: {error}", red=True)
        for line in error.output.splitlines() if isinstance(error, ProcessDied) else ():
            self._write(f"  | {line}")

    def leave_untested(self, course: Course, reason: str) -> None:
        """Close a benchmark that cannot be decided, unless it is closed already."""
        case = self._cases[course.test]
        case.not_tested = case.not_tested if case.not_tested is not None or case.outcomes else reason

    def _leave_without_baseline(self, courses: Sequence[Course]) -> None:
        if self._settings.baseline is not None or self._settings.baseline_python is not None:
            return
        for course in courses:
            if course.second is Side.BASELINE:
                course.not_tested = "no baseline: give --ophamin-baseline REV"
                self.leave_untested(course, course.not_tested)

    def _without_new(self, courses: Sequence[Course], results: Mapping[Side, Result]) -> list[Course]:
        """Leave out the ratios of benchmarks the baseline lacks; what the lock promises stays, and is NOT TESTED.

        Budgets need no baseline: where there are any, they are measured by themselves.
        """
        new = {
            course.test: self._without_baseline(course)
            for course in courses
            if course.is_absent
            and not any(self._ending.is_in_lock(*each) for each in course.claims_by_need(baseline=True))
        }
        if not new or not self._ending.leave_out_new(new):
            return list(courses)
        rest = [course for course in courses if new.get(course.test, course.entry) is not None]
        for course in rest:
            entry = self._cases[course.test].entry
            assert entry is not None  # noqa: S101  # only collected benchmarks wait
            course.entry = entry  # its share of alpha may have grown
            if course.test in new:
                course.not_tested, course.is_absent = None, False
                course.rehearse(results)
        return rest

    def _without_baseline(self, course: Course) -> CatalogueEntry | None:
        """Return what a benchmark would be had it made no claim against a baseline; None if it made no other."""
        claims = course.claims_by_need(baseline=False)
        if not claims:
            return None
        group = ClaimGroup(
            test=course.test, claims=tuple(c for c, _ in claims), digests=tuple(digest for _, digest in claims)
        )
        by_commit = group.claims[0].seed_policy == SEED_POLICY_COMMIT
        key = stream_key(group, substrate_commit(self._config) if by_commit else None)
        return replace(course.entry, group=group, key=key.hex())

    @contextmanager
    def _baseline(self, courses: Sequence[Course], scratch: Path) -> Iterator[tuple[Place | None, Path | None]]:
        """Provide where the baseline runs, and where its revision is checked out if it is one."""
        if not any(course.second is Side.BASELINE for course in courses):
            yield None, None
        elif self._settings.baseline_python is not None:
            yield self._place(str(self._settings.baseline_python), self._outside_entries()), None
        else:
            tree = self._tree
            self._commit = find_commit(tree, str(self._settings.baseline))
            with checked_out(tree, self._commit, scratch.parent / "baseline") as folder:
                place = self._candidate().moved(tree, folder)
                # The revision may lack the folder this session was started in; its tests are named from rootdir.
                yield place if place.folder.is_dir() else replace(place, folder=folder), folder

    def _candidate(self) -> Place:
        start_path: tuple[str, ...] = self._config.stash[keys.start_path]
        own = own_entries(start_path, self._tree, sys.prefix)
        return self._place(sys.executable, (*own, *self._outside_entries()))

    def _place(self, python: str, paths: tuple[Path, ...]) -> Place:
        inifile = self._config.inipath
        return Place(
            python=python,
            folder=self._config.invocation_params.dir.resolve(),
            rootdir=self._config.rootpath.resolve(),
            inifile=None if inifile is None else inifile.resolve(),
            paths=paths,
        )

    def _outside_entries(self) -> tuple[Path, ...]:
        """Entries of the user's PYTHONPATH that lie outside the tree: every side keeps them."""
        entries = [Path(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        return tuple(entry for entry in entries if not entry.resolve().is_relative_to(self._tree))

    @cached_property
    def _tree(self) -> Path:
        """The work tree; without git, and without a revision to compare with, what lies below rootdir."""
        try:
            return git_top(self._config.rootpath).resolve()
        except UsageError:
            if self._settings.baseline is not None:
                raise
            return self._config.rootpath.resolve()

    def _announce(self, courses: Sequence[Course]) -> None:
        self._write("")
        compared = any(course.second is Side.BASELINE for course in courses)
        against = ""
        if compared and self._commit is not None:
            against = f", against {self._settings.baseline} ({self._commit[:12]})"
        elif compared:
            against = f", against the environment of {self._settings.baseline_python}"
        pairs = max(course.entry.group.trials for course in courses)
        self._write(
            f"ophamin: {count(len(courses), 'benchmark')} in up to {pairs} pairs of fresh processes{against}; one "
            "process at a time, now that all other tests are done"
        )

    def _tell(self, progress: Progress) -> None:
        left = progress.seconds_left
        minutes = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"  # noqa: PLR2004
        self.note.show(
            f"gate: pair {progress.pairs}/{progress.most_pairs}, {count(progress.open, 'benchmark')} open, at most "
            f"{minutes} left"
        )

    def _close(self, course: Course) -> None:
        """Send the report of a benchmark that is done."""
        case = self._cases[course.test]
        self.note.clear()
        if course.skipped is not None:
            self._report_skip(course, case, course.skipped)
            return
        if course.not_tested is not None:
            self.leave_untested(course, course.not_tested)
            return
        case.comparison = self._comparison(course)
        self._report(course, case)

    def _report(self, course: Course, case: CaseFile) -> None:
        """Tell the session, as it is told of any test, that the benchmark was run."""
        setup, call, teardown = (_report_of(course, case, when) for when in ("setup", "call", "teardown"))
        call.duration = course.seconds
        setattr(call, SLICE_ATTRIBUTE, course.to_slice().to_text())
        if course.failure is not None:
            call.outcome, call.longrepr = "failed", course.told
        self._send(setup, call, teardown)

    def _report_skip(self, course: Course, case: CaseFile, reason: str) -> None:
        """Tell the session that the benchmark skips itself here."""
        setup, teardown = _report_of(course, case, "setup"), _report_of(course, case, "teardown")
        file, line, _ = setup.location
        setup.outcome, setup.longrepr = "skipped", (file, (line or 0) + 1, f"Skipped: {reason}")
        self._send(setup, teardown)

    def _send(self, *reports: pytest.TestReport) -> None:
        hook, nodeid, location = self._config.hook, reports[0].nodeid, reports[0].location
        hook.pytest_runtest_logstart(nodeid=nodeid, location=location)
        for report in reports:
            hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(nodeid=nodeid, location=location)

    def _comparison(self, course: Course) -> Comparison:
        against, name, commit = "budget", "", None
        if course.second is Side.VERSUS:
            against = "versus"
            name = next(claim.versus for claim in course.claims if claim.versus is not None)
        elif course.second is Side.BASELINE and self._commit is not None:
            against, name, commit = "revision", str(self._settings.baseline), self._commit
        elif course.second is Side.BASELINE:
            against, name = "environment", self._environment
        return Comparison(
            against=against,
            name=name,
            commit=commit,
            budget=self._settings.budget,
            low=LOW_NAME,
            gc=course.gc,
            sides=tuple(sorted(course.sides)),
            cpus=processors(),
            same_source=course.same_source,
        )

    def _write(self, line: str, **markup: bool) -> None:
        if self._terminal is not None:
            self._terminal.write_line(line, **markup)


def _report_of(course: Course, case: CaseFile, when: Literal["setup", "call", "teardown"]) -> pytest.TestReport:
    assert case.entry is not None  # noqa: S101  # only collected benchmarks wait
    name = course.test.split("::", 1)[-1].replace("::", ".")
    return pytest.TestReport(
        nodeid=course.test,
        location=(case.entry.module, case.entry.line - 1, name),
        keywords={},
        outcome="passed",
        longrepr=None,
        when=when,
    )


def _is_settled(course: Course, registry: PillarRegistry) -> bool:
    entry = course.entry
    gathering = gather_slices(entry.group, bytes.fromhex(entry.key), [course.to_slice()])
    return all(stopped_evidence(claim, gathering, registry) is not None for claim in course.claims)


def _describe_environment(results: Any, gate: Gate, courses: Sequence[Course]) -> str:
    """Return the baseline's Python, and the versions it has of what the candidate imports from the tree."""
    baseline: Result | None = results.get(Side.BASELINE)
    if baseline is None or gate.moved_to is not None:
        return ""
    files = {gate.candidate.rootdir / course.test.split("::", 1)[0] for course in courses}
    own = strays(results[Side.CANDIDATE].origins, gate.tree)
    names = [name for name, file in own.items() if not is_beside_tests(Path(file), files, gate.tree)]
    owners = {name: baseline.distributions[name] for name in names if name in baseline.distributions}
    versions = [f"{name} {owner.version}" for name, owner in owners.items()]
    return ", ".join([f"Python {baseline.python}", *versions])


def _forwarded(config: pytest.Config) -> tuple[str, ...]:
    """Return the options of this session that change how a benchmark is collected; addopts reach the child anyway."""
    forwarded: list[str] = []
    for name in config.option.plugins or []:
        if "ophamin" not in name:
            forwarded += ["-p", name]
    for override in config.option.override_ini or []:
        if not override.startswith("ophamin_"):
            forwarded += ["-o", override]
    return (*forwarded, f"--import-mode={config.option.importmode}")


def _first_sentence(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text if isinstance(error, (UsageError, ProcessDied, GitProblem)) else f"{type(error).__name__}: {text}"
