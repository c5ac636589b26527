"""A little project with a benchmark, for gates with real processes and real revisions."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest

# The processes of a gate start faster without the plugins this suite has installed to be tried beside claims.
ALONE = ("-p", "pytest_benchmark.plugin", "-p", "ophamin", "--ophamin-budget=2")
LIBRARY = "def work(n):\n    return sum(i * i for i in range(n))\n"
SLOW = "def work(n):\n    return sum(i * i for i in range(2 * n))\n"
BENCH = """
from lib import work
from pytest_ophamin import claim

@claim("a hundred squares are not slower", metric="time_ratio", at_most=1.5, pairs=6)
def test_hundred(benchmark):
    benchmark(work, 100)

def test_plain():
    assert work(3) == 5
"""


def write(pytester: pytest.Pytester, library: str | None = None, bench: str | None = None) -> None:
    """Write the library, or its benchmarks."""
    for name, text in (("src/lib.py", library), ("bench/test_bench.py", bench)):
        if text is not None:
            path = pytester.path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)


def nothing_is_left(folder: Path) -> bool:
    """Tell whether neither a worktree nor a folder of a gate is left behind."""
    listed = subprocess.run(["git", "worktree", "list"], cwd=folder, capture_output=True, text=True, check=True)
    return len(listed.stdout.splitlines()) == 1 and not list(Path(tempfile.gettempdir()).glob("ophamin-gate-*"))
