"""Reading a payload without forgiving anything: what a lenient reader mends is where two readers come to disagree.

>>> parse_strictly(b'{"a":1,"a":2}')
Traceback (most recent call last):
pytest_ophamin.errors.EvidenceError: the key 'a' stands twice in one object
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from pytest_ophamin._jcs import LARGEST_INTEGER
from pytest_ophamin.errors import EvidenceError

MAX_DEPTH = 32
MAX_NUMBER_LENGTH = 32

# Unrolled so that a string of megabytes is matched without a step per character.
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_OPENING = frozenset({b"[", b"{"})


def parse_strictly(payload: bytes) -> Any:  # noqa: ANN401  # a JSON value
    """Parse UTF-8 JSON.

    Args:
        payload: The received bytes.

    Returns:
        The value. Integers above 2^53 - 1 are floats, as every JSON reader with IEEE numbers would see them.

    Raises:
        EvidenceError: It is not JSON, too deep, has a key twice, a number that is not finite or longer than 32
            characters.
    """
    depth = _depth(payload)
    if depth > MAX_DEPTH:
        raise EvidenceError(f"nested {depth} deep, at most {MAX_DEPTH} is read")
    try:
        text = payload.decode("utf-8")
        return _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise EvidenceError(f"byte {error.start} of the payload is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise EvidenceError(f"character {error.pos} of the payload: {error.msg}") from None
    except RecursionError:
        raise EvidenceError("nested too deeply") from None


def _depth(payload: bytes) -> int:
    """Return how deep arrays and objects nest, before any parser sees them."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", payload)):
        depth += 1 if bracket in _OPENING else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise EvidenceError(f"the key {twice!a} stands twice in one object")
    return found


def _integer(literal: str) -> int | float:
    _check_length(literal)
    value = int(literal)
    return value if abs(value) <= LARGEST_INTEGER else float(value)


def _float(literal: str) -> float:
    _check_length(literal)
    value = float(literal)
    if value - value != 0.0:
        raise EvidenceError(f"the number {literal} is not finite as a float64")
    return value


def _check_length(literal: str) -> None:
    if len(literal) > MAX_NUMBER_LENGTH:
        raise EvidenceError(f"a number of {len(literal)} characters, at most {MAX_NUMBER_LENGTH} are read")


def _constant(literal: str) -> NoReturn:
    raise EvidenceError(f"{literal} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=True
)
