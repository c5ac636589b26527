"""Diagnoses a claim asks for: in the table, in the record, and told at collection when they cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from childrun import Runner, assert_clean, verdicts

from pytest_ophamin.cli import main

SUITE = """
    from pytest_ophamin import claim

    @claim("in control", metric="mean", at_least=-1.0, trials=200, checks={"O.spc": {"subgroup": 5}, "O.drift": {}})
    def test_quiet(trial):
        return trial.rng.normal()

    @claim("drifts a little", metric="p90", at_most=9.0, trials=100, checks={"O.drift": {"method": "cusum"}})
    def test_drift(trial):
        return trial.rng.normal() + trial.index / 25

    @claim("sites", metric="mean", of="x", strata="site", at_least=-1.0, trials=200,
           checks={"O.srm": {"ratio": (1, 1)}})
    def test_sites(trial):
        return {"x": trial.rng.normal(), "site": int(trial.index % 4 == 0)}
"""


def test_findings_are_shown_and_recorded(
    pytester: pytest.Pytester,
    run: Runner,
    mode: tuple[str, ...],
    commit: Callable[[], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A drift warns, a sample ratio mismatch voids; the bundle of the campaign is computed again and holds."""
    pytester.makepyfile(test_it=SUITE)
    commit()
    result = run(*mode, "--ophamin-campaign")
    assert_clean(result)
    assert verdicts(result) == {"in control": "VALIDATED", "drifts a little": "VALIDATED", "sites": "VOID"}
    result.stdout.fnmatch_lines_random(
        ["*warn: drift (CUSUM of all residuals: *", "*VOID: the sample cannot be believed*"]
    )
    (bundle,) = [path for path in Path(pytester.path, "proofs").iterdir() if path.is_dir()]
    capsys.readouterr()
    assert main(["verify", str(bundle)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        ('("O.drfit",)', "*checks: expected a diagnosing pillar*'O.drfit'*"),
        ('{"O.spc": {"subgroup": 50}}', "*checks*'O.spc'*'subgroup'*: expected at least 8 subgroups among 100 trials*"),
        ('("diagnostics.inertia",)', "*expected a metric whose trial returns a pair*"),
    ],
)
def test_what_cannot_be_done_is_told_at_collection(
    pytester: pytest.Pytester, run: Runner, checks: str, message: str
) -> None:
    """With the option and something to write instead; nothing runs."""
    pytester.makepyfile(
        test_it=f"""
    from pytest_ophamin import claim

    @claim("a claim", metric="mean", at_least=0.0, trials=100, checks={checks})
    def test_it(trial):
        return 1.0
"""
    )
    result = run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([message])
