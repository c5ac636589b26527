"""Mistakes in claims are told at collection, all of a module together: test, argument, expectation and fix."""

from __future__ import annotations

import pytest
from childrun import Runner, assert_clean


def test_all_mistakes_of_a_module_are_told_together(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]
) -> None:
    """One run names every mistake; nothing of the module runs."""
    pytester.makepyfile(
        test_bad="""
    import unittest, pytest
    from pytest_ophamin import claim

    @claim("a", metric="proprotion", at_least=0.5, trials=100)
    def test_metric(trial): return True

    @claim("b", metric="proportion", at_least=0.5, at_most=0.7, trials=100)
    def test_two_relations(trial): return True

    @claim("c", metric="proportion", at_least=0.99, trials=100)
    def test_unreachable(trial): return True

    @claim("d", metric="p99.9", at_most=5.0, trials=2000)
    def test_quantile(trial): return 1.0

    @pytest.mark.xfail
    @claim("e", metric="mean", at_least=0.5, trials=10)
    def test_xfail(trial): return 1.0

    @claim("f", metric="mean", at_least="high", trials=0)
    def test_two_mistakes(trial): return 1.0

    class TestCase(unittest.TestCase):
        @claim("g", metric="mean", at_least=0.5, trials=10)
        def test_method(self): return 1.0

    @claim("h", metric="mean", at_least=0.5, trials=10)
    @claim("i", metric="mean", at_least=0.5, trials=10)
    def test_stacked_without_of(trial): return 1.0
""",
        test_good="""
    def test_plain():
        pass
""",
    )
    result = run(*mode)
    assert_clean(result)
    assert result.ret == (1 if "-n2" in mode else 2)  # as for any collection error: xdist goes on with the rest
    text = result.stdout.str()
    for expected in (
        "test_bad.py::test_metric",
        "proportion",
        "test_bad.py::test_two_relations",
        "test_bad.py::test_unreachable",
        "299",
        "test_bad.py::test_quantile",
        "2,995",
        "test_bad.py::test_xfail",
        "test_bad.py::test_two_mistakes: at_least",
        "test_bad.py::test_two_mistakes: trials",
        "test_bad.py::TestCase::test_method",
        "test_bad.py::test_stacked_without_of",
    ):
        assert expected in text or expected.replace(",", "") in text, expected


def test_a_mistake_that_many_claims_share_is_told_once(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]
) -> None:
    """A scenario's mistake is its module's, a parametrised claim's is one; neither hides another, and nothing runs."""
    pytester.makepyfile(
        test_bad="""
    import pytest
    from pytest_ophamin import claim, scenario

    pytestmark = scenario("", tier=3, data=("missing.json",))

    @claim("a", metric="mean", at_least=0.5, trials=100)
    def test_right(trial): return 1.0

    @pytest.mark.parametrize("number", range(40))
    @claim("b", metric="mean", at_least=0.5, trials=100, unit=3)
    def test_cases(trial, number): return 1.0

    class TestCases:
        @claim("c", metric="p99", at_most=0.5, trials=100)
        def test_unreachable(self, trial): return 1.0
"""
    )
    result = run(*mode)
    assert_clean(result)
    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert "4 mistakes in the claims of test_bad.py" in text
    for expected in (
        "test_bad.py: scenario title: expected some text",
        "test_bad.py: scenario tier: expected a str, came 3",
        "test_bad.py::test_cases[0] and 39 more cases: unit: expected a str, came 3",
        "test_bad.py::TestCases::test_unreachable: trials: expected at least 299",
    ):
        assert text.count(expected) == 1, expected


def test_arguments_that_do_not_exist_are_told_with_the_others(pytester: pytest.Pytester, run: Runner) -> None:
    """A misspelt, a missing and an unnamed argument do not stop the import of the module."""
    pytester.makepyfile(
        test_bad="""
    from pytest_ophamin import claim, scenario

    pytestmark = scenario("Typing at night", teir="engineering")

    @claim("a", metric="proportion", at_leest=0.9, trials=100)
    def test_misspelt(trial): return True

    @claim("b", at_least=0.9, trials=100)
    def test_missing(trial): return True

    @claim("c", "mean", at_least=0.9, trials=100)
    def test_unnamed(trial): return True

    @claim()
    def test_nothing(trial): return True

    @claim("d", metric="mean", at_least=0.9, trials=0)
    def test_other(trial): return True
"""
    )
    result = run()
    assert_clean(result)
    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert "Traceback" not in text
    for expected in (
        "test_bad.py: teir: expected an argument of scenario(...), came 'engineering'. Write: tier='engineering'",
        "test_misspelt: at_leest: expected an argument of claim(...), came 0.9. Write: at_least=0.9",
        "test_missing: metric: expected a str, came nothing",
        "test_unnamed: argument 2: expected an argument of claim(...), came 'mean'. Write: <name>='mean'",
        "test_nothing: statement: expected a str, came nothing",
        "test_other: trials: expected an integer from 1",
    ):
        assert text.count(expected) == 1, expected


