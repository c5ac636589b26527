"""The random-intercept model y = X beta + b[cluster] + e by REML or ML, from sufficient statistics.

The deviance, profiled over beta and sigma^2, is a function of theta = tau^2 / sigma^2 alone, and one pass over the rows
gives all it needs. Rows are split into deviations from cluster means and the means: with n_g rows in cluster g,

    X' V^-1 X = (W_xx + sum_g d_g xbar_g xbar_g') / sigma^2,   d_g = n_g / (1 + n_g theta)

has only positive terms, so no digits cancel at either end of theta. Source: Harville (1977) JASA 72:320 (REML);
Bates, Maechler, Bolker & Walker (2015) JSS 67(1), section 3.4 (profiling); Searle, Casella & McCulloch (1992) ch. 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.models.cluster_statistics import ClusterStatistics, Labels, summarise
from ophamin_pillars.models.profile import least_point

Floats = npt.NDArray[np.float64]
NO_WITHIN = "observations do not differ within clusters: the cluster means are the sample"
PERFECT = "the design explains every observation: no variance is left to estimate"
TINY = 1e-26
"""A share of the variation below this is rounding,"""
OFFSET = 1e-30
"""and so is this share of what the design explains: observations near 1e12 still differ by 1e-3."""


@dataclass(frozen=True, slots=True)
class RandomIntercept:
    """A fitted random-intercept model."""

    beta: Floats
    """Coefficients of the design's columns (p)."""
    covariance: Floats
    """Their covariance, variance components taken as known (p, p)."""
    tau2: float
    """Variance between clusters; exactly 0 on the boundary."""
    sigma2: float
    """Variance within clusters."""
    deviance: float
    """Minus twice the (restricted) log-likelihood."""
    deviance_without: float
    """The same with tau2 = 0."""
    reml: bool
    statistics: ClusterStatistics

    @property
    def standard_errors(self) -> Floats:
        return np.sqrt(np.diag(self.covariance))

    @property
    def log_likelihood(self) -> float:
        return -0.5 * self.deviance

    @property
    def intraclass_correlation(self) -> float:
        return self.tau2 / (self.tau2 + self.sigma2)


def fit_random_intercept(
    y: npt.ArrayLike, clusters: Labels, design: npt.ArrayLike | None = None, *, reml: bool = True
) -> RandomIntercept:
    """Fit y = X beta + b[cluster] + e with normal b and e.

    Args:
        y: Response (n).
        clusters: Label of each row's cluster (n), of any sortable kind.
        design: X (n, p) of full rank, the intercept included; None for an intercept alone.
        reml: Restricted maximum likelihood; False for maximum likelihood (what nested designs are compared by).

    Returns:
        The fit. tau2 is exactly 0 when the deviance has its minimum there.

    Raises:
        ValueError: Lengths differ, the design lacks rank, or no variance is left within clusters.
    """
    statistics = summarise(y, clusters, design)
    return fit_statistics(statistics, reml=reml)


@dataclass(frozen=True, slots=True)
class _Profile:
    deviance: float
    slope: float
    gamma: Floats
    inverse: Floats
    residual: float


def fit_statistics(statistics: ClusterStatistics, *, reml: bool = True) -> RandomIntercept:
    """Fit the model to sufficient statistics; see :func:`fit_random_intercept`."""
    _check_variance(statistics)
    sizes, n, p = statistics.sizes, statistics.n, len(statistics.start)
    without = _profile_at(statistics, 0.0, reml=reml)
    theta, best = 0.0, without
    if len(sizes) < n:  # with one row per cluster nothing tells tau2 from sigma2
        least = 1e-7 / float(sizes.max())
        ratio = statistics.total_yy / _within_residual(statistics)
        theta = least_point(
            lambda grid: _deviances(statistics, grid, reml=reml),
            lambda at: _profile_at(statistics, at, reml=reml).slope,
            least,
            1e3 * max(1.0, ratio * n),
        )
        best = _profile_at(statistics, theta, reml=reml)
        if without.deviance <= best.deviance:
            theta, best = 0.0, without
    sigma2 = best.residual / (n - p if reml else n)
    back = np.linalg.inv(statistics.restore)
    return RandomIntercept(
        beta=statistics.start + back @ best.gamma,
        covariance=sigma2 * back @ best.inverse @ back.T,
        tau2=theta * sigma2,
        sigma2=sigma2,
        deviance=best.deviance,
        deviance_without=without.deviance,
        reml=reml,
        statistics=statistics,
    )


