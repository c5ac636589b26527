"""The canonical form: one encoder, exact numbers, and errors that name the place."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from pytest_ophamin._canonical import canonical_bytes, digest_of, round12, sha256_hex
from pytest_ophamin.claims.model import Problem
from pytest_ophamin.errors import ClaimError, EvidenceError, LockError


def test_equal_numbers_have_one_form() -> None:
    """1, 1.0 and 1e0 are one JSON number, so they have one digest."""
    assert canonical_bytes([1, 1.0, 1e0, -0.0]) == b"[1,1,1,0]"


def test_keys_are_ordered_by_utf16_code_units() -> None:
    """A character beyond the basic plane sorts before U+FB33, as RFC 8785 section 3.2.3 has it."""
    assert canonical_bytes({"\ufb33": 1, "\U0001f600": 2, "a": 3}).decode() == '{"a":3,"\U0001f600":2,"\ufb33":1}'


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ({"a": [1, float("nan")]}, "$.'a'[1]", "NaN"),
        ([float("inf")], "$[0]", "infinity"),
        ({"n": 2**53}, "$.'n'", "2^53"),
        ({"s": "\ud800"}, "$.'s'", "surrogate"),
        ({"\ud800": 1}, "$", "surrogate"),
        ({1: 2}, "$", "keys must be str"),
        ({"o": object()}, "$.'o'", "object is not a JSON value"),
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_path(value: Any, path: str, reason: str) -> None:
    """The error names the path to the offending part and what is wrong with it."""
    with pytest.raises(EvidenceError) as caught:
        canonical_bytes(value)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)


def test_bottomless_nesting_is_an_evidence_error() -> None:
    """A value nested too deeply to encode is bad evidence, not a crash."""
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(EvidenceError, match="nested too deeply"):
        canonical_bytes(value)


def test_digest_is_sha256_of_the_canonical_bytes() -> None:
    """The digest of the empty object is the published SHA-256 of `{}`."""
    assert digest_of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest_of({}) == sha256_hex(b"{}")


@pytest.mark.parametrize(
    ("given", "rounded"),
    [(0.1 + 0.2, 0.3), (1 / 3, 0.333333333333), (1.23456789012345e-300, 1.23456789012e-300), (-0.0, 0.0), (5.0, 5.0)],
)
def test_round12_keeps_twelve_significant_digits(given: float, rounded: float) -> None:
    """Rounding counts significant digits, whatever the magnitude."""
    assert round12(given) == rounded
    assert str(round12(-0.0)) == "0.0"


def test_errors_survive_pickling_with_their_data() -> None:
    """Exceptions cross process borders with their attributes."""
    problem = Problem(test="t", argument="alpha", expected="a level", came="2", fix="alpha=0.05")
    assert pickle.loads(pickle.dumps(ClaimError([problem]))).problems == (problem,)  # noqa: S301  # our own bytes
    lock = pickle.loads(pickle.dumps(LockError(place="p", expected="e", came="c", fix="f")))  # noqa: S301
    assert (lock.place, lock.expected, lock.came, lock.fix) == ("p", "e", "c", "f")
    assert str(lock) == "p: expected e, came c. f"
    assert str(ClaimError([problem])) == "t: alpha: expected a level, came 2. Write: alpha=0.05"
