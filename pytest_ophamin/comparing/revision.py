"""The code of another revision: a git worktree in a temporary folder, taken away when the gate ends."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_ophamin.errors import UsageError
from pytest_ophamin.substrate.git import GitProblem, git, is_shallow

_BRANCH = re.compile(r"(?!HEAD$)[^~^:@{}\s]+")
"""What may be a branch's name; HEAD~3 counts from here, not from where the remote is."""
_ALL_BRANCHES = "+refs/heads/*:refs/remotes/origin/*"
"""What a clone of one branch does not fetch unless told."""


def find_commit(top: Path, revision: str) -> str:
    """Return the commit a revision names; a branch that only ``origin`` has need not be called origin/NAME.

    Raises:
        UsageError: There is none here; the message says which command brings it.
    """
    if revision.startswith("-"):
        raise UsageError(f"--ophamin-baseline: expected a revision, came {revision!r}")
    # A clone of one branch knows the others, once they are fetched, by the remote's name alone.
    remote = [f"refs/remotes/origin/{revision}"] if _BRANCH.fullmatch(revision) else []
    for name in (revision, *remote):
        with suppress(GitProblem):
            return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", cwd=top)
    raise UsageError(f"--ophamin-baseline {revision}: {_advice(top)}")


def git_top(folder: Path) -> Path:
    """Return the top folder of the work tree ``folder`` lies in.

    Raises:
        UsageError: It lies in none.
    """
    try:
        return Path(git("rev-parse", "--show-toplevel", cwd=folder))
    except GitProblem as error:
        raise UsageError(
            f"--ophamin-baseline: expected a git work tree, from which another revision can be checked out: {error}. "
            "Compare with another environment: --ophamin-baseline-python PATH"
        ) from error


@contextmanager
def checked_out(top: Path, commit: str, folder: Path) -> Iterator[Path]:
    """Check ``commit`` out into ``folder``, which must not exist, and take it away afterwards.

    Raises:
        UsageError: Git refuses.
    """
    try:
        try:
            git("worktree", "add", "--quiet", "--detach", str(folder), commit, cwd=top)
        except GitProblem as error:
            raise UsageError(f"--ophamin-baseline: git cannot check out {commit[:12]}: {error}") from error
        yield folder.resolve()
    finally:
        _take_away(top, folder)


def _take_away(top: Path, folder: Path) -> None:
    """Leave neither the folder nor git's note of it, also of a worktree that was never finished."""
    with suppress(GitProblem):  # git removes no half of a worktree
        git("worktree", "remove", "--force", "--force", str(folder), cwd=top)
    shutil.rmtree(folder, ignore_errors=True)
    # Not `git worktree prune`: it would forget every other worktree whose disk happens not to be there.
    with suppress(GitProblem, OSError):  # a note too much harms nobody, and git forgets it in time
        for note in _common(top).glob("worktrees/*/gitdir"):
            path = note.read_text(encoding="utf-8", errors="surrogateescape").strip()
            told = note.parent / path  # absolute, or as seen from the note
            if told.parent.resolve() == folder.resolve():
                shutil.rmtree(note.parent, ignore_errors=True)


def _common(top: Path) -> Path:
    """Return the folder all worktrees of a repository share; git names it as seen from where it was asked."""
    return top / git("rev-parse", "--git-common-dir", cwd=top)


def _advice(top: Path) -> str:
    fetch = f"--tags origin '{_ALL_BRANCHES}'"
    if is_shallow(top):
        return (
            f"this clone is shallow and does not have it: run `git fetch --unshallow {fetch}` "
            "(GitHub Actions: actions/checkout with `fetch-depth: 0`)"
        )
    return f"there is no such commit, tag or branch here: run `git fetch {fetch}`, or name another"
