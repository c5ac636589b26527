"""What a session of benchmark gates decides about given pairs: its own claims, pillar, looks and correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pytest_ophamin.claims.design import PLAIN
from pytest_ophamin.claims.gate_checks import gate_design
from pytest_ophamin.claims.gates import CONTROL, TIME_RATIO, kept_columns
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, ClaimId, Digest
from pytest_ophamin.deciding.campaign import decide_campaign
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Outcome, Registration, Status, Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.registry import PillarRegistry
from pytest_ophamin.deciding.stopping import stopping_index
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.errors import UsageError
from pytest_ophamin.trials.sample import FIRST, SECOND, Column, Sample

Floats = npt.NDArray[np.float64]
_FAMILY = "campaign"
_REGISTERED = Registration(status=Status.REGISTERED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """What the sides of one benchmark said in each pair, in seconds, each of shape (n,)."""

    first: Floats
    """The candidate."""
    second: Floats
    """What it is compared with."""
    control: Floats
    """The candidate once more."""

    @property
    def n(self) -> int:
        return len(self.first)

    def take(self, places: npt.NDArray[np.intp]) -> Pairs:
        """Return the pairs at ``places``, in that order."""
        return Pairs(first=self.first[places], second=self.second[places], control=self.control[places])

    def slowed(self, factor: float) -> Pairs:
        """Return the pairs of a candidate that takes ``factor`` times as long: the control is that candidate too."""
        return Pairs(first=self.first * factor, second=self.second, control=self.control * factor)

    def to_sample(self) -> Sample:
        """Return the pairs as the sample a claim about their ratio is decided on."""
        columns = {FIRST: self.first, SECOND: self.second, CONTROL: self.control}
        # Kept for readers, and deciding nothing: there is no median of rounds in a pair that was drawn anew.
        kept = {name: self.second for name in kept_columns(TIME_RATIO) if name not in columns}
        return Sample(
            n=self.n, columns={name: Column(kind="f64le", values=v) for name, v in sorted({**columns, **kept}.items())}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a session decides."""

    pairs: int
    """The cap."""
    threshold: float
    alpha: float = 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """One benchmark of a decided session."""

    verdict: Verdict
    """Corrected."""
    pairs: int
    """Pairs it took."""


def decide_session(pairs: Mapping[str, Pairs], plan: Plan, registry: PillarRegistry) -> dict[str, Line]:
    """Decide every benchmark where it would have stopped, and correct all of them together by Holm.

    Args:
        pairs: As many as the plan's cap, by benchmark.
        plan: How the session decides.
        registry: The pillars.

    Raises:
        UsageError: A benchmark has fewer pairs than the plan's cap.
    """
    outcomes = [_outcome(name, found, plan, len(pairs), registry) for name, found in pairs.items()]
    campaign = decide_campaign(_FAMILY, outcomes, {_FAMILY: ("holm", plan.alpha)})
    verdicts = {member.claim: member.verdict for family in campaign.families for member in family.members}
    return {
        str(outcome.claim.id): Line(verdicts[outcome.claim.id], outcome.evidence.n)
        for outcome in outcomes
        if isinstance(outcome.evidence, Sample)
    }


def refutes(pairs: Pairs, plan: Plan, m: int, registry: PillarRegistry) -> bool:
    """Tell whether a benchmark is REFUTED among ``m`` whatever the others say: at its p-value times ``m``.

    Holm's procedure is never stricter, and not milder while no other benchmark is REFUTED.
    """
    claim = _claim("", plan, m)
    pillar, sample = registry.deciding_for(claim), pairs.to_sample().first_trials(plan.pairs)
    stop = stopping_index(claim, sample, pillar)
    said = pillar.decide(claim, sample if stop is None else sample.first_trials(stop))
    assert isinstance(said, Assessment)  # noqa: S101  # a ratio is no law
    return judge(claim, 1.0, min(1.0, said.p_refute * m), said.reason)[0] is Verdict.REFUTED


def control_problem(pairs: Pairs, plan: Plan, m: int, registry: PillarRegistry) -> str | None:
    """Return why nothing could be decided on all of ``pairs``: the control differs; None where it does not."""
    claim = replace(_claim("", plan, m), trials=pairs.n, design=PLAIN)
    assessment = decide_claim(claim, pairs.to_sample(), registry).assessment
    return assessment.reason if isinstance(assessment, Assessment) else None


def has(lines: Mapping[str, Line], verdict: Verdict) -> bool:
    """Tell whether any line of a session has this verdict."""
    return any(line.verdict is verdict for line in lines.values())


def _outcome(name: str, pairs: Pairs, plan: Plan, m: int, registry: PillarRegistry) -> Outcome:
    if pairs.n < plan.pairs:
        raise UsageError(f"expected {plan.pairs} pairs of {name}, came {pairs.n}")
    claim = _claim(name, plan, m)
    sample = pairs.to_sample().first_trials(plan.pairs)
    stop = stopping_index(claim, sample, registry.deciding_for(claim))
    evidence = sample if stop is None else sample.first_trials(stop)
    decision = decide_claim(claim, evidence, registry)
    return Outcome(
        claim=claim,
        digest=Digest("0" * 64),
        registration=_REGISTERED,
        verdict=decision.verdict,
        key="0" * 32,
        evidence=evidence,
        pillar=decision.pillar,
        assessment=decision.assessment,
        findings=decision.findings,
        void=decision.void,
        conceded=decision.conceded,
    )


def _claim(name: str, plan: Plan, m: int) -> Claim:
    return Claim(
        id=ClaimId(name),
        test=name,
        statement=name,
        metric=TIME_RATIO,
        relation=Relation.AT_MOST,
        threshold=plan.threshold,
        alpha=plan.alpha,
        trials=plan.pairs,
        of=TIME_RATIO,
        family=_FAMILY,
        design=gate_design(plan.pairs),
        allocated=m,
    )
