"""Confidence sequences for a proportion: what the mixture e-processes have not rejected so far.

The one-sided bounds invert :class:`~ophamin_pillars.sequential.mixture.BetaMixture`, so bound and p-value agree at
every index. The two-sided interval of Howard, Ramdas, McAuliffe & Sekhon (2021, Ann. Stat. 49:1055-1080, sec. 4.4)
tunes its mixture anew for each proportion, to be shortest near ``n_opt`` trials.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars.sequential._roots import falling_roots
from ophamin_pillars.sequential.boundaries import normal_precision
from ophamin_pillars.sequential.mixture import JEFFREYS, BetaMixture, cumulative_counts

Floats = npt.NDArray[np.float64]

EVERY = 32
"""Of so many indices one is solved first; most of the others then turn out not to raise the bound."""
FARTHEST = 90.0
"""Log-odds beyond which a proportion is 0 or 1 (1e-39)."""


def lower_bounds(
    successes: npt.ArrayLike, failures: npt.ArrayLike, level: float, mixture: BetaMixture = JEFFREYS
) -> Floats:
    """Return, for each pair of counts, the p0 up to which the e against "the proportion is at most p0" is >= 1 / level.

    Every smaller p0 is excluded as well: for given counts e falls in p0 wherever it is 2 or more (tested on a grid).

    Args:
        successes: Counts so far, shape (n,).
        failures: Counts so far, shape (n,).
        level: Error probability of this side, at most 1/2.
        mixture: Its parameters are numbers.

    Returns:
        Bounds in [0, 1), shape (n,); 0 where nothing is excluded.

    Raises:
        ValueError: The level is outside (0, 1/2].
    """
    if not 0.0 < level <= 0.5:
        raise ValueError(f"the level of one side is above 0 and at most 1/2, not {level}")
    s, f = (np.asarray(v, dtype=np.float64) for v in (successes, failures))
    target = -math.log(level)
    ends = _log_odds(s, f)
    start = np.full(s.shape, -FARTHEST)
    roots = falling_roots(lambda z: mixture.at_log_odds(s, f, z) - target, start, ends)
    bounds: Floats = np.where((s > 0.0) & (roots > start), np.exp(-np.logaddexp(0.0, -roots)), 0.0)
    return bounds


def upper_bounds(
    successes: npt.ArrayLike, failures: npt.ArrayLike, level: float, mixture: BetaMixture = JEFFREYS
) -> Floats:
    """Return the p0 from which on "the proportion is at least p0" is excluded; see :func:`lower_bounds`."""
    bounds: Floats = 1.0 - lower_bounds(failures, successes, level, mixture.mirrored())
    return bounds


def proportion_sequence(
    outcomes: npt.NDArray[np.generic], level_lower: float, level_upper: float, mixture: BetaMixture = JEFFREYS
) -> tuple[Floats, Floats]:
    """Return the lower and the upper confidence sequence of 0/1 ``outcomes`` in trial order, shapes (n,).

    Each narrows only, and inverts the running maximum of its side: its level holds for all indices together.
    """
    s, f = cumulative_counts(outcomes)
    return _running(s, f, level_lower, mixture), 1.0 - _running(f, s, level_upper, mixture.mirrored())


def _running(s: Floats, f: Floats, level: float, mixture: BetaMixture) -> Floats:
    """Return the running maximum of the lower bounds, solving for those only that may raise it."""
    reached = np.zeros(s.shape)
    some = np.arange(EVERY - 1, len(s), EVERY)
    reached[some] = lower_bounds(s[some], f[some], level, mixture)
    reached = np.maximum.accumulate(reached)
    rising = mixture.greater(s, f, reached) > -math.log(level)
    reached[rising] = lower_bounds(s[rising], f[rising], level, mixture)
    return np.maximum.accumulate(reached)


def bernoulli_interval(
    successes: npt.ArrayLike, n: npt.ArrayLike, level: float, n_opt: float, level_opt: float = 0.05
) -> tuple[Floats, Floats]:
    """Return the two-sided interval of a proportion, or of any mean in [0, 1] (``successes`` is then the sum).

    Args:
        successes: Sums so far, 0 to n.
        n: Numbers of observations, 1 or more, of the same shape.
        level: Error probability of both sides together.
        n_opt: Where the interval is to be shortest.
        level_opt: The level at which it is.

    Returns:
        Lower and upper bounds, in the shape of ``successes``.

    Raises:
        ValueError: The level is outside (0, 1), n_opt is not positive, or a sum does not lie between 0 and its n.
    """
    s, total = (np.asarray(v, dtype=np.float64) for v in (successes, n))
    if not 0.0 < level < 1.0:
        raise ValueError(f"the level lies between 0 and 1, not at {level}")
    if not ((s >= 0.0) & (s <= total) & (total >= 1.0)).all():
        raise ValueError("sums lie between 0 and their n, and n is 1 or more")
    # a mixture around p0 as spread as a normal one of this precision, in units of one observation (their eq. 3.8)
    size = max(normal_precision(n_opt, level_opt, one_sided=False) - 1.0, 1e-3)
    flat, shape = (s.ravel(), (total - s).ravel()), s.shape
    lower = _tuned_lower(*flat, size, level).reshape(shape)
    upper: Floats = 1.0 - _tuned_lower(*flat[::-1], size, level).reshape(shape)
    return lower, upper


def _tuned_lower(s: Floats, f: Floats, size: float, level: float) -> Floats:
    start, target = np.full(s.shape, -FARTHEST), -math.log(level)

    def excess(z: Floats) -> Floats:
        p = np.exp(-np.logaddexp(0.0, -z))
        q = np.exp(-np.logaddexp(0.0, z))
        return BetaMixture(successes=size * p, failures=size * q).not_equal_at_log_odds(s, f, z) - target

    roots = falling_roots(excess, start, _log_odds(s, f))
    bounds: Floats = np.where((s > 0.0) & (roots > start), np.exp(-np.logaddexp(0.0, -roots)), 0.0)
    return bounds


def _log_odds(s: Floats, f: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        ends: Floats = np.clip(np.log(s) - np.log(f), -FARTHEST, FARTHEST)
    return ends
