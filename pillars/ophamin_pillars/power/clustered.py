"""Means of clustered trials: the unit of replication is the cluster, so clusters give the degrees of freedom.

With m trials a cluster and intraclass correlation icc, the variance of a mean grows by the design effect
``1 + (m - 1) icc`` (Kish 1965, section 5.4), with unequal clusters by ``1 + ((1 + cv^2) m - 1) icc`` (Eldridge, Ashby &
Kerry 2006, Int J Epidemiol 35:1292).
"""

from __future__ import annotations

import math

from ophamin_pillars.power import means
from ophamin_pillars.power.layouts import ONE_SAMPLE, Layout


def design_effect(trials: float, icc: float, *, cv: float = 0.0) -> float:
    """Return how much larger the variance is than that of as many independent trials.

    Args:
        trials: Trials per cluster, on average.
        icc: Intraclass correlation, 0 to 1.
        cv: Coefficient of variation of cluster sizes.
    """
    if not (trials >= 1.0 and 0.0 <= icc <= 1.0 and cv >= 0.0):
        raise ValueError(f"expected trials >= 1, icc from 0 to 1, cv >= 0, came {trials!r}, {icc!r}, {cv!r}")
    return 1.0 + ((1.0 + cv * cv) * trials - 1.0) * icc


def power(
    effect: float, clusters: float, trials: float, level: float, *, icc: float, layout: Layout = ONE_SAMPLE
) -> float:
    """Return the power of the t test of cluster means; ``effect`` in deviations of a single trial.

    ``clusters`` counts what n counts in ``layout``: all of them, or those of each arm.
    """
    return means.power(effect * _scale(trials, icc), clusters, level, layout=layout)


def sample_size(
    effect: float, trials: float, level: float, power_wanted: float, *, icc: float, layout: Layout = ONE_SAMPLE
) -> int | None:
    """Return the least number of clusters of ``trials`` trials each."""
    return means.sample_size(effect * _scale(trials, icc), level, power_wanted, layout=layout)


def minimum_detectable_effect(
    clusters: float, trials: float, level: float, power_wanted: float, *, icc: float, layout: Layout = ONE_SAMPLE
) -> float:
    """Return the least effect, in deviations of a single trial, whose power is ``power_wanted``."""
    return means.minimum_detectable_effect(clusters, level, power_wanted, layout=layout) / _scale(trials, icc)


def _scale(trials: float, icc: float) -> float:
    """Return the deviation of a trial over that of a cluster mean."""
    return math.sqrt(trials / design_effect(trials, icc))
