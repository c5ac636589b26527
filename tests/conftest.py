"""No test sees or writes the keys, the git identity or the environment of whoever runs the suite."""

from __future__ import annotations

import os
import sys
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
