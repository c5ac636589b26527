"""Claims about 0/1 data with a margin, or with declared looks: decided by a design that was calibrated exactly.

What is counted is always the *good* trials, those on the claimed side, so one design serves ``at_least`` and its mirror
image: a proportion counts successes, or failures for ``at_most``; "p99 at most L" counts observations up to L, "p99 at
least L" those from L on, exactly as :mod:`ophamin_pillars.quantile` counts them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.observations import zeros_and_ones
from ophamin_pillars.proportion import ProportionTests
from ophamin_pillars.quantile import QuantileTests
from ophamin_pillars.sequential import group_counts, truncated
from ophamin_pillars.sequential.course import course_of_counts
from ophamin_pillars.sequential.design import CountDesign
from ophamin_pillars.sequential.limits import greatest_limit, least_limit
from ophamin_pillars.sequential.stopping import Stop
from pytest_ophamin.pillars import (
    Assessment,
    BadSample,
    Claim,
    Relation,
    Sample,
    ShiftedTests,
    compose,
    minus,
    plus,
    quantile_probability,
    round12,
)

Bools = npt.NDArray[np.bool_]


def has_design(claim: Claim) -> bool:
    """Tell whether a claim about 0/1 data has a design point: a margin, or looks declared before the run."""
    return claim.kind in ("proportion", "quantile") and (claim.margin > 0.0 or bool(claim.design.looks))


def nulls_of(claim: Claim) -> tuple[float, float]:
    """Return ``(p0, p1)``: the shares of good trials that validation and refutation test; equal without a margin."""
    at_least, d = claim.relation is Relation.AT_LEAST, claim.margin
    if claim.kind == "proportion":
        t = claim.limit
        return (minus(t, d), t) if at_least else (minus(1.0, plus(t, d)), minus(1.0, t))
    q = probability_of(claim)
    return (minus(1.0, plus(q, d)), minus(1.0, q)) if at_least else (minus(q, d), q)


def probability_of(claim: Claim) -> float:
    """Return q of a claim about a quantile."""
    q = quantile_probability(claim.metric)
    if q is None:
        raise ValueError(f"{claim.metric!r} is no quantile")
    return q


def good_trials(claim: Claim, sample: Sample) -> Bools:
    """Return which trials lie on the claimed side, in trial order, shape (n,).

    Raises:
        BadSample: A proportion of anything but True, False, 0 and 1.
    """
    at_least = claim.relation is Relation.AT_LEAST
    if claim.kind == "proportion":
        good: Bools = zeros_and_ones(sample.value) == (1.0 if at_least else 0.0)
        return good
    values = sample.value.floats
    return values >= claim.limit if at_least else values <= claim.limit


def design_of(claim: Claim, levels: tuple[float, float] | None = None) -> CountDesign:
    """Return the design of a claim, calibrated once per process; by default at ``claim.stop_levels``."""
    a, b = claim.stop_levels if levels is None else levels
    if claim.design.looks:
        return group_counts.group_counts(claim.design.looks, *nulls_of(claim), a, b)
    return truncated.truncated_sprt(*nulls_of(claim), a, b, claim.trials)


def stop_of_counts(claim: Claim, sample: Sample) -> int | None:
    """Return after how many trials the design decides, before the cap; None when it goes on."""
    stop = design_of(claim).boundaries.first_crossing(good_trials(claim, sample))
    return None if stop is None or stop.n >= claim.trials else stop.n


@dataclass(frozen=True, slots=True)
class StoppedCount(ShiftedTests):
    """Exact stage-wise tests of a count that was stopped by a design."""

    claim: Claim
    design: CountDesign
    stop: Stop
    fixed: ProportionTests | QuantileTests
    """The same sample as if its size had been fixed: for the estimate, words, and how many trials would decide."""
    spread: None = None

    @property
    def n(self) -> int:
        return self.stop.n

    @property
    def estimate(self) -> float | None:
        return self.fixed.estimate

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the stage-wise p-value; ``level`` is the one it will be compared with."""
        del limit, slack, strict
        return self._p(validates=self._at_least, level=level)

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the stage-wise p-value; see :meth:`greater`."""
        del limit, slack, strict
        return self._p(validates=not self._at_least, level=level)

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the bound that inverts :meth:`greater`; of a quantile the greatest limit it rejects."""
        del slack
        if isinstance(self.fixed, QuantileTests):
            x, up = self.fixed.values, self._at_least
            # "at_least": good trials reach the limit. "at_most": of a limit just below v those are good that lie below.
            return greatest_limit(x, lambda v: self._rejects(x >= v if up else x < v, validates=up, level=level))
        if self._at_least:
            return self.design.lower(self.stop, level)
        return 1.0 - self.design.upper(self.stop, level)

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the bound that inverts :meth:`less`; of a quantile the least limit it rejects."""
        del slack
        if isinstance(self.fixed, QuantileTests):
            x, up = self.fixed.values, self._at_least
            return least_limit(x, lambda v: self._rejects(x > v if up else x <= v, validates=not up, level=level))
        if self._at_least:
            return self.design.upper(self.stop, level)
        return 1.0 - self.design.lower(self.stop, level)

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Return the null in the words of the fixed-n test."""
        return self.fixed.words(side, limit, slack=slack, strict=strict)

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least fixed n at which the same share of good trials rejects."""
        return self.fixed.needed(side, limit, slack=slack, strict=strict, level=level, start=start)

    @property
    def _at_least(self) -> bool:
        return self.claim.relation is Relation.AT_LEAST

    def _p(self, *, validates: bool, level: float) -> float:
        return self._p_at(self.stop, validates=validates, level=level)

    def _p_at(self, stop: Stop, *, validates: bool, level: float) -> float:
        p = self.design.p_validate if validates else self.design.p_refute
        return p(stop, level=level)

    def _rejects(self, good: Bools, *, validates: bool, level: float) -> bool:
        """Return whether a claim with these good trials would be decided by now: one that goes on rejects nothing."""
        stop = self.design.boundaries.first_crossing(good)
        return stop is not None and round12(self._p_at(stop, validates=validates, level=level)) <= level


def decide_count(claim: Claim, sample: Sample) -> Assessment:
    """Assess a sample that ends where its design stopped it.

    Raises:
        BadSample: It ends elsewhere, or is no 0/1 data.
    """
    good, design = good_trials(claim, sample), design_of(claim)
    stop = design.boundaries.first_crossing(good)
    if stop is None or stop.n != sample.n:
        raise BadSample("the sample does not end where the claim was decided")
    tests = StoppedCount(claim, design, stop, _fixed(claim, sample, stop))
    method = group_counts.METHOD if claim.design.looks else truncated.METHOD
    assessment = compose(claim, tests, method=method, exact=True, libraries=libraries())
    return replace(assessment, sequence=course_of_counts(claim, sample, good, nulls_of(claim)))


def _fixed(claim: Claim, sample: Sample, stop: Stop) -> ProportionTests | QuantileTests:
    if claim.kind == "proportion":
        return ProportionTests(stop.n, stop.count if claim.relation is Relation.AT_LEAST else stop.n - stop.count)
    return QuantileTests(sample.value.floats, probability_of(claim))
