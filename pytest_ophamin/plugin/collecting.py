"""From collected pytest items to validated claims: the only place that reads marks."""

from __future__ import annotations

import inspect
import unittest
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin._canonical import sha256_hex
from pytest_ophamin.claims.declare import (
    Declaration,
    Defaults,
    ScenarioDeclaration,
    check_declaration,
    check_group,
    check_scenario,
)
from pytest_ophamin.claims.gates import DEFAULT_PAIRS
from pytest_ophamin.claims.model import Claim, DataSet, LawPlan, Problem
from pytest_ophamin.errors import OphaminError
from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.gate_items import gate_problems
from pytest_ophamin.plugin.keys import CLAIM_MARK, SCENARIO_MARK
from pytest_ophamin.plugin.laws import is_hypothesis_test, law_plan
from pytest_ophamin.plugin.pillars import registry_of
from pytest_ophamin.substrate.files import digest_file, display_path

if TYPE_CHECKING:
    from pytest_ophamin.deciding.registry import PillarRegistry


def check_collected(collector: pytest.Collector, report: pytest.CollectReport) -> None:
    """Validate every claim ``collector`` just collected, and stash it on its item.

    An item with mistakes is taken out of the report. The mistakes wait for the module's report, which pytest tells
    after those of its classes, so that one error holds them all.
    """
    nodes: list[Any] = report.result
    claimed = [node for node in nodes if isinstance(node, pytest.Item) and _own_claim_marks(node)]
    mistakes = [problem for node in nodes for problem in _misplaced_marks(node)]
    bad = {problem.test for problem in mistakes}
    reader = _Reader(collector.config)
    for item in claimed:
        found = reader.read(item)
        mistakes.extend(found)
        if found:
            bad.add(item.nodeid)
    if not mistakes:
        return
    report.result = [node for node in nodes if node.nodeid not in bad]
    module = collector.getparent(pytest.Module)
    waiting = None if module is None else module.stash.get(keys.mistakes, None)
    if waiting is None:
        vars(report)[keys.MISTAKES_ATTRIBUTE] = mistakes  # the module was told before its class
    else:
        waiting.extend(mistakes)


def describe_mistakes(nodeid: str, mistakes: list[Problem]) -> str:
    """Return all mistakes of a module as the text of one error; one that cases or claims share is told once."""
    told: dict[tuple[str, ...], list[Problem]] = {}
    for problem in mistakes:
        owner = problem.test.partition("[")[0] if problem.test.startswith(nodeid) else problem.test
        told.setdefault((owner, problem.argument, problem.expected, problem.came, problem.fix), []).append(problem)
    lines = "\n".join(f"  {_describe_shared(problems)}" for problems in told.values())
    count = "1 mistake" if len(told) == 1 else f"{len(told)} mistakes"
    return f"ophamin: {count} in the claims of {nodeid}:\n{lines}"


def _describe_shared(problems: list[Problem]) -> str:
    first, more = problems[0], len({problem.test for problem in problems}) - 1
    if not more:
        return first.describe()
    cases = "1 more case" if more == 1 else f"{more} more cases"
    return replace(first, test=f"{first.test} and {cases}").describe()


