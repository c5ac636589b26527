"""A slice is one string on its way, and the way trials are cut is a pure function."""

from __future__ import annotations

import json
from array import array

import pytest
from claimed import KEY, TEST, declared, group_of, law_claim, slice_of

from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.trials.columns import SliceColumn
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.sample import Search
from pytest_ophamin.trials.slices import Slice, law_slice, slice_ranges

FAILURE = Failure(reason="the trial raised ValueError", trial=3, seed=7, exception="ValueError", place="a.py:3")
SEARCH = Search(
    valid_examples=100,
    max_examples=100,
    exhausted=False,
    seed=7,
    strategy="text()",
    database="none",
    counterexample="a='\ud800'",
    hypothesis_version="6.0",
)


def full_slice() -> Slice:
    """Return a slice that carries something in every field."""
    columns = {
        (None, "value"): SliceColumn(data=bytearray([1, 0]), first={"bool": 10}),
        ("a/b|c", "first"): SliceColumn(data=array("q", [2**60, -1]), first={"int": 11}),
        ("a/b|c", "second"): SliceColumn(data=array("d", [0.1 + 0.2, -5e-324]), first={"int": 10, "float": 11}),
    }
    return Slice(
        test="t.py::t[\ud800é]",
        key=KEY.hex(),
        start=10,
        stop=12,
        columns=columns,
        errors=array("q", [10, 11]),
        first_error=FAILURE,
        failure=FAILURE,
        bad={None: FAILURE, "a/b|c": FAILURE},
        search=SEARCH,
        warnings=("global random state used: take trial.rng",),
        seconds=0.25,
    )


def test_a_slice_comes_back_from_its_text() -> None:
    """Every field, types and bits of the columns included."""
    sent = full_slice()
    came = Slice.from_text(sent.to_text())
    for name in (
        "test",
        "key",
        "start",
        "stop",
        "errors",
        "first_error",
        "failure",
        "bad",
        "search",
        "warnings",
        "seconds",
    ):
        assert getattr(came, name) == getattr(sent, name), name
    assert came.columns.keys() == sent.columns.keys()
    for key, column in sent.columns.items():
        assert came.columns[key].data == column.data
        assert type(came.columns[key].data) is type(column.data)
        assert came.columns[key].first == column.first


def test_a_slices_text_is_a_plain_ascii_str() -> None:
    """execnet serialises by exact type and as UTF-8: a lone surrogate in a test id must not kill the worker."""
    text = full_slice().to_text()
    assert type(text) is str
    assert text.isascii()


def test_the_exception_itself_stays_at_home() -> None:
    """Neither message nor traceback goes with the slice."""
    done = slice_of(group_of(declared(trials=3)), lambda _: 1 / 0)
    assert done.failure is not None
    assert isinstance(done.failure.error, ZeroDivisionError)
    came = Slice.from_text(done.to_text())
    assert came.failure is not None
    assert came.failure.error is None
    assert came.failure == done.failure
    assert "division" not in done.to_text()


def test_a_laws_slice_carries_its_search_or_its_failure() -> None:
    """One slice per law, of no trials."""
    group = group_of(law_claim())
    found = Slice.from_text(law_slice(group, KEY, SEARCH, warnings=("w",), seconds=1.0).to_text())
    assert (found.search, found.failure, found.start, found.stop) == (SEARCH, None, 0, 0)
    assert (found.warnings, found.seconds) == (("w",), 1.0)
    void = Failure(reason="the search was unsatisfiable")
    failed = law_slice(group, KEY, void)
    assert (failed.search, failed.failure) == (None, void)


def test_the_first_failure_is_that_of_the_lowest_trial() -> None:
    """Whatever ended the slice, people are shown what went wrong first."""
    early = Failure(reason="early", trial=1)
    done = Slice(test=TEST, key="", start=0, stop=9, failure=FAILURE, bad={"a": early})
    assert done.first_failure is early
    assert Slice(test=TEST, key="", start=0, stop=9).first_failure is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        "null\n",
        full_slice().to_text().replace("ophamin-slice/1", "ophamin-slice/9"),
        full_slice().to_text().rsplit("\n", 1)[0],
        full_slice().to_text() + "\nAAAA",
        full_slice().to_text() + "!",
        full_slice().to_text().replace('"range":[10,12]', '"range":[12,10]'),
        full_slice().to_text().replace('"range":[10,12]', '"range":[10,12.0]'),
        full_slice().to_text().replace('"range":[10,12]', '"range":[true,12]'),
        full_slice().to_text().replace('"first",{"int":11},"int"', '"first",{"int":11},"str"'),
        full_slice().to_text().replace('"first",{"int":11},"int"', '"first",{"str":11},"int"'),
        full_slice().to_text().replace('"first",{"int":11},"int"', '"first",{"int":"11"},"int"'),
        full_slice().to_text().replace('"bad":[[null,', '"bad":[[null,null],[null,'),
        full_slice().to_text().replace('"exhausted":false,', ""),
        full_slice().to_text().replace('"reason":', '"raison":'),
        "[" * 100_000,
    ],
)
def test_what_is_no_slice_is_bad_evidence(text: str) -> None:
    """A truncated, altered or foreign text is an EvidenceError, never a crash."""
    with pytest.raises(EvidenceError, match="a slice cannot be read"):
        Slice.from_text(text)


def test_the_head_of_a_slice_is_json() -> None:
    """Its first line can be read by anything; the columns follow as base64."""
    head, *blocks = full_slice().to_text().split("\n")
    assert json.loads(head)["range"] == [10, 12]
    assert len(blocks) == 4


@pytest.mark.parametrize(
    ("trials", "workers", "dist", "count"),
    [
        (0, 4, "load", 1),
        (100, 4, "load", 1),
        (511, 2, "load", 1),
        (512, 2, "load", 2),
        (1000, 4, "worksteal", 3),
        (100_000, 2, "load", 4),
        (100_000, 8, "load", 16),
        (100_000, 1, "load", 1),
        (100_000, 0, "no", 1),
        (100_000, 4, "loadscope", 1),
        (100_000, 4, "loadfile", 1),
        (100_000, 4, "loadgroup", 1),
    ],
)
def test_only_long_claims_are_cut(trials: int, workers: int, dist: str, count: int) -> None:
    """At least 256 trials per slice, at most two slices per worker, one where tests are kept together."""
    ranges = slice_ranges(trials, workers, dist)
    assert len(ranges) == count
    assert [index for part in ranges for index in part] == list(range(trials))
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1
