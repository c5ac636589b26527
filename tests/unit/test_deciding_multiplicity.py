"""The multiplicity library: each procedure against its definition by enumeration, against others, and at the edges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import make_smoothing_spline
from scipy.stats import combine_pvalues, false_discovery_control

from pytest_ophamin.deciding.multiplicity import (
    ADJUSTMENTS,
    GatedFamily,
    Graph,
    OnlineRule,
    SimesClosure,
    bh,
    bonferroni,
    by,
    closed_e_bh,
    decide_online,
    e_bh,
    e_holm,
    fisher,
    gated,
    hochberg,
    holm,
    hommel,
    null_share,
    q_values,
    simes,
    storey,
    stouffer,
)
from pytest_ophamin.deciding.multiplicity.gatekeeping import PARALLEL
from pytest_ophamin.deciding.multiplicity.graphical import (
    bonferroni_graph,
    fallback,
    fixed_sequence,
    holm_graph,
    improved_fallback,
    parallel_graph,
    successive_graph,
)
from pytest_ophamin.deciding.multiplicity.online import (
    AddisSpending,
    AlphaSpending,
    ExhaustiveAddisSpending,
    Lond,
    OnlineFallback,
)
from pytest_ophamin.deciding.multiplicity.online_investing import (
    Addis,
    AlphaInvesting,
    LordDiscard,
    LordPlusPlus,
    Saffron,
)
from pytest_ophamin.deciding.multiplicity.online_lord import Lord3, LordDependent
from pytest_ophamin.deciding.multiplicity.storey import THRESHOLDS, null_share_bootstrap, null_share_smoothed

LAW = settings(database=None, deadline=None, derandomize=True, max_examples=25)
"""The same examples on every machine."""
P_VALUES = st.lists(st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.01, 0.05, 0.5, 1.0])), max_size=6)
LAWFUL = sorted(set(ADJUSTMENTS) - {"storey"})  # it may lie below p, and depends on the others' p in its own way


def near(expected: object) -> object:
    """Return what is equal to ``expected`` to 11 digits."""
    return pytest.approx(expected, rel=1e-11, abs=1e-300)


def sets_of(n: int) -> Iterator[tuple[int, ...]]:
    """Yield every non-empty set of places."""
    return itertools.chain.from_iterable(itertools.combinations(range(n), k) for k in range(1, n + 1))


def closed(p: Sequence[float], local: Callable[[list[float]], float]) -> list[float]:
    """Return adjusted p-values of the closed test with these local tests, from its definition."""
    return [max(min(1.0, local([p[j] for j in s])) for s in sets_of(len(p)) if i in s) for i in range(len(p))]


@LAW
@given(P_VALUES)
def test_holm_and_hommel_are_closed_tests(p: list[float]) -> None:
    """Against the definition, over all sets: Bonferroni's local tests give Holm, Simes' give Hommel."""
    assert holm(p) == near(closed(p, lambda s: len(s) * min(s)))
    assert hommel(p) == near(closed(p, simes))


@LAW
@given(P_VALUES)
def test_procedures_with_more_assumptions_reject_more(p: list[float]) -> None:
    """Bonferroni, Holm, Hochberg, Hommel in that order; BY above BH; none below p, none above 1."""
    chain = [bonferroni(p), holm(p), hochberg(p), hommel(p), p]
    for larger, smaller in itertools.pairwise(chain):
        assert all(a >= b * (1 - 1e-12) for a, b in zip(larger, smaller, strict=True))
    for larger, smaller in ((by(p), bh(p)), (bh(p), p)):
        assert all(a >= b * (1 - 1e-12) for a, b in zip(larger, smaller, strict=True))
    assert all(a <= 1.0 for name in ADJUSTMENTS for a in ADJUSTMENTS[name](p))


@pytest.mark.parametrize("name", sorted(ADJUSTMENTS))
@LAW
@given(p=P_VALUES, data=st.data())
def test_adjusted_values_follow_their_hypotheses(name: str, p: list[float], data: st.DataObject) -> None:
    """Whatever order they come in, as a list or an array; equal p-values stay equal."""
    order = data.draw(st.permutations(range(len(p))))
    adjusted = ADJUSTMENTS[name](p)
    assert ADJUSTMENTS[name](np.array([p[i] for i in order])) == [adjusted[i] for i in order]
    assert len({(a, b) for a, b in zip(p, adjusted, strict=True)}) == len(set(p))


@pytest.mark.parametrize("name", LAWFUL)
@LAW
@given(p=P_VALUES, place=st.integers(0, 5))
def test_less_evidence_never_helps(name: str, p: list[float], place: int) -> None:
    """Raising one p-value lowers no adjusted p-value."""
    if place < len(p):
        raised = [*p[:place], min(1.0, p[place] * 1.5 + 1e-3), *p[place + 1 :]]
        before, after = ADJUSTMENTS[name](p), ADJUSTMENTS[name](raised)
        assert all(b >= a * (1 - 1e-12) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("name", sorted(ADJUSTMENTS))
@LAW
@given(p=P_VALUES, missing=st.integers(0, 5))
def test_registered_but_untested_counts_as_p_1(name: str, p: list[float], missing: int) -> None:
    """``m`` beyond the list is the same as a list with ones at its end."""
    assert ADJUSTMENTS[name](p, m=len(p) + missing) == near(ADJUSTMENTS[name]([*p, *[1.0] * missing])[: len(p)])


@pytest.mark.parametrize("n", [1, 2, 3, 17, 400])
def test_adjustments_agree_with_scipy_and_statsmodels(n: int) -> None:
    """Other implementations, on sparse and on tied p-values."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    rng = np.random.default_rng(n)
    for p in (rng.random(n) ** 4, np.round(rng.random(n), 1)):
        assert bh(p) == near(false_discovery_control(p, method="bh").tolist())
        assert by(p) == near(false_discovery_control(p, method="by").tolist())
        for ours, theirs in ((holm, "holm"), (hochberg, "simes-hochberg"), (hommel, "hommel"), (bonferroni, "b")):
            assert ours(p) == near(np.minimum(1.0, multitest.multipletests(p, method=theirs)[1]).tolist())


