"""Three roles a process can have in a session, each a small plugin of its own: alone, controller, worker.

All run trials and decide through the same code. Only the process that is alone, or the controller, decides,
corrects, signs and writes.
"""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.gate_hooks import GateHooks
from pytest_ophamin.plugin.gate_items import left_out_text, take_left_out, told_of_left_out
from pytest_ophamin.plugin.hooks import CATALOGUE_ATTRIBUTE, CollectingHooks, DeskHooks, RunningHooks
from pytest_ophamin.plugin.nodeids import split_nodeid
from pytest_ophamin.plugin.substrate import drawn_by

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

WORKER_INPUT = "ophamin"
WORKER_OUTPUT = "ophamin_catalogue"
WORKER_LEFT_OUT = "ophamin_left_out"


def take_role(session: pytest.Session) -> None:
    """Register the hooks of this process's role; late, so that they see what other plugins did."""
    config = session.config
    manager = config.pluginmanager
    if hasattr(config, "workerinput"):
        worker = WorkerHooks(config)
        manager.register(RunningHooks(config, worker.attach_catalogue), "ophamin-running")
        manager.register(worker, "ophamin-worker")
        return
    desk_hooks = DeskHooks(session)
    manager.register(desk_hooks, "ophamin-desk")
    manager.register(GateHooks(session, desk_hooks), "ophamin-gates")
    if getattr(config.option, "dist", "no") != "no" and manager.hasplugin("dsession"):
        manager.register(ControllerHooks(session, desk_hooks), "ophamin-controller")
        return
    manager.register(RunningHooks(config), "ophamin-running")
    manager.register(AloneHooks(config, desk_hooks), "ophamin-alone")


class AloneHooks(CollectingHooks):
    """One process collects, runs and decides."""

    def __init__(self, config: pytest.Config, desk_hooks: DeskHooks) -> None:
        super().__init__(config)
        self._desk_hooks = desk_hooks

    def workers(self) -> tuple[int, str]:
        return 0, "no"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Hand the catalogue and the selection to the desk."""
        self._desk_hooks.collected(self.catalogue, [item.nodeid for item in session.items])


class WorkerHooks(CollectingHooks):
    """An xdist worker collects and runs slices; it decides nothing."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._input: dict[str, Any] = json.loads(config.workerinput[WORKER_INPUT])  # type: ignore[attr-defined]
        self._has_sent = False
        config.stash[keys.signals] = str(self._input["signals"])

    def commit(self) -> str | None:
        found = self._input["commit"]
        return super().commit() if found is None else str(found)

    def workers(self) -> tuple[int, str]:
        return int(self._input["workers"]), str(self._input["dist"])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the first report of this worker carry the catalogue: should the worker die, its plan is known."""
        report = yield
        self.attach_catalogue(report)
        return report

    def attach_catalogue(self, report: pytest.TestReport) -> None:
        """Let a report carry the catalogue, unless an earlier one did."""
        if not self._has_sent and self.catalogue is not None:
            vars(report)[CATALOGUE_ATTRIBUTE] = self.catalogue.to_text()
            self._has_sent = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Send the catalogue of a worker that ran no test, and which benchmarks it did not gate."""
        output: dict[str, Any] = self.config.workeroutput  # type: ignore[attr-defined]
        if not self._has_sent and self.catalogue is not None:
            output[WORKER_OUTPUT] = self.catalogue.to_text()
        if told_of_left_out(self.config):
            output[WORKER_LEFT_OUT] = left_out_text(self.config)


class ControllerHooks:
    """The xdist controller: it runs nothing, and decides everything."""

    def __init__(self, session: pytest.Session, desk_hooks: DeskHooks) -> None:
        self._session = session
        self._config = session.config
        self._desk_hooks = desk_hooks
        self._tests: set[str] = set()
        self._signals = tempfile.TemporaryDirectory(prefix="ophamin-", ignore_cleanup_errors=True)
        self._config.stash[keys.signals] = self._signals.name

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker what it cannot know: the dist mode, and the commit seeds may depend on, if it was read."""
        subject = self._config.stash.get(keys.subject, None)
        node.workerinput[WORKER_INPUT] = json.dumps(
            {
                "workers": node.workerinput["workercount"],
                "dist": self._config.option.dist,
                "signals": self._signals.name,
                "commit": None if subject is None else drawn_by(subject),
            }
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Learn what was selected: with claims, running everything on every worker makes no sense.

        Raises:
            pytest.UsageError: ``--dist each`` with claims.
        """
        parts = [split_nodeid(nodeid) for nodeid in ids]
        if self._config.option.dist == "each" and any(parts):
            raise pytest.UsageError(
                "ophamin: --dist each would run every trial of a claim once per worker, and the copies are no "
                "independent trials: use --dist load, worksteal, loadscope, loadfile or loadgroup"
            )
        if any(parts):  # in a suite without claims, counting is pytest's own affair
            self._tests = {nodeid if found is None else found[0] for nodeid, found in zip(ids, parts, strict=True)}
        self._desk_hooks.selected(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker says at its end; xdist may call this twice for one node."""
        output = getattr(node, "workeroutput", None) or {}
        text = output.pop(WORKER_OUTPUT, None)
        if text is not None:
            self._desk_hooks.adopt_text(text)
        if (left_out := output.pop(WORKER_LEFT_OUT, None)) is not None:
            take_left_out(self._config, left_out)

    def pytest_unconfigure(self) -> None:
        """Take the folder of signals away."""
        self._signals.cleanup()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Count tests, not slices, or the progress would stop at 25 %."""
        if self._tests:
            self._session.testscollected = len(self._tests)
