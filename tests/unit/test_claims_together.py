"""Claims that share a function, and claims that share a session."""

from __future__ import annotations

import dataclasses
import unicodedata
from typing import Any

from claimed import declared, law_claim

from pytest_ophamin.claims.declare import check_group, check_session
from pytest_ophamin.claims.model import Claim, ClaimId


def stacked(of: str | None = "a", **arguments: Any) -> Claim:
    """Return one of several claims on a function."""
    return declared(of=of, stacked=True, **arguments)


def test_a_lone_claim_needs_no_key() -> None:
    """Without siblings the observation may be a plain number."""
    assert check_group((declared(),)) == ()
    assert check_group(()) == ()


def test_stacked_claims_name_their_keys() -> None:
    """Each stacked claim says which part of the observation it is about."""
    problems = check_group((stacked(), stacked(of=None, id="x", statement="quick")))
    assert [problem.argument for problem in problems] == ["of"]
    assert "in the claim 'quick'" in problems[0].fix


def test_two_metrics_of_one_key_may_be_stacked() -> None:
    """The mean and the p99 of one latency share their trials."""
    assert check_group((stacked(metric="mean"), stacked(metric="p99"))) == ()


def test_a_law_stands_alone() -> None:
    """A search's examples are no trials, so a law shares them with nobody."""
    problems = check_group((stacked(), law_claim()))
    assert [problem.argument for problem in problems] == ["metric"]


def test_stacked_claims_share_seed_and_population() -> None:
    """They run the same trials, so they cannot differ in how these are drawn."""
    problems = check_group((stacked(seed=7), stacked("b", population="this file")))
    assert [(problem.argument, problem.came) for problem in problems] == [
        ("seed", "integer:7 and claim"),
        ("population", "not given and this file"),
    ]


def test_one_key_holds_pairs_or_numbers() -> None:
    """A difference of pairs and a mean of numbers cannot be about one key."""
    problems = check_group((stacked(metric="mean"), stacked(metric="difference"), stacked("b", metric="ratio")))
    assert [problem.came for problem in problems] == ["difference and mean"]


def test_ids_are_unique_in_a_session() -> None:
    """Equal ids, also two stacked claims on one key and metric, name both tests."""
    first, second = declared("a.py::test", id="same"), declared("b.py::test", id="same")
    (problem,) = check_session((first, second, declared("c.py::test")))
    assert (problem.test, problem.argument) == ("b.py::test", "id")
    assert "'same', the same id as a claim of a.py::test" in problem.came


def test_a_name_no_record_could_hold_is_told_first() -> None:
    """A file name that is no UTF-8, an id without end: told before any trial, in characters every terminal has."""
    odd = declared()
    for test, words in (("test_\udcff.py::x", "no UTF-8 form"), (f"a.py::x[{'y' * 70_000}]", "one of 70")):
        (problem,) = check_session((dataclasses.replace(odd, test=test),))
        assert (problem.argument, words in problem.came) == ("test", True)
        assert len(problem.describe().encode()) < 1000
    assert check_session((odd,)) == ()


def test_ids_that_look_the_same_are_the_same() -> None:
    """Ids are compared under NFC, so a composed and a decomposed letter collide."""
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    (problem,) = check_session((declared(id=composed), declared("b.py::t", id=decomposed)))
    assert "looks the same" in problem.came


def test_a_family_has_one_alpha() -> None:
    """The level is the family's error rate; laws have none and do not count."""
    first = declared(id="a")
    other = declared(id="b", alpha=0.01)
    law = dataclasses.replace(law_claim(), alpha=0.001, id=ClaimId("c"))
    (problem,) = check_session((first, other, law))
    assert (problem.argument, problem.fix) == ("alpha", 'alpha=0.05, or family="<another>"')
    assert check_session((first, dataclasses.replace(other, family="own"))) == ()


def gated(test: str, family: str, gate: str | None, **arguments: Any) -> Claim:
    """Return a claim whose family waits for another."""
    return declared(test, family=family, gate=gate, **arguments)


def test_a_family_waits_for_one_gate_of_its_own_alpha() -> None:
    """Two gates in one family, another alpha behind the gate, and families that wait for each other are refused."""
    assert check_session((gated("t::a", "safety", None), gated("t::b", "speed", "safety"))) == ()
    assert check_session((gated("t::b", "speed", "registered elsewhere"),)) == ()
    (two,) = check_session((gated("t::a", "speed", "safety"), gated("t::b", "speed", None)))
    assert (two.test, two.argument) == ("t::b", "gate")
    (alpha,) = check_session((gated("t::a", "safety", None, alpha=0.01), gated("t::b", "speed", "safety")))
    assert (alpha.argument, alpha.came) == ("alpha", "alpha=0.05, and alpha=0.01 in t::a")
    circle = check_session((gated("t::a", "safety", "speed"), gated("t::b", "speed", "safety")))
    assert [problem.came for problem in circle] == [
        "'safety' after 'speed' after 'safety'",
        "'speed' after 'safety' after 'speed'",
    ]
