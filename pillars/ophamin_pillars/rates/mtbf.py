"""Mean time between failures of a constant failure rate: exact chi-square bounds (NIST/SEMATECH e-Handbook 8.4.5.1).

Time-censored: the test ends after a fixed time T, failures are Poisson, and the bounds are Garwood's, inverted.
Failure-censored: it ends at the r-th failure, ``2 T / MTBF`` is chi-square with 2 r degrees of freedom (Epstein & Sobel
1953, JASA 48:486), and r is at least 1. Only the evidence for a *longer* MTBF differs: 2 r + 2 degrees against 2 r.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from ophamin_pillars._special import special
from ophamin_pillars.rates.poisson import check_rate
from pytest_ophamin.pillars import ShiftedTests, minus, plus


class Censoring(Enum):
    """What ended the observation."""

    TIME = "time"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class MtbfTests(ShiftedTests):
    """Exact one-sided tests of a mean time between failures; ``n`` trials together ran for ``time``."""

    n: int
    failures: int
    time: float
    censoring: Censoring = Censoring.TIME
    spread: None = None

    def __post_init__(self) -> None:
        check_rate(self.failures, self.time)
        if self.censoring is Censoring.FAILURE and self.failures < 1:
            raise ValueError(f"failures: expected 1 or more in a failure-censored test, came {self.failures}")

    @property
    def estimate(self) -> float | None:
        """Time over failures; None, without end, when nothing failed."""
        return self.time / self.failures if self.failures else None

    def greater(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "MTBF <= limit - slack": so few failures in so much time."""
        del strict, level
        null = minus(limit, slack)
        return float(special().gammaincc(self._shape, self.time / null)) if null > 0.0 else 0.0

    def less(self, limit: float, *, slack: float, strict: bool, level: float) -> float:
        """Return the p-value of "MTBF >= limit + slack": so many failures in so little time."""
        del strict, level
        null = plus(limit, slack)
        if self.failures == 0 or null <= 0.0:
            return 1.0
        return float(special().gammainc(self.failures, self.time / null))

    def lower(self, level: float, *, slack: float) -> float | None:
        """Return the one-sided lower bound; without a failure, ``T / -log(level)``."""
        del slack
        return self.time / float(special().gammainccinv(self._shape, level))

    def upper(self, level: float, *, slack: float) -> float | None:
        """Return the one-sided upper bound; None, without end, when nothing failed."""
        del slack
        return self.time / float(special().gammaincinv(self.failures, level)) if self.failures else None

    @property
    def _shape(self) -> int:
        """Half the degrees of freedom of the lower bound."""
        return self.failures + 1 if self.censoring is Censoring.TIME else self.failures


def interval(
    failures: int, time: float, confidence: float, censoring: Censoring = Censoring.TIME
) -> tuple[float, float]:
    """Return the two-sided interval: both one-sided bounds at half the error; the upper end may be infinite."""
    tests, tail = MtbfTests(1, failures, time, censoring), 0.5 * (1.0 - confidence)
    lower, upper = tests.lower(tail, slack=0.0), tests.upper(tail, slack=0.0)
    return 0.0 if lower is None else lower, math.inf if upper is None else upper
