"""Records of benchmark gates: they hold, show what was compared, and another comparison is caught (step 9)."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import Forger, Suite, claim, new_signer, verify, write
from gated import gate_claim

from pytest_ophamin.claims.gates import kept_columns
from pytest_ophamin.claims.model import Claim, ClaimId
from pytest_ophamin.cli import main
from pytest_ophamin.deciding.outcome import Outcome, Verdict
from pytest_ophamin.records.build import Statements
from pytest_ophamin.records.verify.report import StepState
from pytest_ophamin.reporting.describe import describe_outcome
from pytest_ophamin.reporting.gates import sparkline
from pytest_ophamin.trials.comparison import Comparison
from pytest_ophamin.trials.sample import Column, Sample

SIGNER = new_signer()
COMMIT = "ab" * 20
RNG = np.random.default_rng(5)


def named(name: str, metric: str, **fields: Any) -> Claim:
    """Return a gate with an id of its own."""
    made = gate_claim(metric, pairs=6, test=f"bench/test_b.py::{name}", **fields)
    return dataclasses.replace(made, id=ClaimId(f"bench/test_b.py::{name}"))


RATIO = named("ratio", "time_ratio")
VERSUS = named("versus", "time_ratio", versus="lib:old")
BUDGET = named("budget", "time_median", unit="ms", at_most=5.0)
MEMORY = named("memory", "memory_ratio")
PLAIN = claim("test_plain", trials=50)
SECOND = {"versus": ("versus",), "revision": ("baseline",)}


def pairs_of_gate(each: Claim, ratio: float = 1.0) -> Sample:
    """Return six pairs of a gate whose candidate takes ``ratio`` times as long as anything else."""
    first, *others = ("first", "second") if each.is_paired else ("value",)
    noise = iter(np.exp(RNG.normal(0.0, 0.01, (10, 6))))
    columns = {name: next(noise) for name in (*others, *kept_columns(each.kind))}
    columns[first] = ratio * next(noise)
    columns["control"] = columns[first] * next(noise)
    return Sample(n=6, columns={name: Column(kind="f64le", values=column) for name, column in columns.items()})


def comparison_for(each: Claim) -> Comparison:
    """Return what a session would have compared the gate with."""
    against = "versus" if each.versus else ("revision" if each.is_paired else "budget")
    return Comparison(
        against=against,
        name=each.versus or ("main" if against == "revision" else ""),
        commit=COMMIT if against == "revision" else None,
        budget=0.05,
        low="minimum",
        gc="on",
        sides=tuple(
            sorted({"candidate", "control", *({"versus": ["versus"], "revision": ["baseline"]}.get(against, []))})
        ),
        cpus=2,
        same_source=True,
    )


def compared(outcome: Outcome) -> Outcome:
    """Return the outcome with its comparison, where it is a gate's."""
    gate = outcome.claim.is_gate and outcome.verdict is not Verdict.NOT_TESTED
    return dataclasses.replace(outcome, comparison=comparison_for(outcome.claim)) if gate else outcome


def suite() -> Suite:
    """Return a campaign of every kind of gate, and one ordinary claim that was never run."""
    gates = (RATIO, VERSUS, BUDGET, MEMORY)
    evidence: list[Any] = [(each, pairs_of_gate(each, 1.3 if each is RATIO else 1.0)) for each in gates]
    return Suite(evidence=[*evidence, (PLAIN, None)], registered=(*gates, PLAIN), outcome_changes=compared)


def statements() -> Statements:
    """Return its statements."""
    return suite().statements()


def test_records_of_gates_hold(tmp_path: Path) -> None:
    """Pairs, control and comparison are kept; every number is computed again."""
    report = verify(write(tmp_path, statements(), SIGNER).path, SIGNER)
    assert [step.number for step in report.steps if step.state is not StepState.HOLDS] == []


