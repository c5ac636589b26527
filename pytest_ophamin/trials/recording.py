"""Recording: what a slice's trials leave behind while they run."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable

from pytest_ophamin.trials.columns import ColumnKey, ColumnWriter
from pytest_ophamin.trials.failure import Failure, exception_reason, place_of
from pytest_ophamin.trials.globals import GLOBAL_STATE_USED
from pytest_ophamin.trials.observe import BadObservation, coerce, coerce_pair
from pytest_ophamin.trials.shape import Shape
from pytest_ophamin.trials.slices import Slice
from pytest_ophamin.trials.streams import trial_seed
from pytest_ophamin.trials.trial import PickError, Trial

_ALWAYS_THROUGH = (KeyboardInterrupt, GeneratorExit)


class Recording:
    """Everything a slice's trials leave behind while they run."""

    def __init__(
        self,
        trial: Trial,
        start: int,
        stop: int,
        shape: Shape,
        *,
        keep_going: bool,
        stop_on: tuple[type[BaseException], ...],
        is_fatal: Callable[[BaseException], bool] | None,
        rootdir: str | os.PathLike[str] | None,
    ) -> None:
        self.trial = trial
        self.start = start
        self.stop = stop
        self.shape = shape
        self.position = start
        """The next trial to run."""
        self._keep_going = keep_going
        self._through = _ALWAYS_THROUGH + stop_on
        self._is_fatal = is_fatal
        self._rootdir = rootdir
        self._in_reset = False
        self._columns: dict[ColumnKey, ColumnWriter] = {key: ColumnWriter() for key in shape.columns}
        self._errors = array("q")
        self._first_error: Failure | None = None
        self._failure: Failure | None = None
        self._bad: dict[str | None, Failure] = {}

    @property
    def only_column(self) -> ColumnWriter:
        return next(iter(self._columns.values()))

    def reset(self, reset: Callable[[int], None], index: int) -> None:
        self._in_reset = True
        reset(index)
        self._in_reset = False

    def take(self, index: int, value: object) -> None:
        """Store what trial ``index`` returned under every key the claims use."""
        for entry in self.shape.entries:
            if entry.key in self._bad:
                continue
            try:
                observed = self.shape.select(value, entry)
                parts = coerce_pair(observed) if entry.is_paired else (coerce(observed),)
            except BadObservation as bad:
                self._spoil(entry.key, bad)
                continue
            for column_key, part in zip(entry.columns, parts, strict=True):
                self._columns[column_key].put(index, part)

    def passes_through(self, error: BaseException) -> bool:
        return isinstance(error, self._through)

    def fail(self, error: BaseException) -> None:
        """Note what the current trial raised, and whether trials go on after it."""
        index = self.trial.index
        self.position = index + 1
        if self._counts_against(error):
            self._errors.append(index)
            if self._first_error is None:
                self._first_error = self._describe(error)
            for (key, _), writer in self._columns.items():
                if key not in self._bad:
                    writer.skip()
            return
        if isinstance(error, BadObservation) and self.shape.is_plain:
            self._bad.setdefault(self.shape.entries[0].key, self._describe(error))
        elif not isinstance(error, BadObservation):
            self._failure = self._describe(error)
        self.position = self.stop

    @property
    def has_failed(self) -> bool:
        return self._failure is not None or bool(self._bad)

    def to_slice(self, seconds: float, *, moved: bool) -> Slice:
        return Slice(
            test=self.shape.test,
            key=self.trial.key.hex(),
            start=self.start,
            stop=self.stop if self.has_failed else self.position,
            columns={key: writer.to_column() for key, writer in self._columns.items()},
            errors=self._errors,
            first_error=self._first_error,
            failure=self._failure,
            bad=self._bad,
            warnings=(GLOBAL_STATE_USED,) if moved else (),
            seconds=seconds,
        )

    def _counts_against(self, error: BaseException) -> bool:
        if not self._keep_going or self._in_reset or isinstance(error, (BadObservation, PickError)):
            return False
        return self._is_fatal is None or not self._is_fatal(error)

    def _spoil(self, key: str | None, bad: BadObservation) -> None:
        """Void the claims that use ``key``; when no key is left the slice ends."""
        self._bad[key] = self._describe(bad)
        if len(self._bad) == len(self.shape.entries):
            raise bad

    def _describe(self, error: BaseException) -> Failure:
        index = self.trial.index
        is_bad = isinstance(error, BadObservation)
        return Failure(
            reason=str(error) if is_bad else exception_reason(error, in_fixture=self._in_reset),
            trial=index,
            seed=trial_seed(self.trial.key, index),
            exception=None if is_bad else type(error).__name__,
            place=None if is_bad else place_of(error, self._rootdir),
            error=error,
        )
