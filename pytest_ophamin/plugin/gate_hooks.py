"""The controlling process measures benchmark gates: after all other tests, alone on the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_ophamin.plugin.hooks import DeskHooks


class GateHooks:
    """Waits for the end of the test loop."""

    def __init__(self, session: pytest.Session, desk_hooks: DeskHooks) -> None:
        self._session = session
        self._desk_hooks = desk_hooks

    # Outermost: whatever runs tests, workers included, is done when this goes on.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Let the session run its tests, then measure what waits."""
        result = yield
        if self._desk_hooks.has_deferred():
            from pytest_ophamin.plugin.gating import run_gates  # benchmark gates only

            run_gates(self._session, self._desk_hooks.ending())
        return result
