"""Law claims: let Hypothesis search for a counterexample, and keep what the search left as evidence."""

from __future__ import annotations

import functools
import re
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_ophamin.claims.model import LawPlan
from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.compat import bind_arguments
from pytest_ophamin.trials.failure import Failure, place_of
from pytest_ophamin.trials.sample import Search
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.streams import trial_seed

# What `@settings` and `@seed` set; there is no public way to ask for them.
_SETTINGS = "_hypothesis_internal_use_settings"
_SEED = "_hypothesis_internal_use_seed"
# "Falsifying example" until Hypothesis 6.150 or so, "Failing test case" since.
_FALSIFYING = re.compile(r"(?:Falsifying|Failing) (?:explicit )?(?:example|test case): (.*)", re.DOTALL)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_ADVICE = re.compile(r"  # or any other generated value$", re.MULTILINE)
_REPRODUCE = re.compile(r"@reproduce_failure\(.*\)", re.DOTALL)


def is_hypothesis_test(function: object) -> bool:
    """Tell whether ``function`` was decorated with ``@given``."""
    return bool(getattr(function, "is_hypothesis_test", False))


def law_plan(function: Any) -> LawPlan:
    """Read how the test wants to be searched, before it runs: part of the claim's digest."""
    declared = _declared_settings(function)
    return LawPlan(
        max_examples=declared.max_examples,
        phases=tuple(phase.name for phase in _phases(declared)),
        strategy=_strategy_text(function),
        deadline_ms=_declared_deadline_ms(declared),
        database="none" if _database(declared) is None else "declared",
    )


def run_law(item: pytest.Function) -> None:
    """Run the search with a seed derived from the claim and leave its evidence in the item's stash."""
    group = item.stash[keys.group]
    plan = group.claims[0].law
    assert plan is not None  # noqa: S101  # a law claim is built with its plan
    key = item.stash[keys.trial].key
    seed = trial_seed(key, 0)
    watched = _Watched()
    began = time.perf_counter()
    error = _search(item, seed, watched)
    failure = None
    search = None
    if error is not None and not watched.is_counterexample(error):
        failure = Failure(
            reason=f"the search ended with {type(error).__name__}, which says nothing about the law",
            exception=type(error).__name__,
            seed=seed,
            place=place_of(error, item.config.rootpath),
        )
    else:
        search = _evidence(item, plan, seed, watched, error)
    done = Slice(
        test=group.test,
        key=key.hex(),
        start=0,
        stop=0,
        search=search,
        failure=failure,
        seconds=time.perf_counter() - began,
    )
    item.stash[keys.slice_text] = done.to_text()
    if error is not None:
        if isinstance(error, (pytest.skip.Exception, pytest.xfail.Exception)):
            # Passed on, it would make the report "skipped", which is green.
            pytest.fail(f"the search raised {type(error).__name__}: {error}", pytrace=False)
        raise error


@dataclass(slots=True)
class _Watched:
    """What happened inside the test body while Hypothesis searched."""

    valid: int = 0
    body_errors: list[BaseException] = field(default_factory=list)
    stopped_because: str = ""

    def is_counterexample(self, error: BaseException) -> bool:
        """Tell whether ``error`` came out of the body, rather than from Hypothesis or a skip."""
        return isinstance(error, Exception) and any(error is raised for raised in self.body_errors)


