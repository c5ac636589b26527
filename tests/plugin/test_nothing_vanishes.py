"""Law 3: a planned claim that was not decided is NOT TESTED, and the exit status is never 0 (all modes, all ends)."""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from childrun import Runner, assert_clean, verdicts

SUITE = """
    import os, signal, sys, pytest
    from pytest_ophamin import claim

    @claim("first", metric="proportion", at_least=0.5, trials=600)
    def test_first(trial):
        return trial.rng.random() < 0.95

    @claim("second", metric="proportion", at_least=0.5, trials=600)
    def test_second(trial):
        {second}
        return trial.rng.random() < 0.95
"""


def register(pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], second: str = "pass") -> None:
    """Write the suite, register its claims, commit."""
    pytester.makepyfile(test_it=SUITE.format(second=second))
    assert run("--ophamin-register").ret == 0
    commit()


def campaign(pytester: pytest.Pytester, name: str = "campaign") -> dict[str, Any]:
    """Return the CampaignRecord's predicate."""
    line = (pytester.path / "proofs" / name / "campaign.intoto.jsonl").read_text().splitlines()[0]
    predicate: dict[str, Any] = json.loads(base64.b64decode(json.loads(line)["payload"]))["predicate"]
    return predicate


def members(pytester: pytest.Pytester) -> dict[str, str]:
    """Return ``{test: corrected verdict}`` of the last campaign."""
    proof = campaign(pytester)["proof"]
    return {m["claim"].split("::")[-1]: m["corrected"] for family in proof["families"] for m in family["members"]}


def test_a_green_campaign_exits_0(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """All claims VALIDATED after correction, evidence written, verify line printed."""
    register(pytester, run, commit)
    result = run("--ophamin-campaign", *mode)
    assert_clean(result)
    assert result.ret == 0
    assert members(pytester) == {"test_first": "VALIDATED", "test_second": "VALIDATED"}
    assert campaign(pytester)["proof"]["green"] is True
    result.stdout.fnmatch_lines(["*ophamin verify proofs/campaign/campaign.intoto.jsonl*"])


@pytest.mark.parametrize(
    "selection",
    [("-k", "first"), ("test_it.py::test_first",), ("--deselect", "test_it.py::test_second")],
    ids=["k", "nodeid", "deselect"],
)
def test_a_deselected_registered_claim_is_not_tested(
    pytester: pytest.Pytester,
    run: Runner,
    commit: Callable[[], str],
    mode: tuple[str, ...],
    selection: tuple[str, ...],
) -> None:
    """Leaving a claim out cannot make a campaign green."""
    register(pytester, run, commit)
    result = run("--ophamin-campaign", "--junitxml=junit.xml", *mode, *selection)
    assert_clean(result)
    assert result.ret == 1
    assert members(pytester) == {"test_first": "VALIDATED", "test_second": "NOT TESTED"}
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"]) == (1, 1), outcomes
    (suite,) = ET.parse("junit.xml").getroot()  # written by the session above
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["test_second"]
    proof = campaign(pytester)["proof"]
    assert [family["m"] for family in proof["families"]] == [2]
    assert proof["green"] is False
    assert run(*mode, *selection).ret == 0  # in a plain session it behaves as in pytest


@pytest.mark.parametrize("dist", ["load", "worksteal", "loadscope", "loadfile", "loadgroup"])
def test_a_killed_worker_leaves_its_claim_not_tested(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], dist: str
) -> None:
    """SIGKILL in the middle of a claim: the claim is NOT TESTED, the others are decided, the exit status is not 0."""
    kill = 'trial.index == 300 and "PYTEST_XDIST_WORKER" in os.environ and os.kill(os.getpid(), signal.SIGKILL)'
    register(pytester, run, commit, second=kill)
    result = run("--ophamin-campaign", "-n2", "--dist", dist, "--max-worker-restart=2", child=True)
    assert_clean(result)
    assert result.ret == 1
    assert members(pytester)["test_second"] == "NOT TESTED"
    assert members(pytester)["test_first"] in ("VALIDATED", "NOT TESTED")
    assert "crashed" in result.stdout.str()


