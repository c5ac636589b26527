"""Sequential designs for 0/1 data: the exact programme against enumeration, calibration, p-values and e-processes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from ophamin_pillars.sequential import law as law_module
from ophamin_pillars.sequential.design import CountDesign
from ophamin_pillars.sequential.law import StoppingLaw, operating_characteristics, stopping_law
from ophamin_pillars.sequential.likelihood_ratio import log_e, log_e_path, ratio_design, ratio_evidence
from ophamin_pillars.sequential.lines import ratio_boundaries
from ophamin_pillars.sequential.sprt import bernoulli_sprt, normal_sprt, wald_thresholds
from ophamin_pillars.sequential.stagewise import lower_bound, p_greater, p_less, upper_bound
from ophamin_pillars.sequential.stopping import Boundaries, Crossed, Stop
from ophamin_pillars.sequential.truncated import truncated_sprt
from pytest_ophamin._canonical import round12

REFERENCE = (0.85, 0.90, 0.05, 0.10, 600)


def _stops(law: StoppingLaw) -> list[Stop]:
    kinds = np.where(law.upward, Crossed.UPPER, np.where(law.downward, Crossed.LOWER, Crossed.NEITHER))
    return [
        Stop(n=int(n), count=int(count), crossed=Crossed(kind))
        for n, count, kind in zip(law.n, law.count, kinds, strict=True)
    ]


def _by_enumeration(boundaries: Boundaries, p: float) -> dict[tuple[int, int], float]:
    """Return the probability of each stopping point by walking through every sequence."""
    found: dict[tuple[int, int], float] = {}
    for outcomes in itertools.product((0, 1), repeat=boundaries.cap):
        stop = boundaries.first_crossing(outcomes)
        assert stop is not None
        probability = math.prod(p if x else 1.0 - p for x in outcomes)
        found[stop.n, stop.count] = found.get((stop.n, stop.count), 0.0) + probability
    return found


@pytest.mark.parametrize("p", [0.0, 0.3, 0.55, 0.9, 1.0])
@pytest.mark.parametrize(
    "boundaries",
    [
        ratio_boundaries(0.4, 0.6, 1.0, -1.2, 10),
        ratio_boundaries(0.5, 0.9, 2.0, -1.0, 11),
        Boundaries(upper=np.array([9, 2, 3, 4, 4, 6, 7, 8, 9]), lower=np.array([-1, -1, -1, -1, 1, -1, -1, -1, 3])),
    ],
)
def test_the_law_is_that_of_every_sequence(boundaries: Boundaries, p: float) -> None:
    """Path counting gives what enumeration of all 2^n sequences gives."""
    law, expected = stopping_law(boundaries), _by_enumeration(boundaries, p)
    found = {(s.n, s.count): m for s, m in zip(_stops(law), law.probabilities(p), strict=True)}
    assert set(expected) <= set(found)
    for point, probability in found.items():
        assert probability == pytest.approx(expected.get(point, 0.0), abs=1e-14)


def test_without_boundaries_the_law_is_binomial_however_long() -> None:
    """Path counts beyond the range of a float keep twelve digits, also far out in the tails."""
    n = np.arange(1501)
    law = stopping_law(Boundaries(upper=n + 1, lower=np.full(1501, -1)))
    for p in (0.01, 0.5, 0.97):
        assert law.probabilities(p) == pytest.approx(binom.pmf(law.count, 1500, p), rel=1e-9)
    assert list(law.count) == list(range(1500, -1, -1))


def test_operating_characteristics_are_sums_over_the_law() -> None:
    """Decisions, mean and quantiles against their definitions."""
    law = stopping_law(ratio_boundaries(0.5, 0.8, 2.0, -2.0, 40))
    found = operating_characteristics(law, 0.6, shares=(0.01, 0.5, 1.0))
    mass = law.probabilities(0.6)
    assert found.validated + found.refuted + found.undecided == pytest.approx(1.0, abs=1e-12)
    assert found.mean_n == pytest.approx(float((mass * law.n).sum()), rel=1e-13)
    for share, n in zip((0.01, 0.5, 1.0), found.quantiles, strict=True):
        assert mass[law.n <= n].sum() >= share - 1e-9
        assert mass[law.n < n].sum() < share


def test_a_proportion_outside_0_to_1_is_refused() -> None:
    """The law exists for proportions only."""
    with pytest.raises(ValueError, match="lies in"):
        stopping_law(ratio_boundaries(0.5, 0.8, 2.0, -2.0, 4)).probabilities(1.01)


@pytest.mark.parametrize(
    ("upper", "lower", "message"),
    [([1], [0], "length"), ([1, 1], [0, 0, 0], "length"), ([1, 1, 2], [0, 0, 2], "after 2 trials")],
)
def test_boundaries_must_make_sense(upper: list[int], lower: list[int], message: str) -> None:
    """Shapes agree and lower counts lie below upper ones."""
    with pytest.raises(ValueError, match=message):
        Boundaries(upper=np.array(upper), lower=np.array(lower))


@pytest.mark.parametrize(
    ("outcomes", "message"), [([0, 1, 2], "trial 2 gave 2"), ([[0], [1]], "shape"), ([0.5], "0.5")]
)
def test_outcomes_are_zeros_and_ones(outcomes: list[int], message: str) -> None:
    """Anything else is refused, with its trial."""
    with pytest.raises(ValueError, match=message):
        truncated_sprt(*REFERENCE).boundaries.first_crossing(outcomes)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.6, 0.85, 0.9, 0.99]))
def test_the_first_crossing_is_latched(seed: int, p: float) -> None:
    """What comes after the stop, and the order in which prefixes are looked at, change nothing."""
    boundaries = truncated_sprt(*REFERENCE).boundaries
    x = np.random.default_rng(seed).random(600) < p
    stop = boundaries.first_crossing(x)
    assert stop is not None
    assert boundaries.first_crossing(x[: stop.n]) == stop
    assert boundaries.first_crossing(x[: stop.n - 1]) is None
    changed = x.copy()
    changed[stop.n :] = ~changed[stop.n :]
    assert boundaries.first_crossing(np.append(changed, [True] * 9)) == stop
    one_by_one = next(
        (n, crossed) for n in range(1, 601) if (crossed := boundaries.crossed(n, int(x[:n].sum()))) is not None
    )
    assert one_by_one == (stop.n, stop.crossed)


def test_no_outcomes_have_not_stopped() -> None:
    """The empty prefix is an ordinary one."""
    assert truncated_sprt(*REFERENCE).boundaries.first_crossing([]) is None


def test_the_reference_design_is_as_cheap_as_published() -> None:
    """METHODS 4.1: cap 600, errors .05 and .10 used up, and expected sample sizes within the acceptance figures."""
    design = truncated_sprt(*REFERENCE)
    assert 0.0495 < design.alpha <= 0.05
    assert 0.099 < design.beta <= 0.10
    assert design.conclusive
    assert design.power == pytest.approx(1.0 - design.beta, abs=1e-12)
    assert design.validates_from == design.refutes_to + 1
    for p, most in ((0.90, 225), (0.85, 172), (0.80, 68), (0.95, 90)):
        assert design.characteristics(p).mean_n <= most


def test_the_published_thresholds_have_their_published_errors() -> None:
    """logA = 2.92, logB = -2.20, c = 528: alpha .04997, beta .0999, and the row of METHODS 4.1."""
    lines = ratio_boundaries(0.85, 0.90, 2.92, -2.20, 600)
    upper, lower = lines.upper.copy(), lines.lower.copy()
    upper[-1], lower[-1] = 528, 527
    law = stopping_law(Boundaries(upper=upper, lower=lower))
    assert operating_characteristics(law, 0.85).validated == pytest.approx(0.04997, abs=5e-6)
    assert operating_characteristics(law, 0.90).refuted == pytest.approx(0.0999, abs=5e-5)
    published = {0.80: (66.5, 121), 0.85: (168.7, 355), 0.88: (275.5, 600), 0.90: (222.1, 424), 0.95: (86.8, 124)}
    for p, (mean, p90) in published.items():
        found = operating_characteristics(law, p)
        assert round(found.mean_n, 1) == mean
        assert found.quantiles[1] == p90


DESIGNS = [
    (0.85, 0.90, 0.05, 0.10, 600),
    (0.85, 0.90, 0.05 / 20, 0.10 / 20, 600),
    (0.85, 0.90, 0.05 / 1000, 0.10, 300),
    (0.5, 0.9, 0.05, 0.10, 40),
    (0.4, 0.6, 0.05, 0.10, 3),
    (0.4, 0.6, 0.05, 0.10, 1),
    (0.98, 0.99, 0.05, 0.10, 200),
    (0.001, 0.01, 0.01, 0.05, 500),
    (0.49, 0.5, 0.3, 0.4, 80),
    (0.95, 1.0, 0.05, 0.10, 100),
    (0.0, 0.1, 0.05, 0.10, 10),
    (0.0, 1.0, 0.05, 0.10, 10),
]


@pytest.mark.parametrize("parameters", DESIGNS)
def test_realised_errors_keep_their_levels(parameters: tuple[float, float, float, float, int]) -> None:
    """By the exact law; power is what validation at p1 has; every sample ends."""
    design = truncated_sprt(*parameters)
    p0, p1, a, b, cap = parameters
    assert round12(design.alpha) <= a
    assert round12(design.beta) <= b
    at_p0, at_p1 = design.characteristics(p0), design.characteristics(p1)
    assert (at_p0.validated, at_p1.refuted, at_p1.validated) == (design.alpha, design.beta, design.power)
    assert at_p1.validated + at_p1.refuted + at_p1.undecided == pytest.approx(1.0, abs=1e-11)
    assert design.boundaries.cap == cap
    assert design.conclusive == (at_p1.undecided == 0.0)


@pytest.mark.parametrize("parameters", DESIGNS)
def test_p_values_say_what_the_boundaries_say(parameters: tuple[float, float, float, float, int]) -> None:
    """p_V <= a exactly at VALIDATED stops; else p_R <= b exactly at REFUTED ones: over every stopping point."""
    design = truncated_sprt(*parameters)
    for stop in _stops(design.law):
        validated = round12(design.p_validate(stop)) <= design.level_validate
        refuted = round12(design.p_refute(stop)) <= design.level_refute
        assert validated == (stop.crossed is Crossed.UPPER)
        assert validated or refuted == (stop.crossed is Crossed.LOWER)
        assert not (refuted and stop.crossed is Crossed.UPPER and stop.n < design.boundaries.cap)


@pytest.mark.parametrize("parameters", DESIGNS[:5])
def test_a_refuted_sample_never_validates_at_the_uncorrected_level(
    parameters: tuple[float, float, float, float, int],
) -> None:
    """A design planned at alpha / m is compared with alpha too: late lower stops must not turn into evidence."""
    design = truncated_sprt(*parameters)
    for stop in _stops(design.law):
        if stop.crossed is Crossed.LOWER:
            assert round12(design.p_validate(stop, level=0.05)) > 0.05
        if stop.crossed is Crossed.UPPER:
            assert round12(design.p_refute(stop, level=0.1)) > 0.1


def test_stagewise_p_values_follow_the_order() -> None:
    """Earlier upper stops first, then the sum at the cap, then later to earlier lower stops; the tails meet."""
    law = truncated_sprt(*REFERENCE).law
    stops = _stops(law)
    keys = [
        (0, s.n) if s.crossed is Crossed.UPPER and s.n < 600 else (1, -s.count) if s.n == 600 else (2, -s.n)
        for s in stops
    ]
    assert keys == sorted(keys)
    mass = law.probabilities(0.87)
    for place in (0, 1, len(stops) // 2, len(stops) - 1):
        up, down = p_greater(law, stops[place], 0.87), p_less(law, stops[place], 0.87)
        assert up + down - mass[place] == pytest.approx(1.0, abs=1e-12)
        assert up == pytest.approx(float(mass[: place + 1].sum()), rel=1e-12)
    assert p_greater(law, stops[-1], 0.87) == pytest.approx(1.0, abs=1e-12)


def test_a_stop_the_design_does_not_have_is_refused() -> None:
    """A p-value of a sample that has not stopped does not exist."""
    with pytest.raises(ValueError, match="never stops with 3 successes in 4 trials"):
        truncated_sprt(*REFERENCE).p_validate(Stop(n=4, count=3, crossed=Crossed.UPPER))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.floats(0.001, 0.5))
def test_bounds_invert_the_p_values(place: int, level: float) -> None:
    """At a bound the p-value is the level, and tails rise with p (fall, for refutation)."""
    law = truncated_sprt(0.85, 0.90, 0.05, 0.10, 60).law
    stops = _stops(law)
    stop = stops[place % len(stops)]
    lower, upper = lower_bound(law, stop, level), upper_bound(law, stop, level)
    if lower > 0.0:
        assert p_greater(law, stop, lower) == pytest.approx(level, rel=1e-9)
    if upper < 1.0:
        assert p_less(law, stop, upper) == pytest.approx(level, rel=1e-9)
    assert lower <= upper
    tails = [p_greater(law, stop, p) for p in np.linspace(0.0, 1.0, 21)]
    assert all(late >= early - 1e-12 for early, late in itertools.pairwise(tails))


def test_bounds_agree_with_verdicts() -> None:
    """The lower bound reaches p0 exactly where p_V <= a, the upper one stays at or below p1 where p_R <= b."""
    for parameters in ((0.85, 0.90, 0.05, 0.10, 60), (0.5, 0.9, 0.05, 0.10, 40)):
        design = truncated_sprt(*parameters)
        for stop in _stops(design.law):
            validated = round12(design.p_validate(stop)) <= design.level_validate
            refuted = round12(design.p_refute(stop)) <= design.level_refute
            assert (design.lower(stop, design.level_validate) >= design.p0) == validated
            assert (design.upper(stop, design.level_refute) <= design.p1) == refuted


def test_where_the_order_ends_bounds_are_open() -> None:
    """The strongest point has no upper bound below 1, the weakest no lower bound above 0."""
    law = truncated_sprt(*REFERENCE).law
    stops = _stops(law)
    assert upper_bound(law, stops[0], 0.05) == 1.0
    assert lower_bound(law, stops[-1], 0.05) == 0.0


def test_incompatible_levels_keep_alpha_and_report_power() -> None:
    """m = 20 needs 747 trials; with 600 the cap decides what the levels allow, and power is what remains."""
    design = truncated_sprt(0.85, 0.90, 0.05 / 20, 0.10, 600)
    assert not design.conclusive
    assert design.alpha <= 0.05 / 20
    assert 0.70 < design.power < 0.90
    assert design.refutes_to + 1 < design.validates_from
    undecided = Stop(n=600, count=design.validates_from - 1, crossed=Crossed.NEITHER)
    assert design.p_validate(undecided) > design.level_validate
    assert design.p_refute(undecided) > design.level_refute


def test_a_cap_that_cannot_validate_never_does() -> None:
    """0.4 ** 3 > .05: with three trials nothing can be shown, and no line pretends otherwise."""
    design = truncated_sprt(0.4, 0.6, 0.05, 0.10, 3)
    assert design.power == design.alpha == 0.0
    assert design.validates_from == 4


def test_one_failure_refutes_certainty() -> None:
    """At p1 = 1 a failure is impossible, so it ends the sample; 59 successes in a row show more than .95."""
    design = truncated_sprt(0.95, 1.0, 0.05, 0.10, 100)
    assert design.boundaries.first_crossing([1, 1, 0]) == Stop(n=3, count=2, crossed=Crossed.LOWER)
    assert design.boundaries.first_crossing([1] * 100) == Stop(n=59, count=59, crossed=Crossed.UPPER)
    assert (design.power, design.beta) == (1.0, 0.0)


def test_one_success_refutes_impossibility() -> None:
    """At p0 = 0 a success validates; enough failures in a row refute p1."""
    boundaries = truncated_sprt(0.0, 0.1, 0.05, 0.10, 100).boundaries
    assert boundaries.first_crossing([0, 0, 1]) == Stop(n=3, count=1, crossed=Crossed.UPPER)
    assert boundaries.first_crossing([0] * 100) == Stop(n=22, count=0, crossed=Crossed.LOWER)
    assert truncated_sprt(0.0, 1.0, 0.05, 0.1, 9).boundaries.first_crossing([0]) is not None


def test_calibration_is_cached() -> None:
    """The same parameters give the same object; its arrays cannot be changed."""
    design = truncated_sprt(*REFERENCE)
    assert truncated_sprt(*REFERENCE) is design
    with pytest.raises(ValueError, match="read-only"):
        design.boundaries.upper[1] = 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((0.9, 0.9, 0.05, 0.1, 10), "p0 < p1"),
        ((-0.1, 0.9, 0.05, 0.1, 10), "p0 = -0.1"),
        ((0.8, 1.1, 0.05, 0.1, 10), "p1 = 1.1"),
        ((0.8, 0.9, 0.0, 0.1, 10), "level_validate"),
        ((0.8, 0.9, 0.05, 1.0, 10), "level_refute"),
        ((0.8, 0.9, 0.05, 0.1, 0), "cap"),
    ],
)
def test_impossible_designs_are_refused(parameters: tuple[float, float, float, float, int], message: str) -> None:
    """Each with the argument at fault."""
    with pytest.raises(ValueError, match=message):
        truncated_sprt(*parameters)


def test_renormalising_changes_no_probability(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scaling by powers of two is exact, however often it is done."""
    boundaries = ratio_boundaries(0.85, 0.9, 3.0, -3.0, 300)
    rarely = stopping_law(boundaries).probabilities(0.87)
    monkeypatch.setattr(law_module, "RENORMALISE_EVERY", 3)
    assert stopping_law(boundaries).probabilities(0.87) == pytest.approx(rarely, rel=1e-12)


