"""Proportions and quantiles: verdicts, bounds that agree with them, and what they ask of a sample."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from error_rates import plan_of, sample_of, shipped, verdict_of
from scipy.stats import binom

from ophamin_pillars import intervals
from ophamin_pillars.binomial import (
    greatest_rejecting,
    least_n_all_successes,
    least_rejecting,
    lower_bound,
    lower_tail,
    needed_greater,
    needed_less,
    upper_bound,
    upper_tail,
)
from ophamin_pillars.binomial_plan import BinomialTest, critical_counts, least_n_both, size_of, size_of_both
from pytest_ophamin.claims.model import Claim
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment, BadSample
from pytest_ophamin.deciding.sides import minus, plus
from pytest_ophamin.trials.sample import Sample


def _assessed(claim: Claim, sample: Sample) -> Assessment:
    assessed = shipped().deciding_for(claim).decide(claim, sample)
    assert isinstance(assessed, Assessment)
    return assessed


def _successes(count: int, n: int) -> Sample:
    return sample_of(np.arange(n) < count)


def test_a_tail_far_out_keeps_its_digits() -> None:
    """0.9 ** n against the closed form, down to 1e-300; nothing becomes 0 or 1 too early."""
    for n in (10, 1000, 6500):
        assert upper_tail(n, n, 0.9) == pytest.approx(0.9**n, rel=1e-10)
        assert lower_tail(0, n, 0.1) == pytest.approx(0.9**n, rel=1e-10)
    assert upper_tail(1, 10, 1e-18) == pytest.approx(1e-17, rel=1e-10)
    assert lower_tail(0, 10, 1e-18) == 1.0


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_tails_at_the_ends_are_certain(p: float) -> None:
    """A proportion of 0 or 1 leaves one possible count."""
    assert upper_tail(1, 5, p) == p
    assert lower_tail(4, 5, p) == 1.0 - p
    assert (upper_tail(0, 5, p), upper_tail(6, 5, p)) == (1.0, 0.0)
    assert (lower_tail(5, 5, p), lower_tail(-1, 5, p)) == (1.0, 0.0)


@pytest.mark.parametrize("n", [1, 2, 7, 59, 300])
@pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.999])
def test_critical_counts_are_where_the_tails_cross_the_level(n: int, p: float) -> None:
    """By scalar search and by vectorised search alike, against SciPy's distribution."""
    counts = np.arange(n + 2)
    expected = int(counts[binom.sf(counts - 1, n, p) <= 0.05][0])
    assert least_rejecting(n, p, 0.05) == expected
    assert critical_counts(np.array([n]), p, 0.05).tolist() == [expected]
    below = counts[binom.cdf(counts, n, p) <= 0.05]
    assert greatest_rejecting(n, p, 0.05) == (int(below[-1]) if len(below) else -1)


@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_the_interval_of_a_proportion_agrees_with_its_verdict(relation: str, margin: float) -> None:
    """VALIDATED exactly when the bound on the claimed side clears t - d, REFUTED when the other one misses t."""
    claim = plan_of("proportion", relation, 0.8, 60, margin=margin)
    for count in range(61):
        assessed = _assessed(claim, _successes(count, 60))
        assert assessed.lower is not None
        assert assessed.upper is not None
        if relation == "at_least":
            cleared, missed = assessed.lower >= minus(0.8, margin), assessed.upper <= 0.8
        else:
            cleared, missed = assessed.upper <= plus(0.8, margin), assessed.lower >= 0.8
        expected = Verdict.VALIDATED if cleared else Verdict.REFUTED if missed else Verdict.INCONCLUSIVE
        assert verdict_of(claim, _successes(count, 60)) is expected
        assert assessed.estimate == count / 60


def test_the_interval_of_an_equivalence_agrees_with_its_verdict() -> None:
    """Inside the limits when validated, outside them when refuted, neither otherwise."""
    claim = plan_of("proportion", "within", (0.5, 0.8), 80)
    seen = set()
    for count in range(81):
        assessed, verdict = _assessed(claim, _successes(count, 80)), verdict_of(claim, _successes(count, 80))
        assert assessed.lower is not None
        assert assessed.upper is not None
        seen.add(verdict)
        if verdict is Verdict.VALIDATED:
            assert assessed.lower >= 0.5
            assert assessed.upper <= 0.8
        elif verdict is Verdict.REFUTED:
            assert assessed.upper <= 0.5 or assessed.lower >= 0.8
        else:
            assert assessed.lower < 0.8
            assert assessed.upper > 0.5
    assert seen == {Verdict.VALIDATED, Verdict.REFUTED, Verdict.INCONCLUSIVE}


