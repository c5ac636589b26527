"""The drift methods as they are put to a series: p-value over the whole of it, place, and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ophamin_pillars.control.adwin import adwin
from ophamin_pillars.control.change_point import mean_change, ols_cusum
from ophamin_pillars.control.page_hinkley import PageHinkleyDesign, greatest_excursion
from ophamin_pillars.control.psi import LEAST_EXPECTED, StabilityIndex, psi_of_counts, psi_of_samples
from ophamin_pillars.control.smirnov import two_sample
from ophamin_pillars.diagnosing.drift import ADWIN, CUSUM, KS, PAGE_HINKLEY, PSI, DriftOptions
from ophamin_pillars.diagnosing.reference import DRAWS, Statistics, standing_of
from ophamin_pillars.diagnosing.series import Series, standardised
from ophamin_pillars.runs import centred_ranks

Floats = npt.NDArray[np.float64]
_ORDERS = "p = {:.2g} among orders of the same observations"


@dataclass(frozen=True, slots=True)
class Drift:
    """What a method found."""

    p: float
    at: int | None
    """First unit after the change, from 0; None where the method names none."""
    told: str
    numbers: Mapping[str, float | int | None] = field(default_factory=dict)


def drift_of(series: Series, asked: DriftOptions, first: int) -> Drift:
    """Return what the method finds; ``first`` is the length of the first part where it compares two."""
    methods: Mapping[str, Callable[[Series, DriftOptions, int], Drift]] = {
        KS: _ks,
        PSI: _psi,
        CUSUM: _cusum,
        ADWIN: _adwin,
        PAGE_HINKLEY: _page_hinkley,
    }
    return methods[asked.method](series, asked, first)


def _ks(series: Series, _: DriftOptions, first: int) -> Drift:
    x = series.values
    found = two_sample(x[:first], x[first:])
    parts = f"the first {first} {series.unit}s against the other {len(x) - first}"
    told = f"Kolmogorov-Smirnov, {parts}: distance {found.distance:.3g}, p = {found.p:.2g}, {found.method}"
    return Drift(found.p, first, told, {"distance": found.distance})


def _psi(series: Series, asked: DriftOptions, first: int) -> Drift:
    x = series.values
    # Half as many again as the null distribution needs: shares of the bins are estimated.
    fitting = int(min(first, len(x) - first) // (1.5 * LEAST_EXPECTED))
    bins = max(2, min(asked.bins, fitting))
    found = _index(x, first, bins, is_binary=series.is_binary)
    p, how = found.p, "by its null distribution"
    if not found.conditions_hold:
        # Ties or short parts: too little in some bin for the null distribution, so the order is judged instead.
        statistic = _by_column(lambda y: sum(_index(y, first, bins, is_binary=series.is_binary).contributions))
        p, how = standing_of(x, statistic, most=_draws(asked)).p, "among orders of the same observations"
    parts = f"the first {first} {series.unit}s against the other {len(x) - first} in {bins} bins"
    psi = sum(found.contributions)
    return Drift(p, first, f"population stability index, {parts}: {psi:.3g}, p = {p:.2g} {how}", {"psi": psi})


def _index(x: Floats, first: int, bins: int, *, is_binary: bool) -> StabilityIndex:
    if not is_binary:
        return psi_of_samples(x[:first], x[first:], bins)
    ones = [int(part.sum()) for part in (x[:first], x[first:])]
    return psi_of_counts([first - ones[0], ones[0]], [len(x) - first - ones[1], ones[1]])


def _cusum(series: Series, _: DriftOptions, __: int) -> Drift:
    x = standardised(series.values)
    found = ols_cusum(x)
    told = f"CUSUM of all residuals: {found.statistic:.3g}, p = {found.p:.2g}; most before {series.unit} {found.index}"
    return Drift(found.p, found.index, told, {"statistic": found.statistic})


def _adwin(series: Series, asked: DriftOptions, _: int) -> Drift:
    x = _placed(series.values)  # ADWIN's bound is one for [0, 1]; ranks fill it whatever the tails
    found = adwin(x)
    if not found:
        return Drift(1.0, None, "ADWIN: no change", {"changes": 0})
    p = standing_of(x, _by_column(lambda y: float(len(adwin(y)))), most=_draws(asked)).p
    at = found[0].cut
    told = f"ADWIN of the ranks: {len(found)} changes, the first before {series.unit} {at}, {_ORDERS.format(p)}"
    return Drift(p, at, told, {"changes": len(found)})


def _page_hinkley(series: Series, asked: DriftOptions, _: int) -> Drift:
    x = standardised(series.values)
    deviation = float(x.std())
    if len(x) < PageHinkleyDesign().min_instances or deviation == 0.0:
        return Drift(1.0, None, f"Page-Hinkley: too few {series.unit}s, or all alike: {len(x)}")
    z = x / deviation
    p = standing_of(z, _by_column(greatest_excursion), most=_draws(asked)).p
    statistic, at = greatest_excursion(z), mean_change(z).index
    told = f"Page-Hinkley: {statistic:.3g} standard deviations, {_ORDERS.format(p)}; most before {series.unit} {at}"
    return Drift(p, at, told, {"statistic": statistic})


def _placed(x: Floats) -> Floats:
    """Return ranks moved and scaled to [0, 1]; one half where all agree."""
    ranks = centred_ranks(x)
    span = float(np.ptp(ranks))
    placed: Floats = np.full(len(x), 0.5) if span == 0.0 else (ranks - ranks.min()) / span
    return placed


def _draws(asked: DriftOptions) -> int | None:
    return DRAWS if asked.void else None  # fewer could not reach the level of a void


def _by_column(statistic: Callable[[Floats], float]) -> Statistics:
    """Return a statistic of one order as one of many."""

    def of_columns(orders: Floats) -> Floats:
        return np.array([[statistic(np.ascontiguousarray(column)) for column in orders.T]])

    return of_columns
