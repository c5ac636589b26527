"""Which pillar decides, and what happens to one that is not well formed."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from error_rates import plan_of, shipped

from pytest_ophamin.deciding.protocol import Assessment, DecidingPillar, DiagnosingPillar, Finding, Plan, SizingPillar
from pytest_ophamin.deciding.registry import (
    PillarError,
    PillarRegistry,
    add_shipped,
    load_entry_points,
    new_manager,
)
from pytest_ophamin.hookspecs import hookimpl


class Deciding:
    """A pillar of a third party."""

    def __init__(self, name: str, *metrics: str) -> None:
        self.name = name
        self.metrics = frozenset(metrics)

    def decide(self, claim: Any, evidence: Any) -> Assessment:
        raise NotImplementedError

    def plan(self, claim: Any, *, level: float) -> Plan:
        del level
        return Plan(n=claim.trials, least_n=1)


class Diagnosing:
    """A diagnosis of a third party."""

    name = "diagnosis"

    def diagnose(self, claim: Any, sample: Any) -> Finding | None:
        del claim, sample
        return None


class Plugin:
    """What a conftest.py would be."""

    def __init__(self, *pillars: object) -> None:
        self._pillars = pillars

    @hookimpl
    def ophamin_pillars(self) -> Sequence[object]:
        return list(self._pillars)


def _registry(*pillars: object, with_shipped: bool = True) -> PillarRegistry:
    manager = new_manager()
    if with_shipped:
        add_shipped(manager)
        add_shipped(manager)  # a second time changes nothing
    manager.register(Plugin(*pillars), name="conftest.py")
    return PillarRegistry(manager)


def test_the_shipped_pillars_decide_every_built_in_metric() -> None:
    """Loaded through the public hook, and nothing else."""
    assert shipped().metrics == {"proportion", "mean", "quantile", "difference", "ratio", "law"}
    assert [pillar.name for pillar in shipped().diagnosing] == ["serial-dependence"]


def test_shipped_pillars_follow_the_protocols() -> None:
    """What third parties are asked for, the shipped ones do."""
    for pillar in shipped().deciding:
        assert isinstance(pillar, DecidingPillar)
    assert isinstance(shipped().by_name("serial-dependence"), DiagnosingPillar)
    assert isinstance(shipped().by_name("proportion"), SizingPillar)


@pytest.mark.parametrize(
    ("metric", "pillar"),
    [("proportion", "proportion"), ("p99.9", "quantile"), ("median", "quantile"), ("mean", "mean"), ("ratio", "ratio")],
)
def test_a_metric_finds_its_pillar(metric: str, pillar: str) -> None:
    """Every quantile is of one kind."""
    assert shipped().deciding_for(plan_of(metric, "at_least", 0.5, 10)).name == pillar


def test_a_third_party_pillar_brings_a_metric_of_its_own() -> None:
    """A name no built-in kind owns is a kind."""
    registry = _registry(Deciding("gini", "gini"), Diagnosing())
    assert registry.deciding_for(plan_of("gini", "at_most", 0.5, 10)).name == "gini"
    assert [pillar.name for pillar in registry.diagnosing] == ["diagnosis", "serial-dependence"]


def test_the_shipped_pillar_is_the_default_and_another_is_chosen_by_name() -> None:
    """Installing a package does not change how a claim is decided."""
    registry = _registry(Deciding("other", "proportion"))
    assert registry.deciding_for(plan_of("proportion", "at_least", 0.5, 10)).name == "proportion"
    assert registry.deciding_for(plan_of("proportion", "at_least", 0.5, 10, pillar="other")).name == "other"


@pytest.mark.parametrize(
    ("metric", "pillar", "message"),
    [
        ("unheard", None, "metric 'unheard': no pillar decides it; built in are proportion"),
        ("both", None, r"several pillars decide it \('one', 'two'\); name one with pillar="),
        ("mean", "absent", "pillar 'absent' is not registered; registered are: .*mean"),
        ("mean", "proportion", "pillar 'proportion' does not decide metric 'mean'; it decides: proportion"),
        ("mean", "serial-dependence", "pillar 'serial-dependence' diagnoses samples, it decides no claim"),
    ],
)
def test_a_claim_no_pillar_can_decide_is_told_why(metric: str, pillar: str | None, message: str) -> None:
    """Missing, ambiguous and unfit pillars have a sentence each."""
    registry = _registry(Deciding("one", "both"), Deciding("two", "both"))
    with pytest.raises(PillarError, match=message):
        registry.deciding_for(plan_of(metric, "at_least", 0.5, 10, pillar=pillar))


@pytest.mark.parametrize(
    ("pillar", "message"),
    [
        (object(), "expected a non-empty str attribute 'name', came NoneType"),
        (SimpleNamespace(name=""), "expected a non-empty str attribute 'name', came str"),
        (SimpleNamespace(name="x"), "expected exactly one of the methods 'decide' and 'diagnose'"),
        (SimpleNamespace(name="x", decide=print, diagnose=print), "expected exactly one of the methods"),
        (SimpleNamespace(name="x", decide=print), r"needs the method plan\(claim, \*, level\)"),
        (SimpleNamespace(name="x", decide=print, plan=print), "expected 'metrics', a non-empty frozenset of str"),
        (SimpleNamespace(name="x", decide=print, plan=print, metrics={"m"}), "frozenset of str, came set"),
        (Deciding("mean", "x"), "two pillars have the name 'mean'"),
    ],
)
def test_a_pillar_that_is_not_well_formed_is_refused(pillar: object, message: str) -> None:
    """Found when it is registered, not when a claim is decided; the message names the plugin it came from."""
    with pytest.raises(PillarError, match=message) as caught:
        _registry(pillar)
    assert "conftest.py" in str(caught.value)


def test_a_hook_that_returns_no_list_is_refused() -> None:
    """One pillar alone, or a string, is a mistake."""

    class Wrong:
        @hookimpl
        def ophamin_pillars(self) -> object:
            return "mean"

    manager = new_manager()
    manager.register(Wrong(), name="wrong")
    with pytest.raises(PillarError, match=r"wrong: ophamin_pillars\(\) must return a list of pillars, came str"):
        PillarRegistry(manager)


def test_a_hook_that_raises_is_told_with_its_origin() -> None:
    """The exception of a plugin is chained, and the plugin named."""

    class Broken:
        @hookimpl
        def ophamin_pillars(self) -> object:
            raise ImportError("no numba")

    manager = new_manager()
    manager.register(Broken(), name="broken")
    with pytest.raises(PillarError, match=r"broken: ophamin_pillars\(\) raised ImportError: no numba"):
        PillarRegistry(manager)


def test_an_entry_point_that_is_not_installed_is_refused() -> None:
    """``--pillar`` names an installed entry point, never a module."""
    with pytest.raises(PillarError, match="no installed package has the entry point 'os' in group 'ophamin'"):
        load_entry_points(["os"])


def test_naming_the_shipped_entry_point_changes_nothing() -> None:
    """The shipped pillars are always there."""
    assert load_entry_points(["shipped"]).metrics == shipped().metrics
