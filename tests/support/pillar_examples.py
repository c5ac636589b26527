"""An example for every question of every shipped pillar: what the conformance check tries it on.

Adding a pillar means adding its rows here; tests/unit/test_pillars_conformance.py fails without them:

    DECIDING["my-pillar", "mean+arms"] = Decided(claim, draw)
    DIAGNOSING["my-diagnosis"] = Diagnosed(claim, draw, planted)
    SYNTHESISING["my-synthesis"] = lambda: series_example(pillar, samples, claim)

A draw takes a generator and the value the metric has; keep a check below half a second by ``runs``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ophamin_pillars.proportion import ProportionPillar
from pytest_ophamin.claims.design import PLAIN, Check, Design, Option
from pytest_ophamin.claims.model import Claim, LawPlan
from pytest_ophamin.deciding.series import Series
from pytest_ophamin.testing import claim_of, pairs_of, sample_of, series_example
from pytest_ophamin.trials.sample import Evidence, Sample, Search

Draw = Callable[[np.random.Generator, float], Evidence]
DrawSample = Callable[[np.random.Generator], Sample]
RUNS = 200


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A claim, and samples of a world in which its metric has a given value."""

    claim: Claim
    draw: Draw
    runs: int = RUNS


@dataclass(frozen=True, kw_only=True)
class Diagnosed:
    """A claim, healthy samples, and samples with the fault the pillar is for."""

    claim: Claim
    draw: DrawSample
    planted: DrawSample | None = None
    detects: float = 0.8
    void_level: float = 0.001
    warn_level: float = 0.01
    runs: int = RUNS


# Values of one trial each -------------------------------------------------------------------------------------------


def bools(n: int) -> Draw:
    """Draw n bools that are true with probability ``metric``."""
    return lambda rng, metric: sample_of(rng.random(n) < metric)


def normal(n: int) -> Draw:
    """Draw n normal observations about ``metric``."""
    return lambda rng, metric: sample_of(rng.normal(metric, 1.0, n))


def normal_quantile(n: int) -> Draw:
    """Draw n normal observations whose 75th percentile is ``metric``."""
    return lambda rng, metric: sample_of(rng.normal(metric - 0.6744897501960817, 1.0, n))


def normal_pairs(n: int) -> Draw:
    """Draw n pairs that differ by ``metric`` in the mean."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        second = rng.normal(0.0, 3.0, n)
        return pairs_of(second + rng.normal(metric, 1.0, n), second)

    return draw


def log_pairs(n: int) -> Draw:
    """Draw n pairs whose ratios have the geometric mean ``metric``."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        second = np.exp(rng.normal(0.0, 0.5, n))
        return pairs_of(second * metric * np.exp(rng.normal(0.0, 0.2, n)), second)

    return draw


def correlated(n: int, rho: Callable[[float], float] = float) -> Draw:
    """Draw n normal pairs whose Pearson correlation is ``rho(metric)``."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        first, rest = rng.normal(size=n), rng.normal(size=n)
        r = rho(metric)
        return pairs_of(first, r * first + math.sqrt(1.0 - r * r) * rest)

    return draw


def events(n: int, *, per_event: bool) -> Draw:
    """Draw n counts of a Poisson process over varied exposures; ``metric`` is its rate, or exposure per event."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        exposure = rng.uniform(5.0, 15.0, n)
        return pairs_of(rng.poisson(exposure * (1.0 / metric if per_event else metric)), exposure)

    return draw


def amounts(n: int) -> Draw:
    """Draw n transfers whose total over total seconds is ``metric``."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        seconds = rng.uniform(1.0, 2.0, n)
        return pairs_of(seconds * metric + rng.normal(0.0, 1.0, n), seconds)

    return draw


def gates(n: int, sd: float = 0.03) -> Draw:
    """Draw n pairs of processes whose times have the ratio ``metric``; the candidate's control is like it."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        first, second, control = rng.normal(0.0, sd / math.sqrt(2.0), (3, n))
        kept = {"control": metric * np.exp(control), "first_median": np.ones(n), "second_median": np.ones(n)}
        return pairs_of(metric * np.exp(first), np.exp(second), control_median=np.ones(n), **kept)

    return draw


