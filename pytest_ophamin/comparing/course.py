"""How one benchmark fares: its pairs of readings so far, and what ended them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_ophamin.claims.catalogue import CatalogueEntry
from pytest_ophamin.claims.gates import (
    BUDGET_KINDS,
    CONTROL,
    MEMORY_RATIO,
    RATIO_KINDS,
    SECONDS,
    TIME_MEDIAN,
    TIME_P99,
    kept_columns,
)
from pytest_ophamin.claims.model import Claim, Digest
from pytest_ophamin.comparing.request import Reading, Result, Trouble, Wish
from pytest_ophamin.comparing.sides import Side
from pytest_ophamin.trials.columns import FLOAT, ColumnKey, SliceColumn
from pytest_ophamin.trials.failure import Failure
from pytest_ophamin.trials.shape import kept_keys, key_shape
from pytest_ophamin.trials.slices import Slice

_STATISTICS = {TIME_MEDIAN: "median", TIME_P99: "p99", MEMORY_RATIO: "peak"}


@dataclass(slots=True)
class Course:
    """One benchmark while its pairs come in."""

    entry: CatalogueEntry
    pairs: list[dict[Side, Reading]] = field(default_factory=list)
    failure: Failure | None = None
    """What makes its claims VOID: it raised, or said nothing."""
    not_tested: str | None = None
    """Why its claims cannot be decided at all."""
    skipped: str | None = None
    """Why the candidate's own benchmark skips itself, where that is the reason."""
    is_absent: bool = False
    """Whether the baseline does not have it."""
    is_settled: bool = False
    """Whether the pairs so far decide all its claims."""
    same_source: bool = True
    gc: str = ""
    told: str = ""
    """What a failure said, for the terminal: no record holds it."""
    seconds: float = 0.0
    """Time its processes took, shared among the benchmarks each ran."""

    @property
    def test(self) -> str:
        return self.entry.group.test

    @property
    def claims(self) -> tuple[Claim, ...]:
        return self.entry.group.claims

    @property
    def is_open(self) -> bool:
        ended = self.failure is not None or self.not_tested is not None or self.is_settled
        return not ended and len(self.pairs) < self.entry.group.trials

    @property
    def second(self) -> Side | None:
        """The side it is compared with; None for claims about a number."""
        if not any(claim.kind in RATIO_KINDS for claim in self.claims):
            return None
        return Side.VERSUS if any(claim.versus is not None for claim in self.claims) else Side.BASELINE

    @property
    def sides(self) -> frozenset[Side]:
        second = self.second
        return frozenset({Side.CANDIDATE, Side.CONTROL, *([] if second is None else [second])})

    def claims_by_need(self, *, baseline: bool) -> list[tuple[Claim, Digest]]:
        """Return its claims that cannot be decided without a baseline, or those that can, with their digests."""
        pairs = zip(self.entry.group.claims, self.entry.group.digests, strict=True)
        return [pair for pair in pairs if (pair[0].kind in RATIO_KINDS and pair[0].versus is None) is baseline]

    @property
    def _candidate_first(self) -> list[Side]:
        """What the candidate lacks itself is not new, whatever else lacks it."""
        return sorted(self.sides, key=lambda side: (side is not Side.CANDIDATE, side))

    @property
    def wish(self) -> Wish:
        kinds = {claim.kind for claim in self.claims}
        return Wish(memory=MEMORY_RATIO in kinds, calls=TIME_P99 in kinds)

    def take(self, results: Mapping[Side, Result]) -> None:
        """Take one pair: what every side's process says, or the first thing that is wrong with one of them."""
        mine = {side: results[side] for side in self._candidate_first}
        for side, result in mine.items():
            self._look_for_trouble(side, result)
            if self.failure is not None or self.not_tested is not None:
                return
        self.pairs.append({side: result.readings[self.test] for side, result in mine.items()})
        self.gc = self.pairs[-1][Side.CANDIDATE].gc

    def rehearse(self, results: Mapping[Side, Result]) -> None:
        """Take a first run that is not measured: it shows what is not there, and compiles what is."""
        for side in self._candidate_first:
            self._look_for_trouble(side, results[side])
        second = self.second
        if second is not None:
            self.same_source = results[second].sources.get(self.test) == results[Side.CANDIDATE].sources.get(self.test)

    def to_slice(self) -> Slice:
        """Return the pairs so far as trials 0, 1, ... of the test's claims."""
        columns: dict[ColumnKey, SliceColumn] = {}
        for claim in self.claims:
            keys = dict(kept_keys(claim))
            for name in (*(part for _, part in key_shape(claim).columns), *kept_columns(claim.kind)):
                place = (keys[name], "value") if name in keys else (claim.of, name)
                columns[place] = _column([self._value(claim, name, pair) for pair in self.pairs])
        # What failed has nothing more to say: its slice ends the test's trials, as that of any failed trial does.
        stop = len(self.pairs) if self.failure is None else self.entry.group.trials
        return Slice(
            test=self.test,
            key=self.entry.key,
            start=0,
            stop=stop,
            columns=columns,
            failure=self.failure,
            seconds=self.seconds,
        )

    def _value(self, claim: Claim, column: str, pair: Mapping[Side, Reading]) -> float:
        """Return one column's value of one pair: the column's name says which side, and which statistic."""
        role, _, statistic = column.partition("_")
        side = {"second": self.second, CONTROL: Side.CONTROL}.get(role, Side.CANDIDATE)
        assert side is not None  # noqa: S101  # only ratios have a second column
        value = float(getattr(pair[side], statistic or _STATISTICS.get(claim.kind, "low")))
        return value / SECONDS[claim.unit or "s"] if claim.kind in BUDGET_KINDS else value

    def _look_for_trouble(self, side: Side, result: Result) -> None:
        if self.failure is not None or self.not_tested is not None:
            return
        module = self.test.split("::", 1)[0]
        trouble = result.troubles.get(self.test)
        if module in result.uncollected:
            self._cannot_run(side, f"{module} cannot be collected there: {result.uncollected[module]}")
        elif self.test in result.absent:
            self.is_absent = side is Side.BASELINE
            hint = "" if self.is_absent else "; its id must be the same in every process"
            self._cannot_run(side, f"the benchmark does not exist there{hint}")
        elif trouble is not None and trouble.skipped:
            self.skipped = trouble.message if side is Side.CANDIDATE and not self.pairs else None
            self._cannot_run(side, f"skipped: {trouble.message}")
        elif trouble is not None:
            self.failure = self._failure(side, trouble)
            self.told = f"{trouble.place or self.test}: {trouble.exception or side}: {trouble.message}"
        elif self.test not in result.readings:
            self._cannot_run(side, "it was not run there")

    def _cannot_run(self, side: Side, reason: str) -> None:
        self.not_tested = f"in the {side}: {reason}"

    def _failure(self, side: Side, trouble: Trouble) -> Failure:
        what = "the benchmark raised" if trouble.exception is not None else trouble.message
        return Failure(
            reason=f"{what}, in a process of the {side}",
            trial=len(self.pairs),
            seed=None,
            exception=trouble.exception,
            place=trouble.place,
        )


def _column(values: list[float]) -> SliceColumn:
    return SliceColumn(data=array("d", values), first={FLOAT: 0} if values else {})
