"""A claim answers what it is, and refuses what it has not."""

from __future__ import annotations

import pytest
from claimed import declared, group_of, law_claim

from pytest_ophamin.claims.metrics import metric_kind, quantile_probability


@pytest.mark.parametrize(
    ("metric", "q"),
    [
        ("median", 0.5),
        ("p50", 0.5),
        ("p99", 0.99),
        ("p99.9", 0.999),
        ("p99.99", 0.9999),
        ("p5", 0.05),
        ("p0", None),
        ("p00.0", None),
        ("p100", None),
        ("p", None),
        ("p99.", None),
        ("P99", None),
        ("p9９", None),
        ("mean", None),
    ],
)
def test_a_quantiles_probability_is_the_decimal_one(metric: str, q: float | None) -> None:
    """p99.9 is exactly float("0.999"); what is no quantile has none."""
    assert quantile_probability(metric) == q
    assert (metric_kind(metric) == "quantile") == (q is not None)


def test_levels_follow_margin_and_power() -> None:
    """Refuting is at alpha, or at 1 - power where something is conceded, as the decimal number meant."""
    assert (declared().validate_level, declared().refute_level) == (0.05, 0.05)
    assert declared(margin=0.1).refute_level == 0.1


def test_a_threshold_is_one_number_or_two() -> None:
    """Asking for what the relation has not is a caller's bug."""
    assert declared().limit == 0.9
    assert declared(within=(0.1, 0.2)).limits == (0.1, 0.2)
    with pytest.raises(TypeError, match="is at_least, it has no two limits"):
        _ = declared().limits
    with pytest.raises(TypeError, match="is within, it has no single threshold"):
        _ = declared(within=(0.1, 0.2)).limit


def test_a_group_runs_the_largest_count() -> None:
    """Stacked claims share trials; a law is a group of its own."""
    group = group_of(declared(of="a", stacked=True, trials=3), declared(of="b", stacked=True, trials=9))
    assert (group.trials, group.is_law) == (9, False)
    assert group_of(law_claim()).is_law
