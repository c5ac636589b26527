"""Benchmark gates at work: real processes, real revisions, few pairs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import pytest
from childrun import Runner, assert_clean, verdicts
from gateproject import ALONE, BENCH, SLOW, nothing_is_left, write

from pytest_ophamin.cli import main


def test_a_slower_revision_is_refuted_and_anyone_can_recompute_it(
    project: pytest.Pytester, run: Runner, capsys: pytest.CaptureFixture[str], commit: Callable[[], str]
) -> None:
    """The whole chain: registered, a dirty tree twice as slow, REFUTED, signed, verified, shown; nothing is left."""
    assert run(*ALONE, "--ophamin-register").ret == 0
    base = commit()
    write(project, SLOW)
    result = run(*ALONE, "--ophamin-campaign", "--ophamin-baseline", "HEAD", child=True)
    assert_clean(result)
    assert result.ret == 1
    text = "\n".join(result.outlines)
    assert f"1 benchmark in up to 6 pairs of fresh processes, against HEAD ({base[:12]})" in text
    assert verdicts(result) == {"a hundred squares are not slower": "REFUTED"}
    assert f"compared    against HEAD ({base[:12]})" in text
    assert "pairs ▁" in text or "pairs ▂" in text or "; control " in text
    assert main(["verify", str(project.path / "proofs" / "campaign")]) == 0
    capsys.readouterr()
    assert main(["show", str(project.path / "proofs" / "campaign")]) == 0
    shown = capsys.readouterr().out
    assert f"comparison       against HEAD ({base[:12]})" in shown
    assert "baseline, candidate, control on " in shown
    assert '"gitTree"' not in shown
    assert "gitTree" in shown  # a dirty tree is recorded as such
    assert nothing_is_left(project.path)


def test_the_same_code_is_validated_under_xdist(project: pytest.Pytester, run: Runner) -> None:
    """The controlling process measures when all workers are done; plain tests look as ever."""
    result = run(*ALONE, "-p", "xdist", "-n2", "-v", "--ophamin-baseline", "HEAD", child=True)
    assert_clean(result)
    result.stdout.fnmatch_lines(["*test_plain*", "*one process at a time, now that all other tests are done*"])
    assert result.ret == 0, result.outlines
    assert verdicts(result) == {"a hundred squares are not slower": "VALIDATED"}
    result.assert_outcomes(passed=2)


FATES = """
from lib import work
from pytest_ophamin import claim

@claim("is new", metric="time_ratio", at_most=1.5, pairs=4)
def test_new(benchmark):
    benchmark(work, 10)

@claim("is in both", metric="time_ratio", at_most=1.5, pairs=4)
def test_both(benchmark):
    benchmark(work, 10)

def other(n):
    return work(20 * n)

@claim("is faster than the other", metric="time_ratio", at_most=0.9, pairs=4, versus=other)
def test_versus(benchmark):
    benchmark(work, 10)

@claim("keeps its budget", metric="time_median", at_most=5.0, unit="ms", pairs=4)
@claim("keeps it nearly always", metric="time_p99", at_most=50.0, unit="ms", pairs=4)
def test_budget(benchmark):
    benchmark(work, 10)
