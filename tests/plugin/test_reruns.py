"""No plugin may repeat a claim (law 5): against the real rerunfailures, flaky and repeat."""

from __future__ import annotations

import pytest
from childrun import Runner, assert_clean, verdicts

SUITE = """
    import pytest
    from pathlib import Path
    from pytest_ophamin import claim

    {decorator}
    @claim("bad", metric="proportion", at_least=0.9, trials=50)
    def test_bad(trial):
        with open(Path(__file__).with_name("ran.log"), "a") as file:
            file.write("x")
        return trial.rng.random() < 0.2
"""


def count(pytester: pytest.Pytester) -> int:
    """Return how many trials ran."""
    return len((pytester.path / "ran.log").read_text())


@pytest.mark.parametrize(
    ("decorator", "arguments"),
    [("", ("--reruns", "3")), ("@pytest.mark.flaky(reruns=3)", ())],
    ids=["option", "marker"],
)
def test_reruns_are_neutralised_with_a_warning(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...], decorator: str, arguments: tuple[str, ...]
) -> None:
    """A REFUTED claim is REFUTED once; plain tests are still rerun."""
    pytest.importorskip("pytest_rerunfailures")
    pytester.makepyfile(test_it=SUITE.format(decorator=decorator), test_plain="def test_plain():\n    assert False\n")
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:flaky", *arguments, *mode)
    assert_clean(result)
    assert result.ret == 1
    assert verdicts(result) == {"bad": "REFUTED"}
    assert count(pytester) == 50
    assert "a claim runs once" in result.stdout.str()
    if arguments:
        assert "3 rerun" in result.stdout.str()


@pytest.mark.parametrize(
    ("package", "decorator", "arguments", "word"),
    [
        ("pytest_rerunfailures", "", ("--force-reruns", "2"), "--force-reruns"),
        ("flaky", "", ("--force-flaky",), "--force-flaky"),
        ("flaky", "from flaky import flaky\n    @flaky", (), "@flaky"),
        ("flaky", "@pytest.mark.flaky(max_runs=3)", (), "@pytest.mark.flaky, read by the flaky plugin"),
        ("flaky", "@pytest.mark.flaky", ("-p", "no:rerunfailures"), "@pytest.mark.flaky, read by the flaky plugin"),
        ("pytest_repeat", "", ("--count", "3"), "--count 3"),
        ("pytest_repeat", "@pytest.mark.repeat(3)", (), "@pytest.mark.repeat"),
    ],
)
def test_what_cannot_be_neutralised_is_refused(
    pytester: pytest.Pytester, run: Runner, package: str, decorator: str, arguments: tuple[str, ...], word: str
) -> None:
    """The message names the plugin's option or mark and what to do."""
    pytest.importorskip(package)
    pytester.makepyfile(test_it=SUITE.format(decorator=decorator))
    result = run(*arguments, child=True)
    assert_clean(result)
    if result.ret == 4 and "unrecognized arguments" in result.stderr.str():
        pytest.skip(f"this {package} has no {arguments[-1]}")
    assert result.ret == 2
    assert word in result.stdout.str()
    assert not (pytester.path / "ran.log").exists()
