"""Tails of the noncentral F and chi-square distributions, as Poisson mixtures of central ones.

``scipy.special.ncfdtr`` lost digits before it moved to Boost, and every version gives the lower tail only, so a small
upper tail would be a difference of two numbers near 1. The mixture (Johnson, Kotz & Balakrishnan 1995, eqs. 29.4 and
30.10) keeps both tails, to about 1e-13, in any version.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import betaincc, betainccinv, special
from ophamin_pillars.student import t_quantile, t_tail

Floats = npt.NDArray[np.float64]
REACH = 10.0
"""Poisson terms are taken within this many standard deviations of their mean: beyond lie less than 1e-22."""


def f_upper_tail(f: float, df: float, df_error: float, noncentrality: float) -> float:
    """Return P(F' >= f) of the noncentral F."""
    if f <= 0.0:
        return 1.0
    sp = special()
    if noncentrality == 0.0:
        return float(sp.fdtrc(df, df_error, f))
    terms, weights = _poisson(0.5 * noncentrality)
    share = df * f / (df * f + df_error)
    return min(1.0, float(weights @ betaincc(0.5 * df + terms, 0.5 * df_error, share)))


def chi2_upper_tail(x: float, df: float, noncentrality: float) -> float:
    """Return P(X' >= x) of the noncentral chi-square."""
    if x <= 0.0:
        return 1.0
    sp = special()
    if noncentrality == 0.0:
        return float(sp.chdtrc(df, x))
    terms, weights = _poisson(0.5 * noncentrality)
    return min(1.0, float(weights @ sp.gammaincc(0.5 * df + terms, 0.5 * x)))


def f_quantile(level: float, df: float, df_error: float) -> float:
    """Return the f with P(F >= f) = level."""
    # Share and rest each by their own inverse: one minus the other has lost its digits at either end.
    share = float(betainccinv(0.5 * df, 0.5 * df_error, level))
    rest = float(special().betaincinv(0.5 * df_error, 0.5 * df, level))
    return df_error / df * share / rest


def chi2_quantile(level: float, df: float) -> float:
    """Return the x with P(X >= x) = level."""
    return 2.0 * float(special().gammainccinv(0.5 * df, level))


def t_power(noncentrality: float, df: float, level: float, *, sides: int = 1) -> float:
    """Return the power of a t test; with two ``sides`` both tails at half the level, the far one included."""
    half = level / sides
    critical = t_quantile(half, df)
    power = noncentral_t_upper_tail(critical, df, noncentrality)
    return min(1.0, power + noncentral_t_upper_tail(critical, df, -noncentrality)) if sides == 2 else power


def noncentral_t_upper_tail(t: float, df: float, noncentrality: float) -> float:
    """Return P(T' >= t) of the noncentral t, by the lower tail of its mirror image."""
    if noncentrality == 0.0:
        return t_tail(t, df)
    p = float(special().nctdtr(df, -noncentrality, -t))
    return min(1.0, max(0.0, p)) if math.isfinite(p) else float(special().ndtr(noncentrality - t))


def _poisson(mean: float) -> tuple[Floats, Floats]:
    """Return the counts that matter, and their probabilities, of a Poisson distribution."""
    reach = REACH * math.sqrt(mean) + 30.0
    terms = np.arange(max(0, math.floor(mean - reach)), math.ceil(mean + reach) + 1, dtype=np.float64)
    logs = terms * math.log(mean) - mean - special().gammaln(terms + 1.0)
    return terms, np.exp(logs)
