"""Adjusted p-values: one hypothesis per claim per side, all claims of a family together.

Holm (1979) controls the family-wise error under any dependence; Hochberg (1988) under independence or PRDS;
Benjamini & Hochberg (1995) the false discovery rate under PRDS; Benjamini & Yekutieli (2001) under any dependence.
Pure Python: no import is worth 1,000 multiplications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

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
        ValueError: ``method`` is unknown.
    """
    if method not in CORRECTIONS:
        raise ValueError(f"correction: expected one of {', '.join(CORRECTIONS)}, came {method!r}")
    if method == "none" or not p:
        return list(p)
    order = sorted(range(len(p)), key=p.__getitem__)
    scaled = _SCALED[method]([p[i] for i in order])
    adjusted = [0.0] * len(p)
    for i, value in zip(order, scaled, strict=True):
        adjusted[i] = min(1.0, value)
    return adjusted


def _holm(ascending: list[float]) -> Iterable[float]:
    m = len(ascending)
    return accumulate(((m - k) * p for k, p in enumerate(ascending)), max)


def _step_up(terms: list[float]) -> list[float]:
    return list(accumulate(reversed(terms), min))[::-1]


def _hochberg(ascending: list[float]) -> Iterable[float]:
    m = len(ascending)
    return _step_up([(m - k) * p for k, p in enumerate(ascending)])


def _bh(ascending: list[float]) -> Iterable[float]:
    m = len(ascending)
    return _step_up([p * m / (k + 1) for k, p in enumerate(ascending)])


def _by(ascending: list[float]) -> Iterable[float]:
    m = len(ascending)
    harmonic = sum(1.0 / k for k in range(1, m + 1))
    return _step_up([p * m * harmonic / (k + 1) for k, p in enumerate(ascending)])


_SCALED: dict[str, Callable[[list[float]], Iterable[float]]] = {
    "holm": _holm,
    "hochberg": _hochberg,
    "bh": _bh,
    "by": _by,
}
