"""Distribution-free tolerance limits (Wilks 1941, Ann Math Stat 12:91): how many observations until the extremes cover.

The share of the population between the r-th smallest and the s-th largest of n observations is Beta(n - r - s + 1,
r + s): with confidence c it is at least ``coverage`` once P(Binomial(n, coverage) <= n - r - s) >= c. One-sided limits
have r + s = 1, the range of the sample 2. Ties make the limits cover more, never less.
"""

from __future__ import annotations

from ophamin_pillars.binomial import lower_bound, upper_tail
from ophamin_pillars.power.search import least_true
from pytest_ophamin.pillars import round12

ONE_SIDED = 1
RANGE = 2


def power(n: int, coverage: float, dropped: int = RANGE) -> float:
    """Return the confidence that n observations, ``dropped`` of them outside, cover at least ``coverage``."""
    _check(coverage, dropped)
    return 1.0 - miss(n, coverage, dropped)


def miss(n: int, coverage: float, dropped: int = RANGE) -> float:
    """Return one minus the confidence, without cancellation."""
    return upper_tail(n - dropped + 1, n, coverage) if n >= dropped else 1.0


def sample_size(coverage: float, confidence: float, dropped: int = RANGE) -> int | None:
    """Return the least n that covers ``coverage`` with ``confidence``; None beyond ten million."""
    _check(coverage, dropped)
    level = round12(1.0 - confidence)
    return least_true(lambda n: round12(miss(n, coverage, dropped)) <= level, dropped)


def minimum_detectable_effect(n: int, confidence: float, dropped: int = RANGE) -> float:
    """Return the greatest coverage n observations give with ``confidence``: 0 when there are too few of them."""
    return lower_bound(n - dropped + 1, n, 1.0 - confidence) if n >= dropped else 0.0


def _check(coverage: float, dropped: int) -> None:
    if not 0.0 < coverage < 1.0:
        raise ValueError(f"coverage: expected a number between 0 and 1, came {coverage!r}")
    if dropped < 1:
        raise ValueError(f"dropped: expected 1 or more, came {dropped}")
