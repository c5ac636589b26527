"""The loop: which trials run, what they see, what is kept, and what ends them."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from claimed import KEY, TEST, declared, group_of, slice_of

from pytest_ophamin.trials.loop import run_slice
from pytest_ophamin.trials.shape import KeyShape, Shape
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.streams import trial_seed
from pytest_ophamin.trials.trial import PickError, Trial

VALUE = (None, "value")


def run(
    observe: Callable[[Trial], object],
    stop: int,
    start: int = 0,
    shape: Shape | None = None,
    **options: Any,  # of run_slice
) -> Slice:
    """Run trials of a lone claim."""
    trial = Trial(KEY, trials=max(stop, 1))
    shape = shape or Shape.of_value(TEST)
    return run_slice(lambda: observe(trial), trial, start=start, stop=stop, shape=shape, **options)


def raising(error: BaseException, *at: int, value: object = True) -> Callable[[Trial], object]:
    """Return a test function that raises ``error`` in the trials ``at``."""

    def observe(trial: Trial) -> object:
        if trial.index in at:
            raise error
        return value

    return observe


def do_nothing(index: int) -> None:
    """Tear nothing down and set nothing up: it only takes the careful path."""


PATHS = pytest.mark.parametrize("reset", [None, do_nothing], ids=["fast", "careful"])


@PATHS
@pytest.mark.parametrize(
    ("values", "data", "first"),
    [
        ([True, False, np.True_], bytearray([1, 0, 1]), {"bool": 0}),
        ([3, np.int8(4), -5], array("q", [3, 4, -5]), {"int": 0}),
        ([0.5, np.float32(0.25), 2.0], array("d", [0.5, 0.25, 2.0]), {"float": 0}),
        ([3, 0.5, 4], array("d", [3, 0.5, 4]), {"int": 0, "float": 1}),
        ([0.5, 3, 0.25], array("d", [0.5, 3, 0.25]), {"float": 0, "int": 1}),
        ([True, 0.5, 3, False], array("d", [1, 0.5, 3, 0]), {"bool": 0, "float": 1, "int": 2}),
        ([2, True, 2, 0.5, 0.25], array("d", [2, 1, 2, 0.5, 0.25]), {"int": 0, "bool": 1, "float": 3}),
        ([2**53, 2**60, 2**70], array("d", [2**53, 2**60, 2**70]), {"int": 0, "float": 2}),
    ],
)
def test_observations_are_kept_in_the_narrowest_array(
    values: list[object], data: object, first: dict[str, int], reset: Callable[[int], None] | None
) -> None:
    """The array widens when another type comes; the first trial of each type is remembered."""
    done = run(lambda trial: values[trial.index], len(values), reset=reset)
    assert done.columns[VALUE].data == data
    assert type(done.columns[VALUE].data) is type(data)
    assert done.columns[VALUE].first == first
    assert (done.failure, done.bad, list(done.errors)) == (None, {}, [])


@PATHS
def test_each_trial_runs_once_in_order_and_sees_its_own_index(reset: Callable[[int], None] | None) -> None:
    """A slice runs its own range, nothing before, nothing after, nothing twice."""
    seen: list[int] = []

    def observe(trial: Trial) -> bool:
        seen.append(trial.index)
        return True

    done = run(observe, 20, 7, reset=reset)
    assert seen == list(range(7, 20))
    assert (done.start, done.stop, done.test, done.key) == (7, 20, TEST, KEY.hex())


def test_fixtures_are_reset_before_every_trial_but_the_first() -> None:
    """The set-up of the first trial is the test's own; reset comes before each later one."""
    events: list[str] = []

    def observe(trial: Trial) -> bool:
        events.append(f"run {trial.index}")
        return True

    run(observe, 6, 3, reset=lambda index: events.append(f"reset {index}"))
    assert events == ["run 3", "reset 4", "run 4", "reset 5", "run 5"]


