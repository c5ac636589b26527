"""One p-value for the intersection of several nulls.

>>> from pytest_ophamin.deciding.multiplicity.combination import fisher, simes
>>> simes([0.01, 0.2, 0.3, 0.04])
0.04
>>> round(fisher([0.01, 0.2, 0.3, 0.04]), 12)
0.006451911117
"""

from __future__ import annotations

import math

import numpy as np

from pytest_ophamin.deciding.multiplicity._ordering import Floats, Numbers, ascending


def simes(p: Numbers) -> float:
    """Return ``min over k of n p_(k) / k`` (Simes 1986, Biometrika 73:751-754): independent or PRDS p-values.

    Args:
        p: p-values, shape (n,), n at least 1.

    Raises:
        ValueError: There is no p-value, or one lies outside [0, 1].
    """
    values = _some(p)
    return float((values * len(values) / np.arange(1.0, len(values) + 1.0)).min())


def fisher(p: Numbers) -> float:
    """Return the upper tail of chi-square with 2n degrees of freedom at :func:`fisher_statistic` (Fisher 1932).

    Needs independent p-values. Arguments and errors as :func:`simes`.
    """
    from scipy.special import gammaincc

    statistic = fisher_statistic(p)
    return 0.0 if math.isinf(statistic) else float(gammaincc(float(len(p)), 0.5 * statistic))


def fisher_statistic(p: Numbers) -> float:
    """Return ``-2 sum log p``; arguments and errors as :func:`simes`."""
    values = _some(p).tolist()
    return math.inf if values[0] == 0.0 else -2.0 * math.fsum(math.log(x) for x in values)


def stouffer(p: Numbers, weights: Numbers | None = None) -> float:
    """Return the normal tail of ``sum w z / sqrt(sum w^2)`` (Stouffer 1949; weights: Liptak 1958).

    Needs independent p-values. p = 0 together with p = 1 is no evidence either way: 1 is returned.

    Args:
        p: p-values, shape (n,), n at least 1.
        weights: Positive, one per p-value; equal when not given.

    Raises:
        ValueError: There is no p-value, one lies outside [0, 1], or the weights do not fit.
    """
    from scipy.special import ndtr, ndtri

    _some(p)
    z = ndtri(np.asarray(p, dtype=np.float64))
    w = np.ones(len(z)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != z.shape or not (w > 0.0).all():
        raise ValueError(f"weights: expected {len(z)} positive numbers, came {weights!r}")
    if np.isposinf(z).any():
        return 1.0
    return float(ndtr(float(w @ z) / math.sqrt(float(w @ w))))


def _some(p: Numbers) -> Floats:
    values = ascending(p).values
    if not len(values):
        raise ValueError("p: expected at least one p-value, came none")
    return values
