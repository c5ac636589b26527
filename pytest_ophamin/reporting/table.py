"""The campaign table: every claim's numbers against its threshold, raw and corrected verdict, p. 80 columns are enough.

Two lines per claim, raw above corrected, and notes below where something must be said:

    claim                                                     verdict              p
        n  estimate [interval] threshold                      corrected     adjusted
    --------------------------------------------------------------------------------
    catches at least 90 % of spam                             VALIDATED      2.1e-05
        n 1,000  0.942 [0.9281, 0.9541] >= 0.9  exact         VALIDATED      0.00019
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from pytest_ophamin.claims.model import ClaimId
from pytest_ophamin.deciding.outcome import Campaign, Corrected, Family, Outcome, Status, Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.reporting.numbers import format_p
from pytest_ophamin.reporting.text import count, escape_text, indent_text, pad_left, pad_right, wrap_text
from pytest_ophamin.reporting.wording import describe_notes, describe_numbers, describe_standing, label_claims

Paint = Callable[[str, Verdict], str]
"""Colours a verdict word; it may add no visible character. Called on a padded cell."""

Entry = tuple[Outcome, Corrected | None]
"""An outcome and its place in the campaign's correction; None in a plain session."""

_VERDICT_WIDTH = len(Verdict.CORROBORATED)
_P_WIDTH = 8
_RIGHT_WIDTH = 2 + _VERDICT_WIDTH + 2 + _P_WIDTH
_NARROWEST = 60
_HANG = "  "
_INDENT = "    "
_GREEN = frozenset({Verdict.VALIDATED, Verdict.CORROBORATED})


def paint_nothing(text: str, _: Verdict) -> str:
    """Return ``text`` as it is: a :data:`Paint` for files and terminals without colour."""
    return text


def campaign_table(
    outcomes: Sequence[Outcome],
    campaign: Campaign | None,
    *,
    width: int = 80,
    verbosity: int = 0,
    paint: Paint = paint_nothing,
) -> list[str]:
    """Render all claims of a session.

    Args:
        outcomes: Every claim's outcome, in the order they shall appear within their family.
        campaign: Families and corrected verdicts; None in a plain session, which shows raw verdicts and says so.
        width: Columns of the terminal; less than 60 is taken as 60.
        verbosity: Below 0 only claims that are not green are listed; above 0 each claim's id, method and registration
            are added.
        paint: Colours a verdict word.

    Returns:
        Lines without line ends; none when there is no claim.
    """
    if not outcomes:
        return []
    width = max(width, _NARROWEST)
    entries = _entries(outcomes, campaign)
    labels = label_claims(outcome.claim for outcome in outcomes)
    lines = _head(width, corrected=campaign is not None)
    for family, members in _sections(entries, campaign):
        lines.extend(_section(family, members, labels, width=width, verbosity=verbosity, paint=paint))
    lines.append("-" * width)
    lines.extend(_foot(entries, campaign, width))
    return lines


def _entries(outcomes: Sequence[Outcome], campaign: Campaign | None) -> list[Entry]:
    if campaign is None:
        return [(outcome, None) for outcome in outcomes]
    # One pass over the families: Campaign.corrected searches, and a session may hold thousands of claims.
    members = {(family.name, member.claim): member for family in campaign.families for member in family.members}
    return [(outcome, members[outcome.family, outcome.claim.id]) for outcome in outcomes]


def _sections(entries: list[Entry], campaign: Campaign | None) -> list[tuple[Family | None, list[Entry]]]:
    if campaign is None:
        return [(None, entries)]
    members: dict[str, list[Entry]] = {}
    for entry in entries:
        members.setdefault(entry[0].family, []).append(entry)
    return [(family, members[family.name]) for family in campaign.families if family.name in members]


def _head(width: int, *, corrected: bool) -> list[str]:
    left = width - _RIGHT_WIDTH
    second = ("corrected", "adjusted") if corrected else ("", "")
    return [
        _row("claim", "verdict", "p", left),
        _row(f"{_INDENT}n  estimate [interval] threshold", *second, left).rstrip(),
        "-" * width,
    ]


def _row(left: str, verdict: str, p: str, left_width: int) -> str:
    return f"{pad_right(left, left_width)}  {pad_right(verdict, _VERDICT_WIDTH)}  {pad_left(p, _P_WIDTH)}"


def _section(
    family: Family | None,
    entries: list[Entry],
    labels: Mapping[ClaimId, str],
    *,
    width: int,
    verbosity: int,
    paint: Paint,
) -> list[str]:
    shared = _shared_standing(entries)
    lines: list[str] = []
    if family is not None:
        lines.extend(wrap_text(_describe_family(family), width))
    if shared is not None:
        text = f"{count(len(entries), 'claim')} {shared}: exploratory, not confirmatory"
        lines.extend(indent_text(text, width, indent="", hang=_HANG))
    for outcome, corrected in entries:
        if verbosity >= 0 or _final((outcome, corrected)) not in _GREEN:
            lines.extend(_claim_lines(outcome, corrected, labels[outcome.claim.id], width=width, paint=paint))
            lines.extend(_notes(outcome, corrected, shared, width=width, verbosity=verbosity))
    return lines


