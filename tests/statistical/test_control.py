"""False alarms of every diagnosis without a fault, and detection of a planted one.

The full study (20,000 runs per cell): ``pytest tests/statistical/test_control.py -m study``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from error_rates import APPROXIMATE, generator, most_allowed

from ophamin_pillars.control import cusum_design, ewma_design
from ophamin_pillars.control.adwin import adwin
from ophamin_pillars.control.change_point import ols_cusum, recursive_cusum
from ophamin_pillars.control.cusum import tabular_cusum
from ophamin_pillars.control.ewma import ewma_chart
from ophamin_pillars.control.kolmogorov import one_sample
from ophamin_pillars.control.page_hinkley import PageHinkleyDesign, page_hinkley
from ophamin_pillars.control.psi import psi_of_samples
from ophamin_pillars.control.run_rules import western_electric, zone_signals
from ophamin_pillars.control.run_rules_chain import signal_probabilities
from ophamin_pillars.control.sample_ratio import check_sample_ratio
from ophamin_pillars.control.sample_ratio_sequential import log_bayes_factors
from ophamin_pillars.control.shewhart import individuals, xbar_r, xbar_s
from ophamin_pillars.control.smirnov import two_sample
from ophamin_pillars.control.sup_f import sup_f
from ophamin_pillars.diagnostics.conformal import calibrate, evaluate
from ophamin_pillars.diagnostics.inertia import measure_inertia
from ophamin_pillars.diagnostics.kernel_coupling import call_cells, call_sweep

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
RUNS = 400
STUDY_RUNS = 20_000
LEVEL = 0.05
EXACT, LIMIT = 1.0, APPROXIMATE


def _foretold(rng: Rng, n: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return scores that foretell failures, and the failures."""
    failed = rng.random(n) < 0.3
    return rng.normal(size=n) + 2.0 * failed, failed


def _inertia(rng: Rng, slope: float, n: int = 30, *, honest: bool = True) -> str:
    expected, strength = rng.normal(size=n), rng.lognormal(0.0, 0.7, size=n)
    noise = rng.normal(size=n) / (np.sqrt(strength) if honest else 1.0)
    return measure_inertia(expected, slope * expected + noise, strength).call(LEVEL)


def _sweep(rng: Rng, means: list[float], units: int = 12) -> str:
    common = 0.3 * rng.normal(size=units)
    effects = np.array(means)[:, None] + common + 0.4 * rng.normal(size=(len(means), units))
    return call_sweep(effects, nominal=0, tolerance=1.0, level=LEVEL).call


def _ever(rng: Rng, shares: tuple[float, float]) -> bool:
    arms = (rng.random(2_000) < shares[1]).astype(np.int64)
    return bool(log_bayes_factors(arms, [0.5, 0.5]).max() >= math.log(1 / LEVEL))


def _counts(rng: Rng, shares: tuple[float, ...], n: int) -> list[int]:
    return [int(count) for count in rng.multinomial(n, shares)]