"""


def test_every_fate_of_a_benchmark_is_told(project: pytest.Pytester, run: Runner, commit: Callable[[], str]) -> None:
    """Raising, removed, renamed, threshold changed, new: each is reported, none is passed over."""
    registered = FATES.replace("is new", "will raise").replace("test_new", "test_raises") + (
        '\n@claim("will be removed", metric="time_ratio", at_most=1.5, pairs=4)\n'
        "def test_removed(benchmark):\n    benchmark(work, 10)\n"
    )
    write(project, bench=registered)
    assert run(*ALONE, "--ophamin-register").ret == 0
    commit()
    now = FATES.replace(
        '"is in both", metric="time_ratio", at_most=1.5', '"is in both", metric="time_ratio", at_most=3.0'
    )
    now += (
        '\n@claim("will raise", metric="time_ratio", at_most=1.5, pairs=4)\n'
        "def test_raises(benchmark):\n    benchmark(lambda: 1 // 0)\n"
    )
    write(project, bench=now)
    result = run(*ALONE, "--ophamin-campaign", "--ophamin-baseline", "HEAD", child=True)
    assert_clean(result)
    assert result.ret == 1
    text = "\n".join(result.outlines)
    found = [line for line in result.outlines if line.startswith("is in both")]
    assert len(found) == 2, text  # the registered slot, and the exploratory one
    seen = verdicts(result)
    assert seen["will raise"] == "VOID"
    assert "bench/test_bench.py:" in text
    assert "ZeroDivisionError" in text
    assert seen["will be removed"] == "NOT TESTED"
    assert seen["is faster than the other"] == seen["keeps its budget"] == "VALIDATED"
    assert seen["keeps it nearly always"] == "VALIDATED"
    assert "amended" in text
    assert "new: no baseline: bench/test_bench.py::test_new" in text
    assert "is new" not in seen
    assert main(["verify", str(project.path / "proofs" / "campaign")]) == 0


def test_a_folder_of_unmarked_benchmarks_is_held_to_a_limit(project: pytest.Pytester, run: Runner) -> None:
    """--ophamin-gate makes the claim a benchmark does not make; an unchanged file runs under it."""
    write(project, bench="from lib import work\ndef test_ten(benchmark):\n    benchmark(work, 10)\n")
    subprocess.run(
        ["git", "-c", "user.name=suite", "-c", "user.email=suite@example.org", "commit", "-qam", "unmarked"],
        cwd=project.path,
        check=True,
    )
    gate = ("--ophamin-gate", "time_ratio:1.5", "--ophamin-pairs", "4")
    result = run(*ALONE, *gate, "--ophamin-baseline", "HEAD", child=True)
    assert result.ret == 0, result.outlines
    assert verdicts(result) == {"test_ten takes at most 1.5 times the baseline's time": "VALIDATED"}


def test_without_a_baseline_a_benchmark_is_the_plain_test_it_was(project: pytest.Pytester, run: Runner) -> None:
    """In a plain session it runs as ever, and the summary says what would decide it."""
    result = run(*ALONE, "-p", "no:xdist")
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*1 benchmark gate was run as plain benchmarks: --ophamin-baseline REV decides them"])


def test_a_campaign_without_a_baseline_is_not_green(project: pytest.Pytester, run: Runner) -> None:
    """What was claimed and not decided is NOT TESTED, with the option to give."""
    result = run(*ALONE, "--ophamin-campaign")
    assert_clean(result)
    assert result.ret == 1
    assert verdicts(result) == {"a hundred squares are not slower": "NOT TESTED"}
    assert "no baseline: give --ophamin-baseline REV" in "\n".join(result.outlines)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--ophamin-baseline", "nonsense"),
            "there is no such commit, tag or branch here: run `git fetch --tags origin '+refs/",
        ),
        (
            (f"--ophamin-baseline-python={sys.executable}",),
            "its processes import 'lib' from this work tree (src/lib.py)",
        ),
    ],
)
def test_a_baseline_that_cannot_be_run_is_told(
    project: pytest.Pytester, run: Runner, options: tuple[str, ...], message: str
) -> None:
    """Its benchmarks are NOT TESTED, the session fails, and the message says what to do."""
    result = run(*ALONE, *options)
    assert_clean(result)
    assert result.ret == 1
    assert message in "\n".join(result.outlines)
    assert nothing_is_left(project.path)


def test_a_shallow_clone_names_the_command_that_mends_it(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI checks out one commit only, unless told otherwise."""
    write(project, SLOW)
    commit()
    clone = project.path / "clone"
    url = f"file://{project.path}"
    subprocess.run(["git", "clone", "-q", "--depth=1", url, str(clone)], check=True, cwd=project.path)
    monkeypatch.chdir(clone)
    result = run(*ALONE, "--ophamin-baseline", "HEAD~1")
    assert result.ret == 1
    text = "\n".join(result.outlines)
    assert "this clone is shallow and does not have it: run `git fetch --unshallow --tags origin" in text
    command = text.split("run `", 1)[1].split("`", 1)[0]
    subprocess.run(command, shell=True, check=True, cwd=clone, capture_output=True)  # noqa: S602  # what it told
    assert "in up to 6 pairs of fresh processes, against HEAD~1" in "\n".join(
        run(*ALONE, "--ophamin-baseline", "HEAD~1").outlines
    )


