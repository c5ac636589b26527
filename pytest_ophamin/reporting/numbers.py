"""Numbers for people: short, but never rounded onto the number they are judged against.

An estimate of 0.90004 against a threshold of 0.9 must not be shown as "0.9", nor p = 0.05003 at level 0.05 as "0.05":

    >>> format_number(0.90004, beside=(0.9,))
    '0.90004'
    >>> format_number(0.934821, beside=(0.9,))
    '0.9348'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGITS = 4
_DIGITS_OF_P = 2
_ALL_DIGITS = 12
"""As many as a record keeps."""
_LARGEST_IN_FULL = 1e9


def format_number(value: float, *, beside: Iterable[float] = (), digits: int = _DIGITS) -> str:
    """Return ``value`` with few significant digits, but enough to differ from every other number in ``beside``.

    Args:
        value: A finite number.
        beside: Numbers the reader compares it with.
        digits: Significant digits to start from.

    Returns:
        Decimal notation, or scientific for very small and very large values.
    """
    others = [other for other in beside if other != value]
    for precision in range(digits, _ALL_DIGITS):
        text = _significant(value, precision)
        if all(float(text) != other and (float(text) < other) == (value < other) for other in others):
            return text
    return _significant(value, _ALL_DIGITS)


def format_p(p: float, *, level: float) -> str:
    """Return a p-value in two significant digits, more where it lies so near ``level`` that two would mislead."""
    return format_number(p, beside=(level,), digits=_DIGITS_OF_P)


def format_interval(lower: float | None, upper: float | None, *, beside: Iterable[float] = ()) -> str:
    """Return ``[lower, upper]``, with ``-inf``/``inf`` and a round bracket for an end that is unbounded."""
    limits = tuple(beside)
    left = "(-inf" if lower is None else f"[{format_number(lower, beside=limits)}"
    right = "inf)" if upper is None else f"{format_number(upper, beside=limits)}]"
    return f"{left}, {right}"


def format_count(number: int) -> str:
    """Return an integer with its thousands separated: ``12,450``."""
    return f"{number:,}"


def _significant(value: float, precision: int) -> str:
    text = f"{value:.{precision}g}"
    # %g writes 12450 as "1.245e+04"; whole numbers of moderate size are easier to read, and no digit is lost.
    return f"{value:.0f}" if "e+" in text and abs(value) < _LARGEST_IN_FULL else text
