"""Deciding one claim: what the pillars say, and what they cannot break."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from error_rates import plan_of, sample_of, shipped
from outcomes import law_of, search_of

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.decide import Decision, decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadSample, Finding, Plan, SearchAssessment
from pytest_ophamin.deciding.registry import PillarRegistry, new_manager
from pytest_ophamin.hookspecs import hookimpl
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.sample import Column, Sample

GOOD = Assessment(
    method="m/1",
    exact=True,
    null_validate="x",
    null_refute="y",
    n=20,
    estimate=0.5,
    lower=0.4,
    upper=0.6,
    p_validate=0.01,
    p_refute=0.99,
)
CLAIM = plan_of("own", "at_least", 0.3, 20)
SAMPLE = sample_of(np.linspace(0.0, 1.0, 20))


class Answering:
    """A pillar that decides its own metric as told."""

    name = "answering"
    metrics = frozenset({"own", "law"})

    def __init__(self, answer: Callable[[], object]) -> None:
        self._answer = answer

    def decide(self, claim: Any, evidence: Any) -> Any:
        del claim, evidence
        return self._answer()

    def plan(self, claim: Any, *, level: float) -> Plan:
        del level
        return Plan(n=claim.trials, least_n=1)


class Diagnosing:
    """A diagnosis as told."""

    name = "zz-diagnosis"

    def __init__(self, answer: Callable[[], object]) -> None:
        self._answer = answer

    def diagnose(self, claim: Any, sample: Any) -> Any:
        del claim, sample
        return self._answer()


def _registry(*pillars: object) -> PillarRegistry:
    class Plugin:
        @hookimpl
        def ophamin_pillars(self) -> list[object]:
            return list(pillars)

    manager = new_manager()
    manager.register(Plugin())
    return PillarRegistry(manager)


def _decided_as(answer: object, claim: Claim = CLAIM) -> Decision:
    return decide_claim(claim, SAMPLE, _registry(Answering(lambda: answer)))


def _raising(error: BaseException) -> Callable[[], object]:
    def answer() -> object:
        raise error

    return answer


def test_a_claim_is_decided_with_its_findings() -> None:
    """Verdict, pillar, assessment and findings stand together."""
    claim = plan_of("proportion", "at_least", 0.8, 100)
    decision = decide_claim(claim, sample_of(np.random.default_rng(4).random(100) < 0.92), shipped())
    assert decision.verdict is Verdict.VALIDATED
    assert decision.pillar == "proportion"
    assert isinstance(decision.assessment, Assessment)
    assert decision.assessment.libraries.keys() == {"numpy", "scipy"}
    assert [finding.pillar for finding in decision.findings] == ["serial-dependence"]


def test_deciding_twice_gives_the_same_values() -> None:
    """Pure: the same sample gives equal decisions, as verification needs."""
    claim = plan_of("mean", "at_least", 0.4, 20, bounds=(0.0, 1.0))
    assert decide_claim(claim, SAMPLE, shipped()) == decide_claim(claim, SAMPLE, shipped())


def test_failed_trials_are_void_with_their_place() -> None:
    """What gathering found out becomes the claim's void."""
    failure = Failure(reason="the trial raised ValueError", trial=17, seed=5, exception="ValueError", place="t.py:3")
    decision = decide_claim(CLAIM, failure, shipped())
    assert decision.verdict is Verdict.VOID
    assert decision.void is not None
    assert (decision.void.trial, decision.void.seed, decision.void.place) == (17, 5, "t.py:3")
    assert decision.assessment is None


def test_a_short_sample_is_void() -> None:
    """A truncated sample never yields VALIDATED."""
    decision = _decided_as(GOOD, replace(CLAIM, trials=21))
    assert decision.verdict is Verdict.VOID
    assert decision.void is not None
    assert decision.void.reason == "20 of 21 observations"


def test_a_sample_with_a_nan_is_void() -> None:
    """Even where gathering should have refused it."""
    values = np.linspace(0.0, 1.0, 20)
    values[7] = np.nan
    sample = Sample(n=20, columns={"value": Column(kind="f64le", values=values)})
    decision = decide_claim(CLAIM, sample, _registry(Answering(lambda: GOOD)))
    assert decision.verdict is Verdict.VOID
    assert decision.void is not None
    assert (decision.void.reason, decision.void.trial) == ("an observation is not finite", 7)


def test_a_column_of_another_length_is_void() -> None:
    """Columns and n must agree."""
    sample = Sample(n=20, columns={"value": Column(kind="f64le", values=np.zeros(19))})
    decision = decide_claim(CLAIM, sample, _registry(Answering(lambda: GOOD)))
    assert decision.void is not None
    assert decision.void.reason == "a column does not hold one observation per trial"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (replace(GOOD, p_validate=float("nan")), "p_validate outside [0, 1]"),
        (replace(GOOD, p_validate=-0.1), "p_validate outside [0, 1]"),
        (replace(GOOD, p_refute=1.1), "p_refute outside [0, 1]"),
        (replace(GOOD, p_validate=True), "p_validate outside [0, 1]"),
        (replace(GOOD, estimate=float("inf")), "a number that is not finite"),
        (replace(GOOD, lower=0.7), "bounds that cross"),
        (replace(GOOD, n=19), "an assessment of 19 observations, not 20"),
        (SearchAssessment(method="m/1", outcome="corroborated", summary=""), "the outcome 'corroborated' for metric"),
        (None, "NoneType for metric 'own'"),
    ],
)
def test_nonsense_of_a_pillar_is_void_and_names_it(answer: object, reason: str) -> None:
    """A NaN, an impossible p-value or a foreign type never yields a verdict."""
    decision = _decided_as(answer)
    assert decision.verdict is Verdict.VOID
    assert decision.void is not None
    assert decision.void.reason.startswith(f"pillar 'answering' returned {reason}")


