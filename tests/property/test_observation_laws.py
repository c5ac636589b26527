"""Coercion keeps values exactly or refuses; seeds are never shared."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from claim_strategies import finite
from hypothesis import given
from hypothesis import strategies as st

from pytest_ophamin.trials.observe import BadObservation, coerce
from pytest_ophamin.trials.streams import pick_position, trial_seed

keys = st.binary(min_size=16, max_size=16)
integers = (
    st.integers() | st.integers(2**53 - 3, 2**53 + 3) | st.integers(2**63 - 1025, 2**63 + 1025) | st.just(10**309)
)


@given(integers)
def test_an_integer_is_kept_exactly_or_refused(value: int) -> None:
    """Whatever is kept is the same number as float64; whatever float64 cannot hold is refused."""
    try:
        exact = int(float(value)) == value
    except OverflowError:
        exact = False
    try:
        kept = coerce(value)
    except BadObservation:
        assert not exact
        return
    assert exact
    assert kept == value
    assert type(kept) is (int if -(2**63) <= value < 2**63 else float)


@given(finite)
def test_every_finite_float_is_kept(value: float) -> None:
    """As a float, as np.float64 and as Decimal: the same 64 bits."""
    assert coerce(value) == value
    assert coerce(np.float64(value)) == value
    integral_beyond = abs(value) >= 2**53
    assert coerce(Decimal(value)) == value or integral_beyond
    assert np.signbit(coerce(value)) == np.signbit(value)


@given(st.decimals())
def test_a_decimal_is_rounded_to_a_finite_float_or_refused(value: Decimal) -> None:
    """Never NaN, never infinite, never another integer."""
    try:
        kept = coerce(value)
    except BadObservation:
        return
    assert type(kept) is float
    assert np.isfinite(kept)
    assert value.is_finite()
    if value == value.to_integral_value():
        assert kept == value


@given(st.sampled_from([np.int8, np.uint8, np.int32, np.uint64, np.int64]), st.data())
def test_numpy_integers_are_ints(kind: type[np.integer], data: st.DataObject) -> None:
    """The same rule as for int, whatever the width."""
    info = np.iinfo(kind)
    value = data.draw(st.integers(int(info.min), int(info.max)))
    try:
        kept: object = coerce(kind(value))
    except BadObservation:
        kept = None
    try:
        expected: object = coerce(value)
    except BadObservation:
        expected = None
    assert kept == expected
    assert type(kept) is type(expected)


@given(keys, st.sets(st.integers(0, 2**32 - 1), max_size=50))
def test_no_two_trials_share_a_seed(key: bytes, indices: set[int]) -> None:
    """The seed is a bijection of the index, for every key."""
    seeds = [trial_seed(key, index) for index in indices]
    assert len(set(seeds)) == len(indices)
    assert all(0 <= seed < 2**32 for seed in seeds)


@given(keys, st.integers(1, 200))
def test_each_item_is_picked_once(key: bytes, length: int) -> None:
    """Positions are a permutation, for every key and length."""
    assert sorted(pick_position(key, index, length) for index in range(length)) == list(range(length))
