"""``--repo``: commit, lock blob and ancestry are looked up in a clone the verifier trusts."""

from __future__ import annotations

import dataclasses
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bundles import Forger, Suite, bits, claim, new_signer, small_suite, verify

from pytest_ophamin.claims.lock import read_lock
from pytest_ophamin.records.verify import BundleReport
from pytest_ophamin.substrate import LockHistory, Subject, lock_history, lock_standing


def run(folder: Path, *arguments: str) -> str:
    """Run git as a test author would."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@dataclass
class Project:
    """A repository whose lock registers the small suite, and the bundle of a run at HEAD."""

    top: Path
    forger: Forger
    folder: Path

    def __post_init__(self) -> None:
        self.signer = new_signer()

    def verify(self, **options: Any) -> BundleReport:  # any option
        """Sign what the forger holds and verify it against the repository."""
        path = self.forger.fix_ids().write(self.folder, self.signer)
        return verify(path, self.signer, **{"repo": self.top, **options})

    def caught(self, words: str) -> None:
        """Assert that step 9 fails with ``words``."""
        report = self.verify()
        assert report.failed_step == 9
        assert words in report.steps[8].notes[0]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with three commits: code, lock, code."""
    top = tmp_path / "top"
    (top / "suite").mkdir(parents=True)
    run(top, "init", "-q")
    suite = small_suite()
    lock = top / "suite" / "ophamin.lock"
    for name, text in (("a.py", "1"), ("suite/ophamin.lock", suite.lock), ("a.py", "2")):
        assert text is not None
        (top / name).write_text(text)
        run(top, "add", ".")
        run(top, "commit", "-qm", name)
    return Project(top, Forger.of(at_head(suite, top, lock).statements()), tmp_path / "demo")


def at_head(suite: Suite, top: Path, lock: Path) -> Suite:
    """Return the suite as run at HEAD."""

    def entries(text: str) -> dict[str, str]:
        return {entry.id: entry.digest for entry in read_lock(text).entries}

    head = run(top, "rev-parse", "HEAD")
    history = lock_history(top, lock, entries)
    assert set(history.first.values()) == {run(top, "rev-parse", "HEAD~1")}
    subject = Subject(name="substrate", digest_kind="gitCommit", digest=head, base_commit=head)
    changes = {"subjects": (subject,), "history": history, "lock": lock_standing(top, lock)}
    return dataclasses.replace(suite, changes=changes)


def test_a_true_record_holds(project: Project) -> None:
    """Commit, lock and ancestry exist; without --repo they are named as not checked."""
    report = project.verify()
    assert report.exit_status == 0
    assert not any("ancestry" in name for name in report.not_checked)
    assert any("ancestry" in name for name in project.verify(repo=None).not_checked)


def test_a_sub_folder_or_bare_clone_will_do(project: Project, tmp_path: Path) -> None:
    """Only objects are asked for, no work tree."""
    run(tmp_path, "clone", "-q", "--bare", str(project.top), "bare.git")
    for repo in (project.top / "suite", tmp_path / "bare.git"):
        assert project.verify(repo=repo).exit_status == 0


def test_a_commit_that_does_not_exist(project: Project) -> None:
    """An invented commit."""
    for statement in project.forger.statements:
        invented = [{"name": "substrate", "digest": {"gitCommit": "a" * 40}}]
        statement["subject"] = statement["predicate"]["proof"]["subject"] = invented
        statement["predicate"]["run"]["base_commit"] = "a" * 40
    project.caught("does not exist")


def test_a_base_commit_that_is_not_the_subject(project: Project) -> None:
    """A clean substrate is its own base."""
    project.forger.campaign["run"]["base_commit"] = "a" * 40
    project.caught("not the base commit")


def test_a_lock_that_commit_does_not_hold(project: Project) -> None:
    """The embedded lock was never committed there."""
    first = run(project.top, "rev-list", "--max-parents=0", "HEAD")
    for statement in project.forger.statements:
        subject = [{"name": "substrate", "digest": {"gitCommit": first}}]
        statement["subject"] = statement["predicate"]["proof"]["subject"] = subject
        statement["predicate"]["run"]["base_commit"] = first
    project.caught("does not hold lock blob")


def test_a_path_that_is_not_the_locks(project: Project) -> None:
    """The blob is looked up under the path the record names."""
    project.forger.campaign["proof"]["lock"]["path"] = "a.py"
    project.caught("does not hold lock blob")


def registering(project: Project, commit: str) -> None:
    """Claim that the small suite was registered at ``commit``."""
    run_part = project.forger.campaign["run"]["registering"]
    for name in run_part:
        run_part[name] = commit
        project.forger.proof(name)["run"]["registering_commit"] = commit


def test_a_registering_commit_without_the_entry(project: Project) -> None:
    """Registration cannot be dated back."""
    registering(project, run(project.top, "rev-list", "--max-parents=0", "HEAD"))
    project.caught("does not hold the entry")


def test_a_registering_commit_that_does_not_exist(project: Project) -> None:
    """An invented registering commit."""
    registering(project, "b" * 40)
    project.caught("does not exist")


def test_a_registering_commit_on_another_branch(project: Project) -> None:
    """It must be an ancestor of what was tested."""
    run(project.top, "checkout", "-q", "-b", "side", "HEAD~1")
    (project.top / "b.py").write_text("")
    run(project.top, "add", ".")
    run(project.top, "commit", "-qm", "side")
    registering(project, run(project.top, "rev-parse", "HEAD"))
    project.caught("no ancestor")


def test_a_replaced_object_deceives_nobody(project: Project) -> None:
    """`git replace` shows another object under the same name; it is not asked."""
    first = run(project.top, "rev-list", "--max-parents=0", "HEAD")
    run(project.top, "replace", first, "HEAD~1")
    registering(project, first)
    project.caught("does not hold the entry")


def test_a_folder_without_git(project: Project, tmp_path: Path) -> None:
    """A --repo that is none."""
    (tmp_path / "plain").mkdir()
    report = project.verify(repo=tmp_path / "plain")
    assert report.failed_step == 9
    assert "not in a git work tree" in report.steps[8].notes[0]


def test_a_repository_git_cannot_read(project: Project) -> None:
    """Whatever git refuses, the step says so in its words."""
    (project.top / ".git" / "config").write_text("[[[\n")
    project.caught("--repo top: git rev-parse: fatal: bad config")


def test_a_record_without_git(tmp_path: Path) -> None:
    """A run outside git names no commit, and says so."""
    (tmp_path / "top").mkdir()
    run(tmp_path / "top", "init", "-q")
    subject = Subject(name="substrate", digest_kind="sha256", digest="a" * 64)
    suite = Suite(evidence=[(claim("test_a"), bits(100))], changes={"subjects": (subject,), "history": LockHistory()})
    project = Project(tmp_path / "top", Forger.of(suite.statements()), tmp_path / "demo")
    report = project.verify()
    assert report.exit_status == 0
    assert any("names no commit" in name for name in report.not_checked)