def test_zeros_and_ones_of_any_kind_are_a_proportion() -> None:
    """bool, int and float columns with the same content give the same assessment."""
    claim = plan_of("proportion", "at_least", 0.5, 30)
    bits = np.arange(30) % 3 == 0
    assessed = [_assessed(claim, sample_of(bits.astype(kind))) for kind in (np.bool_, np.int64, np.float64)]
    assert assessed[0] == assessed[1] == assessed[2]


@pytest.mark.parametrize("bad", [0.5, -1.0, 2.0, 1.0000001])
def test_anything_else_is_no_proportion(bad: float) -> None:
    """Named by its trial; never rounded, clipped or dropped, and not quoted."""
    values = np.ones(10)
    values[6] = bad
    with pytest.raises(BadSample, match="takes True, False, 0 or 1") as caught:
        _assessed(plan_of("proportion", "at_least", 0.5, 10), sample_of(values))
    assert caught.value.trial == 6


@pytest.mark.parametrize(
    ("relation", "threshold", "count", "n", "margin"),
    [
        ("at_least", 0.9, 93, 100, 0.0),
        ("at_least", 0.9, 89, 100, 0.05),
        ("at_most", 0.1, 7, 100, 0.0),
        ("at_least", 0.5, 9, 20, 0.0),
        ("within", (0.4, 0.6), 25, 50, 0.0),
        ("within", (0.4, 0.6), 33, 60, 0.0),
    ],
)
def test_the_n_needed_decides_and_none_smaller_does(
    relation: str, threshold: Any, count: int, n: int, margin: float
) -> None:
    """With the same share of successes, rounded against the claim, n decides and no n between does."""
    needed = _assessed(plan_of("proportion", relation, threshold, n, margin=margin), _successes(count, n)).needed
    assert needed is not None
    assert needed > n

    def decides(m: int) -> bool:
        claim = plan_of("proportion", relation, threshold, m, margin=margin)
        down, up = count * m // n, -(-count * m // n)
        lower, upper = _assessed(claim, _successes(down, m)), _assessed(claim, _successes(up, m))
        if relation == "within":
            validated = max(lower.p_validate, upper.p_validate) <= claim.alpha
            return validated or min(lower.p_refute, upper.p_refute) <= claim.alpha
        against_v, against_r = (lower, upper) if relation == "at_least" else (upper, lower)
        return against_v.p_validate <= claim.validate_level or against_r.p_refute <= claim.refute_level

    assert decides(needed)
    assert not any(decides(m) for m in range(n + 1, needed))


def test_on_the_boundary_no_n_is_needed() -> None:
    """An estimate exactly at the threshold would decide at no n."""
    assert _assessed(plan_of("proportion", "at_least", 0.9, 100), _successes(90, 100)).needed is None
    assert needed_greater(90, 100, 0.9, 0.05, 1) is None
    assert needed_less(90, 100, 0.9, 0.05, 1) is None
    assert needed_greater(9_000_000_001, 10_000_000_000, 0.9, 0.05, 1) is None


def test_the_bounds_of_extreme_counts_are_the_ends() -> None:
    """No successes: no lower bound but 0; all: no upper bound but 1."""
    assert lower_bound(0, 10, 0.05) == 0.0
    assert upper_bound(10, 10, 0.05) == 1.0


@pytest.mark.parametrize(("n", "level"), [(58, False), (59, True)])
def test_fifty_nine_successes_show_ninety_five_percent(n: int, level: bool) -> None:
    """Wilks 1941: 0.95 ** 59 is below 5 %."""
    assert (verdict_of(plan_of("proportion", "at_least", 0.95, n), _successes(n, n)) is Verdict.VALIDATED) is level
    assert least_n_all_successes(0.95, 0.05) == 59
    assert least_n_all_successes(0.0, 0.05) == 1


QUANTILE_SAMPLE = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 8.0, 9.0] * 6)


