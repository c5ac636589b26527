"""Numbers shown to people."""

from __future__ import annotations

import pytest

from pytest_ophamin.reporting.numbers import format_count, format_interval, format_number, format_p


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.934821, "0.9348"),
        (1.0, "1"),
        (0.0, "0"),
        (-0.0123456, "-0.01235"),
        (12450.3, "12450"),
        (1e6, "1000000"),
        (2.5e12, "2.5e+12"),
        (3.2e-7, "3.2e-07"),
    ],
)
def test_format_number_shows_four_significant_digits(value: float, text: str) -> None:
    """Small and very large numbers are scientific, whole numbers in between are not."""
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("value", "beside", "text"),
    [
        (0.90004, 0.9, "0.90004"),
        (0.8999999, 0.9, "0.8999999"),
        (0.9, 0.9, "0.9"),
        (0.9000000000001, 0.9, "0.9"),
        (12450.4, 12450.0, "12450.4"),
        (99999.6, 100000.0, "99999.6"),
    ],
)
def test_format_number_is_never_rounded_onto_what_it_is_compared_with(value: float, beside: float, text: str) -> None:
    """Digits are added until the numbers differ, up to the twelve a record keeps."""
    assert format_number(value, beside=(beside,)) == text


def test_format_number_does_not_cross_the_threshold_by_rounding() -> None:
    """An estimate below the threshold is not shown above it."""
    assert format_number(0.89996, beside=(0.89998,)) == "0.89996"


def test_format_p_shows_which_side_of_the_level_it_is_on() -> None:
    """Two digits are enough except near the level."""
    assert format_p(0.0123456, level=0.05) == "0.012"
    assert format_p(0.0500001, level=0.05) == "0.0500001"
    assert format_p(1.0, level=0.05) == "1"
    assert format_p(2.4e-301, level=0.05) == "2.4e-301"


def test_format_interval_marks_an_unbounded_end() -> None:
    """A missing bound is infinite and its bracket round."""
    assert format_interval(0.91, None) == "[0.91, inf)"
    assert format_interval(None, 0.95) == "(-inf, 0.95]"
    assert format_interval(0.90001, 0.95, beside=(0.9,)) == "[0.90001, 0.95]"


def test_format_count_separates_thousands() -> None:
    """Counts read like counts."""
    assert format_count(1234567) == "1,234,567"
