"""Many samples of one case decided at once, where arithmetic on arrays reaches the verdicts of the pillar.

Fixed-n t tests are formulas. Evidence of counts depends on the counts alone, so it is tabulated once; that of a
t-mixture on the gap in standard deviations, so whether it has reached a level is a comparison with a gap computed once.
The study compares samples of every case with what the pillar itself says of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
from error_rates import Floats
from scipy.special import stdtr

from ophamin_pillars.sequential.betting_process import ShareMixture
from ophamin_pillars.sequential.methods import first_of
from ophamin_pillars.sequential.mixture import JEFFREYS
from ophamin_pillars.sequential.student_mixture import PRECISION, critical_gaps, running_moments
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.sides import Side, claim_sides, minus, plus
from pytest_ophamin.trials.sample import Sample

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
NEVER = 10**9
ROUNDING = 1e-11


@dataclass(frozen=True)
class Found:
    """What became of each sample, shape (samples,)."""

    validated: Bools
    refuted: Bools
    lower: Bools
    """The lower bound lies above the truth."""
    upper: Bools


Batch = Callable[[Claim, list[Sample], float], Found]
"""Decides samples at once; the last argument is the true value of the metric."""


class Tests(Protocol):
    """Tests of many samples; a test that needs no observation index answers as if it rejected at the end."""

    def first(self, direction: str, limit: float, level: float) -> Ints:
        """Return after how many observations "metric <= limit" (or >=) is rejected at the level, NEVER if it is not."""
        ...


def decided(claim: Claim, tests: Tests, truth: float, n: int) -> Found:
    """Return verdicts and misses, from when each test rejects."""
    sides = claim_sides(claim)
    a, b = claim.stop_levels if claim.design.can_stop_early else (claim.validate_level, claim.refute_level)

    def first(side: Side, level: float) -> Ints:
        limit = minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack)
        return tests.first(side.direction, limit, level)

    def validates(level: float) -> Ints:
        found: Ints = np.maximum.reduce([first(side, level) for side in sides.validate])
        return found

    def refutes(level: float) -> Ints:
        found: Ints = np.minimum.reduce([first(side, level / len(sides.refute)) for side in sides.refute])
        return found

    stop = np.minimum(np.minimum(validates(a), refutes(b)), n)
    validated = validates(claim.validate_level) <= stop
    refuted = refutes(claim.refute_level) <= stop
    both = validated & refuted
    low, high = _levels(claim, validated)
    return Found(
        validated=validated & (~both | (claim.margin > 0.0)),
        refuted=refuted & ~both,
        lower=_by_level(lambda level: tests.first("greater", truth, level) <= stop, low),
        upper=_by_level(lambda level: tests.first("less", truth, level) <= stop, high),
    )


def _levels(claim: Claim, validated: Bools) -> tuple[Floats, Floats]:
    a, b = claim.validate_level, claim.refute_level
    same = np.ones(len(validated))
    if claim.relation is Relation.WITHIN:
        level = np.where(validated, a, b / 2)
        return level, level
    return (a * same, b * same) if claim.relation is Relation.AT_LEAST else (b * same, a * same)


def _by_level(rejects: Callable[[float], Bools], levels: Floats) -> Bools:
    found = np.zeros(len(levels), dtype=np.bool_)
    for level in np.unique(levels):
        here = levels == level
        found[here] = rejects(float(level))[here]
    return found


# A fixed number of trials ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TTests:
    """Student's t on rows."""

    means: Floats
    errors: Floats
    n: int

    def first(self, direction: str, limit: float, level: float) -> Ints:
        sign = 1.0 if direction == "greater" else -1.0
        p = stdtr(self.n - 1, -sign * (self.means - limit) / self.errors)
        return np.where(p <= level, self.n, NEVER)


@dataclass(frozen=True)
class OfLogs:
    """Tests of a ratio by those of the mean of its logarithm."""

    tests: Tests

    def first(self, direction: str, limit: float, level: float) -> Ints:
        return self.tests.first(direction, math.log(limit), level)


def by_t(claim: Claim, samples: list[Sample], truth: float) -> Found:
    """Decide means, paired differences and ratios by t."""
    rows = rows_of(claim, samples)
    n = rows.shape[1]
    tests: Tests = TTests(rows.mean(axis=1), rows.std(axis=1, ddof=1) / math.sqrt(n), n)
    return decided(claim, OfLogs(tests) if claim.kind == "ratio" else tests, truth, n)


def rows_of(claim: Claim, samples: list[Sample]) -> Floats:
    """Return the decision variable of each sample, shape (samples, n)."""
    if not claim.is_paired:
        return np.stack([sample.value.floats for sample in samples])
    first = np.stack([sample.pairs[0] for sample in samples])
    second = np.stack([sample.pairs[1] for sample in samples])
    return np.log(first / second) if claim.kind == "ratio" else first - second


# Evidence -------------------------------------------------------------------------------------------------------------


def first_true(rejects: Bools) -> Ints:
    """Return the number of the first column that holds, from 1, NEVER where none does."""
    return np.where(rejects.any(axis=1), rejects.argmax(axis=1) + 1, NEVER)


