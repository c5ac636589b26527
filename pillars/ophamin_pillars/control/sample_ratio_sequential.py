"""Sample ratio checked after every unit: the Dirichlet-multinomial e-process of Lindon & Malek (2022, NeurIPS 35).

The Bayes factor of "shares drawn from Dirichlet(k ratio)" against "shares equal to ratio" is a martingale under the
null, so the chance that it ever reaches 1 / level is at most level (Ville), however often one looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.sample_ratio import checked_counts
from ophamin_pillars.control.signals import Floats, check_positive
from ophamin_pillars.control.stirling import divergence, stirling_error

CONCENTRATION = 100.0
"""k: how near the alternative lies to the null; 100 as in the authors' ssrm-test."""


def log_bayes_factor(
    counts: Sequence[int], ratio: Sequence[float] | None = None, *, concentration: float = CONCENTRATION
) -> float:
    """Return the log e-value of these counts.

    Args:
        counts: units per arm so far, shape (k,).
        ratio: planned shares, shape (k,); equal by default.
        concentration: > 0; the prior is Dirichlet(concentration * ratio).

    Raises:
        ValueError: bad counts or shares, or a concentration not above 0.

    The log-gammas of millions cancel to a few units; Stirling's terms are collected into a divergence,
    sum x log(x / (X ratio)), whose parts are small themselves.
    """
    check_positive("concentration", concentration)
    n, shares = checked_counts(counts, ratio)
    total = float(n.sum())
    prior, mass = concentration * shares, concentration + total
    x = prior + n
    excess = (n - total * shares) / (mass * shares)
    after = mass * float((shares * divergence(excess)).sum()) + _remainder(x, mass)
    return after - _remainder(prior, concentration)


def sequential_p(
    counts: Sequence[int], ratio: Sequence[float] | None = None, *, concentration: float = CONCENTRATION
) -> float:
    """Return min(1, 1 / e) of these counts; arguments as :func:`log_bayes_factor`."""
    return math.exp(min(0.0, -log_bayes_factor(counts, ratio, concentration=concentration)))


def log_bayes_factors(arms: npt.ArrayLike, ratio: Sequence[float], *, concentration: float = CONCENTRATION) -> Floats:
    """Return the log e-value after every unit, shape (n,).

    Args:
        arms: arm of each unit in order of assignment, integers in 0..k - 1, shape (n,).
        ratio: planned shares, shape (k,).
        concentration: as in :func:`log_bayes_factor`.

    Raises:
        ValueError: an arm that does not exist, bad shares, or a concentration not above 0.
    """
    check_positive("concentration", concentration)
    _, shares = checked_counts([0] * len(ratio), ratio)
    assigned = np.asarray(arms)
    if assigned.ndim != 1 or (len(assigned) and assigned.dtype.kind not in "iu"):
        raise ValueError(f"arms must be a sequence of integers, got {assigned.dtype} of shape {assigned.shape}")
    if len(assigned) and not 0 <= int(assigned.min()) <= int(assigned.max()) < len(shares):
        raise ValueError(f"arms must lie in 0..{len(shares) - 1}")
    before = np.empty(len(assigned))
    for arm in range(len(shares)):
        own = np.flatnonzero(assigned == arm)
        before[own] = np.arange(len(own))
    share = shares[assigned.astype(np.int64)]
    seen = np.arange(len(assigned))
    # Predictive probability of the arm over its planned share: (k share + before) / ((k + seen) share).
    steps: Floats = np.log1p((before - seen * share) / ((concentration + seen) * share))
    return np.cumsum(steps)


def _remainder(x: Floats, total: float) -> float:
    """Return sum lgamma(x) - lgamma(X) without its terms x log x: what Stirling's formula leaves."""
    return float(_left_by_stirling(x).sum()) - float(_left_by_stirling(np.array([total]))[0])


def _left_by_stirling(x: Floats) -> Floats:
    """Return lgamma(x) - x log x + x."""
    found: Floats = stirling_error(x) + 0.5 * np.log(2.0 * math.pi / x)
    return found
