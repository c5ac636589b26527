"""The general linear mixed model: crossed and nested factors, random slopes, by REML or ML.

Each term gives its clusters a normal vector of coefficients with covariance sigma2 T T', T lower triangular; the
deviance is profiled over beta and sigma2 and minimised over the entries of T with its exact gradient. Source: Bates,
Maechler, Bolker & Walker (2015) JSS 67(1), sections 2.2 and 3.4;
gradient: Harville (1977) JASA 72:320, section 4.

Dense in the number of random coefficients: meant for hundreds of them. A single random intercept with many rows has a
faster way, :mod:`ophamin_pillars.models.random_intercept`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.cluster_statistics import cluster_codes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """Coefficients that vary by cluster: of an intercept alone, or of several columns."""

    clusters: Sequence[object] | npt.NDArray[np.generic]
    """Label of each row's cluster (n)."""
    columns: Floats | None = None
    """What varies by cluster (n, k), the intercept included; None for an intercept alone."""
    correlated: bool = True
    """Whether the k coefficients of a cluster may be correlated."""


@dataclass(frozen=True, slots=True)
class MixedModel:
    """A fitted linear mixed model."""

    beta: Floats
    covariance: Floats
    """Covariance of beta, variance components taken as known (p, p)."""
    covariances: tuple[Floats, ...]
    """Covariance matrix of each term's coefficients (k, k)."""
    sigma2: float
    deviance: float
    """Minus twice the (restricted) log-likelihood."""
    reml: bool
    y: Floats
    design: Floats
    columns: tuple[Floats, ...]
    """Each term's columns, spread over its clusters (n, clusters, k)."""
    correlated: tuple[bool, ...]

    @property
    def standard_errors(self) -> Floats:
        return np.sqrt(np.diag(self.covariance))

    @property
    def log_likelihood(self) -> float:
        return -0.5 * self.deviance


def fit_mixed(
    y: npt.ArrayLike, terms: Sequence[RandomTerm], design: npt.ArrayLike | None = None, *, reml: bool = True
) -> MixedModel:
    """Fit a linear mixed model.

    Args:
        y: Response (n).
        terms: Random terms, at least one.
        design: X (n, p) of full rank, the intercept included; None for an intercept alone.
        reml: Restricted maximum likelihood; False for maximum likelihood.

    Raises:
        ValueError: Lengths differ, no term is given, or the design lacks rank.
    """
    values = np.asarray(y, dtype=np.float64)
    x = np.ones((len(values), 1)) if design is None else np.asarray(design, dtype=np.float64)
    if not terms or values.ndim != 1 or x.ndim != 2 or len(x) != len(values):
        raise ValueError(
            f"expected y (n), design (n, p) and a random term, got {values.shape}, {x.shape}, {len(terms)}"
        )
    if len(values) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError(f"expected a design of full rank with fewer columns than rows, got shape {x.shape}")
    columns = tuple(_spread_out(term, len(values)) for term in terms)
    problem = _Problem(values, x, columns, tuple(term.correlated for term in terms), reml=reml)
    return problem.fitted(_minimise(problem))


def free_entries(k: int, *, correlated: bool) -> Iterator[tuple[int, int]]:
    """Yield the free entries (row, column) of a lower triangular k x k matrix."""
    for i in range(k):
        for j in range(i + 1):
            if correlated or i == j:
                yield i, j


def _spread_out(term: RandomTerm, n: int) -> Floats:
    codes = cluster_codes(term.clusters)
    columns = np.ones((n, 1)) if term.columns is None else np.asarray(term.columns, dtype=np.float64)
    if len(codes) != n or columns.ndim != 2 or len(columns) != n:
        raise ValueError(f"expected {n} cluster labels and rows of columns, got {len(codes)} and {columns.shape}")
    spread = np.zeros((n, int(codes.max()) + 1, columns.shape[1]))
    spread[np.arange(n), codes, :] = columns
    return spread


