"""Where a trial failed, told without leaking where the project lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_ophamin.trials.failure import exception_reason, place_of, relative_to_root


def raised(path: Path, source: str) -> BaseException:
    """Run ``source`` as the file ``path`` and return what it raises."""
    try:
        exec(compile(source, str(path), "exec"), {})  # noqa: S102  # frames of a file of our choosing
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError("expected an exception")


def test_the_place_is_the_innermost_line_of_the_authors_own(tmp_path: Path) -> None:
    """Frames of libraries below it are passed over."""
    error = raised(tmp_path / "sub" / "test_a.py", "import json\n\njson.loads('{')\n")
    assert place_of(error, tmp_path) == "sub/test_a.py:3"
    assert place_of(error, str(tmp_path / "sub")) == "test_a.py:3"


@pytest.mark.parametrize("folder", [".venv/lib/python3.11/site-packages/lib", "x/dist-packages"])
def test_an_environment_inside_the_project_is_outside(tmp_path: Path, folder: str) -> None:
    """Installed packages are not the author's own, wherever the environment lies."""
    assert relative_to_root(str(tmp_path / folder / "m.py"), tmp_path) is None


def test_a_place_elsewhere_is_outside(tmp_path: Path) -> None:
    """No path outside rootdir is told, nor one of a frame without a file."""
    error = raised(tmp_path / "a.py", "1 / 0")
    assert place_of(error, tmp_path / "other") == "<outside>"
    assert place_of(error, None) == "<outside>"
    assert place_of(ValueError(), tmp_path) == "<outside>"
    assert relative_to_root("<string>", tmp_path) is None
    assert relative_to_root(str(tmp_path) + "-sibling/a.py", tmp_path) is None


def test_this_package_is_never_the_place() -> None:
    """A pick that fails is told at the line that picked."""
    package = Path(exception_reason.__code__.co_filename)
    assert relative_to_root(str(package), package.parent.parent.parent) is None


def test_relative_frames_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module imported through a relative path on sys.path is inside too."""
    monkeypatch.chdir(tmp_path)
    assert relative_to_root(os.path.join("sub", "a.py"), tmp_path) == "sub/a.py"  # noqa: PTH118


def test_reasons_name_the_class_only() -> None:
    """A message may hold anything, so none of it is used."""
    assert exception_reason(ValueError("token=abc")) == "the trial raised ValueError"
    assert (
        exception_reason(OSError("/home/x"), in_fixture=True) == "setting up or tearing down the trial raised OSError"
    )
