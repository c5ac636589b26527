"""When was each entry of the lock first committed, and how often was it revised since?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_ophamin.errors import OphaminError
from pytest_ophamin.substrate.git import GitProblem, git, git_bytes, is_shallow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Entries = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHistory:
    """What the commits of ``ophamin.lock`` tell."""

    first: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """``(claim id, digest)`` -> first commit that holds this entry; empty in a shallow clone or without git."""
    revisions: Mapping[str, int] = field(default_factory=dict)
    """Claim id -> how often its digest changed along the first-parent line; ids never revised have 0."""


def lock_history(rootdir: Path, lock_path: Path, entries: Entries) -> LockHistory:
    """Walk the commits that touched the lock file, oldest first.

    Args:
        rootdir: Any folder of the work tree.
        lock_path: The lock file.
        entries: Reads a lock's text into ``{claim id: digest}``; it may raise ValueError or OphaminError on a revision
            that is no lock, which then counts as empty.

    Returns:
        The history; empty when it cannot be known (no git, no commit, shallow clone).
    """
    try:
        if is_shallow(rootdir):
            return LockHistory()
        target = lock_path.resolve()
        path = git("rev-parse", "--show-prefix", cwd=target.parent) + target.name
        walk = _Walk(target.parent, path, entries)
        first: dict[tuple[str, str], str] = {}
        for commit, held in walk.revisions("--full-history", "--topo-order"):
            for entry in held.items():
                first.setdefault(entry, commit)
        return LockHistory(first=first, revisions=_count_changes(walk.revisions("--first-parent")))
    except GitProblem:
        return LockHistory()


class _Walk:
    """The commits that touched one file; each content is read once, however many commits hold it."""

    def __init__(self, folder: Path, path: str, entries: Entries) -> None:
        self._folder = folder
        self._path = path
        self._entries = entries
        self._seen: dict[bytes, Mapping[str, str]] = {}

    def revisions(self, *order: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        where = f":(top,literal){self._path}"
        commits = git("rev-list", "--reverse", *order, "HEAD", "--", where, cwd=self._folder).split()
        contents = _blobs(self._folder, [f"{commit}:{self._path}" for commit in commits])
        for commit, content in zip(commits, contents, strict=True):
            if content not in self._seen:
                self._seen[content] = self._read(content)
            yield commit, self._seen[content]

    def _read(self, content: bytes) -> Mapping[str, str]:
        try:
            return self._entries(content.decode("utf-8"))
        except (ValueError, OphaminError):
            return {}


def _blobs(folder: Path, names: list[str]) -> Iterator[bytes]:
    """Yield the content of each object, empty for a missing one (the commit that deleted the lock)."""
    request = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    answer = git_bytes("cat-file", "--batch", cwd=folder, stdin=request) if names else b""
    place = 0
    for _ in names:
        end = answer.index(b"\n", place)
        header = answer[place:end].split(b" ")
        size = int(header[-1]) if header[-1].isdigit() else None
        yield b"" if size is None else answer[end + 1 : end + 1 + size]
        place = end + 1 if size is None else end + size + 2


def _count_changes(revisions: Iterator[tuple[str, Mapping[str, str]]]) -> dict[str, int]:
    last: dict[str, str] = {}
    count: dict[str, int] = {}
    for _, held in revisions:
        for claim, digest in held.items():
            if claim in last:
                count[claim] = count.get(claim, 0) + (last[claim] != digest)
            last[claim] = digest
    return count
