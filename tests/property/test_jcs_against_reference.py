"""The fast canonical form is the reference's: rfc8785 on every value, or both refuse it."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_ophamin._jcs import canonical_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


def fast(value: object) -> bytes:
    """Return our form."""
    return canonical_text(value).encode()


def reference(value: Any) -> bytes:  # a JSON value, or something that should be refused
    """Return the reference's form."""
    return rfc8785.dumps(value)


def answer(write: Callable[[object], bytes], value: object) -> bytes | str:
    """Return what one makes of a value; the word "refused" where it has no form."""
    try:
        return write(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return "refused"


@given(VALUES)
@example({"\U0001f600": 1, "\ufb33": 2, "é": 3})  # UTF-16 order, not code points (RFC 8785 section 3.2.3)
@example({"\ud800": 1})
@example({1: 2})
@example([-0.0, 0.0, 1e16, 1e21, 1e-7, 1e-6, 5e-324, 1.7976931348623157e308, 2**53, 9007199254740993.0])
@example('\x00\x1f\x7f\x80\u2028\\/"')
def test_any_value(value: object) -> None:
    """Nulls, booleans, numbers, strings, arrays and objects of any shape."""
    assert answer(fast, value) == answer(reference, value)


@given(st.integers(0, 2**64 - 1))
def test_any_float(bits: int) -> None:
    """Every bit pattern of a float64."""
    (number,) = struct.unpack("<d", struct.pack("<Q", bits))
    if math.isfinite(number):
        assert fast(number) == reference(number)


@given(st.floats(-1.0, 1.0), st.integers(-12, 22), st.integers(1, 17))
def test_decimal_looking_floats(fraction: float, exponent: int, digits: int) -> None:
    """Numbers of the magnitudes records hold, with few digits."""
    number = float(f"{fraction * 10.0**exponent:.{digits}g}")
    assert fast(number) == reference(number)


def test_subclasses_are_the_references_business() -> None:
    """An enum or a NumPy number is written as the plain value it is."""
    import numpy as np

    from pytest_ophamin.deciding.outcome import Verdict

    value = {"v": Verdict.VOID, "x": np.float64(0.1)}
    assert fast(value) == reference(value) == b'{"v":"VOID","x":0.1}'


def test_a_foreign_type_is_refused() -> None:
    """Neither a set nor an object has a canonical form."""
    for value in ({1}, object(), b"x"):
        with pytest.raises(rfc8785.CanonicalizationError):
            canonical_text(value)
