"""``gate``: benchmark gates, whose trial is a pair of fresh processes and whose looks are fixed in advance.

Times are decided on the log scale by a t test that leaves plainly disturbed pairs out; peaks of memory, the same in
most pairs, by exact sign tests. Both are looked at after whole blocks of pairs, and neither is decided where the null
control says that the machine is too noisy.
"""

from __future__ import annotations

from pytest_ophamin.pillars import Assessment, Claim, Plan, Sample

_KINDS = ("time_ratio", "time_median", "time_p99", "memory_ratio")


class GatePillar:
    """Decides ratios of times and of memory, and budgets of time."""

    name = "gate"
    metrics = frozenset({*_KINDS, *(f"{kind}+looks" for kind in _KINDS)})
    methods = (
        "log-trimmed-t/1",
        "group-sequential-log-trimmed-t/1",
        "sign-test/1",
        "group-sequential-sign-test/1",
    )

    def stop(self, claim: Claim, sample: Sample) -> int | None:
        """Return the look before the cap that decides; a function of the pairs up to there.

        Raises:
            BadSample: A pair before any decision is not of positive numbers.
        """
        from ophamin_pillars.gates.deciding import stop_of  # NumPy and SciPy: when a gate is decided

        return stop_of(claim, sample)

    def decide(self, claim: Claim, evidence: Sample) -> Assessment:
        """Assess a sample that ends at a look, or at its cap."""
        from ophamin_pillars.gates.deciding import assess

        return assess(claim, evidence)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan with ``expecting_sd``, the deviation of log pair ratios (of logs, for a budget)."""
        from ophamin_pillars.gates.planning import plan_of

        return plan_of(claim, level=level)

    def size(self, claim: Claim, *, level: float) -> int | None:
        """Return the least even number of pairs with power ``claim.power``, looked at once."""
        from ophamin_pillars.gates.planning import size_of

        return size_of(claim, level=level)
