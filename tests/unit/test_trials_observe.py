"""Coercion: what a trial may return becomes a plain bool, int or float, or is refused without being quoted."""

from __future__ import annotations

import enum
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from pytest_ophamin.trials.observe import BadObservation, coerce, coerce_pair


class Level(enum.IntEnum):
    """An int with a name."""

    HIGH = 3


class Loud(float):
    """A float that claims to be another one."""

    def __float__(self) -> float:
        return 99.0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (True, True),
        (np.True_, True),
        (np.False_, False),
        (3, 3),
        (Level.HIGH, 3),
        (np.int8(-3), -3),
        (np.uint64(2**53), 2**53),
        (2**60, 2**60),
        (2**63, float(2**63)),
        (2**70, float(2**70)),
        (-(2**63), -(2**63)),
        (0.1, 0.1),
        (Loud(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.float32(0.1), 0.10000000149011612),
        (np.float16(1.5), 1.5),
        (np.longdouble(2.5), 2.5),
        (Decimal("0.1"), 0.1),
        (Decimal("1E+22"), 1e22),
        (5e-324, 5e-324),
    ],
)
def test_numbers_become_plain_ones_of_the_same_value(given: object, kept: object) -> None:
    """The type is exactly bool, int or float: nothing else may cross a process border."""
    found = coerce(given)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "the trial returned None: return the observation"),
        ("0.9", "the trial returned a str, not a number"),
        (np.str_("0.9"), "the trial returned a str, not a number"),
        (b"1", "the trial returned a bytes, not a number"),
        (1j, "the trial returned a complex, not a number"),
        (np.complex128(1), "the trial returned a complex, not a number"),
        ([1.0], "the trial returned a list, not a number"),
        ((1.0, 2.0), "the trial returned a tuple, and the metric is not about pairs"),
        ({"a": 1}, 'the trial returned a dict where one number is expected: name its key: of="key"'),
        (np.array(1.0), "the trial returned a ndarray, not a number"),
        (np.array([1.0]), "the trial returned a ndarray, not a number"),
        (np.timedelta64(3, "s"), "the trial returned a timedelta64, not a number"),
        (np.datetime64("2020"), "the trial returned a datetime64, not a number"),
        (np.void(b"a"), "the trial returned a void, not a number"),
        (Fraction(1, 3), "the trial returned a Fraction, not a number"),
        (object(), "the trial returned an object, not a number"),
        (float("nan"), "the trial returned NaN"),
        (np.float32("nan"), "the trial returned NaN"),
        (Decimal("sNaN"), "the trial returned NaN"),
        (float("-inf"), "the trial returned an infinite number"),
        (Decimal("Infinity"), "the trial returned an infinite number"),
        (Decimal("1e400"), "the trial returned a finite number whose float64 is infinite"),
        (10**400, "the trial returned an integer beyond float64"),
        (2**53 + 1, "the trial returned an integer float64 cannot hold"),
        (np.int64(2**53 + 1), "the trial returned an integer float64 cannot hold"),
        (np.uint64(2**64 - 1), "the trial returned an integer float64 cannot hold"),
        (Decimal(2**53 + 1), "the trial returned an integer float64 cannot hold"),
        (Decimal("1e30"), "the trial returned an integer float64 cannot hold"),
    ],
)
def test_everything_else_is_refused_with_a_hint(given: object, reason: str) -> None:
    """The refusal names the type and what to return."""
    with pytest.raises(BadObservation) as caught:
        coerce(given)
    if type(given).__name__ == "complex128":
        reason = reason.replace("complex", "complex128")
    assert str(caught.value).startswith(reason)
    assert caught.value.hint


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(np.float64).max, reason="longdouble is float64 here")
def test_a_long_double_beyond_float64_is_refused() -> None:
    """Finite as a long double, infinite as float64."""
    with pytest.raises(BadObservation, match="a finite number whose float64 is infinite"):
        coerce(np.longdouble("1e400"))


def test_a_refusal_never_quotes_the_value() -> None:
    """Its words enter a signed record, the observation does not."""
    secret = 271828182845904523536028747135266249775724709369995
    for value in (str(secret), secret, Decimal(secret), [secret]):
        with pytest.raises(BadObservation) as caught:
            coerce(value)
        assert "2718" not in str(caught.value)


def test_a_pair_is_a_tuple_of_two_observations() -> None:
    """Each part is coerced on its own."""
    assert coerce_pair((np.float64(0.5), True)) == (0.5, True)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "the trial returned None: return the observation"),
        (0.5, "the trial returned a float, not a pair: return a tuple (first, second)"),
        ([1, 2], "the trial returned a list, not a pair: return a tuple (first, second)"),
        (np.array([1, 2]), "the trial returned a ndarray, not a pair"),
        ((1,), "the trial returned a tuple of 1, not a pair"),
        ((1, 2, 3), "the trial returned a tuple of 3, not a pair"),
        ((1, None), "the trial returned None"),
        ((1, float("nan")), "the trial returned NaN"),
    ],
)
def test_anything_but_a_pair_is_refused(given: object, reason: str) -> None:
    """A paired metric takes exactly two observations per trial."""
    with pytest.raises(BadObservation) as caught:
        coerce_pair(given)
    assert str(caught.value).startswith(reason)
