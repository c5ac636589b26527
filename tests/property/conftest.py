"""One Hypothesis profile for all property tests: the same examples on every machine, and no folder left behind."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("suite", database=None, deadline=None, derandomize=True, max_examples=100)
settings.load_profile("suite")
