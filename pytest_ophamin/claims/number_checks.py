"""Checks of a claim's numbers against each other: what can never be decided is refused before any trial runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_ophamin._canonical import round12
from pytest_ophamin.claims.argument_checks import Mistakes, shown
from pytest_ophamin.claims.gates import BUDGET_KINDS, GATE_KINDS, RATIO_KINDS
from pytest_ophamin.claims.metrics import (
    BANDWIDTH,
    BUILT_IN_KINDS,
    CORRELATION,
    DIFFERENCE,
    EFFECT,
    KENDALL,
    LAW,
    MEAN,
    MTBF,
    PROPORTION,
    QUANTILE,
    RATE,
    RATIO,
    SHIFT,
    SPEARMAN,
    SUPERIORITY,
    Relation,
    metric_kind,
    quantile_probability,
)

if TYPE_CHECKING:
    from pytest_ophamin.claims.declare import Declaration
    from pytest_ophamin.claims.model import Threshold

AUTO = "auto"
LARGEST_ALPHA = 0.5
_PERCENT = 100.0

_TAKES_BOUNDS = frozenset({MEAN, DIFFERENCE})
_TAKES_SPREAD = GATE_KINDS | {MEAN, DIFFERENCE, RATIO, SHIFT, EFFECT, BANDWIDTH, RATE, MTBF}
_CORRELATION = (-1.0, 1.0, "a correlation lies between -1 and 1")
_SPACES: dict[str, tuple[float, float | None, str]] = {
    PROPORTION: (0.0, 1.0, "whatever the sample, 0 could never be refuted nor 1 validated"),
    SUPERIORITY: (0.0, 1.0, "it is a probability"),
    CORRELATION: _CORRELATION,
    SPEARMAN: _CORRELATION,
    KENDALL: _CORRELATION,
    RATIO: (0.0, None, "a ratio of positive numbers is positive"),
    RATE: (0.0, None, "a rate of events is positive"),
    MTBF: (0.0, None, "a time between events is positive"),
    BANDWIDTH: (0.0, None, "an amount per second is positive"),
    **dict.fromkeys(RATIO_KINDS, (0.0, None, "a ratio of positive numbers is positive")),
    **dict.fromkeys(BUDGET_KINDS, (0.0, None, "a time is positive")),
}
"""The open interval a kind's threshold lies in, and why."""
_NOT_FOR_LAWS = ("trials", "alpha", "power", "expecting", "expecting_sd", "unit", "bounds", "of", "population")
_DESIGN_WORDS = ("arms", "cluster", "strata", "factors", "block", "resampled", "sequential", "looks", "checks")


class Numbers(Protocol):
    """The numeric arguments as plain numbers, None where not given."""

    @property
    def margin(self) -> float | None: ...
    @property
    def alpha(self) -> float | None: ...
    @property
    def power(self) -> float | None: ...
    @property
    def expecting(self) -> float | None: ...
    @property
    def expecting_sd(self) -> float | None: ...
    @property
    def bounds(self) -> tuple[float, float] | None: ...
    @property
    def trials(self) -> int | None: ...


def check_numbers(
    declaration: Declaration,
    relation: Relation | None,
    threshold: Threshold,
    numbers: Numbers,
    mistakes: Mistakes,
) -> None:
    """Check levels, trials, bounds, thresholds, margin and expectation of one claim.

    Whatever depends on a metric that is not known is left unchecked: that mistake is told already.
    """
    if declaration.metric == LAW:
        _check_law(declaration, mistakes)
        return
    kind = metric_kind(declaration.metric) if isinstance(declaration.metric, str) else ""
    _check_levels(numbers, mistakes)
    _check_trials(declaration, kind, relation, mistakes)
    _check_useless(declaration, kind, mistakes)
    _check_margin(relation, numbers, mistakes)
    _check_spread(numbers, mistakes)
    if relation is None or threshold is None or not kind:
        return
    _Space.of(declaration.metric, numbers).check(relation, threshold, numbers.margin or 0.0, mistakes)
    _check_expecting(declaration, relation, threshold, numbers, mistakes)


