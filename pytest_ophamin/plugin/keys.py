"""Where the plugin keeps its state: typed stash keys, and nowhere else; and the names of its marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping  # noqa: F401  # named in the keys' types, as text

    from pytest_ophamin.claims.catalogue import Catalogue  # noqa: F401  # named in the keys' types, as text
    from pytest_ophamin.claims.model import Claim, ClaimGroup, Problem  # noqa: F401
    from pytest_ophamin.deciding.registry import PillarRegistry  # noqa: F401
    from pytest_ophamin.plugin.settings import Settings  # noqa: F401
    from pytest_ophamin.substrate.subject import Subject  # noqa: F401
    from pytest_ophamin.trials.trial import Trial  # noqa: F401

CLAIM_MARK = "ophamin_claim"
SCENARIO_MARK = "ophamin_scenario"
MISTAKES_ATTRIBUTE = "ophamin_mistakes"
"""Attribute of a module's collect report, until it is told."""

settings = pytest.StashKey["Settings"]()
"""On config: the options of this session, validated."""
signing_key = pytest.StashKey[str]()
"""On config: the PEM taken out of the environment before any test code could read it."""
environ = pytest.StashKey["Mapping[str, str]"]()
"""On config: the variables that say whose key signs, as they were before any test code could set others."""
subject = pytest.StashKey["Subject"]()
"""On config: the substrate, read before conftests are imported."""
start_plugins = pytest.StashKey[frozenset[int]]()
"""On config: ids of the plugin objects known at session start (a controller loads no deeper conftest)."""
registry = pytest.StashKey["PillarRegistry"]()
"""On config: the pillars, built when the first claim is met."""
catalogue = pytest.StashKey["Catalogue"]()
"""On config: every claim collected, before deselection."""
impatient = pytest.StashKey[set[str]]()
"""On config, in a worker: tests whose slices no longer wait for their turn."""
signals = pytest.StashKey[str]()
"""On config, under xdist: the folder in which the controlling process says which claims are decided."""
start_path = pytest.StashKey[tuple[str, ...]]()
"""On config: the import path before any conftest.py changed it."""
idle_gates = pytest.StashKey[list[str]]()
"""On config: benchmarks whose gates were left undecided, since the session names no baseline."""
ungated = pytest.StashKey[list[str]]()
"""On config: benchmarks that are marked xfail, and so not held to the limits of ``--ophamin-gate``."""

mistakes = pytest.StashKey[list["Problem"]]()
"""On a module: what is wrong with its claims, those of its classes included, until its report is told."""
claims = pytest.StashKey[tuple["Claim", ...]]()
"""On a claim item: its claims, validated at collection."""
group = pytest.StashKey["ClaimGroup"]()
"""On a claim item: its claims as one group sharing a sample, once the whole session is collected."""
base_id = pytest.StashKey[str]()
"""On a claim item: its node id before a slice suffix was added."""
slice_number = pytest.StashKey[tuple[int, int]]()
"""On a claim item: ``(k, of)``, counted from 1."""
slice_range = pytest.StashKey[range]()
trial = pytest.StashKey["Trial"]()
slice_text = pytest.StashKey[str]()
"""On a claim item: what its trials gave, as the one string that is sent to the controlling process."""
returned = pytest.StashKey[list[str]]()
"""On config, under ``--ophamin-trial``: what the trials returned, in words."""
is_awaited = pytest.StashKey[bool]()
"""On a claim item whose async function is being run by another plugin."""
