"""Which source was tested: a clean commit by its id, anything else by the tree's own id, and nothing is written."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from pytest_ophamin.errors import UsageError
from pytest_ophamin.substrate import GitProblem, artifact_subject, read_subject
from pytest_ophamin.substrate.git import NoRepository, git


def run(folder: Path, *arguments: str) -> str:
    """Run git as a test author would."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit, a package and a rootdir that is not its top."""
    top = tmp_path / "top"
    (top / "suite").mkdir(parents=True)
    (top / "suite" / "test_a.py").write_text("A = 1\n")
    (top / "lib.py").write_text("B = 1\n")
    run(top, "init", "-q")
    run(top, "add", ".")
    run(top, "commit", "-qm", "one")
    return top


def state_of(top: Path) -> dict[str, bytes]:
    """Return every file of the repository's own folder."""
    return {str(path): path.read_bytes() for path in (top / ".git").rglob("*") if path.is_file()}


def test_a_clean_tree_is_its_commit(repo: Path) -> None:
    """HEAD names a tree that differs in nothing."""
    subject = read_subject(repo / "suite")
    assert (subject.digest_kind, subject.digest) == ("gitCommit", run(repo, "rev-parse", "HEAD"))
    assert subject.base_commit == subject.digest


@pytest.mark.parametrize("change", ["edit", "add", "delete", "stage", "mode"])
def test_a_dirty_tree_is_never_its_commit(repo: Path, change: str) -> None:
    """Any difference makes the subject the work tree's own id, and the repository is not written to."""
    if change in ("edit", "stage"):
        (repo / "lib.py").write_text("B = 2\n")
    if change == "stage":
        run(repo, "add", ".")
    if change == "add":
        (repo / "suite" / "test_b.py").write_text("")
    if change == "delete":
        (repo / "lib.py").unlink()
    if change == "mode":
        (repo / "lib.py").chmod(0o755)
    before = state_of(repo)
    subject = read_subject(repo / "suite")
    assert state_of(repo) == before
    assert subject.digest_kind == "gitTree"
    assert subject.base_commit == run(repo, "rev-parse", "HEAD")
    run(repo, "add", "--all")
    assert subject.digest == run(repo, "write-tree")


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_hidden_edit_is_seen(repo: Path, flag: str) -> None:
    """Git can be told to look away from a file; the substrate is what is on disk."""
    run(repo, "update-index", flag, "lib.py")
    assert read_subject(repo).digest_kind == "gitCommit"
    (repo / "lib.py").write_text("B = 3\n")
    assert run(repo, "status", "--porcelain") == ""
    before = state_of(repo)
    assert read_subject(repo).digest_kind == "gitTree"
    assert state_of(repo) == before


@pytest.mark.parametrize("flag", [None, "--assume-unchanged", "--skip-worktree"])
def test_an_edit_within_the_second_of_the_commit_is_seen(repo: Path, flag: str | None) -> None:
    """Size and time of an edited file may be those the index remembers: then its content decides."""
    run(repo, "config", "core.trustctime", "false")
    second = (repo / "lib.py").stat().st_mtime_ns
    if flag is not None:
        run(repo, "update-index", flag, "lib.py")
    (repo / "lib.py").write_text("B = 4\n")
    for path in (repo / "lib.py", repo / ".git" / "index"):
        os.utime(path, ns=(second, second))
    assert read_subject(repo).digest_kind == "gitTree"


def test_outputs_and_caches_are_no_dirt(repo: Path) -> None:
    """What the session itself writes does not change what it tests."""
    for name in ("__pycache__", ".pytest_cache", ".hypothesis", "suite/__pycache__", "suite/proofs/campaign"):
        (repo / name).mkdir(parents=True)
        (repo / name / "x").write_text("x")
    assert read_subject(repo / "suite").digest_kind == "gitTree"
    assert read_subject(repo / "suite", [repo / "suite" / "proofs"]).digest_kind == "gitCommit"


def test_committed_outputs_that_change_are_no_dirt(repo: Path) -> None:
    """A tracked bundle that is rewritten, even staged, leaves the tree clean."""
    (repo / "proofs").mkdir()
    (repo / "proofs" / "bundle").write_text("1")
    run(repo, "add", ".")
    run(repo, "commit", "-qm", "two")
    (repo / "proofs" / "bundle").write_text("2")
    (repo / "proofs" / "new").write_text("2")
    assert read_subject(repo, [repo / "proofs"]).digest_kind == "gitCommit"
    run(repo, "add", ".")
    assert read_subject(repo, [repo / "proofs"]).digest_kind == "gitCommit"


def test_ignored_files_are_no_dirt(repo: Path) -> None:
    """What .gitignore names belongs to no commit."""
    (repo / ".gitignore").write_text("*.log\n")
    run(repo, "add", ".")
    run(repo, "commit", "-qm", "ignore")
    (repo / "a.log").write_text("x")
    assert read_subject(repo).digest_kind == "gitCommit"


