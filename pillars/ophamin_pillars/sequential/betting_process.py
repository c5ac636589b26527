"""Betting e-processes of bounded means, observation by observation (Waudby-Smith & Ramdas 2024, JRSS-B 86:1-27).

The games are those of :mod:`ophamin_pillars.betting`, without a planned end. Two ways to bet, both valid for every
distribution on the bounds:

- :class:`ShareMixture`: the wealth is split over fixed shares of the largest bet, never moved again (their section on
  diversified Kelly betting; Cover 1991, Math. Finance 1:1-29). It grows nearly as fast as the best share in hindsight,
  whatever the spread, for every level at once; the order of the observations does not matter.
- :class:`BettingProcess`: the predictable plug-in bets of their eq. 26. The stake on observation i depends on the
  observations before it and on nothing else, so a path never changes when data are added.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.betting import Wealth, greatest_root

Floats = npt.NDArray[np.float64]

SHARES: Floats = 0.9 * 0.5 ** np.arange(7.0)
"""Of the largest admissible bet; each half the one before, down to 1/70."""
WEIGHTS: Floats = 1.0 / np.arange(1.0, 8.0) / np.sum(1.0 / np.arange(1.0, 8.0))
"""Of the shares: more for the large ones, which narrow distributions need and which decide within few n."""
TRUNCATION = 0.5
"""Bets without an end start large: at the 0.9 of the fixed-n game a few early losses cost hundreds of trials."""
STEP = 1e-12
"""Bounds are known this closely; a rise by less is none."""


@dataclass(frozen=True, slots=True, eq=False)
class ShareMixture:
    """The game against "mean <= t" on ``y`` in [0, 1], shape (..., n); against "mean >= t" it is that on ``1 - y``."""

    y: Floats

    def log_e(self, t: float) -> Floats:
        """Return log wealth after each observation, shape of ``y``; it falls in t at every index.

        Raises:
            ValueError: t does not lie strictly inside the bounds.
        """
        check_inside(t)
        logs = np.multiply.outer(SHARES, self.y / t - 1.0)
        np.log1p(logs, out=logs)
        np.cumsum(logs, axis=-1, out=logs)
        most: Floats = logs.max(axis=0)
        logs -= most
        np.exp(logs, out=logs)
        most += np.log(np.tensordot(WEIGHTS, logs, axes=1))
        return most

    def lower_bounds(self, at: Sequence[int], level: float) -> list[float]:
        """Return the lower confidence sequence of one sample, shape (n,), after ``at`` observations each.

        It inverts the running maximum: all t up to the bound were excluded at some index, and none above it.

        Args:
            at: Rising numbers of observations, from 1 to n.
            level: Error probability of this side.

        Returns:
            Bounds in [0, 1), never falling; 0 where nothing was excluded.
        """
        return _bounds_along(lambda end, t: float(ShareMixture(self.y[:end]).log_e(t).max()), at, level)


@dataclass(frozen=True, slots=True, eq=False)
class BettingProcess:
    """The game against "mean <= t" on ``y`` in [0, 1], shape (n,), with plug-in bets that serve ``level``."""

    y: Floats
    bets: Floats
    level: float
    truncation: float

    @classmethod
    def of(cls, y: Floats, level: float, truncation: float = TRUNCATION) -> BettingProcess:
        """Return the game; ValueError for what :func:`open_bets` refuses."""
        return cls(y, open_bets(y, level), level, truncation)

    def log_e(self, t: float) -> Floats:
        """Return log wealth after each observation; see :meth:`ShareMixture.log_e`."""
        check_inside(t)
        return self._first(len(self.y)).log_wealth(t)

    def lower_bounds(self, at: Sequence[int]) -> list[float]:
        """Return the lower confidence sequence at the game's own level; see :meth:`ShareMixture.lower_bounds`."""
        return _bounds_along(lambda end, t: float(self._first(end).log_maxima(t)), at, self.level)

    def _first(self, end: int) -> Wealth:
        return Wealth(self.y[:end], self.level, bets=self.bets[:end], truncation=self.truncation)


def open_bets(y: Floats, level: float) -> Floats:
    """Return the untruncated bets ``sqrt(2 log(1 / level) / (v_i i log(1 + i)))``, shape of ``y``.

    ``v_i`` is the running variance before observation i, with one observation at 1/2 and a variance of 1/4 as prior.
    :func:`ophamin_pillars.betting.open_ended_bets` with the same numbers, but bit for bit without regard to later data.

    Args:
        y: Observations in [0, 1], in trial order along the last axis.
        level: The level the wealth will be held to.

    Raises:
        ValueError: An observation outside [0, 1], or a level outside (0, 1).
    """
    check_scaled(y, level)
    i = np.arange(1.0, y.shape[-1] + 1)
    squares = y - (0.5 + np.cumsum(y, axis=-1)) / (i + 1.0)
    squares *= squares
    np.cumsum(squares, axis=-1, out=squares)
    bets = np.empty_like(squares)
    bets[..., 0] = 0.25
    bets[..., 1:] = (0.25 + squares[..., :-1]) / i[1:]
    bets *= i * np.log1p(i) / (-2.0 * math.log(level))
    np.sqrt(bets, out=bets)
    np.divide(1.0, bets, out=bets)
    return bets


def scaled(values: Floats, bounds: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return ``values`` as shares of the way from the lower to the upper bound, and from the upper to the lower.

    The two are what the games against "mean <= t" and against "mean >= t" are played on.

    Raises:
        ValueError: The bounds are not finite and rising, or a value lies outside them.
    """
    low, high = bounds
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"bounds are two finite numbers, the lower first, not {low} and {high}")
    if not ((values >= low) & (values <= high)).all():
        raise ValueError(f"a value lies outside the bounds {low} to {high}")
    shares = (values - low) / (high - low)
    return shares, 1.0 - shares


def check_scaled(y: Floats, level: float) -> None:
    """Raise ValueError unless all of ``y`` lies in [0, 1] and ``level`` in (0, 1)."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"the level lies between 0 and 1, not at {level}")
    if y.shape[-1] == 0 or not ((y >= 0.0) & (y <= 1.0)).all():
        raise ValueError("at least one observation is needed, and all of them within their bounds")


def check_inside(t: float) -> None:
    """Raise ValueError unless ``t``, as a share of the way between the bounds, lies strictly inside them."""
    if not 0.0 < t < 1.0:
        raise ValueError(f"the threshold lies strictly inside the bounds, not at {t} of the way")


def _bounds_along(log_maximum: Callable[[int, float], float], at: Sequence[int], level: float) -> list[float]:
    """Return the greatest t with a maximum of ``1 / level`` among the first ``end`` indices, for each end."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"the level lies between 0 and 1, not at {level}")
    target = -math.log(level)
    bounds: list[float] = []
    reached = 0.0
    for end in at:
        if reached + STEP < 1.0 and log_maximum(end, reached + STEP) >= target:
            reached = max(reached, _greatest(log_maximum, end, target))
        bounds.append(reached)
    return bounds


def _greatest(log_maximum: Callable[[int, float], float], end: int, target: float) -> float:
    # wealth at t = 1 is at most its start, so the search never ends there
    return greatest_root(lambda t: log_maximum(end, t) - target if t < 1.0 else -target)
