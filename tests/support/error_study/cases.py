"""What is measured: a claim, and samples whose metric sits exactly where a wrong verdict is likeliest."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from designed import designed

from error_study.batch import Batch
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.sides import minus, plus
from pytest_ophamin.trials.sample import Sample

Rng = np.random.Generator
Draw = Callable[[Rng, float], Sample]
"""Draws a sample whose metric has the value given."""
Key = Callable[[Sample], Hashable]
RUNS = 20_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of a table of docs/validation."""

    about: str
    """What is claimed and how trials turn out; unique among all cases."""
    claim: Claim
    """With the relation ``at_least`` (``at_most`` is measured beside it) or ``within``."""
    draw: Draw
    method: str
    exact: bool
    inside: bool = True
    """Whether the method's conditions hold; outside them nothing is promised, only published."""
    key: Key | None = None
    """All that the decision depends on: samples with one key are decided once."""
    runs: int = RUNS
    batch: Batch | None = None
    """Decides many samples at once."""
    solved: bool = False
    """Whether bounds are not just the inverse of one test, so that each has to be solved for."""

    @property
    def is_within(self) -> bool:
        return self.claim.relation is Relation.WITHIN

    @property
    def first(self) -> int:
        """So many samples are measured again whenever the tests run; fewer where one takes long."""
        is_dear = self.key is not None or (self.claim.design.can_stop_early and self.batch is None)
        return 20 if is_dear else 200

    def seed(self, part: int) -> np.random.SeedSequence:
        """Return the seed of a part of the samples: no case depends on another, or on the order they run in."""
        return np.random.SeedSequence((zlib.crc32(self.about.encode()), part))


@dataclass(frozen=True, kw_only=True)
class Place:
    """One value of the metric, and the errors a claim can make there."""

    label: str
    value: float
    claim: Claim
    counts_validated: bool
    counts_refuted: bool
    mirrors: str | None = None
    """Label of the place whose claim is the opposite one: without a margin the two tests only swap their roles."""


def places_of(case: Case) -> tuple[Place, ...]:
    """Return where the claims of a case are measured: false VALIDATED at t - d, false REFUTED at t (DECIDING.md)."""
    if case.is_within:
        lo, hi = case.claim.limits
        ends = (("within, at the lower end", lo), ("within, at the upper end", hi))
        return tuple(
            Place(label=label, value=end, claim=case.claim, counts_validated=True, counts_refuted=True)
            for label, end in ends
        )
    places: list[Place] = []
    for relation, conceding in ((Relation.AT_LEAST, minus), (Relation.AT_MOST, plus)):
        claim = replace(case.claim, relation=relation)
        limit, conceded = claim.limit, conceding(claim.limit, claim.margin)
        same = conceded == limit
        label = str(relation)
        mirrors = str(Relation.AT_LEAST) if same and relation is Relation.AT_MOST else None
        at_limit = Place(
            label=label, value=limit, claim=claim, counts_validated=same, counts_refuted=True, mirrors=mirrors
        )
        places.append(at_limit)
        if not same:
            places.append(replace(at_limit, value=conceded, counts_validated=True, counts_refuted=False))
    return tuple(places)


def case(
    about: str,
    metric: str,
    threshold: float | tuple[float, float],
    n: int,
    draw: Draw,
    method: str,
    *,
    exact: bool = False,
    inside: bool = True,
    key: Key | None = None,
    runs: int = RUNS,
    solved: bool = False,
    batch: Batch | None = None,
    **changes: Any,
) -> Case:
    """Return a case; ``changes`` are arguments of the claim (``margin``, ``bounds``) and of its design."""
    relation = "within" if isinstance(threshold, tuple) else "at_least"
    claim = designed(metric, relation, threshold, n, **changes)
    return Case(
        about=about,
        claim=claim,
        draw=draw,
        method=method,
        exact=exact,
        inside=inside,
        key=key,
        runs=runs,
        solved=solved,
        batch=batch,
    )


def cases_by_name(*cases: Case) -> dict[str, Case]:
    """Return cases by what they are about."""
    found = {each.about: each for each in cases}
    if len(found) != len(cases):
        raise ValueError("two cases of one name")
    return found