def test_show_draws_the_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was compared, under which conditions, and every pair."""
    path = write(tmp_path, statements(), SIGNER).path
    assert main(["show", str(path), "--claim", RATIO.id, "--claim", BUDGET.id]) == 0
    shown = capsys.readouterr().out
    assert f"comparison       against main ({COMMIT[:12]})" in shown
    assert "rounds for 50 ms, low: minimum, gc on; baseline, candidate, control on 2 processors" in shown
    assert "pairs " in shown
    assert "comparison       a budget; each process ran its rounds for 50 ms" in shown
    assert "processes " in shown


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (np.zeros(6), "pairs cannot be drawn: not all of them are positive numbers"),
        (np.full(6, -1.0), "pairs cannot be drawn: not all of them are positive numbers"),
        (np.full(6, 1e-320), "pairs cannot be drawn: not all of them are positive numbers"),
        (np.ones(5), "pairs cannot be read: 6 observations take 48 bytes as f64le, there are 40"),
        ("?", "pairs cannot be read: the column second is no base64"),
    ],
)
def test_show_draws_no_nonsense(column: Any, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It verifies nothing, so what it shows may have been made by anybody: a sentence, never a traceback."""
    forger = Forger.of(statements())
    text = column if isinstance(column, str) else base64.b64encode(column.astype("<f8").tobytes()).decode()
    forger.proof("ratio")["data"]["columns"]["second"]["base64"] = text
    path = forger.fix_data().fix_ids().write(tmp_path / "demo", SIGNER)
    assert main(["show", str(path), "--claim", RATIO.id]) == 0
    assert told in capsys.readouterr().out


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("test", "edit", "message"),
    [
        ("ratio", lambda plan: plan.update(comparison=None), "nothing says what was compared"),
        ("ratio", lambda plan: plan["comparison"].update(against="budget"), "is compared with its budget"),
        ("ratio", lambda plan: plan["comparison"].update(commit=None), "is compared by its commit"),
        ("ratio", lambda plan: plan["comparison"].update(sides=["baseline", "candidate"]), "needs processes of"),
        (
            "ratio",
            lambda plan: plan["comparison"].update(sides=["control", "candidate", "baseline"]),
            "needs processes",
        ),
        ("versus", lambda plan: plan["comparison"].update(name="lib:other"), "it was compared with 'lib:other'"),
        ("versus", lambda plan: plan["comparison"].update(against="environment"), "compared with its environment"),
        ("budget", lambda plan: plan["comparison"].update(against="revision", commit=COMMIT), "with its revision"),
    ],
)
def test_another_comparison_is_caught(test: str, edit: Edit, message: str, tmp_path: Path) -> None:
    """Ids and signature fixed up by someone with a trusted key: step 9 sees it."""
    forger = Forger.of(statements())
    edit(forger.proof(test)["proof"]["plan"])
    report = verify(forger.fix_data().fix_ids().write(tmp_path / "demo", SIGNER), SIGNER)
    failed = next(step for step in report.steps if step.state is StepState.FAILED)
    assert failed.number == 9
    assert message in " ".join(failed.notes)


def test_a_comparison_belongs_to_a_gate(tmp_path: Path) -> None:
    """An ordinary claim compares nothing."""
    forger = Forger.of(statements())
    forger.proof("test_plain")["proof"]["plan"]["comparison"] = forger.proof("ratio")["proof"]["plan"]["comparison"]
    report = verify(forger.fix_data().fix_ids().write(tmp_path / "demo", SIGNER), SIGNER)
    failed = next(step for step in report.steps if step.state is StepState.FAILED)
    assert "a comparison belongs to a benchmark gate, not to the metric 'proportion'" in " ".join(failed.notes)


def test_an_edited_control_changes_the_verdict(tmp_path: Path) -> None:
    """A control that differs makes the machine too noisy: a kept verdict is caught (step 11)."""
    forger = Forger.of(statements())
    column = forger.proof("ratio")["data"]["columns"]
    column["control"] = column["second"]  # 30 % away from its candidate
    report = verify(forger.fix_data().fix_ids().write(tmp_path / "demo", SIGNER), SIGNER)
    assert next(step.number for step in report.steps if step.state is StepState.FAILED) == 11


def test_failures_speak_of_pairs() -> None:
    """The trials of a gate are pairs, in every sentence; a changed benchmark is said."""
    outcome = next(each for each in suite().outcomes() if each.claim is RATIO)
    told = dataclasses.replace(comparison_for(RATIO), same_source=False)
    text = "\n".join(describe_outcome(dataclasses.replace(outcome, comparison=told)))
    assert "6 pairs" in text
    assert "trials" not in text
    assert "the benchmark's own code differs" in " ".join(text.split())


@pytest.mark.parametrize(
    ("values", "picture"),
    [
        ([1.0, 2.0, 3.0], "▁▅█"),
        ([1.0, 1.0], "▄▄"),
        ([2.0], "▄"),
        ([0.0, 7.0, 3.5, 1.0], "▁█▅▂"),
    ],
)
def test_a_sparkline_has_a_bar_per_value(values: list[float], picture: str) -> None:
    """The least value is the lowest bar; equal values are bars of middle height."""
    assert sparkline(values) == picture


def test_a_long_sparkline_fits_a_terminal() -> None:
    """Neighbours are averaged: 60 bars at most, and the shape stays."""
    picture = sparkline([float(n) for n in range(1000)])
    assert len(picture) == 60
    assert picture == "".join(sorted(picture))
