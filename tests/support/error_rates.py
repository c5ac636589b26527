"""Measure error rates of the product's own tests: by enumeration where counts are finite, else by seeded simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from outcomes import claim_of
from scipy.stats import binom

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.registry import PillarRegistry, load_shipped
from pytest_ophamin.deciding.sides import OneSided, claim_sides
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.trials.sample import FIRST, SECOND, VALUE, Column, ColumnKind, Sample

Floats = npt.NDArray[np.float64]
APPROXIMATE = 1.25
"""How far beyond its level an approximate method may go inside its conditions (DECIDING.md)."""

_KINDS: dict[str, ColumnKind] = {"b": "bits", "i": "i64le", "f": "f64le"}


@cache
def shipped() -> PillarRegistry:
    """Return the registry of the shipped pillars."""
    return load_shipped()


def plan_of(metric: str, relation: str, threshold: float | tuple[float, float], n: int, **changes: Any) -> Claim:
    """Return a claim to decide."""
    return claim_of(metric=metric, relation=Relation(relation), threshold=threshold, trials=n, **changes)


def column_of(values: Iterable[object]) -> Column:
    """Return a column of the kind the values' dtype has."""
    array = np.asarray(values)
    return Column(kind=_KINDS[array.dtype.kind], values=array)


def sample_of(*columns: Iterable[object]) -> Sample:
    """Return a sample of one column, or of pairs."""
    names = (VALUE,) if len(columns) == 1 else (FIRST, SECOND)
    made = {name: column_of(values) for name, values in zip(names, columns, strict=True)}
    return Sample(n=len(next(iter(made.values())).values), columns=made)


def verdict_of(claim: Claim, sample: Sample) -> Verdict:
    """Return the raw verdict, without diagnosis."""
    assessed = shipped().deciding_for(claim).decide(claim, sample)
    assert isinstance(assessed, Assessment)
    return judge(claim, assessed.p_validate, assessed.p_refute, assessed.reason)[0]


def verdict_by(claim: Claim, tests: OneSided) -> Verdict:
    """Return the raw verdict without bounds, as ``compose`` reaches it."""
    sides = claim_sides(claim)
    return judge(claim, sides.p_validate(tests), sides.p_refute(tests))[0]


def enumerated(verdicts: Sequence[Verdict], probability: float) -> dict[Verdict, float]:
    """Return the exact probability of each verdict when ``verdicts[k]`` belongs to k of n successes."""
    n = len(verdicts) - 1
    weights = binom.pmf(np.arange(n + 1), n, probability)
    return {
        verdict: float(sum(w for w, v in zip(weights, verdicts, strict=True) if v is verdict)) for verdict in Verdict
    }


def most_allowed(runs: int, level: float) -> int:
    """Return how many errors in ``runs`` independent decisions still agree with "at most ``level``" (DECIDING.md)."""
    return int(binom.isf(1e-4, runs, level))


def errors(runs: int, decide: Callable[[int], Verdict], wrong: Verdict) -> int:
    """Return how often ``decide(i)`` gives the verdict ``wrong``."""
    return sum(decide(i) is wrong for i in range(runs))


def generator(*key: int) -> np.random.Generator:
    """Return a generator of its own for each key."""
    return np.random.default_rng(np.random.SeedSequence(key))
