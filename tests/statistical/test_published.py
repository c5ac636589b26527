"""What docs/validation publishes was measured, is complete, keeps its promises, and is what this code gives.

The study: ``python tests/statistical/study.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from diagnosed import HEALTHY, PLANTED
from error_rates import APPROXIMATE, most_allowed, shipped
from error_study import pages, results
from error_study.cases import RUNS
from error_study.catalogue import AREAS, CASES
from error_study.enumerated import ENUMERATED
from error_study.measuring import excesses, measured
from error_study.of_dependence import DEPENDENT, DESIGNS, INDEPENDENT, VOID, WARN
from error_study.of_series import LEVEL, POOLED, TAIL, WATCHED, WORST_PREDICTION
from error_study.of_sessions import LEVELS
from error_study.tasks import PROMISED, TASKS, urgency

from pytest_ophamin.claims.gates import GATE_KINDS

ROUNDING = 1e-6
"""Exact rates are kept to six digits."""
KEPT = {area: results.load(area) for area in TASKS}
OF_CASES = {name: KEPT[area][name] for area in AREAS for name in KEPT[area] if name in CASES}
"""Figures of what has been measured so far: a case beyond the promised ones may wait for the next study."""
INSIDE = [name for name in OF_CASES if CASES[name].inside]
GATES = "test_error_of_gates.py"
"""What measures benchmark gates: their samples have columns no other claim's have."""
WITHOUT_P_VALUE = {"law"}
"""A search: it has no error rate."""
DETERMINES_DRAWS = ".".join(np.__version__.split(".")[:2])


@pytest.mark.parametrize("path", pages.pages(), ids=lambda path: path.stem)
def test_tables_show_what_was_measured(path: object) -> None:
    """`study.py --tables` would change nothing."""
    assert hasattr(path, "read_text")
    text = path.read_text(encoding="utf-8")
    assert pages.rendered(text) == text


def test_every_table_is_on_a_page() -> None:
    """Nothing is measured and then kept quiet about."""
    text = "".join(path.read_text(encoding="utf-8") for path in pages.pages())
    assert [name for name in pages.TABLES if f"<!-- table: {name} -->" not in text] == []


@pytest.mark.parametrize("area", TASKS)
def test_the_study_is_complete(area: str) -> None:
    """All that promises rest on has its figures, and no figures are left of a case that is gone."""
    assert sorted(set(KEPT[area]) - set(TASKS[area])) == []
    assert [name for name in TASKS[area] if name not in KEPT[area] and urgency((area, name)) <= PROMISED] == []


@pytest.mark.parametrize("pillar", shipped().deciding, ids=lambda pillar: pillar.name)
def test_every_question_and_method_is_measured(pillar: object) -> None:
    """Inside its conditions, with 20,000 simulated claims or exactly: what a pillar answers, and every way it does."""
    questions: frozenset[str] = pillar.metrics  # type: ignore[attr-defined]
    methods: tuple[str, ...] = pillar.methods  # type: ignore[attr-defined]
    exact = [(each.question, each.method) for table in ENUMERATED.values() for each in table]
    in_full = [CASES[name] for name in INSIDE if OF_CASES[name]["runs"] >= RUNS]
    simulated = [(case.claim.question, case.method) for case in in_full]
    found = [(question, method) for question, method in (*exact, *simulated) if question in questions]
    if questions == WITHOUT_P_VALUE:
        return
    if questions & GATE_KINDS:
        measured = Path(__file__).with_name(GATES).read_text(encoding="utf-8")
        published = (results.FOLDER / "gates.md").read_text(encoding="utf-8")
        decided_alike = {"time_median", "time_p99"}  # by the code of time_ratio, on one column instead of two
        assert [kind for kind in GATE_KINDS - decided_alike if kind not in published or kind not in measured] == []
        return
    assert sorted(questions - {question for question, _ in found}) == []
    assert sorted(set(methods) - {method for _, method in found}) == []


@pytest.mark.parametrize("name", sorted({pillar.name for pillar in shipped().diagnosing}))
def test_every_diagnosis_is_measured(name: str) -> None:
    """Its false alarms, and its detection of a planted fault."""
    for worlds in (HEALTHY, PLANTED):
        assert name == "serial-dependence" or name in {world.pillar for world in worlds.values()}
    assert INDEPENDENT
    assert DEPENDENT