@pytest.mark.parametrize("adjust", ADJUSTMENTS.values())
def test_what_is_no_p_value_is_refused(adjust: Callable[..., list[float]]) -> None:
    """Named in the message, NaN included; so is a family smaller than its list, and a table."""
    for wrong in (-0.1, 1.5, math.nan):
        with pytest.raises(ValueError, match=rf"p: expected values in \[0, 1\], came {wrong}"):
            adjust([0.2, wrong, 0.1])
    with pytest.raises(ValueError, match="m: expected at least the 2 hypotheses given, came 1"):
        adjust([0.1, 0.2], m=1)
    with pytest.raises(ValueError, match=r"came an array of shape \(1, 2\)"):
        adjust(np.array([[0.1, 0.2]]))


# Discoveries ---------------------------------------------------------------------------------------------------------


@LAW
@given(P_VALUES, st.sampled_from([0.01, 0.05, 0.2]))
def test_discoveries_are_those_of_the_closed_test(p: list[float], alpha: float) -> None:
    """Against the definition: the largest part of a choice that no closed Simes test rejects may all be nulls."""
    n = len(p)
    stands = [set(s) for s in sets_of(n) if simes([p[j] for j in s]) > alpha * (1 + 1e-12)]
    closure = SimesClosure.of(p)
    assert closure.largest_standing(alpha) == max(map(len, stands), default=0)
    for chosen in sets_of(n):
        nulls = max((len(s & set(chosen)) for s in stands), default=0)
        assert closure.discoveries(alpha, chosen) == len(chosen) - nulls
    assert closure.discoveries(alpha, []) == 0
    assert closure.discoveries(alpha) >= sum(q <= alpha for q in closure.adjusted())


