"""Claims of a session corrected together."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from error_rates import plan_of
from outcomes import CORROBORATED, NO_LOCK, REGISTERED, assessment_of, law_of

from pytest_ophamin.claims.model import ClaimId, Digest
from pytest_ophamin.deciding.campaign import correction_of, decide_campaign, with_dependence_findings
from pytest_ophamin.deciding.outcome import Campaign, Outcome, Verdict
from pytest_ophamin.errors import UsageError

HOLM = {"campaign": ("holm", 0.05)}


def _outcome(name: str, p_validate: float = 0.001, p_refute: float = 1.0, **changes: Any) -> Outcome:
    claim = replace(plan_of("proportion", "at_least", 0.9, 1000), id=ClaimId(name))
    fields: dict[str, Any] = {
        "claim": claim,
        "digest": Digest("0" * 64),
        "registration": REGISTERED,
        "verdict": Verdict.VALIDATED,
        "key": "0" * 32,
        "assessment": assessment_of(p_validate=p_validate, p_refute=p_refute),
    }
    return Outcome(**{**fields, **changes})


def _undecided(name: str, verdict: Verdict) -> Outcome:
    return _outcome(name, verdict=verdict, assessment=None)


def _law(name: str, verdict: Verdict = Verdict.CORROBORATED) -> Outcome:
    return _outcome(name, claim=law_of(name), verdict=verdict, assessment=CORROBORATED)


def _verdicts(campaign: Campaign) -> dict[str, Verdict]:
    return {member.claim: member.verdict for family in campaign.families for member in family.members}


def test_both_sides_are_corrected_within_the_family() -> None:
    """Two hypotheses per claim, one per side; each side is adjusted by itself."""
    outcomes = [_outcome("a", 0.02, 0.99), _outcome("b", 0.03, 0.98), _outcome("c", 0.99, 0.01)]
    family = decide_campaign("s", outcomes, HOLM).families[0]
    assert [member.p_validate for member in family.members] == pytest.approx([0.06, 0.06, 0.99])
    assert [member.p_refute for member in family.members] == pytest.approx([1.0, 1.0, 0.03])
    assert [member.verdict for member in family.members] == [
        Verdict.INCONCLUSIVE,
        Verdict.INCONCLUSIVE,
        Verdict.REFUTED,
    ]


def test_e_bh_takes_the_stopped_e_values() -> None:
    """2 / 50 and 2 / (2 * 25) in a family of two; a claim of fixed n is calibrated, a VOID one has e = 0."""
    stopped = [
        _outcome(name, assessment=assessment_of(p_validate=0.001, log_e_validate=math.log(e), log_e_refute=-3.0))
        for name, e in (("a", 50.0), ("b", 25.0))
    ]
    family = decide_campaign("s", stopped, {"campaign": ("ebh", 0.05)}).families[0]
    assert [member.p_validate for member in family.members] == pytest.approx([0.04, 0.04])
    assert [member.verdict for member in family.members] == [Verdict.VALIDATED, Verdict.VALIDATED]
    mixed = [*stopped, _outcome("c", 0.0004, 1.0), _undecided("d", Verdict.VOID)]
    family = decide_campaign("s", mixed, {"campaign": ("ebh", 0.05)}).families[0]
    assert [member.p_validate for member in family.members] == pytest.approx([4 / 75, 4 / 75, 4 / 75, 1.0])


def _behind(name: str, gate: str | None, family: str, p_validate: float = 0.001, p_refute: float = 1.0) -> Outcome:
    outcome = _outcome(name, p_validate, p_refute)
    return replace(outcome, claim=replace(outcome.claim, family=family, gate=gate))


def _two_families(safety: float, *, registered: bool = True) -> Campaign:
    outcomes = [
        _behind("a", None, "safety", safety),
        _behind("b", "safety", "speed", 0.02),
        _behind("c", "safety", "speed", 0.9, 0.001),
    ]
    if not registered:
        outcomes = [replace(outcome, registration=NO_LOCK) for outcome in outcomes]
    return decide_campaign("s", outcomes, {"safety": ("holm", 0.05), "speed": ("holm", 0.05)})


@pytest.mark.parametrize("registered", [True, False])
def test_a_family_behind_a_gate_gets_alpha_when_the_gate_is_open(registered: bool) -> None:
    """In series: nothing behind is VALIDATED more easily than the gate's hardest claim; refuting waits for nothing."""
    suffix = "" if registered else ":exploratory"
    opened = _two_families(0.03, registered=registered)
    assert {f.name: f.gate for f in opened.families} == {"safety" + suffix: None, "speed" + suffix: "safety" + suffix}
    assert _verdicts(opened) == {"a": Verdict.VALIDATED, "b": Verdict.VALIDATED, "c": Verdict.REFUTED}
    assert [m.p_validate for f in opened.families for m in f.members] == pytest.approx([0.03, 0.04, 0.9])
    shut = _two_families(0.06, registered=registered)
    assert _verdicts(shut) == {"a": Verdict.INCONCLUSIVE, "b": Verdict.INCONCLUSIVE, "c": Verdict.REFUTED}


