"""Tests of a mean over splits, in the shape a claim is decided by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.cross_validation import corrected_resampled
from ophamin_pillars.models.estimate import EstimateTests, tail
from ophamin_pillars.power.search import least_true
from ophamin_pillars.student import mean_and_sd
from pytest_ophamin.pillars import minus, plus, round12


@dataclass(frozen=True, slots=True)
class ResampledTests(EstimateTests):
    """The corrected t test of J splits."""

    share: float
    """n_test over n_train."""
    deviation: float
    """Standard deviation between splits."""

    @classmethod
    def of_splits(cls, values: npt.NDArray[np.float64], share: float) -> Self | None:
        """Return the tests of the splits' numbers (J); None where they do not differ."""
        deviation = mean_and_sd(values)[1]
        if len(values) < 2 or deviation == 0.0:
            return None
        return cls(corrected_resampled(values, 1.0, share), share, deviation)

    @property
    def spread(self) -> float:
        """The standard deviation between splits."""
        return self.deviation

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least number of splits like these that rejects; None where the shared data forbid it."""
        del strict
        gap = self.of.value - minus(limit, slack) if side == "greater" else plus(limit, slack) - self.of.value

        def rejects(splits: int) -> bool:
            error = self.deviation * (1.0 / splits + self.share) ** 0.5
            return round12(tail(gap / error, splits - 1.0)) <= level

        return least_true(rejects, max(2, start)) if gap > 0.0 else None
