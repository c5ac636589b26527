"""The trial loop costs about as much as a Python call: ratios against a bare loop, measured side by side.

Absolute times stand in BENCHMARKS.md, never in an assertion. Each ratio is the least of several interleaved rounds,
which other work on the machine can only raise.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest
from claimed import KEY, TEST, declared, group_of

from pytest_ophamin.trials.gather import Gathering
from pytest_ophamin.trials.loop import run_slice
from pytest_ophamin.trials.sample import Sample
from pytest_ophamin.trials.shape import Shape
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.trial import Trial

TRIALS = 100_000
ROUNDS = 5


def seconds(run: Callable[[], object]) -> float:
    """Return how long one run takes."""
    began = perf_counter()
    run()
    return perf_counter() - began


def bare(call: Callable[[], object]) -> Callable[[], object]:
    """Return the loop anybody would write."""

    def loop() -> list[object]:
        return [call() for _ in range(TRIALS)]

    return loop


def added(call: Callable[[], object], trial: Trial) -> tuple[float, float]:
    """Return the time of a bare call, and what the loop adds to it, both per trial."""
    shape = Shape.of_value(TEST)
    bare_times, loop_times = [], []
    for _ in range(ROUNDS):
        bare_times.append(seconds(bare(call)))
        loop_times.append(seconds(lambda: run_slice(call, trial, start=0, stop=TRIALS, shape=shape)))
    return min(bare_times) / TRIALS, (min(loop_times) - min(bare_times)) / TRIALS


@pytest.mark.parametrize("value", [True, 0.5, 3], ids=["bool", "float", "int"])
def test_a_trial_costs_about_as_much_as_a_call(value: object) -> None:
    """A call of the kind the plugin makes (a function with arguments behind a lambda) at most triples."""

    def observe(trial: object, model: object) -> object:
        return value

    trial = Trial(KEY, trials=TRIALS)
    call, overhead = added(lambda: observe(trial=trial, model=None), trial)
    assert overhead <= 3.0 * call, f"{overhead * 1e9:.0f} ns on {call * 1e9:.0f} ns"


def test_drawing_costs_a_fraction_of_a_new_generator() -> None:
    """Re-setting one generator is at least four times faster than making one for every trial."""
    trial = Trial(KEY, trials=TRIALS)
    shape = Shape.of_value(TEST)
    few = TRIALS // 10
    key = int.from_bytes(KEY, "little")

    def anew() -> float:
        return float(np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, 7])).random())

    def draw() -> float:
        return trial.rng.random()

    def loop() -> object:
        return run_slice(draw, trial, start=0, stop=few, shape=shape)

    made_anew = min(seconds(lambda: [anew() for _ in range(few)]) for _ in range(ROUNDS))
    re_set = min(seconds(loop) for _ in range(ROUNDS))
    assert re_set * 4.0 <= made_anew, f"{re_set / few * 1e9:.0f} ns against {made_anew / few * 1e9:.0f} ns"


def test_a_million_floats_stay_small() -> None:
    """8 MB of observations: no list of objects is ever made, here or where slices meet."""
    trials = 1_000_000
    claim = declared(metric="mean", trials=trials)
    group = group_of(claim)
    trial = Trial.of_group(group, KEY)
    tracemalloc.start()
    try:
        text = run_slice(lambda: trial.index * 0.5, trial, start=0, stop=trials, shape=Shape.of_group(group)).to_text()
        gathering = Gathering(group, KEY)
        gathering.add(text)
        del text
        evidence = gathering.evidence_for(claim)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(evidence, Sample)
    assert evidence.value.values[-1] == (trials - 1) * 0.5
    assert peak < 8 * trials * 8, f"peak {peak / 1e6:.0f} MB"


def test_a_slice_is_cheap_to_send() -> None:
    """Text and back takes a small part of the time the trials took."""
    trial = Trial(KEY, trials=TRIALS)
    shape = Shape.of_value(TEST)
    made: list[Slice] = []
    run = min(
        seconds(lambda: made.append(run_slice(lambda: trial.index * 0.5, trial, start=0, stop=TRIALS, shape=shape)))
        for _ in range(ROUNDS)
    )
    send = min(seconds(lambda: Slice.from_text(made[-1].to_text())) for _ in range(ROUNDS))
    assert send <= run, f"{send * 1e3:.1f} ms against {run * 1e3:.1f} ms"
