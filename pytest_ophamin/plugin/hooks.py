"""The hooks the roles are made of: collecting claims, running their trials, receiving what they gave."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.gate_items import SLICE_ATTRIBUTE, defer, is_gate, told_of_left_out
from pytest_ophamin.plugin.nodeids import split_nodeid

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager

    from pytest_ophamin.claims.catalogue import Catalogue
    from pytest_ophamin.plugin.desk import Desk
    from pytest_ophamin.plugin.ending import Ending
    from pytest_ophamin.plugin.sharing import Sharing


SPOILT_ATTRIBUTE = "ophamin_spoilt"
"""Attribute of a teardown report: the slices its failure concerns, as text."""
CATALOGUE_ATTRIBUTE = "ophamin_catalogue"
"""Attribute of a worker's first report: the catalogue's text."""
ADDED_ATTRIBUTE = "ophamin_added"
"""Attribute of a report made by this plugin: the test it is about. It is final, and no slice of a closed test."""


class CollectingHooks:
    """Builds the catalogue of all claims before deselection, and cuts claims into slices after it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.catalogue: Catalogue | None = None

    def commit(self) -> str | None:
        """Return the commit of the substrate; asked only where a seed policy depends on it."""
        from pytest_ophamin.plugin.substrate import substrate_commit

        return substrate_commit(self.config)

    @abstractmethod
    def workers(self) -> tuple[int, str]:
        """Number of workers and dist mode."""

    # Registered last and tryfirst: outermost, so it sees items before -k and -m and again after all others.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Catalogue first, everybody else's selection and order, slices last."""
        has_claims = any(keys.claims in item.stash for item in items)
        if has_claims or self.config.stash[keys.settings].mode in ("register", "plan"):
            from pytest_ophamin.plugin.session import build_catalogue  # a claim exists

            self.catalogue = build_catalogue(session, items, self.commit)
        result = yield
        if self.catalogue is not None:
            from pytest_ophamin.plugin.session import with_late_problems

            self.catalogue = with_late_problems(self.catalogue, items)
        if self.catalogue is not None and not self.catalogue.problems:
            from pytest_ophamin.plugin.session import assign_slices

            workers, dist = self.workers()
            assign_slices(items, workers=workers, dist=dist, only=self.config.stash[keys.settings].trial)
        elif self.catalogue is not None:
            # Nothing may run on a plan that contradicts itself; the controlling process tells why.
            items.clear()
        return result


