"""RFC 8785 text of a JSON value, many times as fast as the reference serialiser in pure Python.

A campaign of 1,000 claims canonicalises a few hundred thousand values; with ``rfc8785`` alone that is most of what
signing and verifying cost. Python's own C encoder writes strings, objects with sorted ASCII keys, integers, and numbers
whose shortest form Python and ECMAScript write alike, exactly as RFC 8785 asks for. A value made of these alone is left
to it; any other goes to ``rfc8785``, so that there is one definition of the hard cases. A property test compares the
two on arbitrary values.
"""

from __future__ import annotations

import json
from typing import Any

import rfc8785

LARGEST_INTEGER = 2**53 - 1
"""The largest integer every JSON reader keeps exactly (RFC 7493 section 2.2)."""

# repr() writes a non-integer in this range without an exponent, as ECMA-262 Number::toString does ...
_PLAIN_FROM = 1e-4
_PLAIN_BELOW = 1e16
# ... and below this one with an exponent of two or three digits and no padding, as Number::toString does too.
_TINY_BELOW = 1e-10


class _HardError(Exception):
    """A value that only the reference knows how to write, or to refuse."""


def canonical_text(value: object) -> str:
    """Return the RFC 8785 form of ``value``.

    Raises:
        rfc8785.CanonicalizationError: The value has none (NaN, infinity, a large integer, a foreign type or key).
    """
    try:
        plain = _plain(value)
    except _HardError:
        return _mixed(value)
    return _ENCODER.encode(plain)


def _plain(value: Any) -> Any:  # noqa: ANN401  # JSON in, JSON out
    """Return ``value`` with whole floats as integers.

    Raises:
        _HardError: A part of it is not one the C encoder writes as RFC 8785 does.
    """
    kind = type(value)
    if kind is dict:
        _check_keys(value)
        return {
            name: member if type(member) in _EASY or member is None else _plain(member)
            for name, member in value.items()
        }
    if kind is list or kind is tuple:
        return [member if type(member) in _EASY or member is None else _plain(member) for member in value]
    if kind is float:
        return _plain_float(value)
    if kind is int:
        if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            return value
        raise _HardError
    if kind in _EASY or value is None:
        return value
    raise _HardError  # subclasses (enums, NumPy's float64) are rare: the reference knows what they are


def _check_keys(value: dict[Any, Any]) -> None:
    """Keys are ordered by UTF-16 code units: code points order them alike unless astral characters take part."""
    try:
        is_ascii = "".join(value).isascii()
    except TypeError:
        raise _HardError from None
    if not is_ascii:
        raise _HardError


def _plain_float(value: float) -> float | int:
    size = abs(value)
    if size < _PLAIN_BELOW:
        if value.is_integer():
            return int(value)
        if size >= _PLAIN_FROM or size < _TINY_BELOW:
            return value
    raise _HardError


def _mixed(value: Any) -> str:  # noqa: ANN401
    """Write the members of a value apart, so that one hard number does not make a whole record slow."""
    kind = type(value)
    if kind is list or kind is tuple:
        return "[" + ",".join([canonical_text(member) for member in value]) + "]"
    if kind is not dict:
        return rfc8785.dumps(value).decode()
    if not all(type(name) is str for name in value):
        raise rfc8785.CanonicalizationError("object keys must be strings")
    names = sorted(value, key=_utf16)
    return "{" + ",".join([f"{_ENCODER.encode(name)}:{canonical_text(value[name])}" for name in names]) + "}"


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


_EASY = frozenset({str, bool})
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False, allow_nan=False
)
