"""What a random-intercept model needs of its rows, gathered in one pass.

Rows are split into deviations from cluster means and the means, and the design is replaced by an orthonormal one, so
that neither offsets nor scales of response and covariates cost digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.ArrayLike | Sequence[object]
LARGEST = 1e140
"""Beyond this, sums of squares have no float."""


@dataclass(frozen=True, slots=True)
class ClusterStatistics:
    """All the model needs of the rows; the design is replaced by an orthonormal one (``restore`` goes back)."""

    n: int
    sizes: Floats
    within_xx: Floats
    within_xy: Floats
    within_yy: float
    mean_x: Floats
    mean_y: Floats
    total_yy: float
    restore: Floats
    """The R of X = QR."""
    start: Floats
    """Least squares coefficients, on the given design."""


def summarise(y: npt.ArrayLike, clusters: Labels, design: npt.ArrayLike | None = None) -> ClusterStatistics:
    """Return the sufficient statistics.

    Args:
        y: Response (n).
        clusters: Label of each row's cluster (n), of any sortable kind.
        design: X (n, p) of full rank, the intercept included; None for an intercept alone.

    Raises:
        ValueError: Lengths differ, a value is not finite, or the design lacks rank.
    """
    values = np.asarray(y, dtype=np.float64)
    n = len(values)
    x = np.ones((n, 1)) if design is None else np.asarray(design, dtype=np.float64)
    codes = cluster_codes(clusters)
    if values.ndim != 1 or x.ndim != 2 or len(x) != n or len(codes) != n:
        raise ValueError(
            f"expected y (n), clusters (n) and design (n, p), got {values.shape}, {codes.shape}, {x.shape}"
        )
    if not (bool((np.abs(values) <= LARGEST).all()) and np.isfinite(x).all()):
        raise ValueError(f"expected y within {LARGEST} and a finite design, got an infinity, a NaN or a larger number")
    q, r = np.linalg.qr(x)
    pivots = np.abs(np.diag(r))
    if n <= x.shape[1] or bool((pivots <= 1e-12 * np.linalg.norm(x, axis=0)).any()):
        raise ValueError(f"expected a design of full rank with fewer columns than rows, got shape {x.shape}")
    # Large offsets cost digits in products, so the mean goes first; twice is enough for the projection.
    centre = float(values.mean()) if bool((x[:, 0] == 1.0).all()) else 0.0
    rest = values - centre
    scores = q.T @ rest
    rest = rest - q @ scores
    again = q.T @ rest
    rest = rest - q @ again
    start = np.linalg.solve(r, scores + again)
    start[0] += centre
    return _split_rows(rest, codes, q, r, start)


def cluster_codes(clusters: Labels) -> npt.NDArray[np.intp]:
    """Return the number of each row's cluster: 0, 1, ... in the order of the sorted labels."""
    labels = np.asarray(clusters)
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"expected one cluster label per row, got shape {labels.shape}")
    if labels.dtype.kind in "iu":
        first, last = int(labels.min()), int(labels.max())
        if last - first <= 4 * len(labels):  # numbers close together are counted, not sorted
            wide = labels.astype(np.int64) if labels.dtype.kind == "i" else labels  # int8 would overflow
            shifted = (wide - first).astype(np.intp)
            present = np.bincount(shifted) > 0
            return np.asarray((np.cumsum(present) - 1)[shifted], dtype=np.intp)
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.intp)


def _split_rows(y: Floats, codes: npt.NDArray[np.intp], q: Floats, r: Floats, start: Floats) -> ClusterStatistics:
    sizes = np.bincount(codes).astype(np.float64)
    mean_y = np.bincount(codes, weights=y) / sizes
    mean_x = np.stack([np.bincount(codes, weights=column) for column in q.T], axis=1) / sizes[:, None]
    within_y, within_x = y - mean_y[codes], q - mean_x[codes]
    return ClusterStatistics(
        n=len(y),
        sizes=sizes,
        within_xx=within_x.T @ within_x,
        within_xy=within_x.T @ within_y,
        within_yy=float(within_y @ within_y),
        mean_x=mean_x,
        mean_y=mean_y,
        total_yy=float(y @ y),
        restore=r,
        start=start,
    )
