"""Cases of plain trials: means, paired differences, ratios. Proportions and quantiles are enumerated, not simulated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from error_rates import Floats, sample_of

from error_study.batch import by_t
from error_study.cases import Case, Draw, Rng, case
from pytest_ophamin.trials.sample import Sample

STUDENT, BETTING, DISCORDANT, LOG_RATIO = "student-t/1", "betting/1", "discordant-pairs/1", "log-ratio-t/1"
UNIT = (0.0, 1.0)
STRICT = 0.0025
"""Where Holm's procedure begins among 20 claims: approximations were measured at levels from .025."""


def values(draw: Callable[[Rng, float], Floats]) -> Draw:
    """Return a draw of single numbers."""
    return lambda g, value: sample_of(draw(g, value))


def normal(n: int, sd: float = 2.0) -> Draw:
    """Return normal observations."""
    return values(lambda g, mean: g.normal(mean, sd, n))


def moved(noise: Callable[[Rng], Floats]) -> Draw:
    """Return observations with this noise, which has mean 0, about a mean."""
    return values(lambda g, mean: mean + noise(g))


def beta(n: int, strength: float) -> Draw:
    """Return numbers between 0 and 1: below a strength of 1 most lie near an end."""
    return values(lambda g, mean: g.beta(strength * mean, strength * (1.0 - mean), n))


def bools(n: int) -> Draw:
    """Return bools."""
    return lambda g, share: sample_of(g.random(n) < share)


def rare(n: int) -> Draw:
    """Return a value just below the mean, rarely a far one that makes up for it."""

    def draw(g: Rng, mean: float) -> Floats:
        usual, share = 0.98 * mean, 0.02 * mean / (1.0 - 0.98 * mean)
        return np.where(g.random(n) < share, 1.0, usual)

    return values(draw)


