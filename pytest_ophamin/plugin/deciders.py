"""From gathered slices to outcomes: asks the core, adds the claim's standing against the lock."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_ophamin.claims.gates import BUDGET_KINDS
from pytest_ophamin.deciding.decide import Decision, decide_claim
from pytest_ophamin.deciding.outcome import Outcome, Registration, Status, Verdict, Void
from pytest_ophamin.deciding.protocol import Finding
from pytest_ophamin.deciding.stopping import stopped_evidence
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.sample import Sample, Search

if TYPE_CHECKING:
    from pytest_ophamin.claims.catalogue import CatalogueEntry
    from pytest_ophamin.claims.model import Claim, ClaimId, Digest
    from pytest_ophamin.deciding.registry import PillarRegistry
    from pytest_ophamin.plugin.casefile import CaseFile
    from pytest_ophamin.plugin.settings import Settings
    from pytest_ophamin.trials.comparison import Comparison
    from pytest_ophamin.trials.gather import Gathering

GLOBAL_RANDOM_PILLAR = "global-random"
GLOBAL_RANDOM_METHOD = "global-random/1"

_PLAIN = Registration(status=Status.UNREGISTERED, looked_up=False)
_GREEN = frozenset({Verdict.VALIDATED, Verdict.CORROBORATED})


class Decider:
    """Decides the claims of one test, raw; the campaign corrects them later."""

    def __init__(
        self,
        settings: Settings,
        registry: Callable[[], PillarRegistry],
        standing: Callable[[Claim, Digest], Registration] | None,
    ) -> None:
        self.settings = settings
        self._registry = registry
        self._standing = standing

    def decide(self, entry: CatalogueEntry, case: CaseFile) -> tuple[Outcome, ...]:
        """Decide every claim of a test whose slices have all answered."""
        if case.not_tested is not None and case.failure is None and case.gathering is None:
            return self.not_tested(entry, case.not_tested)
        gathering = case.gathering_of(entry)
        outcomes = []
        for claim, digest in zip(entry.group.claims, entry.group.digests, strict=True):
            evidence = self._evidence(claim, case, entry)
            decision = decide_claim(claim, evidence, self._registry())
            outcomes.append(
                dataclasses.replace(
                    self._outcome(entry, claim, digest, decision=decision, evidence=evidence, gathering=gathering),
                    comparison=_of_claim(case.comparison, claim),
                )
            )
        return tuple(outcomes)

    def settled_at(self, entry: CatalogueEntry, case: CaseFile) -> int | None:
        """Return how many trials decide all claims of a test that may stop early; None while some may be missing."""
        gathering, registry = case.gathering_of(entry), self._registry()
        most = 0
        for claim in entry.group.claims:
            evidence = stopped_evidence(claim, gathering, registry)
            if not isinstance(evidence, Sample):
                return None
            most = max(most, evidence.n)
        return most

    def not_tested(self, entry: CatalogueEntry, reason: str) -> tuple[Outcome, ...]:
        """Return the outcomes of a test no claim of which can be decided."""
        return tuple(
            Outcome(
                claim=claim,
                digest=digest,
                registration=self.registration(claim, digest),
                verdict=Verdict.NOT_TESTED,
                key=entry.key,
                not_tested=reason,
                siblings=_siblings(entry, claim),
            )
            for claim, digest in zip(entry.group.claims, entry.group.digests, strict=True)
        )

    def void_by_teardown(self, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        """A fixture that fails after the last trial leaves no sample to believe (law 2)."""
        void = Void(reason="tearing down the fixtures failed")
        return tuple(
            outcome
            if outcome.verdict in (Verdict.VOID, Verdict.NOT_TESTED)
            else dataclasses.replace(
                outcome,
                verdict=Verdict.VOID,
                void=void,
                evidence=None,
                pillar=None,
                assessment=None,
                findings=(),
                conceded=False,
                unused_trials=0,
            )
            for outcome in outcomes
        )

    def registration(self, claim: Claim, digest: Digest) -> Registration:
        return _PLAIN if self._standing is None else self._standing(claim, digest)

    def fails(self, outcome: Outcome, verdict: Verdict | None = None) -> bool:
        """Tell whether an outcome, with its raw or a corrected verdict, makes its test fail."""
        verdict = outcome.verdict if verdict is None else verdict
        if verdict is Verdict.INCONCLUSIVE and self.settings.inconclusive == "skip":
            return self.is_barred(outcome)
        return verdict not in _GREEN or self.is_barred(outcome)

    def is_barred(self, outcome: Outcome) -> bool:
        """Tell whether ``--ophamin-strict`` fails the claim for not being registered."""
        return self.settings.strict and outcome.registration.status is not Status.REGISTERED

    def _evidence(self, claim: Claim, case: CaseFile, entry: CatalogueEntry) -> Sample | Search | Failure:
        if case.broken is not None:
            return Failure(reason="a slice of trials did not fit the claim")
        gathering = case.gathering_of(entry)
        if claim.design.can_stop_early:
            return self._stopped(claim, case, gathering)
        if case.failure is not None and not gathering.is_complete:
            return case.failure
        evidence = gathering.evidence_for(claim)
        if isinstance(evidence, Failure):
            return evidence
        return evidence if case.failure is None else case.failure

    def _stopped(self, claim: Claim, case: CaseFile, gathering: Gathering) -> Sample | Search | Failure:
        """Return the evidence of a claim that may stop early; what happened after it was decided is no part of it."""
        if case.failure is not None:
            return case.failure
        found = stopped_evidence(claim, gathering, self._registry())
        return Failure(reason="some of its trials never arrived") if found is None else found

    def _outcome(
        self,
        entry: CatalogueEntry,
        claim: Claim,
        digest: Digest,
        *,
        decision: Decision,
        evidence: Sample | Search | Failure,
        gathering: Gathering,
    ) -> Outcome:
        end = evidence.n if isinstance(evidence, Sample) else None
        attested = tuple(
            Finding(pillar=GLOBAL_RANDOM_PILLAR, method=GLOBAL_RANDOM_METHOD, status="warn", message=text)
            for text in gathering.warnings_before(end)
        )
        return Outcome(
            claim=claim,
            digest=digest,
            registration=self.registration(claim, digest),
            verdict=decision.verdict,
            key=entry.key,
            evidence=None if isinstance(evidence, Failure) else evidence,
            pillar=decision.pillar,
            assessment=decision.assessment,
            findings=(*decision.findings, *attested),
            void=decision.void,
            conceded=decision.conceded,
            siblings=_siblings(entry, claim),
            unused_trials=gathering.executed - evidence.n if isinstance(evidence, Sample) else 0,
            duration=gathering.seconds,
        )


def _of_claim(comparison: Comparison | None, claim: Claim) -> Comparison | None:
    """A claim about a number, beside a ratio on the same benchmark, is compared with that number alone."""
    if comparison is None or claim.kind not in BUDGET_KINDS:
        return comparison
    return dataclasses.replace(comparison, against="budget", name="", commit=None, same_source=True)


def _siblings(entry: CatalogueEntry, claim: Claim) -> tuple[ClaimId, ...]:
    return tuple(sorted(other.id for other in entry.group.claims if other.id != claim.id))
