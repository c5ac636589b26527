"""The study of benchmark gates without its sessions: bounds, journal, projects, and what is read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from error_rates import shipped
from gatestudy import figures, journal, report
from gatestudy.boundary import chained, refuted, resampled
from gatestudy.kinds import KINDS
from gatestudy.machine import busy_seconds
from gatestudy.peer import regressions
from gatestudy.projects import SIX, TWENTY, Shape

from pytest_ophamin.comparing.replay import Plan

STAT = "cpu  100 20 30 9000 50 6 7 8 99 99\ncpu0 1 2 3 4\n"


def gate_session(
    index: int, given: Mapping[str, str] | None = None, *, slow: str | None = None, kind: str = "aa-quiet", **more: str
) -> dict[str, Any]:
    """Return a session of the gate as it is kept, of equal sides but for a little noise."""
    generator, pairs, verdicts = np.random.default_rng(index), 6, {**(given or {}), **more}
    line = {"estimate": 1.0, "n": pairs, "reason": None}
    readings = {
        role: [1e-3 * float(np.exp(generator.normal(0.0, 0.01))) for _ in range(pairs)] for role in journal.ROLES
    }
    return {
        "kind": kind,
        "index": index,
        "slow": slow,
        "settings": {"project": SIX.digest, "pairs": 30, "budget": 50.0, "limit": 1.05},
        "seconds": 2.0,
        "others_before": 0.0,
        "others": 0.5,
        "lines": {name: {**line, "verdict": verdict} for name, verdict in verdicts.items()},
        "pairs": dict.fromkeys(verdicts, readings),
    }


@pytest.mark.parametrize(("count", "n"), [(0, 59), (1, 93), (2, 124)])
def test_the_bound_is_exact(count: int, n: int) -> None:
    """So many sessions show 5 % or less, and one session fewer does not."""
    assert figures.upper_bound(count, n) <= 0.05
    assert figures.upper_bound(count, n - 1) > 0.05
    assert figures.upper_bound(n, n) == 1.0


@pytest.mark.parametrize("shape", [SIX, TWENTY], ids=lambda shape: shape.name)
def test_a_slowed_project_differs_in_the_turns_of_one_function(shape: Shape) -> None:
    """Each function runs, in turn each is slowed, and nothing else changes: the same work, a tenth more often.

    The fastest repeats it an eighth more often, since a sixth of its time is the call itself.
    """
    base = shape.files()
    namespace: dict[str, Any] = {}
    exec(base["work.py"], namespace)  # noqa: S102  # the project's own source
    for index, benchmark in enumerate(shape.benchmarks):
        assert namespace[benchmark.name]() is None
        more = {"count": 1.125}.get(benchmark.name, 1.1)
        assert benchmark.slow_turns == pytest.approx(more * benchmark.turns)
        slow = shape.files(shape.slowed(index))
        changed = [
            (before, after)
            for before, after in zip(base["work.py"].splitlines(), slow["work.py"].splitlines(), strict=True)
            if before != after
        ]
        turns = (f"    for turn in range({benchmark.turns}):", f"    for turn in range({benchmark.slow_turns}):")
        assert changed == [turns]
        assert {name for name in base if base[name] != slow[name]} == {"work.py"}
    assert len(shape.benchmarks) == {"six": 6, "twenty": 20}[shape.name]


def test_another_project_has_another_digest() -> None:
    """Sessions of a project that was changed cannot be taken for sessions of the one before."""
    changed = Shape(SIX.name, (*SIX.benchmarks[:-1], replace(SIX.benchmarks[-1], slow_turns=111)))
    assert len({SIX.digest, TWENTY.digest, changed.digest}) == 3
    assert Shape(SIX.name, SIX.benchmarks).digest == SIX.digest


def test_a_benchmark_that_is_not_there_cannot_be_slowed() -> None:
    """A misspelt name is told, not passed over."""
    with pytest.raises(ValueError, match="expected a benchmark of"):
        SIX.files("spam")


def test_a_line_cut_by_a_kill_is_dropped_and_its_session_run_again(tmp_path: Path) -> None:
    """Whole lines survive, the torn one does not, and what is appended stands on a line of its own."""
    kept = journal.Journal(tmp_path / "study.jsonl")
    assert kept.read() == []
    kept.append({"kind": "aa-quiet", "index": 0, "settings": {}})
    with kept.path.open("a") as file:
        file.write('{"kind":"aa-quiet","ind')
    assert journal.missing(kept.read(), "aa-quiet", range(3)) == [1, 2]
    kept.append({"kind": "aa-quiet", "index": 2, "settings": {}})
    assert [session["index"] for session in kept.read()] == [0, 2]
    assert journal.missing(kept.read(), "aa-quiet", range(3)) == [1]
    assert journal.missing(kept.read(), "aa-quiet", range(2, 4)) == [3]
    assert journal.missing(kept.read(), "aa-busy", range(2)) == [0, 1]


def test_sessions_run_in_another_way_are_not_added_to() -> None:
    """One kind in one file has one cap, budget and limit."""
    done = [gate_session(0, count="VALIDATED")]
    journal.check_settings(done, "aa-quiet", done[0]["settings"])
    journal.check_settings(done, "aa-busy", {"pairs": 10})
    with pytest.raises(ValueError, match="name another --file"):
        journal.check_settings(done, "aa-quiet", {"pairs": 10, "budget": 50.0, "limit": 1.05})


def test_what_others_use_leaves_waiting_and_guests_out() -> None:
    """Idle and waiting ticks are no work, and a guest's time is in its host's already."""
    ticks = 100 + 20 + 30 + 6 + 7 + 8
    assert busy_seconds(STAT) == pytest.approx(ticks / 100, rel=1e-12)


def test_the_peers_regressions_are_read_by_field() -> None:
    """Every line of its list, whatever the order."""
    output = """ERROR: Performance has regressed:
