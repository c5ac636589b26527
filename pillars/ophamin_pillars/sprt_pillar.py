"""``A.sprt``: claims that stop as soon as they are decided (``sequential=True``), or at declared ``looks=``.

Which method decides follows from the claim and the type of its observations (DECIDING.md "Sequential"):

- 0/1 data with a margin: the truncated SPRT, or group sequential boundaries, calibrated by exact dynamic programming;
- 0/1 data without one: the mixture e-process;
- means and differences with bounds, or of bools: a betting e-process (discordant pairs at 0);
- everything else: the t-mixture e-process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.pillars import Assessment, BadPlan, BadSample, Claim, Plan, Relation, Sample

if TYPE_CHECKING:
    from ophamin_pillars.sequential.methods import Method


class SprtPillar:
    """Decides proportions, quantiles, means, differences and ratios in trial order."""

    name = "A.sprt"
    metrics = frozenset(
        {
            "proportion+sequential",
            "quantile+sequential",
            "mean+sequential",
            "difference+sequential",
            "ratio+sequential",
            "proportion+looks",
            "quantile+looks",
        }
    )
    methods = (
        "truncated-sprt/1",
        "group-sequential-binomial/1",
        "beta-binomial-mixture/1",
        "betting-mixture/1",
        "discordant-pairs-mixture/1",
        "student-t-mixture/1",
        "log-ratio-t-mixture/1",
    )

    def stop(self, claim: Claim, sample: Sample) -> int | None:
        """Return after how many trials the claim is decided, before its cap; a function of the trials up to there.

        Raises:
            BadSample: A trial before any decision is not what the metric takes.
        """
        try:
            return _method_of(claim, sample).stop()
        except BadSample as bad:
            # A bad observation after the decision is no part of the sample.
            stop = self.stop(claim, sample.first_trials(bad.trial)) if bad.trial else None
            if stop is None:
                raise
            return stop

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Assess a sample that ends where the claim was decided, or at its cap."""
        return _method_of(claim, evidence).assess()

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan by the exact law of the boundaries, or by a seeded simulation for means."""
        from ophamin_pillars.sequential.methods import plan_of

        _check_relation(claim)
        return plan_of(claim, level=level)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return a cap, at most 1 % above the least, with power ``claim.power`` at ``expecting``; None without one."""
        from ophamin_pillars.sequential.methods import size_of

        return size_of(claim, level=level)


def _method_of(claim: Claim, sample: Sample) -> Method:
    from ophamin_pillars.sequential.methods import method_of  # NumPy and SciPy: when a claim is decided

    return method_of(claim, sample)


def _check_relation(claim: Claim) -> None:
    """Refuse what no design is known for."""
    if claim.design.looks and claim.relation is Relation.WITHIN:
        raise BadPlan(
            argument="looks",
            expected="at_least= or at_most= with looks=",
            came="within=",
            fix="sequential=True in place of looks=, which shows both ends",
        )