def test_choices_are_checked() -> None:
    """A place twice, or beyond the list, is an error; so is a level of 0 or 1."""
    closure = SimesClosure.of([0.1, 0.2])
    for wrong in ([0, 0], [2], [-1]):
        with pytest.raises(ValueError, match="chosen: expected places 0 to 1, each at most once"):
            closure.discoveries(0.05, wrong)
    for alpha in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="alpha: expected a level between 0 and 1"):
            closure.discoveries(alpha)


# Storey --------------------------------------------------------------------------------------------------------------


def test_the_share_of_nulls_is_at_most_1_and_needs_data() -> None:
    """Many large p-values do not make more than all hypotheses null."""
    assert null_share([0.9, 0.95, 0.99]) == null_share_bootstrap([0.9, 0.95]) == null_share_smoothed([0.9]) == 1.0
    assert null_share([0.1, 0.5], 0.5) == 1.0  # a p-value on the threshold counts
    for estimate in (null_share, null_share_bootstrap, null_share_smoothed):
        with pytest.raises(ValueError, match="expected at least one p-value"):
            estimate([])
    with pytest.raises(ValueError, match=r"threshold: expected from 0 to below 1, came 1\.0"):
        null_share([0.5], 1.0)
    with pytest.raises(ValueError, match="thresholds: expected at least one"):
        null_share_bootstrap([0.5], [])
    with pytest.raises(ValueError, match="at least 4 rising values"):
        null_share_smoothed([0.5], [0.1, 0.3, 0.2, 0.5])
    with pytest.raises(ValueError, match="df: expected between 2 and 19"):
        null_share_smoothed([0.5], df=2.0)
    with pytest.raises(ValueError, match="share: expected above 0 and at most 1"):
        q_values([0.5], 0.0)


@LAW
@given(P_VALUES, st.floats(0.01, 1.0))
def test_q_values_are_a_share_of_bh(p: list[float], share: float) -> None:
    """Estimating that fewer hypotheses are null scales BH's adjusted p-values; all null is BH."""
    assert q_values(p) == near(bh(p))
    assert q_values(p, share) == near([share * a for a in bh(p)])


def test_estimates_of_the_share_of_nulls_find_it() -> None:
    """4,000 hypotheses, 70 % nulls: each estimate within 5 points."""
    rng = np.random.default_rng(5)
    p = np.concatenate([rng.random(2800), rng.beta(0.2, 8.0, 1200)])
    for estimate in (null_share, null_share_bootstrap, null_share_smoothed):
        assert estimate(p) == pytest.approx(0.7, abs=0.05)


def test_the_spline_is_scipys_at_the_same_degrees_of_freedom() -> None:
    """Smoothing the columns of the identity gives scipy's hat matrix, whose trace is set to 3."""
    rng = np.random.default_rng(6)
    p, x = np.sort(rng.random(40) ** 1.2), np.array(THRESHOLDS)
    shares = [float((p >= t).mean()) / (1.0 - t) for t in THRESHOLDS]

    def trace(log_penalty: float) -> float:
        columns = np.eye(len(x))
        return sum(
            float(make_smoothing_spline(x, c, lam=math.exp(log_penalty))(t)) for c, t in zip(columns, x, strict=True)
        )

    low, high = -12.0, 4.0
    for _ in range(26):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if trace(middle) > 3.0 else (low, middle)
    expected = float(make_smoothing_spline(x, np.array(shares), lam=math.exp(low))(x[-1]))
    assert null_share_smoothed(p) == pytest.approx(min(1.0, max(0.0, expected)), rel=1e-6)


@LAW
@given(P_VALUES)
def test_storey_rejects_nothing_beyond_its_threshold(p: list[float]) -> None:
    """By its definition at a level: the largest t <= 1/2 with estimated false discovery rate at most alpha."""
    adjusted = storey(p)
    assert all(a == 1.0 for a, q in zip(adjusted, p, strict=True) if q > 0.5)
    nulls = 2.0 * (1 + sum(q > 0.5 for q in p))
    for alpha in (0.05, 0.2, 0.6):
        allowed = [t for t in p if t <= 0.5 and nulls * t / sum(q <= t for q in p) <= alpha * (1 + 1e-12)]
        assert [a <= alpha * (1 + 1e-12) for a in adjusted] == [q <= max(allowed, default=-1.0) for q in p]


