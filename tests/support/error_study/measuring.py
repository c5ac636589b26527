"""Decide simulated claims as a session does, and count what went wrong."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np
from error_rates import APPROXIMATE, most_allowed, shipped

from error_study.batch import Batch
from error_study.cases import Case, Place, places_of
from error_study.shortcut import bounds_by_tests
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, SequentialPillar
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.trials.sample import Sample

PART = 1_000
"""Samples drawn from one seed."""
COMPARED = 100
"""Samples of which the study solves the bounds as well, where it otherwise asks their tests."""
ERRORS = ("validated", "refuted", "lower", "upper")
"""A false verdict of either kind; the interval's lower end above the truth, or its upper end below it."""

Counts = dict[str, dict[str, int]]
"""By relation (of ``within`` by the end), then by error."""


def none_yet(case: Case) -> Counts:
    """Return counts of nothing."""
    return {place.label: dict.fromkeys(ERRORS, 0) for place in places_of(case)}


def added(one: Counts, other: Counts) -> Counts:
    """Return the sum of two counts."""
    return {label: {error: n + other[label][error] for error, n in found.items()} for label, found in one.items()}


@dataclass(frozen=True)
class Decider:
    """Decides the samples of a case."""

    case: Case
    known: dict[Hashable, Assessment] = field(default_factory=dict)

    def assess(self, claim: Claim, sample: Sample, truth: float) -> Assessment:
        """Return what the shipped pillar says of a sample, up to where it stops, if the metric is ``truth``.

        Raises:
            AssertionError: Another method than the case is about decided it.
        """
        key = None if self.case.key is None else (claim.relation, truth, self.case.key(sample))
        if key is not None and key in self.known:
            return self.known[key]
        found = self._assessed(claim, sample)
        if (found.method, found.exact) != (self.case.method, self.case.exact):
            raise AssertionError(f"{self.case.about}: decided by {found.method}, exact: {found.exact}")
        if key is not None:
            self.known[key] = found
        return found

    @staticmethod
    def _assessed(claim: Claim, sample: Sample) -> Assessment:
        pillar = shipped().deciding_for(claim)
        if claim.design.can_stop_early and isinstance(pillar, SequentialPillar):
            stop = pillar.stop(claim, sample)
            sample = sample if stop is None else sample.first_trials(stop)
        found = pillar.decide(claim, sample)
        if not isinstance(found, Assessment):
            raise TypeError(f"{pillar.name} assessed nothing")
        return found


def measured(case: Case, part: int, runs: int, decider: Decider | None = None, *, solved: bool = False) -> Counts:
    """Return the errors among the first ``runs`` samples of a part.

    Args:
        case: What to decide.
        part: Which samples.
        runs: How many of them.
        decider: One that knows what it has decided already.
        solved: Solve for every bound as a session does, instead of asking its test (:mod:`error_study.shortcut`).
    """
    if case.batch is not None and not solved:
        return _measured_at_once(case, part, runs, case.batch)
    decider = decider or Decider(case)
    rng, counts, places = np.random.default_rng(case.seed(part)), none_yet(case), places_of(case)
    values = dict.fromkeys(place.value for place in places)
    for _ in range(runs):
        drawn = {value: case.draw(rng, value) for value in values}
        for place in places:
            if place.mirrors is not None:
                continue
            with nullcontext() if solved or case.solved else bounds_by_tests(place.value):
                found = decider.assess(place.claim, drawn[place.value], place.value)
            for error in errors_of(place, found):
                counts[place.label][error] += 1
    return mirrored(case, counts)


def _measured_at_once(case: Case, part: int, runs: int, batch: Batch) -> Counts:
    rng, counts, places = np.random.default_rng(case.seed(part)), none_yet(case), places_of(case)
    values = list(dict.fromkeys(place.value for place in places))
    drawn = [[case.draw(rng, value) for value in values] for _ in range(runs)]
    for place in places:
        if place.mirrors is not None:
            continue
        found = batch(place.claim, [samples[values.index(place.value)] for samples in drawn], place.value)
        if place.counts_validated:
            counts[place.label]["validated"] += int(found.validated.sum())
        if place.counts_refuted:
            counts[place.label]["refuted"] += int(found.refuted.sum())
            counts[place.label]["lower"] += int(found.lower.sum())
            counts[place.label]["upper"] += int(found.upper.sum())
    return mirrored(case, counts)


def mirrored(case: Case, counts: Counts) -> Counts:
    """Return the counts with those of claims that are the opposite of another."""
    opposite = {place.label: place.mirrors for place in places_of(case) if place.mirrors is not None}
    return {label: swapped(counts[opposite[label]]) if label in opposite else found for label, found in counts.items()}


def swapped(found: dict[str, int]) -> dict[str, int]:
    """Return the counts of the opposite claim: what refutes one validates the other, by the same tests."""
    return {
        "validated": found["refuted"],
        "refuted": found["validated"],
        "lower": found["lower"],
        "upper": found["upper"],
    }


def errors_of(place: Place, found: Assessment) -> Iterator[str]:
    """Return the errors an assessment makes where the metric is ``place.value``."""
    verdict, _ = judge(place.claim, found.p_validate, found.p_refute, found.reason)
    if place.counts_validated and verdict is Verdict.VALIDATED:
        yield "validated"
    if not place.counts_refuted:
        return
    if verdict is Verdict.REFUTED:
        yield "refuted"
    if found.lower is not None and found.lower > place.value:
        yield "lower"
    if found.upper is not None and found.upper < place.value:
        yield "upper"


def levels_of(claim: Claim) -> dict[str, float]:
    """Return the level of each error."""
    a, b = claim.validate_level, claim.refute_level
    if claim.relation is Relation.WITHIN:
        return {"validated": a, "refuted": b, "lower": a, "upper": a}
    at_least = claim.relation is Relation.AT_LEAST
    return {"validated": a, "refuted": b, "lower": a if at_least else b, "upper": b if at_least else a}


def excesses(case: Case, counts: Counts, runs: int) -> list[str]:
    """Return, in words, every count beyond what agrees with the level of the method."""
    factor = 1.0 if case.exact else APPROXIMATE
    return [
        f"{case.about}, {place.label}, {error}: {counts[place.label][error]} of {runs}, at most {allowed}"
        for place in places_of(case)
        for error, level in levels_of(place.claim).items()
        if counts[place.label][error] > (allowed := most_allowed(runs, factor * level))
    ]
