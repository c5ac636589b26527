"""The part of the terminal summary that is Ophamin's."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Any

from pytest_ophamin.deciding.outcome import Outcome, Verdict
from pytest_ophamin.reporting.table import campaign_table
from pytest_ophamin.reporting.text import escape_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from pytest_ophamin.plugin.campaigning import ClosedCampaign
    from pytest_ophamin.plugin.settings import Settings
    from pytest_ophamin.records.bundle import Written

_COLOURS = {
    Verdict.VALIDATED: {"green": True},
    Verdict.CORROBORATED: {"green": True},
    Verdict.REFUTED: {"red": True},
    Verdict.INCONCLUSIVE: {"yellow": True},
    Verdict.VOID: {"red": True},
    Verdict.NOT_TESTED: {"red": True},
}
_NARROWEST, _WIDEST = 60, 120


def print_plain(terminal: Any, outcomes: Sequence[Outcome], config: pytest.Config) -> None:
    """Print the raw verdicts of a plain session, and say that they are raw."""
    decided = [outcome for outcome in outcomes if outcome.verdict is not Verdict.NOT_TESTED]
    if not decided:
        return
    if config.option.verbose >= 0:
        terminal.section("ophamin: claims, raw verdicts", sep="-")
        _print_table(terminal, campaign_table(decided, None, **_layout(terminal, config)))
    else:
        terminal.write_line("ophamin: raw verdicts, not corrected for multiplicity (--ophamin-campaign does)")


def _natural_order(outcome: Outcome) -> tuple[str, str, str]:
    """Sort by family and test, ``[2]`` before ``[10]``."""
    padded = re.sub(r"[0-9]+", lambda digits: digits[0].zfill(20), outcome.claim.test)
    return outcome.family, padded, outcome.claim.id


def print_campaign(terminal: Any, closed: ClosedCampaign, settings: Settings, config: pytest.Config) -> None:
    """Print the campaign's table, where the evidence lies, and how to verify it."""
    terminal.section(f"ophamin: campaign {settings.name}", sep="-")
    outcomes = sorted(closed.outcomes, key=_natural_order)
    _print_table(terminal, campaign_table(outcomes, closed.campaign, **_layout(terminal, config)))
    if closed.written is not None:
        _print_written(terminal, closed.written, config.invocation_params.dir)
    if closed.new_key is not None:
        terminal.write_line(
            f"new key:  {closed.new_key} (made now, for you; `ophamin keys show` prints its public half)"
        )
    for warning in closed.warnings:
        terminal.write_line(f"warning:  {warning}", yellow=True)
    for problem in closed.problems:
        terminal.write_line(f"ERROR: ophamin: {problem}", red=True, bold=True)


def print_new(terminal: Any, benchmarks: Sequence[str]) -> None:
    """Print the benchmarks the baseline does not have; they are outside every correction."""
    for nodeid in benchmarks:
        terminal.write_line(f"new: no baseline: {escape_text(nodeid)}")


def _print_written(terminal: Any, written: Written, folder: Path) -> None:
    path = _relative(written.path, folder)
    if written.renamed is not None:
        terminal.write_line(f"kept:     {_relative(written.renamed, folder)}")
    terminal.write_line(f"evidence: {path}")
    if written.keyid is None:
        terminal.write_line("unsigned: sign it in a job that runs no tests:")
        terminal.write_line(f"  ophamin sign {shlex.quote(path)}")
        return
    terminal.write_line(f"signed:   {written.keyid}")
    terminal.write_line("verify:")
    trust = "" if written.session_key is None else f" --trust {shlex.quote(_relative(written.session_key, folder))}"
    if written.session_key is not None:
        terminal.write_line("  (signed with a key made for this session only; its public half lies beside the bundle)")
    terminal.write_line(f"  ophamin verify {shlex.quote(path)}{trust}")


def _print_table(terminal: Any, lines: Sequence[str]) -> None:
    for line in lines:
        terminal.write_line(line)


def _layout(terminal: Any, config: pytest.Config) -> dict[str, Any]:
    writer = terminal._tw  # noqa: SLF001  # the reporter's own writer knows about colour and width
    width = max(_NARROWEST, min(_WIDEST, int(writer.fullwidth)))

    def paint(text: str, verdict: Verdict) -> str:
        return str(writer.markup(text, **_COLOURS[verdict]))

    return {"width": width, "verbosity": config.option.verbose, "paint": paint}


def _relative(path: Path, folder: Path) -> str:
    """Return the path as a user would type it from where pytest was started."""
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # another drive on Windows
        return str(path)
    return relative if len(relative) <= len(str(path)) else str(path)