def test_bounds_may_cross_where_a_margin_is_given_away() -> None:
    """With a margin the two bounds of a quantile belong to two quantiles."""
    assert _decided_as(replace(GOOD, lower=0.7), replace(CLAIM, margin=0.1)).verdict is Verdict.VALIDATED


def test_a_pillar_that_raises_is_void_without_its_message() -> None:
    """The class of the exception enters the record, its message does not."""
    decision = decide_claim(CLAIM, SAMPLE, _registry(Answering(_raising(RuntimeError("secret 0.123")))))
    assert decision.verdict is Verdict.VOID
    assert decision.void is not None
    assert (decision.void.reason, decision.void.exception) == ("pillar 'answering' raised", "RuntimeError")


def test_a_bad_sample_is_void_at_its_trial() -> None:
    """A pillar may refuse a sample, naming the trial."""
    decision = decide_claim(CLAIM, SAMPLE, _registry(Answering(_raising(BadSample("outside the bounds", trial=3)))))
    assert decision.void is not None
    assert (decision.void.reason, decision.void.trial) == ("outside the bounds", 3)
    assert str(BadSample("outside", trial=3)) == "trial 3: outside"
    assert str(BadSample("outside")) == "outside"


def _finding(**changes: Any) -> Finding:
    fields: dict[str, Any] = {"pillar": "zz-diagnosis", "method": "d/1", "status": "ok", "message": "fine"}
    return Finding(**{**fields, **changes})


def test_a_void_finding_voids_the_claim_and_keeps_the_assessment() -> None:
    """What was computed stays visible; the verdict is VOID."""
    registry = _registry(Answering(lambda: GOOD), Diagnosing(lambda: _finding(status="void", message="they depend")))
    decision = decide_claim(CLAIM, SAMPLE, registry)
    assert decision.verdict is Verdict.VOID
    assert decision.assessment == GOOD
    assert decision.void is not None
    assert decision.void.reason == "they depend"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: "ok", "returned str instead of a Finding"),
        (lambda: _finding(pillar="other"), "returned a finding signed 'other'"),
        (lambda: _finding(status="fine"), "returned the unknown status 'fine'"),
        (lambda: _finding(numbers={"p": float("nan")}), "returned a number that is not finite"),
        (_raising(ValueError("x")), "raised"),
    ],
)
def test_a_failed_diagnosis_is_void(answer: Callable[[], object], reason: str) -> None:
    """Law 2: a diagnosis that fails never yields VALIDATED."""
    decision = decide_claim(CLAIM, SAMPLE, _registry(Answering(lambda: GOOD), Diagnosing(answer)))
    assert decision.verdict is Verdict.VOID
    assert decision.void is not None
    assert decision.void.reason == f"pillar 'zz-diagnosis' {reason}"


def test_a_diagnosis_that_does_not_apply_leaves_no_finding() -> None:
    """None is no finding."""
    decision = decide_claim(CLAIM, SAMPLE, _registry(Answering(lambda: GOOD), Diagnosing(lambda: None)))
    assert (decision.verdict, decision.findings) == (Verdict.VALIDATED, ())


def test_numpy_settings_of_the_tested_code_do_not_reach_the_pillars() -> None:
    """A test that turned NumPy's warnings into errors is decided like any other."""

    def divides() -> Assessment:
        np.divide(np.ones(1), np.zeros(1))
        return GOOD

    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decide_claim(CLAIM, SAMPLE, _registry(Answering(divides))).verdict is Verdict.VALIDATED


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.CORROBORATED),
        ({"counterexample": "a=[]"}, Verdict.REFUTED),
        ({"valid_examples": 40}, Verdict.INCONCLUSIVE),
        ({"valid_examples": 40, "exhausted": True}, Verdict.CORROBORATED),
        ({"valid_examples": 0, "exhausted": True}, Verdict.INCONCLUSIVE),
        ({"valid_examples": 40, "counterexample": "a=[]"}, Verdict.REFUTED),
    ],
)
def test_a_law_is_decided_from_its_search(changes: dict[str, Any], verdict: Verdict) -> None:
    """One counterexample refutes; a full or exhausting search corroborates; an empty one says nothing."""
    decision = decide_claim(law_of(), search_of(**changes), shipped())
    assert decision.verdict is verdict
    assert decision.findings == ()
    assert isinstance(decision.assessment, SearchAssessment)


def test_evidence_of_the_wrong_kind_is_void() -> None:
    """A search decides no proportion, a sample decides no law, and a pillar cannot confuse them."""
    assert decide_claim(plan_of("proportion", "at_least", 0.5, 10), search_of(), shipped()).verdict is Verdict.VOID
    assert decide_claim(law_of(), SAMPLE, shipped()).verdict is Verdict.VOID
    mistaken = decide_claim(law_of(), search_of(), _registry(Answering(lambda: GOOD)))
    assert mistaken.void is not None
    assert mistaken.void.reason == "pillar 'answering' returned Assessment for metric 'law'"
