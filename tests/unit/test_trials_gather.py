"""Slices meet again: what each claim is decided on does not depend on how its trials were cut."""

from __future__ import annotations

import dataclasses
import sys
from array import array
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from claimed import KEY, declared, group_of, law_claim, slice_of

from pytest_ophamin.claims.model import Claim, ClaimGroup
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.trials.columns import SliceColumn
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.gather import Gathering, gather_slices
from pytest_ophamin.trials.sample import Sample, Search
from pytest_ophamin.trials.slices import Slice, law_slice

VALUE = (None, "value")
MAX = sys.float_info.max


def evidence_of(claim: Claim, observe: Callable[[int], object], cut: int | None = None) -> Any:
    """Return what a lone claim is decided on, its trials cut at ``cut``."""
    group = group_of(claim)
    cuts = [0, claim.trials] if cut is None else [0, cut, claim.trials]
    slices = [slice_of(group, observe, start, stop) for start, stop in pairwise(cuts)]
    gathering = Gathering(group, KEY)
    for part in reversed(slices):
        gathering.add(part.to_text())
    return gathering.evidence_for(claim)


@pytest.mark.parametrize(
    ("values", "kind", "dtype"),
    [
        ([True, False, True], "bits", np.bool_),
        ([1, 0, 2**60], "i64le", np.int64),
        ([1, 0.5, 2], "f64le", np.float64),
        ([0.5, 1.5, 2.5], "f64le", np.float64),
    ],
)
@pytest.mark.parametrize("cut", [None, 1, 2])
def test_the_kind_of_a_column_is_that_of_the_whole_sample(
    values: list[object], kind: str, dtype: type, cut: int | None
) -> None:
    """Integers in one slice and floats in another are floats, however the trials were cut."""
    sample = evidence_of(declared(metric="mean", trials=3), values.__getitem__, cut)
    assert isinstance(sample, Sample)
    assert (sample.n, sample.value.kind) == (3, kind)
    assert sample.value.values.dtype == dtype
    assert sample.value.values.tolist() == values
    assert not sample.value.values.flags.writeable


@pytest.mark.parametrize("cut", [None, 1, 2, 3])
def test_bool_and_number_do_not_mix(cut: int | None) -> None:
    """The claim is VOID at the first trial at which both had been seen, wherever the cut lies."""
    failure = evidence_of(declared(metric="mean", trials=4), [0.5, 2, True, 1].__getitem__, cut)
    assert isinstance(failure, Failure)
    assert (failure.trial, failure.exception) == (2, None)
    assert failure.reason == "bool and number mixed: return one type from every trial"
    assert failure.seed is not None


@pytest.mark.parametrize("cut", [None, 1])
def test_a_proportion_takes_zeros_and_ones_of_any_type(cut: int | None) -> None:
    """0, 1.0 and True are one thing to a proportion; 0.5 among bools is not."""
    sample = evidence_of(declared(trials=3), [True, 0, 1.0].__getitem__, cut)
    assert isinstance(sample, Sample)
    assert (sample.value.kind, sample.value.values.tolist()) == ("f64le", [1.0, 0.0, 1.0])
    failure = evidence_of(declared(trials=3), [True, 0, 0.5].__getitem__, cut)
    assert isinstance(failure, Failure)
    assert failure.trial == 2  # before it the sample was good: a claim that stops early may have been decided


def test_a_pair_is_of_one_type() -> None:
    """A bool paired with a number is a mixture too."""
    failure = evidence_of(declared(metric="difference", trials=2), [(True, False), (True, 0.5)].__getitem__)
    assert isinstance(failure, Failure)
    assert failure.trial == 1
    sample = evidence_of(declared(metric="difference", trials=2), [(1, 0.5), (2, 0.5)].__getitem__)
    assert [column.kind for column in sample.columns.values()] == ["i64le", "f64le"]
    assert [numbers.tolist() for numbers in sample.pairs] == [[1.0, 2.0], [0.5, 0.5]]


