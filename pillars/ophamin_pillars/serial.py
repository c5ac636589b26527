"""Serial dependence: observations that hang together must not be decided as if they were independent.

Judged on the decision variable (DECIDING.md "Metrics"): what the claim's test counts or averages. A latency may drift
within its limit without harm to a claim about that limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from ophamin_pillars.serial_advice import TIMES_A_BLOCK, autocorrelation_time, remedy
from ophamin_pillars.serial_pairs import of_pairs
from ophamin_pillars.serial_units import Things, groups_of, means_of, things_of, worth
from pytest_ophamin.pillars import FIRST, SECOND, VALUE, Claim, Finding, Relation, Sample

METHOD = "serial-dependence/1"
VOID_LEVEL = 0.001
WARN_LEVEL = 0.01
LEAST_EFFECTIVE_SHARE = 0.8
TIED_SHARE = 0.3
"""Above this share of one value ranks are too tied for a normal tail: the exact test of indicators is used."""

_HAVE_BLOCKS = frozenset({"mean", "proportion", "difference"})
"""Questions that can be asked again with ``block=``."""
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

    def describe(self, things: str = "trials", *, grouped: bool = False) -> str:
        """Return what was found about ``things`` (trials, blocks, clusters), looked at inside groups or not."""
        if not lags_of(self.n):
            return "too few observations to look for serial dependence"
        if self.status == "ok":
            return "no serial dependence found"
        if self.status == "warn":
            kind = "resemble" if self.p_clumped <= self.p_alternating else "avoid"
            effective = f"effective n {self.effective_n:.0f} of {self.n}"
            return f"observations {kind} earlier ones (p = {self.p:.2g}); {effective}"
        within = " of one group" if grouped else ""
        return (
            f"observations {self.lag} {things}{within} apart depend on each other (p = {self.p_clumped:.2g}): "
            f"{self.n} {things} are worth about {self.effective_n:.0f} independent ones"
        )


class SerialDependencePillar:
    """Diagnoses serial dependence at lags 1 to 10: of trials, or of the units the claim's design averages."""

    name = "serial-dependence"
    methods = (METHOD,)

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        """Return void at p < .001 with fewer than 0.8 n effective observations, warn at p < .01.

        Resampled splits are not looked at: their dependence is declared and priced.
        """
        x = None if claim.design.resampled is not None else decision_variable(claim, sample)
        if x is None:
            return None
        things = things_of(claim, sample)
        if things is not None:
            return self._of_units(claim, sample, x, things)
        groups = groups_of(claim, sample)
        found = examine(x) if groups is None else examine_groups(x, groups)
        message = found.describe(grouped=groups is not None)
        if found.status == "void" and claim.question in _HAVE_BLOCKS:
            time = max(found.n / found.effective_n, autocorrelation_time(x))
            message += remedy(time, found.lag, found.n)
        return self._finding(found, message, found.effective_n)

    def _of_units(self, claim: Claim, sample: Sample, x: Variable, things: Things) -> Finding:
        means = means_of(claim, sample, x, things)
        found = examine(means)
        independent = worth(x.astype(np.float64), means) * found.effective_n / max(1, found.n)
        message = f"{found.n} {things.name}: {found.describe(things.name)}"
        if found.status != "void":
            message += f"; {len(x)} trials are worth about {independent:.0f} independent ones"
        elif claim.design.block is not None:
            longer = 2.0 * claim.design.block / TIMES_A_BLOCK
            message += remedy(max(longer, autocorrelation_time(x)), 1, len(x))
        return self._finding(found, message, independent, {things.name: found.n})

    def _finding(
        self, found: Examination, message: str, independent: float, more: Mapping[str, int] | None = None
    ) -> Finding:
        return Finding(
            pillar=self.name,
            method=METHOD,
            status=found.status,
            message=message,
            numbers={
                "p": found.p,
                "lag": found.lag,
                "autocorrelation": found.autocorrelation,
                "effective_n": independent,
                **(more or {}),
            },
        )


def decision_variable(claim: Claim, sample: Sample) -> Variable | None:
    """Return what the claim's test looks at, trial by trial, shape (n,); None when it is not known."""
    if claim.kind == "quantile":
        return _against_limits(claim, sample.value.floats)
    if FIRST in sample.columns and SECOND in sample.columns:
        found = of_pairs(claim.kind, *sample.pairs)
        # A sign test counts pairs on one side of a limit, as a quantile does.
        return _against_limits(claim, found) if found is not None and claim.kind == "memory_ratio" else found
    if VALUE not in sample.columns:
        return None
    column = sample.value
    return column.values.astype(np.bool_, copy=False) if column.is_bool else column.floats


def examine(*variables: Variable) -> Examination:
    """Test decision variables, each for itself; ``effective_n`` is computed only when it may matter.

    Args:
        variables: One, or one for each group.
    """
    apart = [part for x in variables for part in _parts(x)]
    parts = [part if part.dtype == np.bool_ else centred_ranks(part.astype(np.float64)) for part in apart]
    found = [_clumping(part) for part in parts]
    worst = min(range(len(parts)), key=lambda i: found[i].p_clumped)
    share = 2.0 * len(parts)  # two directions, and each part is one more chance
    lag, ranks = found[worst].lag, parts[worst].astype(np.float64)
    p_clumped = min(1.0, share * found[worst].p_clumped)
    n = sum(len(x) for x in variables)
    return Examination(
        n=n,
        p_clumped=p_clumped,
        p_alternating=min(1.0, share * min(part.p_alternating for part in found)),
        lag=lag,
        autocorrelation=autocorrelation(ranks, lag),
        effective_n=n / len(ranks) * effective_n(rearranged(ranks, lag)) if p_clumped < WARN_LEVEL else float(n),
    )


def examine_groups(x: Variable, codes: npt.NDArray[np.intp]) -> Examination:
    """Test a decision variable inside groups that differ by design: arms, strata, cells of a factorial.

    In one sequence groups that differ would seem to alternate, or to clump. Groups too small for a lag are not looked
    at, and taken to be as the others.

    Args:
        x: The decision variable (n).
        codes: Group of each trial, 0, 1, ... (n).
    """
    parts = [x[codes == group] for group in range(int(codes.max()) + 1)]
    large = [part for part in parts if lags_of(len(part))]
    if not large:
        return Examination(max(map(len, parts)), 1.0, 1.0, 1, 0.0, float(len(x)))
    found = examine(*large)
    return replace(found, n=len(x), effective_n=len(x) * found.effective_n / found.n)


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
