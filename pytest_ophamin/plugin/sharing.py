"""Which claims a fixture that fails when it is torn down was part of.

pytest tears a module's fixture down after whichever test happens to be the last, and reports the failure there. The
claims it concerns are those whose trials used it, in whatever order they were run (law 4).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.compat import failed_finalizers, shared_fixtures
from pytest_ophamin.plugin.gate_items import is_gate

SliceName = tuple[str, int]
"""Test, and number of its slice."""


class Sharing:
    """Remembers which slices of this process used which fixtures that outlive a test; registered with the first."""

    def __init__(self) -> None:
        self._users: dict[int, list[SliceName]] = {}
        self._released: dict[int, list[SliceName]] = {}
        """Users of fixtures that are torn down, or just being so."""

    def note(self, item: pytest.Function) -> None:
        """Remember what a slice used, before any of it is torn down."""
        for fixture in shared_fixtures(item):
            self._users.setdefault(fixture, []).append(_name(item))

    def pytest_fixture_post_finalizer(self, fixturedef: Any) -> None:
        """Called when a fixture is torn down, whether that failed or not: it may be set up again, for others."""
        users = self._users.pop(id(fixturedef), None)
        if users is not None:
            self._released[id(fixturedef)] = users

    def concerned(self, item: pytest.Item, call: pytest.CallInfo[None]) -> str:
        """Return the slices that a failure outside the trials concerns, as text.

        Shared fixtures are torn down after a test, or, when their parameter changes, as the next one is set up.
        """
        # A plugin may fail the report of a teardown that raised nothing.
        failed = [None] if call.excinfo is None else failed_finalizers(call.excinfo.value)
        found = {user for fixture in failed if fixture is not None for user in self._released.pop(fixture, ())}
        has_run = keys.group in item.stash and not is_gate(item.stash[keys.group])
        if None in failed and call.when == "teardown" and has_run:
            found.add(_name(item))
        return spoilt_text(found)


def spoilt_text(slices: Iterable[SliceName]) -> str:
    """Return slices, as (test, number of the slice), as the one text that crosses processes."""
    return json.dumps(sorted(slices))


def spoilt_slices(text: str) -> list[SliceName]:
    """Read what :func:`spoilt_text` wrote."""
    return [(str(test), int(number)) for test, number in json.loads(text)]


def _name(item: pytest.Item) -> SliceName:
    return item.stash[keys.base_id], item.stash[keys.slice_number][0]
