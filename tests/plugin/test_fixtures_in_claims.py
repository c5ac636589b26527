"""Fixtures around a claim: what they record, what their failures say, and whom they concern."""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ET

import pytest
from childrun import Runner, assert_clean, verdicts

SHARED = """
    import pytest
    from pytest_ophamin import claim

    @pytest.fixture(scope="module")
    def machine():
        yield
        raise RuntimeError("did not stop")

    @pytest.fixture(scope="class")
    def room(request):
        yield
        assert request.cls.__name__ != "TestDark"

    @claim("asked", metric="proportion", at_least=0.5, trials=20)
    def test_asked(trial, request):
        request.getfixturevalue("machine")
        return True

    @claim("used", metric="proportion", at_least=0.5, trials=600)
    def test_used(trial, machine):
        return True

    class TestLight:
        @claim("light", metric="proportion", at_least=0.5, trials=20)
        def test_light(self, trial, room):
            return True

    class TestDark:
        @claim("dark", metric="proportion", at_least=0.5, trials=20)
        def test_dark(self, trial, room):
            return True

    @claim("apart", metric="proportion", at_least=0.5, trials=600)
    def test_apart(trial):
        return True
"""
LAST = {"a plain test last": "\n    def test_last(): pass\n", "a claim last": ""}


@pytest.mark.parametrize("last", LAST)
def test_a_shared_fixture_that_fails_at_its_end_voids_the_claims_that_used_it(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...], last: str
) -> None:
    """Those that used it are VOID and no others, whichever test it is torn down after; the bundle verifies."""
    pytester.makepyfile(test_it=SHARED + LAST[last])
    result = run("--ophamin-campaign", "--junitxml=junit.xml", *mode)
    assert_clean(result)
    assert result.ret == 1
    assert "ERROR: ophamin" not in result.stdout.str()
    found = _corrected(pytester)
    assert found == {
        "test_asked": "VOID",
        "test_used": "VOID",
        "test_light": "VALIDATED",
        "test_dark": "VOID",
        "test_apart": "VALIDATED",
    }
    cases = list(ET.parse("junit.xml").iter("testcase"))  # written by the session above
    told = {str(case.get("name")): _properties(case).get("ophamin.verdict") for case in cases}
    assert len(told) == len(cases)
    assert {name: verdict for name, verdict in told.items() if verdict is not None} == found


def test_a_plain_session_shows_no_claim_as_validated_whose_fixture_failed_at_its_end(
    pytester: pytest.Pytester, run: Runner
) -> None:
    """Its report is replaced: summary and counts say VOID, beside the error pytest shows."""
    pytester.makepyfile(test_it=SHARED)
    result = run("-rA", "-k", "used or apart")
    result.stdout.fnmatch_lines(["VALIDATED test_it.py::test_apart", "ERROR *", "VOID test_it.py::test_used*"])
    result.assert_outcomes(passed=1, failed=1, errors=1)


def test_failures_around_a_trial_are_shown_without_our_frames(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]
) -> None:
    """A fixture in conftest.py never passes through the test function; still only the author's lines are shown."""
    pytester.makeconftest("""
    import pytest

    @pytest.fixture
    def breaks(trial):
        if trial.index == 3:
            raise RuntimeError("no machine")

    @pytest.fixture
    def stops(trial):
        yield
        if trial.index == 3:
            raise StopIteration
    """)
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("set up", metric="proportion", at_least=0.5, trials=20)
    def test_set_up(trial, breaks):
        return True

    @claim("torn down", metric="proportion", at_least=0.5, trials=20)
    def test_torn_down(trial, stops):
        return True

    @claim("not callable so", metric="proportion", at_least=0.5, trials=20)
    def test_arguments(trial, /):
        return True
    """
    )
    for style in ("auto", "native"):
        result = run(*mode, f"--tb={style}")
        assert_clean(result)
        assert set(verdicts(result).values()) == {"VOID"}
        result.stdout.fnmatch_lines(["*no machine*"])
        if style == "auto":
            result.stdout.fnmatch_lines(["conftest.py:6: RuntimeError"])


def test_what_a_test_records_stands_beside_its_verdict(
    pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]
) -> None:
    """record_property and a plugin's user properties reach JUnit, each value once; a NumPy number harms no worker."""
    pytester.makeconftest("""
    def pytest_collection_modifyitems(items):
        for item in items:
            item.user_properties.append(("ticket", "T-1"))
    """)
    pytester.makepyfile(
        test_it="""
    import numpy as np
    from pytest_ophamin import claim

    @claim("c", metric="proportion", at_least=0.5, trials=600)
    def test_it(trial, record_property):
        record_property("third", np.float64(trial.index // 200))
        return True
    """
    )
    for arguments in ((), ("--ophamin-campaign",)):
        result = run("--junitxml=junit.xml", *mode, *arguments)
        assert_clean(result)
        assert result.ret == 0
        (case,) = ET.parse("junit.xml").iter("testcase")  # written by the session above
        recorded = [(p.get("name"), p.get("value")) for p in case.iter("property")]
        assert ("ophamin.verdict", "VALIDATED") in recorded
        mine = [pair for pair in recorded if not str(pair[0]).startswith("ophamin.")]
        assert mine == [("ticket", "T-1"), ("third", "0.0"), ("third", "1.0"), ("third", "2.0")]


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="subtests came with pytest 9")
def test_subtests_are_part_of_their_trial(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """Those that pass change nothing; one that fails keeps its exception from the trial, and voids it all the same."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("fine", metric="proportion", at_least=0.5, trials=600)
    def test_fine(trial, subtests):
        with subtests.test("part"):
            pass
        return True

    @claim("broken", metric="proportion", at_least=0.5, trials=600)
    def test_broken(trial, subtests):
        with subtests.test("part"):
            assert trial.index != 300
        return True
    """
    )
    result = run(*mode)
    assert_clean(result)
    assert result.ret == 1
    assert verdicts(result) == {"fine": "VALIDATED", "broken": "VOID"}
    result.stdout.fnmatch_lines(["because*a subtest failed: return the condition*"])


def _corrected(pytester: pytest.Pytester) -> dict[str, str]:
    line = (pytester.path / "proofs" / "campaign" / "campaign.intoto.jsonl").read_text().splitlines()[0]
    proof = json.loads(base64.b64decode(json.loads(line)["payload"]))["predicate"]["proof"]
    return {m["claim"].split("::")[-1]: m["corrected"] for family in proof["families"] for m in family["members"]}


def _properties(case: ET.Element) -> dict[str, str]:
    return {str(p.get("name")): str(p.get("value")) for p in case.iter("property")}
