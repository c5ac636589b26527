"""One-way analysis of variance in exact arithmetic, and Welch's for unequal variances.

A float64 near 1e12 holds 0.4 only to 4 digits, and no summation gives them back: certified data (NIST SmLs07-09) need
the number that was written. So each float stands for its shortest decimal, as an author reads it, and sums of squares
are exact integers over a common power of ten. ``Decimal`` and ``int`` are taken as they are.
Source: Fisher (1925) ch. 7; Welch (1951) Biometrika 38:330.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from ophamin_pillars.models.estimate import f_tail

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class OneWay:
    """A one-way table. F is infinite when only groups differ, and 0 with p = 1 when nothing does."""

    df_between: int
    df_within: int
    ss_between: float
    ss_within: float
    ms_between: float
    ms_within: float
    f: float
    p: float
    r_squared: float
    residual_sd: float


@dataclass(frozen=True, slots=True)
class WelchOneWay:
    """Welch's test of equal means without equal variances."""

    f: float
    df1: int
    df2: float
    p: float


def one_way(groups: Sequence[Iterable[Number]]) -> OneWay:
    """Return the one-way table of ``groups``.

    Args:
        groups: The observations of each group; at least two groups, none empty, and more observations than groups.

    Raises:
        ValueError: There are too few groups or observations, or one is not finite.
    """
    exact, unit = _integers(groups)
    n, k = sum(map(len, exact)), len(exact)
    if n <= k:
        raise ValueError(f"expected more observations than groups, got {n} in {k}")
    total = Fraction(sum(map(sum, exact)))
    groups_part = sum((Fraction(sum(group)) ** 2 / len(group) for group in exact), Fraction(0))
    squares = sum(x * x for group in exact for x in group)
    between = (groups_part - total**2 / n) * unit**2
    within = (squares - groups_part) * unit**2
    f = Fraction(0) if within == 0 else (between / (k - 1)) / (within / (n - k))
    value = math.inf if within == 0 and between > 0 else _float(f)
    return OneWay(
        df_between=k - 1,
        df_within=n - k,
        ss_between=_float(between),
        ss_within=_float(within),
        ms_between=_float(between / (k - 1)),
        ms_within=_float(within / (n - k)),
        f=value,
        p=f_tail(value, k - 1, n - k),
        r_squared=_float(between / (between + within)) if between + within else 0.0,
        residual_sd=math.sqrt(_float(within / (n - k))),
    )


def welch_one_way(groups: Sequence[Iterable[Number]]) -> WelchOneWay:
    """Return Welch's test of equal means; every group needs two observations that differ.

    Raises:
        ValueError: There are too few groups, or a group has no variance.
    """
    exact, unit = _integers(groups)
    weights, means = [], []
    for group in exact:
        n = len(group)
        squares = Fraction(sum(x * x for x in group)) - Fraction(sum(group)) ** 2 / n
        if squares == 0:
            raise ValueError(f"expected observations that differ in every group, got {n} equal ones")
        means.append(Fraction(sum(group), n) * unit)
        weights.append(n / (squares * unit**2 / (n - 1)))
    k, total = len(exact), sum(weights, Fraction(0))
    centre = sum((w * m for w, m in zip(weights, means, strict=True)), Fraction(0)) / total
    lack = sum(((1 - w / total) ** 2 / (len(g) - 1) for w, g in zip(weights, exact, strict=True)), Fraction(0))
    spread = sum((w * (m - centre) ** 2 for w, m in zip(weights, means, strict=True)), Fraction(0)) / (k - 1)
    f = float(spread / (1 + 2 * Fraction(k - 2, k * k - 1) * lack))
    df2 = float(Fraction(k * k - 1, 3) / lack)
    return WelchOneWay(f=f, df1=k - 1, df2=df2, p=f_tail(f, k - 1, df2))


def grouped(values: Iterable[Number], labels: Iterable[Hashable]) -> list[list[Number]]:
    """Return the values of each label, labels in order of appearance."""
    found: dict[Hashable, list[Number]] = {}
    for value, label in zip(values, labels, strict=True):
        found.setdefault(label, []).append(value)
    return list(found.values())


def _integers(groups: Sequence[Iterable[Number]]) -> tuple[list[list[int]], Fraction]:
    """Return the observations as integers, and the unit they count."""
    decimals = [[_decimal(x) for x in group] for group in groups]
    if len(decimals) < 2 or not all(decimals):
        raise ValueError(f"expected two groups or more, none empty, got sizes {[len(group) for group in decimals]}")
    least = min(_exponent(x) for group in decimals for x in group)
    return [[_scaled(x, least) for x in group] for group in decimals], Fraction(10) ** least


def _decimal(x: Number) -> Decimal:
    found = x if isinstance(x, Decimal) else Decimal(x) if isinstance(x, int) else Decimal(repr(float(np.float64(x))))
    if not found.is_finite():
        raise ValueError(f"expected finite observations, got {x!r}")
    return found


def _exponent(x: Decimal) -> int:
    exponent = x.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _scaled(x: Decimal, least: int) -> int:
    sign, digits, exponent = x.as_tuple()
    shift = exponent - least if isinstance(exponent, int) else 0
    size = int("".join(map(str, digits))) * int(10**shift)
    return -size if sign else size


def _float(x: Fraction) -> float:
    """Return the nearest float; infinity beyond the greatest."""
    try:
        return float(x)
    except OverflowError:
        return math.inf
