"""Observation columns while they grow: a typed array that widens when another type comes.

One million floats are 8 MB here and 32 MB as a list of objects.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

ColumnKey = tuple[str | None, str]
"""``(key of the dict observation or None, "value" | "first" | "second")``."""

BOOL, INT, FLOAT = "bool", "int", "float"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SliceColumn:
    """One column of a slice: observations in trial order, zero where an exception left none."""

    data: bytearray | array[int] | array[float]
    """``bytearray`` of 0 and 1, ``array('q')`` or ``array('d')``, by the widest type seen."""
    first: dict[str, int]
    """Trial index at which each type of observation (``bool``, ``int``, ``float``) was first seen."""


class ColumnWriter:
    """Takes observations one at a time; ``kind`` is the type ``data`` takes as it is."""

    __slots__ = ("data", "first", "kind")

    def __init__(self) -> None:
        self.kind: type[bool | int | float] | None = None
        """None before the first observation, and for good once bool and number mixed: then :meth:`put` is needed."""
        self.data: Any = bytearray()
        self.first: dict[str, int] = {}

    def put(self, index: int, value: bool | int | float) -> None:  # noqa: FBT001, PYI041  # a coerced observation
        """Append ``value``, already coerced, as the observation of trial ``index``."""
        kind = type(value)
        if kind is self.kind:
            self.data.append(value)
            return
        is_empty = not self.first
        if kind.__name__ not in self.first:
            self.first[kind.__name__] = index
            self._widen(kind, is_empty=is_empty)
        self.data.append(float(value) if type(self.data) is array and self.data.typecode == "d" else value)

    def skip(self) -> None:
        """Keep the place of a trial that gave no observation."""
        self.data.append(0)

    def to_column(self) -> SliceColumn:
        return SliceColumn(data=self.data, first=self.first)

    # iter(), because array() would take the bytes of a bytearray for the array's own memory.
    def _widen(self, kind: type[bool | int | float], *, is_empty: bool) -> None:
        if is_empty:
            self.kind = kind
            if kind is not bool:
                self.data = array("q" if kind is int else "d", iter(self.data))
            return
        # float64 holds every coerced int and bool exactly, so nothing is lost here.
        if type(self.data) is bytearray or self.data.typecode == "q":
            self.data = array("d", iter(self.data))
        self.kind = None if BOOL in self.first else float
