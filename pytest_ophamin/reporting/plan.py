"""The plan table: what each claim would cost and could decide, before anything runs.

claim                                  trials   power  corrected  detectable
----------------------------------------------------------------------------
catches at least 90 % of spam           1,000    0.97       0.91      0.9243
  >= 0.9, expecting 0.93
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.reporting.numbers import format_count, format_number
from pytest_ophamin.reporting.text import count, escape_text, indent_text, pad_left, pad_right, wrap_text
from pytest_ophamin.reporting.wording import describe_relation, label_claims, limits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ophamin.deciding.planning import CampaignPlan, PlanRow

_HEADINGS = ("trials", "power", "corrected", "detectable")
_WIDTHS = (10, 6, 9, 10)
_RIGHT_WIDTH = sum(_WIDTHS) + 2 * len(_WIDTHS)
_NARROWEST = 60


def plan_table(plan: CampaignPlan, *, width: int = 80) -> list[str]:
    """Render what a campaign of these claims would cost, and what it could decide.

    ``power`` is P(VALIDATED at ``expecting=``) for the claim alone, ``corrected`` the same at alpha / m, where the
    smallest p-value of its family stands under Holm; ``detectable`` is the value of the metric nearest to the threshold
    at which the claim reaches its declared power.

    Args:
        plan: What :func:`pytest_ophamin.deciding.planning.plan_rows` found.
        width: Columns of the terminal; less than 60 is taken as 60.

    Returns:
        Lines without line ends; none when there is no claim.
    """
    if not plan.rows:
        return []
    width = max(width, _NARROWEST)
    lines = [_row("claim", _HEADINGS, width), "-" * width]
    labels = label_claims(row.claim for row in plan.rows)
    families: dict[str, list[PlanRow]] = {}
    for row in plan.rows:
        families.setdefault(row.claim.family, []).append(row)
    for family, rows in families.items():
        lines.extend(wrap_text(_describe_family(family, rows), width))
        for row in rows:
            lines.extend(_claim_lines(row, labels[row.claim.id], width))
    lines.append("-" * width)
    for text in _foot(plan):
        lines.extend(wrap_text(text, width))
    return lines


def _row(left: str, cells: Sequence[str], width: int) -> str:
    right = "".join(f"  {pad_left(cell, cell_width)}" for cell, cell_width in zip(cells, _WIDTHS, strict=True))
    return f"{pad_right(left, width - _RIGHT_WIDTH)}{right}".rstrip()


def _describe_family(name: str, rows: list[PlanRow]) -> str:
    tested = [row for row in rows if not row.claim.is_law]
    if not tested:
        return f"family {escape_text(name)}: laws only, nothing to correct"
    first = tested[0]
    hypotheses = "1 hypothesis" if first.m == 1 else f"{first.m} hypotheses"
    correction = f"{first.correction}, alpha {first.claim.alpha:.12g}"
    return f"family {escape_text(name)}: {correction}, {hypotheses} per side"


def _claim_lines(row: PlanRow, label: str, width: int) -> list[str]:
    first, *more = wrap_text(label, width - _RIGHT_WIDTH)
    lines = [_row(first, _cells(row), width), *(f"  {line}" for line in more)]
    for text in _notes(row):
        lines.extend(indent_text(text, width, indent="    ", hang="      "))
    return lines


def _cells(row: PlanRow) -> tuple[str, str, str, str]:
    claim, plan = row.claim, row.plan
    if claim.law is not None:
        return format_count(claim.law.max_examples), "search", "-", "-"
    power = _share(None if plan is None else plan.power)
    detectable = None if plan is None else plan.detectable
    shown = "-" if detectable is None else format_number(detectable, beside=limits_of(claim))
    return format_count(claim.trials), power, _share(row.power_corrected), shown


def _share(power: float | None) -> str:
    # 0.9996 must not be shown as a certainty, nor 0.0004 as an impossibility.
    if power is None:
        return "-"
    text = f"{power:.2f}"
    if text == "1.00" and power < 1.0:
        return ">0.99"
    return "<0.01" if text == "0.00" and power > 0.0 else text


def _notes(row: PlanRow) -> Iterable[str]:
    claim = row.claim
    relation = f"{claim.metric} {describe_relation(claim)}"
    yield escape_text(relation if claim.expecting is None else f"{relation}, expecting {claim.expecting:.12g}")
    if claim.auto is not None:
        yield f"trials derived for power {claim.power:.12g} at alpha / {claim.auto.m}"
    if row.plan is not None and row.plan.note is not None:
        yield escape_text(row.plan.note)
    if row.warning is not None:
        yield f"warning: {escape_text(row.warning)}"


def _foot(plan: CampaignPlan) -> Iterable[str]:
    claims = [row.claim for row in plan.rows]
    trials: dict[str, int] = {}
    for claim in claims:
        # Stacked claims share their test's trials.
        trials[claim.test] = max(trials.get(claim.test, 0), claim.trials)
    examples = sum(claim.law.max_examples for claim in claims if claim.law is not None)
    cost = f"{count(len(claims), 'claim')}: {format_count(sum(trials.values()))} trials"
    yield cost if examples == 0 else f"{cost}, {format_count(examples)} examples"
    if all(claim.is_law for claim in claims):
        return
    if plan.all_validated is not None:
        yield f"P(all VALIDATED after correction), all claims true as expected: {_share(plan.all_validated)}"
        return
    unknown = sum(1 for row in plan.rows if not row.claim.is_law and row.power_corrected is None)
    if unknown:
        yield f"P(all VALIDATED) is unknown: {count(unknown, 'claim')} without power (give expecting=)"
