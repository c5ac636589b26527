"""Main effects and interactions of a declared factorial, balanced or not.

Factors are coded by contrasts that sum to zero and interactions by their products, so that each term of Type III is a
statement about unweighted cell means, whatever the cell sizes (Yates 1934, "weighted squares of means"; Searle 1987
ch. 8; Type II: Langsrud 2003). A column that others explain (a confounded interaction, an empty cell) is dropped, and
the terms that lost one are named.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ophamin_pillars.models.contrasts import all_terms, coded, independent, product, sum_to_zero
from ophamin_pillars.models.estimate import Estimate, f_tail

Floats = npt.NDArray[np.float64]
Kind = Literal["I", "II", "III"]


@dataclass(frozen=True, slots=True)
class TermTest:
    """One line of the table."""

    name: str
    """Factor names joined by ``:``."""
    df: int
    ss: float
    ms: float
    f: float
    p: float


@dataclass(frozen=True, slots=True)
class Factorial:
    """A fitted factorial design."""

    names: tuple[tuple[str, ...], ...]
    """The factors of each term."""
    owner: npt.NDArray[np.intp]
    """The term of each kept column; -1 for the intercept."""
    columns: Floats
    """The kept columns (n, p)."""
    beta: Floats
    levels: Mapping[str, tuple[Hashable, ...]]
    y: Floats
    residual_ss: float
    residual_df: int
    lost: tuple[str, ...]
    """Terms that are confounded with earlier ones, wholly or in part."""

    def table(self, kind: Kind = "III") -> tuple[TermTest, ...]:
        """Return the test of each term that kept a column.

        Args:
            kind: ``"I"`` sequential, ``"II"`` each term after all that do not contain it, ``"III"`` after all others.
        """
        tests = []
        for term in range(len(self.names)):
            own = self.owner == term
            if own.any():
                tests.append(
                    self._tested(":".join(self.names[term]), int(own.sum()), self._ss(own, self._others(term, kind)))
                )
        return tuple(tests)

    def effect(self, *names: str) -> Estimate:
        """Return the effect of a two-level factor, or the interaction of several, as second level minus first.

        The effect is the contrast of unweighted cell means that Box, Hunter & Hunter (2005, ch. 5) define: half of the
        difference of differences for an interaction of two, and so on.

        Raises:
            ValueError: The term is not in the model, is confounded, or a factor has not two levels.
        """
        term = self._term(names)
        if any(len(self.levels[name]) != 2 for name in names) or not (self.owner == term).any():
            raise ValueError(f"expected estimable factors of two levels, got {names}")
        return self._contrast(2.0 * (self.owner == term))

    def difference(self, name: str, first: Hashable, second: Hashable) -> Estimate:
        """Return second minus first of the unweighted marginal means of a factor.

        Raises:
            ValueError: The factor or a level is not in the model, or the factor is confounded.
        """
        term, levels = self._term((name,)), self.levels[name]
        if first not in levels or second not in levels:
            raise ValueError(f"expected levels of {name} among {levels}, got {first!r} and {second!r}")
        at = np.flatnonzero(self.owner == term)
        if len(at) != len(levels) - 1:
            raise ValueError(f"{name} is confounded with earlier terms")
        coding = sum_to_zero(len(levels))
        weights = np.zeros(len(self.beta))
        weights[at] = coding[levels.index(second)] - coding[levels.index(first)]
        return self._contrast(weights)

    def _term(self, names: Sequence[str]) -> int:
        found = [t for t, term in enumerate(self.names) if set(term) == set(names)]
        if not found:
            raise ValueError(f"expected a term among {[':'.join(n) for n in self.names]}, got {':'.join(names)}")
        return found[0]

    def _contrast(self, weights: Floats) -> Estimate:
        r = np.linalg.qr(self.columns)[1]
        half = np.linalg.solve(r.T, weights)
        sigma2 = self.residual_ss / self.residual_df if self.residual_df else 0.0
        return Estimate(
            value=float(weights @ self.beta),
            standard_error=math.sqrt(sigma2 * float(half @ half)),
            df=float(max(1, self.residual_df)),
            n=len(self.y),
        )

    def _others(self, term: int, kind: Kind) -> npt.NDArray[np.bool_]:
        """Return which columns a term is adjusted for."""
        return np.array([self._enters(int(owner), term, kind) for owner in self.owner])

    def _enters(self, owner: int, term: int, kind: Kind) -> bool:
        if owner in {-1, term}:
            return owner == -1
        if kind == "I":
            return owner < term
        return kind == "III" or not set(self.names[term]) < set(self.names[owner])

    def _ss(self, own: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]) -> float:
        """Return the sum of squares of ``own`` columns after the others: a projection, so nothing cancels."""
        q = np.linalg.qr(np.concatenate([self.columns[:, others], self.columns[:, own]], axis=1))[0]
        part = q[:, int(others.sum()) :].T @ self.y
        return float(part @ part)

    def _tested(self, name: str, df: int, ss: float) -> TermTest:
        if self.residual_df == 0:
            return TermTest(name=name, df=df, ss=ss, ms=ss / df, f=math.nan, p=math.nan)
        error = self.residual_ss / self.residual_df
        f = ss / df / error if error > 0.0 else math.inf if ss > 0.0 else 0.0
        return TermTest(name=name, df=df, ss=ss, ms=ss / df, f=f, p=f_tail(f, df, self.residual_df))


def fit_factorial(
    y: npt.ArrayLike,
    factors: Mapping[str, Sequence[Hashable]],
    terms: Sequence[tuple[str, ...]] | None = None,
    levels: Mapping[str, Sequence[Hashable]] | None = None,
) -> Factorial:
    """Fit a factorial design.

    Args:
        y: Response (n).
        factors: Level of each row, by factor (n each).
        terms: Terms as tuples of factor names, lower orders first; None for all of every order.
        levels: Order of a factor's levels; by default the order of their appearance.

    Raises:
        ValueError: Lengths differ, a factor has one level or an undeclared one, or a term names no factor.
    """
    values = np.asarray(y, dtype=np.float64)
    if values.ndim != 1 or any(len(column) != len(values) for column in factors.values()):
        raise ValueError(f"expected y (n) and n levels per factor, got {values.shape} and {_lengths(factors)}")
    if not np.isfinite(values).all():
        raise ValueError("expected finite responses, got an infinity or a NaN")
    names = tuple(factors)
    orders = {name: tuple((levels or {}).get(name, dict.fromkeys(factors[name]))) for name in names}
    codes = {name: coded(name, factors[name], orders[name]) for name in names}
    chosen = tuple(terms) if terms is not None else all_terms(names)
    for term in chosen:
        if not term or len(set(term)) < len(term) or not set(term) <= set(names):
            raise ValueError(f"expected terms of different factors among {names}, got {term}")
    centred = values - math.fsum(values.tolist()) / max(1, len(values))
    columns, owner, lost = independent([product(codes, term) for term in chosen], len(values))
    q, r = np.linalg.qr(columns)
    rest = centred - q @ (q.T @ centred)
    rest = rest - q @ (q.T @ rest)
    beta = np.linalg.solve(r, q.T @ centred)
    return Factorial(
        names=chosen,
        owner=owner,
        columns=columns,
        beta=beta,
        levels=orders,
        y=centred,
        residual_ss=math.fsum((rest * rest).tolist()) if len(values) > len(beta) else 0.0,
        residual_df=len(values) - len(beta),
        lost=tuple(":".join(chosen[t]) for t in lost),
    )


def _lengths(factors: Mapping[str, Sequence[Hashable]]) -> dict[str, int]:
    return {name: len(column) for name, column in factors.items()}
