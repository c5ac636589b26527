"""Escaping, width and wrapping of text that is shown."""

from __future__ import annotations

import pytest

from pytest_ophamin.reporting.text import (
    count,
    escape_lines,
    escape_text,
    indent_text,
    pad_left,
    pad_right,
    text_width,
    wrap_text,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("catches 90 % of spam", "catches 90 % of spam"),
        ("\x1b[31mVALIDATED", "\\x1b[31mVALIDATED"),
        ("a\r\nb\tc\x00", "a\\r\\nb\\tc\\x00"),
        ("\x9b2K", "\\x9b2K"),
        ("\u202eDETADILAV", "\\u202eDETADILAV"),
        ("\u2066x\u2069\u200b\ufeff", "\\u2066x\\u2069\\u200b\\ufeff"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u00ad", "\\xad"),
        ("Größe, 大きさ, e\u0301, 👩\u200d🔬", "Größe, 大きさ, e\u0301, 👩\u200d🔬"),
    ],
)
def test_escape_text_leaves_words_and_writes_out_what_could_repaint_or_reorder(text: str, shown: str) -> None:
    """Letters of every script stay; controls, bidi and invisible characters become Python escapes."""
    assert escape_text(text) == shown


def test_escape_lines_keeps_line_breaks_as_lines() -> None:
    """A counterexample of two lines is two escaped lines."""
    assert escape_lines("a=1,\nb='\x1b'") == ["a=1,", "b='\\x1b'"]


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("大きさ", 6), ("e\u0301", 1), ("👩\u200d", 2), ("", 0)])
def test_text_width_counts_terminal_columns(text: str, width: int) -> None:
    """Wide characters take two columns, combining marks none."""
    assert text_width(text) == width


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("abcdefghijk", ["abcdefgh", "ijk"]),
        ("ab abcdefghijk x", ["ab", "abcdefgh", "ijk x"]),
        ("大きさ大きさ", ["大きさ大", "きさ"]),
    ],
)
def test_wrap_text_breaks_at_spaces_and_cuts_only_words_longer_than_a_line(text: str, lines: list[str]) -> None:
    """No line is wider than asked, and none is empty for want of a word."""
    assert wrap_text(text, 8) == lines


def test_indent_text_hangs_further_lines_where_told() -> None:
    """The first line stands behind the indent, the others behind the hang."""
    assert indent_text("one two three", 9, indent="- ", hang="    ") == ["- one", "    two", "    three"]
    assert indent_text("one two", 7, indent="12. ") == ["12. one", "    two"]


def test_padding_counts_columns_not_characters() -> None:
    """A wide character leaves one column less to fill."""
    assert pad_right("大", 4) == "大  "
    assert pad_left("大", 4) == "  大"


def test_count_writes_singular_and_plural() -> None:
    """One claim, two claims."""
    assert (count(1, "claim"), count(2, "claim"), count(0, "claim")) == ("1 claim", "2 claims", "0 claims")
