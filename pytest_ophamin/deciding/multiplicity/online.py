"""Hypotheses that arrive one by one, without a last one: each gets a level that depends on those before it only.

    >>> from pytest_ophamin.deciding.multiplicity.online import AlphaSpending, decide_online
    >>> decided = decide_online([0.001, 0.2, 0.0004], AlphaSpending(0.05))
    >>> decided.rejected
    (True, False, True)

For claims tested across commits. Family-wise error: alpha spending and online fallback (any dependence), ADDIS-spending
(independent p-values). False discovery rate: LOND here, the others in :mod:`.online_investing` and
:mod:`.online_lord`. Default constants are those of the R package onlineFDR
2.19 (Robertson et al. 2019, Bioinformatics 35:4196-4199).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from pytest_ophamin.deciding.multiplicity._ordering import SLACK, Numbers, ascending, check_level


class OnlineRule(Protocol):
    """What gives each hypothesis its level; it remembers what it was shown."""

    def level(self) -> float:
        """Return the level of the next hypothesis."""
        ...

    def record(self, p: float, *, rejected: bool) -> None:
        """Take in the p-value of the hypothesis whose level was asked for, and whether it was rejected."""
        ...


@dataclass(frozen=True, slots=True)
class OnlineDecisions:
    """What an online rule decided."""

    levels: tuple[float, ...]
    rejected: tuple[bool, ...]
    next_level: float
    """Level of the hypothesis to come."""


def decide_online(p: Numbers, rule: OnlineRule) -> OnlineDecisions:
    """Decide hypotheses in the order they came.

    Args:
        p: p-values in order of arrival, each in [0, 1].
        rule: A new rule, or one that has seen the hypotheses before these.

    Raises:
        ValueError: A p-value lies outside [0, 1].
    """
    ascending(p)
    levels: list[float] = []
    rejected: list[bool] = []
    for value in map(float, p):
        levels.append(rule.level())
        rejected.append(value <= levels[-1])
        rule.record(value, rejected=rejected[-1])
    return OnlineDecisions(tuple(levels), tuple(rejected), rule.level())


@cache
def slow_share(j: int) -> float:
    """Return ``0.0772 log(max(j, 2)) / (j exp(sqrt(log j)))``, j = 1, 2, ...: in sum 1.

    Javanmard & Montanari 2018 (Ann Stat 46:526-554), equation 31.
    """
    return 0.07720838 * math.log(max(j, 2)) / (j * math.exp(math.sqrt(math.log(j))))


@cache
def fast_share(j: int) -> float:
    """Return ``0.4375 / j**1.6``, j = 1, 2, ...: in sum 1 (Ramdas et al. 2018)."""
    return 0.4374901658 / math.pow(j, 1.6)


class AlphaSpending:
    """A fixed share of alpha per hypothesis: Bonferroni without an end (Foster & Stine 2008, JRSS-B 70:429-444).

    Family-wise error under any dependence.

    Args:
        alpha: Level, between 0 and 1.

    Raises:
        ValueError: ``alpha`` is no level.
    """

    def __init__(self, alpha: float) -> None:
        check_level(alpha)
        self._alpha = alpha
        self._seen = 0

    def level(self) -> float:
        return self._alpha * slow_share(self._seen + 1)

    def record(self, p: float, *, rejected: bool) -> None:
        del p, rejected
        self._seen += 1


class OnlineFallback:
    """Alpha spending that hands the level of a rejected hypothesis to the next (Tian & Ramdas 2021).

    Stat Methods Med Res 30:976-993. Family-wise error under any dependence; never below :class:`AlphaSpending`.
    Arguments and errors as there.
    """

    def __init__(self, alpha: float) -> None:
        check_level(alpha)
        self._alpha = alpha
        self._seen = 0
        self._handed_on = 0.0

    def level(self) -> float:
        return self._alpha * slow_share(self._seen + 1) + self._handed_on

    def record(self, p: float, *, rejected: bool) -> None:
        del p
        self._handed_on = self.level() if rejected else 0.0
        self._seen += 1


class AddisSpending:
    """Alpha spending that pays only for p-values between ``candidate`` and ``discard`` (Tian & Ramdas 2021).

    Family-wise error of independent p-values.

    Args:
        alpha: Level, between 0 and 1.
        discard: A p-value above it costs nothing and is never rejected.
        candidate: A p-value up to it costs nothing; at most ``discard``.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(self, alpha: float, *, discard: float = 0.5, candidate: float = 0.25) -> None:
        check_level(alpha)
        check_thresholds(candidate, discard)
        self._alpha, self._discard, self._candidate = alpha, discard, candidate
        self._paid = 0

    def level(self) -> float:
        return self._alpha * (self._discard - self._candidate) * fast_share(self._paid + 1)

    def record(self, p: float, *, rejected: bool) -> None:
        del rejected
        self._paid += self._candidate < p <= self._discard


