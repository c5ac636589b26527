"""Digests of the files a claim's evidence came from, under names that tell nothing about the machine."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_ophamin.claims.model import Digest

OUTSIDE = "<outside>"
"""Stands for everything above rootdir in a record: a path there may name a home folder or a user."""

CACHE_FOLDERS = frozenset({"__pycache__", ".pytest_cache", ".hypothesis", ".mypy_cache", ".ruff_cache", ".tox", ".nox"})
"""Folders that tools write while testing; they are never part of the substrate."""

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """One file by name and content."""

    path: str
    """Rootdir-relative with forward slashes, or ``<outside>/name``."""
    sha256: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFiles:
    """The files that define a scenario: its module and the conftest.py files that apply to it."""

    module: FileDigest
    conftests: tuple[FileDigest, ...] = ()
    """Outermost first."""


def display_path(path: Path, rootdir: Path) -> str:
    """Return ``path`` relative to ``rootdir`` with forward slashes, or ``<outside>/NAME``."""
    try:
        return path.resolve().relative_to(rootdir.resolve()).as_posix()
    except ValueError:
        return f"{OUTSIDE}/{path.name}"


def digest_file(path: Path) -> Digest:
    """Return the SHA-256 of the full content of ``path``.

    Raises:
        OSError: The file cannot be read.
    """
    state = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return cast("Digest", state.hexdigest())


def read_bounded(path: Path, limit: int) -> bytes:
    """Read a file its caller named, a pipe as well (``--lock <(git show v1:ophamin.lock)``).

    Args:
        path: File, link or pipe.
        limit: One byte more than this is read at most; a pipe that nobody writes to is empty.

    Raises:
        OSError: It cannot be read.
    """
    # O_NONBLOCK for the opening alone: a FIFO would wait there for a writer that never comes.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if hasattr(os, "O_NONBLOCK"):
            os.set_blocking(descriptor, True)
        return file.read(limit + 1)


def scenario_files(rootdir: Path, module: Path) -> ScenarioFiles:
    """Digest a scenario's module and every conftest.py between ``rootdir`` and it.

    Raises:
        OSError: The module or a conftest.py cannot be read.
    """
    root, target = rootdir.resolve(), module.resolve()
    folders = [folder for folder in reversed(target.parents) if folder == root or root in folder.parents]
    chain = [folder / "conftest.py" for folder in folders or [target.parent]]
    return ScenarioFiles(
        module=_file_digest(target, root),
        conftests=tuple(_file_digest(conftest, root) for conftest in chain if conftest.is_file()),
    )


def file_manifest(
    rootdir: Path, *, ignored: Iterable[Path] = (), packages: Iterable[Path] = ()
) -> tuple[FileDigest, ...]:
    """Digest every Python file below ``rootdir`` and every file of ``packages``, sorted by name.

    Args:
        rootdir: Where the scenarios lie.
        ignored: Output folders that do not belong to the substrate.
        packages: Further files or folders declared as part of it.

    Returns:
        One entry per file. Hidden folders, caches, virtual environments and symbolic links to folders are left out.
    """
    skipped = {path.resolve() for path in ignored}
    found = {path for path in _walk(rootdir, skipped) if path.suffix == ".py"}
    for package in packages:
        found.update(_walk(package, skipped) if package.is_dir() else [package])
    return tuple(sorted((_file_digest(path, rootdir) for path in found), key=lambda entry: (entry.path, entry.sha256)))


def _file_digest(path: Path, rootdir: Path) -> FileDigest:
    return FileDigest(path=display_path(path, rootdir), sha256=digest_file(path))


def _walk(folder: Path, skipped: set[Path]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = [name for name in folders if not _is_foreign(here / name, skipped)]
        yield from (here / name for name in names if (here / name).is_file())


def _is_foreign(folder: Path, skipped: set[Path]) -> bool:
    return (
        folder.name in CACHE_FOLDERS
        or folder.name.startswith(".")
        or (folder / "pyvenv.cfg").is_file()
        or folder.resolve() in skipped
    )
