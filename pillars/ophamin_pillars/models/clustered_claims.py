"""Decide claims about clustered trials; :mod:`ophamin_pillars.models.clustered` has the methods and their sources.

The target is the mean over the population the clusters come from, every cluster counting once. Bounded observations
(bools among them) are decided exactly, by betting on one number per cluster; others by t on one number per cluster, or
by a random intercept where there are clusters enough to weigh them by their sizes.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.arms.means import MeanDifference
from ophamin_pillars.models.clustered import (
    LEAST_CLUSTERS,
    cluster_differences_t,
    cluster_means_t,
    fixed_blocks_difference,
    mixed_difference,
    mixed_mean,
)
from ophamin_pillars.models.estimate import Estimate, EstimateTests
from ophamin_pillars.observations import PAIR, Observed, check_squares
from ophamin_pillars.skewness import conditions_at
from ophamin_pillars.student import ZERO_VARIANCE, of_so_few
from ophamin_pillars.units import Codes, appearing, decide_units_by_betting, is_rounding, unit_means
from pytest_ophamin.pillars import Assessment, BadSample, Claim, compose, undecidable

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BETTING = "betting-clusters/1"
RANDOM_INTERCEPT = "random-intercept/1"
CLUSTER_MEANS = "cluster-means-t/1"
CLUSTER_WELCH = "cluster-means-welch/1"
CLUSTER_DIFFERENCES = "cluster-differences-t/1"
FIXED_BLOCKS = "fixed-blocks/1"
FEWEST_WELCH = 3
"""With two clusters in one arm and more in the other even normal means err at 1.5 times the level."""
LEAST_WEIGHED = 20
"""Clusters from which a random intercept has more power than t on their means where sizes differ (measured, see
docs/validation/models.md); with fewer, Kenward and Roger's degrees of freedom leave it none."""
ONE_CLUSTER = "one cluster says nothing about the others"
NO_COMPARISON = "too few clusters, or too few trials of both arms inside one of them, to compare the arms"
_NORMAL = "clusters independent; their means normal, or at least 120 x skewness^2 clusters"


def decide_clusters(claim: Claim, found: Observed, labels: npt.ArrayLike) -> Assessment:
    """Assess a mean, a proportion or a paired difference.

    Args:
        claim: The claim.
        found: What it averages (n).
        labels: Label of each trial's cluster (n).
    """
    codes = appearing(labels)
    clusters, n = int(codes.max()) + 1, len(codes)
    if found.bounds is not None:
        means = unit_means(found.values, codes)
        about = f"{claim.metric} (mean over clusters)"
        return decide_units_by_betting(claim, means, found.bounds, n=n, method=BETTING, about=about)
    check_squares(found.values)
    method = RANDOM_INTERCEPT if clusters >= LEAST_WEIGHED else CLUSTER_MEANS
    if clusters < 2:
        return _nothing(claim, method, n, float(found.values.mean()), ONE_CLUSTER, conditions=_NORMAL)
    if method == CLUSTER_MEANS:
        estimate = cluster_means_t(found.values, codes)
        conditions = of_so_few(f"{_NORMAL} ({_count(clusters)})", clusters, "clusters")
        return _decided(claim, estimate, found.values, codes, method=method, conditions=conditions)
    conditions = f"{_NORMAL}; sizes of clusters unrelated to their means ({_count(clusters)})"
    return _decided(claim, mixed_mean(found.values, codes), found.values, codes, method=method, conditions=conditions)


def decide_clustered_arms(
    claim: Claim, values: Floats, second: Bools, labels: npt.ArrayLike, *, is_bool: bool
) -> Assessment:
    """Assess the first arm's mean minus the second's, compared inside clusters wherever a cluster has both arms.

    Args:
        claim: The claim.
        values: Observations (n).
        second: Whether each trial belongs to the second arm (n).
        labels: Label of each trial's cluster (n).
        is_bool: Whether the observations are bools.

    Raises:
        BadSample: An arm has no observation, or observations are too large.
    """
    if second.all() or not second.any():
        raise BadSample("every trial fell into one arm")
    codes = appearing(labels)
    clusters, both = int(codes.max()) + 1, clusters_of_both(second, codes)
    if is_bool:
        units = arm_differences(values, second, codes)
        about = f"{claim.metric} (mean over clusters)"
        return decide_units_by_betting(claim, units, PAIR, n=len(codes), method=BETTING, about=about)
    check_squares(values)
    count = f"({_count(clusters)}, {both} with both arms)"
    if both >= LEAST_CLUSTERS:
        conditions = (
            f"clusters independent; differences inside them normal, or at least 120 x skewness^2 clusters {count}"
        )
        estimate = cluster_differences_t(values, ~second, codes)
        return _decided(claim, estimate, values, codes, method=CLUSTER_DIFFERENCES, conditions=conditions)
    if both == 0 and clusters < LEAST_WEIGHED:
        return _decide_between(claim, values, second, codes, count)
    if clusters >= LEAST_CLUSTERS:
        conditions = f"{_NORMAL}; the same difference in every cluster {count}"
        estimate = mixed_difference(values, ~second, codes)
        return _decided(claim, estimate, values, codes, method=RANDOM_INTERCEPT, conditions=conditions)
    return _decide_these(claim, values, second, codes, count)


