"""The code of another revision: found by any name it has, checked out, and taken away whatever happened to it."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_ophamin.comparing.revision import checked_out, find_commit, git_top
from pytest_ophamin.errors import UsageError


def git(folder: Path, *arguments: str) -> str:
    """Run git as a user would."""
    identity = ("-c", "user.name=unit", "-c", "user.email=unit@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository of three commits on main, cloned with its branch `topic` alone."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q")
    for number in range(3):
        (origin / "file.txt").write_text(str(number))
        git(origin, "add", ".")
        git(origin, "commit", "-qm", str(number))
    git(origin, "branch", "topic", "HEAD~2")
    git(tmp_path, "clone", "-q", "--single-branch", "--branch=topic", str(origin), "clone")
    return tmp_path / "clone"


def notes(top: Path) -> list[str]:
    """Return what git notes of worktrees beside the main one."""
    return [line for line in git(top, "worktree", "list").splitlines()[1:] if line]


def test_a_branch_is_found_under_the_remotes_name(top: Path) -> None:
    """Once fetched, a branch nobody checked out here is a revision; before, the message says how to fetch it."""
    with pytest.raises(UsageError, match="there is no such commit, tag or branch here: run `git fetch --tags origin"):
        find_commit(top, "main")
    git(top, "fetch", "-q", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
    assert find_commit(top, "main") == find_commit(top, "origin/main")
    assert find_commit(top, "topic") == find_commit(top, "HEAD") == git(top, "rev-parse", "HEAD")


@pytest.mark.parametrize("revision", ["HEAD~1", "@~1", "-x", "no such thing"])
def test_nothing_but_a_branch_is_looked_up_there(top: Path, revision: str) -> None:
    """HEAD~1 counts from here: what the remote's HEAD has before it is another commit."""
    git(top, "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
    git(top, "remote", "set-head", "origin", "main")
    with pytest.raises(UsageError, match="--ophamin-baseline"):
        find_commit(top, revision)


def test_a_revision_is_there_for_a_while(top: Path, tmp_path: Path) -> None:
    """In a folder of its own, which is gone afterwards, also when something fails."""
    assert git_top(top).resolve() == top.resolve()
    with suppress(KeyboardInterrupt), checked_out(top, find_commit(top, "HEAD"), tmp_path / "there") as folder:
        assert (folder / "file.txt").read_text() == "0"
        raise KeyboardInterrupt
    assert not (tmp_path / "there").exists()
    assert notes(top) == []


def test_a_half_of_a_worktree_is_taken_away_and_others_stay(top: Path, tmp_path: Path) -> None:
    """Git removes no worktree that lost its .git; one that is not there for the moment is not this gate's."""
    git(top, "worktree", "add", "-q", "--detach", str(tmp_path / "mine"))
    shutil.move(tmp_path / "mine", tmp_path / "away")
    with checked_out(top, find_commit(top, "HEAD"), tmp_path / "there") as folder:
        (folder / ".git").unlink()
    assert not (tmp_path / "there").exists()
    (left,) = notes(top)
    assert str(tmp_path / "mine") in left


def test_what_git_cannot_check_out_is_told(top: Path, tmp_path: Path) -> None:
    """A folder that is in the way, as any reason of git's, ends in its own words."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    with (
        pytest.raises(UsageError, match="git cannot check out"),
        checked_out(top, find_commit(top, "HEAD"), tmp_path / "there"),
    ):
        pass
    with pytest.raises(UsageError, match="expected a git work tree"):
        git_top(tmp_path)
