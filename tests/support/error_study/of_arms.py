"""Cases of two independent arms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from compared import ARMS, arms_of
from scipy.special import ndtri

from error_study.cases import Case, Draw, Key, Rng, case
from error_study.of_trials import STRICT
from pytest_ophamin.trials.sample import Sample

EXACT, SCORE, WELCH = "unconditional-difference/1", "score-difference/1", "welch-t/1"
SCORE_RATIO, LOG_WELCH = "score-ratio/1", "log-welch-t/1"
SHIFT, SHIFT_NORMAL = "hodges-lehmann/1", "hodges-lehmann-normal/1"
SUPERIORITY, PERMUTED = "brunner-munzel-logit/1", "brunner-munzel-logit-permuted/1"


def by_counts(sample: Sample) -> tuple[int, int]:
    """Return the successes of both arms: all that matters of bools."""
    first, second = sample.arms
    return int(first.sum()), int(second.sum())


def bools(n: int, share: float) -> Draw:
    """Return bools: the second arm's share is given, the first's is larger by the metric."""
    return lambda g, d: arms_of(g.random(n) < share + d, g.random(n) < share)


def bools_in_ratio(n: int, share: float) -> Draw:
    """Return bools: the second arm's share is given, the first's is the metric times that."""
    return lambda g, ratio: arms_of(g.random(n) < share * ratio, g.random(n) < share)


def bools_apart(n: int) -> Draw:
    """Return bools whose superiority is the metric: half the difference of shares is what it exceeds 1/2 by."""
    return lambda g, theta: arms_of(g.random(n) < theta, g.random(n) < 1.0 - theta)


def normal(n: int, sd: float) -> Draw:
    """Return normal arms, the second with another deviation."""
    return lambda g, d: arms_of(g.normal(d, 1.0, n), g.normal(0.0, sd, n))


def exponential(n: int, scale: float = 1.0) -> Draw:
    """Return exponential arms of unlike means, moved so that the metric is their difference."""
    return lambda g, d: arms_of(d - scale + g.exponential(scale, n), g.exponential(1.0, n) - 1.0)


def shifted(n: int) -> Draw:
    """Return exponential arms of one shape."""
    return lambda g, d: arms_of(d + g.exponential(1.0, n), g.exponential(1.0, n))


def ratings(n: int) -> Draw:
    """Return whole numbers, so ties everywhere."""
    return lambda g, d: arms_of(d + g.poisson(1.0, n), g.poisson(1.0, n).astype(np.float64))


def stretched(n: int) -> Draw:
    """Return skewed arms of unlike spread: no shift of one is the other; the median of differences is the metric."""
    # X - Y for X exponential of mean 1 and Y exponential of mean 4 has its median where exp(m / 4) 4 / 5 = 1 / 2.
    median = 4.0 * math.log(5.0 / 8.0)
    return lambda g, d: arms_of(d - median + g.exponential(1.0, n), g.exponential(4.0, n))


def log_normal(n: int, sd: float) -> Draw:
    """Return log-normal arms of unlike spread: the metric is the ratio of geometric means."""
    return lambda g, ratio: arms_of(np.exp(g.normal(math.log(ratio), 1.0, n)), np.exp(g.normal(0.0, sd, n)))


def log_gamma(n: int) -> Draw:
    """Return arms whose logarithms are skewed, one more than the other."""
    centre = -1.9635100260214235  # digamma(0.5)

    def draw(g: Rng, ratio: float) -> Sample:
        first = ratio * np.exp(np.log(g.gamma(0.5, 1.0, n)) - centre)
        return arms_of(first, np.exp(g.normal(0.0, 0.3, n)))

    return draw


def superior(n: int, sd: float) -> Draw:
    """Return normal arms whose superiority is the metric."""
    return lambda g, theta: arms_of(g.normal(ndtri(theta) * math.hypot(1.0, sd), 1.0, n), g.normal(0.0, sd, n))


def _arms(
    about: str,
    metric: str,
    threshold: float | tuple[float, float],
    n: int,
    draw: Draw,
    method: str,
    *,
    exact: bool = False,
    inside: bool = True,
    margin: float = 0.0,
    key: Key | None = None,
) -> Case:
    return case(
        about,
        metric,
        threshold,
        2 * n,
        draw,
        method,
        exact=exact,
        inside=inside,
        margin=margin,
        key=key,
        arms=ARMS.arms,
    )


def _counts() -> list[Case]:
    def counted(
        about: str,
        threshold: float | tuple[float, float],
        n: int,
        share: float,
        *,
        margin: float = 0.0,
        inside: bool = True,
        exact: bool = True,
    ) -> Case:
        method = EXACT if exact else SCORE
        return _arms(
            about,
            "difference",
            threshold,
            n,
            bools(n, share),
            method,
            exact=exact,
            inside=inside,
            margin=margin,
            key=by_counts,
        )

    return [
        counted("two arms of 5 bools, difference at 0", 0.0, 5, 0.5),
        counted("two arms of 10 bools, difference at 0, margin .1", 0.0, 10, 0.7, margin=0.1),
        counted("two arms of 25 bools, rare (.05), difference at 0", 0.0, 25, 0.05),
        counted("two arms of 12 bools, difference within", (-0.3, 0.4), 12, 0.4),
        counted("two arms of 60 bools, difference at .1", 0.1, 60, 0.5),
        counted("two arms of 500 bools, difference at -.05", -0.05, 500, 0.2, exact=False),
        counted("two arms of 300 bools, difference at 0, margin .05", 0.0, 300, 0.6, margin=0.05, exact=False),
        counted("two arms of 300 bools, difference within", (-0.1, 0.1), 300, 0.5, exact=False),
    ]


def _ratios() -> list[Case]:
    def of_shares(about: str, threshold: float, n: int, share: float, *, inside: bool = True) -> Case:
        draw = bools_in_ratio(n, share)
        return _arms(about, "ratio", threshold, n, draw, SCORE_RATIO, inside=inside, key=by_counts)

    def of_means(
        about: str,
        threshold: float | tuple[float, float],
        n: int,
        draw: Draw,
        *,
        margin: float = 0.0,
        inside: bool = True,
    ) -> Case:
        return _arms(about, "ratio", threshold, n, draw, LOG_WELCH, margin=margin, inside=inside)

    return [
        of_shares("two arms of 80 bools, ratio at 1.2", 1.2, 80, 0.5),
        of_shares("two arms of 300 bools, ratio at .8", 0.8, 300, 0.3),
        of_shares("two arms of 50 bools, rare (.05), ratio at 1", 1.0, 50, 0.05, inside=False),
        of_means("two arms of 15 lognormal, ratio at 1.5, margin .2", 1.5, 15, log_normal(15, 0.5), margin=0.2),
        of_means("two arms of 100 lognormal, ratio within", (0.8, 1.25), 100, log_normal(100, 0.5)),
        of_means("two arms of 3 lognormal, ratio at 1.5", 1.5, 3, log_normal(3, 0.1), inside=False),
        of_means("two arms of 20, logarithms skewed by -1.5, ratio at 1", 1.0, 20, log_gamma(20), inside=False),
    ]


def _differences() -> list[Case]:
    def welch(
        about: str,
        threshold: float | tuple[float, float],
        n: int,
        draw: Draw,
        *,
        margin: float = 0.0,
        inside: bool = True,
    ) -> Case:
        return _arms(about, "difference", threshold, n, draw, WELCH, margin=margin, inside=inside)

    return [
        welch("two arms of 10 normal, one spread, difference at .5", 0.5, 10, normal(10, 1.0)),
        welch("two arms of 10 normal, deviations 1 and 10, difference at .5", 0.5, 10, normal(10, 10.0)),
        welch(
            "two arms of 12 normal, deviations 1 and 3, difference at .5, margin .2",
            0.5,
            12,
            normal(12, 3.0),
            margin=0.2,
        ),
        welch("two arms of 50 normal, difference within", (-0.5, 0.5), 50, normal(50, 1.0)),
        welch("two arms of 500 normal, difference at .5", 0.5, 500, normal(500, 2.0)),
        welch("two arms of 480 exponential, means 3 and 1, difference at 2", 2.0, 480, exponential(480, 3.0)),
        welch("two arms of 3 normal, deviations 1 and 10, difference at 0", 0.0, 3, normal(3, 10.0), inside=False),
        welch(
            "two arms of 20 exponential, means 3 and 1, difference at 2", 2.0, 20, exponential(20, 3.0), inside=False
        ),
    ]


def _ranks() -> list[Case]:
    def shift(
        about: str,
        threshold: float | tuple[float, float],
        n: int,
        draw: Draw,
        *,
        margin: float = 0.0,
        exact: bool = True,
        inside: bool = True,
    ) -> Case:
        method = SHIFT if exact else SHIFT_NORMAL
        return _arms(about, "shift", threshold, n, draw, method, margin=margin, exact=exact, inside=inside)

    def superiority(
        about: str,
        threshold: float | tuple[float, float],
        n: int,
        draw: Draw,
        method: str = SUPERIORITY,
        *,
        inside: bool = True,
    ) -> Case:
        return _arms(about, "superiority", threshold, n, draw, method, inside=inside)

    return [
        shift("two arms of 5 exponential, shift at .3", 0.3, 5, shifted(5)),
        shift("two arms of 9 exponential, shift at .3, margin .2", 0.3, 9, shifted(9), margin=0.2),
        shift("two arms of 20 exponential, shift within", (-0.5, 0.5), 20, shifted(20)),
        shift("two arms of 15 counts with ties, shift at 0", 0.0, 15, ratings(15)),
        shift("two arms of 80 exponential, shift at .3, margin .1", 0.3, 80, shifted(80), margin=0.1, exact=False),
        shift("two arms of 80 counts with ties, shift at 0", 0.0, 80, ratings(80), exact=False),
        shift("two arms of 80 of unlike shape, shift at 0", 0.0, 80, stretched(80), exact=False, inside=False),
        superiority("two arms of 7 normal, superiority at .5", 0.5, 7, superior(7, 1.0), PERMUTED),
        superiority("two arms of 15 normal, deviations 1 and 2, superiority at .5", 0.5, 15, superior(15, 2.0)),
        superiority("two arms of 30 normal, superiority at .7", 0.7, 30, superior(30, 1.0)),
        superiority("two arms of 50 normal, superiority within", (0.4, 0.7), 50, superior(50, 2.0)),
        superiority("two arms of 20 normal, superiority at .95", 0.95, 20, superior(20, 1.0), inside=False),
        _arms(
            "two arms of 20 bools, superiority at .6",
            "superiority",
            0.6,
            20,
            bools_apart(20),
            EXACT,
            exact=True,
            key=by_counts,
        ),
        _arms(
            "two arms of 300 bools, superiority at .6",
            "superiority",
            0.6,
            300,
            bools_apart(300),
            SCORE,
            key=by_counts,
        ),
    ]


def _strict() -> list[Case]:
    """Return cases at the level where Holm's procedure begins among 20 claims."""
    chosen = {
        "two arms of 480 exponential, means 3 and 1, difference at 2",
        "two arms of 80 bools, ratio at 1.2",
        "two arms of 30 normal, superiority at .7",
    }
    return [
        replace(
            each,
            about=f"{each.about.partition(', margin')[0]}, level .0025",
            claim=replace(each.claim, alpha=STRICT, margin=0.0),
            inside=False,
        )
        for each in (*_counts(), *_ratios(), *_differences(), *_ranks())
        if each.about in chosen
    ]


CASES = [*_counts(), *_ratios(), *_differences(), *_ranks(), *_strict()]
