"""The long studies run only when asked for: ``pytest tests/statistical -m study``."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect studies unless ``-m`` names them."""
    if "study" in str(config.getoption("markexpr", "")):
        return
    studies = [item for item in items if item.get_closest_marker("study") is not None]
    if studies:
        items[:] = [item for item in items if item not in set(studies)]
        config.hook.pytest_deselected(items=studies)
