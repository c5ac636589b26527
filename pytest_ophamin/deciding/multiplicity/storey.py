"""Storey's procedures: how many nulls are true, q-values, and the adaptive form of Benjamini-Hochberg.

    >>> from pytest_ophamin.deciding.multiplicity.storey import null_share, q_values
    >>> p = [0.001, 0.01, 0.03, 0.2, 0.6, 0.9]
    >>> round(null_share(p), 12)
    0.666666666667
    >>> [round(q, 12) for q in q_values(p, null_share(p))][:2]
    [0.004, 0.02]

For exploring: q-values estimate the false discovery rate. :func:`storey` is the form that controls it, and it needs
independent p-values.
"""

from __future__ import annotations

import numpy as np

from pytest_ophamin.deciding.multiplicity._ordering import Floats, Numbers, ascending

THRESHOLDS = tuple(k / 20 for k in range(1, 20))
"""0.05 to 0.95: where the share of true nulls is estimated when no single threshold is chosen."""

STRAIGHT = 2
"""Degrees of freedom of a straight line, the smoothest a spline can be."""


def null_share(p: Numbers, threshold: float = 0.5) -> float:
    """Estimate the share of true nulls: ``#{p >= threshold} / (n (1 - threshold))``, at most 1 (Storey 2002).

    Args:
        p: p-values, shape (n,), n at least 1.
        threshold: From 0 to below 1; p-values from there on are taken to be those of true nulls.

    Raises:
        ValueError: There is no p-value, one lies outside [0, 1], or the threshold does.
    """
    _check_threshold(threshold)
    return min(1.0, float(_shares(_some(p), np.array([threshold]))[0]))


def null_share_bootstrap(p: Numbers, thresholds: Numbers = THRESHOLDS) -> float:
    """Estimate the share of true nulls at the threshold with the least estimated mean squared error.

    Storey, Taylor & Siegmund 2004 (JRSS-B 66:187-205), section 6, with the closed form of the bootstrap that
    qvalue 2 uses: squared distance from the first decile of the estimates plus the binomial variance.

    Args:
        p: p-values, shape (n,), n at least 1.
        thresholds: Candidates, each from 0 to below 1.

    Raises:
        ValueError: There is no p-value, one lies outside [0, 1], or a threshold does.
    """
    values, candidates = _some(p), _checked(thresholds)
    shares = _shares(values, candidates)
    n = float(len(values))
    above = shares * (1.0 - candidates)  # W / n
    variance = above * (1.0 - above) / (n * (1.0 - candidates) ** 2)
    error = variance + (shares - np.quantile(shares, 0.1)) ** 2
    return min(1.0, float(shares[error == error.min()].min()))


def null_share_smoothed(p: Numbers, thresholds: Numbers = THRESHOLDS, *, df: float = 3.0) -> float:
    """Estimate the share of true nulls at the last threshold from a smoothing spline through the estimates.

    Storey & Tibshirani 2003 (PNAS 100:9440-9445): a natural cubic smoothing spline with ``df`` equivalent
    degrees of freedom. May be 0 when no large p-value is left.

    Args:
        p: p-values, shape (n,), n at least 1.
        thresholds: At least 4, rising, each from 0 to below 1.
        df: Between 2 (a straight line) and the number of thresholds.

    Raises:
        ValueError: As :func:`null_share_bootstrap`, or there are too few thresholds, or ``df`` is out of range.
    """
    values, candidates = _some(p), _checked(thresholds)
    if len(candidates) <= STRAIGHT + 1 or (np.diff(candidates) <= 0.0).any():
        raise ValueError(f"thresholds: expected at least 4 rising values, came {candidates.tolist()!r}")
    if not STRAIGHT < df < len(candidates):
        raise ValueError(f"df: expected between {STRAIGHT} and {len(candidates)}, came {df!r}")
    smoothed = _smoothing_spline(candidates, _shares(values, candidates), df)
    return min(1.0, max(0.0, float(smoothed[-1])))


