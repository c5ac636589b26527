"""Random-effects meta-analysis of independent studies, and its prediction interval.

Default: tau2 by REML, the Hartung-Knapp-Sidik-Jonkman error with max(1, q), k - 1 degrees of freedom (Hartung & Knapp
2001 Stat. Med. 20:3875; Sidik & Jonkman 2002; the maximum: Roever, Knapp & Friede 2015 BMC Med. Res. Methodol. 15:99,
because without it homogeneous studies get an interval shorter than the fixed effect's). z is for comparison.

A cumulative analysis shows how a series grew; its plain intervals are no stopping rule (24 % false conclusions in 20
looks). Accumulate e-values for that: :mod:`ophamin_pillars.synthesis.all_in`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.models.estimate import Estimate, quantile
from ophamin_pillars.synthesis.heterogeneity import Method, cochran_q, tau2_of, weighted_mean

Floats = npt.NDArray[np.float64]
Error = Literal["z", "hksj", "hksj-max1"]


@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """A pooled effect and what is known of its heterogeneity."""

    pooled: Estimate
    """The mean effect; ``n`` counts studies."""
    tau2: float
    q: float
    """Cochran's Q (k - 1 degrees of freedom)."""
    q_p: float
    i2: float
    """Share of the variation that is heterogeneity, in percent (Higgins & Thompson 2002)."""
    h2: float
    method: Method
    error: Error

    def prediction_interval(self, confidence: float = 0.95, df: float | None = None) -> tuple[float, float]:
        """Return where the true effect of another study lies.

        Args:
            confidence: Of the interval.
            df: Degrees of freedom; None for those of the pooled effect. Higgins, Thompson & Spiegelhalter (2009) take
                k - 2.

        Raises:
            ValueError: ``df`` is not positive.
        """
        degrees = self.pooled.df if df is None else df
        if not degrees > 0:
            raise ValueError(f"expected positive degrees of freedom, got {degrees}")
        spread = math.hypot(self.pooled.standard_error, math.sqrt(self.tau2))
        reach = quantile(0.5 * (1.0 - confidence), degrees) * spread
        return self.pooled.value - reach, self.pooled.value + reach


def pool(
    effects: npt.ArrayLike, variances: npt.ArrayLike, *, method: Method = "REML", error: Error = "hksj-max1"
) -> MetaAnalysis:
    """Return the pooled effect of independent studies.

    Args:
        effects: Effect of each study (k).
        variances: Their sampling variances, positive (k).
        method: Estimator of tau2 (:mod:`~ophamin_pillars.synthesis.heterogeneity`); ``"FE"`` sets it to 0.
        error: Standard error and law of the pooled effect.

    Raises:
        ValueError: Lengths differ, a value is not finite or a variance not positive, or one study is to give a
            Hartung-Knapp error.
    """
    y, v = _checked(effects, variances)
    k = len(y)
    tau2 = tau2_of(y, v, method)
    q = cochran_q(y, v)
    w = 1.0 / (v + tau2)
    i2, h2 = _shares(v, tau2, q, fixed=method == "FE")
    return MetaAnalysis(
        pooled=_pooled(y, v, w, tau2, error),
        tau2=tau2,
        q=q,
        q_p=float(special().chdtrc(k - 1, q)) if k > 1 else 1.0,
        i2=i2,
        h2=h2,
        method=method,
        error=error,
    )


def cumulative(
    effects: npt.ArrayLike,
    variances: npt.ArrayLike,
    order: Sequence[float] | None = None,
    *,
    method: Method = "DL",
    error: Error = "z",
) -> tuple[MetaAnalysis, ...]:
    """Return the analyses of the first study, the first two, and so on (Lau et al. 1992); no stopping rule.

    Args:
        effects: Effect of each study (k).
        variances: Their sampling variances (k).
        order: Key the studies are ordered by, ties as they stand (k); None for the order given.
        method: As for :func:`pool`.
        error: As for :func:`pool`; a first study alone has no Hartung-Knapp error.
    """
    y, v = _checked(effects, variances)
    keys = list(range(len(y))) if order is None else list(order)
    if len(keys) != len(y):
        raise ValueError(f"expected {len(y)} keys to order by, got {len(keys)}")
    at = sorted(range(len(y)), key=keys.__getitem__)
    return tuple(pool(y[at[: i + 1]], v[at[: i + 1]], method=method, error=error) for i in range(len(y)))


def leave_one_out(
    effects: npt.ArrayLike, variances: npt.ArrayLike, *, method: Method = "REML", error: Error = "hksj-max1"
) -> tuple[MetaAnalysis, ...]:
    """Return the analysis without each study in turn; arguments as for :func:`pool`."""
    y, v = _checked(effects, variances)
    return tuple(pool(np.delete(y, i), np.delete(v, i), method=method, error=error) for i in range(len(y)))


def _checked(effects: npt.ArrayLike, variances: npt.ArrayLike) -> tuple[Floats, Floats]:
    y, v = np.asarray(effects, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if y.ndim != 1 or y.shape != v.shape or len(y) == 0:
        raise ValueError(f"expected one effect and variance per study, got shapes {y.shape} and {v.shape}")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0.0).all()):
        raise ValueError("expected finite effects and positive finite variances")
    return y, v


def _pooled(y: Floats, v: Floats, w: Floats, tau2: float, error: Error) -> Estimate:
    k, mean = len(y), weighted_mean(y, w)
    plain = 1.0 / math.sqrt(float(w.sum()))
    if error == "z":
        return Estimate(value=mean, standard_error=plain, df=math.inf, n=k)
    if error not in {"hksj", "hksj-max1"}:
        raise ValueError(f"expected an error among z, hksj and hksj-max1, got {error!r}")
    if k < 2:
        raise ValueError("expected two studies or more for a Hartung-Knapp error, got one")
    scale = math.sqrt(cochran_q(y, v, tau2) / (k - 1))
    factor = scale if error == "hksj" else max(1.0, scale)
    return Estimate(value=mean, standard_error=plain * factor, df=k - 1.0, n=k)


def _shares(v: Floats, tau2: float, q: float, *, fixed: bool) -> tuple[float, float]:
    """Return I2 and H2: from Q for a fixed effect, else tau2 against the typical sampling variance."""
    k = len(v)
    if k == 1:
        return 0.0, 1.0
    if fixed:
        return (100.0 * max(0.0, 1.0 - (k - 1) / q) if q > 0.0 else 0.0), q / (k - 1)
    w = 1.0 / v
    total = float(w.sum())
    typical = (k - 1) * total / (total**2 - float(w @ w))
    return 100.0 * tau2 / (tau2 + typical), tau2 / typical + 1.0
