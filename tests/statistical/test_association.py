"""Error rates of correlation tests, and coverage per side of correlation and bootstrap bounds.

The full study: ``pytest tests/statistical/test_association.py -m study``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from error_rates import APPROXIMATE, Floats, generator, most_allowed

from ophamin_pillars.association import bootstrap, kendall, pearson, spearman
from ophamin_pillars.association.pearson import PearsonTests
from pytest_ophamin.deciding.sides import OneSided

RUNS, STUDY_RUNS = 2_000, 20_000
BOOTSTRAP_RUNS = 300
Make = Callable[[Floats, Floats], OneSided]


def _pearson(x: Floats, y: Floats) -> OneSided:
    return PearsonTests(len(x), pearson.pearson_r(x, y))


@dataclass(frozen=True)
class Method:
    """A correlation, its tests, and its value for normal pairs with correlation ``rho``."""

    make: Make
    value: Callable[[float], float]
    exact: bool


METHODS = {
    "pearson": Method(_pearson, lambda rho: rho, exact=True),
    "spearman": Method(spearman.spearman_tests, lambda rho: 6.0 / math.pi * math.asin(rho / 2.0), exact=False),
    "kendall": Method(kendall.kendall_tests, lambda rho: 2.0 / math.pi * math.asin(rho), exact=False),
}


def _normal_pairs(rng: np.random.Generator, runs: int, n: int, rho: float) -> tuple[Floats, Floats]:
    x = rng.normal(size=(runs, n))
    return x, rho * x + math.sqrt(1.0 - rho * rho) * rng.normal(size=(runs, n))


def _rejected(method: Method, x: Floats, y: Floats, limit: float, level: float) -> tuple[int, int]:
    """Return how often the true ``limit`` is rejected from above and from below."""
    above = below = 0
    for a, b in zip(x, y, strict=True):
        tests = method.make(a, b)
        above += tests.greater(limit, slack=0.0, strict=False, level=level) <= level
        below += tests.less(limit, slack=0.0, strict=False, level=level) <= level
    return above, below


def _check(name: str, n: int, rho: float, runs: int, level: float) -> None:
    method = METHODS[name]
    # Ranks only see the order: skewed margins are as good as normal ones.
    x, y = _normal_pairs(generator(81, n, runs, int(100 * rho)), runs, n, rho)
    if name != "pearson":
        x, y = np.exp(2.0 * x), y**3
    counts = _rejected(method, x, y, method.value(rho), level)
    assert max(counts) <= most_allowed(runs, level if method.exact or rho == 0.0 else APPROXIMATE * level)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("n", "rho"), [(5, 0.0), (15, 0.6), (40, 0.0)])
def test_a_correlation_errs_within_its_levels(name: str, n: int, rho: float) -> None:
    """Both sides at the true value: exact at 0 and for Pearson on normal pairs; else within 1.25 levels."""
    _check(name, n, rho, RUNS // 4, 0.05)


@pytest.mark.study
@pytest.mark.parametrize("level", [0.05, 0.01])
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6, 0.8])
@pytest.mark.parametrize("n", [15, 25, 60])
@pytest.mark.parametrize("name", METHODS)
def test_study_a_correlation_errs_within_its_levels(name: str, n: int, rho: float, level: float) -> None:
    """The same with 20,000 runs on the grid of the stated conditions."""
    _check(name, n, rho, STUDY_RUNS, level)


@pytest.mark.study
@pytest.mark.parametrize("n", [3, 4, 6, 10])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.95])
def test_study_pearson_is_exact_for_few_normal_pairs(n: int, rho: float) -> None:
    """Where Fisher's z is not."""
    _check("pearson", n, rho, STUDY_RUNS, 0.05)


@pytest.mark.parametrize("name", ["spearman", "kendall"])
@pytest.mark.parametrize("n", [7, 20])
def test_independent_ties_are_no_correlation(name: str, n: int) -> None:
    """Grades from 1 to 4 against yes and no: counted for few pairs, approximate beyond."""
    rng = generator(82, n)
    x, y = rng.integers(1, 5, (RUNS // 4, n)).astype(float), rng.integers(0, 2, (RUNS // 4, n)).astype(float)
    vary = (np.ptp(x, axis=1) > 0) & (np.ptp(y, axis=1) > 0)
    x, y = x[vary], y[vary]
    level = 0.05 if n == 7 else APPROXIMATE * 0.05
    assert max(_rejected(METHODS[name], x, y, 0.0, 0.05)) <= most_allowed(len(x), level)


Draw = Callable[[np.random.Generator, int], Floats]


def _mean_errors(draw: Draw, truth: float, n: int, runs: int, resamples: int) -> dict[str, tuple[int, int]]:
    """Return how often each method's 90 % interval of a mean lies above, and below the truth."""
    found = {"percentile": [0, 0], "bca": [0, 0], "bootstrap-t": [0, 0]}
    for run in range(runs):
        x = draw(generator(83, n, run), n)
        rng = generator(84, n, run)
        bca = bootstrap.bca_tests(x, bootstrap.mean_of, rng, resamples)
        plain = bootstrap.BootstrapTests(n, bca.estimate, bca.replicates, 0.0, 0.0)
        studentised = bootstrap.bootstrap_t_interval(
            x, bootstrap.mean_of, bootstrap.error_of_mean, confidence=0.9, rng=rng, resamples=resamples
        )
        intervals = (bootstrap.interval(plain, 0.9), bootstrap.interval(bca, 0.9), studentised)
        for name, (lower, upper) in zip(found, intervals, strict=True):
            found[name][0] += lower > truth
            found[name][1] += upper < truth
    return {name: (above, below) for name, (above, below) in found.items()}


def _normal(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(1.0, 1.0, n)


def _gamma(rng: np.random.Generator, n: int) -> Floats:
    """Skewness 1."""
    return rng.gamma(4.0, 0.25, n)


@pytest.mark.parametrize(("draw", "n"), [(_normal, 50), (_gamma, 50)])
def test_bca_bounds_of_a_mean_err_within_their_levels(draw: Draw, n: int) -> None:
    """Inside the conditions, each side at 5 %: within 1.25 levels."""
    counted = _mean_errors(draw, 1.0, n, BOOTSTRAP_RUNS, 799)
    assert max(counted["bca"]) <= most_allowed(BOOTSTRAP_RUNS, APPROXIMATE * 0.05)
    assert max(counted["bootstrap-t"]) <= most_allowed(BOOTSTRAP_RUNS, APPROXIMATE * 0.05)


@pytest.mark.study
@pytest.mark.parametrize("draw", [_normal, _gamma])
@pytest.mark.parametrize("n", [50, 100])
def test_study_bca_bounds_of_a_mean_err_within_their_levels(
    draw: Draw, n: int, record_property: Callable[..., None]
) -> None:
    """The same with 5,000 runs and 1,999 resamples; the percentile method is measured beside it."""
    counted = _mean_errors(draw, 1.0, n, 5_000, 1_999)
    record_property("errors", counted)
    assert max(counted["bca"]) <= most_allowed(5_000, APPROXIMATE * 0.05)
    assert max(counted["bootstrap-t"]) <= most_allowed(5_000, APPROXIMATE * 0.05)
