"""Before any data: reach, trials="auto", and the plan of a campaign."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from error_rates import plan_of, shipped
from outcomes import law_of

from pytest_ophamin.claims.design import Check, Design
from pytest_ophamin.claims.model import AutoTrials, Claim, ClaimId
from pytest_ophamin.deciding.plan_rows import CampaignPlan
from pytest_ophamin.deciding.planning import check_reachable, least_trials, plan_rows, resolve_auto
from pytest_ophamin.deciding.protocol import Assessment, BadPlan, Plan
from pytest_ophamin.deciding.registry import PillarRegistry, new_manager
from pytest_ophamin.errors import ClaimError
from pytest_ophamin.hookspecs import hookimpl
from pytest_ophamin.trials.sample import Sample

HOLM = {"campaign": ("holm", 0.05)}


def _p_validate(claim: Claim, sample: Sample) -> float:
    assessed = shipped().deciding_for(claim).decide(claim, sample)
    assert isinstance(assessed, Assessment)
    return assessed.p_validate


def _auto(metric: str, relation: str, threshold: float | tuple[float, float], **changes: Any) -> Claim:
    return plan_of(metric, relation, threshold, 0, auto=AutoTrials(m=0), **changes)


@pytest.mark.parametrize(
    ("metric", "relation", "threshold", "n", "changes", "least"),
    [
        ("p99.9", "at_most", 5.0, 2000, {}, 2995),
        ("p99", "at_most", 5.0, 298, {}, 299),
        ("p90", "at_least", 5.0, 1, {}, 2),
        ("median", "within", (1.0, 2.0), 4, {}, 5),
        ("proportion", "at_least", 0.9, 28, {}, 29),
        ("proportion", "at_most", 0.05, 58, {}, 59),
        ("proportion", "at_least", 0.99, 200, {"margin": 0.01}, None),
        ("proportion", "within", (0.4, 0.6), 75, {}, 76),
        ("mean", "at_least", 3.0, 1, {}, 2),
        ("ratio", "at_most", 1.1, 1, {}, 2),
    ],
)
def test_a_claim_no_data_could_validate_is_told_the_least_n(  # each column is one fact of a claim
    metric: str,
    relation: str,
    threshold: float | tuple[float, float],
    n: int,
    changes: dict[str, Any],
    least: int | None,
) -> None:
    """One trial fewer than the least n is a problem at collection that names it; the least n is none."""
    problem = check_reachable(plan_of(metric, relation, threshold, n, **changes), shipped())
    if least is None:
        assert problem is None
        return
    assert problem is not None
    assert problem.argument == "trials"
    assert f"at least {least} " in problem.expected
    assert problem.fix == f"trials={least} or more"
    assert check_reachable(plan_of(metric, relation, threshold, least, **changes), shipped()) is None


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-5.0, 20.0)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_least_n_of_a_bounded_mean_is_reached_by_its_best_sample(bounds: tuple[float, float], share: float) -> None:
    """All observations on the far bound: with the least n they validate, with one fewer they do not."""
    import numpy as np
    from error_rates import sample_of, verdict_of

    from pytest_ophamin.deciding.outcome import Verdict

    threshold = bounds[0] + share * (bounds[1] - bounds[0])
    plan = (
        shipped()
        .deciding_for(plan_of("mean", "at_least", threshold, 10))
        .plan(plan_of("mean", "at_least", threshold, 10, bounds=bounds), level=0.05)
    )
    for n, verdict in ((plan.least_n, Verdict.VALIDATED), (plan.least_n - 1, Verdict.INCONCLUSIVE)):
        claim = plan_of("mean", "at_least", threshold, n, bounds=bounds)
        assert verdict_of(claim, sample_of(np.full(n, bounds[1]))) is verdict


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_least_n_after_correction_is_that_of_the_game_the_claim_plays(share: float) -> None:
    """Bets are tuned to the claim's alpha, so what alpha / m asks of n is asked of those bets."""
    import numpy as np
    from error_rates import sample_of

    claim = plan_of("mean", "at_least", share, 10, bounds=(0.0, 1.0))
    pillar = shipped().deciding_for(claim)
    for m in (20, 100, 1000):
        least = pillar.plan(claim, level=claim.alpha / m).least_n
        best = [_p_validate(claim, sample_of(np.ones(n))) for n in (least, least - 1)]
        assert best[0] <= claim.alpha / m < best[1]


