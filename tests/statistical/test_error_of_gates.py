"""Error rates and coverage of benchmark gates on their limit, decided as a session decides them.

Quick seeds here; the lines of docs/validation/gates.md by 20,000 claims each:
``pytest tests/statistical/test_error_of_gates.py -m study -s``.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from error_rates import APPROXIMATE, generator, most_allowed

from ophamin_pillars.gate import GatePillar
from pytest_ophamin._canonical import round12
from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.gates import default_looks
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.testing import claim_of, pairs_of
from pytest_ophamin.trials.sample import Sample

Floats = npt.NDArray[np.float64]
PILLAR = GatePillar()
LIMIT, ALPHA = 1.05, 0.05
QUICK, STUDY = 400, 20_000


@dataclass(frozen=True, slots=True)
class World:
    """What pairs are like: their ratio, the deviation of its log, and how often a process is disturbed by 30 %."""

    truth: float = LIMIT
    sd: float = 0.03
    disturbed: float = 0.0
    upwards_only: bool = False
    metric: str = "time_ratio"

    def draw(self, rng: np.random.Generator, n: int) -> Sample:
        """Draw pairs; the control is one more run of the candidate."""
        logs = rng.normal(math.log(self.truth), self.sd, n)
        control = rng.normal(0.0, self.sd, n)
        hit = rng.random(n) < self.disturbed
        logs += math.log(1.3) * np.where(hit, 1.0 if self.upwards_only else rng.choice((-1.0, 1.0), n), 0.0)
        first, ones = np.exp(logs), np.ones(n)
        if self.metric == "memory_ratio":
            return pairs_of(first, ones, control=first * np.exp(control))
        kept = {"control_median": ones, "first_median": ones, "second_median": ones}
        return pairs_of(first, ones, control=first * np.exp(control), **kept)


def _claim(world: World, m: int, pairs: int = 30) -> Claim:
    design = Design(looks=default_looks(pairs))
    return claim_of(world.metric, at_most=LIMIT, trials=pairs, design=design, allocated=m)


def _decide(claim: Claim, sample: Sample) -> Assessment:
    stop = PILLAR.stop(claim, sample)
    return PILLAR.decide(claim, sample if stop is None else sample.first_trials(stop))


def _count(world: World, m: int, runs: int, pairs: int = 30) -> Counter[str]:
    """Count verdicts, raw at alpha and at alpha / m, bounds that miss the truth, and pairs."""
    claim, found = _claim(world, m, pairs), Counter[str]()
    for run in range(runs):
        assessed = _decide(claim, world.draw(generator(11, m, pairs, run), pairs))
        for side, p in (("validated", assessed.p_validate), ("refuted", assessed.p_refute)):
            found[side] += round12(p) <= ALPHA
            found[f"{side} at alpha / m"] += round12(p) <= ALPHA / m
        found["lower misses"] += assessed.lower is not None and assessed.lower > world.truth
        found["upper misses"] += assessed.upper is not None and assessed.upper < world.truth
        found["too noisy"] += assessed.reason is not None
        found["pairs"] += assessed.n
    return found


def _check_boundary(world: World, m: int, runs: int, pairs: int = 30) -> Counter[str]:
    """Assert both sides' errors and misses at the limit, raw at alpha and at the level they stop at."""
    found, times = _count(world, m, runs, pairs), 1.0 if world.metric == "memory_ratio" else APPROXIMATE
    for word in ("validated", "refuted", "lower misses", "upper misses"):
        assert found[word] <= most_allowed(runs, times * ALPHA), (word, found)
    for word in ("validated", "refuted"):
        assert found[f"{word} at alpha / m"] <= most_allowed(runs, times * ALPHA / m), (word, found)
    assert found["too noisy"] <= most_allowed(runs, APPROXIMATE * 0.01 / m), found
    return found


@pytest.mark.parametrize("metric", ["time_ratio", "memory_ratio"])
@pytest.mark.parametrize("m", [1, 20])
def test_a_gate_errs_within_its_levels_on_its_limit(metric: str, m: int) -> None:
    """Both sides, both bounds, at alpha and at alpha / m; and the control cries wolf as rarely as it says."""
    _check_boundary(World(metric=metric), m, QUICK)


def test_equal_programs_are_not_refuted_and_soon_validated() -> None:
    """A/A with one process in twenty disturbed, twenty benchmarks: few pairs, no false alarm."""
    found = _count(World(truth=1.0, sd=0.02, disturbed=0.05), 20, QUICK)
    assert found["refuted"] == 0
    assert found["validated at alpha / m"] >= 0.99 * QUICK
    assert found["pairs"] <= 14 * QUICK


def _line(name: str, m: int, found: Counter[str], runs: int) -> None:
    words = ("validated", "refuted", "validated at alpha / m", "refuted at alpha / m", "lower misses", "upper misses")
    rates = " | ".join(f"{found[word] / runs:.4f}" for word in words)
    print(f"| {name} | {m} | {rates} | {found['too noisy'] / runs:.4f} | {found['pairs'] / runs:.1f} |")  # noqa: T201  # the lines of the docs page


@pytest.mark.study
@pytest.mark.parametrize("metric", ["time_ratio", "memory_ratio"])
@pytest.mark.parametrize(("m", "pairs"), [(1, 30), (5, 30), (20, 30), (20, 12), (20, 60)])
def test_study_a_gate_errs_within_its_levels_on_its_limit(metric: str, m: int, pairs: int) -> None:
    """20,000 claims a line."""
    _line(f"{metric}, {pairs} pairs", m, _check_boundary(World(metric=metric), m, STUDY, pairs), STUDY)


DISTURBED = {
    "either way, 1.00, sd .02": World(truth=1.0, sd=0.02, disturbed=0.05),
    "either way, 1.05, sd .02": World(sd=0.02, disturbed=0.05),
    "either way, 1.10, sd .02": World(truth=1.1, sd=0.02, disturbed=0.05),
    "either way, 1.10, sd .05": World(truth=1.1, sd=0.05, disturbed=0.05),
    "candidate slower, 1.00, sd .02": World(truth=1.0, sd=0.02, disturbed=0.05, upwards_only=True),
    "candidate slower, 1.05, sd .02": World(sd=0.02, disturbed=0.05, upwards_only=True),
    "candidate slower, 1.10, sd .02": World(truth=1.1, sd=0.02, disturbed=0.05, upwards_only=True),
}


@pytest.mark.study
@pytest.mark.parametrize("name", DISTURBED)
@pytest.mark.parametrize("m", [1, 20])
def test_study_disturbed_pairs(name: str, m: int) -> None:
    """5 % of pairs disturbed by 30 %: printed for the docs page; equal programs are never refuted."""
    world = DISTURBED[name]
    found = _count(world, m, STUDY)
    _line(name, m, found, STUDY)
    if world.truth == 1.0:
        assert found["refuted at alpha / m"] <= most_allowed(STUDY, 1e-4)
