"""What one process of a benchmark gate runs: a pytest session that times the benchmarks asked for, and nothing else.

This file is a program of its own: it is started by path, in whatever environment a side of the comparison has, so it
imports the standard library and pytest only. It is given a request and writes what it read, both JSON:

    python gate_child.py REQUEST RESULT

pytest-benchmark measures: its calibration, its rounds, its timer, a benchmark's own mark. This program takes the
options away that would make it save, compare or print, gives every benchmark the same small budget, and keeps of the
rounds a low statistic, the median and the 99th percentile.
"""

from __future__ import annotations

import ast
import gc
import hashlib
import inspect
import json
import math
import os
import sys
import textwrap
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

FORMAT = "ophamin-gate/1"
FIXTURE = "benchmark"
LEAST_ROUNDS = 5
LEAST_CALLS = 200
"""Rounds of one call each, where a claim is about the 99th percentile of calls."""
WARM_UP_CALLS = 10
WARM_UP_SECONDS = 1e-3
LONGEST_ROUND = 1e-5
"""Seconds a round of a fast benchmark is made to last, so that the timer's steps do not show."""
LOW_SHARE = 0.0
"""Share of the rounds below the low statistic: 0 is the minimum. docs/adr/0008 says why."""
LOW_NAME = "minimum"
Prepared = tuple[Any, Any, Any, Any]
"""A callable, its arguments, its keyword arguments, and what is to be called with them afterwards, or None."""
_MARKS = ("ophamin_claim(declaration): a claim.", "ophamin_scenario(declaration): a module of claims.")
_QUIET_OPTIONS: dict[str, Any] = {
    # of pytest: every benchmark asked for is run once, whatever addopts say
    "keyword": "",
    "markexpr": "",
    "maxfail": 0,
    "usepdb": False,
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
    "collectonly": False,
    "xmlpath": None,
    # of pytest-xdist, pytest-randomly, pytest-rerunfailures, pytest-repeat
    "numprocesses": None,
    "dist": "no",
    "tx": [],
    "randomly_reorganize": False,
    "randomly_seed": 0,
    "reruns": 0,
    "count": 1,
    "no_cov": True,
    # of pytest-benchmark
    "benchmark_disable": False,
    "benchmark_enable": True,
    "benchmark_skip": False,
    "benchmark_only": False,
    "benchmark_save": None,
    "benchmark_autosave": False,
    "benchmark_save_data": False,
    "benchmark_json": None,
    "benchmark_compare": None,
    "benchmark_compare_fail": [],
    "benchmark_histogram": None,
    "benchmark_cprofile": None,
    "benchmark_verbose": False,
    "benchmark_warmup": False,
    "benchmark_min_rounds": LEAST_ROUNDS,
}


def main(arguments: list[str]) -> int:
    """Carry out the request in the file named first, and write what was read to the file named second."""
    request = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    del sys.path[0]  # this program's folder; where a side looks first stands in its PYTHONPATH
    os.chdir(request["folder"])
    session = Session(request)
    given = _arguments(request)
    # Without a file pytest would run whatever it finds: here all that was asked for is absent.
    status = pytest.ExitCode.NO_TESTS_COLLECTED if given is None else pytest.main(given, plugins=[session])
    result = {"format": FORMAT, "status": int(status), **session.result()}
    text = json.dumps(result, allow_nan=False)
    whole = Path(arguments[1])
    part = whole.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(whole)
    return 0


def _arguments(request: dict[str, Any]) -> list[str] | None:
    """Return pytest's arguments: whole files, since one node id that does not exist would end the session.

    None when no file of what was asked for is there.
    """
    collecting = ["--continue-on-collection-errors", "-q", "-o", f"cache_dir={request['cache']}", *request["options"]]
    if request["find"] is not None:
        return [*collecting, *request["find"]]
    root = Path(request["rootdir"])
    names = dict.fromkeys(nodeid.split("::", 1)[0] for nodeid in request["benchmarks"])
    files = [str(root / name) for name in names if (root / name).is_file()]
    if not files:
        return None
    inifile = request["inifile"]
    settings = ["-c", inifile] if inifile is not None and Path(inifile).is_file() else []
    return ["--rootdir", str(root), *settings, *collecting, *files]


