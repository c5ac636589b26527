"""What a claim about pairs averages, pair by pair: the variable whose order serial dependence is judged by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ophamin_pillars.runs import centred_ranks

Floats = npt.NDArray[np.float64]
_TOTALS = frozenset({"rate", "mtbf", "bandwidth"})
_RATIOS = frozenset({"ratio", "time_ratio", "memory_ratio"})
_CORRELATIONS = frozenset({"correlation", "spearman", "kendall"})


def of_pairs(kind: str, first: Floats, second: Floats) -> Floats | None:
    """Return the decision variable of pairs (n); None where the pairs have none."""
    if kind in _TOTALS:
        return _residuals(first, second)
    if kind in _CORRELATIONS:
        return _products(kind, first, second)
    if kind not in _RATIOS:
        return first - second
    return first / second if bool(((first > 0.0) & (second > 0.0)).all()) else None


def _residuals(first: Floats, second: Floats) -> Floats | None:
    """Return what each trial has above its share of the totals: a ratio of totals is decided on these."""
    total = float(second.sum())
    return first - float(first.sum()) / total * second if total > 0.0 and np.isfinite(total) else None


def _products(kind: str, x: Floats, y: Floats) -> Floats:
    """Return what each pair adds to the correlation, of values or of ranks."""
    if kind != "correlation":
        return centred_ranks(x) * centred_ranks(y)
    largest = [float(np.abs(column).max(initial=0.0)) or 1.0 for column in (x, y)]  # products must not overflow
    u, v = x / largest[0], y / largest[1]
    products: Floats = (u - u.mean()) * (v - v.mean())
    return products
