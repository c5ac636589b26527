"""Random streams: a function of claim, seed policy and index, of nothing else."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from claimed import KEY, declared, group_of

from pytest_ophamin.errors import UsageError
from pytest_ophamin.trials.streams import (
    Permutations,
    Stream,
    pick_position,
    replacement_position,
    stream_key,
    trial_seed,
)


def fresh(index: int) -> np.random.Generator:
    """Return a new generator at the beginning of trial ``index``, made the ordinary way."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(KEY, "little"), counter=[0, 0, 0, index]))


def draws(rng: np.random.Generator) -> list[object]:
    """Draw by every path a generator has: 64-bit, buffered 32-bit, floats, and arrays."""
    return [
        rng.random(),
        rng.integers(0, 2**31, dtype=np.int32),
        rng.integers(0, 9, dtype=np.uint8),
        rng.normal(),
        rng.standard_normal(dtype=np.float32),
        rng.permutation(20).tolist(),
        rng.bytes(3),
        rng.choice(["a", "b"]),
        rng.integers(0, 2**31, dtype=np.int32),
    ]


def test_the_reset_generator_draws_what_a_fresh_one_draws() -> None:
    """Re-setting one generator leaves nothing of the trial before, not even half a 64-bit word."""
    stream = Stream(KEY)
    for index in (5, 0, 2**32 - 1, 5, 2**63):
        assert draws(stream.at(index)) == draws(fresh(index))


def test_one_generator_serves_all_trials() -> None:
    """The object is the same, so re-setting it costs a fraction of making one."""
    stream = Stream(KEY)
    assert stream.at(0) is stream.at(1)


def test_a_key_has_16_bytes() -> None:
    """A shorter key is a caller's bug."""
    with pytest.raises(ValueError, match="a stream key has 16 bytes, came 3"):
        Stream(b"abc")


def test_a_lone_claim_is_keyed_by_its_id() -> None:
    """A claim with an id of its own keeps its draws when its test is renamed; another digest has other draws."""
    claim = declared(id="spam.recall")
    key = stream_key(group_of(claim), None)
    assert len(key) == 16
    assert stream_key(group_of(dataclasses.replace(claim, test="other.py::t")), None) == key
    assert stream_key(group_of(dataclasses.replace(claim, trials=7)), None) != key
    assert stream_key(group_of(declared(id="spam.precision")), None) != key


def test_stacked_claims_are_keyed_by_test_and_digests_in_any_order() -> None:
    """The order of decorators changes no draw."""
    a, b = declared(of="a", stacked=True), declared(of="b", stacked=True, metric="mean")
    assert stream_key(group_of(a, b), None) == stream_key(group_of(b, a), None)
    renamed = [dataclasses.replace(claim, test="other.py::t") for claim in (a, b)]
    assert stream_key(group_of(*renamed), None) != stream_key(group_of(a, b), None)


def test_the_commit_matters_under_its_policy_only() -> None:
    """Fresh draws per commit are declared, never silent."""
    plain, pooled = group_of(declared()), group_of(declared(seed="commit"))
    assert stream_key(plain, "a" * 40) == stream_key(plain, None)
    assert stream_key(pooled, "a" * 40) != stream_key(pooled, "b" * 40)
    with pytest.raises(UsageError, match='seed="commit" needs a substrate with a git commit'):
        stream_key(pooled, None)


def test_the_key_of_a_claim_never_changes() -> None:
    """Records of today are reproduced tomorrow: key, seeds, positions and draws of one claim are constants."""
    key = stream_key(group_of(declared(statement="s", trials=10)), None)
    assert key.hex() == "6115f18e4a6f868188e0173035e8ab40"
    assert [trial_seed(KEY, index) for index in range(3)] == [754004546, 2113505419, 55419679]
    assert [pick_position(KEY, index, 10) for index in range(10)] == [1, 2, 5, 9, 4, 8, 3, 7, 0, 6]
    assert [replacement_position(KEY, index, 10) for index in range(5)] == [2, 7, 2, 2, 0]
    assert Stream(KEY).at(3).integers(0, 10**9, 3).tolist() == [985264058, 366017105, 265542083]


def test_seeds_are_32_bit_and_unique() -> None:
    """No two trials of a claim share a seed, and neighbours look unrelated."""
    seeds = [trial_seed(KEY, index) for index in range(100_000)]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 0
    assert max(seeds) < 2**32
    ones = sum((a ^ b).bit_count() for a, b in pairwise(seeds)) / (len(seeds) - 1)
    assert 15.9 < ones < 16.1


def test_seeds_of_two_claims_are_not_one_sequence_shifted() -> None:
    """Two claims share seeds about as often as chance has it, never at a constant offset."""
    a, b = ([trial_seed(bytes([number] * 16), index) for index in range(20_000)] for number in (1, 2))
    places = {seed: index for index, seed in enumerate(a)}
    offsets = [index - places[seed] for index, seed in enumerate(b) if seed in places]
    assert len(offsets) <= 3


def test_positions_are_a_permutation() -> None:
    """Each item serves exactly once, and not in its own order."""
    positions = [pick_position(KEY, index, 1000) for index in range(1000)]
    assert sorted(positions) == list(range(1000))
    assert positions != sorted(positions)


def test_kept_permutations_are_those_computed_anew() -> None:
    """The few permutations kept agree with the function, also after one was pushed out."""
    kept = Permutations(KEY)
    for length in (10, 11, 12, 13, 14, 15, 10):
        assert [kept.position(index, length) for index in range(10)] == [
            pick_position(KEY, index, length) for index in range(10)
        ]


def test_every_item_is_equally_likely_at_every_trial() -> None:
    """Over keys, trial 0 takes each of 5 items a fifth of the time (chi-square bound at 1e-4)."""
    counts = np.bincount([pick_position(number.to_bytes(16, "big"), 0, 5) for number in range(5000)], minlength=5)
    assert ((counts - 1000) ** 2 / 1000).sum() < 23.5


def test_drawing_with_replacement_is_uniform_and_repeats() -> None:
    """Positions are independent draws, so some repeat and all appear."""
    positions = [replacement_position(KEY, index, 10) for index in range(5000)]
    counts = np.bincount(positions, minlength=10)
    assert ((counts - 500) ** 2 / 500).sum() < 33.7
    assert positions[:10] != sorted(set(positions[:10]))
