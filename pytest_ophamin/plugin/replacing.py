"""Replace reports after the fact: dots are provisional, and summary, JUnit and --lf must say the corrected verdict."""

from __future__ import annotations

import xml.etree.ElementTree as ET  # only edits elements pytest itself made; nothing is parsed
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.plugin.compat import junit_elements
from pytest_ophamin.plugin.hooks import ADDED_ATTRIBUTE
from pytest_ophamin.plugin.showing import is_failing, properties_of, rewrite_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ophamin.plugin.casefile import CaseFile
    from pytest_ophamin.plugin.deciders import Decider
    from pytest_ophamin.plugin.showing import Final


class Replacer:
    """Makes all who keep reports agree with the final verdicts."""

    def __init__(self, session: pytest.Session, decider: Decider) -> None:
        self._session = session
        self._config = session.config
        self._decider = decider
        self._terminal: Any = session.config.pluginmanager.getplugin("terminalreporter")
        self._lastfailed: Any = session.config.pluginmanager.getplugin("lfplugin")
        self._was_replaced = False

    def add_report(self, case: CaseFile | None, finals: Sequence[Final]) -> None:
        """Send a report for a test whose claims nobody reported: failed, or decided before its last slices were run."""
        if not is_failing(finals, self._decider) and (case is None or not case.is_settled):
            return
        nodeid = finals[0][0].claim.test
        path = nodeid.split("::", 1)[0]
        report = pytest.TestReport(
            nodeid=nodeid,
            location=(path, None, nodeid.split("::", 1)[-1].replace("::", ".")),
            keywords={},
            outcome="failed",
            longrepr="",
            when="call",
        )
        rewrite_report(report, finals, self._decider, None)
        if case is not None:
            case.is_closed = True
            case.shown = report.outcome
        setattr(report, ADDED_ATTRIBUTE, nodeid)
        self._config.hook.pytest_runtest_logreport(report=report)

    def correct(self, case: CaseFile, finals: Sequence[Final]) -> None:
        """Let the report people saw say the corrected verdict, if that changes whether the test fails."""
        report = case.report
        if report is None:
            return
        before = report.outcome
        if report.when == "setup" and before == "skipped":
            report.when = "call"
        if report.when == "call":
            rewrite_report(report, finals, self._decider, case)
        if report.outcome != before:
            self._move(report, before)
            case.shown = report.outcome
        self._edit_junit(case, report, before, finals)

    def settle_exit_status(self) -> None:
        """Let pytest's own status follow reports that were replaced."""
        session = self._session
        if session.testsfailed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = int(pytest.ExitCode.TESTS_FAILED)
        elif self._was_replaced and not session.testsfailed and session.exitstatus == pytest.ExitCode.TESTS_FAILED:
            session.exitstatus = int(pytest.ExitCode.OK)

    def _move(self, report: pytest.TestReport, before: str) -> None:
        self._was_replaced = True
        if report.outcome == "failed":
            self._session.testsfailed += 1
        elif before == "failed":
            self._session.testsfailed -= 1
        if self._terminal is not None:
            stats = self._terminal.stats
            if report in stats.get(before, []):
                stats[before].remove(report)
                if not stats[before]:
                    del stats[before]
            self._terminal._add_stats(report.outcome, [report])  # noqa: SLF001  # it also chooses the summary's colour
        if self._lastfailed is not None:
            self._lastfailed.pytest_runtest_logreport(report=report)

    def _edit_junit(self, case: CaseFile, report: pytest.TestReport, before: str, finals: Sequence[Final]) -> None:
        xml, element = junit_elements(self._config, case.nodeid)
        if element is None:
            return
        old = element.find("properties")
        if old is not None:
            element.remove(old)
        properties = ET.Element("properties")
        for name, value in case.all_properties(properties_of(finals)):
            ET.SubElement(properties, "property", name=str(name), value=str(value))
        element.insert(0, properties)
        if report.outcome == before:
            return
        for tag in ("failure", "skipped"):
            for child in element.findall(tag):
                element.remove(child)
        if report.outcome == "failed":
            child = ET.SubElement(element, "failure", message=str(report.longrepr.reprcrash.message))  # type: ignore[union-attr]
            child.text = str(report.longrepr)
        elif report.outcome == "skipped":
            ET.SubElement(element, "skipped", type="pytest.skip", message=str(report.longrepr[2]))  # type: ignore[index]
        names = {"failed": "failure", "skipped": "skipped", "passed": "passed"}
        xml.stats[names[before]] -= 1
        xml.stats[names[report.outcome]] += 1
