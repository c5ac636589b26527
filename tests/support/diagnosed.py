"""Worlds without a fault, and with a planted one, for every diagnosis a claim can ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from error_rates import generator, shipped
from pillar_examples import asked

from pytest_ophamin.claims.design import PLAIN, Design, Option
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import Finding
from pytest_ophamin.testing import claim_of, pairs_of, sample_of
from pytest_ophamin.trials.sample import Sample

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]
DrawSample = Callable[[Rng], Sample]
EXACT, APPROXIMATE = 1.0, 1.25
SPC, SRM, DRIFT = "O.spc", "O.srm", "O.drift"
ANTICIPATORY, INERTIA = "diagnostics.anticipatory", "diagnostics.inertia"
COUPLING = "diagnostics.kernel_coupling"
SMALL_PARTS = 40
"""Trials too few for the null distribution of PSI."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A claim that asks for one diagnosis, and how its trials turn out."""

    pillar: str
    claim: Claim
    draw: DrawSample
    level: float = 0.01
    factor: float = EXACT
    """How far beyond the level an alarm rate may go."""
    detects: float = 0.0
    """Least share of alarms, where a fault is planted."""

    @property
    def among_orders(self) -> bool:
        """Whether each sample is judged among its reorderings: exact by construction, and dear."""
        method = self.claim.design.checks[0].option("method", "")
        small_parts = method == "psi" and self.claim.trials <= SMALL_PARTS
        return self.pillar == SPC or small_parts or method in {"adwin", "page-hinkley"}

    @property
    def study_runs(self) -> int:
        """Samples of the full study."""
        return 2_000 if self.among_orders else 20_000

    def finding(self, rng: Rng) -> Finding:
        """Return what the pillar says about one sample."""
        pillar = next(pillar for pillar in shipped().diagnosing if pillar.name == self.pillar)
        found = pillar.diagnose(self.claim, self.draw(rng))
        assert found is not None
        return found

    def alarms(self, runs: int, key: int) -> tuple[int, int]:
        """Return how many of ``runs`` samples are told as warn or void, and how many as void."""
        rng = generator(730, key, runs)
        found = [self.finding(rng).status for _ in range(runs)]
        return sum(status != "ok" for status in found), found.count("void")


def world(
    pillar: str,
    draw: DrawSample,
    n: int,
    *,
    metric: str = "mean",
    threshold: float = 0.0,
    design: Design = PLAIN,
    factor: float = EXACT,
    detects: float = 0.0,
    level: float | None = None,
    **options: Option,
) -> World:
    """Return a world of claims of ``n`` trials; ``level`` is an option of the check."""
    usual = 0.0005 if pillar == SRM else 0.01
    options |= {} if level is None else {"level": level}
    claim = claim_of(metric, at_least=threshold, trials=n, design=asked(pillar, design, **options))
    return World(pillar=pillar, claim=claim, draw=draw, factor=factor, detects=detects, level=level or usual)


# Draws --------------------------------------------------------------------------------------------------------------


def normal(n: int) -> DrawSample:
    """Independent normal observations."""
    return lambda rng: sample_of(rng.normal(size=n))


def skewed(n: int) -> DrawSample:
    """Independent log-normal observations, as latencies are."""
    return lambda rng: sample_of(rng.lognormal(0.0, 1.0, n))


def bits(n: int, share: float) -> DrawSample:
    """Independent bools."""
    return lambda rng: sample_of(rng.random(n) < share)


def stepping(n: int, by: float, at: float = 0.5) -> DrawSample:
    """Normal observations whose mean rises by ``by`` deviations at a share of the trials."""
    return lambda rng: sample_of(rng.normal(size=n) + by * (np.arange(n) >= at * n))


