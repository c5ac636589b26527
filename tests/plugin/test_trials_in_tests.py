"""What one trial gives, and what it must never be taken for (law 2)."""

from __future__ import annotations

import re

import pytest
from childrun import Runner, assert_clean, verdicts

HEAD = """
    import sys, decimal, numpy as np, pytest
    from pytest_ophamin import claim
"""


def suite(pytester: pytest.Pytester, body: str) -> None:
    """Write a suite."""
    pytester.makepyfile(test_it=HEAD + body)


def one_claim(pytester: pytest.Pytester, body: str, *, metric: str = "mean", relation: str = "at_least=0.5") -> None:
    """Write a suite of one claim whose trial is ``body``."""
    suite(
        pytester,
        f"""
    @claim("the claim", metric="{metric}", {relation}, trials=30)
    def test_it(trial):
        {body}
""",
    )


def several_claims(pytester: pytest.Pytester, bodies: dict[str, str]) -> None:
    """Write a suite of claims ``test_0``, ``test_1``, ...: each states its key, and its trial is its value."""
    suite(
        pytester,
        "".join(
            f"""
    @claim({statement!r}, metric="mean", at_least=0.5, trials=30)
    def test_{number}(trial):
        {body}
"""
            for number, (statement, body) in enumerate(bodies.items())
        ),
    )


@pytest.mark.parametrize(
    ("returned", "hint"),
    [
        ("None", "return the observation"),
        ("float('nan')", "finite"),
        ("float('inf')", "finite"),
        ("10**400", "float64"),
        ("2**53 + 1", "float64"),
        ("[1.0]", "list"),
        ("np.array([1.0])", "ndarray"),
        ("np.array(1.0)", "ndarray"),
        ("'0.9'", "str"),
        ("1j", "complex"),
        ("decimal.Decimal('1e400')", "float64"),
    ],
)
def test_an_unusable_observation_is_void(pytester: pytest.Pytester, run: Runner, returned: str, hint: str) -> None:
    """What is no number, or no finite one, makes the claim VOID and names its trial."""
    one_claim(pytester, f"return {returned} if trial.index == 7 else 1.0")
    result = run()
    assert_clean(result)
    assert result.ret == 1
    assert verdicts(result) == {"the claim": "VOID"}
    text = result.stdout.str()
    assert "trial 7" in text
    assert hint in text


NUMBERS = ("np.float64(x)", "np.float32(x)", "decimal.Decimal(str(x))", "x", "np.bool_(True)")


