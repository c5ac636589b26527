"""What tests and plugins write down with ``record_property``: kept beside the claim's own numbers, each value once.

A claim's function runs many times, in several processes; the same value recorded by each trial is one fact.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from dataclasses import dataclass, field

Pair = tuple[str, object]

_PLAIN = (str, bool, int, float, type(None))


def plain_properties(pairs: Iterable[Pair]) -> list[Pair]:
    """Return ``pairs`` with each once, and numbers of any kind as Python's own: a NumPy one would kill a worker."""
    recorded = Recorded()
    recorded.add(1, [(name, _plain_number(value)) for name, value in pairs])
    return recorded.all()


@dataclass(slots=True)
class Recorded:
    """Properties of one test by the number of the slice that brought them, in the order they came."""

    _slices: dict[int, list[Pair]] = field(default_factory=dict)
    _seen: set[tuple[int, str, type, object]] = field(default_factory=set)

    def add(self, number: int, pairs: Iterable[Pair]) -> None:
        """Take what slice ``number`` recorded; what is known of it already is left out."""
        kept = self._slices.setdefault(number, [])
        for name, value in pairs:
            if type(value) in _PLAIN:
                key = (number, name, type(value), value)
                if key in self._seen:
                    continue
                self._seen.add(key)
            elif (name, value) in kept:
                continue
            kept.append((name, value))

    def all(self) -> list[Pair]:
        """Return each pair once, those of earlier trials first, in whatever order slices came."""
        found: list[Pair] = []
        known: set[tuple[str, type, object]] = set()
        for _, pairs in sorted(self._slices.items()):
            for name, value in pairs:
                key = (name, type(value), value) if type(value) in _PLAIN else None
                if key in known or (key is None and (name, value) in found):
                    continue
                if key is not None:
                    known.add(key)
                found.append((name, value))
        return found


def _plain_number(value: object) -> object:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else value
