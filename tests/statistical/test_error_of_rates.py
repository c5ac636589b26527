"""Error rates of claims about rates, times between failures, bandwidths and correlations, by the shipped pillars.

A false VALIDATED is counted where the metric is ``t - d``, a false REFUTED where it is ``t``. The full study (20,000
claims a cell): ``pytest tests/statistical/test_error_of_rates.py -m study``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from error_rates import APPROXIMATE, errors, generator, most_allowed, plan_of, sample_of, verdict_of

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.trials.sample import Sample

RUNS, STUDY_RUNS = 250, 20_000

Draw = Callable[[np.random.Generator, int, float], Sample]
"""Draws n trials whose metric has a value."""


def _events(mean_exposure: float) -> Draw:
    def draw(g: np.random.Generator, n: int, rate: float) -> Sample:
        exposure = g.uniform(0.2, 1.8, n) * mean_exposure
        return sample_of(g.poisson(rate * exposure), exposure)

    return draw


def _lives(g: np.random.Generator, n: int, mtbf: float) -> Sample:
    """Trials that end at their first failure: the time-censored bounds stay valid."""
    return sample_of(np.ones(n, dtype=np.bool_), g.exponential(mtbf, n))


def _transfers(g: np.random.Generator, n: int, rate: float) -> Sample:
    seconds = np.exp(g.normal(0.0, 0.3, n))
    return sample_of(rate * seconds * g.gamma(40.0, 1.0 / 40.0, n), seconds)


def _pairs(value_of: Callable[[float], float], *, skew: bool) -> Draw:
    """Normal pairs whose correlation is ``value_of`` the metric; ranks do not see that the margins are skewed."""

    def draw(g: np.random.Generator, n: int, value: float) -> Sample:
        rho = value_of(value)
        x = g.normal(size=n)
        y = rho * x + math.sqrt(1.0 - rho * rho) * g.normal(size=n)
        return sample_of(np.exp(2.0 * x), y**3) if skew else sample_of(x, y)

    return draw


_PEARSON = _pairs(lambda r: r, skew=False)
_SPEARMAN = _pairs(lambda r: 2.0 * math.sin(math.pi * r / 6.0), skew=True)
_KENDALL = _pairs(lambda t: math.sin(math.pi * t / 2.0), skew=True)


@dataclass(frozen=True)
class Cell:
    """One boundary: a claim's metric, threshold and margin, its trials, and how samples arise."""

    metric: str
    threshold: float
    margin: float
    n: int
    draw: Draw
    exact: bool = False


CELLS = {
    "rate": Cell("rate", 0.3, 0.1, 20, _events(2.0), exact=True),
    "rate, rare": Cell("rate", 0.02, 0.0, 30, _events(3.0), exact=True),
    "mtbf": Cell("mtbf", 5.0, 0.0, 12, lambda g, n, m: _events(4.0)(g, n, 1.0 / m), exact=True),
    "mtbf, one failure a trial": Cell("mtbf", 5.0, 1.0, 8, _lives, exact=True),
    "bandwidth": Cell("bandwidth", 50.0, 3.0, 30, _transfers),
    "pearson": Cell("correlation", 0.5, 0.0, 10, _PEARSON),
    "pearson at 0": Cell("correlation", 0.0, 0.0, 6, _PEARSON),
    "spearman": Cell("spearman", 0.5, 0.2, 20, _SPEARMAN),
    "spearman at 0": Cell("spearman", 0.0, 0.0, 7, _SPEARMAN),
    "kendall": Cell("kendall", 0.4, 0.1, 20, _KENDALL),
    "kendall at 0": Cell("kendall", 0.0, 0.0, 12, _KENDALL),
}


def _errors(cell: Cell, claim: Claim, runs: int) -> tuple[int, int]:
    """Return how many of ``runs`` claims are falsely VALIDATED, and how many falsely REFUTED."""
    conceded = cell.threshold + (-cell.margin if claim.relation is Relation.AT_LEAST else cell.margin)
    g = generator(302, runs, list(CELLS.values()).index(cell))
    validated = errors(runs, lambda _: verdict_of(claim, cell.draw(g, cell.n, conceded)), Verdict.VALIDATED)
    refuted = errors(runs, lambda _: verdict_of(claim, cell.draw(g, cell.n, cell.threshold)), Verdict.REFUTED)
    return validated, refuted


def _check(name: str, relation: str, runs: int) -> None:
    cell = CELLS[name]
    claim = plan_of(cell.metric, relation, cell.threshold, cell.n, margin=cell.margin)
    validated, refuted = _errors(cell, claim, runs)
    factor = 1.0 if cell.exact else APPROXIMATE
    assert validated <= most_allowed(runs, factor * claim.validate_level)
    assert refuted <= most_allowed(runs, factor * claim.refute_level)


@pytest.mark.parametrize("name", CELLS)
def test_a_claim_errs_within_its_levels(name: str) -> None:
    """False VALIDATED at t - d and false REFUTED at t: exact methods at their levels, others within 1.25 of them."""
    _check(name, "at_least", RUNS)


@pytest.mark.study
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("name", CELLS)
def test_study_a_claim_errs_within_its_levels(name: str, relation: str) -> None:
    """The same with 20,000 claims a cell, on both relations."""
    _check(name, relation, STUDY_RUNS)
