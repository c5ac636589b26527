"""NumPy's generators as substrate: the truth of every claim is known from theory, so the verdicts can be checked.

Draws come from `trial.rng`: a Philox stream keyed by the claim, its counter set by the trial.
"""

from __future__ import annotations

import math

import numpy as np

from pytest_ophamin import Trial, claim, scenario

pytestmark = scenario(
    "Sampling from distributions whose truth is known",
    tier="calibration",
    goal="what is true by theory is VALIDATED; the generators and the deciding methods agree",
)

SAMPLE_SIZE = 20
STUDENT_975_19 = 2.093024054408263
"""The 97.5 % point of Student's t with 19 degrees of freedom."""


@claim(
    "a 95 % t-interval over 20 normal draws covers the mean in 94 to 96 % of samples",
    metric="proportion",
    within=(0.94, 0.96),
    trials=20_000,
    expecting=0.95,
)
def test_interval_coverage(trial: Trial) -> bool:
    """One trial: one sample of 20; True when its interval holds the mean 0. Truth: exactly 95 %."""
    draws = trial.rng.standard_normal(SAMPLE_SIZE)
    mean = float(draws.mean())
    half_width = STUDENT_975_19 * math.sqrt(float(np.square(draws - mean).sum()) / (SAMPLE_SIZE - 1) / SAMPLE_SIZE)
    return abs(mean) <= half_width


@claim(
    "uniform draws have the mean 0.5 within 0.02",
    metric="mean",
    within=(0.48, 0.52),
    bounds=(0.0, 1.0),
    trials=10_000,
    expecting=0.5,
    expecting_sd=0.2887,
)
def test_uniform_mean(trial: Trial) -> float:
    """One trial: one draw, bounded, so that the method is exact. Truth: 0.5."""
    return trial.rng.random()


@claim(
    "exponential draws have the mean 1 within 0.06",
    metric="mean",
    within=(0.94, 1.06),
    trials=20_000,
    expecting=1.0,
    expecting_sd=1.0,
)
def test_exponential_mean(trial: Trial) -> float:
    """One trial: one draw, unbounded and skewed, decided by t. Truth: 1."""
    return trial.rng.standard_exponential()


@claim(
    "99 % of exponential draws are at most 5",
    metric="p99",
    at_most=5.0,
    trials=20_000,
    expecting=0.99326,
)
def test_exponential_tail_is_short(trial: Trial) -> float:
    """One trial: one draw. Truth: the 99 % point is log 100 = 4.605."""
    return trial.rng.standard_exponential()


@claim(
    "the 99 % point of normal draws is at least 2.2",
    metric="p99",
    at_least=2.2,
    trials=20_000,
    expecting=0.0139,
)
def test_normal_tail_is_long(trial: Trial) -> float:
    """One trial: one draw. Truth: the 99 % point is 2.326."""
    return trial.rng.standard_normal()
