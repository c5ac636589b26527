"""What became of a claim, and of a campaign: the values that records are built from and reports are rendered from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_ophamin.claims.model import Claim, ClaimId, Digest
from pytest_ophamin.claims.registration import Registration as Registration  # noqa: PLC0414  # part of an outcome
from pytest_ophamin.claims.registration import Status as Status  # noqa: PLC0414
from pytest_ophamin.deciding.protocol import Assessment, Finding, SearchAssessment
from pytest_ophamin.trials.comparison import Comparison
from pytest_ophamin.trials.sample import Evidence


class Verdict(StrEnum):
    """What a claim comes to."""

    VALIDATED = "VALIDATED"
    CORROBORATED = "CORROBORATED"
    """A law that survived a search."""
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    VOID = "VOID"
    NOT_TESTED = "NOT TESTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """Why a sample cannot be believed. Nothing in it quotes an exception message: it enters a signed record."""

    reason: str
    trial: int | None = None
    seed: int | None = None
    exception: str | None = None
    """Class name."""
    place: str | None = None
    """Rootdir-relative ``file:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One claim after the session: evidence, what the pillars said, and the raw verdict."""

    claim: Claim
    digest: Digest
    registration: Registration
    verdict: Verdict
    """Raw, before any correction."""
    key: str
    """Stream key as 32 hexadecimal digits: with the trial index it gives every draw."""
    evidence: Evidence | None = None
    pillar: str | None = None
    """Name of the deciding pillar."""
    assessment: Assessment | SearchAssessment | None = None
    findings: tuple[Finding, ...] = ()
    void: Void | None = None
    not_tested: str | None = None
    """Why the claim was not decided: ``"deselected"``, ``"worker gw1 crashed"``."""
    conceded: bool = False
    """Both tests rejected: the metric lies between t - d and t."""
    siblings: tuple[ClaimId, ...] = ()
    """Other claims on the same test function: they share this sample."""
    comparison: Comparison | None = None
    """Of a benchmark gate: how its pairs came about."""
    unused_trials: int = 0
    duration: float = 0.0
    """Seconds spent in trials; outside the id."""

    @property
    def family(self) -> str:
        """Family the claim is corrected in: its own when registered, else the exploratory one beside it."""
        registered = self.registration.status is Status.REGISTERED
        return self.claim.family if registered else f"{self.claim.family}:exploratory"

    @property
    def p_validate(self) -> float:
        """p of the validation test, 1 where nothing was decided."""
        return self.assessment.p_validate if isinstance(self.assessment, Assessment) and self.is_decided else 1.0

    @property
    def p_refute(self) -> float:
        return self.assessment.p_refute if isinstance(self.assessment, Assessment) and self.is_decided else 1.0

    @property
    def is_decided(self) -> bool:
        return self.verdict not in (Verdict.VOID, Verdict.NOT_TESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One claim's place in its family."""

    claim: ClaimId
    p_validate: float
    """Adjusted; 1.0 for VOID and NOT TESTED. Laws have 1.0 and are outside m."""
    p_refute: float
    verdict: Verdict
    conceded: bool = False
    largest: float | None = None
    """What an adjusted p-value is at most, as a multiple of the raw one; None where a gate or e-values set no bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Claims corrected together."""

    name: str
    correction: str
    alpha: float
    m: int
    """Number of hypotheses per side: the family's non-law members, VOID and NOT TESTED included."""
    gate: str | None = None
    """Family this one waits for."""
    members: tuple[Corrected, ...]
    """Every member, laws included, sorted by claim id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One session's claims as a whole."""

    name: str
    families: tuple[Family, ...]
    """Sorted by name."""
    green: bool
    """Every claim VALIDATED or CORROBORATED after correction (INCONCLUSIVE where declared), at least one decided."""
    inconclusive: str = "fail"
    """``"fail"`` or ``"skip"``: what an INCONCLUSIVE verdict does to the exit status, as configured."""
    out_of_scope: tuple[str, ...] = ()
    """Families in the lock none of whose claims was collected."""
    withdrawn: tuple[ClaimId, ...] = ()

    def corrected(self, outcome: Outcome) -> Corrected:
        """Return the corrected entry of ``outcome``; KeyError when the campaign has no such member.

        An amended claim has two outcomes: the registered slot (NOT TESTED) and the exploratory one.
        """
        for family in self.families:
            if family.name == outcome.family:
                for member in family.members:
                    if member.claim == outcome.claim.id:
                        return member
        raise KeyError(outcome.claim.id)
