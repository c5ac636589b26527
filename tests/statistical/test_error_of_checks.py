"""Every diagnosis a claim can ask for, through ``diagnose``: false alarms without a fault, detection of a planted one.

The full study, 20,000 samples per world (4,000 where each is judged among its reorderings):
``pytest tests/statistical/test_error_of_checks.py -m study``. Results: docs/validation/diagnoses.md.
"""

from __future__ import annotations

import pytest
from diagnosed import HEALTHY, OUTSIDE, PLANTED, World
from error_rates import most_allowed

FEW, RUNS, PLANTS = 60, 400, 50
DEAR = 4_000
"""A world whose study has so few samples gets fewer here too."""


def _check_alarms(name: str, runs: int) -> None:
    world = HEALTHY[name]
    alarms, void = world.alarms(runs, list(HEALTHY).index(name))
    assert alarms <= most_allowed(runs, world.factor * world.level), f"{name}: {alarms} of {runs}"
    if world.pillar != "O.srm":
        assert void == 0  # nothing else is void without being asked to


def _few(world: World) -> int:
    return FEW if world.study_runs == DEAR else RUNS


@pytest.mark.parametrize("name", HEALTHY)
def test_without_a_fault_a_check_keeps_its_level(name: str) -> None:
    """Exact ones at the level, approximate ones at 1.25 times that."""
    _check_alarms(name, _few(HEALTHY[name]))


@pytest.mark.study
@pytest.mark.parametrize("name", HEALTHY)
def test_study_without_a_fault_a_check_keeps_its_level(name: str) -> None:
    """The same with the study's number of samples."""
    _check_alarms(name, HEALTHY[name].study_runs)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_told(name: str) -> None:
    """In the share stated beside each, less what 50 samples leave to chance."""
    world = PLANTED[name]
    alarms, void = world.alarms(PLANTS, 500 + list(PLANTED).index(name))
    assert PLANTS - alarms <= most_allowed(PLANTS, 1.0 - world.detects), f"{name}: {alarms} of {PLANTS}"
    assert void == (alarms if world.pillar == "O.srm" else 0)


@pytest.mark.study
@pytest.mark.parametrize("name", PLANTED)
def test_study_a_planted_fault_is_told(name: str) -> None:
    """The share itself, of 1,000 samples."""
    world = PLANTED[name]
    assert world.alarms(1_000, 600 + list(PLANTED).index(name))[0] >= 1_000 * world.detects


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_its_conditions_a_check_alarms_more_often(name: str) -> None:
    """What the docs publish about it is still true: more alarms than the level."""
    world = OUTSIDE[name]
    assert world.alarms(FEW, 900 + list(OUTSIDE).index(name))[0] > 1