def test_evidence_depends_on_counts_only() -> None:
    """Equal counts, equal evidence; scalars and arrays alike; impossible data are infinite evidence."""
    path = log_e_path([1, 0, 1, 1, 0], 0.3, 0.6)
    assert path[-1] == log_e(3, 2, 0.3, 0.6)
    assert path[1] == log_e_path([0, 1], 0.3, 0.6)[1]
    assert log_e([1, 2], [0, 0], 0.3, 0.6) == pytest.approx([math.log(2), math.log(4)])
    assert float(log_e(1, 3, 0.0, 0.5)) == math.inf
    assert float(log_e(3, 1, 0.5, 1.0)) == -math.inf
    assert float(log_e(0, 0, 0.0, 0.5)) == 0.0


def test_evidence_stops_where_e_reaches_a_threshold() -> None:
    """p = 1 / max e; the stopped e is not the maximum once evidence has fallen again."""
    x = np.random.default_rng(3).random(2_000) < 0.9
    found = ratio_evidence(x, 0.85, 0.90, 0.05, 0.10)
    path = log_e_path(x, 0.85, 0.90)
    first = int(np.argmax((path >= math.log(20)) | (path <= -math.log(10)))) + 1
    assert found.stop is not None
    assert found.n == found.stop.n == first
    assert found.p_validate == math.exp(-path[:first].max())
    assert found.p_validate <= 0.05
    assert found.p_refute > 0.10
    assert found.log_e_validate == -found.log_e_refute == path[first - 1]

    undecided = ratio_evidence([1, 1, 0], 0.85, 0.90, 0.05, 0.10)
    assert undecided.stop is None
    assert undecided.n == 3
    assert undecided.p_validate == pytest.approx((0.85 / 0.9) ** 2)
    assert undecided.log_e_validate < 0.0 < -math.log(undecided.p_validate)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.9), st.floats(0.02, 0.5), st.floats(0.001, 0.4))