def test_data_that_cannot_be_read_is_a_mistake(pytester: pytest.Pytester, run: Runner) -> None:
    """Of the scenario once, of a claim with its test; whatever a callable or a path is."""
    pytester.makepyfile(
        test_bad="""
    from dataclasses import dataclass
    from pytest_ophamin import claim, scenario

    @dataclass
    class Content:  # callable, and without a hash
        text: object
        def __call__(self): return self.text

    pytestmark = scenario("Data", data=("missing.json", Content("text")))

    @claim("a", metric="mean", at_least=0.5, trials=100, data=("a\\0b",))
    def test_a(trial): return 1.0

    @claim("b", metric="mean", at_least=0.5, trials=100, data=(Content(b"bytes"),))
    def test_b(trial): return 1.0
"""
    )
    result = run()
    assert_clean(result)
    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert text.count("scenario data: expected readable files") == 2
    assert "Content() returned str" in text
    assert text.count("test_bad.py::test_a: data: expected readable files") == 1
    assert "test_bad.py::test_b" not in text


def test_an_xfail_mark_on_class_or_module_is_an_error(pytester: pytest.Pytester, run: Runner) -> None:
    """A REFUTED claim must not turn into an expected failure."""
    pytester.makepyfile(
        test_module="""
    import pytest
    from pytest_ophamin import claim
    pytestmark = pytest.mark.xfail

    @claim("a", metric="mean", at_least=0.5, trials=10)
    def test_a(trial): return 1.0
""",
        test_class="""
    import pytest
    from pytest_ophamin import claim

    @pytest.mark.xfail
    class TestA:
        @claim("a", metric="mean", at_least=0.5, trials=10)
        def test_a(self, trial): return 1.0
""",
    )
    result = run()
    assert_clean(result)
    assert result.ret == 2
    result.stdout.fnmatch_lines_random(["*test_module.py::test_a: xfail*", "*test_class.py::TestA::test_a: xfail*"])


@pytest.mark.parametrize(
    "place", ["pytestmark = claim({})", "@claim({})\n    class TestA:\n        def test_b(self): pass"]
)
def test_a_claim_belongs_on_a_function(pytester: pytest.Pytester, run: Runner, place: str) -> None:
    """A claim mark on a class or module is an error, not a silent claim of each test in it."""
    arguments = '"a", metric="mean", at_least=0.5, trials=10'
    pytester.makepyfile(
        test_it=f"""
    from pytest_ophamin import claim

    {place.format(arguments)}

    def test_a(): pass
"""
    )
    result = run()
    assert_clean(result)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*expected a claim on the test function itself*"])


