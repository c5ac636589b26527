"""What all gates with real processes need."""

from __future__ import annotations

import tempfile
from collections.abc import Callable

import pytest
from gateproject import BENCH, LIBRARY, write


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all plugins this suite has installed, only those a session names."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def own_temporary_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of this suite run side by side: each looks for leftovers in a folder of its own."""
    folder = tmp_path_factory.mktemp("gates")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


@pytest.fixture
def project(
    pytester: pytest.Pytester, commit: Callable[[], str], few_plugins: None, own_temporary_folder: None
) -> pytest.Pytester:
    """A project with a benchmark, committed as it is."""
    pytester.makefile(".toml", pyproject='[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["bench"]\n')
    write(pytester, LIBRARY, BENCH)
    commit()
    return pytester
