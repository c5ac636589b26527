"""Every shipped pillar passes the check its authors of other packages are offered; none can be forgotten."""

from __future__ import annotations

import pytest
from error_rates import shipped
from pillar_examples import DECIDING, DIAGNOSING, SYNTHESISING

from pytest_ophamin.testing import check_deciding, check_diagnosing, check_synthesising

_HOW = "add its row to tests/support/pillar_examples.py"
QUESTIONS = sorted((pillar.name, question) for pillar in shipped().deciding for question in pillar.metrics)


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_a_deciding_pillar_keeps_the_contract(name: str, question: str) -> None:
    """Form, plan, purity, record, awkward samples and error rates, for every question it answers."""
    assert (name, question) in DECIDING, f"pillar {name!r} has no example for {question!r}: {_HOW}"
    example = DECIDING[name, question]
    assert example.claim.question == question
    pillar = next(pillar for pillar in shipped().deciding if pillar.name == name)
    check_deciding(pillar, example.claim, example.draw, runs=example.runs)


@pytest.mark.parametrize("pillar", shipped().diagnosing, ids=lambda pillar: pillar.name)
def test_a_diagnosing_pillar_keeps_the_contract(pillar: object) -> None:
    """Form, purity, record, awkward samples, false alarms and a planted fault."""
    name = pillar.name  # type: ignore[attr-defined]
    assert name in DIAGNOSING, f"pillar {name!r} has no example: {_HOW}"
    example = DIAGNOSING[name]
    check_diagnosing(
        pillar,  # type: ignore[arg-type]
        example.claim,
        example.draw,
        planted=example.planted,
        detects=example.detects,
        void_level=example.void_level,
        warn_level=example.warn_level,
        runs=example.runs,
    )


@pytest.mark.parametrize("pillar", shipped().synthesising, ids=lambda pillar: pillar.name)
def test_a_synthesising_pillar_keeps_the_contract(pillar: object) -> None:
    """Form, purity, and an answer however short the series is."""
    name = pillar.name  # type: ignore[attr-defined]
    assert name in SYNTHESISING, f"pillar {name!r} has no example: {_HOW}"
    check_synthesising(pillar, SYNTHESISING[name]())  # type: ignore[arg-type]


def test_no_example_is_about_a_pillar_that_is_gone() -> None:
    """The table holds no dead rows."""
    assert set(DECIDING) <= set(QUESTIONS)
    assert set(DIAGNOSING) <= {pillar.name for pillar in shipped().diagnosing}
    assert set(SYNTHESISING) <= {pillar.name for pillar in shipped().synthesising}
