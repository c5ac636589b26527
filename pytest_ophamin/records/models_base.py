"""The closed schema, part one: what every statement is made of.

Closed means: a field that is not named here is refused, and no field is optional. A value that may be absent is null.
Strict means: no string becomes a number. What the models cannot say (ids, digests over other parts, recomputation) is
the business of the numbered steps in ``verify/``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

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
CorrectionName = Literal["holm", "hochberg", "hommel", "bh", "by", "ebh", "none"]

MAX_SUBJECTS = 1024


class Closed(BaseModel):
    """No unknown field, no coercion, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class GitCommit(Closed):
    """A clean tree."""

    gitCommit: GitId  # noqa: N815  # in-toto's own spelling


class GitTree(Closed):
    """A tree that differs from every commit, or is not known to be one."""

    gitTree: GitId  # noqa: N815


class Sha256Digest(Closed):
    """A file, or the canonical manifest of a source tree without git."""

    sha256: Sha256


class Annotations(Closed):
    """What ties a release artifact to the tested code."""

    binding: Literal["installed", "declared"]


class Substrate(Closed):
    """The source that was tested."""

    name: Literal["substrate"]
    digest: GitCommit | GitTree | Sha256Digest


class Artifact(Closed):
    """A release artifact named with ``--ophamin-subject``."""

    name: Name
    digest: Sha256Digest
    annotations: Annotations


Subjects = Annotated[list[Substrate | Artifact], Field(min_length=1, max_length=MAX_SUBJECTS)]


class Run(Closed):
    """What every record says about the session it came from: signed, outside the id."""

    campaign: FolderName
    base_commit: GitId | None
    start: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$")]
    duration: Seconds
    python: Text
    platform: Text
    workers: Count
    libraries: dict[str, str]
