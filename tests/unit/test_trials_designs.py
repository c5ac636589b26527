"""Arranged trials: arms drawn by the stream, codes beside observations, and samples that end where they are decided."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from claimed import KEY, declared, group_of, slice_of
from hypothesis import given
from hypothesis import strategies as st

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadSample, Plan
from pytest_ophamin.deciding.registry import PillarError, PillarRegistry, new_manager
from pytest_ophamin.deciding.stopping import stopped_evidence, stopping_index
from pytest_ophamin.hookspecs import hookimpl
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.gather import Gathering, gather_slices
from pytest_ophamin.trials.sample import Column, Sample, column_names
from pytest_ophamin.trials.streams import arm_column, is_second_arm
from pytest_ophamin.trials.trial import ArmError, Trial

ARMS: dict[str, Any] = {"metric": "difference", "at_least": 0.0, "arms": ("old", "new")}
CLUSTERED: dict[str, Any] = {"metric": "mean", "cluster": "user", "of": "value"}


class FirstOfFive:
    """Decides a proportion after the first five successes: a stopping rule simple enough to follow by eye."""

    name = "first-of-five"
    metrics = frozenset({"proportion+sequential"})

    def stop(self, claim: Claim, sample: Sample) -> int | None:
        """Return the trial of the fifth success."""
        del claim
        hits = np.flatnonzero(np.cumsum(sample.value.floats) >= 5.0)
        return int(hits[0]) + 1 if len(hits) else None

    def decide(self, claim: Claim, sample: Sample) -> Assessment:
        """Validate any sample that stopped."""
        stopped = self.stop(claim, sample) is not None
        return Assessment(
            method="first-of-five/1",
            exact=True,
            null_validate="it never succeeds",
            null_refute="it succeeds",
            n=sample.n,
            estimate=None,
            lower=None,
            upper=None,
            p_validate=0.0 if stopped else 1.0,
            p_refute=1.0,
        )

    def plan(self, claim: Claim, *, level: float) -> Plan:
        """Plan nothing."""
        del level
        return Plan(n=claim.trials, least_n=5)


def registry(pillar: object | None = None) -> PillarRegistry:
    """Return a registry of one pillar alone, by default of that one."""

    class Plugin:
        @hookimpl
        def ophamin_pillars(self) -> list[Any]:
            return [FirstOfFive() if pillar is None else pillar]

    manager = new_manager()
    manager.register(Plugin())
    return PillarRegistry(manager)


def sequential(trials: int = 100) -> Claim:
    """Return a claim that may stop early."""
    return declared(metric="proportion", at_least=0.5, sequential=True, trials=trials)


@given(st.binary(min_size=16, max_size=16), st.integers(1, 200))
def test_arms_are_permuted_blocks_of_two(key: bytes, n: int) -> None:
    """Every pair of trials holds both arms, in an order of its own; trial by trial and as a column alike."""
    arms = arm_column(key, n)
    assert arms.tolist() == [is_second_arm(key, index) for index in range(n)]
    assert all(one != other for one, other in zip(arms[0 : n - n % 2 : 2], arms[1::2], strict=False))


def test_the_order_of_the_arms_is_fair() -> None:
    """Over many streams and blocks, either arm comes first half of the time."""
    first = np.array([arm_column(bytes([k, *range(15)]), 200)[::2] for k in range(100)])
    assert abs(int(first.sum()) - 5_000) < 5 * 50
    assert abs(np.corrcoef(first[:, :-1].ravel(), first[:, 1:].ravel())[0, 1]) < 0.05


def test_a_trial_names_its_arm() -> None:
    """The label is the author's; without arms in the claim there is none."""
    trial = Trial.of_group(group_of(declared(**ARMS)), KEY)
    labels = []
    for index in range(4):
        trial.begin(index)
        labels.append(trial.arm)
    assert sorted(labels) == ["new", "new", "old", "old"]
    with pytest.raises(ArmError, match=r'write arms=\("old", "new"\)'):
        _ = Trial(KEY, trials=1).arm


def test_a_sample_with_arms_knows_which_trial_was_which() -> None:
    """The column of arms is derived from the key, never sent; observations are split by it."""
    claim = declared(**ARMS, trials=50)
    sample = gather_slices(group_of(claim), KEY, [slice_of(group_of(claim), float, 0, 50)]).evidence_for(claim)
    assert isinstance(sample, Sample)
    assert tuple(sample.columns) == column_names(claim) == ("arm", "value")
    old, new = sample.arms
    assert len(old) == len(new) == 25
    assert new.tolist() == [float(index) for index in range(50) if is_second_arm(KEY, index)]


