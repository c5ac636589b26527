"""LORD by the wealth at the last discovery: for p-values under any dependence, and version 3.

>>> from pytest_ophamin.deciding.multiplicity.online import decide_online
>>> from pytest_ophamin.deciding.multiplicity.online_lord import LordDependent
>>> [round(level, 8) for level in decide_online([1e-8, 0.07, 0.02], LordDependent(0.05)).levels]
[0.00209154, 0.01002025, 0.00167776]
"""

from __future__ import annotations

import math
from collections import deque

from pytest_ophamin.deciding.multiplicity._ordering import SLACK, check_level
from pytest_ophamin.deciding.multiplicity.online import check_wealth, slow_share


class LordDependent:
    """LORD for p-values under any dependence (Javanmard & Montanari 2018, Ann Stat 46:526-554, example 3.8).

    The level of hypothesis i is ``share_i = 0.139 / (i log(max(i, 2))**3)`` times the wealth at the last rejection. The
    shares satisfy ``sum share_i (1 + log i) = 1``, within the bound alpha / payout; like onlineFDR 2.19 does, nothing
    is added for a payout below alpha.

    Args:
        alpha: Level, between 0 and 1.
        wealth: Wealth at the start; alpha / 10 when not given.
        payout: Wealth earned by a rejection; what ``wealth`` leaves of alpha when not given.

    Raises:
        ValueError: A number is out of its range, or ``wealth`` and ``payout`` sum to more than alpha.
    """

    def __init__(self, alpha: float, *, wealth: float | None = None, payout: float | None = None) -> None:
        self._wealth, self._payout = _wealth_and_payout(alpha, wealth, payout)
        self._at_last_rejection = self._wealth
        self._seen = 0

    def level(self) -> float:
        i = self._seen + 1
        return 0.139307 / (i * math.log(max(i, 2)) ** 3) * self._at_last_rejection

    def record(self, p: float, *, rejected: bool) -> None:
        del p
        self._wealth -= self.level()
        self._seen += 1
        if rejected:
            self._wealth += self._payout
            self._at_last_rejection = self._wealth


class Lord3:
    """LORD 3: levels from the wealth at the last discovery (Javanmard & Montanari 2018).

    Control is shown by simulation only, since its levels are not monotone in past rejections; prefer LORD++.

    Args:
        alpha: Level, between 0 and 1.
        wealth: Wealth at the start; alpha / 10 when not given.
        payout: Wealth earned by a rejection; what ``wealth`` leaves of alpha when not given.
        late_payout: Keep the books as onlineFDR 2.19 does, to compare with it: a payout is entered two hypotheses after
            its rejection, at the second hypothesis for a rejection that never was, and twice for the first hypothesis.

    Raises:
        ValueError: A number is out of its range, or ``wealth`` and ``payout`` sum to more than alpha.
    """

    def __init__(
        self, alpha: float, *, wealth: float | None = None, payout: float | None = None, late_payout: bool = False
    ) -> None:
        self._wealth, self._payout = _wealth_and_payout(alpha, wealth, payout)
        self._at_last_rejection = self._wealth
        self._since = 1
        self._late: deque[bool] | None = deque([True]) if late_payout else None

    def level(self) -> float:
        return slow_share(self._since) * self._at_last_rejection

    def record(self, p: float, *, rejected: bool) -> None:
        del p
        self._wealth -= self.level()
        self._wealth += self._payout * self._is_paid(rejected=rejected)
        self._since += 1
        if rejected:
            self._at_last_rejection, self._since = self._wealth, 1

    def _is_paid(self, *, rejected: bool) -> bool:
        if self._late is None:
            return rejected
        self._late.append(rejected)
        return rejected if len(self._late) == 2 else self._late.popleft()  # noqa: PLR2004  # the first is paid at once


def _wealth_and_payout(alpha: float, wealth: float | None, payout: float | None) -> tuple[float, float]:
    check_level(alpha)
    start = 0.1 * alpha if wealth is None else wealth
    check_wealth(start, alpha)
    earned = alpha - start if payout is None else payout
    if not 0.0 < earned <= (alpha - start) * SLACK:
        raise ValueError(f"payout: expected above 0 and at most {alpha - start:.12g}, came {earned!r}")
    return start, earned
