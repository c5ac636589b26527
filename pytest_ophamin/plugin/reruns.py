"""Reruns do not reach claims: rerun until green at 2, 3, 5 tries turns a level of 5 % into 9.8, 14.3, 22.6 %.

A claim never passes through another plugin's ``pytest_runtest_protocol``, so rerunfailures cannot repeat it. This says
so, once, to whoever asked for reruns.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence


class RerunsIgnoredWarning(pytest.PytestWarning):
    """Reruns were asked for, and claims run once."""


def warn_of_reruns(config: pytest.Config, claimed: Sequence[pytest.Function]) -> None:
    """Record a warning if reruns were asked for any claim, by option or by mark."""
    by_option = bool(getattr(config.option, "reruns", None))
    by_mark = [item.nodeid for item in claimed if _asks_for_reruns(item)]
    if (not by_option and not by_mark) or os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        return
    first = claimed[0]
    asked = "--reruns" if by_option else f"@pytest.mark.flaky on {by_mark[0]}"
    text = f"{asked} is ignored for claims: a claim runs once, or its error rates would not hold"
    # Recorded, not issued: with `filterwarnings = error` it would end the collection of a suite that is in order.
    config.hook.pytest_warning_recorded.call_historic(
        kwargs={
            "warning_message": warnings.WarningMessage(
                RerunsIgnoredWarning(text), RerunsIgnoredWarning, str(first.path), (first.location[1] or 0) + 1
            ),
            "when": "collect",
            "nodeid": "",
            "location": None,
        }
    )


def _asks_for_reruns(item: pytest.Function) -> bool:
    mark = item.get_closest_marker("flaky")
    return mark is not None and (mark.kwargs.get("reruns") or (mark.args[0] if mark.args else 1)) != 0