# E-values ------------------------------------------------------------------------------------------------------------

E_VALUES = st.lists(st.one_of(st.floats(0.0, 400.0), st.sampled_from([0.0, 1.0, 20.0, math.inf])), max_size=5)


def logs(e: Sequence[float]) -> list[float]:
    """Return logarithms, of 0 too."""
    return [math.log(x) if x > 0.0 else -math.inf for x in e]


@LAW
@given(E_VALUES, st.integers(0, 3))
def test_e_bh_is_bh_of_the_inverse(e: list[float], missing: int) -> None:
    """e-BH at alpha rejects where BH rejects 1 / e; untested hypotheses have e = 0."""
    inverse = [min(1.0, 1.0 / x) if x else 1.0 for x in e]
    assert e_bh(logs(e), m=len(e) + missing) == near(bh(inverse, m=len(e) + missing))


def test_e_values_beyond_floats_are_compared_by_their_logarithms() -> None:
    """exp(2000) and exp(-2000) have no float."""
    assert e_bh([2000.0, -2000.0, math.inf]) == [0.0, 1.0, 0.0]
    assert e_holm([2000.0, -2000.0]) == [0.0, 1.0]
    assert e_bh([]) == e_holm([]) == closed_e_bh([], 0.05) == []
    assert closed_e_bh([2000.0, -2000.0], 0.05) == [True, False]
    with pytest.raises(ValueError, match="log_e: expected a list of numbers"):
        e_bh([math.nan])


@LAW
@given(E_VALUES, st.integers(0, 2))
def test_e_holm_is_the_closed_test_of_the_mean(e: list[float], missing: int) -> None:
    """Against the definition: the least mean of a set that holds the hypothesis."""
    every = [*e, *[0.0] * missing]
    means = [min(sum(every[j] for j in s) / len(s) for s in sets_of(len(every)) if i in s) for i in range(len(e))]
    expected = [min(1.0, 1.0 / mean) if mean > 0.0 else 1.0 for mean in means]
    assert e_holm(logs(e), m=len(every)) == pytest.approx(expected, rel=1e-9)


@LAW
@given(st.lists(st.floats(0.0, 400.0), max_size=5), st.integers(0, 1), st.sampled_from([0.05, 0.2]))
def test_closed_e_bh_rejects_the_largest_set_that_may_be(e: list[float], missing: int, alpha: float) -> None:
    """Against the definition, over all sets R and S; and nothing e-BH rejects is lost."""
    every = [*e, *[0.0] * missing]

    def may_be_rejected(r: tuple[int, ...]) -> bool:
        return all(
            sum(every[j] for j in s) / len(s) * (1 + 1e-12) >= len(set(s) & set(r)) / (alpha * len(r))
            for s in sets_of(len(every))
        )

    rejected = closed_e_bh(logs(e), alpha, m=len(every))
    assert sum(rejected) == max((len(r) for r in sets_of(len(e)) if may_be_rejected(r)), default=0)
    assert all(b for a, b in zip(e_bh(logs(e), m=len(every)), rejected, strict=True) if a <= alpha)


def test_closed_e_bh_rejects_more() -> None:
    """Three e-values with mean above 20, none large enough for e-BH at .05 (60, 30, 20)."""
    e = logs([30.0, 25.0, 18.0])
    assert [p <= 0.05 for p in e_bh(e)] == [False, False, False]
    assert closed_e_bh(e, 0.05) == [True, True, True]


# Intersections -------------------------------------------------------------------------------------------------------


def test_combinations_agree_with_scipy() -> None:
    """Fisher and Stouffer, weighted too, down to tails no float subtraction could reach."""
    rng = np.random.default_rng(8)
    for p in (rng.random(7), rng.random(3) ** 20, np.array([1e-200, 0.3])):
        weights = rng.random(len(p)) + 0.1
        assert fisher(p) == near(combine_pvalues(p, method="fisher").pvalue)
        assert stouffer(p) == near(combine_pvalues(p, method="stouffer").pvalue)
        assert stouffer(p, weights) == near(combine_pvalues(p, method="stouffer", weights=weights).pvalue)


