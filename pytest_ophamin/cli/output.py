"""Printing: everything that may come from a record goes through one escape."""

from __future__ import annotations

import io
import os
import sys

from pytest_ophamin.reporting.text import escape_text


def prepare_output() -> None:
    """Let no terminal end the program: a character it cannot show becomes an escape, a closed one gets nothing."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Print one line, escaped: no record can move the cursor, reverse the text or start a line of its own."""
    print(escape_text(text))


def complain(text: str) -> None:
    """Print an error, escaped, in one line."""
    print(f"ophamin: {escape_text(text)}", file=sys.stderr)
