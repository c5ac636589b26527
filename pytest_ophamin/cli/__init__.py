"""The command ``ophamin``: a thin shell over the records.

    ophamin verify proofs/campaign --trust session-key.pub.pem
    ophamin show proofs/campaign
    ophamin synthesise I.cma v1/proofs v2/proofs v3/proofs
    ophamin calibrate benchmarks/
    ophamin sign proofs/campaign
    ophamin pillars
    ophamin keys new
    ophamin schema export DIR

Nothing of the tested project is imported here: the current folder is taken off the import path before anything else is
loaded, conftest.py files are never read, and a pillar comes from an installed entry point named with ``--pillar``.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; default those of the process.

    Returns:
        The exit status (``ophamin verify``: RECORDS.md; every command: 2 for a usage mistake).
    """
    with _without_current_folder():
        # After the path is clean: this is the first import of anything but the standard library.
        from pytest_ophamin.cli.commands import run_command

        return run_command(sys.argv[1:] if argv is None else list(argv))


@contextlib.contextmanager
def _without_current_folder() -> Iterator[None]:
    """Keep the tested project from being imported: its folder is often the current one."""
    before = list(sys.path)
    sys.path[:] = [entry for entry in before if not _is_current_folder(entry)]
    try:
        yield
    finally:
        sys.path[:] = before


def _is_current_folder(entry: str) -> bool:
    if entry in {"", "."}:
        return True
    try:
        return os.path.samefile(entry, os.curdir)  # noqa: PTH121  # pathlib would be one more import before the path is clean
    except OSError:
        return False