def raising(values: list[object], *at: int) -> Callable[[int], object]:
    """Return what gives ``values`` and raises in the trials ``at``."""

    def observe(index: int) -> object:
        if index in at:
            raise ValueError
        return values[index]

    return observe


@pytest.mark.parametrize("cut", [None, 1, 2, 3])
@pytest.mark.parametrize(
    ("arguments", "values", "kind", "counted"),
    [
        ({"at_least": 0.9}, [True] * 4, "bits", [False, True, False, True]),
        ({"at_most": 0.1}, [False] * 4, "bits", [True, False, True, False]),
        ({"at_least": 0.9}, [1] * 4, "i64le", [0, 1, 0, 1]),
        ({"at_most": 0.1}, [0.0] * 4, "f64le", [1, 0, 1, 0]),
        ({"metric": "p99", "at_most": 5}, [1.5] * 4, "f64le", [MAX, 1.5, MAX, 1.5]),
        ({"metric": "p99", "at_most": 5}, [2] * 4, "f64le", [MAX, 2, MAX, 2]),
        ({"metric": "median", "at_least": 5}, [7.5] * 4, "f64le", [-MAX, 7.5, -MAX, 7.5]),
    ],
)
def test_an_exception_counts_against_the_claim(
    arguments: dict[str, Any], values: list[object], kind: str, counted: list[object], cut: int | None
) -> None:
    """It stands for an observation on the wrong side, in its own place, and is named."""
    sample = evidence_of(declared(errors="against", trials=4, **arguments), raising(values, 0, 2), cut)
    assert isinstance(sample, Sample)
    assert sample.errors_against == (0, 2)
    assert (sample.value.kind, sample.value.values.tolist()) == (kind, counted)


def test_nothing_but_exceptions_is_a_sample_too() -> None:
    """A gate that always crashes is refuted, not void."""
    sample = evidence_of(declared(errors="against", trials=2), raising([], 0, 1))
    assert (sample.value.kind, sample.value.values.tolist()) == ("bits", [False, False])
    sample = evidence_of(declared(metric="p50", at_most=1, errors="against", trials=2), raising([], 0, 1))
    assert (sample.value.kind, sample.value.values.tolist()) == ("f64le", [MAX, MAX])


@pytest.mark.parametrize("cut", [None, 1, 4, 5, 8])
def test_the_lowest_failing_trial_is_told(cut: int | None) -> None:
    """Two slices may both fail; the earlier trial wins, in whichever order they arrive."""
    failure = evidence_of(declared(trials=9), raising([True] * 9, 4, 7), cut)
    assert isinstance(failure, Failure)
    assert (failure.trial, failure.exception) == (4, "ValueError")


STACK = (
    declared(of="ok", stacked=True, trials=10, errors="against"),
    declared(of="ms", stacked=True, trials=6, metric="p50", at_most=5),
    declared(of="ms", stacked=True, trials=3, metric="mean", at_most=5),
)


def stack_evidence(observe: Callable[[int], object], *cuts: int) -> list[Any]:
    """Return what each of three stacked claims is decided on."""
    group = group_of(*STACK)
    edges = [0, *cuts, 10]
    slices = [slice_of(group, observe, start, stop) for start, stop in pairwise(edges)]
    gathering = gather_slices(group, KEY, slices)
    return [gathering.evidence_for(claim) for claim in STACK]


@pytest.mark.parametrize("cuts", [(), (3,), (6,), (2, 5, 8)])
def test_each_stacked_claim_takes_its_first_trials(cuts: tuple[int, ...]) -> None:
    """They share every trial; the kind of a column is judged on the claim's own part."""
    found = stack_evidence(lambda index: {"ok": True, "ms": index if index < 3 else index + 0.5}, *cuts)
    assert [evidence.n for evidence in found] == [10, 6, 3]
    assert [evidence.value.kind for evidence in found] == ["bits", "f64le", "i64le"]
    assert found[2].value.values.tolist() == [0, 1, 2]


