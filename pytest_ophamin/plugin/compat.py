"""The only place that touches what pytest does not promise to keep, each touch with its reason.

Tried on pytest 8.0 and 9.2; the suite runs on both.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import IO, Any, cast

import pytest
from _pytest.fixtures import FixtureDef
from _pytest.runner import runtestprotocol

Function = pytest.Function


def run_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Run set-up, call and teardown with their reports.

    pytest offers no public way to run an item's phases; rerunfailures and flaky import the same function.
    """
    runtestprotocol(item, nextitem=nextitem)


def tear_down(item: pytest.Item, nextitem: pytest.Item | None) -> pytest.CallInfo[None]:
    """Tear down what is still set up for items before ``item`` and not needed by ``nextitem``.

    pytest does so after every item it runs, and refuses the next one where it was left out.
    """
    reraise: list[type[BaseException]] = [pytest.exit.Exception]
    if not item.config.getoption("usepdb", False):
        reraise.append(KeyboardInterrupt)
    capturing: Any = item.config.pluginmanager.getplugin("capturemanager")
    with nullcontext() if capturing is None else capturing.item_capture("teardown", item):
        return pytest.CallInfo.from_call(
            lambda: item.session._setupstate.teardown_exact(nextitem), "teardown", tuple(reraise)
        )


def terminal_file(reporter: Any) -> IO[str]:
    """Return the file pytest's terminal output goes to.

    The writer itself counts every character towards the width of its line, the ones that are taken back too, and would
    then put the percentage behind a dot in the wrong column.
    """
    return cast("IO[str]", reporter._tw._file)


def set_nodeid(item: pytest.Item, nodeid: str) -> None:
    """Give ``item`` another node id: slices of one claim must differ, or xdist's schedulers drop all but one."""
    parsed = getattr(item, "_id", None)
    if parsed is not None:  # pytest 9.2 and later keep a NodeId
        item._id = type(parsed).parse(nodeid)
    else:
        item._nodeid = nodeid  # type: ignore[attr-defined]


def clone_item(item: Function) -> Function:
    """Return a copy of ``item`` that can be set up and run on its own."""
    twin = copy.copy(item)
    twin.stash = pytest.Stash()
    twin.own_markers = list(item.own_markers)
    twin.user_properties = list(item.user_properties)
    twin._initrequest()
    return twin


def fixture_names(item: Function) -> tuple[str, ...]:
    """Names of the fixtures the test function itself asks for, in the order of its signature."""
    return tuple(item._fixtureinfo.argnames)


def is_fast(item: Function) -> bool:
    """Tell whether nothing in the fixture closure of ``item`` is set up per test function.

    Then one set-up serves all trials. ``request`` as an argument means slow: what a test does with it is not known.
    """
    info = item._fixtureinfo
    if "request" in info.argnames:
        return False
    return all(
        _is_wider_than_function(name, info.name2fixturedefs[name][-1], item)
        for name in info.names_closure
        if name in info.name2fixturedefs
    )


def _is_wider_than_function(name: str, definition: Any, item: Function) -> bool:
    if definition.scope != "function":
        return True
    if name == "trial":
        return getattr(definition.func, "__module__", "") == "pytest_ophamin.plugin.fixtures"
    # A direct parameter is wrapped in a pseudo fixture of function scope that only hands the value on.
    callspec = getattr(item, "callspec", None)
    return (
        callspec is not None
        and name in callspec.params
        and getattr(definition.func, "__name__", "") == "get_direct_param_fixture_func"
    )


def shared_fixtures(item: Function) -> set[int]:
    """Return the identities of the fixtures ``item`` uses that outlive it, those it asked ``request`` for included."""
    declared = [definition for found in item._fixtureinfo.name2fixturedefs.values() for definition in found]
    asked = item._request._fixture_defs.values()
    return {id(definition) for definition in (*declared, *asked) if definition.scope != "function"}


def failed_finalizers(error: BaseException) -> list[int | None]:
    """Return the identities of the shared fixtures whose teardown raised ``error``; None for whatever else raised.

    No hook says which fixture it was, but its own ``finish`` is on the way of the exception.
    """
    if isinstance(error, BaseExceptionGroup):
        return [found for part in error.exceptions for found in failed_finalizers(part)]
    failed, trace = None, error.__traceback__
    while trace is not None:
        fixture = trace.tb_frame.f_locals.get("self") if trace.tb_frame.f_code.co_name == "finish" else None
        if isinstance(fixture, FixtureDef):
            failed = None if fixture.scope == "function" else id(fixture)  # innermost: it finishes those that use it
        trace = trace.tb_next
    return [failed]


