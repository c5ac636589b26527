"""Claims that stop early: the same trial for any number of workers, and nothing behind it counts."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from childrun import Runner, assert_clean, verdicts

from pytest_ophamin.trials.slices import slice_ranges

SUITE = """
    import pytest
    from pytest_ophamin import claim

    @claim("good", metric="proportion", at_least=0.9, margin=0.05, trials=600, sequential=True)
    def test_good(trial):
        return trial.rng.random() < 0.96

    @claim("bad", metric="proportion", at_most=0.1, margin=0.05, trials=600, sequential=True)
    def test_bad(trial, tmp_path):
        return trial.rng.random() < 0.3

    @claim("mean", metric="mean", at_least=0.4, trials=900, bounds=(0, 1), sequential=True, of="a")
    @claim("median", metric="median", at_most=0.7, trials=900, sequential=True, of="b")
    def test_stacked(trial):
        return {"a": trial.rng.random(), "b": trial.rng.random()}

    @claim("beside a fixed number", metric="proportion", at_least=0.5, trials=700, sequential=True, of="a")
    @claim("fixed", metric="mean", at_least=0.4, trials=300, of="b")
    def test_mixed(trial):
        return {"a": trial.rng.random() < 0.7, "b": trial.rng.random()}

    @claim("looks", metric="p90", at_most=2.0, margin=0.05, trials=300, looks=(100, 200, 300))
    def test_looks(trial):
        return trial.rng.normal()

    @claim("pairs", metric="difference", at_least=0, trials=800, sequential=True)
    def test_pairs(trial):
        return trial.rng.random() < 0.7, trial.rng.random() < 0.4
"""


def statements(pytester: pytest.Pytester, name: str) -> dict[str, Any]:
    """Return the proofs of a campaign by the test's name and statement."""
    lines = (pytester.path / "proofs" / name / "campaign.intoto.jsonl").read_text().splitlines()[1:]
    found = [json.loads(base64.b64decode(json.loads(line)["payload"]))["predicate"] for line in lines]
    return {proof["proof"]["claim"]["document"]["statement"]: proof for proof in found}


def sizes(pytester: pytest.Pytester, name: str) -> dict[str, int]:
    """Return how many observations each proof of a campaign holds."""
    return {statement: proof["data"]["n"] for statement, proof in statements(pytester, name).items()}