@pytest.mark.parametrize("cuts", [(), (3,), (6,), (2, 5, 8)])
def test_a_stacked_claim_fails_by_its_own_trials_only(cuts: tuple[int, ...]) -> None:
    """An exception at trial 4 counts against one claim, voids the second, and comes too late for the third."""

    def observe(index: int) -> object:
        if index == 4:
            raise ValueError
        return {"ok": True, "ms": 1.0}

    counted, void, early = stack_evidence(observe, *cuts)
    assert counted.errors_against == (4,)
    assert (void.trial, void.exception) == (4, "ValueError")
    assert early.n == 3


@pytest.mark.parametrize("cuts", [(), (3,), (6,), (2, 5, 8)])
def test_a_bad_value_voids_the_claims_about_its_key(cuts: tuple[int, ...]) -> None:
    """A NaN latency says nothing against a claim about correctness."""
    correct, void, early = stack_evidence(lambda index: {"ok": True, "ms": float("nan") if index == 4 else 1.0}, *cuts)
    assert (correct.n, early.n) == (10, 3)
    assert (void.trial, void.reason) == (4, "the trial returned NaN: return a finite number, or raise")


@pytest.mark.parametrize("cuts", [(), (3,), (6,), (2, 5, 8)])
def test_a_mixture_after_a_claims_last_trial_is_not_its_own(cuts: tuple[int, ...]) -> None:
    """The third claim ended before the first bool came."""
    _, void, early = stack_evidence(lambda index: {"ok": True, "ms": True if index == 4 else 1}, *cuts)
    assert void.trial == 4
    assert early.value.kind == "i64le"


def test_slices_may_come_twice_and_in_any_order() -> None:
    """A test that ran again brings nothing new."""
    group = group_of(declared(trials=6))
    first, second = slice_of(group, lambda i: i < 3, 0, 3), slice_of(group, lambda i: i < 3, 3, 6)
    gathering = Gathering(group, KEY)
    assert gathering.missing() == [range(6)]
    assert gathering.add(second.to_text()) is True
    assert gathering.missing() == [range(3)]
    assert gathering.add(second.to_text()) is False
    assert not gathering.is_complete
    assert gathering.add(first.to_text()) is True
    assert gathering.is_complete
    assert [part.start for part in gathering.slices] == [0, 3]
    assert gathering.seconds == pytest.approx(first.seconds + second.seconds)


def test_missing_ranges_are_named() -> None:
    """Holes in the middle and at the end; a claim whose own trials are there can be decided."""
    group = group_of(*STACK)
    gathering = gather_slices(
        group, KEY, [slice_of(group, lambda _: {"ok": True, "ms": 1.0}, *part) for part in [(0, 3), (5, 7)]]
    )
    assert gathering.missing() == [range(3, 5), range(7, 10)]
    with pytest.raises(EvidenceError, match=r"trials \[3, 5\), \[7, 10\) have not arrived"):
        gathering.evidence_for(STACK[0])
    with pytest.raises(EvidenceError, match=r"trials \[3, 5\) have not arrived"):
        gathering.evidence_for(STACK[1])
    assert gathering.evidence_for(STACK[2]).n == 3  # type: ignore[union-attr]


def test_warnings_of_slices_are_collected_once() -> None:
    """Several slices that used global randomness are one warning."""
    group = group_of(declared(trials=2))
    parts = [dataclasses.replace(slice_of(group, lambda _: True, i, i + 1), warnings=("b", "a")) for i in range(2)]
    assert gather_slices(group, KEY, parts).warnings == ("a", "b")


def test_a_laws_search_is_its_evidence() -> None:
    """One slice of no trials; it may come twice, and it may have failed."""
    claim = law_claim()
    group = group_of(claim)
    search = Search(valid_examples=1, max_examples=1, exhausted=True, seed=1, strategy="", database="none")
    gathering = Gathering(group, KEY)
    assert gathering.missing() == [range(0)]
    with pytest.raises(EvidenceError, match="the search has not arrived"):
        gathering.evidence_for(claim)
    gathering.add(law_slice(group, KEY, search).to_text())
    assert gathering.add_slice(law_slice(group, KEY, search)) is False
    assert gathering.is_complete
    assert gathering.evidence_for(claim) == search
    failure = Failure(reason="unsatisfiable")
    assert gather_slices(group, KEY, [law_slice(group, KEY, failure)]).evidence_for(claim) == failure


