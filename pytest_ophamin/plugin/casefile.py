"""What is known so far about one claimed test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_ophamin.plugin.recorded import Recorded
from pytest_ophamin.trials.comparison import Comparison
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
    is_deferred: bool = False
    """A benchmark gate: measured by the controlling process, when all other tests are done."""
    comparison: Comparison | None = None
    """Of a benchmark gate: how its pairs came about."""
    answered: set[int] = field(default_factory=set)
    """Numbers of the slices whose call, or failed set-up, was reported."""
    leading: int = 0
    """How many slices, counted from the first, have answered without a gap."""
    starts: dict[int, int] = field(default_factory=dict)
    """First trial of each slice that ran any, by number."""
    torn_down: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)
    """Numbers of the slices whose set-up was skipped, before their first trial."""
    gathering: Gathering | None = None
    duration: float = 0.0
    not_tested: str | None = None
    """Set when the case is closed without a decision, or when the test was skipped before trial 0."""
    is_closed: bool = False
    settled_at: int | None = None
    """How many trials all claims together rest on: they may stop early, and have been decided by so many."""
    failures: dict[int, Failure] = field(default_factory=dict)
    """Failures outside the trials, by the number of the slice: a fixture, a hook, a plugin."""
    broken: str | None = None
    """A slice that did not fit."""
    lost: str | None = None
    """A worker that died with trials of claims that may stop early: nothing, if earlier trials decide them."""
    worst: tuple[int, Any, list[tuple[str, str]]] | None = None
    """(number, longrepr, captured sections) of the earliest slice that did not pass."""
    teardowns: dict[int, Any] = field(default_factory=dict)
    """What tearing down the fixtures of a slice raised, by its number."""
    spoilt: set[int] = field(default_factory=set)
    """Numbers of the slices a fixture of which failed when it was torn down."""
    outcomes: tuple[Outcome, ...] = ()
    recorded: Recorded = field(default_factory=Recorded)
    """What ``record_property`` and plugins wrote down."""
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

    @property
    def is_settled(self) -> bool:
        """Whether all claims have been decided by trials that have arrived, whatever becomes of later ones."""
        return self.settled_at is not None

    @property
    def failure(self) -> Failure | None:
        """The first failure outside the trials, of the slices that count."""
        return next((failure for number, failure in sorted(self.failures.items()) if self._counts(number)), None)

    def settle(self, trials: int) -> None:
        """Nothing that happened, or happens, behind so many trials changes anything any more."""
        self.settled_at = trials
        self.broken = None
        self.lost = None
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

    def keep_teardown(self, report: pytest.TestReport, number: int) -> None:
        self.teardowns.setdefault(number, report.longrepr)

    def failed_teardown(self) -> Any:
        """Return what the first failed teardown raised; one behind the last trial of settled claims is none.

        Unless it was a fixture of other tests that failed: then it has to be told in any case.
        """
        told = (number for number in sorted(self.teardowns) if number not in self.spoilt or self._counts(number))
        return next((self.teardowns[number] for number in told), None)

    @property
    def is_spoilt(self) -> bool:
        """Whether a fixture failed when it was torn down after trials the claims rest on."""
        return any(self._counts(number) for number in self.spoilt)

    def all_properties(self, own: list[tuple[str, object]]) -> list[tuple[str, object]]:
        """Return the claims' own properties and what the test recorded."""
        return [*own, *self.recorded.all()]

    def note_subtest(self, report: pytest.TestReport, number: int) -> None:
        """A subtest keeps its exception to itself; the trial it is part of is none to believe all the same."""
        if report.failed:
            self._fail(number, "a subtest failed: return the condition instead of asserting it")

    def note_phase(self, report: pytest.TestReport, number: int, *, has_slice: bool) -> None:
        """Draw from a report what its slice's text cannot say: trials that were never reached."""
        if not self._counts(number):
            return
        if report.when == "setup" and report.skipped:
            self.skipped.add(number)
        elif report.when == "setup":
            self._fail(number, "setting up the fixtures failed")
        elif not has_slice:
            word = {"passed": "passed without running its trials", "skipped": "was skipped"}.get(report.outcome)
            self._fail(number, f"the test {word or 'failed outside its trials'}")
        elif not report.passed and not self._last_slice_failed():
            # Every trial gave its observation, and yet a hook or plugin failed the call.
            self._fail(number, "the test failed outside its trials")
            self.worst = self.worst or (number, report.longrepr, list(report.sections))

    def conclude(self) -> None:
        """All slices have answered: a test skipped as a whole is NOT TESTED, one skipped in part is VOID."""
        if len(self.skipped) == self.slices_expected:
            self.not_tested = "skipped before the first trial"
        elif self.skipped:
            self._fail(min(self.skipped), "the fixtures of some trials were skipped")

    def _counts(self, number: int) -> bool:
        """Tell whether the claims rest on a slice: any does, until fewer trials are known to be enough."""
        return self.settled_at is None or self.starts.get(number, self.settled_at) < self.settled_at

    def _last_slice_failed(self) -> bool:
        return self.gathering is None or any(
            part.first_failure is not None or (part.search is not None and part.search.counterexample is not None)
            for part in self.gathering.slices
        )

    def _fail(self, number: int, reason: str) -> None:
        self.failures.setdefault(number, Failure(reason=reason))
