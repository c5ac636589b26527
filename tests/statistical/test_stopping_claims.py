"""Error rates of claims that stop early, decided as a session decides them: exact for designs, simulated for evidence.

A sample ends at its stop, planned at a / m and b / m; the verdict compares its p-values with a and b. The published
study: ``python tests/statistical/study.py stopping sequential``; a wider grid of designs with ``-m study``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from error_rates import APPROXIMATE, generator, most_allowed, plan_of, sample_of, verdict_by

from ophamin_pillars.proportion import ProportionTests
from ophamin_pillars.sequential.anytime_claims import EvidenceTests, Paths
from ophamin_pillars.sequential.count_claims import StoppedCount, design_of
from ophamin_pillars.sequential.evidence import p_value
from ophamin_pillars.sequential.law import operating_characteristics, stopping_law
from ophamin_pillars.sequential.methods import ByEvidence, method_of
from ophamin_pillars.sequential.plans import mixture_boundaries
from ophamin_pillars.sequential.stopping import Crossed, Stop
from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.sides import claim_sides
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.trials.sample import Sample

ROUNDING = 1e-9
RUNS, STUDY_RUNS, STUDY_RUNS_OF_COUNTS = 50, 20_000, 2_000
"""Mixtures of counts are simulated less: their law is exact, here and in test_eprocess.py."""
SEQUENTIAL = Design(sequential=True)
LOOKS = Design(looks=(40, 80, 120))


def _by_verdict(claim: Claim, p: float) -> Counter[Verdict]:
    """Return the exact probability of each raw verdict when the share of successes is ``p``."""
    design = design_of(claim)
    law, at_least = design.law, claim.relation is Relation.AT_LEAST
    kinds = np.where(law.upward, Crossed.UPPER, np.where(law.downward, Crossed.LOWER, Crossed.NEITHER))
    found: Counter[Verdict] = Counter()
    mass = law.probabilities(p if at_least else 1.0 - p)
    for n, good, kind, probability in zip(law.n.tolist(), law.count.tolist(), kinds, mass, strict=True):
        fixed = ProportionTests(n, good if at_least else n - good)
        tests = StoppedCount(claim, design, Stop(n=n, count=good, crossed=Crossed(kind)), fixed)
        found[verdict_by(claim, tests)] += float(probability)  # type: ignore[assignment]
    return found


def _check_design(relation: str, threshold: float, margin: float, n: int, m: int, design: Design) -> None:
    claim = plan_of("proportion", relation, threshold, n, margin=margin, design=design, allocated=m)
    conceded = threshold - margin if relation == "at_least" else threshold + margin
    assert _by_verdict(claim, conceded)[Verdict.VALIDATED] <= claim.validate_level * (1.0 + ROUNDING)
    assert _by_verdict(claim, threshold)[Verdict.REFUTED] <= claim.refute_level * (1.0 + ROUNDING)


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("m", [1, 8])
def test_a_design_errs_within_its_levels_whatever_it_stopped_for(relation: str, m: int) -> None:
    """The raw verdict of a claim that stopped at a / m keeps a and b, in every sample there is."""
    threshold = 0.9 if relation == "at_least" else 0.1
    _check_design(relation, threshold, 0.1, 120, m, SEQUENTIAL)
    _check_design(relation, threshold, 0.1, 120, m, LOOKS)
    _check_design(relation, threshold, 0.0, 120, m, LOOKS)


@pytest.mark.study
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("margin", [0.02, 0.05, 0.2])
@pytest.mark.parametrize("m", [1, 3, 20])
@pytest.mark.parametrize("n", [30, 120, 600])
def test_study_a_design_errs_within_its_levels(relation: str, threshold: float, margin: float, m: int, n: int) -> None:
    """The same on a grid."""
    limit = threshold if relation == "at_least" else round(1.0 - threshold, 12)
    _check_design(relation, limit, margin, n, m, SEQUENTIAL)
    looks = Design(looks=(n // 3, 2 * n // 3, n))
    _check_design(relation, limit, margin, n, m, looks)
    _check_design(relation, limit, 0.0, n, m, looks)


@pytest.mark.parametrize("p0", [0.5, 0.9, 0.98, 0.02])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_a_mixture_errs_within_its_level_exactly(p0: float, level: float) -> None:
    """The law of the boundaries at which the evidence of 0/1 data decides, for a share on the limit and beside it."""
    law = stopping_law(mixture_boundaries(p0, level, level, 600))
    on_limit = operating_characteristics(law, p0)
    assert 0.2 * level < on_limit.validated <= level
    assert 0.2 * level < on_limit.refuted <= level
    assert operating_characteristics(law, 0.97 * p0).validated <= on_limit.validated
    assert operating_characteristics(law, min(1.0, 1.02 * p0)).refuted <= on_limit.refuted


@dataclass(frozen=True, slots=True)
class World:
    """A claim that sits exactly on its limit, and the draws that put it there."""

    metric: str
    relation: str
    threshold: float | tuple[float, float]
    draw: Callable[[np.random.Generator, int], tuple[Any, ...]]
    n: int = 300
    changes: dict[str, Any] = field(default_factory=dict)
    exact: bool = True
    wrong: tuple[Verdict, ...] = (Verdict.VALIDATED, Verdict.REFUTED)
    """Verdicts that are errors here; with a margin only one of them is."""


def _values(draw: Callable[[np.random.Generator, int], Any]) -> Callable[[np.random.Generator, int], tuple[Any, ...]]:
    return lambda rng, n: (draw(rng, n),)


VALIDATED, REFUTED = (Verdict.VALIDATED,), (Verdict.REFUTED,)
WORLDS: dict[str, World] = {
    "proportion within, inside": World(
        "proportion", "within", (0.3, 0.7), _values(lambda rng, n: rng.random(n) < 0.6), wrong=REFUTED
    ),
    "p90, ties at the limit": World(
        "p90", "at_most", 2.0, _values(lambda rng, n: np.where(rng.random(n) < 0.9, 2.0, 3.0))
    ),
    "mean in bounds, less margin": World(
        "mean",
        "at_least",
        0.5,
        _values(lambda rng, n: rng.beta(1.0, 1.5, n)),
        changes={"bounds": (0.0, 1.0), "margin": 0.1},
        wrong=VALIDATED,
    ),
}


def _claim_of(world: World, m: int) -> Claim:
    return plan_of(
        world.metric, world.relation, world.threshold, world.n, **world.changes, design=SEQUENTIAL, allocated=m
    )


def _verdict(claim: Claim, sample: Sample) -> Verdict:
    """Return the raw verdict of the sample up to its stop, as ``decide`` reaches it, without bounds."""
    stop = method_of(claim, sample).stop()
    method = method_of(claim, sample if stop is None else sample.first_trials(stop))
    assert isinstance(method, ByEvidence)
    p_validate = claim_sides(claim).p_validate(EvidenceTests(method.process, method.n))
    return judge(claim, p_validate, p_value(Paths.of(claim, method.process).refute), method.reason)[0]


def _rates(world: World, m: int, runs: int) -> Counter[Verdict]:
    claim, rng = _claim_of(world, m), generator(8, list(WORLDS.values()).index(world), m)
    return Counter(_verdict(claim, sample_of(*world.draw(rng, claim.trials))) for _ in range(runs))


def _check_world(name: str, m: int, runs: int) -> Counter[Verdict]:
    world = WORLDS[name]
    claim, found = _claim_of(world, m), _rates(world, m, runs)
    for verdict in world.wrong:
        level = claim.validate_level if verdict is Verdict.VALIDATED else claim.refute_level
        assert found[verdict] <= most_allowed(runs, level if world.exact else APPROXIMATE * level), (name, found)
    return found


@pytest.mark.parametrize("name", WORLDS)
def test_evidence_errs_within_its_levels(name: str) -> None:
    """False VALIDATED and false REFUTED on the limit itself, of a claim alone."""
    _check_world(name, 1, RUNS)


def test_a_claim_far_from_its_limit_is_decided_early() -> None:
    """The point of it: with a true share of .97 a mixture against .9 takes a fraction of its cap."""
    claim = plan_of("proportion", "at_least", 0.9, 2_000, design=SEQUENTIAL)
    rng = generator(10, 1)
    stops = [method_of(claim, sample_of(rng.random(2_000) < 0.97)).stop() or 2_000 for _ in range(50)]
    assert float(np.mean(stops)) < 300.0
