"""Step 12: corrections, corrected verdicts and the green flag, computed again from the p-values of step 11."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_ophamin.deciding.campaign import (
    EXPLORATORY_SUFFIX,
    SHARED_SAMPLE_METHOD,
    decide_campaign,
    with_dependence_findings,
)
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.errors import OphaminError
from pytest_ophamin.records.describe import describe_finding
from pytest_ophamin.records.verify.closeness import first_difference, is_close
from pytest_ophamin.records.verify.report import StepState, counted
from pytest_ophamin.records.verify.state import Bundle, Notes, StepFailed

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import ClaimId
    from pytest_ophamin.deciding.outcome import Campaign, Corrected, Family, Outcome
    from pytest_ophamin.records.models_campaign import AdjustedFamily, AdjustedMember, CampaignStatement, FamilyPart


def recompute_families(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 12: correct the campaign again."""
    proof = bundle.the_campaign.predicate.proof
    corrections = {family.name: (family.correction, family.alpha) for family in proof.families}
    _check_levels(bundle)
    outcomes = [proof.outcome for proof in bundle.proofs if proof.outcome is not None]
    try:
        campaign = decide_campaign(
            bundle.the_campaign.predicate.run.campaign,
            outcomes,
            corrections,
            inconclusive=proof.inconclusive,
            out_of_scope=proof.out_of_scope,
            withdrawn=_claim_ids(proof.withdrawn),
        )
    except OphaminError as error:
        raise StepFailed(str(error)) from error
    _compare_campaign(bundle.the_campaign, campaign, {(o.family, o.claim.id): o for o in outcomes})
    _check_dependence(bundle, outcomes, corrections)
    return StepState.HOLDS, (
        f"{counted(len(campaign.families), 'family', 'families')}, green: {'yes' if campaign.green else 'no'}",
    )


def _claim_ids(names: list[str]) -> list[ClaimId]:
    return names  # type: ignore[return-value]


def _check_levels(bundle: Bundle) -> None:
    """Correction and alpha are those of the lock wherever a registered claim was tested under them."""
    proof = bundle.the_campaign.predicate.proof
    registered = {family.name: family for family in bundle.lock.families} if bundle.lock is not None else {}
    alphas: dict[str, set[float]] = {}
    tested = {
        state.place
        for state in bundle.proofs
        if state.claim is not None
        and not state.claim.is_law
        and state.statement.predicate.proof.verdict != Verdict.NOT_TESTED.value
    }
    for state in bundle.proofs:
        if state.claim is not None:
            alphas.setdefault(state.claim.family, set()).add(state.claim.alpha)
    for family in proof.families:
        base = family.name.removesuffix(EXPLORATORY_SUFFIX)
        if family.alpha not in alphas.get(base, set()):
            raise StepFailed(f"family {family.name!a} has alpha {family.alpha:g}, none of its claims does")
        planned = registered.get(family.name)
        # Run under another correction, every registered slot is NOT TESTED: its claim is amended, unless it is a law.
        is_tested = any((family.name, member.claim) in tested for member in family.members)
        if planned is None or not is_tested or not proof.lock.committed:
            continue
        if (planned.correction, planned.alpha) != (family.correction, family.alpha):
            raise StepFailed(
                f"family {family.name!a} is registered with {planned.correction} at {planned.alpha:g}, "
                f"the campaign says {family.correction} at {family.alpha:g}"
            )


def _compare_campaign(
    statement: CampaignStatement, campaign: Campaign, outcomes: Mapping[tuple[str, ClaimId], Outcome]
) -> None:
    proof, derived = statement.predicate.proof, statement.predicate.derived
    stated = [family.name for family in proof.families]
    computed = [family.name for family in campaign.families]
    if stated != computed or [family.name for family in derived.families] != computed:
        raise StepFailed(f"families {computed} are expected in this order, the campaign has {stated}")
    for part, numbers, family in zip(proof.families, derived.families, campaign.families, strict=True):
        _compare_family(part, numbers, family, outcomes)
    if proof.green != campaign.green:
        raise StepFailed(f"green is {campaign.green}, the campaign says {proof.green}")


def _compare_family(
    part: FamilyPart, numbers: AdjustedFamily, family: Family, outcomes: Mapping[tuple[str, ClaimId], Outcome]
) -> None:
    if part.m != family.m:
        raise StepFailed(f"family {family.name!a}: m is {family.m}, the campaign says {part.m}")
    computed = [member.claim for member in family.members]
    if [m.claim for m in part.members] != computed or [m.claim for m in numbers.members] != computed:
        raise StepFailed(f"family {family.name!a}: its members are not the expected ones in their order")
    for stated, adjusted, member in zip(part.members, numbers.members, family.members, strict=True):
        if stated.corrected != member.verdict.value:
            raise StepFailed(
                f"claim {member.claim!a} is {member.verdict.value} after correction, "
                f"the campaign says {stated.corrected}"
            )
        _compare_numbers(adjusted, member, outcomes[family.name, member.claim])


def _compare_numbers(stated: AdjustedMember, member: Corrected, outcome: Outcome) -> None:
    computed: dict[str, float | None] = {
        "p_validate": outcome.p_validate,
        "p_refute": outcome.p_refute,
        "adjusted_validate": member.p_validate,
        "adjusted_refute": member.p_refute,
    }
    if outcome.claim.is_law:
        computed = dict.fromkeys(computed)
    for name, number in computed.items():
        value = getattr(stated, name)
        agrees = value is number if value is None or number is None else is_close(value, number, is_p=True)
        if not agrees:
            raise StepFailed(f"claim {member.claim!a}: {name} is {number}, the campaign says {value}")
    if stated.conceded != member.conceded:
        raise StepFailed(f"claim {member.claim!a}: conceded is {member.conceded}, the campaign says {stated.conceded}")


def _check_dependence(bundle: Bundle, outcomes: list[Outcome], corrections: Mapping[str, tuple[str, float]]) -> None:
    """The warning about corrections that need independent claims stands where it must, and only there."""
    expected = {
        (outcome.family, outcome.claim.id): [
            describe_finding(finding) for finding in outcome.findings if finding.method == SHARED_SAMPLE_METHOD
        ]
        for outcome in with_dependence_findings(outcomes, corrections)
    }
    for proof in bundle.proofs:
        findings = proof.statement.predicate.derived.findings
        stated = [finding.model_dump() for finding in findings if finding.method == SHARED_SAMPLE_METHOD]
        difference = first_difference(stated, expected[proof.place], "findings")
        if difference is not None:
            raise StepFailed(f"line {proof.record.line}: {difference}")