def test_combinations_at_the_ends() -> None:
    """0 is certain, 1 is nothing, both together are no evidence."""
    assert (fisher([0.0, 0.5]), fisher([1.0, 1.0]), stouffer([0.0, 0.5]), stouffer([0.0, 1.0])) == (0.0, 1.0, 0.0, 1.0)
    assert simes([0.0, 1.0]) == 0.0
    for combine in (fisher, stouffer, simes):
        with pytest.raises(ValueError, match="expected at least one p-value"):
            combine([])
    with pytest.raises(ValueError, match="weights: expected 2 positive numbers"):
        stouffer([0.1, 0.2], [1.0, 0.0])


# Graphs --------------------------------------------------------------------------------------------------------------


@LAW
@given(P_VALUES.filter(bool))
def test_holm_bonferroni_and_the_fixed_sequence_are_graphs(p: list[float]) -> None:
    """Their graphs give their adjusted p-values."""
    equal = [1.0 / len(p)] * len(p)
    assert holm_graph(equal).adjusted(p) == near(holm(p))
    assert bonferroni_graph(equal).adjusted(p) == near(bonferroni(p))
    assert fixed_sequence(len(p)).adjusted(p) == list(itertools.accumulate(p, max))


GRAPHS = (
    fallback([0.5, 0.3, 0.2]),
    improved_fallback([0.5, 0.3, 0.2]),
    holm_graph([0.6, 0.3, 0.1]),
    parallel_graph(2, 2),
    successive_graph(2),
    successive_graph(2, kept=0.5),
    Graph.of([0.4, 0.3, 0.3, 0.0], [[0, 0.2, 0.3, 0.5], [0.9, 0, 0.1, 0], [0, 0, 0, 1], [0.3, 0.3, 0.4, 0]]),
)


@pytest.mark.parametrize("graph", GRAPHS)
@LAW
@given(data=st.data())
def test_a_graph_is_a_closed_test_of_weighted_bonferroni(graph: Graph, data: st.DataObject) -> None:
    """Against the definition: weights of an intersection are what is left after the others are taken out, any order."""
    n = len(graph.weights)
    p = data.draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n))
    adjusted = [
        max(_bonferroni_of(graph, p, s, data.draw(st.permutations(range(n)))) for s in sets_of(n) if i in s)
        for i in range(n)
    ]
    assert graph.adjusted(p) == pytest.approx(adjusted, rel=1e-9)


def _bonferroni_of(graph: Graph, p: Sequence[float], members: tuple[int, ...], order: Sequence[int]) -> float:
    """Return the local test of an intersection, by the formulas of Bretz et al. written out in loops."""
    w, g, left = list(graph.weights), [list(row) for row in graph.transitions], set(range(len(p)))
    for j in (j for j in order if j not in members):
        left.remove(j)
        w = [w[k] + w[j] * g[j][k] if k in left else 0.0 for k in range(len(p))]
        g = [
            [
                (g[k][h] + g[k][j] * g[j][h]) / (1.0 - g[k][j] * g[j][k])
                if k in left and h in left and k != h and g[k][j] * g[j][k] < 1.0
                else 0.0
                for h in range(len(p))
            ]
            for k in range(len(p))
        ]
    return min([1.0, *(p[k] / w[k] for k in members if w[k] > 0.0)])


