"""The failure text of one claim: what was claimed, what was tested, what came, and how to see it again.

claim       catches at least 90 % of spam
            proportion >= 0.9, 1,000 trials, alpha 0.05
verdict     REFUTED: the opposite of the claim's null is rejected
nulls       "proportion <= 0.9": p = 1, not rejected at 0.05
            "proportion >= 0.9": p = 2.1e-05, rejected at 0.05
numbers     n 1,000, estimate 0.842, interval [0.8215, 0.8612]
method      clopper-pearson/1, exact
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import round12
from pytest_ophamin.deciding.outcome import Corrected, Outcome, Verdict
from pytest_ophamin.deciding.protocol import Assessment, SearchAssessment
from pytest_ophamin.reporting.numbers import format_count, format_interval, format_number, format_p
from pytest_ophamin.reporting.table import Paint, paint_nothing
from pytest_ophamin.reporting.text import escape_lines, escape_text, indent_text
from pytest_ophamin.reporting.wording import (
    describe_errors,
    describe_gate,
    describe_need,
    describe_relation,
    describe_standing,
    describe_stop,
    describe_void,
    errors_of,
    limits_of,
    units_of,
)
from pytest_ophamin.trials.sample import Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ophamin.claims.model import Claim

VERDICT_MEANINGS = {
    Verdict.VALIDATED: "the null that contradicts the claim is rejected",
    Verdict.CORROBORATED: "no counterexample was found by the whole search",
    Verdict.REFUTED: "the data reject the claim itself",
    Verdict.INCONCLUSIVE: "the data decide neither for nor against the claim",
    Verdict.VOID: "the sample cannot be believed, so nothing is decided",
    Verdict.NOT_TESTED: "the claim was planned and not decided",
}
"""One sentence per verdict word, for people who meet it for the first time."""

_LAW_REFUTED = "a counterexample was found"
_GUTTER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How to run one test as this session did."""

    program: tuple[str, ...] = ("pytest",)
    options: tuple[str, ...] = ()
    test: str
    """Node id as it is written where the session was started."""


def describe_outcome(
    outcome: Outcome,
    corrected: Corrected | None = None,
    *,
    width: int = 80,
    paint: Paint = paint_nothing,
    call: Call | None = None,
) -> list[str]:
    """Render one claim for the reader who has to do something about it.

    Args:
        outcome: The claim and what became of it.
        corrected: Its place in the campaign's correction; None in a plain session.
        width: Columns of the terminal. Lines meant for copying are never broken.
        paint: Colours the verdict word.
        call: How to run the test; from the rootdir by default.

    Returns:
        Lines without line ends.
    """
    lines = []
    for label, text in _entries(outcome, corrected):
        lines.extend(indent_text(text, width, indent=label.ljust(_GUTTER)))
    verdict = outcome.verdict if corrected is None else corrected.verdict
    lines = [_paint_verdict(line, verdict, paint) for line in lines]
    lines.extend(_verbatim(outcome, call))
    return lines


def reproduction_line(outcome: Outcome, call: Call | None = None) -> str | None:
    """Return the shell line that runs exactly the failing trial again; None when no single trial failed.

    The draws of a claim whose trials are derived follow from the other claims of the session, which this line does not
    collect: there it carries the key of the stream.
    """
    failing = [] if outcome.void is None else [outcome.void.trial]
    index = next((trial for trial in (*failing, *errors_of(outcome)) if trial is not None), None)
    if index is None:
        return None
    call = call or Call(test=outcome.claim.test)
    if outcome.claim.is_gate:
        return shlex.join([*call.program, *call.options, call.test])  # without a baseline it is the plain benchmark
    trial = f"{index}" if outcome.claim.auto is None else f"{index}@{outcome.key}"
    return shlex.join([*call.program, *call.options, call.test, "--ophamin-trial", trial])


def _entries(outcome: Outcome, corrected: Corrected | None) -> Iterator[tuple[str, str]]:
    yield "claim", escape_text(outcome.claim.statement)
    yield "", _describe_plan(outcome.claim)
    yield "verdict", _describe_verdict(outcome, corrected)
    if outcome.void is not None:
        yield "because", describe_void(outcome.void, units_of(outcome.claim).removesuffix("s"))
    if outcome.verdict is Verdict.NOT_TESTED:
        yield "because", escape_text(outcome.not_tested or "not decided")
    if isinstance(outcome.assessment, Assessment) and outcome.is_decided:
        yield from _assessment_entries(outcome, outcome.assessment, corrected)
    elif isinstance(outcome.assessment, SearchAssessment) and outcome.is_decided:
        yield "search", escape_text(outcome.assessment.summary)
    errors = describe_errors(outcome)
    if errors is not None:
        yield "errors", errors
    for number, finding in enumerate(finding for finding in outcome.findings if finding.status != "ok"):
        text = f"{finding.status}: {finding.message} ({finding.pillar})"
        yield "" if number else "findings", escape_text(text)
    standing = describe_standing(outcome)
    if standing is not None:
        yield "standing", f"{standing}: exploratory, not confirmatory"


