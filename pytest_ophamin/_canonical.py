"""The one canonical form of a JSON value (RFC 8785) and the digests taken over it.

Every digest and id of the project goes through :func:`canonical_bytes`; a second encoder for the "same" form is how
two tools come to disagree about a record.

    >>> canonical_bytes({"b": 1.0, "a": True})
    b'{"a":true,"b":1}'
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

import rfc8785

from pytest_ophamin._jcs import LARGEST_INTEGER, canonical_text
from pytest_ophamin.errors import EvidenceError

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import Digest

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"


def canonical_bytes(value: object) -> bytes:
    """Return the RFC 8785 form of ``value``.

    Args:
        value: Built from None, bool, int, float, str, list, tuple and dict with str keys.

    Returns:
        UTF-8 bytes; equal values give equal bytes (``1`` and ``1.0`` are the same JSON number).

    Raises:
        EvidenceError: The value holds something JSON cannot carry exactly (NaN, infinity, an integer beyond 2^53 - 1,
            a lone surrogate, a foreign type); the message names the path to it.
    """
    try:
        return canonical_text(value).encode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        path, reason = next(_offenders(value, "$"), ("$", str(error)))
        raise EvidenceError(f"{path}: {reason}") from error
    except RecursionError as error:
        raise EvidenceError("$: nested too deeply") from error


def sha256_hex(data: bytes) -> Digest:
    """Return the SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return cast("Digest", hashlib.sha256(data).hexdigest())


def digest_of(value: object) -> Digest:
    """Return the SHA-256 of the canonical form of ``value``."""
    return sha256_hex(canonical_bytes(value))


def round12(x: float) -> float:
    """Round to 12 significant digits: what remains is the same on every platform, and -0.0 becomes 0.0."""
    return float(f"{x:.12g}") + 0.0


def _offenders(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield ``(path, reason)`` for every part of ``value`` that has no canonical form."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _key_offenders(key, path)
            yield from _offenders(member, f"{path}.{key!a}" if isinstance(key, str) else path)
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            yield from _offenders(member, f"{path}[{index}]")
    else:
        reason = _scalar_problem(value)
        if reason is not None:
            yield path, reason


def _key_offenders(key: object, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(key, str):
        yield path, f"object keys must be str, not {type(key).__name__}"
    elif not _is_unicode(key):
        yield path, "a key holds a lone surrogate"


def _scalar_problem(value: object) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if abs(value) <= LARGEST_INTEGER else "integer beyond 2^53 - 1"
    if isinstance(value, float):
        return None if math.isfinite(value) else "NaN or infinity is not JSON"
    if isinstance(value, str):
        return None if _is_unicode(value) else "lone surrogate"
    return f"{type(value).__name__} is not a JSON value"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
