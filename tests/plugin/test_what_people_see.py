"""Reports: one per claim, agreeing with the exit status in terminal, JUnit and --lf, and plain tests left alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from childrun import Runner, assert_clean

SUITE = """
    import pytest
    from pytest_ophamin import claim

    @claim("good", metric="proportion", at_least=0.5, trials=600)
    def test_good(trial):
        return trial.rng.random() < 0.95

    @claim("bad", metric="proportion", at_least=0.9, trials=600)
    def test_bad(trial):
        return trial.rng.random() < 0.5

    @claim("open", metric="proportion", at_least=0.5, trials=600)
    def test_open(trial):
        return trial.rng.random() < 0.5

    def test_plain():
        pass

    def test_plain_bad():
        assert False
"""


def junit(pytester: pytest.Pytester) -> dict[str, ET.Element]:
    """Return the test cases of junit.xml by name."""
    tree = ET.parse(pytester.path / "junit.xml")
    cases = list(tree.iter("testcase"))
    found = {str(case.get("name")): case for case in cases}
    assert len(found) == len(cases), "one test case per test"
    return found


def properties(case: ET.Element) -> dict[str, str]:
    """Return the properties of one test case."""
    return {str(p.get("name")): str(p.get("value")) for p in case.iter("property")}


@pytest.mark.parametrize("arguments", [(), ("--ophamin-campaign",)], ids=["plain", "campaign"])
def test_junit_has_one_case_per_claim(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    """Verdict, estimate, interval and p-values are properties; failures are failures; the counts agree."""
    pytester.makepyfile(test_it=SUITE)
    result = run("--junitxml=junit.xml", *arguments, *mode)
    assert_clean(result)
    assert result.ret == 1
    result.assert_outcomes(passed=2, failed=3)
    cases = junit(pytester)
    assert set(cases) == {"test_good", "test_bad", "test_open", "test_plain", "test_plain_bad"}
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    assert failed == {"test_bad", "test_open", "test_plain_bad"}
    good = properties(cases["test_good"])
    assert any(value == "VALIDATED" for value in good.values())
    assert any("estimate" in name for name in good)
    assert any("lower" in name for name in good)
    assert any("p_validate" in name for name in good)
    suite = ET.parse(pytester.path / "junit.xml").find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "3", "0")


def test_what_correction_takes_away_is_failed_everywhere(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]
) -> None:
    """A claim VALIDATED raw and INCONCLUSIVE after correction: failed in summary, JUnit and --lf, exit status 1."""
    pytester.makepyfile(
        test_it="""
    import pytest
    from pytest_ophamin import claim

    @claim("weak", metric="proportion", at_least=0.5, trials=600)
    def test_weak(trial):
        return trial.index % 600 in CHOSEN

    import random
    CHOSEN = set(random.Random(1).sample(range(600), 325))   # p = 0.022

    @pytest.mark.parametrize("number", range(4))
    @claim("void", metric="proportion", at_least=0.5, trials=600)
    def test_strong(trial, number):
        return trial.rng.random() < 0.54 if number else True
"""
    )
    raw = run(*mode, "-k", "weak")
    assert raw.ret == 0
    result = run("--ophamin-campaign", "--junitxml=junit.xml", *mode)
    assert_clean(result)
    assert result.ret == 1
    text = result.stdout.str()
    assert "INCONCLUSIVE after correction" in text
    cases = junit(pytester)
    assert cases["test_weak"].find("failure") is not None
    assert "INCONCLUSIVE" in properties(cases["test_weak"]).values()
    again = run("--lf", "--collect-only", "-q")
    assert "test_it.py::test_weak" in again.stdout.str()


def test_inconclusive_may_be_skipped_by_choice(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """`ophamin_inconclusive = skip` is a choice one writes down; then such a claim is skipped, not green."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("open", metric="proportion", at_least=0.5, trials=600)
    def test_open(trial):
        return trial.rng.random() < 0.5

    @claim("good", metric="proportion", at_least=0.5, trials=600)
    def test_good(trial):
        return trial.rng.random() < 0.95
"""
    )
    assert run(*mode).ret == 1
    pytester.makeini("[pytest]\nophamin_inconclusive = skip\n")
    for arguments in ((), ("--ophamin-campaign",)):
        result = run(*arguments, *mode)
        assert_clean(result)
        assert result.ret == 0
        result.assert_outcomes(passed=1, skipped=1)


def test_an_inconclusive_claim_says_what_would_decide_it(pytester: pytest.Pytester, run: Runner) -> None:
    """The number of trials at which a sample like this one would decide."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("open", metric="proportion", at_least=0.48, trials=100)
    def test_open(trial):
        return trial.rng.random() < 0.55
