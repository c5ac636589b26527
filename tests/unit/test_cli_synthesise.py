"""`ophamin synthesise` and `ophamin pillars`: what they print, refuse and run."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

import bundles
import numpy as np
import pytest
from bundles import Suite, bits, claim, law, new_signer, search, shipped, small_statements, write

from pytest_ophamin.cli import main
from pytest_ophamin.cli.pillars import Origin, pillar_rows
from pytest_ophamin.records.keys import Signer
from pytest_ophamin.records.series import series_of
from pytest_ophamin.records.trust import TrustStore, load_trust
from pytest_ophamin.records.verify import VerifyOptions, verify_bundle

Captured = pytest.CaptureFixture[str]
RECALL = "suite/test_filter.py::test_recall"
MISSES = (10, 4, 8, 5, 12)


@pytest.fixture
def signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signer:
    """A key of its own, its public half beside the bundles, and an empty home."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = new_signer()
    (tmp_path / "key.pem").write_bytes(made.public_pem)
    return made


@pytest.fixture
def releases(tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """One campaign per commit, newest first on the command line, with fresh draws each."""
    paths = []
    for number, misses in enumerate(MISSES):
        monkeypatch.setattr(bundles, "COMMIT", f"{number:x}" * 40)
        recall = claim("test_recall", seed_policy="commit", trials=150, threshold=0.8)
        suite = Suite(
            evidence=[
                (recall, bits(150, np.random.default_rng(number).choice(150, misses, replace=False))),
                (law("test_law"), search()),
            ],
            changes={"start": f"2026-0{number + 1}-01T00:00:00Z"},
        )
        paths.append(write(tmp_path / f"v{number}", suite.statements(), signer).path)
    return paths[::-1]


def synthesise(tmp_path: Path, *arguments: object) -> int:
    """Run the command, trusting the key."""
    return main(["synthesise", "I.cma", *map(str, arguments), "--trust", str(tmp_path / "key.pem")])


def test_proofs_of_five_commits_are_pooled(tmp_path: Path, releases: list[Path], capsys: Captured) -> None:
    """Verified, put in order of time, pooled; a law has no estimate and is no series of its own."""
    assert synthesise(tmp_path, *releases) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{RECALL}\n  I.cma (cma/1), 5 proofs: ok\n  mean 0.948")
    assert "prediction_lower" in shown
    assert "test_law" not in shown


def test_json_is_one_synthesis_per_line(tmp_path: Path, releases: list[Path], capsys: Captured) -> None:
    """Claim, numbers, refusals and the ids of the proofs, by time."""
    assert synthesise(tmp_path, "--json", *releases, releases[0]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert (found["claim"], found["status"], found["numbers"]["k"]) == (RECALL, "ok", 5)
    assert len(set(found["proofs"])) == 5
    reports = verify_bundle(releases, VerifyOptions(trust=trust_of(tmp_path)), shipped()).bundles
    (series,) = (each for name, each in series_of(reports).items() if name == RECALL)
    assert [proof.id for proof in series.proofs] == found["proofs"]
    assert [proof.start for proof in series.proofs] == [f"2026-0{month}-01T00:00:00Z" for month in range(1, 6)]
    assert [proof.sample.n for proof in series.proofs if proof.sample] == [150] * 5


def trust_of(tmp_path: Path) -> TrustStore:
    """Return the store that holds the key of the bundles."""
    return load_trust([tmp_path / "key.pem"])


def test_a_bundle_that_does_not_verify_ends_it(tmp_path: Path, releases: list[Path], capsys: Captured) -> None:
    """A changed byte, an unknown key or no bundle: the report of `verify`, its status, and no synthesis."""
    content = releases[2].read_bytes()
    releases[2].write_bytes(content.replace(b'"payload":"ey', b'"payload":"fy', 1))
    assert synthesise(tmp_path, *releases) == 1
    shown = capsys.readouterr()
    assert "FAILED" in shown.out
    assert "I.cma" not in shown.out
    assert shown.err == "ophamin: 1 of 5 bundles do not verify: nothing was synthesised\n"
    releases[2].write_bytes(content)
    assert main(["synthesise", "I.cma", str(releases[0])]) == 3
    assert synthesise(tmp_path, *releases, tmp_path / "nothing") == 2


def test_series_are_made_of_verified_bundles_only(tmp_path: Path, releases: list[Path]) -> None:
    """A report with a failed step is a caller's mistake."""
    reports = verify_bundle(releases[:1], VerifyOptions(), shipped()).bundles
    with pytest.raises(ValueError, match="expected a verified bundle"):
        series_of(reports)


def test_the_same_draws_are_nothing_to_pool(tmp_path: Path, signer: Signer, capsys: Captured) -> None:
    """Two campaigns of one seed: the second is refused and the status is 1."""
    first = write(tmp_path / "one", small_statements(), signer).path
    other = Suite(evidence=[(claim("test_recall"), bits(100, [1, 2])), (claim("test_precision"), bits(100))])
    second = write(tmp_path / "two", other.statements(), signer).path
    assert synthesise(tmp_path, first, second, "--claim", RECALL) == 1
    shown = capsys.readouterr().out
    assert "nothing to pool: 1 independent proof, 2 are needed" in shown
    assert "refused: 2026-01-31T12:00:00Z demo (c0ffee000000): shares its draws" in shown
    assert "precision" not in shown


@pytest.mark.parametrize(
    ("pillar", "arguments", "message"),
    [
        ("mean", [], "no pillar 'mean' synthesises; those that do: I.cma"),
        ("I.cma", ["--claim", "nobody"], "no bundle has the claim 'nobody'"),
        ("I.cma", ["--pillar", "nobody"], "no installed package has the entry point 'nobody'"),
    ],
)
def test_usage_mistakes(
    tmp_path: Path, releases: list[Path], pillar: str, arguments: list[str], message: str, capsys: Captured
) -> None:
    """A sentence and exit status 2."""
    trusted = ["--trust", str(tmp_path / "key.pem")]
    assert main(["synthesise", pillar, str(releases[0]), *trusted, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_laws_alone_have_no_estimate(tmp_path: Path, signer: Signer, capsys: Captured) -> None:
    """Nothing to synthesise is a usage mistake when no claim was named; named, its omission is told."""
    suite = Suite(evidence=[(law("test_law"), search()), (claim("test_skipped"), None)])
    path = write(tmp_path / "v", suite.statements(), signer).path
    assert synthesise(tmp_path, path) == 2
    assert "no proof with an estimate" in capsys.readouterr().err
    assert synthesise(tmp_path, path, "--claim", "suite/test_filter.py::test_law") == 1
    assert "without an estimate: 2026-01-31T12:00:00Z demo: a law's search" in capsys.readouterr().out


def test_pillars_are_listed_with_role_and_origin(capsys: Captured) -> None:
    """Every shipped pillar once, the corrections, and where they come from."""
    assert main(["pillars", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_name = {(row["name"], row["role"]): row for row in rows}
    assert {(pillar.name, "decides") for pillar in shipped().deciding} <= set(by_name)
    assert {(pillar.name, "diagnoses") for pillar in shipped().diagnosing} <= set(by_name)
    proportion = by_name["proportion", "decides"]
    assert "proportion" in proportion["answers"]
    assert (proportion["distribution"], proportion["entry_point"]) == ("pytest-ophamin", "shipped")
    assert proportion["version"] == importlib.metadata.version("pytest-ophamin")
    assert by_name["I.cma", "synthesises"]["methods"] == ["cma/1"]
    assert "holm" in by_name["M.fwer", "corrects"]["answers"]
    assert "power" in by_name["E.power", "plans"]["answers"]
    assert ("latency", "measures") in by_name


def test_pillars_in_words(capsys: Captured) -> None:
    """Roles first, then the origin; conftest.py files are named as what is not here."""
    assert main(["pillars"]) == 0
    shown = capsys.readouterr().out
    assert "proportion                   decides\n" in shown
    assert "    methods cma/1\n" in shown
    assert "conftest.py" in shown


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with a pillar that leaves a mark when it is imported."""
    site = tmp_path / "site"
    (site / "house_pillars-2.1.dist-info").mkdir(parents=True)
    (site / "house_pillars-2.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: house-pillars\nVersion: 2.1\n"
    )
    (site / "house_pillars-2.1.dist-info" / "entry_points.txt").write_text("[ophamin]\nhouse = house_pillars\n")
    mark = tmp_path / "IMPORTED"
    (site / "house_pillars.py").write_text(
        f"open({str(mark)!r}, 'w').close()\n"
        "from pytest_ophamin.pillars import hookimpl\n"
        "class House:\n    name = 'house-rule'\n    on_request = True\n"
        "    def diagnose(self, claim, sample):\n        return None\n"
        "@hookimpl\ndef ophamin_pillars():\n    return [House()]\n"
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "house_pillars", raising=False)
    return mark


def test_listing_runs_no_foreign_code(foreign: Path, capsys: Captured) -> None:
    """An entry point of another package is named from its metadata; only --load or --pillar imports it."""
    assert main(["pillars"]) == 0
    shown = capsys.readouterr().out
    assert "house                        not loaded\n    from house-pillars 2.1, entry point house" in shown
    assert "Loading a pillar runs its package's code" in shown
    assert not foreign.exists()


@pytest.mark.parametrize("arguments", [["--load"], ["--pillar", "house"]])
def test_loading_is_asked_for(foreign: Path, arguments: list[str], capsys: Captured) -> None:
    """Then its pillars have rows of their own."""
    assert main(["pillars", *arguments]) == 0
    shown = capsys.readouterr().out
    assert "house-rule                   diagnoses on request\n    from house-pillars 2.1, entry point house" in shown
    assert "not loaded" not in shown
    assert foreign.exists()


def test_a_checkout_nobody_installed_has_no_version() -> None:
    """Without metadata the shipped pillars are still listed."""
    rows = {row.name: row for row in pillar_rows(shipped(), [], ["shipped"])}
    assert (rows["mean"].distribution, rows["mean"].version) == ("pytest-ophamin", None)
    odd = Origin(entry_point="x\u202e", target="y", distribution=None, version=None)
    assert [row.role for row in pillar_rows(shipped(), [odd], [])][-1] == "not loaded"
