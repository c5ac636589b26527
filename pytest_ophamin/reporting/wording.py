"""The sentences about one claim that table, failure text and record view share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_ophamin.claims.metrics import QUANTILE, Relation
from pytest_ophamin.deciding.outcome import Outcome, Status, Verdict
from pytest_ophamin.deciding.protocol import Assessment, SearchAssessment
from pytest_ophamin.reporting.gates import describe_comparison, describe_pairs
from pytest_ophamin.reporting.numbers import format_count, format_interval, format_number
from pytest_ophamin.reporting.text import escape_text
from pytest_ophamin.trials.sample import Sample

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import Claim, ClaimId
    from pytest_ophamin.deciding.outcome import Corrected, Void

_SIGNS = {Relation.AT_LEAST: ">=", Relation.AT_MOST: "<="}


def label_claims(claims: Iterable[Claim]) -> dict[ClaimId, str]:
    """Return what each claim is called in a table: its statement and, where several share one, which of them it is.

    The cases of a parametrised test are told apart by their brackets, ``catches spam [en]``, others by their test.
    """
    sharing: dict[str, list[ClaimId]] = {}
    for claim in claims:
        sharing.setdefault(claim.statement, []).append(claim.id)
    return {
        claim_id: escape_text(statement if len(ids) == 1 else f"{statement} {mark}")
        for statement, ids in sharing.items()
        for claim_id, mark in zip(ids, _tell_apart(ids), strict=True)
    }


def _tell_apart(ids: Sequence[ClaimId]) -> list[str]:
    tails = [claim_id.partition("::")[2] or claim_id for claim_id in ids]
    if len(set(tails)) < len(tails):
        return [f"({claim_id})" for claim_id in ids]
    if len({tail.partition("[")[0] for tail in tails}) == 1:
        return [f"[{tail.partition('[')[2]}" for tail in tails]
    return [f"({tail})" for tail in tails]


def limits_of(claim: Claim) -> tuple[float, ...]:
    """Return the numbers an estimate of ``claim`` is judged against: threshold, or both limits, margin ends too.

    For a quantile they are values on the observation's scale, which its margin (a probability) does not move.
    """
    if claim.threshold is None:
        return ()
    if isinstance(claim.threshold, tuple):
        return claim.threshold
    if claim.margin == 0.0 or claim.kind == QUANTILE:
        return (claim.threshold,)
    conceded = claim.margin if claim.relation is Relation.AT_MOST else -claim.margin
    return claim.threshold, claim.threshold + conceded


def describe_relation(claim: Claim) -> str:
    """Return ``>= 0.9``, ``<= 5 ms``, ``within [-0.01, 0.01]``, with the margin: ``>= 0.9 (margin 0.02)``."""
    unit = f" {escape_text(claim.unit)}" if claim.unit else ""
    if claim.relation is Relation.HOLDS:
        return "holds"
    if claim.relation is Relation.WITHIN:
        low, high = claim.limits
        return f"within [{low:.12g}, {high:.12g}]{unit}"
    margin = f" (margin {claim.margin:.12g})" if claim.margin else ""
    return f"{_SIGNS[claim.relation]} {claim.limit:.12g}{unit}{margin}"


def describe_numbers(outcome: Outcome) -> list[str]:
    """Return ``n 1,000``, ``0.942 [0.928, 0.954]``, ``>= 0.9``, ``exact``: phrases no line break may fall into.

    Joined by spaces they are one line. Empty where there is no assessment to tell of; single words for a law's search.
    """
    claim, assessment = outcome.claim, outcome.assessment
    if isinstance(assessment, SearchAssessment):
        return escape_text(assessment.summary).split(" ")
    if assessment is None or not outcome.is_decided:
        return []
    limits = limits_of(claim)
    estimate = "no estimate" if assessment.estimate is None else format_number(assessment.estimate, beside=limits)
    interval = format_interval(assessment.lower, assessment.upper, beside=limits)
    word = "exact" if assessment.exact else "approximate"
    return [f"n {format_count(assessment.n)} ", f"{estimate} {interval}", f"{describe_relation(claim)} ", word]


def describe_stop(outcome: Outcome) -> str | None:
    """Return ``stopped after 68 of 600 trials; confidence sequence [0.68, 0.92]``; None of a fixed number of trials.

    The sequence holds whenever one looks. It is drawn beside the verdict, which may rest on other boundaries.
    """
    claim, assessment = outcome.claim, outcome.assessment
    if not claim.design.can_stop_early or not isinstance(assessment, Assessment) or not outcome.is_decided:
        return None
    n, cap = format_count(assessment.n), format_count(claim.trials)
    unit = units_of(claim)
    text = f"stopped after {n} of {cap} {unit}" if assessment.n < claim.trials else f"ran to its cap of {cap} {unit}"
    if assessment.sequence is None:
        return text
    lower, upper = assessment.sequence.lower[-1], assessment.sequence.upper[-1]
    return f"{text}; confidence sequence {format_interval(lower, upper, beside=limits_of(claim))}"


def describe_need(outcome: Outcome, corrected: Corrected | None = None) -> str | None:
    """Return how many trials would decide an INCONCLUSIVE claim, or why none would; None for other verdicts.

    Args:
        outcome: The claim; the number its pillar gave is for the claim alone.
        corrected: Its place in the campaign; the number is then scaled to the level the correction left it.
    """
    verdict = outcome.verdict if corrected is None else corrected.verdict
    assessment = outcome.assessment
    if verdict is not Verdict.INCONCLUSIVE or not isinstance(assessment, Assessment):
        return None
    if assessment.reason is not None:
        return f"undecided: {escape_text(assessment.reason)}"
    unit = units_of(outcome.claim)
    alone = assessment.needed if outcome.verdict is Verdict.INCONCLUSIVE else assessment.n
    if alone is None:
        return f"{unit} that would decide it: none, on the boundary"
    if corrected is None:
        return f"would need about {format_count(alone)} {unit}"
    factor = trials_factor(outcome, corrected)
    if factor is None:
        return f"would need about {format_count(alone)} {unit} alone, more after correction"
    # An adjusted p-value cut at 1 does not tell its factor, only that it is no larger than the method's largest.
    bound = "at most " if min(corrected.p_validate, corrected.p_refute) >= 1.0 else ""
    return f"would need {bound}about {format_count(_three_digits_up(alone * factor))} {unit} after correction"


def _three_digits_up(number: float) -> int:
    """Round up to three significant digits: more would pretend to a precision the scaling does not have."""
    unit: int = 10 ** max(0, len(str(ceil(number))) - 3)
    return ceil(number / unit) * unit


def trials_factor(outcome: Outcome, corrected: Corrected) -> float | None:
    """Return by how much the correction multiplies the trials a claim needs, to first order; None when unknown.

    A p-value multiplied by k is one tested at level / k, and the number of trials grows with the square of the normal
    quantile of the level. Where the adjusted p-value was cut at 1, k is the largest there is, or unknown.
    """
    claim = outcome.claim
    leans_to_claim = outcome.p_validate <= outcome.p_refute
    raw = outcome.p_validate if leans_to_claim else outcome.p_refute
    adjusted = corrected.p_validate if leans_to_claim else corrected.p_refute
    level = claim.validate_level if leans_to_claim else claim.refute_level
    factor = corrected.largest if adjusted >= 1.0 else adjusted / raw if raw > 0.0 else None
    if factor is None:
        return None
    normal = NormalDist()
    tested_at = level / max(1.0, factor)
    start = level if outcome.verdict is Verdict.INCONCLUSIVE else raw
    return max(1.0, (normal.inv_cdf(tested_at) / normal.inv_cdf(start)) ** 2)


def units_of(claim: Claim) -> str:
    """Return what one calls the trials of a claim: those of a benchmark gate are pairs."""
    return "pairs" if claim.is_gate else "trials"


def describe_void(void: Void, unit: str = "trial") -> str:
    """Return ``trial 17 (seed 4), spam.py:31: the trial raised ValueError``: as much of it as is known."""
    where = []
    if void.trial is not None:
        where.append(f"{unit} {void.trial}" + ("" if void.seed is None else f" (seed {void.seed})"))
    if void.place is not None:
        where.append(escape_text(void.place))
    reason = escape_text(void.reason)
    if void.exception is not None and void.exception not in void.reason:
        reason += f" ({escape_text(void.exception)})"
    return f"{', '.join(where)}: {reason}" if where else reason


def errors_of(outcome: Outcome) -> tuple[int, ...]:
    """Return the trials whose exception was counted against the claim."""
    return outcome.evidence.errors_against if isinstance(outcome.evidence, Sample) else ()


def describe_errors(outcome: Outcome) -> str | None:
    """Return ``23 of 100 trials raised, counted against the claim; the first is trial 4``; None where none did."""
    errors = errors_of(outcome)
    if not errors:
        return None
    n = outcome.evidence.n if isinstance(outcome.evidence, Sample) else 0
    trials = f"{format_count(len(errors))} of {format_count(n)} trials"
    return f"{trials} raised, counted against the claim; the first is trial {errors[0]}"


def describe_standing(outcome: Outcome) -> str | None:
    """Return ``amended (threshold: 0.9 -> 0.8)`` or ``unregistered (no git)``; None when registered or never asked."""
    registration = outcome.registration
    if registration.status is Status.REGISTERED or not registration.looked_up:
        return None
    reason = "" if registration.reason is None else f" ({escape_text(registration.reason)})"
    return f"{registration.status}{reason}"


def describe_gate(outcome: Outcome) -> list[str]:
    """Return what a benchmark was compared with, and its pairs; nothing of any other claim."""
    if outcome.comparison is None:
        return []
    texts = [describe_comparison(outcome.comparison)]
    if isinstance(outcome.evidence, Sample) and outcome.is_decided:
        texts.append(describe_pairs(outcome.claim.kind, outcome.evidence))
    return texts


def _describe_concession(claim: Claim) -> str:
    limits = sorted(limits_of(claim))
    if len(limits) == 1:  # a quantile: its margin is a probability
        return f"within the margin {claim.margin:.12g} of the threshold"
    return f"between {limits[0]:.12g} and {limits[1]:.12g}"


def describe_notes(outcome: Outcome, corrected: Corrected | None = None) -> list[str]:
    """Return what must be said below a claim's numbers, most important first; often nothing."""
    notes = []
    if outcome.void is not None:
        notes.append(describe_void(outcome.void, units_of(outcome.claim).removesuffix("s")))
    if outcome.verdict is Verdict.NOT_TESTED:
        notes.append(escape_text(outcome.not_tested or "not decided"))
    errors = describe_errors(outcome)
    if errors is not None:
        notes.append(errors)
    notes.extend(text for text in (describe_stop(outcome), describe_need(outcome, corrected)) if text is not None)
    notes.extend(describe_gate(outcome))
    if outcome.conceded:
        notes.append(f"conceded: {_describe_concession(outcome.claim)} (both tests reject)")
    notes.extend(
        f"{finding.status}: {escape_text(finding.message)} ({escape_text(finding.pillar)})"
        for finding in outcome.findings
        if finding.status != "ok"
    )
    if outcome.claim.population is not None:
        notes.append(f"population: {escape_text(outcome.claim.population)}")
    return notes
