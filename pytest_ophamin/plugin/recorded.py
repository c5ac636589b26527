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
    _seen: set[tuple[str, type, object]] = field(default_factory=set)

    def add(self, number: int, pairs: Iterable[Pair]) -> None:
        """Take what slice ``number`` recorded; what is known already is left out."""
        kept = self._slices.setdefault(number, [])
        for name, value in pairs:
            if type(value) in _PLAIN:
                key = (name, type(value), value)
                if key in self._seen:
                    continue
                self._seen.add(key)
            elif (name, value) in kept:
                continue
            kept.append((name, value))

    def all(self) -> list[Pair]:
        """Return all pairs, those of earlier trials first."""
        return [pair for _, pairs in sorted(self._slices.items()) for pair in pairs]


def _plain_number(value: object) -> object:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else value