@dataclass(slots=True)
class _Reader:
    """Reads the claims of the items of one collector."""

    config: pytest.Config
    data_sets: dict[object, DataSet] = field(default_factory=dict)

    def read(self, item: pytest.Item) -> list[Problem]:
        """Stash the item's claims, or return everything that is wrong with them."""
        problems = _item_problems(item)
        if problems:
            return problems
        assert isinstance(item, pytest.Function)  # noqa: S101  # anything else is a problem above
        law = law_plan(item.obj) if is_hypothesis_test(item.obj) else None
        declared = _scenario_of(item, problems)
        try:
            registry = registry_of(self.config)
        except OphaminError as error:
            return [_broken_pillar(item, error)]
        # A mistake of the scenario is the module's: told once, and the claims are read as if there were none.
        of_scenario = list(check_scenario(declared, test=_module_of(item)))
        if of_scenario:
            declared = None
        claims: list[Claim] = []
        for mark in _own_claim_marks(item):
            checked = self._check(item, mark, declared, law, registry)
            if isinstance(checked, Claim):
                claims.append(checked)
            else:
                problems.extend(checked)
        if not problems:
            problems.extend(check_group(tuple(claims)))
        if not problems and claims[0].is_gate:
            problems.extend(gate_problems(item, claims[0]))
        if not problems:
            problems.extend(_unreachable(claims, registry))
        problems = [*of_scenario, *problems]
        if not problems:
            item.stash[keys.claims] = tuple(claims)
        return problems

    def _check(
        self,
        item: pytest.Function,
        mark: pytest.Mark,
        declared: ScenarioDeclaration | None,
        law: LawPlan | None,
        registry: PillarRegistry,
    ) -> Claim | tuple[Problem, ...]:
        declaration = mark.args[0] if len(mark.args) == 1 and not mark.kwargs else None
        if not isinstance(declaration, Declaration):
            return (
                Problem(
                    test=item.nodeid,
                    argument=f"@pytest.mark.{CLAIM_MARK}",
                    expected="a mark made by claim(...)",
                    came="one made by hand",
                    fix="from pytest_ophamin import claim",
                ),
            )
        shared, problems = self._hash_data(item, _sources(declared), test=_module_of(item), argument="scenario data")
        own, unread = self._hash_data(item, _sources(declaration), test=item.nodeid, argument="data")
        problems.extend(unread)
        checked = check_declaration(
            declaration,
            test=item.nodeid,
            scenario=declared,
            defaults=_defaults(self.config),
            law=law,
            data=(*shared, *own),
            known_metrics=registry.metrics,
            stacked=len(_own_claim_marks(item)) > 1,
        )
        if isinstance(checked, Claim):
            return checked if not problems else tuple(problems)
        return (*problems, *checked)

    def _hash_data(
        self, item: pytest.Function, sources: tuple[object, ...], *, test: str, argument: str
    ) -> tuple[tuple[DataSet, ...], list[Problem]]:
        found: list[DataSet] = []
        problems: list[Problem] = []
        for source in sources:
            known = self.data_sets.get(_key_of(source))
            if known is None:
                try:
                    known = self._hash_one(item, source)
                # ValueError: a path with a NUL or a lone surrogate in it.
                except (OphaminError, OSError, ValueError) as error:
                    problems.append(
                        Problem(
                            test=test,
                            argument=argument,
                            expected="readable files, or callables that return bytes",
                            came=str(error),
                            fix='data=("corpus.json", make_bytes)',
                        )
                    )
                    continue
                self.data_sets[_key_of(source)] = known
            found.append(known)
        return tuple(found), problems

    def _hash_one(self, item: pytest.Function, source: object) -> DataSet:
        if callable(source):
            name = f"{getattr(source, '__module__', '?')}.{getattr(source, '__qualname__', type(source).__name__)}"
            try:
                content = source()
            except Exception as error:  # the author's code, run while collecting
                raise OphaminError(f"{name}() raised {type(error).__name__}: {error}") from error
            if not isinstance(content, bytes):
                raise OphaminError(f"{name}() returned {type(content).__name__}")
            return DataSet(name=name, sha256=sha256_hex(content), size=len(content))
        path = Path(item.path.parent, str(source))
        return DataSet(
            name=display_path(path, self.config.rootpath), sha256=digest_file(path), size=path.stat().st_size
        )


def _sources(declaration: Declaration | ScenarioDeclaration | None) -> tuple[object, ...]:
    """The data sets declared; anything but a list or tuple is a mistake :func:`check_declaration` tells."""
    data = () if declaration is None else declaration.data
    return tuple(data) if isinstance(data, (list, tuple)) else ()


def _key_of(source: object) -> object:
    """Return what tells data sets of one module apart: the text of a path, or the very callable (its mark holds it)."""
    return source if isinstance(source, str) else id(source)


def _own_claim_marks(item: pytest.Item) -> list[pytest.Mark]:
    """Claim marks of the function and its parameter set, the topmost decorator first."""
    return [mark for mark in item.own_markers if mark.name == CLAIM_MARK]


def _misplaced_marks(node: Any) -> list[Problem]:
    """A claim mark on a class or module would make one statement about many tests."""
    if isinstance(node, pytest.Item):
        inherited = [mark for mark in node.iter_markers(CLAIM_MARK) if mark not in node.own_markers]
    else:
        inherited = []
    return [
        Problem(
            test=node.nodeid,
            argument="@claim",
            expected="a claim on the test function itself",
            came="one on its class or module",
            fix="decorate each function with its own claim",
        )
        for _ in inherited[:1]
    ]


def _scenario_of(item: pytest.Item, problems: list[Problem]) -> ScenarioDeclaration | None:
    mark = item.get_closest_marker(SCENARIO_MARK)
    if mark is None:
        return None
    declaration = mark.args[0] if len(mark.args) == 1 and not mark.kwargs else None
    if isinstance(declaration, ScenarioDeclaration):
        return declaration
    problems.append(
        Problem(
            test=item.nodeid,
            argument=f"@pytest.mark.{SCENARIO_MARK}",
            expected="a mark made by scenario(...)",
            came="one made by hand",
            fix="pytestmark = scenario(...), from pytest_ophamin import scenario",
        )
    )
    return None


