"""The plan table and the JUnit properties, as text."""

from __future__ import annotations

import pytest
from outcomes import CORROBORATED, assessment_of, claim_of, corrected_of, law_of, outcome_of

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import AutoTrials, ClaimId
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.planning import CampaignPlan, PlanRow
from pytest_ophamin.deciding.protocol import Plan
from pytest_ophamin.reporting.junit import junit_properties
from pytest_ophamin.reporting.plan import plan_table

RECALL = PlanRow(
    claim=claim_of(expecting=0.93, auto=AutoTrials(m=2)),
    m=2,
    correction="holm",
    level=0.025,
    plan=Plan(n=1000, least_n=29, power=0.97123, detectable=0.92431),
    power_corrected=0.9123,
)
TAIL = PlanRow(
    claim=claim_of(
        "test_spam.py::test_tail",
        statement="99.9 % of all messages take at most 5 ms",
        metric="p99.9",
        relation=Relation.AT_MOST,
        threshold=5.0,
        unit="ms",
        trials=3000,
    ),
    m=2,
    correction="holm",
    level=0.025,
    plan=Plan(n=3000, least_n=2995, note="no exceedance is allowed"),
    warning="cannot be VALIDATED as the smallest p-value of 2 claims: needs 3688 trials",
)
LAW = PlanRow(claim=law_of(), m=2, correction="holm", level=0.025, plan=None)


def test_the_plan_shows_trials_power_and_what_is_detectable() -> None:
    """One line of numbers per claim; relation, derivation and warnings below; the campaign's cost at the end."""
    assert plan_table(CampaignPlan(rows=(RECALL, TAIL, LAW), all_validated=None)) == [
        "claim                                      trials   power  corrected  detectable",
        "--------------------------------------------------------------------------------",
        "family campaign: holm, alpha 0.05, 2 hypotheses per side",
        "catches at least 90 % of spam               1,000    0.97       0.91      0.9243",
        "    proportion >= 0.9, expecting 0.93",
        "    trials derived for power 0.9 at alpha / 2",
        "99.9 % of all messages take at most 5       3,000       -          -           -",
        "  ms",
        "    p99.9 <= 5 ms",
        "    no exceedance is allowed",
        "    warning: cannot be VALIDATED as the smallest p-value of 2 claims: needs",
        "      3688 trials",
        "merging is commutative                        100  search          -           -",
        "    law holds",
        "--------------------------------------------------------------------------------",
        "3 claims: 4,000 trials, 100 examples",
        "P(all VALIDATED) is unknown: 1 claim without power (give expecting=)",
    ]


@pytest.mark.parametrize(
    ("power", "shown"), [(1.0, "1.00"), (0.9996, ">0.99"), (0.0004, "<0.01"), (0.0, "0.00"), (0.85, "0.85")]
)
def test_power_is_not_rounded_to_certainty(power: float, shown: str) -> None:
    """0.9996 is not 1."""
    lines = plan_table(CampaignPlan(rows=(RECALL,), all_validated=power))
    assert lines[-1] == f"P(all VALIDATED after correction), all claims true as expected: {shown}"


def test_a_plan_of_laws_has_nothing_to_correct() -> None:
    """A law is a search: no power, no place in the correction."""
    lines = plan_table(CampaignPlan(rows=(LAW,), all_validated=None))
    assert lines[2] == "family campaign: laws only, nothing to correct"
    assert lines[-1] == "1 claim: 0 trials, 100 examples"


def test_stacked_claims_share_their_trials() -> None:
    """The cost counts each test once, with the largest number of trials any of its claims declares."""
    stacked = PlanRow(claim=claim_of(id=ClaimId("other"), trials=400), m=2, correction="holm", level=0.025, plan=None)
    assert plan_table(CampaignPlan(rows=(RECALL, stacked), all_validated=None))[-2:] == [
        "2 claims: 1,000 trials",
        "P(all VALIDATED) is unknown: 1 claim without power (give expecting=)",
    ]


def test_no_claims_no_plan() -> None:
    """A session without claims plans nothing."""
    assert plan_table(CampaignPlan(rows=(), all_validated=None)) == []


def test_junit_properties_are_the_numbers_of_the_claim() -> None:
    """Names carry a prefix; numbers read back as the same float; an unbounded end is left out."""
    outcome = outcome_of(claim_of(), Verdict.VALIDATED, assessment=assessment_of(upper=None))
    plain = [
        ("ophamin.claim", "test_spam.py::test_recall"),
        ("ophamin.verdict", "VALIDATED"),
        ("ophamin.status", "registered"),
        ("ophamin.n", "1000"),
        ("ophamin.estimate", "0.942"),
        ("ophamin.lower", "0.928135"),
        ("ophamin.p_validate", "2.1e-05"),
        ("ophamin.p_refute", "1.0"),
        ("ophamin.method", "clopper-pearson/1"),
        ("ophamin.exact", "exact"),
    ]
    assert junit_properties(outcome) == plain
    corrected = junit_properties(outcome, corrected_of(outcome, Verdict.INCONCLUSIVE, factor=5000))
    assert sorted(set(corrected) - set(plain)) == [
        ("ophamin.corrected_verdict", "INCONCLUSIVE"),
        ("ophamin.p_refute_adjusted", "1.0"),
        ("ophamin.p_validate_adjusted", "0.105"),
    ]


def test_junit_properties_of_stacked_claims_do_not_collide() -> None:
    """Two metrics of one key share a test case and keep their names apart."""
    names = [
        name
        for metric in ("p50", "p99")
        for name, _ in junit_properties(
            outcome_of(claim_of(of="latency", metric=metric), Verdict.NOT_TESTED, siblings=(ClaimId("other"),))
        )
    ]
    assert names[0] == "ophamin.latency:p50.claim"
    assert len(set(names)) == len(names)


def test_junit_properties_of_a_law_or_an_undecided_claim_hold_no_numbers() -> None:
    """A search has none, and a void sample's are not to be believed."""
    law = outcome_of(law_of(), Verdict.CORROBORATED, assessment=CORROBORATED)
    void = outcome_of(claim_of(), Verdict.VOID, assessment=assessment_of())
    for outcome in (law, void):
        assert [name for name, _ in junit_properties(outcome)] == ["ophamin.claim", "ophamin.verdict", "ophamin.status"]
