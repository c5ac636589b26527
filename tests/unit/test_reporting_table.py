"""The campaign table, as text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from outcomes import (
    CORROBORATED,
    NO_LOCK,
    assessment_of,
    campaign_of,
    claim_of,
    corrected_of,
    family_of,
    law_of,
    outcome_of,
)

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import ClaimId
from pytest_ophamin.deciding.outcome import Registration, Status, Verdict, Void
from pytest_ophamin.deciding.protocol import Finding
from pytest_ophamin.reporting.table import campaign_table
from pytest_ophamin.reporting.wording import label_claims

RECALL = outcome_of(claim_of(), Verdict.VALIDATED, assessment=assessment_of())
LATENCY = outcome_of(
    claim_of(
        "test_spam.py::test_latency",
        statement="99 % of messages take at most 5 ms on the machine that runs the suite",
        metric="p99",
        relation=Relation.AT_MOST,
        threshold=5.0,
        unit="ms",
        trials=2000,
    ),
    Verdict.INCONCLUSIVE,
    assessment=assessment_of(
        method="quantile/1", n=2000, estimate=4.81, lower=4.6, upper=5.031, p_validate=0.0702, p_refute=0.8, needed=3120
    ),
)
CRASH = outcome_of(
    claim_of("test_spam.py::test_crash", statement="never crashes"),
    Verdict.VOID,
    void=Void(reason="the trial raised ValueError", trial=17, seed=1234, exception="ValueError", place="spam.py:31"),
)
LAW = outcome_of(law_of(), Verdict.CORROBORATED, assessment=CORROBORATED)


@pytest.mark.parametrize(
    ("ids", "shown"),
    [
        (("t.py::test_a[en]", "t.py::test_a[de-1]"), ("same [en]", "same [de-1]")),
        (("t.py::test_a[x]", "t.py::TestB::test_b"), ("same (test_a[x])", "same (TestB::test_b)")),
        (("t.py::test_a", "u.py::test_a"), ("same (t.py::test_a)", "same (u.py::test_a)")),
        (("t.py::test_a|ms:mean", "t.py::test_a|ms:p99"), ("same (test_a|ms:mean)", "same (test_a|ms:p99)")),
        (("spam.recall", "spam.precision"), ("same (spam.recall)", "same (spam.precision)")),
    ],
)
def test_claims_of_one_statement_are_told_apart(ids: tuple[str, str], shown: tuple[str, str]) -> None:
    """Rows of equal words would leave the reader to count them."""
    claims = [claim_of(claim_id, statement="same") for claim_id in ids]
    rows = campaign_table([outcome_of(claim, Verdict.NOT_TESTED, not_tested="skipped") for claim in claims], None)
    assert [row.split("  ")[0] for row in rows if "NOT TESTED" in row][:2] == list(shown)
    assert list(label_claims([*claims, claim_of("v.py::test_c", statement="other")]).values())[2] == "other"


def test_a_plain_session_shows_raw_verdicts_and_says_so() -> None:
    """Two lines per claim, notes below, at 80 columns."""
    assert campaign_table([RECALL, LATENCY, CRASH, LAW], None) == [
        "claim                                                     verdict              p",
        "    n  estimate [interval] threshold",
        "--------------------------------------------------------------------------------",
        "catches at least 90 % of spam                             VALIDATED      2.1e-05",
        "    n 1,000  0.942 [0.9281, 0.9541] >= 0.9  exact",
        "99 % of messages take at most 5 ms on the machine that    INCONCLUSIVE      0.07",
        "  runs the suite",
        "    n 2,000  4.81 [4.6, 5.031] <= 5 ms  exact",
        "    would need about 3,120 trials",
        "never crashes                                             VOID                 -",
        "    trial 17 (seed 1234), spam.py:31: the trial raised ValueError",
        "merging is commutative                                    CORROBORATED         -",
        "    no counterexample in 100 valid examples",
        "--------------------------------------------------------------------------------",
        "1 VALIDATED, 1 CORROBORATED, 1 INCONCLUSIVE, 1 VOID; raw verdicts: a campaign",
        "corrects them (--ophamin-campaign)",
    ]


def test_a_campaign_shows_corrected_verdicts_and_adjusted_p_below_the_raw_ones() -> None:
    """Every family has its line; the number of trials needed is the one after correction."""
    recall, latency, law = corrected_of(RECALL, factor=2), corrected_of(LATENCY, factor=2), corrected_of(LAW)
    campaign = campaign_of(family_of("campaign", [recall, latency, law], 2), name="nightly", green=False)
    assert campaign_table([RECALL, LATENCY, LAW], campaign) == [
        "claim                                                     verdict              p",
        "    n  estimate [interval] threshold                      corrected     adjusted",
        "--------------------------------------------------------------------------------",
        "family campaign: holm, alpha 0.05, 2 hypotheses per side",
        "catches at least 90 % of spam                             VALIDATED      2.1e-05",
        "    n 1,000  0.942 [0.9281, 0.9541] >= 0.9  exact         VALIDATED      4.2e-05",
        "99 % of messages take at most 5 ms on the machine that    INCONCLUSIVE      0.07",
        "  runs the suite                                          INCONCLUSIVE      0.14",
        "    n 2,000  4.81 [4.6, 5.031] <= 5 ms  exact",
        "    would need about 4,430 trials after correction",
        "merging is commutative                                    CORROBORATED         -",
        "    no counterexample in 100 valid examples               CORROBORATED         -",
        "--------------------------------------------------------------------------------",
        "campaign nightly: 1 VALIDATED, 1 CORROBORATED, 1 INCONCLUSIVE: not green",
    ]


def test_a_refuted_claim_shows_the_p_of_its_refutation() -> None:
    """p is the one the verdict rests on, compared with the level of that side."""
    outcome = outcome_of(
        claim_of(margin=0.02),
        Verdict.REFUTED,
        assessment=assessment_of(exact=False, estimate=0.8, lower=0.77, upper=None, p_validate=1.0, p_refute=0.0999),
    )
    lines = campaign_table([outcome], None)
    assert lines[3:5] == [
        "catches at least 90 % of spam                             REFUTED         0.0999",
        "    n 1,000  0.8 [0.77, inf) >= 0.9 (margin 0.02)  approximate",
    ]


def test_claims_that_share_a_standing_are_told_once() -> None:
    """Unregistered claims are said to be exploratory in one line; a lone amended one under its claim."""
    members = [
        outcome_of(claim_of(f"test_a.py::test_{name}"), Verdict.VALIDATED, assessment=assessment_of(), **standing)
        for name, standing in (
            ("one", {"registration": NO_LOCK}),
            ("two", {"registration": NO_LOCK}),
        )
    ]
    lines = campaign_table(members, None)
    assert lines[3:5] == [
        "2 claims unregistered (there is no ophamin.lock): exploratory, not",
        "  confirmatory",
    ]
    amended = Registration(status=Status.AMENDED, reason="threshold: 0.9 -> 0.8")
    mixed = [members[0], outcome_of(claim_of("test_a.py::test_three"), Verdict.VALIDATED, registration=amended)]
    lines = campaign_table(mixed, None)
    assert "    unregistered (there is no ophamin.lock)" in lines
    assert "    amended (threshold: 0.9 -> 0.8)" in lines


def test_exploratory_claims_stand_in_a_family_of_their_own() -> None:
    """A registered and an unregistered claim are two sections."""
    free = outcome_of(
        claim_of("test_a.py::test_free", statement="free"),
        Verdict.NOT_TESTED,
        registration=NO_LOCK,
        not_tested="deselected",
    )
    campaign = campaign_of(
        family_of("campaign", [corrected_of(RECALL)], 1),
        family_of("campaign:exploratory", [corrected_of(free)], 1),
        green=False,
        inconclusive="skip",
        out_of_scope=("slow",),
        withdrawn=(ClaimId("test_old.py::test_old"),),
    )
    lines = campaign_table([free, RECALL], campaign)
    assert lines[3:] == [
        "family campaign: holm, alpha 0.05, 1 hypothesis per side",
        "catches at least 90 % of spam                             VALIDATED      2.1e-05",
        "    n 1,000  0.942 [0.9281, 0.9541] >= 0.9  exact         VALIDATED      2.1e-05",
        "family campaign:exploratory: holm, alpha 0.05, 1 hypothesis per side",
        "1 claim unregistered (there is no ophamin.lock): exploratory, not confirmatory",
        "free                                                      NOT TESTED           -",
        "                                                          NOT TESTED           -",
        "    deselected",
        "--------------------------------------------------------------------------------",
        "campaign campaign: 1 VALIDATED, 1 NOT TESTED: not green",
        "  2 families: campaign-wide error up to 0.1 per side",
        '  INCONCLUSIVE does not fail this campaign (inconclusive = "skip")',
        "  out of scope: family slow (none of its claims was collected)",
        "  withdrawn: test_old.py::test_old",
    ]


def test_findings_and_concessions_stand_below_the_numbers() -> None:
    """A warning names its pillar; an ok finding is silent; a conceded claim says between what it lies."""
    findings = (
        Finding(pillar="serial", method="runs/1", status="warn", message="autocorrelated", numbers={}),
        Finding(pillar="other", method="other/1", status="ok", message="fine", numbers={}),
    )
    outcome = outcome_of(
        claim_of(margin=0.02, population="this file"),
        Verdict.VALIDATED,
        assessment=assessment_of(),
        findings=findings,
        conceded=True,
    )
    assert campaign_table([outcome], None)[5:-2] == [
        "    conceded: between 0.88 and 0.9 (both tests reject)",
        "    warn: autocorrelated (serial)",
        "    population: this file",
    ]


def test_quiet_lists_only_what_is_not_green() -> None:
    """With -q the tally still counts all claims."""
    lines = campaign_table([RECALL, CRASH], None, verbosity=-1)
    assert [line for line in lines if "spam" in line and "spam.py" not in line] == []
    assert "never crashes                                             VOID                 -" in lines
    assert lines[-1] == "1 VALIDATED, 1 VOID; raw verdicts: a campaign corrects them (--ophamin-campaign)"


def test_verbose_adds_id_method_conditions_and_registration() -> None:
    """With -v one can look the claim up, in the suite and in the literature."""
    approximate = outcome_of(
        claim_of(),
        Verdict.VALIDATED,
        assessment=assessment_of(method="student/1", exact=False, conditions="n >= 30"),
    )
    assert campaign_table([approximate], None, verbosity=1)[5:-2] == [
        "    id test_spam.py::test_recall",
        "    method student/1",
        "    approximate: n >= 30",
        "    registered",
    ]


def test_no_line_is_wider_than_the_terminal_and_narrow_ones_are_taken_as_60() -> None:
    """80 columns are enough for any claim, 60 too; wider terminals are used."""
    long = outcome_of(
        claim_of(statement="大きな文字" * 30 + " and a very long tail " * 5),
        Verdict.VALIDATED,
        assessment=assessment_of(),
    )
    for width in (60, 80, 132):
        assert max(len(line) for line in campaign_table([long, LATENCY, CRASH], None, width=width)) <= width
    assert campaign_table([RECALL], None, width=20) == campaign_table([RECALL], None, width=60)


def test_a_statement_cannot_repaint_its_row() -> None:
    """Escape sequences and line breaks in a statement are shown, not obeyed."""
    outcome = outcome_of(claim_of(statement="x\x1b[1A\nVALIDATED"), Verdict.REFUTED, assessment=assessment_of())
    assert campaign_table([outcome], None)[3].startswith("x\\x1b[1A\\nVALIDATED ")


def test_colour_is_a_callback_on_the_padded_verdict() -> None:
    """Colour adds no column, because the cell is padded before it is painted."""
    lines = campaign_table([RECALL], None, paint=lambda text, verdict: f"<{verdict}|{text}>")
    assert lines[3].endswith("  <VALIDATED|VALIDATED   >   2.1e-05")


def test_no_claims_no_table() -> None:
    """A session without claims shows nothing."""
    assert campaign_table([], None) == []


def test_an_inconclusive_claim_says_when_no_number_of_trials_would_do() -> None:
    """On the boundary there is none; a reason is given where the pillar has one; a cut p leaves the factor open."""
    undecided = {"verdict": Verdict.INCONCLUSIVE}
    boundary = outcome_of(claim_of(), **undecided, assessment=assessment_of(p_validate=0.5, p_refute=0.5))
    flat = outcome_of(claim_of(), **undecided, assessment=assessment_of(p_validate=1.0, reason="zero variance"))
    assert "    trials that would decide it: none, on the boundary" in campaign_table([boundary], None)
    assert "    undecided: zero variance" in campaign_table([flat], None)
    near = outcome_of(claim_of(), **undecided, assessment=assessment_of(p_validate=0.3, p_refute=0.8, needed=5000))
    campaign = campaign_of(family_of("campaign", [corrected_of(near, factor=4)], 4), green=False)
    assert "    would need about 5,000 trials alone, more after correction" in campaign_table([near], campaign)
    bounded = replace(corrected_of(near, factor=4), largest=4.0)
    campaign = campaign_of(family_of("campaign", [bounded], 4), green=False)
    assert "    would need at most about 9,290 trials after correction" in campaign_table([near], campaign)


def test_a_claim_validated_alone_but_not_after_correction_says_how_many_trials_would_do() -> None:
    """The raw verdict stands above the corrected one; the number is scaled from the claim's own n."""
    outcome = outcome_of(claim_of(), Verdict.VALIDATED, assessment=assessment_of(p_validate=0.03))
    corrected = corrected_of(outcome, Verdict.INCONCLUSIVE, factor=5)
    lines = campaign_table([outcome], campaign_of(family_of("campaign", [corrected], 5), green=False))
    assert lines[4:7] == [
        "catches at least 90 % of spam                             VALIDATED         0.03",
        "    n 1,000  0.942 [0.9281, 0.9541] >= 0.9  exact         INCONCLUSIVE      0.15",
        "    would need about 1,530 trials after correction",
    ]