def changing(n: int) -> Draw:
    """Return numbers whose spread, not whose mean, depends on when they came."""
    wide = (np.arange(n) // 5) % 2 == 0

    def draw(g: Rng, mean: float) -> Floats:
        return mean + np.where(wide, min(mean, 1.0 - mean), 0.01) * np.where(g.random(n) < 0.5, -1.0, 1.0)

    return values(draw)


def normal_pairs(n: int) -> Draw:
    """Return pairs that share most of their variation."""

    def draw(g: Rng, difference: float) -> Sample:
        shared = g.normal(0.0, 5.0, n)
        return sample_of(shared + g.normal(difference, 1.0, n), shared)

    return draw


def bool_pairs(n: int, discordant: float) -> Draw:
    """Return pairs of bools that differ with a probability."""

    def draw(g: Rng, difference: float) -> Sample:
        u, both = g.random(n), g.random(n) < 0.5
        wins = u < 0.5 * (discordant + difference)
        losses = ~wins & (u < discordant)
        return sample_of(wins | (both & ~losses), losses | (both & ~wins))

    return draw


def number_pairs(n: int, discordant: float) -> Draw:
    """Return the same pairs as numbers, so that nothing tells that they are yes or no."""

    def draw(g: Rng, difference: float) -> Sample:
        first, second = bool_pairs(n, discordant)(g, difference).pairs
        return sample_of(first.astype(np.float64), second.astype(np.float64))

    return draw


def unit_pairs(n: int) -> Draw:
    """Return pairs between 0 and 1, skewed and dependent."""

    def draw(g: Rng, difference: float) -> Sample:
        base = 0.5 * g.beta(0.5, 1.5, n)
        gain = g.beta(2.0, 3.0, n) * (0.25 + difference) / 0.4
        return sample_of(base + gain, base + g.beta(0.4, 1.2, n))

    return draw


def lognormal_pairs(n: int) -> Draw:
    """Return pairs whose log ratio is normal."""

    def draw(g: Rng, ratio: float) -> Sample:
        shared = g.normal(0.0, 1.0, n)
        return sample_of(np.exp(shared + g.normal(math.log(ratio), 0.8, n)), np.exp(shared))

    return draw


def gamma_pairs(n: int) -> Draw:
    """Return pairs whose log ratio is skewed by about -1.5: its mean is that of a log gamma of shape 0.5."""
    centre = -1.9635100260214235  # digamma(0.5)

    def draw(g: Rng, ratio: float) -> Sample:
        return sample_of(ratio * np.exp(np.log(g.gamma(0.5, 1.0, n)) - centre), np.ones(n))

    return draw


def _means() -> list[Case]:
    found = [case(f"mean, {n} normal", "mean", 1.5, n, normal(n), STUDENT) for n in (2, 5, 20, 100, 1_000)]
    found += [
        case(f"mean, {n} normal, margin .25", "mean", 1.5, n, normal(n), STUDENT, margin=0.25)
        for n in (5, 20, 100, 1_000)
    ]
    found += [
        case(f"mean within, {n} normal", "mean", (1.0, 2.0), n, normal(n, 1.0), STUDENT) for n in (5, 20, 100, 1_000)
    ]
    symmetric = {"uniform": 1.0, "at two ends, beta(.2, .2)": 0.2}
    found += [
        case(f"mean, {n} {name}", "mean", 0.0, n, moved(lambda g, n=n, a=a: g.beta(a, a, n) - 0.5), STUDENT)  # type: ignore[misc]
        for name, a in symmetric.items()
        for n in (5, 10, 20, 50)
    ]
    skewed = {"exponential, skewness 2": (1.0, 480), "gamma, skewness 0.5": (16.0, 30)}
    found += [
        case(f"mean, {n} {name}", "mean", 0.0, n, moved(lambda g, n=n, k=k: g.gamma(k, 1.0, n) - k), STUDENT)  # type: ignore[misc]
        for name, (k, n) in skewed.items()
    ]
    return found


def _bounded() -> list[Case]:
    def bounded(about: str, threshold: float | tuple[float, float], n: int, draw: Draw, margin: float = 0.0) -> Case:
        return case(about, "mean", threshold, n, draw, BETTING, bounds=UNIT, margin=margin, exact=True)

    return [
        bounded("mean in bounds, 5 skewed", 0.3, 5, beta(5, 0.6)),
        bounded("mean in bounds, 5 skewed, margin .1", 0.3, 5, beta(5, 0.6), 0.1),
        bounded("mean in bounds, 50 skewed", 0.3, 50, beta(50, 0.6)),
        bounded("mean in bounds, 50 skewed, margin .1", 0.3, 50, beta(50, 0.6), 0.1),
        bounded("mean within, in bounds, 50 skewed", (0.25, 0.5), 50, beta(50, 0.6)),
        bounded("mean in bounds, 50 mostly one value", 0.3, 50, rare(50)),
        bounded("mean in bounds, 200 close together", 0.9, 200, beta(200, 200.0)),
        bounded("mean in bounds, 200 of changing spread", 0.5, 200, changing(200)),
        bounded("mean in bounds, 1000 skewed, margin .1", 0.3, 1_000, beta(1_000, 0.6), 0.1),
        case("mean of 1000 bools", "mean", 0.9, 1_000, bools(1_000), BETTING, exact=True),
    ]


def _pairs() -> list[Case]:
    found = [
        case(f"difference, {n} normal pairs", "difference", 0.5, n, normal_pairs(n), STUDENT) for n in (5, 30, 1_000)
    ]
    for n in (5, 30, 300):
        pairs = normal_pairs(n)
        found += [
            case(f"difference, {n} normal pairs, margin .2", "difference", 0.5, n, pairs, STUDENT, margin=0.2),
            case(f"difference within, {n} normal pairs", "difference", (-0.5, 0.5), n, pairs, STUDENT),
        ]
    found += [
        case(
            f"difference, {n} pairs of bools, at 0",
            "difference",
            0.0,
            n,
            bool_pairs(n, 0.3),
            DISCORDANT,
            exact=True,
            solved=True,
        )
        for n in (5, 20, 100, 1_000)
    ]
    return found + _bounded_pairs()


def _bounded_pairs() -> list[Case]:
    def bounded(about: str, threshold: float | tuple[float, float], n: int, draw: Draw, **changes: Any) -> Case:
        return case(about, "difference", threshold, n, draw, BETTING, exact=True, **changes)

    return [
        bounded("difference, 20 pairs of bools, at -.1", -0.1, 20, bool_pairs(20, 0.3)),
        bounded("difference, 300 pairs of bools, at -.1", -0.1, 300, bool_pairs(300, 0.3)),
        bounded("difference, 20 pairs of bools, margin .1", 0.0, 20, bool_pairs(20, 0.4), margin=0.1),
        bounded("difference within, 200 pairs of bools", (-0.1, 0.2), 200, bool_pairs(200, 0.4)),
        bounded("difference in bounds, 50 skewed pairs", 0.05, 50, unit_pairs(50), bounds=(-1.0, 1.0)),
    ]


def _ratios() -> list[Case]:
    found: list[Case] = []
    for n in (5, 30, 1_000):
        pairs = lognormal_pairs(n)
        found += [
            case(f"ratio, {n} lognormal pairs", "ratio", 1.2, n, pairs, LOG_RATIO),
            case(f"ratio, {n} lognormal pairs, margin .15", "ratio", 1.2, n, pairs, LOG_RATIO, margin=0.15),
            case(f"ratio within, {n} lognormal pairs", "ratio", (0.8, 1.25), n, pairs, LOG_RATIO),
        ]
    return found


def _outside() -> list[Case]:
    def skewed(about: str, n: int, noise: Callable[[Rng], Floats]) -> Case:
        return case(about, "mean", 0.0, n, moved(noise), STUDENT, inside=False)

    found = [
        skewed(f"mean, {n} exponential, skewness 2", n, lambda g, n=n: g.exponential(1.0, n) - 1.0)  # type: ignore[misc]
        for n in (5, 20, 100)
    ]
    found += [
        skewed(f"mean, {n} lognormal, skewness 6.2", n, lambda g, n=n: g.lognormal(0.0, 1.0, n) - math.exp(0.5))  # type: ignore[misc]
        for n in (20, 100, 1_000)
    ]
    found += [
        skewed(f"mean, {n} heavy tails (t with 2 degrees of freedom)", n, lambda g, n=n: g.standard_t(2.0, n))  # type: ignore[misc]
        for n in (5, 100)
    ]
    found += [
        skewed(f"mean, {n} uniform", n, lambda g, n=n: g.random(n) - 0.5)  # type: ignore[misc]
        for n in (2, 3, 4)
    ]
    found += [
        skewed(f"mean, {n} at two ends, beta(.2, .2)", n, lambda g, n=n: g.beta(0.2, 0.2, n) - 0.5)  # type: ignore[misc]
        for n in (2, 3, 4)
    ]
    found += [
        replace(each, about=f"{each.about}, level .0025", claim=replace(each.claim, alpha=STRICT))
        for each in (
            skewed("mean, 20 normal", 20, lambda g: g.normal(size=20)),
            skewed("mean, 480 exponential, skewness 2", 480, lambda g: g.exponential(1.0, 480) - 1.0),
            skewed("mean, 4800 exponential, skewness 2", 4_800, lambda g: g.exponential(1.0, 4_800) - 1.0),
        )
    ]
    found += [
        case(
            f"difference, {n} pairs of 0 and 1 as numbers, at -.1",
            "difference",
            -0.1,
            n,
            number_pairs(n, 0.12),
            STUDENT,
            inside=False,
        )
        for n in (20, 100)
    ]
    found += [
        case(f"ratio, {n} pairs, log ratios skewed by -1.5", "ratio", 1.2, n, gamma_pairs(n), LOG_RATIO, inside=False)
        for n in (10, 50)
    ]
    return found


CASES = [
    replace(each, batch=by_t) if each.method in (STUDENT, LOG_RATIO) and "as numbers" not in each.about else each
    for each in (*_means(), *_bounded(), *_pairs(), *_ratios(), *_outside())
]
