"""What plugin tests share: a suite in a folder of its own, run alone and with ``-n2`` (``-n0``: test_identity.py)."""

from __future__ import annotations

import importlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from childrun import Runner

# pytester forgets modules an inner session imported; NumPy and SciPy cannot be loaded twice, the others only cost time.
for _name in (
    "numpy.random",
    "scipy.special",
    "hypothesis",
    "pytest_ophamin.plugin.campaigning",
    "pytest_ophamin.plugin.commands",
    "pytest_ophamin.plugin.ending",
    "pytest_ophamin.records.build",
    "pytest_ophamin.records.verify",
    "ophamin_pillars",
):
    importlib.import_module(_name)

MODES = {"alone": ("-p", "no:xdist"), "n2": ("-n2",)}
QUIET = ("-p", "no:randomly", "-W", "ignore")
WITHOUT_LAWS = ("-p", "no:hypothesispytest")
# Before 16.2, which wants pytest 8.2, its threads spin for ever once a worker has hung up: here, in this process.
IN_PROCESS = ("-p", "no:rerunfailures")


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are made in a folder of the test's own, and no CI setting of the machine changes what is signed."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    for name in ("CI", "OPHAMIN_SIGNING_KEY", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=list(MODES))
def mode(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Command-line arguments of one way to run: every test that asks for it runs in all of them."""
    return MODES[request.param]


@pytest.fixture
def left_out() -> tuple[str, ...]:
    """Arguments that leave Hypothesis's plugin out: it imports all of Hypothesis at the end of every session.

    A module about laws has a fixture of this name that returns nothing.
    """
    return WITHOUT_LAWS


@pytest.fixture
def run(pytester: pytest.Pytester, left_out: tuple[str, ...]) -> Runner:
    """Run pytest as a user does; in this process, which is several times faster, unless ``child=True``."""

    def run_pytest(*arguments: str | os.PathLike[str], child: bool = False) -> pytest.RunResult:
        if child:
            return pytester.runpytest_subprocess(*QUIET, *left_out, *arguments, timeout=120)
        return pytester.runpytest_inprocess(*QUIET, *left_out, *IN_PROCESS, *arguments)

    return run_pytest


@pytest.fixture
def commit(pytester: pytest.Pytester) -> Callable[[], str]:
    """Commit everything in the suite's folder and return the commit."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=suite", "-c", "user.email=suite@example.org", *arguments]
        return subprocess.run(command, cwd=pytester.path, check=True, capture_output=True, text=True).stdout

    def commit_all() -> str:
        if not Path(pytester.path, ".git").exists():
            git("init", "-q", ".")
            Path(pytester.path, ".gitignore").write_text("proofs/\n__pycache__/\n.pytest_cache/\n*.log\n")
        git("add", "-A")
        git("commit", "-qm", "suite", "--allow-empty")
        return git("rev-parse", "HEAD").strip()

    return commit_all
