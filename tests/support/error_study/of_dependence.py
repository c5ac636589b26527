"""Samples for the serial-dependence diagnosis: independent ones of every kind, designs, and dependent ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from error_rates import generator, shipped

from error_study.cases import Case
from error_study.of_designs import CASES
from ophamin_pillars.serial import Variable, examine

Draw = Callable[[np.random.Generator], Variable]
VOID, WARN = 0.001, 0.01
"""Greatest shares of independent samples that are declared void, and of those warned about or void."""

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


def autoregressive(rng: np.random.Generator, n: int, rho: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return a first-order autoregression of variance 1."""
    noise, x = rng.normal(size=n), np.zeros(n)
    x[0] = noise[0]
    for i in range(1, n):
        x[i] = rho * x[i - 1] + (1.0 - rho * rho) ** 0.5 * noise[i]
    return x


DEPENDENT: dict[str, Draw] = {
    "autoregressive": lambda rng: autoregressive(rng, 200, 0.6),
    "exceedances of an autoregression": lambda rng: autoregressive(rng, 600, 0.8) > 1.0,
    "each value three times": lambda rng: np.repeat(rng.normal(size=40), 3),
    "each bit five times": lambda rng: np.repeat(rng.random(40) < 0.5, 5),
    "a cycle of seven": lambda rng: np.tile(rng.normal(size=7), 20) + 0.1 * rng.normal(size=140),
    "a random walk": lambda rng: np.cumsum(rng.normal(size=60)),
    "two interleaved regimes": lambda rng: np.tile([0.0, 3.0], 60) + rng.normal(size=120),
}

DESIGNS: dict[str, Case] = {
    case.about: case
    for case in CASES
    if case.about
    in {
        "mean, 12 clusters, one ten times as large, icc .3",
        "mean, 30 clusters, one ten times as large, icc .5",
        "proportion .5, 40 beta-binomial clusters",
        "arms inside 30 clusters, effect varies, margin .2",
        "autoregression of .6, 50 blocks of 40, margin .1",
        "mean, 3 strata in turn, 60 trials",
        "proportion, 3 strata at random, 60 trials",
        "interaction, 10 trials in each of 2² cells",
    }
}
"""Units and groups are what is looked at."""


def statuses(draw: Draw, seed: int, runs: int) -> Counter[str]:
    """Return how often each status is told of one column."""
    rng = generator(seed, runs)
    return Counter(examine(draw(rng)).status for _ in range(runs))


def statuses_of_design(case: Case, runs: int) -> Counter[str]:
    """Return how often each status is told of claims of a design."""
    (pillar,) = [each for each in shipped().diagnosing if each.name == "serial-dependence"]
    rng = np.random.default_rng(case.seed(10**6))
    found = [pillar.diagnose(case.claim, case.draw(rng, case.claim.limit)) for _ in range(runs)]
    return Counter("ok" if finding is None else finding.status for finding in found)
