"""The pillar A.sprt: which method decides what, stops as functions of the prefix, verdicts, plans, refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from error_rates import Floats, plan_of, sample_of, shipped, verdict_of
from hypothesis import given, settings
from hypothesis import strategies as st

from ophamin_pillars.sequential.count_claims import design_of, nulls_of
from ophamin_pillars.sequential.group_counts import group_counts
from ophamin_pillars.sequential.mixture import JEFFREYS
from ophamin_pillars.sequential.truncated import truncated_sprt
from ophamin_pillars.sequential.within_power import shown_within
from ophamin_pillars.sprt_pillar import SprtPillar
from pytest_ophamin._canonical import round12
from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.decide import decide_claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadPlan, BadSample
from pytest_ophamin.deciding.registry import PillarError
from pytest_ophamin.trials.sample import Sample

PILLAR = SprtPillar()
SEQUENTIAL = Design(sequential=True)
LOOKS = Design(looks=(50, 100, 200))
RNG = np.random.default_rng(11)
DRAWS = RNG.random(2_000)
OTHER = RNG.random(2_000)


def sequential(
    metric: str, relation: str, threshold: float | tuple[float, float], n: int = 400, **changes: Any
) -> Claim:
    """Return a claim that may stop early."""
    return plan_of(metric, relation, threshold, n, **{"design": SEQUENTIAL, **changes})


def ended(claim: Claim, *columns: Any) -> Sample:
    """Return the sample up to where the claim is decided, or to its cap."""
    sample = sample_of(*(np.asarray(column)[: claim.trials] for column in columns))
    stop = PILLAR.stop(claim, sample)
    return sample if stop is None else sample.first_trials(stop)


def assessed(claim: Claim, *columns: Any) -> Assessment:
    """Return what the pillar says of the sample up to its end."""
    return PILLAR.decide(claim, ended(claim, *columns))


def verdict(claim: Claim, *columns: Any) -> Verdict:
    """Return the raw verdict, without diagnosis: some samples here are made up."""
    return verdict_of(claim, ended(claim, *columns))


BOOLS, PAIRS = (DRAWS < 0.7,), (DRAWS < 0.6, OTHER < 0.5)
METHODS: list[tuple[str, float, tuple[Any, ...], dict[str, Any], str, bool]] = [
    ("proportion", 0.6, BOOLS, {"margin": 0.1}, "truncated-sprt/1", True),
    ("proportion", 0.6, BOOLS, {}, "beta-binomial-mixture/1", True),
    ("proportion", 0.6, BOOLS, {"margin": 0.1, "design": LOOKS, "n": 200}, "group-sequential-binomial/1", True),
    ("proportion", 0.6, BOOLS, {"design": LOOKS, "n": 200}, "group-sequential-binomial/1", True),
    ("p30", 0.1, (DRAWS,), {"margin": 0.05}, "truncated-sprt/1", True),
    ("p30", 0.1, (DRAWS,), {}, "beta-binomial-mixture/1", True),
    ("p30", 0.1, (DRAWS,), {"margin": 0.05, "design": LOOKS, "n": 200}, "group-sequential-binomial/1", True),
    ("mean", 0.3, (DRAWS,), {"bounds": (0.0, 1.0)}, "betting-mixture/1", True),
    ("mean", 0.3, BOOLS, {}, "betting-mixture/1", True),
    ("mean", 0.3, (DRAWS,), {}, "student-t-mixture/1", False),
    ("difference", 0.0, PAIRS, {}, "discordant-pairs-mixture/1", True),
    ("difference", 0.0, PAIRS, {"margin": 0.1}, "betting-mixture/1", True),
    ("difference", -0.1, PAIRS, {}, "betting-mixture/1", True),
    ("difference", -0.1, (DRAWS, OTHER), {"bounds": (-1.0, 1.0)}, "betting-mixture/1", True),
    ("difference", -0.2, (DRAWS, OTHER), {}, "student-t-mixture/1", False),
    ("ratio", 0.7, (np.exp(DRAWS), np.exp(OTHER)), {}, "log-ratio-t-mixture/1", False),
]


@pytest.mark.parametrize(("metric", "limit", "columns", "changes", "method", "exact"), METHODS)
def test_claim_and_observations_choose_the_method(
    metric: str, limit: float, columns: tuple[Any, ...], changes: dict[str, Any], method: str, exact: bool
) -> None:
    """0/1 data with a margin have a design, without one a mixture; known bounds mean betting; the rest is t."""
    claim = sequential(metric, "at_least", limit, **changes)
    found = assessed(claim, *columns)
    assert (found.method, found.exact, found.conditions is None) == (method, exact, exact)
    assert shipped().deciding_for(claim).name == "A.sprt"
    is_process = "mixture" in method
    assert (found.log_e_validate is not None, found.log_e_refute is not None) == (is_process, is_process)


@pytest.mark.parametrize(("metric", "limit", "columns", "changes", "method", "exact"), METHODS)
@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["at_least", "at_most"])
def test_the_course_is_part_of_every_answer(
    metric: str, limit: float, columns: tuple[Any, ...], changes: dict[str, Any], method: str, exact: bool, sign: float
) -> None:
    """At most 40 rising trial counts that end at n, bounds that only narrow, evidence that is finite."""
    claim = sequential(metric, "at_least" if sign > 0.0 else "at_most", limit, **changes)
    found = assessed(claim, *columns)
    course = found.sequence
    assert course is not None, (method, exact)
    assert 1 <= len(course.at) <= 40
    assert course.at[-1] == found.n
    assert list(course.at) == sorted(set(course.at))
    lengths = {len(part) for part in (course.at, course.lower, course.upper, course.log_validate, course.log_refute)}
    assert lengths == {len(course.at)}
    lower = [-math.inf if bound is None else bound for bound in course.lower]
    upper = [math.inf if bound is None else bound for bound in course.upper]
    assert lower == sorted(lower)
    assert upper == sorted(upper, reverse=True)
    assert all(map(math.isfinite, (*course.log_validate, *course.log_refute)))


TWO_SIDED: list[tuple[str, str, float | tuple[float, float], dict[str, Any], tuple[Any, ...], tuple[Any, ...]]] = [
    ("proportion", "at_least", 0.7, {"margin": 0.1}, (DRAWS < 0.85,), (DRAWS < 0.5,)),
    ("proportion", "at_most", 0.3, {"margin": 0.1}, (DRAWS < 0.15,), (DRAWS < 0.5,)),
    ("proportion", "at_least", 0.7, {}, (DRAWS < 0.85,), (DRAWS < 0.5,)),
    ("proportion", "at_most", 0.3, {}, (DRAWS < 0.15,), (DRAWS < 0.5,)),
    ("proportion", "within", (0.35, 0.65), {"trials": 1_500}, (DRAWS < 0.5,), (DRAWS < 0.8,)),
    ("p90", "at_most", 2.0, {"margin": 0.05}, (2.05 * DRAWS,), (3.0 * DRAWS,)),
    ("p90", "at_least", 2.0, {"margin": 0.05}, (3.0 * DRAWS,), (2.05 * DRAWS,)),
    ("p90", "at_most", 2.0, {}, (2.05 * DRAWS,), (3.0 * DRAWS,)),
    ("p90", "at_least", 2.0, {}, (3.0 * DRAWS,), (2.05 * DRAWS,)),
    ("median", "within", (0.3, 0.7), {"trials": 1_500}, (DRAWS,), (DRAWS**4,)),
    ("mean", "at_least", 0.4, {"bounds": (0.0, 1.0)}, (DRAWS,), (DRAWS**2,)),
    ("mean", "at_most", 0.4, {"bounds": (0.0, 1.0), "margin": 0.02}, (DRAWS**2,), (DRAWS,)),
    ("mean", "within", (0.4, 0.6), {"trials": 1_500}, (DRAWS,), (DRAWS**2,)),
    ("difference", "at_least", 0.0, {}, PAIRS, PAIRS[::-1]),
    ("difference", "at_most", 0.05, {"trials": 1_500}, PAIRS[::-1], PAIRS),
    ("ratio", "at_most", 1.1, {}, (np.exp(DRAWS), np.exp(OTHER)), (np.exp(1.0 + DRAWS), np.exp(OTHER))),
]


@pytest.mark.parametrize(("metric", "relation", "limit", "changes", "good", "bad"), TWO_SIDED)
def test_both_verdicts_come_early(
    metric: str,
    relation: str,
    limit: float | tuple[float, float],
    changes: dict[str, Any],
    good: tuple[Any, ...],
    bad: tuple[Any, ...],
) -> None:
    """A clearly true claim is VALIDATED, a clearly false one REFUTED, before the cap, with an interval that agrees."""
    claim = replace(sequential(metric, relation, limit), **changes)
    for columns, expected in ((good, Verdict.VALIDATED), (bad, Verdict.REFUTED)):
        decision = decide_claim(claim, ended(claim, *columns), shipped())
        found = decision.assessment
        assert decision.verdict is expected, decision.void
        assert isinstance(found, Assessment)
        assert found.n < claim.trials
        assert found.needed is None
        _check_interval(claim, found, expected)


def _check_interval(claim: Claim, found: Assessment, expected: Verdict) -> None:
    given = 0.0 if claim.kind == "quantile" else claim.margin  # a quantile gives its margin away in probability
    lower = -math.inf if found.lower is None else found.lower
    upper = math.inf if found.upper is None else found.upper
    if claim.relation is Relation.WITHIN:
        lo, hi = claim.limits
        inside, outside = lo <= lower <= upper <= hi, upper <= lo or lower >= hi
    elif claim.relation is Relation.AT_LEAST:
        inside, outside = lower >= claim.limit - given - 1e-12, upper <= claim.limit
    else:
        inside, outside = upper <= claim.limit + given + 1e-12, lower >= claim.limit
    assert (inside, outside) == (expected is Verdict.VALIDATED, expected is Verdict.REFUTED)


@st.composite
def _claims(draw: st.DrawFn) -> tuple[Claim, tuple[Floats, ...]]:
    metric, limit, columns, changes, _, _ = draw(st.sampled_from(METHODS))
    relation = draw(st.sampled_from(["at_least", "at_most"]))
    claim = sequential(metric, relation, limit, allocated=draw(st.sampled_from([1, 3, 20])), **changes)
    order = np.random.default_rng(draw(st.integers(0, 1_000))).permutation(len(DRAWS))
    return claim, tuple(np.asarray(column)[order][: claim.trials] for column in columns)


@settings(max_examples=40, deadline=None)
@given(drawn=_claims(), data=st.data())
def test_a_stop_is_a_function_of_the_trials_up_to_it(
    drawn: tuple[Claim, tuple[Floats, ...]], data: st.DataObject
) -> None:
    """Any longer sample stops at the same trial, any shorter one nowhere; at the stop both levels are kept."""
    claim, columns = drawn
    sample = sample_of(*columns)
    stop = PILLAR.stop(claim, sample)
    assert stop is None or 0 < stop < claim.trials
    n = data.draw(st.integers(1, sample.n))
    assert PILLAR.stop(claim, sample.first_trials(n)) == (stop if stop is not None and stop <= n else None)
    if stop is not None:
        assert PILLAR.stop(claim, sample.first_trials(stop)) == stop
        found = PILLAR.decide(claim, sample.first_trials(stop))
        a, b = claim.stop_levels
        assert round12(found.p_validate) <= a or round12(found.p_refute) <= b


def test_a_bad_trial_behind_the_stop_is_no_part_of_the_sample() -> None:
    """Ahead of any decision it makes the claim VOID; behind it nobody looks."""
    claim = sequential("proportion", "at_least", 0.5, margin=0.2)
    values = np.ones(400)
    stop = PILLAR.stop(claim, sample_of(values))
    assert stop is not None
    for place, expected in ((stop + 5, stop), (stop, stop)):
        spoilt = values.copy()
        spoilt[place] = 0.5
        assert PILLAR.stop(claim, sample_of(spoilt)) == expected
    spoilt = values.copy()
    spoilt[stop - 1] = 0.5
    with pytest.raises(BadSample, match="True, False, 0 or 1"):
        PILLAR.stop(claim, sample_of(spoilt))


@pytest.mark.parametrize(
    ("claim", "columns", "message"),
    [
        (sequential("proportion", "at_least", 0.5), ([0.0, 2.0],), "True, False, 0 or 1"),
        (sequential("mean", "at_least", 0.5, bounds=(0.0, 1.0)), ([0.5, 2.0],), "outside the bounds"),
        (sequential("mean", "at_least", 1.5), ([True, False],), "strictly inside the bounds"),
        (sequential("mean", "at_least", 0.5), ([1.0, 1e200],), "square"),
        (sequential("difference", "at_least", 0.5), ([1e308, 1.0], [-1e308, 0.0]), "not finite"),
        (sequential("ratio", "at_least", 0.5), ([1.0, 0.0], [1.0, 1.0]), "positive"),
        (sequential("ratio", "at_least", 0.5, margin=0.5), ([1.0, 2.0], [1.0, 1.0]), "positive limits"),
        (sequential("ratio", "at_least", 0.5), ([True, True], [True, False]), "not bools"),
    ],
)
def test_what_a_metric_does_not_take_is_refused(claim: Claim, columns: tuple[Any, ...], message: str) -> None:
    """BadSample, in stop() and in decide(), without quoting the observation."""
    sample = sample_of(*columns)
    with pytest.raises(BadSample, match=message):
        PILLAR.decide(claim, sample)
    with pytest.raises(BadSample, match=message):
        PILLAR.stop(claim, sample)


def test_a_sample_that_ends_elsewhere_is_refused() -> None:
    """A design's p-values exist at its stops only."""
    claim = sequential("proportion", "at_least", 0.9, margin=0.05)
    sample = ended(claim, DRAWS < 0.97)
    for n in (sample.n - 1, sample.n + 1):
        with pytest.raises(BadSample, match="does not end"):
            PILLAR.decide(claim, sample_of((DRAWS < 0.97)[:n]))


