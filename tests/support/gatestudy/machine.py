"""Who else is at work on this machine: read from the kernel's counters, before and during a session."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STAT = Path("/proc/stat")
QUIET = 0.15
"""Processors that others may use, on average over a sample, on a machine that is called quiet."""
_SAMPLE_SECONDS = 1.0
_IDLE = (3, 4)
"""Fields of a line of /proc/stat: idle, and waiting for input or output."""
_GUESTS = 8
"""Fields from here on are counted in earlier ones already."""
_LOADER = """
import os
parent = os.getppid()
while os.getppid() == parent:  # gone with whoever started it, however that ended
    sum(range(20_000))
"""


def busy_seconds(stat: str) -> float:
    """Return the processor seconds all processes together have used since the machine started.

    Args:
        stat: Text of ``/proc/stat``.
    """
    ticks = [int(field) for field in stat.splitlines()[0].split()[1:]][:_GUESTS]
    return sum(tick for place, tick in enumerate(ticks) if place not in _IDLE) / os.sysconf("SC_CLK_TCK")


class Watch:
    """Processors used by processes that are not ours, since it was made; our own children count once they are done."""

    def __init__(self) -> None:
        self._begun, self._busy, self._own = time.perf_counter(), busy_seconds(_STAT.read_text()), _own_seconds()

    def others(self) -> float:
        """Return how many processors others used on average."""
        busy = busy_seconds(_STAT.read_text()) - self._busy - (_own_seconds() - self._own)
        return max(0.0, round(busy / (time.perf_counter() - self._begun), 3))


def others_now() -> float:
    """Return how many processors others use, watched for a second in which nothing of ours runs."""
    watch = Watch()
    time.sleep(_SAMPLE_SECONDS)
    return watch.others()


def wait_for_quiet(patience: float) -> float:
    """Return what others use as soon as that is little, or what they use when ``patience`` seconds are over."""
    until = time.monotonic() + patience
    while (found := others_now()) > QUIET and time.monotonic() < until:
        time.sleep(2 * _SAMPLE_SECONDS)
    return found


@contextmanager
def load(*, on: bool) -> Iterator[None]:
    """Keep one processor busy with a process of its own while the block runs."""
    if not on:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", _LOADER])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _own_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
