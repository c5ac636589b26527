"""One child session of pytest, ended whole whatever happens to this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PLUGINS = ("-p", "benchmark")
_ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Of all plugins that happen to be installed, only those a session names."""
_NOT_INHERITED = ("PYTEST_ADDOPTS", "OPHAMIN_SIGNING_KEY", "PYTHONHASHSEED")


@dataclass(frozen=True, slots=True)
class Ended:
    """A child session that is over."""

    status: int
    output: str
    seconds: float


def run_pytest(arguments: Sequence[str], folder: Path, extra: Mapping[str, str]) -> Ended:
    """Run pytest with pytest-benchmark, and the plugins ``arguments`` name beside it."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    command = [sys.executable, "-m", "pytest", *_PLUGINS, "-p", "no:cacheprovider", *arguments]
    begun = time.perf_counter()
    # A group of its own: Ctrl-C reaches this process alone, which asks the child to stop and waits until it has.
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, **_ENVIRONMENT, **extra},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.communicate()
        raise
    return Ended(status=process.returncode, output=output, seconds=round(time.perf_counter() - begun, 3))
