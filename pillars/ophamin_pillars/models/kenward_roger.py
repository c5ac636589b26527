"""Degrees of freedom for contrasts of a mixed model: Kenward & Roger (1997), and Satterthwaite.

V = sum_i s_i G_i is linear in the variance components s. For one contrast L with v = L' Phi L:

    df = 2 v^2 / (g' W g),   g_i = dv / ds_i = L' Phi X'V^-1 G_i V^-1 X Phi L

Kenward & Roger (Biometrics 53:983, eqs. for l = 1, where their F needs no scale) take W from the expected information
and add to Phi what estimating s costs; Satterthwaite as in lmerTest (Kuznetsova, Brockhoff & Christensen 2017 JSS
82(13)) takes W from the observed information and leaves Phi. The expected information exists on the boundary tau2 = 0,
where Kenward and Roger's df of a balanced mean stay (clusters - 1), as they should.

The closed forms for a random intercept: V^-1 is 1 / sigma2 on deviations from cluster means and
1 / (sigma2 (1 + n_g theta)) on the means; G = ZZ' is 0 on the former and n_g on the latter; G = I is 1 on both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.estimate import Estimate, f_tail
from ophamin_pillars.models.random_intercept import RandomIntercept

Floats = npt.NDArray[np.float64]
Df = Literal["kenward-roger", "satterthwaite"]


@dataclass(frozen=True, slots=True)
class Components:
    """What the degrees of freedom need of a model with c variance components and p coefficients."""

    beta: Floats
    phi: Floats
    """Covariance of beta, components known (p, p)."""
    first: Floats
    """X'V^-1 G_i V^-1 X (c, p, p): minus Kenward and Roger's P."""
    second: Floats
    """X'V^-1 G_i V^-1 G_j V^-1 X (c, c, p, p): their Q."""
    traces: Floats
    """tr(V^-1 G_i V^-1 G_j) (c, c)."""
    quadratic: Floats
    """y'P G_i P G_j P y (c, c), for the observed information."""
    n: int


@dataclass(frozen=True, slots=True)
class FTest:
    """A Kenward-Roger test of several contrasts at once."""

    f: float
    df1: int
    df2: float
    p: float


def contrast(fit: RandomIntercept, weights: npt.ArrayLike, *, df: Df = "kenward-roger") -> Estimate:
    """Return the estimate of ``weights @ beta`` with its degrees of freedom.

    Args:
        fit: A random-intercept model, fitted by REML.
        weights: The contrast (p).
        df: Which approximation.

    Raises:
        ValueError: The fit is by maximum likelihood, or the contrast has another length than beta.
    """
    if not fit.reml:
        raise ValueError("expected a fit by REML, got one by ML: its variance components are biased")
    parts = random_intercept_components(fit)
    found = contrast_of(parts, weights, df=df)
    if fit.tau2 > 0.0 or df == "kenward-roger":
        return found
    # On the boundary the deviance has a slope, and the observed information is no information.
    return replace(found, df=contrast_of(parts, weights).df)


def contrast_of(parts: Components, weights: npt.ArrayLike, *, df: Df = "kenward-roger") -> Estimate:
    """Return the estimate of ``weights @ beta``; see :func:`contrast`."""
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != parts.beta.shape:
        raise ValueError(f"expected a contrast of shape {parts.beta.shape}, got {w.shape}")
    variance = float(w @ parts.phi @ w)
    half = parts.phi @ w
    gradient = np.array([half @ first @ half for first in parts.first])
    spread = _spread(parts, observed=df == "satterthwaite")
    uncertainty = float(gradient @ spread @ gradient)
    degrees = 2.0 * variance**2 / uncertainty if uncertainty > 0.0 else math.inf
    if df == "kenward-roger":
        variance = float(w @ adjusted_covariance(parts) @ w)
    return Estimate(value=float(w @ parts.beta), standard_error=math.sqrt(variance), df=degrees, n=parts.n)


def adjusted_covariance(parts: Components) -> Floats:
    """Return Kenward and Roger's Phi_A = Phi + 2 Phi {sum W_ij (Q_ij - P_i Phi P_j)} Phi."""
    spread = _spread(parts, observed=False)
    cost = np.einsum("ij,ijab->ab", spread, parts.second)
    cost -= np.einsum("ij,iab,bc,jcd->ad", spread, parts.first, parts.phi, parts.first)
    adjusted = parts.phi + 2.0 * parts.phi @ cost @ parts.phi
    return np.asarray(0.5 * (adjusted + adjusted.T), dtype=np.float64)