NULLS: dict[str, tuple[float, Callable[[Rng], bool]]] = {
    "sample ratio, exact": (EXACT, lambda rng: check_sample_ratio(_counts(rng, (0.5, 0.5), 300), level=LEVEL).failed),
    "sample ratio, three arms": (
        EXACT,
        lambda rng: check_sample_ratio(_counts(rng, (0.5, 0.3, 0.2), 60), [5, 3, 2], level=LEVEL).failed,
    ),
    "sample ratio, chi-square": (
        LIMIT,
        lambda rng: check_sample_ratio(_counts(rng, (0.25,) * 4, 1_000), level=LEVEL).failed,
    ),
    "sample ratio, looked at after every unit": (EXACT, lambda rng: _ever(rng, (0.5, 0.5))),
    "KS, one sample": (EXACT, lambda rng: one_sample(rng.random(30)).p <= LEVEL),
    "KS, two samples": (EXACT, lambda rng: two_sample(rng.random(30), rng.random(40)).p <= LEVEL),
    "KS, ties": (
        EXACT,
        lambda rng: two_sample(rng.integers(0, 5, 30).astype(float), rng.integers(0, 5, 40).astype(float)).p <= LEVEL,
    ),
    "KS, limit": (EXACT, lambda rng: two_sample(rng.random(300), rng.random(300), exact=False).p <= LEVEL),
    "PSI": (LIMIT, lambda rng: psi_of_samples(rng.normal(size=500), rng.normal(size=400)).p <= LEVEL),
    "PSI, 20 per bin": (LIMIT, lambda rng: psi_of_samples(rng.normal(size=200), rng.normal(size=200)).p <= LEVEL),
    "PSI, long baseline": (LIMIT, lambda rng: psi_of_samples(rng.normal(size=900), rng.normal(size=200)).p <= LEVEL),
    "OLS-CUSUM": (EXACT, lambda rng: ols_cusum(rng.normal(size=100)).p <= LEVEL),
    "recursive CUSUM": (EXACT, lambda rng: recursive_cusum(rng.normal(size=100)).p <= LEVEL),
    "sup F": (LIMIT, lambda rng: sup_f(rng.normal(size=100)).p <= LEVEL),
    "inertia": (LIMIT, lambda rng: _inertia(rng, 1.0) != "undetermined"),
    "inertia, strengths wrong": (LIMIT, lambda rng: _inertia(rng, 1.0, honest=False) != "undetermined"),
    "inertia, ten trials": (LIMIT, lambda rng: _inertia(rng, 1.0, 10) != "undetermined"),
    "coupling, none at the tolerance": (LIMIT, lambda rng: _sweep(rng, [1.0, 3.0, 3.0]) == "none"),
    "coupling, intrinsic with one value at it": (LIMIT, lambda rng: _sweep(rng, [3.0, 3.0, 1.0]) == "intrinsic"),
    "coupling, miscalibrated with all at it": (
        LIMIT,
        lambda rng: _sweep(rng, [3.0, 1.0, 1.0, 1.0]) == "miscalibrated",
    ),
    "coupling, nominal at it": (
        LIMIT,
        lambda rng: _sweep(rng, [1.0, 0.0, 3.0]) in {"miscalibrated", "intrinsic"},
    ),
}
"""Each with the factor its level may be exceeded by, and whether it is alarmed by a run without a fault."""

FAULTS: dict[str, tuple[float, Callable[[Rng], bool]]] = {
    "sample ratio": (0.95, lambda rng: check_sample_ratio(_counts(rng, (0.52, 0.48), 20_000)).failed),
    "sample ratio, looked at": (0.90, lambda rng: _ever(rng, (0.56, 0.44))),
    "KS, one sample": (0.95, lambda rng: one_sample(rng.random(60) ** 2).p <= LEVEL),
    "KS, two samples": (0.95, lambda rng: two_sample(rng.normal(size=80), rng.normal(0.8, 1, 80)).p <= LEVEL),
    "PSI": (0.95, lambda rng: psi_of_samples(rng.normal(size=500), rng.normal(0.4, 1, 400)).p <= LEVEL),
    "OLS-CUSUM": (0.95, lambda rng: ols_cusum(rng.normal(size=100) + (np.arange(100) > 40)).p <= LEVEL),
    "recursive CUSUM": (0.40, lambda rng: recursive_cusum(rng.normal(size=100) + (np.arange(100) > 40)).p <= LEVEL),
    "sup F": (0.95, lambda rng: sup_f(rng.normal(size=100) + (np.arange(100) > 40)).p <= LEVEL),
    "ADWIN": (0.95, lambda rng: any(c.index >= 1_000 for c in adwin(rng.random(2_000) + _late(2_000, 0.3)))),
    "Page-Hinkley": (
        0.95,
        lambda rng: bool(page_hinkley(rng.random(2_000) + _late(2_000, 0.3), PageHinkleyDesign(threshold=20.0))),
    ),
    "R chart": (0.80, lambda rng: not xbar_r(_scattering(rng)).limits_hold),
    "individuals": (0.90, lambda rng: bool(individuals(_jump(rng), baseline=100).location.signals)),
    "CUSUM": (0.95, lambda rng: bool(tabular_cusum(_shifted(rng), target=0.0, k=0.5, h=4.774897).signals)),
    "EWMA": (
        0.95,
        lambda rng: not ewma_chart(_shifted(rng), weight=0.1, target=0.0, sigma=1.0, width=2.7).in_control,
    ),
    "inertia, resists": (0.85, lambda rng: _inertia(rng, 0.3) == "resists"),
    "inertia, overshoots": (0.85, lambda rng: _inertia(rng, 1.7) == "overshoots"),
    "coupling, none": (0.95, lambda rng: _sweep(rng, [0.2, 0.5, 3.0]) == "none"),
    "coupling, intrinsic": (0.95, lambda rng: _sweep(rng, [2.0, 1.8, -2.0]) == "intrinsic"),
    "coupling, miscalibrated": (0.95, lambda rng: _sweep(rng, [2.0, 0.2, 1.0]) == "miscalibrated"),
}
"""Each with the share of planted faults it must find."""


