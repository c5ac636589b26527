"""I.cma: what it pools, what it refuses, and how it says so."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outcomes import assessment_of, claim_of

from ophamin_pillars.cma_pillar import CmaPillar
from ophamin_pillars.mean import MeanPillar
from ophamin_pillars.proportion import ProportionPillar
from ophamin_pillars.ratio import RatioPillar
from ophamin_pillars.synthesis.effects import ARCSINE, ATANH, LOG, effect_of
from ophamin_pillars.synthesis.meta_analysis import pool
from pytest_ophamin.claims.design import Design
from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, ClaimId, DataSet, Digest
from pytest_ophamin.deciding.series import Series, SeriesProof, Synthesis
from pytest_ophamin.testing import claim_of as plan_of
from pytest_ophamin.testing import pairs_of, sample_of, series_example

CMA = CmaPillar()
SHARES = (0.90, 0.95, 0.91, 0.97, 0.93)


def shares(*found: float, n: int = 200, **claim: Any) -> Series:
    """Return the series of campaigns that saw these shares of n."""
    samples = [sample_of(np.arange(n) < round(share * n)) for share in found]
    return series_example(ProportionPillar(), samples, plan_of("proportion", at_least=0.8, trials=n, **claim))


def with_proofs(series: Series, **changes: Any) -> Series:
    """Return the series with its last proof changed."""
    *rest, last = series.proofs
    return dataclasses.replace(series, proofs=(*rest, dataclasses.replace(last, **changes)))


def said(series: Series) -> Synthesis:
    """Return what I.cma says."""
    return CMA.synthesise(series)


def proof(claim: Claim, **assessment: Any) -> SeriesProof:
    """Return one proof with this assessment."""
    return SeriesProof(
        id=Digest("1" * 64),
        claim=claim,
        assessment=assessment_of(**assessment),
        verdict="INCONCLUSIVE",
        campaign="campaign",
        commit=None,
        start="2026-01-01T00:00:00Z",
        data=Digest("2" * 64),
        key="3" * 32,
    )


def test_proportions_are_pooled_on_the_arcsine_scale() -> None:
    """The numbers are those of the meta-analysis of arcsines, taken back."""
    found = said(shares(*SHARES))
    counts = np.round(np.array(SHARES) * 200)
    expected = pool(np.arcsin(np.sqrt((counts + 0.25) / 200.5)), np.full(5, 1.0 / 800))
    assert found.numbers["mean"] == pytest.approx(ARCSINE.inverse(expected.pooled.value), rel=1e-12)
    assert found.numbers["tau2"] == pytest.approx(expected.tau2, rel=1e-9)
    low, high = expected.prediction_interval()
    assert found.numbers["prediction_lower"] == pytest.approx(ARCSINE.inverse(low), rel=1e-12)
    assert found.numbers["prediction_upper"] == pytest.approx(ARCSINE.inverse(high), rel=1e-12)
    assert (found.status, found.refusals, found.numbers["k"]) == ("ok", (), 5)
    assert found.message.startswith("mean 0.93")


def test_a_share_of_one_is_no_infinite_weight() -> None:
    """Counts of 0 and n have a finite variance."""
    numbers = said(shares(1.0, 1.0, 0.98)).numbers
    assert all(value is not None and math.isfinite(value) for value in numbers.values())


@given(st.lists(st.integers(0, 50), min_size=2, max_size=8))
@settings(max_examples=60, deadline=None)
def test_the_prediction_interval_holds_the_interval_of_the_mean(counts: list[int]) -> None:
    """Another campaign varies more than the mean does; both lie in the metric's range."""
    numbers = said(shares(*(count / 50 for count in counts), n=50)).numbers
    names = ("prediction_lower", "lower", "mean", "upper", "prediction_upper")
    values = [numbers[name] for name in names]
    assert values == sorted(values, key=lambda value: math.inf if value is None else value)
    assert all(value is not None and 0.0 <= value <= 1.0 for value in values)