def test_shares_that_create_level_are_refused() -> None:
    """A graph must not hold or pass on more than it has."""
    cases: list[tuple[list[float], list[list[float]], str]] = [
        ([0.6, 0.6], [[0, 1], [1, 0]], r"weights: expected shares of at least 0, in sum at most 1"),
        ([0.5, -0.5], [[0, 1], [1, 0]], r"weights: expected shares"),
        ([0.5, 0.5], [[0, 1.1], [1, 0]], r"transitions\[0\]: expected shares"),
        ([0.5, 0.5], [[0, 1], [0.5, 0.5]], r"transitions\[1\]: expected no edge from a hypothesis to itself"),
        ([0.5, 0.5], [[0, 1]], "transitions: expected 2 rows of 2 shares"),
    ]
    for weights, transitions, message in cases:
        with pytest.raises(ValueError, match=message):
            Graph.of(weights, transitions)
    with pytest.raises(ValueError, match="p: expected 2 p-values, came 1"):
        holm_graph([0.5, 0.5]).adjusted([0.1])
    with pytest.raises(ValueError, match="weights: expected a positive one before the last"):
        improved_fallback([0.0, 1.0])


# Gates ---------------------------------------------------------------------------------------------------------------


@LAW
@given(P_VALUES, P_VALUES)
def test_gates_in_series_open_when_all_are_rejected(first: list[float], second: list[float]) -> None:
    """Holm in each family, and never below the largest of the family before."""
    found = gated([GatedFamily("behind", second, gate="first"), GatedFamily("first", first)])
    assert found["first"] == near(holm(first))
    shut = max(holm(first), default=0.0)
    assert found["behind"] == near([max(shut, p) for p in holm(second)])


@LAW
@given(P_VALUES.filter(bool), P_VALUES.filter(bool))
def test_gates_in_parallel_are_a_graph(first: list[float], second: list[float]) -> None:
    """Bonferroni before, Holm behind: Dmitrienko, Offen & Westfall (2003)."""
    found = gated([GatedFamily("first", first, truncation=PARALLEL), GatedFamily("behind", second, gate="first")])
    graph = parallel_graph(len(first), len(second)).adjusted([*first, *second])
    assert [*found["first"], *found["behind"]] == pytest.approx(graph, rel=1e-9)


@LAW
@given(P_VALUES, P_VALUES, P_VALUES, st.floats(0.0, 1.0))
def test_gated_families_are_tested_stage_by_stage(a: list[float], b: list[float], c: list[float], g: float) -> None:
    """At a level, against the stages of Dmitrienko, Tamhane & Wiens (2008) carried out one after the other."""
    families = [
        GatedFamily("a", a, truncation=g, m=len(a) + 1),
        GatedFamily("b", b, gate="a", share=0.25, truncation=g),
        GatedFamily("c", c, gate="a"),
        GatedFamily("d", a, gate="b"),
    ]
    found = gated(families)
    for alpha in (0.05, 0.3):
        rejected_a, on = _truncated(a, alpha, g, len(a) + 1)
        rejected_b, further = _truncated(b, 0.25 * on, g, len(b))
        stages = {"a": rejected_a, "b": rejected_b, "c": _truncated(c, 0.75 * on, 1.0, len(c))[0]}
        stages["d"] = _truncated(a, further, 1.0, len(a))[0]
        for name, rejected in stages.items():
            for p, expected in zip(found[name], rejected, strict=True):
                assert (p <= alpha) is expected or p == pytest.approx(alpha, rel=1e-9)


def _truncated(p: Sequence[float], level: float, g: float, n: int) -> tuple[list[bool], float]:
    order = sorted(range(len(p)), key=p.__getitem__)
    rejected = [False] * len(p)
    count = 0
    for i in order:
        if level == 0.0 or p[i] > (g / (n - count) + (1.0 - g) / n) * level:
            break
        rejected[i], count = True, count + 1
    return rejected, level if count == n else level * (1.0 - g) * count / n


def test_a_claim_that_was_not_tested_keeps_its_gate_shut() -> None:
    """p = 1, or registered beyond the list: nothing behind a gate in series is rejected."""
    for gate in (GatedFamily("gate", [0.001, 1.0]), GatedFamily("gate", [0.001], m=2)):
        assert gated([gate, GatedFamily("behind", [0.0], gate="gate")])["behind"] == [1.0]


