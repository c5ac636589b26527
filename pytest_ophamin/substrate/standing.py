"""Is the plan that is in force the plan that is committed?

``git status`` can be told to look away (assume-unchanged, skip-worktree, ignore rules), so the working file's blob id
is compared with the blob in HEAD instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ophamin.substrate.git import GitProblem, NoRepository, git, git_bytes, head_commit

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LockStanding:
    """What git says about ``ophamin.lock``."""

    committed: bool
    """The working file is byte for byte what HEAD holds under its path."""
    reason: str | None = None
    """Why it is not: ``"ophamin.lock is modified"``."""
    blob: str | None = None
    """Git blob id, when committed."""
    text: str | None = None
    """The committed blob's content when committed, else the working file's; None when there is no file."""
    path: str | None = None
    """Path from the top of the work tree, the name under which HEAD holds the blob; None without git."""
    head: str | None = None
    """HEAD commit; None without git or before the first commit."""


def lock_standing(rootdir: Path, lock_path: Path) -> LockStanding:
    """Compare the working lock file with the one in HEAD.

    Args:
        rootdir: Any folder of the work tree.
        lock_path: The lock file; need not exist.

    Returns:
        The standing; every problem with git becomes a reason, never an exception.

    Raises:
        OSError: The file exists but cannot be read.
    """
    name = lock_path.name
    if not lock_path.is_file():
        return LockStanding(committed=False, reason=f"there is no {name}")
    working = lock_path.read_bytes()
    text = working.decode("utf-8", "replace")
    try:
        path = _path_from_top(lock_path)
        head = head_commit(rootdir)
        blob = _committed_blob(lock_path, path, head)
        if blob is None:
            return LockStanding(committed=False, reason=f"{name} is not committed", text=text, path=path, head=head)
        if blob != git("hash-object", "--", str(lock_path.resolve()), cwd=lock_path.resolve().parent):
            return LockStanding(committed=False, reason=f"{name} is modified", text=text, path=path, head=head)
        committed = git_bytes("cat-file", "blob", blob, cwd=rootdir).decode("utf-8", "replace")
        return LockStanding(committed=True, blob=blob, text=committed, path=path, head=head)
    except NoRepository:
        return LockStanding(committed=False, reason="not in a git work tree", text=text)
    except GitProblem as problem:
        # Not in git's own words: they may name places of this machine, and a reason enters the record.
        reason = f"git cannot compare {name} with HEAD (exit status {problem.returncode})"
        return LockStanding(committed=False, reason=reason, text=text)


def _path_from_top(file: Path) -> str:
    """Return the path of ``file`` from the top of the work tree (rootdir need not be the top)."""
    target = file.resolve()
    return git("rev-parse", "--show-prefix", cwd=target.parent) + target.name


def _committed_blob(file: Path, path: str, head: str | None) -> str | None:
    if head is None:
        return None
    try:
        return git("rev-parse", "--verify", "--quiet", f"{head}:{path}", cwd=file.resolve().parent)
    except GitProblem:
        return None
