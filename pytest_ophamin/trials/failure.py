"""A trial that gave no usable observation, told without its message: what a signed record may say about it."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

OUTSIDE = "<outside>"

_PACKAGE = str(Path(__file__).parent.parent) + os.sep
_INSTALLED = {"site-packages", "dist-packages"}

_HINTS = {
    "AssertionError": "return the condition instead of asserting it",
    "Skipped": "skip with a mark or before the first trial; inside a trial it is a failure",
    "XFailed": "a claim is not expected to fail; return the observation",
    "PickError": "trial.pick could not give every trial an item of its own",
    "SystemExit": "return the observation instead of leaving the process",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why the trials of a claim cannot be decided on. Nothing in it quotes an exception's message or an observation."""

    reason: str
    trial: int | None = None
    seed: int | None = None
    exception: str | None = None
    """Class name."""
    place: str | None = None
    """Rootdir-relative ``file:line``, or ``<outside>``."""
    error: BaseException | None = field(default=None, compare=False, repr=False)
    """The exception itself, for the terminal of the process that saw it; it goes into no slice and no record."""


def exception_reason(error: BaseException, *, in_fixture: bool = False) -> str:
    """Say in words that enter a record what ``error`` means for a trial."""
    name = type(error).__name__
    if in_fixture:
        return f"setting up or tearing down the trial raised {name}"
    hint = _HINTS.get(name)
    return f"the trial raised {name}" + (f": {hint}" if hint else "")


def place_of(error: BaseException, rootdir: str | os.PathLike[str] | None) -> str:
    """Return ``file:line`` of the innermost frame inside ``rootdir``, relative to it; ``<outside>`` if there is none.

    Frames of installed packages and of this one are passed over, even when the environment lies inside ``rootdir``:
    the line its author can mend is asked for.
    """
    place = OUTSIDE
    for frame, line in _frames(error.__traceback__):
        inside = relative_to_root(frame, rootdir)
        if inside is not None:
            place = f"{inside}:{line}"
    return place


def relative_to_root(filename: str, rootdir: str | os.PathLike[str] | None) -> str | None:
    """Return ``filename`` relative to ``rootdir``, with forward slashes; None when it is not the author's own file."""
    if rootdir is None or filename.startswith("<"):
        return None
    path = Path(os.path.abspath(filename))  # noqa: PTH100  # resolve() would follow links out of rootdir
    try:
        relative = path.relative_to(os.path.abspath(rootdir))  # noqa: PTH100
    except ValueError:
        return None
    if _INSTALLED.intersection(relative.parts) or str(path).startswith(_PACKAGE):
        return None
    return relative.as_posix()


def _frames(trace: TracebackType | None) -> list[tuple[str, int]]:
    return [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