def test_families_without_a_gate_share_alpha() -> None:
    """Two roots get half each; declared shares count, and what they leave is divided."""
    roots = [GatedFamily("x", [0.01]), GatedFamily("y", [0.01])]
    assert gated(roots) == {"x": [0.02], "y": [0.02]}
    assert gated([GatedFamily("x", [0.01], share=0.8), roots[1]])["y"] == [near(0.05)]
    assert gated([]) == {}


def test_gates_that_lead_nowhere_are_refused() -> None:
    """Unknown, circular and repeated names, and shares beyond the whole."""
    for families, message in (
        ([GatedFamily("a", [0.1], gate="z")], "gate: expected one of a, came 'z' at 'a'"),
        ([GatedFamily("a", [], gate="b"), GatedFamily("b", [], gate="a")], "no family to wait for itself, came a, b"),
        ([GatedFamily("a", []), GatedFamily("a", [])], "families: expected different names"),
        ([GatedFamily("a", [], share=0.7), GatedFamily("b", [], share=0.7)], "share: expected shares of at least 0"),
        ([GatedFamily("a", [], truncation=1.5)], "truncation: expected from 0 to 1, came 1.5 at 'a'"),
    ):
        with pytest.raises(ValueError, match=message):
            gated(families)


# Online --------------------------------------------------------------------------------------------------------------

