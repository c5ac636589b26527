"""Uses of the public names that must type-check; mypy reads this file, nothing runs it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_ophamin import Claim, OphaminError, Trial, Verdict, claim, hookimpl, scenario
from pytest_ophamin.pillars import Assessment, DiagnosingPillar, Finding, Pillar, Plan, Sample, ShiftedTests, compose

pytestmark = scenario("Types", tier="engineering", family="types", goal="editors complete every argument")


@claim("a proportion", metric="proportion", at_least=0.9, trials="auto", expecting=0.95, margin=0.02, power=0.8)
def test_proportion(trial: Trial) -> bool:
    """Return one observation, with everything a trial offers."""
    item: object = trial.pick(["a", "b"])
    return trial.rng.random() < 0.9 and trial.index < trial.trials and trial.seed >= 0 and item is not None


@claim("a quantile", metric="p99", of="ms", at_most=5, unit="ms", trials=500, errors="against", seed="commit")
@claim("an equivalence", metric="difference", of="pair", within=(-0.1, 0.1), trials=500, bounds=(-1, 1), seed=7)
@pytest.mark.parametrize("case", [1, 2])
def test_stacked(trial: Trial, case: int) -> dict[str, object]:
    """Return one dict observation, claimed about twice."""
    return {"ms": 1.0 * case, "pair": (1.0, 2.0)}


claim("no such relation", metric="mean", at_leats=1.0)  # type: ignore[call-arg]  # must be an error
claim("no such error rule", metric="mean", at_least=1.0, errors="ignore")  # type: ignore[arg-type]  # must be an error


class Tests(ShiftedTests):
    """The least a method supplies."""

    n = 1
    estimate: float | None = 0.0
    spread: float | None = None

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        return 1.0

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        return 1.0

    def lower(self, level: float, *, slack: float) -> float | None:
        return None

    def upper(self, level: float, *, slack: float) -> float | None:
        return None


class Deciding:
    """A deciding pillar, as an author writes it."""

    name = "mine"
    metrics = frozenset({"mine"})

    def decide(self, claim: Claim, sample: Sample) -> Assessment:
        return compose(claim, Tests(), method="mine/1", exact=True)

    def plan(self, claim: Claim, *, level: float) -> Plan:
        return Plan(n=claim.trials, least_n=1)


class Diagnosing:
    """A diagnosing pillar, as an author writes it."""

    name = "looks"

    def diagnose(self, claim: Claim, sample: Sample) -> Finding | None:
        return Finding(pillar=self.name, method="looks/1", status="ok", message="", numbers={})


diagnosing: DiagnosingPillar = Diagnosing()


@hookimpl
def ophamin_pillars() -> Sequence[Pillar]:
    """Bring one pillar."""
    return [Diagnosing()]


green: frozenset[Verdict] = frozenset({Verdict.VALIDATED, Verdict.CORROBORATED})
error: type[Exception] = OphaminError