@pytest.mark.parametrize(("n", "reason"), [(1, "one observation"), (400, "all observations are equal")])
def test_equal_observations_without_bounds_decide_nothing(n: int, reason: str) -> None:
    """Nothing is known about their spread: p = 1 on both sides, and the reason."""
    claim = sequential("mean", "at_least", 0.5, n)
    found = assessed(claim, np.full(n, 3.0))
    assert (found.p_validate, found.p_refute) == (1.0, 1.0)
    assert found.reason is not None
    assert reason in found.reason
    assert verdict(claim, np.full(n, 3.0)) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 40])
def test_short_caps_have_answers(relation: str, n: int) -> None:
    """Caps too small for any verdict, and samples of one kind only, are INCONCLUSIVE or decided, never VOID."""
    for metric, limit, columns, changes, _, _ in METHODS:
        if "n" in changes:
            continue
        claim = sequential(metric, relation, limit, **{**changes, "n": n})
        equal = tuple(np.ones_like(column) for column in columns)
        assert {verdict(claim, *columns), verdict(claim, *equal)} <= {
            Verdict.VALIDATED,
            Verdict.REFUTED,
            Verdict.INCONCLUSIVE,
        }


def test_mirrored_claims_are_one_design() -> None:
    """``at_most 0.1`` counts failures, ``p90 at most`` what lies below, ``p10 at least`` what lies above."""
    assert nulls_of(sequential("proportion", "at_least", 0.9, margin=0.05)) == (0.85, 0.9)
    assert nulls_of(sequential("proportion", "at_most", 0.1, margin=0.05)) == (0.85, 0.9)
    assert nulls_of(sequential("p90", "at_most", 5.0, margin=0.05)) == (0.85, 0.9)
    assert nulls_of(sequential("p10", "at_least", 5.0, margin=0.05)) == (0.85, 0.9)
    claim = sequential("proportion", "at_most", 0.1, 600, margin=0.05, allocated=4)
    assert design_of(claim) is truncated_sprt(0.85, 0.9, 0.05 / 4, 0.1 / 4, 600)
    with pytest.raises(ValueError, match="is no quantile"):
        nulls_of(sequential("mean", "at_least", 0.9))


