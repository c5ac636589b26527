"""Registered, amended, unregistered, withdrawn; --ophamin-strict, --ophamin-plan, trials="auto" (law 9)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from childrun import Runner, assert_clean

CLAIM = """
    from pytest_ophamin import claim

    @claim("high", metric="proportion", at_least={threshold}, trials=600)
    def test_high(trial):
        return trial.rng.random() < 0.95
"""
SECOND = """
    from pytest_ophamin import claim

    @claim("other", metric="proportion", at_least=0.5, trials=600)
    def test_other(trial):
        return trial.rng.random() < 0.95
"""


def families(pytester: pytest.Pytester) -> dict[str, dict[str, tuple[str, str]]]:
    """Return ``{family: {test: (status, corrected verdict)}}`` of the last campaign."""
    line = (pytester.path / "proofs/campaign/campaign.intoto.jsonl").read_text().splitlines()[0]
    proof: dict[str, Any] = json.loads(base64.b64decode(json.loads(line)["payload"]))["predicate"]["proof"]
    return {
        family["name"]: {m["claim"].split("::")[-1]: (m["status"], m["corrected"]) for m in family["members"]}
        for family in proof["families"]
    }


def unreadable(*_: object) -> None:
    """Be a lock whose mode forbids reading it."""
    raise PermissionError(13, "Permission denied")


def test_the_lock_must_be_committed_and_unmodified(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """A plan that git does not hold is no plan: unregistered, with the reason; a modified one too."""
    pytester.makepyfile(test_it=CLAIM.format(threshold=0.8))
    commit()
    assert run("--ophamin-register").ret == 0
    result = run("--ophamin-campaign")
    assert result.ret == 0
    assert families(pytester) == {"campaign:exploratory": {"test_high": ("unregistered", "VALIDATED")}}
    assert run("--ophamin-campaign", "--ophamin-strict").ret == 1
    assert run("--ophamin-strict").ret == 1
    commit()
    assert run("--ophamin-campaign", "--ophamin-strict").ret == 0
    assert families(pytester) == {"campaign": {"test_high": ("registered", "VALIDATED")}}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pytest_ophamin.plugin.ending.lock_standing", unreadable)
        result = run("--ophamin-campaign")
    assert (result.ret, "ophamin.lock: [Errno 13]" in result.stderr.str()) == (4, True)
    assert_clean(result)
    with (pytester.path / "ophamin.lock").open("a") as file:
        file.write("# edited\n")
    result = run("--ophamin-campaign")
    assert_clean(result)
    assert "campaign:exploratory" in families(pytester)


def test_an_amended_claim_fails_a_campaign(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """Moving the threshold decides a new, exploratory claim; the registered slot is NOT TESTED."""
    pytester.makepyfile(test_it=CLAIM.format(threshold=0.9))
    assert run("--ophamin-register").ret == 0
    commit()
    pytester.makepyfile(test_it=CLAIM.format(threshold=0.6))
    result = run("--ophamin-campaign", *mode)
    assert_clean(result)
    assert result.ret == 1
    assert families(pytester) == {
        "campaign": {"test_high": ("registered", "NOT TESTED")},
        "campaign:exploratory": {"test_high": ("amended", "VALIDATED")},
    }
    text = result.stdout.str()
    assert "0.9 -> 0.6" in text
    again = run("--ophamin-register")
    assert again.ret == 0
    assert "threshold: 0.9 -> 0.6" in again.stdout.str()


def test_another_correction_or_seed_amends_every_claim(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]
) -> None:
    """Options are part of the plan."""
    pytester.makepyfile(test_it=CLAIM.format(threshold=0.8))
    assert run("--ophamin-register").ret == 0
    commit()
    for arguments in (("--ophamin-correction", "bh"), ("--ophamin-alpha", "0.1"), ("--ophamin-seed", "7")):
        result = run("--ophamin-campaign", *arguments)
        assert_clean(result)
        assert result.ret == 1, arguments
        assert families(pytester)["campaign:exploratory"]["test_high"][0] == "amended"


def test_registering_never_deletes(pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]) -> None:
    """A claim whose module is gone is withdrawn, still printed, outside m; a partial run withdraws nothing."""
    pytester.makepyfile(test_it=CLAIM.format(threshold=0.8), test_more=SECOND)
    assert run("--ophamin-register").ret == 0
    assert run("--ophamin-register", "test_it.py").ret == 0
    assert "withdrawn" not in (pytester.path / "ophamin.lock").read_text()
    (pytester.path / "test_more.py").unlink()
    assert "withdr" in run("--ophamin-register").stdout.str()
    assert "withdrawn = true" in (pytester.path / "ophamin.lock").read_text()
    commit()
    result = run("--ophamin-campaign")
    assert_clean(result)
    assert result.ret == 0
    assert "withdrawn" in result.stdout.str()
    assert list(families(pytester)) == ["campaign"]


def test_families_out_of_scope_do_not_count(pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]) -> None:
    """A family none of whose claims was collected is named, and has no effect on the exit status."""
    pytester.makepyfile(
        test_it=CLAIM.format(threshold=0.8).replace("trials=600", 'trials=600, family="one"'),
        test_more=SECOND.replace("trials=600", 'trials=600, family="two"'),
    )
    assert run("--ophamin-register").ret == 0
    commit()
    result = run("--ophamin-campaign", "test_it.py")
    assert_clean(result)
    assert result.ret == 0
    assert "two" in result.stdout.str()


def test_trials_auto_is_frozen_at_registration(
    pytester: pytest.Pytester, run: Runner, commit: Callable[[], str], mode: tuple[str, ...]
) -> None:
    """n is derived once, at alpha / m; a later claim changes no n."""
    auto = CLAIM.format(threshold=0.8).replace("trials=600", 'trials="auto", expecting=0.95')
    pytester.makepyfile(test_it=auto)
    assert run("--ophamin-register").ret == 0
    first = (pytester.path / "ophamin.lock").read_text()
    pytester.makepyfile(test_more=SECOND)
    assert run("--ophamin-register").ret == 0
    trials = [line for line in first.splitlines() if line.startswith("trials = ")]
    assert trials[0] in (pytester.path / "ophamin.lock").read_text()
    commit()
    result = run("--ophamin-campaign", *mode)
    assert_clean(result)
    assert result.ret == 0
    assert run("--ophamin-register", "--ophamin-replan").ret == 0
    assert trials[0] not in (pytester.path / "ophamin.lock").read_text()


def test_a_plan_runs_nothing(pytester: pytest.Pytester, run: Runner) -> None:
    """--ophamin-plan prints trials, power and detectable effect, also when -n stands in addopts."""
    pytester.makepyfile(test_it=CLAIM.format(threshold=0.8).replace("trials=600", "trials=600, expecting=0.9"))
    pytester.makeini("[pytest]\naddopts = -n2\n")
    for option in ("--ophamin-plan", "--ophamin-register"):
        result = run(option)
        assert_clean(result)
        assert result.ret == 0
    result = run("--ophamin-plan")
    result.stdout.fnmatch_lines(["high*600*0.8465", "P(all VALIDATED*"])


def test_a_broken_lock_is_told(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """An edited entry or broken TOML: what was expected, what came, where."""
    pytester.makepyfile(test_it=CLAIM.format(threshold=0.8))
    assert run("--ophamin-register").ret == 0
    lock = pytester.path / "ophamin.lock"
    for text in (lock.read_text().replace("0.8", "0.7"), "version = ["):
        lock.write_text(text)
        for arguments in (("--ophamin-campaign",), ("--ophamin-register",)):
            result = run(*arguments, *mode)
            assert_clean(result)
            assert result.ret == 4
            assert "ophamin.lock" in result.stderr.str() + result.stdout.str()


def test_an_identical_rerun_is_no_new_look(pytester: pytest.Pytester, run: Runner, commit: Callable[[], str]) -> None:
    """The second campaign has the same id; the first bundle is kept under its own name and is its predecessor."""
    pytester.makepyfile(test_it=CLAIM.format(threshold=0.8))
    assert run("--ophamin-register").ret == 0
    commit()
    assert run("--ophamin-campaign").ret == 0
    result = run("--ophamin-campaign")
    assert result.ret == 0
    bundles = sorted((pytester.path / "proofs/campaign").glob("*.intoto.jsonl"))
    assert len(bundles) == 2
    result.stdout.fnmatch_lines(["kept:*"])
    predicates = [
        json.loads(base64.b64decode(json.loads(path.read_text().splitlines()[0])["payload"]))["predicate"]
        for path in bundles
    ]
    assert predicates[0]["derived"]["id"] == predicates[1]["derived"]["id"]
    assert {p["run"]["history"]["previous"] is None for p in predicates} == {True, False}
