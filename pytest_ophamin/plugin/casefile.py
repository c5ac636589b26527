"""What is known so far about one claimed test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.gather import Gathering

if TYPE_CHECKING:
    import pytest

    from pytest_ophamin.claims.catalogue import CatalogueEntry
    from pytest_ophamin.deciding.outcome import Outcome


@dataclass(slots=True)
class CaseFile:
    """The evidence of one test while it comes in, slice by slice."""

    nodeid: str
    entry: CatalogueEntry | None = None
    slices_expected: int = 1
    started: bool = False
    answered: set[int] = field(default_factory=set)
    """Numbers of the slices whose call, or failed set-up, was reported."""
    torn_down: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)
    """Numbers of the slices whose set-up was skipped, before their first trial."""
    gathering: Gathering | None = None
    duration: float = 0.0
    not_tested: str | None = None
    """Set when the case is closed without a decision, or when the test was skipped before trial 0."""
    is_closed: bool = False
    is_settled: bool = False
    """All claims may stop early, and have been decided by the trials that have arrived."""
    failure: Failure | None = None
    """A failure outside the trials: a fixture, a hook, a plugin."""
    broken: str | None = None
    """A slice that did not fit."""
    worst: tuple[int, Any, list[tuple[str, str]]] | None = None
    """(number, longrepr, captured sections) of the earliest slice that did not pass."""
    teardown_longrepr: Any = None
    outcomes: tuple[Outcome, ...] = ()
    properties: list[tuple[str, object]] = field(default_factory=list)
    report: pytest.TestReport | None = None
    """The report people saw."""
    shown: str | None = None
    """Outcome of the report people saw: passed, failed or skipped."""
    last_worker: str | None = None

    def gathering_of(self, entry: CatalogueEntry) -> Gathering:
        """Return where this test's slices meet."""
        if self.gathering is None:
            self.gathering = Gathering(entry.group, bytes.fromhex(entry.key))
        return self.gathering

    def settle(self) -> None:
        """Nothing that happened, or happens, in later trials changes anything any more."""
        self.is_settled = True
        self.failure = None
        self.broken = None
        self.worst = None
        self.skipped.clear()

    def close(self, reason: str) -> None:
        """Give the test up: whatever still arrives for it is ignored."""
        self.is_closed = True
        self.not_tested = reason

    def keep_failure(self, report: pytest.TestReport, number: int) -> None:
        """Remember how the earliest failing slice looked, to be shown when all have come."""
        if not self.is_settled and not report.passed and (self.worst is None or number < self.worst[0]):
            self.worst = (number, report.longrepr, list(report.sections))

    def keep_teardown(self, report: pytest.TestReport) -> None:
        if self.teardown_longrepr is None:
            self.teardown_longrepr = report.longrepr

    def note_phase(self, report: pytest.TestReport, number: int, *, has_slice: bool) -> None:
        """Draw from a report what its slice's text cannot say: trials that were never reached."""
        if self.is_settled:
            return
        if report.when == "setup" and report.skipped:
            self.skipped.add(number)
        elif report.when == "setup":
            self._fail("setting up the fixtures failed")
        elif not has_slice:
            word = {"passed": "passed without running its trials", "skipped": "was skipped"}.get(report.outcome)
            self._fail(f"the test {word or 'failed outside its trials'}")
        elif not report.passed and not self._last_slice_failed():
            # Every trial gave its observation, and yet a hook or plugin failed the call.
            self._fail("the test failed outside its trials")

    def conclude(self) -> None:
        """All slices have answered: a test skipped as a whole is NOT TESTED, one skipped in part is VOID."""
        if len(self.skipped) == self.slices_expected:
            self.not_tested = "skipped before the first trial"
        elif self.skipped:
            self._fail("the fixtures of some trials were skipped")

    def _last_slice_failed(self) -> bool:
        return self.gathering is None or any(
            part.first_failure is not None or (part.search is not None and part.search.counterexample is not None)
            for part in self.gathering.slices
        )

    def _fail(self, reason: str) -> None:
        if self.failure is None:
            self.failure = Failure(reason=reason)