def test_the_mirror_image_of_a_claim_is_decided_alike() -> None:
    """A proportion of successes at least t, or of failures at most 1 - t: same trial, p-values and mirrored bounds."""
    one = sequential("proportion", "at_least", 0.9, margin=0.05)
    other = sequential("proportion", "at_most", 0.1, margin=0.05)
    for share in (0.97, 0.9, 0.8):
        good = DRAWS < share  # noqa: SIM300
        found, mirror = assessed(one, good), assessed(other, ~good)
        assert (found.n, found.p_validate, found.p_refute) == (mirror.n, mirror.p_validate, mirror.p_refute)
        assert found.lower is not None
        assert found.upper is not None
        assert mirror.upper == pytest.approx(1.0 - found.lower)
        assert mirror.lower == pytest.approx(1.0 - found.upper)
        assert (found.null_validate, mirror.null_validate) == ("proportion <= 0.85", "proportion >= 0.15")


def test_quantiles_count_as_they_do_for_a_fixed_n() -> None:
    """Ties with the limit: "at most L" holds them good, and so does "at least L"."""
    for relation in ("at_least", "at_most"):
        claim = sequential("median", relation, 1.0, margin=0.1)
        found = assessed(claim, np.ones(400))
        assert found.p_validate <= 0.05
        assert found.estimate == 1.0
        sign = "<" if relation == "at_least" else "<="
        assert f"P(X {sign} 1)" in found.null_validate


