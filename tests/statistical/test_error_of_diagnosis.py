"""False alarms and power of the serial-dependence diagnosis.

The full study (20,000 runs per cell): ``pytest tests/statistical/test_error_of_diagnosis.py -m study``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from error_rates import generator, most_allowed

from ophamin_pillars.serial import Variable, examine

RUNS = 2_000
STUDY_RUNS = 20_000
Draw = Callable[[np.random.Generator], Variable]

INDEPENDENT: dict[str, Draw] = {
    "even bits": lambda rng: rng.random(30) < 0.5,
    "rare bits": lambda rng: rng.random(300) < 0.02,
    "few numbers": lambda rng: rng.normal(size=12),
    "numbers": lambda rng: rng.normal(size=100),
    "heavy tails": lambda rng: rng.standard_cauchy(100),
    "counts": lambda rng: rng.poisson(3.0, 60).astype(np.float64),
    "mostly zero": lambda rng: np.where(rng.random(100) < 0.7, 0.0, rng.exponential(size=100)),
    "sparse differences": lambda rng: (rng.random(100) < 0.03).astype(np.float64) - (rng.random(100) < 0.03),
}


def _statuses(draw: Draw, seed: int, runs: int) -> Counter[str]:
    rng = generator(seed, runs)
    return Counter(examine(draw(rng)).status for _ in range(runs))


def _check(name: str, runs: int) -> None:
    found = _statuses(INDEPENDENT[name], list(INDEPENDENT).index(name), runs)
    assert found["warn"] + found["void"] <= most_allowed(runs, 0.01)
    assert found["void"] <= most_allowed(runs, 0.001)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent_observations_are_rarely_suspected(name: str) -> None:
    """At most 1 % of independent samples are warned about, at most 0.1 % declared void."""
    _check(name, RUNS)


@pytest.mark.study
@pytest.mark.parametrize("name", INDEPENDENT)
def test_study_independent_observations_are_rarely_suspected(name: str) -> None:
    """The same with 20,000 runs."""
    _check(name, STUDY_RUNS)


def _autoregressive(rng: np.random.Generator, n: int, rho: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    noise, x = rng.normal(size=n), np.zeros(n)
    x[0] = noise[0]
    for i in range(1, n):
        x[i] = rho * x[i - 1] + (1.0 - rho * rho) ** 0.5 * noise[i]
    return x


DEPENDENT: dict[str, Draw] = {
    "autoregressive": lambda rng: _autoregressive(rng, 200, 0.6),
    "exceedances of an autoregression": lambda rng: _autoregressive(rng, 600, 0.8) > 1.0,
    "each value three times": lambda rng: np.repeat(rng.normal(size=40), 3),
    "each bit five times": lambda rng: np.repeat(rng.random(40) < 0.5, 5),
    "a cycle of seven": lambda rng: np.tile(rng.normal(size=7), 20) + 0.1 * rng.normal(size=140),
    "a random walk": lambda rng: np.cumsum(rng.normal(size=60)),
    "two interleaved regimes": lambda rng: np.tile([0.0, 3.0], 60) + rng.normal(size=120),
}


@pytest.mark.parametrize("name", DEPENDENT)
def test_strong_dependence_voids_the_sample(name: str) -> None:
    """Samples worth far fewer independent observations than trials are void in at least 95 % of cases."""
    assert _statuses(DEPENDENT[name], 99, 200)["void"] >= 190


def test_weak_dependence_in_a_large_sample_is_a_warning_only() -> None:
    """Where the effective n stays above 0.8 n, however significant, the sample is not void."""
    found = _statuses(lambda rng: _autoregressive(rng, 20_000, 0.05), 98, 40)
    assert found["void"] == 0
    assert found["warn"] >= 36
