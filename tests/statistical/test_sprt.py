"""Error rates, coverage and expected sample size of sequential designs for 0/1 data: exact, by their laws.

The full grid, and 20,000 simulated claims per design: ``pytest tests/statistical/test_sprt.py -m study``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from error_rates import generator, most_allowed

from ophamin_pillars.sequential.design import CountDesign
from ophamin_pillars.sequential.group_counts import group_counts
from ophamin_pillars.sequential.law import operating_characteristics, stopping_law
from ophamin_pillars.sequential.likelihood_ratio import log_e_path, ratio_design, ratio_evidence
from ophamin_pillars.sequential.stopping import Crossed, Stop
from ophamin_pillars.sequential.truncated import truncated_sprt

Parameters = tuple[float, float, float, float, int]

ROUNDING = 1e-9
"""What rounding p to 12 digits, and summing probabilities, may add."""
RUNS, STUDY_RUNS = 500, 20_000
NULLS = ((0.85, 0.90), (0.5, 0.9), (0.98, 0.99), (0.02, 0.05))
STUDY_NULLS = (*NULLS, (0.899, 0.9), (0.1, 0.3), (0.45, 0.55), (0.94, 0.99), (0.99, 0.999), (0.001, 0.01), (0.9, 1.0))
CLAIMS = (1, 1000)
STUDY_CLAIMS = (1, 2, 5, 20, 100, 1000)
CAPS = (1, 20, 300)
STUDY_CAPS = (1, 2, 7, 20, 59, 100, 300, 379, 600, 1500)
STEPS = np.array([1e-6, 1e-4, 0.001, 0.01, 0.05, 0.1, 0.3, 0.9])


def _stops(design: CountDesign) -> list[Stop]:
    law = design.law
    kinds = np.where(law.upward, Crossed.UPPER, np.where(law.downward, Crossed.LOWER, Crossed.NEITHER))
    return [
        Stop(n=int(n), count=int(count), crossed=Crossed(kind))
        for n, count, kind in zip(law.n, law.count, kinds, strict=True)
    ]


def _check_levels(design: CountDesign) -> None:
    a, b = design.level_validate, design.level_refute
    for p in (design.p0, 0.97 * design.p0, 0.7 * design.p0):
        assert design.characteristics(p).validated <= a * (1.0 + ROUNDING)
    for p in (design.p1, 1.0 - 0.97 * (1.0 - design.p1), 1.0 - 0.7 * (1.0 - design.p1)):
        assert design.characteristics(p).refuted <= b * (1.0 + ROUNDING)


@pytest.mark.parametrize("nulls", NULLS)
@pytest.mark.parametrize("claims", CLAIMS)
@pytest.mark.parametrize("cap", CAPS)
def test_a_truncated_sprt_errs_within_its_levels(nulls: tuple[float, float], claims: int, cap: int) -> None:
    """False VALIDATED at and below t - d, false REFUTED at and above t, for levels alpha / m and any cap."""
    _check_levels(truncated_sprt(*nulls, 0.05 / claims, 0.10 / claims, cap))


@pytest.mark.study
@pytest.mark.parametrize("nulls", STUDY_NULLS)
@pytest.mark.parametrize("claims", STUDY_CLAIMS)
@pytest.mark.parametrize("cap", STUDY_CAPS)
def test_study_a_truncated_sprt_errs_within_its_levels(nulls: tuple[float, float], claims: int, cap: int) -> None:
    """The same on the full grid, with refutation corrected and not."""
    _check_levels(truncated_sprt(*nulls, 0.05 / claims, 0.10 / claims, cap))
    _check_levels(truncated_sprt(*nulls, 0.05 / claims, 0.10, cap))


@pytest.mark.parametrize("looks", [(50, 100, 150), (100, 200, 300, 400, 500), (7,)])
def test_a_group_sequential_design_errs_within_its_levels(looks: tuple[int, ...]) -> None:
    """Boundaries at declared looks, alpha spent as O'Brien and Fleming do."""
    _check_levels(group_counts(looks, 0.85, 0.90, 0.05, 0.10))


def _check_p_values(design: CountDesign) -> None:
    """P(p <= u) <= u under the null, for all u that occur: so the p-values may be corrected."""
    stops = _stops(design)
    for null, p_values in (
        (design.p0, [design.p_validate(stop) for stop in stops]),
        (design.p1, [design.p_refute(stop) for stop in stops]),
    ):
        mass, order = design.law.probabilities(null), np.argsort(p_values, kind="stable")
        levels, at_most = np.array(p_values)[order], np.cumsum(mass[order])
        last = np.append(levels[1:] > levels[:-1], True)  # of equal p-values the last has the whole sum
        assert (at_most[last] <= levels[last] + ROUNDING).all()


def _check_coverage(design: CountDesign, level: float) -> None:
    """Each one-sided bound misses the truth with probability at most ``level``, whatever the truth."""
    stops = _stops(design)
    lower = np.array([design.lower(stop, level) for stop in stops])
    upper = np.array([design.upper(stop, level) for stop in stops])
    near = np.r_[design.p0 - design.p0 * STEPS, design.p1 + (1.0 - design.p1) * STEPS, design.p0, design.p1]
    for p in np.r_[near, np.linspace(design.p0, design.p1, 5)].tolist():
        mass = design.law.probabilities(p)
        assert mass[lower > p].sum() <= level + ROUNDING
        assert mass[upper < p].sum() <= level + ROUNDING


