"""Claims, samples and series to try a pillar with, made without pytest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from pytest_ophamin._canonical import digest_of
from pytest_ophamin.claims.design import PLAIN, Design
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, ClaimId, LawPlan
from pytest_ophamin.deciding.protocol import Assessment, DecidingPillar
from pytest_ophamin.deciding.series import Series, SeriesProof
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.trials.sample import FIRST, SECOND, VALUE, Column, ColumnKind, Evidence, Sample

Draw = Callable[[np.random.Generator, float], Evidence]
"""``draw(rng, metric)``: ``claim.trials`` observations of a world in which the metric is ``metric``."""

_KINDS: dict[str, ColumnKind] = {"b": "bits", "i": "i64le", "f": "f64le"}
_TEST = "test_conformance.py::test_pillar"


class ClaimFields(TypedDict, total=False):
    """Fields of a claim besides metric, threshold and trials."""

    margin: float
    alpha: float
    power: float
    expecting: float | None
    expecting_sd: float | None
    unit: str | None
    bounds: tuple[float, float] | None
    pillar: str | None
    population: str | None
    law: LawPlan | None
    allocated: int


def claim_of(
    metric: str,
    *,
    trials: int,
    at_least: float | None = None,
    at_most: float | None = None,
    within: tuple[float, float] | None = None,
    design: Design = PLAIN,
    **fields: Unpack[ClaimFields],
) -> Claim:
    """Return the claim an author would make with these arguments.

    Args:
        metric: Metric name.
        trials: Number of trials, or the cap of a claim that may stop early.
        at_least: Threshold; exactly one of the three, or none for a law.
        at_most: Threshold.
        within: ``(lo, hi)``.
        design: Arms, clusters, stopping and so on, as a value.
        fields: Others: margin, alpha, power, bounds, expecting.

    Raises:
        ValueError: There is not exactly one threshold.
    """
    limits = {Relation.AT_LEAST: at_least, Relation.AT_MOST: at_most, Relation.WITHIN: within}
    given = [(relation, limit) for relation, limit in limits.items() if limit is not None]
    if len(given) > 1 or (not given and metric != "law"):
        raise ValueError(f"expected one of at_least, at_most and within, came {len(given)}")
    relation, limit = given[0] if given else (Relation.HOLDS, None)
    threshold = float(limit) if isinstance(limit, (int, float)) else limit
    return Claim(
        id=ClaimId(_TEST),
        test=_TEST,
        statement=f"an example about the metric {metric}",
        metric=metric,
        relation=relation,
        threshold=threshold,
        trials=trials,
        design=design,
        **fields,
    )


def sample_of(value: npt.ArrayLike, **columns: npt.ArrayLike) -> Sample:
    """Return a sample of single observations.

    Args:
        value: Observations in trial order (n): bools, integers or floats.
        columns: Those of the claim's design, by name: ``arm`` (bools, true in the second arm), ``cluster``,
            ``stratum``; a factor's column as ``**{"factor:cache": levels}``.
    """
    return _sample({VALUE: value, **columns})


def pairs_of(first: npt.ArrayLike, second: npt.ArrayLike, **columns: npt.ArrayLike) -> Sample:
    """Return a sample of pairs, each (n); ``columns`` as for :func:`sample_of`."""
    return _sample({FIRST: first, SECOND: second, **columns})


def series_example(pillar: DecidingPillar, samples: Sequence[Sample], claim: Claim) -> Series:
    """Return the series of proofs that campaigns with these samples would leave, one a day, each with its own draws.

    Args:
        pillar: Decides every one of them.
        samples: One per campaign.
        claim: What they are about, with the seed policy ``commit``.
    """
    fresh = replace(claim, seed_policy="commit")
    proofs = [_proof(pillar, sample, fresh, day) for day, sample in enumerate(samples)]
    return Series(claim=claim.id, proofs=tuple(proofs))


def _proof(pillar: DecidingPillar, sample: Sample, claim: Claim, day: int) -> SeriesProof:
    assessment = pillar.decide(claim, sample)
    if not isinstance(assessment, Assessment):
        raise TypeError(f"expected an Assessment, came {type(assessment).__name__}")
    verdict, _ = judge(claim, assessment.p_validate, assessment.p_refute, assessment.reason)
    return SeriesProof(
        id=digest_of({"proof": day}),
        claim=claim,
        assessment=assessment,
        verdict=verdict.value,
        campaign="campaign",
        commit=digest_of({"commit": day})[:40],
        start=f"2026-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}T00:00:00Z",
        data=digest_of({"data": day}),
        key=f"{day:032x}",
        sample=sample,
    )


def _sample(columns: dict[str, npt.ArrayLike]) -> Sample:
    made = {name: _column(values) for name, values in columns.items()}
    lengths = {name: len(column.values) for name, column in made.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"expected columns of one length, came {lengths}")
    return Sample(n=next(iter(lengths.values())), columns=made)


def _column(values: npt.ArrayLike) -> Column:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in _KINDS:
        raise ValueError(f"expected one dimension of bools or numbers, came {array.ndim} of {array.dtype}")
    kind = _KINDS[array.dtype.kind]
    array = array if kind == "bits" else array.astype(np.int64 if kind == "i64le" else np.float64)
    array.flags.writeable = False
    return Column(kind=kind, values=array)