def test_a_gate_that_is_not_there_stays_shut() -> None:
    """A family whose gate is out of scope cannot be VALIDATED."""
    campaign = decide_campaign("s", [_behind("b", "safety", "speed", 1e-9)], {"speed": ("holm", 0.05)})
    assert _verdicts(campaign) == {"b": Verdict.INCONCLUSIVE}


def test_gates_in_a_circle_are_refused() -> None:
    """A forged campaign in which families wait for each other is an error, not a loop."""
    circle = [_behind("a", "speed", "safety"), _behind("b", "safety", "speed")]
    with pytest.raises(UsageError, match="'safety', 'speed' wait for each other"):
        decide_campaign("s", circle, {"safety": ("holm", 0.05), "speed": ("holm", 0.05)})


@pytest.mark.parametrize("verdict", [Verdict.VOID, Verdict.NOT_TESTED])
def test_an_undecided_claim_keeps_its_place_with_p_one(verdict: Verdict) -> None:
    """A crash does not make the other claims easier, and the campaign is not green."""
    campaign = decide_campaign("s", [_outcome("a", 0.03), _undecided("b", verdict)], HOLM)
    family = campaign.families[0]
    assert family.m == 2
    assert _verdicts(campaign) == {"a": Verdict.INCONCLUSIVE, "b": verdict}
    assert family.members[1].p_validate == family.members[1].p_refute == 1.0
    assert not campaign.green


def test_a_void_claim_brings_no_p_value_even_with_an_assessment() -> None:
    """A sample that cannot be believed has p = 1, whatever was computed from it."""
    void = _outcome("b", 1e-9, verdict=Verdict.VOID)
    assert decide_campaign("s", [_outcome("a"), void], HOLM).families[0].members[1].p_validate == 1.0


def test_a_law_has_no_place_in_m() -> None:
    """It is a member, with its own verdict and p = 1, and corrects nobody."""
    campaign = decide_campaign("s", [_outcome("a", 0.03), _law("law")], HOLM)
    assert campaign.families[0].m == 1
    assert campaign.green
    assert [m.claim for m in campaign.families[0].members] == ["a", "law"]
    assert not decide_campaign("s", [_outcome("a"), _law("l", Verdict.NOT_TESTED)], HOLM).green


def test_unregistered_claims_are_corrected_apart() -> None:
    """Their family stands beside the registered one, with its correction."""
    campaign = decide_campaign("s", [_outcome("a", 0.03), _outcome("b", 0.03, registration=NO_LOCK)], HOLM)
    assert [(family.name, family.correction, family.m) for family in campaign.families] == [
        ("campaign", "holm", 1),
        ("campaign:exploratory", "holm", 1),
    ]
    assert campaign.green


def test_an_amended_claim_has_two_places() -> None:
    """The registered slot is NOT TESTED, the exploratory one decided; each outcome finds its own entry."""
    slot, tried = _undecided("a", Verdict.NOT_TESTED), _outcome("a", registration=NO_LOCK)
    campaign = decide_campaign("s", [tried, slot], HOLM)
    assert campaign.corrected(slot).verdict is Verdict.NOT_TESTED
    assert campaign.corrected(tried).verdict is Verdict.VALIDATED
    assert not campaign.green


