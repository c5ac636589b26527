"""Coercion: what a trial may return, made at once into a plain bool, int or float.

``float()`` alone would take ``"0.9"``, turn ``Decimal("1e400")`` into infinity and lose a digit of ``2**53 + 1``.
Refusals never quote the value: their words enter a signed record.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pytest_ophamin.errors import OphaminError

Observation = bool | int | float

_EXACT_INTEGER = 2**53
_SMALLEST_INT64, _LARGEST_INT64 = -(2**63), 2**63 - 1
_OVERFLOW = "the trial returned a finite number whose float64 is infinite"
_RETURN_NUMBER = "return a bool, an int or a float"


class BadObservation(OphaminError):  # it names the thing that is bad
    """A trial returned something no claim can be decided on; the claim is VOID."""

    def __init__(self, reason: str, hint: str) -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(reason, hint)

    def __str__(self) -> str:
        return f"{self.reason}: {self.hint}"


def coerce(value: object) -> Observation:
    """Return ``value`` as a plain, finite bool, int or float.

    Args:
        value: bool, int, float, Decimal, or a NumPy scalar of these kinds.

    Returns:
        An int only when int64 holds it and float64 holds it exactly; otherwise a float.

    Raises:
        BadObservation: Anything else: None, str, complex, list, array, NaN, infinity, an integer float64 cannot hold.
    """
    return _way_of(type(value))(value)  # type: ignore[arg-type]  # typeshed: a type is hashable, but its object may not be


def coerce_pair(value: object) -> tuple[Observation, Observation]:
    """Return the two observations of a paired metric; only a tuple of exactly two is a pair."""
    if not isinstance(value, tuple):
        if value is None:
            raise _refusal(value)
        raise BadObservation(f"the trial returned {with_article(value)}, not a pair", "return a tuple (first, second)")
    if len(value) != 2:  # noqa: PLR2004
        raise BadObservation(f"the trial returned a tuple of {len(value)}, not a pair", "return (first, second)")
    return coerce(value[0]), coerce(value[1])


def _finite(number: float) -> float:
    if math.isfinite(number):
        return number
    if math.isnan(number):
        raise BadObservation("the trial returned NaN", "return a finite number, or raise")
    raise BadObservation("the trial returned an infinite number", "return a finite number, or raise")


def _exact(number: int) -> int | float:
    if -_EXACT_INTEGER <= number <= _EXACT_INTEGER:
        return number
    try:
        as_float = float(number)
    except OverflowError:
        raise BadObservation("the trial returned an integer beyond float64", "return a smaller unit") from None
    if int(as_float) != number:
        raise BadObservation("the trial returned an integer float64 cannot hold", "return a float or a smaller unit")
    return number if _SMALLEST_INT64 <= number <= _LARGEST_INT64 else as_float


def _from_decimal(value: Decimal) -> float:
    if not value.is_finite():
        return _finite(float("nan" if value.is_nan() else "inf"))
    number = float(value)
    if math.isinf(number):
        raise BadObservation(_OVERFLOW, "return a smaller unit")
    # A fraction is rounded like any literal; an integer that float64 cannot hold is refused like an int.
    if abs(number) >= _EXACT_INTEGER and Decimal(number) != value and value == value.to_integral_value():
        raise BadObservation("the trial returned an integer float64 cannot hold", "return a float or a smaller unit")
    return number


def _from_numpy_float(value: Any) -> float:  # noqa: ANN401
    number = float(value)
    if math.isinf(number) and sys.modules["numpy"].isfinite(value):  # a longdouble beyond float64
        raise BadObservation(_OVERFLOW, "return a smaller unit")
    return _finite(number)


def _refuse(value: object) -> Observation:
    raise _refusal(value)


@lru_cache(maxsize=256)
def _way_of(kind: Any) -> Callable[[Any], Observation]:  # noqa: ANN401  # a type; asking it again would cost the most
    """Return how a value of the type ``kind`` becomes an observation."""
    if kind is bool:
        return bool
    if issubclass(kind, float):
        return lambda value: _finite(float.__float__(value))  # plain, whatever a subclass (np.float64) makes of it
    if issubclass(kind, int):
        return lambda value: _exact(int.__int__(value))
    if issubclass(kind, Decimal):
        return _from_decimal
    if kind.__module__ == "numpy" and issubclass(kind, sys.modules["numpy"].generic):
        ways: dict[str, Callable[[Any], Observation]] = {"b": bool, "f": _from_numpy_float}
        return ways.get(sys.modules["numpy"].dtype(kind).kind, _from_numpy_other)
    return _refuse


def _from_numpy_other(value: Any) -> Observation:  # noqa: ANN401
    if value.dtype.kind in "iu":
        return _exact(int(value))
    raise _refusal(value)


def _refusal(value: object) -> BadObservation:
    if value is None:
        return BadObservation("the trial returned None", "return the observation")
    if isinstance(value, str):
        return BadObservation("the trial returned a str, not a number", _RETURN_NUMBER)
    if isinstance(value, dict):
        return BadObservation("the trial returned a dict where one number is expected", 'name its key: of="key"')
    if isinstance(value, tuple):
        return BadObservation("the trial returned a tuple, and the metric is not about pairs", _RETURN_NUMBER)
    return BadObservation(f"the trial returned {with_article(value)}, not a number", _RETURN_NUMBER)


def with_article(value: object) -> str:
    """Return the name of the type of ``value`` with its article: all a refusal may say about it."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
