"""``ophamin show``: what a bundle says, under the nine names a reader of evidence expects. It verifies nothing."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from pytest_ophamin.cli.output import say
from pytest_ophamin.errors import EvidenceError, UsageError
from pytest_ophamin.records.verify.report import Exit, counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_ophamin.records.models_campaign import CampaignStatement
    from pytest_ophamin.records.models_proof import ProofStatement
    from pytest_ophamin.records.verify.state import Record

_NAME_WIDTH = 17


def run(arguments: argparse.Namespace) -> int:
    """Print every bundle found, or its statements as JSON."""
    from pytest_ophamin.records.verify.find import find_bundles
    from pytest_ophamin.records.verify.open import open_records
    from pytest_ophamin.records.verify.state import StepFailed

    found, _ = find_bundles([arguments.path])
    if not found:
        raise UsageError(f"no bundle (*.intoto.jsonl) at {str(arguments.path)!a}")
    status = Exit.HOLDS
    for path in found:
        try:
            records = open_records(path)
        except StepFailed as failed:
            say(f"{path}: {failed}")
            status = Exit.FAILED
            continue
        _show(path, _selected(records, arguments.claim), is_json=arguments.json)
    return status


def _selected(records: list[Record], claims: list[str]) -> list[Record]:
    """Keep the claims asked for.

    Raises:
        UsageError: One of them is not there.
    """
    if not claims:
        return records
    from pytest_ophamin.records.models_proof import ProofStatement

    proofs = [(r, r.model.predicate.proof.claim.id) for r in records if isinstance(r.model, ProofStatement)]
    missing = set(claims) - {claim for _, claim in proofs}
    if missing:
        raise UsageError(f"the bundle has no claim {min(missing)!a}")
    return [record for record, claim in proofs if claim in claims]


def _show(path: Path, records: list[Record], *, is_json: bool) -> None:
    from pytest_ophamin.records.models_campaign import CampaignStatement

    if is_json:
        for record in records:
            # ASCII: JSON's own escapes keep every control and bidi character from the terminal.
            say(json.dumps(record.raw, ensure_ascii=True, sort_keys=True))
        return
    say(f"{path} (not verified: `ophamin verify` does that)")
    for record in records:
        say()
        model = record.model
        rows = _campaign_rows(record, model) if isinstance(model, CampaignStatement) else _proof_rows(record, model)
        for name, text in rows:
            say(f"{name:<{_NAME_WIDTH}}{text}")


def _campaign_rows(record: Record, campaign: CampaignStatement) -> Iterator[tuple[str, str]]:
    proof, run = campaign.predicate.proof, campaign.predicate.run
    yield "campaign", run.campaign
    yield "identity", f"CampaignRecord {record.id}"
    yield "subject", _subjects(campaign)
    yield "result", f"green: {'yes' if proof.green else 'no'}; inconclusive claims: {proof.inconclusive}"
    yield "pre-registration", _lock(campaign)
    for family in proof.families:
        yield "family", f"{family.name}: {family.correction} at alpha {family.alpha:g}, m = {family.m}"
        for member in family.members:
            verdict = member.corrected if member.raw == member.corrected else f"{member.corrected} (raw {member.raw})"
            yield "", f"{verdict}, {member.status}: {member.claim}"
    for name in proof.out_of_scope:
        yield "out of scope", f"family {name}"
    for name in proof.withdrawn:
        yield "withdrawn", f"{name} (run {run.runs.get(name, 0)} times)"
    history = run.history
    yield "history", f"campaign {history.count}, previous {history.previous or 'none'}"
    yield "provenance", _run(campaign)
    yield "signature", _signature(record)


def _proof_rows(record: Record, statement: ProofStatement) -> Iterator[tuple[str, str]]:
    predicate = statement.predicate
    proof, run = predicate.proof, predicate.run
    yield "claim", str(proof.claim.document.get("statement"))
    yield "", _claim(proof.claim.document)
    yield "identity", f"EmpiricalProofRecord {record.id}"
    yield "", f"{proof.claim.id}, claim digest {proof.claim.digest}"
    yield "pre-registration", _registration(statement)
    yield "data", f"{_data(statement)}, sha256 {proof.data}"
    yield from _evidence_rows(statement)
    yield "verdict", f"{proof.verdict}{' (conceded)' if predicate.derived.conceded else ''}"
    yield "reproduction", f"pytest {shlex.quote(proof.claim.test)}; stream key {proof.plan.key or 'none'}"
    if predicate.data.kind == "search" and predicate.data.reproduction:
        yield "", predicate.data.reproduction
    yield "provenance", f"{_subjects(statement)}; {_run(statement)}"
    for entry in () if proof.provenance is None else (*proof.provenance.conftests, proof.provenance.module):
        yield "", f"{entry.path} sha256 {entry.sha256}"
    counts = (counted(run.runs, "run"), counted(run.revisions, "revision"), counted(run.unused_trials, "unused trial"))
    yield "", ", ".join(counts)
    yield "signature", _signature(record)


def _signature(record: Record) -> str:
    by = f"by {record.keyid} (not checked)" if record.keyid else "not signed"
    return f"{by}, payload sha256 {record.payload}"


def _claim(document: Mapping[str, object]) -> str:
    relation = str(document.get("relation")).replace("_", " ")
    words = [f"{document.get('metric')} {relation} {document.get('threshold')} {document.get('unit') or ''}".rstrip()]
    words += [
        f"{name} {document[name]}" for name in ("trials", "margin", "alpha", "power", "family") if document.get(name)
    ]
    return ", ".join(words)


def _registration(statement: ProofStatement) -> str:
    predicate = statement.predicate
    standing = predicate.proof.registration
    if standing.status != "registered":
        return f"{standing.status}: {predicate.derived.reason}"
    since = predicate.run.registering_commit or "history unknown"
    return f"registered, lock blob {standing.lock_blob}, first committed {since}"


def _data(statement: ProofStatement) -> str:
    data = statement.predicate.data
    if data.kind == "sample":
        kinds = ", ".join(f"{name} ({column.kind})" for name, column in data.columns.items())
        errors = f", {len(data.errors_against)} errors counted against the claim" if data.errors_against else ""
        return f"{data.n} observations: {kinds}{errors}"
    if data.kind == "search":
        return f"search with {data.valid_examples} of {data.max_examples} valid examples"
    place = f" in trial {data.trial}" if data.kind == "failure" and data.trial is not None else ""
    return f"none: {data.reason}{place}"


def _evidence_rows(statement: ProofStatement) -> Iterator[tuple[str, str]]:
    derived, data = statement.predicate.derived, statement.predicate.data
    found = derived.assessment
    if found is None:
        yield "evidence", f"none: {derived.void.reason}" if derived.void is not None else "none"
    elif found.kind == "search":
        yield "evidence", f"{found.summary} ({found.method})"
        if data.kind == "search" and data.counterexample is not None:
            yield "", f"counterexample: {data.counterexample}"
    else:
        yield "evidence", f"estimate {found.estimate}, interval [{found.lower}, {found.upper}], n = {found.n}"
        yield "", f"p = {found.p_validate} for the null {found.null_validate}"
        yield "", f"p = {found.p_refute} for the null {found.null_refute}"
        yield "", f"{found.method}, {'exact' if found.exact else f'approximate: {found.conditions}'}"
    yield from _comparison_rows(statement)
    for finding in (*derived.findings, *derived.attested):
        yield "finding", f"{finding.status}: {finding.message} ({finding.method})"


def _comparison_rows(statement: ProofStatement) -> Iterator[tuple[str, str]]:
    part, data = statement.predicate.proof.plan.comparison, statement.predicate.data
    if part is None:
        return
    from pytest_ophamin.records.compared import comparison_of, sample_of_pairs  # NumPy: benchmark gates only
    from pytest_ophamin.reporting.gates import describe_comparison, describe_pairs

    yield "comparison", describe_comparison(comparison_of(part))
    sides = ", ".join(part.sides)
    yield "", f"rounds for {part.budget * 1000:g} ms, low: {part.low}, gc {part.gc}; {sides} on {part.cpus} processors"
    kind = str(statement.predicate.proof.claim.document.get("metric"))
    try:
        sample = sample_of_pairs(kind, data) if data.kind == "sample" else None
    except EvidenceError as error:
        yield "", f"pairs cannot be read: {error}"
        return
    if sample is not None:
        yield "", describe_pairs(kind, sample)


def _lock(campaign: CampaignStatement) -> str:
    lock = campaign.predicate.proof.lock
    return f"lock blob {lock.blob}" if lock.committed else f"no lock in force: {lock.reason}"


def _subjects(statement: ProofStatement | CampaignStatement) -> str:
    return ", ".join(
        f"{subject.name} {kind} {digest}"
        for subject in statement.subject
        for kind, digest in subject.digest.model_dump().items()
    )


def _run(statement: ProofStatement | CampaignStatement) -> str:
    run = statement.predicate.run
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(run.libraries.items()))
    return (
        f"base commit {run.base_commit}, {run.start}, {run.duration:g} s, Python {run.python} on {run.platform}, "
        f"{run.workers} workers, {libraries or 'no libraries'}"
    )