def _module_of(item: pytest.Item) -> str:
    module = item.getparent(pytest.Module)
    return item.nodeid if module is None else module.nodeid


def _defaults(config: pytest.Config) -> Defaults:
    settings = config.stash[keys.settings]
    return Defaults(
        alpha=settings.alpha,
        power=settings.power,
        seed_policy=settings.seed_policy,
        family="campaign",
        pairs=settings.pairs or DEFAULT_PAIRS,
    )


def _broken_pillar(item: pytest.Item, error: OphaminError) -> Problem:
    return Problem(
        test=item.nodeid,
        argument="pillars",
        expected="pillars that follow the protocol, from every plugin and conftest.py",
        came=str(error),
        fix="a pillar that pytest_ophamin.testing finds nothing wrong with, or take the plugin away",
    )


def _unreachable(claims: list[Claim], registry: PillarRegistry) -> list[Problem]:
    from pytest_ophamin.deciding.planning import check_reachable  # needs SciPy, so claims only

    found = (check_reachable(claim, registry) for claim in claims)
    return [problem for problem in found if problem is not None]


def _item_problems(item: pytest.Item) -> list[Problem]:
    """Everything that forbids a claim on this item, whatever the claim says."""

    def problem(argument: str, expected: str, came: str, fix: str) -> Problem:
        return Problem(test=item.nodeid, argument=argument, expected=expected, came=came, fix=fix)

    if not isinstance(item, pytest.Function):
        return [problem("@claim", "a test function", f"a {type(item).__name__}", "claim on a test function")]
    problems: list[Problem] = []
    if item.cls is not None and issubclass(item.cls, unittest.TestCase):
        came = f"a method of the unittest.TestCase {item.cls.__name__}"
        fix = "a plain class or function: pytest runs TestCase methods outside its own call"
        problems.append(problem("@claim", "a pytest function or method", came, fix))
    if item.get_closest_marker("xfail") is not None:
        problems.append(
            problem("xfail", "a claim that may be REFUTED on its own", "an xfail mark", "take the xfail mark away")
        )
    if inspect.isgeneratorfunction(inspect.unwrap(item.function)) or inspect.isasyncgenfunction(
        inspect.unwrap(item.function)
    ):
        problems.append(
            problem("@claim", "a function that returns its observation", "a generator", "return, not yield")
        )
    if is_hypothesis_test(item.obj) and inspect.iscoroutinefunction(item.obj.hypothesis.inner_test):
        problems.append(problem("@claim", "a law with a plain body", "an async def", "asyncio.run(...) in the body"))
    problems.extend(_repetition_problems(item, problem))
    return problems


def _repetition_problems(item: pytest.Function, problem: Any) -> list[Problem]:
    """No plugin may repeat a claim (law 5): 5 tries until green turn a level of 5 % into 22.6 %."""
    option = item.config.option
    found: list[tuple[str, str]] = []
    if getattr(option, "force_reruns", None):
        found.append(("--force-reruns", "run the claims without it"))
    if getattr(option, "force_flaky", False):
        found.append(("--force-flaky", "run the claims without it"))
    if hasattr(item.function, "_flaky") or hasattr(item.function, "_flaky_max_runs"):
        found.append(("@flaky", "take the flaky decorator away"))
    if _is_mark_of_flaky(item):
        found.append(("@pytest.mark.flaky, read by the flaky plugin", "take the mark away"))
    count = getattr(option, "count", 1)
    if isinstance(count, int) and count > 1:
        found.append((f"--count {count}", "run the claims without it"))
    if item.get_closest_marker("repeat") is not None:
        found.append(("@pytest.mark.repeat", "take the mark away: a claim has its own trials="))
    return [problem("@claim", "a claim that runs once", came, fix) for came, fix in found]


def _is_mark_of_flaky(item: pytest.Function) -> bool:
    """Tell whether a ``flaky`` mark is meant for the flaky plugin: rerunfailures knows the same name."""
    mark = item.get_closest_marker("flaky")
    if mark is None:
        return False
    plugins = item.config.pluginmanager
    is_alone = plugins.hasplugin("flaky") and not plugins.hasplugin("rerunfailures")
    return is_alone or not mark.kwargs.keys().isdisjoint(("max_runs", "min_passes", "rerun_filter"))
