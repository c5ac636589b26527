"""Error rates of bounded means: skewed, lumpy and order-dependent data with their mean exactly on the boundary.

The full study (20,000 runs per cell): ``pytest tests/statistical/test_error_of_betting.py -m study``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from error_rates import Floats, generator, most_allowed, plan_of, sample_of, shipped

from ophamin_pillars.betting import Wealth
from pytest_ophamin.deciding.protocol import Assessment

RUNS = 2_000
STUDY_RUNS = 20_000
Draw = Callable[[np.random.Generator, float, int, int], Floats]


def _bernoulli(rng: np.random.Generator, mean: float, runs: int, n: int) -> Floats:
    return (rng.random((runs, n)) < mean).astype(np.float64)


def _skewed(rng: np.random.Generator, mean: float, runs: int, n: int) -> Floats:
    return rng.beta(0.3 * mean, 0.3 * (1.0 - mean), (runs, n))


def _narrow(rng: np.random.Generator, mean: float, runs: int, n: int) -> Floats:
    return rng.beta(200.0 * mean, 200.0 * (1.0 - mean), (runs, n))


def _rare_and_large(rng: np.random.Generator, mean: float, runs: int, n: int) -> Floats:
    """Mostly a value just below the mean; rarely a far one that makes up for it."""
    usual, share = 0.98 * mean, 0.02 * mean / (1.0 - 0.98 * mean)
    return np.where(rng.random((runs, n)) < share, 1.0, usual)


def _changing(rng: np.random.Generator, mean: float, runs: int, n: int) -> Floats:
    """The spread depends on the past; every conditional mean is the same."""
    wide = (np.arange(n) // 5) % 2 == 0
    spread = np.where(wide, min(mean, 1.0 - mean), 0.01)
    return mean + spread * np.where(rng.random((runs, n)) < 0.5, -1.0, 1.0)


DRAWS = (_bernoulli, _skewed, _narrow, _rare_and_large, _changing)


def _check(draw: Draw, mean: float, n: int, level: float, runs: int) -> None:
    rng = generator(DRAWS.index(draw), int(mean * 1000), n, runs)
    y = draw(rng, mean, runs, n)
    target = -math.log(level)
    greater = int((Wealth(y, level).log_maxima(mean) >= target).sum())
    less = int((Wealth(1.0 - y, level).log_maxima(1.0 - mean) >= target).sum())
    allowed = most_allowed(runs, level)
    assert greater <= allowed
    assert less <= allowed


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("mean", [0.03, 0.5, 0.9])
@pytest.mark.parametrize("n", [5, 50, 500])
@pytest.mark.parametrize("level", [0.05, 0.1])
def test_a_betting_test_errs_within_its_level(draw: Draw, mean: float, n: int, level: float) -> None:
    """Both one-sided tests reject their true null in at most ``level`` of samples."""
    _check(draw, mean, n, level, RUNS)


@pytest.mark.study
@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("mean", [0.01, 0.1, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("n", [5, 20, 100, 1000])
@pytest.mark.parametrize("level", [0.05, 0.1, 0.0025])
def test_study_a_betting_test_errs_within_its_level(draw: Draw, mean: float, n: int, level: float) -> None:
    """The same with 20,000 runs, in parts that fit in memory."""
    _check(draw, mean, n, level, STUDY_RUNS if n <= 100 else 4_000)


@pytest.mark.parametrize(
    ("relation", "margin", "true_mean"),
    [("at_least", 0.0, 0.3), ("at_least", 0.1, 0.2), ("at_most", 0.0, 0.3), ("at_most", 0.1, 0.4)],
)
def test_a_claim_uses_the_measured_tests(relation: str, margin: float, true_mean: float) -> None:
    """The p-values of a decided claim are those of the games whose error rate is measured above."""
    rng = generator(7)
    claim = plan_of("mean", relation, 0.3, 60, margin=margin, bounds=(0.0, 1.0))
    upward = relation == "at_least"
    for y in _skewed(rng, true_mean, 50, 60):
        assessed = shipped().deciding_for(claim).decide(claim, sample_of(y))
        assert isinstance(assessed, Assessment)
        side, t = (y, true_mean) if upward else (1.0 - y, 1.0 - true_mean)
        assert assessed.p_validate == pytest.approx(Wealth(side, claim.validate_level).p_value(t), rel=1e-12)
        other, t = (1.0 - y, 0.7) if upward else (y, 0.3)
        assert assessed.p_refute == pytest.approx(Wealth(other, claim.refute_level).p_value(t), rel=1e-12)
