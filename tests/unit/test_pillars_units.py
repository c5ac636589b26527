"""Claims about clusters, blocks and strata: which method decides, on what, and when nothing can be decided."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from designed import Codes, arranged, designed
from error_rates import Floats, generator, shipped, verdict_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ophamin_pillars.models.clustered import mixed_difference, mixed_mean
from ophamin_pillars.models.clustered_claims import LEAST_WEIGHED, arm_differences
from ophamin_pillars.models.stratified import come_in_turn, stratified_mean
from ophamin_pillars.observations import observed
from ophamin_pillars.units import appearing, block_codes, unit_means
from pytest_ophamin.claims.model import AutoTrials, Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadPlan, BadSample, Plan
from pytest_ophamin.trials.sample import Sample

BASE = 5.0


def _assessed(claim: Claim, sample: Sample) -> Assessment:
    found = shipped().deciding_for(claim).decide(claim, sample)
    assert isinstance(found, Assessment)
    return found


def _plan(claim: Claim, level: float = 0.05) -> Plan:
    return shipped().deciding_for(claim).plan(claim, level=level)


def _clustered(clusters: int, each: int = 6, seed: int = 0) -> tuple[Floats, Codes]:
    rng = generator(seed, clusters, each)
    codes = np.repeat(np.arange(clusters), each)
    y = BASE + rng.normal(0.0, 0.5, clusters)[codes] + rng.normal(size=len(codes))
    order = rng.permutation(len(codes))
    return y[order], codes[order]


# --- Units ------------------------------------------------------------------------------------------------------------


def test_units_are_numbered_as_they_appear() -> None:
    """Bets are laid in that order."""
    assert appearing([7, 7, -3, 7, 0, -3]).tolist() == [0, 0, 1, 0, 2, 1]
    assert block_codes(5, 2).tolist() == [0, 0, 1, 1, 2]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_a_mean_of_a_unit_lies_between_its_observations(values: list[float], random: Any) -> None:
    """Rounding must not push it over a declared bound."""
    codes = appearing([random.randrange(4) for _ in values])
    means = unit_means(np.array(values), codes)
    for unit, mean in enumerate(means):
        own = np.array(values)[codes == unit]
        assert own.min() - 1e-9 * (1 + abs(own.min())) <= mean <= own.max() + 1e-9 * (1 + abs(own.max()))
    assert min(values) <= means.min()
    assert means.max() <= max(values)


def test_a_mean_on_the_bound_stays_on_it() -> None:
    """Three times 0.1 is a little more than 0.3."""
    claim = designed("mean", "at_most", 0.05, 6, cluster="user", bounds=(0.0, 0.1))
    assert _assessed(claim, arranged([0.1] * 6, cluster=[0, 0, 0, 1, 1, 1])).estimate == 0.1


# --- Clusters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
def test_few_clusters_are_decided_by_t_on_their_means(relation: str) -> None:
    """SciPy's t test of the cluster means, and the number of clusters in the conditions."""
    y, codes = _clustered(8)
    found = _assessed(designed("mean", relation, 4.5, len(y), cluster="user"), arranged(y, cluster=codes))
    means = [y[codes == code].mean() for code in range(8)]
    greater = stats.ttest_1samp(means, 4.5, alternative="greater").pvalue
    less = stats.ttest_1samp(means, 4.5, alternative="less").pvalue
    assert (found.method, found.exact, found.n) == ("cluster-means-t/1", False, 48)
    expected = (greater, less) if relation == "at_least" else (less, greater)
    assert (found.p_validate, found.p_refute) == pytest.approx(expected)
    assert found.conditions is not None
    assert "8 clusters" in found.conditions