def _search(item: pytest.Function, seed: int, watched: _Watched) -> BaseException | None:
    import hypothesis  # an extra: only a law claim needs it
    from hypothesis.errors import HypothesisException

    function = item.obj
    handle = function.hypothesis
    inner = handle.inner_test

    @functools.wraps(inner)
    def body(*args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        try:
            inner(*args, **kwargs)
        except Exception as error:
            if not isinstance(error, (HypothesisException, *_skips())):
                watched.body_errors = [error]
            raise
        watched.valid += 1

    declared = _declared_settings(function)
    used = hypothesis.settings(
        declared,
        database=_database(declared),
        phases=_phases(declared),
        deadline=_declared_deadline_ms(declared),
        derandomize=False,
        print_blob=True,
        report_multiple_bugs=False,
    )
    target = _underlying(function)
    before = {name: getattr(target, name, None) for name in (_SETTINGS, _SEED)}
    handle.inner_test = body
    setattr(target, _SETTINGS, used)
    setattr(target, _SEED, seed)
    try:
        with _statistics(watched):
            bind_arguments(item, function)()
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:  # noqa: BLE001  # whatever ends a search is evidence or makes it void
        return error
    finally:
        handle.inner_test = inner
        for name, value in before.items():
            setattr(target, name, value)
    return None


def _evidence(
    item: pytest.Function, plan: LawPlan, seed: int, watched: _Watched, error: BaseException | None
) -> Search:
    import hypothesis

    notes = "\n".join(getattr(error, "__notes__", ()))
    falsifying = _FALSIFYING.search(notes)
    reproduce = _REPRODUCE.search(notes)
    counterexample = None
    if error is not None:
        counterexample = falsifying.group(1) if falsifying else "(Hypothesis printed none)"
        counterexample = _without_advice(counterexample)
    return Search(
        valid_examples=watched.valid,
        max_examples=plan.max_examples,
        exhausted=error is None and watched.stopped_because == "nothing left to do",
        seed=seed,
        strategy=plan.strategy,
        database=plan.database,
        counterexample=counterexample,
        exception=None if error is None else type(error).__name__,
        place=None if error is None else place_of(error, item.config.rootpath),
        reproduction=reproduce.group(0) if reproduce else None,
        hypothesis_version=hypothesis.__version__,
    )


def _without_advice(text: str) -> str:
    """Keep the falsifying call alone: advice and memory addresses differ from run to run, and it is part of the id."""
    end = text.find("\n)")
    call = text[: end + 2] if end >= 0 else text.split("\n", 1)[0]
    return _ADDRESS.sub("", _ADVICE.sub("", call))


def _underlying(function: Any) -> Any:
    """The plain function: attributes cannot be set on a bound method."""
    return getattr(function, "__func__", function)


def _declared_settings(function: Any) -> Any:
    import hypothesis

    return getattr(_underlying(function), _SETTINGS, None) or hypothesis.settings()


def _declared_deadline_ms(declared: Any) -> float | None:
    """The author's own deadline; Hypothesis's default of 200 ms would make a verdict depend on the machine's mood."""
    if declared.deadline is None or declared.deadline == _default_settings().deadline:
        return None
    return float(declared.deadline.total_seconds() * 1000.0)


def _database(declared: Any) -> Any:
    """The author's own example database; the default one, full of earlier runs, would make the search unrepeatable."""
    from hypothesis.utils.conventions import not_set

    # The public property answers a profile's default as if it were declared, and a new object at each call.
    own = getattr(declared, "_database", declared.database)
    is_default = own is not_set or own is getattr(_default_settings(), "_database", None)
    return None if is_default or _is_copied_default(declared) else own


def _is_copied_default(declared: Any) -> bool:
    """Tell whether the database was copied from the default settings, as done before they were asked when needed."""
    if hasattr(declared, "_database"):
        return False
    own, default = declared.database, _default_settings().database
    # The folder of the default is opened anew at each question: two objects, one path.
    return own is default or getattr(own, "path", None) == getattr(default, "path", own)


def _phases(declared: Any) -> tuple[Any, ...]:
    """All phases but ``explain``: it guesses at causes after the search, and would name lines of this module."""
    return tuple(phase for phase in declared.phases if phase.name != "explain")


def _default_settings() -> Any:
    import hypothesis

    return hypothesis.settings.default


def _strategy_text(function: Any) -> str:
    given = function.hypothesis
    arguments = getattr(given, "_given_kwargs", {})
    return ", ".join(f"{name}={strategy!r}" for name, strategy in sorted(arguments.items())) or "(none)"


def _skips() -> tuple[type[BaseException], ...]:
    import unittest

    return (pytest.skip.Exception, pytest.xfail.Exception, unittest.SkipTest)


def _statistics(watched: _Watched) -> Any:
    """Learn why the engine stopped: the only sign that a strategy's whole space was tried."""
    from hypothesis import statistics

    collector: Any = statistics.collector  # typed as holding None
    outer = collector.value

    def note(told: Any) -> None:
        watched.stopped_because = str(told.get("stopped-because", ""))
        if outer is not None:
            outer(told)

    return collector.with_value(note)
