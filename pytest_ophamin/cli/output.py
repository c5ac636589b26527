"""Printing: everything that may come from a record goes through one escape."""

from __future__ import annotations

import io
import sys

from pytest_ophamin.reporting.text import escape_text


def prepare_output() -> None:
    """A terminal that cannot show a character gets its escape instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Print one line, escaped: no record can move the cursor, reverse the text or start a line of its own."""
    print(escape_text(text))


def complain(text: str) -> None:
    """Print an error, escaped, in one line."""
    print(f"ophamin: {escape_text(text)}", file=sys.stderr)