@pytest.mark.parametrize(
    ("claim", "argument", "words"),
    [
        (plan_of("proportion", "at_least", 1.0, 50), "at_least", "threshold - margin in [0, 1), came 1"),
        (plan_of("proportion", "at_most", 0.0, 50), "at_most", "threshold + margin in (0, 1], came 0"),
        (plan_of("proportion", "at_least", 0.1, 50, margin=0.2), "margin", "came -0.1"),
        (plan_of("p99", "at_most", 5.0, 500, margin=0.99), "margin", "a share of the observations to concede"),
        (plan_of("p99", "at_least", 5.0, 500, margin=0.01), "margin", "a share of the observations to concede"),
        (plan_of("mean", "at_least", 1.0, 50, bounds=(0.0, 1.0)), "at_least", "inside the bounds 0 to 1, came 1"),
        (plan_of("mean", "at_least", 0.2, 50, bounds=(0.0, 1.0), margin=0.3), "margin", "came -0.1"),
        (plan_of("difference", "within", (-2.0, 0.1), 50, bounds=(-1.0, 1.0)), "within", "came -2"),
        (plan_of("ratio", "at_least", -1.0, 50), "at_least", "a positive ratio"),
        (plan_of("ratio", "at_least", 0.5, 50, margin=0.5), "margin", "a positive ratio"),
        (plan_of("mean", "at_least", 0.5, 50, expecting_sd=-1.0), "expecting_sd", "a positive number"),
        (
            plan_of("unheard", "at_least", 0.5, 50),
            "metric",
            "found only in a deeper conftest.py is not loaded), came 'un",
        ),
        (plan_of("mean", "at_least", 0.5, 50, pillar="men"), "pillar", "mean, came 'men'. Write: pillar=\"mean\", or"),
        (plan_of("mean", "at_least", 0.5, 50, pillar="O.spc"), "pillar", "came 'O.spc'. Write: pillar=\"mean\""),
        (
            plan_of("correlation", "at_least", 0.5, 50, pillar="correlation", design=Design(sequential=True)),
            "pillar",
            "none that is installed decides the metric 'correlation' with sequential=, came 'correlation'. Write: ",
        ),
        (
            plan_of("median", "at_least", 0.5, 50, of="ms", design=Design(cluster="user")),
            "metric",
            "with cluster=: difference, mean, proportion, came 'median'. Write: metric=\"mean\", or leave cluster= out",
        ),
        (
            plan_of("correlation", "at_least", 0.5, 50, design=Design(sequential=True)),
            "metric",
            "with sequential=: difference, mean, median, pNN, proportion, ratio, came 'correlation'. Write: leave seq",
        ),
        (
            plan_of("shift", "at_least", 0.5, 50, design=Design(arms=("a", "b"), sequential=True)),
            "sequential",
            "arms= and sequential= do not go together, came arms= and sequential=. Write: leave sequential= out",
        ),
        (
            plan_of("mean", "at_least", 0.5, 50, design=Design(checks=(Check(pillar="O.spcc"),))),
            "checks",
            "came 'O.spcc'. Write: checks=(\"O.spc\",)",
        ),
        (
            plan_of(
                "mean", "at_least", 0.5, 50, design=Design(checks=(Check(pillar="O.spc", options=(("ruels", "1"),)),))
            ),
            "checks['O.spc']['ruels']",
            "Write: checks={'O.spc': {'rules': ...}}",
        ),
        (_auto("proportion", "at_least", 0.9), "expecting", "to derive trials from, came none"),
    ],
)
def test_a_claim_its_pillar_cannot_decide_is_a_problem(claim: Claim, argument: str, words: str) -> None:
    """Each says what was expected, what came, and what to write."""
    problem = check_reachable(claim, shipped())
    assert problem is not None
    assert problem.argument == argument
    assert words in problem.describe()
    assert "Write: " in problem.describe()


def test_a_law_and_an_unresolved_auto_claim_are_reachable() -> None:
    """Neither has a number of trials yet."""
    assert check_reachable(law_of(), shipped()) is None
    assert check_reachable(_auto("proportion", "at_least", 0.9, expecting=0.95), shipped()) is None


