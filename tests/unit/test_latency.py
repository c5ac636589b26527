"""Open-loop latency: due times, waiting, and a stall that is charged to every request it delayed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest

from pytest_ophamin.errors import UsageError
from pytest_ophamin.latency import OpenLoop


class Clock:
    """A clock that stands still unless someone waits or works."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def work(self, seconds: float) -> Callable[[], None]:
        """Return a call that takes so long."""

        def call() -> None:
            self.now += seconds

        return call


@pytest.fixture
def clock() -> Clock:
    """Return a clock of the test's own."""
    return Clock()


def loop_of(clock: Clock, rate: float = 10.0, **options: object) -> OpenLoop:
    """Return a loop on that clock."""
    return OpenLoop(rate, clock=clock, sleep=clock.sleep, **options)  # type: ignore[arg-type]


def test_quick_requests_are_sent_when_they_are_due(clock: Clock) -> None:
    """Ten a second, 20 ms each: every latency is 20 ms, and the loop waits 80 ms in between."""
    loop = loop_of(clock)
    latencies = [loop.measure(clock.work(0.02)) for _ in range(5)]
    assert latencies == pytest.approx([20.0] * 5)
    assert clock.slept == pytest.approx([0.08] * 4)


def test_a_stall_is_charged_to_every_request_it_delayed(clock: Clock) -> None:
    """A call of a second, at ten a second: ten requests waited, 1,000 ms down to 100 ms. A closed loop sees one."""
    loop = loop_of(clock)
    latencies = [loop.measure(clock.work(1.0 if index == 5 else 0.0)) for index in range(20)]
    assert latencies[:5] == pytest.approx([0.0] * 5)
    assert latencies[5:15] == pytest.approx([1000.0 - 100.0 * late for late in range(10)])
    assert latencies[15:] == pytest.approx([0.0] * 5, abs=1e-9)


def test_a_system_that_is_too_slow_falls_behind_for_ever(clock: Clock) -> None:
    """200 ms each at ten a second: every request waits 100 ms more than the one before."""
    loop = loop_of(clock, unit="s")
    assert [loop.measure(clock.work(0.2)) for _ in range(5)] == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6])


def test_the_schedule_starts_with_the_first_request(clock: Clock) -> None:
    """Set-up between making the loop and using it is nobody's latency."""
    loop = loop_of(clock)
    clock.now += 60.0
    assert loop.measure(clock.work(0.01)) == pytest.approx(10.0)


def test_another_slice_begins_a_new_schedule(clock: Clock) -> None:
    """Its trials are another object, and what ran in between is nobody's latency."""
    loop, first, second = loop_of(clock), object(), object()
    assert [loop.measure(clock.work(0.01), trial=first) for _ in range(2)] == pytest.approx([10.0, 10.0])
    clock.now += 60.0
    assert [loop.measure(clock.work(0.01), trial=second) for _ in range(2)] == pytest.approx([10.0, 10.0])
    clock.now += 60.0
    assert loop.measure(clock.work(0.01), trial=second) > 59_000.0
    loop.restart()
    assert loop.measure(clock.work(0.01), trial=second) == pytest.approx(10.0)


def test_a_block_is_a_request_too_and_ends_with_an_exception(clock: Clock) -> None:
    """The context manager gives due time, sending time and latency; a failed request took its time as well."""
    loop = loop_of(clock)
    with loop.request() as request:
        assert math.isnan(request.latency)
        clock.now += 0.35
    assert (request.index, request.intended, request.sent, request.latency) == pytest.approx((0, 100.0, 100.0, 350.0))
    with pytest.raises(ValueError, match="no"), loop.request() as late:
        raise ValueError("no")
    assert (late.index, late.intended, late.sent, late.latency) == pytest.approx((1, 100.1, 100.35, 250.0))


def test_due_times_do_not_drift(clock: Clock) -> None:
    """A thousandth of a second a million times is a thousand seconds, whatever rounding does to each."""
    loop = loop_of(clock, 1000.0)
    loop.measure(clock.work(0.0))
    loop._index = 1_000_000
    with loop.request() as request:
        pass
    assert request.intended == 1100.0


@pytest.mark.parametrize("rate", [0.0, -1.0, math.inf, math.nan])
def test_a_rate_is_positive(rate: float) -> None:
    """Anything else is a mistake of the author."""
    with pytest.raises(UsageError, match="positive number of requests per second"):
        OpenLoop(rate)


def test_a_unit_is_known() -> None:
    """Milliseconds or seconds."""
    with pytest.raises(UsageError, match='"ms" or "s"'):
        OpenLoop(1.0, unit="us")  # type: ignore[arg-type]


def test_by_default_it_is_the_machines_own_clock() -> None:
    """A thousand a second really take their time."""
    loop, before = OpenLoop(1000.0), time.perf_counter()
    latencies = [loop.measure(lambda: None) for _ in range(20)]
    assert time.perf_counter() - before >= 0.019
    assert min(latencies) >= 0.0
