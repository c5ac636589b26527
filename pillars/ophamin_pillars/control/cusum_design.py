"""Run lengths of CUSUM charts of independent normal observations with known mean and deviation, and their design.

The one-sided run length from head start z solves Page's (1954) integral equation

    L(z) = 1 + L(0) Phi(k - z - shift) + int_0^h L(y) phi(y - z + k - shift) dy,

by Gauss-Legendre collocation (Nystrom; Goel & Wu 1971). Both sides run together as Kemp (1961) and Lucas & Crosier
(1982) combine them: exact as long as one sum must be 0 when the other alarms, which a head start of at most h / 2 + k
ensures.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ophamin_pillars._special import special
from ophamin_pillars.control.cusum import Sides
from ophamin_pillars.control.signals import Floats, check_positive

NODES = 64
_NODES_PER_SIGMA = 8
LARGEST_NODES = 1_024
LARGEST_RUN_LENGTH = 1e12
"""Beyond it the linear system carries too few digits to promise any."""


def run_length(k: float, h: float, *, shift: float = 0.0, head_start: float = 0.0, sides: Sides = "two") -> float:
    """Return the zero-state average run length; infinite beyond 1e12.

    Args:
        k: allowance >= 0 in standard deviations.
        h: decision interval > 0 in standard deviations.
        shift: of the mean from the start on, in standard deviations.
        head_start: of each sum, in [0, h); for two sides at most h / 2 + k.
        sides: "one" for the upper sum alone.

    Raises:
        ValueError: an argument outside its range.
    """
    check_positive("h", h)
    if not (k >= 0.0 and math.isfinite(k)):
        raise ValueError(f"k must be a finite number of at least 0, got {k!r}")
    if not 0.0 <= head_start < h:
        raise ValueError(f"head_start must lie in [0, h), got {head_start!r}")
    if not math.isfinite(shift):
        raise ValueError(f"shift must be finite, got {shift!r}")
    if sides == "two" and head_start > 0.5 * h + k:
        raise ValueError(f"head_start of both sums must be at most h / 2 + k, got {head_start!r}")
    upper, upper_zero = _one_sided(k, h, shift, head_start)
    if sides == "one":
        return upper
    lower, lower_zero = _one_sided(k, h, -shift, head_start)
    if math.inf in (upper_zero, lower_zero):
        return min(upper, lower)
    # (upper lower_zero + upper_zero lower - upper_zero lower_zero) / (upper_zero + lower_zero), free of overflow.
    least, most = sorted((upper_zero, lower_zero))
    return least * (upper / upper_zero + lower / lower_zero - 1.0) / (1.0 + least / most)


def decision_interval(k: float, run_length_in_control: float, *, sides: Sides = "two") -> float:
    """Return the h at which the chart without head start has the in-control run length asked for.

    Raises:
        ValueError: k below 0, or a run length no h > 0 has or beyond 1e12.
    """
    wanted = run_length_in_control
    low, high = 1e-9, 1.0
    if not run_length(k, low, sides=sides) < wanted <= LARGEST_RUN_LENGTH:
        raise ValueError(f"in-control run length must exceed that of h = 0 and be at most 1e12, got {wanted!r}")
    while run_length(k, high, sides=sides) < wanted:
        low, high = high, 2.0 * high
    while high - low > 1e-11 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if run_length(k, middle, sides=sides) < wanted else (low, middle)
    return high


def _one_sided(k: float, h: float, shift: float, head_start: float) -> tuple[float, float]:
    """Return the run lengths from ``head_start`` and from 0; infinite where they exceed what can be computed."""
    sp = special()
    drift = k - shift
    y, weights = _nodes(h)
    states = np.append(y, 0.0)  # the last unknown is L(0)
    kernel = np.empty((len(states), len(states)))
    kernel[:, :-1] = weights * density(y - states[:, None] + drift)
    kernel[:, -1] = sp.ndtr(drift - states)
    if float(sp.ndtr(drift - h)) == 1.0:
        return math.inf, math.inf  # no observation a double can hold leaves [0, h]
    solved = np.linalg.solve(np.eye(len(states)) - kernel, np.ones(len(states)))
    from_zero = float(solved[-1])
    if not 0.0 < from_zero <= LARGEST_RUN_LENGTH:
        return math.inf, math.inf
    reached = weights * density(y - head_start + drift)
    started = 1.0 + from_zero * float(sp.ndtr(drift - head_start)) + float(reached @ solved[:-1])
    return started, from_zero


def density(x: Floats) -> Floats:
    """Return the standard normal density."""
    values: Floats = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return values


@lru_cache(maxsize=32)
def unit_nodes(count: int) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes and weights on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def _nodes(h: float) -> tuple[Floats, Floats]:
    """Return nodes and weights on [0, h], enough of them for a kernel one standard deviation wide."""
    count = NODES
    while count < _NODES_PER_SIGMA * h and count < LARGEST_NODES:
        count *= 2
    nodes, weights = unit_nodes(count)
    return 0.5 * h * (nodes + 1.0), 0.5 * h * weights
