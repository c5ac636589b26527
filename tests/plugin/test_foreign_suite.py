"""A foreign repository, NumPy's own: its conftest, its markers, many plugins, random order; with us and without us."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import textwrap
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from childrun import assert_clean, text_lines, verdicts

from pytest_ophamin.cli import main

MODULES = (
    "lib/tests/test_arraysetops.py",  # warnings, errors here
    "lib/tests/test_histograms.py",  # skips
    "lib/tests/test_shape_base.py",
    "lib/tests/test_twodim_base.py",
    "lib/tests/test_type_check.py",
    "*core/tests/test_scalar_methods.py",  # laws of Hypothesis
)
OPTIONS = ("--randomly-seed=7", "--strict-markers", "-W", "error::PendingDeprecationWarning", "--junitxml=junit.xml")
MODES = {"alone": ("-n0",), "n2": ("-n2", "--dist", "worksteal")}
SECRETS = {"SECRET_TOKEN": "hunter2xyz", "LOGNAME": "zebediah"}

CLAIMS = """
    import asyncio, os

    import hypothesis.strategies as st
    import numpy as np
    import pytest
    from hypothesis import given
    from pytest_ophamin import claim, scenario

    pytestmark = [scenario("NumPy keeps its word"), pytest.mark.slow]


    @pytest.fixture(scope="module")
    def table():
        return np.arange(12.0)


    @claim("padding keeps the sum", metric="proportion", at_least=0.9, trials=60)
    def test_padding(trial, table, doctest_namespace):
        return doctest_namespace["np"].pad(table, trial.index % 5).sum() == table.sum()


    @claim("uniform numbers have their mean", metric="mean", within=(0.35, 0.65), bounds=(0, 1), trials=600)
    def test_mean(trial):
        return trial.rng.random()


    @claim("a permutation holds all", of="same", metric="proportion", at_least=0.9, trials=60)
    @claim("few stay in place", of="fixed", metric="mean", at_most=6, bounds=(0, 12), trials=60)
    def test_permutation(trial, table):
        mixed = trial.rng.permutation(table)
        return {"same": bool((np.sort(mixed) == table).all()), "fixed": int((mixed == table).sum())}


    @claim("reversing twice is nothing", metric="law")
    @given(values=st.lists(st.integers(-9, 9)))
    def test_reversal(values):
        assert np.flip(np.flip(values)).tolist() == values


    class TestWaiting:
        @pytest.mark.asyncio
        @pytest.mark.parametrize("delay", [0, 0.0])
        @claim("waiting ends", metric="proportion", at_least=0.5, trials=20)
        async def test_waiting(self, delay, trial, tmp_path):
            await asyncio.sleep(delay)
            return not list(tmp_path.iterdir())


    @claim("raises", metric="proportion", at_least=0.5, trials=40, errors="against")
    def test_raising(trial):
        if trial.rng.random() < 0.1:
            raise ValueError(os.environ["SECRET_TOKEN"] + os.environ["HOME"])
        return True
"""


@pytest.fixture
def repository(pytester: pytest.Pytester) -> Path:
    """NumPy's root conftest.py, and some of the test modules it ships."""
    numpy = Path(np.__file__).parent
    shutil.copy(numpy / "conftest.py", pytester.path)
    for pattern in MODULES:
        (module,) = numpy.glob(pattern)
        target = pytester.path / module.relative_to(numpy)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, target)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    return pytester.path


def run_there(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest as its developers do: all plugins, random order, and no memory of the last run."""
    shutil.rmtree(pytester.path / ".pytest_cache", ignore_errors=True)
    return pytester.runpytest_subprocess(*OPTIONS, *arguments, timeout=240)


def outcomes(pytester: pytest.Pytester) -> dict[str, list[str]]:
    """What became of every test of the last run, as JUnit tells it."""
    told = {"failure", "error", "skipped"}
    return {
        f"{case.get('classname')}::{case.get('name')}": [child.tag for child in case if child.tag in told]
        for case in ET.parse(pytester.path / "junit.xml").iter("testcase")
    }


@pytest.mark.parametrize("mode", MODES)
def test_nothing_changes(pytester: pytest.Pytester, repository: Path, mode: str) -> None:
    """Every test ends as it did, and nothing else is printed."""
    bare = run_there(pytester, "-rA", *MODES[mode], "-p", "no:ophamin")
    without = outcomes(pytester)
    ours = run_there(pytester, "-rA", *MODES[mode])
    assert len(without) > 300
    assert ["failure"] in without.values()
    assert ["skipped"] in without.values()
    assert without == outcomes(pytester)
    assert bare.ret == ours.ret == 1
    if mode == "alone":
        assert text_lines(bare) == text_lines(ours)
    else:  # workers finish in any order
        assert Counter(untimed(bare)) == Counter(untimed(ours))


def untimed(result: pytest.RunResult) -> list[str]:
    """The lines printed, but those of dots."""
    return [line for line in text_lines(result) if not re.match(r"[.FsxX]*( +\[ *\d+%\])?$", line)]


def test_claims_added_there_work(
    pytester: pytest.Pytester,
    repository: Path,
    commit: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Claims of every kind are decided beside its tests; what the environment holds is in no record."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    tests = repository / "lib" / "tests"
    (tests / "test_claims_here.py").write_text(textwrap.dedent(CLAIMS))
    assert run_there(pytester, "--ophamin-register", "lib/tests/test_claims_here.py").ret == 0
    commit()
    arguments = ("lib/tests/test_claims_here.py", "lib/tests/test_type_check.py")
    result = run_there(pytester, "--ophamin-campaign", "-n2", *arguments)
    assert_clean(result)
    assert result.ret == 0
    assert Counter(verdicts(result).values()) == {"VALIDATED": 7, "CORROBORATED": 1}
    assert main(["verify", str(repository / "proofs")]) == 0, capsys.readouterr().out
    written = written_texts(repository / "proofs")
    for word in (*SECRETS, *SECRETS.values(), os.environ["HOME"], str(repository), "suite@example.org"):
        assert not [text for text in written if word in text]
    assert f'"{socket.gethostname()}"' not in "".join(written)


def written_texts(folder: Path) -> list[str]:
    """Every file of a folder, and every payload in it."""
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("{")]
    return texts + [base64.b64decode(json.loads(line)["payload"]).decode() for line in lines]