GROUP = group_of(declared(trials=6))
GOOD = slice_of(GROUP, lambda _: 0.5, 0, 3)
COUNTED = slice_of(group_of(declared(trials=6, errors="against")), raising([True] * 6, 1), 0, 3)


def with_column(**changes: Any) -> Slice:  # of a SliceColumn
    """Return a slice whose only column was changed."""
    return dataclasses.replace(GOOD, columns={VALUE: dataclasses.replace(GOOD.columns[VALUE], **changes)})


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (dataclasses.replace(GOOD, test="other.py::t"), "expected a slice of test_spam.py::test_recall"),
        (
            dataclasses.replace(GOOD, key="00" * 16),
            "expected the stream key 000102030405060708090a0b0c0d0e0f, came 0000",
        ),
        (dataclasses.replace(GOOD, start=2), r"slice \[2, 3\) .* overlaps the slice \[2, 4\)"),
        (dataclasses.replace(GOOD, start=0, stop=6), r"overlaps the slice \[2, 4\)"),
        (dataclasses.replace(GOOD, start=5, stop=8), r"expected trials within \[0, 6\)"),
        (dataclasses.replace(GOOD, start=5, stop=5), r"expected trials within \[0, 6\)"),
        (dataclasses.replace(GOOD, start=4, stop=6), "expected 2 observations of .*, came 3"),
        (dataclasses.replace(GOOD, stop=2, columns={}), "has no observations of"),
        (dataclasses.replace(GOOD, stop=2, failure=Failure(reason="x", trial=5)), "names a trial outside its range"),
        (dataclasses.replace(GOOD, stop=2, failure=Failure(reason="x")), "names a trial outside its range"),
        (dataclasses.replace(GOOD, stop=2, errors=array("q", [1])), "contradicts itself about its errors"),
        (dataclasses.replace(GOOD, stop=2, first_error=Failure(reason="x", trial=1)), "contradicts itself"),
        (dataclasses.replace(with_column(data=array("d", [0.5, float("nan")])), stop=2), "is not finite"),
        (dataclasses.replace(with_column(data=bytearray([1, 2])), stop=2), "is neither 0 nor 1"),
        (dataclasses.replace(with_column(data=array("d", [1, 2]), first={"float": 9}), stop=2), "outside its range"),
    ],
)
def test_a_slice_that_does_not_fit_is_refused_by_name(part: Slice, message: str) -> None:
    """Another test, claim or seed, an overlapping cut, or columns that do not hold what the slice says."""
    gathering = Gathering(GROUP, KEY)
    gathering.add_slice(dataclasses.replace(slice_of(GROUP, lambda _: 0.5, 2, 4)))
    if "overlaps" not in message:
        gathering = Gathering(GROUP, KEY)
    with pytest.raises(EvidenceError, match=message):
        gathering.add_slice(part)


def test_a_law_takes_no_trials_and_a_sample_no_search() -> None:
    """Evidence of the wrong kind is refused."""
    law = group_of(law_claim())
    with pytest.raises(EvidenceError, match="expected a law's search"):
        Gathering(law, KEY).add_slice(dataclasses.replace(GOOD, test=law.test))
    search = Search(valid_examples=1, max_examples=1, exhausted=True, seed=1, strategy="", database="none")
    with pytest.raises(EvidenceError, match="contradicts itself"):
        Gathering(GROUP, KEY).add_slice(dataclasses.replace(GOOD, search=search))


def test_observations_the_claim_does_not_use_are_not_asked_for() -> None:
    """A slice may carry more than a group of fewer claims needs."""
    extra = dataclasses.replace(GOOD, columns={**GOOD.columns, ("x", "value"): SliceColumn(data=bytearray(), first={})})
    group: ClaimGroup = GROUP
    assert Gathering(group, KEY).add_slice(extra)