class RunningHooks:
    """Runs the trials of claim items."""

    def __init__(
        self, config: pytest.Config, attach_catalogue: Callable[[pytest.TestReport], None] | None = None
    ) -> None:
        self._config = config
        self._sharing: Sharing | None = None
        self._last: pytest.Item | None = None
        """The item that was run last."""
        self._attach_catalogue = attach_catalogue or (lambda _: None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a claim once, whatever a plugin would make of it, under its own node id."""
        if keys.group not in item.stash:
            self._last = item
            return None
        from pytest_ophamin.plugin.compat import run_protocol

        if is_gate(item.stash[keys.group]):
            defer(item, self._attach_catalogue)
            self._tear_down_others(item, nextitem)
            return True
        self._last = item
        base = item.stash[keys.base_id]
        is_first = item.stash[keys.slice_number][0] == 1
        if is_first:
            item.ihook.pytest_runtest_logstart(nodeid=base, location=item.location)
        # Around the protocol, not in a wrapper of pytest_runtest_call: its frame would stand in others' tracebacks.
        with _async_in_place(item):
            run_protocol(item, nextitem)
        if is_first:
            item.ihook.pytest_runtest_logfinish(nodeid=base, location=item.location)
        return True

    def _tear_down_others(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Tear down what earlier tests left to the last of their module: here it is one that is not run now."""
        from pytest_ophamin.plugin.compat import tear_down

        call = tear_down(item, nextitem)
        if call.excinfo is None:
            return
        report = pytest.TestReport.from_item_and_call(item, call)
        last = self._last or item
        report.location = last.location
        vars(report)[ADDED_ATTRIBUTE] = last.nodeid  # xdist sends reports of the item it is at only
        if self._sharing is not None:
            vars(report)[SPOILT_ATTRIBUTE] = self._sharing.concerned(item, call)
        item.ihook.pytest_runtest_logreport(report=report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Set the trial fixtures will see, before they are set up for the first time."""
        if keys.group in item.stash and isinstance(item, pytest.Function):
            from pytest_ophamin.plugin.running import begin_item

            begin_item(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run all trials where pytest would call the function once."""
        if keys.group not in pyfuncitem.stash:
            return None
        from pytest_ophamin.plugin import running

        if pyfuncitem.stash[keys.group].is_law:
            from pytest_ophamin.plugin.laws import run_law

            run_law(pyfuncitem)
            return True
        if keys.is_awaited in pyfuncitem.stash:
            return None  # an async plugin is about to call what async_in_place put there
        running.run_claim(pyfuncitem)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Remember which fixtures a claim shares with other tests, before one of them fails as it is torn down."""
        if keys.group not in item.stash or not isinstance(item, pytest.Function):
            return
        if self._sharing is None:
            from pytest_ophamin.plugin.sharing import Sharing

            self._sharing = Sharing()
            self._config.pluginmanager.register(self._sharing, "ophamin-sharing")
        self._sharing.note(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Hang the slice on the call's report: one str, since a foreign type would kill a worker."""
        is_claim = keys.group in item.stash
        if is_claim and call.excinfo is not None and not item.config.getoption("fulltrace"):
            from pytest_ophamin.plugin.tracebacks import hide_own_frames

            hide_own_frames(call)
        report = yield
        if is_claim:
            from pytest_ophamin.plugin.recorded import plain_properties

            report.user_properties = plain_properties(report.user_properties)
        if call.when == "call" and keys.slice_text in item.stash:
            vars(report)[SLICE_ATTRIBUTE] = item.stash[keys.slice_text]
            del item.stash[keys.slice_text]
        if call.when != "call" and not report.passed and self._sharing is not None:
            vars(report)[SPOILT_ATTRIBUTE] = self._sharing.concerned(item, call)
        return report


def _async_in_place(item: pytest.Item) -> AbstractContextManager[None]:
    """Take the place of an async test's function before the plugin that runs it looks."""
    from pytest_ophamin.plugin.running import async_in_place, is_async

    if isinstance(item, pytest.Function) and is_async(item):
        return async_in_place(item)
    return nullcontext()


class DeskHooks:
    """The controlling process: receives reports before anybody else, and closes the session."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._config = session.config
        self._ending: Ending | None = None
        if self._is_campaign:
            self.ending()  # the lock is read, and refused, before any test runs

    # Methods, not properties: pytest 8.0 evaluates every property of a plugin when it looks for fixtures.
    def ending(self) -> Ending:
        """Return what ends the session; built when the first claim, or a campaign, needs it."""
        if self._ending is None:
            from pytest_ophamin.plugin.ending import Ending

            self._ending = Ending(self._session)
        return self._ending

    def desk(self) -> Desk:
        """Return where reports arrive."""
        return self.ending().desk

    def has_deferred(self) -> bool:
        """Tell whether benchmark gates wait for the end of the test loop."""
        return self._ending is not None and any(case.is_deferred for case in self.desk().cases.values())

    def collected(self, catalogue: Catalogue | None, nodeids: Sequence[str]) -> None:
        """Take over what this process collected."""
        if catalogue is not None:
            self.desk().adopt(catalogue)
            self.desk().select(nodeids)
            self.ending().check_problems()

    def selected(self, ids: Sequence[str]) -> None:
        if self._ending is not None or any(split_nodeid(nodeid) for nodeid in ids):
            self.desk().select(ids)

    def adopt_text(self, text: str) -> None:
        from pytest_ophamin.claims.catalogue import Catalogue

        self.desk().adopt(Catalogue.from_text(text))

    # Outermost: a report that is rewritten after Session has counted it would leave a REFUTED test with exit status 0.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        """Let the desk see each report first."""
        if not self._is_decided or (self._ending is None and CATALOGUE_ATTRIBUTE not in vars(report)):
            return (yield)
        progress = self.ending().progress
        progress.clear()
        case = self.desk().receive(report)
        result = yield
        progress.tell(case)
        return result

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Show the verdict in place of PASSED and FAILED; the category stays pytest's own."""
        verdict = getattr(report, "ophamin_verdict", None)
        if verdict is None or report.when not in ("call", "setup"):
            return None
        from pytest_ophamin.plugin.showing import status_of

        return status_of(report, verdict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Carry out ``--ophamin-register`` and ``--ophamin-plan``, which run nothing."""
        mode = self._config.stash[keys.settings].mode
        if mode not in ("register", "plan") or session.testsfailed:
            return None
        from pytest_ophamin.plugin.commands import run_command

        run_command(mode, session, self.desk().catalogue)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Decide what is left, correct, sign and write, and see that the exit status agrees."""
        if self._is_decided and (self._ending is not None or self._is_campaign):
            self.ending().finish(session)

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the table of claims."""
        if self._ending is not None:
            self._ending.print_summary(terminalreporter)
        for line in [] if self._config.option.collectonly else told_of_left_out(self._config):
            terminalreporter.write_line(line)

    @property
    def _is_decided(self) -> bool:
        """Whether this session decides claims at all."""
        return bool(self._config.stash[keys.settings].mode in ("plain", "campaign"))

    @property
    def _is_campaign(self) -> bool:
        return bool(self._config.stash[keys.settings].mode == "campaign")
