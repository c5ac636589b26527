"""No test sees or writes the keys, the git identity or the environment of whoever runs the suite."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


_FORGOTTEN = (
    "CI",
    "OPHAMIN_SIGNING_KEY",
    "PYTEST_ADDOPTS",
    # A child session is no worker of this one.
    "PYTEST_XDIST_WORKER",
    "PYTEST_XDIST_WORKER_COUNT",
    "PYTEST_XDIST_TESTRUNUID",
    # Child sessions are not measured: plugin/ is outside the gate, and tracing them doubles the time.
    "COVERAGE_PROCESS_CONFIG",
    "COVERAGE_PROCESS_START",
)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the session, and the child processes it starts, an empty configuration folder and git without a user."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for name in _FORGOTTEN:
            patch.delenv(name, raising=False)
        # A suite that is written anew within a second, in the same size, would be run from the old one's byte code.
        # What is installed was cached when this session's modules were collected: tox.ini switches that on.
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        patch.setattr(sys, "dont_write_bytecode", True)
        yield


_UNMEASURED = ("docs", "plugin", "statistical")
"""Folders that run much and look at little of it: what only they reach, no test names."""


@pytest.fixture(scope="module", autouse=True)
def _measured_where_it_counts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Trace no folder that would cover a line by accident: it is the tracer that makes simulations slow."""
    folder = request.path.relative_to(Path(__file__).parent).parts[0]
    coverage = sys.modules.get("coverage")
    measuring = None if coverage is None or folder not in _UNMEASURED else coverage.Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    yield
    measuring.start()
