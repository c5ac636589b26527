"""The closed schema of a statement, as pydantic models: the JSON Schemas under ``schema/`` are generated from them.

Closed means: a field that is not named here is refused, and no field is optional. A value that may be absent is null.
Strict means: no string becomes a number. What the models cannot say (ids, digests over other parts, recomputation) is
the business of the numbered steps in ``verify/``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pytest_ophamin.records.names import CAMPAIGN_TYPE, PROOF_TYPE, STATEMENT_TYPE

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Lower-case hexadecimal SHA-256.")]
GitId = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$", description="Git object id, SHA-1 or SHA-256.")]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]
Text = Annotated[str, Field(max_length=1 << 20)]
Name = Annotated[str, Field(min_length=1, max_length=1 << 16)]
FolderName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^/\\\x00-\x1f]+$")]
VerdictName = Literal["VALIDATED", "CORROBORATED", "REFUTED", "INCONCLUSIVE", "VOID", "NOT TESTED"]
StatusName = Literal["registered", "amended", "unregistered"]
CorrectionName = Literal["holm", "hochberg", "bh", "by", "none"]

MAX_SUBJECTS = 1024


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class GitCommit(_Closed):
    """A clean tree."""

    gitCommit: GitId  # noqa: N815  # in-toto's own spelling


class GitTree(_Closed):
    """A tree that differs from every commit, or is not known to be one."""

    gitTree: GitId  # noqa: N815


class Sha256Digest(_Closed):
    """A file, or the canonical manifest of a source tree without git."""

    sha256: Sha256


class Annotations(_Closed):
    """What ties a release artifact to the tested code."""

    binding: Literal["installed", "declared"]


class Substrate(_Closed):
    """The source that was tested."""

    name: Literal["substrate"]
    digest: GitCommit | GitTree | Sha256Digest


class Artifact(_Closed):
    """A release artifact named with ``--ophamin-subject``."""

    name: Name
    digest: Sha256Digest
    annotations: Annotations


Subjects = Annotated[list[Substrate | Artifact], Field(min_length=1, max_length=MAX_SUBJECTS)]


class ScenarioText(_Closed):
    """The module's ``scenario(...)`` marker."""

    title: Text
    tier: Text | None
    goal: Text | None


class Sibling(_Closed):
    """Another claim on the same test function."""

    id: Name
    digest: Sha256


class ClaimPart(_Closed):
    """What was promised."""

    id: Name
    test: Name
    digest: Sha256 = Field(description="SHA-256 of the canonical form of `document`.")
    document: dict[str, JsonValue] = Field(description="Everything that could change the decision; see the claim schema.")
    scenario: ScenarioText | None
    siblings: list[Sibling] = Field(description="Claims that share this sample, sorted by id.")


class PlanPart(_Closed):
    """How it was to be tried."""

    trials: Count
    key: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = Field(
        description="Stream key: with the trial index it gives every draw."
    )


class RegistrationPart(_Closed):
    """Standing against the committed lock."""

    status: StatusName
    lock_blob: GitId | None


class FilePart(_Closed):
    """One file by name and content."""

    path: Name
    sha256: Sha256


class ProvenancePart(_Closed):
    """The files that define the scenario."""

    module: FilePart
    conftests: list[FilePart]


class MethodName(_Closed):
    """A diagnosing pillar and the method it used."""

    pillar: Name
    method: Name


class MethodsPart(_Closed):
    """Which methods decided and diagnosed; looked up by name on verification, never imported."""

    pillar: Name | None
    deciding: Name | None
    diagnosing: list[MethodName]


class Proof(_Closed):
    """What the id covers."""

    subject: Subjects
    claim: ClaimPart
    plan: PlanPart
    registration: RegistrationPart
    provenance: ProvenancePart | None
    data: Sha256 = Field(description="SHA-256 of the canonical form of `predicate.data`.")
    methods: MethodsPart
    verdict: VerdictName


class InlineColumn(_Closed):
    """A column held in the record."""

    kind: Literal["bits", "f64le", "i64le"]
    base64: str


class SidecarColumn(_Closed):
    """A column held in ``observations/<sha256>.bin``."""

    kind: Literal["bits", "f64le", "i64le"]
    sha256: Sha256
    size: Count


class SampleData(_Closed):
    """Observation columns in trial order."""

    kind: Literal["sample"]
    n: Count
    columns: Annotated[dict[str, InlineColumn | SidecarColumn], Field(min_length=1, max_length=2)]
    errors_against: list[Count]


class SearchData(_Closed):
    """What a search for a counterexample left behind."""

    kind: Literal["search"]
    valid_examples: Count
    max_examples: Count
    exhausted: bool
    seed: Annotated[str, Field(pattern=r"^-?[0-9]{1,400}$")]
    strategy: Text
    database: Text
    counterexample: Text | None
    exception: Text | None
    place: Text | None
    reproduction: Text | None
    hypothesis_version: Text


class FailureData(_Closed):
    """Why there is no evidence to believe."""

    kind: Literal["failure"]
    reason: Text
    trial: Count | None
    seed: Count | None
    exception: Text | None
    place: Text | None


class NoData(_Closed):
    """Never tested."""

    kind: Literal["none"]
    reason: Text


Data = Annotated[SampleData | SearchData | FailureData | NoData, Field(discriminator="kind")]