def test_e_process_verdicts_and_p_values_agree(seed: int, p0: float, width: float, level: float) -> None:
    """A boundary is crossed exactly where the p-value of that side reaches its level."""
    p1 = p0 + width * (1.0 - p0) * 0.99
    x = np.random.default_rng(seed).random(200) < 0.5 * (p0 + p1)
    found = ratio_evidence(x, p0, p1, level, level)
    crossed = None if found.stop is None else found.stop.crossed
    assert (round12(found.p_validate) <= level) == (crossed is Crossed.UPPER)
    assert (round12(found.p_refute) <= level) == (crossed is Crossed.LOWER)


def test_evidence_needs_outcomes_and_a_possible_alternative() -> None:
    """Nothing observed, or two certainties, are refused."""
    with pytest.raises(ValueError, match="no outcomes"):
        ratio_evidence([], 0.85, 0.90, 0.05, 0.10)
    with pytest.raises(ValueError, match="p0 = 0 and p1 = 1"):
        log_e(1, 0, 0.0, 1.0)


def test_villes_thresholds_have_their_published_row() -> None:
    """METHODS 4.1, likelihood-ratio e-processes with thresholds 20 and 10."""
    law = stopping_law(ratio_design(0.85, 0.90, 0.05, 0.10, 8_000))
    published = {0.80: (69.6, 126), 0.85: (180.5, 371), 0.88: (322.6, 660), 0.90: (236.1, 441), 0.95: (88.7, 126)}
    for p, (mean, p90) in published.items():
        found = operating_characteristics(law, p)
        assert (round(found.mean_n, 1), found.quantiles[1]) == (mean, p90)


