"""What a test function sees of its trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from claimed import KEY, declared, group_of

from pytest_ophamin.trials.streams import trial_seed
from pytest_ophamin.trials.trial import PickError, Trial


class Frame:
    """A pandas-like frame: [] takes labels, .iloc positions."""

    def __init__(self, rows: list[int]) -> None:
        self.iloc = rows

    def __len__(self) -> int:
        return len(self.iloc)

    def __getitem__(self, label: object) -> object:
        raise KeyError(label)


class Sparse:
    """A SciPy-like sparse matrix: rows by position, no len()."""

    shape = (3, 2)

    def __len__(self) -> int:
        raise TypeError("sparse array length is ambiguous")

    def __getitem__(self, position: int) -> int:
        return position


def picks(trials: int, items: Any, **options: Any) -> list[Any]:
    """Return what each of ``trials`` trials picks."""
    trial = Trial(KEY, trials=trials, with_replacement=bool(options))
    taken = []
    for index in range(trials):
        trial.begin(index)
        taken.append(trial.pick(items, **options))
    return taken


def test_a_trial_knows_its_place() -> None:
    """Index, number of trials, seed and key are readable; the index is not writable."""
    trial = Trial(KEY, trials=10, index=3)
    assert (trial.index, trial.trials, trial.seed, trial.key) == (3, 10, trial_seed(KEY, 3), KEY)
    assert repr(trial) == "<Trial 3 of 10>"
    with pytest.raises(AttributeError):
        trial.index = 4  # type: ignore[misc]


def test_a_trial_cannot_carry_state_to_the_next() -> None:
    """Attributes cannot be hung on the trial."""
    with pytest.raises(AttributeError):
        Trial(KEY, trials=1).memory = 1  # type: ignore[attr-defined]


def test_draws_continue_within_a_trial_and_begin_anew_with_it() -> None:
    """Reading trial.rng twice goes on in one stream; beginning the same trial again repeats it."""
    trial = Trial(KEY, trials=10)
    trial.begin(4)
    first = [trial.rng.random(), trial.rng.random()]
    assert first[0] != first[1]
    trial.begin(5)
    assert trial.rng.random() not in first
    trial.begin(4)
    assert [trial.rng.random(), trial.rng.random()] == first


def test_each_item_serves_one_trial() -> None:
    """As many trials as items take all of them, each once."""
    assert sorted(picks(26, "abcdefghijklmnopqrstuvwxyz")) == list("abcdefghijklmnopqrstuvwxyz")


def test_equal_lengths_give_the_same_position_in_one_trial() -> None:
    """Features and labels picked apart stay together."""
    trial = Trial(KEY, trials=5)
    features, labels = list(range(50)), [str(number) for number in range(50)]
    for index in range(5):
        trial.begin(index)
        assert str(trial.pick(features)) == trial.pick(labels)


@pytest.mark.parametrize(
    "items",
    [[0, 1, 2], (0, 1, 2), range(3), np.arange(3), Frame([0, 1, 2]), Sparse()],
    ids=lambda items: type(items).__name__,
)
def test_any_collection_with_positions_can_be_picked_from(items: object) -> None:
    """Lists, tuples, ranges, arrays, frames by position, and sparse matrices by row."""
    assert sorted(picks(3, items)) == [0, 1, 2]


@pytest.mark.parametrize(
    "items", [{1, 2, 3}, frozenset({1, 2}), {1: 2, 2: 3}, {1: 2}.values(), iter([1, 2]), (x for x in "ab"), 7, None]
)
def test_what_has_no_positions_is_refused_at_once(items: object) -> None:
    """A set or a dict has no order that stays, an iterator no length; the message says what to write."""
    with pytest.raises(PickError, match=r"expected a collection with positions .* write trial.pick\(sorted"):
        Trial(KEY, trials=1).pick(items)


def test_what_has_no_length_is_refused() -> None:
    """Something indexable without end cannot be held out."""

    class Endless:
        def __getitem__(self, position: int) -> int:
            return position

    with pytest.raises(PickError, match="expected a collection with a length, came Endless"):
        Trial(KEY, trials=1).pick(Endless())


def test_fewer_items_than_trials_is_refused_at_trial_0() -> None:
    """Not at the trial that would find nothing left: the claim can never be run as declared."""
    with pytest.raises(
        PickError, match=r"expected at least 10 items, one per trial, came 9: declare trials=9 or fewer"
    ):
        Trial(KEY, trials=10).pick(range(9))


def test_replacement_must_be_declared() -> None:
    """Drawing with replacement makes the claim one about the file, so the claim must say so."""
    with pytest.raises(PickError, match='write population="this file" in the claim'):
        Trial(KEY, trials=10).pick(range(9), replace=True)
    taken = picks(100, "abc", replace=True)
    assert set(taken) == set("abc")


def test_replacement_needs_an_item() -> None:
    """Nothing can be drawn from nothing."""
    with pytest.raises(PickError, match="expected at least one item"):
        Trial(KEY, trials=10, with_replacement=True).pick([], replace=True)


def test_a_groups_trial_follows_its_claims() -> None:
    """The largest count, and replacement when the claims say population="this file"."""
    few, many = declared(of="a", stacked=True, trials=5), declared(of="b", stacked=True, trials=9)
    assert Trial.of_group(group_of(few, many), KEY).trials == 9
    about_file = Trial.of_group(group_of(declared(population="this file")), KEY)
    assert about_file.pick("a", replace=True) == "a"
