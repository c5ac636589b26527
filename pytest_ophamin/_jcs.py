"""RFC 8785 text of a JSON value, some ten times as fast as the reference serialiser in pure Python.

A campaign of 1,000 claims canonicalises a few hundred thousand values; with ``rfc8785`` alone that is most of what
signing and verifying cost. Strings go to the standard library's C escaper, whose output for JSON is exactly what RFC
8785 section 3.2.2.2 asks for; numbers whose shortest form Python and ECMAScript write alike are written here; every
other number, and every type that is not plain JSON, is left to ``rfc8785``, so that there is one definition of the hard
cases. A property test compares the two on arbitrary values.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Any

import rfc8785

LARGEST_INTEGER = 2**53 - 1
"""The largest integer every JSON reader keeps exactly (RFC 7493 section 2.2)."""

# repr() writes non-integers in this range without an exponent, as ECMA-262 Number::toString does.
_PLAIN_FROM = 1e-4
_PLAIN_BELOW = 1e16


def canonical_text(value: object) -> str:
    """Return the RFC 8785 form of ``value``.

    Raises:
        rfc8785.CanonicalizationError: The value has none (NaN, infinity, a large integer, a foreign type or key).
    """
    kind = type(value)
    writer = _WRITERS.get(kind)
    # Subclasses (enums, NumPy's float64) are rare: the reference knows what they are.
    return rfc8785.dumps(value).decode() if writer is None else writer(value)  # type: ignore[arg-type]


def _object(value: dict[Any, Any]) -> str:
    if not value:
        return "{}"
    try:
        is_ascii = "".join(value).isascii()
    except TypeError:
        raise rfc8785.CanonicalizationError("object keys must be strings") from None
    # Keys are ordered by UTF-16 code units; code points order them alike unless astral characters take part.
    names = sorted(value) if is_ascii else sorted(value, key=_utf16)
    return "{" + ",".join([f"{encode_basestring(name)}:{canonical_text(value[name])}" for name in names]) + "}"


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _array(value: list[Any] | tuple[Any, ...]) -> str:
    return "[" + ",".join([canonical_text(member) for member in value]) + "]"


def _integer(value: int) -> str:
    if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return str(value)
    raise rfc8785.IntegerDomainError(value)


def _number(value: float) -> str:
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return str(int(value)) if value.is_integer() else repr(value)
    return rfc8785.dumps(value).decode()


_WRITERS: dict[type, Any] = {
    str: encode_basestring,
    dict: _object,
    list: _array,
    tuple: _array,
    int: _integer,
    float: _number,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
}
