"""Estimators of tau2, the variance of true effects between studies.

Viechtbauer (2005) JEBS 30:261 and Veroniki et al. (2016) Res. Synth. Methods 7:55 compare them. With weights
w_i = 1 / (v_i + tau2) and their weighted mean mu:

    DL    (DerSimonian & Laird 1986)  moments, weights 1 / v
    HE    (Hedges & Olkin 1985)       moments, equal weights
    HS    (Hunter & Schmidt 1990)     (Q - k) / sum 1 / v
    SJ    (Sidik & Jonkman 2005)      two steps from the crude variance; always positive
    PM    (Paule & Mandel 1982)       sum w_i (y_i - mu)^2 = k - 1; the same root as empirical Bayes (EB, Morris 1983)
    ML, REML                          least (restricted) deviance on [0, inf)

All but SJ are truncated at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.profile import crossing, least_point

Floats = npt.NDArray[np.float64]
Method = Literal["FE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM"]


def tau2_of(y: Floats, v: Floats, method: Method) -> float:
    """Return the estimate of tau2.

    Args:
        y: Effects (k).
        v: Their sampling variances, taken as known and positive (k).
        method: The estimator; ``"FE"`` is no heterogeneity.

    Raises:
        ValueError: The method is unknown.
    """
    if method not in _ESTIMATORS:
        raise ValueError(f"expected a method among {', '.join(_ESTIMATORS)}, got {method!r}")
    return max(0.0, _ESTIMATORS[method](y, v)) if len(y) > 1 else 0.0


def cochran_q(y: Floats, v: Floats, tau2: float = 0.0) -> float:
    """Return sum (y_i - mu)^2 / (v_i + tau2) about the mean with the same weights."""
    w = 1.0 / (v + tau2)
    rest = y - weighted_mean(y, w)
    return float(w @ (rest * rest))


def weighted_mean(y: Floats, w: Floats) -> float:
    """Return the mean with weights ``w``; taken about one of the effects, so that equal ones stay exact."""
    return float(y[0]) + float(w @ (y - y[0])) / float(w.sum())


def _none(y: Floats, v: Floats) -> float:
    del y, v
    return 0.0


def _dersimonian_laird(y: Floats, v: Floats) -> float:
    w = 1.0 / v
    total = float(w.sum())
    return (cochran_q(y, v) - (len(y) - 1)) / (total - float(w @ w) / total)


def _hedges(y: Floats, v: Floats) -> float:
    return float(y.var(ddof=1) - v.mean())


def _hunter_schmidt(y: Floats, v: Floats) -> float:
    return (cochran_q(y, v) - len(y)) / float((1.0 / v).sum())


def _sidik_jonkman(y: Floats, v: Floats) -> float:
    crude = float(y.var())
    return crude * cochran_q(y, v, crude) / (len(y) - 1) if crude > 0.0 else 0.0


def _paule_mandel(y: Floats, v: Floats) -> float:
    df = len(y) - 1

    def lack(tau2: float) -> float:
        return df - cochran_q(y, v, tau2)

    if lack(0.0) >= 0.0:
        return 0.0
    high = float(y.var(ddof=1)) + float(v.max())
    while lack(high) < 0.0:
        high *= 2.0
    return crossing(lack, 0.0, high)


def _likelihood(*, reml: bool) -> Callable[[Floats, Floats], float]:
    def estimate(y: Floats, v: Floats) -> float:
        scale = float(y.var(ddof=1)) + float(v.max())
        least = 1e-6 * min(scale, float(v.min()))
        return least_point(
            lambda grid: np.array([_deviance(y, v, float(at), reml=reml) for at in grid]),
            lambda at: _slope(y, v, at, reml=reml),
            least,
            100.0 * scale,
        )

    return estimate


def _deviance(y: Floats, v: Floats, tau2: float, *, reml: bool) -> float:
    w = 1.0 / (v + tau2)
    found = cochran_q(y, v, tau2) - float(np.log(w).sum())
    return found + float(np.log(w.sum())) if reml else found


def _slope(y: Floats, v: Floats, tau2: float, *, reml: bool) -> float:
    w = 1.0 / (v + tau2)
    rest = y - weighted_mean(y, w)
    found = float(w.sum()) - float((w * rest) @ (w * rest))
    return found - float(w @ w) / float(w.sum()) if reml else found


_ESTIMATORS: dict[str, Callable[[Floats, Floats], float]] = {
    "FE": _none,
    "DL": _dersimonian_laird,
    "HE": _hedges,
    "HS": _hunter_schmidt,
    "SJ": _sidik_jonkman,
    "ML": _likelihood(reml=False),
    "REML": _likelihood(reml=True),
    "EB": _paule_mandel,
    "PM": _paule_mandel,
}
