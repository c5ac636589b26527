"""The closed schema, part two: the EmpiricalProofRecord, one claim's evidence and what follows from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from pytest_ophamin.records.models_base import (
    Closed,
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


class ScenarioText(Closed):
    """The module's ``scenario(...)`` marker."""

    title: Text
    tier: Text | None
    goal: Text | None


class Sibling(Closed):
    """Another claim on the same test function."""

    id: Name
    digest: Sha256


class ClaimPart(Closed):
    """What was promised."""

    id: Name
    test: Name
    digest: Sha256 = Field(description="SHA-256 of the canonical form of `document`.")
    document: dict[str, JsonValue] = Field(
        description="Everything that could change the decision; see the claim schema."
    )
    scenario: ScenarioText | None
    siblings: list[Sibling] = Field(description="Claims that share this sample, sorted by id.")


class ComparisonPart(Closed):
    """How the pairs of a benchmark gate came about."""

    against: Literal["revision", "environment", "versus", "budget"]
    name: Text = Field(description="Revision as given, Python and versions of the environment, or the other callable.")
    commit: GitId | None = Field(description="Of the revision.")
    budget: Annotated[float, Field(gt=0.0)] = Field(description="Seconds of rounds of the benchmark in one process.")
    low: Text = Field(description="Which statistic of a process's rounds its low one is.")
    gc: Text = Field(description="What the garbage collector did during rounds.")
    sides: Annotated[list[Name], Field(min_length=1, max_length=4)] = Field(
        description="Processes of each half of a block, sorted; the second half runs them in reverse order."
    )
    cpus: Count = Field(description="Processors the processes could run on.")
    same_source: bool = Field(description="Whether the benchmark's own function is the same on both sides.")


class PlanPart(Closed):
    """How it was to be tried."""

    trials: Count
    key: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = Field(
        description="Stream key: with the trial index it gives every draw."
    )
    allocated: Annotated[Count, Field(ge=1)] | None = Field(
        description="Of a claim that may stop early: the number of claims alpha was allocated among."
    )
    comparison: ComparisonPart | None = Field(description="Of a benchmark gate.")


class RegistrationPart(Closed):
    """Standing against the committed lock."""

    status: StatusName
    lock_blob: GitId | None


class FilePart(Closed):
    """One file by name and content."""

    path: Name
    sha256: Sha256


class ProvenancePart(Closed):
    """The files that define the scenario."""

    module: FilePart
    conftests: list[FilePart]


class MethodName(Closed):
    """A diagnosing pillar and the method it used."""

    pillar: Name
    method: Name


class MethodsPart(Closed):
    """Which methods decided and diagnosed; looked up by name on verification, never imported."""

    pillar: Name | None
    deciding: Name | None
    diagnosing: list[MethodName]


class Proof(Closed):
    """What the id covers."""

    subject: Subjects
    claim: ClaimPart
    plan: PlanPart
    registration: RegistrationPart
    provenance: ProvenancePart | None
    data: Sha256 = Field(description="SHA-256 of the canonical form of `predicate.data`.")
    methods: MethodsPart
    verdict: VerdictName


class InlineColumn(Closed):
    """A column held in the record."""

    kind: Literal["bits", "f64le", "i64le"]
    base64: str


class SidecarColumn(Closed):
    """A column held in ``observations/<sha256>.bin``."""

    kind: Literal["bits", "f64le", "i64le"]
    sha256: Sha256
    size: Count


class SampleData(Closed):
    """Observation columns in trial order."""

    kind: Literal["sample"]
    n: Count
    columns: Annotated[dict[str, InlineColumn | SidecarColumn], Field(min_length=1, max_length=40)]
    errors_against: list[Count]


class SearchData(Closed):
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


class FailureData(Closed):
    """Why there is no evidence to believe."""

    kind: Literal["failure"]
    reason: Text
    trial: Count | None
    seed: Count | None
    exception: Text | None
    place: Text | None


class NoData(Closed):
    """Never tested."""

    kind: Literal["none"]
    reason: Text


Data = Annotated[SampleData | SearchData | FailureData | NoData, Field(discriminator="kind")]


class SequencePart(Closed):
    """How a claim that may stop early went, at some trial counts."""

    at: list[Count]
    lower: list[float | None]
    upper: list[float | None]
    log_validate: list[float]
    log_refute: list[float]


class TestAssessment(Closed):
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
    log_e_validate: float | None
    log_e_refute: float | None
    sequence: SequencePart | None


class SearchAssessment(Closed):
    """What the deciding pillar said about a law's search."""

    kind: Literal["search"]
    method: Name
    outcome: Literal["corroborated", "refuted", "inconclusive"]
    summary: Text


class FindingPart(Closed):
    """What a diagnosing pillar said."""

    pillar: Name
    method: Name
    status: Literal["ok", "warn", "void"]
    message: Text
    numbers: dict[str, float | None]


class VoidPart(Closed):
    """Why a sample cannot be believed."""

    reason: Text
    trial: Count | None
    seed: Count | None
    exception: Text | None
    place: Text | None


class ProofDerived(Closed):
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


class ProofRun(Run):
    """Signed, outside the id."""

    registering_commit: GitId | None
    runs: Count
    revisions: Count
    unused_trials: Count


class ProofPredicate(Closed):
    """An EmpiricalProofRecord."""

    proof: Proof
    data: Data
    derived: ProofDerived
    run: ProofRun


class ProofStatement(Closed):
    """In-toto Statement v1 around an EmpiricalProofRecord."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Subjects
    predicateType: Literal["urn:ophamin:EmpiricalProofRecord/v1"]  # noqa: N815
    predicate: ProofPredicate
