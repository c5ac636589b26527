"""Means and differences of clustered trials: the cluster is the unit of replication, never the row.

Three ways, each an :class:`~ophamin_pillars.models.estimate.Estimate`:

``mixed_mean``, ``mixed_difference``
    Random intercept by REML with Kenward and Roger's standard error and df. Rows are weighted by what they tell about
    the population of clusters. Balanced, with tau2 > 0, the mean is the t test of cluster means.
``cluster_means_t``, ``cluster_differences_t``
    Student's t on one number per cluster. No model of the rows, so also for proportions, and for effects that differ
    between clusters. With normal cluster means of any variances its one-sided level is kept up to 4.15 % always, and
    up to 5 % with 2 to 14 clusters (Bakirov & Szekely 2005; Ibragimov & Mueller 2010 JBES 28:453, theorem 1). Skewed
    ones need about 120 x skewness^2 clusters: ten clusters at a proportion of .95 err in 17 % on one side.
``fixed_blocks_mean``, ``fixed_blocks_difference``
    Clusters as fixed blocks: below :data:`LEAST_CLUSTERS` of them tau2 cannot be estimated. The statement is then about
    *these* clusters, equally weighted, and no others; a difference inside blocks loses nothing by that.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.cluster_statistics import Labels, cluster_codes
from ophamin_pillars.models.estimate import Estimate
from ophamin_pillars.models.kenward_roger import contrast
from ophamin_pillars.models.random_intercept import NO_WITHIN, PERFECT, fit_random_intercept
from ophamin_pillars.student import mean_and_sd

Floats = npt.NDArray[np.float64]
LEAST_CLUSTERS = 6
"""Below this many clusters their variance is not estimated (METHODS: 5 to 6)."""


def mixed_mean(y: npt.ArrayLike, clusters: Labels) -> Estimate:
    """Return the mean over a population of clusters, by a random intercept.

    Args:
        y: Observations (n).
        clusters: Label of each one's cluster (n).

    Returns:
        The estimate; where the observations of a cluster never differ, the t test of cluster means, which then is it.

    Raises:
        ValueError: Lengths differ, or there are fewer than two clusters.
    """
    values, codes = _checked(y, clusters)
    try:
        return contrast(fit_random_intercept(values, codes), [1.0])
    except ValueError as problem:
        if str(problem) in {NO_WITHIN, PERFECT}:
            return cluster_means_t(values, codes)
        raise


def cluster_means_t(y: npt.ArrayLike, clusters: Labels) -> Estimate:
    """Return the mean of the cluster means with Student's t on them; arguments as for :func:`mixed_mean`."""
    values, codes = _checked(y, clusters)
    sizes = np.bincount(codes)
    return _mean_of(np.bincount(codes, weights=values) / sizes, len(values))


def fixed_blocks_mean(y: npt.ArrayLike, clusters: Labels) -> Estimate:
    """Return the mean of *these* clusters' means, equally weighted: only the rows inside them are random.

    Raises:
        ValueError: Lengths differ, there are fewer than two clusters, or no cluster has two rows.
    """
    values, codes = _checked(y, clusters)
    sizes = np.bincount(codes)
    df = len(values) - len(sizes)
    if df < 1:
        raise ValueError("expected a cluster with two rows or more, got one row in each")
    means = np.bincount(codes, weights=values) / sizes
    rest = values - means[codes]
    error = math.sqrt(float(rest @ rest) / df * float((1.0 / sizes).sum())) / len(sizes)
    return Estimate(value=float(means.mean()), standard_error=error, df=float(df), n=len(values))


def mixed_difference(y: npt.ArrayLike, second: npt.ArrayLike, clusters: Labels) -> Estimate:
    """Return the difference of two arms (second minus first) by a random intercept and an effect shared by clusters.

    Args:
        y: Observations (n).
        second: Whether each one belongs to the second arm (n).
        clusters: Label of each one's cluster (n). Arms may be compared inside clusters, between them, or both.

    Returns:
        The estimate. An effect that differs between clusters makes its error too small: then use
        :func:`cluster_differences_t`.

    Raises:
        ValueError: Lengths differ, an arm is empty, or clusters are too few for the arms.
    """
    values, codes = _checked(y, clusters)
    arm = _checked_arm(second, len(values))
    clusters_of_one_arm = _arms_between(arm, codes)
    if clusters_of_one_arm and int(codes.max()) < 2:
        raise ValueError("expected three clusters or more where each has one arm, got two: arm and cluster are one")
    design = np.column_stack([np.ones(len(values)), arm])
    try:
        return contrast(fit_random_intercept(values, codes, design), [0.0, 1.0])
    except ValueError as problem:
        if str(problem) == NO_WITHIN and clusters_of_one_arm:
            return _difference_of_cluster_means(values, arm, codes)
        if str(problem) in {NO_WITHIN, PERFECT}:
            return Estimate(
                value=float(values[arm].mean() - values[~arm].mean()), standard_error=0.0, df=1.0, n=len(values)
            )
        raise


