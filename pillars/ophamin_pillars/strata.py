"""Stratified trials (``strata="site"``): the mean over a population that has the strata in the shares of the trials.

With the observed shares as weights the stratified estimate *is* the plain mean; what strata can change is how surely it
is known, and that depends on how they came:

*in turn* (``trial.index % 3``, or any order in which no stratum is ever a whole trial ahead of its share or behind it):
the shares are part of the plan, so differences between strata add no error, and the variance is the stratified one,
``sum of w_h^2 s_h^2 / n_h`` with Satterthwaite's (1946, Biometrics Bulletin 2:110) degrees of freedom (Cochran 1977,
Sampling Techniques, 5.4). Of random orders with 15 trials or more in every stratum at most one in 1,000 looks
like that.

*as they come* (drawn with the item): the shares are random, and the mean over the population moves with them. Leaving
the variance between strata out would then err in far more than alpha of decisions (docs/clusters.md has the figures),
and the plain t test is the valid one; it is never wrong in the other case either, only wider.

Bools: the exact binomial test, which is valid for both. Strata in turn only make the count vary less than a binomial
one (Hoeffding 1956, Ann. Math. Stat. 27:713, theorem 4).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_ophamin.pillars import (
    STRATUM,
    Assessment,
    BadPlan,
    BadSample,
    Claim,
    Plan,
    Sample,
    compose,
    number,
    undecidable,
)

if TYPE_CHECKING:
    from ophamin_pillars.models.stratified import Codes, Floats

EXACT = "clopper-pearson/1"
STRATIFIED = "stratified-t/1"
IN_TURN = "strata in turn; independent inside a stratum and normal, or at least 120 x skewness^2 trials in each"


class StrataPillar:
    """Decides means and proportions of stratified trials."""

    name = "strata"
    metrics = frozenset({"mean+strata", "proportion+strata"})
    methods = (EXACT, STRATIFIED, "student-t/1")

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide bools by the exact binomial test, else by a stratified t (strata in turn) or a plain one."""
        from ophamin_pillars.mean import decide_by_t
        from ophamin_pillars.models.stratified import come_in_turn

        if claim.kind == "proportion" or evidence.is_bool:
            return _by_count(claim, evidence)
        if claim.bounds is not None:
            raise BadSample("bounds= does not go with strata=")
        values, strata = evidence.value.floats, evidence.codes(STRATUM)
        if not come_in_turn(strata):
            found = decide_by_t(claim, values)
            return replace(found, conditions=f"{found.conditions}; strata drawn with the trials, or in any order")
        return _by_strata(claim, values, strata)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan as if there were no strata: never too few trials.

        Raises:
            BadPlan: Bounds are given: bets are laid trial by trial, and a stratum's mean is not the mean claimed.
        """
        from ophamin_pillars.mean import plan_mean
        from ophamin_pillars.proportion import ProportionPillar

        if claim.kind == "proportion":
            return ProportionPillar().plan(claim, level=level)
        _check_bounds(claim)
        return plan_mean(claim, level=level)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Size as if there were no strata."""
        from ophamin_pillars.mean import size_mean
        from ophamin_pillars.proportion import ProportionPillar

        if claim.kind == "proportion":
            return ProportionPillar().size(claim, level=level)
        _check_bounds(claim)
        return size_mean(claim, level=level)


def _check_bounds(claim: Claim) -> None:
    if claim.bounds is not None:
        lo, hi = claim.bounds
        raise BadPlan(
            argument="bounds",
            expected="no bounds= with strata=",
            came=f"{number(lo)} to {number(hi)}",
            fix="bounds= without strata= (drawn with the trials), or block=<number of strata> (in turn)",
        )


def _by_count(claim: Claim, sample: Sample) -> Assessment:
    from ophamin_pillars._special import libraries
    from ophamin_pillars.betting_plan import check_inside
    from ophamin_pillars.proportion import ProportionTests, count_true

    try:
        if claim.kind == "mean":  # a proportion's limits were checked with the claim
            check_inside(claim, (0.0, 1.0))
    except BadPlan as bad:
        raise BadSample(f"{bad.argument}: expected {bad.expected}, came {bad.came}") from None
    tests = ProportionTests(sample.n, count_true(sample.value))
    return compose(claim, tests, method=EXACT, exact=True, libraries=libraries())


def _by_strata(claim: Claim, values: Floats, strata: Codes) -> Assessment:
    from ophamin_pillars._special import libraries
    from ophamin_pillars.models.estimate import EstimateTests
    from ophamin_pillars.models.stratified import stratified_mean
    from ophamin_pillars.rounding import settled_groups
    from ophamin_pillars.skewness import conditions_at
    from ophamin_pillars.student import ZERO_VARIANCE

    estimate, count = stratified_mean(settled_groups(values, strata), strata)
    conditions = conditions_at(claim, f"{IN_TURN} ({count} strata)")
    if not estimate.standard_error > 0.0:
        return undecidable(
            claim,
            method=STRATIFIED,
            exact=False,
            conditions=conditions,
            n=estimate.n,
            estimate=estimate.value,
            reason=ZERO_VARIANCE,
            libraries=libraries(),
        )
    tests = EstimateTests(estimate)
    return compose(claim, tests, method=STRATIFIED, exact=False, conditions=conditions, libraries=libraries())