def test_two_outcomes_in_one_place_are_refused() -> None:
    """A re-run is not a new member."""
    with pytest.raises(UsageError, match="family 'campaign' holds two outcomes of claim 'a'"):
        decide_campaign("s", [_outcome("a"), _outcome("a")], HOLM)


def test_a_family_without_correction_is_refused() -> None:
    """No silent default at this level."""
    with pytest.raises(UsageError, match="family 'campaign' has no correction; known are other"):
        decide_campaign("s", [_outcome("a")], {"other": ("holm", 0.05)})
    assert correction_of("x:exploratory", {"x": ("by", 0.1)}) == ("by", 0.1)
    assert correction_of("x:exploratory", {"x": ("by", 0.1), "x:exploratory": ("none", 0.1)}) == ("none", 0.1)


def test_a_campaign_without_a_decided_claim_is_not_green() -> None:
    """Empty is not success."""
    assert not decide_campaign("s", [], HOLM).green
    assert not decide_campaign("s", [_undecided("a", Verdict.NOT_TESTED)], HOLM).green


@pytest.mark.parametrize(("inconclusive", "green"), [("fail", False), ("skip", True)])
def test_inconclusive_claims_fail_unless_declared_otherwise(inconclusive: str, green: bool) -> None:
    """A choice one writes down; a REFUTED claim fails in any case."""
    outcomes = [_outcome("a"), _outcome("b", 0.4, 0.6, verdict=Verdict.INCONCLUSIVE)]
    assert decide_campaign("s", outcomes, HOLM, inconclusive=inconclusive).green is green
    refuted = _outcome("c", 1.0, 0.0001, verdict=Verdict.REFUTED)
    assert not decide_campaign("s", [*outcomes, refuted], HOLM, inconclusive=inconclusive).green


def test_an_unknown_word_for_inconclusive_is_refused() -> None:
    """``pass`` is not offered."""
    with pytest.raises(UsageError, match="expected 'fail' or 'skip', came 'pass'"):
        decide_campaign("s", [], HOLM, inconclusive="pass")


def test_a_stated_reason_stays_inconclusive_after_correction() -> None:
    """What nothing could decide, no correction decides."""
    outcome = _outcome("a", verdict=Verdict.INCONCLUSIVE, assessment=assessment_of(reason="all equal"))
    assert _verdicts(decide_campaign("s", [outcome], HOLM)) == {"a": Verdict.INCONCLUSIVE}


def test_the_order_of_outcomes_does_not_matter() -> None:
    """Families and members are sorted."""
    outcomes = [_outcome("b", 0.02), _outcome("a", 0.03), _law("c"), _outcome("d", registration=NO_LOCK)]
    arguments: Any = {"out_of_scope": ["z", "y"], "withdrawn": [ClaimId("q"), ClaimId("p")]}
    campaign = decide_campaign("s", outcomes, HOLM, **arguments)
    assert campaign == decide_campaign("s", outcomes[::-1], HOLM, **arguments)
    assert (campaign.out_of_scope, campaign.withdrawn) == (("y", "z"), ("p", "q"))


@pytest.mark.parametrize(("correction", "warned"), [("hochberg", True), ("bh", True), ("holm", False), ("by", False)])
def test_claims_on_one_sample_are_warned_about_where_prds_is_assumed(correction: str, warned: bool) -> None:
    """Hochberg and BH are not proved for claims that share a sample; asking twice adds nothing."""
    corrections = {"campaign": (correction, 0.05)}
    outcomes = [_outcome("a", siblings=(ClaimId("b"),)), _outcome("b", siblings=(ClaimId("a"),)), _outcome("c")]
    marked = with_dependence_findings(outcomes, corrections)
    assert [[f.method for f in outcome.findings] for outcome in marked] == [
        ["shared-sample/1"] if warned else [],
        ["shared-sample/1"] if warned else [],
        [],
    ]
    assert with_dependence_findings(marked, corrections) == marked


def test_a_sibling_in_another_family_is_no_reason_to_warn() -> None:
    """Families are corrected apart."""
    outcomes = [_outcome("a", siblings=(ClaimId("b"),)), _outcome("b", registration=NO_LOCK, siblings=(ClaimId("a"),))]
    assert with_dependence_findings(outcomes, {"campaign": ("bh", 0.05)}) == tuple(outcomes)
