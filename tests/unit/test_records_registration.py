"""Step 9 beyond the listed forgeries: broken locks, withdrawn claims, families out of scope. Steps 8, 12, 13 too."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
from bundles import (
    COMMIT,
    Forger,
    Suite,
    bits,
    claim,
    full_statements,
    new_signer,
    small_statements,
    small_suite,
    verify,
)

from pytest_ophamin._canonical import digest_of, sha256_hex
from pytest_ophamin.claims.lock import lock_text, read_lock
from pytest_ophamin.records.keys import Signer
from pytest_ophamin.records.verify import BundleReport, VerifyOptions, verify_bundle
from pytest_ophamin.substrate import LockStanding, Subject


@pytest.fixture
def signer() -> Signer:
    """A trusted key."""
    return new_signer()


def checked(forger: Forger, folder: Path, signer: Signer, **options: object) -> BundleReport:
    """Sign and verify."""
    return verify(forger.write(folder / "demo", signer), signer, **options)


def relocked(forger: Forger, text: str, *, committed: bool = True) -> Forger:
    """Put another lock into a campaign, with everything that binds it."""
    blob = hashlib.sha1(b"blob %d\0%b" % (len(text.encode()), text.encode()), usedforsecurity=False).hexdigest()
    part = forger.campaign["proof"]["lock"]
    part["sha256"], part["blob"] = sha256_hex(text.encode()), blob if committed else None
    part["committed"], part["reason"] = committed, None if committed else "ophamin.lock is modified"
    forger.campaign["data"]["lock"] = text
    forger.campaign["proof"]["data"] = digest_of(forger.campaign["data"])
    for statement in forger.statements[1:]:
        registration = statement["predicate"]["proof"]["registration"]
        if registration["lock_blob"] is not None:
            registration["lock_blob"] = part["blob"]
    return forger.fix_ids()


def test_a_lock_that_cannot_be_read(tmp_path: Path, signer: Signer) -> None:
    """A committed lock is a lock."""
    report = checked(relocked(Forger.of(small_statements()), "[[claim]]\n"), tmp_path, signer)
    assert report.failed_step == 9
    assert "cannot be read" in report.steps[8].notes[0]


def test_a_modified_lock_need_not_be_readable(tmp_path: Path, signer: Signer) -> None:
    """A broken working file is one more reason why its claims are unregistered."""
    standing = LockStanding(committed=False, reason="ophamin.lock is modified", text="[[claim]]\n", path="ophamin.lock")
    suite = Suite(evidence=[(claim("test_a"), bits(100))], changes={"lock": standing})
    forger = Forger.of(suite.statements())
    forger.proof("test_a")["derived"]["reason"] = standing.reason
    assert checked(forger, tmp_path, signer).exit_status == 0


def test_a_plan_registered_after_the_run(tmp_path: Path, signer: Signer) -> None:
    """A lock with a looser plan put into the record makes its claim amended."""
    text = Suite(evidence=[], registered=[claim("test_recall", threshold=0.5), claim("test_precision")]).lock
    assert text is not None
    report = checked(relocked(Forger.of(small_statements()), text), tmp_path, signer)
    assert report.failed_step == 9
    assert "is amended against the embedded lock" in report.steps[8].notes[0]


def test_withdrawn_claims_are_listed(tmp_path: Path, signer: Signer) -> None:
    """A withdrawn claim is no member, and must be named."""
    lock = read_lock(small_suite().lock or "")
    entries = tuple(dataclasses.replace(entry, withdrawn=entry.id.endswith("precision")) for entry in lock.entries)
    suite = small_suite()
    suite.evidence = suite.evidence[:1]
    forger = Forger.of(suite.statements())
    relocked(forger, lock_text(dataclasses.replace(lock, entries=entries)))
    assert checked(forger, tmp_path, signer).failed_step == 9
    forger.campaign["proof"]["withdrawn"] = ["suite/test_filter.py::test_precision"]
    assert checked(forger.fix_ids(), tmp_path, signer).exit_status == 0


def test_a_family_nobody_collected_is_out_of_scope(tmp_path: Path, signer: Signer) -> None:
    """It must be named, and only it."""
    other = claim("test_other", family="elsewhere")
    suite = small_suite()
    suite.registered = [*(each for each, _ in suite.evidence), other]
    forger = Forger.of(suite.statements())
    assert checked(forger, tmp_path, signer).failed_step == 9
    forger.campaign["proof"]["out_of_scope"] = ["elsewhere"]
    assert checked(forger.fix_ids(), tmp_path, signer).exit_status == 0
    forger.campaign["proof"]["out_of_scope"] = ["campaign", "elsewhere"]
    assert checked(forger.fix_ids(), tmp_path, signer).failed_step == 9


def test_out_of_scope_needs_a_lock(tmp_path: Path, signer: Signer) -> None:
    """Without a lock no family can be out of scope."""
    forger = Forger.of(Suite(evidence=[(claim("test_a"), bits(100))]).statements())
    forger.campaign["proof"]["out_of_scope"] = ["campaign"]
    assert checked(forger.fix_ids(), tmp_path, signer).failed_step == 9


@pytest.mark.parametrize(("name", "value"), [("mystery", 1), ("relation", "near"), ("alpha", "high"), ("data", {})])
def test_a_document_that_is_no_claim(tmp_path: Path, signer: Signer, name: str, value: object) -> None:
    """Every digest made true again, it still is not a plan this version knows."""
    forger = Forger.of(Suite(evidence=[(claim("test_a"), bits(100))]).statements())
    forger.proof("test_a")["proof"]["claim"]["document"][name] = value
    assert checked(forger.fix_claims().fix_ids(), tmp_path, signer).failed_step == 9


def test_a_member_with_another_digest(tmp_path: Path, signer: Signer) -> None:
    """Campaign and proof speak of the same claim."""
    forger = Forger.of(small_statements())
    forger.member("test_recall")["digest"] = "a" * 64
    assert checked(forger.fix_ids(), tmp_path, signer).failed_step == 9


def test_the_seed_policy_commit_uses_the_substrate(tmp_path: Path, signer: Signer) -> None:
    """Draws that depend on the commit follow from the commit in the record."""
    suite = Suite(evidence=[(claim("test_a", seed_policy="commit"), bits(100))])
    forger = Forger.of(suite.statements())
    assert checked(forger, tmp_path, signer).exit_status == 0
    for statement in forger.statements:
        other = [{"name": "substrate", "digest": {"gitCommit": "d" * 40}}]
        statement["subject"] = statement["predicate"]["proof"]["subject"] = other
        statement["predicate"]["run"]["base_commit"] = "d" * 40
    assert checked(forger.fix_ids(), tmp_path, signer).failed_step == 9


def test_a_dirty_tree_is_not_the_commit_asked_for(tmp_path: Path, signer: Signer) -> None:
    """--commit is about a clean tree."""
    subject = Subject(name="substrate", digest_kind="gitTree", digest="e" * 40, base_commit=COMMIT)
    suite = dataclasses.replace(small_suite(), changes={"subjects": (subject,)})
    report = checked(Forger.of(suite.statements()), tmp_path, signer, commit=COMMIT)
    assert (report.failed_step, report.exit_status) == (8, 1)
    assert "gitTree" in report.steps[7].notes[0]


def test_artifacts_are_subjects(tmp_path: Path, signer: Signer) -> None:
    """--subject is met by an artifact the record names."""
    artifact = Subject(name="filter.whl", digest_kind="sha256", digest=sha256_hex(b"wheel"), binding="declared")
    suite = small_suite()
    suite.changes = {"subjects": (*suite.context().subjects, artifact)}
    report = checked(Forger.of(suite.statements()), tmp_path, signer, subject=sha256_hex(b"wheel"))
    assert report.exit_status == 0


def test_a_line_of_another_campaigns_name(tmp_path: Path, signer: Signer) -> None:
    """Every line is of the campaign it stands in."""
    forger = Forger.of(small_statements())
    forger.proof("test_recall")["run"]["campaign"] = "other"
    assert checked(forger, tmp_path, signer).failed_step == 8


def test_two_bundles_that_follow_one(tmp_path: Path, signer: Signer) -> None:
    """A fork: the same past with two presents."""
    folder, names = tmp_path / "demo", []
    first = Forger.of(small_statements())
    previous = digest_of_payload(first)
    names.append((first, previous))
    for policy in ("fail", "skip"):
        forger = Forger.of(small_statements())
        forger.campaign["proof"]["inconclusive"] = policy
        forger.campaign["run"]["history"] = {"count": 2, "previous": previous}
        names.append((forger.fix_ids(), digest_of_payload(forger)))
    for forger, payload in names:
        name = f"{forger.campaign['derived']['id']}-{payload}.intoto.jsonl"
        forger.write(folder, signer, name=name)
    from bundles import shipped, trust

    report = verify_bundle([folder], VerifyOptions(trust=trust(signer)), shipped())
    assert sorted(str(bundle.failed_step) for bundle in report.bundles) == ["13", "None", "None"]


def digest_of_payload(forger: Forger) -> str:
    """Return what a successor names as ``previous``."""
    return digest_of(forger.statements[0])


@pytest.mark.parametrize("edit", ["order", "missing", "numbers", "conceded"])
def test_families_rearranged(tmp_path: Path, signer: Signer, edit: str) -> None:
    """Families and members stand in their order, each with its numbers."""
    forger = Forger.of(full_statements())
    families, numbers = forger.campaign["proof"]["families"], forger.campaign["derived"]["families"]
    if edit == "order":
        families.reverse()
    elif edit == "missing":
        numbers.pop()
    elif edit == "numbers":
        numbers[0]["members"].reverse()
    else:
        numbers[0]["members"][0]["conceded"] = True
    assert checked(forger.fix_ids(), tmp_path, signer).failed_step == 12


def test_a_finding_of_the_campaign_invented(tmp_path: Path, signer: Signer) -> None:
    """The warning about dependent claims stands only where the correction asks for it."""
    forger = Forger.of(small_statements())
    proof = forger.proof("test_recall")
    finding = {"pillar": "campaign", "method": "shared-sample/1", "status": "warn", "message": "x", "numbers": {}}
    proof["derived"]["findings"].insert(0, finding)
    proof["proof"]["methods"]["diagnosing"].insert(0, {"pillar": "campaign", "method": "shared-sample/1"})
    assert checked(forger.fix_ids(), tmp_path, signer).failed_step == 12
