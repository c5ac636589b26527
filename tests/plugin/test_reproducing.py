"""The line below a failure runs exactly the failing trial again when it is pasted where the session was started."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

FAILING = """
    import pytest
    from pytest_ophamin import claim

    @pytest.mark.parametrize("what", {cases})
    @claim("raises now and then", metric="mean", at_least=0.1, {arguments})
    def test_draws(trial, what):
        drawn = trial.rng.random()
        if drawn < 0.03:
            raise ValueError(f"drew {{drawn!r}}")
        return drawn
"""
PLAIN = "trials=200"
DERIVED = "trials='auto', expecting=0.13, expecting_sd=0.3"


def suite(cases: list[str] | None = None, arguments: str = PLAIN) -> str:
    """Return a module whose claims meet a rare draw."""
    return FAILING.format(cases=cases or ["a"], arguments=arguments)


def call(pytester: pytest.Pytester, line: str) -> str:
    """Run the words of a shell line in this process, from the folder it is in, and return what is printed."""
    words = shlex.split(line)
    result = pytester.runpytest_inprocess(*words[words.index("pytest") + 1 :], "-p", "no:randomly", "-W", "ignore")
    assert result.ret == pytest.ExitCode.TESTS_FAILED, result.stdout.str()
    return result.stdout.str()


def drawn(text: str) -> list[str]:
    """Return what the failing trials drew, in the order shown."""
    return [line.split("ValueError: ")[1] for line in text.splitlines() if line.startswith("E ")]


def lines_to_paste(text: str) -> list[str]:
    """Return every line that stands below ``reproduce``."""
    lines = text.splitlines()
    return [lines[at + 1].strip() for at, line in enumerate(lines) if line == "reproduce"]


@pytest.mark.parametrize("ini", [True, False], ids=["ini", "bare"])
@pytest.mark.parametrize(
    ("start", "line", "option"),
    [
        ("project", "pytest", "test_draws[a]"),
        ("project/inner/deep", "pytest", "test_draws[a]"),
        ("project/inner", "pytest --ophamin-seed 7", "--ophamin-seed 7 "),
        ("project", "pytest inner --ophamin-alpha 0.01", "--ophamin-alpha 0.01 "),
        (".", "pytest project", "test_draws[a]"),
        ("project", "pytest -o ophamin_seed=5 -p no:flaky", "pytest -o ophamin_seed=5 'inner/"),
        ("other", "pytest --rootdir ../project ../project", "--rootdir "),
    ],
    ids=["here", "below", "seed", "alpha", "above", "override", "beside"],
)
def test_the_line_below_a_failure_reproduces_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, start: str, line: str, option: str, *, ini: bool
) -> None:
    """From any folder, with or without a configuration file, under options that change the draws."""
    pytester.makepyfile(**{"project/inner/deep/test_draws": suite()})
    pytester.mkdir("other")
    if ini:
        (pytester.path / "project" / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(pytester.path / start)
    first = call(pytester, line)
    (pasted,) = lines_to_paste(first)
    assert option in pasted
    assert drawn(call(pytester, pasted)) == drawn(first) != []


def test_node_ids_of_any_kind_can_be_pasted(pytester: pytest.Pytester) -> None:
    """Quotes, spaces, brackets, dollars and backslashes of parametrised ids survive the shell."""
    cases = ["a b", "it's", 'q"u', "[x]", "\u00fc", "a::b", "$HOME", "back`tick", "a\\b", "-k"]
    pytester.makepyfile(test_draws=suite(cases))
    text = call(pytester, "pytest")
    pasted = lines_to_paste(text)
    assert len(pasted) == len(drawn(text)) == len(cases)
    echo = subprocess.run(
        ["sh", "-c", "\n".join(f"printf '%s\\n' {line}" for line in pasted)], capture_output=True, text=True, check=True
    )
    node_ids = echo.stdout.splitlines()[1::4]
    collected = pytester.runpytest_inprocess("--collect-only", "-q", "-p", "no:randomly", "-W", "ignore", *node_ids)
    assert collected.outlines[: len(cases)] == node_ids
    assert [drawn(call(pytester, line)) for line in pasted[1:3]] == [[each] for each in drawn(text)[1:3]]


def test_a_nested_configuration_file_does_not_move_the_rootdir(pytester: pytest.Pytester) -> None:
    """One test alone would find the inner file, another rootdir, another node id and other draws."""
    pytester.makeini("[pytest]\n")
    pytester.makepyfile(**{"inner/test_draws": suite()})
    (pytester.path / "inner" / "pytest.ini").write_text("[pytest]\n")
    first = call(pytester, "pytest")
    (pasted,) = lines_to_paste(first)
    assert drawn(call(pytester, pasted)) == drawn(first) != []


def test_derived_trials_carry_the_key_of_their_draws(pytester: pytest.Pytester) -> None:
    """Unregistered, their number follows from all claims of the session, and the draws from their number."""
    pytester.makepyfile(test_draws=suite(["a", "b", "c"], DERIVED))
    text = call(pytester, "pytest")
    pasted = lines_to_paste(text)
    assert "@" in pasted[2]
    assert drawn(call(pytester, pasted[2])) == drawn(text)[2:]


def test_a_plugin_of_the_command_line_is_asked_for_again(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the claim could not be collected; nor, perhaps, without the folder `python -m pytest` looks in."""
    pytester.makepyfile(
        limits="""
    import pytest

    @pytest.fixture(scope="session")
    def limit():
        return 3
""",
        test_it="""
    from pytest_ophamin import claim

    @claim("a", metric="mean", at_least=0.1, trials=20)
    def test_a(trial, limit):
        return 1 / (trial.index - limit)
""",
    )
    pytester.syspathinsert()
    monkeypatch.setattr(sys, "argv", ["/lib/pytest/__main__.py"])
    first = call(pytester, "python -m pytest -p limits")
    (pasted,) = lines_to_paste(first)
    assert pasted == "python -m pytest -p limits test_it.py::test_a --ophamin-trial 3"
    assert "ZeroDivisionError" in call(pytester, pasted)