@pytest.mark.parametrize("units", [4, 5])
@pytest.mark.parametrize("unit", ["clusters", "blocks"])
def test_of_very_few_units_only_normal_ones_meet_the_conditions(unit: str, units: int) -> None:
    """A t test of two to four means errs far beyond the level where they are not normal, however symmetric."""
    y, codes = _clustered(units)
    design: dict[str, Any] = {"cluster": "user"} if unit == "clusters" else {"block": len(y) // units}
    sample = arranged(y, cluster=codes) if unit == "clusters" else arranged(y)
    conditions = _assessed(designed("mean", "at_least", 4.5, len(y), **design), sample).conditions
    assert conditions is not None
    assert (f"; of fewer than 5 {unit} only normal ones" in conditions) == (units < 5)


@pytest.mark.parametrize(("few", "told"), [(2, "not met: 2 clusters in an arm"), (3, "of fewer than 5 "), (5, None)])
def test_a_small_arm_of_clusters_is_told(few: int, told: str | None) -> None:
    """Welch's t on two cluster means against ten errs at 1.5 times the level even where all are normal."""
    codes = np.repeat(np.arange(few + 8), 3)
    y = generator(22, few).normal(size=len(codes))
    claim = designed("difference", "at_least", 0.0, len(y), cluster="user", arms=("old", "new"))
    found = _assessed(claim, arranged(y, cluster=codes, arm=codes < few))
    assert found.method == "cluster-means-welch/1"
    assert found.conditions is not None
    assert (told or "") in found.conditions
    assert told is not None or found.conditions.endswith("with both arms)")


def test_many_clusters_are_weighed_by_a_random_intercept() -> None:
    """From twenty on, as the models compute it; row-wise t would be far surer."""
    y, codes = _clustered(LEAST_WEIGHED)
    found = _assessed(designed("mean", "at_least", 4.5, len(y), cluster="user"), arranged(y, cluster=codes))
    assert found.method == "random-intercept/1"
    assert found.p_validate == pytest.approx(mixed_mean(y, codes).greater(4.5))
    assert found.lower == pytest.approx(mixed_mean(y, codes).lower(0.05))


@pytest.mark.parametrize("metric", ["proportion", "mean"])
def test_bools_in_clusters_are_decided_exactly(metric: str) -> None:
    """Betting on the cluster means; 0 and 1 as numbers are bools for a proportion."""
    rng = generator(3)
    codes = np.repeat(np.arange(80), 5)
    bits = rng.random(400) < 0.95
    claim = designed(metric, "at_least", 0.8, 400, cluster="user")
    found = _assessed(claim, arranged(bits, cluster=codes))
    assert (found.method, found.exact, found.conditions, found.n) == ("betting-clusters/1", True, None, 400)
    assert found.null_validate == f"{metric} (mean over clusters) <= 0.8"
    assert found.null_refute == f"{metric} (mean over clusters) >= 0.8"
    assert verdict_of(claim, arranged(bits, cluster=codes)) is Verdict.VALIDATED
    if metric == "proportion":
        assert _assessed(claim, arranged(bits.astype(np.int64), cluster=codes)) == found


def test_the_same_bools_are_worth_less_in_fewer_clusters() -> None:
    """Ten users with forty answers each are ten observations."""
    bits = np.ones(400, dtype=np.bool_)
    claim = designed("proportion", "at_least", 0.9, 400, cluster="user")
    few = _assessed(claim, arranged(bits, cluster=np.repeat(np.arange(10), 40)))
    many = _assessed(claim, arranged(bits, cluster=np.arange(400)))
    assert few.p_validate > 0.3
    assert many.p_validate < 1e-9
    assert few.needed is not None
    assert few.needed > 1_000
    assert few.needed % 40 == 0


def test_pairs_in_clusters_are_differences() -> None:
    """Numbers by t on the clusters' mean differences, bools by betting on them."""
    y, codes = _clustered(9)
    claim = designed("difference", "at_least", 0.0, len(y), cluster="user")
    equal = arranged(np.full(len(y), 3.0), np.ones(len(y)), cluster=codes)
    assert _assessed(claim, equal).reason is not None  # the same difference everywhere
    assert _assessed(claim, arranged(y, np.zeros(len(y)), cluster=codes)).method == "cluster-means-t/1"
    bits = generator(1).random((2, 54)) < np.array([[0.9], [0.2]])
    exact = _assessed(claim, arranged(bits[0], bits[1], cluster=codes))
    assert (exact.method, exact.exact) == ("betting-clusters/1", True)
    with pytest.raises(BadSample, match="mixes a bool with a number"):
        _assessed(claim, arranged(bits[0], y, cluster=codes))


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e100])
def test_units_whose_means_are_equal_do_not_look_a_little_different(scale: float) -> None:
    """Sums in another order round differently, and a t statistic of rounding is enormous."""
    rng = generator(4)
    values = scale * np.concatenate([rng.permutation([0.1, 0.2, 0.3, 0.7, 1.1]) for _ in range(8)])
    codes = np.repeat(np.arange(8), 5)
    claim = designed("mean", "at_least", 0.0, 40, cluster="user")
    assert _assessed(claim, arranged(values, cluster=codes)).reason is not None
    assert _assessed(designed("mean", "at_least", 0.0, 40, block=5), arranged(values)).reason is not None
    arm = np.tile([0, 1, 0, 1, 0, 1, 0, 1], 5)
    y = scale * (0.1 * np.arange(40) // 8 + 0.3 * arm + 0.1)
    arms = designed("difference", "at_least", -9.0 * scale, 40, cluster="user", arms=("old", "new"))
    assert _assessed(arms, arranged(y, cluster=np.arange(40) // 8, arm=arm)).reason is not None


@pytest.mark.parametrize("observations", [[2.0] * 8, [0.1] * 8])
def test_clusters_without_spread_say_nothing(observations: list[float]) -> None:
    """INCONCLUSIVE with the reason, whatever the threshold."""
    claim = designed("mean", "at_least", 0.0, 8, cluster="user")
    found = _assessed(claim, arranged(observations, cluster=[0, 0, 1, 1, 2, 2, 3, 3]))
    assert (found.p_validate, found.p_refute) == (1.0, 1.0)
    assert found.reason is not None
    assert found.estimate == observations[0]


def test_one_cluster_says_nothing_about_the_others() -> None:
    """However many trials it has."""
    y = generator(2).normal(size=50)
    found = _assessed(designed("mean", "at_least", -9.0, 50, cluster="user"), arranged(y, cluster=[4] * 50))
    assert found.reason == "one cluster says nothing about the others"
    assert found.p_validate == 1.0


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 26), st.integers(1, 5), st.integers(0, 999), st.floats(3.5, 6.5))
def test_the_interval_agrees_with_the_verdict(clusters: int, each: int, seed: int, limit: float) -> None:
    """VALIDATED at alpha exactly when the lower bound lies above the limit, REFUTED when the upper lies below."""
    y, codes = _clustered(clusters, each, seed)
    claim = designed("mean", "at_least", limit, len(y), cluster="user")
    sample = arranged(y, cluster=codes)
    found, verdict = _assessed(claim, sample), verdict_of(claim, sample)
    if found.lower is not None and found.upper is not None:
        assert (verdict is Verdict.VALIDATED) == (found.lower >= limit)
        assert (verdict is Verdict.REFUTED) == (found.upper <= limit)


def test_within_and_margin_are_composed() -> None:
    """Equivalence, and a threshold conceded."""
    y, codes = _clustered(25)
    sample = arranged(y, cluster=codes)
    assert verdict_of(designed("mean", "within", (4.0, 6.0), len(y), cluster="user"), sample) is Verdict.VALIDATED
    assert verdict_of(designed("mean", "within", (6.0, 7.0), len(y), cluster="user"), sample) is Verdict.REFUTED
    conceding = designed("mean", "at_least", 5.2, len(y), cluster="user", margin=1.0)
    assert verdict_of(conceding, sample) is Verdict.VALIDATED


def test_bad_observations_in_clusters_are_named() -> None:
    """By their trial, not by their value."""
    codes = [0, 0, 1, 1]
    with pytest.raises(BadSample, match="takes True, False, 0 or 1") as bad:
        _assessed(designed("proportion", "at_least", 0.5, 4, cluster="user"), arranged([0, 1, 2, 1], cluster=codes))
    assert bad.value.trial == 2
    bounded = designed("mean", "at_least", 0.5, 4, cluster="user", bounds=(0.0, 1.0))
    with pytest.raises(BadSample, match="outside the bounds 0 to 1") as bad:
        _assessed(bounded, arranged([0.5, 0.5, 0.1, 7.0], cluster=codes))
    assert bad.value.trial == 3
    with pytest.raises(BadSample, match="too large"):
        _assessed(designed("mean", "at_least", 0.5, 4, cluster="user"), arranged([1.0, 2.0, 1e200, 0.0], cluster=codes))
    with pytest.raises(BadSample, match="strictly inside the bounds"):
        _assessed(designed("mean", "at_least", 2.0, 4, cluster="user"), arranged([True, False] * 2, cluster=codes))


def test_clusters_are_planned_by_their_least_number() -> None:
    """For bools as many clusters as betting needs; power is unknown before the clusters are; auto is refused."""
    proportion = designed("proportion", "at_least", 0.9, 100, cluster="user", expecting=0.99)
    plain = designed("mean", "at_least", 0.9, 100, bounds=(0.0, 1.0))
    assert _plan(proportion).least_n == _plan(plain).least_n
    assert _plan(proportion).power is None
    assert _plan(designed("mean", "at_least", 0.9, 100, cluster="user")).least_n == 2
    assert _plan(designed("difference", "at_least", 0.9, 100, cluster="user", arms=("a", "b"))).least_n == 4
    pillar: Any = shipped().deciding_for(proportion)
    with pytest.raises(BadPlan, match="how many clusters"):
        pillar.size(proportion, level=0.05)
    with pytest.raises(BadPlan, match="how many clusters"):
        _plan(designed("mean", "at_least", 0.9, 0, cluster="user", auto=AutoTrials(m=1)))


# --- Arms in clusters -------------------------------------------------------------------------------------------------


def _arms(clusters: int, each: int, seed: int, gap: float, *, between: bool) -> tuple[Floats, Codes, Codes]:
    rng = generator(seed, clusters, each)
    codes = np.repeat(np.arange(clusters), each)
    arm = codes % 2 if between else np.arange(len(codes)) % 2
    y = rng.normal(0.0, 0.5, clusters)[codes] + rng.normal(size=len(codes)) - gap * arm
    return y, codes, arm


@pytest.mark.parametrize(
    ("clusters", "between", "method"),
    [
        (3, False, "fixed-blocks/1"),
        (8, False, "cluster-differences-t/1"),
        (8, True, "cluster-means-welch/1"),
        (24, True, "random-intercept/1"),
    ],
)
def test_arms_are_compared_first_minus_second(clusters: int, between: bool, method: str) -> None:
    """Inside clusters where they have both arms, between them where they have one."""
    y, codes, arm = _arms(clusters, 10, 5, 2.0, between=between)
    sample = arranged(y, cluster=codes, arm=arm)
    for relation, verdict in (("at_least", Verdict.VALIDATED), ("at_most", Verdict.REFUTED)):
        claim = designed("difference", relation, 0.0, len(y), cluster="user", arms=("old", "new"))
        assert _assessed(claim, sample).method == method
        assert verdict_of(claim, sample) is verdict


def test_arms_between_clusters_are_compared_by_their_means() -> None:
    """Welch's t test of SciPy, and the model from twenty clusters on."""
    y, codes, arm = _arms(8, 7, 6, 0.3, between=True)
    claim = designed("difference", "at_least", 0.0, len(y), cluster="user", arms=("old", "new"))
    means = np.array([y[codes == code].mean() for code in range(8)])
    expected = stats.ttest_ind(means[::2], means[1::2], equal_var=False, alternative="greater").pvalue
    assert _assessed(claim, arranged(y, cluster=codes, arm=arm)).p_validate == pytest.approx(expected)
    y, codes, arm = _arms(24, 7, 6, 0.3, between=True)
    claim = designed("difference", "at_least", 0.0, len(y), cluster="user", arms=("old", "new"))
    model = mixed_difference(y, arm == 0, codes)
    assert _assessed(claim, arranged(y, cluster=codes, arm=arm)).p_validate == pytest.approx(model.greater(0.0))


def test_bools_of_two_arms_are_decided_exactly() -> None:
    """Inside clusters, between them, and both."""
    codes = np.repeat(np.arange(60), 4)
    inside = np.arange(240) % 2
    bits = generator(7).random(240) < np.where(inside == 0, 0.9, 0.2)
    claim = designed("difference", "at_least", 0.2, 240, cluster="user", arms=("old", "new"))
    found = _assessed(claim, arranged(bits, cluster=codes, arm=inside))
    assert (found.method, found.exact) == ("betting-clusters/1", True)
    assert found.p_validate < 0.05
    between = codes % 2
    bits = generator(8).random(240) < np.where(between == 0, 0.9, 0.2)
    assert _assessed(claim, arranged(bits, cluster=codes, arm=between)).p_validate < 0.2


def test_clusters_of_one_arm_find_partners() -> None:
    """The k-th of one arm with the k-th of the other; who finds none is left out."""
    values = np.array([3.0, 1.0, 10.0, 4.0, 20.0, 7.0])
    second = np.array([False, True, False, True, False, False])
    codes = np.array([0, 0, 1, 2, 3, 4])
    assert arm_differences(values, second, codes).tolist() == [2.0, 6.0]


@pytest.mark.parametrize(
    ("cluster", "arm", "reason"),
    [
        ([0, 0, 0, 0], [0, 1, 0, 1], "one cluster"),
        ([0, 1, 1, 1], [0, 1, 1, 1], "too few clusters"),
        ([0, 0, 1, 2], [0, 1, 0, 0], "too few clusters"),
    ],
)
def test_arms_that_cannot_be_compared_are_undecided(cluster: list[int], arm: list[int], reason: str) -> None:
    """With the reason."""
    claim = designed("difference", "at_least", 0.0, 4, cluster="user", arms=("old", "new"))
    found = _assessed(claim, arranged([1.0, 2.0, 4.0, 3.0], cluster=cluster, arm=arm))
    assert found.reason is not None
    assert reason in found.reason


def test_an_empty_arm_is_no_sample() -> None:
    """There is nothing to compare."""
    claim = designed("difference", "at_least", 0.0, 4, cluster="user", arms=("old", "new"))
    with pytest.raises(BadSample, match="one arm"):
        _assessed(claim, arranged([1.0, 2.0, 4.0, 3.0], cluster=[0, 0, 1, 1], arm=[1] * 4))
    bits = arranged([True, False], cluster=[0, 1], arm=[0, 1])
    assert _assessed(designed("difference", "at_least", 0.0, 2, cluster="u", arms=("a", "b")), bits).p_validate > 0.5
    single = arranged([True, False, True], cluster=[0, 0, 0], arm=[0, 1, 1])
    assert _assessed(designed("difference", "at_least", 0.0, 3, cluster="u", arms=("a", "b")), single).n == 3


# --- Blocks -----------------------------------------------------------------------------------------------------------


def test_blocks_are_decided_by_t_on_their_means() -> None:
    """SciPy's t test of the block means; n stays the number of trials."""
    x = generator(11).normal(1.0, 1.0, 120)
    found = _assessed(designed("mean", "at_least", 0.8, 120, block=10), arranged(x))
    expected = stats.ttest_1samp(x.reshape(12, 10).mean(axis=1), 0.8, alternative="greater")
    assert (found.method, found.n) == ("block-means-t/1", 120)
    assert found.p_validate == pytest.approx(expected.pvalue)
    assert found.estimate == pytest.approx(x.mean())
    assert found.conditions is not None
    assert "12 blocks of 10" in found.conditions


@pytest.mark.parametrize("metric", ["mean", "proportion"])
def test_bools_in_blocks_are_decided_by_betting(metric: str) -> None:
    """On block means; approximate, since neighbouring blocks are only nearly independent."""
    bits = np.repeat(generator(12).random(200) < 0.95, 5)
    claim = designed(metric, "at_least", 0.8, 1000, block=10)
    found = _assessed(claim, arranged(bits))
    assert (found.method, found.exact) == ("betting-blocks/1", False)
    assert verdict_of(claim, arranged(bits)) is Verdict.VALIDATED
    assert verdict_of(designed(metric, "at_most", 0.8, 1000, block=10), arranged(bits)) is Verdict.REFUTED


def test_pairs_and_bounds_in_blocks() -> None:
    """Differences of pairs, by t or within bounds."""
    x = generator(13).random((2, 300))
    claim = designed("difference", "at_least", -0.2, 300, block=5)
    assert _assessed(claim, arranged(x[0], x[1])).method == "block-means-t/1"
    bounded = designed("difference", "at_least", -0.2, 300, block=5, bounds=(-1.0, 1.0))
    assert _assessed(bounded, arranged(x[0], x[1])).method == "betting-blocks/1"


def test_equal_blocks_say_nothing() -> None:
    """Even where trials inside them differ."""
    found = _assessed(designed("mean", "at_least", 0.0, 40, block=4), arranged([1.0, 2.0, 3.0, 4.0] * 10))
    assert found.reason is not None
    assert "block means are equal" in found.reason


def test_a_block_must_be_full() -> None:
    """An error at collection that names the nearest number of trials."""
    with pytest.raises(BadPlan) as bad:
        _plan(designed("mean", "at_least", 0.0, 95, block=10))
    assert (bad.value.argument, bad.value.came, bad.value.fix) == ("trials", "95", "trials=100")


def test_blocks_are_planned_as_trials_are() -> None:
    """Power and size are those of as many trials as there are blocks."""
    claim = designed("mean", "at_least", 0.0, 200, block=10, expecting=0.5, expecting_sd=1.0)
    plain = designed("mean", "at_least", 0.0, 20, expecting=0.5, expecting_sd=1.0)
    assert _plan(claim).power == _plan(plain).power
    assert _plan(claim).least_n == 20
    assert "deviation of a block's mean" in (_plan(claim).note or "")
    one: Any = shipped().deciding_for(claim)
    other: Any = shipped().deciding_for(plain)
    assert one.size(claim, level=0.05) == 10 * other.size(plain, level=0.05)
    proportion = designed("proportion", "at_least", 0.5, 0, block=10, expecting=0.9)
    assert one.size(proportion, level=0.05) % 10 == 0
    assert _plan(designed("proportion", "at_least", 0.9, 1000, block=10)).least_n > 300


# --- Strata -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strata", "expected"),
    [
        ([0, 1, 2] * 15, True),
        ([0, 0, 1] * 15, True),
        ([0, 1, 2] * 14, False),  # fewer than 15 trials of each
        ([0] * 15 + [1] * 15, False),
        ([0] * 30, False),
        ([0, 1] * 15 + [2], False),  # a stratum with one trial
        ([0, 1, 1, 0] * 8, True),
        ([0, 1, 1, 1, 0, 0] * 5, False),
    ],
)
def test_strata_in_turn_are_told_from_others(strata: list[int], expected: bool) -> None:
    """No stratum is ever a whole trial ahead of its share, or behind it."""
    share = {code: strata.count(code) / len(strata) for code in strata}
    gaps = [strata[:i].count(code) - i * share[code] for code in share for i in range(len(strata) + 1)]
    by_hand = len(share) > 1 and min(map(strata.count, share)) >= 15 and max(map(abs, gaps)) < 1 - 1e-9
    assert come_in_turn(np.array(strata)) is expected is by_hand


