"""Family-wise error and false discovery rate of the multiplicity library, by seeded simulation.

The first model is that of METHODS.md, table 4.4: 20 one-sided claims, 15 of them true nulls, normal scores shifted by
3.2 under the alternative, independent or with correlation .5. The full study, about half an hour:
``pytest tests/statistical/test_multiplicity.py -m study``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from error_rates import Floats, generator, most_allowed
from scipy.special import ndtr

from pytest_ophamin.deciding.multiplicity import (
    ADJUSTMENTS,
    GatedFamily,
    OnlineRule,
    SimesClosure,
    closed_e_bh,
    decide_online,
    e_bh,
    e_holm,
    gated,
)
from pytest_ophamin.deciding.multiplicity.graphical import fallback, successive_graph
from pytest_ophamin.deciding.multiplicity.online import (
    AddisSpending,
    AlphaSpending,
    ExhaustiveAddisSpending,
    Lond,
    OnlineFallback,
)
from pytest_ophamin.deciding.multiplicity.online_investing import (
    Addis,
    AlphaInvesting,
    LordDiscard,
    LordPlusPlus,
    Saffron,
)
from pytest_ophamin.deciding.multiplicity.online_lord import Lord3, LordDependent

ALPHA = 0.05
NULLS, FALSE, SHIFT = 15, 5, 3.2
RUNS = 400
STUDY_RUNS = 20_000
Decide = Callable[[Floats], Sequence[bool]]
"""Turns the scores of one campaign, nulls first, into rejections."""


def scores(rng: np.random.Generator, runs: int, rho: float, nulls: int = NULLS, false: int = FALSE) -> Floats:
    """Return normal scores, shape (runs, nulls + false), with equal correlation ``rho``; negative: within pairs."""
    m = nulls + false
    if rho < 0.0:
        z = rng.standard_normal((runs, m))
        z[:, 1:m:2] = rho * z[:, : m - m % 2 : 2] + math.sqrt(1.0 - rho * rho) * z[:, 1:m:2]
    else:
        z = math.sqrt(1.0 - rho) * rng.standard_normal((runs, m)) + math.sqrt(rho) * rng.standard_normal((runs, 1))
    z[:, nulls:] += SHIFT
    return z


def by_p(adjust: Callable[[Floats], list[float]], alpha: float = ALPHA) -> Decide:
    """Return the decision that rejects adjusted p-values up to alpha."""
    return lambda z: [p <= alpha for p in adjust(ndtr(-z))]


def by_e(adjust: Callable[[Floats], list[float]]) -> Decide:
    """Return the decision on likelihood ratios of the shift."""
    return lambda z: [p <= ALPHA for p in adjust(SHIFT * z - 0.5 * SHIFT * SHIFT)]


def by_rule(make: Callable[[float], OnlineRule]) -> Decide:
    """Return the decisions of an online rule on scores in their order."""
    return lambda z: decide_online(ndtr(-z), make(ALPHA)).rejected


@dataclass(frozen=True)
class Measured:
    """Rates over simulated campaigns."""

    runs: int
    family_wise: float
    discovery: float
    power: float
    discovery_error: float
    """Standard error of ``discovery``."""


def measured(decide: Decide, z: Floats, is_null: Sequence[bool]) -> Measured:
    """Return what ``decide`` does on campaigns ``z``, shape (runs, m)."""
    null = np.array(is_null)
    rejected = np.array([decide(row) for row in z], dtype=bool)
    wrong, total = rejected[:, null].sum(axis=1), rejected.sum(axis=1)
    shares = wrong / np.maximum(total, 1)
    return Measured(
        runs=len(z),
        family_wise=float((wrong > 0).mean()),
        discovery=float(shares.mean()),
        power=float(rejected[:, ~null].mean()) if (~null).any() else math.nan,
        discovery_error=float(shares.std() / math.sqrt(len(z))),
    )


def check_family_wise(found: Measured) -> None:
    """At most the level, within what chance allows."""
    assert round(found.family_wise * found.runs) <= most_allowed(found.runs, ALPHA), found


def check_discovery(found: Measured, level: float = ALPHA) -> None:
    """At most the level: 3.72 standard errors are the 1e-4 that ``most_allowed`` uses."""
    assert found.discovery <= level + 3.72 * found.discovery_error, found


METHODS_TABLE: dict[str, tuple[Decide, dict[float, tuple[float, float, float]]]] = {
    "none": (by_p(np.ndarray.tolist), {0.0: (0.531, 0.119, 0.940), 0.5: (0.300, 0.088, 0.941)}),
    "bonferroni": (by_p(ADJUSTMENTS["bonferroni"]), {0.0: (0.036, 0.009, 0.654), 0.5: (0.028, 0.006, 0.654)}),
    "holm": (by_p(ADJUSTMENTS["holm"]), {0.0: (0.043, 0.011, 0.672), 0.5: (0.036, 0.008, 0.669)}),
    "bh": (by_p(ADJUSTMENTS["bh"]), {0.0: (0.178, 0.038, 0.818), 0.5: (0.122, 0.034, 0.798)}),
    "by": (by_p(ADJUSTMENTS["by"]), {0.0: (0.045, 0.011, 0.652), 0.5: (0.043, 0.010, 0.636)}),
    "e-bh": (by_e(e_bh), {0.0: (0.018, 0.005, 0.529), 0.5: (0.021, 0.004, 0.520)}),
}
"""Family-wise error, false discovery rate and power by correlation, as METHODS.md prints them (20,000 campaigns)."""


def _check_against_the_table(name: str, rho: float, runs: int) -> None:
    decide, printed = METHODS_TABLE[name]
    z = scores(generator(44, int(10 * rho), runs), runs, rho)
    found = measured(decide, z, [True] * NULLS + [False] * FALSE)
    rejects = 0.5  # a bound on the standard deviation of a share; rates near 0 have a smaller one
    for got, expected, spread in (
        (found.family_wise, printed[rho][0], math.sqrt(printed[rho][0])),
        (found.discovery, printed[rho][1], found.discovery_error * math.sqrt(runs)),
        (found.power, printed[rho][2], rejects),
    ):
        allowed = 4.0 * spread * math.sqrt(1.0 / runs + 1.0 / 20_000) + 0.0005
        assert abs(got - expected) <= allowed, (name, rho, found)


@pytest.mark.parametrize("rho", [0.0, 0.5])
@pytest.mark.parametrize("name", METHODS_TABLE)
def test_rates_are_those_of_the_methods_table(name: str, rho: float) -> None:
    """Another implementation measured the same rates."""
    _check_against_the_table(name, rho, RUNS)


@pytest.mark.study
@pytest.mark.parametrize("rho", [0.0, 0.5])
@pytest.mark.parametrize("name", METHODS_TABLE)
def test_study_rates_are_those_of_the_methods_table(name: str, rho: float) -> None:
    """The same with as many campaigns as the table has."""
    _check_against_the_table(name, rho, STUDY_RUNS)


ANY, POSITIVE, INDEPENDENT = (0.0, 0.5, 0.95, -0.9), (0.0, 0.5, 0.95), (0.0,)
FAMILY_WISE: dict[str, tuple[Decide, tuple[float, ...]]] = {
    "holm": (by_p(ADJUSTMENTS["holm"]), ANY),
    "e-holm": (by_e(e_holm), ANY),
    "hochberg": (by_p(ADJUSTMENTS["hochberg"]), POSITIVE),
    "hommel": (by_p(ADJUSTMENTS["hommel"]), POSITIVE),
    "fallback": (by_p(fallback([0.05] * 20).adjusted), ANY),
    "successive": (by_p(successive_graph(10, kept=0.5).adjusted), ANY),
    "alpha spending": (by_rule(AlphaSpending), ANY),
    "online fallback": (by_rule(OnlineFallback), ANY),
    "addis spending": (by_rule(AddisSpending), INDEPENDENT),
    "exhaustive addis spending": (by_rule(ExhaustiveAddisSpending), INDEPENDENT),
}
DISCOVERY: dict[str, tuple[Decide, tuple[float, ...]]] = {
    "bh": (by_p(ADJUSTMENTS["bh"]), POSITIVE),
    "by": (by_p(ADJUSTMENTS["by"]), ANY),
    "storey": (by_p(ADJUSTMENTS["storey"]), INDEPENDENT),
    "e-bh": (by_e(e_bh), ANY),
    "closed e-bh": (lambda z: closed_e_bh(SHIFT * z - 0.5 * SHIFT * SHIFT, ALPHA), ANY),
    "lond": (by_rule(Lond), INDEPENDENT),
    "lond, positive": (by_rule(lambda a: Lond(a, positive=True)), POSITIVE),
    "lond, dependent": (by_rule(lambda a: Lond(a, dependent=True)), ANY),
    "lord++": (by_rule(LordPlusPlus), INDEPENDENT),
    "lord 3": (by_rule(Lord3), INDEPENDENT),
    "lord, discarding": (by_rule(LordDiscard), INDEPENDENT),
    "lord, dependent": (by_rule(LordDependent), ANY),
    "saffron": (by_rule(Saffron), INDEPENDENT),
    "addis": (by_rule(Addis), INDEPENDENT),
    "alpha investing": (by_rule(AlphaInvesting), INDEPENDENT),
}


def _mixed(rng: np.random.Generator, runs: int, rho: float, nulls: int, false: int) -> tuple[Floats, list[bool]]:
    """Return campaigns in which nulls and false nulls alternate in a drawn, fixed order: online rules depend on it."""
    order = rng.permutation(nulls + false)
    return scores(rng, runs, rho, nulls, false)[:, order], (np.arange(nulls + false) < nulls)[order].tolist()


def _cells(table: dict[str, tuple[Decide, tuple[float, ...]]]) -> list[tuple[str, float]]:
    return [(name, rho) for name, (_, correlations) in table.items() for rho in correlations]


@pytest.mark.parametrize(("name", "rho"), _cells(FAMILY_WISE))
def test_a_false_rejection_has_at_most_the_level(name: str, rho: float) -> None:
    """All null, where most errors are made, under the dependence the procedure is proved for."""
    z, is_null = _mixed(generator(1, RUNS), RUNS, rho, 20, 0)
    check_family_wise(measured(FAMILY_WISE[name][0], z, is_null))


@pytest.mark.study
@pytest.mark.parametrize("nulls", [20, 15, 5])
@pytest.mark.parametrize(("name", "rho"), _cells(FAMILY_WISE))
def test_study_a_false_rejection_has_at_most_the_level(name: str, rho: float, nulls: int) -> None:
    """The same with false nulls among the others, 20,000 campaigns."""
    z, is_null = _mixed(generator(2, nulls), STUDY_RUNS, rho, nulls, 20 - nulls)
    check_family_wise(measured(FAMILY_WISE[name][0], z, is_null))


@pytest.mark.parametrize(("name", "rho"), _cells(DISCOVERY))
def test_the_false_share_is_at_most_the_level(name: str, rho: float) -> None:
    """Half of the hypotheses null, under the dependence the procedure is proved for."""
    z, is_null = _mixed(generator(3, RUNS), RUNS // 2, rho, 10, 10)
    check_discovery(measured(DISCOVERY[name][0], z, is_null))


@pytest.mark.study
@pytest.mark.parametrize("nulls", [20, 15, 5])
@pytest.mark.parametrize(("name", "rho"), _cells(DISCOVERY))
def test_study_the_false_share_is_at_most_the_level(name: str, rho: float, nulls: int) -> None:
    """The same for other shares of nulls, 20,000 campaigns (closed e-BH, the slow one: 4,000)."""
    runs = 4_000 if name == "closed e-bh" else STUDY_RUNS
    z, is_null = _mixed(generator(4, nulls), runs, rho, nulls, 20 - nulls)
    check_discovery(measured(DISCOVERY[name][0], z, is_null))


def _gates(truncation: float) -> Decide:
    """Return a tree of gates: a before b and c, c before d, five claims each."""

    def decide(z: Floats) -> list[bool]:
        p = ndtr(-z)
        found = gated(
            [
                GatedFamily("a", p[:5], truncation=truncation),
                GatedFamily("b", p[5:10], gate="a"),
                GatedFamily("c", p[10:15], gate="a", truncation=truncation),
                GatedFamily("d", p[15:], gate="c"),
            ]
        )
        return [q <= ALPHA for name in "abcd" for q in found[name]]

    return decide


HARD = ("00000111111111111111", "00001000011111111111", "11111111111111100000", "11111000000000000000")
"""Which of the 20 claims are null (1): whole families, single claims, the first, the last."""


def _check_gates(truncation: float, pattern: str, rho: float, runs: int) -> None:
    is_null = [mark == "1" for mark in pattern]
    z = scores(generator(5, HARD.index(pattern), runs), runs, rho, 20, 0)
    z[:, ~np.array(is_null)] += 6.0  # certain to be rejected: gates stand open, as wide as they may
    check_family_wise(measured(_gates(truncation), z, is_null))


@pytest.mark.parametrize("truncation", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("pattern", HARD)
def test_gates_keep_the_level_over_all_families(truncation: float, pattern: str) -> None:
    """Whichever families the true nulls are in."""
    _check_gates(truncation, pattern, 0.0, RUNS)


@pytest.mark.study
@pytest.mark.parametrize("truncation", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("pattern", HARD)
@pytest.mark.parametrize("rho", ANY)
def test_study_gates_keep_the_level_over_all_families(truncation: float, pattern: str, rho: float) -> None:
    """The same under dependence, 20,000 campaigns."""
    _check_gates(truncation, pattern, rho, STUDY_RUNS)


def _check_discoveries(rho: float, runs: int) -> None:
    """A bound is wrong when some choice has fewer false nulls than it says: each best choice of u smallest is tried."""
    z = scores(generator(6, runs), runs, rho, 10, 10)
    wrong = 0
    for row in z:
        closure = SimesClosure.of(ndtr(-row))
        order = np.argsort(-row)
        tops = ([int(i) for i in order[: u + 1]] for u in range(20))
        wrong += any(closure.discoveries(ALPHA, top) > sum(i >= 10 for i in top) for top in tops)
    assert wrong <= most_allowed(runs, ALPHA)


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_bounds_on_discoveries_hold_for_choices_made_after_looking(rho: float) -> None:
    """All at once: no choice among the smallest p-values makes a bound false in more than 5 % of campaigns."""
    _check_discoveries(rho, RUNS)


@pytest.mark.study
@pytest.mark.parametrize("rho", POSITIVE)
def test_study_bounds_on_discoveries_hold_for_choices_made_after_looking(rho: float) -> None:
    """The same, 20,000 campaigns."""
    _check_discoveries(rho, STUDY_RUNS)
