"""`ophamin calibrate` at work: a quick run on real benchmarks, mistakes, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SUITE = """
    import pytest

    def work(n):
        return sum(range(n))

    def test_small(benchmark):
        benchmark(work, 100)

    def test_broken(benchmark):
        raise ValueError("no luck")

    def test_plain():
        pass
"""
COMMAND = [sys.executable, "-c", "from pytest_ophamin.cli import main; raise SystemExit(main())", "calibrate"]


@pytest.fixture
def scratch(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder temporary ones are made in."""
    folder = Path(pytester.mkdir("scratch"))
    monkeypatch.setenv("TMPDIR", str(folder))
    # The project is imported from where it lies, as this process does.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entry for entry in sys.path if entry))
    return folder


def test_a_machine_is_measured_and_told(pytester: pytest.Pytester, scratch: Path) -> None:
    """Benchmarks are found, and only they; one that raises is left out; figures come as JSON; nothing stays behind."""
    pytester.makepyfile(test_speed=SUITE)
    options = ["--measure", "4", "--budget", "1", "--pairs", "6", "--json", "test_speed.py"]
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert [benchmark["test"] for benchmark in found["benchmarks"]] == ["test_speed.py::test_small"]
    assert found["measured"]["pairs"] == 4
    assert found["measured"]["complete"] is True
    assert "no luck" in found["measured"]["left_out"]["test_speed.py::test_broken"]
    assert found["plan"] == {"pairs": 6, "threshold": 1.05, "alpha": 0.05, "budget": 1.0}
    assert found["sessions"] == 200
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["test_plain.py"], "expected benchmarks (tests that use the fixture 'benchmark') in test_plain.py, came none"),
        (["test_torn.py"], "test_torn.py cannot be collected"),
        (["sub"], "No module named 'nothing_of_this_name'"),
        (["test_gone.py"], "file or directory not found: test_gone.py"),
        (["--pairs", "7"], "expected an even number from 4 to 10000, came '7'"),
        (["--threshold", "much"], "expected a number above 0 and below 1000, came 'much'"),
    ],
)
def test_a_mistake_is_told(pytester: pytest.Pytester, scratch: Path, arguments: list[str], words: str) -> None:
    """A sentence and exit status 2."""
    pytester.makepyfile(test_plain="def test_plain(): pass", test_torn="def test_torn(")
    pytester.mkdir("sub").joinpath("conftest.py").write_text("import nothing_of_this_name")
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list(scratch.iterdir()) == []


def test_ctrl_c_leaves_nothing_behind(pytester: pytest.Pytester, scratch: Path) -> None:
    """It says how far it came, and neither a folder nor a process stays."""
    pytester.makepyfile(test_speed=SUITE)
    process = subprocess.Popen(
        [*COMMAND, "--measure", "1000", "--budget", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 120.0
    while not list(scratch.glob("ophamin-gate-*/scratch/request.json")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "stopped" in said
    assert "Traceback" not in said
    assert list(scratch.iterdir()) == []