class TestAssessment(_Closed):
    """What the deciding pillar said about a sample."""

    __test__ = False  # not a test class, whatever its name looks like to a collector

    kind: Literal["test"]
    method: Name
    exact: bool
    conditions: Text | None
    null_validate: Text
    null_refute: Text
    n: Count
    estimate: float | None
    lower: float | None
    upper: float | None
    p_validate: Probability
    p_refute: Probability
    effect: float | None
    spread: float | None
    needed: Count | None
    reason: Text | None


class SearchAssessment(_Closed):
    """What the deciding pillar said about a law's search."""

    kind: Literal["search"]
    method: Name
    outcome: Literal["corroborated", "refuted", "inconclusive"]
    summary: Text


class FindingPart(_Closed):
    """What a diagnosing pillar said."""

    pillar: Name
    method: Name
    status: Literal["ok", "warn", "void"]
    message: Text
    numbers: dict[str, float | None]


class VoidPart(_Closed):
    """Why a sample cannot be believed."""

    reason: Text
    trial: Count | None
    seed: Count | None
    exception: Text | None
    place: Text | None


class ProofDerived(_Closed):
    """Signed, recomputed on verification, outside the id (floating noise differs between platforms)."""

    id: Sha256 = Field(description="SHA-256 of the canonical form of {predicateType, proof}.")
    reason: Text | None = Field(description="Why the claim is not registered.")
    assessment: Annotated[TestAssessment | SearchAssessment, Field(discriminator="kind")] | None
    findings: list[FindingPart]
    attested: list[FindingPart] = Field(
        description="Findings of the session that no stored observation could show; they bear on no verdict."
    )
    void: VoidPart | None
    conceded: bool


class _Run(_Closed):
    campaign: FolderName
    base_commit: GitId | None
    start: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$")]
    duration: Seconds
    python: Text
    platform: Text
    workers: Count
    libraries: dict[str, str]


class ProofRun(_Run):
    """Signed, outside the id."""

    registering_commit: GitId | None
    runs: Count
    revisions: Count
    unused_trials: Count


class ProofPredicate(_Closed):
    """An EmpiricalProofRecord."""

    proof: Proof
    data: Data
    derived: ProofDerived
    run: ProofRun


class ProofStatement(_Closed):
    """In-toto Statement v1 around an EmpiricalProofRecord."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Subjects
    predicateType: Literal["urn:ophamin:EmpiricalProofRecord/v1"]  # noqa: N815
    predicate: ProofPredicate


class Member(_Closed):
    """One claim's place in its family."""

    claim: Name
    digest: Sha256
    status: StatusName
    raw: VerdictName
    corrected: VerdictName
    proof: Sha256


class FamilyPart(_Closed):
    """Claims corrected together."""

    name: Name
    correction: CorrectionName
    alpha: Annotated[float, Field(gt=0.0, lt=1.0)]
    m: Count
    members: Annotated[list[Member], Field(min_length=1)]


class LockPart(_Closed):
    """The plan in force and whether it is the committed one."""

    committed: bool
    reason: Text | None
    blob: GitId | None
    path: Name | None
    sha256: Sha256 | None


class CampaignProof(_Closed):
    """What the campaign's id covers."""

    subject: Subjects
    families: list[FamilyPart]
    green: bool
    inconclusive: Literal["fail", "skip"]
    out_of_scope: list[Name]
    withdrawn: list[Name]
    lock: LockPart
    data: Sha256


class CampaignData(_Closed):
    """The lock's text, and room for an outside proof of time."""

    lock: str | None
    anchors: Annotated[list[Any], Field(max_length=0)] = Field(description="Reserved; empty in v1.")


class AdjustedMember(_Closed):
    """Raw and adjusted p-values; null for a law, which has none."""

    claim: Name
    p_validate: Probability | None
    p_refute: Probability | None
    adjusted_validate: Probability | None
    adjusted_refute: Probability | None
    conceded: bool


class AdjustedFamily(_Closed):
    """The numbers behind a family's corrected verdicts."""

    name: Name
    members: list[AdjustedMember]


class CampaignDerived(_Closed):
    """Signed, recomputed on verification, outside the id."""

    id: Sha256
    families: list[AdjustedFamily]


class History(_Closed):
    """The chain of campaigns written in one folder."""

    count: Annotated[int, Field(ge=1)]
    previous: Sha256 | None = Field(description="SHA-256 of the payload of the last signed CampaignRecord before.")


class CampaignRun(_Run):
    """Signed, outside the id."""

    registering: dict[str, GitId | None]
    runs: dict[str, Count]
    revisions: dict[str, Count]
    history: History


class CampaignPredicate(_Closed):
    """A CampaignRecord."""

    proof: CampaignProof
    data: CampaignData
    derived: CampaignDerived
    run: CampaignRun


class CampaignStatement(_Closed):
    """In-toto Statement v1 around a CampaignRecord."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Subjects
    predicateType: Literal["urn:ophamin:CampaignRecord/v1"]  # noqa: N815
    predicate: CampaignPredicate


STATEMENT_MODELS: dict[str, type[ProofStatement] | type[CampaignStatement]] = {
    PROOF_TYPE: ProofStatement,
    CAMPAIGN_TYPE: CampaignStatement,
}
assert STATEMENT_TYPE == "https://in-toto.io/Statement/v1"  # noqa: S101  # the literal above cannot be a name
