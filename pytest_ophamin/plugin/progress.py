"""Progress of a long claim, on a terminal that can take its words back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_ophamin.plugin import keys

if TYPE_CHECKING:
    import pytest

FIRST_SHOWN_AFTER_SECONDS = 2.0
SHOWN_EVERY_SECONDS = 0.5


class TrialProgress:
    """Called with the number of trials done; writes ``[trial 1200/100000]`` behind the current line and erases it."""

    def __init__(self, item: pytest.Item) -> None:
        reporter = item.config.pluginmanager.getplugin("terminalreporter")
        self.is_shown = bool(
            reporter is not None and getattr(reporter, "isatty", False) and item.config.option.verbose >= 0
        )
        self._writer = reporter._tw if self.is_shown else None  # noqa: SLF001  # the reporter's own writer knows the capture
        self._total = len(item.stash[keys.slice_range])
        self._shown = ""
        self._next = time.monotonic() + FIRST_SHOWN_AFTER_SECONDS

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if self._writer is None or now < self._next:
            return
        self._next = now + SHOWN_EVERY_SECONDS
        self.clear()
        self._shown = f" [trial {done}/{self._total}]"
        self._writer.write(self._shown, flush=True)

    def clear(self) -> None:
        """Take back what is shown."""
        if self._writer is not None and self._shown:
            width = len(self._shown)
            self._writer.write("\b" * width + " " * width + "\b" * width, flush=True)
            self._shown = ""
