"""Closed-form confidence sequences for the mean of bounded observations: the cheap fallback to betting.

Predictable mixtures (Waudby-Smith & Ramdas 2024, JRSS-B 86:1-27): each observation has its own tuning parameter, chosen
before it is seen. Valid for every distribution on the bounds, as long as the conditional means are equal. Observations
are scaled to [0, 1]; ``level`` is that of the one side computed.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars.sequential.betting_process import check_scaled, open_bets

Floats = npt.NDArray[np.float64]

EMPIRICAL_BERNSTEIN_TRUNCATION = 0.5
HOEFFDING_TRUNCATION = 1.0


def empirical_bernstein_bounds(y: Floats, level: float) -> Floats:
    """Return lower bounds of the mean after each observation (Thm 2, with the tuning of their eq. 14).

    Args:
        y: Observations in [0, 1], in trial order, shape (..., n). Upper bounds are those of ``1 - y``, from 1 down.
        level: Error probability of this side.

    Returns:
        Bounds in [0, 1], shape of ``y``, **not** running maxima: take those, they are as valid.

    Raises:
        ValueError: An observation outside [0, 1], or a level outside (0, 1).
    """
    bets = np.minimum(open_bets(y, level), EMPIRICAL_BERNSTEIN_TRUNCATION)
    counts = np.arange(1.0, y.shape[-1] + 1)
    before = np.zeros_like(y)
    before[..., 1:] = (np.cumsum(y, axis=-1) / counts)[..., :-1]
    costs = (y - before) ** 2 * (-np.log1p(-bets) - bets)
    return _bounds(y, bets, costs, level)


def hoeffding_bounds(y: Floats, level: float) -> Floats:
    """Return lower bounds from the range alone (Prop. 1, eq. 10); see :func:`empirical_bernstein_bounds`."""
    check_scaled(y, level)
    i = np.arange(1.0, y.shape[-1] + 1)
    bets = np.broadcast_to(
        np.minimum(np.sqrt(-8.0 * math.log(level) / (i * np.log1p(i))), HOEFFDING_TRUNCATION), y.shape
    )
    return _bounds(y, bets, bets * bets / 8.0, level)


def _bounds(y: Floats, bets: Floats, costs: Floats, level: float) -> Floats:
    staked = np.cumsum(bets, axis=-1)
    bounds = (np.cumsum(bets * y, axis=-1) + math.log(level) - np.cumsum(costs, axis=-1)) / staked
    return np.clip(bounds, 0.0, 1.0)