def is_subtest(report: pytest.TestReport) -> bool:
    """Tell whether the report is one of a subtest (pytest 9, or pytest-subtests) and not of a phase of its test.

    Both derive their own, private, class of report, which carries the context of the subtest.
    """
    return type(report) is not pytest.TestReport and hasattr(report, "context")


def bind_arguments(item: Function, function: Callable[..., object]) -> Callable[..., object]:
    """Return ``function`` with the item's fixture values bound, by position where the signature allows: faster."""
    names = fixture_names(item)
    values = {name: item.funcargs[name] for name in names}
    if not names:
        return function
    parameters = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    if tuple(parameters[: len(names)]) == names:
        return functools.partial(function, *values.values())
    return functools.partial(function, **values)


class _StandIn:
    """Looks like an item next to the real one: same parents, so that only the item itself is torn down."""

    def __init__(self, item: pytest.Item) -> None:
        self._parents = item.listchain()[:-1]

    def listchain(self) -> list[object]:
        return [*self._parents, self]


class FreshFixtures:
    """Tears the function-scoped part of an item down and sets it up again, once per trial (law 5).

    pytest sets fixtures up once per item; running each trial as an item of its own costs a hundred times more.
    """

    def __init__(self, item: Function) -> None:
        self._item = item
        self._stand_in = cast("pytest.Item", _StandIn(item))
        self._state = item.session._setupstate
        # An object given to the item (by us, for async tests) must survive; one taken from the class must not.
        self._own_object = "_obj" in item.__dict__ and item.cls is None

    def reset(self, _index: int) -> None:
        """Tear down what the last trial used and set up for the next."""
        item = self._item
        stash = item.stash._storage
        before = dict(stash)
        self._state.teardown_exact(self._stand_in)
        # The teardown of tmp_path deletes its own stash entry, which only the end of a test would write again.
        for key, value in before.items():
            stash.setdefault(key, value)
        item.__dict__.pop("_instance", None)
        if not self._own_object:
            item.__dict__.pop("_obj", None)
        _reset_caplog(item)
        item._initrequest()
        self._state.setup(item)


def _reset_caplog(item: pytest.Item) -> None:
    """Empty the records of ``caplog``: pytest does it once per phase, and a phase holds many trials here."""
    from _pytest.logging import caplog_handler_key  # absent when logging is disabled

    handler = item.stash.get(caplog_handler_key, None)
    if handler is not None:
        handler.reset()


@contextmanager
def temporary_object(item: Function, replacement: Callable[..., object]) -> Iterator[None]:
    """Let ``item.obj`` be ``replacement`` for a while: async plugins look it up when the test runs."""
    had = "_obj" in item.__dict__
    before = item.obj
    item.obj = replacement
    try:
        yield
    finally:
        if had:
            item.obj = before
        else:
            item.__dict__.pop("_obj", None)


def junit_elements(config: pytest.Config, nodeid: str) -> tuple[Any, Any]:
    """Return pytest's JUnit log and the ``<testcase>`` of a test that is finished; ``(None, None)`` without a log.

    A finished test case is plain XML in pytest's hands: there is no hook to change what it says.
    """
    from _pytest.junitxml import mangle_test_address, xml_key  # only with --junitxml

    xml = config.stash.get(xml_key, None)
    if xml is None:
        return None, None
    names = mangle_test_address(nodeid)
    classnames = names[:-1]
    if xml.prefix:
        classnames.insert(0, xml.prefix)
    wanted = (".".join(classnames), names[-1])
    for reporter in xml.node_reporters_ordered:
        element = reporter.to_xml()
        if (element.get("classname"), element.get("name")) == wanted:
            return xml, _kept(reporter, element)
    return xml, None


def _kept(reporter: Any, element: Any) -> Any:
    """Make later calls return this very element; a reporter that is not finalised builds a new one each time."""
    reporter.to_xml = lambda: element
    return element
