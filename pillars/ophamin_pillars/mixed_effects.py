"""Clustered trials (``cluster="user"``): the unit of replication is the cluster, never the trial.

n answers of one user, n readings of one process, n questions about one document hang together. Taken for independent
they err in a third of decisions at a nominal 5 % (docs/clusters.md). Sources: docs/clusters.md.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pytest_ophamin.pillars import ARM, CLUSTER, Assessment, BadPlan, Claim, Plan, Sample

NO_POWER = "power: not known before the trials say how many clusters there are"
LEAST_MEANS, LEAST_ARMS = 2, 4
"""Two clusters; two clusters with both arms."""


class MixedEffectsPillar:
    """Decides means, proportions and differences of clustered trials."""

    name = "M.mixed_effects"
    metrics = frozenset({"mean+cluster", "proportion+cluster", "difference+cluster", "difference+arms+cluster"})
    methods = (
        "betting-clusters/1",
        "random-intercept/1",
        "cluster-means-t/1",
        "cluster-means-welch/1",
        "cluster-differences-t/1",
        "fixed-blocks/1",
    )

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Decide by betting on cluster means (bools, ``bounds=``), else by a random intercept or t on cluster means."""
        from ophamin_pillars.models.clustered_claims import decide_clustered_arms, decide_clusters
        from ophamin_pillars.observations import observed

        labels = evidence.codes(CLUSTER)
        if claim.design.arms is None:
            return decide_clusters(claim, observed(claim, evidence), labels)
        second = evidence.columns[ARM].values.astype(np.bool_, copy=False)
        return decide_clustered_arms(claim, evidence.value.floats, second, labels, is_bool=evidence.is_bool)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Return the least n, each trial a cluster of its own; no power.

        Raises:
            BadPlan: ``trials="auto"``.
        """
        from ophamin_pillars.betting_plan import betting_plan

        if claim.auto is not None:
            raise _unknown_clusters()
        bounds = (0.0, 1.0) if claim.kind == "proportion" else claim.bounds
        if bounds is None:
            least_n = LEAST_MEANS if claim.design.arms is None else LEAST_ARMS
        else:
            least_n = betting_plan(replace(claim, expecting=None), bounds, level=level).least_n
        return Plan(n=claim.trials, least_n=least_n, note=NO_POWER)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Refuse: trials do not say how many clusters they make.

        Raises:
            BadPlan: Always.
        """
        del claim, level
        raise _unknown_clusters()


def _unknown_clusters() -> BadPlan:
    return BadPlan(
        argument="trials",
        expected="a number of trials: how many clusters they make is not known before they run",
        came='"auto"',
        fix="trials=<clusters you will have x trials of each>",
    )
