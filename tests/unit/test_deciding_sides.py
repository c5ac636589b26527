"""Relation, margin and within, done once for every method."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest
from error_rates import plan_of

from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.sides import ShiftedTests, claim_sides, compose, minus, plus, undecidable


@dataclass
class Recorder(ShiftedTests):
    """Tests that remember what they were asked, and answer as told; what validates does not refute."""

    n: int = 50
    estimate: float | None = 0.7
    spread: float | None = 0.2
    greater_p: float = 0.5
    less_p: float = 0.5
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        self.asked.append(("greater", limit, slack, strict, level))
        return 0.99 if strict and self.greater_p < 0.05 else self.greater_p

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        self.asked.append(("less", limit, slack, strict, level))
        return 0.99 if strict and self.less_p < 0.05 else self.less_p

    def lower(self, level: float, *, slack: float) -> float | None:
        self.asked.append(("lower", level, slack))
        return 0.6

    def upper(self, level: float, *, slack: float) -> float | None:
        self.asked.append(("upper", level, slack))
        return 0.8


def test_at_least_validates_by_greater_and_refutes_by_less() -> None:
    """The margin is conceded on the validating side only; each bound stands at its side's level."""
    tests = Recorder(greater_p=0.2, less_p=0.9)
    assessed = compose(plan_of("mean", "at_least", 0.6, 50, margin=0.1), tests, method="m/1", exact=True)
    assert tests.asked == [
        ("greater", 0.6, 0.1, False, 0.05),
        ("less", 0.6, 0.0, True, 0.1),
        ("lower", 0.05, 0.1),
        ("upper", 0.1, 0.0),
    ]
    assert (assessed.p_validate, assessed.p_refute) == (0.2, 0.9)
    assert (assessed.null_validate, assessed.null_refute) == ("mean <= 0.5", "mean >= 0.6")
    assert assessed.effect == pytest.approx(0.1)


def test_at_most_is_the_mirror_image() -> None:
    """Everything but the words is exchanged."""
    tests = Recorder(greater_p=0.2, less_p=0.9)
    assessed = compose(plan_of("mean", "at_most", 0.6, 50, margin=0.1), tests, method="m/1", exact=True)
    assert tests.asked == [
        ("less", 0.6, 0.1, False, 0.05),
        ("greater", 0.6, 0.0, True, 0.1),
        ("lower", 0.1, 0.0),
        ("upper", 0.05, 0.1),
    ]
    assert (assessed.p_validate, assessed.p_refute) == (0.9, 0.2)
    assert (assessed.null_validate, assessed.null_refute) == ("mean >= 0.7", "mean <= 0.6")
    assert assessed.effect == pytest.approx(-0.1)


def test_within_needs_both_sides_to_validate_and_one_to_refute() -> None:
    """p_validate is the larger of two, p_refute twice the smaller; the interval is at half alpha unless validated."""
    tests = Recorder(greater_p=0.3, less_p=0.2)
    assessed = compose(plan_of("mean", "within", (0.5, 0.9), 50), tests, method="m/1", exact=True)
    assert (assessed.p_validate, assessed.p_refute) == (0.3, 0.4)
    assert assessed.null_validate == "mean <= 0.5 or mean >= 0.9"
    assert assessed.null_refute == "mean >= 0.5 and mean <= 0.9"
    assert tests.asked[-2:] == [("lower", 0.025, 0.0), ("upper", 0.025, 0.0)]
    assert assessed.effect == pytest.approx(0.2)


def test_a_validated_equivalence_has_its_interval_at_alpha_per_side() -> None:
    """Then the interval lies inside the limits exactly when the claim is validated."""
    tests = Recorder(greater_p=0.01, less_p=0.04)
    compose(plan_of("mean", "within", (0.5, 0.9), 50), tests, method="m/1", exact=True)
    assert tests.asked[-2:] == [("lower", 0.05, 0.0), ("upper", 0.05, 0.0)]


