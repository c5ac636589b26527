"""Benchmark gates in suites as they are: among other tests, and where something is missing, skipped or broken."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

import pytest
from childrun import Runner, assert_clean, verdicts
from gateproject import ALONE, BENCH, nothing_is_left, write

from pytest_ophamin.cli import main

HEAD = ("--ophamin-baseline", "HEAD")
GATED = ("--ophamin-gate", "time_ratio:2.5", "--ophamin-pairs", "8")
UNMARKED = "from lib import work\n\n\ndef test_{name}(benchmark):\n    benchmark(work, 100)\n"


def text_of(result: pytest.RunResult) -> str:
    """Return all that was printed on the terminal."""
    return "\n".join(result.outlines)


# Among other tests ---------------------------------------------------------------------------------------------------

BEFORE = """
import pytest

@pytest.fixture(scope="module")
def shared():
    yield
    {teardown}

def test_first(shared):
    pass
"""


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n1")], ids=["alone", "worker"])
def test_a_gate_that_waits_leaves_nothing_set_up_behind(
    project: pytest.Pytester, run: Runner, workers: tuple[str, ...]
) -> None:
    """What earlier tests of its module set up is torn down before tests of the next module begin, as always."""
    bench = BEFORE.format(teardown="print('torn down')") + BENCH.split("def test_plain")[0]
    write(project, bench=bench)
    project.path.joinpath("bench", "test_later.py").write_text("def test_after():\n    pass\n")
    result = run(*ALONE, *workers, *HEAD, child=bool(workers))
    assert_clean(result)
    result.assert_outcomes(passed=3)
    assert result.ret == 0


SHARED_WITH_A_CLAIM = """
@claim("nearly always", metric="proportion", at_least=0.5, trials=50)
def test_share(trial, shared):
    return trial.rng.random() < 0.99
"""


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n1")], ids=["alone", "worker"])
def test_a_teardown_that_fails_behind_a_gate_is_told_once(
    project: pytest.Pytester, run: Runner, workers: tuple[str, ...]
) -> None:
    """It is an error of the test before the gate: what used the fixture is VOID, and the gate is decided."""
    bench = BEFORE.format(teardown="print('nearly'); raise OSError('full')") + BENCH.split("def test_plain")[0]
    head, gate = bench.split("from lib", 1)
    write(project, bench=head + "from pytest_ophamin import claim\n" + SHARED_WITH_A_CLAIM + "from lib" + gate)
    result = run(*ALONE, *workers, *HEAD, child=bool(workers))
    assert_clean(result)
    text = text_of(result)
    assert "ERROR at teardown of test_share" in text
    assert "Captured stdout teardown" in text
    assert "ERROR bench/test_bench.py::test_share - OSError: full" in text
    assert "#1of1" not in text
    assert verdicts(result) == {"a hundred squares are not slower": "VALIDATED", "nearly always": "VOID"}
    assert result.ret == 1


def test_an_interruption_behind_a_gate_ends_the_session(project: pytest.Pytester, run: Runner) -> None:
    """Ctrl-C while a fixture is torn down is no failure of that fixture: no gate is begun."""
    bench = BEFORE.format(teardown="raise KeyboardInterrupt") + BENCH.split("def test_plain")[0]
    write(project, bench=bench)
    result = run(*ALONE, *HEAD, child=True)
    assert_clean(result)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "fresh processes" not in text_of(result)


# New, gone, and broken -----------------------------------------------------------------------------------------------


def test_new_benchmarks_take_no_share_of_alpha(project: pytest.Pytester, run: Runner) -> None:
    """Nobody promised anything about them: the others of their family are decided, and verified, without them."""
    write(project, bench=UNMARKED.format(name="old"))
    subprocess.run(["git", "add", "-A"], cwd=project.path, check=True)
    commit = ["git", "-c", "user.name=suite", "-c", "user.email=suite@example.org", "commit", "-qm", "unmarked"]
    subprocess.run(commit, cwd=project.path, check=True)
    project.path.joinpath("bench", "test_more.py").write_text(UNMARKED.format(name="new"))
    result = run(*ALONE, *GATED, *HEAD, "--ophamin-campaign")
    assert_clean(result)
    assert "new: no baseline: bench/test_more.py::test_new" in text_of(result)
    assert list(verdicts(result).values()) == ["VALIDATED"]
    assert result.ret == 0, text_of(result)
    assert main(["verify", str(project.path / "proofs" / "campaign")]) == 0
    result = run(*ALONE, *GATED, *HEAD, "--ophamin-campaign", "-k", "new")
    assert "new: no baseline: bench/test_more.py::test_new" in text_of(result)
    assert list(verdicts(result).values()) == ["NOT TESTED"]  # the other one was deselected
    assert main(["verify", str(project.path / "proofs" / "campaign")]) == 0


STOPS_EARLY = """
from pytest_ophamin import claim

