"""Step 10: the observations are canonical, are the ones the proof binds, and are as many as were planned."""

from __future__ import annotations

import base64
import binascii
import sys
from typing import TYPE_CHECKING

from pytest_ophamin._canonical import sha256_hex
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import ERRORS_AGAINST
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.records.columns import column_from_bytes, column_size
from pytest_ophamin.records.models_proof import FailureData, InlineColumn, NoData, SampleData, SearchData, SidecarColumn
from pytest_ophamin.records.names import HYPOTHESIS, INLINE_LIMIT, OBSERVATIONS
from pytest_ophamin.records.verify.find import read_regular
from pytest_ophamin.records.verify.report import StepState, counted
from pytest_ophamin.records.verify.state import Bundle, Notes, ProofState, StepFailed
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.sample import ARM, Column, Sample, Search, column_names
from pytest_ophamin.trials.streams import arm_column

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ophamin.claims.model import Claim

MAX_SIDECAR = 1 << 30


def check_observations(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 10: decode every proof's data."""
    absent = []
    for proof in bundle.proofs:
        try:
            if not _read_data(proof, bundle.path.parent / OBSERVATIONS):
                absent.append(proof.statement.predicate.proof.claim.id)
        except EvidenceError as error:
            raise StepFailed(f"line {proof.record.line}: {error}") from error
    if absent:
        return StepState.INCOMPLETE, (f"{len(absent)} sidecars are missing, first of claim {absent[0]!a}",)
    return StepState.HOLDS, (counted(len(bundle.proofs), "data part"),)


def _read_data(proof: ProofState, folder: Path) -> bool:
    """Decode one data part; False when a sidecar is not there."""
    part = proof.statement.predicate
    if proof.record.data_digest != part.proof.data:
        raise EvidenceError("the data does not have the digest its proof states")
    claim = proof.claim
    if claim is None:
        raise RuntimeError("step 9 has not run")
    _check_kind(claim, part.data, part.proof.verdict)
    if isinstance(part.data, SampleData):
        sample = _sample(claim, part.data, folder, part.proof.plan.key)
        proof.evidence, proof.is_complete = sample, sample is not None
        return sample is not None
    if isinstance(part.data, SearchData):
        proof.evidence = _search(part.data, part.run.libraries.get(HYPOTHESIS, ""))
    elif isinstance(part.data, FailureData):
        data = part.data
        proof.evidence = Failure(
            reason=data.reason, trial=data.trial, seed=data.seed, exception=data.exception, place=data.place
        )
    return True


def _check_kind(claim: Claim, data: SampleData | SearchData | FailureData | NoData, verdict: str) -> None:
    """No evidence and NOT TESTED belong together; a failure can only be VOID."""
    if isinstance(data, NoData) != (verdict == "NOT TESTED"):
        raise EvidenceError(f"verdict {verdict} with data of the kind {data.kind}")
    if isinstance(data, FailureData) and verdict != "VOID":
        raise EvidenceError(f"verdict {verdict} though the trials failed")
    plan = claim.law
    if isinstance(data, SearchData) and plan is not None:
        planned = (plan.max_examples, plan.strategy, plan.database)
        if (data.max_examples, data.strategy, data.database) != planned or data.valid_examples > data.max_examples:
            raise EvidenceError("the search is not the one that was planned")
    if isinstance(data, SearchData) != claim.is_law and isinstance(data, (SearchData, SampleData)):
        raise EvidenceError(f"data of the kind {data.kind} for metric {claim.metric!a}")


def _search(data: SearchData, version: str) -> Search:
    fields = data.model_dump(exclude={"kind", "seed"})
    return Search(seed=int(data.seed), hypothesis_version=version, **fields)


def _sample(claim: Claim, data: SampleData, folder: Path, key: str) -> Sample | None:
    if data.n != claim.trials and not (claim.design.can_stop_early and 0 < data.n < claim.trials):
        raise EvidenceError(f"{data.n} observations, {claim.trials} trials were planned")
    names = column_names(claim)
    if tuple(sorted(data.columns)) != names:
        raise EvidenceError(f"columns {sorted(data.columns)}, a {claim.metric} has {list(names)}")
    is_inline = sum(column_size(column.kind, data.n) for column in data.columns.values()) <= INLINE_LIMIT
    columns: dict[str, Column] = {}
    for name, described in data.columns.items():
        if isinstance(described, InlineColumn) != is_inline:
            raise EvidenceError(f"column {name}: {'inline' if is_inline else 'a sidecar'} is expected at this size")
        content = _content(described, data.n, folder)
        if content is None:
            return None
        columns[name] = column_from_bytes(described.kind, content, data.n)
    sample = Sample(n=data.n, columns=columns, errors_against=tuple(data.errors_against))
    _check_errors(claim, sample)
    _check_arms(sample, key)
    return sample


def _check_arms(sample: Sample, key: str) -> None:
    """Which trial belonged to which arm follows from the stream key."""
    arms = sample.columns.get(ARM)
    if arms is not None and (not arms.is_bool or bool((arms.values != arm_column(bytes.fromhex(key), sample.n)).any())):
        raise EvidenceError("the arms of the trials are not those its stream key draws")


def _content(described: InlineColumn | SidecarColumn, n: int, folder: Path) -> bytes | None:
    if isinstance(described, SidecarColumn):
        if described.size != column_size(described.kind, n):
            raise EvidenceError(f"a sidecar of {described.size} bytes cannot hold {n} observations as {described.kind}")
        return _sidecar(folder, described)
    try:
        content = base64.b64decode(described.base64, validate=True)
    except (binascii.Error, ValueError):
        raise EvidenceError("a column is not standard padded base64") from None
    if base64.b64encode(content).decode() != described.base64:
        raise EvidenceError("a column is base64 that does not re-encode to itself")
    return content


def _sidecar(folder: Path, described: SidecarColumn) -> bytes | None:
    """Read ``observations/<sha256>.bin``: the path comes from the digest, and no link is followed on the way."""
    path = folder / f"{described.sha256}.bin"
    if folder.is_symlink() or path.is_symlink():
        raise EvidenceError(f"sidecar {path.name} is, or lies behind, a symbolic link")
    try:
        content = read_regular(path, min(described.size, MAX_SIDECAR))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except StepFailed as failed:
        raise EvidenceError(str(failed)) from failed
    if len(content) != described.size or sha256_hex(content) != described.sha256:
        raise EvidenceError(f"sidecar {path.name} does not have the content its name says")
    return content


def _check_errors(claim: Claim, sample: Sample) -> None:
    """Trials that raised and count against the claim hold exactly the value that does."""
    trials = sample.errors_against
    if not trials:
        return
    if claim.errors != ERRORS_AGAINST:
        raise EvidenceError("trials are counted as errors though the claim does not say so")
    if list(trials) != sorted(set(trials)) or trials[-1] >= sample.n:
        raise EvidenceError("the trials counted as errors are not an increasing list of trial numbers")
    column = sample.value
    at_most = claim.relation is Relation.AT_MOST
    worst: float = float(at_most) if claim.kind == "proportion" else sys.float_info.max * (1 if at_most else -1)
    if any(float(column.values[trial]) != worst for trial in trials):
        raise EvidenceError("a trial counted as an error holds a value that does not count against the claim")
