"""Laws: a search for a counterexample, which is no sample; there is no p-value."""

from __future__ import annotations

from pytest_ophamin.pillars import Claim, Plan, Search, SearchAssessment

METHOD = "search/1"


class LawPillar:
    """Decides ``law`` from what a Hypothesis search left behind."""

    name = "law"
    metrics = frozenset({"law"})
    methods = (METHOD,)

    def decide(self, claim: Claim, evidence: Search) -> SearchAssessment:
        """REFUTED by one counterexample; CORROBORATED by a full, non-empty search; else INCONCLUSIVE."""
        del claim
        examples = f"{evidence.valid_examples} valid examples"
        libraries = {"hypothesis": evidence.hypothesis_version} if evidence.hypothesis_version else {}
        if evidence.counterexample is not None:
            return SearchAssessment(
                method=METHOD, outcome="refuted", summary=f"a counterexample in {examples}", libraries=libraries
            )
        if evidence.valid_examples >= evidence.max_examples > 0 or (evidence.exhausted and evidence.valid_examples > 0):
            whole = ", the whole space" if evidence.exhausted else ""
            return SearchAssessment(
                method=METHOD,
                outcome="corroborated",
                summary=f"no counterexample in {examples}{whole}",
                libraries=libraries,
            )
        return SearchAssessment(
            method=METHOD,
            outcome="inconclusive",
            summary=f"no counterexample, but only {evidence.valid_examples} of {evidence.max_examples} valid examples",
            libraries=libraries,
        )

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """A search has no sample size."""
        del level
        return Plan(n=claim.trials, least_n=0)
