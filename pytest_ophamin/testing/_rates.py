"""Counting errors of a seeded simulation against a level (DECIDING.md "Measuring <= level by simulation")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

APPROXIMATE = 1.25
"""How far beyond its level an approximate method may go inside its conditions."""
UNLIKELY = 1e-4
"""Probability with which a method that keeps its level exactly is accused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """A value of the metric at which one verdict is an error, and the level it is an error at."""

    metric: float
    verdict: str
    level: float
    name: str


def most_allowed(runs: int, level: float) -> int:
    """Return the least k with P(more than k errors) <= 1e-4 in ``runs`` decisions that each err with ``level``.

    It is ``scipy.stats.binom.isf(1e-4, runs, level)``.
    """
    from scipy.special import bdtrc

    if level >= 1.0:
        return runs
    low, high = -1, runs
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if float(bdtrc(middle, runs, level)) <= UNLIKELY else (middle, high)
    return high


def generator(seed: int, *place: int) -> np.random.Generator:
    """Return a generator of its own for each place of a check."""
    return np.random.default_rng(np.random.SeedSequence((seed, *place)))