@claim("nearly always", metric="proportion", at_least=0.5, trials=200, sequential=True)
def test_share(trial):
    return trial.rng.random() < 0.99
"""


def test_a_new_benchmark_beside_a_claim_that_stopped_early_is_not_tested(project: pytest.Pytester, run: Runner) -> None:
    """That claim has used the alpha it shared with the benchmark: nothing can be taken back, and nothing is hidden."""
    project.path.joinpath("bench", "test_more.py").write_text(STOPS_EARLY + UNMARKED.format(name="new"))
    result = run(*ALONE, *GATED, *HEAD, "--ophamin-campaign")
    assert_clean(result)
    found = verdicts(result)
    assert found["nearly always"] == "VALIDATED"
    assert "NOT TESTED" in found.values()
    assert "new: no baseline" not in text_of(result)
    assert result.ret == 1
    assert main(["verify", str(project.path / "proofs" / "campaign")]) == 0


def test_a_registered_benchmark_the_baseline_lacks_fails_a_plain_session_too(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """What stands in the lock was promised, whether a campaign asks for it or not."""
    base = commit()
    write(project, bench=BENCH.replace("test_hundred", "test_renamed"))
    assert run(*ALONE, "--ophamin-register").ret == 0
    commit()
    result = run(*ALONE, "--ophamin-baseline", base)
    assert_clean(result)
    assert "in the baseline: the benchmark does not exist there" in text_of(result)
    assert "new: no baseline" not in text_of(result)
    assert result.ret == 1


BUDGET_TOO = """
from lib import work
from pytest_ophamin import claim

@claim("is not slower", metric="time_ratio", at_most=2.5, pairs=6)
@claim("keeps its budget", metric="time_median", at_most=1.0, pairs=6)
def test_new(benchmark):
    benchmark(work, 100)
