"""The families of a CampaignRecord: members under ``proof``, the numbers behind their verdicts under ``derived``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import JSON, round12

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import ClaimId, Digest
    from pytest_ophamin.deciding.outcome import Corrected, Family, Outcome
    from pytest_ophamin.records.assemble import Part

Place = tuple[str, "ClaimId"]
"""``(family, claim id)``: an amended claim stands in two families."""


def describe_family(family: Family, outcomes: Mapping[Place, Outcome], ids: Mapping[Place, Digest]) -> Part:
    """Return a family with its members: raw and corrected verdict and the proof of each."""
    return {
        "name": family.name,
        "correction": family.correction,
        "alpha": family.alpha,
        "m": family.m,
        "members": [
            _member(member, outcomes[family.name, member.claim], ids[family.name, member.claim])
            for member in family.members
        ],
    }


def describe_adjusted(family: Family, outcomes: Mapping[Place, Outcome]) -> Part:
    """Return a family's raw and adjusted p-values."""
    members: list[JSON] = [_adjusted(member, outcomes[family.name, member.claim]) for member in family.members]
    return {"name": family.name, "members": members}


def _member(member: Corrected, outcome: Outcome, proof: Digest) -> Part:
    return {
        "claim": member.claim,
        "digest": outcome.digest,
        "status": outcome.registration.status.value,
        "raw": outcome.verdict.value,
        "corrected": member.verdict.value,
        "proof": proof,
    }


def _adjusted(member: Corrected, outcome: Outcome) -> Part:
    numbers: dict[str, JSON] = {
        "p_validate": round12(outcome.p_validate),
        "p_refute": round12(outcome.p_refute),
        "adjusted_validate": round12(member.p_validate),
        "adjusted_refute": round12(member.p_refute),
    }
    if outcome.claim.is_law:  # a search has no p-value, and 1.0 would look like one
        numbers = dict.fromkeys(numbers)
    return {"claim": member.claim, **numbers, "conceded": member.conceded}