@pytest.mark.parametrize("metric", ["median", "p75", "p90"])
@pytest.mark.parametrize("relation", ["at_least", "at_most"])
@pytest.mark.parametrize("margin", [0.0, 0.04])
def test_the_order_statistics_of_a_quantile_agree_with_its_verdict(metric: str, relation: str, margin: float) -> None:
    """For every limit, on a tied value or between two, the bounds say what the tests say."""
    for limit in np.arange(0.5, 9.6, 0.5).tolist():
        claim = plan_of(metric, relation, limit, 60, margin=margin)
        assessed, verdict = _assessed(claim, sample_of(QUANTILE_SAMPLE)), verdict_of(claim, sample_of(QUANTILE_SAMPLE))
        if relation == "at_least":
            cleared = assessed.lower is not None and assessed.lower >= limit
            missed = assessed.upper is not None and assessed.upper < limit
        else:
            cleared = assessed.upper is not None and assessed.upper <= limit
            missed = assessed.lower is not None and assessed.lower > limit
        expected = Verdict.VALIDATED if cleared else Verdict.REFUTED if missed else Verdict.INCONCLUSIVE
        assert verdict is expected


def test_a_quantile_claim_counts_what_it_says() -> None:
    """At most counts observations <= L, at least those < L; the nulls say so."""
    at_most = _assessed(plan_of("p90", "at_most", 5.0, 60), sample_of(QUANTILE_SAMPLE))
    assert at_most.p_validate == pytest.approx(binom.sf(47, 60, 0.9))
    assert (at_most.null_validate, at_most.null_refute) == ("P(X <= 5) <= 0.9", "P(X <= 5) >= 0.9")
    at_least = _assessed(plan_of("p90", "at_least", 5.0, 60, margin=0.02), sample_of(QUANTILE_SAMPLE))
    assert at_least.p_validate == pytest.approx(binom.cdf(30, 60, 0.92))
    assert (at_least.null_validate, at_least.null_refute) == ("P(X < 5) >= 0.92", "P(X < 5) <= 0.9")


def test_the_estimate_is_the_least_value_that_covers_the_share() -> None:
    """Also where the share times n is a whole number that binary arithmetic would miss."""
    values = np.arange(1.0, 101.0)
    for metric, estimate in (("p7", 7.0), ("median", 50.0), ("p99", 99.0), ("p99.9", 100.0), ("p29", 29.0)):
        assert _assessed(plan_of(metric, "at_most", 50.0, 100), sample_of(values)).estimate == estimate


def test_a_bound_that_does_not_exist_is_none() -> None:
    """300 observations have no finite upper bound for p99.9; nor a lower one for p0.1."""
    values = np.arange(300.0)
    assert _assessed(plan_of("p99.9", "at_most", 500.0, 300), sample_of(values)).upper is None
    assert _assessed(plan_of("p0.1", "at_least", 1.0, 300), sample_of(values)).lower is None


def test_a_bound_that_stands_for_a_failed_trial_is_none() -> None:
    """errors="against" puts failed trials at the far end: they count, but are no value to print."""
    values = np.full(100, 1.0)
    values[:30] = sys.float_info.max
    assessed = _assessed(plan_of("p90", "at_most", 5.0, 100), sample_of(values))
    assert assessed.estimate is None
    assert assessed.upper is None
    assert assessed.p_refute < 1e-6


