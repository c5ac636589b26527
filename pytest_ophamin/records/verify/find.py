"""Step 1: find the bundles and read each of them once."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from pytest_ophamin.records.names import SIGNED_NAME, SIGNED_SUFFIX, UNSIGNED_NAME
from pytest_ophamin.records.verify.state import StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MAX_FILE = 256 << 20
MAX_LINE = 64 << 20
MAX_LINES = 100_001

# O_NONBLOCK: opening a FIFO must not wait for a writer that never comes.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def find_bundles(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Return the bundle files below ``paths``, and the paths that hold none.

    A file is taken as given, a folder is searched for ``*.intoto.jsonl`` (symbolic links are not followed). An unsigned
    campaign counts only where no signed one lies beside it: there it is the draft of it.

    Raises:
        OSError: A folder cannot be listed: a bundle nobody looked at must not pass for one that holds.
    """
    found: dict[Path, None] = {}
    empty: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(_search(path))
            found.update(dict.fromkeys(below))
            if not below:
                empty.append(path)
        elif os.path.lexists(path):
            found[path] = None
        else:
            empty.append(path)
    return list(found), empty


def read_regular(path: Path, limit: int) -> bytes:
    """Read a regular file of at most ``limit`` bytes, following no symbolic link.

    Raises:
        StepFailed: It is no such file.
        FileNotFoundError: There is none.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StepFailed(f"{path.name} cannot be opened (symbolic links are refused): {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StepFailed(f"{path.name} is not a regular file")
        if status.st_size > limit:
            raise StepFailed(f"{path.name} has {status.st_size} bytes, at most {limit} are read")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise StepFailed(f"{path.name} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if len(content) > limit:  # it grew meanwhile
        raise StepFailed(f"{path.name} has more than {limit} bytes")
    return content


def check_line_limits(content: bytes) -> None:
    """Check the number and length of lines.

    Raises:
        StepFailed: There are too many, or one is too long.
    """
    count = content.count(b"\n")
    if count > MAX_LINES:
        raise StepFailed(f"{count} lines, at most {MAX_LINES} are read")
    if len(content) > MAX_LINE and max(map(len, content.split(b"\n"))) > MAX_LINE:
        raise StepFailed(f"a line has more than {MAX_LINE} bytes")


def _search(folder: Path) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        here = folder.__class__(parent)
        found += [here / name for name in names if name.endswith(SIGNED_SUFFIX)]
        if UNSIGNED_NAME in names and SIGNED_NAME not in names:
            found.append(here / UNSIGNED_NAME)
    return found


def _raise(error: OSError) -> None:
    raise error
