"""Law claims: a search with Hypothesis, whose evidence is what it found (DECIDING.md, ``law``)."""

from __future__ import annotations

import pytest
from childrun import Runner, assert_clean, verdicts

HEAD = """
    import pytest
    from hypothesis import HealthCheck, assume, given, settings, strategies as st
    from pytest_ophamin import claim
"""


@pytest.fixture
def left_out() -> tuple[str, ...]:
    """Nothing: Hypothesis's plugin is part of what is tested."""
    return ()


def law(pytester: pytest.Pytester, body: str, decorators: str = "@given(a=st.integers(), b=st.integers())") -> None:
    """Write a suite with one law."""
    lines = "\n    ".join(decorators.splitlines())
    pytester.makepyfile(
        test_law=HEAD
        + f"""
    @claim("the law", metric="law")
    {lines}
    def test_law({"a, b" if "b=" in decorators else "a"}):
        {body}
"""
    )


def test_a_law_that_survives_is_corroborated(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """All examples pass: CORROBORATED, with the number of valid examples; never VALIDATED."""
    law(pytester, "assert a + b == b + a")
    result = run("-v", *mode)
    assert_clean(result)
    assert result.ret == 0
    assert verdicts(result) == {"the law": "CORROBORATED"}
    result.stdout.fnmatch_lines(["*no counterexample in 100 valid examples*"])


def test_a_counterexample_refutes(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """The shrunk counterexample and the line that reproduces it are shown; the search is the same in every mode."""
    law(pytester, "assert a - b == b - a")
    result = run(*mode)
    assert_clean(result)
    assert result.ret == 1
    assert verdicts(result) == {"the law": "REFUTED"}
    text = result.stdout.str()
    assert "counterexample" in text
    assert "@reproduce_failure(" in text
    assert "AssertionError" in text


@pytest.mark.parametrize("statement", ["raise KeyError('x')", "1 / 0"])
def test_any_exception_of_the_body_is_a_counterexample(pytester: pytest.Pytester, run: Runner, statement: str) -> None:
    """A law that crashes does not hold."""
    law(pytester, f"if a > 3: {statement}")
    result = run()
    assert_clean(result)
    assert verdicts(result) == {"the law": "REFUTED"}


@pytest.mark.parametrize(
    ("body", "decorators"),
    [
        ("assume(False)", "@settings(suppress_health_check=[])\n@given(a=st.integers())"),
        ("pytest.skip('no')", "@given(a=st.integers())"),
    ],
    ids=["hypothesis", "skip"],
)
def test_hypothesis_errors_and_skips_are_void(
    pytester: pytest.Pytester, run: Runner, body: str, decorators: str
) -> None:
    """A search that could not run says nothing about the law."""
    law(pytester, body, decorators)
    result = run()
    assert_clean(result)
    assert result.ret == 1
    assert verdicts(result) == {"the law": "VOID"}


def test_too_few_examples_are_inconclusive(pytester: pytest.Pytester, run: Runner) -> None:
    """Fewer valid examples than asked for decide nothing."""
    law(
        pytester,
        "assume(a % 3 == 0)",
        "@settings(max_examples=50, suppress_health_check=list(HealthCheck))\n@given(a=st.integers(0, 10**9))",
    )
    result = run()
    assert_clean(result)
    assert verdicts(result)["the law"] in ("INCONCLUSIVE", "CORROBORATED")


def test_an_exhausted_space_is_enough(pytester: pytest.Pytester, run: Runner) -> None:
    """A strategy with two values has been searched completely after two examples."""
    law(pytester, "assert a in (True, False)", "@given(a=st.booleans())")
    result = run()
    assert_clean(result)
    assert verdicts(result) == {"the law": "CORROBORATED"}


def test_a_law_needs_given_and_given_needs_a_law(pytester: pytest.Pytester, run: Runner) -> None:
    """Examples Hypothesis chooses are no independent draws: no rate may be claimed from them, no law without."""
    pytester.makepyfile(
        test_law=HEAD
        + """
    @claim("no search", metric="law")
    def test_plain():
        pass

    @claim("no sample", metric="proportion", at_least=0.9, trials=100)
    @given(a=st.integers())
    def test_rate(a):
        return True
"""
    )
    result = run()
    assert_clean(result)
    assert result.ret == 2
    text = result.stdout.str()
    assert "test_plain" in text
    assert "test_rate" in text
    assert "@given" in text


def test_the_slow_first_example_does_not_matter(pytester: pytest.Pytester, run: Runner) -> None:
    """Hypothesis's default deadline does not apply: a verdict does not depend on the machine's mood."""
    law(pytester, "import time; time.sleep(0.3 if a == 0 else 0)", "@settings(max_examples=5)\n@given(a=st.integers())")
    result = run()
    assert_clean(result)
    assert verdicts(result) == {"the law": "CORROBORATED"}


def test_fixtures_and_hypothesis_seed_go_together(pytester: pytest.Pytester, run: Runner) -> None:
    """A law may use wider-scoped fixtures; --hypothesis-seed does not change its search."""
    pytester.makepyfile(
        test_law=HEAD
        + """
    @pytest.fixture(scope="module")
    def zero():
        return 0

    class TestLaws:
        @claim("the law", metric="law")
        @given(a=st.integers())
        def test_law(self, zero, a):
            assert a + zero < 1000
"""
    )
    first, second = run(), run("--hypothesis-seed=7")
    assert_clean(first)
    assert verdicts(first) == verdicts(second) == {"the law": "REFUTED"}
    shown = [[line for line in result.outlines if "reproduce_failure" in line] for result in (first, second)]
    assert shown[0] == shown[1] != []


def test_only_a_declared_database_is_used(
    pytester: pytest.Pytester, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan of a law is the same on a laptop and in CI, where Hypothesis has another profile."""
    pytester.makepyfile(
        test_law=HEAD
        + """
    from hypothesis.database import InMemoryExampleDatabase

    @claim("plain", metric="law")
    @given(a=st.integers())
    def test_plain(a): pass

    @claim("declared", metric="law")
    @settings(database=InMemoryExampleDatabase(), max_examples=20)
    @given(a=st.integers())
    def test_declared(a): pass
"""
    )
    locks = []
    for value in ("", "1"):
        monkeypatch.setenv("CI", value)
        assert run("--ophamin-register", child=True).ret == 0
        locks.append((pytester.path / "ophamin.lock").read_text())
    assert locks[0] == locks[1]
    assert locks[0].count('database = "declared"') == locks[0].count('database = "none"') == 1
