"""Columns of a factorial design: contrasts that sum to zero, their products, and which of them are confounded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RANK = 1e-10


def all_terms(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the main effects of ``names`` and their interactions of every order."""
    return tuple(itertools.chain.from_iterable(itertools.combinations(names, k + 1) for k in range(len(names))))


def sum_to_zero(k: int) -> Floats:
    """Return the codes of k levels (k, k - 1): -1 for the first, a unit for each other."""
    return np.concatenate([-np.ones((1, k - 1)), np.eye(k - 1)])


def coded(name: str, column: Sequence[Hashable], levels: tuple[Hashable, ...]) -> Floats:
    """Return the codes of a factor's column (n, k - 1); ValueError for one level, or one that is not declared."""
    number = {level: i for i, level in enumerate(levels)}
    strange = [level for level in column if level not in number]
    if len(levels) < 2 or strange:
        raise ValueError(f"expected two levels or more of {name}, all declared, got {strange[:3] or list(levels)}")
    return sum_to_zero(len(levels))[[number[level] for level in column]]


def product(codes: Mapping[str, Floats], term: tuple[str, ...]) -> Floats:
    """Return the columns of an interaction: products of its factors' codes (n, q)."""
    found = codes[term[0]]
    for name in term[1:]:
        found = (found[:, :, None] * codes[name][:, None, :]).reshape(len(found), -1)
    return found


def independent(blocks: Sequence[Floats], n: int) -> tuple[Floats, npt.NDArray[np.intp], list[int]]:
    """Keep each column that those before it do not explain (Gram-Schmidt, twice).

    Args:
        blocks: The columns of each term (n, q).
        n: Rows.

    Returns:
        The kept columns after a first one of ones (n, p), the term of each (-1 for the ones), and the terms that lost
        a column.
    """
    kept, owner, basis, lost = [np.ones(n)], [-1], [np.full(n, 1.0 / math.sqrt(n))], []
    for term, block in enumerate(blocks):
        for column in block.T:
            rest = column
            for _ in range(2):
                span = np.array(basis)
                rest = rest - span.T @ (span @ rest)
            size = float(np.linalg.norm(rest))
            if size <= RANK * math.sqrt(n):
                lost.append(term)
                continue
            kept.append(column)
            owner.append(term)
            basis.append(rest / size)
    return np.stack(kept, axis=1), np.array(owner, dtype=np.intp), sorted(set(lost))
