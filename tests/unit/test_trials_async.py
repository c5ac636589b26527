"""The awaited loop keeps the rules of the plain one, and never swallows a cancellation."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from claimed import KEY, TEST

from pytest_ophamin.trials.loop import run_slice_async
from pytest_ophamin.trials.shape import Shape
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.trial import Trial

VALUE = (None, "value")


async def run(observe: Callable[[Trial], Awaitable[object]], stop: int, **options: Any) -> Slice:
    """Run the first ``stop`` trials of a lone claim."""
    trial = Trial(KEY, trials=stop)
    return await run_slice_async(
        lambda: observe(trial), trial, start=0, stop=stop, shape=Shape.of_value(TEST), **options
    )


def test_awaited_trials_are_kept_in_order() -> None:
    """Each trial is awaited to its end before the next begins."""
    told: list[int] = []

    async def observe(trial: Trial) -> float:
        await asyncio.sleep(0)
        return trial.index / 2

    done = asyncio.run(run(observe, 4, progress=told.append))
    assert done.columns[VALUE].data == array("d", [0, 0.5, 1, 1.5])


def test_an_awaited_exception_is_a_failure() -> None:
    """Trial, class and error rule as in the plain loop; reset runs between trials."""
    events: list[int] = []

    async def observe(trial: Trial) -> bool:
        if trial.index == 2:
            raise ValueError
        return True

    done = asyncio.run(run(observe, 4, reset=events.append))
    assert done.failure is not None
    assert (done.failure.trial, done.failure.exception) == (2, "ValueError")
    assert events == [1, 2]
    counted = asyncio.run(run(observe, 4, keep_going=True))
    assert (list(counted.errors), counted.columns[VALUE].data) == ([2], bytearray([1, 1, 0, 1]))


def test_an_interruption_passes_through_the_awaited_loop() -> None:
    """Ctrl-C is nobody's observation."""

    async def observe(_: Trial) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run(observe, 4, keep_going=True))


def test_a_cancelled_task_stops() -> None:
    """Swallowing the cancellation would lose a Ctrl-C, or hang the loop."""

    async def observe(_: Trial) -> bool:
        await asyncio.sleep(60)
        return True

    async def cancel() -> None:
        task = asyncio.ensure_future(run(observe, 4, keep_going=True))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())


def test_a_cancellation_of_the_trials_own_making_is_a_failure() -> None:
    """A test that awaits a task it cancelled itself has raised, not been stopped."""

    async def observe(_: Trial) -> bool:
        raise asyncio.CancelledError

    done = asyncio.run(run(observe, 4))
    assert done.failure is not None
    assert done.failure.exception == "CancelledError"


def test_trio_cancellations_pass_through() -> None:
    """Under anyio's trio backend a Cancelled belongs to trio, whoever caught it."""
    trio = pytest.importorskip("trio")

    async def observe(_: Trial) -> bool:
        await trio.sleep(60)
        return True

    async def main() -> bool:
        with trio.move_on_after(0.01) as scope:
            await run(observe, 4, keep_going=True)
        return bool(scope.cancelled_caught)

    assert trio.run(main)