@settings(deadline=None, max_examples=60)
@given(st.floats(0.05, 0.8), st.floats(0.05, 0.9), st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_walds_approximations_hold_at_the_design_points(p0: float, width: float, alpha: float, beta: float) -> None:
    """The characteristic is 1 - alpha at p0 and beta at p1, falls, and the sample size passes the slope smoothly."""
    p1 = p0 + width * (1.0 - p0) * 0.99
    test = bernoulli_sprt(p0, p1, alpha, beta)
    assert test.accept_probability(p0) == pytest.approx(1.0 - alpha, rel=1e-9)
    assert test.accept_probability(p1) == pytest.approx(beta, rel=1e-9)
    curve = [test.accept_probability(float(p)) for p in np.linspace(0.01, 0.99, 33)]
    assert all(late <= early + 1e-9 for early, late in itertools.pairwise(curve))
    assert test.average_sample_number(test.slope + 1e-6) == pytest.approx(
        test.average_sample_number(test.slope), rel=1e-3
    )


def test_walds_approximation_is_near_the_exact_programme() -> None:
    """It neglects the excess: a few per cent of the exact expected sample size."""
    test = bernoulli_sprt(0.85, 0.90, 0.05, 0.10)
    law = stopping_law(ratio_boundaries(0.85, 0.90, test.log_a, test.log_b, 8_000))
    for p in (0.8, 0.85, 0.88, 0.9, 0.95):
        exact = operating_characteristics(law, p)
        assert test.average_sample_number(p) == pytest.approx(exact.mean_n, rel=0.09)
        assert test.accept_probability(p) == pytest.approx(exact.refuted, abs=0.03)


def test_the_normal_test_mirrors() -> None:
    """mu1 below mu0 is the same test on -x; lines and approximations follow."""
    up, down = normal_sprt(0.0, 0.5, 2.0, 0.05, 0.1), normal_sprt(0.0, -0.5, 2.0, 0.05, 0.1)
    for mu in (-0.4, 0.0, 0.25, 0.5, 0.9):
        assert up.average_sample_number(mu) == pytest.approx(down.average_sample_number(-mu), rel=1e-12)
        assert up.accept_probability(mu) == pytest.approx(down.accept_probability(-mu), rel=1e-12)
    assert up.accept_probability(0.0) == pytest.approx(0.95)
    assert (up.slope, up.h_reject) == (-down.slope, -down.h_reject)


def test_impossible_wald_tests_are_refused() -> None:
    """Errors that sum to 1, equal means, no spread, certain outcomes, thresholds on one side."""
    with pytest.raises(ValueError, match="sum below 1"):
        wald_thresholds(0.6, 0.4)
    with pytest.raises(ValueError, match="two means"):
        normal_sprt(1.0, 1.0, 1.0, 0.05, 0.1)
    with pytest.raises(ValueError, match="positive sigma"):
        normal_sprt(0.0, 1.0, 0.0, 0.05, 0.1)
    with pytest.raises(ValueError, match="inside"):
        bernoulli_sprt(0.85, 0.9, 0.05, 0.1).accept_probability(1.0)
    with pytest.raises(ValueError, match="0 < p0"):
        bernoulli_sprt(0.0, 0.9, 0.05, 0.1)
    with pytest.raises(ValueError, match="both sides of 0"):
        ratio_boundaries(0.85, 0.9, 1.0, 1.0, 10)


def test_every_design_field_is_of_the_design() -> None:
    """A design carries what it was made from."""
    design = truncated_sprt(*REFERENCE)
    assert isinstance(design, CountDesign)
    assert (design.p0, design.p1, design.level_validate, design.level_refute) == REFERENCE[:4]
    assert design.thresholds is not None
    assert design.thresholds == pytest.approx((2.92, -2.20), abs=0.1)