class _Problem:
    """The profiled deviance as a function of the entries of every T, with its gradient."""

    def __init__(
        self, y: Floats, x: Floats, columns: tuple[Floats, ...], correlated: tuple[bool, ...], *, reml: bool
    ) -> None:
        self.y, self.x, self.columns, self.correlated, self.reml = y, x, columns, correlated, reml
        # An orthonormal design and least squares residuals: offsets and scales of X and y cost no digits.
        self.q, self.r = np.linalg.qr(x)
        centre = float(y.mean()) if bool((x[:, 0] == 1.0).all()) else 0.0
        self.start = np.linalg.solve(self.r, self.q.T @ (y - centre))
        self.start[0] += centre
        rest = y - centre
        for _ in range(2):
            rest = rest - self.q @ (self.q.T @ rest)
        self.scale = math.sqrt(float(rest @ rest) / len(y)) or 1.0
        self.rest = rest / self.scale
        z = np.concatenate([c.reshape(len(y), -1) for c in columns], axis=1)
        self.zz, self.zq, self.zy = z.T @ z, z.T @ self.q, z.T @ self.rest
        self.yy = float(self.rest @ self.rest)
        self.df = len(y) - x.shape[1] if reml else len(y)

    def factors(self, theta: Floats) -> list[Floats]:
        """Return each term's T."""
        found, at = [], 0
        for columns, correlated in zip(self.columns, self.correlated, strict=True):
            k = columns.shape[2]
            t = np.zeros((k, k))
            for i, j in free_entries(k, correlated=correlated):
                t[i, j] = theta[at]
                at += 1
            found.append(t)
        return found

    def lambda_of(self, factors: Sequence[Floats]) -> Floats:
        whole = np.zeros_like(self.zz)
        at = 0
        for columns, t in zip(self.columns, factors, strict=True):
            width = columns.shape[1] * columns.shape[2]
            whole[at : at + width, at : at + width] = np.kron(np.eye(columns.shape[1]), t)
            at += width
        return np.asarray(whole, dtype=np.float64)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Return deviance (of the scaled response) and gradient."""
        factor = self.lambda_of(self.factors(theta))
        inner = np.eye(len(factor)) + factor.T @ self.zz @ factor
        solved = factor @ np.linalg.solve(inner, factor.T)
        # Z'V^-1 m for m = Z, Q, y (Woodbury, in units of sigma2).
        vz, vq, vy = (m - self.zz @ solved @ m for m in (self.zz, self.zq, self.zy))
        a = np.eye(self.q.shape[1]) - self.zq.T @ solved @ self.zq
        gamma = np.linalg.solve(a, -self.zq.T @ solved @ self.zy)
        score = vy - vq @ gamma
        residual = self.yy - float(self.zy @ solved @ self.zy) - float(gamma @ a @ gamma)
        deviance = self.df * (math.log(2.0 * math.pi * residual / self.df) + 1.0) + float(np.linalg.slogdet(inner)[1])
        trace = vz
        if self.reml:
            deviance += float(np.linalg.slogdet(a)[1]) + 2.0 * float(np.log(np.abs(np.diag(self.r))).sum())
            trace = vz - vq @ np.linalg.solve(a, vq.T)
        whole = 2.0 * (trace @ factor - self.df / residual * np.outer(score, score @ factor))
        return deviance, self._gather(whole)

    def _gather(self, whole: Floats) -> Floats:
        found, at = [], 0
        for columns, correlated in zip(self.columns, self.correlated, strict=True):
            count, k = columns.shape[1], columns.shape[2]
            block = whole[at : at + count * k, at : at + count * k].reshape(count, k, count, k)
            total = np.einsum("gigj->ij", block)
            found += [total[i, j] for i, j in free_entries(k, correlated=correlated)]
            at += count * k
        return np.array(found)

    def fitted(self, theta: Floats) -> MixedModel:
        factors = self.factors(theta)
        factor = self.lambda_of(factors)
        inner = np.eye(len(factor)) + factor.T @ self.zz @ factor
        solved = factor @ np.linalg.solve(inner, factor.T)
        a = np.eye(self.q.shape[1]) - self.zq.T @ solved @ self.zq
        gamma = np.linalg.solve(a, -self.zq.T @ solved @ self.zy)
        residual = self.yy - float(self.zy @ solved @ self.zy) - float(gamma @ a @ gamma)
        sigma2 = self.scale**2 * residual / self.df
        back = np.linalg.inv(self.r)
        return MixedModel(
            beta=self.start + back @ gamma * self.scale,
            covariance=sigma2 * back @ np.linalg.inv(a) @ back.T,
            covariances=tuple(sigma2 * t @ t.T for t in factors),
            sigma2=sigma2,
            deviance=self(theta)[0] + 2.0 * self.df * math.log(self.scale),
            reml=self.reml,
            y=self.y,
            design=self.x,
            columns=self.columns,
            correlated=self.correlated,
        )


def _minimise(problem: _Problem) -> Floats:
    from scipy.optimize import minimize  # several parameters: no short method of our own is as reliable

    start = np.concatenate(
        [
            [float(i == j) for i, j in free_entries(columns.shape[2], correlated=correlated)]
            for columns, correlated in zip(problem.columns, problem.correlated, strict=True)
        ]
    )
    theta = start
    for _ in range(3):  # a restart forgets a poor curvature
        theta = minimize(problem, theta, jac=True, method="BFGS", options={"gtol": 1e-9}).x
    # T has a sign to spare; and a boundary component is 0, not 1e-9.
    return np.asarray(theta, dtype=np.float64)
