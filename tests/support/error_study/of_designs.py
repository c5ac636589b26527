"""Cases of clusters, blocks, strata, factorial effects and repeated splits: the unit is not the trial."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from compared import ARMS
from designed import arranged, autoregressive

from error_study.cases import Case, Rng, case
from pytest_ophamin.trials.sample import Sample

SHAPES: dict[str, Callable[[int], list[int]]] = {
    "equal": lambda g: [10] * g,
    "unequal": lambda g: [(2, 5, 10, 23)[i // 2 % 4] for i in range(g)],
    "one large": lambda g: [40, *[4] * (g - 1)],
}
MEANS, INTERCEPT = "cluster-means-t/1", "random-intercept/1"
WELCH, DIFFERENCES, FIXED = "cluster-means-welch/1", "cluster-differences-t/1", "fixed-blocks/1"
BETTING, BLOCK_MEANS, BETTING_BLOCKS = "betting-clusters/1", "block-means-t/1", "betting-blocks/1"
COUNT, STRATIFIED, STUDENT = "clopper-pearson/1", "stratified-t/1", "student-t/1"
TYPE_III, LENTH, REPLICATES, SPLITS = "type-iii-t/1", "lenth/1", "betting-replicates/1", "nadeau-bengio-t/1"


# Clusters -------------------------------------------------------------------------------------------------------------


def clustered(
    about: str,
    method: str,
    clusters: int,
    icc: float,
    shape: str,
    *,
    limit: float | tuple[float, float] = 0.0,
    skewed: bool = False,
    **changes: Any,
) -> Case:
    """Return a claim about the mean of clusters whose effects have the variance ``icc``, of a total of 1."""
    codes = np.repeat(np.arange(clusters), SHAPES[shape](clusters))
    n = len(codes)

    def draw(g: Rng, mean: float) -> Sample:
        effects = g.exponential(1.0, clusters) - 1.0 if skewed else g.normal(size=clusters)
        y = mean + math.sqrt(icc) * effects[codes] + g.normal(0.0, math.sqrt(1.0 - icc), n)
        order = g.permutation(n)
        return arranged(y[order], cluster=codes[order])

    return case(about, "mean", limit, n, draw, method, cluster="user", **changes)


def telling_sizes(about: str, clusters: int) -> Case:
    """Return clusters of 40 whose effect lies below those of 4: their mean is the metric, their sizes tell of it."""
    large = np.arange(clusters) % 4 == 0
    codes = np.repeat(np.arange(clusters), np.where(large, 40, 4))
    effects = np.where(large, -1.5, 0.5)[codes]

    def draw(g: Rng, mean: float) -> Sample:
        return arranged(
            mean + effects + 0.5 * g.normal(size=clusters)[codes] + g.normal(size=len(codes)), cluster=codes
        )

    return case(about, "mean", 0.0, len(codes), draw, INTERCEPT, inside=False, cluster="user", runs=2_000)


def clustered_bools(about: str, clusters: int, p: float, strength: float) -> Case:
    """Return a claim about beta-binomial clusters of eight."""
    codes = np.repeat(np.arange(clusters), 8)

    def draw(g: Rng, share: float) -> Sample:
        rates = g.beta(share * strength, (1.0 - share) * strength, clusters)[codes]
        return arranged(g.random(len(codes)) < rates, cluster=codes)

    return case(about, "proportion", p, len(codes), draw, BETTING, exact=True, cluster="user")


def clustered_pairs(about: str, clusters: int) -> Case:
    """Return a claim about pairs in clusters of unlike sizes."""
    codes = np.repeat(np.arange(clusters), SHAPES["unequal"](clusters))
    n = len(codes)

    def draw(g: Rng, difference: float) -> Sample:
        shared = g.normal(size=n)
        gap = difference + g.normal(0.0, 0.5, clusters)[codes] + g.normal(size=n)
        return arranged(shared + gap, shared, cluster=codes)

    return case(about, "difference", 0.0, n, draw, MEANS, cluster="user")


def clustered_arms(
    about: str,
    method: str,
    clusters: int,
    shape: str,
    *,
    between: bool = False,
    few: int = 0,
    varying: float = 0.0,
    bools: bool = False,
    **changes: Any,
) -> Case:
    """Return a claim about two arms, inside clusters or ``between`` them; the difference varies from one to another.

    With ``few`` so many clusters are in the second arm, else half of them.
    """
    codes = np.repeat(np.arange(clusters), SHAPES[shape](clusters))
    n = len(codes)

    def draw(g: Rng, difference: float) -> Sample:
        alternating = (np.arange(n) + np.repeat(g.integers(0, 2, (n + 1) // 2), 2)[:n]) % 2
        assigned = codes < few if few else codes % 2
        arm = assigned if between else alternating
        y = g.normal(0.0, 0.6, clusters)[codes] + g.normal(0.0, 0.8, n) - difference * arm
        y += arm * g.normal(0.0, varying, clusters)[codes]
        return arranged(y > 0.0 if bools else y, cluster=codes, arm=arm)

    return case(about, "difference", 0.0, n, draw, method, exact=bools, cluster="user", arms=ARMS.arms, **changes)


# Blocks and strata ----------------------------------------------------------------------------------------------------


def blocked(about: str, n: int, block: int, phi: float, *, bools: bool = False, **changes: Any) -> Case:
    """Return a claim about an autoregression, in blocks or (``block`` 0) trial by trial."""

    def draw(g: Rng, mean: float) -> Sample:
        x = autoregressive(g, n, phi)
        return arranged(x > 0.0 if bools else mean + x)

    trial_by_trial = COUNT if bools else STUDENT
    method = (BETTING_BLOCKS if bools else BLOCK_MEANS) if block else trial_by_trial
    arrangement: dict[str, Any] = {"block": block} if block else {}
    metric, limit = ("proportion", 0.5) if bools else ("mean", 0.0)
    exact = bools and not block  # in blocks it holds as far as blocks are independent
    return case(about, metric, limit, n, draw, method, exact=exact, **arrangement, **changes)


def blocked_pairs(about: str, n: int, block: int, phi: float) -> Case:
    """Return a claim about pairs whose differences are an autoregression."""

    def draw(g: Rng, difference: float) -> Sample:
        shared = g.normal(size=n)
        return arranged(shared + difference + autoregressive(g, n, phi), shared)

    return case(about, "difference", 0.0, n, draw, BLOCK_MEANS, block=block)


def stratified(
    about: str, method: str, n: int, *, in_turn: bool, bools: bool = False, skewed: bool = False, **changes: Any
) -> Case:
    """Return a claim about three strata that differ, in turn or as they come."""
    centres, rates = np.array([-1.0, 0.0, 1.0]), np.array([0.05, 0.5, 0.95])

    def draw(g: Rng, mean: float) -> Sample:
        strata = np.arange(n) % 3 if in_turn else g.integers(0, 3, n)
        noise = g.exponential(1.0, n) - 1.0 if skewed else g.normal(size=n)
        y = g.random(n) < rates[strata] if bools else mean + centres[strata] + noise * (1.0 + strata)
        return arranged(y, stratum=strata)

    metric, limit = ("proportion", 0.5) if bools else ("mean", 0.0)
    return case(about, metric, limit, n, draw, method, exact=bools, strata="site", **changes)


# Effects and splits ---------------------------------------------------------------------------------------------------


def factorial(
    about: str,
    method: str,
    metric: str,
    names: str,
    replicates: int,
    *,
    drop: int = 0,
    bools: bool = False,
    noise: Callable[[Rng, int, Any], Any] = lambda g, n, levels: g.normal(size=n),
    active: bool = False,
    **changes: Any,
) -> Case:
    """Return a design where the last factor matters (``active``: all others, too) and the effect asked for is null."""
    cells = np.array(list(np.ndindex(*[2] * len(names))))
    rows = np.tile(cells, (replicates, 1))[drop:]
    n = len(rows)

    def draw(g: Rng, effect: float) -> Sample:
        levels = rows[g.permutation(n)]
        if bools:
            y = g.random(n) < 0.3 + 0.4 * levels[:, -1]
        else:
            y = 0.8 * levels[:, -1] + noise(g, n, levels) + effect * levels[:, 0]
            y = y + (2.0 * levels[:, 1:].sum(axis=1) + 2.0 * levels[:, 1] * levels[:, -1] if active else 0.0)
        return arranged(y, factors={name: levels[:, place] for place, name in enumerate(names)})

    return case(about, metric, 0.0, n, draw, method, exact=bools, factors=tuple(names), **changes)


def resampled(about: str, n_train: int, n_test: int, splits: int, *, paired: bool = True) -> Case:
    """Return the losses of two slopes on random splits of one sample: by symmetry their gap is 0 on average."""

    def draw(g: Rng, value: float) -> Sample:
        x = g.normal(size=(2, n_train + n_test))
        y = x.sum(axis=0) + g.normal(size=n_train + n_test)
        order = np.argsort(g.random((splits, len(y))), axis=1)
        train, test = order[:, :n_train], order[:, n_train:]
        losses = []
        for column in x:
            slope = (column[train] * y[train]).sum(axis=1) / (column[train] ** 2).sum(axis=1)
            losses.append(((y[test] - slope[:, None] * column[test]) ** 2).mean(axis=1))
        return arranged(losses[0], losses[1]) if paired else arranged(losses[0] - losses[1])

    metric = "difference" if paired else "mean"
    return case(about, metric, 0.0, splits, draw, SPLITS, resampled=n_test / n_train)


def unstable(about: str, n_train: int, n_test: int, splits: int) -> Case:
    """Return the losses of a constant and of the training mean, equal in expectation: their gap is noise."""

    def draw(g: Rng, value: float) -> Sample:
        y = g.normal(size=n_train + n_test)
        order = np.argsort(g.random((splits, len(y))), axis=1)
        train, test = y[order[:, :n_train]], y[order[:, n_train:]]
        constant = 1.0 / math.sqrt(n_train)  # E (Y - c)^2 = 1 + c^2, E (Y - mean)^2 = 1 + 1 / n_train
        return arranged(
            ((test - constant) ** 2).mean(axis=1), ((test - train.mean(axis=1, keepdims=True)) ** 2).mean(axis=1)
        )

    return case(about, "difference", 0.0, splits, draw, SPLITS, inside=False, resampled=n_test / n_train)


def _wider(g: Rng, n: int, levels: Any) -> Any:
    """Return noise that is four times as wide at one level of the factor asked about."""
    return g.normal(size=n) * np.where(levels[:, 0] == 1, 4.0, 1.0)


def _skewed(g: Rng, n: int, levels: Any) -> Any:
    return g.lognormal(0.0, 1.0, n)


CLUSTERS = [
    clustered("mean, 2 clusters of 10, icc .3", MEANS, 2, 0.3, "equal"),
    clustered("mean, 5 clusters of 2 to 23, icc .1", MEANS, 5, 0.1, "unequal"),
    clustered("mean, 12 clusters, one ten times as large, icc .3", MEANS, 12, 0.3, "one large"),
    clustered("mean, 12 clusters of 10, icc .3, margin .2", MEANS, 12, 0.3, "equal", margin=0.2),
    clustered("mean within, 12 clusters of 10, icc .1", MEANS, 12, 0.1, "equal", limit=(-0.3, 0.3)),
    clustered("mean, 20 clusters of 2 to 23, icc .1", INTERCEPT, 20, 0.1, "unequal"),
    clustered("mean, 30 clusters of 2 to 23, icc 0", INTERCEPT, 30, 0.0, "unequal", runs=10_000),
    clustered("mean, 30 clusters, one ten times as large, icc .5", INTERCEPT, 30, 0.5, "one large", runs=10_000),
    clustered_bools("proportion .5, 40 beta-binomial clusters", 40, 0.5, 3.0),
    clustered_bools("proportion .95, 100 beta-binomial clusters", 100, 0.95, 5.0),
    clustered_pairs("paired difference, 10 clusters", 10),
    clustered_arms("arms inside 4 clusters", FIXED, 4, "equal"),
    clustered_arms("arms inside 10 clusters, effect varies", DIFFERENCES, 10, "unequal", varying=0.5),
    clustered_arms(
        "arms inside 30 clusters, effect varies, margin .2", DIFFERENCES, 30, "unequal", varying=0.5, margin=0.2
    ),
    clustered_arms("arms between 8 clusters", WELCH, 8, "unequal", between=True),
    clustered_arms("arms between 24 clusters", INTERCEPT, 24, "unequal", between=True),
    clustered_arms("arms of bools inside 40 clusters", BETTING, 40, "equal", varying=0.5, bools=True),
    clustered_arms("arms of bools between 40 clusters", BETTING, 40, "equal", between=True, bools=True),
    clustered_arms(
        "arms between 12 clusters, 2 of them in one arm", WELCH, 12, "equal", between=True, few=2, inside=False
    ),
    clustered(
        "mean, 8 clusters of skewed effects (exponential), icc .8",
        MEANS,
        8,
        0.8,
        "equal",
        skewed=True,
        inside=False,
        runs=2_000,
    ),
    clustered(
        "mean, 30 clusters of skewed effects, icc .8",
        INTERCEPT,
        30,
        0.8,
        "equal",
        skewed=True,
        inside=False,
        runs=2_000,
    ),
    telling_sizes("mean of clusters, 32 of them, large ones lower by 2", 32),
    clustered_arms(
        "arms inside 4 clusters, effect varies, said of other clusters", FIXED, 4, "equal", varying=1.0, inside=False
    ),
]

BLOCKS = [
    blocked("autoregression of .6, 10 blocks of 40", 400, 40, 0.6),
    blocked("autoregression of .6, 50 blocks of 40, margin .1", 2_000, 40, 0.6, margin=0.1),
    blocked("autoregression of .9, 20 blocks of 190", 3_800, 190, 0.9),
    blocked("its sign (bools) at .6, 50 blocks of 40", 2_000, 40, 0.6, bools=True),
    blocked_pairs("pairs, differences an autoregression of .6, 20 blocks of 40", 800, 40, 0.6),
    stratified("mean, 3 strata in turn, 60 trials", STRATIFIED, 60, in_turn=True),
    stratified("mean, 3 strata at random, 60 trials", STUDENT, 60, in_turn=False),
    stratified("proportion, 3 strata in turn, 60 trials", COUNT, 60, in_turn=True, bools=True),
    stratified("proportion, 3 strata at random, 60 trials", COUNT, 60, in_turn=False, bools=True),
    blocked("autoregression of .6, 400 trials, decided trial by trial", 400, 0, 0.6, inside=False),
    blocked("its sign (bools) at .6, 400 trials, decided trial by trial", 400, 0, 0.6, bools=True, inside=False),
    blocked("autoregression of .6, 400 blocks of 5 (40 would do)", 2_000, 5, 0.6, inside=False),
    stratified(
        "mean, 3 strata in turn, skewed inside, 45 trials", STRATIFIED, 45, in_turn=True, skewed=True, inside=False
    ),
]

EFFECTS = [
    factorial("main effect, 3 trials in each of 2² cells", TYPE_III, "effect:a", "ab", 3),
    factorial("interaction, 10 trials in each of 2² cells", TYPE_III, "effect:a*b", "ab", 10),
    factorial("main effect, unbalanced 2³", TYPE_III, "effect:a", "abc", 3, drop=7),
    factorial("main effect, 2³ run once, one other effect", LENTH, "effect:a", "abc", 1),
    factorial("interaction, 2⁴ run once, one other effect", LENTH, "effect:a*b", "abcd", 1),
    factorial("main effect of bools, 60 trials in each of 2² cells", REPLICATES, "effect:a", "ab", 60, bools=True),
    resampled("two slopes, 15 random splits of 180 + 20", 180, 20, 15),
    resampled("two slopes, 10 random splits of 90 + 10", 90, 10, 10),
    resampled("two slopes, 100 random splits of 180 + 20", 180, 20, 100),
    resampled("a score, 15 random splits of 180 + 20", 180, 20, 15, paired=False),
    factorial(
        "main effect, unbalanced 2³, one level four times as noisy",
        TYPE_III,
        "effect:a",
        "abc",
        3,
        drop=7,
        noise=_wider,
        inside=False,
    ),
    factorial(
        "main effect, 3 trials in each of 2² cells, lognormal errors",
        TYPE_III,
        "effect:a",
        "ab",
        3,
        noise=_skewed,
        inside=False,
    ),
    factorial("main effect, 2³ run once, most effects not 0", LENTH, "effect:a", "abc", 1, active=True, inside=False),
    unstable("splits of a learner that is mostly noise of training, 15 of 180 + 20", 180, 20, 15),
]

CASES = [*CLUSTERS, *BLOCKS, *EFFECTS]