def test_a_killed_worker_fails_a_plain_session(pytester: pytest.Pytester, run: Runner) -> None:
    """Without a campaign too: a started claim that was not decided fails."""
    kill = "trial.index == 300 and os.kill(os.getpid(), signal.SIGKILL)"
    pytester.makepyfile(test_it=SUITE.format(second=kill))
    result = run("-n2", "--max-worker-restart=0", child=True)
    assert_clean(result)
    assert result.ret == 1
    assert "NOT TESTED" in result.stdout.str()


@pytest.mark.parametrize("option", [("-x",), ("--maxfail=1",)], ids=["x", "maxfail"])
def test_stopping_early_leaves_the_rest_not_tested(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...], option: tuple[str, ...]
) -> None:
    """-x after a VOID claim: whatever did not run is NOT TESTED."""
    pytester.makepyfile(
        test_it="""
    import pytest
    from pytest_ophamin import claim

    @claim("void", metric="proportion", at_least=0.5, trials=20)
    def test_a_void(trial):
        raise RuntimeError

    @pytest.mark.parametrize("number", range(12))
    @claim("later", metric="proportion", at_least=0.5, trials=20)
    def test_later(trial, number):
        import time
        time.sleep(0.01)
        return True
"""
    )
    assert run("--ophamin-register").ret == 0
    commit()
    result = run("--ophamin-campaign", *mode, *option)
    assert_clean(result)
    assert result.ret in (1, 2)
    found = members(pytester)
    assert found["test_a_void"] == "VOID"
    assert len(found) == 13
    assert "NOT TESTED" in found.values()


def test_an_early_end_of_the_process_is_seen(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """pytest.exit inside a trial stops the session; the claims are NOT TESTED and the campaign is written."""
    register(pytester, run, commit, second="trial.index == 100 and pytest.exit('enough')")
    result = run("--ophamin-campaign", *mode, child=True)
    assert_clean(result)
    assert result.ret != 0
    assert members(pytester)["test_second"] == "NOT TESTED"
    assert campaign(pytester)["proof"]["green"] is False


def test_ctrl_c_writes_what_there_is(pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]) -> None:
    """KeyboardInterrupt during a claim: exit status 2, partial evidence is NOT TESTED, the campaign is signed."""
    register(pytester, run, commit, second="if trial.index == 100: raise KeyboardInterrupt")
    result = run("--ophamin-campaign", "-p", "no:xdist", child=True)
    assert_clean(result)
    assert result.ret == 2
    assert members(pytester) == {"test_first": "VALIDATED", "test_second": "NOT TESTED"}


