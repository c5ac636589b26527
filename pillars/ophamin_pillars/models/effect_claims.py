"""Decide claims about the effect of a factor, or the interaction of several, in a declared factorial design.

Every declared factor and every interaction is in the model, so the effect is a contrast of unweighted cell means (Type
III), whatever the cell sizes: high minus low of one factor; half the difference of two such effects for an interaction
of two, and so on (Box, Hunter & Hunter 2005, ch. 5). The higher code is the high level; of a factor with more than two
levels the effect is highest minus lowest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ophamin_pillars._special import libraries
from ophamin_pillars.models.estimate import Estimate, EstimateTests
from ophamin_pillars.models.factorial import Factorial, fit_factorial
from ophamin_pillars.models.lenth import lenth_greater, lenth_width
from ophamin_pillars.observations import check_squares
from ophamin_pillars.rounding import settled_groups
from ophamin_pillars.student import ZERO_VARIANCE
from ophamin_pillars.units import decide_units_by_betting
from pytest_ophamin.pillars import (
    Assessment,
    BadSample,
    Claim,
    Sample,
    ShiftedTests,
    compose,
    effect_factors,
    factor_column,
    minus,
    plus,
    undecidable,
)

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

TYPE_III = "type-iii-t/1"
LENTH = "lenth/1"
BETTING = "betting-replicates/1"
NO_ERROR = "every cell was run once, and not all cells: nothing is left to estimate the error"
ALL_NULL = "half of the other effects or more are exactly 0: nothing is known about the error"
_LENTH = "one trial in every cell, normal; most effects of the design are 0"
EFFECT_BOUNDS = (-1.0, 1.0)


def decide_effect(claim: Claim, sample: Sample) -> Assessment:
    """Assess the effect a claim's metric names.

    Bools are decided exactly, by betting on the contrast of each complete replicate; numbers by the t test of the
    contrast; numbers of a full factorial of two-level factors run once by Lenth's method.

    Raises:
        BadSample: A factor has one level, one of an interaction more than two, cells are missing that the effect
            needs, or factors never vary apart.
    """
    names = effect_factors(claim.metric)
    codes = {name: sample.codes(factor_column(name)) for name in claim.design.factors}
    levels = {name: np.unique(column) for name, column in codes.items()}
    _check_levels(names, levels)
    if sample.is_bool:
        return _by_replicates(claim, sample.value.floats, codes, names)
    check_squares(sample.value.floats)
    fitted = fit_factorial(
        _settled_cells(sample.value.floats, codes),
        {name: column.tolist() for name, column in codes.items()},
        levels={name: found.tolist() for name, found in levels.items()},
    )
    _check_confounding(names, fitted)
    if fitted.residual_df == 0:
        return _by_scatter(claim, fitted, names)
    return _by_t(claim, _estimate(fitted, names), fitted, without_error=are_equal_in_cells(fitted.y, codes))


def _settled_cells(y: Floats, codes: dict[str, Codes]) -> Floats:
    return settled_groups(y, np.unique(np.stack(list(codes.values())), axis=1, return_inverse=True)[1].reshape(-1))


def are_equal_in_cells(y: Floats, codes: dict[str, Codes]) -> bool:
    """Return whether the trials of every cell gave the same number: exactly, where least squares leaves rounding."""
    cells = np.unique(np.stack(list(codes.values())), axis=1, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((y, cells))
    same_cell = cells[order][1:] == cells[order][:-1]
    return bool((y[order][1:] == y[order][:-1])[same_cell].all())


def replicate_contrasts(y: Floats, codes: dict[str, Codes], names: tuple[str, ...]) -> Floats:
    """Return the effect in each complete replicate of the design (replicates).

    The r-th trial of every cell makes replicate r; what is left over in larger cells is left out, whatever it is.

    Args:
        y: Observations (n).
        codes: Level of each trial, by factor (n each).
        names: The factors of the effect.

    Raises:
        BadSample: A cell has no trial.
    """
    shape = tuple(len(np.unique(column)) for column in codes.values())
    places = [np.unique(column, return_inverse=True)[1] for column in codes.values()]
    cells = np.ravel_multi_index(places, shape)
    counts = np.bincount(cells, minlength=math.prod(shape))
    if int(counts.min()) == 0:
        raise BadSample(f"{int((counts == 0).sum())} of {len(counts)} cells of the design have no trial")
    order = np.argsort(cells, kind="stable")
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    first = order[starts[:, None] + np.arange(int(counts.min()))]
    at = np.unravel_index(np.arange(len(counts)), shape)
    signs = np.ones(len(counts))
    for place, name in zip(at, codes, strict=True):
        if name in names:
            signs = signs * np.select([place == 0, place == place.max()], [-1.0, 1.0])
    return np.asarray(signs @ y[first] / (0.5 * np.count_nonzero(signs)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class LenthTests(ShiftedTests):
    """One-sided tests of one effect of an unreplicated design, by Lenth's pseudo standard error."""

    n: int
    effects: Floats
    """Every effect of the design (n - 1)."""
    which: int
    spread: None = None

    @property
    def estimate(self) -> float:
        return float(self.effects[self.which])

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "effect <= limit - slack"."""
        del strict, level
        return lenth_greater(self.effects, self.which, minus(limit, slack))

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "effect >= limit + slack"."""
        del strict, level
        return lenth_greater(-self.effects, self.which, -plus(limit, slack))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the bound at ``level``; None where no distance from the estimate is enough."""
        del slack
        width = lenth_width(self.effects, self.which, level)
        return None if width is None else self.estimate - width

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the bound at ``level``; None where no distance from the estimate is enough."""
        del slack
        width = lenth_width(-self.effects, self.which, level)
        return None if width is None else self.estimate + width


