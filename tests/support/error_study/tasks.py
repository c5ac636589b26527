"""Everything the study measures, by area: a name, and what computes the figures that are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from diagnosed import HEALTHY, OUTSIDE, PLANTED, World

from error_study.cases import RUNS
from error_study.catalogue import AREAS, CASES
from error_study.enumerated import ENUMERATED, Enumeration
from error_study.measuring import COMPARED, PART, Decider, added, measured, none_yet
from error_study.of_dependence import DEPENDENT, DESIGNS, INDEPENDENT, Draw, statuses, statuses_of_design
from error_study.of_series import POOLED, WATCHED
from error_study.of_sessions import CORRECTIONS, sessions_with_errors

Figures = dict[str, Any]
Task = Callable[[], Figures]
SESSIONS = 20_000
DIGITS = 6
PROMISED = 1
"""Up to this urgency a task's figures must be there: every question, method, diagnosis, correction and synthesis."""
COLUMN_RUNS, DESIGN_RUNS = 20_000, 2_000


def of_case(name: str) -> Figures:
    """Return the counts of a simulated case."""
    case = CASES[name]
    decider, counts = Decider(case), none_yet(case)
    compared = COMPARED // 10 if case.first < COMPARED or case.claim.design.can_stop_early else COMPARED
    if measured(case, 0, compared, decider) != measured(case, 0, compared, solved=True):
        raise AssertionError(f"{name}: bounds and their tests disagree")
    for part in range(-(-case.runs // PART)):
        counts = added(counts, measured(case, part, min(PART, case.runs - PART * part), decider))
    numpy = ".".join(np.__version__.split(".")[:2])
    return {"runs": case.runs, "numpy": numpy, "counts": counts, "first": measured(case, 0, case.first)}


def of_enumeration(enumeration: Enumeration) -> Figures:
    """Return exact rates."""
    rates = enumeration.rates()
    return {
        "rates": {
            label: {error: round(rate, DIGITS) for error, rate in found.items()} for label, found in rates.items()
        }
    }


def of_sessions() -> Figures:
    """Return in how many sessions of boundary claims each correction errs."""
    total = {correction: Counter[str]() for correction in CORRECTIONS}
    for part in range(SESSIONS // PART):
        for correction, found in sessions_with_errors(part, PART).items():
            total[correction].update(found)
    return {"runs": SESSIONS, "counts": {correction: dict(found) for correction, found in total.items()}}


def of_world(world: World, runs: int, key: int) -> Figures:
    """Return how often a requested diagnosis tells something."""
    alarms, void = world.alarms(runs, key)
    return {"runs": runs, "alarms": alarms, "void": void}


def of_dependence(draw: Draw, seed: int, runs: int) -> Figures:
    """Return how often a column is suspected."""
    found = statuses(draw, seed, runs)
    return {"runs": runs, "alarms": found["warn"] + found["void"], "void": found["void"]}


def of_design(name: str) -> Figures:
    """Return how often a design without dependence is suspected."""
    found = statuses_of_design(DESIGNS[name], DESIGN_RUNS)
    return {"runs": DESIGN_RUNS, "alarms": found["warn"] + found["void"], "void": found["void"]}


def _series() -> dict[str, Task]:
    pooled = {
        name: partial(lambda each: {"runs": each.runs, **each.misses(each.runs)}, each) for name, each in POOLED.items()
    }
    watched = {
        name: partial(lambda each: {"runs": each.runs, "alarms": each.alarms(each.runs)}, each)
        for name, each in WATCHED.items()
    }
    return {**pooled, **watched}


def _planted_runs(world: World) -> int:
    return 200 if world.among_orders else 1_000


def _outside_runs(world: World) -> int:
    return 200 if world.among_orders else 1_000


TASKS: dict[str, dict[str, Task]] = {
    "counts": {f"{each.about}, n {each.n}": partial(of_enumeration, each) for each in ENUMERATED["counts"]},
    "stopping": {each.about: partial(of_enumeration, each) for each in ENUMERATED["stopping"]},
    **{area: {case.about: partial(of_case, case.about) for case in cases} for area, cases in AREAS.items()},
    "sessions": {"20 claims": of_sessions},
    "series": _series(),
    "dependence": {
        **{name: partial(of_dependence, draw, i, COLUMN_RUNS) for i, (name, draw) in enumerate(INDEPENDENT.items())},
        **{name: partial(of_dependence, draw, 99, 1_000) for name, draw in DEPENDENT.items()},
        **{name: partial(of_design, name) for name in DESIGNS},
    },
    "healthy": {name: partial(of_world, world, world.study_runs, i) for i, (name, world) in enumerate(HEALTHY.items())},
    "planted": {
        name: partial(of_world, world, _planted_runs(world), 600 + i) for i, (name, world) in enumerate(PLANTED.items())
    },
    "outside": {
        name: partial(of_world, world, _outside_runs(world), 900 + i) for i, (name, world) in enumerate(OUTSIDE.items())
    },
}
"""Each area is kept in a file of its name."""


def compute(area: str, name: str) -> Figures:
    """Return the figures of one task, in whatever process this is."""
    return TASKS[area][name]()


def urgency(task: tuple[str, str]) -> int:
    """Return when a task is to be measured: what promises rest on first, what is outside all conditions last."""
    area, name = task
    case = CASES.get(name) if area in AREAS else None
    if case is None:
        return 1
    return 3 if not case.inside else 0 if case.runs == RUNS else 2
