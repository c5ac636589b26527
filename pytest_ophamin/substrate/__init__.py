"""The substrate: what is under test, identified by git, and the files its evidence came from.

A base module of the project: it imports neither pytest nor any later package, and it never writes to the user's
repository.
"""

from __future__ import annotations

from pytest_ophamin.substrate.files import FileDigest, ScenarioFiles, digest_file, display_path, scenario_files
from pytest_ophamin.substrate.git import GitProblem
from pytest_ophamin.substrate.history import LockHistory, lock_history
from pytest_ophamin.substrate.standing import LockStanding, lock_standing
from pytest_ophamin.substrate.subject import Subject, artifact_subject, read_subject

__all__ = [
    "FileDigest",
    "GitProblem",
    "LockHistory",
    "LockStanding",
    "ScenarioFiles",
    "Subject",
    "artifact_subject",
    "digest_file",
    "display_path",
    "lock_history",
    "lock_standing",
    "read_subject",
    "scenario_files",
]
