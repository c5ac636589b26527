"""Cases of totals (rates, times between failures, bandwidths) and of correlations."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from error_rates import sample_of

from error_study.cases import Case, Draw, Rng, case
from pytest_ophamin.trials.sample import Sample

POISSON, MTBF, BANDWIDTH = "garwood/1", "chi-square-mtbf/1", "jackknife-ratio-t/1"
PEARSON, SPEARMAN, KENDALL = "pearson-normal/1", "spearman-permutation-z/1", "kendall-permutation-z/1"


def events(n: int, exposure: float, burst: int = 1) -> Draw:
    """Return events at a rate, over exposures that differ; ``burst`` of them come together."""

    def draw(g: Rng, rate: float) -> Sample:
        exposures = g.uniform(0.2, 1.8, n) * exposure
        return sample_of(burst * g.poisson(rate * exposures / burst), exposures)

    return draw


def failures(n: int, time: float) -> Draw:
    """Return failures and times whose mean time between failures is the metric."""
    drawn = events(n, time)
    return lambda g, mtbf: drawn(g, 1.0 / mtbf)


def lives(n: int) -> Draw:
    """Return trials that end at their first failure: the bounds for a fixed time stay valid."""
    return lambda g, mtbf: sample_of(np.ones(n, dtype=np.bool_), g.exponential(mtbf, n))


def transfers(n: int, spread: float, shape: float) -> Draw:
    """Return amounts and seconds at a rate; with a small ``shape`` the rates of single transfers are skewed."""

    def draw(g: Rng, rate: float) -> Sample:
        seconds = np.exp(g.normal(0.0, spread, n))
        return sample_of(rate * seconds * g.gamma(shape, 1.0 / shape, n), seconds)

    return draw


def pairs(n: int, rho_of: Callable[[float], float], *, monotone: bool = False) -> Draw:
    """Return normal pairs with a correlation; ranks do not see the ``monotone`` functions applied to both sides."""

    def draw(g: Rng, value: float) -> Sample:
        rho = rho_of(value)
        x = g.normal(size=n)
        y = rho * x + math.sqrt(1.0 - rho * rho) * g.normal(size=n)
        return sample_of(np.exp(2.0 * x), y**3) if monotone else sample_of(x, y)

    return draw


def spreading(n: int) -> Draw:
    """Return uncorrelated pairs that depend on each other: the spread of one is the size of the other."""

    def draw(g: Rng, value: float) -> Sample:
        x = g.normal(size=n)
        return sample_of(x, x * g.normal(size=n))

    return draw


def skewed_pairs(n: int) -> Draw:
    """Return log-normal pairs whose Pearson correlation is the metric."""

    def draw(g: Rng, value: float) -> Sample:
        rho = math.log1p(value * (math.e - 1.0))
        x = g.normal(size=n)
        return sample_of(np.exp(x), np.exp(rho * x + math.sqrt(1.0 - rho * rho) * g.normal(size=n)))

    return draw


def _same(value: float) -> float:
    return value


def _of_spearman(value: float) -> float:
    return 2.0 * math.sin(math.pi * value / 6.0)


def _of_kendall(value: float) -> float:
    return math.sin(math.pi * value / 2.0)


def _totals() -> list[Case]:
    return [
        case("rate .3, 20 trials of 2 h, margin .1", "rate", 0.3, 20, events(20, 2.0), POISSON, margin=0.1, exact=True),
        case("rate .02, 30 trials of 3 h", "rate", 0.02, 30, events(30, 3.0), POISSON, exact=True),
        case("rate within, 50 trials of 10 h", "rate", (0.2, 0.4), 50, events(50, 10.0), POISSON, exact=True),
        case("mtbf 5 h, 12 trials of 4 h", "mtbf", 5.0, 12, failures(12, 4.0), MTBF, exact=True),
        case(
            "mtbf 5 h, 8 trials that end at a failure, margin 1 h",
            "mtbf",
            5.0,
            8,
            lives(8),
            MTBF,
            margin=1.0,
            exact=True,
        ),
        case("mtbf within, 100 trials of 20 h", "mtbf", (4.0, 6.0), 100, failures(100, 20.0), MTBF, exact=True),
        case(
            "bandwidth, 30 trials, skewness .36, margin 3",
            "bandwidth",
            50.0,
            30,
            transfers(30, 0.3, 40.0),
            BANDWIDTH,
            margin=3.0,
        ),
        case("bandwidth, 20 trials, skewness .2", "bandwidth", 50.0, 20, transfers(20, 0.1, 150.0), BANDWIDTH),
        case("bandwidth within, 100 trials", "bandwidth", (45.0, 55.0), 100, transfers(100, 0.3, 40.0), BANDWIDTH),
    ]


def _correlations() -> list[Case]:
    found: list[Case] = []
    for metric, method, rho_of in (
        ("correlation", PEARSON, _same),
        ("spearman", SPEARMAN, _of_spearman),
        ("kendall", KENDALL, _of_kendall),
    ):
        monotone = metric != "correlation"
        for n in (6, 12, 100):
            draw = pairs(n, rho_of, monotone=monotone)
            at_zero = f"{metric} at 0, {n} normal pairs"
            found.append(case(at_zero, metric, 0.0, n, draw, method, solved=monotone))
        draw = pairs(20, rho_of, monotone=monotone)
        found.append(case(f"{metric} at .5, 20 normal pairs, margin .1", metric, 0.5, 20, draw, method, margin=0.1))
        draw = pairs(50, rho_of, monotone=monotone)
        found.append(case(f"{metric} within, 50 normal pairs", metric, (-0.3, 0.3), 50, draw, method))
    found.append(case("correlation at .5, 5 normal pairs", "correlation", 0.5, 5, pairs(5, _same), PEARSON))
    return found


def _outside() -> list[Case]:
    found = [
        case(
            "rate .3, 50 trials of 10 h, events in pairs",
            "rate",
            0.3,
            50,
            events(50, 10.0, 2),
            POISSON,
            exact=True,
            inside=False,
        ),
        case(
            "rate .3, 50 trials of 10 h, events in fives",
            "rate",
            0.3,
            50,
            events(50, 10.0, 5),
            POISSON,
            exact=True,
            inside=False,
        ),
        case(
            "mtbf 5 h, 100 trials of 4 h, failures in pairs",
            "mtbf",
            5.0,
            100,
            _bursts(100),
            MTBF,
            exact=True,
            inside=False,
        ),
        case(
            "bandwidth, 30 trials, skewness .8", "bandwidth", 50.0, 30, transfers(30, 0.3, 6.0), BANDWIDTH, inside=False
        ),
        case("bandwidth, 5 trials", "bandwidth", 50.0, 5, transfers(5, 0.3, 40.0), BANDWIDTH, inside=False),
        case("correlation at .5, 30 lognormal pairs", "correlation", 0.5, 30, skewed_pairs(30), PEARSON, inside=False),
        case("spearman at .9, 8 normal pairs", "spearman", 0.9, 8, pairs(8, _of_spearman), SPEARMAN, inside=False),
        case("kendall at .8, 10 normal pairs", "kendall", 0.8, 10, pairs(10, _of_kendall), KENDALL, inside=False),
    ]
    for metric, method in (("correlation", PEARSON), ("spearman", SPEARMAN), ("kendall", KENDALL)):
        about = f"{metric} at 0, 30 pairs (x, x times noise)"
        ranks = metric != "correlation"
        found.append(case(about, metric, 0.0, 30, spreading(30), method, inside=False, solved=ranks))
    return found


def _bursts(n: int) -> Draw:
    drawn = events(n, 4.0, 2)
    return lambda g, mtbf: drawn(g, 1.0 / mtbf)


CASES = [*_totals(), *_correlations(), *_outside()]
