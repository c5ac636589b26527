"""Means of bounded observations by betting (Waudby-Smith & Ramdas 2024, JRSS-B 86:1-27).

For the null "mean <= t" a gambler stakes the share ``bet_i`` of its wealth on every observation: wealth
``K_n = prod(1 + bet_i (y_i - t))`` is a non-negative supermartingale under the null when each bet is chosen before its
observation and ``0 <= bet_i < 1 / t``. By Ville's inequality ``1 / max K`` is a p-value: exact for every distribution
on the bounds, independent or not, as long as each conditional mean obeys the null. "mean >= t" is the same game on
``1 - y``.

The bets are the predictable plug-in of section 3.2 tuned to a fixed n and to the level of the side they serve. They
depend on t by truncation only, so wealth falls in t, and the bound is found by root search.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pytest_ophamin.pillars import BadSample, ShiftedTests, minus, number, plus, round12

Floats = npt.NDArray[np.float64]

METHOD = "betting/1"
LARGEST_REPEAT = 2_000
"""Up to this n ``needed`` replays the sample; beyond it the mean rate of growth is followed."""
LARGEST_N = 10**9
TRUNCATION = 0.9
"""Share of the largest admissible bet that is ever staked: at 1 one opposite observation ends the game."""


class Wealth:
    """The game against "mean <= t" on ``y`` in [0, 1], in trial order along the last axis, for one level.

    ``y`` has shape (n,), or (runs, n) in simulations; then every answer has shape (runs,).
    """

    def __init__(self, y: Floats, level: float, *, bets: Floats | None = None, truncation: float = TRUNCATION) -> None:
        self._y = y
        self._bets = planned_bets(y, level) if bets is None else bets
        self._truncation = truncation

    def log_wealth(self, t: float) -> Floats:
        """Return log K after each observation, shape of ``y``; ``t`` is positive."""
        stakes = np.minimum(self._bets, self._truncation / t)
        stakes *= self._y - t
        np.log1p(stakes, out=stakes)
        np.cumsum(stakes, axis=-1, out=stakes)
        return stakes

    def log_maxima(self, t: float) -> Floats:
        """Return log(max over time of K): 0 or more, since the game starts at 1."""
        if t <= 0.0:
            certain: Floats = np.where((self._y > 0.0).any(axis=-1), np.inf, 0.0)
            return certain
        maxima: Floats = np.maximum(self.log_wealth(t).max(axis=-1), 0.0)
        return maxima

    def p_value(self, t: float) -> float:
        """Return the p-value of "mean <= t" for one sample."""
        return math.exp(-float(self.log_maxima(t)))

    def bound(self, level: float) -> float:
        """Return the greatest t in [0, 1] with p <= level for one sample; 0 when there is none."""
        target = -math.log(level)
        return greatest_root(lambda t: float(self.log_maxima(t)) - target)


def planned_bets(y: Floats, level: float) -> Floats:
    """Return the untruncated bets, shape of ``y``: ``sqrt(2 log(1/level) / (n v_i))`` with v_i known before y_i.

    ``v_i`` is the running variance with one observation at 1/2 and a variance of 1/4 as prior (their eq. 15).
    """
    n = y.shape[-1]
    counts = np.arange(2, n + 2, dtype=np.float64)
    means = (0.5 + np.cumsum(y, axis=-1)) / counts
    squares = np.cumsum((y - means) ** 2, axis=-1)
    variance = np.empty_like(y)
    variance[..., 0] = 0.25
    variance[..., 1:] = (0.25 + squares[..., :-1]) / counts[:-1]
    bets: Floats = np.sqrt(2.0 * math.log(1.0 / level) / (n * variance))
    return bets


def open_ended_bets(y: Floats, level: float) -> Floats:
    """Return the untruncated bets of a game without a planned end (their eq. 26): as above with i log(1 + i) for n."""
    n = y.shape[-1]
    i = np.arange(1, n + 1, dtype=np.float64)
    bets: Floats = planned_bets(y, level) * np.sqrt(n / (i * np.log1p(i)))
    return bets


def greatest_root(falling: Callable[[float], float]) -> float:
    """Return the greatest t in [0, 1] with ``falling(t) >= 0``; 0 when there is none, by bisection and secants."""
    low, high = 0.0, 1.0
    f_low, f_high = math.inf, falling(1.0)
    if f_high >= 0.0:
        return 1.0
    for step in range(200):
        width = high - low
        if width <= 1e-14:
            break
        middle = 0.5 * (low + high)
        if step % 3 and math.isfinite(f_low):
            secant = low + width * f_low / (f_low - f_high)
            margin = 1e-3 * width
            middle = min(max(secant, low + margin), high - margin)
        value = falling(middle)
        if value >= 0.0:
            low, f_low = middle, value
        else:
            high, f_high = middle, value
    return low


@dataclass(frozen=True, slots=True, eq=False)
class BettingTests(ShiftedTests):
    """One-sided betting tests of the mean of ``values``, shape (n,), all within ``bounds``."""

    values: Floats
    bounds: tuple[float, float]
    _scaled: Floats = field(init=False)
    _games: dict[tuple[str, float], Wealth] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        lo, hi = self.bounds
        outside = (self.values < lo) | (self.values > hi)
        if outside.any():
            raise BadSample(
                f"an observation lies outside the bounds {number(lo)} to {number(hi)}", trial=int(np.argmax(outside))
            )
        object.__setattr__(self, "_scaled", (self.values - lo) / (hi - lo))

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def estimate(self) -> float:
        return math.fsum(self.values.tolist()) / self.n

    @property
    def spread(self) -> float | None:
        return float(np.std(self.values, ddof=1)) if self.n > 1 else None

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "mean <= limit - slack"."""
        del strict
        return self._game("greater", level).p_value(self._share(minus(limit, slack)))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "mean >= limit + slack"."""
        del strict
        return self._game("less", level).p_value(1.0 - self._share(plus(limit, slack)))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the lower bound at ``level``: the bounds' own lower end when the game never wins."""
        del slack
        lo, hi = self.bounds
        return lo + (hi - lo) * self._game("greater", level).bound(level)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the upper bound at ``level``."""
        del slack
        lo, hi = self.bounds
        return hi - (hi - lo) * self._game("less", level).bound(level)

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which this sample, repeated in order, rejects."""
        del strict
        t = self._share(minus(limit, slack) if side == "greater" else plus(limit, slack))
        y, t = (self._scaled, t) if side == "greater" else (1.0 - self._scaled, 1.0 - t)
        gap = float(y.mean()) - t
        if not gap > 1e-12:
            return None

        def rejects(n: int) -> bool:
            return round12(Wealth(np.resize(y, n), level).p_value(t)) <= level

        high = max(start, expected_n(gap, float(y.var()), t, level))
        if high > LARGEST_REPEAT:
            return high if high <= LARGEST_N else None
        if rejects(start):
            return start
        low = start
        while not rejects(high):
            low, high = high, 2 * high
        return _bisect(rejects, low, high)

    def _game(self, side: str, level: float) -> Wealth:
        key = (side, level)
        if key not in self._games:
            y = self._scaled if side == "greater" else 1.0 - self._scaled
            self._games[key] = Wealth(y, level)
        return self._games[key]

    def _share(self, value: float) -> float:
        lo, hi = self.bounds
        return (value - lo) / (hi - lo)


def expected_n(gap: float, variance: float, t: float, level: float) -> int:
    """Return the n at which wealth grown at its mean rate, to second order, reaches ``1 / level``.

    With the plug-in bet ``sqrt(2 L / (n v))``, L = log(1 / level), log K is ``n gap bet - L``; truncation slows that.
    """
    target = -math.log(level)
    n = 2.0 * target * variance / (gap * gap)
    largest = TRUNCATION / t
    if n * variance * largest * largest < 2.0 * target:
        growth = largest * gap - 0.5 * largest * largest * (variance + gap * gap)
        n = target / growth if growth > 0.0 else target / math.log1p(largest * gap)
    return math.ceil(n)


def _bisect(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return an n, at most 0.5 % above the least in ``low < n <= high`` for which a rising ``holds`` is true."""
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
