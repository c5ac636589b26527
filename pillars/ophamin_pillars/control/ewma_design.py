"""Run lengths of two-sided EWMA charts with asymptotic limits, normal observations, known parameters; their design.

With c = L sqrt(lambda / (2 - lambda)) the run length from z solves

    R(z) = 1 + (1 / lambda) int_-c^c R(y) phi((y - (1 - lambda) z) / lambda - shift) dy

(Crowder 1987; Lucas & Saccucci 1990), here by Gauss-Legendre collocation.
"""

from __future__ import annotations

import math

import numpy as np

from ophamin_pillars.control.cusum_design import LARGEST_NODES, LARGEST_RUN_LENGTH, NODES, density, unit_nodes
from ophamin_pillars.control.ewma import asymptotic_deviation
from ophamin_pillars.control.shewhart import run_length as shewhart_run_length
from ophamin_pillars.control.signals import Floats, check_positive

_NODES_PER_DEVIATION = 4


def run_length(weight: float, width: float, *, shift: float = 0.0, head_start: float = 0.0) -> float:
    """Return the zero-state average run length; infinite beyond 1e12.

    Args:
        weight: lambda, in (0, 1].
        width: L > 0.
        shift: of the mean from the start on, in standard deviations of one observation.
        head_start: z before the first point, in standard deviations of one observation, within the limits.

    Raises:
        ValueError: an argument outside its range, or limits so wide for so small a weight that the kernel would need
            more than 1,024 nodes.
    """
    half = width * asymptotic_deviation(weight)
    check_positive("width", width)
    if not math.isfinite(shift):
        raise ValueError(f"shift must be finite, got {shift!r}")
    if not abs(head_start) <= half:
        raise ValueError(f"head_start must lie within the limits of {half!r}, got {head_start!r}")
    if weight == 1.0:
        return shewhart_run_length(width, shift)
    y, weights = _nodes(half, weight)
    scaled = weights / weight
    kernel = scaled * density((y - (1.0 - weight) * y[:, None]) / weight - shift)
    lengths = np.linalg.solve(np.eye(len(y)) - kernel, np.ones(len(y)))
    first: Floats = scaled * density((y - (1.0 - weight) * head_start) / weight - shift)
    length = 1.0 + float(first @ lengths)
    return length if 0.0 < length <= LARGEST_RUN_LENGTH else math.inf


def limit_width(weight: float, run_length_in_control: float) -> float:
    """Return the L at which the chart has the in-control run length asked for.

    Raises:
        ValueError: weight outside (0, 1], or a run length of 1 or less, or beyond 1e12.
    """
    wanted = run_length_in_control
    if not 1.0 < wanted <= LARGEST_RUN_LENGTH:
        raise ValueError(f"in-control run length must lie in (1, 1e12], got {wanted!r}")
    low, high = 0.0, 1.0
    while run_length(weight, high) < wanted:
        low, high = high, high + 1.0
    while high - low > 1e-11:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if run_length(weight, middle) < wanted else (low, middle)
    return high


def _nodes(half: float, weight: float) -> tuple[Floats, Floats]:
    """Return nodes and weights on [-half, half], enough of them for a kernel ``weight`` wide."""
    needed = _NODES_PER_DEVIATION * 2.0 * half / weight
    if needed > LARGEST_NODES:
        raise ValueError(f"weight {weight!r} is too small for limits of {half!r}: at most {LARGEST_NODES} nodes")
    count = NODES
    while count < needed:
        count *= 2
    nodes, weights = unit_nodes(count)
    return half * nodes, half * weights