def test_a_module_that_leaves_at_import(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """sys.exit(1) while another module is imported: pytest's own exit status 3, nothing green."""
    register(pytester, run, commit)
    pytester.makepyfile(test_another="import sys\nsys.exit(1)\n")
    result = run("--ophamin-campaign", *mode, child=True)
    assert result.ret != 0
    if pytest.version_tuple < (8, 3) and "-n2" in mode:
        result.stdout.fnmatch_lines(["*ERROR test_another.py - SystemExit: 1"])
        return  # until then an error of collection like any other, and xdist runs what was collected
    bundle = pytester.path / "proofs" / "campaign" / "campaign.intoto.jsonl"
    if bundle.exists():
        assert campaign(pytester)["proof"]["green"] is False
        assert set(members(pytester).values()) == {"NOT TESTED"}


def test_a_skipped_claim_fails_a_campaign_only(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """A skip mark is NOT TESTED: green in a plain session, as in pytest; failed in a campaign."""
    pytester.makepyfile(
        test_it="""
    import pytest
    from pytest_ophamin import claim

    @pytest.mark.skip("later")
    @claim("c", metric="proportion", at_least=0.5, trials=600)
    def test_skip(trial):
        return True

    @pytest.mark.skipif(True, reason="later")
    @claim("d", metric="proportion", at_least=0.5, trials=600)
    def test_skipif(trial):
        return True
"""
    )
    assert run("--ophamin-register").ret == 0
    commit()
    result = run("--ophamin-campaign", *mode)
    assert_clean(result)
    assert result.ret == 1
    assert members(pytester) == {"test_skip": "NOT TESTED", "test_skipif": "NOT TESTED"}
    plain = run(*mode)
    assert plain.ret == 0
    plain.assert_outcomes(skipped=2)


@pytest.mark.parametrize(
    ("fixture", "plain_status", "verdict"),
    [
        ("pytest.skip('no machine')\n        yield", 0, "NOT TESTED"),
        ("raise RuntimeError\n        yield", 1, "VOID"),
        ("yield\n        raise RuntimeError", 1, "VOID"),
    ],
    ids=["skip", "setup", "teardown"],
)
def test_fixtures_that_fail(
    pytester: pytest.Pytester,
    run: Runner,
    commit: Callable[[], str],
    mode: tuple[str, ...],
    fixture: str,
    plain_status: int,
    verdict: str,
) -> None:
    """A skip before trial 0 is NOT TESTED; a fixture that fails, before or after the trials, voids the sample."""
    pytester.makepyfile(
        test_it=f"""
    import pytest
    from pytest_ophamin import claim

    @pytest.fixture(scope="module")
    def machine():
        {fixture}

    @claim("c", metric="proportion", at_least=0.5, trials=600)
    def test_it(trial, machine):
        return True
"""
    )
    assert run("--ophamin-register").ret == 0
    commit()
    result = run("--ophamin-campaign", *mode)
    assert_clean(result)
    assert result.ret == 1
    assert members(pytester) == {"test_it": verdict}
    assert run(*mode).ret == plain_status


def test_a_skip_in_a_later_trial_is_void(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """A function-scoped fixture that skips from trial 5 on does not thin out the sample silently."""
    pytester.makepyfile(
        test_it="""
    import pytest
    from pytest_ophamin import claim

    @pytest.fixture
    def sometimes(trial):
        if trial.index >= 5:
            pytest.skip("not today")

    @claim("c", metric="proportion", at_least=0.5, trials=20)
    def test_it(trial, sometimes):
        return True
"""
    )
    result = run(*mode)
    assert_clean(result)
    assert result.ret == 1
    assert verdicts(result) == {"c": "VOID"}


def test_refuted_evidence_fails_under_workers(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """p = 1e-9 against a claim: the exit status is 1 in every mode (a plugin that corrects per worker exits 0)."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("hopeless", metric="proportion", at_least=0.9, trials=600)
    def test_it(trial):
        return trial.rng.random() < 0.5
"""
    )
    assert run("--ophamin-register").ret == 0
    commit()
    for arguments in ((), ("--ophamin-campaign",)):
        result = run(*arguments, *mode)
        assert_clean(result)
        assert result.ret == 1
        assert verdicts(result) == {"hopeless": "REFUTED"}


def test_no_claims_at_all(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """A campaign without a claim exits 5 and writes nothing; so does one over an empty module."""
    pytester.makepyfile(test_plain="def test_plain():\n    pass\n")
    result = run("--ophamin-campaign", *mode)
    assert result.ret == 5
    assert not (pytester.path / "proofs").exists()
    pytester.makepyfile(test_plain="")
    assert run("--ophamin-campaign", *mode).ret == 5


def test_an_empty_module_beside_claims_changes_nothing(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """A module without tests is no reason for anything."""
    pytester.makepyfile(test_empty="")
    register(pytester, run, commit)
    assert run("--ophamin-campaign", *mode).ret == 0
