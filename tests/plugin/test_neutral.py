"""A session without claims is left as it was: outcomes, output, and what it imports."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from childrun import Runner, text_lines
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

FOREIGN = """
    import unittest, pytest

    @pytest.fixture
    def trial():
        return "their own"

    def test_passes(trial):
        assert trial == "their own"

    def test_fails():
        print("said")
        assert 1 == 2

    @pytest.mark.skip(reason="no")
    def test_skipped(): pass

    @pytest.mark.xfail
    def test_xfails(): assert False

    @pytest.mark.parametrize("n", range(3))
    def test_many(n, tmp_path): pass

    def test_error(missing): pass

    @pytest.mark.claim
    def test_marked(): pass

    class TestCase(unittest.TestCase):
        def test_method(self): pass
"""
FOREIGN_CONFTEST = """
    import pytest

    class Page(pytest.Item):
        def runtest(self):
            assert self.name.startswith("good")

    class Pages(pytest.File):
        def collect(self):
            return [Page.from_parent(self, name=name) for name in ("good#1of2", "good#2of2", "bad#1of1")]

    def pytest_collect_file(file_path, parent):
        return Pages.from_parent(parent, path=file_path) if file_path.suffix == ".page" else None
"""


@pytest.mark.parametrize(
    "arguments", [(), ("-v",), ("-q", "-rA"), ("-n2",), ("-x",), ("-k", "many"), ("--lf",), ("--tb=native",)]
)
def test_plain_suites_print_the_same(pytester: pytest.Pytester, run: Runner, arguments: tuple[str, ...]) -> None:
    """With the plugin and without it: same exit status, same lines."""
    pytester.makepyfile(test_foreign=FOREIGN)
    pytester.makeconftest(FOREIGN_CONFTEST)
    pytester.makefile(".page", test_foreign="")
    pytester.makeini("[pytest]\nmarkers = claim: about insurance\n")
    without = run("-p", "no:ophamin", *arguments)
    shutil.rmtree(pytester.path / ".pytest_cache", ignore_errors=True)
    with_it = run(*arguments)
    assert without.ret == with_it.ret
    if "-n2" in arguments:
        # Two workers finish in any order, and tell in any order how far they are.
        assert without.parseoutcomes() == with_it.parseoutcomes()
    else:
        assert text_lines(without) == text_lines(with_it)


def test_loading_by_name_works(pytester: pytest.Pytester) -> None:
    """`pytest -p ophamin` loads the plugin where autoloading is off."""
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("c", metric="proportion", at_least=0.5, trials=10)
    def test_c(trial):
        return True
"""
    )
    pytester._monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "ophamin", "--strict-markers", "-W", "error")
    assert result.ret == 0
    result.assert_outcomes(passed=1)


def test_nothing_heavy_is_imported_without_claims(pytester: pytest.Pytester, mode: tuple[str, ...]) -> None:
    """No numpy, scipy, pydantic or cryptography, in a session that has no claim (shown by -X importtime)."""
    pytester.makepyfile(test_plain="def test_plain():\n    pass\n")

    def imported(*arguments: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "pytest", "-q", *mode, *arguments],
            cwd=pytester.path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        told = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
        return {line.rsplit("|", 1)[-1].strip() for line in told}

    added = imported() - imported("-p", "no:ophamin")
    assert "pytest_ophamin.plugin.keys" in added
    heavy = {"numpy", "scipy", "pydantic", "cryptography", "rfc8785", "tomli_w", "ophamin_pillars"}
    assert not heavy & added
    core = ("claims", "trials", "deciding", "records", "reporting", "substrate")
    assert not any(name.startswith(f"pytest_ophamin.{part}") for name in added for part in core)


def test_environment_variables_never_reach_a_record(
    pytester: pytest.Pytester, run: Runner, monkeypatch: pytest.MonkeyPatch, mode: tuple[str, ...]
) -> None:
    """Neither values nor the signing key: no test code finds it in the environment either."""
    monkeypatch.setenv("SECRET_OF_THE_MACHINE", "hunter2-hunter2")
    pytester.makepyfile(
        test_it="""
    import os
    from pytest_ophamin import claim

    @claim("c", metric="proportion", at_least=0.5, trials=600)
    def test_c(trial):
        if trial.index == 3 and os.environ.get("RAISE"):
            raise ValueError(os.environ["SECRET_OF_THE_MACHINE"])
        return "OPHAMIN_SIGNING_KEY" not in os.environ
"""
    )
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for raising in ("", "1"):
        monkeypatch.setenv("RAISE", raising)
        monkeypatch.setenv("OPHAMIN_SIGNING_KEY", pem)
        result = run("--ophamin-campaign", *mode, child=True)
        assert result.ret == (1 if raising else 0)
        written = b"".join(path.read_bytes() for path in (pytester.path / "proofs").rglob("*") if path.is_file())
        payloads = b"".join(base64.b64decode(json.loads(line)["payload"]) for line in written.splitlines())
        for word in (b"hunter2", b"SECRET_OF_THE_MACHINE", str(pytester.path).encode(), b"PRIVATE KEY"):
            assert word not in payloads
            assert word not in written


@pytest.mark.parametrize("whose", ["given", "user"])
def test_a_key_that_cannot_sign_stops_a_campaign_before_it_runs(
    pytester: pytest.Pytester, run: Runner, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """Nobody runs trials for hours to be told that their evidence cannot be signed."""
    pytester.makepyfile("open('it-ran', 'w').close()")
    if whose == "given":
        monkeypatch.setenv("OPHAMIN_SIGNING_KEY", "rubbish")
    else:
        key = Path(os.environ["XDG_CONFIG_HOME"], "ophamin", "signing-key.pem")
        key.parent.mkdir()
        key.touch(mode=0o644)
    result = run("--ophamin-campaign")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: ophamin: *OPHAMIN_SIGNING_KEY*" if whose == "given" else "ERROR:*chmod 600*"])
    assert not Path("it-ran").exists()


def test_a_suite_with_a_home_of_its_own_is_signed_by_its_user(
    pytester: pytest.Pytester, run: Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whose key signs is asked before any code of the project can change the environment."""
    config = Path(os.environ["XDG_CONFIG_HOME"])
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    pytester.makeconftest(
        f"import os\nos.environ.update(dict.fromkeys(['HOME', 'XDG_CONFIG_HOME', 'CI'], {str(elsewhere)!r}))"
    )
    pytester.makepyfile(
        test_it="""
    from pytest_ophamin import claim

    @claim("c", metric="proportion", at_least=0.5, trials=20)
    def test_c(trial):
        return True
"""
    )
    with pytest.MonkeyPatch.context() as patched:
        for name in ("HOME", "XDG_CONFIG_HOME", "CI"):
            patched.setenv(name, str(config) if name == "XDG_CONFIG_HOME" else "")
        assert run("--ophamin-campaign").ret == 0
    assert list(elsewhere.iterdir()) == []
    assert (config / "ophamin" / "signing-key.pem").is_file()
