"""Steps 6 and 7: every record is what its id says, and the campaign holds exactly the proofs that are there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_ophamin.records.models_campaign import CampaignStatement
from pytest_ophamin.records.models_proof import ProofStatement
from pytest_ophamin.records.verify.report import StepState, counted
from pytest_ophamin.records.verify.state import Bundle, Notes, ProofState, StepFailed

if TYPE_CHECKING:
    from pytest_ophamin.records.models_campaign import Member


def check_identity(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 6: stored ids are the recomputed ones, no proof stands twice, one subject on all lines."""
    first = bundle.records[0].raw["subject"] if bundle.records else None
    seen: set[str] = set()
    for record in bundle.records:
        place = f"line {record.line}"
        if record.model.predicate.derived.id != record.id:
            raise StepFailed(f"{place}: the stored id {record.model.predicate.derived.id} is not {record.id}")
        if record.raw["subject"] != first or record.raw["predicate"]["proof"]["subject"] != first:
            raise StepFailed(f"{place}: the subject is not the one of the other lines")
        # Two CampaignRecords are the next step's finding, whether they differ or not.
        if record.id in seen and isinstance(record.model, ProofStatement):
            raise StepFailed(f"{place}: proof {record.id} stands in the bundle twice")
        seen.add(record.id)
    return StepState.HOLDS, (counted(len(bundle.records), "id"),)


def check_members(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 7: exactly one CampaignRecord; its members are the proofs present."""
    campaigns = [record for record in bundle.records if isinstance(record.model, CampaignStatement)]
    if len(campaigns) != 1:
        raise StepFailed(f"a bundle holds exactly one CampaignRecord, this one holds {len(campaigns)}")
    bundle.campaign_record = campaigns[0]
    assert isinstance(campaigns[0].model, CampaignStatement)  # noqa: S101  # for the type checker
    bundle.campaign = campaigns[0].model
    proofs = {
        r.id: ProofState(record=r, statement=r.model) for r in bundle.records if isinstance(r.model, ProofStatement)
    }
    members = [(family.name, m) for family in bundle.campaign.predicate.proof.families for m in family.members]
    _check_sets(Counter(str(member.proof) for _, member in members), set(proofs))
    for family, member in members:
        _check_member(member, proofs[member.proof])  # type: ignore[index]
        proofs[member.proof].family = family  # type: ignore[index]
    bundle.proofs = sorted(proofs.values(), key=lambda proof: proof.place)
    return StepState.HOLDS, (counted(len(members), "proof"),)


def _check_sets(members: Counter[str], proofs: set[str]) -> None:
    missing, extra = set(members) - proofs, proofs - set(members)
    if missing:
        raise StepFailed(f"{len(missing)} members have no proof in the bundle, first {min(missing)}")
    if extra:
        raise StepFailed(f"{len(extra)} proofs belong to no member of the campaign, first {min(extra)}")
    if members and max(members.values()) > 1:
        raise StepFailed("two members of the campaign name the same proof")


def _check_member(member: Member, proof: ProofState) -> None:
    claim = proof.statement.predicate.proof.claim.id
    if claim != member.claim:
        raise StepFailed(f"member {member.claim!a} names the proof of {claim!a}")
