"""The code of another revision: a git worktree in a temporary folder, taken away when the gate ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_ophamin.errors import UsageError
from pytest_ophamin.substrate.git import GitProblem, git, is_shallow


def find_commit(top: Path, revision: str) -> str:
    """Return the commit a revision names.

    Raises:
        UsageError: There is none here; the message says which command brings it.
    """
    if revision.startswith("-"):
        raise UsageError(f"--ophamin-baseline: expected a revision, came {revision!r}")
    try:
        return git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", cwd=top)
    except GitProblem as error:
        raise UsageError(f"--ophamin-baseline {revision}: {_advice(top, revision)}") from error


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
    with suppress(GitProblem):  # git removes no half of a worktree: then the folder goes first, and its note with it
        git("worktree", "remove", "--force", "--force", str(folder), cwd=top)
    shutil.rmtree(folder, ignore_errors=True)
    git("worktree", "prune", cwd=top)


def _advice(top: Path, revision: str) -> str:
    if is_shallow(top):
        return (
            "this clone is shallow and does not have it: run `git fetch --unshallow --tags` "
            "(GitHub Actions: actions/checkout with `fetch-depth: 0`)"
        )
    return f"there is no such commit, tag or branch here: run `git fetch origin {revision}`, or name another"
