r"""Text that is safe to show and that keeps its column: escaping, width, wrapping, padding.

Statements, ids and counterexamples come from other people's tests and from records of unknown origin. An escape
sequence in one could repaint the verdict beside it, a bidi control could reverse it:

    >>> escape_text("ok\\x1b[2K\\u202e")
    'ok\\\\x1b[2K\\\\u202e'
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls (C0, C1), format characters (bidi controls, zero width), surrogates, private, unassigned, separators."""
_JOINERS = "\u200c\u200d"
"""Format characters that ordinary Persian words and emoji are spelt with; they reorder and hide nothing."""
_ZERO_WIDTH_CATEGORIES = frozenset({"Mn", "Me", "Cf"})


def escape_text(text: str) -> str:
    """Return ``text`` with every character that could move, hide or reorder other text written as an escape.

    Args:
        text: Any string, lone surrogates included.

    Returns:
        One line of printable text; a line break in it is shown as an escape too.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape_character(character) for character in text)


def escape_lines(text: str) -> list[str]:
    """Return the lines of ``text``, each escaped: for texts that are meant to have several (a counterexample)."""
    return [escape_text(line) for line in text.split("\n")]


def text_width(text: str) -> int:
    """Return the number of terminal columns ``text`` takes: 2 for wide East Asian characters, 0 for combining marks."""
    return len(text) if text.isascii() else sum(_character_width(character) for character in text)


def wrap_text(text: str, width: int) -> list[str]:
    """Break ``text`` into lines of at most ``width`` columns, at spaces where there are any.

    Args:
        text: Escaped text, one line.
        width: Columns per line, at least 2 (a wide character must fit).

    Returns:
        At least one line; words longer than a line are cut.
    """
    return wrap_phrases(text.split(" "), width)


def wrap_phrases(phrases: Iterable[str], width: int) -> list[str]:
    """Join ``phrases`` by spaces into lines of at most ``width`` columns; one is cut only if no line can hold it."""
    lines: list[str] = []
    line = ""
    for word in phrases:
        joined = f"{line} {word}" if line else word
        if text_width(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line.rstrip())
        *full, line = _cut(word, width)
        lines.extend(full)
    return [*lines, line]


def indent_text(text: str | Iterable[str], width: int, *, indent: str = "  ", hang: str | None = None) -> list[str]:
    """Wrap ``text``, or phrases, behind ``indent``; further lines behind ``hang`` (as many spaces by default)."""
    further = " " * len(indent) if hang is None else hang
    phrases = text.split(" ") if isinstance(text, str) else text
    lines = wrap_phrases(phrases, width - max(len(indent), len(further)))
    return [f"{indent if number == 0 else further}{line}" for number, line in enumerate(lines)]


def pad_right(text: str, width: int) -> str:
    """Fill ``text`` with spaces at its right to ``width`` columns."""
    return text + " " * (width - text_width(text))


def pad_left(text: str, width: int) -> str:
    """Fill ``text`` with spaces at its left to ``width`` columns."""
    return " " * (width - text_width(text)) + text


def count(number: int, noun: str) -> str:
    """Return ``1 claim``, ``2 claims``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _escape_character(character: str) -> str:
    if unicodedata.category(character) not in _ESCAPED_CATEGORIES or character in _JOINERS:
        return character
    # Python's own notation (\n, \x1b, \u202e): repr escapes all of these, and nobody has to learn another one.
    return repr(character)[1:-1] if not character.isprintable() else f"\\u{ord(character):04x}"


def _character_width(character: str) -> int:
    if unicodedata.category(character) in _ZERO_WIDTH_CATEGORIES:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(word: str, width: int) -> list[str]:
    pieces = [""]
    for character in word:
        if text_width(pieces[-1]) + _character_width(character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
