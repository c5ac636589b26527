"""Assessments, findings and files as they stand in a record: plain JSON, numbers with 12 significant digits.

Building and verifying both go through here, so that what is compared was written by the same hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import round12
from pytest_ophamin.deciding.protocol import Assessment, Finding, SearchAssessment, Sequence
from pytest_ophamin.records.names import ATTESTED_PILLARS

if TYPE_CHECKING:
    from pytest_ophamin.deciding.outcome import Outcome, Void
    from pytest_ophamin.records.assemble import Part
    from pytest_ophamin.substrate.files import FileDigest, ScenarioFiles
    from pytest_ophamin.substrate.subject import Subject


def describe_assessment(assessment: Assessment | SearchAssessment | None) -> Part | None:
    """Return an assessment without the library versions, which stand in ``run``."""
    if assessment is None:
        return None
    if isinstance(assessment, SearchAssessment):
        return {
            "kind": "search",
            "method": assessment.method,
            "outcome": assessment.outcome,
            "summary": assessment.summary,
        }
    return {
        "kind": "test",
        "method": assessment.method,
        "exact": assessment.exact,
        "conditions": assessment.conditions,
        "null_validate": assessment.null_validate,
        "null_refute": assessment.null_refute,
        "n": assessment.n,
        "estimate": _number(assessment.estimate),
        "lower": _number(assessment.lower),
        "upper": _number(assessment.upper),
        "p_validate": _number(assessment.p_validate),
        "p_refute": _number(assessment.p_refute),
        "effect": _number(assessment.effect),
        "spread": _number(assessment.spread),
        "needed": assessment.needed,
        "reason": assessment.reason,
        "log_e_validate": _number(assessment.log_e_validate),
        "log_e_refute": _number(assessment.log_e_refute),
        "sequence": _sequence(assessment.sequence),
    }


def _sequence(sequence: Sequence | None) -> Part | None:
    if sequence is None:
        return None
    return {
        "at": list(sequence.at),
        "lower": [_number(value) for value in sequence.lower],
        "upper": [_number(value) for value in sequence.upper],
        "log_validate": [_number(value) for value in sequence.log_validate],
        "log_refute": [_number(value) for value in sequence.log_refute],
    }


def describe_finding(finding: Finding) -> Part:
    """Return a finding; its counts stay integers."""
    numbers = {name: value if isinstance(value, int) else _number(value) for name, value in finding.numbers.items()}
    return {
        "pillar": finding.pillar,
        "method": finding.method,
        "status": finding.status,
        "message": finding.message,
        "numbers": numbers,
    }


def describe_void(void: Void | None) -> Part | None:
    """Return why a sample cannot be believed."""
    if void is None:
        return None
    return {
        "reason": void.reason,
        "trial": void.trial,
        "seed": void.seed,
        "exception": void.exception,
        "place": void.place,
    }


def describe_methods(outcome: Outcome) -> Part:
    """Return the names and method ids of the pillars that took part."""
    assessment = outcome.assessment
    diagnosing = [{"pillar": each.pillar, "method": each.method} for each in recomputable(outcome.findings)]
    return {
        "pillar": outcome.pillar,
        "deciding": assessment.method if assessment is not None else None,
        "diagnosing": diagnosing,
    }


def recomputable(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that the stored observations can show again."""
    return [finding for finding in findings if finding.pillar not in ATTESTED_PILLARS]


def describe_subject(subject: Subject) -> Part:
    """Return an in-toto resource descriptor."""
    described: Part = {"name": subject.name, "digest": {subject.digest_kind: subject.digest}}
    return described if subject.binding is None else {**described, "annotations": {"binding": subject.binding}}


def describe_provenance(files: ScenarioFiles) -> Part:
    """Return the digests of a scenario's module and conftest chain."""
    return {"module": _file(files.module), "conftests": [_file(entry) for entry in files.conftests]}


def _file(entry: FileDigest) -> Part:
    return {"path": entry.path, "sha256": entry.sha256}


def _number(value: float | None) -> float | None:
    return None if value is None else round12(value)
