"""Run the trials of one claim item, and keep what they gave as one string."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.compat import (
    FreshFixtures,
    bind_arguments,
    fixture_names,
    is_fast,
    temporary_object,
)
from pytest_ophamin.plugin.progress import TrialProgress
from pytest_ophamin.plugin.settling import UNNEEDED, enough_of, is_unneeded
from pytest_ophamin.trials.loop import run_slice, run_slice_async
from pytest_ophamin.trials.observe import BadObservation
from pytest_ophamin.trials.sample import VALUE
from pytest_ophamin.trials.shape import Shape

if TYPE_CHECKING:
    from pytest_ophamin.trials.slices import Slice


def run_claim(item: pytest.Function) -> None:
    """Run the item's slice of trials and leave its text in the item's stash.

    Raises:
        BaseException: The exception that ended the slice, so that pytest shows it, with its traceback, as for any
            test, and ``--pdb`` stops in the failing trial.
    """
    trial = item.stash[keys.trial]
    if is_unneeded(item):
        item.stash[keys.slice_text] = UNNEEDED
        return
    fresh = None if is_fast(item) else FreshFixtures(item)
    call = _new_instance_per_call(item) if fresh is None else _call_afresh(item)
    progress = TrialProgress(item)
    try:
        done = run_slice(call, trial, reset=None if fresh is None else fresh.reset, **_loop_arguments(item, progress))
    finally:
        progress.clear()
    _keep(item, done)


@contextmanager
def async_in_place(item: pytest.Function) -> Iterator[None]:
    """Let ``item.runtest()`` run all trials of an ``async def`` test, by whichever plugin runs such tests.

    With wider-scoped fixtures only, all trials of the slice are awaited inside one run of the item; otherwise the item
    is run once per trial, each time with fresh fixtures.
    """
    run = _run_async_at_once if is_fast(item) else _run_async_one_by_one
    item.runtest = functools.partial(_run_if_needed, item, run)  # type: ignore[method-assign]
    item.stash[keys.is_awaited] = True
    try:
        yield
    finally:
        del item.runtest
        del item.stash[keys.is_awaited]


def _run_if_needed(item: pytest.Function, run: Callable[[pytest.Function], None]) -> None:
    if is_unneeded(item):
        item.stash[keys.slice_text] = UNNEEDED
    else:
        run(item)


def _run_async_at_once(item: pytest.Function) -> None:
    trial = item.stash[keys.trial]
    original = item.obj
    finished: list[Slice] = []
    progress = TrialProgress(item)

    cls, name = item.cls if _has_instance(item) else None, item.originalname

    async def all_trials(**arguments: object) -> None:
        async def call() -> object:
            function = original if cls is None else getattr(cls(), name)  # a new instance for every trial
            return await function(**arguments)

        finished.append(await run_slice_async(call, trial, **_loop_arguments(item, progress)))

    _pretend_signature(all_trials, original)
    try:
        with temporary_object(item, all_trials):
            _run_by_plugin(item, lambda: bool(finished))
    finally:
        progress.clear()
    if not finished:
        _fail_nobody_ran_it(item)
    _keep(item, finished[0])


def _run_async_one_by_one(item: pytest.Function) -> None:
    trial = item.stash[keys.trial]
    fresh = FreshFixtures(item)
    returned: list[object] = []
    started: list[bool] = []

    def call() -> object:
        original = item.obj

        async def one_trial(**arguments: object) -> None:
            started.append(True)
            returned.append(await original(**arguments))

        _pretend_signature(one_trial, original)
        returned.clear()
        started.clear()
        with temporary_object(item, one_trial):
            _run_by_plugin(item, lambda: bool(started))
        if not returned:
            _fail_nobody_ran_it(item)
        return returned[0]

    progress = TrialProgress(item)
    try:
        done = run_slice(call, trial, reset=fresh.reset, **_loop_arguments(item, progress))
    finally:
        progress.clear()
    _keep(item, done)


def _run_by_plugin(item: pytest.Function, was_run: Callable[[], bool]) -> None:
    try:
        type(item).runtest(item)
    except pytest.skip.Exception:
        if was_run():
            raise
        # Before pytest 8.4 an async test that no plugin runs is skipped, which would say nothing about why.
        _fail_nobody_ran_it(item)


def is_async(item: pytest.Function) -> bool:
    """Tell whether the test is an ``async def``, which another plugin must run."""
    return inspect.iscoroutinefunction(inspect.unwrap(item.function))


def begin_item(item: pytest.Function) -> None:
    """Let the first set-up see the first trial of the slice."""
    item.stash[keys.trial].begin(item.stash[keys.slice_range].start)


def _loop_arguments(item: pytest.Function, progress: TrialProgress) -> dict[str, Any]:
    group = item.stash[keys.group]
    only_one = item.config.stash[keys.settings].mode == "trial"
    trials = item.stash[keys.slice_range]
    return {
        "start": trials.start,
        "stop": trials.stop,
        "shape": Shape.of_group(group),
        "progress": progress if progress.is_shown else None,
        "rootdir": item.config.rootpath,
        "stop_on": (pytest.exit.Exception,),
        "is_fatal": _is_timeout,
        "enough": enough_of(item),
        "keep_going": not only_one and any(claim.errors == "against" for claim in group.claims),
    }


def _is_timeout(error: BaseException) -> bool:
    """Tell whether pytest-timeout ended the whole slice: no rule of the claim makes that one trial's error."""
    return isinstance(error, pytest.fail.Exception) and str(error).startswith("Timeout")