\ttest_text (0001_abc) - Field 'median' has failed PercentageRegressionCheck: 8.084571041 > 5.000000000
\ttest_order (0001_abc) - Field 'mean' has failed PercentageRegressionCheck: 18.1 > 5.000000000
\ttest_order (0001_abc) - Field 'median' has failed PercentageRegressionCheck: 8.1 > 5.000000000
"""
    assert regressions(output) == {"mean": ["order"], "min": [], "median": ["order", "text"]}
    assert regressions("2 passed") == {"mean": [], "min": [], "median": []}


def test_only_what_is_not_slower_raises_a_false_alarm() -> None:
    """The slower benchmark is to be found, and alone; anything else REFUTED is false."""
    alone = gate_session(0, slow="text", text="REFUTED", count="VALIDATED")
    both = gate_session(1, slow="text", text="REFUTED", count="REFUTED")
    neither = gate_session(2, text="VALIDATED", count="INCONCLUSIVE")
    assert [figures.is_false_alarm(session) for session in (alone, both, neither)] == [False, True, False]
    assert [figures.is_found(session) for session in (alone, both, neither)] == [True, True, False]
    assert [figures.is_found_alone(session) for session in (alone, both, neither)] == [True, False, False]
    assert [figures.is_undecided(session) for session in (alone, both, neither)] == [False, False, True]


def test_recorded_blocks_are_chained_without_using_one_twice() -> None:
    """Five sessions that stopped after six pairs make one of thirty; what is left over makes none."""
    sessions = [gate_session(index, count="VALIDATED", text="VALIDATED") for index in range(11)]
    found = list(chained(sessions, 30))
    assert len(found) == 2
    firsts = [value for session in sessions for value in session["pairs"]["count"]["first"]]
    assert [*found[0]["count"].first, *found[1]["count"].first] == firsts[:60]
    assert list(chained([], 30)) == []


def test_sessions_drawn_anew_keep_blocks_whole_and_are_seeded() -> None:
    """A block's two pairs stay together and in order, under any side's name; the same seed draws the same sessions."""
    sessions = [gate_session(index, count="VALIDATED") for index in range(3)]
    sides = [session["pairs"]["count"][role] for session in sessions for role in journal.ROLES]
    blocks = {block for side in sides for block in zip(side[::2], side[1::2], strict=True)}
    once, again = (list(resampled(sessions, 10, 4, seed=1)) for _ in range(2))
    for drawn, same in zip(once, again, strict=True):
        assert list(drawn["count"].first) == list(same["count"].first)
        assert set(zip(drawn["count"].first[::2], drawn["count"].first[1::2], strict=True)) <= blocks
    assert list(resampled([], 10, 4, seed=1)) == []


def test_sessions_drawn_anew_are_at_the_limit_however_few_were_recorded() -> None:
    """What one recorded session happens to lean to is no ratio of the sessions drawn from it."""
    session = gate_session(0, count="VALIDATED")
    session["pairs"]["count"]["first"] = [1.03 * value for value in session["pairs"]["count"]["second"]]
    logs = [
        np.log(drawn["count"].first / drawn["count"].second).mean() for drawn in resampled([session], 30, 400, seed=1)
    ]
    assert abs(float(np.mean(logs))) < 0.002


def test_recorded_pairs_are_refuted_as_their_candidate_is_slowed() -> None:
    """The real pillar finds nothing in equal sides, and everything at a fifth slower."""
    sessions = [gate_session(index, count="VALIDATED", text="VALIDATED") for index in range(10)]
    plan = Plan(pairs=30, threshold=1.05)
    assert refuted(chained(sessions, 30), plan, 1.0, shipped()) == (0, 2)
    assert refuted(chained(sessions, 30), plan, 1.2, shipped()) == (2, 2)
    assert refuted(chained(sessions, 30), plan, 1.2, shipped(), one=True) == (2, 2)
    first, second = chained(sessions, 30)
    alone = [{**first, "text": first["text"].slowed(0.5)}, {**second, "count": second["count"].slowed(0.5)}]
    assert refuted(alone, plan, 1.2, shipped(), one=True) == (2, 2)  # count is slowed in the first, text in the second
    assert refuted(alone[::-1], plan, 1.2, shipped(), one=True) == (0, 2)


def test_the_report_tells_alarms_misses_and_what_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds in rows; sessions without a result, and others at work, are told apart."""
    monkeypatch.setattr(report, "_RESAMPLED", 3)
    quiet = [
        gate_session(index, dict.fromkeys(figures.benchmarks(KINDS["aa-quiet"]), "VALIDATED")) for index in range(5)
    ]
    slow = [gate_session(0, slow="text", kind="slow-quiet", text="INCONCLUSIVE", count="VALIDATED")]
    broken = {**slow[0], "index": 1, "trouble": "no bundle"}
    failed = {"mean": ["count"], "min": [], "median": ["text"]}
    peer = {"kind": "peer-slow-quiet", "index": 0, "slow": "text", "seconds": 14.0, "others_before": 0.0, "others": 0.0}
    text = "\n".join(report.describe([*quiet, *slow, broken, {**peer, "failed": failed}]))
    assert "| aa-quiet | 0 of 5 | 45.1% |  |  | 0 of 5 | 6.0 | 2.0 (2.0) |" in text
    assert "| slow-quiet | 0 of 1 | 95.0% | 1 of 1 | 100.0% | 1 of 1 | 6.0 | 2.0 (2.0) |" in text
    assert "slow-quiet: 1 sessions ended without a result." in text
    assert "aa-quiet: during 5 of 5 sessions others were at work." in text
    assert "| peer-slow-quiet | mean:5% | 1 of 1 | 100.0% | 1 of 1 | 14.0 (14.0) |" in text
    assert "| peer-slow-quiet | median:5% | 0 of 1 | 95.0% | 0 of 1 | 14.0 (14.0) |" in text
    assert "One benchmark at the limit (1.05), aa-quiet: a REFUTED line in 0 of 1 sessions chained" in text
    assert "Every benchmark at the limit (1.05), aa-quiet: a REFUTED line in 0 of 1 sessions chained" in text
