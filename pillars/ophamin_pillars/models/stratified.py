"""The mean of stratified trials: a variance without the differences between strata, where the shares are planned."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.estimate import Estimate
from ophamin_pillars.student import mean_and_sd

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
LEAST_EACH = 15
"""With fewer trials in a stratum a random order may look like one in turn; with these at most one in 1,000 does."""


def come_in_turn(strata: Codes) -> bool:
    """Return whether no prefix of the trials holds a whole trial more or less of a stratum than its share.

    True for strata in rotation and for permuted blocks; false where a stratum has fewer than 15 trials, and for one
    stratum alone, where there is nothing to gain.

    Args:
        strata: Code of each trial's stratum, in trial order (n).
    """
    n = len(strata)
    _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
    if len(counts) < 2 or int(counts.min()) < LEAST_EACH:
        return False
    # |seen - i c / n| < 1 in integers; a stratum strays most where it comes and just before it does.
    order = np.argsort(codes, kind="stable")
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    seen = np.arange(n) - np.repeat(starts, counts) + 1
    trials, size = order + 1, np.repeat(counts, counts)
    ahead = seen * n - trials * size
    behind = (trials - 1) * size - (seen - 1) * n
    return bool((ahead < n).all() and (behind < n).all())


def stratified_mean(values: Floats, strata: Codes) -> tuple[Estimate, int]:
    """Return the mean over strata in their observed shares, and how many there are.

    Args:
        values: Observations (n).
        strata: Code of each one's stratum, at least two trials in each (n).

    Returns:
        sum w_h mean_h with w_h = n_h / n, variance sum w_h^2 s_h^2 / n_h, and Satterthwaite's degrees of freedom.
        Source: Cochran (1977) Sampling Techniques, eqs. 5.11 and 5.16.
    """
    n = len(values)
    _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
    groups = np.split(values[np.argsort(codes, kind="stable")], np.cumsum(counts)[:-1])
    deviations = np.array([mean_and_sd(group)[1] for group in groups])
    largest = float(deviations.max())
    mean = mean_and_sd(values)[0]
    if largest == 0.0:
        return Estimate(value=mean, standard_error=0.0, df=1.0, n=n), len(counts)
    parts = counts * (deviations / largest) ** 2  # w_h^2 s_h^2 / n_h, times n^2 / largest^2
    total = float(parts.sum())
    df = total * total / float((parts * parts / (counts - 1.0)).sum())
    error = largest / n * math.sqrt(total)
    return Estimate(value=mean, standard_error=error, df=df, n=n), len(counts)
