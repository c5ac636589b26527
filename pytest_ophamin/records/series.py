"""From verified bundles to series: the proofs of each claim, in the order their campaigns began."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_ophamin.deciding.outcome import Outcome
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.series import Series, SeriesProof
from pytest_ophamin.records.verify.report import Exit
from pytest_ophamin.trials.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ophamin.claims.model import ClaimId
    from pytest_ophamin.records.verify.report import BundleReport
    from pytest_ophamin.records.verify.state import ProofState


def series_of(bundles: Iterable[BundleReport]) -> dict[ClaimId, Series]:
    """Return the series of every claim in verified bundles, sorted by claim id.

    Args:
        bundles: Reports in which every step holds.

    Returns:
        Series by claim id. A bundle given twice counts once; a claim without any decided proof has an empty series.

    Raises:
        ValueError: A bundle does not hold: its numbers are nobody's.
    """
    found: dict[ClaimId, dict[str, SeriesProof]] = defaultdict(dict)
    omitted: dict[ClaimId, dict[str, str]] = defaultdict(dict)
    for bundle in bundles:
        if bundle.exit_status is not Exit.HOLDS:
            raise ValueError(f"expected a verified bundle, came {bundle.path} with exit status {bundle.exit_status}")
        for proof in bundle.proofs:
            outcome = proof.outcome
            if outcome is None:
                raise ValueError(f"expected recomputed proofs, came {bundle.path} without")
            if isinstance(outcome.assessment, Assessment) and outcome.is_decided:
                _add(found[outcome.claim.id], _series_proof(proof, outcome, outcome.assessment))
            else:
                omitted[outcome.claim.id][proof.record.id] = _omission(proof, outcome)
    return {
        claim: Series(
            claim=claim,
            proofs=tuple(sorted(found[claim].values(), key=lambda proof: (proof.start, proof.id))),
            omitted=tuple(sorted(omitted[claim].values())),
        )
        for claim in sorted({*found, *omitted})
    }


def _add(proofs: dict[str, SeriesProof], proof: SeriesProof) -> None:
    """An identical re-run is no new look: the campaign that made the proof first is kept."""
    known = proofs.setdefault(proof.id, proof)
    if proof.start < known.start:
        proofs[proof.id] = proof


def _series_proof(proof: ProofState, outcome: Outcome, assessment: Assessment) -> SeriesProof:
    part = proof.statement.predicate
    return SeriesProof(
        id=proof.record.id,
        claim=outcome.claim,
        assessment=assessment,
        verdict=outcome.verdict.value,
        campaign=part.run.campaign,
        commit=part.run.base_commit,
        start=part.run.start,
        data=proof.record.data_digest,
        key=outcome.key,
        sample=proof.evidence if isinstance(proof.evidence, Sample) else None,
    )


def _omission(proof: ProofState, outcome: Outcome) -> str:
    run = proof.statement.predicate.run
    why = "a law's search has no estimate" if outcome.assessment is not None and outcome.is_decided else outcome.verdict
    return f"{run.start} {run.campaign}: {why}"