"""


def test_a_budget_of_a_new_benchmark_is_decided(project: pytest.Pytester, run: Runner) -> None:
    """It needs no baseline: the ratio beside it is left out, as if nobody had made it."""
    project.path.joinpath("bench", "test_more.py").write_text(BUDGET_TOO)
    result = run(*ALONE, *HEAD, "--ophamin-campaign")
    assert_clean(result)
    assert "new: no baseline: bench/test_more.py::test_new" in text_of(result)
    assert verdicts(result) == {"a hundred squares are not slower": "VALIDATED", "keeps its budget": "VALIDATED"}
    assert result.ret == 0
    assert main(["verify", str(project.path / "proofs" / "campaign")]) == 0


def test_new_benchmarks_alone_are_no_failure(project: pytest.Pytester, run: Runner) -> None:
    """The pull request that brings the benchmarks has nothing to compare yet."""
    project.path.joinpath("bench", "test_more.py").write_text(UNMARKED.format(name="new"))
    result = run(*ALONE, *GATED, *HEAD, "--ophamin-campaign", "bench/test_more.py")
    assert_clean(result)
    assert "new: no baseline: bench/test_more.py::test_new" in text_of(result)
    assert result.ret == 0


def test_a_family_whose_registered_gates_are_all_renamed_is_not_green(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """The new names promised nothing, the old ones did: their family is in scope though nothing of it is decided."""
    families = BENCH.replace("pairs=6)", 'pairs=6, family="speed")')
    write(project, bench=families + STOPS_EARLY)
    assert run(*ALONE, "--ophamin-register").ret == 0
    commit()
    write(project, bench=families.replace("test_hundred", "test_renamed") + STOPS_EARLY)
    result = run(*ALONE, *HEAD, "--ophamin-campaign")
    assert_clean(result)
    assert verdicts(result) == {"nearly always": "VALIDATED", "a hundred squares are not slower": "NOT TESTED"}
    assert "new: no baseline: bench/test_bench.py::test_renamed" in text_of(result)
    assert result.ret == 1


def test_a_module_the_baseline_skips_is_not_new(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """Its benchmarks exist there: something they need does not."""
    write(project, bench="import pytest\n\npytest.importorskip('never_built')\n" + BENCH)
    commit()
    write(project, bench=BENCH)
    result = run(*ALONE, *HEAD)
    assert_clean(result)
    assert "Skipped: could not import 'never_built'" in text_of(result)
    assert result.ret == 1


def test_a_baseline_that_cannot_load_its_conftest_is_no_new_benchmark(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """Its processes run nothing, and say why; the session fails."""
    conftest = project.path / "bench" / "conftest.py"
    conftest.write_text("import never_built\n")
    commit()
    conftest.unlink()
    result = run(*ALONE, *HEAD)
    assert_clean(result)
    text = text_of(result)
    assert "a process of the baseline could not begin" in text
    assert "No module named 'never_built'" in text
    assert "new: no baseline" not in text
    assert result.ret == 1
    assert nothing_is_left(project.path)


def test_a_folder_the_baseline_lacks_may_be_where_one_is(
    project: pytest.Pytester, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session starts in a new folder: its benchmarks are new, and nothing is wrong."""
    folder = project.path / "bench" / "later"
    folder.mkdir()
    folder.joinpath("test_more.py").write_text(UNMARKED.format(name="new"))
    monkeypatch.chdir(folder)
    result = run(*ALONE, *GATED, *HEAD, ".")
    assert_clean(result)
    assert "new: no baseline: bench/later/test_more.py::test_new" in text_of(result)
    assert result.ret == 0


# Skipped, expected to fail, timed too coarsely -----------------------------------------------------------------------

ODD = """
import time

import pytest
from lib import work

@pytest.mark.skip(reason="needs a GPU")
def test_marked(benchmark):
    benchmark(work, 100)

def test_skips_itself(benchmark):
    pytest.skip("no data here")

@pytest.mark.xfail(reason="known")
def test_is_to_fail(benchmark):
    raise ValueError

def test_gives_itself_up(benchmark):
    pytest.xfail("not on this machine")

def test_plainly(benchmark):
    benchmark(work, 100)
"""


