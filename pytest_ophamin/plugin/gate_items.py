"""Benchmark gates among the items of a session: which they are, what forbids them, and how they wait for their turn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.keys import CLAIM_MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_ophamin.claims.model import Claim, ClaimGroup, Problem

FIXTURE = "benchmark"
_PLUGIN_NAMES = ("benchmark", "pytest_benchmark.plugin")
"""Names pytest-benchmark is registered under, found by itself or by ``-p``."""
SLICE_ATTRIBUTE = "ophamin_slice"
"""Attribute of a call report: the slice's text."""
_LEFT_OUT = (keys.idle_gates, keys.ungated)
DEFERRED = "deferred"
"""Text of the slice of a gate: the controlling process will measure it, when all other tests are done."""


def is_gate(group: ClaimGroup) -> bool:
    """Tell whether a test's claims are benchmark gates; all of them are, or none."""
    return group.claims[0].is_gate


def hold_to_limits(nodes: Sequence[Any], config: pytest.Config) -> None:
    """Give every benchmark that makes no claim of its own those of ``--ophamin-gate``; what is to fail makes none."""
    from pytest_ophamin.plugin.marks import claim

    for node in nodes:
        if not isinstance(node, pytest.Function) or FIXTURE not in node.fixturenames:
            continue
        if node.get_closest_marker(CLAIM_MARK) is not None:
            continue
        if node.get_closest_marker("xfail") is not None:  # nobody vouches for it
            config.stash.setdefault(keys.ungated, []).append(node.nodeid)
            continue
        for metric, limit in config.stash[keys.settings].gates:
            node.add_marker(claim(_statement(node, metric, limit), metric=metric, at_most=limit))


def gate_problems(item: pytest.Function, claim: Claim) -> list[Problem]:
    """Return what forbids a gate on this test."""
    from pytest_ophamin.claims.model import Problem

    def problem(expected: str, came: str, fix: str) -> Problem:
        return Problem(test=item.nodeid, argument="metric", expected=expected, came=came, fix=fix)

    problems = []
    if not any(item.config.pluginmanager.hasplugin(name) for name in _PLUGIN_NAMES):
        fix = 'pip install "pytest-ophamin[benchmark]"'
        problems.append(problem("pytest-benchmark, which times what a gate compares", "a session without it", fix))
    elif FIXTURE not in item.fixturenames:
        fix = "def test_decode(benchmark): benchmark(decode, DATA)"
        came = "a test without it"
        problems.append(problem(f"a test that uses the fixture {FIXTURE!r}, for {claim.metric!r}", came, fix))
    if "trial" in item.fixturenames:
        expected = f"a benchmark without trials, for {claim.metric!r}: the replicate is a process"
        problems.append(problem(expected, "one that takes the fixture 'trial'", "take the argument `trial` away"))
    return problems


def leave_idle(config: pytest.Config, items: Iterable[pytest.Function]) -> None:
    """Let benchmarks be the plain tests they are where nothing says what they are compared with.

    A campaign keeps them: what was promised and not decided is NOT TESTED.
    """
    from pytest_ophamin.claims.gates import RATIO_KINDS  # a claim exists

    settings = config.stash[keys.settings]
    idle = config.stash.setdefault(keys.idle_gates, [])
    if settings.mode not in ("plain", "trial") or settings.baseline or settings.baseline_python:
        return
    for item in items:
        claims = item.stash[keys.claims]
        if any(claim.kind in RATIO_KINDS and claim.versus is None for claim in claims):
            del item.stash[keys.claims]
            idle.append(item.nodeid)


def defer(item: pytest.Item, attach_catalogue: Callable[[pytest.TestReport], None]) -> None:
    """Report that the item waits for its turn; nobody sees that report but the desk.

    Args:
        item: A claim item whose claims are gates.
        attach_catalogue: Lets a report carry the catalogue, where the process has not sent it yet.
    """
    # Not through pytest_runtest_makereport: other plugins keep there what they learned in phases that were never run.
    report = pytest.TestReport.from_item_and_call(item, pytest.CallInfo.from_call(lambda: None, "call"))
    setattr(report, SLICE_ATTRIBUTE, DEFERRED)
    attach_catalogue(report)
    item.ihook.pytest_runtest_logreport(report=report)


def told_of_left_out(config: pytest.Config) -> list[str]:
    """Return a line for each kind of benchmark that this session did not gate."""
    idle, ungated = (len(set(config.stash.get(key, None) or ())) for key in _LEFT_OUT)
    lines = []
    if idle:
        gates = "1 benchmark gate was" if idle == 1 else f"{idle} benchmark gates were"
        lines.append(f"ophamin: {gates} run as plain benchmarks: --ophamin-baseline REV decides them")
    if ungated:
        tests = "1 benchmark marked xfail is" if ungated == 1 else f"{ungated} benchmarks marked xfail are"
        lines.append(f"ophamin: {tests} held to no --ophamin-gate")
    return lines


def left_out_text(config: pytest.Config) -> str:
    """Return the benchmarks a worker did not gate, as the one text that crosses processes."""
    return json.dumps([config.stash.get(key, []) for key in _LEFT_OUT])


def take_left_out(config: pytest.Config, text: str) -> None:
    """Take over what a worker did not gate; all of them collected the same."""
    for key, nodeids in zip(_LEFT_OUT, json.loads(text), strict=True):
        config.stash.setdefault(key, []).extend(nodeids)


def _statement(item: pytest.Function, metric: str, limit: float) -> str:
    from pytest_ophamin.claims.gates import RATIO_KINDS  # --ophamin-gate

    if metric in RATIO_KINDS:
        what = "time" if metric == "time_ratio" else "memory"
        return f"{item.name} takes at most {limit:g} times the baseline's {what}"
    return f"{item.name} has a {metric.replace('_', ' ')} of at most {limit:g} s"