def test_fixtures_and_trial_share_one_stream() -> None:
    """What a fixture draws in its set-up, before the first trial or a later one, the trial does not draw again."""
    trial = Trial(KEY, trials=4)
    drawn: list[tuple[float, float]] = []
    fixture: list[float] = []

    def set_up(_: int) -> None:
        fixture[:] = [trial.rng.random()]

    def call() -> bool:
        drawn.append((fixture[0], trial.rng.random()))
        return True

    def drawn_from(start: int, stop: int) -> list[tuple[float, float]]:
        drawn.clear()
        trial.begin(start)
        set_up(start)
        run_slice(call, trial, start=start, stop=stop, shape=Shape.of_value(TEST), reset=set_up)
        return list(drawn)

    whole = drawn_from(0, 4)
    assert len({number for pair in whole for number in pair}) == 8
    assert drawn_from(0, 2) + drawn_from(2, 4) == whole


@PATHS
@pytest.mark.parametrize(
    "error", [ValueError("the-secret"), SystemExit(1), AssertionError("the-secret"), BaseException("the-secret")]
)
def test_an_exception_ends_the_slice_with_trial_seed_class_and_place(
    error: BaseException, reset: Callable[[int], None] | None
) -> None:
    """Everything but an interruption is a failure, and no word of its message enters it."""
    done = run(raising(error, 3), 10, reset=reset, rootdir=__file__.rsplit("/", 1)[0])
    failure = done.failure
    assert failure is not None
    assert (failure.trial, failure.seed, failure.exception) == (3, trial_seed(KEY, 3), type(error).__name__)
    assert failure.reason.startswith(f"the trial raised {type(error).__name__}")
    assert failure.place is not None
    assert failure.place.startswith("test_trials_loop.py:")
    assert failure.error is error
    assert done.first_failure is failure
    assert len(done.columns[VALUE].data) == 3
    assert "secret" not in done.to_text()


def test_an_assertion_says_what_to_write_instead() -> None:
    """The hint stands in the reason."""
    failure = run(raising(AssertionError(), 0), 1).failure
    assert failure is not None
    assert failure.reason == "the trial raised AssertionError: return the condition instead of asserting it"


@pytest.mark.parametrize("name", ["Skipped", "XFailed", "SystemExit"])
def test_leaving_a_trial_has_its_own_hint(name: str) -> None:
    """A skip, an xfail or an exit inside a trial are failures with words of their own."""
    failure = run(raising(type(name, (BaseException,), {})(), 0), 1).failure
    assert failure is not None
    assert failure.reason.startswith(f"the trial raised {name}: ")


class Exit(BaseException):
    """Ends the session, as pytest.exit does."""


@PATHS
@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, Exit])
@pytest.mark.parametrize("keep_going", [False, True])
def test_an_interruption_passes_through(
    error: type[BaseException], keep_going: bool, reset: Callable[[int], None] | None
) -> None:
    """Ctrl-C and pytest.exit stop the session; no error rule counts them."""
    with pytest.raises(error):
        run(raising(error(), 3), 10, keep_going=keep_going, stop_on=(Exit,), reset=reset)


@PATHS
def test_errors_are_gone_over_when_some_claim_counts_them(reset: Callable[[int], None] | None) -> None:
    """Every trial runs; the places of the failing ones are kept, the first in detail."""
    done = run(raising(ValueError(), 0, 1, 5, 9, value=0.5), 10, keep_going=True, reset=reset)
    assert list(done.errors) == [0, 1, 5, 9]
    assert done.columns[VALUE].data == array("d", [0, 0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0])
    assert done.columns[VALUE].first == {"float": 2}
    assert done.failure is None
    assert done.first_error is not None
    assert (done.first_error.trial, done.first_error.exception) == (0, "ValueError")


@PATHS
def test_only_errors_leave_only_places(reset: Callable[[int], None] | None) -> None:
    """A slice in which every trial raised keeps a place for each."""
    done = run(raising(ValueError(), *range(5)), 5, keep_going=True, reset=reset)
    assert list(done.errors) == [0, 1, 2, 3, 4]
    assert (done.columns[VALUE].data, done.columns[VALUE].first) == (bytearray(5), {})