def _check_law(declaration: Declaration, mistakes: Mistakes) -> None:
    """A law is searched by Hypothesis, which has its own settings for how long."""
    for name in _NOT_FOR_LAWS:
        value = getattr(declaration, name)
        if value is None:
            continue
        if name == "trials":
            mistakes.add(name, "no trials= for a law", shown(value), "@settings(max_examples=...) below @claim")
        else:
            mistakes.useless(name, "a law", value)
    if declaration.margin not in (None, 0, 0.0):
        mistakes.useless("margin", "a law", declaration.margin)
    for name in (*_DESIGN_WORDS, "gate"):
        if getattr(declaration, name):
            mistakes.useless(name, "a law", getattr(declaration, name))


def _check_levels(numbers: Numbers, mistakes: Mistakes) -> None:
    alpha, power = numbers.alpha, numbers.power
    if alpha is not None and not 0.0 < alpha < LARGEST_ALPHA:
        mistakes.add("alpha", f"a level strictly between 0 and {LARGEST_ALPHA}", shown(alpha), "alpha=0.05")
        alpha = None
    if power is not None and not (alpha or 0.0) < power < 1.0:
        expected = "a probability strictly between alpha and 1"
        mistakes.add("power", expected, shown(power), "power=0.90")


def _check_trials(declaration: Declaration, kind: str, relation: Relation | None, mistakes: Mistakes) -> None:
    if kind in GATE_KINDS:
        return  # its trials are pairs, see gate_checks
    if declaration.trials is None:
        mistakes.add("trials", 'an integer, or "auto"', "nothing", "trials=1000")
    if not isinstance(declaration.trials, str) or declaration.trials != AUTO:
        return
    if kind == QUANTILE and relation is Relation.WITHIN:
        expected = "a number of trials: an equivalence of quantiles cannot be planned"
        mistakes.add("trials", expected, '"auto"', "trials=1000")
    elif declaration.expecting is None:
        expected = 'the metric\'s expected value, since trials="auto" derives n from it'
        mistakes.add("expecting", expected, "nothing", "expecting=<value>, or trials=1000")


def _check_useless(declaration: Declaration, kind: str, mistakes: Mistakes) -> None:
    if kind not in BUILT_IN_KINDS:
        return
    if declaration.bounds is not None and (kind not in _TAKES_BOUNDS or declaration.arms is not None):
        mistakes.useless("bounds", f"the metric {declaration.metric!r}", declaration.bounds)
    if declaration.expecting_sd is not None and kind not in _TAKES_SPREAD:
        mistakes.useless("expecting_sd", f"the metric {declaration.metric!r}", declaration.expecting_sd)


def _check_margin(relation: Relation | None, numbers: Numbers, mistakes: Mistakes) -> None:
    margin = numbers.margin or 0.0
    if margin < 0.0:
        mistakes.add("margin", "a number not below 0: what the author concedes", shown(margin), "margin=0.02")
    if margin and relation is Relation.WITHIN:
        expected = "no margin= with within=: its two limits are the margin"
        mistakes.add("margin", expected, shown(margin), "leave margin= out, or widen within=")


