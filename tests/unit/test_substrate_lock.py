"""What git says about the lock: is the plan in force the committed one, since when, and how often was it revised?"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_ophamin.substrate import display_path, lock_history, lock_standing, scenario_files
from pytest_ophamin.substrate.files import OUTSIDE


def run(folder: Path, *arguments: str) -> str:
    """Run git as a test author would."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A committed lock in a rootdir below the top of its repository."""
    folder = tmp_path / "top" / "suite"
    folder.mkdir(parents=True)
    run(folder, "init", "-q")
    (folder / "ophamin.lock").write_text("a=1\n")
    run(folder, "add", ".")
    run(folder, "commit", "-qm", "one")
    return folder / "ophamin.lock"


def entries(text: str) -> Mapping[str, str]:
    """Read ``name=digest`` lines; a stand-in for the real lock."""
    if "broken" in text:
        raise ValueError(text)
    return dict(line.split("=") for line in text.splitlines())


def commit(lock: Path, text: str) -> str:
    """Commit a new text and return the commit."""
    lock.write_text(text)
    run(lock.parent, "commit", "-qam", "next")
    return run(lock.parent, "rev-parse", "HEAD")


def test_a_committed_lock(lock: Path) -> None:
    """The blob of HEAD, under its path from the top of the work tree."""
    standing = lock_standing(lock.parent, lock)
    assert standing.committed
    assert standing.blob == run(lock.parent, "rev-parse", "HEAD:./ophamin.lock")
    assert (standing.text, standing.reason) == ("a=1\n", None)
    assert standing.path == run(lock.parent, "rev-parse", "--show-prefix") + "ophamin.lock"
    assert standing.head == run(lock.parent, "rev-parse", "HEAD")


@pytest.mark.parametrize("hide", [None, "--assume-unchanged", "--skip-worktree"])
def test_a_modified_lock(lock: Path, hide: str | None) -> None:
    """An edit is seen however git is told to look away."""
    if hide:
        run(lock.parent, "update-index", hide, "ophamin.lock")
    lock.write_text("a=2\n")
    standing = lock_standing(lock.parent, lock)
    assert (standing.committed, standing.reason, standing.blob) == (False, "ophamin.lock is modified", None)


def test_git_is_not_quoted(lock: Path) -> None:
    """A reason enters the record, and git's own words name places of this machine."""
    run(lock.parent, "config", "filter.odd.clean", "cat /nowhere/at/all")
    run(lock.parent, "config", "filter.odd.required", "true")
    (lock.parent / ".gitattributes").write_text("ophamin.lock filter=odd\n")
    standing = lock_standing(lock.parent, lock)
    assert standing.reason == "git cannot compare ophamin.lock with HEAD (exit status 128)"


def test_a_staged_lock_is_not_committed(lock: Path) -> None:
    """The index is not HEAD."""
    lock.write_text("a=2\n")
    run(lock.parent, "add", ".")
    assert lock_standing(lock.parent, lock).reason == "ophamin.lock is modified"


def test_an_untracked_or_absent_lock(lock: Path) -> None:
    """Neither is a plan."""
    other = lock.with_name("other.lock")
    assert lock_standing(lock.parent, other).reason == "there is no other.lock"
    other.write_text("a=1\n")
    assert lock_standing(lock.parent, other).reason == "other.lock is not committed"


def test_a_lock_without_git(tmp_path: Path) -> None:
    """Without git nothing is committed."""
    (tmp_path / "ophamin.lock").write_text("a=1\n")
    standing = lock_standing(tmp_path, tmp_path / "ophamin.lock")
    assert (standing.committed, standing.reason) == (False, "not in a git work tree")
    assert lock_history(tmp_path, tmp_path / "ophamin.lock", entries).first == {}


