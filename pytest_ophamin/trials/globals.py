"""Global random state around a slice: seeded before, restored after, and told on when a trial moved it.

A trial that draws from ``random`` or ``numpy.random`` still runs the same way again for the same slice, but its
observations then depend on how the trials were sliced; hence the warning (DESIGN, "Workers").
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

GLOBAL_STATE_USED = "global random state used: take trial.rng"

_UNUSED_POSITION = 624
"""Position of a freshly seeded Mersenne Twister: nothing drawn yet."""


class GlobalsWatch:
    """Says, after the slice, whether the global generators were moved."""

    def __init__(self) -> None:
        self.was_moved = False


@contextmanager
def seeded_globals(seed: int) -> Iterator[GlobalsWatch]:
    """Seed ``random``, and ``numpy.random`` where it is loaded, by ``seed``; restore both on leaving.

    Args:
        seed: ``trial.seed`` of the slice's first trial.

    Yields:
        A watch whose ``was_moved`` is set on leaving.
    """
    watch = GlobalsWatch()
    python_before = random.getstate()
    numpy_random = _loaded_numpy_random()
    numpy_before = numpy_random.get_state(legacy=False) if numpy_random else None
    random.seed(seed)
    if numpy_random:
        numpy_random.seed(seed)
    python_seeded = random.getstate()
    try:
        yield watch
    finally:
        moved = random.getstate() != python_seeded
        random.setstate(python_before)
        numpy_now = _loaded_numpy_random()
        if numpy_now:
            moved = moved or _numpy_was_moved(numpy_now, seed if numpy_random else None)
        if numpy_random:
            numpy_random.set_state(numpy_before)
        watch.was_moved = moved


def _loaded_numpy_random() -> Any:  # noqa: ANN401  # the module, without importing it
    module: Any = sys.modules.get("numpy.random")
    # A module half way through its own import has no functions yet.
    if not hasattr(module, "get_state") or not hasattr(module, "set_state"):
        return None
    # Somebody's own bit generator behind numpy.random has no legacy state to seed.
    return module if module.get_state(legacy=False)["bit_generator"] == "MT19937" else None


def _numpy_was_moved(numpy_random: Any, seed: int | None) -> bool:  # noqa: ANN401
    """Whether the global NumPy generator was drawn from, or seeded, since it was seeded here (or loaded: seed None)."""
    state = numpy_random.get_state(legacy=False)
    if state["state"]["pos"] != _UNUSED_POSITION or state["has_gauss"]:
        return True
    if seed is None:
        return False
    fresh = numpy_random.RandomState(seed).get_state(legacy=False)
    return bool((state["state"]["key"] != fresh["state"]["key"]).any())
