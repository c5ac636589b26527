"""The check of a diagnosing pillar: form, findings, awkward samples, false alarms, and a planted fault."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from pytest_ophamin._canonical import canonical_bytes
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.decide import finding_problem
from pytest_ophamin.deciding.protocol import DiagnosingPillar, Finding
from pytest_ophamin.records.describe import describe_finding
from pytest_ophamin.testing._answers import METHOD_ID
from pytest_ophamin.testing._rates import generator, most_allowed
from pytest_ophamin.testing._samples import awkward_samples
from pytest_ophamin.testing._watch import check_form, complain, read_only, reordered, untouched
from pytest_ophamin.trials.sample import Sample

DrawSample = Callable[[np.random.Generator], Sample]
_TRIED = 3


def check_diagnosing(
    pillar: DiagnosingPillar,
    claim: Claim,
    draw: DrawSample,
    *,
    planted: DrawSample | None = None,
    detects: float = 0.8,
    void_level: float = 0.001,
    warn_level: float = 0.01,
    runs: int = 2000,
    seed: int = 0,
) -> None:
    """Check that ``pillar`` keeps the contract, is quiet on healthy samples and finds a planted fault.

    Args:
        pillar: The pillar.
        claim: An example; with the check in its design where the pillar is asked by request only.
        draw: ``draw(rng)`` returns a healthy sample of ``claim.trials`` observations.
        planted: The same with the fault the pillar is for.
        detects: Least share of planted faults to be told as ``warn`` or ``void``.
        void_level: Largest share of healthy samples with the status ``void``.
        warn_level: Largest share with ``warn`` or ``void``.
        runs: Simulated healthy samples; a tenth of it are planted. 0 leaves the rates out.
        seed: Of the simulation.

    Raises:
        AssertionError: It does not; the message says what was expected and what came.
    """
    # 1. Form.
    check_form(pillar, "diagnose")
    for place in range(_TRIED):
        drawn = draw(generator(seed, 0, place))
        # 2. The finding is a pure function of claim and sample, and survives a record.
        _check_finding(pillar, claim, drawn)
    # 3. Whatever is finite is diagnosed without an exception.
    for words, sample in awkward_samples(draw(generator(seed, 1))):
        with untouched(pillar, sample):
            _diagnose(pillar, claim, sample, words)
    # 4. False alarms. 5. The planted fault.
    _check_alarms(pillar, claim, draw, levels=(void_level, warn_level), runs=runs, seed=seed)
    if planted is not None:
        _check_detection(pillar, claim, planted, detects=detects, runs=runs // 10, seed=seed)


def _check_finding(pillar: DiagnosingPillar, claim: Claim, sample: Sample) -> None:
    with untouched(pillar, sample):
        found = _diagnose(pillar, claim, sample, "a drawn sample")
    if found is None:
        complain(pillar, "a finding on the example claim", "None: it does not apply")
    text = _round_trip(pillar, found)
    for words, same in (("the same sample again", sample), ("its columns in another order", reordered(sample))):
        again = _diagnose(pillar, claim, same, words)
        if again is None or _round_trip(pillar, again) != text:
            complain(pillar, f"the same finding on {words}", "another one")


def _diagnose(pillar: DiagnosingPillar, claim: Claim, sample: Sample, words: str) -> Finding | None:
    try:
        with np.errstate(all="ignore"):
            found = pillar.diagnose(claim, read_only(sample))
    except Exception as error:
        expected = f"a finding or None on {words}"
        raise AssertionError(f"pillar {pillar.name!r}: expected {expected}, it raised {error!r}") from error
    if found is None:
        return None
    problem = finding_problem(found, pillar)
    if problem is not None:
        complain(pillar, f"a finding on {words}", problem)
    if not METHOD_ID.match(found.method):
        complain(pillar, "a method id with a version, 'name/1'", repr(found.method))
    return found


def _round_trip(pillar: DiagnosingPillar, found: Finding) -> str:
    from pydantic import ValidationError

    from pytest_ophamin.errors import EvidenceError
    from pytest_ophamin.records.models_proof import FindingPart

    try:
        text = canonical_bytes(describe_finding(found)).decode()
        model = FindingPart.model_validate_json(text)
    except (EvidenceError, ValidationError, TypeError) as error:
        raise AssertionError(f"pillar {pillar.name!r}: expected a finding a record can hold: {error}") from error
    if json.loads(text) != json.loads(canonical_bytes(model.model_dump())):
        complain(pillar, "the same finding out of a record", "another one")
    return text


def _check_alarms(
    pillar: DiagnosingPillar, claim: Claim, draw: DrawSample, *, levels: tuple[float, float], runs: int, seed: int
) -> None:
    found = [_diagnose(pillar, claim, draw(generator(seed, 2, run)), "a healthy sample") for run in range(runs)]
    void = sum(finding is not None and finding.status == "void" for finding in found)
    told = sum(finding is not None and finding.status != "ok" for finding in found)
    for words, count, level in (("void", void, levels[0]), ("warn or void", told, levels[1])):
        allowed = most_allowed(runs, level) if runs else 0
        if count > allowed:
            complain(
                pillar, f"at most {allowed} findings {words} on {runs} healthy samples (level {level:g})", str(count)
            )


def _check_detection(
    pillar: DiagnosingPillar, claim: Claim, planted: DrawSample, *, detects: float, runs: int, seed: int
) -> None:
    found = [_diagnose(pillar, claim, planted(generator(seed, 3, run)), "a planted fault") for run in range(runs)]
    told = sum(finding is not None and finding.status != "ok" for finding in found)
    if told < detects * runs:
        complain(pillar, f"{detects:.0%} of {runs} planted faults told", str(told))
