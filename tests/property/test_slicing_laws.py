"""Law 4: the result does not depend on how it was run."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from claim_strategies import RAISES, awkward, cuts, numbers, observer
from claimed import KEY, declared, group_of, slice_of
from hypothesis import given
from hypothesis import strategies as st

from pytest_ophamin.claims.model import Claim, ClaimGroup
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.gather import Gathering
from pytest_ophamin.trials.sample import Sample, Search
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.trial import Trial

Evidence = Sample | Search | Failure


def gathered(group: ClaimGroup, observe: Any, parts: list[tuple[int, int]]) -> Gathering:
    """Run ``parts`` as slices and bring them together in that order, as text."""
    gathering = Gathering(group, KEY)
    for start, stop in parts:
        gathering.add(slice_of(group, observe, start, stop).to_text())
    return gathering


def facts(evidence: Evidence) -> object:
    """Return all a record would hold of the evidence, bit by bit."""
    if not isinstance(evidence, Sample):
        return evidence
    columns = {
        name: (column.kind, column.values.dtype.str, column.values.tobytes())
        for name, column in evidence.columns.items()
    }
    return (evidence.n, evidence.errors_against, columns)


LONE = [
    declared(metric="mean", trials=1),
    declared(trials=1, errors="against"),
    declared(metric="p50", at_most=3, trials=1, errors="against"),
]


@given(st.data(), st.sampled_from(LONE), st.lists(numbers | awkward | st.just(RAISES), min_size=1, max_size=30))
def test_any_partition_gives_the_same_evidence(data: st.DataObject, claim: Claim, values: list[Any]) -> None:
    """Any cut, any order of arrival, any repetition: the same sample, or the same failure at the same trial."""
    claim = dataclasses.replace(claim, trials=len(values))
    group, observe = group_of(claim), observer(values)
    whole = gathered(group, observe, [(0, len(values))]).evidence_for(claim)
    parts = gathered(group, observe, data.draw(cuts(len(values)))).evidence_for(claim)
    assert facts(parts) == facts(whole)


@given(
    st.data(),
    st.lists(st.tuples(numbers | awkward, numbers | awkward) | awkward | st.just(RAISES), min_size=1, max_size=12),
)
def test_stacked_claims_are_each_decided_as_if_alone(data: st.DataObject, values: list[Any]) -> None:
    """A claim's evidence is that of its own key and its own first trials, however its siblings fare."""
    n = len(values)
    returned = [{"a": pair[0], "b": pair} if isinstance(pair, tuple) else pair for pair in values]
    claims = (
        declared(of="a", stacked=True, metric="p50", at_most=3, errors="against", trials=n),
        declared(of="a", stacked=True, metric="mean", trials=(n + 1) // 2),
        declared(of="b", stacked=True, metric="difference", trials=n),
    )
    parts = gathered(group_of(*claims), observer(returned), data.draw(cuts(n)))
    for claim in claims:
        alone = gathered(group_of(claim), observer(returned), [(0, claim.trials)]).evidence_for(claim)
        assert facts(parts.evidence_for(claim)) == facts(alone)


@given(st.lists(numbers | awkward | st.just(RAISES), min_size=1, max_size=30), st.booleans())
def test_the_fast_path_keeps_what_the_careful_one_keeps(values: list[Any], keep_going: bool) -> None:
    """Fresh fixtures or none: the same columns, errors and failures."""
    group, observe = group_of(declared(metric="mean", trials=len(values))), observer(values)
    fast = slice_of(group, observe, keep_going=keep_going)
    careful = slice_of(group, observe, keep_going=keep_going, reset=lambda _: None)
    careful = dataclasses.replace(careful, seconds=fast.seconds)
    assert fast.to_text() == careful.to_text()


@given(st.lists(numbers, min_size=1, max_size=30))
def test_numbers_arrive_exactly(values: list[Any]) -> None:
    """What a trial returned is what the sample holds, bit for bit."""
    claim = declared(metric="mean", trials=len(values))
    evidence = gathered(group_of(claim), observer(values), [(0, len(values))]).evidence_for(claim)
    types = {type(value) for value in values}
    if bool in types and len(types) > 1:
        assert isinstance(evidence, Failure)
        return
    assert isinstance(evidence, Sample)
    assert evidence.value.values.tolist() == values
    assert np.isfinite(evidence.value.floats).all()


@given(st.data(), st.integers(1, 40))
def test_draws_do_not_depend_on_order_or_cut(data: st.DataObject, n: int) -> None:
    """Trial i draws, seeds and picks the same, whichever slice runs it and whatever ran before."""
    group = group_of(declared(metric="mean", trials=n))
    items = list(range(n + 3))

    def observations(start: int, stop: int) -> Slice:
        trial = Trial.of_group(group, KEY)

        def call(index: int) -> float:
            trial.begin(index)
            return float(trial.rng.random() + trial.seed + trial.pick(items))

        return slice_of(group, call, start, stop)

    whole = observations(0, n).columns[None, "value"].data.tolist()  # type: ignore[union-attr]
    for start, stop in data.draw(cuts(n)):
        assert observations(start, stop).columns[None, "value"].data.tolist() == whole[start:stop]  # type: ignore[union-attr]
