"""Asking git, without its prompts, hooks, network or the caller's ``GIT_*`` variables.

Every question is one subprocess with a closed environment: a test session started from a git hook has ``GIT_DIR`` and
``GIT_INDEX_FILE`` set, and they would answer for another repository than the one asked about.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from pytest_ophamin.errors import OphaminError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT_SECONDS = 120.0
_KEPT_VARIABLES = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE", "TMPDIR", "TEMP", "TMP")
_FIXED_VARIABLES = {
    "LC_ALL": "C",  # the messages below are matched in English
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",  # never write a refreshed index into the user's repository
    "GIT_NO_REPLACE_OBJECTS": "1",  # a `git replace` would show another commit under the same name
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone would go to the network
}
_QUIET = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.quotePath=false")


class GitProblem(OphaminError):
    """Git answered with an error: ``message`` is its own words, ``returncode`` its exit status."""

    def __init__(self, message: str, returncode: int = 1) -> None:
        super().__init__(message, returncode)
        self.message = message
        self.returncode = returncode

    def __str__(self) -> str:
        return self.message


class NoRepository(GitProblem):  # a finding about a folder rather than a failure
    """The folder lies in no git work tree, or git is not installed."""


def git_bytes(
    *arguments: str,
    cwd: Path,
    extra: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = TIMEOUT_SECONDS,
) -> bytes:
    """Run ``git`` in ``cwd`` and return what it wrote.

    Args:
        arguments: Arguments of git.
        cwd: Folder to ask about.
        extra: Environment variables for this call (a temporary index).
        stdin: Bytes to feed.
        timeout: Seconds after which the call is given up.

    Raises:
        NoRepository: ``cwd`` is in no work tree, or there is no git.
        GitProblem: Anything else git refuses.
    """
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment |= {**_FIXED_VARIABLES, **(extra or {})}
    try:
        done = subprocess.run(
            ["git", *_QUIET, *arguments],  # found on PATH like every git
            cwd=cwd,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise NoRepository("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise GitProblem(f"git {arguments[0]} took longer than {timeout:g} s") from error
    except OSError as error:
        raise GitProblem(f"git could not be started: {error.strerror}") from error
    if done.returncode != 0:
        raise _problem(arguments[0], done.stderr, done.returncode)
    return done.stdout


def git(*arguments: str, cwd: Path, extra: Mapping[str, str] | None = None) -> str:
    """Run ``git`` and return its answer as text without the final newline; see :func:`git_bytes`."""
    return git_bytes(*arguments, cwd=cwd, extra=extra).decode("utf-8", "surrogateescape").removesuffix("\n")


def head_commit(cwd: Path) -> str | None:
    """Return the commit checked out in ``cwd``, None when the repository has no commit yet."""
    try:
        return git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", cwd=cwd)
    except NoRepository:
        raise
    except GitProblem:
        return None


def is_shallow(cwd: Path) -> bool:
    """Tell whether the clone's history is cut off."""
    return git("rev-parse", "--is-shallow-repository", cwd=cwd) == "true"


def _problem(command: str, stderr: bytes, returncode: int) -> GitProblem:
    text = stderr.decode("utf-8", "replace").strip()
    if "not a git repository" in text or "must be run in a work tree" in text:
        return NoRepository("not in a git work tree", returncode)
    if "dubious ownership" in text:
        return GitProblem(
            "git does not trust this folder because another user owns it; "
            "run `git config --global --add safe.directory FOLDER` with the repository's folder",
            returncode,
        )
    lines = text.splitlines() or [f"exit status {returncode}"]
    # The first error names the file; the last line is often no more than "adding files failed".
    cause = next((line for line in lines if line.startswith("error: ")), lines[-1])
    return GitProblem(f"git {command}: {cause}", returncode)
