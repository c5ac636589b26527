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
"""Position of a freshly seeded Mersenne Twister: nothing drawn yet, or a multiple of 624 words."""
_LOADED_POSITIONS = (623, 624)
"""Its position when NumPy has just been loaded, which seeds it in another way: 623."""


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
    numpy_random, numpy_before = _legacy_state()
    random.seed(seed)
    if numpy_random:
        numpy_random.seed(seed)
    python_seeded = random.getstate()
    try:
        yield watch
    finally:
        moved = random.getstate() != python_seeded
        random.setstate(python_before)
        numpy_now, numpy_after = _legacy_state()
        if numpy_now:
            moved = moved or _was_moved(numpy_after, seed if numpy_random else None)
        if numpy_random:
            numpy_random.set_state(numpy_before)
        watch.was_moved = moved


def _legacy_state() -> tuple[Any, Any]:
    """Return ``numpy.random``, without importing it, and its global state; ``(None, None)`` where there is none.

    Reading the state copies 624 words in Python, some 30 microseconds: once on entering, once on leaving.
    """
    module: Any = sys.modules.get("numpy.random")
    # A module half way through its own import has no functions yet.
    if not hasattr(module, "get_state") or not hasattr(module, "set_state"):
        return None, None
    state = module.get_state(legacy=False)
    # Somebody's own bit generator behind numpy.random has no legacy state to seed.
    return (module, state) if state["bit_generator"] == "MT19937" else (None, None)


def _was_moved(state: Any, seed: int | None) -> bool:  # noqa: ANN401
    """Whether the global NumPy generator was drawn from, or seeded, since it was seeded here (or loaded: seed None)."""
    unused = (_UNUSED_POSITION,) if seed is not None else _LOADED_POSITIONS
    if state["state"]["pos"] not in unused or state["has_gauss"]:
        return True
    # The first word of a state just seeded is the seed; after a multiple of 624 draws it is one of 2 ** 32 words.
    return seed is not None and int(state["state"]["key"][0]) != seed
