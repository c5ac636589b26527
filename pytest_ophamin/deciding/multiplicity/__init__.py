"""Multiplicity: one library of adjustments, used by the campaign and free to be used by anyone.

| error | any dependence | positive dependence | independence |
|---|---|---|---|
| family-wise | ``bonferroni``, ``holm``, ``e_holm``, :class:`Graph`, :func:`gated` | ``hochberg``, ``hommel`` | |
| false discovery rate | ``by``, ``e_bh``, ``closed_e_bh`` | ``bh`` | ``storey`` |
| number of true claims | | :class:`SimesClosure` | |
| online | :mod:`.online`, :mod:`.online_lord` | :mod:`.online` | :mod:`.online_investing` |

An adjustment takes p-values in any order and returns adjusted p-values in the same order, so that rejecting those
<= alpha is the procedure at level alpha:

    >>> from pytest_ophamin.deciding.multiplicity import ADJUSTMENTS
    >>> ADJUSTMENTS["holm"]([0.25, 0.5, 0.125])
    [0.5, 0.5, 0.375]

A claim that is VOID or NOT TESTED has p = 1 (e = 0), or is left out and counted in ``m``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_ophamin.deciding.multiplicity.combination import fisher, simes, stouffer
from pytest_ophamin.deciding.multiplicity.ebh import closed_e_bh, e_bh, e_holm
from pytest_ophamin.deciding.multiplicity.gatekeeping import GatedFamily, gated
from pytest_ophamin.deciding.multiplicity.graphical import Graph
from pytest_ophamin.deciding.multiplicity.hommel import SimesClosure, hommel
from pytest_ophamin.deciding.multiplicity.online import OnlineDecisions, OnlineRule, decide_online
from pytest_ophamin.deciding.multiplicity.stepwise import bh, bonferroni, by, hochberg, holm
from pytest_ophamin.deciding.multiplicity.storey import null_share, q_values, storey

ADJUSTMENTS: Mapping[str, Callable[..., list[float]]] = {
    "bonferroni": bonferroni,
    "holm": holm,
    "hochberg": hochberg,
    "hommel": hommel,
    "bh": bh,
    "by": by,
    "storey": storey,
}
"""Adjustments by name: each takes p-values and, as ``m``, the size of a family larger than they are."""

__all__ = [
    "ADJUSTMENTS",
    "GatedFamily",
    "Graph",
    "OnlineDecisions",
    "OnlineRule",
    "SimesClosure",
    "bh",
    "bonferroni",
    "by",
    "closed_e_bh",
    "decide_online",
    "e_bh",
    "e_holm",
    "fisher",
    "gated",
    "hochberg",
    "holm",
    "hommel",
    "null_share",
    "q_values",
    "simes",
    "storey",
    "stouffer",
]
