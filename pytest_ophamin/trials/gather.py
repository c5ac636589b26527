"""Gathering: slices of one test meet again, in any order, from anywhere, and become each claim's sample.

The result depends on the observations only, never on how they were sliced: the lowest failing trial is the one told,
and a column's kind is decided over the whole sample.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pytest_ophamin.claims.metrics import PROPORTION, QUANTILE, Relation
from pytest_ophamin.claims.model import ERRORS_AGAINST, Claim, ClaimGroup
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.trials.columns import BOOL, FLOAT, INT, ColumnKey
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.sample import ARM, FIRST, SECOND, VALUE, Column, ColumnKind, Sample, Search
from pytest_ophamin.trials.shape import code_shapes, kept_keys, key_shape
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.streams import arm_column, trial_seed

if TYPE_CHECKING:
    from collections.abc import Iterable

Numbers = npt.NDArray[np.bool_] | npt.NDArray[np.int64] | npt.NDArray[np.float64]

_NO_CODE = "a cluster, factor or stratum is an integer code: number the names you have"
_MIXED = "bool and number mixed: return one type from every trial"
_DTYPES: dict[str, type[np.generic]] = {"": np.bool_, "q": np.int64, "d": np.float64}


class Gathering:
    """All slices of one test's claims that have arrived."""

    def __init__(self, group: ClaimGroup, key: bytes) -> None:
        self.group = group
        self.key = key
        self._slices: dict[int, Slice] = {}

    def add(self, text: str) -> bool:
        """Take a slice; one whose range is here already is ignored (a test that ran again).

        Returns:
            Whether it was new.

        Raises:
            EvidenceError: The text is no slice, or one of another test, claim, seed or cut.
        """
        return self.add_slice(Slice.from_text(text))

    def add_slice(self, arrived: Slice) -> bool:
        """Take a slice of this process; see :meth:`add`."""
        self._check(arrived)
        if arrived.start in self._slices:
            return False
        self._slices[arrived.start] = arrived
        return True

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What arrived, in trial order."""
        return tuple(self._slices[start] for start in sorted(self._slices))

    @property
    def is_complete(self) -> bool:
        return not self.missing()

    def missing(self) -> list[range]:
        """Return the ranges of trials no slice has brought, ascending; for a law, ``[range(0)]`` until it arrived."""
        if self.group.is_law:
            return [] if self._slices else [range(0)]
        gaps, position = [], 0
        for arrived in self.slices:
            if arrived.start > position:
                gaps.append(range(position, arrived.start))
            position = arrived.stop
        if position < self.group.trials:
            gaps.append(range(position, self.group.trials))
        return gaps

    @property
    def seconds(self) -> float:
        """Time spent in trials, over all slices."""
        return sum(arrived.seconds for arrived in self.slices)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the slices warn of, each once, sorted."""
        return self.warnings_before(None)

    def warnings_before(self, trials: int | None) -> tuple[str, ...]:
        """Return what the slices that begin before the trial of that index warn of, each once, sorted; None: all."""
        used = (arrived for arrived in self.slices if trials is None or arrived.start < max(trials, 1))
        return tuple(sorted({warning for arrived in used for warning in arrived.warnings}))

    @property
    def executed(self) -> int:
        """Trials that were run, whether a claim uses them or not."""
        return sum(arrived.stop - arrived.start for arrived in self.slices)

    def reach(self, claim: Claim) -> int:
        """Return how many leading trials have arrived without a failure ``claim`` minds; at most its own count."""
        gaps = self.missing()
        arrived = min([claim.trials, *(gap.start for gap in gaps)])
        failure = self._failure_for(claim, arrived)
        return arrived if failure is None else max(0, _trial(failure))

    def evidence_for(self, claim: Claim, trials: int | None = None) -> Sample | Search | Failure:
        """Return what ``claim`` is decided on: its first n trials, a law's search, or why there is nothing.

        Args:
            claim: One of the group's claims.
            trials: n, where it is not the number the claim declares: a claim that stopped early.

        Raises:
            EvidenceError: Trials the claim needs have not arrived; ask :meth:`missing` first.
        """
        if claim.is_law:
            return self._search_for(claim)
        n = claim.trials if trials is None else trials
        self._check_covered(claim, n)
        failure = self._failure_for(claim, n)
        return failure if failure is not None else self._sample_for(claim, n)

    def _check(self, arrived: Slice) -> None:
        """Refuse a slice that is not a part of this gathering."""
        where = f"slice [{arrived.start}, {arrived.stop}) of {arrived.test}"
        if arrived.test != self.group.test:
            raise EvidenceError(f"{where}: expected a slice of {self.group.test}")
        if arrived.key != self.key.hex():
            message = f"{where}: expected the stream key {self.key.hex()}, came {arrived.key}: another claim or seed"
            raise EvidenceError(message)
        if self.group.is_law:
            self._check_law(arrived, where)
            return
        if not 0 <= arrived.start < arrived.stop <= self.group.trials:
            raise EvidenceError(f"{where}: expected trials within [0, {self.group.trials})")
        for other in self._slices.values():
            same = (other.start, other.stop) == (arrived.start, arrived.stop)
            if not same and other.start < arrived.stop and arrived.start < other.stop:
                raise EvidenceError(f"{where}: overlaps the slice [{other.start}, {other.stop})")
        self._check_content(arrived, where)

    def _check_law(self, arrived: Slice, where: str) -> None:
        if (arrived.start, arrived.stop) != (0, 0) or (arrived.search is None) == (arrived.failure is None):
            raise EvidenceError(f"{where}: expected a law's search, or why it failed")

    def _check_content(self, arrived: Slice, where: str) -> None:
        """Check that columns hold one finite observation for each trial the slice says it ran."""
        told = [arrived.failure, arrived.first_error, *arrived.bad.values()]
        indices = [*arrived.errors, *(found.trial for found in told if found is not None)]
        if any(index is None or not arrived.start <= index < arrived.stop for index in indices):
            raise EvidenceError(f"{where}: names a trial outside its range")
        if bool(arrived.errors) != (arrived.first_error is not None) or arrived.search is not None:
            raise EvidenceError(f"{where}: contradicts itself about its errors")
        for claim in self.group.claims:
            for shape in (key_shape(claim), *code_shapes(claim)):
                for column_key in shape.columns:
                    _check_column(arrived, shape.key, column_key, where)

    def _check_covered(self, claim: Claim, n: int) -> None:
        lacking = [gap for gap in self.missing() if gap.start < n]
        if lacking:
            gaps = ", ".join(f"[{gap.start}, {min(gap.stop, n)})" for gap in lacking)
            raise EvidenceError(f"{claim.id}: trials {gaps} have not arrived")

    def _search_for(self, claim: Claim) -> Search | Failure:
        arrived = next(iter(self._slices.values()), None)
        evidence = None if arrived is None else arrived.search or arrived.failure
        if evidence is None:
            raise EvidenceError(f"{claim.id}: the search has not arrived")
        return evidence

    def _failure_for(self, claim: Claim, n: int) -> Failure | None:
        """Return the failure of the lowest of the first ``n`` trials that this claim does not count."""
        keys = (claim.of, *(key for _, key in claim.design.keys))
        found: list[Failure | None] = []
        for arrived in self.slices:
            found += [arrived.failure, *(arrived.bad.get(key) for key in keys)]
            if claim.errors != ERRORS_AGAINST:
                found.append(arrived.first_error)
        within = [failure for failure in found if failure is not None and _trial(failure) < n]
        ours = [self._mixed(claim, n), *(self._bad_code(key, n) for _, key in claim.design.keys)]
        return min([*within, *(failure for failure in ours if failure is not None)], key=_trial, default=None)

    def _mixed(self, claim: Claim, n: int) -> Failure | None:
        """Return the failure of the first trial at which bool and number have met, where that is not allowed."""
        first = self._first_seen(key_shape(claim).columns, n)
        numbers = [first[kind] for kind in (INT, FLOAT) if kind in first]
        if BOOL not in first or not numbers:
            return None
        trial = max(first[BOOL], min(numbers))
        if claim.kind == PROPORTION:
            other = self._first_other(claim, n)
            if other is None:
                return None
            trial = max(trial, other)
        return Failure(reason=_MIXED, trial=trial, seed=trial_seed(self.key, trial))

    def _bad_code(self, key: str, n: int) -> Failure | None:
        """Return the failure of the first trial whose code under ``key`` is no integer."""
        trial = self._first_seen(((key, VALUE),), n).get(FLOAT)
        if trial is None:
            return None
        return Failure(reason=f"{key}: {_NO_CODE}", trial=trial, seed=trial_seed(self.key, trial))

    def _first_other(self, claim: Claim, n: int) -> int | None:
        """Return the first of the first ``n`` trials that gave neither 0 nor 1, nor a bool; None when none did."""
        others = np.flatnonzero(~np.isin(self._values((claim.of, VALUE), n), (0, 1)))
        return int(others[0]) if len(others) else None

    def _first_seen(self, columns: Iterable[ColumnKey], n: int) -> dict[str, int]:
        """Return the first of the first ``n`` trials at which each type of observation was seen."""
        first: dict[str, int] = {}
        for arrived in self.slices:
            for column_key in columns:
                for kind, index in arrived.columns[column_key].first.items():
                    if index < n:
                        first[kind] = min(index, first.get(kind, index))
        return first

    def _sample_for(self, claim: Claim, n: int) -> Sample:
        errors = self._errors(n) if claim.errors == ERRORS_AGAINST else ()
        names = (FIRST, SECOND) if claim.is_paired else (VALUE,)
        columns = {name: self._column(claim, (claim.of, name), errors, n) for name in names}
        if claim.design.arms is not None:
            columns[ARM] = _frozen_column("bits", arm_column(self.key, n))
        for name, key in claim.design.keys:
            codes = self._values((key, VALUE), n).astype(np.int64)
            columns[name] = _frozen_column("i64le", codes)
        for name, key in kept_keys(claim):
            columns[name] = _frozen_column("f64le", self._values((key, VALUE), n).astype(np.float64))
        return Sample(n=n, columns=dict(sorted(columns.items())), errors_against=errors)

    def _errors(self, n: int) -> tuple[int, ...]:
        return tuple(index for arrived in self.slices for index in arrived.errors if index < n)

    def _column(self, claim: Claim, column_key: ColumnKey, errors: tuple[int, ...], n: int) -> Column:
        values = self._values(column_key, n)
        seen = self._first_seen((column_key,), n)
        kind = _kind(claim, seen, has_errors=bool(errors))
        exact: Numbers = values.astype({"bits": np.bool_, "i64le": np.int64, "f64le": np.float64}[kind])
        if errors:
            exact[list(errors)] = _counted_against(claim)
        return _frozen_column(kind, exact)

    def _values(self, column_key: ColumnKey, n: int) -> Numbers:
        """Return the first n observations of a column, of the widest type any slice needed."""
        parts = []
        for arrived in self.slices:
            if arrived.start < n:
                data = arrived.columns[column_key].data
                typecode = "" if isinstance(data, bytearray) else data.typecode
                parts.append(np.frombuffer(data, dtype=_DTYPES[typecode])[: n - arrived.start])
        joined: Numbers = np.concatenate(parts)
        return joined