def test_stagewise_p_values_and_bounds_are_valid() -> None:
    """For a compatible design, an incompatible one, and one with looks."""
    for design in (
        truncated_sprt(0.5, 0.75, 0.05, 0.10, 40),
        truncated_sprt(0.85, 0.90, 0.05, 0.10, 80),
        group_counts((20, 40, 60), 0.6, 0.8, 0.05, 0.10),
    ):
        _check_p_values(design)
        _check_coverage(design, 0.05)
        _check_coverage(design, 0.1)


@pytest.mark.study
@pytest.mark.parametrize("nulls", STUDY_NULLS)
@pytest.mark.parametrize("cap", [20, 150])
def test_study_stagewise_p_values_and_bounds_are_valid(nulls: tuple[float, float], cap: int) -> None:
    """The same on the full grid."""
    for claims in (1, 20):
        design = truncated_sprt(*nulls, 0.05 / claims, 0.10 / claims, cap)
        _check_p_values(design)
        _check_coverage(design, 0.05 / claims)


@pytest.mark.parametrize("nulls", NULLS)
@pytest.mark.parametrize("claims", CLAIMS)
def test_a_likelihood_ratio_e_process_errs_within_its_levels(nulls: tuple[float, float], claims: int) -> None:
    """Ville's inequality, checked by the exact law of its boundaries."""
    a, b = 0.05 / claims, 0.10 / claims
    law = stopping_law(ratio_design(*nulls, a, b, 1_000))
    assert operating_characteristics(law, nulls[0]).validated <= a
    assert operating_characteristics(law, nulls[1]).refuted <= b


def test_the_p_value_of_an_e_process_is_valid_whenever_one_looks() -> None:
    """1 / max e over 400 trials is at most u with probability at most u, on either side."""
    x = generator(3, 1).random((RUNS, 400))
    for null, sign in ((0.85, 1.0), (0.90, -1.0)):
        log_max = np.array([(sign * log_e_path(row < null, 0.85, 0.90)).max() for row in x])
        for level in (0.01, 0.05, 0.1, 0.5):
            assert (log_max >= -np.log(level)).sum() <= most_allowed(RUNS, level)


@cache
def _reference() -> CountDesign:
    return truncated_sprt(0.85, 0.90, 0.05, 0.10, 600)


@pytest.mark.parametrize(("p", "most"), [(0.90, 225), (0.85, 172), (0.80, 68), (0.95, 90)])
def test_the_expected_sample_number_is_that_of_the_acceptance(p: float, most: int) -> None:
    """``at_least=0.90, margin=0.05``, alpha .05, power .90, cap 600, no INCONCLUSIVE (fixed n: 379)."""
    found = _reference().characteristics(p)
    assert found.mean_n <= most
    assert found.undecided == 0.0
    assert _reference().power >= 0.90


def _simulated(design: CountDesign, p: float, runs: int, seed: int) -> tuple[int, int, float]:
    draws = generator(3, seed)
    stops = [design.boundaries.first_crossing(draws.random(design.boundaries.cap) < p) for _ in range(runs)]
    kinds = [stop.crossed for stop in stops if stop is not None]
    assert len(kinds) == runs
    mean = sum(stop.n for stop in stops if stop is not None) / runs
    return kinds.count(Crossed.UPPER), kinds.count(Crossed.LOWER), mean


def _check_simulation(design: CountDesign, runs: int, seed: int) -> None:
    wrong, _, _ = _simulated(design, design.p0, runs, seed)
    assert wrong <= most_allowed(runs, design.level_validate)
    _, wrong, mean = _simulated(design, design.p1, runs, seed + 1)
    assert wrong <= most_allowed(runs, design.level_refute)
    exact = design.characteristics(design.p1).mean_n
    assert mean == pytest.approx(exact, abs=4.0 * design.boundaries.cap / runs**0.5)


def test_simulated_claims_agree_with_the_exact_law() -> None:
    """Data drawn and stopped one claim at a time: another way to the same numbers."""
    _check_simulation(_reference(), RUNS, 10)


@pytest.mark.study
@pytest.mark.parametrize(
    "parameters",
    [
        (0.85, 0.90, 0.05, 0.10, 600),
        (0.85, 0.90, 0.0025, 0.005, 600),
        (0.5, 0.9, 0.05, 0.1, 40),
        (0.9, 1.0, 0.05, 0.1, 99),
    ],
)
def test_study_simulated_claims_agree_with_the_exact_law(parameters: Parameters) -> None:
    """20,000 claims per null."""
    _check_simulation(truncated_sprt(*parameters), STUDY_RUNS, 20)


@pytest.mark.study
def test_study_simulated_e_processes_err_within_their_levels() -> None:
    """20,000 claims per null, stopped by Ville's thresholds or after 600 trials."""
    for null, side, level in ((0.85, Crossed.UPPER, 0.05), (0.90, Crossed.LOWER, 0.10)):
        x = generator(3, 40 + round(level * 100)).random((STUDY_RUNS, 600)) < null
        stops = [ratio_evidence(row, 0.85, 0.90, 0.05, 0.10).stop for row in x]
        assert sum(stop is not None and stop.crossed is side for stop in stops) <= most_allowed(STUDY_RUNS, level)