def test_codes_stand_beside_the_observation() -> None:
    """A cluster is an integer of the dict a trial returns."""
    claim = declared(**CLUSTERED, at_least=0.0, trials=6)
    group = group_of(claim)
    observe = [{"value": index / 2, "user": index % 3} for index in range(6)].__getitem__
    slices = [slice_of(group, observe, start, stop) for start, stop in pairwise([0, 2, 6])]
    sample = gather_slices(group, KEY, slices).evidence_for(claim)
    assert isinstance(sample, Sample)
    assert sample.codes("cluster").tolist() == [0, 1, 2, 0, 1, 2]
    assert sample.value.values.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert not sample.columns["cluster"].values.flags.writeable


@pytest.mark.parametrize(
    ("user", "words"),
    [(0.5, "integer code"), ("ann", "number the names|str"), (None, "None"), (float("nan"), "NaN|nan")],
)
def test_a_code_is_an_integer(user: object, words: str) -> None:
    """Anything else makes the claim VOID, at its trial."""
    claim = declared(**CLUSTERED, at_least=0.0, trials=3)
    group = group_of(claim)
    observe = [{"value": 1.0, "user": 1}, {"value": 1.0, "user": user}, {"value": 1.0, "user": 1}].__getitem__
    failure = gather_slices(group, KEY, [slice_of(group, observe, 0, 3)]).evidence_for(claim)
    assert isinstance(failure, Failure)
    assert failure.trial == 1
    assert any(word in failure.reason for word in words.split("|")), failure.reason


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 59))
def test_the_stopping_index_does_not_depend_on_the_cut(hits: list[bool], cut: int) -> None:
    """Whatever slices come in, in whatever order: the claim is decided on the trials up to its stop."""
    claim = sequential(trials=len(hits))
    group, pillars = group_of(claim), registry()
    edges = sorted({0, min(cut, len(hits)), len(hits)})
    slices = [slice_of(group, hits.__getitem__, start, stop) for start, stop in pairwise(edges)]
    expected = next((n for n in range(1, len(hits) + 1) if sum(hits[:n]) == 5), len(hits))
    for order in (slices, slices[::-1]):
        gathering = Gathering(group, KEY)
        for part in order:
            gathering.add_slice(part)
        found = stopped_evidence(claim, gathering, pillars)
        assert isinstance(found, Sample)
        assert found.n == expected
        assert found.value.values.tolist() == hits[:expected]


def test_what_comes_after_the_stop_changes_nothing() -> None:
    """An exception in a later trial, or a later slice that never comes."""
    claim = sequential(trials=40)
    group, pillars = group_of(claim), registry()

    def observe(index: int) -> bool:
        if index == 30:
            raise RuntimeError
        return True

    gathering = gather_slices(group, KEY, [slice_of(group, observe, 0, 20), slice_of(group, observe, 20, 40)])
    found = stopped_evidence(claim, gathering, pillars)
    assert isinstance(found, Sample)
    assert found.n == 5
    first = gather_slices(group, KEY, [slice_of(group, observe, 0, 20)])
    assert isinstance(stopped_evidence(claim, first, pillars), Sample)
    assert stopped_evidence(claim, gather_slices(group, KEY, [slice_of(group, observe, 20, 30)]), pillars) is None


def test_a_failure_before_the_stop_is_the_evidence() -> None:
    """Nothing is decided past an exception."""
    claim = sequential(trials=40)

    def observe(index: int) -> bool:
        if index == 3:
            raise RuntimeError
        return True

    group = group_of(claim)
    found = stopped_evidence(claim, gather_slices(group, KEY, [slice_of(group, observe, 0, 40)]), registry())
    assert isinstance(found, Failure)
    assert found.trial == 3


