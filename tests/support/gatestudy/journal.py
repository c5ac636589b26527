"""Where sessions are kept: one line of JSON each, appended as soon as the session is over."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Session = Mapping[str, Any]
ROLES = ("first", "second", "control")
"""Columns that are kept of the pairs of a benchmark."""


class Journal:
    """A JSON-lines file; a line cut short by a kill is dropped, and its session is run again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Session]:
        """Return all whole lines."""
        if not self.path.exists():
            return []
        whole, _, _ = self.path.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def append(self, session: Session) -> None:
        """Add one session, on the disk before this returns."""
        self._drop_what_was_cut()
        with self.path.open("ab") as file:
            file.write(json.dumps(session, separators=(",", ":"), sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _drop_what_was_cut(self) -> None:
        if not self.path.exists():
            return
        text = self.path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            os.truncate(self.path, whole)


def missing(sessions: Sequence[Session], kind: str, wanted: Iterable[int]) -> list[int]:
    """Return the numbers of the sessions of a kind that have not been run yet, of those that are ``wanted``."""
    done = {session["index"] for session in sessions if session["kind"] == kind}
    return [index for index in wanted if index not in done]


def check_settings(sessions: Sequence[Session], kind: str, settings: Mapping[str, Any]) -> None:
    """Refuse to add sessions to others that were run in another way.

    Raises:
        ValueError: The file holds sessions of this kind with other settings.
    """
    for session in sessions:
        if session["kind"] == kind and session["settings"] != settings:
            raise ValueError(
                f"the file holds sessions of {kind} with {dict(session['settings'])}, asked for was {dict(settings)}: "
                "name another --file"
            )