def _check_spread(numbers: Numbers, mistakes: Mistakes) -> None:
    if numbers.expecting_sd is not None and numbers.expecting_sd <= 0.0:
        mistakes.add("expecting_sd", "a positive number", shown(numbers.expecting_sd), "expecting_sd=<value>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Space:
    """The open interval in which what is tested must lie, so that it can be both validated and refuted."""

    lo: float | None = None
    hi: float | None = None
    why: str = ""
    quantile: float | None = None
    """For a quantile the margin is in probability, and moves this instead of the threshold."""

    @classmethod
    def of(cls, metric: str, numbers: Numbers) -> _Space:
        kind = metric_kind(metric)
        if kind == QUANTILE:
            return cls(lo=0.0, hi=1.0, why="it is a probability", quantile=quantile_probability(metric))
        if kind in _SPACES:
            lowest, highest, why = _SPACES[kind]
            return cls(lo=lowest, hi=highest, why=why)
        if kind in _TAKES_BOUNDS and numbers.bounds is not None:
            lo, hi = numbers.bounds
            return cls(lo=lo, hi=hi, why="whatever the sample, a mean cannot be shown to pass its bounds")
        return cls()

    def check(self, relation: Relation, threshold: Threshold, margin: float, mistakes: Mistakes) -> None:
        """Check that the threshold, and what remains of it after the margin, lie strictly inside."""
        limits = threshold if isinstance(threshold, tuple) else (threshold,)
        if self.quantile is None and not all(limit is None or self._holds(limit) for limit in limits):
            name = relation.value
            expected = f"a threshold {self._inside()}: {self.why}"
            mistakes.add(name, expected, shown(threshold), f"{name}={self._example(relation, limits[0])}")
        elif margin > 0.0 and isinstance(threshold, float):
            self._check_conceded(relation, threshold, margin, mistakes)

    def _check_conceded(self, relation: Relation, threshold: float, margin: float, mistakes: Mistakes) -> None:
        moved = threshold if self.quantile is None else self.quantile
        # A quantile at least L is a share below L of at most q, so its margin raises q.
        is_lowered = (relation is Relation.AT_LEAST) == (self.quantile is None)
        if not self._holds(round12(moved - margin if is_lowered else moved + margin)):
            sign = "-" if is_lowered else "+"
            name = "threshold" if self.quantile is None else "quantile"
            expected = f"{name} {sign} margin {self._inside()}: {self.why}"
            mistakes.add("margin", expected, f"{moved!r} {sign} {margin!r}", "a smaller margin=")

    def _holds(self, value: float) -> bool:
        return (self.lo is None or value > self.lo) and (self.hi is None or value < self.hi)

    def _inside(self) -> str:
        return f"above {self.lo:g}" if self.hi is None else f"strictly between {self.lo:g} and {self.hi:g}"

    def _example(self, relation: Relation, came: float | None) -> str:
        if relation is Relation.WITHIN:
            return "(lo, hi)"
        if (self.lo, self.hi) == (0.0, 1.0):
            if came is not None and 1.0 < came < _PERCENT:
                return f"{round12(came / _PERCENT):g}"
            return "0.99" if relation is Relation.AT_LEAST else "0.01"
        return "<threshold>"


def _check_expecting(
    declaration: Declaration,
    relation: Relation,
    threshold: float | tuple[float, float],
    numbers: Numbers,
    mistakes: Mistakes,
) -> None:
    """Check that what the author expects would make the claim true, conceded part included."""
    expecting = numbers.expecting
    if expecting is None:
        return
    q = quantile_probability(declaration.metric)
    if q is not None:
        _check_expected_share(relation, q, expecting, numbers.margin or 0.0, mistakes)
        return
    if declaration.metric == PROPORTION and not 0.0 <= expecting <= 1.0:
        mistakes.add("expecting", "a proportion, from 0 to 1", shown(expecting), "expecting=0.95")
    elif (side := _claimed_side(relation, threshold, numbers.margin or 0.0, expecting)) is not None:
        expected = f"a value on the claimed side, {side}: the claim is planned for the case that it is true"
        mistakes.add("expecting", expected, shown(expecting), f"expecting=<a value {side}>")


def _claimed_side(
    relation: Relation, threshold: float | tuple[float, float], margin: float, expecting: float
) -> str | None:
    """Return in words where ``expecting`` should lie, or None when it lies there."""
    if isinstance(threshold, tuple):
        lo, hi = threshold
        return None if lo < expecting < hi else f"between {lo:g} and {hi:g}"
    # Rounded, because 0.3 - 0.1 is a little less than 0.2 in binary and the author means 0.2.
    if relation is Relation.AT_LEAST:
        least = round12(threshold - margin)
        return None if expecting > least else f"above {least:g}"
    most = round12(threshold + margin)
    return None if expecting < most else f"below {most:g}"


def _check_expected_share(relation: Relation, q: float, expecting: float, margin: float, mistakes: Mistakes) -> None:
    """For a quantile the expectation is the share of observations on the claimed side of the threshold."""
    if relation is Relation.WITHIN:
        mistakes.useless("expecting", "a quantile within limits", expecting)
        return
    needed = max(0.0, round12((q if relation is Relation.AT_MOST else 1.0 - q) - margin))
    if not needed < expecting <= 1.0:
        expected = f"the share of observations on the claimed side, above {needed:g} and at most 1"
        mistakes.add("expecting", expected, shown(expecting), f"expecting=<a share above {needed:g}>")
