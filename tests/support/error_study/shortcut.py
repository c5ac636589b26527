"""Decide without solving for bounds: whether an interval leaves the truth out, its own test says.

A bound inverts a test, so it lies beyond the truth exactly when the test at the truth rejects. Asking the test takes a
hundredth of the time solving for the bound takes; the study checks on samples of every case that both say the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from ophamin_pillars.sequential import anytime_claims
from pytest_ophamin.deciding import sides
from pytest_ophamin.deciding.sides import OneSided


@contextmanager
def bounds_by_tests(truth: float) -> Iterator[None]:
    """Let assessments have bounds of infinity where they lie beyond the truth, and none where they do not."""

    def bounds(frame: sides._Frame, tests: OneSided, *, validated: bool) -> tuple[float | None, float | None]:
        of_both = frame.validated if validated else None
        low, high = (frame.lower[0], frame.upper[0]) if of_both is None else (of_both, of_both)
        above = tests.greater(truth, slack=0.0, strict=False, level=low) <= low
        below = tests.less(truth, slack=0.0, strict=False, level=high) <= high
        return (math.inf if above else None), (-math.inf if below else None)

    with (
        mock.patch.object(sides._Frame, "bounds_of", bounds),
        mock.patch.object(sides, "_needed", return_value=None),
        mock.patch.object(anytime_claims, "_course", return_value=None),
    ):
        yield
