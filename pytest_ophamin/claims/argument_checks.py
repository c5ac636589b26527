"""The pieces every check of a claim's arguments is made of: collecting mistakes, and reading numbers and words."""

from __future__ import annotations

import difflib
import math
import reprlib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pytest_ophamin.claims.model import Problem

LARGEST_TRIALS = 2**32
"""Trials have 32-bit seeds, no two alike."""

_FORBIDDEN_CATEGORIES = {"Cc": "a control character", "Cs": "a lone surrogate", "Zl": "a line separator"}
_FORBIDDEN_CATEGORIES["Zp"] = "a paragraph separator"


class Opaque:
    """Stands for a value of a type no argument takes, and is shown as it.

    An array, or whoever overloads ``==`` and truth, raises where a check asks a harmless question of it; this does not.
    """

    def __init__(self, value: object) -> None:
        self._text = shown(value)

    def __repr__(self) -> str:
        return self._text


class Missing(Opaque):
    """Stands for an argument that must be given and was not."""

    def __init__(self) -> None:
        self._text = "nothing"


MISSING = Missing()


def check_unknown(
    unknown: Iterable[tuple[str, object]], accepted: Collection[str], word: str, mistakes: Mistakes
) -> None:
    """Note every argument that ``word`` does not take; a misspelt one is answered by the nearest it does."""
    for name, value in unknown:
        near = difflib.get_close_matches(name, accepted, n=1)
        written = shown(value)
        fix = f"{near[0]}={written}" if near else f"leave {name}= out"
        if name.startswith("argument "):
            fix = f"<name>={written}"
        mistakes.add(name, f"an argument of {word}(...)", written, fix)


def harmless(value: object) -> object:
    """Return ``value`` if it is of a type some argument takes, else something that is shown as it."""
    return value if value is None or isinstance(value, (str, int, float, tuple, list, Mapping)) else Opaque(value)


class Mistakes:
    """All mistakes found in one claim, in order."""

    def __init__(self, test: str) -> None:
        self.test = test
        self.problems: list[Problem] = []

    def add(self, argument: str, expected: str, came: str, fix: str) -> None:
        """Note a mistake; ``came`` says in words what came, or is made by :func:`shown`."""
        self.problems.append(Problem(test=self.test, argument=argument, expected=expected, came=came, fix=fix))

    def useless(self, argument: str, subject: str, came: object) -> None:
        """Note an argument that has no meaning here."""
        self.add(argument, f"no {argument}= for {subject}", shown(came), f"leave {argument}= out")


def shown(value: object) -> str:
    """Return ``value`` as Python writes it, shortened, and safe to print."""
    # reprlib also survives a __repr__ that raises.
    text = reprlib.repr(value)
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def as_number(argument: str, value: Any, mistakes: Mistakes, *, fix: str | None = None) -> float | None:  # noqa: ANN401
    """Return a finite int or float as a plain float, with 0.0 for -0.0; anything else is a mistake."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number + 0.0
    mistakes.add(argument, "a finite number", shown(value), fix or f"{argument}=<int or float>")
    return None


def as_pair(argument: str, value: Any, mistakes: Mistakes) -> tuple[float, float] | None:  # noqa: ANN401
    """Return ``(lo, hi)`` with lo < hi; anything else is a mistake."""
    fix = f"{argument}=(lo, hi)"
    if not isinstance(value, (tuple, list)) or len(value) != 2:  # noqa: PLR2004
        mistakes.add(argument, "a pair (lo, hi) of finite numbers", shown(value), fix)
        return None
    lo, hi = (as_number(f"{argument}[{place}]", part, mistakes, fix=fix) for place, part in enumerate(value))
    if lo is None or hi is None:
        return None
    if lo >= hi:
        mistakes.add(argument, "lo < hi", shown(value), fix)
        return None
    return lo, hi


def as_integer(
    argument: str,
    value: Any,  # noqa: ANN401
    least: int,
    most: int,
    mistakes: Mistakes,
    *,
    fix: str | None = None,
) -> int | None:
    """Return an int between ``least`` and ``most``; True is no number of anything."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return int(value)
    mistakes.add(argument, f"an integer from {least} to {most}", shown(value), fix or f"{argument}=1000")
    return None


def check_text(argument: str, value: object, mistakes: Mistakes, fix: str) -> bool:
    """Check that ``value`` is a str of one printable line with something in it."""
    if not isinstance(value, str):
        mistakes.add(argument, "a str", shown(value), fix)
    elif not value.strip():
        mistakes.add(argument, "some text", shown(value), fix)
    elif (found := forbidden_character(value)) is not None:
        mistakes.add(argument, "one line without control characters", f"{found} in {shown(value)}", fix)
    else:
        return True
    return False


def forbidden_character(text: str) -> str | None:
    """Say in words what in ``text`` would break a line, a terminal or a record; None when nothing would."""
    for character in text:
        name = _FORBIDDEN_CATEGORIES.get(unicodedata.category(character))
        if name is not None:
            return name
    return None
