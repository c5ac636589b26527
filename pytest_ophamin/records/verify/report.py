"""Step 14: what a verification found, and the exit status it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ophamin.records.verify.state import ProofState, Record

STEP_TITLES = {
    1: "find and read once",
    2: "envelope profile",
    3: "signer",
    4: "signature",
    5: "strict parse and schema",
    6: "ids and subject",
    7: "members of the campaign",
    8: "name and expectations",
    9: "claims and registration",
    10: "observations",
    11: "findings, assessments, raw verdicts",
    12: "families, corrected verdicts, green flag",
    13: "history",
    14: "report and requirements",
}


class Exit(IntEnum):
    """Exit statuses of ``ophamin verify``."""

    HOLDS = 0
    FAILED = 1
    USAGE = 2
    UNKNOWN_KEY = 3
    INCOMPLETE = 4


_SEVERITY = (Exit.USAGE, Exit.FAILED, Exit.UNKNOWN_KEY, Exit.INCOMPLETE, Exit.HOLDS)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 proof``, ``2 proofs``."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


class StepState(StrEnum):
    """What became of a step."""

    HOLDS = "holds"
    FAILED = "FAILED"
    MISSING = "nothing found"
    UNKNOWN_KEY = "unknown key"
    INCOMPLETE = "incomplete"
    SKIPPED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step's outcome; ``notes`` are plain text built partly from a record: escape them when showing."""

    number: int
    state: StepState
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return STEP_TITLES[self.number]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReport:
    """One bundle's fourteen steps."""

    path: Path
    steps: tuple[StepResult, ...]
    keyid: str | None = None
    signer: str | None = None
    """Comment of the trust entry that signed it; None when nobody known did."""
    recomputed: int = 0
    attested: int = 0
    """Proofs of laws: their search evidence is believed, what follows from it is recomputed."""
    not_recomputable: int = 0
    not_checked: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    """The parsed statements, as far as step 5 got."""
    proofs: tuple[ProofState, ...] = ()
    """The proofs with claim, observations and outcome, as far as the steps got."""

    @property
    def exit_status(self) -> Exit:
        states = {step.state for step in self.steps}
        if StepState.MISSING in states:
            return Exit.USAGE
        if StepState.FAILED in states:
            return Exit.FAILED
        if StepState.UNKNOWN_KEY in states:
            return Exit.UNKNOWN_KEY
        return Exit.INCOMPLETE if StepState.INCOMPLETE in states else Exit.HOLDS

    @property
    def failed_step(self) -> int | None:
        """Number of the step that failed."""
        stopping = (StepState.FAILED, StepState.MISSING)
        return next((step.number for step in self.steps if step.state in stopping), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All bundles of one call."""

    bundles: tuple[BundleReport, ...]

    @property
    def exit_status(self) -> Exit:
        """The worst of all, in the order usage, failed, unknown key, incomplete."""
        found = {bundle.exit_status for bundle in self.bundles}
        return next((status for status in _SEVERITY if status in found), Exit.USAGE)