def test_equal_ids_are_refused(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """Two claims with one id, also in two modules and when only Unicode forms differ, stop the session."""
    body = """
    from pytest_ophamin import claim

    @claim("a", metric="mean", at_least=0.5, trials=10, id="{}")
    def test_a(trial): return 1.0
"""
    pytester.makepyfile(test_one=body.format("caf\u00e9"), test_two=body.format("cafe\u0301"))
    result = run(*mode)
    assert_clean(result)
    assert result.ret == 4
    text = result.stdout.str() + result.stderr.str()
    assert "test_two.py::test_a" in text


def test_dist_each_is_refused_with_claims_only(pytester: pytest.Pytester, run: Runner) -> None:
    """Every worker would run every trial: a usage error; plain suites are left alone."""
    pytester.makepyfile(test_plain="def test_plain():\n    pass\n")
    assert run("-n2", "--dist", "each").ret == 0
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("a", metric="mean", at_least=0.5, trials=10)
    def test_a(trial): return 1.0
"""
    )
    result = run("-n2", "--dist", "each", child=True)
    assert_clean(result)
    assert result.ret == 4
    assert "--dist each" in result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--ophamin-correction", "sidak"),
        ("--ophamin-alpha", "2"),
        ("--ophamin-alpha", "nan"),
        ("--ophamin-name", "../up"),
        ("--ophamin-seed", "often"),
        ("--ophamin-trial", "first"),
        ("--ophamin-campaign", "--ophamin-register"),
        ("--ophamin-campaign", "--ophamin-trial", "3"),
        ("--ophamin-campaign", "--collect-only"),
        ("--ophamin-unsigned",),
        ("--ophamin-campaign", "--ophamin-subject", "missing.whl"),
    ],
)
def test_bad_options_are_usage_errors(pytester: pytest.Pytester, run: Runner, arguments: tuple[str, ...]) -> None:
    """Each says what was expected and what came."""
    pytester.makepyfile(test_plain="def test_plain():\n    pass\n")
    result = run(*arguments)
    assert_clean(result)
    assert result.ret == 4
    assert any(argument in result.stderr.str() for argument in arguments if argument.startswith("--"))


def test_a_flag_does_not_swallow_a_path(pytester: pytest.Pytester, run: Runner) -> None:
    """`--ophamin-campaign tests/` runs the campaign over tests/."""
    pytester.makepyfile(
        **{
            "suite/test_it": """
    from pytest_ophamin import claim

    @claim("a", metric="proportion", at_least=0.5, trials=10)
    def test_a(trial): return True
"""
        }
    )
    result = run("--ophamin-campaign", "suite")
    assert_clean(result)
    assert result.ret == 0


def test_pillars_come_from_conftest_files_loaded_at_start(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]
) -> None:
    """A pillar in the root conftest decides claims in every mode; one in a deeper conftest is an error that says so."""
    pillar = """
    from pytest_ophamin import hookimpl
    from pytest_ophamin.pillars import Assessment, Plan

    class Maximum:
        name = "maximum"
        metrics = frozenset({"maximum"})

        def plan(self, claim, *, level):
            return Plan(n=claim.trials, least_n=1)

        def decide(self, claim, sample):
            top = float(sample.value.floats.max())
            return Assessment(
                method="maximum/1", exact=True, null_validate="maximum >= limit", null_refute="maximum <= limit",
                n=sample.n, estimate=top, lower=None, upper=None,
                p_validate=0.001 if top < claim.limit else 1.0, p_refute=1.0 if top < claim.limit else 0.001,
            )

    @hookimpl
    def ophamin_pillars():
        return [Maximum()]
"""
    suite = """
    from pytest_ophamin import claim

    @claim("small", metric="maximum", at_most=2.0, trials=600)
    def test_small(trial): return trial.rng.random()
"""
    pytester.makeconftest(pillar)
    pytester.makepyfile(test_it=suite)
    result = run("-v", *mode)
    assert_clean(result)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*maximum/1*"])
    (pytester.path / "conftest.py").unlink()
    deeper = pytester.mkdir("deeper")
    (pytester.path / "test_it.py").rename(deeper / "test_it.py")
    pytester.makepyfile(**{"deeper/conftest": pillar})
    result = run(*mode, "--rootdir", str(pytester.path), str(pytester.path))
    assert_clean(result)
    assert result.ret != 0
    assert "deeper conftest.py" in result.stdout.str() + result.stderr.str()


def test_a_broken_pillar_is_a_mistake_of_the_claims(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]
) -> None:
    """A conftest.py whose hook raises: an error at collection that names it, not an internal one."""
    pytester.makeconftest(
        """
        from pytest_ophamin import hookimpl

        @hookimpl
        def ophamin_pillars():
            raise ModuleNotFoundError("No module named 'numbers_we_have_not'")
        """
    )
    pytester.makepyfile(
        """
        from pytest_ophamin import claim

        @claim("small", metric="mean", at_most=2.0, trials=20)
        def test_small(trial): return trial.rng.random()
        """
    )
    result = run(*mode)
    assert_clean(result)
    assert result.ret != 0
    text = result.stdout.str() + result.stderr.str()
    assert "pillars: expected pillars that follow the protocol" in text
    assert "No module named 'numbers_we_have_not'" in text


def test_an_xfail_mark_that_comes_late_is_refused_too(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]
) -> None:
    """A conftest.py that marks tests xfail cannot excuse a claim; a mark applied while it runs changes nothing."""
    pytester.makeconftest("""
    import os, pytest

    def pytest_collection_modifyitems(items):
        for item in items:
            if "LATE" in os.environ:
                item.add_marker(pytest.mark.xfail(reason="known"))
    """)
    pytester.makepyfile(
        test_it="""
    import pytest
    from pytest_ophamin import claim

    @claim("c", metric="proportion", at_least=0.9, trials=40)
    def test_it(trial, request):
        request.applymarker(pytest.mark.xfail(reason="known"))
        return False
    """
    )
    result = run("--junitxml=junit.xml", *mode)
    assert_clean(result)
    result.assert_outcomes(failed=1)
    assert "<failure" in (pytester.path / "junit.xml").read_text()
    pytester._monkeypatch.setenv("LATE", "1")
    result = run(*mode)
    assert_clean(result)
    assert result.ret == 4
    assert "test_it.py::test_it: xfail: expected a claim" in result.stdout.str() + result.stderr.str()
