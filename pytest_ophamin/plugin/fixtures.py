"""The ``trial`` fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ophamin.plugin import keys

if TYPE_CHECKING:
    from pytest_ophamin.trials.trial import Trial


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Trial:
    """The current trial of a claim: ``index``, ``rng``, ``seed`` and ``pick(items)``."""
    found: Trial | None = request.node.stash.get(keys.trial, None)
    if found is None:
        pytest.fail(
            f"{request.node.nodeid} asks for `trial`, which only a claim has: decorate the test with "
            "@claim(...) from pytest_ophamin, or take the argument away",
            pytrace=False,
        )
    return found