@pytest.mark.parametrize("changes", [{}, {"margin": 0.1}, {"margin": 0.1, "design": Design(looks=(60, 150, 300))}])
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("tied", [False, True])
def test_the_interval_of_a_quantile_holds_the_limits_its_sample_does_not_reject(
    relation: str, changes: dict[str, Any], *, tied: bool
) -> None:
    """Every other limit, asked about on the trials up to the stop: rejected outside the interval, nowhere inside it."""
    values = np.round(8.0 * DRAWS[:300]) / 8.0 if tied else DRAWS[:300]
    claim = sequential("p60", relation, 0.5, 300, **changes)
    sample = ended(claim, values)
    found = PILLAR.decide(claim, sample)
    lower = -math.inf if found.lower is None else found.lower
    upper = math.inf if found.upper is None else found.upper
    for other in np.linspace(0.0, 1.0, 17).tolist():
        validates, refutes = _rejected(replace(claim, threshold=other), sample)
        above, below = other > upper, other < lower
        if other in values:  # the limit itself validates, and does not refute
            above, below = (above, other <= lower) if relation == "at_least" else (other >= upper, below)
        assert (below, above) == ((validates, refutes) if relation == "at_least" else (refutes, validates))


def _rejected(claim: Claim, sample: Sample) -> tuple[bool, bool]:
    """Return which tests of ``claim`` reject on the trials up to where it stops; none while it goes on."""
    stop = PILLAR.stop(claim, sample) or (sample.n if sample.n == claim.trials else None)
    if stop is None:
        return False, False
    found = PILLAR.decide(claim, sample.first_trials(stop))
    return found.p_validate <= claim.validate_level, found.p_refute <= claim.refute_level


