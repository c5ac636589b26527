"""Exact run lengths of any combination of zone rules, by the Markov chain of Champ & Woodall (1987).

The state is, for every region of every rule, which of the last window - 1 points lay in it, with points forgotten that
can no longer be part of a signal. Observations are independent normal with known centre and sigma.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import special
from ophamin_pillars.control.run_rules import Region, ZoneRule
from ophamin_pillars.control.signals import Floats

LARGEST_CHAIN = 4_000
"""States; the linear system is dense."""

State = tuple[int, ...]
"""One bit mask per region; the lowest bit is the newest point."""


def run_length(rules: Sequence[ZoneRule], *, shift: float = 0.0) -> float:
    """Return the average number of points to the first signal of any of the rules.

    Args:
        rules: at least one.
        shift: of the mean, in sigmas.

    Raises:
        ValueError: no rules, a shift that is not finite, or more than 4,000 states.
    """
    transitions, zones = _chain(tuple(rules))
    probabilities = zone_probabilities(zones, shift)
    n = len(transitions)
    stay = np.zeros((n, n))
    for zone, probability in enumerate(probabilities.tolist()):
        target = transitions[:, zone]
        alive = target >= 0
        np.add.at(stay, (np.flatnonzero(alive), target[alive]), probability)
    return float(np.linalg.solve(np.eye(n) - stay, np.ones(n))[0])


def signal_probabilities(rules: Sequence[ZoneRule], points: int, *, shift: float = 0.0) -> Floats:
    """Return the probability of a signal at or before each of the first ``points``, shape (points,).

    Raises:
        ValueError: as :func:`run_length`, or fewer than one point.
    """
    if points < 1:
        raise ValueError(f"points must be at least 1, got {points!r}")
    transitions, zones = _chain(tuple(rules))
    probabilities = zone_probabilities(zones, shift)
    mass, signalled, found = np.zeros(len(transitions)), 0.0, np.empty(points)
    mass[0] = 1.0
    for t in range(points):
        after = np.zeros_like(mass)
        for zone, probability in enumerate(probabilities.tolist()):
            target = transitions[:, zone]
            alive = target >= 0
            np.add.at(after, target[alive], probability * mass[alive])
            signalled += probability * float(mass[~alive].sum())
        mass, found[t] = after, signalled
    return found


def zone_probabilities(zones: Sequence[tuple[float, float]], shift: float) -> Floats:
    """Return the probability of each zone under a normal distribution moved by ``shift`` sigmas, shape (zones,)."""
    if not math.isfinite(shift):
        raise ValueError(f"shift must be finite, got {shift!r}")
    low = np.array([zone[0] for zone in zones]) - shift
    high = np.array([zone[1] for zone in zones]) - shift
    flip = low > 0.0  # in the upper tail, differences of the small tail keep their digits
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    found: Floats = special().ndtr(high) - special().ndtr(low)
    return found


def _chain(rules: tuple[ZoneRule, ...]) -> tuple[npt.NDArray[np.int64], list[tuple[float, float]]]:
    """Return for each state and zone the next state (-1: a signal), and the zones; state 0 is the empty one."""
    if not rules:
        raise ValueError("at least one rule is needed")
    watched = [(rule.count, rule.window, region) for rule in rules for region in rule.regions]
    ends = {end for _, _, region in watched for interval in region for end in interval}
    zones = list(pairwise(sorted(ends | {-math.inf, math.inf})))
    hits = [[_contains(region, zone) for _, _, region in watched] for zone in zones]
    start: State = (0,) * len(watched)
    numbers, queue, rows = {start: 0}, [start], []
    for state in queue:  # the queue grows while it is read
        row = []
        for hit in hits:
            following = _step(state, hit, watched)
            if following is not None and following not in numbers:
                numbers[following] = len(queue)
                queue.append(following)
                if len(queue) > LARGEST_CHAIN:
                    raise ValueError(f"these rules need more than {LARGEST_CHAIN} states")
            row.append(-1 if following is None else numbers[following])
        rows.append(row)
    return np.array(rows, dtype=np.int64), zones


def _step(state: State, hit: Sequence[bool], watched: Sequence[tuple[int, int, Region]]) -> State | None:
    """Return the state after one point, or None when a rule fires."""
    following = []
    for mask, inside, (count, window, _) in zip(state, hit, watched, strict=True):
        seen = mask << 1 | inside
        if seen.bit_count() >= count:
            return None
        following.append(_useful(seen & ((1 << (window - 1)) - 1), count, window))
    return tuple(following)


def _useful(mask: int, count: int, window: int) -> int:
    """Forget the oldest points while no window that still holds them can reach ``count``."""
    while mask:
        age = mask.bit_length()
        if mask.bit_count() + window - age >= count:
            return mask
        mask &= (1 << (age - 1)) - 1
    return mask


def _contains(region: Region, zone: tuple[float, float]) -> bool:
    return any(low <= zone[0] and zone[1] <= high for low, high in region)
