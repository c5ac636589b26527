"""The truncated sequential probability ratio test, calibrated by exact dynamic programming.

Wald's lines keep their error rates only roughly, and without an end. Here the test ends at a cap, and lines and final
count are chosen by the exact programme so that the realised errors stay within their levels while few trials are
expected (Anderson 1960, Ann. Math. Stat. 31:165; Aroian 1968, Technometrics 10:125; Jennison & Turnbull 2000, 12.1).

    >>> from ophamin_pillars.sequential.truncated import truncated_sprt
    >>> design = truncated_sprt(0.85, 0.90, 0.05, 0.10, 600)
    >>> design.alpha <= 0.05, design.beta <= 0.10, design.conclusive
    (True, True, True)

Among lines whose errors fit, those with the least ``E0 n + E1 n`` are taken, where every sample ends with a verdict. If
no lines achieve that (cap and levels are incompatible) each level is kept, what remains between the counts at the cap
is INCONCLUSIVE, and ``E1 n / P1(VALIDATED) + E0 n / P0(REFUTED)`` is made small: trials per decision.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ophamin_pillars.sequential.calibration import Candidates, Nulls, evaluate
from ophamin_pillars.sequential.design import CountDesign, completed
from ophamin_pillars.sequential.lines import log_ratios, ratio_boundaries
from ophamin_pillars.sequential.stopping import Floats, check_design

METHOD = "truncated-sprt/1"

FACTORS = np.array([0.4, 0.55, 0.7, 0.8, 0.9, 0.95, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0])
"""First grid, in units of the line that Ville's inequality gives."""
ZOOMS = 3
ZOOM_STEPS = 12
RARE = 1e-6
"""A decision less probable than this costs no more trials than one that is."""
DECIMALS = 4
"""Lines are rounded to 1e-4 successes, so that every platform finds the same integers."""


@lru_cache(maxsize=512)
def truncated_sprt(p0: float, p1: float, level_validate: float, level_refute: float, cap: int) -> CountDesign:
    """Calibrate the test of p0 against p1 with at most ``cap`` trials.

    Args:
        p0: Null of validation (threshold minus margin), in [0, 1).
        p1: Null of refutation (threshold), in (p0, 1].
        level_validate: Greatest P(VALIDATED) at p0.
        level_refute: Greatest P(REFUTED) at p1.
        cap: Number of trials after which the sum decides.

    Returns:
        The design, cached by its parameters. Its ``power`` is what the plan prints; unless it is ``conclusive``, cap
        and levels are incompatible and some samples end between the counts at the cap.

    Raises:
        ValueError: An argument outside its range.
    """
    check_design(p0, p1, level_validate, level_refute)
    if cap < 1:
        raise ValueError(f"the cap is a positive number of trials, not {cap}")
    log_a, log_b = -math.log(level_validate), math.log(level_refute)
    if p0 > 0.0 and p1 < 1.0:
        success, failure = log_ratios(p0, p1)
        odds = success - failure
        slope = round(-failure / odds, 12)
        nulls = Nulls(p0=p0, p1=p1, level_validate=level_validate, level_refute=level_refute, slope=slope, cap=cap)
        above, below = _best_lines(nulls, log_a / odds, -log_b / odds)
        log_a, log_b = above * odds, -below * odds
    # Where p0 = 0 or p1 = 1 a single outcome is conclusive and Ville's thresholds have no excess: nothing to choose.
    lines = ratio_boundaries(p0, p1, log_a, log_b, cap)
    return completed(lines, p0, p1, level_validate, level_refute, thresholds=(log_a, log_b))


def _best_lines(nulls: Nulls, above: float, below: float) -> tuple[float, float]:
    """Return the distances of the best lines, searched on a grid around (above, below) that is refined three times."""
    # With few trials for such levels a line is useful where the sum can get, not where Ville's inequality puts it.
    reach = math.sqrt(2.0 * nulls.cap * nulls.slope * (1.0 - nulls.slope))
    odds = -math.log(nulls.level_validate) / above
    units = [min(unit, reach * math.sqrt(unit * odds)) for unit in (above, below)]
    grids = [unit * FACTORS for unit in units]
    best = (above, below)  # Ville's lines, which keep both levels whatever the search finds
    for _ in range(ZOOMS + 1):
        grids = [np.unique(np.round(np.minimum(grid, float(nulls.cap)), DECIMALS)) for grid in grids]
        a, b = np.meshgrid(*grids, indexing="ij")
        place = _best(found := evaluate(a.ravel(), b.ravel(), nulls))
        if place is None:
            break
        best = float(found.above[place]), float(found.below[place])
        grids = [_around(grid, value) for grid, value in zip(grids, best, strict=True)]
    return best


def _best(found: Candidates) -> int | None:
    """Return the place of the cheapest candidate: conclusive ones first, ties to the first; None: no level is kept."""
    if not found.admissible.any():
        return None
    e0, e1 = found.mean_n
    if found.conclusive.any():
        costs = np.where(found.conclusive, e0 + e1, np.inf)
    else:
        per_decision = e1 / np.maximum(found.power, RARE) + e0 / np.maximum(found.refuted, RARE)
        costs = np.where(found.admissible, per_decision, np.inf)
    # Platforms may differ in the last digits of a sum; they must not differ in the design.
    return int(np.argmin(np.round(costs, 6)))


def _around(grid: Floats, value: float) -> Floats:
    """Return a finer grid between the neighbours of ``value``."""
    place = int(np.flatnonzero(grid == value)[0])
    low, high = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
    return np.unique(np.append(np.linspace(low, high, ZOOM_STEPS), value))
