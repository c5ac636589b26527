"""Recomputation with pillars that are not shipped, and how near two computations must be."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from bundles import Suite, bits, claim, full_suite, law, new_signer, search, small_statements, trust, write

from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.protocol import Assessment, BadSample, Finding, Plan
from pytest_ophamin.deciding.registry import PillarRegistry, add_shipped, new_manager
from pytest_ophamin.hookspecs import hookimpl
from pytest_ophamin.records.leaks import path_warnings
from pytest_ophamin.records.verify import BundleReport, VerifyOptions, verify_bundle
from pytest_ophamin.records.verify.closeness import first_difference
from pytest_ophamin.trials.sample import Sample

Decide = Callable[[Claim, Sample], Assessment]


class House:
    """A pillar of somebody else's."""

    name = "house"
    metrics = frozenset({"house"})

    def decide(self, claim_: Claim, sample: Sample) -> Assessment:
        """Count the hits."""
        hits = int(sample.value.values.sum())
        if hits == 0:
            raise BadSample("no hit at all", trial=0)
        return Assessment(
            method="house/1",
            exact=False,
            null_validate="hits <= t",
            null_refute="hits >= t",
            n=sample.n,
            estimate=hits / sample.n,
            lower=None,
            upper=None,
            p_validate=0.001,
            p_refute=1.0,
        )

    def plan(self, claim_: Claim, *, level: float) -> Plan:
        """Plan nothing."""
        return Plan(n=claim_.trials, least_n=1)


class Doubter:
    """A diagnosing pillar that doubts everything."""

    name = "doubter"

    def diagnose(self, claim_: Claim, sample: Sample) -> Finding | None:
        """Doubt."""
        return Finding(pillar=self.name, method="doubter/1", status="void", message="I doubt it")


def registry_with(*pillars: object) -> PillarRegistry:
    """Return the shipped pillars and ``pillars``."""
    manager = new_manager()
    add_shipped(manager)
    plugin = SimpleNamespace(ophamin_pillars=hookimpl(lambda: list(pillars)))
    manager.register(plugin, name="house")
    return PillarRegistry(manager)


def verify_with(path: Path, registry: PillarRegistry, signer: object) -> BundleReport:
    """Verify with other pillars than the shipped ones."""
    return verify_bundle([path], VerifyOptions(trust=trust(signer)), registry).bundles[0]  # type: ignore[arg-type]


def house_suite(monkeypatch: pytest.MonkeyPatch, *pillars: object) -> Suite:
    """Return a suite decided with other pillars."""
    monkeypatch.setattr("bundles.shipped", lambda: registry_with(*pillars))
    house = claim("test_house", metric="house")
    return Suite(evidence=[(house, bits(100, [1]))])


def test_a_third_party_metric_is_recomputed_with_its_pillar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the pillar everything is recomputed, without it the bundle is incomplete."""
    signer = new_signer()
    path = write(tmp_path, house_suite(monkeypatch, House()).statements(), signer).path
    assert verify_with(path, registry_with(House()), signer).exit_status == 0
    report = verify_with(path, registry_with(), signer)
    assert (report.exit_status, report.not_recomputable) == (4, 1)
    assert "'house'" in report.steps[10].notes[0]


def test_a_sample_the_pillar_refuses_is_recomputed_as_void(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A VOID the observations show is computed again from them."""
    signer = new_signer()
    suite = house_suite(monkeypatch, House())
    suite.evidence = [(suite.evidence[0][0], bits(100, range(100)))]
    path = write(tmp_path, suite.statements(), signer).path
    report = verify_with(path, registry_with(House()), signer)
    assert (report.exit_status, report.recomputed) == (0, 1)


def test_a_foreign_diagnosis_needs_its_pillar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A VOID by somebody's finding holds with their pillar, and is incomplete without."""
    signer = new_signer()
    path = write(tmp_path, house_suite(monkeypatch, House(), Doubter()).statements(), signer).path
    assert verify_with(path, registry_with(House(), Doubter()), signer).exit_status == 0
    assert verify_with(path, registry_with(House()), signer).exit_status == 4


