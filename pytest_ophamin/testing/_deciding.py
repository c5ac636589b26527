"""The check of a deciding pillar, a numbered procedure: form, plan, answers, awkward samples, error rates."""

from __future__ import annotations

import numpy as np

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import BadSample, DecidingPillar
from pytest_ophamin.testing._answers import assess, check_words, round_trip, stopped
from pytest_ophamin.testing._errors import boundaries_of, check_rate
from pytest_ophamin.testing._examples import Draw
from pytest_ophamin.testing._plans import check_plan, check_stopping
from pytest_ophamin.testing._rates import generator
from pytest_ophamin.testing._samples import awkward_samples, wrong_columns
from pytest_ophamin.testing._watch import check_form, complain, read_only, registry_of, reordered, untouched
from pytest_ophamin.trials.sample import Evidence, Sample

_TRIED = 3
"""Samples that are looked at closely; error rates look at ``runs``."""


def check_deciding(pillar: DecidingPillar, claim: Claim, draw: Draw, *, runs: int = 2000, seed: int = 0) -> None:
    """Check that ``pillar`` keeps the contract on claims like ``claim``.

    Args:
        pillar: The pillar.
        claim: An example of what it decides (:func:`~pytest_ophamin.testing.claim_of`); the check is about this
            question, relation, margin and number of trials only.
        draw: ``draw(rng, metric)`` returns ``claim.trials`` observations of a world in which the metric is ``metric``;
            for a law a Search.
        runs: Simulated claims per boundary. 0 leaves the error rates out.
        seed: Of the simulation: the same seed gives the same check.

    Raises:
        AssertionError: It does not; the message says what was expected and what came.
    """
    # 1. Form, and that it answers this claim's question.
    check_form(pillar, "decide")
    if claim.question not in pillar.metrics:
        complain(pillar, f"'metrics' with the claim's question {claim.question!r}", f"{sorted(pillar.metrics)}")
    # 2. Plans: without data, the same twice, and more trials for a stricter level.
    check_plan(pillar, claim)
    boundaries = boundaries_of(claim)
    for place in range(_TRIED):
        metric = boundaries[place % len(boundaries)].metric if boundaries else 0.0
        drawn = draw(generator(seed, 0, place), metric)
        # 3. Stopping follows from the trials up to it.
        check_stopping(pillar, claim, drawn)
        # 4. The answer is a pure function of claim and sample, and survives a record.
        _check_answer(pillar, claim, drawn)
        # 5. The core finds nothing wrong with it.
        _check_through_core(pillar, claim, drawn)
    if claim.is_law:
        return
    # 6. Legal samples nobody thinks of are answered or refused, never an exception.
    _check_awkward(pillar, claim, draw, seed)
    # 7. False verdicts at each boundary.
    for place, boundary in enumerate(boundaries):
        check_rate(pillar, claim, draw, boundary, runs=runs, seed=seed, place=place)


def _check_answer(pillar: DecidingPillar, claim: Claim, evidence: Evidence) -> None:
    with untouched(pillar, evidence):
        described = _described(pillar, claim, evidence)
    if isinstance(evidence, Sample):
        for words, same in (("the same sample again", evidence), ("its columns in another order", reordered(evidence))):
            if _described(pillar, claim, same) != described:
                complain(pillar, f"the same answer to {words}", "another one")
    elif _described(pillar, claim, evidence) != described:
        complain(pillar, "the same answer to the same search", "another one")


def _described(pillar: DecidingPillar, claim: Claim, evidence: Evidence) -> str:
    """Return the answer as its record holds it, having read it back."""
    try:
        assessed = assess(pillar, claim, evidence)
    except BadSample as bad:
        complain(pillar, "an answer to a drawn sample", f"BadSample: {bad}")
    except Exception as error:
        raise AssertionError(f"pillar {pillar.name!r}: expected an answer, it raised {error!r}") from error
    check_words(pillar, assessed)
    return round_trip(pillar, assessed)


def _check_through_core(pillar: DecidingPillar, claim: Claim, evidence: Evidence) -> None:
    registry = registry_of(pillar)
    decided = stopped(pillar, claim, evidence) if isinstance(evidence, Sample) else evidence
    decision = decide_claim(claim, decided, registry)
    if decision.verdict is Verdict.VOID:
        complain(pillar, "a verdict on a drawn sample", f"VOID: {decision.void}")
    if not isinstance(decided, Sample):
        return
    wrong = decide_claim(claim, wrong_columns(decided), registry)
    if wrong.verdict is not Verdict.VOID:
        complain(pillar, "VOID on a sample without the claim's columns", wrong.verdict.value)


def _check_awkward(pillar: DecidingPillar, claim: Claim, draw: Draw, seed: int) -> None:
    drawn = draw(generator(seed, 1), boundaries_of(claim)[0].metric)
    if not isinstance(drawn, Sample):
        complain(pillar, "a draw of samples", type(drawn).__name__)
    registry = registry_of(pillar)
    for words, sample in awkward_samples(drawn):
        with untouched(pillar, sample):
            try:
                with np.errstate(all="ignore"):
                    decided = stopped(pillar, claim, read_only(sample))
            except BadSample:
                continue
            except Exception as error:
                expected = f"an index, None or BadSample from stop() on {words}"
                raise AssertionError(f"pillar {pillar.name!r}: expected {expected}, it raised {error!r}") from error
            decision = decide_claim(claim, decided, registry)
        reason = "" if decision.void is None else decision.void.reason
        if reason.startswith(f"pillar {pillar.name!r}"):
            came = f"{reason} {decision.void.exception or ''}".strip() if decision.void is not None else reason
            complain(pillar, f"an answer or BadSample on {words}", came)