def _late(n: int, by: float) -> Floats:
    return np.where(np.arange(n) >= n // 2, by, 0.0)


def _shifted(rng: Rng) -> Floats:
    return rng.normal(1.0, 1.0, size=40)


def _jump(rng: Rng) -> Floats:
    return rng.normal(size=110) + 3.0 * (np.arange(110) >= 100)


def _scattering(rng: Rng) -> Floats:
    x = rng.normal(size=(25, 5))
    x[12] *= 4.0
    return x


def _alarms(alarmed: Callable[[Rng], bool], key: int, runs: int) -> int:
    rng = generator(710, key, runs)
    return sum(alarmed(rng) for _ in range(runs))


def _check_null(name: str, runs: int) -> None:
    factor, alarmed = NULLS[name]
    found = _alarms(alarmed, list(NULLS).index(name), runs)
    assert found <= most_allowed(runs, factor * LEVEL), f"{name}: {found} of {runs}"


@pytest.mark.parametrize("name", NULLS)
def test_without_a_fault_alarms_keep_their_level(name: str) -> None:
    """Exact tests at 5 %, approximate ones at 1.25 times that."""
    _check_null(name, RUNS)


@pytest.mark.study
@pytest.mark.parametrize("name", NULLS)
def test_study_without_a_fault_alarms_keep_their_level(name: str) -> None:
    """The same with 20,000 runs."""
    _check_null(name, STUDY_RUNS)


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_found(name: str) -> None:
    """In at least the share stated beside each."""
    share, alarmed = FAULTS[name]
    found = _alarms(alarmed, 500 + list(FAULTS).index(name), 200)
    assert found >= 200 * share, f"{name}: {found} of 200"


# Charts: rates per point and run lengths


def _check_phase_one(runs: int) -> None:
    rng = generator(711, runs)
    for charts, size, m in ((xbar_r, 5, 20), (xbar_s, 5, 20), (xbar_r, 2, 30)):
        found = [charts(rng.normal(size=(m + 20, size)), baseline=m) for _ in range(runs)]
        expected = found[0].phase_one.expected_false_alarms
        rates = np.array([sum(s.index >= m for s in chart.location.signals) / 20 for chart in found])
        assert abs(rates.mean() - expected) <= 4.5 * rates.std() / math.sqrt(runs)
        assert expected > 1.2 * found[0].phase_one.nominal_false_alarms


def test_estimated_limits_alarm_as_often_as_their_warning_says() -> None:
    """Rate per new point over the draw of phase I, X-bar with R and S."""
    _check_phase_one(800)


@pytest.mark.study
def test_study_estimated_limits_alarm_as_often_as_their_warning_says() -> None:
    """The same with 20,000 baselines, and individuals with moving ranges."""
    _check_phase_one(STUDY_RUNS)
    rng = generator(712)
    found = [individuals(rng.normal(size=60), baseline=40) for _ in range(STUDY_RUNS)]
    rates = np.array([sum(s.index >= 40 for s in chart.location.signals) / 20 for chart in found])
    assert rates.mean() == pytest.approx(found[0].phase_one.expected_false_alarms, rel=0.08)


@pytest.mark.parametrize("rules", ["1", "12", "1234"])
def test_runs_rules_alarm_at_their_exact_rate(rules: str) -> None:
    """The share of unchanged processes with an alarm within 50 points is what the chain says."""
    rng, chosen = generator(713, len(rules)), western_electric(rules)
    exact = signal_probabilities(chosen, 50)[-1]
    found = sum(bool(zone_signals(rng.normal(size=50), chosen)) for _ in range(2_000))
    assert most_allowed(2_000, exact) >= found >= 2_000 - most_allowed(2_000, 1 - exact)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_run_lengths_of_cusum_and_ewma_are_those_simulated(shift: float) -> None:
    """Mean time to the first alarm of 4,000 processes, against the integral equations."""
    rng = generator(714, int(shift))
    high, low, z = np.zeros(4_000), np.zeros(4_000), np.zeros(4_000)
    waits = np.zeros((2, 4_000))
    alive = np.ones((2, 4_000), dtype=np.bool_)
    limit = 2.0 * math.sqrt(0.25 / 1.75)
    while alive.any():
        x = rng.normal(shift, 1.0, 4_000)
        waits += alive
        high, low = np.maximum(0.0, high + x - 0.5), np.maximum(0.0, low - x - 0.5)
        z = 0.25 * x + 0.75 * z
        alive[0] &= np.maximum(high, low) <= 3.0
        alive[1] &= np.abs(z) <= limit
    exact = (cusum_design.run_length(0.5, 3.0, shift=shift), ewma_design.run_length(0.25, 2.0, shift=shift))
    for simulated, expected in zip(waits, exact, strict=True):
        assert abs(simulated.mean() - expected) <= 4.5 * simulated.std() / math.sqrt(4_000)


# Detectors without an error rate of their own: what they do is published


def test_adwin_is_conservative_without_a_change() -> None:
    """Its union bound: over 2,000 unchanged observations fewer than delta * windows, in fact next to no alarms."""
    rng = generator(715)
    assert sum(bool(adwin(rng.random(2_000))) for _ in range(200)) <= 2
    assert sum(bool(adwin((rng.random(2_000) < 0.1).astype(np.float64))) for _ in range(200)) <= 2


def test_page_hinkley_is_as_quiet_as_its_threshold() -> None:
    """Threshold 50 never alarms on 1,000 standard uniform numbers, 5 mostly does."""
    rng = generator(716)
    assert not any(page_hinkley(rng.random(1_000)) for _ in range(100))
    assert sum(bool(page_hinkley(rng.random(1_000), PageHinkleyDesign(threshold=5.0))) for _ in range(100)) > 50


# Forecasts and cells


def _check_forecast(runs: int) -> None:
    rng = generator(717, runs)
    rejected = {"false_alarms": 0, "misses": 0, "outlying": 0, "no_forecast": 0}
    alarms = trials = 0
    for _ in range(runs):
        scores, failed = _foretold(rng, 400)
        found = evaluate(calibrate(scores[:250], failed[:250]), scores[250:], failed[250:])
        alarms, trials = alarms + found.false_alarms, trials + found.sound
        rejected["false_alarms"] += found.p_false_alarms <= LEVEL
        rejected["misses"] += found.p_misses <= LEVEL
        rejected["outlying"] += found.p_outlying <= LEVEL
        noise = rng.normal(size=400)
        blind = evaluate(calibrate(noise[:250], failed[:250]), noise[250:], failed[250:])
        rejected["no_forecast"] += blind.p_no_forecast <= LEVEL
    for name, count in rejected.items():
        assert count <= most_allowed(runs, LEVEL), f"{name}: {count} of {runs}"
    assert alarms / trials <= 0.055


def test_forecasts_keep_their_promises() -> None:
    """False alarms, misses and outliers at their shares; their tests, and that of "no forecast", at 5 %."""
    _check_forecast(300)


@pytest.mark.study
def test_study_forecasts_keep_their_promises() -> None:
    """The same with 20,000 runs."""
    _check_forecast(STUDY_RUNS)


def test_forecasts_are_found_out() -> None:
    """Drifted scores break the promise and are noticed; informative scores are told from noise."""
    rng = generator(718)
    drifted = informative = outlying = 0
    for _ in range(100):
        scores, failed = _foretold(rng, 400)
        forecast = calibrate(scores[:250], failed[:250])
        informative += evaluate(forecast, scores[250:], failed[250:]).p_no_forecast <= LEVEL
        drifted += evaluate(forecast, scores[250:] + 1.0, failed[250:]).p_false_alarms <= LEVEL
        outlying += evaluate(forecast, scores[250:] + 6.0, failed[250:]).p_outlying <= LEVEL
    assert min(drifted, informative, outlying) >= 95


def test_any_wrong_call_among_many_cells_is_rare() -> None:
    """Ten cells at the tolerance: "none" in any of them in at most 5 % of sweeps."""
    rng = generator(719)
    wrong = 0
    for _ in range(RUNS):
        effects = 1.0 + 0.5 * rng.normal(size=(10, 2, 15))
        wrong += any(found.call == "none" for found in call_cells(effects, nominal=0, tolerance=1.0, level=LEVEL))
    assert wrong <= most_allowed(RUNS, APPROXIMATE * LEVEL)
