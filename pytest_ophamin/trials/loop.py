r"""The loop: run the trials of one slice and keep what they return, at little more than the cost of a Python call.

What makes it fast is what is not done per trial: no ``try`` is entered (one per chunk; Python 3.11 enters it for free,
but leaving the loop and coming back is needed anyway), no object is made, no clock is read. Observations go into typed
arrays, checked inline against the type seen so far; anything else takes the careful way through :func:`coerce`.

    >>> from pytest_ophamin.trials.shape import Shape
    >>> trial = Trial(bytes(16), trials=4)
    >>> one = run_slice(lambda: trial.index % 2 == 0, trial, start=0, stop=4, shape=Shape.of_value("t.py::t"))
    >>> one.columns[None, "value"].data
    bytearray(b'\x01\x00\x01\x00')
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from pytest_ophamin.trials.globals import seeded_globals
from pytest_ophamin.trials.observe import coerce
from pytest_ophamin.trials.recording import Recording
from pytest_ophamin.trials.shape import Shape
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.streams import trial_seed
from pytest_ophamin.trials.trial import Trial

_NEVER: tuple[float, float] = (float("inf"), float("-inf"))
# What may be appended unseen, exclusive: finite floats, and the integers float64 holds without asking.
_OPEN_RANGE: dict[type | None, tuple[float, float]] = {
    bool: (-1, 2),
    int: (-(2**53) - 1, 2**53 + 1),
    float: (float("-inf"), float("inf")),
}
_CHUNK_SECONDS = 0.1
_LONGEST_CHUNK = 65536
_ASKING_SHARE = 0.1


def run_slice(
    call: Callable[[], object],
    trial: Trial,
    *,
    start: int,
    stop: int,
    shape: Shape,
    reset: Callable[[int], None] | None = None,
    progress: Callable[[int], None] | None = None,
    keep_going: bool = False,
    stop_on: tuple[type[BaseException], ...] = (),
    is_fatal: Callable[[BaseException], bool] | None = None,
    rootdir: str | os.PathLike[str] | None = None,
    enough: Callable[[Slice], bool] | None = None,
) -> Slice:
    """Run trials ``start`` to ``stop - 1`` and return them as a slice.

    Args:
        call: Runs the test function once and returns what it returned.
        trial: The object the test function sees; only its index moves. Fixtures of the first trial may have drawn from
            ``trial.rng`` already (after ``trial.begin(start)``): the stream is continued, not begun anew.
        start: First trial index.
        stop: One past the last trial index.
        shape: What the claims need of an observation.
        reset: Called before every trial but the first, with its index: tears fixtures down and sets them up. What it
            raises is a failure no claim can count.
        progress: Called about ten times a second with the number of trials done in this slice.
        keep_going: Go on after an exception in a trial (some claim says ``errors="against"``).
        stop_on: Exceptions that end the session (``pytest.exit``); like KeyboardInterrupt they pass through.
        is_fatal: Says of an exception in a trial that it is not the trial's own (a timeout of the whole test): the
            slice ends, whatever ``keep_going`` says.
        rootdir: Failures are placed relative to it.
        enough: Asked now and then with the trials done so far; the slice ends there when they are enough. Which trials
            decide a claim depends on no answer of this: it saves trials, nothing else.
    """
    run = Recording(
        trial, start, stop, shape, keep_going=keep_going, stop_on=stop_on, is_fatal=is_fatal, rootdir=rootdir
    )
    step = _steps(call, run, reset)
    began = perf_counter()
    with seeded_globals(trial_seed(trial.key, start)) as watch:
        pace = _Pace(progress, start)
        asking = _Asking(enough, start)
        while run.position < stop:
            end = min(pace.next_end(run.position, stop), asking.next_end(stop))
            try:
                step(run.position, end)
                run.position = end
            except BaseException as error:  # a skip or SystemExit in a trial is a failure too
                if run.passes_through(error):
                    raise
                run.fail(error)
            pace.tell(run.position)
            if asking.is_enough(run):
                break
    return run.to_slice(perf_counter() - began, moved=watch.was_moved)


async def run_slice_async(
    call: Callable[[], Awaitable[object]],
    trial: Trial,
    *,
    start: int,
    stop: int,
    shape: Shape,
    reset: Callable[[int], None] | None = None,
    progress: Callable[[int], None] | None = None,
    keep_going: bool = False,
    stop_on: tuple[type[BaseException], ...] = (),
    is_fatal: Callable[[BaseException], bool] | None = None,
    rootdir: str | os.PathLike[str] | None = None,
    enough: Callable[[Slice], bool] | None = None,
) -> Slice:
    """Run a slice whose trials are awaited; arguments and result as of :func:`run_slice`."""
    run = Recording(
        trial, start, stop, shape, keep_going=keep_going, stop_on=stop_on, is_fatal=is_fatal, rootdir=rootdir
    )
    began = perf_counter()
    with seeded_globals(trial_seed(trial.key, start)) as watch:
        pace = _Pace(progress, start)
        asking = _Asking(enough, start)
        while run.position < stop:
            end = min(pace.next_end(run.position, stop), asking.next_end(stop))
            try:
                for index in range(run.position, end):
                    trial._index = index  # noqa: SLF001  # the loop is the harness the trial belongs to
                    if reset is not None and index > start:
                        run.reset(reset, index)
                    run.take(index, await call())
                run.position = end
            except BaseException as error:
                if run.passes_through(error) or _is_cancellation(error):
                    raise
                run.fail(error)
            pace.tell(run.position)
            if asking.is_enough(run):
                break
    return run.to_slice(perf_counter() - began, moved=watch.was_moved)


def _steps(
    call: Callable[[], object], run: Recording, reset: Callable[[int], None] | None
) -> Callable[[int, int], None]:
    """Return the function that runs the trials [first, end): the fast one where nothing stands in its way."""
    trial = run.trial

    def fast(first: int, end: int) -> None:
        column = run.only_column
        while first < end:
            kind = column.kind
            low, high = _OPEN_RANGE.get(kind, _NEVER)
            append = column.data.append
            for index in range(first, end):
                trial._index = index  # noqa: SLF001  # the loop is the harness the trial belongs to
                value: Any = call()
                if type(value) is kind and low < value < high:
                    append(value)
                    continue
                column.put(index, coerce(value))
                if column.kind is not kind:
                    break
            else:
                return
            first = index + 1

    def careful(first: int, end: int) -> None:
        for index in range(first, end):
            trial._index = index  # noqa: SLF001
            if reset is not None and index > run.start:
                run.reset(reset, index)
            run.take(index, call())

    return fast if reset is None and run.shape.is_plain else careful


class _Pace:
    """Chunks long enough to cost nothing, short enough to show progress about ten times a second."""

    def __init__(self, progress: Callable[[int], None] | None, start: int) -> None:
        self._progress = progress
        self._start = start
        self._length = 1
        self._at = perf_counter()

    def next_end(self, position: int, stop: int) -> int:
        return stop if self._progress is None else min(position + self._length, stop)

    def tell(self, position: int) -> None:
        if self._progress is None:
            return
        now = perf_counter()
        if now - self._at < _CHUNK_SECONDS:
            self._length = min(self._length * 2, _LONGEST_CHUNK)
            return
        self._length = max(self._length // 2, 1)
        self._at = now
        self._progress(position - self._start)


class _Asking:
    """Asks whether the trials done are enough, as often as costs a tenth of the trials themselves."""

    def __init__(self, enough: Callable[[Slice], bool] | None, start: int) -> None:
        self._enough = enough
        self._start = start
        self._next = start + 1
        self._asked_for = 0.0
        """Seconds spent asking."""
        self._began = perf_counter()

    def next_end(self, stop: int) -> int:
        return stop if self._enough is None else min(self._next, stop)

    def is_enough(self, run: Recording) -> bool:
        if self._enough is None or run.position < self._next or run.position >= run.stop:
            return False
        asked = perf_counter()
        answer = self._enough(run.to_slice(0.0, moved=False))
        now = perf_counter()
        self._asked_for += now - asked
        per_trial = (now - self._began - self._asked_for) / (run.position - self._start)
        wait = (now - asked) / (_ASKING_SHARE * max(per_trial, 1e-9))
        self._next = run.position + max(1, min(int(wait), _LONGEST_CHUNK))
        return answer


def _is_cancellation(error: BaseException) -> bool:
    """Whether the event loop is stopping this task: swallowing that would hang it, or lose a Ctrl-C."""
    trio = sys.modules.get("trio")
    if trio is not None and isinstance(error, trio.Cancelled):
        return True
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
