"""The check of a synthesising pillar: form, and an answer to every beginning of a series."""

from __future__ import annotations

from dataclasses import asdict, replace

from pytest_ophamin._canonical import canonical_bytes
from pytest_ophamin.deciding.protocol import SynthesisingPillar
from pytest_ophamin.deciding.registry import PillarError
from pytest_ophamin.deciding.series import Series, Synthesis
from pytest_ophamin.deciding.synthesis import synthesise
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.testing._answers import METHOD_ID
from pytest_ophamin.testing._watch import check_form, complain, untouched


def check_synthesising(pillar: SynthesisingPillar, series: Series) -> None:
    """Check that ``pillar`` keeps the contract on ``series``, on each of its beginnings, and without observations.

    Args:
        pillar: The pillar.
        series: An example it can compute numbers for (:func:`~pytest_ophamin.testing.series_example`).

    Raises:
        AssertionError: It does not; the message says what was expected and what came.
    """
    check_form(pillar, "synthesise")
    for k in range(len(series.proofs) + 1):
        _check_answer(pillar, replace(series, proofs=series.proofs[:k]))
    _check_answer(pillar, replace(series, proofs=tuple(replace(proof, sample=None) for proof in series.proofs)))
    if not _answer(pillar, series).numbers:
        complain(pillar, f"numbers on the example of {len(series.proofs)} proofs", "none")


def _check_answer(pillar: SynthesisingPillar, series: Series) -> None:
    samples = [proof.sample for proof in series.proofs if proof.sample is not None]
    with untouched(pillar, samples[-1] if samples else None):
        first = _answer(pillar, series)
    if _answer(pillar, series) != first:
        complain(pillar, "the same answer to the same series", "another one")


def _answer(pillar: SynthesisingPillar, series: Series) -> Synthesis:
    try:
        found = synthesise(pillar, series)
        canonical_bytes(asdict(replace(found, numbers=dict(found.numbers), refusals=found.refusals)))
    except PillarError as error:
        raise AssertionError(f"expected an answer to a series of {len(series.proofs)} proofs: {error}") from error
    except EvidenceError as error:
        raise AssertionError(f"pillar {pillar.name!r}: expected an answer JSON can hold: {error}") from error
    if not METHOD_ID.match(found.method):
        complain(pillar, "a method id with a version, 'name/1'", repr(found.method))
    return found