@pytest.mark.parametrize(
    ("claim", "m", "n"),
    [
        (_auto("proportion", "at_least", 0.1, expecting=0.3, power=0.8), 1, 29),
        (_auto("proportion", "at_least", 0.95, expecting=0.99), 1, 181),
        (_auto("proportion", "at_least", 0.85, expecting=0.9), 1, 408),
        (_auto("proportion", "at_least", 0.85, expecting=0.9), 20, 770),
        (_auto("proportion", "at_most", 0.15, expecting=0.1), 1, 408),
        (_auto("proportion", "within", (0.4, 0.6), expecting=0.5), 1, 281),
        (_auto("p90", "at_most", 5.0, expecting=0.95), 1, 263),
        (_auto("p10", "at_least", 5.0, expecting=0.95), 1, 263),
        (_auto("mean", "at_least", 0.0, expecting=0.5, expecting_sd=1.0, alpha=0.025, power=0.8), 1, 34),
        (_auto("ratio", "at_most", 1.1, expecting=1.0, expecting_sd=0.3), 1, 87),
    ],
)
def test_trials_auto_is_the_least_n_from_which_power_never_drops(claim: Claim, m: int, n: int) -> None:
    """At Bonferroni alpha / m; n and m are frozen in the claim."""
    (resolved,) = resolve_auto([claim], shipped(), {"campaign": m})
    assert resolved.trials == n
    assert resolved.auto == AutoTrials(m=m)
    power = shipped().deciding_for(resolved).plan(resolved, level=resolved.alpha / m).power
    assert power is not None
    assert power >= resolved.power


def test_trials_auto_of_a_bounded_mean_reaches_its_power_in_simulation() -> None:
    """Seeded, so the same on every machine; the plan says that it is simulated."""
    claim = _auto("mean", "at_least", 0.4, bounds=(0.0, 1.0), expecting=0.5, expecting_sd=0.2)
    (resolved,) = resolve_auto([claim], shipped(), {})
    plan = shipped().deciding_for(resolved).plan(resolved, level=0.05)
    assert plan.power is not None
    assert plan.power >= 0.9
    assert plan.note is not None
    assert "seeded simulations of a beta distribution" in plan.note
    assert 30 < resolved.trials < 100


def test_trials_auto_of_a_bounded_mean_reaches_its_power_at_the_corrected_level() -> None:
    """Samples decided as a campaign of 100 claims decides them: what was planned is what comes."""
    import numpy as np
    from error_rates import generator, sample_of

    claim = _auto("mean", "at_least", 0.5, bounds=(0.0, 1.0), expecting=0.6, expecting_sd=0.2)
    (resolved,) = resolve_auto([claim], shipped(), {"campaign": 100})
    runs = 400
    samples = generator(31).beta(3.0, 2.0, (runs, resolved.trials))  # mean 0.6, deviation 0.2
    assert np.std(samples) == pytest.approx(0.2, abs=0.01)
    validated = sum(_p_validate(resolved, sample_of(x)) <= 0.05 / 100 for x in samples)
    assert validated / runs >= 0.86  # 0.9 less three standard errors of both simulations


def test_claims_with_a_number_of_trials_come_back_unchanged() -> None:
    """A later claim changes no n."""
    claims = (plan_of("proportion", "at_least", 0.9, 100), law_of())
    assert resolve_auto(claims, shipped(), {"campaign": 2}) == claims


def test_all_claims_that_cannot_be_sized_are_told_together() -> None:
    """An expectation on the wrong side, and a missing spread."""
    claims = [_auto("proportion", "at_least", 0.9, expecting=0.8), _auto("mean", "at_least", 0.0, expecting=0.5)]
    with pytest.raises(ClaimError) as caught:
        resolve_auto(claims, shipped(), {"campaign": 2})
    assert [problem.argument for problem in caught.value.problems] == ["expecting", "expecting"]
    assert "power 0.9 can be reached at level 0.025" in caught.value.problems[0].expected


class Planning:
    """A third party's pillar: power grows linearly, and it knows nothing of sizes."""

    name = "linear"
    metrics = frozenset({"linear", "broken", "impossible"})

    def decide(self, claim: Any, evidence: Any) -> Any:
        raise NotImplementedError

    def plan(self, claim: Claim, *, level: float) -> Plan:
        if claim.metric == "broken":
            raise ZeroDivisionError
        if claim.metric == "impossible":
            raise BadPlan(argument="unit", expected="metres", came="feet", fix="unit='m'")
        return Plan(n=claim.trials, least_n=3, power=min(1.0, claim.trials * level / 10))


def _with_linear() -> PillarRegistry:
    class Plugin:
        @hookimpl
        def ophamin_pillars(self) -> list[object]:
            return [Planning()]

    manager = new_manager()
    manager.register(Plugin())
    return PillarRegistry(manager)


def test_the_size_of_a_foreign_metric_is_searched_in_its_plans() -> None:
    """Doubling and bisection find the least n; a power that is never reached has none."""
    registry = _with_linear()
    pillar = registry.deciding_for(_auto("linear", "at_least", 1.0))
    assert least_trials(_auto("linear", "at_least", 1.0, expecting=2.0), pillar, 0.05) == 180
    assert least_trials(_auto("linear", "at_least", 1.0, expecting=2.0), pillar, 0.0) is None


