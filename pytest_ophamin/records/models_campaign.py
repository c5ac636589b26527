"""The closed schema, part three: the CampaignRecord, one session's claims as a whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pytest_ophamin.records.models_base import (
    Closed,
    CorrectionName,
    Count,
    GitId,
    Name,
    Probability,
    Run,
    Sha256,
    StatusName,
    Subjects,
    Text,
    VerdictName,
)


class Member(Closed):
    """One claim's place in its family."""

    claim: Name
    digest: Sha256
    status: StatusName
    raw: VerdictName
    corrected: VerdictName
    proof: Sha256


class FamilyPart(Closed):
    """Claims corrected together."""

    name: Name
    correction: CorrectionName
    alpha: Annotated[float, Field(gt=0.0, lt=1.0)]
    m: Count
    members: Annotated[list[Member], Field(min_length=1)]


class LockPart(Closed):
    """The plan in force and whether it is the committed one."""

    committed: bool
    reason: Text | None
    blob: GitId | None
    path: Name | None
    sha256: Sha256 | None


class CampaignProof(Closed):
    """What the campaign's id covers."""

    subject: Subjects
    families: list[FamilyPart]
    green: bool
    inconclusive: Literal["fail", "skip"]
    out_of_scope: list[Name]
    withdrawn: list[Name]
    lock: LockPart
    data: Sha256


class CampaignData(Closed):
    """The lock's text, and room for an outside proof of time."""

    lock: str | None
    anchors: Annotated[list[Any], Field(max_length=0)] = Field(description="Reserved; empty in v1.")


class AdjustedMember(Closed):
    """Raw and adjusted p-values; null for a law, which has none."""

    claim: Name
    p_validate: Probability | None
    p_refute: Probability | None
    adjusted_validate: Probability | None
    adjusted_refute: Probability | None
    conceded: bool


class AdjustedFamily(Closed):
    """The numbers behind a family's corrected verdicts."""

    name: Name
    members: list[AdjustedMember]


class CampaignDerived(Closed):
    """Signed, recomputed on verification, outside the id."""

    id: Sha256
    families: list[AdjustedFamily]


class History(Closed):
    """The chain of campaigns written in one folder."""

    count: Annotated[int, Field(ge=1)]
    previous: Sha256 | None = Field(description="SHA-256 of the payload of the last signed CampaignRecord before.")


class CampaignRun(Run):
    """Signed, outside the id."""

    registering: dict[str, GitId | None]
    runs: dict[str, Count]
    revisions: dict[str, Count]
    history: History


class CampaignPredicate(Closed):
    """A CampaignRecord."""

    proof: CampaignProof
    data: CampaignData
    derived: CampaignDerived
    run: CampaignRun


class CampaignStatement(Closed):
    """In-toto Statement v1 around a CampaignRecord."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Subjects
    predicateType: Literal["urn:ophamin:CampaignRecord/v1"]  # noqa: N815
    predicate: CampaignPredicate
