"""Reading what a child pytest printed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

Runner = Callable[..., pytest.RunResult]
"""The fixture ``run``: ``run("-n2", child=True)``."""

_ROW = re.compile(r"^(\S.*?)\s{2,}(VALIDATED|CORROBORATED|REFUTED|INCONCLUSIVE|VOID|NOT TESTED)\s+\S+$")


def verdicts(result: pytest.RunResult) -> dict[str, str]:
    """Return ``{statement: raw verdict}`` as the table shows them."""
    rows = (_ROW.match(line) for line in result.outlines)
    return {row.group(1).strip(): row.group(2) for row in rows if row}


def text_lines(result: pytest.RunResult) -> list[str]:
    """What was printed, without times, plugin lists and folders."""
    kept = (line for line in result.outlines if not line.startswith(("plugins:", "running:", "rootdir:", "created:")))
    return [re.sub(r"(in )?\d+\.\d+s|\[gw\d\]|0x[0-9a-f]+", "", line).strip(" =") for line in kept]


def assert_clean(result: pytest.RunResult) -> None:
    """No internal error and no traceback of our own code, whatever happened."""
    text = "\n".join((*result.outlines, *result.errlines))
    assert "INTERNALERROR" not in text, text
    assert "pytest_ophamin/" not in text, text