def _call_afresh(item: pytest.Function) -> Callable[[], object]:
    """Look the test function and its fixture values up at every call: both are new in every trial."""
    names = fixture_names(item)

    def call() -> object:
        funcargs = item.funcargs
        return item.obj(**{name: funcargs[name] for name in names})

    return call


def _new_instance_per_call(item: pytest.Function) -> Callable[[], object]:
    """Bind the fixture values once; a method still gets a new instance for every trial."""
    if not _has_instance(item):
        return bind_arguments(item, item.obj if item.cls is None else item.function)
    cls, name = item.cls, item.originalname
    arguments = {key: item.funcargs[key] for key in fixture_names(item)}
    return lambda: getattr(cls(), name)(**arguments)


def _has_instance(item: pytest.Function) -> bool:
    """Tell whether the test is a method; a static or class method has no instance to renew."""
    return item.cls is not None and inspect.ismethod(item.obj) and not inspect.isclass(item.obj.__self__)


def _keep(item: pytest.Function, done: Slice) -> None:
    item.stash[keys.slice_text] = done.to_text()
    failure = done.first_failure
    if failure is None and item.config.stash[keys.settings].mode == "trial":
        told = f"ophamin: {item.nodeid}: trial {done.start} returned {_observation(done)}"
        item.config.stash.setdefault(keys.returned, []).append(told)
    if failure is None or failure.error is None or failure is done.first_error:
        return
    error = failure.error
    where = f"trial {failure.trial}"
    if isinstance(error, BadObservation):
        pytest.fail(f"{where}: {error}", pytrace=False)
    if isinstance(error, (pytest.skip.Exception, pytest.xfail.Exception)):
        # Passed on, they would make the report "skipped", which is green.
        pytest.fail(f"{where} raised {type(error).__name__}: {error}. {failure.reason}", pytrace=False)
    raise error


def _observation(done: Slice) -> str:
    """Return the one observation of a slice, in words: a single trial may well be sound where its sample is not."""
    words = []
    for (key, name), column in done.columns.items():
        value = bool(column.data[0]) if "bool" in column.first else column.data[0]
        label = " ".join(word for word in (key, name) if word is not None and word != VALUE)
        words.append(f"{label} = {value!r}" if label else repr(value))
    return ", ".join(words)


def _pretend_signature(wrapper: Callable[..., object], original: Callable[..., object]) -> None:
    """Let plugins that inspect the test function find the arguments, marks and name of the original."""
    wrapper.__name__ = getattr(original, "__name__", "test")
    wrapper.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    wrapper.__dict__.update(getattr(original, "__dict__", {}))


def _fail_nobody_ran_it(item: pytest.Function) -> None:
    pytest.fail(
        f"{item.nodeid} is an async def and no installed plugin ran it: install pytest-asyncio and mark the test "
        "with @pytest.mark.asyncio, or use anyio's @pytest.mark.anyio",
        pytrace=False,
    )