def test_before_the_first_commit(tmp_path: Path) -> None:
    """A repository without commits has a tree and no base commit."""
    (tmp_path / "a.py").write_text("")
    run(tmp_path, "init", "-q")
    subject = read_subject(tmp_path)
    assert (subject.digest_kind, subject.base_commit) == ("gitTree", None)


def test_odd_file_names(repo: Path) -> None:
    """Spaces, quotes, pathspec magic and non-ASCII names are files like others."""
    for name in ("a b", ":(top)x", "qu'ote", "ü", "-dash", "*"):
        (repo / name).write_text("x")
    assert read_subject(repo).digest_kind == "gitTree"
    run(repo, "add", "--all")
    run(repo, "commit", "-qm", "odd")
    run(repo, "update-index", "--assume-unchanged", "ü")
    assert read_subject(repo).digest_kind == "gitCommit"


def test_a_session_started_from_a_git_hook(repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """GIT_DIR and GIT_INDEX_FILE of the caller name another repository."""
    other = tmp_path / "other"
    other.mkdir()
    run(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert read_subject(repo).digest_kind == "gitCommit"


def test_a_dirty_submodule(repo: Path, tmp_path: Path) -> None:
    """Uncommitted work in a submodule makes the tree not clean."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "x.py").write_text("")
    run(library, "init", "-q")
    run(library, "add", ".")
    run(library, "commit", "-qm", "x")
    run(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "lib")
    run(repo, "commit", "-qm", "submodule")
    assert read_subject(repo).digest_kind == "gitCommit"
    (repo / "lib" / "x.py").write_text("y")
    assert read_subject(repo).digest_kind == "gitTree"


def test_a_linked_work_tree(repo: Path, tmp_path: Path) -> None:
    """A work tree made by `git worktree` has its own index elsewhere."""
    run(repo, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert read_subject(tmp_path / "linked").digest_kind == "gitCommit"
    (tmp_path / "linked" / "lib.py").write_text("B = 9\n")
    assert read_subject(tmp_path / "linked").digest_kind == "gitTree"


def test_without_git_the_manifest_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside any repository the Python files are the substrate; caches, environments and outputs are not."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "test_a.py").write_text("A = 1\n")
    first = read_subject(tmp_path)
    assert (first.digest_kind, len(first.digest), first.base_commit) == ("sha256", 64, None)
    for name in ("__pycache__", ".venv", "environment", "proofs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "b.py").write_text("")
    (tmp_path / "environment" / "pyvenv.cfg").write_text("")
    (tmp_path / "notes.txt").write_text("x")
    assert read_subject(tmp_path, [tmp_path / "proofs"]) == first
    assert read_subject(tmp_path, [tmp_path / "proofs"], packages=[tmp_path / "notes.txt"]).digest != first.digest
    (tmp_path / "test_a.py").write_text("A = 2\n")
    assert read_subject(tmp_path, [tmp_path / "proofs"]).digest != first.digest


def test_git_missing_is_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git on PATH there is no repository, and no traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoRepository, match="git is not installed"):
        git("rev-parse", "HEAD", cwd=tmp_path)


def test_git_errors_are_its_own_words(repo: Path) -> None:
    """What git refuses is told in one line."""
    with pytest.raises(GitProblem, match=r"git cat-file: fatal: Not a valid object name nothing"):
        git("cat-file", "-t", "nothing", cwd=repo)


def test_a_folder_git_does_not_trust(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository of another owner is told with the command that mends it."""
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda *a, **k: subprocess.CompletedProcess(a, 128, b"", b"fatal: detected dubious ownership in repository"),
    )
    with pytest.raises(GitProblem, match=r"safe\.directory"):
        read_subject(repo)


def test_git_that_hangs_is_given_up(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that does not answer ends with a sentence."""

    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("git", 1.0)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(GitProblem, match="took longer"):
        git("status", cwd=repo)


def test_an_artifact_is_declared_unless_it_is_what_is_installed(tmp_path: Path) -> None:
    """A file is bound to the tested code only when its content is the installed distribution's."""
    wheel = tmp_path / "pluggy-0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pluggy/__init__.py", "other")
    subject = artifact_subject(wheel)
    assert (subject.name, subject.binding) == (wheel.name, "declared")
    assert subject.digest == hashlib.sha256(wheel.read_bytes()).hexdigest()
    import pluggy

    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(pluggy.__file__, "pluggy/__init__.py")
    assert artifact_subject(wheel).binding == "installed"
    unknown = tmp_path / "nobody_has_this-1-py3-none-any.whl"
    os.link(wheel, unknown)
    assert artifact_subject(unknown).binding == "declared"
    with pytest.raises(UsageError, match="readable file"):
        artifact_subject(tmp_path / "missing.whl")
