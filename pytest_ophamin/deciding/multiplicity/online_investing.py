"""Online control of the false discovery rate: wealth is spent on each hypothesis and earned by each rejection.

    >>> from pytest_ophamin.deciding.multiplicity.online import decide_online
    >>> from pytest_ophamin.deciding.multiplicity.online_investing import LordPlusPlus
    >>> [round(level, 8) for level in decide_online([1e-8, 0.07, 0.02], LordPlusPlus(0.05)).levels]
    [0.00026758, 0.00246645, 0.00057328]

LORD++, D-LORD, SAFFRON, ADDIS and alpha investing are one formula. A clock ticks at some of the hypotheses; with t
ticks so far and rejections at the ticks T_1, T_2, ...,

    level = c (w0 share(t + 1) + (b - w0) share(t + 1 - T_1) + b share(t + 1 - T_2) + b share(t + 1 - T_3) + ...)

They differ in when the clock ticks, in the payout b and in the factor c. All need independent p-values. Default
constants are those of the R package onlineFDR 2.19.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pytest_ophamin.deciding.multiplicity._ordering import check_level
from pytest_ophamin.deciding.multiplicity.online import check_thresholds, check_wealth, fast_share, slow_share


class _Investing:
    """The formula above without its factor."""

    def __init__(self, share: Callable[[int], float], *, wealth: float, payout: float) -> None:
        self._share, self._wealth, self._payout = share, wealth, payout
        self._ticks = 0
        self._rejections: list[int] = []

    def raw_level(self) -> float:
        now = self._ticks + 1
        total = self._wealth * self._share(now)
        if self._rejections:
            total += (self._payout - self._wealth) * self._share(now - self._rejections[0])
            total += self._payout * math.fsum(self._share(now - then) for then in self._rejections[1:])
        return total

    def take(self, *, ticks: bool, rejected: bool) -> None:
        self._ticks += ticks
        if rejected:
            self._rejections.append(self._ticks)


class LordPlusPlus(_Investing):
    """Levels based on recent discoveries, version ++ (Ramdas, Yang, Wainwright & Jordan 2017, NeurIPS 30).

    Args:
        alpha: Level, between 0 and 1.
        wealth: Wealth at the start, at most alpha; alpha / 10 when not given.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(self, alpha: float, *, wealth: float | None = None) -> None:
        super().__init__(slow_share, wealth=_wealth(wealth, 0.1 * alpha, alpha), payout=alpha)

    def level(self) -> float:
        return self.raw_level()

    def record(self, p: float, *, rejected: bool) -> None:
        del p
        self.take(ticks=True, rejected=rejected)


class LordDiscard(_Investing):
    """:class:`LordPlusPlus` that does not pay for p-values above ``discard`` (Tian & Ramdas 2019, NeurIPS 32, D-LORD).

    Args:
        alpha: Level, between 0 and 1.
        wealth: Wealth at the start, at most ``discard`` times alpha; alpha / 10 when not given.
        discard: Above 0, at most 1.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(self, alpha: float, *, wealth: float | None = None, discard: float = 0.5) -> None:
        check_thresholds(0.0, discard)
        super().__init__(
            slow_share, wealth=_wealth(wealth, 0.1 * alpha, alpha, discard * alpha), payout=discard * alpha
        )
        self._discard = discard

    def level(self) -> float:
        return min(self._discard, self.raw_level())

    def record(self, p: float, *, rejected: bool) -> None:
        self.take(ticks=p <= self._discard, rejected=rejected)


class Saffron(_Investing):
    """LORD++ that does not pay for candidates, p-values up to ``candidate`` (Ramdas, Zrnic, Wainwright & Jordan 2018).

    ICML 35, PMLR 80:4286-4294.

    Args:
        alpha: Level, between 0 and 1.
        wealth: Wealth at the start, at most alpha; alpha / 2 when not given.
        candidate: From 0 to below 1; no larger p-value is ever rejected.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(self, alpha: float, *, wealth: float | None = None, candidate: float = 0.5) -> None:
        check_thresholds(candidate, 1.0)
        super().__init__(fast_share, wealth=_wealth(wealth, 0.5 * alpha, alpha), payout=alpha)
        self._candidate = candidate

    def level(self) -> float:
        return min(self._candidate, (1.0 - self._candidate) * self.raw_level())

    def record(self, p: float, *, rejected: bool) -> None:
        self.take(ticks=p > self._candidate, rejected=rejected)


class Addis(_Investing):
    """:class:`Saffron` that does not pay for p-values above ``discard`` either: for conservative nulls.

    Tian & Ramdas 2019, NeurIPS 32:9388-9396, algorithm 1.

    Args:
        alpha: Level, between 0 and 1.
        wealth: Wealth at the start, at most alpha; alpha / 2 when not given.
        discard: Above ``candidate``, at most 1.
        candidate: At least 0; no larger p-value is ever rejected.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(
        self, alpha: float, *, wealth: float | None = None, discard: float = 0.5, candidate: float = 0.25
    ) -> None:
        check_thresholds(candidate, discard)
        super().__init__(fast_share, wealth=_wealth(wealth, 0.5 * alpha, alpha), payout=alpha)
        self._discard, self._candidate = discard, candidate

    def level(self) -> float:
        return min(self._candidate, (self._discard - self._candidate) * self.raw_level())

    def record(self, p: float, *, rejected: bool) -> None:
        self.take(ticks=self._candidate < p <= self._discard, rejected=rejected)


class AlphaInvesting(_Investing):
    """SAFFRON whose candidates are the rejections themselves (Foster & Stine 2008 in the form of Ramdas et al. 2018).

    Args:
        alpha: Level, between 0 and 1.
        wealth: Wealth at the start, at most alpha; alpha / 2 when not given.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(self, alpha: float, *, wealth: float | None = None) -> None:
        super().__init__(fast_share, wealth=_wealth(wealth, 0.5 * alpha, alpha), payout=alpha)

    def level(self) -> float:
        raw = self.raw_level()
        return raw / (1.0 + raw)

    def record(self, p: float, *, rejected: bool) -> None:
        del p
        self.take(ticks=not rejected, rejected=rejected)


def _wealth(given: float | None, usual: float, alpha: float, most: float | None = None) -> float:
    check_level(alpha)
    wealth = usual if given is None else given
    check_wealth(wealth, alpha if most is None else most)
    return wealth
