"""Where p-values meet levels."""

from __future__ import annotations

import pytest
from error_rates import plan_of

from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.verdict import judge


@pytest.mark.parametrize(
    ("margin", "p_validate", "p_refute", "verdict", "conceded"),
    [
        (0.0, 0.05, 0.97, Verdict.VALIDATED, False),
        (0.0, 0.0500001, 0.97, Verdict.INCONCLUSIVE, False),
        (0.0, 0.97, 0.05, Verdict.REFUTED, False),
        (0.0, 0.97, 0.07, Verdict.INCONCLUSIVE, False),
        (0.1, 0.97, 0.1, Verdict.REFUTED, False),
        (0.1, 0.97, 0.1001, Verdict.INCONCLUSIVE, False),
        (0.1, 0.02, 0.03, Verdict.VALIDATED, True),
        (0.1, 0.02, 0.5, Verdict.VALIDATED, False),
    ],
)
def test_a_verdict_follows_from_two_p_values(
    margin: float, p_validate: float, p_refute: float, verdict: Verdict, conceded: bool
) -> None:
    """VALIDATED at alpha, else REFUTED at alpha without a margin and at 1 - power with one, else INCONCLUSIVE."""
    claim = plan_of("proportion", "at_least", 0.9, 100, margin=margin)
    assert judge(claim, p_validate, p_refute) == (verdict, conceded)


def test_p_values_are_rounded_to_twelve_digits_before_they_are_compared() -> None:
    """A last-bit difference between platforms decides nothing."""
    claim = plan_of("proportion", "at_least", 0.9, 100)
    assert judge(claim, 0.05 * (1 + 1e-13), 1.0)[0] is Verdict.VALIDATED
    assert judge(claim, 0.05 * (1 + 1e-10), 1.0)[0] is Verdict.INCONCLUSIVE


def test_one_minus_power_is_the_decimal_level() -> None:
    """1 - 0.9 is a tenth, not 0.09999999999999998."""
    claim = plan_of("proportion", "at_least", 0.9, 100, margin=0.01, power=0.9)
    assert judge(claim, 1.0, 0.1)[0] is Verdict.REFUTED


def test_a_sample_that_contradicts_itself_decides_nothing() -> None:
    """Without a margin the two nulls cover everything: rejecting both is no verdict."""
    claim = plan_of("mean", "at_least", 0.5, 100)
    assert judge(claim, 0.001, 0.001) == (Verdict.INCONCLUSIVE, False)


def test_a_stated_reason_leaves_the_claim_inconclusive() -> None:
    """What cannot be decided is not decided by its p-values."""
    claim = plan_of("mean", "at_least", 0.5, 100)
    assert judge(claim, 0.0, 1.0, "all observations are equal") == (Verdict.INCONCLUSIVE, False)