def widening(n: int, by: float) -> DrawSample:
    """Normal observations whose deviation is ``by`` times as large in the second half."""
    return lambda rng: sample_of(rng.normal(size=n) * np.where(np.arange(n) >= n // 2, by, 1.0))


def failing(n: int, before: float, after: float) -> DrawSample:
    """Bools whose share changes in the middle."""
    return lambda rng: sample_of(rng.random(n) < np.where(np.arange(n) < n // 2, before, after))


def scattered_subgroup(n: int, size: int, by: float) -> DrawSample:
    """Normal observations, of which one subgroup scatters ``by`` times as wide."""

    def draw(rng: Rng) -> Sample:
        x = rng.normal(size=n)
        x[n // 2 // size * size :][:size] *= by
        return sample_of(x)

    return draw


def spiked(n: int, by: float) -> DrawSample:
    """Normal observations, one of them ``by`` deviations off."""

    def draw(rng: Rng) -> Sample:
        x = rng.normal(size=n)
        x[n // 2] += by
        return sample_of(x)

    return draw


def armed(n: int, apart: float) -> DrawSample:
    """Normal observations of two arms in permuted blocks of two, as trials are assigned."""

    def draw(rng: Rng) -> Sample:
        arm = (np.repeat(rng.random(n // 2) < 0.5, 2) ^ (np.arange(n) % 2 == 1)).astype(np.bool_)
        return sample_of(rng.normal(size=n) + apart * arm, arm=arm)

    return draw


def clustered(groups: int, size: int) -> DrawSample:
    """Clusters with an effect of their own, one after the other."""
    codes = np.repeat(np.arange(groups), size)
    return lambda rng: sample_of(rng.normal(size=groups)[codes] + rng.normal(size=groups * size), cluster=codes)


def autoregressive(n: int, rho: float) -> DrawSample:
    """A first-order autoregression."""

    def draw(rng: Rng) -> Sample:
        x = rng.normal(size=n)
        for i in range(1, n):
            x[i] += rho * x[i - 1]
        return sample_of(x)

    return draw


def stratified(n: int, *means: float) -> DrawSample:
    """Strata that differ, in turn."""
    codes = np.arange(n) % len(means)
    return lambda rng: sample_of(rng.normal(size=n) + np.array(means)[codes], stratum=codes)


def stopped(most: int, share: float) -> DrawSample:
    """Bools that end where a sequential probability ratio test of .9 against .8 does."""

    def draw(rng: Rng) -> Sample:
        x = rng.random(most) < share
        walk = np.cumsum(np.where(x, np.log(0.9 / 0.8), np.log(0.1 / 0.2)))
        ends = np.flatnonzero((walk > np.log(19.0)) | (walk < -np.log(19.0)))
        return sample_of(x[: max(20, int(ends[0]) + 1)] if len(ends) else x)

    return draw


def strata(n: int, *shares: float) -> DrawSample:
    """Trials that fall into strata with these probabilities."""
    return lambda rng: sample_of(rng.normal(size=n), stratum=rng.choice(len(shares), n, p=shares))


def arms_of(n: int, share: float) -> DrawSample:
    """Arms of a broken (or sound) assignment: the second with probability ``share``."""
    return lambda rng: sample_of(rng.normal(size=n), arm=rng.random(n) < share)


def forecasts(n: int, *, strength: float = 2.0, later: float = 0.0) -> DrawSample:
    """Scores that foretell failures by ``strength``; those of the second half are moved by ``later``."""

    def draw(rng: Rng) -> Sample:
        failed = rng.random(n) < 0.3
        scores = rng.normal(size=n) + strength * failed + later * (np.arange(n) >= n // 2)
        return pairs_of(scores, failed.astype(np.float64))

    return draw


def updates(n: int, slope: float, *, drift: float = 0.0, noise: float = 1.0) -> DrawSample:
    """Changes made, ``slope`` of those expected and ``drift`` without any evidence."""

    def draw(rng: Rng) -> Sample:
        expected = rng.normal(size=n)
        return pairs_of(expected, drift + slope * expected + noise * rng.normal(size=n))

    return draw


def sweep(*effects: float, replicates: int = 12) -> DrawSample:
    """Effects at the values 0, 1, ... of the factor ``gain``."""
    gain = np.arange(replicates * len(effects)) % len(effects)
    return lambda rng: sample_of(np.array(effects)[gain] + 0.4 * rng.normal(size=len(gain)), **{"factor:gain": gain})


def cells(*effects: float, machines: int = 8, replicates: int = 3) -> DrawSample:
    """The same in machines that differ."""
    k = len(effects)
    gain = np.arange(k * machines * replicates) % k
    machine = np.arange(k * machines * replicates) // k % machines

    def draw(rng: Rng) -> Sample:
        own = 0.3 * rng.normal(size=machines)[machine]
        values = np.array(effects)[gain] + own + 0.3 * rng.normal(size=len(gain))
        return sample_of(values, **{"factor:gain": gain, "factor:machine": machine})

    return draw


# Worlds -------------------------------------------------------------------------------------------------------------

ARMS, STRATA, FACTORS = Design(arms=("old", "new")), Design(strata="site"), Design(factors=("gain",))
CELLS = Design(factors=("gain", "machine"))

HEALTHY: dict[str, World] = {
    "spc, single values": world(SPC, normal(100), 100),
    "spc, skewed single values": world(SPC, skewed(100), 100),
    "spc, eight points": world(SPC, normal(8), 8),
    "spc, subgroups of 5": world(SPC, normal(100), 100, subgroup=5),
    "spc, a baseline": world(SPC, normal(100), 100, subgroup=5, baseline=10),
    "spc, shares": world(SPC, bits(400, 0.9), 400, metric="proportion", threshold=0.5),
    "spc, normal reference": world(SPC, normal(100), 100, reference="normal"),
    "spc, CUSUM alone": world(SPC, normal(100), 100, chart="cusum"),
    "spc, two arms apart": world(SPC, armed(100, 3.0), 100, metric="difference", design=ARMS, factor=APPROXIMATE),
    "spc, clusters": world(SPC, clustered(30, 5), 150, design=Design(cluster="user")),
    "spc, blocks": world(SPC, normal(150), 150, design=Design(block=5)),
    "spc, strata apart": world(SPC, stratified(120, 0.0, 2.0, 5.0), 120, design=STRATA, factor=APPROXIMATE),
    "spc, stopped early": world(
        SPC,
        stopped(400, 0.85),
        400,
        metric="proportion",
        threshold=0.9,
        design=Design(sequential=True),
        factor=APPROXIMATE,
    ),
    "srm, three strata": world(
        SRM, strata(300, 0.5, 0.25, 0.25), 300, design=STRATA, ratio=(2.0, 1.0, 1.0), level=0.01
    ),
    "srm, many trials": world(
        SRM, strata(2_000, *[0.25] * 4), 2_000, design=STRATA, ratio=(1.0,) * 4, level=0.01, factor=APPROXIMATE
    ),
    "srm, arms": world(SRM, arms_of(200, 0.5), 200, metric="difference", design=ARMS, level=0.01),
    "srm, counted after every trial": world(
        SRM, strata(300, 0.5, 0.5), 300, design=Design(strata="site", sequential=True), ratio=(1.0, 1.0), level=0.01
    ),
    "drift, KS": world(DRIFT, normal(60), 60),
    "drift, KS of bools": world(DRIFT, bits(60, 0.9), 60, metric="proportion", threshold=0.5),
    "drift, KS of a small first part": world(DRIFT, skewed(60), 60, split=12),
    "drift, KS, two arms apart": world(DRIFT, armed(60, 3.0), 60, metric="difference", design=ARMS, factor=APPROXIMATE),
    "drift, KS, stopped early": world(
        DRIFT,
        stopped(400, 0.85),
        400,
        metric="proportion",
        threshold=0.9,
        design=Design(sequential=True),
        factor=APPROXIMATE,
    ),
    "drift, PSI": world(DRIFT, normal(400), 400, method="psi", factor=APPROXIMATE),
    "drift, PSI of bools": world(DRIFT, bits(200, 0.5), 200, method="psi", factor=APPROXIMATE),
    "drift, PSI of small parts": world(DRIFT, normal(SMALL_PARTS), SMALL_PARTS, method="psi"),
    "drift, CUSUM": world(DRIFT, normal(100), 100, method="cusum"),
    "drift, CUSUM of skewed values": world(DRIFT, skewed(100), 100, method="cusum"),
    "drift, ADWIN": world(DRIFT, normal(400), 400, method="adwin"),
    "drift, Page-Hinkley": world(DRIFT, skewed(100), 100, method="page-hinkley"),
    "anticipatory": world(ANTICIPATORY, forecasts(300), 300, metric="kendall"),
    "anticipatory, scores that say nothing": world(ANTICIPATORY, forecasts(300, strength=0.0), 300, metric="kendall"),
    "inertia": world(INERTIA, updates(40, 1.0), 40, metric="difference", factor=APPROXIMATE),
    "inertia, ten trials": world(INERTIA, updates(10, 1.0), 10, metric="difference", factor=APPROXIMATE),
    "coupling, none": world(
        COUPLING,
        sweep(1.0, 0.2, 2.0),
        36,
        metric="effect:gain",
        design=FACTORS,
        nominal=0,
        tolerance=1.0,
        factor=APPROXIMATE,
    ),
    "coupling, none, over cells": world(
        COUPLING,
        cells(1.0, 0.2, 2.0),
        72,
        metric="effect:gain",
        design=CELLS,
        nominal=0,
        tolerance=1.0,
        cells="machine",
        factor=APPROXIMATE,
    ),
}
"""No fault, just: no more alarms than the level allows."""

PLANTED: dict[str, World] = {
    "spc, the mean rises": world(SPC, stepping(100, 1.25), 100, detects=0.85),
    "spc, the mean of subgroups rises": world(SPC, stepping(100, 1.5, 0.8), 100, subgroup=5, detects=0.7),
    "spc, one subgroup scatters": world(SPC, scattered_subgroup(200, 10, 5.0), 200, subgroup=10, detects=0.8),
    "spc, a failure rate triples": world(
        SPC, failing(400, 0.9, 0.7), 400, metric="proportion", threshold=0.5, detects=0.8
    ),
    "spc, one value off": world(SPC, spiked(100, 6.0), 100, reference="normal", detects=0.75),
    "spc, one of two arms rises": world(
        SPC,
        lambda rng: _rising_arm(rng, 200),
        200,
        metric="difference",
        design=ARMS,
        detects=0.6,
    ),
    "srm, 44 to 56": world(SRM, arms_of(2_000, 0.56), 2_000, metric="difference", design=ARMS, detects=0.8),
    "srm, 45 to 55, stopped": world(
        SRM,
        arms_of(4_000, 0.55),
        4_000,
        metric="difference",
        design=Design(arms=("old", "new"), sequential=True),
        detects=0.9,
    ),
    "srm, a stratum is missing": world(
        SRM, strata(100, 0.7, 0.3, 0.0), 100, design=STRATA, ratio=(2.0, 1.0, 1.0), detects=0.95
    ),
    "drift, KS": world(DRIFT, stepping(100, 1.0), 100, detects=0.9),
    "drift, KS of a scale": world(DRIFT, widening(200, 3.0), 200, detects=0.9),
    "drift, PSI": world(DRIFT, stepping(400, 0.7), 400, method="psi", detects=0.9),
    "drift, PSI of small parts": world(DRIFT, stepping(SMALL_PARTS, 2.0), SMALL_PARTS, method="psi", detects=0.8),
    "drift, CUSUM": world(DRIFT, stepping(100, 1.0, 0.6), 100, method="cusum", detects=0.9),
    "drift, ADWIN": world(DRIFT, stepping(400, 1.5), 400, method="adwin", detects=0.9),
    "drift, Page-Hinkley": world(DRIFT, stepping(100, 1.0, 0.6), 100, method="page-hinkley", detects=0.6),
    "anticipatory, scores drift": world(ANTICIPATORY, forecasts(300, later=1.5), 300, metric="kendall", detects=0.95),
    "inertia, resists": world(INERTIA, updates(40, 0.3), 40, metric="difference", detects=0.7),
    "inertia, overshoots": world(INERTIA, updates(40, 1.7), 40, metric="difference", detects=0.7),
    "inertia, moves without evidence": world(
        INERTIA, updates(40, 1.0, drift=0.7), 40, metric="difference", detects=0.8
    ),
    "coupling, miscalibrated": world(
        COUPLING, sweep(2.0, 0.2, 1.0), 36, metric="effect:gain", design=FACTORS, nominal=0, tolerance=1.0, detects=0.95
    ),
    "coupling, intrinsic": world(
        COUPLING,
        sweep(2.0, 1.8, -2.0),
        36,
        metric="effect:gain",
        design=FACTORS,
        nominal=0,
        tolerance=1.0,
        detects=0.95,
    ),
    "coupling, intrinsic, over cells": world(
        COUPLING,
        cells(2.0, 1.8, 2.2),
        72,
        metric="effect:gain",
        design=CELLS,
        nominal=0,
        tolerance=1.0,
        cells="machine",
        detects=0.9,
    ),
}
"""A fault of the kind the diagnosis is for: told at the default level in at least the share stated."""

OUTSIDE: dict[str, World] = {
    "spc, normal reference, skewed values": world(SPC, skewed(100), 100, reference="normal"),
    "spc, dependent values": world(SPC, autoregressive(100, 0.4), 100),
    "drift, KS, dependent values": world(DRIFT, autoregressive(100, 0.4), 100),
    "drift, CUSUM, dependent values": world(DRIFT, autoregressive(100, 0.4), 100, method="cusum"),
}
"""Outside the conditions: measured and published, not promised."""


def _rising_arm(rng: Rng, n: int) -> Sample:
    drawn = armed(n, 3.0)(rng)
    arm = drawn.columns["arm"].values.astype(np.bool_)
    return sample_of(drawn.value.floats + 1.5 * (arm & (np.arange(n) >= n // 2)), arm=arm)
