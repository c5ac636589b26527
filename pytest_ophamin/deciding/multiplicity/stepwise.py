"""Adjusted p-values that follow from the order of the p-values alone: Bonferroni, Holm, Hochberg, BH, BY.

    >>> from pytest_ophamin.deciding.multiplicity.stepwise import bh, holm
    >>> [round(p, 12) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    >>> [round(p, 12) for p in bh([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]

Rejecting the adjusted p-values <= alpha is the procedure at level alpha. ``m`` above the number of p-values stands for
registered hypotheses that were not tested: they have p = 1, and a claim that is VOID is given it.
"""

from __future__ import annotations

import math

import numpy as np

from pytest_ophamin.deciding.multiplicity._ordering import Floats, Numbers, ascending


def bonferroni(p: Numbers, m: int | None = None) -> list[float]:
    """Return ``m p``, at most 1 (Dunn 1961, JASA 56:52-64): family-wise error under any dependence.

    Args:
        p: p-values, shape (n,), each in [0, 1].
        m: Size of the family when it is larger than n.

    Raises:
        ValueError: A p-value lies outside [0, 1], or ``m`` is smaller than n.
    """
    ordered = ascending(p, m)
    return ordered.back(ordered.m * ordered.values)


def holm(p: Numbers, m: int | None = None) -> list[float]:
    """Return ``max over j <= k of (m - j + 1) p_(j)`` (Holm 1979, Scand J Stat 6:65-70).

    Controls the family-wise error under any dependence. Arguments and errors as :func:`bonferroni`.
    """
    ordered = ascending(p, m)
    scaled = _falling(ordered.m, len(ordered.values)) * ordered.values
    return ordered.back(np.maximum.accumulate(scaled))


def hochberg(p: Numbers, m: int | None = None) -> list[float]:
    """Return ``min over j >= k of (m - j + 1) p_(j)`` (Hochberg 1988, Biometrika 75:800-802).

    Controls the family-wise error of independent or positively dependent (PRDS) p-values. Arguments and errors as
    :func:`bonferroni`.
    """
    ordered = ascending(p, m)
    return ordered.back(_step_up(_falling(ordered.m, len(ordered.values)) * ordered.values))


def bh(p: Numbers, m: int | None = None) -> list[float]:
    """Return ``min over j >= k of m p_(j) / j`` (Benjamini & Hochberg 1995, JRSS-B 57:289-300).

    Controls the false discovery rate of independent or PRDS p-values. Arguments and errors as :func:`bonferroni`.
    """
    ordered = ascending(p, m)
    return ordered.back(_step_up(ordered.values * ordered.m / _rising(len(ordered.values))))


def by(p: Numbers, m: int | None = None) -> list[float]:
    """Return :func:`bh` times ``1 + 1/2 + ... + 1/m`` (Benjamini & Yekutieli 2001, Ann Stat 29:1165-1188, theorem 1.3).

    Controls the false discovery rate under any dependence. Arguments and errors as :func:`bonferroni`.
    """
    ordered = ascending(p, m)
    scaled = ordered.values * ordered.m * harmonic(ordered.m) / _rising(len(ordered.values))
    return ordered.back(_step_up(scaled))


def harmonic(m: int) -> float:
    """Return ``1 + 1/2 + ... + 1/m``, correctly rounded: the same on every version of Python and NumPy."""
    return math.fsum(1.0 / k for k in range(1, m + 1))


def _step_up(terms: Floats) -> Floats:
    return np.minimum.accumulate(terms[::-1])[::-1]


def _rising(n: int) -> Floats:
    return np.arange(1.0, n + 1.0)


def _falling(m: int, n: int) -> Floats:
    return np.arange(float(m), float(m - n), -1.0)