@cache
def _critical(n: int, start: int, level: float) -> Floats:
    return critical_gaps(np.arange(float(start), n + 1), PRECISION, level)


@dataclass(frozen=True)
class StudentEvidence:
    """t-mixtures on rows."""

    means: Floats
    units: Floats
    start: int

    def first(self, direction: str, limit: float, level: float) -> Ints:
        sign = 1.0 if direction == "greater" else -1.0
        gaps = sign * (self.means - limit)[:, self.start - 1 :]
        reaches = _critical(self.means.shape[1], self.start, level) * self.units[:, self.start - 1 :]
        found = first_true(gaps >= reaches)
        return np.where(found < NEVER, found + self.start - 1, NEVER)


def by_t_mixture(claim: Claim, samples: list[Sample], truth: float) -> Found:
    """Decide means, paired differences and ratios by the t-mixture; not ``within``, whose refutation is an average."""
    rows = rows_of(claim, samples)
    n = rows.shape[1]
    means, squares = running_moments(rows)
    tests: Tests = StudentEvidence(means, np.sqrt(squares / np.arange(1.0, n + 1)), first_of(claim))
    return decided(claim, OfLogs(tests) if claim.kind == "ratio" else tests, truth, n)


@cache
def _table(most: int, p: float, direction: str) -> Floats:
    """Return log e for all numbers of successes (rows) and failures (columns)."""
    counts = np.arange(most + 1.0)
    successes, failures = np.meshgrid(counts, counts, indexing="ij")
    evidence = JEFFREYS.greater if direction == "greater" else JEFFREYS.less
    return evidence(successes, failures, p)


@dataclass(frozen=True)
class CountEvidence:
    """The beta mixture on counts along rows."""

    successes: Ints
    failures: Ints
    limit: float | None = None
    """The share tested, where it is not the limit of the claim."""

    def first(self, direction: str, limit: float, level: float) -> Ints:
        p, most = limit if self.limit is None else self.limit, self.successes.shape[1]
        log_e = _table(most, p, direction)[self.successes, self.failures]
        return first_true(log_e >= -math.log(level) - ROUNDING)


def by_count_mixture(claim: Claim, samples: list[Sample], truth: float) -> Found:
    """Decide a proportion by the beta mixture; not ``within``, whose refutation is an average."""
    outcomes = np.stack([sample.value.floats for sample in samples]).astype(np.int64)
    return decided(claim, _counts(outcomes), truth, outcomes.shape[1])


def by_quantile_mixture(claim: Claim, samples: list[Sample], truth: float) -> Found:
    """Decide a quantile of continuous observations by the beta mixture; it has no bounds."""
    above = (np.stack([sample.value.floats for sample in samples]) > claim.limit).astype(np.int64)
    share = {"median": 0.5, "p90": 0.1}[claim.metric]
    evidence = _counts(above)
    found = decided(claim, CountEvidence(evidence.successes, evidence.failures, share), truth, above.shape[1])
    nothing = np.zeros(len(samples), dtype=np.bool_)
    return Found(validated=found.validated, refuted=found.refuted, lower=nothing, upper=nothing)


def _counts(outcomes: Ints) -> CountEvidence:
    successes = np.cumsum(outcomes, axis=1)
    return CountEvidence(successes, np.arange(1, outcomes.shape[1] + 1) - successes)


@dataclass(frozen=True)
class _Moved:
    """Bounds that lie beyond 0 when both the discordant pairs and the bets reject it."""

    discordant: CountEvidence
    shares: Floats

    def first(self, direction: str, limit: float, level: float) -> Ints:
        y = self.shares if direction == "greater" else 1.0 - self.shares
        t = 0.5 * (limit + 1.0) if direction == "greater" else 0.5 * (1.0 - limit)
        chunks = [ShareMixture(rows).log_e(t) for rows in np.array_split(y, max(1, len(y) // 100))]
        bets = first_true(np.concatenate(chunks) >= -math.log(level))
        return np.maximum(bets, self.discordant.first(direction, limit, level))


def by_discordant_mixture(claim: Claim, samples: list[Sample], truth: float) -> Found:
    """Decide pairs of bools at 0, of which 0 is the difference."""
    differences = rows_of(claim, samples)
    wins, losses = (np.cumsum(side, axis=1, dtype=np.int64) for side in (differences > 0.0, differences < 0.0))
    evidence = CountEvidence(wins, losses, 0.5)
    n = differences.shape[1]
    found = decided(claim, evidence, truth, n)
    bounds = _Moved(evidence, 0.5 * (differences + 1.0))
    stop = np.minimum(
        np.minimum(evidence.first("greater", 0.0, claim.alpha), evidence.first("less", 0.0, claim.alpha)), n
    )
    return Found(
        validated=found.validated,
        refuted=found.refuted,
        lower=bounds.first("greater", truth, claim.alpha) <= stop,
        upper=bounds.first("less", truth, claim.alpha) <= stop,
    )