def _describe_family(family: Family) -> str:
    hypotheses = "1 hypothesis" if family.m == 1 else f"{family.m} hypotheses"
    waits = "" if family.gate is None else f", after {escape_text(family.gate)}"
    name = escape_text(family.name)
    return f"family {name}: {family.correction}, alpha {family.alpha:.12g}, {hypotheses} per side{waits}"


def _shared_standing(entries: list[Entry]) -> str | None:
    """Return the standing all claims share, so that it is said once and not under every claim."""
    standings = {describe_standing(outcome) for outcome, _ in entries}
    return standings.pop() if len(standings) == 1 else None


def _final(entry: Entry) -> Verdict:
    outcome, corrected = entry
    return outcome.verdict if corrected is None else corrected.verdict


def _claim_lines(outcome: Outcome, corrected: Corrected | None, label: str, *, width: int, paint: Paint) -> list[str]:
    left = width - _RIGHT_WIDTH
    cells = [_cells(outcome.verdict, outcome, _raw_p(outcome), paint)]
    if corrected is not None:
        cells.append(_cells(corrected.verdict, outcome, (corrected.p_validate, corrected.p_refute), paint))
    first, *more = wrap_text(label, left - len(_HANG))
    texts = [first, *(f"{_HANG}{line}" for line in more)]
    numbers = describe_numbers(outcome)
    if numbers:
        # Below the last verdict the whole line is free.
        free = width if len(texts) >= len(cells) else left
        texts.extend(indent_text(numbers, free, indent=_INDENT, hang=_INDENT + _HANG))
    texts.extend([""] * (len(cells) - len(texts)))
    beside = [f"{pad_right(text, left)}{cell}".rstrip() for text, cell in zip(texts, cells, strict=False)]
    return [*beside, *texts[len(cells) :]]


def _raw_p(outcome: Outcome) -> tuple[float, float]:
    return outcome.p_validate, outcome.p_refute


def _cells(verdict: Verdict, outcome: Outcome, p: tuple[float, float], paint: Paint) -> str:
    word = paint(pad_right(verdict, _VERDICT_WIDTH), verdict)
    return f"  {word}  {pad_left(_p_of_verdict(verdict, outcome, p), _P_WIDTH)}"


def _p_of_verdict(verdict: Verdict, outcome: Outcome, p: tuple[float, float]) -> str:
    """Return the p-value the verdict rests on; an INCONCLUSIVE one shows the validation side, what was hoped for."""
    if not isinstance(outcome.assessment, Assessment) or not outcome.is_decided:
        return "-"
    if verdict is Verdict.REFUTED:
        return format_p(p[1], level=outcome.claim.refute_level)
    return format_p(p[0], level=outcome.claim.validate_level)


def _notes(
    outcome: Outcome, corrected: Corrected | None, shared: str | None, *, width: int, verbosity: int
) -> list[str]:
    notes = describe_notes(outcome, corrected)
    standing = describe_standing(outcome)
    if standing is not None and standing != shared:
        notes.append(standing)
    if verbosity > 0:
        notes.extend(_details(outcome))
    return [line for note in notes for line in indent_text(note, width, indent=_INDENT, hang=_INDENT + _HANG)]


def _details(outcome: Outcome) -> Iterable[str]:
    yield f"id {escape_text(outcome.claim.id)}"
    assessment = outcome.assessment
    if assessment is not None:
        yield f"method {escape_text(assessment.method)}"
    if isinstance(assessment, Assessment) and assessment.conditions is not None:
        yield f"approximate: {escape_text(assessment.conditions)}"
    if outcome.registration.status is Status.REGISTERED:
        yield "registered"


def _foot(entries: list[Entry], campaign: Campaign | None, width: int) -> list[str]:
    tally = _tally(_final(entry) for entry in entries)
    if campaign is None:
        return wrap_text(f"{tally}; raw verdicts: a campaign corrects them (--ophamin-campaign)", width)
    colour = "green" if campaign.green else "not green"
    lines = wrap_text(f"campaign {escape_text(campaign.name)}: {tally}: {colour}", width)
    lines.extend(line for remark in _remarks(campaign) for line in indent_text(remark, width))
    return lines


def _tally(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(verdicts)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])


def _remarks(campaign: Campaign) -> Iterable[str]:
    corrected = [family for family in campaign.families if family.m and family.correction != "none"]
    if len(corrected) > 1:
        bound = sum(family.alpha for family in corrected)
        first = sum(family.alpha for family in corrected if family.gate is None)
        words = "per side" if first == bound else f"of a false REFUTED, {first:.12g} of a false VALIDATED"
        yield f"{len(corrected)} families: campaign-wide error up to {bound:.12g} {words}"
    if campaign.inconclusive == "skip":
        yield 'INCONCLUSIVE does not fail this campaign (inconclusive = "skip")'
    for name in campaign.out_of_scope:
        yield f"out of scope: family {escape_text(name)} (none of its claims was collected)"
    for claim in campaign.withdrawn:
        yield f"withdrawn: {escape_text(claim)}"