def test_first_commits_and_revisions(lock: Path) -> None:
    """Each entry has the first commit that holds it; revisions follow the claim's id."""
    one = run(lock.parent, "rev-parse", "HEAD")
    two = commit(lock, "a=1\nb=1\n")
    three = commit(lock, "a=2\nb=1\n")
    commit(lock, "broken")
    commit(lock, "b=1\n")
    commit(lock, "a=1\nb=1\n")
    history = lock_history(lock.parent, lock, entries)
    assert history.first == {("a", "1"): one, ("b", "1"): two, ("a", "2"): three}
    assert (history.revisions.get("a", 0), history.revisions.get("b", 0)) == (2, 0)


def test_a_lock_that_was_deleted_for_a_while(lock: Path) -> None:
    """A commit without the file holds no entry."""
    run(lock.parent, "rm", "-q", "ophamin.lock")
    run(lock.parent, "commit", "-qm", "gone")
    lock.write_text("a=1\n")
    run(lock.parent, "add", ".")
    run(lock.parent, "commit", "-qm", "back")
    history = lock_history(lock.parent, lock, entries)
    assert history.first == {("a", "1"): run(lock.parent, "rev-list", "--max-parents=0", "HEAD")}


def test_an_entry_registered_on_a_branch(lock: Path) -> None:
    """The first commit is the one on the branch, not the merge; a merge is one revision."""
    main = run(lock.parent, "rev-parse", "--abbrev-ref", "HEAD")
    run(lock.parent, "checkout", "-qb", "side")
    commit(lock, "a=2\n")
    side = commit(lock, "a=3\n")
    run(lock.parent, "checkout", "-q", main)
    (lock.parent / "x").write_text("x")
    run(lock.parent, "add", ".")
    run(lock.parent, "commit", "-qm", "x")
    run(lock.parent, "merge", "-q", "--no-ff", "side")
    history = lock_history(lock.parent, lock, entries)
    assert history.first["a", "3"] == side
    assert history.revisions["a"] == 1


def test_a_shallow_clone_knows_no_history(lock: Path, tmp_path: Path) -> None:
    """Registered, history unknown."""
    commit(lock, "a=2\n")
    top = run(lock.parent, "rev-parse", "--show-toplevel")
    run(tmp_path, "clone", "-q", "--depth=1", f"file://{top}", "clone")
    clone = tmp_path / "clone" / lock.relative_to(top)
    assert lock_standing(clone.parent, clone).committed
    assert lock_history(clone.parent, clone, entries).first == {}


def test_line_endings_of_a_checkout_are_no_edit(lock: Path, tmp_path: Path) -> None:
    """A checkout that converts line ends still holds the committed blob, and the blob's text is embedded."""
    top = run(lock.parent, "rev-parse", "--show-toplevel")
    (Path(top) / ".gitattributes").write_text("*.lock text eol=crlf\n")
    run(lock.parent, "add", "--all", top)
    run(lock.parent, "commit", "-qm", "attributes")
    lock.unlink()
    run(lock.parent, "checkout", "-q", "--", "ophamin.lock")
    assert lock.read_bytes() == b"a=1\r\n"
    standing = lock_standing(lock.parent, lock)
    assert (standing.committed, standing.text) == (True, "a=1\n")


def test_paths_tell_nothing_about_the_machine(tmp_path: Path) -> None:
    """A path outside rootdir keeps its last name only."""
    assert display_path(tmp_path / "root" / "a" / "b.py", tmp_path / "root") == "a/b.py"
    assert display_path(tmp_path / "home" / "b.py", tmp_path / "root") == f"{OUTSIDE}/b.py"


def test_scenario_files_are_the_module_and_its_conftests(tmp_path: Path) -> None:
    """Outermost conftest first, none from above rootdir."""
    folder = tmp_path / "root" / "a" / "b"
    folder.mkdir(parents=True)
    for conftest in (tmp_path / "conftest.py", tmp_path / "root" / "conftest.py", folder / "conftest.py"):
        conftest.write_text("")
    (folder / "test_x.py").write_text("X = 1\n")
    files = scenario_files(tmp_path / "root", folder / "test_x.py")
    assert files.module.path == "a/b/test_x.py"
    assert [entry.path for entry in files.conftests] == ["conftest.py", "a/b/conftest.py"]