@pytest.mark.parametrize("limits", [(0.3, 0.7), (0.1, 0.6), (0.45, 0.55)])
def test_the_power_of_showing_both_ends_is_exact(limits: tuple[float, float]) -> None:
    """Against the e-processes themselves on every path of 12 trials, at a level so few trials can reach."""
    paths = (np.arange(2**12)[:, None] >> np.arange(12)) & 1
    s = np.cumsum(paths, axis=1)
    f = np.arange(1, 13) - s
    ends = (JEFFREYS.greater(s, f, limits[0]), JEFFREYS.less(s, f, limits[1]))
    for truth in (0.2, 0.5):
        chances = truth ** s[:, -1] * (1.0 - truth) ** f[:, -1]
        for level in (0.9, 0.7, 0.4):
            shown = [end >= -math.log(level) for end in ends]
            both = shown[0].any(axis=1) & shown[1].any(axis=1)
            found = shown_within(limits, truth, level, 12)
            assert found.validated == pytest.approx(float(chances[both].sum()), rel=1e-12, abs=1e-15)
            last = np.where(both, np.maximum(shown[0].argmax(axis=1), shown[1].argmax(axis=1)) + 1, 12)
            assert found.mean_n == pytest.approx(float((chances * last).sum()), rel=1e-12)


def test_trials_auto_of_a_proportion_within_limits_may_stop_early() -> None:
    """The least cap to one part in a hundred, with the power it states."""
    claim = sequential("proportion", "within", (0.35, 0.65), 0, expecting=0.5)
    n = PILLAR.size(claim, level=0.05)
    assert n is not None
    plan = PILLAR.plan(replace(claim, trials=n), level=0.05)
    fewer = PILLAR.plan(replace(claim, trials=int(0.98 * n)), level=0.05)
    assert plan.power is not None
    assert fewer.power is not None
    assert fewer.power < 0.9 <= plan.power
    assert "trials on average" in (plan.note or "")
    quantile = PILLAR.plan(sequential("median", "within", (0.4, 0.6), 400, expecting=0.5), level=0.05)
    assert quantile.power is None


