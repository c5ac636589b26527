"""A sample gives its columns by name, as numbers, and says of what type they were."""

from __future__ import annotations

import numpy as np

from pytest_ophamin.trials.sample import Column, Sample


def test_a_sample_of_bools_says_so() -> None:
    """Bools are numbers to a method that asks, and still known to be bools."""
    column = Column(kind="bits", values=np.array([True, False]))
    sample = Sample(n=2, columns={"value": column})
    assert sample.is_bool
    assert sample.value is column
    assert column.floats.tolist() == [1.0, 0.0]


def test_a_pair_of_a_bool_and_a_number_is_not_of_bools() -> None:
    """Every column counts."""
    columns = {
        "first": Column(kind="bits", values=np.array([True])),
        "second": Column(kind="i64le", values=np.array([3], dtype=np.int64)),
    }
    sample = Sample(n=1, columns=columns)
    assert not sample.is_bool
    assert [part.tolist() for part in sample.pairs] == [[1.0], [3.0]]
