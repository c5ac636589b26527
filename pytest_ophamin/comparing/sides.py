"""Sides of a comparison, and the order their processes run in."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from enum import StrEnum


class Side(StrEnum):
    """What one process runs."""

    BASELINE = "baseline"
    """The code compared with: another revision, or another environment."""
    CANDIDATE = "candidate"
    """The code of this work tree."""
    CONTROL = "control"
    """The candidate once more: what differs between the two is noise."""
    VERSUS = "versus"
    """The candidate, with the callables its claims name as ``versus=``."""


def block_order(sides: Iterable[Side], seed: bytes, block: int) -> tuple[tuple[Side, ...], tuple[Side, ...]]:
    """Return the two halves of a block: each runs every side once, the second in the first's order backwards.

    Whatever drifts evenly over a block (heat, a clock that is lowered) adds the same to all its sides: ABBA. Which side
    comes first is drawn anew for each block, so that no side always follows another.

    Args:
        sides: Sides that take part; at least one.
        seed: Of the draw: the same seed gives the same order.
        block: Number of the block, from 0.
    """
    first = sorted(set(sides))
    random.Random(_digest(seed, f"order {block}")).shuffle(first)  # noqa: S311  # an order, no secret
    return tuple(first), tuple(reversed(first))


def hash_seed(seed: bytes, pair: int, side: Side) -> int:
    """Return the ``PYTHONHASHSEED`` of one process: every process has its own."""
    return _digest(seed, f"hash {pair} {side}") % 2**32


def _digest(seed: bytes, word: str) -> int:
    return int.from_bytes(hashlib.sha256(seed + word.encode()).digest()[:8], "big")
