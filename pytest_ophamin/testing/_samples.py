"""Samples no author thinks of: legal for the core, so that a pillar must answer them or refuse them with BadSample."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pytest_ophamin.trials.sample import ARM, FIRST, SECOND, VALUE, Column, ColumnKind, Sample

LARGEST = 1e100
"""Squares and fourth roots of it stay floats: what a careful method can promise."""
EPSILON = 2.0**-52
_OBSERVED = (VALUE, FIRST, SECOND)


def awkward_samples(sample: Sample) -> Iterator[tuple[str, Sample]]:
    """Yield named variants of ``sample``: other observations, then other codes of its design."""
    observed = [name for name in sample.columns if name in _OBSERVED]
    for words, column in _awkward_columns(sample.n):
        yield words, _with(sample, dict.fromkeys(observed, column))
        if SECOND in observed:
            yield f"{words} in the second column", _with(sample, {SECOND: column})
    for name, column in sample.columns.items():
        if name in _OBSERVED:
            continue
        for words, codes in _awkward_codes(sample.n, is_arm=name == ARM):
            yield f"{words} in the column {name!r}", _with(sample, {name: Column(kind=column.kind, values=codes)})


def wrong_columns(sample: Sample) -> Sample:
    """Return the sample with a column under a name no claim has."""
    name, *rest = sample.columns
    renamed = {"observation": sample.columns[name], **{other: sample.columns[other] for other in rest}}
    return Sample(n=sample.n, columns=renamed)


def _awkward_columns(n: int) -> Iterator[tuple[str, Column]]:
    index = np.arange(n)
    yield "only True", _column("bits", np.ones(n, dtype=np.bool_))
    yield "only False", _column("bits", np.zeros(n, dtype=np.bool_))
    yield "alternating bools", _column("bits", index % 2 == 0)
    yield "only 0", _column("i64le", np.zeros(n, dtype=np.int64))
    yield "rising integers", _column("i64le", index.astype(np.int64))
    yield "integers near 2^53", _column("i64le", np.int64(2**53) - 2 * index.astype(np.int64))
    yield "only 0.25", _column("f64le", np.full(n, 0.25))
    yield "negative numbers", _column("f64le", -1.0 - index.astype(np.float64))
    yield "huge numbers of both signs", _column("f64le", np.where(index % 2 == 0, LARGEST, -LARGEST))
    yield "the least positive number", _column("f64le", np.full(n, 5e-324))
    yield "one outlier", _column("f64le", np.where(index == n // 2, LARGEST, 0.5))
    yield "two values a bit apart", _column("f64le", np.where(index % 2 == 0, 1.0, 1.0 + EPSILON))


def _awkward_codes(n: int, *, is_arm: bool) -> Iterator[tuple[str, npt.NDArray[np.bool_] | npt.NDArray[np.int64]]]:
    if is_arm:
        yield "only the first arm", np.zeros(n, dtype=np.bool_)
        yield "only the second arm", np.ones(n, dtype=np.bool_)
        yield "one trial of the second arm", np.arange(n) == 0
        return
    yield "one code", np.zeros(n, dtype=np.int64)
    yield "a code for every trial", np.arange(n, dtype=np.int64)
    yield "one trial with a code of its own", (np.arange(n) == 0).astype(np.int64)


def _column(
    kind: ColumnKind, values: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | npt.NDArray[np.float64]
) -> Column:
    return Column(kind=kind, values=values)


def _with(sample: Sample, columns: dict[str, Column]) -> Sample:
    return Sample(n=sample.n, columns={**sample.columns, **columns})