@pytest.mark.parametrize(
    ("metric", "relation", "limit", "margin"),
    [
        ("p90", "at_most", 5.0, 0.0),
        ("p90", "at_most", 4.5, 0.05),
        ("p75", "at_least", 4.0, 0.0),
        ("median", "within", (2.0, 8.0), 0.0),
    ],
)
def test_the_n_needed_by_a_quantile_is_that_of_its_count(metric: str, relation: str, limit: Any, margin: float) -> None:
    """A sample with the same shares below and at the limit decides with that many observations."""
    values = np.array([1.0] * 5 + [4.0] * 6 + [5.0] * 8 + [9.0] * 1)
    claim = plan_of(metric, relation, limit, 20, margin=margin)
    assessed = _assessed(claim, sample_of(values))
    if verdict_of(claim, sample_of(values)) is not Verdict.INCONCLUSIVE:
        assert assessed.needed is None
        return
    assert assessed.needed is not None
    repeats = -(-assessed.needed // 20) + 2
    longer = plan_of(metric, relation, limit, 20 * repeats, margin=margin)
    assert verdict_of(longer, sample_of(np.tile(values, repeats))) is not Verdict.INCONCLUSIVE


def test_power_is_enumerated() -> None:
    """Against SciPy's distribution, on both sides and for an equivalence."""
    pillar = shipped().deciding_for(plan_of("proportion", "at_least", 0.85, 100))
    above = pillar.plan(plan_of("proportion", "at_least", 0.85, 100, expecting=0.95), level=0.05)
    assert above.power == pytest.approx(binom.sf(least_rejecting(100, 0.85, 0.05) - 1, 100, 0.95))
    below = pillar.plan(plan_of("proportion", "at_most", 0.15, 100, expecting=0.05), level=0.05)
    assert below.power == pytest.approx(above.power)
    assert above.detectable is not None
    assert below.detectable == pytest.approx(1.0 - above.detectable)
    detectable = pillar.plan(plan_of("proportion", "at_least", 0.85, 100, expecting=above.detectable), level=0.05)
    assert detectable.power == pytest.approx(0.9)
    both = pillar.plan(plan_of("proportion", "within", (0.4, 0.6), 200, expecting=0.5), level=0.05)
    least, greatest = least_rejecting(200, 0.4, 0.05), greatest_rejecting(200, 0.6, 0.05)
    assert both.power == pytest.approx(binom.cdf(greatest, 200, 0.5) - binom.cdf(least - 1, 200, 0.5))
    assert pillar.plan(plan_of("proportion", "within", (0.4, 0.6), 50, expecting=0.5), level=0.05).power == 0.0
    assert pillar.plan(plan_of("proportion", "at_least", 0.9, 5, expecting=1.0), level=0.05).detectable is None


def test_the_size_of_an_equivalence_is_the_last_miss_plus_one() -> None:
    """Against enumeration of every n."""
    lower, upper = BinomialTest(greater=True, null=0.8), BinomialTest(greater=False, null=0.95)

    def power(n: int) -> float:
        least, greatest = least_rejecting(n, 0.8, 0.05), greatest_rejecting(n, 0.95, 0.05)
        return float(binom.cdf(greatest, n, 0.9) - binom.cdf(least - 1, n, 0.9)) if least <= greatest else 0.0

    size = size_of_both(lower, upper, 0.05, 0.9, 0.9)
    assert size == max(n for n in range(1, 600) if power(n) < 0.9) + 1
    assert least_n_both(lower, upper, 0.05, 1) == next(n for n in range(1, 600) if power(n) > 0.0)
    assert size_of_both(lower, upper, 0.05, 0.96, 0.9) is None
    assert size_of(lower, 0.05, 0.8 + 1e-6, 0.9) is None


def test_a_narrow_equivalence_is_planned_without_trying_every_n() -> None:
    """Limits 0.002 apart need a quarter of a million trials; finding that is quick."""
    problem = shipped().deciding_for(plan_of("proportion", "within", (0.899, 0.901), 1000))
    plan = problem.plan(plan_of("proportion", "within", (0.899, 0.901), 1000), level=0.05)
    assert 200_000 < plan.least_n < 300_000


def test_the_plan_of_a_quantile_speaks_of_shares() -> None:
    """``expecting`` and ``detectable`` are shares of observations on the good side, for both relations."""
    pillar = shipped().deciding_for(plan_of("p90", "at_most", 5.0, 200))
    most = pillar.plan(plan_of("p90", "at_most", 5.0, 200, expecting=0.96), level=0.05)
    least = pillar.plan(plan_of("p10", "at_least", 5.0, 200, expecting=0.96), level=0.05)
    assert most.power == pytest.approx(least.power)
    assert most.detectable == pytest.approx(least.detectable)
    assert most.note is not None
    assert "share" in most.note
    within = pillar.plan(plan_of("p90", "within", (1.0, 5.0), 200, expecting=0.96), level=0.05)
    assert (within.power, within.least_n) == (None, 29)


def test_display_intervals_of_extreme_counts_reach_the_ends() -> None:
    """0 and 1 are exact, not nearly so."""
    for method in (
        intervals.wilson,
        intervals.wilson_continuity,
        intervals.jeffreys,
        intervals.clopper_pearson,
        intervals.blaker,
    ):
        assert method(0, 20, 0.95)[0] == 0.0
        assert method(20, 20, 0.95)[1] == 1.0
        low, high = method(7, 20, 0.95)
        assert low < 7 / 20 < high
    assert intervals.two_sided_p(5, 10, 0.5) == 1.0
    assert intervals.two_sided_p(0, 3, 0.5) == pytest.approx(0.25)
    assert intervals.mid_p_upper(3, 3, 0.5) == pytest.approx(0.0625)