def budgets(n: int, *more: str) -> Draw:
    """Draw n processes whose statistic has the geometric mean ``metric``; ``more`` names columns nobody decides on."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        value, control = metric * np.exp(rng.normal(0.0, 0.05, (2, n)))
        return sample_of(value, control=control, **{name: np.ones(n) for name in more})

    return draw


def peaks(n: int) -> Draw:
    """Draw n pairs of peaks whose ratios have the median ``metric``, half of them equal to their control's."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        first = metric * np.exp(rng.normal(0.0, 0.01, n))
        return pairs_of(first, np.ones(n), control=np.where(rng.random(n) < 0.5, first, first[rng.permutation(n)]))

    return draw


def searches(rng: np.random.Generator, metric: float) -> Search:
    """Draw a search that found something every third time."""
    del metric
    found = bool(rng.integers(3) == 0)
    return Search(
        valid_examples=7 if found else 100,
        max_examples=100,
        exhausted=False,
        seed=int(rng.integers(2**40)),
        strategy="text()",
        database="none",
        counterexample="a=''" if found else None,
    )


# Designs ------------------------------------------------------------------------------------------------------------

ARMS = Design(arms=("old", "new"))
CLUSTERS = Design(cluster="user")
ARMED_CLUSTERS = Design(arms=("old", "new"), cluster="user")
BLOCKS = Design(block=5)
STRATA = Design(strata="site")
FACTORS = Design(factors=("cache", "threads"))
SEQUENTIAL = Design(sequential=True)
LOOKS = Design(looks=(20, 40, 60))
PAIRS = Design(looks=(6, 8, 10, 12, 14, 16, 20, 24))
RESAMPLED = Design(resampled=1 / 9)

Values = Callable[[np.random.Generator, int, float], npt.NDArray[np.bool_] | npt.NDArray[np.float64]]


def _arm(n: int) -> npt.NDArray[np.bool_]:
    return (np.arange(n) % 2).astype(np.bool_)


def arms(n: int, first: Values, second: Values) -> Draw:
    """Draw n trials of alternating arms."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        arm = _arm(n)
        return sample_of(np.where(arm, second(rng, n, metric), first(rng, n, metric)), arm=arm)

    return draw


def _normal_at(centre: Callable[[float], float]) -> Values:
    return lambda rng, n, metric: rng.normal(centre(metric), 1.0, n)


def _log_normal_at(centre: Callable[[float], float]) -> Values:
    return lambda rng, n, metric: centre(metric) * np.exp(rng.normal(0.0, 0.3, n))


def clustered(groups: int, size: int, *, bools: bool = False, armed: bool = False) -> Draw:
    """Draw clusters with an effect of their own; ``metric`` is the mean, share, or difference of arms within them."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        n, codes = groups * size, np.repeat(np.arange(groups), size)
        own = rng.normal(0.0, 0.5, groups)[codes]
        if bools:
            return sample_of(rng.random(n) < rng.beta(4.0 * metric, 4.0 * (1.0 - metric), groups)[codes], cluster=codes)
        if armed:
            return sample_of(own + np.where(_arm(n), 0.0, metric) + rng.normal(0.0, 1.0, n), cluster=codes, arm=_arm(n))
        return sample_of(metric + own + rng.normal(0.0, 1.0, n), cluster=codes)

    return draw


def clustered_pairs(groups: int, size: int) -> Draw:
    """Draw clusters of pairs that differ by ``metric`` in the mean."""
    singles = clustered(groups, size)

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        found = singles(rng, metric)
        assert isinstance(found, Sample)
        second = rng.normal(0.0, 1.0, found.n)
        return pairs_of(second + found.value.floats, second, cluster=found.codes("cluster"))

    return draw


def stratified(n: int, *, bools: bool = False) -> Draw:
    """Draw strata in turn with means of their own."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        stratum = np.arange(n) % 3
        if bools:
            return sample_of(rng.random(n) < np.array([metric - 0.1, metric, metric + 0.1])[stratum], stratum=stratum)
        return sample_of(metric + (stratum - 1.0) + rng.normal(0.0, 1.0, n), stratum=stratum)

    return draw


def factorial(n: int) -> Draw:
    """Draw two crossed factors of two levels; the first has the effect ``metric``."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        cache, threads = np.arange(n) % 2, np.arange(n) // 2 % 2
        value = metric * cache + 0.3 * threads + rng.normal(0.0, 1.0, n)
        return sample_of(value, **{"factor:cache": cache, "factor:threads": threads})

    return draw


