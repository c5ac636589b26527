"""For the whole repository: the pytester fixture (pytest accepts `pytest_plugins` in the root conftest only)."""

from __future__ import annotations

pytest_plugins = ["pytester"]