def q_values(p: Numbers, share: float = 1.0) -> list[float]:
    """Return q-values: ``share`` times the BH-adjusted p-values (Storey 2002, JRSS-B 64:479-498).

    Args:
        p: p-values, shape (n,), each in [0, 1].
        share: Estimated share of true nulls, above 0 and at most 1.

    Raises:
        ValueError: A p-value lies outside [0, 1], or the share does not lie between 0 and 1.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share: expected above 0 and at most 1, came {share!r}")
    ordered = ascending(p)
    ranks = np.arange(1.0, ordered.m + 1.0)
    terms = np.minimum(1.0, ordered.values * ordered.m / ranks)
    return ordered.back(share * np.minimum.accumulate(terms[::-1])[::-1])


def storey(p: Numbers, threshold: float = 0.5, m: int | None = None) -> list[float]:
    """Return adjusted p-values that control the false discovery rate of independent p-values.

    BH with ``(1 + #{p > threshold}) / (1 - threshold)`` in place of m, and nothing beyond the threshold rejected
    (Storey, Taylor & Siegmund 2004, theorem 3).

    Args:
        p: p-values, shape (n,), each in [0, 1].
        threshold: From 0 to below 1.
        m: Size of the family when it is larger than n.

    Raises:
        ValueError: A p-value or the threshold lies outside its range, or ``m`` is smaller than n.
    """
    _check_threshold(threshold)
    ordered = ascending(p, m)
    below = int((ordered.values <= threshold).sum())
    nulls = (1.0 + ordered.m - below) / (1.0 - threshold)
    terms = np.ones(len(ordered.values))
    terms[:below] = nulls * ordered.values[:below] / np.arange(1.0, below + 1.0)
    return ordered.back(np.minimum.accumulate(terms[::-1])[::-1])


def _some(p: Numbers) -> Floats:
    values = ascending(p).values
    if not len(values):
        raise ValueError("p: expected at least one p-value, came none")
    return values


def _check_threshold(threshold: float) -> None:
    if not 0.0 <= threshold < 1.0:
        raise ValueError(f"threshold: expected from 0 to below 1, came {threshold!r}")


def _checked(thresholds: Numbers) -> Floats:
    candidates = np.asarray(thresholds, dtype=np.float64)
    if not len(candidates):
        raise ValueError("thresholds: expected at least one, came none")
    for threshold in candidates.tolist():
        _check_threshold(threshold)
    return candidates


def _shares(ordered: Floats, thresholds: Floats) -> Floats:
    at_or_above = len(ordered) - np.searchsorted(ordered, thresholds, side="left")
    shares: Floats = at_or_above / (len(ordered) * (1.0 - thresholds))
    return shares


def _smoothing_spline(x: Floats, y: Floats, df: float) -> Floats:
    """Return the natural cubic smoothing spline at its knots (Green & Silverman 1994, section 2.3)."""
    gaps = np.diff(x)
    n = len(x)
    q = np.zeros((n, n - 2))
    r = np.zeros((n - 2, n - 2))
    for j in range(n - 2):
        q[j : j + 3, j] = 1.0 / gaps[j], -1.0 / gaps[j] - 1.0 / gaps[j + 1], 1.0 / gaps[j + 1]
        r[j, j] = (gaps[j] + gaps[j + 1]) / 3.0
        if j:
            r[j, j - 1] = r[j - 1, j] = gaps[j] / 6.0
    roughness, basis = np.linalg.eigh(q @ np.linalg.solve(r, q.T))
    roughness[:STRAIGHT] = 0.0  # exactly: what comes out of the decomposition is 1e-13
    low, high = -60.0, 60.0  # log of the penalty; degrees of freedom fall in it
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if (1.0 / (1.0 + np.exp(middle) * roughness)).sum() > df else (low, middle)
    smoothed: Floats = basis @ ((basis.T @ y) / (1.0 + np.exp(low) * roughness))
    return smoothed