def splits(n: int, *, paired: bool) -> Draw:
    """Draw scores of n splits that share training data: correlated by the share of test to all data."""

    def draw(rng: np.random.Generator, metric: float) -> Sample:
        score = metric + rng.normal(0.0, math.sqrt(0.1)) + rng.normal(0.0, math.sqrt(0.9), n)
        return pairs_of(score, np.zeros(n)) if paired else sample_of(score)

    return draw


LAW = LawPlan(max_examples=100, phases=("generate",), strategy="text()", deadline_ms=None, database="none")


def _decided(claim: Claim, draw: Draw, runs: int = RUNS) -> Decided:
    return Decided(claim=claim, draw=draw, runs=runs)


def _sin(tau: float) -> float:
    return math.sin(math.pi * tau / 2.0)


def _spearman(rho: float) -> float:
    return 2.0 * math.sin(math.pi * rho / 6.0)


DECIDING: dict[tuple[str, str], Decided] = {
    ("proportion", "proportion"): _decided(claim_of("proportion", at_least=0.9, margin=0.05, trials=60), bools(60)),
    ("quantile", "quantile"): _decided(claim_of("p75", at_most=3.0, trials=40), normal_quantile(40)),
    ("mean", "mean"): _decided(claim_of("mean", at_least=2.0, trials=30), normal(30)),
    ("difference", "difference"): _decided(claim_of("difference", at_most=0.0, trials=30), normal_pairs(30)),
    ("ratio", "ratio"): _decided(claim_of("ratio", within=(0.8, 1.25), trials=25), log_pairs(25)),
    ("law", "law"): _decided(claim_of("law", trials=0, law=LAW), searches),
    ("correlation", "correlation"): _decided(claim_of("correlation", at_least=0.3, trials=30), correlated(30)),
    ("correlation", "spearman"): _decided(claim_of("spearman", at_least=0.0, trials=30), correlated(30, _spearman)),
    ("correlation", "kendall"): _decided(claim_of("kendall", at_least=0.0, trials=30), correlated(30, _sin)),
    ("availability", "rate"): _decided(claim_of("rate", at_most=0.2, trials=10), events(10, per_event=False)),
    ("availability", "mtbf"): _decided(claim_of("mtbf", at_least=4.0, trials=10), events(10, per_event=True)),
    ("bandwidth", "bandwidth"): _decided(claim_of("bandwidth", at_least=20.0, trials=30), amounts(30)),
    ("arms.difference", "difference+arms"): _decided(
        claim_of("difference", at_least=0.0, trials=40, design=ARMS),
        arms(40, _normal_at(float), _normal_at(lambda _: 0.0)),
    ),
    ("arms.ratio", "ratio+arms"): _decided(
        claim_of("ratio", at_most=1.1, trials=60, design=ARMS),
        arms(60, _log_normal_at(float), _log_normal_at(lambda _: 1.0)),
    ),
    ("arms.shift", "shift+arms"): _decided(
        claim_of("shift", at_least=0.5, trials=40, design=ARMS),
        arms(40, _normal_at(float), _normal_at(lambda _: 0.0)),
    ),
    ("arms.superiority", "superiority+arms"): _decided(
        claim_of("superiority", at_least=0.5, trials=80, design=ARMS),
        arms(80, _normal_at(lambda _: 0.0), _normal_at(lambda _: 0.0)),  # 0.5 in every world
    ),
    ("M.mixed_effects", "mean+cluster"): _decided(
        claim_of("mean", at_least=1.0, trials=60, design=CLUSTERS), clustered(12, 5)
    ),
    ("M.mixed_effects", "proportion+cluster"): _decided(
        claim_of("proportion", at_least=0.6, trials=60, design=CLUSTERS), clustered(12, 5, bools=True)
    ),
    ("M.mixed_effects", "difference+cluster"): _decided(
        claim_of("difference", at_least=0.0, trials=60, design=CLUSTERS), clustered_pairs(12, 5)
    ),
    ("M.mixed_effects", "difference+arms+cluster"): _decided(
        claim_of("difference", at_least=0.0, trials=60, design=ARMED_CLUSTERS), clustered(10, 6, armed=True)
    ),
    ("block", "mean+block"): _decided(claim_of("mean", at_least=1.0, trials=60, design=BLOCKS), normal(60)),
    ("block", "proportion+block"): _decided(claim_of("proportion", at_least=0.7, trials=60, design=BLOCKS), bools(60)),
    ("block", "difference+block"): _decided(
        claim_of("difference", at_least=0.0, trials=60, design=BLOCKS), normal_pairs(60)
    ),
    ("strata", "mean+strata"): _decided(claim_of("mean", at_least=1.0, trials=45, design=STRATA), stratified(45)),
    ("strata", "proportion+strata"): _decided(
        claim_of("proportion", at_least=0.7, trials=45, design=STRATA), stratified(45, bools=True)
    ),
    ("M.mea", "effect+factors"): _decided(
        claim_of("effect:cache", at_least=0.5, trials=40, design=FACTORS), factorial(40)
    ),
    ("N.cross_validation", "mean+resampled"): _decided(
        claim_of("mean", at_least=0.5, trials=10, design=RESAMPLED), splits(10, paired=False)
    ),
    ("N.cross_validation", "difference+resampled"): _decided(
        claim_of("difference", at_least=0.0, trials=10, design=RESAMPLED), splits(10, paired=True)
    ),
    ("A.sprt", "proportion+sequential"): _decided(
        claim_of("proportion", at_least=0.9, margin=0.15, trials=60, design=SEQUENTIAL), bools(60), runs=30
    ),
    ("A.sprt", "proportion+looks"): _decided(
        claim_of("proportion", at_least=0.9, margin=0.15, trials=60, design=LOOKS), bools(60), runs=30
    ),
    ("A.sprt", "quantile+sequential"): _decided(
        claim_of("p75", at_most=3.0, trials=80, design=SEQUENTIAL), normal_quantile(80), runs=20
    ),
    ("A.sprt", "quantile+looks"): _decided(
        claim_of("p75", at_most=3.0, trials=60, design=LOOKS), normal_quantile(60), runs=30
    ),
    ("A.sprt", "mean+sequential"): _decided(
        claim_of("mean", at_least=0.6, trials=80, design=SEQUENTIAL), bools(80), runs=40
    ),
    ("A.sprt", "difference+sequential"): _decided(
        claim_of("difference", at_least=0.0, trials=80, design=SEQUENTIAL), normal_pairs(80), runs=40
    ),
    ("A.sprt", "ratio+sequential"): _decided(
        claim_of("ratio", at_most=1.1, trials=80, design=SEQUENTIAL), log_pairs(80), runs=40
    ),
    ("gate", "time_ratio"): _decided(claim_of("time_ratio", at_most=1.05, trials=16), gates(16)),
    ("gate", "time_ratio+looks"): _decided(
        claim_of("time_ratio", at_most=1.05, trials=24, design=PAIRS), gates(24), runs=100
    ),
    ("gate", "time_median"): _decided(
        claim_of("time_median", at_most=4.0, trials=16), budgets(16, "control_low", "value_low")
    ),
    ("gate", "time_median+looks"): _decided(
        claim_of("time_median", within=(3.0, 4.0), trials=24, design=PAIRS),
        budgets(24, "control_low", "value_low"),
        runs=100,
    ),
    ("gate", "time_p99"): _decided(
        claim_of("time_p99", at_least=4.0, trials=16),
        budgets(16, "control_low", "control_median", "value_low", "value_median"),
    ),
    ("gate", "time_p99+looks"): _decided(
        claim_of("time_p99", at_most=4.0, margin=0.2, trials=24, design=PAIRS),
        budgets(24, "control_low", "control_median", "value_low", "value_median"),
        runs=100,
    ),
    ("gate", "memory_ratio"): _decided(claim_of("memory_ratio", at_most=1.05, trials=16), peaks(16)),
    ("gate", "memory_ratio+looks"): _decided(
        claim_of("memory_ratio", within=(0.9, 1.1), trials=24, design=PAIRS), peaks(24), runs=100
    ),
}


