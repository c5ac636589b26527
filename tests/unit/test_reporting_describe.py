"""The failure text of one claim, as text."""

from __future__ import annotations

from typing import Any

import pytest
from outcomes import (
    CORROBORATED,
    NO_LOCK,
    assessment_of,
    claim_of,
    corrected_of,
    law_of,
    outcome_of,
    search_of,
)

from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.deciding.outcome import Verdict, Void
from pytest_ophamin.deciding.protocol import Finding, SearchAssessment, Sequence
from pytest_ophamin.reporting.describe import VERDICT_MEANINGS, describe_outcome, reproduction_line
from pytest_ophamin.reporting.wording import describe_notes, describe_relation, describe_stop, describe_void

REFUTED = assessment_of(estimate=0.842, lower=0.8215, upper=0.86123, p_validate=1.0, p_refute=2.1e-09)


def test_a_refuted_claim_shows_both_nulls_with_their_p_and_what_was_rejected() -> None:
    """Claim, verdict, nulls, numbers, method."""
    assert describe_outcome(outcome_of(claim_of(), Verdict.REFUTED, assessment=REFUTED)) == [
        "claim       catches at least 90 % of spam",
        "            proportion >= 0.9, 1,000 trials, alpha 0.05",
        "verdict     REFUTED: the data reject the claim itself",
        'nulls       "proportion <= 0.9": p = 1, not rejected at 0.05',
        '            "proportion >= 0.9": p = 2.1e-09, rejected at 0.05',
        "numbers     n 1,000, estimate 0.842, interval [0.8215, 0.8612]",
        "method      clopper-pearson/1, exact",
    ]


def test_a_corrected_verdict_says_what_the_raw_one_was() -> None:
    """The correction took the verdict back: raw and adjusted p stand side by side."""
    outcome = outcome_of(
        claim_of(margin=0.02),
        Verdict.VALIDATED,
        assessment=assessment_of(
            exact=False, conditions="n >= 30", null_validate="proportion <= 0.88", p_validate=0.03, p_refute=0.7
        ),
        registration=NO_LOCK,
    )
    corrected = corrected_of(outcome, Verdict.INCONCLUSIVE, factor=5)
    assert describe_outcome(outcome, corrected) == [
        "claim       catches at least 90 % of spam",
        "            proportion >= 0.9 (margin 0.02), 1,000 trials, alpha 0.05, power 0.9",
        "verdict     INCONCLUSIVE after correction over its family; VALIDATED on its own",
        'nulls       "proportion <= 0.88": p = 0.03, adjusted 0.15, not rejected at 0.05',
        '            "proportion >= 0.9": p = 0.7, adjusted 1, not rejected at 0.1',
        "numbers     n 1,000, estimate 0.942, interval [0.9281, 0.9541]",
        "method      clopper-pearson/1, approximate: n >= 30",
        "to decide   would need about 1,530 trials after correction",
        "standing    unregistered (there is no ophamin.lock): exploratory, not",
        "            confirmatory",
    ]


def test_a_void_claim_shows_the_failing_trial_and_the_line_that_runs_it_again() -> None:
    """The command is quoted for the shell and never broken."""
    claim = claim_of("tests/test_spam.py::test_recall[it's a b]" + "c" * 70, statement="never crashes")
    void = Void(reason="the trial raised ValueError", trial=17, seed=4, exception="ValueError", place="spam.py:31")
    assert describe_outcome(outcome_of(claim, Verdict.VOID, void=void)) == [
        "claim       never crashes",
        "            proportion >= 0.9, 1,000 trials, alpha 0.05",
        "verdict     VOID: the sample cannot be believed, so nothing is decided",
        "because     trial 17 (seed 4), spam.py:31: the trial raised ValueError",
        "reproduce",
        "    pytest 'tests/test_spam.py::test_recall[it'\"'\"'s a b]" + "c" * 70 + "' --ophamin-trial 17",
    ]


def test_a_void_finding_has_no_trial_to_run_again() -> None:
    """Findings say what was found, by whom; several stand below each other."""
    findings = (
        Finding(pillar="serial", method="runs/1", status="void", message="autocorrelated: effective n 120"),
        Finding(pillar="state", method="state/1", status="warn", message="global random state used: take trial.rng"),
        Finding(pillar="other", method="other/1", status="ok", message="fine"),
    )
    outcome = outcome_of(
        claim_of(), Verdict.VOID, assessment=REFUTED, findings=findings, void=Void(reason="serial dependence")
    )
    assert describe_outcome(outcome)[3:] == [
        "because     serial dependence",
        "findings    void: autocorrelated: effective n 120 (serial)",
        "            warn: global random state used: take trial.rng (state)",
    ]
    assert reproduction_line(outcome) is None


