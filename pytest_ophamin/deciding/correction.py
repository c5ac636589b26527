"""The corrections a campaign can declare: one hypothesis per claim per side, all claims of a family together.

Holm (1979) controls the family-wise error under any dependence; Hochberg (1988) and Hommel (1988) under independence
or PRDS; Benjamini & Hochberg (1995) the false discovery rate under PRDS; Benjamini & Yekutieli (2001) and, on e-values,
e-BH (Wang & Ramdas 2022) under any dependence.
The procedures stand in :mod:`pytest_ophamin.deciding.multiplicity`, which is imported when something is adjusted: the
names are needed at start-up, numpy is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

CORRECTIONS = ("holm", "hochberg", "hommel", "bh", "by", "ebh", "none")
ASSUMES_POSITIVE_DEPENDENCE = frozenset({"hochberg", "hommel", "bh"})
"""Corrections whose guarantee needs independence or PRDS, which claims on one sample may not have."""


E_VALUES = "ebh"


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
    if method == E_VALUES:
        return adjust_e([calibrated(value) for value in p])
    from pytest_ophamin.deciding.multiplicity import ADJUSTMENTS

    return ADJUSTMENTS[method](p)


def adjust_e(log_e: Sequence[float]) -> list[float]:
    """Return, per claim, the least level at which e-BH rejects it.

    Args:
        log_e: Logarithms of the stopped e-values; ``-inf`` for a claim that was not decided.
    """
    from pytest_ophamin.deciding.multiplicity import e_bh

    return e_bh(log_e)


def adjust_gated(families: Sequence[tuple[str, Sequence[float], str | None]]) -> dict[str, list[float]]:
    """Return the adjusted p-values of families in series: each waits until all claims of its gate are rejected.

    Args:
        families: ``(name, p-values, gate)``, one of them without a gate.
    """
    from pytest_ophamin.deciding.multiplicity import GatedFamily, gated

    return gated([GatedFamily(name, p, gate=gate) for name, p, gate in families])


def calibrated(p: float) -> float:
    """Return log(1 / (2 sqrt(p))): the e-value of a p-value (Vovk & Wang 2021, Ann. Stat. 49:1736, eq. 1, kappa = 1/2).

    A claim decided by a fixed number of trials has no e-value of its own; p = 1 gives e = 0: no evidence at all.
    """
    if p == 1.0:
        return -math.inf
    return math.inf if p == 0.0 else -math.log(2.0) - 0.5 * math.log(p)
