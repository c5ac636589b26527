"""Benchmark gates to try: claims, pairs of processes, and what the pillar says where the claim stops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ophamin_pillars.gate import GatePillar
from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.testing import claim_of, pairs_of
from pytest_ophamin.trials.sample import Sample

Floats = npt.NDArray[np.float64]
LOOKS = (6, 8, 10, 12, 14, 16, 20, 30)
PILLAR = GatePillar()


def gate(metric: str = "time_ratio", *, looks: tuple[int, ...] = LOOKS, m: int = 1, **changes: float) -> Claim:
    """Return a claim that the ratio is at most 1.05."""
    limits = changes or {"at_most": 1.05}
    return claim_of(metric, trials=looks[-1], design=Design(looks=looks), allocated=m, **limits)  # type: ignore[arg-type]


def pairs(logs: Floats, control: Floats | None = None, second: float = 1.0) -> Sample:
    """Return pairs with these log ratios; the control is the candidate where none is given."""
    first, ones = second * np.exp(logs), np.ones(len(logs))
    controls = first if control is None else first * np.exp(control)
    kept = {"control_median": ones, "first_median": ones, "second_median": ones}
    return pairs_of(first, second * ones, control=controls, **kept)


def decided(claim: Claim, sample: Sample) -> Assessment:
    """Return what the pillar says where the claim stops."""
    stop = PILLAR.stop(claim, sample)
    return PILLAR.decide(claim, sample if stop is None else sample.first_trials(stop))
