"""Relation, margin and ``within`` done once: a method supplies one-sided tests, :func:`compose` the rest.

DECIDING.md "One claim", for ``at_least t`` with margin d (mirrored for ``at_most``):

    p_validate  tests "metric <= t - d" at alpha
    p_refute    tests "metric >= t" at alpha, or at 1 - power when d > 0
    interval    one bound per side, at that side's level: it agrees with the raw verdict

``within (lo, hi)``: both ends must be shown (TOST, so p_validate is the larger of two), and one side shown outside is
enough to refute (so p_refute is twice the smaller of two).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, make_dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Protocol, cast

from pytest_ophamin.claims.metrics import Relation
from pytest_ophamin.claims.model import Claim, Threshold
from pytest_ophamin.deciding.outcome import Verdict
from pytest_ophamin.deciding.protocol import Assessment
from pytest_ophamin.deciding.verdict import judge


class OneSided(Protocol):
    """One-sided tests of one sample against a limit; all that differs between statistical methods.

    ``slack`` is the claim's margin. Most methods move the limit by it (derive from :class:`ShiftedTests`); a quantile
    gives it away in probability instead. ``strict`` says which null is tested when the metric sits exactly on the
    limit: with ``strict`` the null contains it. Methods on a continuous parameter ignore it. ``level`` is the level the
    p-value will be compared with: it may tune a method (betting), and the p-value must be valid whatever it is.
    """

    @property
    def n(self) -> int: ...
    @property
    def estimate(self) -> float | None: ...
    @property
    def spread(self) -> float | None:
        """Standard deviation of the decision variable, where the method uses one."""
        ...

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of the null "metric <= limit - slack" (evidence that the metric is greater)."""
        ...

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of the null "metric >= limit + slack" (evidence that the metric is less)."""
        ...

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the bound that inverts ``greater`` at ``level``; None when there is none."""
        ...

    def upper(self, level: float, *, slack: float) -> float | None: ...

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Return the null of ``side`` (``"greater"``/``"less"``) in words, or None for ``metric <= limit - slack``."""
        ...

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n >= ``start`` at which a sample like this one makes ``side`` reject, or None."""
        ...


class ShiftedTests:
    """Base of methods for which conceding ``slack`` means testing a limit moved by it."""

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Leave the words to :func:`compose`."""
        del side, limit, slack, strict
        return None

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Say nothing about other sample sizes."""
        del side, limit, slack, strict, level, start
        return None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the tests a claim consists of."""

    direction: str
    limit: float
    slack: float
    strict: bool
    level: float

    def p_value(self, tests: OneSided) -> float:
        test = tests.greater if self.direction == "greater" else tests.less
        return test(self.limit, slack=self.slack, strict=self.strict, level=self.level)

    def null(self, tests: OneSided | None, metric: str) -> str:
        if tests is not None:
            words = tests.words(self.direction, self.limit, slack=self.slack, strict=self.strict)
            if words is not None:
                return words
        if self.direction == "greater":
            return f"{metric} <= {number(minus(self.limit, self.slack))}"
        return f"{metric} >= {number(plus(self.limit, self.slack))}"

    def needed(self, tests: OneSided, start: int) -> int | None:
        return tests.needed(
            self.direction, self.limit, slack=self.slack, strict=self.strict, level=self.level, start=start
        )


@dataclass(frozen=True, slots=True)
class Sides:
    """All tests of a claim: every one of ``validate`` must reject, any one of ``refute`` may."""

    validate: tuple[Side, ...]
    refute: tuple[Side, ...]

    def p_validate(self, tests: OneSided) -> float:
        if len(self.validate) == 1:
            return self.validate[0].p_value(tests)
        return max(side.p_value(tests) for side in self.validate)

    def p_refute(self, tests: OneSided) -> float:
        if len(self.refute) == 1:
            return self.refute[0].p_value(tests)
        return min(1.0, len(self.refute) * min(side.p_value(tests) for side in self.refute))

    def nulls(self, metric: str, tests: OneSided | None = None) -> tuple[str, str]:
        """Return both nulls in words; of ``tests``, where a method has words of its own."""
        return (
            " or ".join([side.null(tests, metric) for side in self.validate]),
            " and ".join([side.null(tests, metric) for side in self.refute]),
        )

    def needed_to_validate(self, tests: OneSided, start: int) -> int | None:
        """Return the least n at which all validating tests reject: tests of counts saw, so all must agree on one n."""
        n: int | None = start
        while n is not None:
            found = n
            for side in self.validate:
                n = side.needed(tests, n) if n is not None else None
            if n == found:
                return n
        return None

    def needed_to_refute(self, tests: OneSided, start: int) -> int | None:
        return min((n for side in self.refute if (n := side.needed(tests, start)) is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What an assessment holds whatever the sample: of claims that differ in the sample only, made once."""

    sides: Sides
    nulls: tuple[str, str]
    """In the words of methods that have none of their own."""
    lower: tuple[float, float]
    """Level and slack of the lower bound."""
    upper: tuple[float, float]
    validated: float | None
    """Level of both bounds of a ``within`` claim that came out VALIDATED."""

    def bounds_of(self, tests: OneSided, *, validated: bool) -> tuple[float | None, float | None]:
        if validated and self.validated is not None:
            return tests.lower(self.validated, slack=0.0), tests.upper(self.validated, slack=0.0)
        (a, slack_below), (b, slack_above) = self.lower, self.upper
        return tests.lower(a, slack=slack_below), tests.upper(b, slack=slack_above)

    def nulls_of(self, tests: OneSided, metric: str) -> tuple[str, str]:
        if getattr(type(tests), "words", None) is ShiftedTests.words:
            return self.nulls
        return self.sides.nulls(metric, tests)