def test_p_refute_of_within_is_at_most_one() -> None:
    """Twice a large p-value is still a p-value."""
    tests = Recorder(greater_p=0.9, less_p=0.8)
    assert compose(plan_of("mean", "within", (0.5, 0.9), 50), tests, method="m/1", exact=True).p_refute == 1.0


@pytest.mark.parametrize(("limit", "slack", "less", "more"), [(0.9, 0.05, 0.85, 0.95), (0.3, 0.1, 0.2, 0.4)])
def test_a_margin_is_taken_in_decimal(limit: float, slack: float, less: float, more: float) -> None:
    """0.9 - 0.05 is 0.85: an author's null is the decimal number, not its binary neighbour."""
    assert (minus(limit, slack), plus(limit, slack)) == (less, more)


def test_an_undecidable_sample_has_p_one_and_a_reason() -> None:
    """Nothing is tested, but the nulls are still stated."""
    claim = plan_of("mean", "at_least", 0.6, 3)
    assessed = undecidable(claim, method="m/1", exact=False, n=3, estimate=0.7, reason="why")
    assert (assessed.p_validate, assessed.p_refute, assessed.reason) == (1.0, 1.0, "why")
    assert (assessed.lower, assessed.upper) == (None, None)
    assert assessed.null_validate == "mean <= 0.6"


def test_an_estimate_that_does_not_exist_has_no_effect() -> None:
    """No estimate, no distance from the threshold."""
    tests = Recorder(estimate=None)
    assert compose(plan_of("mean", "at_least", 0.6, 50), tests, method="m/1", exact=True).effect is None


def test_planning_replaces_the_level_of_the_validating_side_only() -> None:
    """A corrected level is that of the validation tests."""
    sides = claim_sides(plan_of("mean", "at_least", 0.6, 50), level=0.0025)
    assert [side.level for side in (*sides.validate, *sides.refute)] == [0.0025, 0.05]


@dataclass
class Stepping(Recorder):
    """Rejects upwards at even n only, downwards at multiples of three only."""

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        del limit, slack, level
        if strict:
            return None
        step = 2 if side == "greater" else 3
        return -(-start // step) * step


def test_the_n_needed_for_within_satisfies_both_sides_at_once() -> None:
    """Tests of counts are saw-toothed: 52 suits one side and 51 the other, 54 both."""
    assert compose(plan_of("mean", "within", (0.5, 0.9), 50), Stepping(), method="m/1", exact=True).needed == 54


def test_nothing_is_needed_by_a_claim_that_is_decided() -> None:
    """The search for a larger n is only made when it is told."""
    tests = Stepping(greater_p=0.01)
    assert compose(plan_of("mean", "at_least", 0.5, 50), tests, method="m/1", exact=True).needed is None


def test_an_assessment_is_frozen_like_any_other_value() -> None:
    """However it was filled, it is an Assessment: equal to one made by hand, and closed to changes."""
    assessed = compose(plan_of("mean", "at_least", 0.5, 50), Stepping(), method="m/1", exact=True)
    assert type(assessed) is Assessment
    by_hand = Assessment(**{each.name: getattr(assessed, each.name) for each in fields(Assessment)})
    assert assessed == by_hand
    assert replace(assessed, method="m/2") != assessed
    assert pickle.loads(pickle.dumps(assessed)) == assessed  # noqa: S301  # made one line above
    with pytest.raises(FrozenInstanceError):
        assessed.method = "m/3"  # type: ignore[misc]


def test_words_of_a_method_stand_in_its_assessment() -> None:
    """Nulls are made once per kind of claim, but for methods that have words of their own."""

    class Spoken(Stepping):
        def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
            del slack, strict
            return f"{side} than {limit}"

    claim = plan_of("mean", "at_least", 0.5, 50)
    plain, spoken = (compose(claim, tests, method="m/1", exact=True) for tests in (Stepping(), Spoken()))
    assert (plain.null_validate, plain.null_refute) == ("mean <= 0.5", "mean >= 0.5")
    assert (spoken.null_validate, spoken.null_refute) == ("greater than 0.5", "less than 0.5")
