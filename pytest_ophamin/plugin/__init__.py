"""The pytest plugin: a thin shell that turns items and options into values, calls the core, and shows its answers.

This module is loaded in every session of every repository that has Ophamin installed. It imports pytest and the
standard library only; everything else waits until a session is found to hold a claim.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ophamin.plugin import keys
from pytest_ophamin.plugin.fixtures import trial
from pytest_ophamin.plugin.keys import CLAIM_MARK, MISTAKES_ATTRIBUTE, SCENARIO_MARK
from pytest_ophamin.plugin.pillars import note_start_plugins
from pytest_ophamin.plugin.settings import add_options, read_settings

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["trial"]

SIGNING_KEY_VARIABLE = "OPHAMIN_SIGNING_KEY"
_KEY_VARIABLES = ("CI", "XDG_CONFIG_HOME", "APPDATA", "HOME", "USERPROFILE")
"""A suite that gives itself a home of its own must not get a signing key of its own."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options and ini values."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before any of the project's code runs: take the signing key away from it, and read the substrate it is.

    Importing a conftest.py may write files; the tree as it was given is what a record is about.
    """
    early_config.stash[keys.start_path] = tuple(sys.path)
    key = os.environ.pop(SIGNING_KEY_VARIABLE, None)
    if key:
        early_config.stash[keys.signing_key] = key
    early_config.stash[keys.environ] = {name: os.environ[name] for name in _KEY_VARIABLES if name in os.environ}
    if getattr(early_config.known_args_namespace, "ophamin_campaign", False) and not _is_worker():
        from pytest_ophamin.plugin.substrate import read_substrate_early  # campaigns only

        read_substrate_early(early_config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, read the options, and choose this process's role."""
    config.addinivalue_line(
        "markers", f"{CLAIM_MARK}(declaration): a claim, made by pytest_ophamin.claim(...): its function is one trial."
    )
    config.addinivalue_line(
        "markers", f"{SCENARIO_MARK}(declaration): a module of claims, made by pytest_ophamin.scenario(...)."
    )
    settings = config.stash[keys.settings] = read_settings(config)
    if settings.mode in ("register", "plan", "trial"):
        _run_alone(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember the plugins known from the start, and give this process its role in the session."""
    config = session.config
    note_start_plugins(config)
    from pytest_ophamin.plugin.roles import take_role  # after xdist had its say

    take_role(session)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Validate the claims among what a module or class holds, and take those with mistakes out of what will run."""
    report = yield
    if isinstance(collector, pytest.Module):
        vars(report)[MISTAKES_ATTRIBUTE] = collector.stash[keys.mistakes] = []
    nodes: list[Any] = report.result or []
    if report.passed and collector.config.stash[keys.settings].gates:
        from pytest_ophamin.plugin.gate_items import hold_to_limits  # --ophamin-gate

        hold_to_limits(nodes, collector.config)
    if report.passed and any(isinstance(node, pytest.Item) and _has_claim(node) for node in nodes):
        from pytest_ophamin.plugin.collecting import check_collected  # a claim exists

        check_collected(collector, report)
    return report


# Outermost: Session counts collection errors in the same hook.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collectreport(report: pytest.CollectReport) -> Generator[None, object, object]:
    """Turn the mistakes of a whole module, told last, into one error of its collection."""
    mistakes = vars(report).pop(MISTAKES_ATTRIBUTE, None)
    if mistakes:
        from pytest_ophamin.plugin.collecting import describe_mistakes

        report.outcome = "failed"
        report.longrepr = describe_mistakes(report.nodeid, mistakes)
    return (yield)


def _has_claim(item: pytest.Item) -> bool:
    return item.get_closest_marker(CLAIM_MARK) is not None


def _is_worker() -> bool:
    # config.workerinput is set only later; this variable is there before any conftest.py is loaded.
    return "PYTEST_XDIST_WORKER" in os.environ


def _run_alone(config: pytest.Config) -> None:
    """Keep xdist out of sessions that only collect, or run a single trial: ``-n`` may stand in addopts."""
    for name, value in (("dist", "no"), ("numprocesses", None), ("tx", [])):
        if hasattr(config.option, name):
            setattr(config.option, name, value)
