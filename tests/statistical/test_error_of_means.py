"""Error rates of t-based claims inside their stated conditions, and of ratios on the log scale.

The full study (20,000 runs per cell): ``pytest tests/statistical/test_error_of_means.py -m study``.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from error_rates import (
    APPROXIMATE,
    Floats,
    errors,
    generator,
    most_allowed,
    plan_of,
    sample_of,
    verdict_by,
    verdict_of,
)

from ophamin_pillars.ratio import RatioTests
from ophamin_pillars.skewness import conditions_at
from ophamin_pillars.student import CONDITIONS, TTests, mean_and_sd
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict

RUNS = 2_000
STUDY_RUNS = 20_000
SIZES = (5, 20, 100)
STUDY_SIZES = (2, 3, 5, 10, 30, 100, 300, 1000)


def _count(claim: Claim, draws: Floats, wrong: Verdict) -> int:
    def decide(i: int) -> Verdict:
        mean, sd = mean_and_sd(draws[i])
        logs = TTests(claim.trials, mean, sd)
        return verdict_by(claim, RatioTests(logs) if claim.metric == "ratio" else logs)

    return errors(len(draws), decide, wrong)


def _normal(seed: int, runs: int, n: int, mean: float) -> Floats:
    return generator(seed, runs, n).normal(mean, 2.0, (runs, n))


def _check_mean(metric: str, relation: str, margin: float, n: int, runs: int) -> None:
    claim = plan_of(metric, relation, 1.5, n, margin=margin)
    conceded = 1.5 - margin if relation == "at_least" else 1.5 + margin
    false_validated = _count(claim, _normal(1, runs, n, conceded), Verdict.VALIDATED)
    assert false_validated <= most_allowed(runs, claim.validate_level)
    false_refuted = _count(claim, _normal(2, runs, n, 1.5), Verdict.REFUTED)
    assert false_refuted <= most_allowed(runs, claim.refute_level)


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("margin", [0.0, 0.25])
@pytest.mark.parametrize("n", SIZES)
def test_a_mean_of_normal_observations_errs_within_its_levels(relation: str, margin: float, n: int) -> None:
    """On normal data the t test is exact."""
    _check_mean("mean", relation, margin, n, RUNS)


@pytest.mark.study
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("margin", [0.0, 0.25])
@pytest.mark.parametrize("n", STUDY_SIZES)
def test_study_a_mean_of_normal_observations_errs_within_its_levels(relation: str, margin: float, n: int) -> None:
    """The same with 20,000 runs."""
    _check_mean("mean", relation, margin, n, STUDY_RUNS)


@pytest.mark.parametrize("n", [20, 100])
def test_an_equivalence_claim_about_a_mean_errs_within_its_levels(n: int) -> None:
    """At a limit VALIDATED, and at the same place seen as inside REFUTED, happens in at most alpha of samples."""
    claim = plan_of("mean", "within", (-1.0, 1.0), n)
    draws = _normal(3, RUNS, n, 1.0)
    assert _count(claim, draws, Verdict.VALIDATED) <= most_allowed(RUNS, claim.alpha)
    assert _count(claim, draws, Verdict.REFUTED) <= most_allowed(RUNS, claim.alpha)


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
def test_skewed_observations_in_the_stated_number_stay_within_the_approximate_bound(relation: str) -> None:
    """Exponential observations (skewness 2), 120 x 2 ** 2 of them: at most 1.25 x level, on both sides."""
    n, runs = 480, 4_000
    claim = plan_of("mean", relation, 1.0, n)
    draws = generator(4).exponential(1.0, (runs, n))
    for wrong, level in ((Verdict.VALIDATED, claim.validate_level), (Verdict.REFUTED, claim.refute_level)):
        assert _count(claim, draws, wrong) <= most_allowed(runs, APPROXIMATE * level)


def test_skewed_observations_need_more_at_a_smaller_level() -> None:
    """Gamma observations (skewness 1) in the number the conditions state at level .01: at most 1.25 x level."""
    claim = plan_of("mean", "at_most", 4.0, 690, alpha=0.01)
    runs = 6_000
    draws = generator(14).gamma(4.0, 1.0, (runs, claim.trials))
    assert "690 x skewness^2" in conditions_at(claim, CONDITIONS)
    for wrong in (Verdict.VALIDATED, Verdict.REFUTED):
        assert _count(claim, draws, wrong) <= most_allowed(runs, APPROXIMATE * claim.alpha)


def _check_ratio(relation: str, margin: float, n: int, runs: int) -> None:
    claim = plan_of("ratio", relation, 1.2, n, margin=margin)
    conceded = 1.2 - margin if relation == "at_least" else 1.2 + margin
    for true, wrong, level, seed in (
        (conceded, Verdict.VALIDATED, claim.validate_level, 5),
        (1.2, Verdict.REFUTED, claim.refute_level, 6),
    ):
        logs = generator(seed, runs, n).normal(math.log(true), 0.8, (runs, n))
        assert _count(claim, logs, wrong) <= most_allowed(runs, level)


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("margin", [0.0, 0.15])
@pytest.mark.parametrize("n", SIZES)
def test_a_ratio_of_lognormal_pairs_errs_within_its_levels(relation: str, margin: float, n: int) -> None:
    """A margin is additive on the ratio; on the log scale the test of lognormal pairs is exact."""
    _check_ratio(relation, margin, n, RUNS)


@pytest.mark.study
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("margin", [0.0, 0.15])
@pytest.mark.parametrize("n", STUDY_SIZES)
def test_study_a_ratio_of_lognormal_pairs_errs_within_its_levels(relation: str, margin: float, n: int) -> None:
    """The same with 20,000 runs."""
    _check_ratio(relation, margin, n, STUDY_RUNS)


def test_the_measured_tests_are_those_of_a_decided_claim() -> None:
    """Deciding a sample of pairs gives the verdict of the tests measured above."""
    rng = generator(8)
    ratio = plan_of("ratio", "at_most", 1.2, 30)
    difference = plan_of("difference", "at_least", 0.1, 30)
    for _ in range(50):
        first, second = rng.lognormal(0.1, 0.5, 30), rng.lognormal(0.0, 0.5, 30)
        logs = np.log(first / second)
        expected = verdict_by(ratio, RatioTests(TTests(30, *mean_and_sd(logs))))
        assert verdict_of(ratio, sample_of(first, second)) is expected
        gaps = TTests(30, *mean_and_sd(first - second))
        assert verdict_of(difference, sample_of(first, second)) is verdict_by(difference, gaps)