@settings(max_examples=200)
@given(st.integers(8, 12), st.lists(st.integers(0, 3), max_size=3))
def test_any_order_is_judged_by_its_prefixes(rounds: int, changes: list[int]) -> None:
    """The definition, counted out, for turns that are disturbed a little."""
    strata = [0, 1, 1, 0] * rounds
    for change in changes:
        strata[change * 5 + 3 : change * 5 + 5] = [1, 0]
    n, codes = len(strata), sorted(set(strata))
    ahead = [n * strata[:i].count(code) - i * strata.count(code) for code in codes for i in range(n + 1)]
    expected = min(map(strata.count, codes)) >= 15 and max(map(abs, ahead)) < n
    assert come_in_turn(np.array(strata)) is expected


def test_a_random_order_hardly_ever_looks_like_turns() -> None:
    """At most once in a thousand, for the fewest trials looked at."""
    runs = 10_000
    hits = sum(come_in_turn(order) for order in generator(15).integers(0, 2, (runs, 36)))
    assert hits / runs < 0.002


def test_strata_in_turn_leave_their_differences_out() -> None:
    """The textbook variance and Satterthwaite's degrees of freedom; surer than the plain t."""
    rng = generator(16)
    strata = np.arange(60) % 3
    y = np.array([-3.0, 0.0, 3.0])[strata] + rng.normal(size=60) * (1 + strata)
    claim = designed("mean", "at_least", -0.6, 60, strata="site")
    found = _assessed(claim, arranged(y, stratum=strata))
    parts = np.array([np.var(y[strata == h], ddof=1) / 20 / 9 for h in range(3)])
    df = parts.sum() ** 2 / (parts**2 / 19).sum()
    expected = stats.t.sf((y.mean() + 0.6) / math.sqrt(parts.sum()), df)
    assert found.method == "stratified-t/1"
    assert found.p_validate == pytest.approx(expected)
    plain = designed("mean", "at_least", -0.6, 60)
    assert found.p_validate < _assessed(plain, arranged(y)).p_validate


