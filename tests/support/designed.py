"""Claims and samples of designs: clusters, blocks, strata, factors, resampled splits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from error_rates import Floats, column_of, most_allowed, plan_of, verdict_of
from scipy.signal import lfilter

from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.trials.sample import ARM, CLUSTER, FIRST, SECOND, STRATUM, VALUE, Sample, factor_column

Codes = npt.NDArray[np.int64]
_DESIGN = frozenset(Design.__dataclass_fields__)


def designed(metric: str, relation: str, threshold: float | tuple[float, float], n: int, **changes: Any) -> Claim:
    """Return a claim; arguments that arrange trials go to its design."""
    arranged = {name: value for name, value in changes.items() if name in _DESIGN}
    others = {name: value for name, value in changes.items() if name not in _DESIGN}
    return plan_of(metric, relation, threshold, n, design=Design(**arranged), **others)


def arranged(
    *observed: Any,
    cluster: Any = None,
    stratum: Any = None,
    arm: Any = None,
    factors: dict[str, Any] | None = None,
) -> Sample:
    """Return a sample of one observed column, or of pairs, beside its codes."""
    names = (VALUE,) if len(observed) == 1 else (FIRST, SECOND)
    columns = dict(zip(names, map(np.asarray, observed), strict=True))
    codes = {CLUSTER: cluster, STRATUM: stratum}
    columns |= {name: np.asarray(column, dtype=np.int64) for name, column in codes.items() if column is not None}
    columns |= {} if arm is None else {ARM: np.asarray(arm, dtype=np.bool_)}
    columns |= {factor_column(name): np.asarray(column, dtype=np.int64) for name, column in (factors or {}).items()}
    return Sample(n=len(columns[names[0]]), columns={name: column_of(values) for name, values in columns.items()})


def verdicts_of(claim: Claim, draw: Callable[[int], Sample], runs: int) -> Counter[Verdict]:
    """Return how often each verdict is reached."""
    return Counter(verdict_of(claim, draw(run)) for run in range(runs))


def check_both_sides(
    runs: int, draw: Callable[[int], Sample], claims: dict[str, Claim], *, factor: float = 1.0
) -> tuple[int, int]:
    """Check false VALIDATED and false REFUTED at the boundary, for an ``at_least`` and an ``at_most`` claim.

    Args:
        runs: Decisions.
        draw: A sample whose metric is the claims' limit.
        claims: By relation; without a margin.
        factor: How far beyond its level the method may go.

    Returns:
        Both counts of the ``at_least`` claim: the two sides of the method.
    """
    counts = {relation: Counter[Verdict]() for relation in claims}
    for run in range(runs):
        sample = draw(run)
        for relation, claim in claims.items():
            counts[relation][verdict_of(claim, sample)] += 1
    for relation, claim in claims.items():
        found = counts[relation]
        assert found[Verdict.VALIDATED] <= most_allowed(runs, factor * claim.validate_level), (relation, found)
        assert found[Verdict.REFUTED] <= most_allowed(runs, factor * claim.refute_level), (relation, found)
    first = next(iter(counts.values()))
    return first[Verdict.VALIDATED], first[Verdict.REFUTED]


def autoregressive(rng: np.random.Generator, n: int, phi: float) -> Floats:
    """Return n numbers of a stationary first-order autoregression, mean 0 and variance 1."""
    steps = rng.normal(size=n)
    steps[1:] *= math.sqrt(1.0 - phi * phi)
    found: Floats = lfilter([1.0], [1.0, -phi], steps)
    return found
