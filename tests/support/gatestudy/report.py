"""The tables of the study, as they stand in BENCHMARKS.md."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean, median

from gatestudy import figures
from gatestudy.boundary import chained, refuted, resampled
from gatestudy.figures import Tally
from gatestudy.journal import Session
from gatestudy.kinds import KINDS, Kind
from gatestudy.peer import FIELDS
from pytest_ophamin.comparing.replay import Plan
from pytest_ophamin.deciding.registry import load_shipped

_RESAMPLED = 1000
_SEED = 4


def describe(sessions: Sequence[Session]) -> Iterator[str]:
    """Yield the lines of the report."""
    gates = [kind for kind in KINDS.values() if not kind.is_peer]
    yield from _gates(sessions, gates)
    yield from _peers(sessions)
    yield from _benchmarks(sessions)
    yield from _boundary(sessions)


def _gates(sessions: Sequence[Session], kinds: Sequence[Kind]) -> Iterator[str]:
    yield "| sessions of the gate | false alarm | 95 % bound | +10 % missed | 95 % bound | INCONCLUSIVE | pairs | s |"
    yield "|---|---|---|---|---|---|---|---|"
    for kind in kinds:
        mine = figures.finished(sessions, kind.name)
        if not mine:
            continue
        alarms, undecided = Tally.of(mine, figures.is_false_alarm), Tally.of(mine, figures.is_undecided)
        missed = Tally.of(mine, lambda session: not figures.is_found(session))
        found = (str(missed), f"{missed.upper:.1%}") if kind.is_slow else ("", "")
        cells = (
            *(kind.name, str(alarms), f"{alarms.upper:.1%}", *found, str(undecided)),
            *(f"{figures.pairs_taken(mine):.1f}", figures.seconds(mine)),
        )
        yield _row(cells)
    yield ""
    for kind in kinds:
        yield from _remarks(sessions, kind)


def _remarks(sessions: Sequence[Session], kind: Kind) -> Iterator[str]:
    mine = figures.finished(sessions, kind.name)
    if mine and kind.is_slow:
        alone = Tally.of(mine, figures.is_found_alone)
        yield f"{kind.name}: the slower one is the only REFUTED line in {alone} sessions."
    if broken := sum(map(figures.is_broken, mine)):
        yield f"{kind.name}: {broken} sessions with a VOID or NOT TESTED line."
    if noisy := sum(any(_is_noisy(line) for line in session["lines"].values()) for session in mine):
        yield f"{kind.name}: {noisy} sessions with a line that says the machine is too noisy."
    if troubled := figures.troubled(sessions, kind.name):
        yield f"{kind.name}: {troubled} sessions ended without a result."
    if mine and not kind.is_busy and (unquiet := figures.unquiet(mine)):
        yield f"{kind.name}: during {unquiet} of {len(mine)} sessions others were at work."


def _is_noisy(line: Session) -> bool:
    return "too noisy" in (line["reason"] or "")


def _peers(sessions: Sequence[Session]) -> Iterator[str]:
    kinds = [kind for kind in KINDS.values() if kind.is_peer and figures.finished(sessions, kind.name)]
    if not kinds:
        return
    yield ""
    yield "| pairs of sessions of pytest-benchmark | by | false alarm | 95 % bound | +10 % missed | s |"
    yield "|---|---|---|---|---|---|"
    for kind in kinds:
        mine = figures.finished(sessions, kind.name)
        for field in FIELDS:
            alarms = Tally(sum(figures.fails(session, field) for session in mine), len(mine))
            missed = Tally(sum(not figures.finds(session, field) for session in mine), len(mine))
            missed_cell = str(missed) if kind.is_slow else ""
            cells = (kind.name, f"{field}:5%", str(alarms), f"{alarms.upper:.1%}", missed_cell, figures.seconds(mine))
            yield _row(cells)
    yield ""
    for kind in kinds:
        yield from _peer_remarks(sessions, kind)


def _peer_remarks(sessions: Sequence[Session], kind: Kind) -> Iterator[str]:
    mine = figures.finished(sessions, kind.name)
    if troubled := figures.troubled(sessions, kind.name):
        yield f"{kind.name}: {troubled} pairs of sessions ended without a result."
    if not kind.is_busy and (unquiet := figures.unquiet(mine)):
        yield f"{kind.name}: during {unquiet} of {len(mine)} pairs of sessions others were at work."


def _benchmarks(sessions: Sequence[Session]) -> Iterator[str]:
    quiet, slow = figures.finished(sessions, "aa-quiet"), figures.finished(sessions, "slow-quiet")
    busy = figures.finished(sessions, "aa-busy")
    if not quiet:
        return
    yield ""
    yield "| benchmark | a call | A/A ratio | sd of log ratios, quiet | busy | slowed down: ratio |"
    yield "|---|---|---|---|---|---|"
    for name in figures.benchmarks(KINDS["aa-quiet"]):
        logs, slowed = figures.log_ratios(quiet, name, slow=False), figures.log_ratios(slow, name, slow=True)
        loaded = figures.log_ratios(busy, name, slow=False)
        called = median([value for session in quiet for value in session["pairs"].get(name, {}).get("second", [])])
        yield _row(
            (
                name,
                _time(called),
                _ratio(logs),
                _number(figures.spread(logs)),
                _number(figures.spread(loaded)),
                _ratio(slowed),
            )
        )


def _boundary(sessions: Sequence[Session]) -> Iterator[str]:
    """Yield what recorded A/A pairs say when one, or every, benchmark is just as much slower as the limit allows."""
    registry = load_shipped()
    for name in ("aa-quiet", "aa-busy"):
        mine = figures.finished(sessions, name)
        if not mine:
            continue
        settings = mine[0]["settings"]
        cap, limit = int(settings["pairs"]), settings["limit"]
        plan = Plan(pairs=cap, threshold=limit)
        for one, who in ((True, "One benchmark"), (False, "Every benchmark")):
            rows = Tally(*refuted(chained(mine, cap), plan, limit, registry, one=one))
            drawn = Tally(*refuted(resampled(mine, cap, _RESAMPLED, _SEED), plan, limit, registry, one=one))
            yield ""
            yield (
                f"{who} at the limit ({limit:g}), {name}: a REFUTED line in {rows} sessions chained of recorded "
                f"blocks (95 % bound {rows.upper:.1%}), in {drawn.count / max(1, drawn.n):.1%} of {drawn.n} sessions "
                "of blocks drawn anew, sides renamed."
            )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ratio(logs: Sequence[float]) -> str:
    return f"{math.exp(fmean(logs)):.4f}" if logs else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _time(seconds: float) -> str:
    for unit, size in (("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"