class ExhaustiveAddisSpending:
    """:class:`AddisSpending` that uses up alpha: each level is divided by 1 minus the alpha not spent yet.

    Fischer, Bofill Roig & Brannath 2023, "Exhaustive ADDIS procedures for online FWER control" (arXiv 2308.13827).
    Family-wise error of independent p-values. Arguments and errors as there.
    """

    def __init__(self, alpha: float, *, discard: float = 0.5, candidate: float = 0.25) -> None:
        check_level(alpha)
        check_thresholds(candidate, discard)
        self._alpha, self._discard, self._candidate = alpha, discard, candidate
        self._paid, self._left = 0, alpha

    def level(self) -> float:
        share = self._alpha * fast_share(self._paid + 1)
        return (self._discard - self._candidate) * share / (1.0 - self._left)

    def record(self, p: float, *, rejected: bool) -> None:
        del rejected
        if self._candidate < p <= self._discard:
            self._left -= self._alpha * fast_share(self._paid + 1)
            self._paid += 1


class Lond:
    """Levels based on the number of discoveries (Javanmard & Montanari 2015, arXiv 1502.06197).

    ``alpha_i = alpha share_i (D + 1)`` with D discoveries so far. Controls the false discovery rate of independent
    p-values; with ``positive`` (``max(D, 1)``, Zrnic, Ramdas & Jordan 2021, JMLR 22:33) of PRDS p-values; with
    ``dependent`` (divided by ``1 + 1/2 + ... + 1/i``) under any dependence. Shown 1 / e for stopped e-values it is
    e-LOND, under any dependence as it stands (Xu & Ramdas 2024, AISTATS).

    Args:
        alpha: Level, between 0 and 1.
        positive: Use ``max(D, 1)``.
        dependent: Divide by the harmonic numbers.

    Raises:
        ValueError: ``alpha`` is no level.
    """

    def __init__(self, alpha: float, *, positive: bool = False, dependent: bool = False) -> None:
        check_level(alpha)
        self._alpha, self._positive, self._dependent = alpha, positive, dependent
        self._seen, self._discoveries, self._harmonic = 0, 0, 0.0

    def level(self) -> float:
        factor = max(self._discoveries, 1) if self._positive else self._discoveries + 1
        penalty = self._harmonic + 1.0 / (self._seen + 1) if self._dependent else 1.0
        return self._alpha * slow_share(self._seen + 1) / penalty * factor

    def record(self, p: float, *, rejected: bool) -> None:
        del p
        self._seen += 1
        self._harmonic += 1.0 / self._seen
        self._discoveries += rejected


def check_wealth(wealth: float, most: float) -> None:
    """Refuse a wealth to start with that the guarantee does not cover.

    Raises:
        ValueError: ``wealth`` is negative or above ``most``.
    """
    if not 0.0 <= wealth <= most * SLACK:
        raise ValueError(f"wealth: expected from 0 to {most:.12g}, came {wealth!r}")


def check_thresholds(candidate: float, discard: float) -> None:
    """Refuse thresholds that leave nothing between them.

    Raises:
        ValueError: Not ``0 <= candidate < discard <= 1``.
    """
    if not 0.0 <= candidate < discard <= 1.0:
        raise ValueError(f"expected 0 <= candidate < discard <= 1, came candidate={candidate!r}, discard={discard!r}")