"""
    )
    result = run()
    assert "would need about" in result.stdout.str()
    assert run("-q").ret == 1


def test_cases_of_one_claim_are_told_apart_and_in_their_order(pytester: pytest.Pytester, run: Runner) -> None:
    """A campaign's table names each case, 2 before 10, and an undecided one says how many trials would be enough."""
    pytester.makepyfile(
        test_it="""
    import pytest
    from pytest_ophamin import claim

    @pytest.mark.parametrize("number", [10, 2, 1])
    @claim("half", metric="proportion", at_least=0.5, trials=60)
    def test_half(trial, number):
        return trial.index % 60 in CHOSEN

    import random
    CHOSEN = set(random.Random(1).sample(range(60), 33))
"""
    )
    result = run("--ophamin-campaign")
    assert_clean(result)
    rows = [line for line in result.outlines if line.startswith("half ")]
    assert [row.split()[1] for row in rows] == ["[1]", "[2]", "[10]"]
    notes = [line for line in result.outlines if line.startswith("    would need")]
    assert len(notes) == len(rows)
    assert all(note.endswith("trials after correction") for note in notes)


@pytest.mark.parametrize("verbosity", ["-q", "-qq", "-v", "-vv"])
def test_every_verbosity_is_readable(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...], verbosity: str
) -> None:
    """No line of ours is wider than 80 columns; under -v each test shows its verdict, once, without a slice suffix."""
    pytester.makepyfile(test_it=SUITE)
    result = run(verbosity, *mode)
    assert_clean(result)
    assert result.ret == 1
    text = result.stdout.str()
    assert "#1of" not in text
    start = next((at for at, line in enumerate(result.outlines) if line.startswith("claim  ")), len(result.outlines))
    assert max((len(line) for line in result.outlines[start:]), default=0) <= 80
    if verbosity == "-v":
        shown = [line for line in result.outlines if "test_it.py::test_good" in line and "VALIDATED" in line]
        assert len(shown) == 1
        assert "100%" in text


def test_selection_sees_one_test_per_claim(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """-k, --lf and node ids work on the claim, not on its slices."""
    pytester.makepyfile(test_it=SUITE)
    assert run(*mode).ret == 1
    result = run("--lf", *mode)
    result.assert_outcomes(failed=3)
    result = run("test_it.py::test_good", *mode)
    assert result.ret == 0
    result.assert_outcomes(passed=1)
    result = run("-k", "good or open", *mode)
    result.assert_outcomes(passed=1, failed=1)


def test_a_single_trial_keeps_only_its_own_output(pytester: pytest.Pytester, run: Runner) -> None:
    """--ophamin-trial runs exactly that trial, decides nothing, and refuses what makes no sense."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("noisy", metric="mean", at_least=0.5, trials=600)
    def test_noisy(trial):
        print("this is", trial.index)
        if trial.index == 17:
            raise ValueError("seventeen")
        return trial.rng.random()
"""
    )
    result = run("test_it.py::test_noisy", "--ophamin-trial", "17", "-n2")
    assert_clean(result)
    assert result.ret == 1
    text = result.stdout.str()
    assert "this is 17" in text
    assert "this is 16" not in text
    assert "VOID" not in text
    assert run("test_it.py::test_noisy", "--ophamin-trial", "18").ret == 0
    refused = run("test_it.py::test_noisy", "--ophamin-trial", "600")
    assert refused.ret == 4
    assert "below 600" in refused.stderr.str()


def test_pdb_stops_in_the_failing_trial(pytester: pytest.Pytester) -> None:
    """The debugger opens in the frame of the trial that raised."""
    pytest.importorskip("pexpect")
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("c", metric="mean", at_least=0.5, trials=60)
    def test_c(trial):
        local = trial.index * 100
        if trial.index == 17:
            raise ValueError
        return 1.0
"""
    )
    child = pytester.spawn_pytest("-p no:randomly --pdb test_it.py")
    child.expect("Pdb")
    child.sendline("p local")
    child.expect("1700")
    child.sendline("q")
    child.close()


def test_a_timeout_bounds_a_slice(pytester: pytest.Pytester, run: Runner) -> None:
    """pytest-timeout's expiry is VOID, also when errors count against the claim."""
    pytest.importorskip("pytest_timeout")
    pytester.makepyfile(
        test_it="""
    import time
    from pytest_ophamin import claim

    @claim("c", metric="proportion", at_most=0.5, trials=6000, errors="against")
    def test_c(trial):
        time.sleep(0.01)
        return False
"""
    )
    result = run("--timeout=1", child=True)
    assert_clean(result)
    assert result.ret == 1
    assert "VOID" in result.stdout.str()
