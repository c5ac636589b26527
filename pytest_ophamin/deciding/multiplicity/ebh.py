"""False discovery and family-wise error of e-values, under any dependence and at any stopping time.

Give the **stopped** e-value of each claim, never the largest it had: the maximum of an e-process is no e-value.
E-values come as logarithms, since they easily leave the range of a float.

    >>> import math
    >>> from pytest_ophamin.deciding.multiplicity.ebh import e_bh
    >>> [round(p, 12) for p in e_bh([math.log(e) for e in (200.0, 40.0, 45.0, 0.5)])]
    [0.02, 0.033333333333, 0.033333333333, 1.0]
"""

from __future__ import annotations

import math

import numpy as np

from pytest_ophamin.deciding.multiplicity._ordering import (
    SLACK,
    Ascending,
    Floats,
    Numbers,
    check_level,
    family_size,
)


def e_bh(log_e: Numbers, m: int | None = None) -> list[float]:
    """Return, per hypothesis, the least level at which e-BH rejects it (Wang & Ramdas 2022, JRSS-B 84:822-852).

    ``min over j >= k of m / (j e_[j])`` with e-values descending: BH applied to 1 / e. Controls the false discovery
    rate under any dependence.

    Args:
        log_e: Logarithms of stopped e-values, shape (n,); ``-inf`` for none (a claim that is VOID).
        m: Size of the family when it is larger than n: the others have e = 0.

    Raises:
        ValueError: An e-value is no number, or ``m`` is smaller than n.
    """
    ordered = _descending(log_e, m)
    terms = _capped(math.log(ordered.m or 1) - np.log(_ranks(ordered)) + ordered.values)
    return ordered.back(np.minimum.accumulate(terms[::-1])[::-1])


def e_holm(log_e: Numbers, m: int | None = None) -> list[float]:
    """Return, per hypothesis, the least level at which it is rejected with family-wise error under any dependence.

    The closed test whose local tests average e-values (Vovk & Wang 2021, Ann Stat 49:1736-1754, algorithm 1): the
    adjusted e-value is the least mean of a set that holds the hypothesis and any number of the smallest others.

    Arguments and errors as :func:`e_bh`.
    """
    ordered = _descending(log_e, m)
    n = len(ordered.values)
    if not n:
        return []
    # The others are taken from the smallest up; hypotheses never tested have e = 0 and come first.
    ascending_e = np.concatenate([np.zeros(ordered.m - n), _scaled(-ordered.values[::-1])])
    totals = np.concatenate([[0.0], np.cumsum(ascending_e)])
    least = np.empty(n)
    for rank in range(n):
        place = ordered.m - 1 - rank
        smaller = np.arange(place + 1)  # how many smaller ones join
        least[rank] = ((ascending_e[place] + totals[smaller]) / (smaller + 1.0)).min()
    with np.errstate(divide="ignore"):
        return ordered.back(_capped(-np.log(least) - _shift(-ordered.values)))


def closed_e_bh(log_e: Numbers, alpha: float, m: int | None = None) -> list[bool]:
    """Return which hypotheses the closed e-BH procedure rejects: always those of e-BH, often more.

    R is rejected if ``mean of e over S >= #(S and R) / (alpha #R)`` for every set S (Xu, Solari, Fischer, de Heide,
    Ramdas & Goeman 2025, "Bringing closure to false discovery rate control", section 4). Controls the false discovery
    rate under any dependence. The worst S takes the smallest e-values inside R and outside it. Time m cubed.

    Args:
        log_e: Logarithms of stopped e-values, shape (n,).
        alpha: Level, between 0 and 1.
        m: Size of the family when it is larger than n.

    Raises:
        ValueError: As :func:`e_bh`, or ``alpha`` is no level.
    """
    check_level(alpha)
    ordered = _descending(log_e, m)
    # Where e >= m / alpha the hypothesis is rejected whatever the others are: larger values change nothing.
    limit = ordered.m / alpha * 2.0
    e = np.exp(np.minimum(-ordered.values, math.log(limit))) if len(ordered.values) else ordered.values
    count = next((r for r in range(len(e), 0, -1) if _is_closed(e, r, ordered.m, alpha)), 0)
    rejected = np.zeros(len(e), dtype=bool)
    rejected[ordered.order[:count]] = True
    found: list[bool] = rejected.tolist()
    return found


def _is_closed(descending: Floats, r: int, m: int, alpha: float) -> bool:
    inside = np.cumsum(descending[:r][::-1])
    outside = np.concatenate([np.zeros(1 + m - len(descending)), np.cumsum(descending[r:][::-1])])
    k, j = np.arange(1.0, r + 1.0), np.arange(float(len(outside)))
    means = (inside[:, None] + outside) / (k[:, None] + j)
    return bool((means.min(axis=1) * SLACK >= k / (alpha * r)).all())


def _descending(log_e: Numbers, m: int | None) -> Ascending:
    """Return ``-log e`` in ascending order: the strongest evidence first."""
    given = -np.asarray(log_e, dtype=np.float64)
    if given.ndim != 1 or np.isnan(given).any():
        raise ValueError(f"log_e: expected a list of numbers, came {log_e!r}")
    order = given.argsort(kind="stable")
    return Ascending(given[order], order, family_size(len(given), m))


def _ranks(ordered: Ascending) -> Floats:
    return np.arange(1.0, len(ordered.values) + 1.0)


def _capped(log_p: Floats) -> Floats:
    p: Floats = np.exp(np.minimum(log_p, 0.0))
    return p


def _shift(log_e: Floats) -> float:
    """Return the largest finite log e, so that sums of e-values stay in range."""
    finite = log_e[np.isfinite(log_e)]
    return float(finite.max()) if len(finite) else 0.0


def _scaled(log_e: Floats) -> Floats:
    scaled: Floats = np.exp(log_e - _shift(log_e))
    return scaled
