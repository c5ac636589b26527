"""All cases, by area; each area has a page in docs/validation."""

from __future__ import annotations

from dataclasses import replace

from error_rates import shipped

from error_study import of_arms, of_designs, of_rates, of_stopping, of_trials
from error_study.cases import RUNS, Case, cases_by_name

MORE, OUTSIDE = 2_000, 2_000
"""Samples of a case whose question and method others answer for with all :data:`~error_study.cases.RUNS`, and of one
outside its conditions."""
STRICT = 0.05
"""Below this level errors are rare: they are counted among all samples."""


def _sized(cases: list[Case]) -> list[Case]:
    """Return the cases of an area, with all samples for the first of every question and of every pillar's method."""
    questions, methods = set[str](), set[tuple[str, str]]()
    found = []
    for case in cases:
        runs = OUTSIDE
        if case.inside:
            method = shipped().deciding_for(case.claim).name, case.method
            is_first = case.claim.question not in questions or method not in methods
            runs = RUNS if is_first else MORE
            questions.add(case.claim.question)
            methods.add(method)
        elif case.claim.alpha < STRICT:
            runs = RUNS
        found.append(replace(case, runs=min(case.runs, runs)))
    return found


AREAS: dict[str, list[Case]] = {
    "trials": of_trials.CASES,
    "arms": _sized(of_arms.CASES),
    "rates": _sized(of_rates.CASES),
    "models": _sized(of_designs.CASES),
    "sequential": _sized(of_stopping.CASES),
}
CASES = cases_by_name(*(case for cases in AREAS.values() for case in cases))
"""Samples are seeded by what a case is about, so names are unique."""