def _by_replicates(claim: Claim, y: Floats, codes: dict[str, Codes], names: tuple[str, ...]) -> Assessment:
    contrasts = replicate_contrasts(y, codes, names)
    return decide_units_by_betting(
        claim, contrasts, EFFECT_BOUNDS, n=len(y), method=BETTING, about=f"{claim.metric} (mean of replicates)"
    )


def _by_t(claim: Claim, estimate: Estimate, fitted: Factorial, *, without_error: bool) -> Assessment:
    assumed = f"; no effect of {', '.join(fitted.lost)}" if fitted.lost else ""
    conditions = (
        "trials independent, with normal errors of one variance "
        f"({len(fitted.y)} trials, {fitted.residual_df} degrees of freedom){assumed}{_span(claim, fitted)}"
    )
    if without_error:
        return _nothing(claim, TYPE_III, estimate, ZERO_VARIANCE, conditions)
    tests = EstimateTests(estimate)
    return compose(claim, tests, method=TYPE_III, exact=False, conditions=conditions, libraries=libraries())


def _span(claim: Claim, fitted: Factorial) -> str:
    """Return which levels are compared, where there is a choice."""
    name = effect_factors(claim.metric)[0]
    levels = fitted.levels[name]
    return f"; levels {levels[-1]} and {levels[0]} of {len(levels)} compared" if len(levels) > 2 else ""


def _by_scatter(claim: Claim, fitted: Factorial, names: tuple[str, ...]) -> Assessment:
    estimate = _estimate(fitted, names)
    effects = 2.0 * fitted.beta[1:]
    full = all(len(found) == 2 for found in fitted.levels.values()) and len(fitted.y) == 2 ** len(fitted.levels)
    if not full or len(effects) < 3:
        return _nothing(claim, TYPE_III, estimate, NO_ERROR, _LENTH)
    which = next(i for i, term in enumerate(fitted.names) if set(term) == set(names))
    others = np.delete(effects, which)
    if 2 * int((np.abs(others) <= 1e-12 * np.abs(effects).max()).sum()) >= len(others):
        return _nothing(claim, LENTH, estimate, ALL_NULL, _LENTH)
    tests = LenthTests(len(fitted.y), effects, which)
    return compose(claim, tests, method=LENTH, exact=False, conditions=_LENTH, libraries=libraries())


def _nothing(claim: Claim, method: str, estimate: Estimate, reason: str, conditions: str) -> Assessment:
    return undecidable(
        claim,
        method=method,
        exact=False,
        conditions=conditions,
        n=estimate.n,
        estimate=estimate.value,
        reason=reason,
        libraries=libraries(),
    )


def _estimate(fitted: Factorial, names: tuple[str, ...]) -> Estimate:
    if len(names) > 1:
        return fitted.effect(*names)
    levels = fitted.levels[names[0]]
    return fitted.difference(names[0], levels[0], levels[-1])


def _check_levels(names: tuple[str, ...], levels: dict[str, Codes]) -> None:
    for name, found in levels.items():
        if len(found) < 2:
            raise BadSample(f"factor {name!r} took one level only")
        if name in names and len(names) > 1 and len(found) > 2:
            raise BadSample(f"factor {name!r} took {len(found)} levels: an interaction compares two of each")


def _check_confounding(names: tuple[str, ...], fitted: Factorial) -> None:
    """Refuse an effect that the trials cannot tell from one that is as likely to be there."""
    for term in fitted.lost:
        if len(term.split(":")) <= len(names):
            raise BadSample(f"the trials cannot tell the effect of {term} from others: cells are missing")