@pytest.mark.parametrize("error", [PickError("no items"), TimeoutError()])
def test_what_no_claim_may_count_ends_the_slice(error: BaseException) -> None:
    """A pick that can never work and a timeout of the whole test are no errors of one trial."""
    done = run(raising(error, 3), 10, keep_going=True, is_fatal=lambda raised: isinstance(raised, TimeoutError))
    assert done.failure is not None
    assert (done.failure.trial, list(done.errors)) == (3, [])


def test_a_fixture_that_fails_between_trials_ends_the_slice() -> None:
    """A set-up error is no observation, whatever the error rule; it is told as one of the fixtures."""

    def reset(index: int) -> None:
        if index == 2:
            raise ConnectionError

    done = run(lambda _: True, 10, keep_going=True, reset=reset)
    assert done.failure is not None
    assert (done.failure.trial, done.failure.exception) == (2, "ConnectionError")
    assert done.failure.reason == "setting up or tearing down the trial raised ConnectionError"
    assert len(done.columns[VALUE].data) == 2


@PATHS
@pytest.mark.parametrize("keep_going", [False, True])
def test_a_bad_observation_ends_a_lone_claim(keep_going: bool, reset: Callable[[int], None] | None) -> None:
    """A None, or a NaN, is no exception that could be counted: the claim is VOID at that trial."""
    done = run(lambda trial: None if trial.index == 4 else 0.5, 10, keep_going=keep_going, reset=reset)
    assert done.failure is None
    assert done.bad[None].trial == 4
    assert done.bad[None].reason == "the trial returned None: return the observation"
    assert done.bad[None].exception is None
    assert done.first_failure is done.bad[None]
    assert len(done.columns[VALUE].data) == 4


def test_nan_is_bad_after_a_million_floats_too() -> None:
    """The inline check of the fast path refuses NaN and infinity wherever they come."""
    for bad in (float("nan"), float("inf"), float("-inf")):
        values = [0.5] * 1000 + [bad]
        assert run(lambda trial, values=values: values[trial.index], 1001).bad[None].trial == 1000  # type: ignore[misc]


PAIR = Shape.of_value(TEST, is_paired=True)
KEYS = Shape(test=TEST, entries=(KeyShape(key="a", is_paired=False), KeyShape(key="b", is_paired=True)))


def test_pairs_fill_two_columns() -> None:
    """first and second keep their own types."""
    done = run(lambda trial: (trial.index, trial.index % 2 == 0), 3, shape=PAIR)
    assert done.columns[None, "first"].data == array("q", [0, 1, 2])
    assert done.columns[None, "second"].data == bytearray([1, 0, 1])


def test_dicts_fill_a_column_per_key_that_is_used() -> None:
    """Keys no claim is about are ignored, whatever they hold."""
    done = run(lambda trial: {"a": 0.5, "b": (1, 2), "note": "anything"}, 2, shape=KEYS)
    assert set(done.columns) == {("a", "value"), ("b", "first"), ("b", "second")}
    assert done.columns["a", "value"].data == array("d", [0.5, 0.5])


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (0.5, 'the trial returned a float, not a dict: return {"a": ...}'),
        (None, "the trial returned None: return the observation, a dict"),
        ({"b": (1, 2)}, "the dict the trial returned has no key 'a': return every key claims use"),
        ({"a": None, "b": (1, 2)}, "the trial returned None"),
        ({"a": {"deep": 1}, "b": (1, 2)}, "the trial returned a dict where one number is expected"),
        ({"a": (1, 2), "b": (1, 2)}, "the trial returned a tuple, and the metric is not about pairs"),
    ],
)
def test_a_dict_must_have_every_key_claims_use(observation: object, reason: str) -> None:
    """What is missing or malformed under a key is told in words."""
    done = run(lambda _: observation, 2, shape=KEYS)
    assert done.bad["a"].reason.startswith(reason)


def test_a_bad_value_spoils_only_its_own_key() -> None:
    """A sibling claim about another key goes on, to the last trial."""
    done = run(lambda trial: {"a": None if trial.index == 2 else 0.5, "b": (1, 2)}, 5, shape=KEYS)
    assert done.bad.keys() == {"a"}
    assert done.bad["a"].trial == 2
    assert [len(column.data) for column in done.columns.values()] == [2, 5, 5]
    assert done.failure is None