def test_a_refuted_law_shows_the_counterexample_and_its_decorator() -> None:
    """Both are escaped, and kept line by line as they are meant to be read or copied."""
    outcome = outcome_of(
        law_of(),
        Verdict.REFUTED,
        assessment=SearchAssessment(method="law/1", outcome="refuted", summary="counterexample after 12 examples"),
        evidence=search_of(
            counterexample="a='',\nb='\x1b[2J'",
            exception="AssertionError",
            place="test_merge.py:9",
            reproduction="@reproduce_failure('6.170.15', b'AXicY2BgYGBkAAAADwAD')",
        ),
    )
    assert describe_outcome(outcome) == [
        "claim       merging is commutative",
        "            law holds, 100 examples",
        "verdict     REFUTED: a counterexample was found",
        "search      counterexample after 12 examples",
        "counterexample",
        "    a='',",
        "    b='\\x1b[2J'",
        "    raises AssertionError at test_merge.py:9",
        "reproduce (the decorator goes above @given)",
        "    @reproduce_failure('6.170.15', b'AXicY2BgYGBkAAAADwAD')",
    ]


def test_a_counterexample_without_place_or_decorator_says_what_is_known() -> None:
    """Evidence from a record may lack them."""
    outcome = outcome_of(law_of(), Verdict.REFUTED, evidence=search_of(counterexample="a=0"))
    assert describe_outcome(outcome)[3:] == ["counterexample", "    a=0", "    raises an exception"]


def test_a_corroborated_law_says_how_far_the_search_went() -> None:
    """No p-value, no method line: a search is not a sample."""
    outcome = outcome_of(law_of(), Verdict.CORROBORATED, assessment=CORROBORATED, evidence=search_of())
    assert describe_outcome(outcome)[2:] == [
        "verdict     CORROBORATED: no counterexample was found by the whole search",
        "search      no counterexample in 100 valid examples",
    ]


def test_a_claim_that_was_not_tested_says_why() -> None:
    """Nothing vanishes: the reason stands where the numbers would be."""
    reasons = [
        describe_outcome(outcome_of(claim_of(), Verdict.NOT_TESTED, not_tested=reason))[-1]
        for reason in ("worker gw1 crashed", None)
    ]
    assert reasons == ["because     worker gw1 crashed", "because     not decided"]


def test_the_verdict_word_alone_is_painted() -> None:
    """Colour is a callback on the word; its line's layout does not change."""
    lines = describe_outcome(
        outcome_of(claim_of(), Verdict.REFUTED, assessment=REFUTED), paint=lambda text, _: f"<b>{text}</b>"
    )
    assert lines[2] == "verdict     <b>REFUTED</b>: the data reject the claim itself"
    assert [line for line in lines if "<b>" in line] == [lines[2]]


def test_every_verdict_word_has_a_meaning() -> None:
    """People meet each of the words for the first time."""
    assert set(VERDICT_MEANINGS) == set(Verdict)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ">= 0.9"),
        ({"relation": Relation.AT_MOST, "threshold": 5.0, "unit": "ms"}, "<= 5 ms"),
        ({"relation": Relation.AT_MOST, "threshold": 0.1, "margin": 0.05}, "<= 0.1 (margin 0.05)"),
        ({"relation": Relation.WITHIN, "threshold": (-0.01, 0.01)}, "within [-0.01, 0.01]"),
        ({"relation": Relation.WITHIN, "threshold": (1.0, 2.0), "unit": "\x1bs"}, "within [1, 2] \\x1bs"),
        ({"relation": Relation.HOLDS, "threshold": None}, "holds"),
    ],
)
def test_describe_relation_writes_the_threshold_with_its_unit(changes: dict[str, Any], text: str) -> None:
    """Relation, threshold, unit and margin in one phrase."""
    assert describe_relation(claim_of(**changes)) == text


def test_describe_void_says_only_what_is_known() -> None:
    """A void may know trial, seed, exception and place, or none of them."""
    assert describe_void(Void(reason="lost")) == "lost"
    assert describe_void(Void(reason="bad observation", trial=3)) == "trial 3: bad observation"
    assert describe_void(Void(reason="fixture failed", place="conftest.py:4")) == "conftest.py:4: fixture failed"
    assert describe_void(Void(reason="raised", exception="OSError")) == "raised (OSError)"


COURSE = Sequence(
    at=(40, 68), lower=(None, 0.7312), upper=(0.99, 0.8991), log_validate=(0.0, 2.0), log_refute=(0.0, -2.0)
)


@pytest.mark.parametrize(
    ("n", "course", "told"),
    [
        (68, COURSE, "stopped after 68 of 1,000 trials; confidence sequence [0.7312, 0.8991]"),
        (68, None, "stopped after 68 of 1,000 trials"),
        (1000, COURSE, "ran to its cap of 1,000 trials; confidence sequence [0.7312, 0.8991]"),
    ],
)
def test_a_claim_that_may_stop_early_says_how_it_ended(n: int, course: Sequence | None, told: str) -> None:
    """In the failure text and below the table's numbers: after how many trials, and the confidence sequence there."""
    claim = claim_of(design=Design(sequential=True))
    outcome = outcome_of(claim, Verdict.REFUTED, assessment=assessment_of(n=n, sequence=course))
    lines = describe_outcome(outcome, width=120)
    assert f"stopping    {told}" in lines
    assert "            proportion >= 0.9, at most 1,000 trials, alpha 0.05" in lines
    assert told in describe_notes(outcome)
    assert describe_stop(outcome_of(claim_of(), Verdict.REFUTED, assessment=assessment_of())) is None
    assert describe_stop(outcome_of(claim, Verdict.VOID, void=Void(reason="broken"))) is None
