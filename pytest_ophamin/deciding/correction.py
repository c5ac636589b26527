"""The corrections a campaign can declare: one hypothesis per claim per side, all claims of a family together.

Holm (1979) controls the family-wise error under any dependence; Hochberg (1988) under independence or PRDS;
Benjamini & Hochberg (1995) the false discovery rate under PRDS; Benjamini & Yekutieli (2001) under any dependence.
The procedures stand in :mod:`pytest_ophamin.deciding.multiplicity`, which is imported when something is adjusted: the
names are needed at start-up, numpy is not.
"""

from __future__ import annotations

from collections.abc import Sequence

CORRECTIONS = ("holm", "hochberg", "bh", "by", "none")
ASSUMES_POSITIVE_DEPENDENCE = frozenset({"hochberg", "bh"})
"""Corrections whose guarantee needs independence or PRDS, which claims on one sample may not have."""


def adjust(p: Sequence[float], method: str) -> list[float]:
    """Return the adjusted p-values in the order of ``p``.

    Args:
        p: Raw p-values, each in [0, 1].
        method: One of :data:`CORRECTIONS`.

    Returns:
        Adjusted p-values: rejecting those <= alpha is the procedure at level alpha.

    Raises:
        ValueError: ``method`` is unknown, or a p-value lies outside [0, 1].
    """
    if method not in CORRECTIONS:
        raise ValueError(f"correction: expected one of {', '.join(CORRECTIONS)}, came {method!r}")
    if method == "none" or not p:
        return list(p)
    from pytest_ophamin.deciding.multiplicity import ADJUSTMENTS

    return ADJUSTMENTS[method](p)
