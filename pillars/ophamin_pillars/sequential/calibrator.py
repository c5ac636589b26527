"""From p-values to e-values: what lets a fixed-n result join evidence that is multiplied or averaged.

A calibrator is a decreasing f with integral 1 over [0, 1]: then f(p) is an e-value (Vovk & Wang 2021, Ann. Stat.
49:1736-1754, prop. 2.1). The way back is ``min(1, 1 / e)`` (their prop. 2.2). All functions return log e.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SERIES_BELOW = 0.5
SERIES_TERMS = 16


def power_log_e(p: npt.ArrayLike, kappa: float = 0.5) -> Floats:
    """Return log(kappa p^(kappa - 1)) (Vovk & Wang 2021, eq. 1), shape of ``p``.

    Args:
        p: p-values in [0, 1]; 0 gives inf.
        kappa: Strictly between 0 and 1; 1/2 is Shafer's square-root calibrator up to a constant.

    Raises:
        ValueError: A p-value outside [0, 1], or kappa outside (0, 1).
    """
    if not 0.0 < kappa < 1.0:
        raise ValueError(f"kappa lies strictly between 0 and 1, not at {kappa}")
    log_e: Floats = math.log(kappa) + (1.0 - kappa) * _surprise(p)
    return log_e


def mixture_log_e(p: npt.ArrayLike) -> Floats:
    """Return the log of the average of all power calibrators, (1 - p + p log p) / (p log(p)^2) (eq. 2), shape of ``p``.

    Raises:
        ValueError: A p-value outside [0, 1].
    """
    u = _surprise(p)
    small, large = np.minimum(u, SERIES_BELOW), np.maximum(u, SERIES_BELOW)
    # (exp(u) - 1 - u) / u^2: as a series near u = 0, by exp(-u) where exp(u) could overflow
    series = np.zeros_like(u)
    for k in range(SERIES_TERMS, 1, -1):
        series = small * series + 1.0 / math.factorial(k)
    with np.errstate(invalid="ignore"):  # inf - inf at p = 0, which is set apart below
        log_large = large + np.log1p(-(1.0 + large) * np.exp(-large)) - 2.0 * np.log(large)
    log_e: Floats = np.where(u < SERIES_BELOW, np.log(series), np.where(np.isinf(u), np.inf, log_large))
    return log_e


def best_power_log_e(p: npt.ArrayLike) -> Floats:
    """Return the log of the greatest value any power calibrator has at p, ``1 / (-e p log p)`` below 1/e, else 1.

    **Not an e-value**: kappa is chosen after p is known. It bounds what calibration, or a Bayes factor of this kind,
    could give (Sellke, Bayarri & Berger 2001, Am. Stat. 55:62-71; Vovk & Wang 2021, sec. 2).

    Raises:
        ValueError: A p-value outside [0, 1].
    """
    u = np.maximum(_surprise(p), 1.0)
    finite = np.where(np.isinf(u), 1.0, u)
    log_e: Floats = np.where(np.isinf(u), np.inf, finite - 1.0 - np.log(finite))
    return log_e


def p_from_log_e(log_e: npt.ArrayLike) -> Floats:
    """Return min(1, 1 / e), shape of ``log_e``."""
    p: Floats = np.exp(-np.maximum(np.asarray(log_e, dtype=np.float64), 0.0))
    return p


def _surprise(p: npt.ArrayLike) -> Floats:
    """Return -log p."""
    values = np.asarray(p, dtype=np.float64)
    if not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError(f"p-values lie between 0 and 1, not at {values.min():g} or {values.max():g}")
    with np.errstate(divide="ignore"):
        surprise: Floats = -np.log(values) + 0.0
    return surprise