def _frozen_column(kind: ColumnKind, values: Numbers) -> Column:
    values.setflags(write=False)
    return Column(kind=kind, values=values)


def gather_slices(group: ClaimGroup, key: bytes, slices: Iterable[Slice]) -> Gathering:
    """Return a gathering of ``slices``: the way of a session without workers."""
    gathering = Gathering(group, key)
    for arrived in slices:
        gathering.add_slice(arrived)
    return gathering


def _trial(failure: Failure) -> int:
    return -1 if failure.trial is None else failure.trial


def _kind(claim: Claim, seen: Mapping[str, int], *, has_errors: bool) -> ColumnKind:
    """Return the narrowest kind that holds the types seen and, where exceptions are counted, what stands for them."""
    if not seen:  # every trial raised
        return "bits" if claim.kind == PROPORTION else "f64le"
    if set(seen) == {BOOL}:
        return "bits" if not has_errors or claim.kind == PROPORTION else "f64le"
    if set(seen) == {INT} and (not has_errors or claim.kind == PROPORTION):
        return "i64le"
    return "f64le"


def _counted_against(claim: Claim) -> bool | float:
    """Return the observation an exception stands for: one on the wrong side of the claim (DECIDING, "Metrics")."""
    is_at_least = claim.relation is Relation.AT_LEAST
    if claim.kind == QUANTILE:
        return -sys.float_info.max if is_at_least else sys.float_info.max
    return not is_at_least


def _check_column(arrived: Slice, key: str | None, column_key: ColumnKey, where: str) -> None:
    column = arrived.columns.get(column_key)
    if column is None:
        raise EvidenceError(f"{where}: has no observations of {column_key}")
    ends = [found.trial for found in (arrived.failure, arrived.bad.get(key)) if found is not None]
    # Observations end where the slice, or this key, failed; without a failure every trial left one.
    expected = min(ends) - arrived.start if ends else arrived.stop - arrived.start  # type: ignore[type-var,operator]
    if len(column.data) != expected:
        raise EvidenceError(f"{where}: expected {expected} observations of {column_key}, came {len(column.data)}")
    if any(not arrived.start <= index < arrived.stop for index in column.first.values()):
        raise EvidenceError(f"{where}: first types seen outside its range")
    if not isinstance(column.data, bytearray):
        if not np.isfinite(np.frombuffer(column.data, dtype=_DTYPES[column.data.typecode])).all():
            raise EvidenceError(f"{where}: an observation of {column_key} is not finite")
    elif column.data.strip(b"\x00\x01"):
        raise EvidenceError(f"{where}: a bool of {column_key} is neither 0 nor 1")