@pytest.mark.parametrize("name", sorted({pillar.name for pillar in shipped().synthesising}))
def test_every_synthesis_is_measured(name: str) -> None:
    """Coverage of a pooled mean; alarms about series with and without a change."""
    watched = [world for world in WATCHED.values() if world.pillar == name]
    assert {world.detects > 0.0 for world in watched} == {False, True} or (name == "I.cma" and POOLED)


@pytest.mark.parametrize("name", INSIDE)
def test_published_claims_err_within_their_levels(name: str) -> None:
    """False verdicts of either kind and misses of either bound: exact methods at the level, others at 1.25 times it."""
    kept = OF_CASES[name]
    assert kept["runs"] >= CASES[name].runs
    assert excesses(CASES[name], kept["counts"], kept["runs"]) == []


@pytest.mark.parametrize("table", ENUMERATED)
def test_published_exact_rates_are_within_their_levels(table: str) -> None:
    """In every sample there is: no allowance for chance."""
    for each in ENUMERATED[table]:
        a, b = each.levels
        name = f"{each.about}, n {each.n}" if table == "counts" else each.about
        for relation, rates in KEPT[table][name]["rates"].items():
            low, high = (b, a) if relation == "at_most" else (a, b)
            most = {"validated": a, "refuted": b, "lower": low, "upper": high}
            assert [error for error, rate in rates.items() if rate > most[error] + ROUNDING] == [], (name, relation)


def test_published_sessions_err_within_alpha() -> None:
    """A false VALIDATED in at most alpha of sessions, a false REFUTED in at most alpha, either in at most 2 alpha."""
    (kept,) = KEPT["sessions"].values()
    assert kept["runs"] >= RUNS
    for correction, counts in kept["counts"].items():
        over = [kind for kind, level in LEVELS.items() if counts[kind] > most_allowed(kept["runs"], level)]
        assert over == ([] if correction != "none" else list(LEVELS)), correction


def test_published_series_are_within_their_levels() -> None:
    """Bounds of a pooled mean, what is published of the prediction interval, alarms about the order of campaigns."""
    for name, kept in KEPT["series"].items():
        runs = kept["runs"]
        if name in POOLED:
            assert max(kept["lower"], kept["upper"]) <= most_allowed(runs, APPROXIMATE * TAIL), name
            assert kept["prediction"] <= most_allowed(runs, WORST_PREDICTION), name
        elif WATCHED[name].detects:
            assert kept["alarms"] >= runs * WATCHED[name].detects, name
        else:
            assert kept["alarms"] <= most_allowed(runs, LEVEL), name


def test_published_alarms_are_within_their_levels() -> None:
    """Samples without a fault; planted ones are told in the share stated beside each."""
    for name, world in HEALTHY.items():
        kept = KEPT["healthy"][name]
        assert kept["alarms"] <= most_allowed(kept["runs"], world.factor * world.level), name
    for name, world in PLANTED.items():
        kept = KEPT["planted"][name]
        assert kept["alarms"] >= kept["runs"] * world.detects, name
    for name, kept in KEPT["dependence"].items():
        if name in DEPENDENT:
            assert kept["void"] >= 0.95 * kept["runs"], name
        else:
            assert kept["void"] <= most_allowed(kept["runs"], VOID), name
            assert kept["alarms"] <= most_allowed(kept["runs"], WARN), name
    assert DESIGNS


@pytest.mark.parametrize("name", CASES)
def test_a_claim_errs_within_its_levels_and_as_published(name: str) -> None:
    """The first samples of each case, decided again: within the bound, and the very counts of the study."""
    case, kept = CASES[name], OF_CASES.get(name)
    found = measured(case, 0, case.first)
    if case.inside:
        assert excesses(case, found, case.first) == []
    if kept is not None and kept["numpy"] == DETERMINES_DRAWS:  # another NumPy may draw other samples
        assert found == kept["first"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.claim.design.can_stop_early])
def test_bounds_and_their_tests_agree(name: str) -> None:
    """The shortcut of the study says of an interval what the interval says."""
    assert measured(CASES[name], 0, 3) == measured(CASES[name], 0, 3, solved=True)
