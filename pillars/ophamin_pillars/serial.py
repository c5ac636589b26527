"""Serial dependence: observations that hang together must not be decided as if they were independent.

Judged on the decision variable (DECIDING.md "Metrics"): what the claim's test counts or averages. A latency may drift
within its limit without harm to a claim about that limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars.runs import (
    Clumping,
    autocorrelation,
    centred_ranks,
    clumping_of_bits,
    clumping_of_ranks,
    effective_n,
    lags_of,
    rearranged,
)
from pytest_ophamin.pillars import FIRST, SECOND, VALUE, Claim, Finding, Relation, Sample

METHOD = "serial-dependence/1"
VOID_LEVEL = 0.001
WARN_LEVEL = 0.01
LEAST_EFFECTIVE_SHARE = 0.8
TIED_SHARE = 0.3
"""Above this share of one value ranks are too tied for a normal tail: the exact test of indicators is used."""

Floats = npt.NDArray[np.float64]

Status = Literal["ok", "warn", "void"]
Variable = npt.NDArray[np.float64] | npt.NDArray[np.bool_]
"""A decision variable in trial order, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found about one decision variable."""

    n: int
    p_clumped: float
    """Two-sided, over all lags: observations resemble those some trials before them."""
    p_alternating: float
    """Two-sided, over all lags: observations avoid those some trials before them."""
    lag: int
    autocorrelation: float
    """Of the bits, or of the ranks, at that lag."""
    effective_n: float

    @property
    def p(self) -> float:
        return min(self.p_clumped, self.p_alternating)

    @property
    def status(self) -> Status:
        if self.p_clumped < VOID_LEVEL and self.effective_n < LEAST_EFFECTIVE_SHARE * self.n:
            return "void"
        return "warn" if self.p < WARN_LEVEL else "ok"

    def describe(self) -> str:
        if not lags_of(self.n):
            return "too few observations to look for serial dependence"
        if self.status == "ok":
            return "no serial dependence found"
        if self.status == "warn":
            kind = "resemble" if self.p_clumped <= self.p_alternating else "avoid"
            effective = f"effective n {self.effective_n:.0f} of {self.n}"
            return f"observations {kind} earlier ones (p = {self.p:.2g}); {effective}"
        return (
            f"observations {self.lag} trials apart depend on each other (p = {self.p_clumped:.2g}): "
            f"{self.n} trials are worth about {self.effective_n:.0f} independent ones"
        )


class SerialDependencePillar:
    """Diagnoses serial dependence at lags 1 to 10."""

    name = "serial-dependence"

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return void at p < .001 with fewer than 0.8 n effective observations, warn at p < .01."""
        x = decision_variable(claim, sample)
        if x is None:
            return None
        found = examine(x)
        return Finding(
            pillar=self.name,
            method=METHOD,
            status=found.status,
            message=found.describe(),
            numbers={
                "p": found.p,
                "lag": found.lag,
                "autocorrelation": found.autocorrelation,
                "effective_n": found.effective_n,
            },
        )


def decision_variable(claim: Claim, sample: Sample) -> Variable | None:
    """Return what the claim's test looks at, trial by trial, shape (n,); None when it is not known."""
    if claim.kind == "quantile":
        return _against_limits(claim, sample.value.floats)
    if FIRST in sample.columns and SECOND in sample.columns:
        first, second = sample.pairs
        if claim.kind != "ratio":
            return first - second
        return first / second if bool(((first > 0.0) & (second > 0.0)).all()) else None
    if VALUE not in sample.columns:
        return None
    column = sample.value
    return column.values.astype(np.bool_, copy=False) if column.is_bool else column.floats


def examine(x: Variable) -> Examination:
    """Test a decision variable; ``effective_n`` is computed only when it may matter."""
    parts = [part if part.dtype == np.bool_ else centred_ranks(part.astype(np.float64)) for part in _parts(x)]
    found = [_clumping(part) for part in parts]
    worst = min(range(len(parts)), key=lambda i: found[i].p_clumped)
    share = 2.0 * len(parts)  # two directions, and each part is one more chance
    lag, ranks = found[worst].lag, parts[worst].astype(np.float64)
    p_clumped = min(1.0, share * found[worst].p_clumped)
    return Examination(
        n=len(x),
        p_clumped=p_clumped,
        p_alternating=min(1.0, share * min(part.p_alternating for part in found)),
        lag=lag,
        autocorrelation=autocorrelation(ranks, lag),
        effective_n=effective_n(rearranged(ranks, lag)) if p_clumped < WARN_LEVEL else float(len(x)),
    )


def _clumping(x: Variable) -> Clumping:
    if x.dtype == np.bool_:
        return clumping_of_bits(x.astype(np.bool_, copy=False))
    return clumping_of_ranks(x.astype(np.float64, copy=False))


def _parts(x: Variable) -> list[Variable]:
    """Return the sequences to test: x itself, or indicators of lying off its commonest value when that dominates."""
    if x.dtype == np.bool_:
        return [x]
    ordered = np.sort(x)
    n = len(ordered)
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = np.diff(np.append(starts, n))
    commonest = int(counts.argmax())
    if counts[commonest] <= TIED_SHARE * n:
        return [x]
    value = ordered[starts[commonest]]
    sides: list[Variable] = [x > value, x < value]
    return [side for side in sides if side.any()] or sides[:1]


def _against_limits(claim: Claim, x: Floats) -> Variable:
    if claim.relation is Relation.AT_LEAST:
        return x < claim.limit
    if claim.relation is Relation.AT_MOST:
        return x <= claim.limit
    lo, hi = claim.limits
    outside: Floats = (x > hi).astype(np.float64) - (x < lo)
    return outside