def test_strata_at_random_are_no_part_of_the_variance() -> None:
    """The plain t test, and the condition says so."""
    rng = generator(17)
    y, strata = rng.normal(size=60), rng.integers(0, 3, 60)
    found = _assessed(designed("mean", "at_least", 0.1, 60, strata="site"), arranged(y, stratum=strata))
    assert found.method == "student-t/1"
    assert found.p_validate == pytest.approx(stats.ttest_1samp(y, 0.1, alternative="greater").pvalue)
    assert found.conditions is not None
    assert "strata" in found.conditions


@pytest.mark.parametrize("metric", ["proportion", "mean"])
def test_stratified_bools_are_counted(metric: str) -> None:
    """The exact binomial test, in turn or not."""
    bits = generator(18).random(100) < 0.9
    claim = designed(metric, "at_least", 0.7, 100, strata="site")
    for strata in (np.arange(100) % 4, generator(19).integers(0, 4, 100)):
        found = _assessed(claim, arranged(bits, stratum=strata))
        assert (found.method, found.exact) == ("clopper-pearson/1", True)
        expected = stats.binomtest(int(bits.sum()), 100, 0.7, alternative="greater").pvalue
        assert found.p_validate == pytest.approx(expected)
    assert verdict_of(designed(metric, "at_most", 0.7, 100, strata="site"), arranged(bits, stratum=[0] * 100)) is (
        Verdict.REFUTED
    )


