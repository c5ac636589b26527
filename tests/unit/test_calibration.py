"""`ophamin calibrate` without processes: replaying and resampling planted pairs, and what ends the measuring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from error_rates import shipped
from gated import FakeRunner, place, reading, result

from pytest_ophamin.comparing import calibration, resampling
from pytest_ophamin.comparing.calibration import Measurement, measure
from pytest_ophamin.comparing.gate import Gate
from pytest_ophamin.comparing.replay import Pairs, Plan, control_problem, decide_session, has, refutes
from pytest_ophamin.comparing.request import Result
from pytest_ophamin.comparing.resampling import assess_pairs, draw_blocks
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.errors import UsageError

PLAN = Plan(pairs=30, threshold=1.05)
TESTS = ("bench.py::test_a", "bench.py::test_b")


def planted(seed: int, sd: float, n: int = 30, *, control: float = 1.0) -> Pairs:
    """Return A/A pairs whose log ratios have this standard deviation."""
    noise = np.exp(np.random.default_rng(seed).normal(0.0, sd / np.sqrt(2.0), (3, n)))
    return Pairs(first=1e-3 * noise[0], second=1e-3 * noise[1], control=control * 1e-3 * noise[2])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw few sessions."""
    monkeypatch.setattr(resampling, "SESSIONS", 20)
    monkeypatch.setattr(resampling, "POWER_SESSIONS", 10)


# Replaying ----------------------------------------------------------------------------------------------------------


def test_a_session_is_decided_where_it_stops_and_corrected() -> None:
    """Equal code is VALIDATED early, a tenth slower REFUTED, and a noisy benchmark is left open at the cap."""
    pairs = {"equal": planted(1, 0.005), "slower": planted(2, 0.005).slowed(1.1), "noisy": planted(3, 0.3)}
    lines = decide_session(pairs, PLAN, shipped())
    assert {name: line.verdict for name, line in lines.items()} == {
        "equal": Verdict.VALIDATED,
        "slower": Verdict.REFUTED,
        "noisy": Verdict.INCONCLUSIVE,
    }
    assert lines["equal"].pairs < 30
    assert lines["noisy"].pairs == 30
    assert has(lines, Verdict.REFUTED)
    assert not has(lines, Verdict.VOID)


def test_too_few_pairs_are_no_session() -> None:
    """A session that went on would have had more."""
    with pytest.raises(UsageError, match="expected 30 pairs of a, came 10"):
        decide_session({"a": planted(1, 0.01, n=10)}, PLAN, shipped())


def test_a_benchmark_is_refuted_as_it_would_be_among_others() -> None:
    """The shortcut for one slower benchmark agrees with the whole session's correction while the others are equal."""
    equal = {str(seed): planted(seed, 0.03) for seed in range(4)}
    for seed in range(10, 22):
        slower = planted(seed, 0.06).slowed(1.08)
        lines = decide_session({**equal, "slower": slower}, PLAN, shipped())
        assert refutes(slower, PLAN, 5, shipped()) is (lines["slower"].verdict is Verdict.REFUTED)


def test_a_control_that_differs_is_told() -> None:
    """Its own test, at its share of the session's level, says that nothing could be decided."""
    assert control_problem(planted(1, 0.01), PLAN, 2, shipped()) is None
    problem = control_problem(planted(1, 0.01, control=1.1), PLAN, 2, shipped())
    assert problem is not None
    assert "too noisy" in problem


# Resampling ---------------------------------------------------------------------------------------------------------


def test_blocks_are_drawn_whole_for_all_benchmarks_at_once() -> None:
    """Two pairs stay neighbours and keep one naming of their sides; every side takes every name; draws are seeded."""
    recorded = Pairs(first=np.arange(8.0), second=100.0 + np.arange(8.0), control=200.0 + np.arange(8.0))
    for draw, same in zip(draw_blocks(8, 6, 50), draw_blocks(8, 6, 50), strict=True):
        pairs = draw.of(recorded)
        assert pairs.n == 6
        sides = np.stack([pairs.first, pairs.second, pairs.control])
        assert (sides[:, 1::2] - sides[:, ::2] == 1.0).all()
        assert (sides[:, ::2] % 2 == 0.0).all()
        assert (np.sort(sides // 100, axis=0) == [[0.0], [1.0], [2.0]]).all()
        assert (same.of(recorded).first == pairs.first).all()
    names = {tuple(draw.roles[:, 0]) for draw in draw_blocks(8, 6, 50)}
    assert len(names) == 6


def test_a_quiet_machine_finds_a_small_slowdown(few: None) -> None:
    """No false alarm, nothing open, decided in few pairs, and the least slowdown found is near the limit."""
    told: list[str] = []
    figures = assess_pairs({test: planted(k, 0.01) for k, test in enumerate(TESTS)}, PLAN, shipped(), tell=told.append)
    assert (figures.sessions, figures.false_alarms, figures.inconclusive) == (20, 0, 0)
    assert figures.pairs <= 16
    for benchmark, test in zip(figures.benchmarks, TESTS, strict=True):
        assert benchmark.test == test
        assert benchmark.sd == pytest.approx(0.01, rel=0.4)
        assert benchmark.seconds == pytest.approx(1e-3, rel=0.01)
        assert benchmark.control == pytest.approx(1.0, abs=0.01)
        assert benchmark.problem is None
        assert benchmark.detectable is not None
        assert 1.05 < benchmark.detectable <= 1.07
    assert len(told) == 3


def test_a_noisy_machine_says_so(few: None) -> None:
    """Sessions stay open to the cap, and only a large slowdown is found, or none."""
    quiet, noisy = assess_pairs({"a": planted(1, 0.01), "b": planted(2, 0.25)}, PLAN, shipped()).benchmarks
    assert quiet.detectable is not None
    assert noisy.inconclusive > 0.5
    assert noisy.pairs > 25
    assert noisy.detectable is None or noisy.detectable > 1.15
    hopeless = assess_pairs({"a": planted(2, 3.0)}, PLAN, shipped())
    assert hopeless.benchmarks[0].detectable is None
    assert hopeless.inconclusive > 10


# Measuring ----------------------------------------------------------------------------------------------------------


def bench_of(tmp_path: Path, answer: object) -> tuple[Gate, Measurement]:
    """Return a gate on which two benchmarks are compared with themselves."""
    where = place(tmp_path)
    runner = FakeRunner(answer=answer, scratch=tmp_path)  # type: ignore[arg-type]
    gate = Gate(runner=runner, candidate=where, baseline=where, tree=tmp_path, budget=0.05)  # type: ignore[arg-type]
    return gate, Measurement(courses=[calibration._course(test) for test in TESTS])


def test_so_many_pairs_are_measured_of_every_benchmark(tmp_path: Path) -> None:
    """Three processes of the same code per pair, after a first run; its own tree is no baseline gone astray."""
    said = result({test: reading() for test in TESTS}, origins={"codec": str(tmp_path / "codec.py")})
    told: list[str] = []
    gate, measurement = bench_of(tmp_path, lambda side, request: said)
    measure(gate, measurement, pairs=6, tell=told.append)
    assert measurement.is_complete
    assert measurement.pairs == 6
    assert set(measurement.recorded()) == set(TESTS)
    assert len(gate.runner.asked) == 3 + 3 * 6  # type: ignore[attr-defined]
    assert told[1].startswith("pair 1 of 6, about ")
    assert told[-1] == "pair 6 of 6, about 0 s left"


def test_without_a_number_measuring_ends_with_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before ten pairs, for all benchmarks together, after a whole block."""
    monkeypatch.setattr(calibration, "MEASURED_SECONDS", 0.0)
    gate, measurement = bench_of(tmp_path, lambda side, request: result({test: reading() for test in TESTS}))
    measure(gate, measurement, pairs=None)
    assert [len(course.pairs) for course in measurement.courses] == [10, 10]


def test_an_interruption_leaves_whole_blocks(tmp_path: Path) -> None:
    """What was measured before Ctrl-C is kept, but for the half of a block."""
    asked = iter(range(1000))

    def answer(side: str, request: str) -> Result:
        if next(asked) >= 3 + 3 * 5 + 1:
            raise KeyboardInterrupt
        return result({test: reading() for test in TESTS})

    gate, measurement = bench_of(tmp_path, answer)
    with pytest.raises(KeyboardInterrupt):
        measure(gate, measurement, pairs=30)
    assert not measurement.is_complete
    assert measurement.pairs == 4
    assert all(pairs.n == 4 for pairs in measurement.recorded().values())


def test_a_benchmark_that_fails_is_left_out_with_its_reason(tmp_path: Path) -> None:
    """The others are measured."""
    gate, measurement = bench_of(
        tmp_path, lambda side, request: result({TESTS[0]: reading()}, absent=frozenset({TESTS[1]}))
    )
    measure(gate, measurement, pairs=4)
    assert list(measurement.recorded()) == [TESTS[0]]
    assert "does not exist" in measurement.left_out[TESTS[1]]
    assert measurement.pairs == 4


def test_nothing_measured_is_nothing_recorded() -> None:
    """Interrupted before the first block."""
    measurement = Measurement(courses=[calibration._course(TESTS[0])])
    assert measurement.pairs == 0
    assert measurement.recorded() == {}
