"""Correlations: Pearson's, Spearman's and Kendall's, each at any limit.

A trial returns a pair ``(x, y)``. Pearson's is decided by the exact distribution for bivariate normal pairs, the rank
correlations at the limit 0 by their permutation distribution and at other limits by z.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.resized import Resized
from pytest_ophamin.pillars import (
    FIRST,
    SECOND,
    Assessment,
    BadSample,
    Claim,
    OneSided,
    Plan,
    Sample,
    compose,
    undecidable,
)

METHODS = {
    "correlation": "pearson-normal/1",
    "spearman": "spearman-permutation-z/1",
    "kendall": "kendall-permutation-z/1",
}
CONSTANT = "one side takes a single value: nothing is known about how it goes with the other"
TOO_FEW = "too few pairs to know anything about their spread"
FEW_VALUES = 3
"""A side that takes no more values than this is not normal, however many pairs there are."""

Floats = npt.NDArray[np.float64]


class CorrelationPillar:
    """Decides ``correlation`` (Pearson), ``spearman`` and ``kendall`` (tau-b)."""

    name = "correlation"
    metrics = frozenset(METHODS)
    methods = tuple(METHODS.values())

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by the tests of the claim's correlation."""
        if evidence.columns[FIRST].is_bool or evidence.columns[SECOND].is_bool:
            raise BadSample("a correlation takes pairs of numbers, not bools", trial=0)
        x, y = evidence.pairs
        conditions = _conditions(claim.kind, x, y)
        tests = _tests_of(claim.kind, x, y)
        if isinstance(tests, str):
            return undecidable(
                claim,
                method=METHODS[claim.kind],
                exact=False,
                conditions=conditions,
                n=evidence.n,
                estimate=None,
                reason=tests,
                libraries=libraries(),
            )
        return compose(
            claim,
            Resized(tests, partial(_p_at, claim.kind, tests.estimate or 0.0)),
            method=METHODS[claim.kind],
            exact=False,
            conditions=conditions,
            libraries=libraries(),
        )

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan for normal pairs (rank correlations: for pairs that are normal after some transformation of each)."""
        from ophamin_pillars.power.correlations import CorrelationPlan

        return CorrelationPlan.of(claim, level=level).plan(claim)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``."""
        from ophamin_pillars.power.correlations import CorrelationPlan

        return CorrelationPlan.of(claim, level=level).size(claim)


def _tests_of(kind: str, x: Floats, y: Floats) -> OneSided | str:
    """Return the tests, or why there are none."""
    from ophamin_pillars.association import kendall, pearson, spearman

    if len(x) < 2:
        return TOO_FEW
    if (x == x[0]).all() or (y == y[0]).all():
        return CONSTANT
    if kind == "spearman":
        return spearman.spearman_tests(x, y) if len(x) > 2 else TOO_FEW
    if kind == "kendall":
        return kendall.kendall_tests(x, y)
    tests = pearson.PearsonTests(len(x), pearson.pearson_r(x, y))
    if tests.decides:
        return tests
    return TOO_FEW if len(x) < pearson.LEAST_N else pearson.PERFECT


def _conditions(kind: str, x: Floats, y: Floats) -> str:
    from ophamin_pillars.association import kendall, pearson, spearman

    if kind != "correlation":
        return spearman.CONDITIONS if kind == "spearman" else kendall.CONDITIONS
    values = min(len(np.unique(x[:1_000])), len(np.unique(y[:1_000])))  # enough to see more than three
    if len(x) <= FEW_VALUES or values > FEW_VALUES:
        return pearson.CONDITIONS
    return f'{pearson.CONDITIONS}; not met: one side takes {values} values only (claim "spearman" or "kendall")'


def _p_at(kind: str, estimate: float, side: str, limit: float, n: int) -> float:
    """Return the p-value of the same correlation seen in ``n`` pairs; of rank correlations by z at every limit."""
    from ophamin_pillars.association import kendall, pearson, spearman

    r, rho = (estimate, limit) if side == "greater" else (-estimate, -limit)
    if kind == "spearman":
        return spearman.z_upper_tail(r, n, rho)
    if kind == "kendall":
        return kendall.z_upper_tail(r, n, rho)
    return pearson.upper_tail(r, n, rho) if n >= pearson.LEAST_N else 1.0