# Diagnoses ----------------------------------------------------------------------------------------------------------


def _white(n: int) -> DrawSample:
    return lambda rng: sample_of(rng.normal(size=n))


def _drifting(n: int) -> DrawSample:
    return lambda rng: sample_of(np.cumsum(rng.normal(size=n)))


def asked(pillar: str, design: Design = PLAIN, **options: Option) -> Design:
    """Return a design with one requested check."""
    return replace(design, checks=(Check(pillar=pillar, options=tuple(sorted(options.items()))),))


def _stepping(n: int) -> DrawSample:
    return lambda rng: sample_of(rng.normal(size=n) + 1.5 * (np.arange(n) >= n // 2))


def _strata(*shares: float) -> DrawSample:
    return lambda rng: sample_of(rng.normal(size=300), stratum=rng.choice(len(shares), 300, p=shares))


def _forecasts(n: int, *, later: float = 0.0) -> DrawSample:
    """Scores that foretell failures; those of the second half are moved by ``later``."""

    def draw(rng: np.random.Generator) -> Sample:
        failed = rng.random(n) < 0.3
        scores = rng.normal(size=n) + 2.0 * failed + later * (np.arange(n) >= n // 2)
        return pairs_of(scores, failed.astype(np.float64))

    return draw


def _updates(n: int, slope: float) -> DrawSample:
    """Changes made: ``slope`` of those expected."""

    def draw(rng: np.random.Generator) -> Sample:
        expected = rng.normal(size=n)
        return pairs_of(expected, slope * expected + 0.5 * rng.normal(size=n))

    return draw


def _sweep(*effects: float) -> DrawSample:
    """Effects at the values 0, 1, ... of the factor ``gain``, 12 trials of each."""

    def draw(rng: np.random.Generator) -> Sample:
        gain = np.arange(12 * len(effects)) % len(effects)
        values = np.array(effects)[gain] + 0.4 * rng.normal(size=len(gain))
        return sample_of(values, **{"factor:gain": gain})

    return draw


DIAGNOSING: dict[str, Diagnosed] = {
    "serial-dependence": Diagnosed(
        claim=claim_of("mean", at_least=0.0, trials=100), draw=_white(100), planted=_drifting(100)
    ),
    "O.spc": Diagnosed(
        claim=claim_of("mean", at_least=0.0, trials=60, design=asked("O.spc")),
        draw=_white(60),
        planted=_stepping(60),
        runs=100,
    ),
    "O.srm": Diagnosed(
        claim=claim_of("mean", at_least=0.0, trials=300, design=asked("O.srm", STRATA, ratio=(2.0, 1.0, 1.0))),
        draw=_strata(0.5, 0.25, 0.25),
        planted=_strata(0.7, 0.15, 0.15),
    ),
    "O.drift": Diagnosed(
        claim=claim_of("mean", at_least=0.0, trials=60, design=asked("O.drift", void=True)),
        draw=_white(60),
        planted=_stepping(60),
    ),
    "diagnostics.anticipatory": Diagnosed(
        claim=claim_of("kendall", at_least=0.0, trials=300, design=asked("diagnostics.anticipatory")),
        draw=_forecasts(300),
        planted=_forecasts(300, later=1.5),
    ),
    "diagnostics.inertia": Diagnosed(
        claim=claim_of("difference", within=(-1.0, 1.0), trials=40, design=asked("diagnostics.inertia")),
        draw=_updates(40, 1.0),
        planted=_updates(40, 0.3),
    ),
    "diagnostics.kernel_coupling": Diagnosed(
        claim=claim_of(
            "effect:gain",
            at_most=1.0,
            trials=36,
            design=asked("diagnostics.kernel_coupling", Design(factors=("gain",)), nominal=0, tolerance=1.0),
        ),
        draw=_sweep(0.9, 0.2, 2.0),
        planted=_sweep(2.0, 0.2, 1.0),
    ),
}


# Syntheses ----------------------------------------------------------------------------------------------------------


def _campaigns() -> Series:
    rng = np.random.default_rng(7)
    samples = [sample_of(rng.random(200) < share) for share in (0.9, 0.93, 0.95, 0.92, 0.96, 0.94)]
    return series_example(ProportionPillar(), samples, claim_of("proportion", at_least=0.85, trials=200))


def _steps() -> Series:
    rng = np.random.default_rng(8)
    samples = [sample_of(rng.random(100) < (0.95 if k < 6 else 0.75)) for k in range(12)]
    return series_example(ProportionPillar(), samples, claim_of("proportion", at_least=0.7, trials=100))


SYNTHESISING: dict[str, Callable[[], Series]] = {"I.cma": _campaigns, "O.spc": _steps, "O.drift": _steps}