def test_a_campaign_of_several_claims_asks_for_more() -> None:
    """Alpha is allocated before the run: the claim goes on until its stage-wise p-value is at most a / m."""
    good = DRAWS < 0.95
    stops = []
    for m in (1, 3, 20):
        claim = sequential("proportion", "at_least", 0.9, 600, margin=0.05, allocated=m)
        found = assessed(claim, good)
        stops.append(found.n)
        assert found.p_validate <= 0.05 / m
    assert stops == sorted(stops)
    assert stops[0] < stops[-1]


def test_a_sample_stopped_on_refutation_never_validates_at_its_own_level() -> None:
    """The design is planned at a / m; its p-value stands above the raw level a all the same."""
    claim = sequential("proportion", "at_least", 0.9, 600, margin=0.05, allocated=200)
    found = assessed(claim, DRAWS < 0.7)
    assert found.p_refute <= 0.1 / 200
    assert found.p_validate > 0.05


def test_latched_evidence_on_both_sides_leaves_no_interval() -> None:
    """Stopped at a / m, a path may have passed a on the other side before: no bounds that cross, and INCONCLUSIVE."""
    claim = sequential("proportion", "at_least", 0.5, 3_000, allocated=10)
    contrary = np.concatenate([np.ones(8), np.zeros(2_992)])
    found = assessed(claim, contrary == 1.0)
    assert found.p_validate <= 0.05
    assert found.p_refute <= 0.05 / 10
    assert (found.lower, found.upper) == (None, None)
    assert verdict(claim, contrary == 1.0) is Verdict.INCONCLUSIVE


def test_how_many_trials_would_decide_is_extrapolated() -> None:
    """At its cap an e-process says how long its growth would take; at the boundary it says none."""
    claim = sequential("mean", "at_least", 0.45, 100, bounds=(0.0, 1.0))
    found = assessed(claim, DRAWS[:100])
    assert found.needed is not None
    assert 100 < found.needed < 1_500
    on_it = sequential("proportion", "at_least", 0.5, 100)
    assert assessed(on_it, np.arange(100) % 2 == 0).needed is None
    incompatible = sequential("proportion", "at_least", 0.9, 60, margin=0.05)
    undecided = np.arange(60) % 8 != 0
    assert verdict(incompatible, undecided) is Verdict.INCONCLUSIVE
    assert (assessed(incompatible, undecided).needed or 0) > 60


# Plans


def test_a_plan_is_the_exact_law_of_the_design() -> None:
    """Power, expected trials and the detectable share of ``at_least 0.9``, and of its mirror image."""
    plan = PILLAR.plan(sequential("proportion", "at_least", 0.9, 600, margin=0.05, expecting=0.9), level=0.05)
    design = truncated_sprt(0.85, 0.9, 0.05, 0.1, 600)
    assert (plan.n, plan.least_n) == (600, 19)
    assert plan.power == design.power
    assert plan.detectable == pytest.approx(0.9, abs=0.001)
    assert plan.note is not None
    assert plan.note.startswith("stops after 224 trials on average, after 425 at most in 90 % of runs")
    mirror = PILLAR.plan(sequential("proportion", "at_most", 0.1, 600, margin=0.05, expecting=0.1), level=0.05)
    assert mirror.power == plan.power
    assert plan.detectable is not None
    assert mirror.detectable == pytest.approx(1.0 - plan.detectable)
    quantile = PILLAR.plan(sequential("p90", "at_most", 5.0, 600, margin=0.05, expecting=0.9), level=0.05)
    assert quantile == plan


def test_a_plan_warns_of_a_cap_that_does_not_suit_its_levels() -> None:
    """Alpha is kept, and the attained power told: exactly where it is computed, else about."""
    claim = sequential("proportion", "at_least", 0.9, 200, margin=0.05, expecting=0.95)
    exact = PILLAR.plan(claim, level=0.05)
    assert exact.note is not None
    assert exact.note.endswith("at the threshold power is 0.66, not 0.9")
    about = PILLAR.plan(replace(claim, expecting=None), level=0.05)
    assert about.note == "cap and levels are incompatible: at the threshold power is about 0.65, not 0.9"
    assert PILLAR.plan(replace(claim, expecting=None, trials=600), level=0.05).note is None