def test_a_foreign_plan_that_fails_is_a_problem_of_its_claim() -> None:
    """Other claims have problems to tell too."""
    registry = _with_linear()
    broken = check_reachable(plan_of("broken", "at_least", 1.0, 10), registry)
    assert broken is not None
    assert "came ZeroDivisionError" in broken.describe()
    impossible = check_reachable(plan_of("impossible", "at_least", 1.0, 10), registry)
    assert impossible is not None
    assert impossible.argument == "unit"
    with pytest.raises(ClaimError, match="expected metres, came feet"):
        resolve_auto([_auto("impossible", "at_least", 1.0, expecting=1.0)], registry, {})
    with pytest.raises(ClaimError, match="came 'unheard'"):
        resolve_auto([_auto("unheard", "at_least", 1.0, expecting=1.0)], registry, {})


def _rows(count: int, correction: str, **changes: Any) -> CampaignPlan:
    claim = plan_of("mean", "at_least", 0.0, 100, expecting=0.4, expecting_sd=1.0, **changes)
    claims = [replace(claim, id=ClaimId(f"c{i}")) for i in range(count)]
    return plan_rows(claims, shipped(), {"campaign": (correction, 0.05)})


def test_twenty_claims_planned_at_power_ninety_come_out_green_together_in_85_percent() -> None:
    """DECIDING.md: 20 true claims at power .90 under Holm give .85."""
    claim = _auto("mean", "at_least", 0.0, expecting=0.1, expecting_sd=1.0)
    claims = [replace(claim, id=ClaimId(f"c{i}")) for i in range(20)]
    plan = plan_rows(resolve_auto(claims, shipped(), {"campaign": 20}), shipped(), HOLM)
    assert plan.rows[0].power_corrected == pytest.approx(0.90, abs=0.001)
    assert plan.all_validated == pytest.approx(0.85, abs=0.01)


@pytest.mark.parametrize("correction", ["none", "hochberg", "bh"])
def test_step_up_corrections_reject_all_when_the_largest_p_is_small(correction: str) -> None:
    """Then P(all VALIDATED) is the product of the raw powers."""
    plan = _rows(3, correction)
    power = plan.rows[0].plan
    assert power is not None
    assert power.power is not None
    assert plan.all_validated == pytest.approx(power.power**3)


def test_by_pays_its_harmonic_sum() -> None:
    """Between BH and nothing at all."""
    by, bh = _rows(3, "by").all_validated, _rows(3, "bh").all_validated
    assert by is not None
    assert bh is not None
    assert 0.0 < by < bh


def test_a_plan_without_expectations_has_no_chance_of_green() -> None:
    """Unknown is None, not a guess; laws are taken to hold."""
    claims = [plan_of("proportion", "at_least", 0.9, 100), law_of()]
    plan = plan_rows(claims, shipped(), HOLM)
    assert plan.all_validated is None
    assert (plan.rows[1].plan, plan.rows[1].m) == (None, 1)
    assert plan_rows([law_of()], shipped(), HOLM).all_validated is None


def test_a_claim_the_correction_puts_out_of_reach_is_warned_about() -> None:
    """Reachable at raw alpha, not as the smallest of 20 p-values."""
    claims = [replace(plan_of("p99", "at_most", 5.0, 400), id=ClaimId(f"c{i}")) for i in range(20)]
    row = plan_rows(claims, shipped(), HOLM).rows[0]
    least = math.ceil(math.log(0.05 / 20) / math.log(0.99))
    assert row.least_n_corrected == least
    assert row.warning == f"cannot be VALIDATED as the smallest p-value of 20 claims: needs {least} trials"


def test_a_claim_that_cannot_be_planned_is_a_row_with_a_warning() -> None:
    """The table shows what is wrong with it."""
    plan = plan_rows([plan_of("unheard", "at_least", 0.5, 10)], shipped(), HOLM)
    assert plan.rows[0].plan is None
    assert plan.rows[0].warning is not None
    assert "no pillar decides it" in plan.rows[0].warning
    assert plan.all_validated is None


def test_a_bad_plan_survives_pickling() -> None:
    """Exceptions carry their data as attributes."""
    import pickle

    bad = BadPlan(argument="a", expected="b", came="c", fix="d")
    copy = pickle.loads(pickle.dumps(bad))  # noqa: S301  # made two lines above
    assert (copy.argument, copy.expected, copy.came, copy.fix) == ("a", "b", "c", "d")
    assert str(copy) == "a: expected b, came c. Write: d"