def cluster_differences_t(y: npt.ArrayLike, second: npt.ArrayLike, clusters: Labels) -> Estimate:
    """Return the mean over clusters of the difference of the arms inside them, with Student's t.

    Clusters that have one arm only say nothing here and are left out. Arguments as for :func:`mixed_difference`.

    Raises:
        ValueError: Lengths differ, or fewer than two clusters have both arms.
    """
    values, codes = _checked(y, clusters)
    arm = _checked_arm(second, len(values))
    count = int(codes.max()) + 1
    sums = [np.bincount(codes[side], weights=values[side], minlength=count) for side in (arm, ~arm)]
    sizes = [np.bincount(codes[side], minlength=count) for side in (arm, ~arm)]
    both = (sizes[0] > 0) & (sizes[1] > 0)
    if int(both.sum()) < 2:
        raise ValueError(f"expected both arms in two clusters or more, got them in {int(both.sum())}")
    return _mean_of(sums[0][both] / sizes[0][both] - sums[1][both] / sizes[1][both], len(values))


def fixed_blocks_difference(y: npt.ArrayLike, second: npt.ArrayLike, clusters: Labels) -> Estimate:
    """Return the difference of two arms with every cluster's mean fitted (a blocked design).

    Arguments as for :func:`mixed_difference`.

    Raises:
        ValueError: Lengths differ, no cluster has both arms, or no row is left to estimate the variance.
    """
    values, codes = _checked(y, clusters)
    arm = _checked_arm(second, len(values)).astype(np.float64)
    sizes = np.bincount(codes)
    x = arm - (np.bincount(codes, weights=arm) / sizes)[codes]
    rest = values - (np.bincount(codes, weights=values) / sizes)[codes]
    df, information = len(values) - len(sizes) - 1, float(x @ x)
    if information <= 1e-12 or df < 1:
        raise ValueError("expected both arms in some cluster, and rows beyond one per cluster and arm")
    slope = float(x @ rest) / information
    rest = rest - slope * x
    error = math.sqrt(float(rest @ rest) / df / information)
    return Estimate(value=slope, standard_error=error, df=float(df), n=len(values))


def _checked(y: npt.ArrayLike, clusters: Labels) -> tuple[Floats, npt.NDArray[np.intp]]:
    values = np.asarray(y, dtype=np.float64)
    codes = cluster_codes(clusters)
    if values.ndim != 1 or len(values) != len(codes):
        raise ValueError(f"expected one cluster label per observation, got {len(codes)} for shape {values.shape}")
    if int(codes.max()) == 0:
        raise ValueError("expected two clusters or more, got one: it says nothing about the others")
    return values, codes


def _checked_arm(second: npt.ArrayLike, n: int) -> npt.NDArray[np.bool_]:
    arm = np.asarray(second)
    if arm.shape != (n,) or arm.dtype != np.bool_ or arm.all() or not arm.any():
        raise ValueError(f"expected {n} bools with both arms among them, got shape {arm.shape}, dtype {arm.dtype}")
    return arm


def _mean_of(numbers: Floats, n: int) -> Estimate:
    mean, sd = mean_and_sd(numbers)
    return Estimate(value=mean, standard_error=sd / math.sqrt(len(numbers)), df=len(numbers) - 1.0, n=n)


def _arms_between(arm: npt.NDArray[np.bool_], codes: npt.NDArray[np.intp]) -> bool:
    share = np.bincount(codes, weights=arm) / np.bincount(codes)
    return bool(((share == 0.0) | (share == 1.0)).all())


def _difference_of_cluster_means(values: Floats, arm: npt.NDArray[np.bool_], codes: npt.NDArray[np.intp]) -> Estimate:
    """Return Student's two-sample t on cluster means: all that is left when rows of a cluster never differ."""
    sizes = np.bincount(codes)
    means, assigned = np.bincount(codes, weights=values) / sizes, np.bincount(codes, weights=arm) > 0
    sides = [means[assigned], means[~assigned]]
    df = len(means) - 2
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in sides)
    error = math.sqrt(squares / df * sum(1.0 / len(side) for side in sides))
    return Estimate(value=float(sides[0].mean() - sides[1].mean()), standard_error=error, df=float(df), n=len(values))
