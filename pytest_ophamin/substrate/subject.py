"""The subject of a record: which exact source was tested.

    read_subject(rootdir, ignored_outputs=[rootdir / "proofs"])

It is read once, before any conftest runs, so that what the session itself writes cannot count as a change.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pytest_ophamin._canonical import digest_of
from pytest_ophamin.errors import UsageError
from pytest_ophamin.substrate.files import CACHE_FOLDERS, digest_file, file_manifest
from pytest_ophamin.substrate.git import GitProblem, NoRepository, git, git_bytes, head_commit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DigestKind = Literal["gitCommit", "gitTree", "sha256"]
Binding = Literal["installed", "declared"]

SUBSTRATE = "substrate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One in-toto subject."""

    name: str
    digest_kind: DigestKind
    digest: str
    base_commit: str | None = None
    """HEAD, also when the tree is dirty; None without git or before the first commit."""
    binding: Binding | None = None
    """For a release artifact: its files are the ones installed, or it was merely declared."""


def read_subject(rootdir: Path, ignored_outputs: Sequence[Path] = (), *, packages: Iterable[Path] = ()) -> Subject:
    """Identify the source tree ``rootdir`` lies in.

    Args:
        rootdir: The session's rootdir; it need not be the top of the work tree.
        ignored_outputs: Folders whose changes are no change of the substrate (where bundles are written).
        packages: Without git: files or folders that belong to the substrate beside the Python files of ``rootdir``.

    Returns:
        The commit of a clean tree; the tree's own id, never the commit, when anything differs from it; without git the
        SHA-256 of the canonical file manifest.

    Raises:
        GitProblem: Git refuses to answer (a folder it does not trust, a file it may not read).
    """
    try:
        top = Path(git("rev-parse", "--show-toplevel", cwd=rootdir))
    except NoRepository:
        manifest = file_manifest(rootdir, ignored=ignored_outputs, packages=packages)
        digest = digest_of([{"path": entry.path, "sha256": entry.sha256} for entry in manifest])
        return Subject(name=SUBSTRATE, digest_kind="sha256", digest=digest)
    head = head_commit(top)
    tree = _work_tree_id(top, head, [path.resolve() for path in ignored_outputs])
    is_clean = head is not None and tree == _tree_of(top, head) and not _submodules_are_dirty(top)
    if is_clean and head is not None:
        return Subject(name=SUBSTRATE, digest_kind="gitCommit", digest=head, base_commit=head)
    return Subject(name=SUBSTRATE, digest_kind="gitTree", digest=tree, base_commit=head)


def artifact_subject(path: Path) -> Subject:
    """Describe a release artifact: ``installed`` when its files are exactly those of the installed distribution.

    Raises:
        UsageError: The file cannot be read.
    """
    try:
        digest = digest_file(path)
        binding: Binding = "installed" if _is_installed(path) else "declared"
    except OSError as error:
        raise UsageError(
            f"--ophamin-subject: expected a readable file, came {path.name!r}: {error.strerror}"
        ) from error
    return Subject(name=path.name, digest_kind="sha256", digest=digest, binding=binding)


def _tree_of(top: Path, commit: str) -> str:
    return git("rev-parse", "--verify", f"{commit}^{{tree}}", cwd=top)


def _work_tree_id(top: Path, head: str | None, ignored: Sequence[Path]) -> str:
    """Return the id the work tree would have if it were committed now.

    A copy of the index keeps git's stat cache (hashing a large tree anew takes seconds); a temporary object folder
    takes the new blobs, so that nothing is written to the user's repository.
    """
    with tempfile.TemporaryDirectory(prefix="ophamin-git-") as scratch:
        index = Path(scratch, "index")
        objects = Path(scratch, "objects")
        objects.mkdir()
        own_index = top / git("rev-parse", "--git-path", "index", cwd=top)
        if own_index.is_file():
            # With its time: git compares the content of files that are not older than their index ("racy git"). Under a
            # younger copy, an edit of the same size within the second of the last commit would pass for no edit.
            shutil.copy2(own_index, index)
        extra = {
            "GIT_INDEX_FILE": str(index),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(top / git("rev-parse", "--git-path", "objects", cwd=top)),
        }
        _show_hidden_changes(top, extra)
        outputs = [path.relative_to(top.resolve()).as_posix() for path in ignored if top.resolve() in path.parents]
        excluded = [f":(top,exclude,glob)**/{name}/**" for name in sorted(CACHE_FOLDERS)]
        git("add", "--all", "--", ":(top)", *excluded, cwd=top, extra=extra)
        if outputs:
            # Taken out afterwards: excluded by name, git refuses a folder that .gitignore names too.
            folders = [f":(top,literal){name}" for name in outputs]
            git("rm", "-r", "--quiet", "--cached", "--ignore-unmatch", "--", *folders, cwd=top, extra=extra)
            if head is not None:
                # What is merely staged or changed in an output folder is no change of the substrate either.
                git("reset", "--quiet", head, "--", *folders, cwd=top, extra=extra)
        return git("write-tree", cwd=top, extra=extra)


def _show_hidden_changes(top: Path, extra: dict[str, str]) -> None:
    """Drop the assume-unchanged and skip-worktree bits of files that exist: they would hide edits from ``git add``."""
    listed = git_bytes("ls-files", "-v", "-z", cwd=top, extra=extra).split(b"\0")
    hidden = [entry[2:] for entry in listed if entry[:1].islower() or entry[:1] == b"S"]
    # A skip-worktree file that is absent belongs to a sparse checkout and is unchanged by definition.
    present = [name for name in hidden if os.path.lexists(top / os.fsdecode(name))]
    if present:
        names = b"".join(name + b"\0" for name in present)
        for flag in ("--no-assume-unchanged", "--no-skip-worktree"):
            git_bytes("update-index", flag, "-z", "--stdin", cwd=top, extra=extra, stdin=names)


def _submodules_are_dirty(top: Path) -> bool:
    """Tell whether a submodule holds uncommitted work: the tree id only names the commit it has checked out."""
    if not (top / ".gitmodules").is_file():
        return False
    listed = git("submodule", "foreach", "--quiet", "--recursive", "git status --porcelain", cwd=top)
    return bool(listed.strip())


def _is_installed(path: Path) -> bool:
    if path.suffix != ".whl" or not zipfile.is_zipfile(path):
        return False
    try:
        installed = importlib.metadata.distribution(path.name.split("-")[0])
    except importlib.metadata.PackageNotFoundError:
        return False
    with zipfile.ZipFile(path) as wheel:
        # RECORD, and a wheel's .data folder, are rewritten by installers; everything else must be there unchanged.
        names = [name for name in wheel.namelist() if not name.endswith(("/", "/RECORD")) and ".data/" not in name]
        return bool(names) and all(_is_same(Path(str(installed.locate_file(name))), wheel.read(name)) for name in names)


def _is_same(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content


__all__ = ["SUBSTRATE", "Binding", "DigestKind", "GitProblem", "Subject", "artifact_subject", "read_subject"]
