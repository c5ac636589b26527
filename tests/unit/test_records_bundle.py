"""Writing bundles: atomically, never over an older one, counting every look."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import stat
from pathlib import Path

import pytest
from bundles import Forger, Suite, bits, claim, floats, new_signer, small_statements, small_suite, verify, write

from pytest_ophamin.claims.model import ClaimId
from pytest_ophamin.deciding.outcome import Outcome, Verdict
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.records.build import Statements, build_statements
from pytest_ophamin.records.bundle import write_bundle
from pytest_ophamin.records.keys import Signer
from pytest_ophamin.records.previous import read_previous


def again(folder: Path, suite: Suite) -> Statements:
    """Build the statements of a later run in the same folder."""
    return dataclasses.replace(suite, changes={"previous": read_previous(folder)}).statements()


def run_of(statements: Statements) -> dict[str, object]:
    """Return the campaign's ``run`` part."""
    run: dict[str, object] = json.loads(statements.campaign.payload)["predicate"]["run"]
    return run


def other_suite() -> Suite:
    """The claims of the small suite with other observations."""
    suite = small_suite()
    suite.evidence = [(each, bits(100, [1, 2])) for each, _ in suite.evidence]
    return suite


def test_the_older_bundle_is_renamed_and_linked(tmp_path: Path) -> None:
    """Its name becomes its content's, and the new one names its payload."""
    signer, folder = new_signer(), tmp_path / "demo"
    first = write(tmp_path, small_statements(), signer)
    assert first.renamed is None
    content = first.path.read_bytes()
    statements = again(folder, other_suite())
    second = write(tmp_path, statements, signer)
    assert second.renamed is not None
    assert second.renamed.read_bytes() == content
    assert run_of(statements)["history"] == {"count": 2, "previous": second.renamed.name[65:129]}
    assert verify(folder, signer).exit_status == 0


def test_an_identical_re_run_is_not_a_new_look(tmp_path: Path) -> None:
    """Same ids: the chain grows, the counts do not."""
    signer, folder = new_signer(), tmp_path / "demo"
    write(tmp_path, small_statements(), signer)
    same = again(folder, small_suite())
    assert run_of(same)["history"]["count"] == 1  # type: ignore[index]
    assert set(run_of(same)["runs"].values()) == {1}  # type: ignore[attr-defined]
    write(tmp_path, same, signer)
    other = again(folder, other_suite())
    assert run_of(other)["history"]["count"] == 2  # type: ignore[index]
    assert set(run_of(other)["runs"].values()) == {2}  # type: ignore[attr-defined]


def test_claims_that_are_gone_keep_their_counts(tmp_path: Path) -> None:
    """A withdrawn claim's looks are not forgotten."""
    write(tmp_path, small_statements(), new_signer())
    suite = small_suite()
    suite.evidence.pop()
    runs = run_of(again(tmp_path / "demo", suite))["runs"]
    assert runs == {f"suite/test_filter.py::test_{name}": 1 for name in ("recall", "precision")}


def test_a_claim_not_tested_is_no_look(tmp_path: Path) -> None:
    """Being planned is not being run."""
    suite = Suite(evidence=[(claim("test_a"), None), (claim("test_b"), bits(100))])
    assert run_of(suite.statements())["runs"] == {"suite/test_filter.py::test_a": 0, "suite/test_filter.py::test_b": 1}


def test_an_unsigned_run_counts_as_a_look(tmp_path: Path) -> None:
    """Signing only the best of several unsigned runs leaves a trace, and the chain links signed bundles only."""
    signer, folder = new_signer(), tmp_path / "demo"
    signed = write(tmp_path, small_statements(), signer)
    draft = write(tmp_path, again(folder, other_suite()), None)
    assert draft.path.name == "campaign.unsigned.jsonl"
    third = small_suite()
    third.evidence = [(each, bits(100, [7])) for each, _ in third.evidence]
    statements = again(folder, third)
    assert run_of(statements)["history"]["count"] == 3  # type: ignore[index]
    written = write(tmp_path, statements, signer)
    assert written.renamed is not None
    assert run_of(statements)["history"]["previous"] == written.renamed.name[65:129]  # type: ignore[index]
    assert verify(signed.path, signer).exit_status == 0
    assert verify(folder, signer).exit_status == 0
    redraft = write(tmp_path, again(folder, other_suite()), None)
    assert redraft.renamed is not None
    assert redraft.renamed.name.endswith(".unsigned.jsonl")


@pytest.mark.parametrize("content", [b"", b"rubbish\n", b"{}\n", b'{"payload":"e30="}\n', b"[" * 100_000])
def test_a_file_that_is_no_bundle_is_kept(tmp_path: Path, content: bytes) -> None:
    """Whatever lies in the way is moved aside under a name no search finds, and says nothing about history."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "campaign.intoto.jsonl").write_bytes(content)
    assert read_previous(folder) is None
    signer = new_signer()
    written = write(tmp_path, small_statements(), signer)
    assert written.renamed is not None
    assert written.renamed.suffix == ".kept"
    assert written.renamed.read_bytes() == content
    assert verify(folder, signer).exit_status == 0


def test_a_forged_id_cannot_name_a_path(tmp_path: Path) -> None:
    """An older bundle's id becomes part of a file name only if it is a digest."""
    signer = new_signer()
    forger = Forger.of(small_statements())
    forger.campaign["derived"]["id"] = "../../x"
    forger.write(tmp_path / "demo", signer)
    written = write(tmp_path, small_statements(), signer)
    assert written.renamed is not None
    assert written.renamed.parent == tmp_path / "demo"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo"]


