"""Claims about two arms: their design, and samples of two given arms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from error_rates import column_of, plan_of, shipped

from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.trials.sample import ARM, VALUE, Sample

ARMS = Design(arms=("old", "new"))


def arms_plan(metric: str, relation: str, threshold: float | tuple[float, float], n: int, **changes: Any) -> Claim:
    """Return a claim that compares two arms."""
    return plan_of(metric, relation, threshold, n, design=ARMS, **changes)


def arms_of(first: Iterable[object], second: Iterable[object]) -> Sample:
    """Return the sample of two arms, alternating as long as both last: blocks of two."""
    x, y = np.asarray(first), np.asarray(second)
    arm = np.concatenate([np.zeros(len(x), dtype=np.bool_), np.ones(len(y), dtype=np.bool_)])
    values, order = (
        np.concatenate([x, y]),
        np.argsort(np.concatenate([np.arange(len(x)), np.arange(len(y))]), kind="stable"),
    )
    return Sample(n=len(arm), columns={VALUE: column_of(values[order]), ARM: column_of(arm[order])})


def assessed(claim: Claim, sample: Sample) -> Assessment:
    """Return what the shipped pillar says."""
    found = shipped().deciding_for(claim).decide(claim, sample)
    assert isinstance(found, Assessment)
    return found
