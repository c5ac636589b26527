"""Ids and digests of a lock, the short way, are those of the long way."""

from __future__ import annotations

import time

import pytest
from bundles import Suite, claim, full_suite

from pytest_ophamin.claims.entries import lock_entries
from pytest_ophamin.claims.lock import read_lock
from pytest_ophamin.claims.model import ClaimId
from pytest_ophamin.errors import LockError


def lock_of(*names: str) -> str:
    """Return the lock of claims with odd ids."""
    text = Suite(evidence=[], registered=[claim("test", id=ClaimId(name)) for name in names]).lock
    assert text is not None
    return text


@pytest.mark.parametrize(
    "text",
    [
        lock_of("a", "b"),
        lock_of(
            'quo"te', "back\\slash", "new\nline", "tab\t", "nul\x00", "ü\u202e", "[[claim]]", "x\n[[claim]]\nid = 1"
        ),
        full_suite().lock or "",
        lock_of("a").replace("id = ", "id  =  "),
        lock_of("a").replace("[[claim]]", "[[ claim ]]"),
    ],
)
def test_the_short_way_agrees(text: str) -> None:
    """Whatever the ids hold, and however the file was edited."""
    assert lock_entries(text) == {entry.id: entry.digest for entry in read_lock(text).entries}


def test_what_is_no_lock() -> None:
    """A text without entries is read the long way, which says what is wrong."""
    with pytest.raises(LockError):
        lock_entries("rubbish")


def test_the_short_way_is_short() -> None:
    """At least ten times as fast, or it would not be worth its lines."""
    text = lock_of(*[f"test_{number}" for number in range(300)])
    short: list[float] = []
    long: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        lock_entries(text)
        middle = time.perf_counter()
        read_lock(text)
        short.append(middle - start)
        long.append(time.perf_counter() - middle)
    # The least of interleaved rounds: other work on the machine can only raise a time.
    assert min(short) * 10 < min(long)