def test_a_sample_that_ends_elsewhere_is_void() -> None:
    """A sample shorter or longer than the stopping rule says is not the planned one: chosen, perhaps."""
    claim, pillars = sequential(trials=40), registry()
    decided = {}
    for n in (4, 5, 6, 40):
        values = np.ones(n, dtype=np.bool_)
        sample = Sample(n=n, columns={"value": Column(kind="bits", values=values)})
        decided[n] = decide_claim(claim, sample, pillars)
    assert decided[5].verdict is Verdict.VALIDATED
    assert [decided[n].verdict for n in (4, 6, 40)] == [Verdict.VOID] * 3
    assert [decided[n].void.reason for n in (4, 6)] == [  # type: ignore[union-attr]
        "4 of at most 40 observations, which decide nothing yet",
        "6 observations of a claim that was decided after 5",
    ]


def test_a_claim_that_reaches_its_cap_is_decided_there() -> None:
    """No stop, and all trials: the cap decides."""
    claim = sequential(trials=7)
    sample = Sample(n=7, columns={"value": Column(kind="bits", values=np.zeros(7, dtype=np.bool_))})
    assert decide_claim(claim, sample, registry()).verdict is Verdict.INCONCLUSIVE
    assert stopping_index(claim, sample, FirstOfFive()) is None


def test_the_loop_ends_when_it_is_told_enough() -> None:
    """Asked now and then, the loop runs fewer trials; the slice says how far it came."""
    claim = sequential(trials=100_000)
    group = group_of(claim)
    asked = []

    def enough(done: Any) -> bool:
        asked.append(done.stop)
        return bool(done.stop >= 500)

    done = slice_of(group, lambda _: True, 0, 100_000, enough=enough)
    assert 500 <= done.stop < 100_000
    assert len(done.columns[None, "value"].data) == done.stop
    assert asked == sorted(set(asked))


class Odd(FirstOfFive):
    """Answers or raises whatever it is given when asked for a stop."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def stop(self, claim: Claim, sample: Sample) -> Any:  # a foreign pillar's mistake
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [0, -1, 8, 2.0, True, "5", RuntimeError("no")])
def test_a_pillar_that_cannot_say_where_to_stop_makes_the_claim_void(answer: object) -> None:
    """It stops nothing while trials come in, runs to the cap, and is named there."""
    claim, pillars = sequential(trials=7), registry(Odd(answer))
    gathering = gather_slices(group_of(claim), KEY, [slice_of(group_of(claim), lambda _: True, 0, 7)])
    evidence = stopped_evidence(claim, gathering, pillars)
    assert isinstance(evidence, Sample)
    assert evidence.n == 7
    decision = decide_claim(claim, evidence, pillars)
    assert decision.verdict is Verdict.VOID
    assert decision.void is not None
    assert decision.void.reason.startswith("pillar 'first-of-five' r")


class Checked(FirstOfFive):
    """Takes 0 and 1 only, and looks at everything it is given before it answers: careless, but allowed."""

    def stop(self, claim: Claim, sample: Sample) -> int | None:
        bad = np.flatnonzero(~np.isin(sample.value.floats, (0, 1)))
        if len(bad):
            raise BadSample("neither 0 nor 1", trial=int(bad[0]))
        return super().stop(claim, sample)


@pytest.mark.parametrize("cut", [None, 6, 8])
def test_a_bad_observation_after_the_stop_is_no_part_of_the_sample(cut: int | None) -> None:
    """Whether it had arrived when the claim was asked about or not: the mechanism sees to that, not the pillar."""
    claim, pillars = sequential(trials=12), registry(Checked())
    group = group_of(claim)
    values = [1] * 7 + [5] + [1] * 4
    edges = [0, 12] if cut is None else [0, cut, 12]
    slices = [slice_of(group, values.__getitem__, start, stop) for start, stop in pairwise(edges)]
    for count in range(1, len(slices) + 1):
        evidence = stopped_evidence(claim, gather_slices(group, KEY, slices[:count]), pillars)
        assert isinstance(evidence, Sample)
        assert evidence.n == 5
    early = [*[1] * 3, 5, *[1] * 8]
    whole = gather_slices(group, KEY, [slice_of(group, early.__getitem__, 0, 12)])
    evidence = stopped_evidence(claim, whole, pillars)
    assert isinstance(evidence, Sample)
    assert evidence.n == 12


def test_a_pillar_that_may_stop_early_says_where() -> None:
    """Without the method stop() it would silently run every trial."""

    class Silent:
        name, metrics, decide, plan = "silent", frozenset({"mean+sequential"}), FirstOfFive.decide, FirstOfFive.plan

    with pytest.raises(PillarError, match=r"'mean\+sequential' may stop early, which needs the method stop"):
        registry(Silent())
