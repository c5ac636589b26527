"""The end of a session, in the process that decides: undecided claims, the campaign, the exit status, the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.claims.allocation import allocate_entries
from pytest_ophamin.claims.lock import read_lock
from pytest_ophamin.deciding.outcome import Corrected, Outcome, Status
from pytest_ophamin.errors import KeyProblem, LockError
from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.campaigning import Clock, ClosedCampaign, Plan, close_campaign, write_evidence
from pytest_ophamin.plugin.deciders import Decider
from pytest_ophamin.plugin.desk import Desk
from pytest_ophamin.plugin.pillars import registry_of
from pytest_ophamin.plugin.progress import SliceProgress
from pytest_ophamin.plugin.replacing import Replacer
from pytest_ophamin.plugin.session import read_working_lock
from pytest_ophamin.plugin.summary import print_campaign, print_new, print_plain
from pytest_ophamin.reporting.text import escape_text
from pytest_ophamin.substrate.standing import lock_standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ophamin.claims.catalogue import CatalogueEntry
    from pytest_ophamin.claims.model import Claim, Digest
    from pytest_ophamin.plugin.casefile import CaseFile
    from pytest_ophamin.plugin.showing import Final

_FAILED = int(pytest.ExitCode.TESTS_FAILED)
_EMPTY = int(pytest.ExitCode.NO_TESTS_COLLECTED)


class Ending:
    """Owns the desk, and what happens after the last test."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._config = session.config
        self._settings = session.config.stash[keys.settings]
        self._clock = Clock()
        self._plan: Plan | None = None
        self._closed: ClosedCampaign | None = None
        self._is_finished = False
        self.new_benchmarks: list[str] = []
        self._new_families: set[str] = set()
        needs_standing = self._settings.mode == "campaign" or self._settings.strict
        self.decider = Decider(
            self._settings,
            lambda: registry_of(self._config),
            self._standing if needs_standing else None,
        )
        self.desk = Desk(self.decider, signals=session.config.stash.get(keys.signals, None))
        self.progress = SliceProgress(session.config)
        if self._settings.mode == "campaign":
            self.plan  # noqa: B018  # the lock as it is before any test ran
            self._check_key()

    @property
    def plan(self) -> Plan:
        """The committed lock, read once."""
        if self._plan is None:
            try:
                standing = lock_standing(self._config.rootpath, self._settings.lock_path)
                lock = None if standing.text is None else read_lock(standing.text)
            except (LockError, OSError) as error:
                raise pytest.UsageError(f"ophamin: {self._settings.lock_path.name}: {error}") from error
            self._plan = Plan(lock=lock, standing=standing)
        return self._plan

    def is_in_lock(self, claim: Claim, digest: Digest) -> bool:
        """Tell whether the committed lock promises a claim, as it is or as it was before it was amended.

        In a plain session too.
        """
        return self.plan.registration(claim, digest, self._settings.correction).status is not Status.UNREGISTERED

    def leave_out_new(self, cases: Mapping[str, CatalogueEntry | None]) -> bool:
        """List benchmarks the baseline does not have, outside every family: nobody promised anything about them yet.

        Alpha was shared among them as well. No benchmark has been measured yet, so the others share it anew.

        Args:
            cases: Their node ids, each with what is left of its claims: those that need no baseline.

        Returns:
            False, and nothing is left out, when a claim that is no gate has used its share of alpha already.
        """
        entries = {name: case.entry for name, case in self.desk.cases.items() if case.entry is not None}
        rest = {name: cases.get(name, entry) for name, entry in entries.items()}
        left = {name: entry for name, entry in rest.items() if entry is not None}
        if self._settings.mode == "campaign":
            left = allocate_entries(left, read_working_lock(self._config, []), self._settings.correction)
        ran = {name for name, case in self.desk.cases.items() if case.started and not case.is_deferred}
        if any(entry != entries[name] for name, entry in left.items() if name in ran):
            return False
        self._new_families |= {claim.family for name in cases for claim in entries[name].group.claims}
        self.new_benchmarks += cases
        for name in entries:
            if name in left:
                self.desk.cases[name].entry = left[name]
            else:
                del self.desk.cases[name]
        return True

    def _check_key(self) -> None:
        """Refuse a key that could not sign what the session is about to find.

        Raises:
            pytest.UsageError: The key given, or the user's, cannot be used.
        """
        if self._settings.unsigned:
            return
        from pytest_ophamin.records.keys import check_key  # pydantic and cryptography: campaigns only

        try:
            check_key(self._config.stash.get(keys.signing_key, None), environ=self._config.stash[keys.environ])
        except KeyProblem as error:
            raise pytest.UsageError(f"ophamin: {error}") from error

    def check_problems(self) -> None:
        """Stop a session whose claims contradict each other.

        Raises:
            pytest.UsageError: All problems together.
        """
        if self.desk.problems:
            raise pytest.UsageError("ophamin:\n  " + "\n  ".join(self.desk.problems))

    def finish(self, session: pytest.Session) -> None:
        """Decide what is left, then let reports and exit status agree with the verdicts."""
        if self._is_finished or self._config.option.collectonly or getattr(self._config.option, "setupplan", False):
            return
        self._is_finished = True
        self._settle(interrupted=session.exitstatus == pytest.ExitCode.INTERRUPTED)
        if self.desk.problems:
            self._tell_problems(session)
        elif self._settings.mode == "campaign":
            self._finish_campaign(session)
        else:
            self._finish_plain(session)

    def print_summary(self, terminal: Any) -> None:
        """Print the table of claims below the failures."""
        if self._closed is not None:
            print_campaign(terminal, self._closed, self._settings, self._config)
        elif self._settings.mode == "plain":
            print_plain(terminal, self._outcomes(), self._config)
        elif self._settings.mode == "trial":
            for line in self._config.stash.get(keys.returned, []):
                terminal.write_line(escape_text(line))
        print_new(terminal, self.new_benchmarks)

    def _standing(self, claim: Any, digest: Any) -> Any:
        return self.plan.registration(claim, digest, self._settings.correction)

    def _outcomes(self) -> list[Outcome]:
        return [outcome for case in self.desk.cases.values() for outcome in case.outcomes]

    def _settle(self, *, interrupted: bool) -> None:
        """Give every claim an outcome: what was planned and not decided is NOT TESTED (law 3)."""
        for case in self.desk.cases.values():
            if case.entry is None or case.outcomes:
                continue
            if case.is_settled and not case.is_closed:
                self.desk.decide_settled(case, case.entry)
                continue
            reason = case.not_tested or self._reason(case, interrupted=interrupted)
            case.not_tested = reason
            case.outcomes = self.decider.not_tested(case.entry, reason)

    def _reason(self, case: CaseFile, *, interrupted: bool) -> str:
        if self.desk.selected and case.nodeid not in self.desk.selected:
            return "deselected"
        if case.lost is not None:
            return case.lost
        if case.started:
            return "interrupted" if interrupted else "some of its trials never arrived"
        return "interrupted before it ran" if interrupted else "not run"

    def _finish_plain(self, session: pytest.Session) -> None:
        """Deselected and skipped claims behave as in pytest; a started, undecided claim always fails."""
        replacer = Replacer(session, self.decider)
        for case in self.desk.cases.values():
            finals: list[Final] = [(outcome, None) for outcome in case.outcomes]
            if case.started and case.shown is None:
                replacer.add_report(case, finals)
            elif case.is_spoilt:
                replacer.correct(case, finals)
        replacer.settle_exit_status()

    def _finish_campaign(self, session: pytest.Session) -> None:
        ended_badly = self.desk.catalogue is None and session.exitstatus not in (0, _EMPTY)
        self._closed = close_campaign(
            self._outcomes(),
            self.plan,
            self._settings,
            all_in_scope=ended_badly or session.testscollected == 0,
            in_scope=self._new_families,
        )
        if self._closed is None:
            if session.exitstatus == 0 and not self.new_benchmarks:
                session.exitstatus = _EMPTY
            return
        self._show_corrected(session, self._closed)
        write_evidence(
            self._closed,
            settings=self._settings,
            plan=self.plan,
            subject=self._config.stash[keys.subject],
            rootdir=self._config.rootpath,
            clock=self._clock,
            workers=len(getattr(self._config.option, "tx", None) or []),
            signing_key=self._config.stash.get(keys.signing_key, None),
            environ=self._config.stash[keys.environ],
            registry=registry_of(self._config),
        )
        self._set_exit_status(session, self._closed)

    def _show_corrected(self, session: pytest.Session, closed: ClosedCampaign) -> None:
        """Replace every report that the corrected verdict contradicts; add one for what nobody reported."""
        by_test: dict[str, list[Final]] = {}
        members: dict[tuple[str, str], Corrected] = {
            (family.name, member.claim): member for family in closed.campaign.families for member in family.members
        }
        for outcome in closed.outcomes:
            by_test.setdefault(outcome.claim.test, []).append((outcome, members[outcome.family, outcome.claim.id]))
        replacer = Replacer(session, self.decider)
        for test, finals in by_test.items():
            case = self.desk.cases.get(test)
            if case is None or case.shown is None:
                replacer.add_report(case, finals)
            else:
                replacer.correct(case, finals)
        replacer.settle_exit_status()

    def _set_exit_status(self, session: pytest.Session, closed: ClosedCampaign) -> None:
        barred = any(self.decider.is_barred(outcome) for outcome in closed.outcomes)
        is_good = closed.campaign.green and not closed.problems and not barred
        if not is_good and session.exitstatus in (0, _EMPTY):
            session.exitstatus = _FAILED

    def _tell_problems(self, session: pytest.Session) -> None:
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        # In the process that collected, they were raised as a usage error already, which pytest prints.
        if reporter is not None and session.exitstatus != pytest.ExitCode.USAGE_ERROR:
            for problem in self.desk.problems:
                reporter.write_line(f"ERROR: ophamin: {problem}", red=True)
        if session.exitstatus in (0, _EMPTY, _FAILED):
            session.exitstatus = int(pytest.ExitCode.USAGE_ERROR)