def test_a_plan_without_a_margin_tells_what_that_costs() -> None:
    """There is no design point: the exact power stands beside that of a fixed number of trials."""
    claim = sequential("proportion", "at_least", 0.9, 600, expecting=0.94)
    plan = PILLAR.plan(claim, level=0.05)
    assert plan.power is not None
    assert plan.note is not None
    assert "without margin= evidence is averaged over all alternatives" in plan.note
    assert "power 0.97 for a fixed number of trials" in plan.note
    assert plan.power < 0.97
    draws = np.random.default_rng(5).random((200, 600)) < 0.94
    stopped = sum(PILLAR.stop(claim, sample_of(row)) is not None for row in draws)
    assert stopped / 200 == pytest.approx(plan.power, abs=0.15)
    assert PILLAR.plan(replace(claim, expecting=None), level=0.05).power is None
    assert PILLAR.plan(replace(claim, trials=30_000), level=0.05).power is None


@pytest.mark.parametrize(
    ("claim", "columns"),
    [
        (sequential("proportion", "at_least", 0.9), (np.ones(400, dtype=np.bool_),)),
        (sequential("proportion", "at_most", 0.02), (np.zeros(400, dtype=np.bool_),)),
        (sequential("p99", "at_most", 1.0), (np.zeros(400),)),
        (sequential("mean", "at_least", 0.3, bounds=(0.0, 1.0)), (np.ones(400),)),
        (sequential("mean", "at_most", 0.3, bounds=(0.0, 1.0)), (np.zeros(400),)),
        (sequential("median", "within", (0.0, 1.0)), (np.full(400, 0.5),)),
    ],
)
def test_the_least_n_of_a_plan_is_where_the_best_sample_decides(claim: Claim, columns: tuple[Any, ...]) -> None:
    """With fewer trials no data could validate the claim: an error at collection."""
    least = PILLAR.plan(claim, level=0.05).least_n
    assert PILLAR.stop(claim, sample_of(*columns)) == least
    at_cap = replace(claim, trials=least)
    assert verdict(at_cap, *(column[:least] for column in columns)) is Verdict.VALIDATED
    too_few = replace(claim, trials=least - 1)
    assert verdict(too_few, *(column[: least - 1] for column in columns)) is not Verdict.VALIDATED


def test_the_least_n_of_an_equivalence_shows_one_end_after_the_other() -> None:
    """No count speaks for both ends of a proportion early on; what was shown of one end stays shown."""
    claim = sequential("proportion", "within", (0.4, 0.7), 2_000)
    least = PILLAR.plan(claim, level=0.05).least_n
    orders = [np.where(np.arange(least) < k, first, not first) for k in range(3, 12) for first in (True, False)]
    at_cap, shorter = replace(claim, trials=least), replace(claim, trials=least - 1)
    found = [assessed(at_cap, order) for order in orders if verdict(at_cap, order) is Verdict.VALIDATED]
    assert found
    assert all((each.log_e_validate or 0.0) < math.log(20.0) for each in found)
    assert not any(verdict(shorter, order) is Verdict.VALIDATED for order in orders)