_OpenAssessment = cast(
    "type[Assessment]",
    make_dataclass("_OpenAssessment", [(f.name, f.type, f) for f in fields(Assessment)], slots=True, kw_only=True),
)
"""Its unfrozen twin. Filling the 22 fields of a frozen value takes longer than the tests of a proportion."""


def compose(
    claim: Claim,
    tests: OneSided,
    *,
    method: str,
    exact: bool,
    conditions: str | None = None,
    libraries: Mapping[str, str] | None = None,
) -> Assessment:
    """Decide nothing yet: turn one-sided tests into the assessment of ``claim``.

    Args:
        claim: Any relation but ``holds``.
        tests: The method's one-sided tests of the sample.
        method: Method id with its version.
        exact: Whether the tests hold their level always.
        conditions: For an approximate method, the conditions within which its error rate was measured.
        libraries: Versions of the numerical libraries that computed it.

    Returns:
        The assessment, with p-values and one bound per side.
    """
    frame = _frame_of(claim)
    p_validate, p_refute = frame.sides.p_validate(tests), frame.sides.p_refute(tests)
    verdict, _ = judge(claim, p_validate, p_refute)
    lower, upper = frame.bounds_of(tests, validated=verdict is Verdict.VALIDATED)
    null_validate, null_refute = frame.nulls_of(tests, claim.metric)
    estimate = tests.estimate
    assessment = _OpenAssessment(
        method=method,
        exact=exact,
        conditions=conditions,
        null_validate=null_validate,
        null_refute=null_refute,
        n=tests.n,
        estimate=estimate,
        lower=lower,
        upper=upper,
        p_validate=p_validate,
        p_refute=p_refute,
        effect=effect_of(claim, estimate),
        spread=tests.spread,
        needed=_needed(frame.sides, tests) if verdict is Verdict.INCONCLUSIVE else None,
        libraries=libraries or {},
    )
    assessment.__class__ = Assessment  # from here on it is frozen
    return assessment


def undecidable(
    claim: Claim,
    *,
    method: str,
    exact: bool,
    n: int,
    estimate: float | None,
    reason: str,
    spread: float | None = None,
    conditions: str | None = None,
    libraries: Mapping[str, str] | None = None,
) -> Assessment:
    """Return the assessment of a sample the method can say nothing about: p = 1 on both sides, and the reason."""
    null_validate, null_refute = _frame_of(claim).nulls
    return Assessment(
        method=method,
        exact=exact,
        conditions=conditions,
        null_validate=null_validate,
        null_refute=null_refute,
        n=n,
        estimate=estimate,
        lower=None,
        upper=None,
        p_validate=1.0,
        p_refute=1.0,
        effect=effect_of(claim, estimate),
        spread=spread,
        reason=reason,
        libraries=dict(libraries or {}),
    )