def test_proofs_are_the_same_for_any_number_of_workers_and_any_order(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """Alone, -n0, -n2, -n4 and a reversed order: the same stops, the same ids; alpha is allocated from the lock."""
    pytester.makepyfile(test_it=SUITE)
    (pytester.path / "backwards.py").write_text("def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    pytester.syspathinsert()
    assert run("--ophamin-register").ret == 0
    commit()
    ways: dict[str, tuple[str, ...]] = {
        "alone": ("-p", "no:xdist"),
        "n0": ("-n0",),
        "n2": ("-n2",),
        "n4": ("-n4", "--dist", "worksteal"),
        "reversed": ("-p", "no:xdist", "-p", "backwards"),
    }
    ids = {}
    for name, arguments in ways.items():
        result = run("--ophamin-campaign", "--ophamin-name", name, *arguments)
        assert_clean(result)
        ids[name] = {key: proof["derived"]["id"] for key, proof in statements(pytester, name).items()}
    assert len(ids["alone"]) == 8
    differing = {name: sorted(key for key in found if found[key] != ids["alone"][key]) for name, found in ids.items()}
    assert not any(differing.values()), differing
    proofs = statements(pytester, "n2")
    assert {proof["proof"]["plan"]["allocated"] for proof in proofs.values()} == {8, None}
    found = sizes(pytester, "n2")
    assert found["fixed"] == 300
    assert all(n < proofs[key]["proof"]["plan"]["trials"] for key, n in found.items() if key != "fixed"), found
    # Registered alone the claim would have stopped earlier: a/m is what it needs after correction.
    stopped = proofs["good"]["derived"]["assessment"]
    assert stopped["p_validate"] <= 0.05 / 8
    result = run("-p", "no:xdist", "test_it.py::test_good")
    alone = next(line for line in result.outlines if "stopped after" in line)
    assert int(alone.split()[2]) < found["good"]


def test_eight_workers_waste_at_most_a_slice_each(pytester: pytest.Pytester, run: Runner) -> None:
    """The claim stops where one process stops it; trials behind that were run by slices at work at that moment."""
    pytester.makepyfile(
        test_it="""
    import os, time
    from pathlib import Path
    from pytest_ophamin import claim

    @claim("good", metric="proportion", at_least=0.9, margin=0.05, trials=600, sequential=True)
    def test_good(trial):
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        with open(Path(__file__).with_name("ran.log"), "a") as file:
            file.write(f"{trial.index} {worker}\\n")
        time.sleep(0.002 if worker != "alone" else 0)
        return trial.rng.random() < 0.96
"""
    )
    alone = run("-p", "no:xdist")
    (pytester.path / "ran.log").unlink()
    result = run("-n8")
    for each in (alone, result):
        assert_clean(each)
        assert verdicts(each) == {"good": "VALIDATED"}
        assert each.ret == 0
    line = next(line for line in alone.outlines if "stopped after" in line)
    assert line in result.outlines
    stop = int(line.split()[2])
    assert stop < 200
    ran = {int(index): worker for index, worker in map(str.split, (pytester.path / "ran.log").read_text().splitlines())}
    assert set(range(stop)) <= set(ran)
    slices = slice_ranges(600, 8, "load", stops_early=True)
    wasted = Counter(ran[part.start] for part in slices if part.start >= stop and part.start in ran)
    assert wasted.total() <= 8, wasted


def test_what_happens_behind_the_stop_changes_nothing(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """Exceptions, a failing fixture, a worker that dies: all in trials nobody needs, all before the decision."""
    pytester.makepyfile(
        test_it="""
    import os, signal, time
    from pathlib import Path
    import pytest
    from pytest_ophamin import claim

    behind = 120

    @pytest.fixture
    def spoils(trial):
        yield
        if trial.index >= behind:
            raise RuntimeError

    @pytest.fixture
    def refuses(trial):
        if trial.index >= behind:
            raise RuntimeError

    def slow(trial):  # the slices the decision rests on come in last
        time.sleep(0.01 if 60 < trial.index < behind else 0)

    def decide(name):
        return claim(name, metric="proportion", at_least=0.9, margin=0.05, trials=600, sequential=True)

    @decide("raises")
    def test_raises(trial):
        slow(trial)
        if trial.index >= behind:
            raise ValueError
        return trial.rng.random() < 0.97

    @decide("torn down")
    def test_teardown(trial, spoils):
        slow(trial)
        return trial.rng.random() < 0.97

    @decide("set up")
    def test_setup(trial, refuses):
        slow(trial)
        return trial.rng.random() < 0.97

    @decide("dies")
    def test_dies(trial):
        slow(trial)
        killed = Path(__file__).with_name("killed.log")
        if trial.index >= behind and "PYTEST_XDIST_WORKER" in os.environ and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return trial.rng.random() < 0.97
"""
    )
    assert run("--ophamin-register").ret == 0
    commit()
    alone = run("--ophamin-campaign", "--ophamin-name", "alone", "-p", "no:xdist")
    assert_clean(alone)
    assert alone.ret == 0
    result = run("--ophamin-campaign", "--ophamin-name", "n3", "-n3")
    assert_clean(result)
    assert "node down" in result.stdout.str()
    assert result.ret == 0, result.stdout.str()
    result.assert_outcomes(passed=4)
    before, after = statements(pytester, "alone"), statements(pytester, "n3")
    assert {proof["proof"]["verdict"] for proof in after.values()} == {"VALIDATED"}
    assert all(proof["data"]["n"] < 120 for proof in after.values())
    assert {key: proof["derived"]["id"] for key, proof in before.items()} == {
        key: proof["derived"]["id"] for key, proof in after.items()
    }


def test_a_worker_that_dies_with_needed_trials_leaves_the_claim_not_tested(
    pytester: pytest.Pytester, run: Runner
) -> None:
    """What died with it might have decided otherwise."""
    pytester.makepyfile(
        test_it="""
    import os, signal
    from pytest_ophamin import claim

    @claim("dies", metric="proportion", at_least=0.9, margin=0.05, trials=600, sequential=True)
    def test_dies(trial):
        if trial.index == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        return True
"""
    )
    result = run("-n2", child=True)
    assert_clean(result)
    assert result.ret == 1
    assert "verdict     NOT TESTED" in result.stdout.str()
    assert "crashed while it ran the claim" in result.stdout.str()


def test_a_plugin_that_fails_the_call_is_heard(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """A failure outside the trials of a slice the decision rests on makes the claim VOID, as for any claim."""
    pytester.makepyfile(test_it=SUITE)
    pytester.makeconftest(
        """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(item):
        yield
        assert "pairs" not in item.name and "[1" not in item.name, "a plugin says no"
"""
    )
    result = run(*mode, "test_it.py::test_pairs", "test_it.py::test_good")
    assert_clean(result)
    assert verdicts(result) == {"pairs": "VOID", "good": "VALIDATED"}
    assert "failed outside its trials" in result.stdout.str()


def test_async_trials_stop_early_too(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """Awaited one by one or in one run, in this process or in slices."""
    pytest.importorskip("pytest_asyncio")
    pytester.makepyfile(
        test_it="""
    import pytest
    from pytest_ophamin import claim

    @pytest.mark.asyncio
    @claim("at once", metric="proportion", at_least=0.9, margin=0.05, trials=600, sequential=True)
    async def test_at_once(trial):
        return True

    @pytest.mark.asyncio
    @claim("one by one", metric="proportion", at_least=0.9, margin=0.05, trials=600, sequential=True)
    async def test_one_by_one(trial, tmp_path):
        return True
"""
    )
    result = run(*mode)
    assert_clean(result)
    assert verdicts(result) == {"at once": "VALIDATED", "one by one": "VALIDATED"}
    assert len([line for line in result.outlines if "stopped after" in line]) == 2
    assert result.ret == 0


def test_what_the_table_and_a_failure_say(pytester: pytest.Pytester, run: Runner) -> None:
    """After how many trials the claim stopped, and the confidence sequence there."""
    pytester.makepyfile(test_it=SUITE)
    result = run("test_it.py::test_good", "test_it.py::test_bad")
    assert_clean(result)
    result.stdout.re_match_lines(
        [
            r"stopping    stopped after \d+ of 600 trials; confidence sequence \[0\.\d+, 0\.\d+\]",
            r"    stopped after \d+ of 600 trials; confidence sequence \[0\.\d+, 0\.\d+\]",
        ]
    )
    assert "at most 600 trials" in result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("metric='proportion', at_least=0.9, margin=0.05, trials=20001, sequential=True", "at most 20000 trials"),
        ("metric='proportion', within=(0.4, 0.6), trials=200, looks=(100, 200)", "at_least= or at_most= with looks="),
        ("metric='proportion', at_least=0.9, margin=0.05, trials=18, sequential=True", "at least 19"),
        (
            "metric='mean', at_least=0.5, trials=100, looks=(50, 100)",
            "expected a metric that is decided with looks=: median, pNN, proportion, came 'mean'",
        ),
        ("metric='mean', at_least=0.5, trials=29, sequential=True", "at least 30"),
    ],
)
def test_what_cannot_stop_early_is_told_at_collection(
    pytester: pytest.Pytester, run: Runner, arguments: str, message: str
) -> None:
    """With what to write instead."""
    pytester.makepyfile(
        test_it=f"from pytest_ophamin import claim\n\n@claim('c', {arguments})\ndef test_it(trial):\n    return True\n"
    )
    result = run()
    assert_clean(result)
    assert result.ret != 0
    assert message in " ".join(result.stdout.str().split())


def test_the_plan_tells_what_stopping_early_saves(pytester: pytest.Pytester, run: Runner) -> None:
    """Exact power and expected trials, alone and after correction."""
    pytester.makepyfile(
        test_it=SUITE.replace("margin=0.05, trials=600,", "margin=0.05, expecting=0.96, trials=600,", 1)
    )
    result = run("--ophamin-plan", "test_it.py::test_good")
    assert_clean(result)
    result.stdout.fnmatch_lines(["*stops after 77 trials on average, after 101 at most in 90 % of runs*"])
    assert ">0.99" in result.stdout.str()
