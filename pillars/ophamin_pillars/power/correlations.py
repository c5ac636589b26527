"""Plans of correlation claims: Pearson's exactly for normal pairs, rank correlations by z on their own scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ophamin_pillars._special import special
from ophamin_pillars.association.kendall import FIELLER
from ophamin_pillars.association.pearson import lower_tail
from ophamin_pillars.power.correlation import critical_r
from ophamin_pillars.power.search import crossing, least_size, least_true
from ophamin_pillars.student import t_quantile
from pytest_ophamin.pillars import BadPlan, Claim, Plan, claim_sides, minus, number, plus

LARGEST_RHO = 1.0 - 1e-12
_LOST = {"correlation": 2, "spearman": 3, "kendall": 4}
"""Pairs that give no degree of freedom."""

Limit = tuple[str, float]
"""The direction of a validating test and its limit, margin included."""


@dataclass(frozen=True, slots=True)
class CorrelationPlan:
    """What the validating tests of a claim must reject."""

    kind: str
    limits: tuple[Limit, ...]
    level: float

    @classmethod
    def of(cls, claim: Claim, *, level: float) -> CorrelationPlan:
        """Return the plan of ``claim``.

        Raises:
            BadPlan: A limit, margin included, is no correlation strictly between -1 and 1.
        """
        limits = []
        for side in claim_sides(claim, level=level).validate:
            limit = minus(side.limit, side.slack) if side.direction == "greater" else plus(side.limit, side.slack)
            if not -1.0 < limit < 1.0:
                raise BadPlan(
                    argument="margin" if side.slack else str(claim.relation),
                    expected="a correlation strictly between -1 and 1, margin included",
                    came=number(limit),
                    fix=f"{claim.relation}=0.8",
                )
            limits.append((side.direction, limit))
        return cls(claim.kind, tuple(limits), level)

    def plan(self, claim: Claim) -> Plan:
        """Return the plan at ``claim.trials`` pairs."""
        n = claim.trials
        enough = n > _LOST[self.kind]
        return Plan(
            n=n,
            least_n=least_true(self.can_validate, 2) or n,
            power=None if claim.expecting is None or not n else self.power(n, claim.expecting),
            detectable=self._detectable(n, claim.power) if enough and len(self.limits) == 1 else None,
        )

    def size(self, claim: Claim) -> int | None:
        """Return the least n that reaches ``claim.power`` at ``expecting``, or None."""
        truth = claim.expecting
        if truth is None:
            return None
        return least_size(lambda n: self.power(n, truth), claim.power, _LOST[self.kind] + 1)

    def can_validate(self, n: int) -> bool:
        """Return whether some estimate from ``n`` pairs rejects all limits."""
        if self.kind != "correlation":
            is_rare = math.lgamma(n + 1) >= -math.log(self.level) * (1.0 - 1e-12)  # the best of n! orders
            distances = [limit if direction == "greater" else -limit for direction, limit in self.limits]
            if len(distances) == 1 and distances[0] <= 0.0 and is_rare:
                return True
            if max(distances) >= 0.0 and not is_rare:
                return False
        if n <= _LOST[self.kind]:
            return False
        (least, most), greatest = self._rejecting(n), self._greatest(n)
        return max(least, -greatest) <= min(most, greatest)

    def power(self, n: int, truth: float) -> float:
        """Return P(all tests reject) when the correlation is ``truth``."""
        if n <= _LOST[self.kind] or not self.can_validate(n):
            return 0.0
        least, most = self._rejecting(n)
        power = self._probability_up_to(most, n, truth) - self._probability_up_to(least, n, truth)
        return min(1.0, max(0.0, power))

    def _rejecting(self, n: int) -> tuple[float, float]:
        """Return the least and the greatest estimate that reject all limits, infinite where none bounds them."""
        least, most = -math.inf, math.inf
        for direction, limit in self.limits:
            if direction == "greater":
                least = self._critical(limit, n)
            else:
                most = -self._critical(-limit, n)
        return least, most

    def _critical(self, null: float, n: int) -> float:
        """Return the least estimate that rejects "at most null"."""
        if self.kind == "correlation":
            return critical_r(null, n, self.level)
        return math.tanh(math.atanh(null) + t_quantile(self.level, n - _LOST[self.kind]) * self._error(null, n))

    def _greatest(self, n: int) -> float:
        """Return the greatest estimate; of ranks, half a step inside 1, as the tests take it."""
        steps = {"correlation": math.inf, "spearman": (n**3 - n) / 6.0, "kendall": n * (n - 1) / 2.0}
        return 1.0 - 1.0 / steps[self.kind]

    def _probability_up_to(self, r: float, n: int, truth: float) -> float:
        if math.isinf(r):
            return float(r > 0.0)
        if self.kind == "correlation":
            return lower_tail(r, n, truth)
        return float(special().ndtr((math.atanh(r) - math.atanh(truth)) / self._error(truth, n)))

    def _error(self, rho: float, n: int) -> float:
        """Return the standard error of atanh of a rank correlation."""
        df = n - _LOST[self.kind]
        return math.sqrt((FIELLER if self.kind == "kendall" else 1.0 + 0.5 * rho * rho) / df)

    def _detectable(self, n: int, power: float) -> float | None:
        """Return the correlation nearest to the limit that reaches ``power``, or None."""
        direction, limit = self.limits[0]
        sign = 1.0 if direction == "greater" else -1.0

        def reached(zeta: float) -> float:
            return self.power(n, sign * math.tanh(zeta))

        try:
            return sign * math.tanh(crossing(reached, power, math.atanh(sign * limit), math.atanh(LARGEST_RHO)))
        except ValueError:
            return None
