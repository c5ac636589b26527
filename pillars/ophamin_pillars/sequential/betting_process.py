"""Betting e-processes of bounded means, followed observation by observation (Waudby-Smith & Ramdas 2024).

The games are those of :mod:`ophamin_pillars.betting`, with bets that know no planned end (their eq. 26): the stake on
observation i depends on the observations before it and on nothing else, so a path never changes when data are added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.betting import Wealth

Floats = npt.NDArray[np.float64]

STEP = 1e-12
"""Bounds are known this closely; a rise by less is none."""


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


def check_scaled(y: Floats, level: float) -> None:
    """Raise ValueError unless all of ``y`` lies in [0, 1] and ``level`` in (0, 1)."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"the level lies between 0 and 1, not at {level}")
    if y.shape[-1] == 0 or not ((y >= 0.0) & (y <= 1.0)).all():
        raise ValueError("at least one observation is needed, and all of them within their bounds")


@dataclass(frozen=True, slots=True)
class BettingProcess:
    """The game against "mean <= t" on ``y`` in [0, 1], shape (n,); against "mean >= t" it is that on ``1 - y``."""

    game: Wealth
    y: Floats
    bets: Floats
    level: float

    @classmethod
    def of(cls, y: Floats, level: float) -> BettingProcess:
        """Return the game whose bets serve ``level``; ValueError for what :func:`open_bets` refuses."""
        bets = open_bets(y, level)
        return cls(Wealth(y, level, bets=bets), y, bets, level)

    def log_e(self, t: float) -> Floats:
        """Return log wealth after each observation, shape (n,).

        Raises:
            ValueError: t does not lie strictly inside the bounds.
        """
        if not 0.0 < t < 1.0:
            raise ValueError(f"the threshold lies strictly inside the bounds, not at {t} of the way")
        return self.game.log_wealth(t)

    def lower_bounds(self, at: Sequence[int]) -> list[float]:
        """Return the lower confidence sequence after ``at`` observations each: it inverts the running maximum.

        Wealth falls in t at every index, so all t up to the bound were excluded at some index, and none above it.

        Args:
            at: Rising numbers of observations, from 1 to n.

        Returns:
            Bounds in [0, 1), never falling; 0 where nothing was excluded.
        """
        bounds: list[float] = []
        reached = 0.0
        for end in at:
            part = Wealth(self.y[:end], self.level, bets=self.bets[:end])
            if float(part.log_maxima(reached + STEP)) >= -math.log(self.level):
                reached = max(reached, part.bound(self.level))
            bounds.append(reached)
        return bounds


def scaled(values: Floats, bounds: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return ``values`` as shares of the way from the lower to the upper bound, and from the upper to the lower.

    The two are what :class:`BettingProcess` takes for its two sides.

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
