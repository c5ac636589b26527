"""When a slice of a claim that may stop early starts: in its turn, or soon in any case."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from outcomes import claim_of

from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.model import ClaimGroup, Digest
from pytest_ophamin.plugin import keys, session, settling
from pytest_ophamin.trials.slices import slice_ranges

TEST = "test_spam.py::test_recall"


def item_of(folder: Path | None, number: int, of: int = 10, *, workers: int = 2, stops_early: bool = True) -> Any:
    """Return what settling looks at of an item."""
    claim = claim_of(TEST, design=Design(sequential=stops_early))
    group = ClaimGroup(test=TEST, claims=(claim,), digests=(Digest("0" * 64),))
    stash = pytest.Stash()
    if folder is not None:
        stash[keys.signals] = str(folder)
    config = SimpleNamespace(stash=stash, workerinput={"workercount": workers})
    item = SimpleNamespace(config=config, stash=pytest.Stash())
    item.stash[keys.group], item.stash[keys.slice_number] = group, (number, of)
    return item


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose no time."""
    monkeypatch.setattr(settling, "LONGEST_WAIT", 0.05)


def test_slices_of_other_claims_wait_for_nobody(tmp_path: Path) -> None:
    """No folder, one piece, a fixed number of trials, a folder on another machine, or the first slices."""
    began = monotonic()
    for item in (
        item_of(None, 9),
        item_of(tmp_path, 1, 1),
        item_of(tmp_path, 9, stops_early=False),
        item_of(tmp_path / "elsewhere", 9),
        item_of(tmp_path, 2),
    ):
        assert not settling.is_unneeded(item)
    assert monotonic() - began < 1.0


def test_a_slice_starts_when_the_one_before_its_worker_answered(tmp_path: Path, short_wait: None) -> None:
    """With two workers slice 5 waits for slice 3; who waited in vain once waits no more for that test."""
    del short_wait
    item = item_of(tmp_path, 5)
    settling.answered_path(str(tmp_path), TEST, 3).touch()
    assert not settling.is_unneeded(item)
    assert not item.config.stash[keys.impatient]
    late = item_of(tmp_path, 6)
    assert not settling.is_unneeded(late)
    assert late.config.stash[keys.impatient] == {TEST}
    began = monotonic()
    assert not settling.is_unneeded(late)
    assert monotonic() - began < 0.04


def test_a_slice_of_a_decided_claim_is_not_started(tmp_path: Path) -> None:
    """Whoever waits is told at once."""
    settling.signal_path(str(tmp_path), TEST).touch()
    assert settling.is_unneeded(item_of(tmp_path, 9))
    assert settling.is_unneeded(item_of(tmp_path, 1))


def _items(tests: int, workers: int, *, stops_early: bool = True) -> list[Any]:
    items = []
    for test in range(tests):
        whole = [item_of(None, number) for number, _ in enumerate(slice_ranges(600, workers, "load", stops_early=True))]
        group = item_of(None, 1, stops_early=stops_early).stash[keys.group]
        for number, item in enumerate(whole, start=1):
            item.stash[keys.group] = group
            item.name = (test, number)
        items.extend(whole)
    return items


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_first_slices_are_dealt_side_by_side(workers: int) -> None:
    """xdist gives each worker a chunk of consecutive items: the first round of all chunks is the first slices."""
    items = _items(1, workers)
    dealt: list[Any] = list(session._dealt(items, workers))
    chunk = max(2, len(items) // workers // 4)
    assert sorted(item.name for item in dealt) == [item.name for item in items]
    assert [dealt[worker * chunk].name[1] for worker in range(workers)] == list(range(1, workers + 1))
    assert [dealt[worker * chunk + 1].name[1] for worker in range(workers)] == [
        workers + number for number in range(1, workers + 1)
    ]
    assert [item.name for item in dealt[chunk * workers :]] == [item.name for item in items[chunk * workers :]]


def test_nothing_else_is_moved() -> None:
    """Few items, claims with a fixed number of trials, or another test among the first."""
    for items, workers in (
        (_items(1, 8)[:15], 8),
        (_items(1, 8, stops_early=False), 8),
        ([SimpleNamespace(stash=pytest.Stash()), *_items(1, 8)], 8),
        (_items(1, 8), 1),
    ):
        assert session._dealt(items, workers) == items
