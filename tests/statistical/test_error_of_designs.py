"""Error rates at the boundary of claims about clusters, blocks, strata, factorial effects and resampled splits.

The full study (20,000 decisions per case, both sides): ``pytest tests/statistical/test_error_of_designs.py -m study``;
its figures stand in docs/validation/models.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from designed import arranged, autoregressive, check_both_sides, designed, verdicts_of
from error_rates import APPROXIMATE, generator, most_allowed, shipped

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.trials.sample import Sample

FAST, STUDY = 60, 20_000
SHAPES: dict[str, Callable[[int], list[int]]] = {
    "equal": lambda g: [10] * g,
    "unequal": lambda g: [(2, 5, 10, 23)[i // 2 % 4] for i in range(g)],
    "one large": lambda g: [40, *[4] * (g - 1)],
}


@dataclass(frozen=True)
class Case:
    """A claim whose metric sits exactly on its limit."""

    metric: str
    limit: float
    n: int
    draw: Callable[[int], Sample]
    design: dict[str, Any] = field(default_factory=dict)
    exact: bool = False

    def claims(self) -> dict[str, Claim]:
        return {
            relation: designed(self.metric, relation, self.limit, self.n, **self.design)
            for relation in ("at_least", "at_most")
        }

    def check(self, runs: int) -> tuple[int, int]:
        return check_both_sides(runs, self.draw, self.claims(), factor=1.0 if self.exact else APPROXIMATE)


def _clustered(clusters: int, icc: float, shape: str) -> Case:
    codes = np.repeat(np.arange(clusters), SHAPES[shape](clusters))
    n = len(codes)

    def draw(run: int) -> Sample:
        rng = generator(run, clusters, n, 1)
        y = rng.normal(0.0, math.sqrt(icc), clusters)[codes] + rng.normal(0.0, math.sqrt(1.0 - icc), n)
        order = rng.permutation(n)
        return arranged(y[order], cluster=codes[order])

    return Case("mean", 0.0, n, draw, {"cluster": "user"})


def _clustered_bools(clusters: int, p: float, strength: float) -> Case:
    codes = np.repeat(np.arange(clusters), 8)

    def draw(run: int) -> Sample:
        rng = generator(run, clusters, 2)
        rates = rng.beta(p * strength, (1.0 - p) * strength, clusters)[codes]
        return arranged(rng.random(len(codes)) < rates, cluster=codes)

    return Case("proportion", p, len(codes), draw, {"cluster": "user"}, exact=True)


def _clustered_pairs(clusters: int) -> Case:
    codes = np.repeat(np.arange(clusters), SHAPES["unequal"](clusters))
    n = len(codes)

    def draw(run: int) -> Sample:
        rng = generator(run, clusters, n, 3)
        shared = rng.normal(size=n)
        gap = rng.normal(0.0, 0.5, clusters)[codes] + rng.normal(size=n)
        return arranged(shared + gap, shared, cluster=codes)

    return Case("difference", 0.0, n, draw, {"cluster": "user"})


def _clustered_arms(
    clusters: int, shape: str, *, between: bool = False, varying: float = 0.0, bools: bool = False
) -> Case:
    codes = np.repeat(np.arange(clusters), SHAPES[shape](clusters))
    n = len(codes)

    def draw(run: int) -> Sample:
        rng = generator(run, clusters, n, 4)
        alternating = (np.arange(n) + np.repeat(rng.integers(0, 2, (n + 1) // 2), 2)[:n]) % 2
        arm = codes % 2 if between else alternating
        y = rng.normal(0.0, 0.6, clusters)[codes] + rng.normal(0.0, 0.8, n)
        y += arm * rng.normal(0.0, varying, clusters)[codes]
        return arranged(y > 0.0 if bools else y, cluster=codes, arm=arm)

    return Case("difference", 0.0, n, draw, {"cluster": "user", "arms": ("old", "new")}, exact=bools)


def _blocked(n: int, block: int, phi: float, metric: str = "mean") -> Case:
    def draw(run: int) -> Sample:
        x = autoregressive(generator(run, n, 5), n, phi)
        return arranged(x > 0.0 if metric == "proportion" else x)

    return Case(metric, 0.5 if metric == "proportion" else 0.0, n, draw, {"block": block} if block else {})


def _stratified(n: int, *, in_turn: bool, bools: bool = False) -> Case:
    centres, rates = np.array([-1.0, 0.0, 1.0]), np.array([0.05, 0.5, 0.95])

    def draw(run: int) -> Sample:
        rng = generator(run, n, 6)
        strata = np.arange(n) % 3 if in_turn else rng.integers(0, 3, n)
        y = rng.random(n) < rates[strata] if bools else centres[strata] + rng.normal(size=n) * (1.0 + strata)
        return arranged(y, stratum=strata)

    limit = 0.5 if bools else 0.0
    return Case("proportion" if bools else "mean", limit, n, draw, {"strata": "site"}, exact=bools)


def _factorial(metric: str, names: str, replicates: int, *, drop: int = 0, bools: bool = False) -> Case:
    """Return a design where the last factor matters and the effect asked for is null; ``drop`` trials are lost."""
    cells = np.array(list(np.ndindex(*[2] * len(names))))
    rows = np.tile(cells, (replicates, 1))[drop:]
    n = len(rows)

    def draw(run: int) -> Sample:
        rng = generator(run, n, 7)
        levels = rows[rng.permutation(n)]
        y = rng.random(n) < 0.3 + 0.4 * levels[:, -1] if bools else 0.8 * levels[:, -1] + rng.normal(size=n)
        return arranged(y, factors={name: levels[:, place] for place, name in enumerate(names)})

    return Case(metric, 0.0, n, draw, {"factors": tuple(names)}, exact=bools)


def _resampled(n_train: int, n_test: int, splits: int) -> Case:
    """Return the losses of two slopes on random splits of one sample: by symmetry their gap is 0 on average."""

    def draw(run: int) -> Sample:
        rng = generator(run, n_train, n_test, splits, 8)
        x = rng.normal(size=(2, n_train + n_test))
        y = x.sum(axis=0) + rng.normal(size=n_train + n_test)
        order = np.argsort(rng.random((splits, len(y))), axis=1)
        train, test = order[:, :n_train], order[:, n_train:]
        losses = []
        for column in x:
            slope = (column[train] * y[train]).sum(axis=1) / (column[train] ** 2).sum(axis=1)
            losses.append(((y[test] - slope[:, None] * column[test]) ** 2).mean(axis=1))
        return arranged(losses[0], losses[1])

    return Case("difference", 0.0, splits, draw, {"resampled": n_test / n_train})


def _unstable(n_train: int, n_test: int, splits: int) -> Case:
    """Return the losses of a constant and of the training mean, equal in expectation: their gap is noise."""

    def draw(run: int) -> Sample:
        rng = generator(run, n_train, n_test, splits, 9)
        y = rng.normal(size=n_train + n_test)
        order = np.argsort(rng.random((splits, len(y))), axis=1)
        train, test = y[order[:, :n_train]], y[order[:, n_train:]]
        constant = 1.0 / math.sqrt(n_train)  # E (Y - c)^2 = 1 + c^2, E (Y - mean)^2 = 1 + 1 / n_train
        return arranged(
            ((test - constant) ** 2).mean(axis=1), ((test - train.mean(axis=1, keepdims=True)) ** 2).mean(axis=1)
        )

    return Case("difference", 0.0, splits, draw, {"resampled": n_test / n_train})


CASES = {
    "2 clusters": _clustered(2, 0.3, "equal"),
    "5 clusters": _clustered(5, 0.1, "unequal"),
    "12 clusters": _clustered(12, 0.3, "one large"),
    "20 clusters": _clustered(20, 0.1, "unequal"),
    "30 clusters, icc 0": _clustered(30, 0.0, "unequal"),
    "30 clusters, icc .5": _clustered(30, 0.5, "one large"),
    "40 clusters of bools at .5": _clustered_bools(40, 0.5, 3.0),
    "100 clusters of bools at .95": _clustered_bools(100, 0.95, 5.0),
    "10 clusters of pairs": _clustered_pairs(10),
    "arms in 4 clusters": _clustered_arms(4, "equal"),
    "arms in 10 clusters, effect varies": _clustered_arms(10, "unequal", varying=0.5),
    "arms in 30 clusters, effect varies": _clustered_arms(30, "unequal", varying=0.5),
    "arms between 8 clusters": _clustered_arms(8, "unequal", between=True),
    "arms between 24 clusters": _clustered_arms(24, "unequal", between=True),
    "arms of bools in 40 clusters": _clustered_arms(40, "equal", varying=0.5, bools=True),
    "arms of bools between 40 clusters": _clustered_arms(40, "equal", between=True, bools=True),
    "10 blocks of 40, AR .6": _blocked(400, 40, 0.6),
    "50 blocks of 40, AR .6": _blocked(2_000, 40, 0.6),
    "20 blocks of 190, AR .9": _blocked(3_800, 190, 0.9),
    "50 blocks of 40, bools": _blocked(2_000, 40, 0.6, "proportion"),
    "60 trials, strata in turn": _stratified(60, in_turn=True),
    "60 trials, strata at random": _stratified(60, in_turn=False),
    "60 bools, strata in turn": _stratified(60, in_turn=True, bools=True),
    "60 bools, strata at random": _stratified(60, in_turn=False, bools=True),
    "main effect, 3 x 2^2": _factorial("effect:a", "ab", 3),
    "interaction, 10 x 2^2": _factorial("effect:a*b", "ab", 10),
    "main effect, unbalanced 2^3": _factorial("effect:a", "abc", 3, drop=7),
    "main effect, 2^3 once": _factorial("effect:a", "abc", 1),
    "interaction, 2^4 once": _factorial("effect:a*b", "abcd", 1),
    "main effect of bools, 60 x 2^2": _factorial("effect:a", "ab", 60, bools=True),
    "15 splits of 180 + 20": _resampled(180, 20, 15),
    "10 splits of 90 + 10": _resampled(90, 10, 10),
    "100 splits of 180 + 20": _resampled(180, 20, 100),
}


@pytest.mark.parametrize("name", CASES)
def test_a_claim_about_a_design_errs_within_its_level(name: str) -> None:
    """False VALIDATED and false REFUTED, on both sides."""
    CASES[name].check(FAST)


@pytest.mark.study
@pytest.mark.parametrize("name", CASES)
def test_study_a_claim_about_a_design_errs_within_its_level(name: str) -> None:
    """The same with 20,000 decisions."""
    print(name, *(f"{count / STUDY:.4f}" for count in CASES[name].check(STUDY)))  # noqa: T201


@pytest.mark.parametrize("metric", ["mean", "proportion"])
def test_dependent_trials_taken_for_independent_err_far_too_often(metric: str) -> None:
    """An autoregression of .6 decided trial by trial errs beyond any allowance; in blocks it does not."""
    runs = 400
    naive, blocked = _blocked(400, 0, 0.6, metric), _blocked(400, 40, 0.6, metric)
    found = verdicts_of(naive.claims()["at_least"], naive.draw, runs)
    assert min(found[Verdict.VALIDATED], found[Verdict.REFUTED]) > most_allowed(runs, APPROXIMATE * 0.05)
    blocked.check(runs)


DIAGNOSED = [
    "12 clusters",
    "30 clusters, icc .5",
    "40 clusters of bools at .5",
    "arms in 30 clusters, effect varies",
    "50 blocks of 40, AR .6",
    "60 trials, strata in turn",
    "60 bools, strata at random",
    "interaction, 10 x 2^2",
]


def _check_alarms(runs: int, name: str) -> None:
    case = CASES[name]
    claim = case.claims()["at_least"]
    (pillar,) = [each for each in shipped().diagnosing if each.name == "serial-dependence"]
    found = [pillar.diagnose(claim, case.draw(run)) for run in range(runs)]
    statuses = Counter(finding.status for finding in found if finding is not None)
    assert statuses["void"] <= most_allowed(runs, 0.001), statuses
    assert statuses["warn"] + statuses["void"] <= most_allowed(runs, 0.01), statuses


@pytest.mark.parametrize("name", DIAGNOSED)
def test_designs_are_rarely_suspected_of_serial_dependence(name: str) -> None:
    """At most 1 % are warned about, at most 0.1 % declared void: units and groups are what is looked at."""
    _check_alarms(FAST, name)


@pytest.mark.study
@pytest.mark.parametrize("name", DIAGNOSED)
def test_study_designs_are_rarely_suspected_of_serial_dependence(name: str) -> None:
    """The same with 20,000 samples."""
    _check_alarms(STUDY, name)


OUTSIDE = {
    "trial by trial, AR .6": _blocked(400, 0, 0.6),
    "trial by trial, AR .6, bools": _blocked(400, 0, 0.6, "proportion"),
    "blocks shorter than 10 autocorrelation times": _blocked(2_000, 5, 0.6),
    "splits of an unstable learner": _unstable(180, 20, 15),
    "an effect that varies, arms in 4 clusters": _clustered_arms(4, "equal", varying=1.0),
}


@pytest.mark.study
@pytest.mark.parametrize("name", OUTSIDE)
def test_study_outside_the_conditions(name: str) -> None:
    """What happens there is published."""
    case = OUTSIDE[name]
    found = verdicts_of(case.claims()["at_least"], case.draw, STUDY)
    print(name, *(f"{found[verdict] / STUDY:.4f}" for verdict in (Verdict.VALIDATED, Verdict.REFUTED)))  # noqa: T201
    assert max(found.values()) > 0
