"""Least squares to nearly the last digit: QR, then refinement with exactly computed residuals.

The augmented system [I A; A' 0] [r; x] = [b; c] has r = b - Ax, and its solution is corrected by the QR factors and
residuals without rounding (Bjorck 1967 BIT 7:257, iterative refinement of linear least squares). Products are split
into exact pairs (Dekker 1971 Numer. Math. 18:224) and summed by ``math.fsum``. The variances of the coefficients are
the same system with b = 0 and c = e_j, so they are as accurate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.estimate import Estimate, f_tail

Floats = npt.NDArray[np.float64]
ROUNDS = 10
SPLITTER = 134217729.0  # 2 ** 27 + 1
RANK = 1e-15
"""A column whose part outside the others is a smaller share than this adds nothing."""
EXACT_FIT = 2.0**-80
"""Residuals below this share of the response are 0. A response that does not lie on the fit is off by its own rounding,
2 ** -53 of it, or more; what refinement leaves of an exact fit, 2 ** -106 or nothing, depends on the machine."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A least squares fit."""

    beta: Floats
    """Coefficients, the intercept first where there is one (p)."""
    standard_errors: Floats
    residuals: Floats
    residual_sd: float
    df: int
    """Residual degrees of freedom."""
    r_squared: float
    """Share of the sum of squares (about the mean with an intercept, about 0 without) that is explained."""
    f: float
    """F of "all coefficients but the intercept are 0"; NaN when there are none, or the response is constant."""
    f_df: int
    p: float

    def coefficient(self, j: int) -> Estimate:
        """Return coefficient ``j`` with its t distribution."""
        return Estimate(
            value=float(self.beta[j]),
            standard_error=float(self.standard_errors[j]),
            df=float(self.df),
            n=len(self.residuals),
        )


def regress(y: npt.ArrayLike, x: npt.ArrayLike | None = None, *, intercept: bool = True) -> Regression:
    """Return the least squares fit of y on the columns of x.

    Args:
        y: Response (n).
        x: Columns (n, k), or one column (n); None for the intercept alone.
        intercept: Whether a column of ones is put first.

    Raises:
        ValueError: Lengths differ, values are not finite, there are too few rows, or a column depends on the others.
    """
    response = np.asarray(y, dtype=np.float64)
    n = len(response)
    columns = np.empty((n, 0)) if x is None else np.asarray(x, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if response.ndim != 1 or columns.ndim != 2 or len(columns) != n:
        raise ValueError(f"expected y (n) and x (n, k), got {response.shape} and {columns.shape}")
    a = np.column_stack([np.ones(n), columns]) if intercept else columns
    if not (np.isfinite(a).all() and np.isfinite(response).all()):
        raise ValueError("expected finite y and x, got an infinity or a NaN")
    p = a.shape[1]
    if n <= p or p == 0:
        raise ValueError(f"expected at least one coefficient and more rows than that, got {n} rows and {p}")
    solver = _Augmented(a)
    residuals, beta = solver.solve(response, np.zeros(p))
    if np.abs(residuals).max() <= EXACT_FIT * np.abs(response).max():
        residuals = np.zeros(n)
    variances = [-float(solver.solve(np.zeros(n), unit)[1][j]) for j, unit in enumerate(np.eye(p))]
    return _summary(response, residuals, beta, np.array(variances), intercept=intercept)


def _summary(y: Floats, residuals: Floats, beta: Floats, variances: Floats, *, intercept: bool) -> Regression:
    n, p = len(y), len(beta)
    df, f_df = n - p, p - 1 if intercept else p
    rest = math.fsum((residuals * residuals).tolist())
    centre = math.fsum(y.tolist()) / n if intercept else 0.0
    total = math.fsum(((y - centre) ** 2).tolist())
    fitted = (y - centre) - residuals
    explained = math.fsum((fitted * fitted).tolist())
    undefined = f_df == 0 or explained == rest == 0.0
    f = math.nan if undefined else explained / f_df / (rest / df) if rest > 0.0 else math.inf
    return Regression(
        beta=beta,
        standard_errors=math.sqrt(rest / df) * np.sqrt(np.maximum(variances, 0.0)),
        residuals=residuals,
        residual_sd=math.sqrt(rest / df),
        df=df,
        r_squared=1.0 - rest / total if total > 0.0 else 0.0,
        f=f,
        f_df=f_df,
        p=math.nan if undefined else f_tail(f, f_df, df),
    )


class _Augmented:
    """The augmented system of one matrix, its columns scaled by powers of two."""

    def __init__(self, a: Floats) -> None:
        norms = np.sqrt((a * a).sum(axis=0))
        if not (norms > 0.0).all():
            raise ValueError(f"expected columns that are not all 0, got one at {int(np.argmin(norms))}")
        self.scale = np.exp2(-np.round(np.log2(norms)))
        self.a = a * self.scale
        self.q, self.r = np.linalg.qr(self.a)
        pivots = np.abs(np.diag(self.r))
        if pivots.min() <= RANK:
            raise ValueError(f"expected independent columns, got column {int(np.argmin(pivots))} made of the others")

    def solve(self, b: Floats, c: Floats) -> tuple[Floats, Floats]:
        """Return (r, x) with r + Ax = b and A'r = c, in the units of the unscaled matrix."""
        scaled = c * self.scale
        r, x = self._once(b, scaled)
        last = math.inf
        for _ in range(ROUNDS):
            change_r, change_x = self._once(*self._residual(b, scaled, r, x))
            size = float(np.abs(change_x).max())
            if not size < 0.5 * last:  # converged, or too ill-conditioned to go on
                break
            r, x, last = r + change_r, x + change_x, size
        return r, x * self.scale

    def _once(self, b: Floats, c: Floats) -> tuple[Floats, Floats]:
        down = np.linalg.solve(self.r.T, c)
        along = self.q.T @ b
        x = np.linalg.solve(self.r, along - down)
        return b - self.q @ (along - down), x

    def _residual(self, b: Floats, c: Floats, r: Floats, x: Floats) -> tuple[Floats, Floats]:
        n = len(b)
        high, low = _product(self.a, x[None, :])
        rows = np.concatenate([b[:, None], -r[:, None], -high, -low], axis=1)
        above = np.array([math.fsum(row) for row in rows.tolist()])
        high, low = _product(self.a, r[:, None])
        columns = np.concatenate([c[None, :], -high, -low], axis=0)
        below = np.array([math.fsum(column) for column in columns.T.tolist()])
        return above.reshape(n), below


def _product(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return (h, l) with h + l = x y exactly, h the rounded product."""
    high = x * y
    x_high, x_low = _split(np.broadcast_to(x, high.shape))
    y_high, y_low = _split(np.broadcast_to(y, high.shape))
    return high, x_low * y_low - (((high - x_high * y_high) - x_low * y_high) - x_high * y_low)


def _split(x: Floats) -> tuple[Floats, Floats]:
    large = SPLITTER * x
    high = large - (large - x)
    return high, x - high
