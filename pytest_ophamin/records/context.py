"""What a record says about the session it came from, handed over by the plugin as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ophamin.records.previous import Previous
    from pytest_ophamin.substrate.files import ScenarioFiles
    from pytest_ophamin.substrate.history import LockHistory
    from pytest_ophamin.substrate.standing import LockStanding
    from pytest_ophamin.substrate.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Everything a record holds that is neither a claim nor its outcome.

    The list is closed on purpose: no environment variable, user, host or home path has a field to go to.
    """

    name: str
    """Campaign name, also the name of the bundle's folder."""
    subjects: tuple[Subject, ...]
    """The substrate first; then release artifacts."""
    start: str
    """Start of the session, UTC, ``2026-01-31T12:00:00Z``."""
    duration: float
    """Seconds the session took."""
    python: str
    """``platform.python_version()``."""
    platform: str
    """``sys.platform``: the family, not the machine."""
    workers: int = 0
    """xdist workers; 0 when the session ran alone."""
    lock: LockStanding | None = None
    """Standing, text and blob of ``ophamin.lock``; None when there is no lock file."""
    history: LockHistory | None = None
    """First commits and revision counts of the lock's entries."""
    provenance: Mapping[str, ScenarioFiles] = field(default_factory=dict)
    """Scenario module as it stands in a node id before ``::`` -> the digests of its files."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Versions of pytest_ophamin and of libraries that every claim of the session used."""
    previous: Previous | None = None
    """The last bundle of the same folder: :func:`pytest_ophamin.records.previous.read_previous`."""
