"""One line that says how far a long claim is."""

from __future__ import annotations

from pytest_ophamin.reporting.numbers import format_count
from pytest_ophamin.reporting.text import escape_text, text_width

_SECONDS_PER_MINUTE = 60


def progress_line(name: str, done: int, total: int, elapsed: float, *, width: int = 80) -> str:
    """Return ``test_recall  1,200/5,000 trials, 24 %, 12 s left``, cut to ``width`` from the left of the name.

    Args:
        name: The test's node id or the claim's statement.
        done: Trials finished, at least 0.
        total: Trials planned.
        elapsed: Seconds since the first trial began.
        width: Columns of the terminal.

    Returns:
        One line of at most ``width`` columns.
    """
    share = done / total if total else 1.0
    text = f"{format_count(done)}/{format_count(total)} trials, {share:.0%}".replace("%", " %")
    if 0 < done < total:
        text += f", {_describe_seconds(elapsed * (total - done) / done)} left"
    return f"{_end_of(escape_text(name), width - len(text) - 2)}  {text}"


def _describe_seconds(seconds: float) -> str:
    whole = round(seconds)
    if whole < _SECONDS_PER_MINUTE:
        return f"{whole} s"
    minutes, rest = divmod(whole, _SECONDS_PER_MINUTE)
    return f"{minutes} min {rest:02d} s"


def _end_of(name: str, width: int) -> str:
    """Keep the end of a node id: it tells the test and its parameters."""
    if text_width(name) <= width:
        return name
    while name and text_width(name) > width - 3:
        name = name[1:]
    return f"...{name}"
