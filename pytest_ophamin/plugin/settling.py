"""Claims that may stop early: telling whoever runs their trials that enough have been run.

Which trials decide a claim is a function of their observations alone (:mod:`pytest_ophamin.deciding.stopping`); what is
here only saves work. Under xdist the controlling process leaves an empty file in a folder of this machine; a worker on
another machine does not see it and merely runs on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ophamin.plugin import keys

if TYPE_CHECKING:
    import pytest

    from pytest_ophamin.claims.model import ClaimGroup
    from pytest_ophamin.trials.slices import Slice

UNNEEDED = "unneeded"
"""Text of a slice no trial of which was run, since its claims were decided by earlier ones."""


def can_stop_early(group: ClaimGroup) -> bool:
    """Tell whether any trial of a test may turn out not to be needed: if so, all its claims may stop early."""
    return all(claim.design.can_stop_early for claim in group.claims)


def signal_path(folder: str, test: str) -> Path:
    """Return the file that says a test's claims are decided."""
    return Path(folder) / hashlib.sha256(test.encode()).hexdigest()[:32]


def is_settled(item: pytest.Function) -> bool:
    """Tell whether the item's claims are decided by trials of other workers."""
    folder = item.config.stash.get(keys.signals, None)
    group = item.stash[keys.group]
    return folder is not None and can_stop_early(group) and signal_path(folder, group.test).exists()


def enough_of(item: pytest.Function) -> Callable[[Slice], bool] | None:
    """Return what tells the loop to end a slice early; None where every trial is needed."""
    group = item.stash[keys.group]
    settings = item.config.stash[keys.settings]
    if not can_stop_early(group) or settings.mode == "trial":
        return None
    is_part = item.stash[keys.slice_number][1] > 1
    return (lambda _: is_settled(item)) if is_part else _decided_by(item)


def _decided_by(item: pytest.Function) -> Callable[[Slice], bool]:
    """Return a look at the trials done by this process alone: it has them all, from the first one on."""
    from pytest_ophamin.deciding.stopping import stopped_evidence  # NumPy: claims that stop early only
    from pytest_ophamin.plugin.pillars import registry_of
    from pytest_ophamin.trials.gather import gather_slices

    group, key = item.stash[keys.group], item.stash[keys.trial].key
    registry = registry_of(item.config)

    def enough(done: Slice) -> bool:
        gathering = gather_slices(group, key, [done])
        return all(stopped_evidence(claim, gathering, registry) is not None for claim in group.claims)

    return enough
