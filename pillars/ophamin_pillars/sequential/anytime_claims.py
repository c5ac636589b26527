"""Claims decided by e-processes: where they stop, what is said of them, whatever the metric.

VALIDATED once every validating process has reached ``1 / a`` (for ``within`` both ends, not necessarily at one trial),
REFUTED once the refuting one has reached ``1 / b`` (for ``within`` the average of the evidence for either side). What
was decided once stays decided, and ``1 / max e`` is the p-value (Ville 1939).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ophamin_pillars.sequential.course import LARGEST_LEVEL, MOST_POINTS, levels_of_bounds, points
from ophamin_pillars.sequential.evidence import average, deciding_index, p_value
from ophamin_pillars.sequential.processes import Process
from pytest_ophamin.pillars import Assessment, Claim, Relation, Sequence, claim_sides, compose, round12

Floats = npt.NDArray[np.float64]

BUDGET = 200_000
"""Observations looked at for one bound of the course: a long sample is drawn with fewer points."""
LEAST_POINTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Log e along the trials, shape (n,) each."""

    validate: tuple[Floats, ...]
    """Every one of them must reject."""
    refute: Floats

    @classmethod
    def of(cls, claim: Claim, process: Process) -> Paths:
        """Return the evidence of a claim."""
        sides = claim_sides(claim)
        validate, refute = (
            tuple(
                (process.greater if side.direction == "greater" else process.less)(
                    side.limit, slack=side.slack, strict=side.strict
                )
                for side in of_verdict
            )
            for of_verdict in (sides.validate, sides.refute)
        )
        return cls(validate, refute[0] if len(refute) == 1 else average(*refute))

    @property
    def weakest(self) -> Floats:
        """The least evidence for VALIDATED: an e-value at every index, as the null is the union of the sides' nulls."""
        weakest: Floats = np.minimum.reduce(self.validate)
        return weakest

    def stop(self, levels: tuple[float, float]) -> int | None:
        """Return after how many trials the claim is decided for the first time, or None."""
        a, b = levels
        shown = [deciding_index(path, a) for path in self.validate]
        validated = [] if None in shown else [max(index for index in shown if index is not None)]
        refuted = deciding_index(self.refute, b)
        return min([*validated, *([] if refuted is None else [refuted])], default=None)


def stop_of_evidence(claim: Claim, process: Process) -> int | None:
    """Return after how many trials the evidence decides at ``claim.stop_levels``, before the cap; else None."""
    stop = Paths.of(claim, process).stop(claim.stop_levels)
    return None if stop is None or stop >= claim.trials else stop


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceTests:
    """One-sided tests by ``1 / max e``, with the bounds that invert them."""

    process: Process
    n: int

    @property
    def estimate(self) -> float | None:
        return self.process.estimate

    @property
    def spread(self) -> float | None:
        return self.process.spread

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of the null below the limit."""
        del level
        return p_value(self.process.greater(limit, slack=slack, strict=strict))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of the null above the limit."""
        del level
        return p_value(self.process.less(limit, slack=slack, strict=strict))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the last lower bound of the confidence sequence."""
        del slack
        return self.process.lower([self.n], min(level, LARGEST_LEVEL))[0]

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the last upper bound of the confidence sequence."""
        del slack
        return self.process.upper([self.n], min(level, LARGEST_LEVEL))[0]

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Return the null in words."""
        return self.process.words(side, limit, slack=slack, strict=strict)

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the n at which evidence that goes on growing as it did so far rejects; None when it does not grow."""
        towards = self.process.greater if side == "greater" else self.process.less
        path = towards(limit, slack=slack, strict=strict)
        return grown(path, level, start)


def grown(path: Floats, level: float, start: int) -> int | None:
    """Return the n >= start at which a path with the drift of this one reaches ``1 / level``, or None.

    An e-process falls behind its growth by about half the logarithm of n (the price of not knowing the alternative).
    """
    n, target = len(path), -math.log(level)
    drift = (float(path[-1]) + 0.5 * math.log1p(n)) / n
    if not drift > 1e-9:
        return None
    found = float(n)
    for _ in range(20):
        found = (target + 0.5 * math.log1p(found)) / drift
    return max(start, math.ceil(found))


def decide_by_evidence(
    claim: Claim,
    process: Process,
    n: int,
    *,
    method: str,
    exact: bool,
    conditions: str | None = None,
    libraries: Mapping[str, str] | None = None,
) -> Assessment:
    """Assess a sample of n trials; arguments as for ``compose``."""
    tests, paths = EvidenceTests(process, n), Paths.of(claim, process)
    found = compose(claim, tests, method=method, exact=exact, conditions=conditions, libraries=libraries)
    p_refute = p_value(paths.refute)
    is_refuted = round12(p_refute) <= claim.refute_level
    if claim.relation is Relation.WITHIN and is_refuted:
        found = _outside(claim, found)
    if _cross(found.lower, found.upper):
        found = replace(found, lower=None, upper=None)
    return replace(
        found,
        p_refute=p_refute,
        needed=None if is_refuted else found.needed,
        log_e_validate=float(paths.weakest[-1]),
        log_e_refute=float(paths.refute[-1]),
        sequence=_course(claim, process, paths, n),
    )


def _outside(claim: Claim, found: Assessment) -> Assessment:
    """Let the interval of a refuted equivalence leave out all of ``(lo, hi)``, on the side of the estimate.

    The average rejects every value between the limits, and may do so a little before either bound does alone. For each
    of them the average at that value is at least as large, so the interval keeps its level.
    """
    lo, hi = claim.limits
    if found.estimate is None:
        return found
    if found.estimate > 0.5 * (lo + hi):
        return replace(found, lower=max(lo if found.lower is None else found.lower, float(np.nextafter(hi, np.inf))))
    return replace(found, upper=min(hi if found.upper is None else found.upper, float(np.nextafter(lo, -np.inf))))


def _cross(lower: float | None, upper: float | None) -> bool:
    """Tell whether the bounds leave nothing between them: some value was excluded from either side, at two times.

    That happens in fewer samples than either bound errs in, and there is no interval to show.
    """
    return lower is not None and upper is not None and lower > upper


def _course(claim: Claim, process: Process, paths: Paths, n: int) -> Sequence:
    at = points(claim, n, min(MOST_POINTS, max(LEAST_POINTS, BUDGET // n)))
    places = np.array(at) - 1
    low, high = levels_of_bounds(claim)
    return Sequence(
        at=at,
        lower=tuple(process.lower(at, low)),
        upper=tuple(process.upper(at, high)),
        log_validate=tuple(paths.weakest[places].tolist()),
        log_refute=tuple(paths.refute[places].tolist()),
    )
