"""Claims that may stop early: telling whoever runs their trials that enough have been run.

Which trials decide a claim is a function of their observations alone (:mod:`pytest_ophamin.deciding.stopping`); what is
here only saves work. Under xdist the controlling process leaves empty files in a folder of this machine: one per slice
up to which all have answered, and one when the claims are decided. With W workers a slice waits until the slice W
before it has answered, so a decision finds at most one unneeded slice per worker at work. A worker on another machine
sees no folder and merely runs on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from pytest_ophamin.plugin import keys

if TYPE_CHECKING:
    import pytest

    from pytest_ophamin.claims.model import ClaimGroup
    from pytest_ophamin.trials.slices import Slice

LONGEST_WAIT = 1.0
"""Seconds a slice waits for its turn. Whoever waited in vain once waits no more for that test."""
_LOOK_EVERY = 0.002

UNNEEDED = "unneeded"
"""Text of a slice no trial of which was run, since its claims were decided by earlier ones."""


def can_stop_early(group: ClaimGroup) -> bool:
    """Tell whether any trial of a test may turn out not to be needed: if so, all its claims may stop early."""
    return all(claim.design.can_stop_early for claim in group.claims)


def signal_path(folder: str, test: str) -> Path:
    """Return the file that says a test's claims are decided."""
    return Path(folder) / hashlib.sha256(test.encode()).hexdigest()[:32]


def answered_path(folder: str, test: str, number: int) -> Path:
    """Return the file that says that slices 1 to ``number`` of a test have all answered."""
    return signal_path(folder, test).with_suffix(f".{number}")


def is_unneeded(item: pytest.Function) -> bool:
    """Wait for the turn of the item's slice, and tell whether its claims were decided meanwhile."""
    folder = item.config.stash.get(keys.signals, None)
    group, (number, of) = item.stash[keys.group], item.stash[keys.slice_number]
    if folder is None or of == 1 or not can_stop_early(group):
        return False
    _wait_for_turn(item, folder, number)
    return is_settled(item)


def _wait_for_turn(item: pytest.Function, folder: str, number: int) -> None:
    """Return when the slice may start: soon in any case, so that no order of slices can bring all workers to a halt."""
    test = item.stash[keys.group].test
    waits_for = number - int(getattr(item.config, "workerinput", {}).get("workercount", number))
    impatient = item.config.stash.setdefault(keys.impatient, set())
    if waits_for < 1 or test in impatient or not Path(folder).is_dir():
        return
    answered, end = answered_path(folder, test, waits_for), monotonic() + LONGEST_WAIT
    while not answered.exists() and not is_settled(item):
        if monotonic() > end:
            impatient.add(test)
            return
        sleep(_LOOK_EVERY)


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
