"""Where slices arrive and claims are decided: one desk per controlling process, whoever ran the trials.

A test's reports come in as its slices finish, in any order. All but the last are silenced; the last becomes the
report of the claim. The desk knows nothing of xdist beyond the suffix of a node id, ``#2of4``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.claims.catalogue import Catalogue, CatalogueEntry
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.plugin.casefile import CaseFile
from pytest_ophamin.plugin.compat import is_subtest
from pytest_ophamin.plugin.gate_items import DEFERRED, SLICE_ATTRIBUTE
from pytest_ophamin.plugin.hooks import ADDED_ATTRIBUTE, CATALOGUE_ATTRIBUTE, SPOILT_ATTRIBUTE
from pytest_ophamin.plugin.nodeids import split_nodeid
from pytest_ophamin.plugin.settling import UNNEEDED, answered_path, can_stop_early, signal_path
from pytest_ophamin.plugin.sharing import spoilt_slices
from pytest_ophamin.plugin.showing import properties_of, show_outcomes, silence
from pytest_ophamin.trials.slices import Slice

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from pytest_ophamin.deciding.outcome import Outcome
    from pytest_ophamin.plugin.deciders import Decider

_PHASES = ("setup", "call", "teardown")


class Desk:
    """Receives every report of the session, gathers slices, decides claims when their last slice has come."""

    def __init__(self, decider: Decider, *, signals: str | None = None) -> None:
        self._decider = decider
        self._signals = signals
        """Folder in which workers of this machine look for claims that are decided; None without workers."""
        self.catalogue: Catalogue | None = None
        self.problems: list[str] = []
        self.selected: set[str] = set()
        """Node ids of the tests, claims or not, that were not deselected."""
        self.cases: dict[str, CaseFile] = {}

    def adopt(self, catalogue: Catalogue) -> None:
        """Take over what a process collected; all processes must have collected the same claims."""
        if self.catalogue is None:
            self.catalogue = catalogue
            self.problems.extend(catalogue.problems)
            for entry in catalogue.entries:
                self._case(entry.group.test).entry = entry
        elif self.catalogue != catalogue:
            message = (
                "workers collected different claims: expected every worker to import the same code and data, "
                "came two catalogues; nothing of this session can be believed"
            )
            if message not in self.problems:
                self.problems.append(message)

    def select(self, nodeids: Iterable[str]) -> None:
        """Learn which tests will run."""
        for nodeid in nodeids:
            parts = split_nodeid(nodeid)
            if parts is not None:
                self._case(parts[0]).slices_expected = parts[2]
            self.selected.add(nodeid if parts is None else parts[0])

    def receive(self, report: pytest.TestReport) -> CaseFile | None:
        """Take one report, before anybody else sees it, and turn it into what people are meant to see.

        Returns:
            The case it belongs to; None for a plain test.
        """
        is_explained = self._take_messages(report)
        added = report.__dict__.pop(ADDED_ATTRIBUTE, None)
        if added is not None:
            slice_of = split_nodeid(added)
            report.nodeid = slice_of[0] if slice_of is not None and slice_of[0] in self.cases else added
            return None
        parts = split_nodeid(report.nodeid)
        nodeid, number, of = parts if parts is not None else (report.nodeid, 1, 1)
        case = self.cases.get(nodeid)
        if case is None or (case.entry is None and report.when in _PHASES):
            return None  # a plain test; its own name may look like a slice's, but no plan knows it
        text = report.__dict__.pop(SLICE_ATTRIBUTE, None)
        _forget_worker(report, nodeid, case)
        case.started = True
        case.slices_expected = of
        case.recorded.add(number, report.user_properties)
        if report.when == "teardown" and report.failed and not is_explained:
            case.spoilt.add(number)  # a plugin failed it behind our back
        if text == DEFERRED:
            case.is_deferred = True
            silence(report)
            return case
        if case.is_closed:
            silence(report)
            return case
        self._dispatch(case, report, number, text)
        return case

    def _take_messages(self, report: pytest.TestReport) -> bool:
        """Take what any report may bring, that of a plain test included.

        Returns:
            Whether it said which slices its failure concerns.
        """
        catalogue = report.__dict__.pop(CATALOGUE_ATTRIBUTE, None)
        if catalogue is not None:
            self.adopt(Catalogue.from_text(catalogue))
        spoilt = report.__dict__.pop(SPOILT_ATTRIBUTE, None)
        if spoilt is not None:
            self._spoil(spoilt)
        return spoilt is not None

    def _dispatch(self, case: CaseFile, report: pytest.TestReport, number: int, text: str | None) -> None:
        if is_subtest(report):
            case.note_subtest(report, number)
        elif report.when not in _PHASES:  # xdist's report of a crash has no phase
            self._receive_crash(case, report, number)
        elif report.when == "teardown":
            self._receive_teardown(case, report, number)
        elif report.when == "call" or not report.passed:
            self._receive_evidence(case, report, number, text)
        elif number != 1:
            silence(report)

    def decide_settled(self, case: CaseFile, entry: CatalogueEntry) -> None:
        """Decide claims that may stop early on what has arrived: their last slices never will."""
        case.outcomes = self._decider.decide(entry, case)
        self._void_spoilt(case)

    def entries(self) -> tuple[CatalogueEntry, ...]:
        return () if self.catalogue is None else self.catalogue.entries

    def _case(self, nodeid: str) -> CaseFile:
        return self.cases.setdefault(nodeid, CaseFile(nodeid=nodeid))

    def _receive_crash(self, case: CaseFile, report: pytest.TestReport, number: int) -> None:
        case.lost = case.lost or f"{case.last_worker or 'a worker'} crashed while it ran the claim"
        if case.entry is None or not can_stop_early(case.entry.group):
            self._close_lost(case, report, case.lost)
            return
        # Earlier trials may have decided the claims, or do so yet: then those that died with the worker are not missed.
        _make_ordinary(report)
        case.torn_down.add(number)
        if case.is_settled:
            case.lost = None
        self._receive_evidence(case, report, number, UNNEEDED)

    def _close_lost(self, case: CaseFile, report: pytest.TestReport, reason: str) -> None:
        case.close(reason)
        report.when = "call"
        report.outcome = "failed"
        outcomes = self._undecided(case)
        case.outcomes = outcomes
        show_outcomes(report, outcomes, self._decider, case)

    def _undecided(self, case: CaseFile) -> tuple[Outcome, ...]:
        return () if case.entry is None else self._decider.not_tested(case.entry, case.not_tested or "not run")

    def _receive_evidence(self, case: CaseFile, report: pytest.TestReport, number: int, text: str | None) -> None:
        """Take a call report, or a set-up that did not pass: the slice has nothing more to say."""
        if number in case.answered:
            silence(report)
            return
        case.answered.add(number)
        case.duration += report.duration
        case.keep_failure(report, number)
        if case.entry is None:
            case.close("its plan never reached the controlling process")
            return
        if text is not None and text != UNNEEDED:
            self._gather(case, case.entry, text, number)
        case.note_phase(report, number, has_slice=text is not None)
        self._tell_progress(case, case.entry)
        if len(case.answered) < case.slices_expected:
            silence(report)
            return
        if case.lost is not None:
            self._close_lost(case, report, case.lost)
            return
        if case.is_settled and not report.passed:
            _make_ordinary(report)  # whatever happened to this slice, it is none the claims rest on
        case.conclude()
        case.outcomes = self._decider.decide(case.entry, case)
        report.duration = case.duration
        show_outcomes(report, case.outcomes, self._decider, case)

    def _gather(self, case: CaseFile, entry: CatalogueEntry, text: str, number: int) -> None:
        """Add a slice; where its claims may stop early, see whether they are decided now, and say so to the workers."""
        try:
            arrived = Slice.from_text(text)
            case.starts[number] = arrived.start
            case.gathering_of(entry).add_slice(arrived)
        except EvidenceError as error:
            if not case.is_settled:
                case.broken = case.broken or str(error)
            return
        if not can_stop_early(entry.group) or case.is_settled:
            return
        trials = self._decider.settled_at(entry, case)
        if trials is not None:
            case.settle(trials)
            if self._signals is not None:
                signal_path(self._signals, entry.group.test).touch()

    def _tell_progress(self, case: CaseFile, entry: CatalogueEntry) -> None:
        """Let the slices start that wait for this one, see :mod:`pytest_ophamin.plugin.settling`."""
        while case.leading + 1 in case.answered:
            case.leading += 1
            if self._signals is not None and can_stop_early(entry.group):
                answered_path(self._signals, entry.group.test, case.leading).touch()

    def _receive_teardown(self, case: CaseFile, report: pytest.TestReport, number: int) -> None:
        case.torn_down.add(number)
        if report.failed:
            case.keep_teardown(report, number)
        if len(case.torn_down) < case.slices_expected or not case.outcomes:
            if not case.outcomes and report.failed and case.slices_expected == 1:
                return
            silence(report)
            return
        longrepr = case.failed_teardown()
        if longrepr is not None:
            report.outcome = "failed"
            report.longrepr = longrepr
        elif report.failed:
            report.outcome = "passed"
            report.longrepr = None
        self._void_spoilt(case)
        report.user_properties = case.all_properties(properties_of([(outcome, None) for outcome in case.outcomes]))

    def _spoil(self, text: str) -> None:
        """A fixture failed when it was torn down: no claim of which a slice that counts used it can be believed."""
        for test, number in spoilt_slices(text):
            case = self._case(test)
            case.spoilt.add(number)
            self._void_spoilt(case)

    def _void_spoilt(self, case: CaseFile) -> None:
        if case.is_spoilt and case.outcomes:
            case.outcomes = self._decider.void_by_teardown(case.outcomes)


def _make_ordinary(report: pytest.TestReport) -> None:
    """Turn a crash, or a set-up that failed, into a call whose outcome the claims decide."""
    report.when = "call"
    report.outcome = "passed"
    report.longrepr = None


def _forget_worker(report: pytest.TestReport, nodeid: str, case: CaseFile) -> None:
    """Let all slices look alike: JUnit and others tell test cases apart by node id, worker and item index."""
    report.nodeid = nodeid
    node = report.__dict__.pop("node", None)
    if node is not None:
        case.last_worker = f"worker {node.gateway.id}"
    for name in ("worker_id", "item_index", "testrun_uid"):
        report.__dict__.pop(name, None)
