"""Global random state is seeded for a slice, restored after it, and its use is noticed."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest

from pytest_ophamin.trials.globals import seeded_globals


def test_draws_are_those_of_the_seed_and_state_comes_back() -> None:
    """Inside, both generators repeat; outside, nothing has happened."""
    outside = (random.getstate(), np.random.get_state()[1].tolist())  # type: ignore[index]  # noqa: NPY002
    drawn = []
    for _ in range(2):
        with seeded_globals(7):
            drawn.append((random.random(), np.random.random()))  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == outside  # type: ignore[index]  # noqa: NPY002


@pytest.mark.parametrize(
    ("use", "moved"),
    [
        (lambda: None, False),
        (random.random, True),
        (lambda: random.gauss(0, 1), True),
        (lambda: random.seed(3), True),
        (lambda: random.Random(3).random(), False),
        (np.random.random, True),
        (np.random.standard_normal, True),
        (lambda: np.random.seed(3), True),  # noqa: NPY002
        (lambda: np.random.default_rng(3).random(), False),
    ],
)
def test_any_use_of_global_state_is_noticed(use: object, moved: bool) -> None:
    """Drawing and seeding both move the state; generators of one's own do not."""
    with seeded_globals(7) as watch:
        use()  # type: ignore[operator]
    assert watch.was_moved is moved


def test_state_comes_back_after_an_exception() -> None:
    """A failing slice leaves no trace in the next test's randomness."""
    before = random.getstate()

    def fail() -> None:
        with seeded_globals(7):
            random.random()
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert random.getstate() == before


def test_numpy_is_not_loaded_for_its_own_sake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numpy.random is not loaded, only `random` is seeded and watched."""
    monkeypatch.delitem(sys.modules, "numpy.random")
    with seeded_globals(7) as watch:
        assert "numpy.random" not in sys.modules
    assert not watch.was_moved


@pytest.mark.parametrize(("draw", "moved"), [(False, False), (True, True)])
def test_numpy_loaded_within_a_slice_is_watched_from_then_on(
    monkeypatch: pytest.MonkeyPatch, draw: bool, moved: bool
) -> None:
    """A generator that was never seeded for the slice must not have been drawn from."""
    module = sys.modules["numpy.random"]
    state = np.random.get_state()  # noqa: NPY002
    monkeypatch.delitem(sys.modules, "numpy.random")
    try:
        with seeded_globals(7) as watch:
            sys.modules["numpy.random"] = module
            np.random.seed(1)  # noqa: NPY002  # as importing it does
            if draw:
                np.random.random()  # noqa: NPY002
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert watch.was_moved is moved


def test_a_foreign_global_bit_generator_is_left_alone() -> None:
    """Where somebody replaced NumPy's global generator there is no legacy state to seed or to restore."""
    state = np.random.mtrand.get_bit_generator()
    np.random.mtrand.set_bit_generator(np.random.PCG64(3))
    try:
        with seeded_globals(7) as watch:
            np.random.random()  # noqa: NPY002
        assert watch.was_moved is False
    finally:
        np.random.mtrand.set_bit_generator(state)


def test_a_trial_that_loads_numpy_first_has_not_used_its_global_state() -> None:
    """NumPy's own seeding on loading leaves another position than ``seed`` does: told by a fresh interpreter."""
    code = (
        "import sys\n"
        "from pytest_ophamin.trials.globals import seeded_globals\n"
        "with seeded_globals(7) as watch:\n"
        "    assert 'numpy' not in sys.modules\n"
        "    import numpy.random\n"
        "assert not watch.was_moved\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
