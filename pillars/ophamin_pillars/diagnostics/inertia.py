"""Resistance to updating (``inertia``): how much of the change that evidence calls for a system really makes.

In each trial evidence of known strength w > 0 arrives and calls for the change e (computed by the author: the posterior
mean minus the prior mean, the optimal filter's step, ...); the system moves by a. The model is

    a = drift + slope e + noise,     noise variance proportional to 1 / w,

fitted by weighted least squares. inertia = 1 - slope: 0 follows the evidence, 1 ignores it, below 0 overshoots. e is
known without error, so the slope is not attenuated; a move beyond e is kept as it is, never clipped to it, and
``drift`` takes up what the system does without any evidence, so it is not mistaken for resistance.

What is tested
--------------
    p_resists     null "slope >= 1"; small: it moves less than the evidence calls for
    p_overshoots  null "slope <= 1"; small: it moves more
    p_ignores     null "slope <= 0"; small: it follows the evidence at all
    p_drifts      null "drift = 0", two-sided

Strengths are an author's statement, so the standard error does not believe them: HC2 (robust to any variances) with
Bell & McCaffrey's (2002) degrees of freedom (Imbens & Kolesar 2016, Rev. Economics and Statistics 98:701), exact for
the variance and matched in two moments for normal noise as modelled. Approximate; conditions: independent trials, no
trial with half of the leverage, at least 10 trials. A call is made at level / 2 on each side, so a system whose slope
is 1 is called anything with probability at most the level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.signals import Floats, as_sequence

Call: TypeAlias = Literal["resists", "overshoots", "undetermined"]

LEAST_TRIALS = 3
CONDITIONS = "independent trials, at least 10, none with half of the leverage"
LARGEST_LEVERAGE = 0.5
ENOUGH_TRIALS = 10


@dataclass(frozen=True, slots=True)
class Inertia:
    """The regression and its tests."""

    n: int
    slope: float
    standard_error: float
    degrees_of_freedom: float
    drift: float
    p_drifts: float
    overshoots: int
    """Trials that moved beyond what was called for, in its direction."""
    reversals: int
    """Trials that moved against it."""
    largest_leverage: float

    @property
    def inertia(self) -> float:
        return 1.0 - self.slope

    @property
    def p_resists(self) -> float:
        return self._below(1.0)

    @property
    def p_overshoots(self) -> float:
        return self._above(1.0)

    @property
    def p_ignores(self) -> float:
        return self._above(0.0)

    @property
    def conditions_hold(self) -> bool:
        return self.n >= ENOUGH_TRIALS and self.largest_leverage < LARGEST_LEVERAGE

    def bounds(self, level: float) -> tuple[float, float]:
        """Return one-sided bounds of inertia, each at ``level``; infinite where the residuals have no spread."""
        if self.standard_error == 0.0:
            return -math.inf, math.inf
        half = -float(special().stdtrit(self.degrees_of_freedom, level)) * self.standard_error
        return self.inertia - half, self.inertia + half

    def call(self, level: float) -> Call:
        """Return the call whose wrong-way error is at most ``level``."""
        if 2.0 * self.p_resists <= level:
            return "resists"
        return "overshoots" if 2.0 * self.p_overshoots <= level else "undetermined"

    def _above(self, slope: float) -> float:
        """Return the p-value of the null "slope <= ``slope``"; 1 where residuals have no spread."""
        if self.standard_error == 0.0:
            return 1.0
        return float(special().stdtr(self.degrees_of_freedom, (slope - self.slope) / self.standard_error))

    def _below(self, slope: float) -> float:
        if self.standard_error == 0.0:
            return 1.0
        return float(special().stdtr(self.degrees_of_freedom, (self.slope - slope) / self.standard_error))


def measure_inertia(expected: npt.ArrayLike, accepted: npt.ArrayLike, strength: npt.ArrayLike | None = None) -> Inertia:
    """Fit the model.

    Args:
        expected: change the evidence calls for, shape (n,), n >= 3.
        accepted: change made, shape (n,).
        strength: of the evidence, > 0, shape (n,); equal by default.

    Raises:
        ValueError: shapes that differ, values that are not finite, strengths not above 0, or expected changes that are
            all equal (no slope can be told).
    """
    e, a = as_sequence(expected, "expected", LEAST_TRIALS), as_sequence(accepted, "accepted", LEAST_TRIALS)
    w = np.ones(len(e)) if strength is None else as_sequence(strength, "strength", LEAST_TRIALS)
    if not e.shape == a.shape == w.shape:
        raise ValueError(f"expected, accepted and strength must have one shape, got {e.shape}, {a.shape}, {w.shape}")
    if bool((w <= 0.0).any()):
        raise ValueError(f"strength must be above 0, got {float(w.min())!r}")
    if float(e.max()) == float(e.min()):
        raise ValueError("expected changes are all equal: no slope can be told")
    root = np.sqrt(w / w.max())
    design = np.column_stack((root, root * e))
    q, r = np.linalg.qr(design)
    coefficients: Floats = np.linalg.solve(r, q.T @ (root * a))
    residuals = root * a - design @ coefficients
    # Rows of the pseudo-inverse: coefficient j is rows[j] @ (root * a).
    rows: Floats = np.linalg.solve(r, q.T)
    scale = float(np.abs(root * a).max())
    if float(np.abs(residuals).max()) <= 1e-13 * max(scale, 1e-300):
        residuals = np.zeros_like(residuals)
    slope_error, df = _robust(q, rows[1], residuals)
    drift_error, drift_df = _robust(q, rows[0], residuals)
    drift = float(coefficients[0])
    return Inertia(
        n=len(e),
        slope=float(coefficients[1]),
        standard_error=slope_error,
        degrees_of_freedom=df,
        drift=drift,
        p_drifts=1.0 if drift_error == 0.0 else float(2.0 * special().stdtr(drift_df, -abs(drift) / drift_error)),
        overshoots=int(((a * np.sign(e)) > np.abs(e)).sum()),
        reversals=int(((a * np.sign(e)) < 0.0).sum()),
        largest_leverage=float((q * q).sum(axis=1).max()),
    )


def _robust(q: Floats, row: Floats, residuals: Floats) -> tuple[float, float]:
    """Return HC2 standard error and Bell-McCaffrey degrees of freedom of the coefficient ``row @ y``.

    With M = I - Q Q' and g = row^2 / (1 - leverage) the variance estimate is a quadratic form whose mean and variance
    under the model need tr A = sum g M_ii and tr A^2 = sum g_i g_j M_ij^2; the latter without any n x n matrix.
    """
    free = np.maximum(1.0 - (q * q).sum(axis=1), 1e-12)
    g = row * row / free
    mean = float(g @ free)
    spread = float((g * g) @ (free * free - (1.0 - free) ** 2)) + float(
        ((q.T * g) @ q).ravel() @ ((q.T * g) @ q).ravel()
    )
    return math.sqrt(float(g @ (residuals * residuals))), max(1.0, mean * mean / spread)
