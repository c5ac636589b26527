"""What the steps of one verification hand to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ophamin.records.trust import TrustStore

if TYPE_CHECKING:
    from pytest_ophamin.claims.lock import Lock
    from pytest_ophamin.claims.model import Claim, ClaimId, Digest
    from pytest_ophamin.deciding.outcome import Outcome
    from pytest_ophamin.deciding.registry import PillarRegistry
    from pytest_ophamin.records.models_campaign import CampaignStatement
    from pytest_ophamin.records.models_proof import ProofStatement
    from pytest_ophamin.records.verify.report import StepState
    from pytest_ophamin.trials.failure import Failure
    from pytest_ophamin.trials.sample import Sample, Search


class StepFailed(Exception):  # control flow of the procedure, never seen outside
    """A step does not hold; the message says what was expected and what came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One ``--require``: ``green``, ``registered``, ``recomputed`` or ``max-alpha=A``."""

    name: str
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """What the caller expects of a bundle."""

    trust: TrustStore = field(default_factory=TrustStore)
    name: str | None = None
    commit: str | None = None
    lock: bytes | None = None
    """Content of the lock file the caller has."""
    subject: Digest | None = None
    """SHA-256 of a release artifact that must be a subject."""
    repo: Path | None = None
    require: tuple[Requirement, ...] = ()
    is_unsigned: bool = False
    """Accept ``signatures: []`` and leave out the steps about keys: for ``ophamin sign``, before it signs."""


@dataclass(slots=True, kw_only=True)
class Line:
    """One envelope."""

    number: int
    """From 1, as an editor counts."""
    payload: bytes
    keyid: str
    signature: bytes


@dataclass(slots=True, kw_only=True)
class Record:
    """One parsed statement."""

    line: int
    id: Digest
    """Recomputed from the received bytes."""
    data_digest: Digest
    """Recomputed."""
    payload: Digest
    """SHA-256 of the payload."""
    content: bytes
    """The payload as received."""
    raw: Mapping[str, Any]
    """The statement as parsed."""
    model: ProofStatement | CampaignStatement
    keyid: str = ""
    """As the envelope names it, trusted or not; empty in a draft."""


@dataclass(slots=True, kw_only=True)
class ProofState:
    """One proof on its way through the steps."""

    record: Record
    statement: ProofStatement
    family: str = ""
    claim: Claim | None = None
    evidence: Sample | Search | Failure | None = None
    """Decoded in step 10; None when never tested, or when a sidecar is missing."""
    is_complete: bool = True
    """False when a sidecar is missing."""
    outcome: Outcome | None = None
    """Rebuilt in step 11; from the stored numbers where it could not be recomputed."""

    @property
    def place(self) -> tuple[str, ClaimId]:
        return self.family, self.statement.predicate.proof.claim.id  # type: ignore[return-value]


@dataclass(slots=True, kw_only=True)
class Bundle:
    """One bundle on its way through the steps."""

    path: Path
    options: VerifyOptions
    registry: PillarRegistry
    content: bytes = b""
    lines: Sequence[Line] = ()
    keyid: str | None = None
    signer: str | None = None
    records: list[Record] = field(default_factory=list)
    campaign: CampaignStatement | None = None
    campaign_record: Record | None = None
    proofs: list[ProofState] = field(default_factory=list)
    lock: Lock | None = None
    not_checked: list[str] = field(default_factory=list)
    recomputed: int = 0
    attested: int = 0
    not_recomputable: int = 0

    @property
    def the_campaign(self) -> CampaignStatement:
        """The one campaign, found in step 7."""
        if self.campaign is None:
            raise RuntimeError("step 7 has not run")
        return self.campaign


Notes = Sequence[str]
Step = Callable[[Bundle], "tuple[StepState, Notes]"]
