"""One process of a gate: started, waited for, read; and ended with everything it started, should anything go wrong."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pytest_ophamin.comparing.places import Place
from pytest_ophamin.comparing.request import Result, read_result
from pytest_ophamin.errors import EvidenceError, OphaminError

_BROKEN = {
    2: "was interrupted",
    3: "ended in an internal error of pytest or a plugin",
    4: "could not begin: pytest refuses its options, or cannot load a conftest.py",
}
"""Exit statuses of pytest that say its tests were not run: what is not among its readings is not absent for that."""
_TAIL = 25
"""Lines of a process's output that are shown when it fails."""


class ProcessDied(OphaminError):
    """A process ended without a result; ``output`` is the end of what it printed."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message, output)
        self.message = message
        self.output = output

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs the child program in a folder of the gate's own."""

    program: Path
    """The child program, alone in its folder: that folder is the first entry of its import path."""
    scratch: Path
    """Where requests, results and output lie."""

    def run(self, place: Place, request: str, environment: Mapping[str, str], *, name: str) -> Result:
        """Run one process to its end.

        Args:
            place: Where it runs.
            request: What it is asked.
            environment: All its environment variables.
            name: Of the process, for people: ``"baseline"``.

        Raises:
            ProcessDied: It ended without a readable result.
        """
        asked, answer, output = (self.scratch / file for file in ("request.json", "result.json", "output.txt"))
        asked.write_text(request, encoding="utf-8")
        answer.unlink(missing_ok=True)
        with output.open("wb") as sink:
            status = self._wait([place.python, str(self.program), str(asked), str(answer)], place, environment, sink)
        if not answer.is_file():
            raise ProcessDied(f"a process of the {name} ended without a result ({_status(status)})", _tail(output))
        try:
            result = read_result(answer.read_text(encoding="utf-8"))
        except EvidenceError as error:
            raise ProcessDied(f"a process of the {name}: {error}", _tail(output)) from error
        if result.status in _BROKEN:
            raise ProcessDied(f"a process of the {name} {_BROKEN[result.status]}", _tail(output))
        return result

    def _wait(self, command: list[str], place: Place, environment: Mapping[str, str], sink: IO[bytes]) -> int:
        try:
            process = subprocess.Popen(
                command,
                cwd=place.folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this process alone, which then ends that one's whole group
            )
        except OSError as error:
            raise ProcessDied(f"{place.python} cannot be started: {error.strerror}", "") from error
        try:
            return process.wait()
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all it started; nothing is left of it afterwards."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # gone already, and its group with it
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _status(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def _tail(output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_TAIL:])
