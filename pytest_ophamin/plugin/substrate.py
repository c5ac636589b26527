"""Read the substrate before the project's own code is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_ophamin.errors import OphaminError
from pytest_ophamin.plugin import keys

if TYPE_CHECKING:
    from pytest_ophamin.substrate.subject import Subject


def read_substrate_early(config: pytest.Config) -> None:
    """Identify the tree and stash it; outputs and caches are no part of it.

    Raises:
        pytest.UsageError: The tree cannot be identified.
    """
    config.stash[keys.subject] = read_substrate(config)


def read_substrate(config: pytest.Config) -> Subject:
    """Identify the source tree of this session."""
    from pytest_ophamin.substrate.subject import read_subject  # campaigns only

    try:
        return read_subject(config.rootpath, output_folders(config))
    except (OphaminError, OSError) as error:
        raise pytest.UsageError(f"ophamin: cannot identify the source tree: {error}") from error


def substrate_commit(config: pytest.Config) -> str | None:
    """Return what the seed policy ``commit`` draws by, or None without git: see :func:`drawn_by`, elsewhere HEAD."""
    known: Subject | None = config.stash.get(keys.subject, None)
    if known is not None:
        return drawn_by(known)
    from pytest_ophamin.substrate.git import GitProblem, git

    try:
        return git("rev-parse", "HEAD", cwd=config.rootpath).strip()
    except GitProblem:
        return None


def drawn_by(subject: Subject) -> str | None:
    """Return what the seed policy ``commit`` draws by in a campaign, or None without git.

    It is the digest the record states of its substrate (a commit, or a dirty tree), from which verification derives
    the draws again.
    """
    return None if subject.base_commit is None else subject.digest


def output_folders(config: pytest.Config) -> list[Path]:
    """Folders the session itself writes: they do not make a tree dirty."""
    given = getattr(config.known_args_namespace, "ophamin_out", None)
    out = (
        Path(config.invocation_params.dir, given)
        if given
        else config.rootpath / (config.getini("ophamin_out") or "proofs")
    )
    return [out, config.rootpath / ".pytest_cache", config.rootpath / ".hypothesis"]