def _describe_plan(claim: Claim) -> str:
    parts = [f"{claim.metric} {describe_relation(claim)}"]
    if claim.law is not None:
        parts.append(f"{format_count(claim.law.max_examples)} examples")
    else:
        at_most = "at most " if claim.design.can_stop_early else ""
        parts.append(f"{at_most}{format_count(claim.trials)} {units_of(claim)}")
        parts.append(f"alpha {claim.alpha:.12g}")
    if claim.margin:
        parts.append(f"power {claim.power:.12g}")
    return escape_text(", ".join(parts))


def _describe_verdict(outcome: Outcome, corrected: Corrected | None) -> str:
    raw = outcome.verdict
    verdict = raw if corrected is None else corrected.verdict
    if verdict is not raw:
        return f"{verdict} after correction over its family; {raw} on its own"
    meaning = _LAW_REFUTED if outcome.claim.is_law and verdict is Verdict.REFUTED else VERDICT_MEANINGS[verdict]
    return f"{verdict}: {meaning}"


def _assessment_entries(
    outcome: Outcome, assessment: Assessment, corrected: Corrected | None
) -> Iterator[tuple[str, str]]:
    claim = outcome.claim
    adjusted_validate = None if corrected is None else corrected.p_validate
    adjusted_refute = None if corrected is None else corrected.p_refute
    yield "nulls", _describe_null(assessment.null_validate, outcome.p_validate, adjusted_validate, claim.validate_level)
    yield "", _describe_null(assessment.null_refute, outcome.p_refute, adjusted_refute, claim.refute_level)
    limits = limits_of(claim)
    estimate = "none" if assessment.estimate is None else format_number(assessment.estimate, beside=limits)
    interval = format_interval(assessment.lower, assessment.upper, beside=limits)
    yield "numbers", f"n {format_count(assessment.n)}, estimate {estimate}, interval {interval}"
    stop = describe_stop(outcome)
    if stop is not None:
        yield "stopping", stop
    for number, text in enumerate(describe_gate(outcome)):
        yield "" if number else "compared", text
    conditions = "" if assessment.conditions is None else f": {assessment.conditions}"
    word = "exact" if assessment.exact else f"approximate{conditions}"
    yield "method", escape_text(f"{assessment.method}, {word}")
    need = describe_need(outcome, corrected)
    if need is not None:
        yield "to decide", need


def _describe_null(null: str, p: float, adjusted: float | None, level: float) -> str:
    decisive = p if adjusted is None else adjusted
    # Compared as the verdict compares them: after rounding to 12 significant digits.
    word = "rejected" if round12(decisive) <= level else "not rejected"
    shown = f"p = {format_p(p, level=level)}"
    if adjusted is not None:
        shown += f", adjusted {format_p(adjusted, level=level)}"
    return f'"{escape_text(null)}": {shown}, {word} at {level:.12g}'


def _verbatim(outcome: Outcome, call: Call | None) -> list[str]:
    """Return the lines to read or copy as they are: counterexample, reproduction."""
    lines = []
    evidence = outcome.evidence
    if isinstance(evidence, Search) and evidence.counterexample is not None:
        lines.append("counterexample")
        lines.extend(f"    {line}" for line in escape_lines(evidence.counterexample))
        raised = evidence.exception or "an exception"
        place = "" if evidence.place is None else f" at {evidence.place}"
        lines.append(escape_text(f"    raises {raised}{place}"))
        if evidence.reproduction is not None:
            lines.append("reproduce (the decorator goes above @given)")
            lines.extend(f"    {line}" for line in escape_lines(evidence.reproduction))
    line = reproduction_line(outcome, call)
    if line is not None:
        lines.extend(["reproduce", f"    {escape_text(line)}"])
    return lines


def _paint_verdict(line: str, verdict: Verdict, paint: Paint) -> str:
    head = "verdict".ljust(_GUTTER) + verdict
    return head.removesuffix(verdict) + paint(verdict, verdict) + line[len(head) :] if line.startswith(head) else line
