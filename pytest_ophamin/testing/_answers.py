"""One answer of a deciding pillar: asked as a session asks, in words, and through a record and back."""

from __future__ import annotations

import json
import re

import numpy as np

from pytest_ophamin._canonical import canonical_bytes
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import Assessment, DecidingPillar, SearchAssessment, SequentialPillar
from pytest_ophamin.records.describe import describe_assessment
from pytest_ophamin.testing._watch import complain, read_only
from pytest_ophamin.trials.sample import Evidence, Sample

METHOD_ID = re.compile(r"[^\s/]+(/[^\s/]+)*/[0-9]+\Z")


def assess(pillar: DecidingPillar, claim: Claim, evidence: Evidence) -> Assessment | SearchAssessment:
    """Decide as a session does: up to the stopping index, with read-only arrays and numpy's warnings off."""
    with np.errstate(all="ignore"):
        if isinstance(evidence, Sample):
            evidence = stopped(pillar, claim, read_only(evidence))
        return pillar.decide(claim, evidence)


def stopped(pillar: DecidingPillar, claim: Claim, sample: Sample) -> Sample:
    if not claim.design.can_stop_early or not isinstance(pillar, SequentialPillar):
        return sample
    stop = pillar.stop(claim, sample)
    return sample if stop is None else sample.first_trials(stop)


def check_words(pillar: DecidingPillar, assessed: object) -> None:
    if not isinstance(assessed, (Assessment, SearchAssessment)):
        complain(pillar, "an Assessment", type(assessed).__name__)
    if not METHOD_ID.match(assessed.method):
        complain(pillar, "a method id with a version, 'name/1'", repr(assessed.method))
    methods = getattr(pillar, "methods", None)
    if methods is not None and assessed.method not in methods:
        complain(pillar, f"a method it names in 'methods' ({', '.join(methods)})", repr(assessed.method))
    if isinstance(assessed, Assessment):
        if not assessed.exact and not assessed.conditions:
            complain(pillar, "'conditions' of an approximate method", repr(assessed.conditions))
        if not assessed.null_validate or not assessed.null_refute:
            complain(pillar, "both nulls in words", f"{assessed.null_validate!r}, {assessed.null_refute!r}")


def round_trip(pillar: DecidingPillar, assessed: Assessment | SearchAssessment) -> str:
    """Return the canonical text of an assessment, after reading it by the closed schema of a record.

    Raises:
        AssertionError: The record cannot hold it, or holds something else.
    """
    from pydantic import TypeAdapter, ValidationError

    from pytest_ophamin.errors import EvidenceError
    from pytest_ophamin.records.models_proof import ProofDerived

    described = describe_assessment(assessed)
    try:
        text = canonical_bytes(described).decode()
        annotation = ProofDerived.model_fields["assessment"].rebuild_annotation()
        model = TypeAdapter(annotation).validate_json(text)
    except (EvidenceError, ValidationError, TypeError) as error:
        raise AssertionError(f"pillar {pillar.name!r}: expected an answer a record can hold: {error}") from error
    if json.loads(text) != json.loads(canonical_bytes(model.model_dump())):
        complain(pillar, "the same assessment out of a record", "another one")
    return text
