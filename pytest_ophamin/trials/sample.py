"""A sample: all observations of a claim, in trial order, and the evidence a law's search leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from pytest_ophamin.claims.gates import kept_columns

if TYPE_CHECKING:
    from pytest_ophamin.claims.model import Claim

ColumnKind = Literal["bits", "i64le", "f64le"]

VALUE = "value"
FIRST = "first"
SECOND = "second"
ARM = "arm"
CLUSTER = "cluster"
STRATUM = "stratum"


def factor_column(factor: str) -> str:
    """Return the name of a factor's column."""
    return f"factor:{factor}"


def column_names(claim: Claim) -> tuple[str, ...]:
    """Return the names of the columns of a claim's sample, sorted."""
    observed = (FIRST, SECOND) if claim.is_paired else (VALUE,)
    return tuple(sorted((*observed, *claim.design.columns, *kept_columns(claim.kind))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """One observation column.

    ``values`` is one-dimensional, shape (n,), read-only: ``bool_`` for ``bits``, ``int64`` for ``i64le``,
    ``float64`` for ``f64le``; always finite.
    """

    kind: ColumnKind
    values: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | npt.NDArray[np.float64]

    @property
    def floats(self) -> npt.NDArray[np.float64]:
        """The values as float64, shape (n,); exact, since an integer float64 cannot hold is never observed."""
        return self.values.astype(np.float64, copy=False)

    @property
    def is_bool(self) -> bool:
        return self.kind == "bits"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """What a claim is decided on: ``n`` observations in trial order.

    Columns: ``value`` alone, or ``first`` and ``second`` for a paired metric; beside them those of the claim's design:
    ``arm`` (bits, set for the second arm), ``cluster``, ``factor:NAME`` and ``stratum`` (integer codes); and those a
    benchmark gate keeps of its processes (:func:`~pytest_ophamin.claims.gates.kept_columns`).
    """

    n: int
    columns: Mapping[str, Column]
    errors_against: tuple[int, ...] = ()
    """Trial indices whose exception was counted against the claim (``errors="against"``)."""

    @property
    def value(self) -> Column:
        return self.columns[VALUE]

    @property
    def is_bool(self) -> bool:
        """True when every column holds booleans only."""
        return all(column.is_bool for name, column in self.columns.items() if name in (VALUE, FIRST, SECOND))

    @property
    def arms(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """``(first, second)``: the observations of each arm in trial order, each float64."""
        second = self.columns[ARM].values.astype(np.bool_, copy=False)
        values = self.value.floats
        return values[~second], values[second]

    def codes(self, name: str) -> npt.NDArray[np.int64]:
        """Integer codes of a design column, shape (n,)."""
        return self.columns[name].values.astype(np.int64, copy=False)

    def first_trials(self, n: int) -> Sample:
        """Return the sample of the first ``n`` trials."""
        columns = {name: Column(kind=c.kind, values=c.values[:n]) for name, c in self.columns.items()}
        return Sample(n=n, columns=columns, errors_against=tuple(t for t in self.errors_against if t < n))

    @property
    def pairs(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """``(first, second)``, each float64 of shape (n,)."""
        return self.columns[FIRST].floats, self.columns[SECOND].floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search for a counterexample left behind: evidence of a law claim."""

    valid_examples: int
    max_examples: int
    exhausted: bool
    """The strategy's whole space was tried before ``max_examples`` was reached."""
    seed: int
    strategy: str
    database: str
    counterexample: str | None = None
    """The shrunk failing arguments as text; None when no counterexample was found."""
    exception: str | None = None
    """Class name of the exception the counterexample raises."""
    place: str | None = None
    """Rootdir-relative ``file:line`` where it was raised."""
    reproduction: str | None = None
    """Hypothesis's ``@reproduce_failure(...)`` decorator."""
    hypothesis_version: str = ""


Evidence = Sample | Search
