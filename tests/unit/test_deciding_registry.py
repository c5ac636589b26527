"""Which pillar decides, and what happens to one that is not well formed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from error_rates import plan_of, shipped

from pytest_ophamin.claims.metrics import BUILT_IN_KINDS
from pytest_ophamin.claims.model import ClaimId
from pytest_ophamin.deciding.protocol import Assessment, DecidingPillar, DiagnosingPillar, Finding, Plan, SizingPillar
from pytest_ophamin.deciding.registry import (
    PillarError,
    PillarRegistry,
    add_shipped,
    load_entry_points,
    new_manager,
)
from pytest_ophamin.deciding.series import Series, Synthesis
from pytest_ophamin.deciding.synthesis import synthesise
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


class Synthesising:
    """A synthesis of a third party, with the name of its diagnosis."""

    def __init__(self, name: str = "diagnosis", answer: Any = None) -> None:
        self.name = name
        self._answer = answer

    def synthesise(self, series: Series) -> Synthesis:
        del series
        if self._answer is None:
            raise NotImplementedError
        return self._answer  # type: ignore[no-any-return]


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
    kinds = {question.partition("+")[0] for question in shipped().metrics}
    assert kinds == BUILT_IN_KINDS
    assert "serial-dependence" in {pillar.name for pillar in shipped().diagnosing}
    assert [pillar.name for pillar in shipped().synthesising] == sorted({p.name for p in shipped().synthesising})
    assert "I.cma" in {pillar.name for pillar in shipped().synthesising}


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
    names = [pillar.name for pillar in registry.diagnosing]
    assert names == sorted(names)
    assert {"diagnosis", "serial-dependence"} <= set(names)


def test_a_synthesising_pillar_may_share_the_name_of_a_diagnosing_one() -> None:
    """One method, asked about a sample and about a series; only the first can stand in a record."""
    registry = _registry(Diagnosing(), Synthesising(), Synthesising("alone"))
    assert registry.synthesising_by_name("diagnosis") is not registry.by_name("diagnosis")
    assert "alone" not in registry.names
    assert {"alone", "diagnosis"} <= {pillar.name for pillar in registry.synthesising}
    assert registry.source_of(registry.synthesising_by_name("alone")) == "conftest.py"
    assert [p.name for p in registry.all if p.name in ("diagnosis", "alone")] == ["diagnosis", "alone", "diagnosis"]
    with pytest.raises(PillarError, match=r"no pillar 'mean' synthesises; those that do: I\.cma, "):
        registry.synthesising_by_name("mean")
    with pytest.raises(PillarError, match="two pillars have the name 'diagnosis'"):
        _registry(Synthesising(), Synthesising())


def test_what_a_synthesising_pillar_may_not_answer() -> None:
    """An exception, another type, another name, another status and a NaN are each a sentence."""
    series = Series(claim=ClaimId("test_a.py::test_a"), proofs=())
    right = Synthesis(pillar="diagnosis", method="m/1", status="ok", message="fine", numbers={"k": 0, "mean": None})
    assert synthesise(Synthesising(answer=right), series) == right
    for answer, message in (
        (None, "raised NotImplementedError"),
        ("fine", "returned str instead of a Synthesis"),
        (replace(right, pillar="other"), "returned a synthesis signed 'other'"),
        (replace(right, status=cast("Any", "void")), "returned the unknown status 'void'"),
        (replace(right, numbers={"mean": float("nan")}), "returned a number that is not finite"),
    ):
        with pytest.raises(PillarError, match=message):
            synthesise(Synthesising(answer=answer), series)


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
        (SimpleNamespace(name="x"), "expected exactly one of the methods 'decide', 'diagnose' and 'synthesise'"),
        (SimpleNamespace(name="x", decide=print, diagnose=print), "expected exactly one of the methods"),
        (SimpleNamespace(name="x", diagnose=print, synthesise=print), "expected exactly one of the methods"),
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
