"""A series of proofs of one claim, and what a synthesising pillar makes of it.

>>> from pytest_ophamin.deciding.series import Synthesis
>>> Synthesis(pillar="I.cma", method="cma/1", status="ok", message="mean 0.93 over 5 campaigns").refusals
()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, ClaimId, Digest
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.trials.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesProof:
    """One verified proof of the claim: recomputed from its observations before it came here."""

    id: Digest
    claim: Claim
    """As it was then: its id is the series', its threshold or trials may have been amended since."""
    assessment: Assessment
    verdict: str
    """Raw: VALIDATED, REFUTED or INCONCLUSIVE."""
    campaign: str
    commit: str | None
    """The commit tested, or the one a dirty tree was based on; None outside git."""
    start: str
    """When the campaign began, ``2026-01-31T12:00:00Z``; the signer's clock."""
    data: Digest
    """Of the observations."""
    key: str
    """Stream key, 32 hexadecimal digits: proofs with one key made the same draws."""
    sample: Sample | None = None
    """The observations, where the pillar may look at them."""

    @property
    def seed_policy(self) -> str:
        return self.claim.seed_policy

    @property
    def bound_levels(self) -> tuple[float, float]:
        """One-sided levels of the assessment's lower and upper bound (DECIDING.md "One claim")."""
        a, b = self.claim.validate_level, self.claim.refute_level
        if self.claim.relation is Relation.AT_LEAST:
            return a, b
        if self.claim.relation is Relation.AT_MOST:
            return b, a
        level = a if self.verdict == "VALIDATED" else b / 2
        return level, level


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All decided proofs of one claim among the campaigns given."""

    claim: ClaimId
    proofs: tuple[SeriesProof, ...]
    """By start, then proof id; each id once."""
    omitted: tuple[str, ...] = ()
    """Proofs that decided nothing (VOID, NOT TESTED, a law's search), one sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """What a synthesising pillar says about a series; it changes no verdict."""

    pillar: str
    method: str
    """Method id with its version, ``"cma/1"``."""
    status: Literal["ok", "warn"]
    message: str
    numbers: Mapping[str, float | int | None] = field(default_factory=dict)
    """Empty when nothing could be computed."""
    refusals: tuple[str, ...] = ()
    """Proofs the method left out and why, one sentence each."""
