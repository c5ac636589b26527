"""Progress of a long claim, seen on a real terminal: words that are shown, and taken back."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

SLOW_CLAIM = """
    import time
    from pytest_ophamin import claim

    @claim("holds", metric="proportion", at_least=0.5, trials={trials})
    def test_slow(trial):
        time.sleep(0.002)
        return True
"""


def on_a_terminal(folder: Path, *arguments: str) -> bytes:
    """Run pytest with a pseudo-terminal as its standard output and return everything written to it."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-W", "ignore", *arguments]
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, cwd=folder, stdout=slave, stderr=slave, env=environment) as child:
        os.close(slave)
        written = b""
        while chunk := _read(master):
            written += chunk
        assert child.wait(60) == 0, written.decode()
    os.close(master)
    return written


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux reports the closed other end of a pseudo-terminal as an error
        return b""


@pytest.mark.parametrize(
    ("workers", "trials", "shown"),
    [(("-p", "no:xdist"), 1500, b" [trial "), (("-n2",), 4000, b" [test_slow: trial ")],
    ids=["alone", "n2"],
)
def test_a_long_claim_shows_how_far_it_is(
    pytester: pytest.Pytester, workers: tuple[str, ...], trials: int, shown: bytes
) -> None:
    """Alone trial by trial, under xdist slice by slice; whatever is shown is erased again."""
    pytester.makepyfile(SLOW_CLAIM.format(trials=trials))
    written = on_a_terminal(pytester.path, *workers)
    assert shown in written
    for note in re.findall(rb" \[[^\[]*trial \d+/%d\]" % trials, written):
        erased = b"\b" * len(note) + b" " * len(note) + b"\b" * len(note)
        assert note + erased in written
    assert b"VALIDATED" in written
    # What was taken back does not move what pytest writes next: its percentage ends in the last column but one.
    plain = re.sub(rb" \[[^\[]*trial \d+/\d+\]|\x08+ +\x08+|\x1b\[[0-9;]*[mK]", b"", written).decode()
    rows = [line.rpartition("\r")[2] for line in plain.splitlines() if line.endswith("[100%]")]
    assert rows or workers == ("-n2",), plain  # pytest 8.0 writes none for workers
    assert all(len(row) in {79, 80} for row in rows), rows


def test_nothing_is_shown_where_it_could_not_be_erased(pytester: pytest.Pytester) -> None:
    """Into a file or a pipe goes no progress."""
    pytester.makepyfile(SLOW_CLAIM.format(trials=1500))
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-W", "ignore", "-p", "no:xdist", timeout=120)
    assert "/1500]" not in result.stdout.str()
