"""What to declare when trials depend on each other: blocks long enough to forget their neighbours."""

from __future__ import annotations

import math

import numpy as np

from ophamin_pillars.runs import effective_n
from ophamin_pillars.serial_units import Variable

TIMES_A_BLOCK = 10.0
"""Autocorrelation times in a block: its mean then has 95 % of the variance of a block without neighbours."""
LEAST_BLOCKS = 10


def autocorrelation_time(x: Variable) -> float:
    """Return the integrated autocorrelation time of the numbers themselves: means hang on them, not on ranks."""
    values = x.astype(np.float64)
    largest = float(np.abs(values).max())
    return len(x) / effective_n(values / largest) if largest > 0.0 else 1.0


def remedy(time: float, lag: int, n: int) -> str:
    """Return the advice to decide block means: ten autocorrelation times a block, ten blocks or more.

    Args:
        time: Integrated autocorrelation time, in trials.
        lag: Of the strongest dependence: a block holds whole periods of it.
        n: Trials there were.
    """
    length = max(2, math.ceil(TIMES_A_BLOCK * time / lag) * lag)
    trials = math.ceil(max(n, LEAST_BLOCKS * length) / length) * length
    return f"; to decide such trials declare block={length} with trials={trials}"