@given(st.permutations(range(5)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_independent_proofs_does_not_matter(order: list[int]) -> None:
    """Pooling is symmetric; only the choice among proofs that share draws looks at the order."""
    series = shares(*SHARES)
    mixed = dataclasses.replace(series, proofs=tuple(series.proofs[i] for i in order))
    one, other = said(series).numbers, said(mixed).numbers
    assert other == pytest.approx(one, rel=1e-6)


def test_proofs_that_share_draws_are_refused() -> None:
    """The first of one stream key, or of one data digest, stays; the refusal names both and the remedy."""
    series = shares(*SHARES)
    for name in ("key", "data"):
        shared = with_proofs(series, **{name: getattr(series.proofs[1], name)})
        found = said(shared)
        assert (found.status, found.numbers["k"]) == ("warn", 4)
        last, second = ((series.proofs[i].commit or "")[:12] for i in (4, 1))
        (refusal,) = found.refusals
        assert refusal.startswith(f"2026-01-05T00:00:00Z campaign ({last}): shares its draws with ")
        assert refusal.endswith(f'2026-01-02T00:00:00Z campaign ({second}) (seed="commit" draws anew)')


def test_the_default_seed_policy_leaves_nothing_to_pool() -> None:
    """Under ``claim`` every commit makes the same draws."""
    series = shares(*SHARES)
    same = tuple(dataclasses.replace(each, key=series.proofs[0].key) for each in series.proofs)
    found = said(dataclasses.replace(series, proofs=same))
    assert found.message == "nothing to pool: 1 independent proof, 2 are needed"
    assert (found.status, found.numbers, len(found.refusals)) == ("warn", {}, 4)


def test_finite_files_are_no_replicates() -> None:
    """A population in a file, or a declared data set, is not drawn anew by another campaign."""
    series = shares(*SHARES)
    data = (DataSet(name="mail.csv", sha256=Digest("0" * 64), size=9),)
    for fields in ({"population": "this file"}, {"data": data}):
        changed = with_proofs(series, claim=dataclasses.replace(series.proofs[-1].claim, **fields))
        found = said(changed)
        assert found.numbers["k"] == 4
        assert "draw on a finite data file" in found.refusals[0]


def test_another_metric_or_design_is_another_series() -> None:
    """The last campaign says what is pooled; a threshold may change."""
    series = shares(*SHARES)
    first, *rest = series.proofs
    other = dataclasses.replace(first, claim=dataclasses.replace(first.claim, unit="mails"))
    found = said(dataclasses.replace(series, proofs=(other, *rest)))
    assert (found.numbers["k"], len(found.refusals)) == (4, 1)
    assert "another metric or design" in found.refusals[0]
    amended = dataclasses.replace(first, claim=dataclasses.replace(first.claim, threshold=0.7))
    assert said(dataclasses.replace(series, proofs=(amended, *rest))).numbers["k"] == 5


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({"at_least": 0.8}, "ok"),
        ({"at_least": 0.9}, "warn"),
        ({"at_most": 0.999}, "ok"),
        ({"at_most": 0.95}, "warn"),
        ({"within": (0.8, 0.999)}, "ok"),
        ({"within": (0.8, 0.95)}, "warn"),
        ({"within": (0.9, 0.999)}, "warn"),
    ],
)
def test_a_threshold_inside_the_prediction_interval_is_told(limits: dict[str, Any], status: str) -> None:
    """The mean may be safe where another campaign is not."""
    series = series_example(
        ProportionPillar(),
        [sample_of(np.arange(200) < round(share * 200)) for share in SHARES],
        plan_of("proportion", trials=200, **limits),
    )
    found = said(series)
    assert found.status == status
    assert ("may lie beyond the threshold" in found.message) == (status == "warn")


def test_means_take_their_spread_and_ratios_the_log_scale() -> None:
    """spread^2 / n is the sampling variance; of a ratio that of the logs."""
    rng = np.random.default_rng(1)
    means = series_example(MeanPillar(), [sample_of(rng.normal(5, 2, 30))], plan_of("mean", at_least=4.0, trials=30))
    found = means.proofs[0].assessment
    assert found.spread is not None
    assert effect_of(means.proofs[0]) == pytest.approx((found.estimate, found.spread**2 / 30))
    second = np.exp(rng.normal(0, 1, 30))
    pairs = pairs_of(second * np.exp(rng.normal(0.1, 0.2, 30)), second)
    ratios = series_example(RatioPillar(), [pairs], plan_of("ratio", at_most=1.5, trials=30))
    found = ratios.proofs[0].assessment
    assert found.estimate is not None
    assert found.spread is not None
    assert effect_of(ratios.proofs[0]) == pytest.approx((math.log(found.estimate), found.spread**2 / 30))


