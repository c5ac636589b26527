"""Claims, groups and slices for tests of claims and trials: values only, with what a test is about spelt out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_ophamin.claims.declare import Declaration, check_declaration
from pytest_ophamin.claims.document import claim_digest
from pytest_ophamin.claims.model import Claim, ClaimGroup, LawPlan, Problem
from pytest_ophamin.trials.loop import run_slice
from pytest_ophamin.trials.shape import Shape
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.trial import Trial

TEST = "test_spam.py::test_recall"
KEY = bytes(range(16))
LAW = LawPlan(max_examples=100, phases=("generate", "shrink"), strategy="a=text()", deadline_ms=None, database="none")


def problems_of(law: LawPlan | None = None, **arguments: Any) -> tuple[Problem, ...]:
    """Return what is wrong with a claim on recall, with ``arguments`` in place of its own."""
    checked = _check(arguments, test=TEST, law=law)
    return () if isinstance(checked, Claim) else checked


def declared(test: str = TEST, *, law: LawPlan | None = None, stacked: bool = False, **arguments: Any) -> Claim:
    """Return a claim on recall, with ``arguments`` in place of its own; it must be without a mistake."""
    checked = _check(arguments, test=test, law=law, stacked=stacked)
    assert isinstance(checked, Claim), [problem.describe() for problem in checked]
    return checked


def law_claim(test: str = "test_merge.py::test_commutes", **arguments: Any) -> Claim:
    """Return a law claim."""
    nothing = {"at_least": None, "trials": None}
    return declared(test, law=LAW, **{"statement": "merging is commutative", "metric": "law", **nothing, **arguments})


def group_of(*claims: Claim) -> ClaimGroup:
    """Return the group of claims on one function."""
    return ClaimGroup(test=claims[0].test, claims=claims, digests=tuple(claim_digest(claim) for claim in claims))


def slice_of(
    group: ClaimGroup,
    observe: Callable[[int], object],
    start: int = 0,
    stop: int | None = None,
    *,
    key: bytes = KEY,
    **options: Any,  # of run_slice
) -> Slice:
    """Run the trials [start, stop) of ``group``; trial i gives ``observe(i)``."""
    trial = Trial.of_group(group, key)
    options.setdefault("keep_going", any(claim.errors == "against" for claim in group.claims))
    return run_slice(
        lambda: observe(trial.index),
        trial,
        start=start,
        stop=group.trials if stop is None else stop,
        shape=Shape.of_group(group),
        **options,
    )


def _check(arguments: dict[str, Any], *, test: str, law: LawPlan | None, stacked: bool = False) -> Any:
    usual = {"statement": "catches at least 90 % of spam", "metric": "proportion", "trials": 1000}
    if not {"at_least", "at_most", "within"} & arguments.keys():
        usual["at_least"] = 0.9
    declaration = Declaration(**{**usual, **arguments})
    return check_declaration(declaration, test=test, law=law, known_metrics=frozenset({"auc"}), stacked=stacked)
