"""The likelihood-ratio e-process of 0/1 data: evidence that may be looked at any time, without calibration.

``e_n = (p1/p0)^S ((1-p1)/(1-p0))^(n-S)`` is a non-negative supermartingale under every proportion up to p0, and its
reciprocal under every proportion from p1 (Wald 1945; Grunwald, de Heide & Koolen 2024, JRSS-B 86:1091, for its growth
rate). By Ville's inequality ``1 / max e`` is a p-value at any stopping time. For "at most" hand over failures, as in
:class:`~ophamin_pillars.sequential.design.CountDesign`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.sequential.lines import ratio_boundaries
from ophamin_pillars.sequential.stopping import Boundaries, Crossed, Floats, Stop, check_design, checked


def log_e(successes: npt.ArrayLike, failures: npt.ArrayLike, p0: float, p1: float) -> Floats:
    """Return the log likelihood ratio of p1 to p0, in the broadcast shape of the counts.

    -inf and inf stand for data that p1 = 1, or p0 = 0, make impossible.

    Raises:
        ValueError: Not ``0 <= p0 < p1 <= 1``, or both at the ends: one mixed sample would contradict both.
    """
    check_design(p0, p1, 0.5, 0.5)
    if p0 == 0.0 and p1 == 1.0:
        raise ValueError("p0 = 0 and p1 = 1 leave no alternative under which both outcomes occur")
    sp = special()
    s, f = np.asarray(successes, dtype=np.float64), np.asarray(failures, dtype=np.float64)
    found: Floats = (sp.xlogy(s, p1) - sp.xlogy(s, p0)) + (sp.xlog1py(f, -p1) - sp.xlog1py(f, -p0))
    return found


def log_e_path(outcomes: npt.ArrayLike, p0: float, p1: float) -> Floats:
    """Return log e after each of the ``outcomes`` (0/1 in trial order, shape (n,)): shape (n,).

    Computed from the counts, not by adding up, so that equal counts give equal evidence.
    """
    successes = np.cumsum(checked(outcomes))
    return log_e(successes, np.arange(1, len(successes) + 1) - successes, p0, p1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioEvidence:
    """What the e-processes of both sides say about a sample, up to where it stopped."""

    n: int
    stop: Stop | None
    """None: neither threshold was reached."""
    log_e_validate: float
    """Evidence against "proportion <= p0" at the end; e-BH takes this one."""
    log_e_refute: float
    """Evidence against "proportion >= p1" at the end."""
    p_validate: float
    """1 / max e over time, at most 1."""
    p_refute: float


def ratio_evidence(
    outcomes: npt.ArrayLike, p0: float, p1: float, level_validate: float, level_refute: float
) -> RatioEvidence:
    """Return the evidence up to the first time one side reaches 1 / level, or of all outcomes.

    Args:
        outcomes: 0/1 in trial order, shape (n,), n >= 1.
        p0: Null of validation.
        p1: Null of refutation.
        level_validate: Level of validation.
        level_refute: Level of refutation.

    Raises:
        ValueError: An argument outside its range, or no outcomes.
    """
    check_design(p0, p1, level_validate, level_refute)
    x = checked(outcomes)
    if not len(x):
        raise ValueError("there is no evidence in no outcomes")
    stop = ratio_design(p0, p1, level_validate, level_refute, len(x)).first_crossing(x)
    n = len(x) if stop is None else stop.n
    path = log_e_path(x[:n], p0, p1)
    reached = stop is not None and stop.crossed is not Crossed.NEITHER
    return RatioEvidence(
        n=n,
        stop=stop if reached else None,
        log_e_validate=float(path[-1]),
        log_e_refute=-float(path[-1]),
        p_validate=math.exp(-max(0.0, float(path.max()))),
        p_refute=math.exp(min(0.0, float(path.min()))),
    )


def ratio_design(p0: float, p1: float, level_validate: float, level_refute: float, cap: int) -> Boundaries:
    """Return the counts at which e reaches 1 / level_validate, or its reciprocal 1 / level_refute (Ville's thresholds).

    At the cap, too, only these counts decide. The law of these boundaries
    (:func:`~ophamin_pillars.sequential.law.stopping_law`) gives error rates and expected sample size.
    """
    return ratio_boundaries(p0, p1, -math.log(level_validate), math.log(level_refute), cap)