def test_a_standard_error_comes_from_the_bounds() -> None:
    """Each bound has the level of its side; correlations go through atanh, rates through log."""
    z05, z10 = 1.6448536269514722, 1.2815515655446004
    claim = claim_of(metric="correlation", threshold=0.3, trials=50, margin=0.1)
    fields = {"estimate": 0.5, "lower": math.tanh(0.3), "upper": math.tanh(0.8), "n": 50}
    y, v = effect_of(proof(claim, **fields))
    assert y == ATANH.forward(0.5)
    assert math.sqrt(v) == pytest.approx(0.5 / (z05 + z10))  # alpha below, 1 - power above
    claim = claim_of(metric="rate", relation=Relation.AT_MOST, threshold=3.0, trials=50)
    y, v = effect_of(proof(claim, estimate=2.0, lower=1.0, upper=math.e, n=50))
    assert (y, math.sqrt(v)) == pytest.approx((math.log(2.0), 1.0 / (2 * z05)))


@pytest.mark.parametrize(
    ("claim", "assessment", "why"),
    [
        ({}, {"estimate": None}, "it has no estimate"),
        ({"metric": "p90"}, {"upper": None}, "one of its bounds is missing"),
        ({"metric": "p90", "margin": 0.01}, {}, "its margin is one of probability"),
        ({"metric": "p90"}, {"lower": 1.0, "upper": 1.0}, "its bounds give no standard error"),
        ({"metric": "rate"}, {"lower": 0.0}, "it has no finite value on the log scale"),
        ({"metric": "p90", "design": Design(sequential=True)}, {}, "it could stop early"),
        ({"metric": "mean"}, {"spread": 1e-200}, "its standard error is beyond the floating range"),
    ],
)
def test_a_proof_without_a_sampling_variance_is_left_out(
    claim: dict[str, Any], assessment: dict[str, Any], why: str
) -> None:
    """Each reason has its sentence, and nothing is raised."""
    series = Series(claim=ClaimId("t"), proofs=(proof(claim_of(**claim), **assessment),))
    assert why in said(series).refusals[0]


def test_an_end_beyond_the_floats_is_none() -> None:
    """Two far ratios have a prediction interval wider than the floats."""
    claim = claim_of(metric="ratio", threshold=1.0)
    first, second = (proof(claim, estimate=estimate, spread=0.1, n=10) for estimate in (1e-100, 1e100))
    second = dataclasses.replace(second, id=Digest("4" * 64), key="5" * 32, data=Digest("6" * 64))
    numbers = said(Series(claim=ClaimId("t"), proofs=(first, second))).numbers
    assert numbers["prediction_upper"] is None
    assert numbers["prediction_lower"] == 0.0
    assert LOG.inverse(1e4) == math.inf


def test_e_values_accumulate_against_one_null() -> None:
    """The product and its anytime-valid p; e-values against another null, or of refused proofs, stay out."""
    series = shares(*SHARES[:4], design=Design(sequential=True))
    logs = (1.0, 2.0, -0.5, 0.25)
    nulls = ("proportion <= 0.7", *["proportion <= 0.8"] * 3)
    proofs = tuple(
        dataclasses.replace(
            each, assessment=dataclasses.replace(each.assessment, log_e_validate=log_e, null_validate=null)
        )
        for each, log_e, null in zip(series.proofs, logs, nulls, strict=True)
    )
    found = said(dataclasses.replace(series, proofs=proofs))
    assert found.numbers["e_proofs_validate"] == 3
    assert found.numbers["log_e_validate"] == pytest.approx(1.75)
    assert found.numbers["p_validate"] == pytest.approx(math.exp(-2.0))  # of the greatest product on the way
    assert "log_e_refute" not in found.numbers
    assert "accumulated evidence for the claim: e = 5.75, p = 0.14 at any time" in found.message
    assert "stopped early lean" in found.message
    strong = dataclasses.replace(proofs[-1], assessment=dataclasses.replace(proofs[-1].assessment, log_e_refute=2000.0))
    assert "against the claim: e = 10^868.6" in said(dataclasses.replace(series, proofs=(*proofs[:-1], strong))).message


def test_an_empty_series_has_nothing_to_say() -> None:
    """No proof, no numbers, no exception."""
    found = said(Series(claim=ClaimId("t"), proofs=()))
    assert (found.status, found.numbers, found.message) == (
        "warn",
        {},
        "nothing to pool: 0 independent proofs, 2 are needed",
    )