def test_a_branch_the_remote_alone_has_is_found(
    project: pytest.Pytester, run: Runner, commit: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone of one branch knows no `main`: the command it is told brings it, and then `main` is enough."""
    subprocess.run(["git", "branch", "-M", "main"], check=True, cwd=project.path)
    subprocess.run(["git", "checkout", "-q", "-b", "topic"], check=True, cwd=project.path)
    clone = project.path / "clone"
    command = ["git", "clone", "-q", "--depth=1", "--branch=topic", f"file://{project.path}", str(clone)]
    subprocess.run(command, check=True, cwd=project.path)
    monkeypatch.chdir(clone)
    text = "\n".join(run(*ALONE, "--ophamin-baseline", "main").outlines)
    subprocess.run(text.split("run `", 1)[1].split("`", 1)[0], shell=True, check=True, cwd=clone)  # noqa: S602
    assert "against main (" in "\n".join(run(*ALONE, "--ophamin-baseline", "main").outlines)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--ophamin-gate", "speed:1.05"), "--ophamin-gate: expected METRIC:LIMIT, as time_ratio:1.05"),
        (("--ophamin-gate", "time_ratio"), "came 'time_ratio'"),
        (("--ophamin-gate", "time_ratio:1", "--ophamin-gate", "time_ratio:2"), "expected each metric once"),
        (("--ophamin-pairs", "7"), "--ophamin-pairs: expected an even number from 4 to 10000, came '7'"),
        (("--ophamin-budget", "0"), "--ophamin-budget: expected a number between 0 and 60000, came '0'"),
        (("--ophamin-baseline-python", "gone"), "expected an interpreter, as .venv-old/bin/python, came 'gone'"),
        (
            ("--ophamin-baseline", "a", "--ophamin-baseline-python", sys.executable),
            "--ophamin-baseline and --ophamin-baseline-python contradict each other",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(
    project: pytest.Pytester, run: Runner, options: tuple[str, ...], message: str
) -> None:
    """All of them before any test runs, with what was expected and what came."""
    result = run(*ALONE, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in "\n".join(result.errlines)


MISTAKES = """
import pytest
from pytest_ophamin import claim

@claim("a", metric="time_ratio", at_most=1.05)
def test_unused():
    pass

@claim("b", metric="time_ratio", at_most=1.05, trials=10, pairs=7, unit="ms", sequential=True, versus=3)
def test_arguments(benchmark):
    pass

@claim("c", metric="time_median", at_most=1.0, unit="minutes", versus=print)
def test_budget(benchmark):
    pass

@claim("d", metric="proportion", at_least=0.5, trials=10, pairs=4)
def test_share(trial):
    return True

@claim("e", metric="time_ratio", at_most=1.05)
@claim("f", metric="proportion", at_least=0.5, trials=10, of="x")
def test_stacked(benchmark):
    pass

@claim("g", metric="memory_ratio", at_most=1.05, pairs=4)
def test_few(benchmark):
    pass
"""


def test_mistakes_of_gates_are_told_together(project: pytest.Pytester, run: Runner) -> None:
    """Each with its argument, what was expected, what came and what to write."""
    write(project, bench=MISTAKES)
    result = run(*ALONE)
    assert_clean(result)
    text = "\n".join(result.outlines)
    for told in (
        "test_unused: metric: expected a test that uses the fixture 'benchmark'",
        "test_arguments: trials: expected no trials= for a benchmark gate",
        "test_arguments: pairs: expected an even number: a block is two pairs, came 7. Write: pairs=8",
        "test_arguments: unit: ",
        "test_arguments: sequential: ",
        "test_arguments: versus: expected a callable",
        "test_budget: unit: expected the unit of the threshold, one of s, ms, us, ns, came 'minutes'",
        "test_budget: versus: ",
        "test_share: pairs: ",
        "test_stacked: metric: expected benchmark gates alone on a benchmark",
        "test_few: pairs: expected at least 6 (with fewer no data could VALIDATE the claim at alpha 0.05), came 4",
    ):
        assert told in text, told


def test_one_pair_of_a_gate_cannot_be_run_again(project: pytest.Pytester, run: Runner) -> None:
    """Its trials are processes: the benchmark itself can be run."""
    result = run(*ALONE, "--ophamin-trial", "3", "--ophamin-baseline", "HEAD")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is a benchmark gate, whose trials are pairs of processes" in "\n".join(result.errlines)


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or shutil.which("pgrep") is None, reason="needs signals and pgrep")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_gate_leaves_nothing_behind(project: pytest.Pytester, number: signal.Signals) -> None:
    """Ctrl-C, or a cancelled job, ends the process being measured and takes the worktree away: NOT TESTED."""
    write(project, bench=BENCH.replace("work, 100", "work, 3_000_000"))
    command = [sys.executable, "-m", "pytest", *ALONE, "--ophamin-baseline", "HEAD"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    session = subprocess.Popen(
        command, cwd=project.path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 60
    program = f"{tempfile.gettempdir()}/ophamin-gate-"
    while time.monotonic() < deadline and not _running(program):
        time.sleep(0.05)
    session.send_signal(number)
    output, _ = session.communicate(timeout=60)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "NOT TESTED" in output
    assert not _running(program)
    assert nothing_is_left(project.path)


def _running(pattern: str) -> bool:
    return subprocess.run(["pgrep", "-f", pattern], capture_output=True, check=False).returncode == 0