def test_a_suite_with_skips_and_xfails_runs_unchanged(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """A skipped benchmark is skipped, one that is to fail is no claim, and both are said."""
    write(project, bench=ODD)
    commit()
    result = run(*ALONE, *GATED, *HEAD, "-rs")
    assert_clean(result)
    result.assert_outcomes(passed=1, skipped=3, xfailed=1)
    assert "not on this machine" in text_of(result)
    assert "no data here" in text_of(result)
    assert "needs a GPU" in text_of(result)
    assert "ophamin: 1 benchmark marked xfail is held to no --ophamin-gate" in text_of(result)
    assert result.ret == 0


COARSE = """
import time
from lib import work
from pytest_ophamin import claim

class Clock:
    now = 0.0

def coarse():
    return Clock.now

@claim("is timed by a clock that stands", metric="time_ratio", at_most=2.5, pairs=6)
def test_coarse(benchmark):
    benchmark._timer = coarse
    benchmark.pedantic(work, args=(10,), rounds=5)

@claim("is timed as usual", metric="time_ratio", at_most=2.5, pairs=6)
def test_usual(benchmark):
    benchmark(work, 100)
"""


def test_a_timer_that_is_too_coarse_harms_its_own_benchmark_alone(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """A round of no length makes that benchmark VOID, with the reason; the others are decided."""
    write(project, bench=COARSE)
    commit()
    result = run(*ALONE, *HEAD)
    assert_clean(result)
    assert verdicts(result) == {"is timed by a clock that stands": "VOID", "is timed as usual": "VALIDATED"}
    assert "the benchmark's timer is too coarse for it" in text_of(result)


PREPARED = """
from lib import work
from pytest_ophamin import claim

def prepare():
    return ([bytes(1000) for _ in range(20_000)],), {}

def copy(parts):
    return [bytes(10) for _ in range(LENGTH)]

@claim("takes no more memory", metric="memory_ratio", at_most=1.5, pairs=6)
def test_copy(benchmark):
    benchmark.pedantic(copy, setup=prepare, rounds=2)
"""


def test_what_a_setup_allocates_is_not_the_calls(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """Ten times the memory of a call shows, however much more its arguments take."""
    write(project, bench=PREPARED.replace("LENGTH", "1_000"))
    commit()
    write(project, bench=PREPARED.replace("LENGTH", "10_000"))
    result = run(*ALONE, *HEAD)
    assert_clean(result)
    assert verdicts(result) == {"takes no more memory": "REFUTED"}


# The machine's own things --------------------------------------------------------------------------------------------


def test_the_users_own_worktrees_are_left_alone(project: pytest.Pytester, run: Runner) -> None:
    """One whose disk is away for the moment is not forgotten: git would, if it was told to prune."""
    away, elsewhere = project.path.parent / "away", project.path.parent / "elsewhere"
    subprocess.run(["git", "worktree", "add", "-q", str(away)], cwd=project.path, check=True)
    shutil.move(away, elsewhere)
    assert run(*ALONE, *HEAD).ret == 0
    shutil.move(elsewhere, away)
    told = subprocess.run(["git", "status", "--short"], cwd=away, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


def test_workers_say_what_they_did_not_gate(project: pytest.Pytester, run: Runner) -> None:
    """Without a baseline a gate is a plain test in any process, and the summary says so."""
    result = run(*ALONE, "-p", "xdist", "-n2", child=True)
    assert_clean(result)
    result.assert_outcomes(passed=2)
    assert "ophamin: 1 benchmark gate was run as plain benchmarks: --ophamin-baseline REV decides them" in text_of(
        result
    )


AS_PYTEST_COV = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--cov", dest="cov_source")
    parser.addoption("--no-cov", action="store_true", dest="no_cov")

@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    options = early_config.known_args_namespace
    with open("measured.log", "a") as file:
        file.write(f"{bool(options.cov_source and not options.no_cov)}\\n")
"""


def test_strict_settings_know_the_cache_of_a_session_without_one(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """Processes of a gate keep their cache elsewhere, also where no plugin has one."""
    ini = project.path / "pyproject.toml"
    ini.write_text(
        ini.read_text() + '\naddopts = ["-p", "no:cacheprovider", "--strict-config"]\nfilterwarnings = ["error"]\n'
    )
    commit()
    result = run(*ALONE, *HEAD, child=True)
    assert verdicts(result) == {"a hundred squares are not slower": "VALIDATED"}
    assert result.ret == 0


def test_coverage_is_not_measured_in_the_processes_of_a_gate(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--cov` among addopts asks for it in every session; in a gate it would only slow both sides down."""
    project.path.joinpath("src", "as_cov.py").write_text(AS_PYTEST_COV)
    monkeypatch.setenv("PYTHONPATH", str(project.path / "src"), prepend=os.pathsep)
    ini = project.path / "pyproject.toml"
    ini.write_text(ini.read_text() + '\naddopts = ["-p", "as_cov", "--cov=lib"]\n')
    commit()
    result = run(*ALONE, *HEAD, child=True)
    assert verdicts(result) == {"a hundred squares are not slower": "VALIDATED"}
    session, *processes = project.path.joinpath("measured.log").read_text().split()
    assert session == "True"
    assert set(processes) == {"False"}  # the candidate's: they run in the same folder