def test_a_single_trial_says_what_it_returned(pytester: pytest.Pytester) -> None:
    """An observation may be sound by itself and void the sample: a green line alone would say nothing."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("half", metric="proportion", at_least=0.5, trials=100)
    def test_half(trial):
        return 0.5 if trial.index == 3 else 1.0

    @claim("right", metric="proportion", of="right", at_least=0.5, trials=100)
    @claim("quick", metric="ratio", of="ms", at_most=2.0, trials=100)
    def test_both(trial):
        return {"right": True, "ms": (1, 2.5)}
"""
    )
    (pasted,) = lines_to_paste(call(pytester, "pytest -k half"))
    words = shlex.split(pasted)[1:]
    result = pytester.runpytest_inprocess(*words, "-p", "no:randomly", "-W", "ignore")
    assert result.ret == 0
    assert "ophamin: test_it.py::test_half: trial 3 returned 0.5" in result.outlines
    result = pytester.runpytest_inprocess("-k", "both", "--ophamin-trial", "0", "-p", "no:randomly", "-W", "ignore")
    (told,) = [line for line in result.outlines if line.startswith("ophamin: ")]
    assert sorted(told.split("returned ")[1].split(", ")) == ["ms first = 1", "ms second = 2.5", "right = True"]


def test_errors_counted_against_a_claim_are_told_and_reproduced(pytester: pytest.Pytester) -> None:
    """How many trials raised, the first of them, and the line that runs it again."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("never breaks", metric="proportion", at_least=0.9, trials=100, errors="against")
    def test_breaks(trial):
        if trial.rng.random() < 0.4:
            raise ValueError("broken")
        return True
"""
    )
    text = call(pytester, "pytest")
    assert "verdict     REFUTED" in text
    assert " of 100 trials raised, counted against the claim; the first is trial " in text
    (pasted,) = lines_to_paste(text)
    assert "ValueError: broken" in call(pytester, pasted)
