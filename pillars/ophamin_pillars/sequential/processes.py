"""The e-processes of a claim's observations, all asked the same way: evidence along the trials, and bounds.

Those of 0/1 data and of quantiles are here, those of means in :mod:`~ophamin_pillars.sequential.mean_processes`.

``greater(limit, ...)`` is the logarithm of an e-process against "metric <= limit - slack", one value after each trial;
``less`` against "metric >= limit + slack". ``slack`` and ``strict`` mean what they do in
:class:`pytest_ophamin.pillars.OneSided`. Every path is a function of the trials up to each index alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ophamin_pillars.quantile import QuantileTests
from ophamin_pillars.sequential.limits import greatest_limit, least_limit
from ophamin_pillars.sequential.mixture import JEFFREYS, cumulative_counts
from ophamin_pillars.sequential.proportion_sequence import proportion_sequence
from ophamin_pillars.sequential.quantile_sequence import critical_counts

Floats = npt.NDArray[np.float64]
Bound = float | None

ROUNDED = 1.0 + 5e-13
"""What rounding a p-value to 12 significant digits lets pass."""


class Process(Protocol):
    """Two one-sided e-processes of one sample in trial order, n observations."""

    @property
    def estimate(self) -> float | None: ...
    @property
    def spread(self) -> float | None: ...
    def greater(self, limit: float, *, slack: float, strict: bool) -> Floats: ...
    def less(self, limit: float, *, slack: float, strict: bool) -> Floats: ...
    def lower(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the lower confidence sequence after ``at`` trials each; it inverts the running maximum."""
        ...

    def upper(self, at: Sequence[int], level: float) -> list[Bound]: ...
    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None: ...


class Plain:
    """A process whose nulls are ``metric <= limit - slack``."""

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Leave the words to ``compose``."""
        del side, limit, slack, strict
        return None


@dataclass(frozen=True, slots=True, eq=False)
class ShareProcess(Plain):
    """0/1 data without a margin: the beta-binomial mixture (Robbins 1970), exact."""

    outcomes: Floats
    """0 or 1, shape (n,)."""
    spread: None = None
    _sequences: dict[float, tuple[Floats, Floats]] = field(init=False, default_factory=dict)

    @property
    def estimate(self) -> float:
        return float(self.outcomes.mean())

    def greater(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "proportion <= limit"."""
        del slack, strict
        return JEFFREYS.greater(*cumulative_counts(self.outcomes), limit)

    def less(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "proportion >= limit"."""
        del slack, strict
        return JEFFREYS.less(*cumulative_counts(self.outcomes), limit)

    def lower(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the lower bounds of the mixture."""
        return self._bounds(0, at, level)

    def upper(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the upper bounds of the mixture."""
        return self._bounds(1, at, level)

    def _bounds(self, side: int, at: Sequence[int], level: float) -> list[Bound]:
        if level not in self._sequences:
            self._sequences[level] = proportion_sequence(self.outcomes, level, level)
        bounds = self._sequences[level][side]
        return [float(bounds[end - 1]) for end in at]


@dataclass(frozen=True, slots=True, eq=False)
class QuantileProcess:
    """Quantiles: the mixture on counts of observations below the limit, as the fixed-n test counts them."""

    fixed: QuantileTests
    spread: None = None

    @property
    def estimate(self) -> float | None:
        return self.fixed.estimate

    def greater(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "too much lies below": P(X <= limit) >= q if strict, else P(X < limit) >= q."""
        del slack
        return JEFFREYS.less(*self._counts(limit, inclusive=strict), self.fixed.q)

    def less(self, limit: float, *, slack: float, strict: bool) -> Floats:
        """Return log e against "too little lies below": P(X < limit) <= q if strict, else P(X <= limit) <= q."""
        del slack
        return JEFFREYS.greater(*self._counts(limit, inclusive=not strict), self.fixed.q)

    def lower(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the greatest observations rejected as limits so far: the quantile does not lie below them."""
        n = np.arange(1, max(at) + 1)
        few = n - critical_counts(n, 1.0 - self.fixed.q, level * ROUNDED)

        def bound(x: Floats) -> Bound:
            return greatest_limit(x, lambda v: bool((np.cumsum(x < v) <= few[: len(x)]).any()))

        return [bound(self.fixed.values[:end]) for end in at]

    def upper(self, at: Sequence[int], level: float) -> list[Bound]:
        """Return the least observations rejected as limits so far: the quantile does not lie above them."""
        n = np.arange(1, max(at) + 1)
        many = critical_counts(n, self.fixed.q, level * ROUNDED)

        def bound(x: Floats) -> Bound:
            return least_limit(x, lambda v: bool((np.cumsum(x <= v) >= many[: len(x)]).any()))

        return [bound(self.fixed.values[:end]) for end in at]

    def words(self, side: str, limit: float, *, slack: float, strict: bool) -> str | None:
        """Return the null as a statement about a probability."""
        return self.fixed.words(side, limit, slack=slack, strict=strict)

    def _counts(self, limit: float, *, inclusive: bool) -> tuple[Floats, Floats]:
        values = self.fixed.values
        return cumulative_counts(values <= limit if inclusive else values < limit)