def test_means_are_planned_by_a_seeded_simulation() -> None:
    """The same power twice, near that of the product's own decisions, and trials on average in the note."""
    bounded = sequential("mean", "at_least", 0.4, 300, bounds=(0.0, 1.0), expecting=0.5, expecting_sd=0.29)
    normal = sequential("mean", "at_least", 0.4, 300, expecting=0.5, expecting_sd=0.5)
    ratio = sequential("ratio", "at_most", 1.2, 300, expecting=1.0, expecting_sd=0.8)
    for claim, word in ((bounded, "a beta distribution"), (normal, "normal observations"), (ratio, "normal")):
        plan = PILLAR.plan(claim, level=0.05)
        assert plan == PILLAR.plan(claim, level=0.05)
        assert plan.power is not None
        assert plan.note is not None
        assert 0.3 < plan.power <= 1.0
        assert plan.note.startswith("about ")
        assert word in plan.note
        assert (PILLAR.plan(claim, level=0.0005).power or 1.0) < plan.power
    two_points = PILLAR.plan(replace(bounded, expecting_sd=None), level=0.05)
    assert "two bounds" in (two_points.note or "")
    assert (
        PILLAR.plan(replace(normal, expecting_sd=None), level=0.05).note == "power: give expecting= and expecting_sd="
    )
    assert PILLAR.plan(sequential("mean", "at_least", 1e-7, bounds=(0.0, 1.0)), level=0.05).least_n < 10
    assert PILLAR.plan(sequential("mean", "at_least", 1 - 1e-6, bounds=(0.0, 1.0)), level=0.05).least_n > 1_000_000


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (sequential("proportion", "at_least", 0.9, 20_001, margin=0.05), "at most 20000 trials"),
        (sequential("p90", "at_most", 5.0, 20_001, margin=0.05), "at most 20000 trials"),
        (sequential("proportion", "within", (0.4, 0.6), 200, design=LOOKS), "within="),
        (sequential("proportion", "at_least", 0.03, margin=0.05), "margin"),
        (sequential("p99", "at_least", 1.0, margin=0.05), "margin"),
        (sequential("mean", "at_least", 1.5, bounds=(0.0, 1.0)), "strictly inside"),
        (sequential("ratio", "at_least", 0.5, margin=0.6), "positive ratios"),
        (sequential("ratio", "at_least", 0.5, expecting=-1.0, expecting_sd=1.0), "positive ratios"),
    ],
)
def test_a_claim_no_data_could_decide_is_refused(claim: Claim, message: str) -> None:
    """BadPlan, an error at collection that says what to write."""
    with pytest.raises(BadPlan, match=message):
        PILLAR.plan(claim, level=0.05)


def test_other_designs_beside_stopping_have_no_method_yet() -> None:
    """What nobody answers is an error at collection, never a design that is ignored."""
    claim = sequential("proportion", "at_least", 0.9, design=Design(sequential=True, cluster="user"))
    with pytest.raises(PillarError, match="no pillar decides it"):
        shipped().deciding_for(claim)


@pytest.mark.parametrize(
    ("claim", "least", "most"),
    [
        (sequential("proportion", "at_least", 0.9, 0, margin=0.05, expecting=0.95), 60, 120),
        (sequential("proportion", "at_least", 0.8, 0, expecting=0.95), 40, 160),
        (sequential("mean", "at_least", 0.4, 0, expecting=0.6, expecting_sd=0.4), 35, 120),
    ],
)
def test_auto_finds_the_cap_that_is_powerful_enough(claim: Claim, least: int, most: int) -> None:
    """``trials="auto"``: at the cap found the planned power is that of the claim, far below it is not."""
    cap = PILLAR.size(claim, level=0.05)
    assert cap is not None
    assert least <= cap <= most
    assert (PILLAR.plan(replace(claim, trials=cap), level=0.05).power or 0.0) >= claim.power
    assert (PILLAR.plan(replace(claim, trials=cap * 3 // 4), level=0.05).power or 0.0) < claim.power
    assert PILLAR.size(replace(claim, expecting=None), level=0.05) is None


def test_looks_without_a_margin_test_one_threshold_from_both_sides() -> None:
    """Two nulls that meet: both levels are kept at every look together."""
    design = group_counts((50, 100, 200), 0.9, 0.9, 0.05, 0.05)
    found = design.characteristics(0.9)
    assert found.validated <= 0.05
    assert found.refuted <= 0.05
    assert not design.conclusive
    with pytest.raises(ValueError, match="p0 < p1"):
        group_counts((50, 100), 1.0, 1.0, 0.05, 0.05)
    with pytest.raises(ValueError, match="p0 < p1"):
        truncated_sprt(0.9, 0.9, 0.05, 0.05, 100)
    claim = sequential("proportion", "at_least", 0.9, 200, design=LOOKS)
    assert verdict(claim, DRAWS < 0.99) is Verdict.VALIDATED
    assert verdict(claim, DRAWS < 0.6) is Verdict.REFUTED
    assert verdict(claim, np.arange(200) % 10 != 0) is Verdict.INCONCLUSIVE
