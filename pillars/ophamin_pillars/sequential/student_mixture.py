"""Student's t as an e-process: the mean of unbounded observations, their spread unknown, at every index.

For normal observations the likelihood ratio of the scale-invariant statistics between an effect ``mean - t = d sd`` and
none does not depend on the sd (right Haar). Averaged over effects d ~ N(0, 1 / precision) it is (Wang & Ramdas 2025,
Sequential Analysis 44, Thm 4.7; Lai 1976)

    M_n = sqrt(c / (n + c)) (1 - k^2)^(-n / 2),    k^2 = S^2 / ((n + c) V),    c = precision,

with S and V the sums of ``x_i - t`` and of their squares. Averaged over positive effects only (half normal) it is M_n
times ``2 P(T_n <= sqrt(n) k / sqrt(1 - k^2))``, T_n Student's t with n degrees of freedom. For each d > 0 the ratio
rises with ``S / sqrt(V)``, and that rises when all observations are shifted up (its derivative has the sign of
``n V - S^2 >= 0``): with a mean below t the process stays below the martingale that uses the mean itself for t. So it
is an e-process for the whole null "mean <= t", exact for normal data, **approximate** otherwise; and it falls in t,
which gives bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.sequential._beta import beta_fraction, log_beta
from ophamin_pillars.sequential.boundaries import normal_precision

Floats = npt.NDArray[np.float64]

CONDITIONS = "independent observations, normal, or continuous with evidence counted from 120 x skewness^2 of them on"
"""Measured at levels from .1 to .0025 over 2,000 observations (tests/statistical/test_eprocess.py)."""
START = 30
"""Where deciding claims should begin to count: enough for a skewness of 1/2. Normal data may start at 2."""
PRECISION = 10.0
"""Looks for effects of a third of a standard deviation; costs little at others."""
MOST_STEPS = 200


def precision_for(n_opt: float, level: float) -> float:
    """Return the precision with which a bound at ``level`` is narrowest near ``n_opt`` observations.

    Raises:
        ValueError: n_opt is not positive, or the level not below 1/2.
    """
    return normal_precision(n_opt, level, one_sided=True)


@dataclass(frozen=True, slots=True, eq=False)
class StudentMixture:
    """The two one-sided t e-processes of ``values``, shape (n,), in trial order.

    Args:
        values: Finite observations; ValueError otherwise.
        precision: That of the effects averaged over, in standard deviations; see :func:`precision_for`.
        start: Observations before which nothing is evidence: 2 or more.
    """

    values: Floats
    precision: float = PRECISION
    start: int = 2
    _exponent: int = field(init=False)
    _means: Floats = field(init=False)
    _squares: Floats = field(init=False)

    def __post_init__(self) -> None:
        if not np.isfinite(self.values).all():
            raise ValueError("observations are finite numbers")
        if not (self.precision > 0.0 and self.start >= 2):
            raise ValueError(f"precision is positive and start 2 or more, not {self.precision} and {self.start}")
        # By a power of two, so that no digit changes; only values whose squares leave float64 are scaled at all.
        largest = float(np.abs(self.values).max(initial=0.0))
        exponent = 0 if largest == 0.0 or 1e-120 < largest < 1e120 else math.frexp(largest)[1]
        means, squares = running_moments(np.ldexp(self.values, -exponent))
        object.__setattr__(self, "_exponent", exponent)
        object.__setattr__(self, "_means", means)
        object.__setattr__(self, "_squares", squares)

    def greater(self, t: float) -> Floats:
        """Return log e against "mean <= t" after each observation, shape (n,).

        0 while all observations are equal, since nothing is known about their spread, and before ``start``.
        """
        return self._log_e(self._means - math.ldexp(t, -self._exponent))

    def less(self, t: float) -> Floats:
        """Return log e against "mean >= t"; see :meth:`greater`."""
        return self._log_e(math.ldexp(t, -self._exponent) - self._means)

    def lower_bounds(self, level: float) -> Floats:
        """Return the lower confidence sequence, shape (n,): the running maximum of what ``greater`` excludes.

        -inf while there is none: few observations exclude no mean at all.

        Raises:
            ValueError: The level is outside (0, 1/2].
        """
        bounds: Floats = np.maximum.accumulate(np.ldexp(self._means - self._reach(level), self._exponent))
        return bounds

    def upper_bounds(self, level: float) -> Floats:
        """Return the upper confidence sequence; see :meth:`lower_bounds`."""
        bounds: Floats = np.minimum.accumulate(np.ldexp(self._means + self._reach(level), self._exponent))
        return bounds

    def _log_e(self, gaps: Floats) -> Floats:
        n = np.arange(1.0, len(gaps) + 1)
        known = (self._squares > 0.0) & (n >= self.start)
        log_e = np.zeros(len(gaps))
        units = np.sqrt(self._squares[known] / n[known])
        log_e[known] = _log_student_mixture(n[known], gaps[known] / units, self.precision)
        return log_e

    def _reach(self, level: float) -> Floats:
        n = np.arange(1.0, len(self._means) + 1)
        known = (self._squares > 0.0) & (n >= self.start)
        reach = np.full(len(n), np.inf)
        reach[known] = critical_gaps(n[known], self.precision, level) * np.sqrt(self._squares[known] / n[known])
        return reach


def running_moments(x: Floats) -> tuple[Floats, Floats]:
    """Return means and sums of squared deviations of the first 1, 2, ... observations, along the last axis of ``x``.

    Welford's recurrence (1962, Technometrics 4:419-420): each square is added, none is taken away. The first
    observation is the origin, so a common offset costs no digits and equal observations have a sum of exactly 0.
    """
    i = np.arange(1.0, x.shape[-1] + 1)
    shifted = x - x[..., :1]
    means = np.cumsum(shifted, axis=-1) / i
    steps = shifted[..., 1:] - means[..., :-1]
    squares = np.zeros_like(means)
    np.cumsum(steps * steps * (i[:-1] / i[1:]), axis=-1, out=squares[..., 1:])
    return means + x[..., :1], squares


def critical_gaps(n: Floats, precision: float, level: float) -> Floats:
    """Return the gap between mean and t, in standard deviations (divisor n), at which e is ``1 / level``.

    Args:
        n: Numbers of observations, shape (k,).
        precision: As in :class:`StudentMixture`.
        level: Above 0, at most 1/2.

    Returns:
        Gaps, shape (k,); inf where no gap is enough.

    Raises:
        ValueError: The level is outside (0, 1/2].
    """
    if not 0.0 < level <= 0.5:
        raise ValueError(f"the level of one side is above 0 and at most 1/2, not {level}")
    prior = 0.5 * np.log1p(n / precision)
    gaps = np.zeros(len(n))
    for _ in range(MOST_STEPS):
        # M in closed form for the value the t probability leaves to it; that lies between 1/2 and 1 and hardly moves.
        log_m = -math.log(level) - math.log(2.0) - np.log(special().stdtr(n, _t(n, gaps, precision)))
        squared = -np.expm1(-2.0 / n * (log_m + prior))  # k^2, at most n / (n + precision)
        room = n - (n + precision) * squared
        found = np.where(room > 0.0, np.sqrt((n + precision) * squared / np.where(room > 0.0, room, 1.0)), np.inf)
        settled = np.array_equal(found, gaps) or np.allclose(found, gaps, rtol=1e-15, atol=0.0)
        gaps = found
        if settled:
            break
    return gaps


def _t(n: Floats, gaps: Floats, precision: float) -> Floats:
    """Return sqrt(n) k / sqrt(1 - k^2) for gaps in standard deviations; inf gaps have a finite t."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sign(gaps) * n / np.sqrt((n + precision) / (gaps * gaps) + precision)


def _log_student_mixture(n: Floats, gaps: Floats, precision: float) -> Floats:
    """Return log e for gaps between mean and t in standard deviations with divisor n, shape of ``gaps``."""
    total = n + precision
    squared = gaps * gaps
    share = n / total * (squared / (1.0 + squared))  # k^2
    rest = (total + precision * squared) / (total * (1.0 + squared))  # 1 - k^2
    log_rest = np.where(share < 0.5, np.log1p(-np.minimum(share, 0.5)), np.log(rest))
    prior = -0.5 * np.log1p(n / precision)
    t = _t(n, gaps, precision)
    log_e: Floats = prior - 0.5 * n * log_rest
    below = t < -1.0
    log_e[~below] += np.log(2.0 * special().stdtr(n[~below], t[~below]))
    # Far below 0 the t probability is an incomplete beta integral whose power of 1 - k^2 cancels that of M.
    m, k = n[below], 0.5 * np.log(share[below])
    half = np.full_like(m, 0.5)
    log_e[below] = prior[below] + k - log_beta(0.5 * m, half) + np.log(beta_fraction(0.5 * m, half, rest[below]))
    return log_e
