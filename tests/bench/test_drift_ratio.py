"""A drift scan of 100,000 points is not slower than river's: side by side, skipped without river.

Least of several interleaved rounds, which other work on the machine can only raise. Absolute times stand in
BENCHMARKS.md, never in an assertion; the indices found must be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ophamin_pillars.control.adwin import adwin
from ophamin_pillars.control.page_hinkley import PageHinkleyDesign, page_hinkley

POINTS = 100_000
ROUNDS = 5
Floats = npt.NDArray[np.float64]
Scan = Callable[[Floats], list[int]]

_NUMBERS = np.random.default_rng(20_261_124).random(POINTS)
STREAMS: dict[str, Floats] = {
    "no change": _NUMBERS,
    "a step every 5,000": _NUMBERS + np.where(np.arange(POINTS) // 5_000 % 2, 0.3, 0.0),
    "a step every 1,000": _NUMBERS + np.where(np.arange(POINTS) // 1_000 % 2, 1.0, 0.0),
}
DETECTORS: dict[str, tuple[str, dict[str, Any], Scan]] = {
    "ADWIN": ("ADWIN", {}, lambda x: [change.index for change in adwin(x)]),
    "Page-Hinkley": ("PageHinkley", {}, lambda x: [alarm.index for alarm in page_hinkley(x)]),
    "Page-Hinkley, threshold 5": (
        "PageHinkley",
        {"threshold": 5.0},
        lambda x: [alarm.index for alarm in page_hinkley(x, PageHinkleyDesign(threshold=5.0))],
    ),
}


def _timed(scan: Callable[[], list[int]]) -> tuple[float, list[int]]:
    began = perf_counter()
    found = scan()
    return perf_counter() - began, found


def _with_river(detector: Any, numbers: list[float]) -> list[int]:
    """Scan as river's documentation does."""
    found = []
    for i, x in enumerate(numbers):
        detector.update(x)
        if detector.drift_detected:
            found.append(i)
    return found


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("name", DETECTORS)
def test_a_drift_scan_is_not_slower_than_rivers(name: str, stream: str) -> None:
    """The same indices in no more time; the detector's own list of floats is made outside the clock."""
    drift = pytest.importorskip("river.drift")
    kind, parameters, scan = DETECTORS[name]
    x = STREAMS[stream]
    numbers = x.tolist()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        seconds, found = _timed(lambda: scan(x))
        ours.append(seconds)
        seconds, expected = _timed(lambda: _with_river(getattr(drift, kind)(**parameters), numbers))
        theirs.append(seconds)
        assert found == expected
    assert min(ours) <= min(theirs), f"{min(ours) * 1e3:.1f} ms against {min(theirs) * 1e3:.1f} ms"
