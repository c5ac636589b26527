"""Error rates of proportion and quantile claims: enumerated over every count, so exact, not simulated.

The full grid: ``pytest tests/statistical/test_error_of_counts.py -m study``.
"""

from __future__ import annotations

import numpy as np
import pytest
from error_rates import enumerated, plan_of, sample_of, verdict_of

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.sides import minus, plus

ROUNDING = 1e-9
"""What rounding p to 12 digits, and summing probabilities, may add."""
SIZES = (5, 20, 59, 100, 300)
STUDY_SIZES = (5, 7, 10, 20, 29, 50, 59, 100, 200, 299, 300, 500, 1000)
THRESHOLDS = (0.02, 0.5, 0.9, 0.99)
STUDY_THRESHOLDS = (0.01, 0.02, 0.1, 0.3, 0.5, 0.7, 0.85, 0.9, 0.95, 0.99, 0.999)
MARGINS = (0.0, 0.01, 0.1)
QUANTILES = ("median", "p90", "p99")
STUDY_QUANTILES = ("p5", "p25", "median", "p75", "p90", "p95", "p99", "p99.9")
SHARE = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


def _proportion_verdicts(claim: Claim) -> list[Verdict]:
    n = claim.trials
    return [verdict_of(claim, sample_of(np.arange(n) < k)) for k in range(n + 1)]


def _check_proportion(relation: str, threshold: float, margin: float, n: int) -> None:
    conceded = minus(threshold, margin) if relation == "at_least" else plus(threshold, margin)
    if not 0.0 < conceded < 1.0:
        return  # the claim concedes everything: an error at collection
    claim = plan_of("proportion", relation, threshold, n, margin=margin)
    verdicts = _proportion_verdicts(claim)
    assert enumerated(verdicts, conceded)[Verdict.VALIDATED] <= claim.validate_level + ROUNDING
    assert enumerated(verdicts, threshold)[Verdict.REFUTED] <= claim.refute_level + ROUNDING


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("n", SIZES)
def test_a_proportion_claim_errs_within_its_levels(relation: str, threshold: float, margin: float, n: int) -> None:
    """False VALIDATED at t - d and false REFUTED at t stay within their levels, for every n."""
    _check_proportion(relation, threshold, margin, n)


@pytest.mark.study
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("threshold", STUDY_THRESHOLDS)
@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("n", STUDY_SIZES)
def test_study_a_proportion_claim_errs_within_its_levels(
    relation: str, threshold: float, margin: float, n: int
) -> None:
    """The same on the full grid."""
    _check_proportion(relation, threshold, margin, n)


@pytest.mark.parametrize("n", [20, 100, 300])
@pytest.mark.parametrize("limits", [(0.4, 0.6), (0.8, 0.95)])
def test_an_equivalence_claim_errs_within_its_levels(limits: tuple[float, float], n: int) -> None:
    """At either limit VALIDATED, and anywhere between them REFUTED, happens in at most alpha of samples."""
    claim = plan_of("proportion", "within", limits, n)
    verdicts = _proportion_verdicts(claim)
    for limit in limits:
        assert enumerated(verdicts, limit)[Verdict.VALIDATED] <= claim.alpha + ROUNDING
    for inside in np.linspace(*limits, 9):
        assert enumerated(verdicts, float(inside))[Verdict.REFUTED] <= claim.alpha + ROUNDING


def _quantile_verdicts(claim: Claim, *, below: float, above: float) -> list[Verdict]:
    """Return the verdict for each number of observations equal to ``below``, the rest being ``above``."""
    n = claim.trials
    return [verdict_of(claim, sample_of(np.where(np.arange(n) < k, below, above))) for k in range(n + 1)]


def _check_quantile(relation: str, metric: str, margin: float, n: int, *, tied: bool) -> None:
    q = SHARE[metric]
    conceded = plus(q, margin) if relation == "at_least" else minus(q, margin)
    if not 0.0 < conceded < 1.0:
        return  # the claim concedes everything: an error at collection
    claim = plan_of(metric, relation, 5.0, n, margin=margin)
    # Tied: all observations on the good side equal the threshold, so the claim's two sides differ only by "=".
    below, above = (1.0, 5.0) if relation == "at_least" else (5.0, 9.0)
    if not tied:
        below, above = 1.0, 9.0
    verdicts = _quantile_verdicts(claim, below=below, above=above)
    assert enumerated(verdicts, conceded)[Verdict.VALIDATED] <= claim.validate_level + ROUNDING
    assert enumerated(verdicts, q)[Verdict.REFUTED] <= claim.refute_level + ROUNDING


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("metric", QUANTILES)
@pytest.mark.parametrize("margin", [0.0, 0.005])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", [5, 59, 300])
def test_a_quantile_claim_errs_within_its_levels(relation: str, metric: str, margin: float, n: int, tied: bool) -> None:
    """False VALIDATED and false REFUTED stay within their levels, also when observations tie with the threshold."""
    _check_quantile(relation, metric, margin, n, tied=tied)


@pytest.mark.study
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("metric", STUDY_QUANTILES)
@pytest.mark.parametrize("margin", [0.0, 0.0005, 0.03])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", STUDY_SIZES)
def test_study_a_quantile_claim_errs_within_its_levels(
    relation: str, metric: str, margin: float, n: int, tied: bool
) -> None:
    """The same on the full grid."""
    _check_quantile(relation, metric, margin, n, tied=tied)


@pytest.mark.parametrize("metric", ["median", "p90"])
@pytest.mark.parametrize("n", [20, 100, 300])
def test_an_equivalence_claim_about_a_quantile_errs_within_its_levels(metric: str, n: int) -> None:
    """At either limit VALIDATED, and with the quantile just inside REFUTED, happens in at most alpha of samples."""
    claim, q = plan_of(metric, "within", (2.0, 4.0), n), SHARE[metric]
    for below, above in ((1.0, 3.0), (3.0, 5.0)):  # all others between the limits: the best case for VALIDATED
        verdicts = _quantile_verdicts(claim, below=below, above=above)
        assert enumerated(verdicts, q)[Verdict.VALIDATED] <= claim.alpha + ROUNDING
    both_sides = _quantile_verdicts(claim, below=1.0, above=5.0)  # nothing between them: the worst case for REFUTED
    assert enumerated(both_sides, q)[Verdict.REFUTED] <= claim.alpha + ROUNDING