def test_numbers_of_any_kind_are_taken(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """NumPy scalars and Decimals are numbers; under xdist nothing foreign crosses the border."""
    several_claims(pytester, {returned: f"x = 1 + trial.rng.random(); return {returned}" for returned in NUMBERS})
    result = run(*mode)
    assert_clean(result)
    assert verdicts(result) == dict.fromkeys(NUMBERS, "VALIDATED")
    assert result.ret == 0


RAISED = {
    "raise ValueError('a secret')": "ValueError",
    "pytest.skip('no')": "Skipped",
    "pytest.xfail('no')": "XFailed",
    "pytest.fail('no')": "Failed",
    "sys.exit(0)": "SystemExit",
    "assert False": "return the condition instead of asserting it",
}
"""What a trial may do, and the word that tells it."""


def test_an_exception_in_a_trial_is_void(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """Whatever is raised in trial 17, the claim is VOID, with index, seed and a line that repeats that trial."""
    several_claims(
        pytester, {raised: f"if trial.index == 17:\n            {raised}\n        return 1.0" for raised in RAISED}
    )
    result = run(*mode)
    assert_clean(result)
    assert result.ret == 1
    assert verdicts(result) == dict.fromkeys(RAISED, "VOID")
    told = re.split(r"_+ test_\d __", " ".join(re.sub("_{3,}", "__", result.stdout.str()).split()))
    reports = {int(found[1]): text for text in told if (found := re.search(r"pytest test_it.py::test_(\d)", text))}
    assert set(reports) == set(range(len(RAISED)))
    for number, word in enumerate(RAISED.values()):
        assert "trial 17 (seed" in reports[number]
        assert word in reports[number]
        assert f"pytest test_it.py::test_{number} --ophamin-trial 17" in reports[number]


def test_a_trial_that_raises_can_be_repeated_alone(pytester: pytest.Pytester, run: Runner) -> None:
    """The line that a report gives fails again; that of another trial passes."""
    several_claims(
        pytester, {raised: f"if trial.index == 17:\n            {raised}\n        return 1.0" for raised in RAISED}
    )
    for number in range(len(RAISED)):
        again = run(f"test_it.py::test_{number}", "--ophamin-trial", "17")
        assert again.ret == 1
        assert_clean(again)
    assert run("test_it.py", "--ophamin-trial", "16").ret == 0


def test_errors_against_count_against_the_claim(pytester: pytest.Pytester, run: Runner) -> None:
    """A crash of the gate is a miss of the gate: declared in the claim, it stays in the denominator."""
    suite(
        pytester,
        """
    @claim("works", metric="proportion", at_least=0.5, trials=100, errors="against")
    def test_half(trial):
        if trial.rng.random() < 0.25:
            raise RuntimeError
        return True

    @claim("never fails", metric="proportion", at_most=0.1, trials=100, errors="against")
    def test_crash_is_no_pass(trial):
        if trial.rng.random() < 0.5:
            raise RuntimeError
        return False
""",
    )
    result = run()
    assert_clean(result)
    found = verdicts(result)
    assert found == {"works": "VALIDATED", "never fails": "REFUTED"}


def test_each_trial_has_fresh_function_fixtures(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """tmp_path, monkeypatch, capsys, caplog and own fixtures behave in every trial as in a test of its own."""
    suite(
        pytester,
        """
    import logging, os
    made, ended = [], []

    @pytest.fixture
    def box():
        made.append(1)
        yield []
        ended.append(1)

    class TestMethods:
        def setup_method(self):
            self.value = 0

        @claim("fresh", metric="proportion", at_least=0.8, trials=40)
        def test_fresh(self, trial, box, tmp_path, monkeypatch, capsys, caplog):
            print("one line")
            logging.getLogger().warning("careful")
            self.value += 1
            box.append(1)
            is_fresh = (
                self.value == 1 and box == [1] and list(tmp_path.iterdir()) == []
                and "OPHAMIN_TRIED" not in os.environ and capsys.readouterr().out == "one line\\n"
                and len(caplog.records) == 1 and len(made) == trial.index + 1 and len(ended) == trial.index
            )
            (tmp_path / "file").touch()
            monkeypatch.setenv("OPHAMIN_TRIED", "1")
            return is_fresh

    class TestInstances:
        @claim("new instance", metric="proportion", at_least=0.8, trials=40)
        def test_instance(self, trial):
            self.count = getattr(self, "count", 0) + 1
            return self.count == 1
""",
    )
    result = run(*mode)
    assert_clean(result)
    assert verdicts(result) == {"fresh": "VALIDATED", "new instance": "VALIDATED"}
    assert "40  1 [" in result.stdout.str()
    assert result.ret == 0


def test_executions_equal_the_declared_trials(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """Each trial index runs exactly once, in slices or not (law 5)."""
    suite(
        pytester,
        """
    from pathlib import Path

    @claim("counted", metric="proportion", at_least=0.5, trials=1200)
    def test_counted(trial):
        with open(Path(__file__).with_name("ran.log"), "a") as file:
            file.write(f"{trial.index}\\n")
        return True
""",
    )
    result = run(*mode)
    assert result.ret == 0
    ran = (pytester.path / "ran.log").read_text().split()
    assert sorted(map(int, ran)) == list(range(1200))


def test_parametrized_claims_are_claims_of_their_own(pytester: pytest.Pytester, run: Runner) -> None:
    """Every parameter set is one claim with one stream."""
    suite(
        pytester,
        """
    @pytest.mark.parametrize("share", [0.99, 0.2], ids=["high", "low"])
    @claim("share", metric="proportion", at_least=0.5, trials=100)
    def test_share(trial, share):
        return trial.rng.random() < share
""",
    )
    result = run("-rA")
    result.stdout.fnmatch_lines(["*VALIDATED test_it.py::test_share?high?*", "*REFUTED test_it.py::test_share?low?*"])
    assert result.ret == 1


def test_stacked_claims_share_one_sample(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """Several claims about one dict observation are one test that fails when any of them does."""
    suite(
        pytester,
        """
    @claim("right", metric="proportion", at_least=0.5, trials=400, of="right")
    @claim("fast", metric="p90", at_most=0.5, trials=600, of="seconds")
    def test_both(trial):
        return {"right": bool(trial.rng.random() < 0.9), "seconds": trial.rng.random(), "unused": "text"}
""",
    )
    result = run(*mode)
    assert_clean(result)
    assert verdicts(result) == {"right": "VALIDATED", "fast": "REFUTED"}
    result.assert_outcomes(failed=1)


def test_the_trial_fixture_outside_a_claim_says_what_to_do(pytester: pytest.Pytester, run: Runner) -> None:
    """A test that asks for `trial` and is no claim is told to become one."""
    suite(pytester, "\n    def test_plain(trial):\n        pass\n")
    result = run()
    assert_clean(result)
    result.stdout.fnmatch_lines(["*asks for `trial`, which only a claim has*"])


def test_pick_gives_every_item_once(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """A held-out item serves at most one trial, in whichever process; too few items are VOID at trial 0."""
    suite(
        pytester,
        """
    from pathlib import Path

    @claim("picked", metric="proportion", at_least=0.5, trials=600)
    def test_picked(trial):
        with open(Path(__file__).with_name("picked.log"), "a") as file:
            file.write(f"{trial.pick(range(600))}\\n")
        return True

    @claim("too few", metric="proportion", at_least=0.5, trials=600)
    def test_too_few(trial):
        return trial.pick([True] * 599)
""",
    )
    result = run(*mode)
    assert_clean(result)
    assert verdicts(result) == {"picked": "VALIDATED", "too few": "VOID"}
    assert "trial 0" in result.stdout.str()
    assert sorted(map(int, (pytester.path / "picked.log").read_text().split())) == list(range(600))


def test_global_random_state_is_noticed(pytester: pytest.Pytester, run: Runner) -> None:
    """Draws from the module `random` cannot be repeated trial by trial: the claim carries a warning."""
    suite(
        pytester,
        """
    import random

    @claim("global", metric="proportion", at_least=0.5, trials=100)
    def test_global(trial):
        return random.random() < 0.9
""",
    )
    result = run()
    result.stdout.fnmatch_lines(["*global random state used: take trial.rng*"])
