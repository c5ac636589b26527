"""Adjusting 1,000 p-values against statsmodels, measured side by side; figures stand in BENCHMARKS.md."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest

from pytest_ophamin.deciding.correction import adjust
from pytest_ophamin.deciding.multiplicity import hommel

CLAIMS = 1_000
ROUNDS = 7


def seconds(run: Callable[[], object], times: int) -> float:
    """Return how long one of ``times`` runs takes."""
    began = perf_counter()
    for _ in range(times):
        run()
    return (perf_counter() - began) / times


def ratio(theirs: Callable[[], object], ours: Callable[[], object]) -> float:
    """Return how many times faster ours is: the least time of either in interleaved rounds."""
    slow, fast = [], []
    for _ in range(ROUNDS):
        slow.append(seconds(theirs, 2))
        fast.append(seconds(ours, 100))
    return min(slow) / min(fast)


def test_holm_is_500_times_faster_than_statsmodels() -> None:
    """As the campaign calls it, a list in and a list out.

    statsmodels runs the garbage collector at the end of Holm (``gc.collect()`` in ``multipletests``), which is nearly
    all of its time; that is what its users pay.
    """
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(1).random(CLAIMS)
    listed = p.tolist()
    assert adjust(listed, "holm") == pytest.approx(multitest.multipletests(p, method="holm")[1].tolist(), rel=1e-12)
    found = ratio(lambda: multitest.multipletests(p, method="holm"), lambda: adjust(listed, "holm"))
    assert found >= 500.0, f"{found:.0f} times"


def test_hommel_is_faster_than_statsmodels() -> None:
    """O(m log m) against O(m squared), both without a garbage collector: at least three times."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(2).random(CLAIMS)
    found = ratio(lambda: multitest.multipletests(p, method="hommel"), lambda: hommel(p))
    assert found >= 3.0, f"{found:.1f} times"