def test_a_one_session_key_leaves_its_public_half(tmp_path: Path) -> None:
    """Only the public half, and only for a key nobody else has."""
    signer = new_signer()
    written = write(tmp_path, small_statements(), signer)
    assert written.session_key is not None
    assert written.session_key.read_bytes() == signer.public_pem
    user = write_bundle(tmp_path / "user", small_statements(), dataclasses.replace(signer, source="user"))
    assert user.session_key is None
    assert [path.name for path in (tmp_path / "user").iterdir()] == ["campaign.intoto.jsonl"]


def test_an_older_bundle_keeps_its_session_key(tmp_path: Path) -> None:
    """Every one-session key lies beside the bundle it verifies, whoever signs the next one."""
    folder = tmp_path / "demo"
    signers = [new_signer(), dataclasses.replace(new_signer(), source="user"), new_signer(), new_signer()]
    bundles: dict[Path | None, Signer] = {}
    for number, signer in enumerate(signers):
        suite = small_suite()
        suite.evidence = [(each, bits(100, [number])) for each, _ in suite.evidence]
        written = write(tmp_path, again(folder, suite), signer)
        bundles = {written.renamed if path == written.path else path: key for path, key in bundles.items()}
        bundles[written.path] = signer
    for path, signer in bundles.items():
        assert path is not None
        key = folder / "session-key.pub.pem"
        key = key if path.name == "campaign.intoto.jsonl" else path.with_name(f"{path.name[:129]}.pub.pem")
        assert key.is_file() == (signer.source == "session")
        assert not key.is_file() or key.read_bytes() == signer.public_pem
    assert verify(folder, *signers).exit_status == 0


@pytest.mark.parametrize("count", ["Infinity", "1e400", "-1", "9007199254740991", "true", '"2"', "1.5", "null"])
def test_a_forged_count_is_not_counted_on(tmp_path: Path, count: str) -> None:
    """The older bundle is read before anybody verifies it: what cannot be counted on from says nothing."""
    payload = small_statements().campaign.payload
    for member in (b'"count":1', b'"suite/test_filter.py::test_recall":1'):
        forged = payload.replace(member, member[:-1] + count.encode())
        assert forged != payload
        line = json.dumps({"payload": base64.b64encode(forged).decode()})
        (tmp_path / "campaign.intoto.jsonl").write_text(line + "\n")
        assert read_previous(tmp_path) is None


def test_bundles_are_readable_and_no_scratch_file_stays(tmp_path: Path) -> None:
    """Written beside, then renamed."""
    written = write(tmp_path, small_statements(), new_signer())
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o644
    assert all(not path.name.startswith(".") for path in written.path.parent.iterdir())


def test_a_failed_write_leaves_the_old_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk costs nothing that was there."""
    first = write(tmp_path, small_statements(), new_signer())
    content = first.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, small_statements(), new_signer())
    assert first.path.read_bytes() == content
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [first.path.name, "session-key.pub.pem"]


def test_large_samples_lie_beside_the_bundle(tmp_path: Path) -> None:
    """Above 1 MiB a column is a file named by its digest; at 1 MiB it is not."""
    at, above = 1 << 17, (1 << 17) + 1
    statements = Suite(
        evidence=[
            (claim("test_at", metric="median", threshold=0.5, trials=at), floats(at, 1)),
            (claim("test_above", metric="median", threshold=0.5, trials=above), floats(above, 2)),
        ]
    ).statements()
    signer = new_signer()
    written = write(tmp_path, statements, signer)
    files = list((written.path.parent / "observations").iterdir())
    assert [file.stem for file in files] == list(statements.sidecars)
    assert files[0].stat().st_size == 8 * above
    assert verify(written.path, signer).exit_status == 0
    files[0].write_bytes(b"damaged")
    assert write(tmp_path, statements, signer).path.is_file()
    assert verify(written.path, signer).exit_status == 0


def test_a_decided_claim_needs_evidence() -> None:
    """A verdict without observations cannot become a record."""

    def drop(outcome: Outcome) -> Outcome:
        return dataclasses.replace(outcome, evidence=None)

    suite = dataclasses.replace(small_suite(), outcome_changes=drop)
    with pytest.raises(EvidenceError, match="without evidence"):
        suite.statements()


def test_an_outcome_outside_the_campaign_is_an_error() -> None:
    """Outcomes and campaign belong together."""
    from pytest_ophamin.deciding.campaign import decide_campaign

    suite = small_suite()
    outcomes = suite.outcomes()
    campaign = decide_campaign("demo", outcomes, {"campaign": ("holm", 0.05)})
    with pytest.raises(KeyError):
        build_statements(campaign, outcomes[:1], suite.context())


def test_a_node_id_with_a_lone_surrogate_is_refused() -> None:
    """What has no UTF-8 form cannot be signed, and the message says where it stands."""
    odd = claim("test_x", id=ClaimId("suite/test_\udce4.py::x"))
    with pytest.raises(EvidenceError, match="lone surrogate"):
        Suite(evidence=[(odd, None)]).statements()


def test_every_outcome_has_a_proof() -> None:
    """Nothing vanishes: also what was never tested has one."""
    suite = Suite(evidence=[(claim("test_a"), None)])
    (proof,) = suite.statements().proofs
    assert json.loads(proof.payload)["predicate"]["proof"]["verdict"] == Verdict.NOT_TESTED
