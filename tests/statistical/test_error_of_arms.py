"""Error rates of claims about two arms, by the shipped pillars, at the boundary of their nulls.

A false VALIDATED is counted where the metric is ``t - d``, a false REFUTED where it is ``t``. The full study (20,000
claims a cell): ``pytest tests/statistical/test_error_of_arms.py -m study``. The tests of counts are enumerated besides,
in test_arms.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from compared import arms_of, arms_plan
from error_rates import APPROXIMATE, errors, generator, most_allowed, shipped
from scipy.stats import norm

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.verdict import judge
from pytest_ophamin.trials.sample import Sample

RUNS, STUDY_RUNS = 250, 20_000

Draw = Callable[[np.random.Generator, int, float], Sample]
"""Draws a sample of n in each arm whose metric has a value."""


def _bools(share: float) -> Draw:
    return lambda g, n, d: arms_of(g.random(n) < share + d, g.random(n) < share)


def _normal(sd: float) -> Draw:
    return lambda g, n, d: arms_of(g.normal(d, 1.0, n), g.normal(0.0, sd, n))


def _log_normal(g: np.random.Generator, n: int, ratio: float) -> Sample:
    return arms_of(np.exp(g.normal(math.log(ratio), 1.0, n)), np.exp(g.normal(0.0, 0.5, n)))


def _exponential(g: np.random.Generator, n: int, d: float) -> Sample:
    return arms_of(d + g.exponential(1.0, n), g.exponential(1.0, n))


def _superior(sd: float) -> Draw:
    """Normal arms, the second with another deviation, whose superiority has a value."""
    return lambda g, n, theta: arms_of(g.normal(norm.ppf(theta) * math.hypot(1.0, sd), 1.0, n), g.normal(0.0, sd, n))


def _shares(g: np.random.Generator, n: int, ratio: float) -> Sample:
    return arms_of(g.random(n) < 0.5 * ratio, g.random(n) < 0.5)


def _superior_bools(g: np.random.Generator, n: int, theta: float) -> Sample:
    return arms_of(g.random(n) < 0.5 + (theta - 0.5), g.random(n) < 0.5 - (theta - 0.5))


@dataclass(frozen=True)
class Cell:
    """One boundary: a claim's metric, threshold and margin, the size of each arm, and how samples arise."""

    metric: str
    threshold: float
    margin: float
    n: int
    draw: Draw
    method: str
    exact: bool


CELLS = {
    "exact difference": Cell("difference", 0.0, 0.1, 20, _bools(0.8), "unconditional-difference/1", exact=True),
    "exact difference, rare": Cell("difference", 0.0, 0.0, 25, _bools(0.05), "unconditional-difference/1", exact=True),
    "score difference": Cell("difference", 0.0, 0.05, 300, _bools(0.6), "score-difference/1", exact=False),
    "welch": Cell("difference", 0.5, 0.0, 12, _normal(3.0), "welch-t/1", exact=False),
    "score ratio": Cell("ratio", 1.2, 0.0, 80, _shares, "score-ratio/1", exact=False),
    "log welch": Cell("ratio", 1.5, 0.2, 15, _log_normal, "log-welch-t/1", exact=False),
    "shift": Cell("shift", 0.3, 0.0, 9, _exponential, "hodges-lehmann/1", exact=True),
    "shift, many": Cell("shift", 0.3, 0.1, 80, _exponential, "hodges-lehmann-normal/1", exact=False),
    "superiority": Cell("superiority", 0.5, 0.0, 15, _superior(2.0), "brunner-munzel-logit/1", exact=False),
    "superiority, far": Cell("superiority", 0.7, 0.0, 30, _superior(1.0), "brunner-munzel-logit/1", exact=False),
    "superiority, permuted": Cell(
        "superiority", 0.5, 0.0, 7, _superior(1.0), "brunner-munzel-logit-permuted/1", exact=False
    ),
    "superiority of bools": Cell(
        "superiority", 0.6, 0.0, 20, _superior_bools, "unconditional-difference/1", exact=True
    ),
}


def _verdicts(claim: Claim, method: str) -> Callable[[Sample], Verdict]:
    """Return what decides a sample of the claim; of bools only the counts matter, so each pair is decided once."""
    known: dict[tuple[int, int], Verdict] = {}

    def decided(sample: Sample) -> Verdict:
        assessed = shipped().deciding_for(claim).decide(claim, sample)
        assert isinstance(assessed, Assessment)
        assert assessed.method == method
        return judge(claim, assessed.p_validate, assessed.p_refute, assessed.reason)[0]

    def verdict(sample: Sample) -> Verdict:
        if not sample.is_bool:
            return decided(sample)
        first, second = sample.arms
        counts = int(first.sum()), int(second.sum())
        if counts not in known:
            known[counts] = decided(sample)
        return known[counts]

    return verdict


def _errors(cell: Cell, claim: Claim, runs: int) -> tuple[int, int]:
    """Return how many of ``runs`` claims are falsely VALIDATED, and how many falsely REFUTED."""
    conceded = cell.threshold + (-cell.margin if claim.relation is Relation.AT_LEAST else cell.margin)
    g, verdict = generator(301, runs, list(CELLS.values()).index(cell)), _verdicts(claim, cell.method)
    validated = errors(runs, lambda _: verdict(cell.draw(g, cell.n, conceded)), Verdict.VALIDATED)
    return validated, errors(runs, lambda _: verdict(cell.draw(g, cell.n, cell.threshold)), Verdict.REFUTED)


def _check(name: str, relation: str, runs: int) -> None:
    cell = CELLS[name]
    claim = arms_plan(cell.metric, relation, cell.threshold, 2 * cell.n, margin=cell.margin)
    validated, refuted = _errors(cell, claim, runs)
    factor = 1.0 if cell.exact else APPROXIMATE
    assert validated <= most_allowed(runs, factor * claim.validate_level)
    assert refuted <= most_allowed(runs, factor * claim.refute_level)


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if "unconditional" not in cell.method])
def test_a_claim_about_two_arms_errs_within_its_levels(name: str) -> None:
    """False VALIDATED at t - d and false REFUTED at t: exact methods at their levels, others within 1.25 of them."""
    _check(name, "at_least", RUNS)


@pytest.mark.study
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("name", CELLS)
def test_study_a_claim_about_two_arms_errs_within_its_levels(name: str, relation: str) -> None:
    """The same with 20,000 claims a cell, on both relations."""
    _check(name, relation, STUDY_RUNS)
