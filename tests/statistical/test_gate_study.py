"""The study of benchmark gates can be run: one tiny session of each tool, and it goes on where it ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("gate_study.py")
TINY = ("--sessions", "1", "--pairs", "4", "--budget", "1", "--anyway")


def study(*arguments: str) -> str:
    """Run the script and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_session_is_run_once_and_reported(tmp_path: Path) -> None:
    """One line per session with verdicts and pairs of all benchmarks; a second run has nothing left to do."""
    kept = tmp_path / "study.jsonl"
    assert "0 left" in study("run", "slow-busy", *TINY, "--file", str(kept))
    (line,) = kept.read_text().splitlines()
    session = json.loads(line)
    assert session["slow"] == "count"
    assert set(session["lines"]) == {"count", "text", "match", "order", "store", "allocate"}
    assert all(len(pairs["control"]) == 4 for pairs in session["pairs"].values())
    assert study("run", "slow-busy", *TINY, "--file", str(kept)) == ""
    assert "| slow-busy |" in study("report", "--file", str(kept))