def claim_sides(claim: Claim, *, level: float | None = None) -> Sides:
    """Return the tests ``claim`` consists of; ``level`` replaces alpha of the validating side (planning)."""
    a = claim.validate_level if level is None else level
    return _sides(claim.relation, claim.threshold, claim.margin, a, claim.refute_level)


@lru_cache(maxsize=1024)  # decided, diagnosed, planned and verified: a claim's sides are asked for many times
def _sides(relation: Relation, threshold: Threshold, margin: float, a: float, b: float) -> Sides:
    if isinstance(threshold, tuple):
        lo, hi = threshold
        return Sides(
            (Side("greater", lo, 0.0, strict=False, level=a), Side("less", hi, 0.0, strict=False, level=a)),
            (Side("less", lo, 0.0, strict=True, level=b / 2), Side("greater", hi, 0.0, strict=True, level=b / 2)),
        )
    if threshold is None:
        raise TypeError(f"a claim with the relation {relation!s} has no sides")
    validate, refute = ("greater", "less") if relation is Relation.AT_LEAST else ("less", "greater")
    return Sides(
        (Side(validate, threshold, margin, strict=False, level=a),),
        (Side(refute, threshold, 0.0, strict=True, level=b),),
    )


def _frame_of(claim: Claim) -> _Frame:
    levels = claim.validate_level, claim.refute_level
    return _frame(claim.relation, claim.threshold, claim.margin, levels, claim.metric)


@lru_cache(maxsize=1024)
def _frame(relation: Relation, threshold: Threshold, margin: float, levels: tuple[float, float], metric: str) -> _Frame:
    a, b = levels
    sides = _sides(relation, threshold, margin, a, b)
    nulls = sides.nulls(metric)
    if relation is Relation.AT_LEAST:
        return _Frame(sides, nulls, lower=(a, margin), upper=(b, 0.0), validated=None)
    if relation is Relation.AT_MOST:
        return _Frame(sides, nulls, lower=(b, 0.0), upper=(a, margin), validated=None)
    # TOST validates at a per side, the refuting pair splits b: one interval cannot do both, so it follows the verdict.
    return _Frame(sides, nulls, lower=(b / 2, 0.0), upper=(b / 2, 0.0), validated=a)


def effect_of(claim: Claim, estimate: float | None) -> float | None:
    """Return the distance of ``estimate`` from the nearest limit, positive on the claimed side."""
    if estimate is None:
        return None
    if claim.relation is Relation.AT_LEAST:
        return estimate - claim.limit
    if claim.relation is Relation.AT_MOST:
        return claim.limit - estimate
    lo, hi = claim.limits
    return min(estimate - lo, hi - estimate)


def minus(limit: float, slack: float) -> float:
    """Return ``limit - slack`` as an author reads it: 0.9 - 0.05 is 0.85, not 0.8500000000000001."""
    return _in_decimal(limit, -slack) if slack else limit


def plus(limit: float, slack: float) -> float:
    """Return ``limit + slack`` in decimal, see :func:`minus`."""
    return _in_decimal(limit, slack) if slack else limit


@lru_cache(maxsize=1024)
def _in_decimal(limit: float, added: float) -> float:
    return float(Decimal(repr(limit)) + Decimal(repr(added)))


@lru_cache(maxsize=1024)
def number(value: float) -> str:
    """Return ``value`` as words in a null hypothesis: 12 significant digits at most."""
    return f"{value:.12g}"


def _needed(sides: Sides, tests: OneSided) -> int | None:
    start = tests.n + 1
    found = (sides.needed_to_validate(tests, start), sides.needed_to_refute(tests, start))
    return min((n for n in found if n is not None), default=None)