def test_errors_after_a_bad_value_keep_no_place_in_the_spoilt_column() -> None:
    """Each column holds exactly the trials it says it holds."""

    def observe(trial: Trial) -> object:
        if trial.index == 3:
            raise ValueError
        return {"a": None if trial.index == 2 else 0.5, "b": (1, 2)}

    done = run(observe, 5, shape=KEYS, keep_going=True)
    assert [len(column.data) for column in done.columns.values()] == [2, 5, 5]


def test_when_every_key_is_spoilt_the_slice_ends() -> None:
    """No claim is left that could use another trial."""
    seen: list[int] = []

    def observe(trial: Trial) -> object:
        seen.append(trial.index)
        return {"a": None if trial.index == 1 else 1, "b": 3 if trial.index == 2 else (1, 2)}

    done = run(observe, 9, shape=KEYS)
    assert {key: failure.trial for key, failure in done.bad.items()} == {"a": 1, "b": 2}
    assert seen == [0, 1, 2]


def test_a_defaultdict_is_not_asked_to_invent_a_key() -> None:
    """A missing key is missing, even where asking for it would make it."""
    from collections import defaultdict  # used here only

    done = run(lambda _: defaultdict(float), 1, shape=KEYS)
    assert done.bad["a"].reason.startswith("the dict the trial returned has no key")


def test_progress_tells_the_trials_done() -> None:
    """Slow trials are told one by one, from this slice's own beginning."""
    told: list[int] = []
    clock = iter(range(1000))
    import pytest_ophamin.trials.loop as loop  # noqa: PLR0402  # its clock is replaced

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "perf_counter", lambda: float(next(clock)))
        run(lambda _: True, 15, 10, progress=told.append)
    assert told == [1, 2, 3, 4, 5]


def test_progress_of_quick_trials_is_told_rarely() -> None:
    """A hundred thousand quick trials are a handful of calls."""
    told: list[int] = []
    done = run(lambda _: True, 100_000, progress=told.append)
    assert len(told) < 100
    assert len(done.columns[VALUE].data) == 100_000


def test_a_trial_that_uses_global_randomness_is_told() -> None:
    """Its observations would depend on how trials are sliced."""
    import random

    assert run(lambda _: random.random(), 3).warnings == ("global random state used: take trial.rng",)
    assert run(lambda _: np.random.random(), 3).warnings == ("global random state used: take trial.rng",)  # noqa: NPY002
    assert run(lambda trial: trial.rng.random(), 3).warnings == ()


def test_a_claims_slice_takes_what_its_claims_need() -> None:
    """The shape of a group of stacked claims: each key once, pairs where a metric is about pairs."""
    group = group_of(
        declared(of="a", stacked=True, metric="mean", trials=3),
        declared(of="a", stacked=True, metric="p50", trials=2),
        declared(of="b", stacked=True, metric="difference", trials=2),
    )
    assert Shape.of_group(group) == KEYS
    done = slice_of(group, lambda _: {"a": 1, "b": (1, 2)})
    assert [len(column.data) for column in done.columns.values()] == [3, 3, 3]


def test_seconds_are_measured() -> None:
    """The time spent in trials travels with the slice."""
    assert 0 <= run(lambda _: True, 3).seconds < 10


def test_the_loop_needs_no_numpy() -> None:
    """A worker that draws nothing loads neither NumPy nor SciPy nor pydantic nor pytest."""
    import subprocess

    code = (
        "import sys\n"
        "from pytest_ophamin.trials.loop import run_slice, run_slice_async\n"
        "from pytest_ophamin.trials.trial import Trial\n"
        "from pytest_ophamin.trials.shape import Shape\n"
        "from pytest_ophamin.claims import declare, document, lock, registration\n"
        "t = Trial(bytes(16), trials=9)\n"
        "s = run_slice(lambda: t.seed % 2 == 0, t, start=0, stop=9, shape=Shape.of_value('t'))\n"
        "assert len(s.to_text()) > 9\n"
        "print(sorted({'numpy', 'scipy', 'pydantic', 'pytest', 'cryptography'} & set(sys.modules)))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert found.stdout.strip() == "[]"
