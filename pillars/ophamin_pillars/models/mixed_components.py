"""Degrees of freedom of a general mixed model: the parts of Kenward and Roger's formulas, from n x n matrices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.kenward_roger import Components
from ophamin_pillars.models.mixed_effects import MixedModel, free_entries

Floats = npt.NDArray[np.float64]
LARGEST_DENSE = 3_000
"""Rows up to which n x n matrices are formed."""


def mixed_components(model: MixedModel) -> Components:
    """Return what the degrees of freedom of a contrast need (:func:`~.kenward_roger.contrast_of`).

    Raises:
        ValueError: The fit is by maximum likelihood, or has more rows than n x n matrices should be made of.
    """
    n = len(model.y)
    if not model.reml:
        raise ValueError("expected a fit by REML, got one by ML: its variance components are biased")
    if n > LARGEST_DENSE:
        raise ValueError(f"expected at most {LARGEST_DENSE} rows, got {n}: the matrices would be too large")
    v = model.sigma2 * np.eye(n)
    derivatives: list[Floats] = []
    for columns, covariance, correlated in zip(model.columns, model.covariances, model.correlated, strict=True):
        for i, j in free_entries(columns.shape[2], correlated=correlated):
            product = columns[:, :, i] @ columns[:, :, j].T
            derivative = product if i == j else product + product.T
            derivatives.append(derivative)
            v += covariance[i, j] * derivative
    derivatives.append(np.eye(n))
    inverse = np.linalg.inv(v)
    vx = inverse @ model.design
    residual = inverse @ (model.y - model.design @ model.beta)
    moved = [derivative @ vx for derivative in derivatives]
    scaled = [derivative @ residual for derivative in derivatives]
    sandwich = [inverse @ derivative for derivative in derivatives]
    projected = inverse - vx @ model.covariance @ vx.T
    return Components(
        beta=model.beta,
        phi=model.covariance,
        first=np.stack([vx.T @ m for m in moved]),
        second=np.stack([np.stack([a.T @ inverse @ b for b in moved]) for a in moved]),
        traces=np.array([[float((a * b.T).sum()) for b in sandwich] for a in sandwich]),
        quadratic=np.array([[float(a @ projected @ b) for b in scaled] for a in scaled]),
        n=n,
    )