def test_a_pillar_the_session_did_not_have_adds_nothing(tmp_path: Path) -> None:
    """What is loaded for another bundle must not void this one."""
    signer = new_signer()
    path = write(tmp_path, small_statements(), signer).path
    assert verify_with(path, registry_with(Doubter()), signer).exit_status == 0


def test_stacked_claims_under_hochberg_carry_the_warning(tmp_path: Path) -> None:
    """The finding that belongs to the campaign is derived again in step 12."""
    suite = full_suite()
    suite.correction = "hochberg"
    # Everything registered under holm is amended now; the stacked claims share the exploratory family.
    signer = new_signer()
    path = write(tmp_path, suite.statements(), signer).path
    from bundles import shipped

    report = verify_with(path, shipped(), signer)
    assert report.exit_status == 0, report.steps


@pytest.mark.parametrize(
    ("stated", "computed", "agrees"),
    [
        ({"p": 0.05}, {"p": 0.05 * (1 + 5e-10)}, True),
        ({"p": 0.05}, {"p": 0.05 * (1 + 5e-9)}, False),
        ({"p_validate": 3e-301}, {"p_validate": 0.0}, True),
        ({"lower": 3e-301}, {"lower": 0.0}, False),
        ({"estimate": 0.5, "effect": 1e-17}, {"estimate": 0.5, "effect": 0.0}, True),
        ({"estimate": 0.5, "effect": 1e-8}, {"estimate": 0.5, "effect": 0.0}, False),
        ({"n": 1}, {"n": 1.0}, True),
        ({"seed": 4_000_000_001}, {"seed": 4_000_000_000}, False),
        ({"needed": 4_000_000_001}, {"needed": 4_000_000_000}, True),
        ({"n": True}, {"n": 1}, False),
        ({"n": None}, {"n": 0}, False),
        ({"n": 1}, {"m": 1}, False),
        ([1, 2], [1], False),
        ("a", "b", False),
    ],
)
def test_closeness(stated: object, computed: object, agrees: bool) -> None:
    """Relative 1e-9, not for counts; p-values also 1e-300 absolute; an effect beside its estimate; nothing else."""
    assert (first_difference(stated, computed) is None) == agrees


def test_platform_noise_does_not_fail_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last bits of another library's numbers are forgiven."""
    signer = new_signer()
    path = write(tmp_path, house_suite(monkeypatch, House()).statements(), signer).path

    class Noisy(House):
        def decide(self, claim_: Claim, sample: Sample) -> Assessment:
            exact = super().decide(claim_, sample)
            return dataclasses.replace(exact, p_validate=math.nextafter(exact.p_validate, 1.0))

    assert verify_with(path, registry_with(Noisy()), signer).exit_status == 0


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("test_x[/home/ann/data.csv]", True),
        (r"test_x[C:\\Users\\ann]", True),
        ("test_x[/api/v1/items]", False),
        ("test_x[a/home/b]", False),
    ],
)
def test_absolute_paths_in_ids_are_told(name: str, is_told: bool) -> None:
    """A parametrised id enters the record as written; its author is warned."""
    outcomes = Suite(evidence=[(claim(name), bits(100))]).outcomes()
    assert bool(list(path_warnings(outcomes))) == is_told


def test_absolute_paths_in_strategies_are_told() -> None:
    """What a strategy is made of is part of the plan, and enters the record too."""
    told = law("test_x")
    assert told.law is not None
    private = dataclasses.replace(told, law=dataclasses.replace(told.law, strategy="sampled_from(['/home/ann/data'])"))
    for each, words in ((told, []), (private, ["strategy"])):
        outcomes = Suite(evidence=[(each, search())]).outcomes()
        assert [warning.split(" holds ")[0].split()[-1] for warning in path_warnings(outcomes)] == words