def f_test(parts: Components, contrasts: npt.ArrayLike) -> FTest:
    """Return Kenward and Roger's test of "contrasts @ beta = 0".

    Args:
        parts: The model.
        contrasts: l independent rows of p weights.

    Returns:
        Their scaled F with its degrees of freedom (Kenward & Roger 1997, section 3.1; Halekoh & Hojsgaard 2014).
    """
    rows = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
    count = len(rows)
    value = rows @ parts.beta
    f = float(value @ np.linalg.solve(rows @ adjusted_covariance(parts) @ rows.T, value)) / count
    inner = rows.T @ np.linalg.solve(rows @ parts.phi @ rows.T, rows)
    changes = [inner @ parts.phi @ first @ parts.phi for first in parts.first]
    spread = _spread(parts, observed=False)
    pairs = [(i, j) for i in range(len(changes)) for j in range(len(changes))]
    a1 = sum(float(spread[i, j]) * float(np.trace(changes[i]) * np.trace(changes[j])) for i, j in pairs)
    a2 = sum(float(spread[i, j]) * float(np.trace(changes[i] @ changes[j])) for i, j in pairs)
    df2, scale = _f_moments(count, a1, a2)
    return FTest(f=scale * f, df1=count, df2=df2, p=f_tail(scale * f, count, df2))


def _f_moments(count: int, a1: float, a2: float) -> tuple[float, float]:
    """Return denominator df and scale that match the F statistic's approximate mean and variance."""
    b = (a1 + 6.0 * a2) / (2.0 * count)
    g = ((count + 1) * a1 - (count + 4) * a2) / ((count + 2) * a2)
    below = 3 * count + 2.0 * (1.0 - g)
    c1, c2, c3 = g / below, (count - g) / below, (count + 2 - g) / below
    mean = 1.0 / (1.0 - a2 / count)
    variance = 2.0 / count * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    ratio = variance / (2.0 * mean * mean)
    df2 = 4.0 + (count + 2) / (count * ratio - 1.0)
    return df2, df2 / (mean * (df2 - 2.0))


def _spread(parts: Components, *, observed: bool) -> Floats:
    """Return W, the covariance of the estimated components: the inverse of their information."""
    loss = np.einsum("ijab,ba->ij", parts.second, parts.phi)
    halves = parts.first @ parts.phi
    both = np.einsum("iab,jba->ij", halves, halves)
    # tr(P G_i P G_j), with P = V^-1 - V^-1 X Phi X' V^-1
    expected = parts.traces - 2.0 * loss + both
    information = parts.quadratic - 0.5 * expected if observed else 0.5 * expected
    scale = np.sqrt(np.abs(np.diag(information)))
    scale[scale == 0.0] = 1.0
    # A component the data say nothing about (one row per cluster) drops out of the pseudo-inverse.
    inverse = np.linalg.pinv(information / np.outer(scale, scale), rcond=1e-10, hermitian=True)
    return np.asarray(inverse / np.outer(scale, scale), dtype=np.float64)


def random_intercept_components(fit: RandomIntercept) -> Components:
    """Return the parts for the components (tau2, sigma2) of a random-intercept model, from its statistics."""
    s, sigma2 = fit.statistics, fit.sigma2
    shrink = 1.0 / (1.0 + s.sizes * fit.tau2 / sigma2)

    def between(power: int, weight: int) -> Floats:
        """Return sum_g n_g^weight shrink_g^power n_g xbar_g xbar_g'."""
        return np.asarray((s.mean_x.T * (s.sizes ** (1 + weight) * shrink**power)) @ s.mean_x, dtype=np.float64)

    gamma = s.restore @ (fit.beta - s.start)
    residual = s.mean_y - s.mean_x @ gamma
    within = s.within_yy - 2.0 * float(gamma @ s.within_xy) + float(gamma @ s.within_xx @ gamma)
    first = np.stack([between(2, 1), s.within_xx + between(2, 0)]) / sigma2**2
    second = np.stack(
        [
            np.stack([between(3, 2), between(3, 1)]),
            np.stack([between(3, 1), s.within_xx + between(3, 0)]),
        ]
    )
    # y'V^-1 G_i V^-1 G_j V^-1 y of residuals, less what the fit of beta absorbs.
    plain = [float((s.sizes ** (1 + k) * shrink**3) @ (residual * residual)) for k in range(3)]
    third = np.array([[plain[2], plain[1]], [plain[1], plain[0] + within]]) / sigma2**3
    change = [
        s.mean_x.T @ (s.sizes**2 * shrink**2 * residual),
        s.within_xy - s.within_xx @ gamma + s.mean_x.T @ (s.sizes * shrink**2 * residual),
    ]
    moved = np.stack(change) / sigma2**2
    phi = s.restore @ fit.covariance @ s.restore.T
    free = np.array([[(s.sizes ** (2 - i - j) * shrink**2).sum() for j in (0, 1)] for i in (0, 1)])
    free[1, 1] += s.n - len(s.sizes)
    return Components(
        beta=fit.beta,
        phi=fit.covariance,
        first=s.restore.T @ first @ s.restore,
        second=s.restore.T @ (second / sigma2**3) @ s.restore,
        traces=free / sigma2**2,
        quadratic=third - moved @ phi @ moved.T,
        n=s.n,
    )
