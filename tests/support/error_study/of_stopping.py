"""Cases of claims that stop early by evidence; designs of counts are enumerated, not simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from error_rates import Floats, sample_of

from error_study.batch import by_discordant_mixture, by_quantile_mixture, by_t_mixture
from error_study.cases import Case, Draw, Rng, case
from error_study.of_trials import UNIT, beta, bool_pairs, bools, lognormal_pairs, moved, normal, normal_pairs
from pytest_ophamin.trials.sample import Sample

MIXTURE, BETTING, DISCORDANT = "beta-binomial-mixture/1", "betting-mixture/1", "discordant-pairs-mixture/1"
STUDENT, LOG_RATIO = "student-t-mixture/1", "log-ratio-t-mixture/1"
CAP = 300


def uniform_at_p90(n: int) -> Draw:
    """Return uniform numbers moved so that their 90 % quantile is the metric."""
    return lambda g, quantile: sample_of(quantile - 0.9 + g.random(n))


def uniform_at_median(n: int) -> Draw:
    """Return uniform numbers whose median is the metric."""
    return lambda g, median: sample_of(median - 0.5 + g.random(n))


def _evidence(
    about: str,
    metric: str,
    threshold: float | tuple[float, float],
    draw: Draw,
    method: str,
    *,
    exact: bool = True,
    n: int = CAP,
    **changes: Any,
) -> Case:
    return case(about, metric, threshold, n, draw, method, exact=exact, sequential=True, **changes)


def _exact() -> list[Case]:
    return [
        _evidence("stopping, proportion within", "proportion", (0.3, 0.7), bools(CAP), MIXTURE, runs=200),
        _evidence("stopping, p90", "p90", 0.9, uniform_at_p90(CAP), MIXTURE, batch=by_quantile_mixture),
        _evidence("stopping, median within", "median", (0.3, 0.7), uniform_at_median(CAP), MIXTURE, runs=200),
        _evidence("stopping, mean of bools", "mean", 0.95, bools(CAP), BETTING),
        _evidence("stopping, mean in bounds, skewed", "mean", 0.1, beta(CAP, 2.0), BETTING, bounds=UNIT),
        _evidence("stopping, mean in bounds, margin .1", "mean", 0.5, beta(CAP, 2.5), BETTING, bounds=UNIT, margin=0.1),
        _evidence("stopping, mean within, in bounds", "mean", (0.25, 0.5), beta(CAP, 2.0), BETTING, bounds=UNIT),
        _evidence(
            "stopping, mean in bounds, stopped at a / 5", "mean", 0.1, beta(CAP, 2.0), BETTING, bounds=UNIT, allocated=5
        ),
        _evidence(
            "stopping, pairs of bools at 0",
            "difference",
            0.0,
            bool_pairs(CAP, 0.3),
            DISCORDANT,
            batch=by_discordant_mixture,
        ),
        _evidence("stopping, pairs of bools at -.1", "difference", -0.1, bool_pairs(CAP, 0.5), BETTING),
    ]


def _approximate() -> list[Case]:
    def by_t(about: str, threshold: float | tuple[float, float], draw: Draw, **changes: Any) -> Case:
        return _evidence(about, "mean", threshold, draw, STUDENT, exact=False, **changes)

    return [
        by_t("stopping, mean of normals", 1.0, normal(CAP)),
        by_t("stopping, mean of normals, margin .3", 1.0, normal(CAP), margin=0.3),
        by_t("stopping, mean of normals within", (0.0, 1.0), normal(CAP), runs=200),
        by_t("stopping, mean of uniforms", 0.5, moved(lambda g: g.random(CAP) - 0.5)),
        by_t("stopping, mean of gammas, skewness .5", 0.0, moved(lambda g: g.gamma(16.0, 1.0, CAP) - 16.0)),
        by_t("stopping, mean of normals, stopped at a / 5", 1.0, normal(CAP), allocated=5),
        _evidence("stopping, difference of normals", "difference", 0.0, normal_pairs(CAP), STUDENT, exact=False),
        _evidence("stopping, ratio of lognormals", "ratio", 1.2, lognormal_pairs(CAP), LOG_RATIO, exact=False),
    ]


def _outside() -> list[Case]:
    def skewed(name: str, n: int, noise: Callable[[Rng], Floats]) -> Case:
        about = f"stopping, mean of {name}, cap {n:,}"
        return _evidence(about, "mean", 0.0, moved(noise), STUDENT, exact=False, n=n, inside=False)

    def drifting(g: Rng, share: float) -> Sample:
        """Successes in turns of good and bad luck."""
        lucky = np.repeat(g.random(CAP // 10) < 0.5, 10)
        return sample_of(g.random(CAP) < share + np.where(lucky, 0.09, -0.09))

    found = [
        skewed("exponentials, skewness 2", n, lambda g, n=n: g.exponential(1.0, n) - 1.0)  # type: ignore[misc]
        for n in (300, 1_200)
    ]
    found += [
        skewed("lognormals, skewness 1.75", n, lambda g, n=n: np.exp(0.5 * g.standard_normal(n) - 0.125) - 1.0)  # type: ignore[misc]
        for n in (300, 1_200)
    ]
    found.append(_evidence("stopping, mean of bools that come in turns", "mean", 0.9, drifting, BETTING, inside=False))
    return found


CASES = [
    replace(each, batch=by_t_mixture) if each.method in (STUDENT, LOG_RATIO) and not each.is_within else each
    for each in (*_exact(), *_approximate(), *_outside())
]