STREAM = (
    *(2.90e-08, 0.06743, 0.01514, 0.08174, 0.00171, 0.27201, 3.60e-05, 0.79149),
    *(7.59e-08, 0.28295, 0.69274, 0.72342, 0.30443, 0.54757, 0.00136),
)
"""Example of onlineFDR's manual in the order its article "Advanced usage" runs it (set.seed(1))."""
PRINTED: dict[str, tuple[OnlineRule, tuple[float, ...]]] = {
    "LOND dep": (
        Lond(0.05, dependent=True),
        (
            *(0.0026758385, 0.0007758804, 0.0005406818, 0.0003956931, 0.0003060819, 0.0002467714, 0.0002051576),
            *(0.0002618915, 0.0002269882, 0.0002661860, 0.0002369363, 0.0002130140, 0.0001931265, 0.0001763616),
            0.0001620585,
        ),
    ),
    "LORD ++": (
        LordPlusPlus(0.05),
        (
            *(0.0002675839, 0.0024664457, 0.0005732818, 0.0004872805, 0.0004059066, 0.0003447286, 0.0002986627),
            *(0.0029389397, 0.0008168502, 0.0033835974, 0.0011873999, 0.0010225858, 0.0008785607, 0.0007679398),
            0.0006820264,
        ),
    ),
    "LORD 3": (
        Lord3(0.05, late_payout=True),
        (
            *(0.0002675839, 0.0026615183, 0.0005787961, 0.0004929725, 0.0004099744, 0.0003475734, 0.0003006772),
            *(0.0072216015, 0.0015704700, 0.0091593329, 0.0019918653, 0.0016965126, 0.0014108836, 0.0011961369),
            0.0010347488,
        ),
    ),
    "LORD discard": (
        LordDiscard(0.05),
        (
            *(0.0002675839, 0.0011285264, 0.0002823266, 0.0002394680, 0.0001998165, 0.0001700069, 0.0001475152),
            *(0.0014680343, 0.0014680343, 0.0017451837, 0.0006438778, 0.0006438778, 0.0006438778, 0.0005497556),
            0.0005497556,
        ),
    ),
    "LORD dep": (
        LordDependent(0.05),
        (
            *(2.091542e-03, 1.002025e-02, 1.677763e-03, 6.262659e-04, 3.201787e-04, 1.933725e-04, 1.293954e-04),
            *(1.548152e-04, 1.166482e-04, 1.422614e-04, 1.145119e-04, 9.432408e-05, 7.916885e-05, 6.749313e-05),
            5.830055e-05,
        ),
    ),
    "online fallback": (
        OnlineFallback(0.05),
        (
            *(0.0026758385, 0.0032577488, 0.0004956249, 0.0004121803, 0.0003494435, 0.0003022950, 0.0002659722),
            *(0.0005032335, 0.0002140474, 0.0004089600, 0.0001788796, 0.0001652568, 0.0001535420, 0.0001433627),
            0.0001344368,
        ),
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_levels_are_those_onlinefdr_prints(name: str) -> None:
    """Every level of its published examples, to the 7 digits it prints."""
    rule, printed = PRINTED[name]
    assert decide_online(STREAM, rule).levels == pytest.approx(printed, rel=5e-6, abs=5.1e-11)


RULES: tuple[Callable[[], OnlineRule], ...] = (
    lambda: AlphaSpending(0.05),
    lambda: OnlineFallback(0.05),
    lambda: AddisSpending(0.05),
    lambda: ExhaustiveAddisSpending(0.05),
    lambda: Lond(0.05),
    lambda: Lond(0.05, positive=True),
    lambda: LordPlusPlus(0.05),
    lambda: LordDiscard(0.05),
    lambda: LordDependent(0.05),
    lambda: Lord3(0.05),
    lambda: Saffron(0.05),
    lambda: Addis(0.05),
    lambda: AlphaInvesting(0.05),
)


@pytest.mark.parametrize("rule", RULES)
@LAW
@given(p=st.lists(st.floats(0.0, 1.0) | st.floats(0.0, 0.01), max_size=30), cut=st.integers(0, 30))
def test_a_level_depends_on_the_past_only(rule: Callable[[], OnlineRule], p: list[float], cut: int) -> None:
    """Deciding in two goes is deciding at once; the level to come is known before its p-value; levels are levels."""
    at_once, seen = decide_online(p, rule()), rule()
    first, second = decide_online(p[:cut], seen), decide_online(p[cut:], seen)
    assert first.levels + second.levels == at_once.levels
    assert first.rejected + second.rejected == at_once.rejected
    assert second.next_level == at_once.next_level
    assert first.next_level == (*at_once.levels, at_once.next_level)[min(cut, len(p))]
    assert all(0.0 <= level < 1.0 for level in at_once.levels)


def test_spending_never_exceeds_alpha() -> None:
    """10,000 hypotheses: alpha spending stays below alpha; fallback and rejections only add to it."""
    p = [0.9] * 10_000
    spent = math.fsum(decide_online(p, AlphaSpending(0.05)).levels)
    assert 0.01 < spent < 0.05
    assert math.fsum(decide_online(p, OnlineFallback(0.05)).levels) == near(spent)
    payed = math.fsum(decide_online([0.4] * 10_000, AddisSpending(0.05)).levels)
    assert 0.0 < payed < 0.05 * 0.25


def test_true_lord_3_pays_once_and_at_once() -> None:
    """After one rejection the wealth is what was there, less what was spent, plus one payout."""
    levels = decide_online([0.0, 1.0, 1.0, 0.0, 1.0], Lord3(0.05)).levels
    first = 0.07720838 * math.log(2)
    before = 0.005 * (1 - first) + 0.045
    assert levels[1] == near(first * before)
    assert levels[4] == near(first * (before - sum(levels[1:4]) + 0.045))


def test_online_rules_refuse_numbers_without_a_guarantee() -> None:
    """Levels, wealth, payouts and thresholds out of range; p-values too."""
    for make, message in (
        (lambda: AlphaSpending(0.0), "alpha: expected a level"),
        (lambda: LordPlusPlus(0.05, wealth=0.06), r"wealth: expected from 0 to 0\.05, came 0\.06"),
        (lambda: LordDiscard(0.05, wealth=0.03), r"wealth: expected from 0 to 0\.025"),
        (lambda: Lord3(0.05, wealth=0.01, payout=0.045), r"payout: expected above 0 and at most 0\.04"),
        (lambda: Addis(0.05, candidate=0.5), "expected 0 <= candidate < discard <= 1"),
        (lambda: Saffron(0.05, candidate=1.0), "expected 0 <= candidate"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(ValueError, match="p: expected values in"):
        decide_online([1.2], AlphaSpending(0.05))
