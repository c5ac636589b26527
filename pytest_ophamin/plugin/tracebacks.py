"""Tracebacks as the author of a test expects them: without the frames that stand between pytest and their own code.

pytest shows a traceback from the test function on. What a fixture or another file raises in a later trial never passes
through that function, so our loop would be shown in its place; ``--full-trace`` still does.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import pytest

_PACKAGE = str(Path(__file__).parent.parent) + os.sep


def hide_own_frames(call: pytest.CallInfo[None]) -> None:
    """Take this package's frames out of what ``call`` raised, and out of what led to it."""
    assert call.excinfo is not None  # noqa: S101  # asked for failed calls only
    error = call.excinfo.value
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        found.__traceback__ = _without_own_frames(found.__traceback__)
        waiting += [found.__cause__, found.__context__]
    call.excinfo = pytest.ExceptionInfo.from_exception(error)


def _without_own_frames(trace: TracebackType | None) -> TracebackType | None:
    """Return ``trace`` without our frames; as it is if nothing else is in it."""
    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    kept = [entry for entry in entries if not entry.tb_frame.f_code.co_filename.startswith(_PACKAGE)] or entries
    rebuilt = None
    for entry in reversed(kept):
        rebuilt = TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt
