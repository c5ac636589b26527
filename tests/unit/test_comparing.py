"""Benchmark gates without processes: order, readings, courses and the gate itself."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gated import TEST, FakeRunner, entry_of, gate_claim, owner, place, reading, result

from pytest_ophamin.claims.allocation import allocate_entries
from pytest_ophamin.comparing.course import Course
from pytest_ophamin.comparing.gate import Gate, Progress, seed_of
from pytest_ophamin.comparing.process import ProcessDied, Runner
from pytest_ophamin.comparing.request import Distribution, Result, Trouble, Wish, read_result, request_text
from pytest_ophamin.comparing.sides import Side, block_order, hash_seed
from pytest_ophamin.errors import EvidenceError, UsageError
from pytest_ophamin.trials.gather import gather_slices
from pytest_ophamin.trials.sample import Sample, column_names

OTHER = "bench/test_decode.py::test_encode"


# Order ---------------------------------------------------------------------------------------------------------------


def test_the_second_half_of_a_block_is_the_first_backwards() -> None:
    """ABBA: each side's mean place within a block is the same, so that an even drift cancels."""
    sides = [Side.BASELINE, Side.CANDIDATE, Side.CONTROL]
    for block in range(20):
        first, second = block_order(sides, b"seed", block)
        assert sorted(first) == sorted(sides)
        assert second == first[::-1]


def test_every_side_comes_first_about_as_often() -> None:
    """Which side leads is drawn anew for each block."""
    leaders = Counter(
        block_order([Side.BASELINE, Side.CANDIDATE, Side.CONTROL], b"s", block)[0][0] for block in range(300)
    )
    assert len(leaders) == 3
    assert min(leaders.values()) > 70


def test_order_and_hash_seeds_follow_from_the_seed_alone() -> None:
    """The same benchmarks give the same order; every process has a hash seed of its own."""
    assert block_order(Side, b"x", 3) == block_order(reversed(Side), b"x", 3)
    seeds = {hash_seed(b"x", pair, side) for pair in range(10) for side in Side}
    assert len(seeds) == 40
    assert all(0 <= seed < 2**32 for seed in seeds)


# Requests and results ------------------------------------------------------------------------------------------------


def answer(**changes: Any) -> str:
    """Return the text of a process's result."""
    read = {"low": 1e-3, "median": 1e-3, "p99": 2e-3, "rounds": 5, "iterations": 1, "gc": "on", "peak": 512}
    document = {
        "format": "ophamin-gate/1",
        "python": "3.12.0",
        "readings": {TEST: read | changes.pop("read", {})},
        "failures": {OTHER: {"skipped": "no data"}},
        "absent": [],
        "uncollected": {},
        "sources": {TEST: "a"},
        "origins": {},
        "distributions": {TEST: {"name": "Decode", "version": "1.2", "folder": None}},
        "status": 0,
    }
    return json.dumps(document | changes)


def test_a_result_is_read_back() -> None:
    """Readings are numbers, a skip is a trouble that says so."""
    read = read_result(answer())
    assert read.readings[TEST].peak == 512
    assert read.troubles[OTHER].skipped
    assert read.troubles[OTHER].message == "no data"
    assert read.distributions[TEST] == Distribution(name="Decode", version="1.2", folder=None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        (answer(readings=None), "AttributeError"),
        (answer(read={"low": 0.0}), "expected low in seconds above 0, came 0.0: the timer is too coarse for it"),
        (answer(read={"median": "nan"}), "expected median in seconds above 0"),
        (json.dumps({"python": "3"}), "KeyError"),
    ],
)
def test_a_result_that_is_none_is_refused(text: str, message: str) -> None:
    """A process that says something else has said nothing."""
    with pytest.raises(EvidenceError, match=message):
        read_result(text)


def test_a_request_says_what_to_read(tmp_path: Path) -> None:
    """Benchmarks keep their order; what is to be read beside their rounds is said for each."""
    text = request_text(
        place(tmp_path),
        {OTHER: Wish(calls=True), TEST: Wish(memory=True)},
        budget=0.05,
        swaps=False,
        distributions=True,
        cache=tmp_path,
        options=("-p", "x"),
    )
    document = json.loads(text)
    assert list(document["benchmarks"]) == [OTHER, TEST]
    assert document["benchmarks"][TEST] == {"memory": True, "calls": False}


# Courses -------------------------------------------------------------------------------------------------------------


def pair(candidate: float = 1.0, second: float = 1.0, control: float = 1.0, side: Side = Side.BASELINE) -> Any:
    """Return the results of one half of a block."""
    return {
        Side.CANDIDATE: result({TEST: reading(candidate)}),
        side: result({TEST: reading(second)}),
        Side.CONTROL: result({TEST: reading(control)}),
    }


def sample_of_course(course: Course, index: int = 0) -> Sample:
    """Return the sample its slice gives one of its claims."""
    claim = course.claims[index]
    gathering = gather_slices(course.entry.group, bytes.fromhex(course.entry.key), [course.to_slice()])
    found = gathering.evidence_for(claim, len(course.pairs))
    assert isinstance(found, Sample)
    return found


def test_a_ratio_compares_lows_and_keeps_medians() -> None:
    """First is the candidate, second the baseline; the control and all medians are kept."""
    course = Course(entry=entry_of(gate_claim(pairs=2)))
    course.take(pair(1.2, 1.0, 1.1))
    course.take(pair(1.4, 1.1, 1.3))
    sample = sample_of_course(course)
    assert tuple(sorted(sample.columns)) == column_names(course.claims[0])
    np.testing.assert_allclose(sample.pairs, ([1.2, 1.4], [1.0, 1.1]))
    np.testing.assert_allclose(sample.columns["control"].floats, [1.1, 1.3])
    np.testing.assert_allclose(sample.columns["second_median"].floats, [1.1, 1.21])


@pytest.mark.parametrize(("metric", "expected"), [("time_median", 1.1), ("time_p99", 2.0)])
def test_a_budget_is_in_the_claims_unit(metric: str, expected: float) -> None:
    """The statistic of the candidate's process, in the unit the threshold has; nothing is compared with a baseline."""
    course = Course(entry=entry_of(gate_claim(metric, pairs=2, unit="us", at_most=5.0)))
    assert course.second is None
    assert course.wish.calls is (metric == "time_p99")
    course.take({Side.CANDIDATE: result({TEST: reading(1e-6)}), Side.CONTROL: result({TEST: reading(2e-6)})})
    sample = sample_of_course(course)
    assert sample.value.floats.tolist() == pytest.approx([expected])
    assert sample.columns["control_low"].floats.tolist() == pytest.approx([2.0])


def test_several_gates_share_the_processes_of_one_benchmark() -> None:
    """A memory gate beside a time gate reads its own statistic."""
    claims = gate_claim(pairs=2), gate_claim("memory_ratio", pairs=2)
    course = Course(entry=entry_of(*claims))
    assert course.wish == Wish(memory=True)
    course.take(pair(2.0, 1.0))
    assert sample_of_course(course, 0).pairs[0].tolist() == [2.0]
    assert sample_of_course(course, 1).pairs[0].tolist() == [1000.0]


def test_versus_has_a_side_of_its_own() -> None:
    """What is compared is the other callable, in this tree; no baseline is needed."""
    course = Course(entry=entry_of(gate_claim(pairs=2, versus="lib:old")))
    assert course.sides == {Side.CANDIDATE, Side.CONTROL, Side.VERSUS}
    course.take(pair(1.0, 3.0, side=Side.VERSUS))
    assert sample_of_course(course).pairs[1].tolist() == [3.0]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"absent": frozenset({TEST})}, "in the baseline: the benchmark does not exist there"),
        ({"uncollected": {"bench/test_decode.py": "ImportError: no"}}, "cannot be collected there: ImportError: no"),
        ({}, "in the baseline: it was not run there"),
        (
            {"troubles": {TEST: Trouble(exception=None, place=None, message="x", skipped=True)}},
            "in the baseline: skipped: x",
        ),
    ],
)
def test_what_cannot_be_compared_is_not_tested(wrong: dict[str, Any], reason: str) -> None:
    """A benchmark that is missing or skipped on one side is told, never dropped."""
    course = Course(entry=entry_of(gate_claim()))
    course.rehearse(pair() | {Side.BASELINE: result(**wrong)})
    assert course.not_tested is not None
    assert reason in course.not_tested
    assert not course.is_open
    assert course.is_absent is ("absent" in wrong)


def test_what_the_candidate_lacks_itself_is_not_new() -> None:
    """Missing on both sides, a benchmark is missing: only what the baseline alone lacks is new."""
    course = Course(entry=entry_of(gate_claim()))
    course.rehearse({side: result(absent=frozenset({TEST})) for side in (Side.BASELINE, Side.CANDIDATE, Side.CONTROL)})
    assert course.not_tested is not None
    assert "in the candidate: the benchmark does not exist there" in course.not_tested
    assert not course.is_absent


def test_a_candidate_that_skips_itself_is_skipped() -> None:
    """Before anything was measured; a benchmark that skips itself later on has lost its pairs."""
    skips = result(troubles={TEST: Trouble(exception=None, place=None, message="no data", skipped=True)})
    course = Course(entry=entry_of(gate_claim()))
    course.rehearse(pair() | {Side.CANDIDATE: skips})
    assert course.skipped == "no data"
    later = Course(entry=entry_of(gate_claim()))
    later.take(pair())
    later.take(pair() | {Side.CANDIDATE: skips})
    assert later.skipped is None
    assert later.not_tested == "in the candidate: skipped: no data"


def test_a_benchmark_that_raises_makes_its_claims_void() -> None:
    """The exception's class and place are kept, its message only for the terminal."""
    trouble = Trouble(exception="ValueError", place="lib.py:3", message="secret")
    course = Course(entry=entry_of(gate_claim(pairs=2)))
    course.take(pair())
    course.take(pair() | {Side.CANDIDATE: result(troubles={TEST: trouble})})
    made = course.to_slice()
    assert made.failure is not None
    assert (made.failure.exception, made.failure.place, made.failure.trial) == ("ValueError", "lib.py:3", 1)
    assert "secret" not in made.to_text()
    assert "secret" in course.told


def test_a_benchmark_that_never_used_the_fixture_is_void() -> None:
    """Nothing was timed, and the reason says so."""
    trouble = Trouble(exception=None, place=None, message="the benchmark fixture was not used")
    course = Course(entry=entry_of(gate_claim(pairs=2)))
    course.take(pair() | {Side.CONTROL: result(troubles={TEST: trouble})})
    assert course.failure is not None
    assert course.failure.reason == "the benchmark fixture was not used, in a process of the control"


# The gate ------------------------------------------------------------------------------------------------------------


def gate(folder: Path, runner: FakeRunner, **changes: Any) -> Gate:
    """Return a gate whose processes are answers."""
    fields: dict[str, Any] = {
        "runner": runner,
        "candidate": place(folder / "tree"),
        "baseline": place(folder / "other"),
        "moved_to": folder / "other",
        "tree": folder / "tree",
        "budget": 0.05,
    }
    return Gate(**fields | changes)


def steady(_: str, request: str) -> Result:
    """Every benchmark takes a millisecond, on every side."""
    return result({test: reading() for test in json.loads(request)["benchmarks"]})


def courses(*pairs: int) -> list[Course]:
    """Return benchmarks with so many pairs at most."""
    tests = (TEST, OTHER)
    return [Course(entry=entry_of(gate_claim(pairs=n, test=test))) for n, test in zip(pairs, tests, strict=False)]


def test_each_half_runs_one_process_of_every_side(tmp_path: Path) -> None:
    """Blocks follow each other until every benchmark has its pairs, and those that have them are left out."""
    runner = FakeRunner(steady, tmp_path)
    found = courses(2, 4)
    made = gate(tmp_path, runner)
    made.rehearse(found)
    assert sorted(runner.asked) == ["baseline", "candidate", "control"]
    assert runner.asked[0] == "candidate"
    runner.asked.clear()
    closed = [course.test for course in made.run(found, is_settled=lambda _: False)]
    assert closed == [TEST, OTHER]
    assert Counter(runner.asked) == {"baseline": 4, "candidate": 4, "control": 4}
    assert runner.asked[3:6] == runner.asked[:3][::-1]
    assert [len(course.pairs) for course in found] == [2, 4]


def test_every_side_runs_the_same_benchmarks(tmp_path: Path) -> None:
    """What ran before in a process can be seen in a time: a budget beside a ratio is run by the baseline too."""
    runner = FakeRunner(steady, tmp_path)
    budget = gate_claim("time_median", pairs=2, unit="s", at_most=1.0, test=OTHER)
    found = [Course(entry=entry_of(gate_claim(pairs=2))), Course(entry=entry_of(budget))]
    list(gate(tmp_path, runner).run(found, is_settled=lambda _: False))
    assert {tuple(json.loads(request)["benchmarks"]) for request in runner.requests} == {(TEST, OTHER)}


def test_a_benchmark_stops_after_a_whole_block_only(tmp_path: Path) -> None:
    """It is asked whether it is decided between blocks, and is then left out of the next."""
    asked: list[int] = []

    def settled(course: Course) -> bool:
        asked.append(len(course.pairs))
        return len(course.pairs) >= 3

    found = courses(20)
    list(gate(tmp_path, FakeRunner(steady, tmp_path)).run(found, is_settled=settled))
    assert asked == [2, 4]
    assert found[0].is_settled


def test_progress_is_told_after_each_half(tmp_path: Path) -> None:
    """Pairs done, pairs at most, benchmarks open, and how long it takes at most."""
    told: list[Progress] = []
    list(gate(tmp_path, FakeRunner(steady, tmp_path)).run(courses(4), is_settled=lambda _: False, tell=told.append))
    assert [(each.pairs, each.most_pairs) for each in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert told[-1].seconds_left == 0.0


def test_a_baseline_that_imports_this_tree_is_refused(tmp_path: Path) -> None:
    """Its ratio would be 1, whatever was changed."""
    inside = {"decode": str(tmp_path / "tree" / "src" / "decode" / "__init__.py")}
    runner = FakeRunner(lambda side, request: dataclasses.replace(steady(side, request), origins=inside), tmp_path)
    with pytest.raises(UsageError, match=r"import 'decode' from this work tree \(src/decode/__init__.py\)"):
        gate(tmp_path, runner).rehearse(courses(2))


def test_a_candidate_that_is_installed_is_refused(tmp_path: Path) -> None:
    """Both revisions would run what is installed, and their ratio would be 1."""
    package = tmp_path / "tree" / "src" / "decode"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    installed = {"decode": "/env/lib/site-packages/decode/__init__.py", "numpy": "/env/lib/site-packages/numpy.py"}
    runner = FakeRunner(lambda side, asked: dataclasses.replace(steady(side, asked), origins=installed), tmp_path)
    with pytest.raises(UsageError, match=r"import 'decode' as it is installed .*pip install -e \."):
        gate(tmp_path, runner).rehearse(courses(2))


@pytest.mark.parametrize("layout", ["lib", "python"])
def test_an_installed_build_of_the_project_is_refused_in_any_layout(layout: str, tmp_path: Path) -> None:
    """Its source need not lie where sources usually do: the installer wrote down where it took it from."""
    (tmp_path / "tree" / layout / "decode").mkdir(parents=True)
    said = {"decode": "/env/lib/site-packages/decode.abi3.so", "numpy": "/env/lib/site-packages/numpy.py"}
    owners = {"decode": owner("decode", str(tmp_path / "tree")), "numpy": owner("numpy")}

    def told(side: str, asked: str) -> Result:
        return dataclasses.replace(steady(side, asked), origins=said, distributions=owners)

    with pytest.raises(UsageError, match="import 'decode' as it is installed"):
        gate(tmp_path, FakeRunner(told, tmp_path)).rehearse(courses(2))


def test_what_finds_an_editable_project_is_no_build_of_it(tmp_path: Path) -> None:
    """Build backends install a module that knows where the source lies."""
    said = {"__editable___decode_finder": "/env/lib/site-packages/__editable___decode_finder.py"}
    owners = {name: owner("decode", str(tmp_path / "tree")) for name in said}

    def told(side: str, asked: str) -> Result:
        return dataclasses.replace(steady(side, asked), origins=said, distributions=owners)

    assert gate(tmp_path, FakeRunner(told, tmp_path)).rehearse(courses(2))


def test_a_temporary_folder_in_the_work_tree_is_no_stray(tmp_path: Path) -> None:
    """The baseline's own modules may lie below the work tree, in the folder they were checked out to."""
    inside = tmp_path / "tree" / "tmp" / "baseline"
    said = {"decode": str(inside / "decode.py")}

    def told(side: str, asked: str) -> Result:
        return dataclasses.replace(steady(side, asked), origins=said if side == "baseline" else {})

    made = gate(tmp_path, FakeRunner(told, tmp_path), baseline=place(inside), moved_to=inside)
    assert made.rehearse(courses(2))


def test_a_baseline_looks_where_the_candidate_looked(tmp_path: Path) -> None:
    """Modules an editable install maps to folders on no import path are found in the other tree's folders."""
    inside = {"decode": str(tmp_path / "tree" / "src" / "decode" / "__init__.py")}
    runner = FakeRunner(
        lambda side, request: dataclasses.replace(steady(side, request), origins=inside if side == "candidate" else {}),
        tmp_path,
    )
    gate(tmp_path, runner).rehearse(courses(2))
    baseline = runner.environments[runner.asked.index("baseline")]
    assert baseline["PYTHONPATH"].split(os.pathsep) == [str(tmp_path / "other" / "src")]


def test_another_environment_may_run_this_trees_tests(tmp_path: Path) -> None:
    """Tests and their helpers come from this tree; the project must not."""
    tree = tmp_path / "tree"
    helpers = {"helpers": str(tree / "bench" / "helpers.py"), "test_decode": str(tree / "bench" / "test_decode.py")}
    own = helpers | {"decode": str(tree / "decode" / "__init__.py")}

    def told(origins: dict[str, str]) -> FakeRunner:
        return FakeRunner(lambda side, asked: dataclasses.replace(steady(side, asked), origins=origins), tmp_path)

    gate(tmp_path, told(helpers), baseline=place(tree), moved_to=None).rehearse(courses(2))
    with pytest.raises(UsageError, match="import 'decode' from this work tree"):
        gate(tmp_path, told(own), baseline=place(tree), moved_to=None).rehearse(courses(2))


def test_tests_inside_a_package_do_not_excuse_the_package(tmp_path: Path) -> None:
    """pytest puts the work tree first, and the other environment's own version is never imported."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").write_text('[project]\nname = "decode"\n')
    package = {"bench": str(tree / "bench" / "__init__.py")}  # the benchmarks lie in it
    installed = package | {"decode": "/env/lib/site-packages/decode/__init__.py"}

    def rehearse(origins: dict[str, str], **owners: Distribution) -> None:
        def answer(side: str, asked: str) -> Result:
            return dataclasses.replace(steady(side, asked), origins=origins, distributions=owners)

        # The candidate runs in the work tree, where nothing is installed.
        made = gate(tmp_path, FakeRunner(answer, tmp_path), baseline=place(tree), moved_to=None)
        made.rehearse(courses(2))

    rehearse(package)
    rehearse(package, bench=owner("another"))
    rehearse(installed, bench=owner("decode"), decode=owner("decode"))  # a build that brings its tests along
    with pytest.raises(UsageError, match="import 'bench' from this work tree"):
        rehearse(package, bench=owner("decode"))


def test_tests_behind_a_symbolic_link_are_no_strays(tmp_path: Path) -> None:
    """Their real files are elsewhere in the tree, and they are the same tests."""
    tree = tmp_path / "tree"
    (tree / "perf" / "bench").mkdir(parents=True)
    (tree / "bench").symlink_to(tree / "perf" / "bench")
    said = {"test_decode": str(tree / "bench" / "test_decode.py"), "helpers": str(tree / "bench" / "helpers.py")}

    def told(side: str, asked: str) -> Result:
        return dataclasses.replace(steady(side, asked), origins=said)

    assert gate(tmp_path, FakeRunner(told, tmp_path), baseline=place(tree), moved_to=None).rehearse(courses(2))


def test_whether_the_benchmark_itself_changed_is_kept(tmp_path: Path) -> None:
    """A ratio of two different benchmarks is told apart from one of two implementations."""

    def changed(side: str, request: str) -> Result:
        return dataclasses.replace(steady(side, request), sources={TEST: "new" if side != "baseline" else "old"})

    found = courses(2)
    gate(tmp_path, FakeRunner(changed, tmp_path)).rehearse(found)
    assert not found[0].same_source


def test_the_seed_follows_from_the_benchmarks() -> None:
    """Their order does not matter."""
    found = courses(2, 4)
    assert seed_of(found) == seed_of(found[::-1])


# Processes -----------------------------------------------------------------------------------------------------------


def runner_of(folder: Path, code: str) -> Runner:
    """Return a runner of a child program with this code."""
    program = folder / "child.py"
    program.write_text(code)
    return Runner(program=program, scratch=folder)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('gone'); raise SystemExit(3)", r"a process of the baseline ended without a result \(exit status 3\)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", r"\(signal SIGKILL\)"),
        ("import sys; open(sys.argv[2], 'w').write('{}')", "a process of the baseline: the result of a process cannot"),
    ],
)
def test_a_process_without_a_result_is_told_with_its_output(code: str, message: str, tmp_path: Path) -> None:
    """A gate never goes on without one of its sides."""
    here = dataclasses.replace(place(tmp_path), python=sys.executable)
    with pytest.raises(ProcessDied, match=message) as caught:
        runner_of(tmp_path, code).run(here, "{}", dict(os.environ), name="baseline")
    assert ("gone" in caught.value.output) is ("gone" in code)


@pytest.mark.parametrize(("status", "message"), [(2, "was interrupted"), (3, "internal error"), (4, "could not begin")])
def test_a_session_that_ran_nothing_is_told(status: int, message: str, tmp_path: Path) -> None:
    """Its benchmarks are missing for another reason than that they do not exist."""
    text = answer(status=status)
    code = f"import sys; print('no such option'); open(sys.argv[2], 'w').write({text!r})"
    here = dataclasses.replace(place(tmp_path), python=sys.executable)
    with pytest.raises(ProcessDied, match=message) as caught:
        runner_of(tmp_path, code).run(here, "{}", dict(os.environ), name="baseline")
    assert "no such option" in caught.value.output


def test_an_interpreter_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    """A typo in --ophamin-baseline-python ends in its own words."""
    with pytest.raises(ProcessDied, match="cannot be started: No such file or directory"):
        runner_of(tmp_path, "").run(
            dataclasses.replace(place(tmp_path), python=str(tmp_path / "nothing")), "{}", {}, name="baseline"
        )


def test_alpha_is_shared_anew_among_what_is_left() -> None:
    """Each benchmark's looks are planned at alpha over the number of exploratory claims of its family."""
    entries = {test: entry_of(gate_claim(pairs=8, test=test)) for test in (TEST, OTHER)}
    both, one = allocate_entries(entries, None, "holm"), allocate_entries({TEST: entries[TEST]}, None, "holm")
    assert [entry.group.claims[0].allocated for entry in both.values()] == [2, 2]
    assert [entry.group.claims[0].allocated for entry in one.values()] == [1]
    assert one[TEST] == entries[TEST]
    assert allocate_entries(entries, None, "none") == entries
