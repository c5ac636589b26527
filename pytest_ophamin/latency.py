"""Latency under open-loop load: requests are due at fixed times, and a stall is charged to every request it delayed.

A loop that sends the next request when the last one has returned stops asking while the system stalls, so a stall of a
second is one slow request among many quick ones (*coordinated omission*: Tene 2013; Schroeder, Wierman & Harchol-Balter
2006, "Open Versus Closed"). :class:`OpenLoop` fixes beforehand when each request is due, start + index / rate, and
measures from then on.

    >>> loop = OpenLoop(1000.0)
    >>> latency = loop.measure(lambda: None)

It is written for a module or session fixture, ``loop.measure(call, trial=trial)`` in each trial; see docs/latency.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from pytest_ophamin.errors import UsageError

__all__ = ["OpenLoop", "Request"]

_UNITS = {"ms": 1000.0, "s": 1.0}


class Request:
    """One request of an open loop: when it was due, and how long after that it was answered."""

    __slots__ = ("index", "intended", "latency", "sent")

    def __init__(self, index: int, intended: float, sent: float) -> None:
        self.index = index
        """Number of the request in its schedule, from 0."""
        self.intended = intended
        """The clock's time at which it was due."""
        self.sent = sent
        """The clock's time at which it was sent: later than ``intended`` where earlier requests held it up."""
        self.latency = math.nan
        """Time from ``intended`` to the end of the request, in the loop's unit; NaN until it has ended."""


class OpenLoop:
    """A schedule of requests at a fixed rate, and the latency of each from the time it was due.

    One schedule serves the consecutive trials of one slice. It starts with the first request, so that set-up is
    nobody's latency. Trials of another slice, which may run any time later, begin a new one.

    Args:
        rate_per_second: Requests due per second.
        unit: Unit of the latencies, ``"ms"`` or ``"s"``.
        clock: Returns the time in seconds; it must never go back.
        sleep: Waits for a number of seconds.

    Raises:
        UsageError: The rate is not a positive number, or the unit is unknown.
    """

    def __init__(
        self,
        rate_per_second: float,
        *,
        unit: Literal["ms", "s"] = "ms",
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if not 0.0 < rate_per_second < math.inf:
            raise UsageError(f"OpenLoop: expected a positive number of requests per second, came {rate_per_second!r}")
        if unit not in _UNITS:
            raise UsageError(f'OpenLoop: expected unit "ms" or "s", came {unit!r}')
        self._rate = rate_per_second
        self._scale = _UNITS[unit]
        self._clock = clock
        self._sleep = sleep
        self._index = 0
        self._start: float | None = None
        self._slice: object = None

    def restart(self) -> None:
        """Begin a new schedule with the next request."""
        self._index, self._start = 0, None

    @contextmanager
    def request(self, *, trial: object = None) -> Iterator[Request]:
        """Wait until the next request is due, and time the block from then on.

        Args:
            trial: The trial this request belongs to. All trials of a slice are one object, so a new schedule begins
                where another comes.

        Yields:
            The request; its ``latency`` is known when the block has ended, by an exception too.
        """
        request = self._next(trial)
        try:
            yield request
        finally:
            request.latency = (self._clock() - request.intended) * self._scale

    def measure(self, call: Callable[[], object], *, trial: object = None) -> float:
        """Return the latency of ``call()`` from the time it was due, in the loop's unit.

        Args:
            call: Sends one request and waits for its answer.
            trial: See :meth:`request`.
        """
        with self.request(trial=trial) as request:
            call()
        return request.latency

    def _next(self, trial: object) -> Request:
        if trial is not None and trial is not self._slice:
            self._slice = trial
            self.restart()
        now = self._clock()
        if self._start is None:
            self._start = now
        # From the start each time: adding up periods would add up their rounding.
        index, intended = self._index, self._start + self._index / self._rate
        self._index += 1
        if now < intended:
            self._sleep(intended - now)
            now = self._clock()
        return Request(index, intended, now)