def test_a_mean_of_stratified_bools_has_its_limit_between_them() -> None:
    """A threshold beyond 0 and 1 cannot be tested."""
    with pytest.raises(BadSample, match="strictly inside"):
        _assessed(designed("mean", "at_least", 3.0, 4, strata="s"), arranged([True] * 4, stratum=[0, 1, 0, 1]))


def test_strata_and_bounds_do_not_go_together() -> None:
    """An error at collection that says what to write."""
    claim = designed("mean", "at_least", 0.5, 100, strata="site", bounds=(0.0, 1.0))
    pillar: Any = shipped().deciding_for(claim)
    for ask in (pillar.plan, pillar.size):
        with pytest.raises(BadPlan, match=r"no bounds= with strata="):
            ask(claim, level=0.05)
    with pytest.raises(BadSample, match="does not go"):
        _assessed(claim, arranged([0.5, 0.6], stratum=[0, 1]))


def test_strata_are_planned_as_plain_trials() -> None:
    """Never too few."""
    planned = (
        ("proportion", 0.8, {"expecting": 0.9}),
        ("mean", 1.0, {"expecting": 2.0, "expecting_sd": 3.0}),
    )
    for metric, threshold, more in planned:
        claim = designed(metric, "at_least", threshold, 100, strata="site", **more)
        plain = designed(metric, "at_least", threshold, 100, **more)
        one: Any = shipped().deciding_for(claim)
        other: Any = shipped().deciding_for(plain)
        assert one.plan(claim, level=0.05) == other.plan(plain, level=0.05)
        assert one.size(claim, level=0.05) == other.size(plain, level=0.05)


def test_equal_strata_say_nothing() -> None:
    """A stratum may be constant, all of them may not."""
    strata = np.arange(45) % 3
    claim = designed("mean", "at_least", 0.5, 45, strata="site")
    assert _assessed(claim, arranged(strata * 1.0, stratum=strata)).reason is not None
    one = np.where(strata == 0, np.arange(45.0), 5.0)
    estimate, count = stratified_mean(one, strata)
    assert count == 3
    assert estimate.df == pytest.approx(14.0)
    assert _assessed(claim, arranged(one, stratum=strata)).reason is None


def test_a_plain_claim_is_observed_the_same_way() -> None:
    """Numbers without bounds stay numbers."""
    found = observed(designed("mean", "at_least", 0.5, 3, cluster="u"), arranged([1.0, 2.0, 3.0], cluster=[0, 1, 2]))
    assert found.bounds is None
    assert found.values.tolist() == [1.0, 2.0, 3.0]