class Session:
    """The plugin of this session: selects, sets budgets, watches, and keeps what was read."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self._wanted: dict[str, dict[str, Any]] = request["benchmarks"]
        self._read: dict[str, dict[str, Any]] = {}
        self._failed: dict[str, dict[str, Any]] = {}
        self._sources: dict[str, str] = {}
        self._found: dict[str, Any] = {}
        self._uncollected: dict[str, str] = {}
        self._other: dict[str, Callable[..., object]] = {}
        self._peaks: dict[str, int] = {}

    def pytest_plugin_registered(self, plugin: Any, manager: Any) -> None:
        """Take Ophamin's own plugin out, of whatever version: here a claim is a benchmark and nothing else."""
        if getattr(plugin, "__name__", "") == "pytest_ophamin.plugin":
            manager.unregister(plugin)

    def pytest_addoption(self, parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
        """Know where the cache lies, though it is used by nobody: strict settings refuse what nobody knows."""
        if not pluginmanager.hasplugin("cacheprovider"):
            parser.addini("cache_dir", "unused: this session has no cache")

    # Around all others, in the style every pluggy knows: pytest-cov reads its options here, tryfirst.
    @pytest.hookimpl(hookwrapper=True)
    def pytest_load_initial_conftests(self, early_config: Any) -> Iterator[None]:
        """Measure no coverage, whatever addopts say; ``--no-cov`` would be unknown where pytest-cov is not loaded."""
        early_config.known_args_namespace.no_cov = True
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """Quieten every plugin that would select, repeat, reorder, distribute, save or compare, before it is set up."""
        for name, value in _QUIET_OPTIONS.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        config.option.benchmark_max_time = self._request["budget"]
        config.option.benchmark_min_time = min(LONGEST_ROUND, self._request["budget"])

    def pytest_configure(self, config: pytest.Config) -> None:
        """Know the marks of the plugin that was taken out, and take over the fixture."""
        for line in _MARKS:
            config.addinivalue_line("markers", line)
        self._take_over_the_fixture()

    def pytest_collectreport(self, report: Any) -> None:
        """Remember why a file could not be collected."""
        if not report.passed:  # skipped: ("file", line, "Skipped: could not import 'numba'")
            told = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            self._uncollected[report.nodeid.split("::", 1)[0]] = _last_line(str(told))

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Keep what was asked for, in the order it was asked for; or tell what there is, and run nothing."""
        if self._request["find"] is not None:
            config = items[0].config if items else None
            self._found = _found(config, items)
            items.clear()
            return
        found = {item.nodeid: item for item in items if item.nodeid in self._wanted}
        items[:] = [found[nodeid] for nodeid in self._wanted if nodeid in found]
        for item in items:
            self._sources[item.nodeid] = _source_digest(item)
            other = _other_callable(item) if self._request["swaps"] else None
            if other is not None:
                self._other[item.nodeid] = other

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Keep the first exception of a benchmark, also one it is marked to raise: its class and where it was raised.

        Or that it was skipped, or gave itself up by ``pytest.xfail``.
        """
        if call.excinfo is None or item.nodeid not in self._wanted:
            return
        error = call.excinfo.value
        if isinstance(error, (pytest.skip.Exception, pytest.xfail.Exception)):
            self._failed.setdefault(item.nodeid, {"skipped": str(error) or "no reason given"})
        else:
            self._failed.setdefault(item.nodeid, _failure(error, self._request["rootdir"]))

    def result(self) -> dict[str, Any]:
        """Return everything that was read, and what could not be."""
        absent = [
            nodeid
            for nodeid in self._wanted
            if nodeid not in self._sources and nodeid.split("::", 1)[0] not in self._uncollected
        ]
        for nodeid in self._sources:
            if nodeid not in self._read and nodeid not in self._failed:
                unused = "the benchmark fixture was not used"
                self._failed[nodeid] = {"exception": None, "place": None, "message": unused}
        return {
            "python": sys.version.split()[0],
            "implementation": sys.implementation.name,
            "readings": self._read,
            "failures": self._failed,
            "absent": absent,
            "uncollected": self._uncollected,
            "sources": self._sources,
            "origins": (origins := _origins()),
            "found": self._found,
            "distributions": _distributions(origins) if self._request["distributions"] else {},
        }

    def _take_over_the_fixture(self) -> None:
        """Let every use of the fixture have this session's budget, its own callable, and be read when it ends."""
        used: Any = import_module("pytest_benchmark.fixture").BenchmarkFixture
        session = self
        call, pedantic = used.__call__, used.pedantic

        def called(fixture: Any, function: Any, *args: Any, **kwargs: Any) -> object:
            function = session.callable_of(fixture, function)
            session.limit(fixture)
            _warm_up(lambda: function(*args, **kwargs))
            result = call(fixture, function, *args, **kwargs)
            session.keep(fixture, lambda: (function, args, kwargs, None))
            return result

        def called_pedantic(  # noqa: PLR0917  # pytest-benchmark's own signature
            fixture: Any,
            target: Any,
            args: Any = (),
            kwargs: Any = None,
            setup: Any = None,
            teardown: Any = None,
            **options: Any,
        ) -> object:
            target = session.callable_of(fixture, target)
            given = {"args": args, "kwargs": kwargs, "setup": setup, **options}
            if teardown is not None:  # unknown to pytest-benchmark 4
                given["teardown"] = teardown
            result = pedantic(fixture, target, **given)

            def prepared() -> Prepared:
                made = (setup() if setup is not None else None) or (args, kwargs or {})
                return target, made[0], made[1], teardown

            session.keep(fixture, prepared)
            return result

        used.__call__ = called
        used.pedantic = called_pedantic

    def callable_of(self, fixture: Any, given: Callable[..., object]) -> Callable[..., object]:
        """Return what this side calls: what the test gave, or what its claim names as ``versus=``."""
        return self._other.get(fixture.fullname, given)

    def limit(self, fixture: Any) -> None:
        """Let a benchmark's own mark choose its timer and warm-up, and the gate how long it takes."""
        fixture._max_time = self._request["budget"]
        fixture._min_rounds = LEAST_ROUNDS
        if self._wanted.get(fixture.fullname, {}).get("calls"):
            fixture._min_rounds = LEAST_CALLS
            fixture._min_time = 0.0
            fixture._calibration_precision = 1e-9  # with no least time a round is one call

    def keep(self, fixture: Any, prepared: Callable[[], Prepared]) -> None:
        """Keep what a benchmark's rounds say, once they are over."""
        wanted = self._wanted.get(fixture.fullname)
        if wanted is None or fixture.stats is None:
            return
        rounds = sorted(fixture.stats.stats.data)
        if not all(math.isfinite(seconds) and seconds > 0.0 for seconds in rounds):
            message = f"a round took {rounds[0]!r} s: the benchmark's timer is too coarse for it"
            self._failed[fixture.fullname] = {"exception": None, "place": None, "message": message}
            return
        self._read[fixture.fullname] = {
            "low": _quantile(rounds, LOW_SHARE),
            "median": _quantile(rounds, 0.5),
            "p99": _quantile(rounds, 0.99),
            "rounds": len(rounds),
            "iterations": fixture.stats.iterations,
            "gc": "off in rounds" if fixture._disable_gc else ("on" if gc.isenabled() else "off"),
            "peak": _peak(*prepared()) if wanted["memory"] else None,
        }


def _warm_up(once: Callable[[], object]) -> None:
    """Call what is about to be calibrated: after a slow first call every round would be a single one, however fast."""
    began = time.perf_counter()
    for _ in range(WARM_UP_CALLS):
        once()
        if time.perf_counter() - began > WARM_UP_SECONDS:
            return


def _quantile(rising: list[float], share: float) -> float:
    """Return the least value that at least ``share`` of the values do not exceed (an observed one, no mean of two)."""
    return rising[min(len(rising) - 1, max(0, -int(-share * len(rising) // 1) - 1))]


def _peak(function: Any, args: Any, kwargs: Any, teardown: Any) -> int:
    """Return the largest number of bytes one call held above what was held before it."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        function(*args, **kwargs)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    if teardown is not None:
        teardown(*args, **kwargs)
    return max(1, peak)


def _other_callable(item: Any) -> Callable[..., object] | None:
    """Return what the item's claim names as ``versus=``."""
    for mark in item.iter_markers("ophamin_claim"):
        other = getattr(mark.args[0], "versus", None) if mark.args else None
        if callable(other):
            return other  # type: ignore[no-any-return]
    return None


def _found(config: Any, items: list[Any]) -> dict[str, Any]:
    """Return the benchmarks among the items, and how pytest is set up for them."""
    if config is None:
        return {}
    return {
        "benchmarks": [item.nodeid for item in items if FIXTURE in getattr(item, "fixturenames", ())],
        "rootdir": str(config.rootpath),
        "inifile": None if config.inipath is None else str(config.inipath),
    }


def _source_digest(item: Any) -> str:
    """Return the SHA-256 of the test function's code, its decorators left out; "" where there is no source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(item.function))))
    except (OSError, TypeError, SyntaxError):
        return ""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.decorator_list = []
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _failure(error: BaseException, rootdir: str) -> dict[str, Any]:
    place = None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(rootdir):
            place = f"{Path(frame.filename).relative_to(rootdir).as_posix()}:{frame.lineno}"
    return {"exception": type(error).__name__, "place": place, "message": str(error)}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("E").strip() if lines else ""


def _origins() -> dict[str, str]:
    """Return the file of every outermost module that is loaded and has one, those of the interpreter left out.

    A namespace package has no file: of what lies in it, every part counts by itself.
    """
    files = {
        name: file
        for name, module in list(sys.modules.items())
        if isinstance(file := getattr(module, "__file__", None), str)
    }
    found = {}
    for name, file in files.items():
        parts = name.split(".")
        inside = any(".".join(parts[:depth]) in files for depth in range(1, len(parts)))
        if not inside and parts[0] not in sys.stdlib_module_names:
            found[name] = file
    return found


def _distributions(origins: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the distribution that owns each module's name: its name, its version, and the folder it was built from."""
    from importlib import metadata

    owners = {name: set(of) for name, of in metadata.packages_distributions().items()}
    found = {}
    for name, file in origins.items():
        of = owners.get(name.partition(".")[0], set())
        # Python 3.11 names no owner of a lone extension, and a namespace has several.
        owner = metadata.distribution(*of) if len(of) == 1 else _owner_of_file(file, metadata.distributions())
        if owner is not None:
            found[name] = {"name": owner.name, "version": owner.version, "folder": _source_folder(owner)}
    return found


def _owner_of_file(file: str, distributions: Iterable[Any]) -> Any:
    """Return the distribution that lists an installed file, or None."""
    if not {"site-packages", "dist-packages"} & set(Path(file).parts):
        return None
    for each in distributions:
        folder = str(each.locate_file(""))
        if file.startswith(folder) and Path(file).relative_to(folder).as_posix() in map(str, each.files or ()):
            return each
    return None


def _source_folder(owner: Any) -> str | None:
    """Return the folder an installer says it took a distribution from (PEP 610)."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        url = urlsplit(json.loads(owner.read_text("direct_url.json") or "{}").get("url", ""))
    except ValueError:
        return None
    return url2pathname(url.path) if url.scheme == "file" else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
