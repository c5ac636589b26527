"""Progress of a long claim, on a terminal that can take its words back."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.compat import terminal_file

if TYPE_CHECKING:
    import pytest

    from pytest_ophamin.plugin.casefile import CaseFile

FIRST_SHOWN_AFTER_SECONDS = 2.0
SHOWN_EVERY_SECONDS = 0.5


class TerminalNote:
    """A few words behind what pytest has written on the current line, erased before anything else is written."""

    def __init__(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        self.is_shown = bool(reporter is not None and getattr(reporter, "isatty", False) and config.option.verbose >= 0)
        self._file = terminal_file(reporter) if self.is_shown else None
        self._capture = config.pluginmanager.getplugin("capturemanager")
        self._shown = ""
        self._next = time.monotonic() + FIRST_SHOWN_AFTER_SECONDS

    def show(self, text: str) -> None:
        """Write ``text``, at most twice a second, and not in the first two seconds."""
        now = time.monotonic()
        if self._file is None or now < self._next:
            return
        self._next = now + SHOWN_EVERY_SECONDS
        self.clear()
        self._shown = f" [{text}]"
        self._write(self._shown)

    def clear(self) -> None:
        """Take back what is shown."""
        if self._file is not None and self._shown:
            width = len(self._shown)
            self._write("\b" * width + " " * width + "\b" * width)
            self._shown = ""

    def _write(self, text: str) -> None:
        # While a test runs, its standard output is captured: what is written would end up in the test's report.
        with nullcontext() if self._capture is None else self._capture.global_and_fixture_disabled():
            if self._file is not None:
                self._file.write(text)
                self._file.flush()


class TrialProgress:
    """Called with the number of trials done; shows ``[trial 1200/100000]``."""

    def __init__(self, item: pytest.Item) -> None:
        self._note = TerminalNote(item.config)
        self._total = len(item.stash[keys.slice_range])

    @property
    def is_shown(self) -> bool:
        return self._note.is_shown

    def __call__(self, done: int) -> None:
        self._note.show(f"trial {done}/{self._total}")

    def clear(self) -> None:
        """Take back what is shown."""
        self._note.clear()


class SliceProgress:
    """The controlling process: how many trials have arrived of the claim last heard of."""

    def __init__(self, config: pytest.Config) -> None:
        self._note = TerminalNote(config)

    def clear(self) -> None:
        """Take back what is shown, before a report is printed."""
        self._note.clear()

    def tell(self, case: CaseFile | None) -> None:
        """Show how much of a claim has arrived; nothing once it is decided."""
        if case is None or case.entry is None or case.gathering is None or case.outcomes or case.is_closed:
            return
        arrived = sum(part.stop - part.start for part in case.gathering.slices)
        if arrived:
            name = case.nodeid.rsplit("::", 1)[-1]
            self._note.show(f"{name[:40]}: trial {arrived}/{case.entry.group.trials}")
