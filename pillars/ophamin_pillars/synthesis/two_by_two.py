"""Effects of 2 x 2 tables with their sampling variances, and the Mantel-Haenszel and Peto poolings of them.

Formulas as in Fleiss & Berlin (2009) ch. 13: with a of n1 and c of n2,

    RR = log(a/n1) - log(c/n2),  1/a - 1/n1 + 1/c - 1/n2
    OR = log(ad / bc),           1/a + 1/b + 1/c + 1/d
    RD = a/n1 - c/n2,            ab/n1^3 + cd/n2^3

A table with an empty cell gets 1/2 in each of its cells.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.estimate import Estimate

Floats = npt.NDArray[np.float64]
Measure = Literal["RR", "OR", "RD"]
HALF = 0.5


def table_effects(
    a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike, d: npt.ArrayLike, measure: Measure
) -> tuple[Floats, Floats]:
    """Return effects and variances of k tables.

    Args:
        a: Events in the first arm (k).
        b: Others in the first arm (k).
        c: Events in the second arm (k).
        d: Others in the second arm (k).
        measure: Log risk ratio, log odds ratio, or risk difference; first against second.

    Raises:
        ValueError: A count is negative, lengths differ, an arm is empty, or the measure is unknown.
    """
    cells = _cells(a, b, c, d)
    empty = (cells == 0.0).any(axis=0)
    e, f, g, h = cells + np.where(empty, HALF, 0.0)
    n1, n2 = e + f, g + h
    if measure == "RR":
        return np.log(e / n1) - np.log(g / n2), 1.0 / e - 1.0 / n1 + 1.0 / g - 1.0 / n2
    if measure == "OR":
        return np.log(e) + np.log(h) - np.log(f) - np.log(g), 1.0 / e + 1.0 / f + 1.0 / g + 1.0 / h
    if measure == "RD":
        return e / n1 - g / n2, e * f / n1**3 + g * h / n2**3
    raise ValueError(f"expected a measure among RR, OR and RD, got {measure!r}")


def mantel_haenszel_odds(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike, d: npt.ArrayLike) -> Estimate:
    """Return the Mantel-Haenszel log odds ratio, with the variance of Robins, Breslow & Greenland (1986).

    Empty cells need no correction. Arguments as for :func:`table_effects`.

    Raises:
        ValueError: A count is negative, or no table has both an event and none.
    """
    e, f, g, h = _cells(a, b, c, d)
    n = e + f + g + h
    r, s = e * h / n, f * g / n
    p, q = (e + h) / n, (f + g) / n
    up, down = float(r.sum()), float(s.sum())
    if up == 0.0 or down == 0.0:
        raise ValueError("expected tables with discordant outcomes on both sides, got none on one")
    variance = float((p * r).sum()) / (2 * up**2) + float((p * s + q * r).sum()) / (2 * up * down)
    variance += float((q * s).sum()) / (2 * down**2)
    return Estimate(value=math.log(up / down), standard_error=math.sqrt(variance), df=math.inf, n=len(e))


def peto_odds(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike, d: npt.ArrayLike) -> Estimate:
    """Return Peto's one-step log odds ratio (Yusuf et al. 1985); for rare events and small effects.

    Arguments as for :func:`table_effects`.

    Raises:
        ValueError: A count is negative, or no table has both outcomes.
    """
    e, f, g, h = _cells(a, b, c, d)
    n1, n2, events, others = e + f, g + h, e + g, f + h
    n = n1 + n2
    variance = float((n1 * n2 * events * others / (n**2 * np.maximum(n - 1.0, 1.0))).sum())
    if variance == 0.0:
        raise ValueError("expected a table with both outcomes, got none")
    excess = float((e - events * n1 / n).sum())
    return Estimate(value=excess / variance, standard_error=1.0 / math.sqrt(variance), df=math.inf, n=len(e))


def _cells(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike, d: npt.ArrayLike) -> Floats:
    columns = [np.atleast_1d(np.asarray(cell, dtype=np.float64)) for cell in (a, b, c, d)]
    if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
        raise ValueError(f"expected four counts per table, got shapes {[column.shape for column in columns]}")
    cells = np.stack(columns)
    if not (np.isfinite(cells).all() and (cells >= 0.0).all()):
        raise ValueError("expected counts that are not negative")
    if not ((cells[0] + cells[1] > 0.0).all() and (cells[2] + cells[3] > 0.0).all()):
        raise ValueError("expected no empty arm")
    return cells