def clusters_of_both(second: Bools, codes: Codes) -> int:
    """Return how many clusters have trials of both arms."""
    share = np.bincount(codes, weights=second) / np.bincount(codes)
    return int(((share > 0.0) & (share < 1.0)).sum())


def arm_differences(values: Floats, second: Bools, codes: Codes) -> Floats:
    """Return independent numbers whose expectation is the difference of the arms, first minus second (units).

    A cluster with both arms gives the difference of their means inside it. Clusters with one arm are paired, the k-th
    of one arm with the k-th of the other in the order they appear, and give the difference of their means; who finds no
    partner is left out. Neither choice looks at an observation.
    """
    count = int(codes.max()) + 1
    sizes = [np.bincount(codes[side], minlength=count) for side in (~second, second)]
    sums = [np.bincount(codes[side], weights=values[side], minlength=count) for side in (~second, second)]
    means = [total / np.maximum(size, 1) for total, size in zip(sums, sizes, strict=True)]
    both = (sizes[0] > 0) & (sizes[1] > 0)
    alone = [np.flatnonzero((size > 0) & ~both) for size in sizes]
    pairs = min(len(alone[0]), len(alone[1]))
    found = [means[0][both] - means[1][both], means[0][alone[0][:pairs]] - means[1][alone[1][:pairs]]]
    # In the order they appear, a pair where its later cluster does: bets look back.
    place = [np.flatnonzero(both), np.maximum(alone[0][:pairs], alone[1][:pairs])]
    order = np.argsort(np.concatenate(place), kind="stable")
    return np.asarray(np.concatenate(found)[order], dtype=np.float64)


def _decide_between(claim: Claim, values: Floats, second: Bools, codes: Codes, count: str) -> Assessment:
    """Assess the difference of clusters that have one arm each, by Welch's t on their means."""
    means, assigned = unit_means(values, codes), np.bincount(codes, weights=second) > 0.0
    try:
        found = MeanDifference.of(means[~assigned], means[assigned])
    except ValueError:
        return _nothing(claim, CLUSTER_WELCH, len(codes), _gap(values, second), NO_COMPARISON, conditions=_NORMAL)
    estimate = Estimate(value=found.estimate, standard_error=found.standard_error, df=found.df, n=len(codes))
    conditions = _conditions_between(f"{_NORMAL} {count}", min(int(assigned.sum()), int((~assigned).sum())))
    return _decided(claim, estimate, values, codes, method=CLUSTER_WELCH, conditions=conditions)


def _conditions_between(conditions: str, fewest: int) -> str:
    """Return the conditions of Welch's t on cluster means, with those a small arm fails or needs."""
    if fewest < FEWEST_WELCH:
        return f"{conditions}; not met: {fewest} clusters in an arm"
    return of_so_few(conditions, fewest, "clusters in an arm")


def _decide_these(claim: Claim, values: Floats, second: Bools, codes: Codes, count: str) -> Assessment:
    """Assess the difference in the clusters at hand, too few to stand for others."""
    conditions = f"a statement about these clusters; trials inside them independent and normal {count}"
    try:
        estimate = fixed_blocks_difference(values, ~second, codes)
    except ValueError:
        reason = NO_COMPARISON if codes.any() else ONE_CLUSTER
        return _nothing(claim, FIXED_BLOCKS, len(codes), _gap(values, second), reason, conditions=conditions)
    return _decided(claim, estimate, values, codes, method=FIXED_BLOCKS, conditions=conditions)


def _decided(
    claim: Claim, estimate: Estimate, values: Floats, codes: Codes, *, method: str, conditions: str
) -> Assessment:
    clusters = int(codes.max()) + 1
    if is_rounding(estimate.standard_error * math.sqrt(clusters), values, clusters):
        return _nothing(claim, method, estimate.n, estimate.value, ZERO_VARIANCE, conditions=conditions)
    return compose(
        claim,
        EstimateTests(estimate),
        method=method,
        exact=False,
        conditions=conditions_at(claim, conditions),
        libraries=libraries(),
    )


def _nothing(claim: Claim, method: str, n: int, estimate: float, reason: str, *, conditions: str | None) -> Assessment:
    return undecidable(
        claim,
        method=method,
        exact=conditions is None,
        conditions=None if conditions is None else conditions_at(claim, conditions),
        n=n,
        estimate=estimate,
        reason=reason,
        libraries=libraries(),
    )


def _gap(values: Floats, second: Bools) -> float:
    return float(values[~second].mean() - values[second].mean())


def _count(clusters: int) -> str:
    return f"{clusters} clusters" if clusters != 1 else "one cluster"
