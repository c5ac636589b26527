"""What every check shares: sentences that say what was expected, and a watch on what a pillar must leave alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import numpy as np

from pytest_ophamin.deciding.protocol import Pillar
from pytest_ophamin.deciding.registry import PillarError, PillarRegistry, check_pillar, new_manager
from pytest_ophamin.hookspecs import hookimpl
from pytest_ophamin.trials.sample import Column, Evidence, Sample


def complain(pillar: Pillar, expected: str, came: str) -> NoReturn:
    """Fail a check.

    Raises:
        AssertionError: Always.
    """
    raise AssertionError(f"pillar {getattr(pillar, 'name', type(pillar).__name__)!r}: expected {expected}, came {came}")


def check_form(pillar: Pillar, role: str) -> None:
    """Check the protocol as the registry does, and that ``pillar`` has the role the check is about."""
    try:
        check_pillar(pillar, "the check")
    except PillarError as error:
        raise AssertionError(str(error)) from error
    if not hasattr(pillar, role):
        complain(pillar, f"a pillar with the method {role!r}", "another kind of pillar")


def registry_of(*pillars: Pillar) -> PillarRegistry:
    """Return a registry of these pillars alone."""

    class Plugin:
        @hookimpl
        def ophamin_pillars(self) -> list[Pillar]:
            return list(pillars)

    manager = new_manager()
    manager.register(Plugin(), name="the check")
    return PillarRegistry(manager)


def read_only(sample: Sample) -> Sample:
    """Return the sample with arrays of its own that nobody can write to, as a session hands it over."""
    columns = {}
    for name, column in sample.columns.items():
        values = column.values.copy()
        values.flags.writeable = False
        columns[name] = Column(kind=column.kind, values=values)
    return Sample(n=sample.n, columns=columns, errors_against=sample.errors_against)


def reordered(sample: Sample) -> Sample:
    """Return the sample with its columns in the opposite order."""
    return Sample(
        n=sample.n, columns=dict(reversed(list(sample.columns.items()))), errors_against=sample.errors_against
    )


@contextmanager
def untouched(pillar: Pillar, evidence: Evidence | None) -> Iterator[None]:
    """Check that the block changes neither the evidence nor any global random state.

    Raises:
        AssertionError: It does; the state is put back.
    """
    before = {} if not isinstance(evidence, Sample) else {n: c.values.copy() for n, c in evidence.columns.items()}
    python, numpy = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002  # it is the state watched
    try:
        yield
    finally:
        moved = random.getstate() != python or not _equal_state(np.random.get_state(legacy=False), numpy)  # noqa: NPY002
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
    if moved:
        complain(pillar, "global random state left alone (use a generator seeded by the sample)", "a draw from it")
    for name, values in before.items():
        if isinstance(evidence, Sample) and not np.array_equal(evidence.columns[name].values, values):
            complain(pillar, "the sample's arrays left as they are", f"another column {name!r} after the call")


def _equal_state(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal_state(one[key], other[key]) for key in one)
    return bool(np.array_equal(np.asarray(one), np.asarray(other)))