def intercept_variance_p(fit: RandomIntercept) -> float:
    """Return the p-value of "tau2 = 0" from the 50:50 mixture of chi-square 0 and 1 (Self & Liang 1987 JASA 82:605)."""
    drop = fit.deviance_without - fit.deviance
    return 1.0 if drop <= 0.0 else 0.5 * float(special().chdtrc(1.0, drop))


def _check_variance(statistics: ClusterStatistics) -> None:
    explained = float(np.sum((statistics.restore @ statistics.start) ** 2))
    rounding = OFFSET * explained
    if statistics.total_yy <= rounding:
        raise ValueError(PERFECT)
    if len(statistics.sizes) < statistics.n and _within_residual(statistics) <= rounding + TINY * statistics.total_yy:
        raise ValueError(NO_WITHIN)


def _within_residual(statistics: ClusterStatistics) -> float:
    """Return the residual sum of squares with every cluster's mean fitted."""
    gamma = np.linalg.pinv(statistics.within_xx, rcond=1e-12, hermitian=True) @ statistics.within_xy
    return max(0.0, statistics.within_yy - float(gamma @ statistics.within_xy))


def _profile_at(statistics: ClusterStatistics, theta: float, *, reml: bool) -> _Profile:
    s = statistics
    d = s.sizes / (1.0 + s.sizes * theta)
    a = s.within_xx + (s.mean_x.T * d) @ s.mean_x
    inverse = np.asarray(np.linalg.inv(a), dtype=np.float64)
    gamma = inverse @ (s.within_xy + s.mean_x.T @ (d * s.mean_y))
    between = s.mean_y - s.mean_x @ gamma
    within = s.within_yy - 2.0 * float(gamma @ s.within_xy) + float(gamma @ s.within_xx @ gamma)
    residual = within + float(d @ (between * between))
    deviance, df = _deviance(s, theta, residual, float(np.linalg.slogdet(a)[1]), reml=reml)
    slope = float(d.sum()) - df * float((d * between) @ (d * between)) / residual
    if reml:  # the derivative of log|A|
        slope -= float(((s.mean_x @ inverse) * s.mean_x).sum(axis=1) @ (d * d))
    return _Profile(deviance=deviance, slope=slope, gamma=gamma, inverse=inverse, residual=residual)


def _deviance(s: ClusterStatistics, theta: float, residual: float, log_det: float, *, reml: bool) -> tuple[float, int]:
    df = s.n - len(s.start) if reml else s.n
    deviance = df * (math.log(2.0 * math.pi * residual / df) + 1.0) + float(np.log1p(s.sizes * theta).sum())
    if reml:
        deviance += log_det + 2.0 * float(np.log(np.abs(np.diag(s.restore))).sum())
    return deviance, df


def _deviances(s: ClusterStatistics, thetas: Floats, *, reml: bool) -> Floats:
    """Return the deviance at each theta, up to a constant, in one batch: it only chooses where to look closer."""
    p, df = len(s.start), s.n - len(s.start) if reml else s.n
    d = s.sizes / (1.0 + np.outer(thetas, s.sizes))
    outer = (s.mean_x[:, :, None] * s.mean_x[:, None, :]).reshape(len(s.sizes), p * p)
    a = s.within_xx + (d @ outer).reshape(-1, p, p)
    b = s.within_xy + d @ (s.mean_x * s.mean_y[:, None])
    c = s.within_yy + d @ (s.mean_y * s.mean_y)
    residual = np.maximum(c - (b * np.linalg.solve(a, b[:, :, None])[:, :, 0]).sum(axis=1), 1e-300)
    deviances = df * np.log(residual) + np.log1p(np.outer(thetas, s.sizes)).sum(axis=1)
    return np.asarray(deviances + np.linalg.slogdet(a)[1] if reml else deviances, dtype=np.float64)
