"""Turn outcomes into what pytest shows: one report per claimed test, and reports replaced when a verdict changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.deciding.outcome import Corrected, Outcome, Status, Verdict
from pytest_ophamin.reporting.describe import describe_outcome
from pytest_ophamin.reporting.junit import junit_properties
from pytest_ophamin.reporting.text import escape_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ophamin.plugin.casefile import CaseFile
    from pytest_ophamin.plugin.deciders import Decider

VERDICT_ATTRIBUTE = "ophamin_verdict"
SECTION = "ophamin"

_LETTERS = {
    Verdict.REFUTED: "R",
    Verdict.INCONCLUSIVE: "I",
    Verdict.VOID: "V",
    Verdict.NOT_TESTED: "N",
    Verdict.VALIDATED: ".",
    Verdict.CORROBORATED: ".",
}
_WORST_FIRST = tuple(_LETTERS)
Final = tuple[Outcome, Corrected | None]


class ClaimRepr:
    """A failure text pytest can print, with the one line the short summary shows."""

    class _Crash:
        def __init__(self, message: str) -> None:
            self.message = message

        def __str__(self) -> str:
            return self.message

    def __init__(self, lines: Sequence[str], headline: str) -> None:
        self._lines = tuple(lines)
        self.reprcrash = self._Crash(headline)

    def toterminal(self, tw: Any) -> None:
        """Print the lines; pytest calls this for every failure."""
        for line in self._lines:
            tw.line(line)

    def __str__(self) -> str:
        return "\n".join(self._lines)


def silence(report: pytest.TestReport) -> None:
    """Make a slice's report invisible: only the last slice speaks for the claim."""
    report.when = "setup"
    report.outcome = "passed"
    report.longrepr = None
    report.sections = []
    report.duration = 0.0
    report.user_properties = []


def show_outcomes(report: pytest.TestReport, outcomes: Sequence[Outcome], decider: Decider, case: CaseFile) -> None:
    """Make ``report`` say what became of the test's claims, raw."""
    finals: list[Final] = [(outcome, None) for outcome in outcomes]
    if report.when == "setup":
        _show_setup(report, case)
    elif outcomes:
        _write(report, finals, decider, case)
    report.user_properties = case.all_properties(properties_of(finals))
    case.shown = report.outcome
    case.report = report


def rewrite_report(report: pytest.TestReport, finals: Sequence[Final], decider: Decider, case: CaseFile | None) -> None:
    """Make ``report`` say what became of the test's claims after correction."""
    _write(report, finals, decider, case)
    own = properties_of(finals)
    report.user_properties = own if case is None else case.all_properties(own)


def properties_of(finals: Iterable[Final]) -> list[tuple[str, object]]:
    """Return what JUnit keeps of a test's claims; the names of stacked claims carry their key and metric."""
    return [pair for outcome, corrected in finals for pair in junit_properties(outcome, corrected)]


def is_failing(finals: Iterable[Final], decider: Decider) -> bool:
    """Tell whether any of a test's claims makes it fail."""
    return any(decider.fails(outcome, final_verdict(outcome, corrected)) for outcome, corrected in finals)


def final_verdict(outcome: Outcome, corrected: Corrected | None) -> Verdict:
    """Return the corrected verdict, or the raw one where nothing was corrected."""
    return outcome.verdict if corrected is None else corrected.verdict


def worst_verdict(finals: Iterable[Final]) -> Verdict:
    """Return the verdict that stands for a test with several claims."""
    verdicts = {final_verdict(outcome, corrected) for outcome, corrected in finals}
    return next(verdict for verdict in _WORST_FIRST if verdict in verdicts)


def status_of(report: pytest.TestReport, verdict: str) -> tuple[str, str, str]:
    """Return category, letter and word; a category of our own would hide the test from FAILURES and the summary."""
    letter = _LETTERS[Verdict(verdict)]
    if report.outcome == "failed" and letter == ".":
        letter = "F"  # --ophamin-strict: the verdict is good, its registration is not
    return report.outcome, letter.lower() if report.outcome == "skipped" else letter, verdict


def _show_setup(report: pytest.TestReport, case: CaseFile) -> None:
    """A set-up that failed or was skipped looks as it does for any test; of several slices the first one's is kept."""
    if case.worst is not None:
        report.longrepr = case.worst[1]
        report.outcome = "skipped" if case.not_tested is not None else "failed"
    if report.outcome == "failed" and isinstance(report.longrepr, tuple):
        # A skip in a later slice: its tuple means "skipped" to whoever prints it.
        report.longrepr = f"the fixtures of a later slice were skipped: {report.longrepr[-1]}"


def _write(report: pytest.TestReport, finals: Sequence[Final], decider: Decider, case: CaseFile | None) -> None:
    failing = is_failing(finals, decider)
    verdict = worst_verdict(finals)
    setattr(report, VERDICT_ATTRIBUTE, str(verdict))
    report.__dict__.pop("wasxfail", None)  # a mark applied while the test ran: JUnit would call any outcome skipped
    if not failing and verdict is not Verdict.INCONCLUSIVE:
        report.outcome = "passed"
        report.longrepr = None
        return
    told = [pair for pair in finals if decider.fails(pair[0], final_verdict(*pair))] or list(finals)
    lines = _told_lines(told, decider)
    if case is not None and case.broken is not None:
        lines.append(f"slice       {escape_text(case.broken)}")
    if not failing:
        report.outcome = "skipped"
        path, line, _ = report.location
        report.longrepr = (path, (line or 0) + 1, f"INCONCLUSIVE: {_headline(told[0])}")
        return
    report.outcome = "failed"
    worst = None if case is None else case.worst
    shown = worst[1] if worst is not None else None
    if shown is None or isinstance(shown, tuple):
        report.longrepr = ClaimRepr(lines, _headline(told[0]))  # type: ignore[assignment]  # pytest asks for toterminal()
    else:
        report.longrepr = shown
        report.sections = [*worst[2], (SECTION, "\n".join(lines))] if worst is not None else []


def _told_lines(told: Sequence[Final], decider: Decider) -> list[str]:
    lines: list[str] = []
    for outcome, corrected in told:
        if lines:
            lines.append("")
        call = decider.settings.invocation.call_of(outcome.claim.test)
        lines.extend(describe_outcome(outcome, corrected, call=call))
        if decider.settings.strict and outcome.registration.status is not Status.REGISTERED:
            lines.append(
                f"strict      the claim is {outcome.registration.status}: register it with "
                "`pytest --ophamin-register` and commit ophamin.lock"
            )
    return lines


def _headline(final: Final) -> str:
    outcome, corrected = final
    return f"{final_verdict(outcome, corrected)}: {outcome.claim.statement}"
