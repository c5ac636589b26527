"""Series of campaigns: what I.cma pools, and what O.spc and O.drift see in their order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from error_rates import generator

from ophamin_pillars.cma_pillar import CmaPillar
from ophamin_pillars.diagnosing.pillars import DriftOfCampaigns, SpcOfCampaigns
from ophamin_pillars.proportion import ProportionPillar
from pytest_ophamin.deciding.protocol import SynthesisingPillar
from pytest_ophamin.pillars import Synthesis
from pytest_ophamin.testing import claim_of, sample_of, series_example

N = 200
"""Trials of a campaign."""
TAIL = 0.025
"""Level of each bound of the mean of campaigns."""
WORST_PREDICTION = 0.14
"""Published in docs/synthesis.md: misses of the prediction interval where tau2 is about one sampling variance."""
LEVEL = 0.01
"""Of the alarms about a series."""
WATCHERS: dict[str, SynthesisingPillar] = {"O.spc": SpcOfCampaigns(), "O.drift": DriftOfCampaigns()}
CMA, PROPORTION = CmaPillar(), ProportionPillar()


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """Campaigns whose shares differ normally on the arcsine scale, by ``spread`` standard errors of one campaign."""

    share: float
    k: int
    spread: float
    runs: int = 1_000

    def misses(self, runs: int) -> dict[str, int]:
        """Return how often the interval of the mean lies above and below it, and the next campaign outside its own."""
        rng = generator(741, self.k, int(1000 * self.share), int(10 * self.spread))
        claim = claim_of("proportion", at_least=0.5, trials=N)
        centre, tau = math.asin(math.sqrt(self.share)), self.spread / math.sqrt(4 * N)
        found = {"lower": 0, "upper": 0, "prediction": 0}
        for _ in range(runs):
            truths = np.sin(np.clip(rng.normal(centre, tau, self.k + 1), 0.0, 0.5 * math.pi)) ** 2
            samples = [sample_of(rng.random(N) < truth) for truth in truths[: self.k]]
            numbers = CMA.synthesise(series_example(PROPORTION, samples, claim)).numbers
            lower, upper, low, high = (
                value if (value := numbers[name]) is not None else math.nan
                for name in ("lower", "upper", "prediction_lower", "prediction_upper")
            )
            found["lower"] += lower > self.share
            found["upper"] += upper < self.share
            found["prediction"] += not low <= truths[self.k] <= high
        return found


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Campaigns of a share, from the middle on of another one."""

    pillar: str
    k: int
    before: float
    after: float
    runs: int
    detects: float = 0.0
    """Least share of series with an alarm, where there is a change."""

    def alarms(self, runs: int) -> int:
        """Return in how many series the pillar warns."""
        rng = generator(742, self.k, int(1000 * self.after), list(WATCHERS).index(self.pillar))
        claim = claim_of("proportion", at_least=0.5, trials=N)
        shares = np.where(np.arange(self.k) < self.k // 2, self.before, self.after)
        found: list[Synthesis] = []
        for _ in range(runs):
            samples = [sample_of(rng.random(N) < share) for share in shares]
            found.append(WATCHERS[self.pillar].synthesise(series_example(PROPORTION, samples, claim)))
        return sum(each.status != "ok" for each in found)


POOLED = {
    "I.cma, 2 campaigns of .9 that hardly differ": Pooled(share=0.9, k=2, spread=0.5),
    "I.cma, 3 campaigns of .9 that differ much": Pooled(share=0.9, k=3, spread=2.0),
    "I.cma, 10 campaigns of .98 that do not differ": Pooled(share=0.98, k=10, spread=0.0),
    "I.cma, 20 campaigns of .9 that differ by one standard error": Pooled(share=0.9, k=20, spread=1.0),
}
WATCHED = {
    "O.spc, 20 campaigns of .9": Watched(pillar="O.spc", k=20, before=0.9, after=0.9, runs=300),
    "O.drift, 20 campaigns of .9": Watched(pillar="O.drift", k=20, before=0.9, after=0.9, runs=200),
    "O.spc, .9 falls to .8 after 10 of 20": Watched(pillar="O.spc", k=20, before=0.9, after=0.8, runs=50, detects=0.9),
    "O.drift, .9 falls to .8 after 10 of 20": Watched(
        pillar="O.drift", k=20, before=0.9, after=0.8, runs=50, detects=0.9
    ),
}
