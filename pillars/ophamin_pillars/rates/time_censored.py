"""A time-censored mean time between failures that knows how many more trials would decide."""

from __future__ import annotations

from dataclasses import dataclass

from ophamin_pillars.rates.mtbf import MtbfTests
from ophamin_pillars.rates.poisson import RateTests
from pytest_ophamin.pillars import minus, plus


@dataclass(frozen=True, slots=True)
class TimeCensoredMtbf(MtbfTests):
    """Tests of a mean time between failures, each the mirrored test of the rate."""

    def needed(self, side: str, limit: float, *, slack: float, strict: bool, level: float, start: int) -> int | None:
        """Return the least n at which the same rate of failures, its count rounded against the claim, rejects."""
        null = minus(limit, slack) if side == "greater" else plus(limit, slack)
        rates, mirrored = RateTests(self.n, self.failures, self.time), "less" if side == "greater" else "greater"
        return rates.needed(mirrored, 1.0 / null, slack=0.0, strict=strict, level=level, start=start)
