"""ALL-IN: evidence of a growing series of studies, valid whenever one stops looking.

Each study brings an e-value against one common null; the running product is a test martingale, so that under the null
its maximum ever reaches 1 / a with probability at most a (Ville), whatever made the next study happen. ter Schure &
Grunwald (2022) F1000Research 11:549. It replaces cumulative intervals and needs no information size.

Studies must not share draws: proofs with equal seed policy and digest repeat one result, and multiplying it would make
evidence of nothing. They are refused.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Study:
    """What one study adds."""

    name: str
    log_e: float
    """Log of its e-value; ``-math.inf`` for an e-value of 0."""
    draws: Hashable
    """What its random draws are a function of: seed policy and digest of the claim, or a baseline it shares."""


@dataclass(frozen=True, slots=True)
class AllIn:
    """Evidence after each study."""

    log_e: Floats
    """Log of the running product (k)."""
    p: Floats
    """Anytime-valid p-value after each study: 1 / the greatest product so far, at most 1 (k)."""

    def first_reaching(self, level: float) -> int | None:
        """Return the index of the study after which the null was rejected at ``level``, or None."""
        at = np.flatnonzero(self.p <= level)
        return int(at[0]) if len(at) else None


def accumulate(studies: Sequence[Study]) -> AllIn:
    """Return the running product of the studies' e-values, in their order.

    Raises:
        ValueError: There is no study, an e-value is not a number, or studies share their draws.
    """
    if not studies:
        raise ValueError("expected a study or more, got none")
    check_independent(studies)
    steps = np.array([study.log_e for study in studies], dtype=np.float64)
    if np.isnan(steps).any() or (steps == math.inf).any():
        raise ValueError(f"expected finite e-values, got log e {steps.tolist()}")
    log_e = np.cumsum(steps)  # -inf once an e-value is 0: the evidence is lost for good
    return AllIn(log_e=log_e, p=np.exp(-np.maximum(np.maximum.accumulate(log_e), 0.0)))


def check_independent(studies: Sequence[Study]) -> None:
    """Refuse studies that share draws.

    Raises:
        ValueError: Two or more have equal ``draws``; all such are named.
    """
    counts = Counter(study.draws for study in studies)
    shared = [study.name for study in studies if counts[study.draws] > 1]
    if shared:
        raise ValueError(f"expected independent studies, got shared draws in {', '.join(shared)}")


def log_average(log_e: npt.ArrayLike) -> float:
    """Return the log of the mean of e-values: an e-value under any dependence (Vovk & Wang 2021 Ann. Stat. 49:1736)."""
    values = np.asarray(log_e, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0 or np.isnan(values).any() or (values == math.inf).any():
        raise ValueError(f"expected finite e-values, got log e {values.tolist()}")
    top = float(values.max())
    return -math.inf if top == -math.inf else top + math.log(float(np.exp(values - top).mean()))


def normal_log_e(estimate: float, standard_error: float, *, null: float, scale: float) -> float:
    """Return the log e-value of a normal estimate against "parameter <= null", for any true value up to ``null``.

    The likelihood ratio averaged over a half-normal alternative, null + |N(0, scale^2)|: with z the studentised
    distance from the null, r = scale^2 / se^2 and u = z sqrt(r / (1 + r)),

        e = 2 Phi(u) exp(u^2 / 2) / sqrt(1 + r)

    Each point alternative's ratio is increasing in the data, so its mean under smaller parameters is at most 1.
    Approximate in so far as the standard error is estimated. For "parameter >= null" negate estimate and null.

    Raises:
        ValueError: The standard error or the scale is not positive, or a value not finite.
    """
    finite = all(map(math.isfinite, (estimate, standard_error, null, scale)))
    if not finite or standard_error <= 0.0 or scale <= 0.0:
        raise ValueError(
            f"expected a finite estimate, positive error and scale, got {estimate}, {standard_error}, {scale}"
        )
    ratio = (scale / standard_error) ** 2
    u = (estimate - null) / standard_error * math.sqrt(ratio / (1.0 + ratio))
    return math.log(2.0) + float(special().log_ndtr(u)) + 0.5 * u * u - 0.5 * math.log1p(ratio)
