"""Serial dependence: observations that hang together must not be decided as if they were independent.

Judged on the decision variable (DECIDING.md "Metrics"): what the claim's test counts or averages. A latency may drift
within its limit without harm to a claim about that limit.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars.runs import (
    Clumping,
    clumping_of_bits,
    clumping_of_numbers,
    effective_n,
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

Variable = npt.NDArray[np.float64] | npt.NDArray[np.bool_]
"""A decision variable in trial order, shape (n,)."""


class SerialDependencePillar:
    """Diagnoses serial dependence at lags 1 to 10."""

    name = "serial-dependence"

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return void at p < .001 with fewer than 0.8 n effective observations, warn at p < .01."""
        x = decision_variable(claim, sample)
        if x is None:
            return None
        clumping, effective = examine(x)
        p = min(1.0, 2.0 * min(clumping.p_clumped, clumping.p_alternating))
        status, message = _status(clumping, p, effective, len(x))
        return Finding(
            pillar=self.name,
            method=METHOD,
            status=status,
            message=message,
            numbers={"p": p, "lag": clumping.lag, "effective_n": effective},
        )


def decision_variable(claim: Claim, sample: Sample) -> Variable | None:
    """Return what the claim's test looks at, trial by trial, shape (n,); None when it is not known."""
    kind = claim.kind
    if kind == "quantile":
        return _against_limits(claim, sample.value.floats)
    if kind in ("difference", "ratio"):
        first, second = sample.pairs
        if kind == "ratio":
            return first / second if bool(((first > 0.0) & (second > 0.0)).all()) else None
        return first - second
    if VALUE in sample.columns:
        column = sample.value
        return column.values.astype(np.bool_, copy=False) if column.is_bool else column.floats
    return sample.columns[FIRST].floats - sample.columns[SECOND].floats if FIRST in sample.columns else None


def examine(x: Variable) -> tuple[Clumping, float]:
    """Return the clumping of a decision variable and its effective number of observations."""
    parts = _parts(x)
    found = [_clumping(part) for part in parts]
    worst = min(range(len(parts)), key=lambda i: found[i].p_clumped)
    clumping = Clumping(
        min(1.0, len(parts) * found[worst].p_clumped),
        min(1.0, len(parts) * min(part.p_alternating for part in found)),
        found[worst].lag,
    )
    if 2.0 * clumping.p_clumped >= WARN_LEVEL:
        return clumping, float(len(x))
    return clumping, effective_n(rearranged(parts[worst], clumping.lag).astype(np.float64))


def _clumping(x: Variable) -> Clumping:
    if x.dtype == np.bool_:
        return clumping_of_bits(x.astype(np.bool_, copy=False))
    return clumping_of_numbers(x.astype(np.float64, copy=False))


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
    sides = [x > value, x < value]
    return [side for side in sides if side.any()] or [sides[0]]


def _against_limits(claim: Claim, x: Floats) -> Variable:
    if claim.relation is Relation.AT_LEAST:
        return x < claim.limit
    if claim.relation is Relation.AT_MOST:
        return x <= claim.limit
    lo, hi = claim.limits
    return (x > hi).astype(np.float64) - (x < lo)


def _status(clumping: Clumping, p: float, effective: float, n: int) -> tuple[Literal["ok", "warn", "void"], str]:
    if 2.0 * clumping.p_clumped < VOID_LEVEL and effective < LEAST_EFFECTIVE_SHARE * n:
        return "void", (
            f"observations {clumping.lag} trials apart depend on each other "
            f"(p = {2.0 * clumping.p_clumped:.2g}): {n} trials are worth about {effective:.0f} independent ones"
        )
    if p >= WARN_LEVEL:
        return "ok", "no serial dependence found"
    kind = "resemble" if clumping.p_clumped <= clumping.p_alternating else "avoid"
    return "warn", f"neighbouring observations {kind} each other (p = {p:.2g}); effective n {effective:.0f} of {n}"
