"""The ``trial`` a test function receives: which run it is, its own randomness, and its own held-out item."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, cast

from pytest_ophamin.errors import OphaminError
from pytest_ophamin.trials.streams import Permutations, Stream, is_second_arm, replacement_position, trial_seed

if TYPE_CHECKING:
    import numpy as np

    from pytest_ophamin.claims.model import ClaimGroup

THIS_FILE = "this file"
"""Value of ``population=`` under which items may be drawn with replacement (DECIDING.md)."""


class PickError(OphaminError):
    """``trial.pick`` cannot give every trial an item of its own; it makes the claim VOID, whatever ``errors=`` says."""


class ArmError(OphaminError):
    """``trial.arm`` was read in a claim without arms."""


class Trial:
    """One run of a test function.

    One object serves all trials of a slice: only its index moves, so reading it costs nothing and keeping it beyond
    the trial is pointless.
    """

    __slots__ = (
        "_arms",
        "_drawn_at",
        "_generator",
        "_index",
        "_permutations",
        "_stream",
        "_trials",
        "_with_replacement",
    )

    def __init__(
        self,
        key: bytes,
        *,
        trials: int,
        with_replacement: bool = False,
        index: int = 0,
        arms: tuple[str, str] | None = None,
    ) -> None:
        self._arms = arms
        self._stream = Stream(key)
        self._permutations = Permutations(key)
        self._trials = trials
        self._with_replacement = with_replacement
        self._index = index
        self._drawn_at = -1
        self._generator: np.random.Generator | None = None

    @classmethod
    def of_group(cls, group: ClaimGroup, key: bytes) -> Trial:
        """Return the trial object of a test's claims; ``key`` is :func:`stream_key` of the group."""
        with_replacement = all(claim.population == THIS_FILE for claim in group.claims)
        arms = group.claims[0].design.arms
        return cls(key, trials=group.trials, with_replacement=with_replacement, arms=arms)

    @property
    def index(self) -> int:
        """Number of this trial, from 0."""
        return self._index

    @property
    def trials(self) -> int:
        """How many trials the claim declares (the largest count, when several are stacked)."""
        return self._trials

    @property
    def arm(self) -> str:
        """Name of the arm this trial belongs to, of the two the claim declares with ``arms=``.

        Raises:
            ArmError: The claim declares none.
        """
        if self._arms is None:
            __tracebackhide__ = True
            raise ArmError('trial.arm: expected a claim with arms, came one without: write arms=("old", "new") in it')
        return self._arms[is_second_arm(self._stream.key, self._index)]

    @property
    def key(self) -> bytes:
        """Key of the claim's random streams."""
        return self._stream.key

    @property
    def seed(self) -> int:
        """A seed in [0, 2^32) that no other trial of the claim has, for other libraries."""
        return trial_seed(self._stream.key, self._index)

    @property
    def rng(self) -> np.random.Generator:
        """The trial's own random generator: its draws depend on claim, seed policy and index only."""
        if self._drawn_at != self._index:
            self._generator = self._stream.at(self._index)
            self._drawn_at = self._index
        return cast("np.random.Generator", self._generator)

    def begin(self, index: int) -> None:
        """Make this the trial ``index``; its random stream starts anew. For the harness, before fixtures are set up."""
        self._index = index
        self._drawn_at = -1

    def pick(self, items: Any, *, replace: bool = False) -> Any:  # noqa: ANN401  # any indexable collection
        """Return this trial's item: no other trial of the claim gets it.

        Args:
            items: A list, tuple, array, data frame or other collection with a length and integer positions. Collections
                of equal length give the same position within one trial, so features and labels stay together.
            replace: Draw with replacement instead; only for a claim that says ``population="this file"``, since it
                then speaks about the file and not about what the file was drawn from.

        Raises:
            PickError: There are fewer items than trials, ``items`` has no positions, or ``replace`` was not declared.
        """
        __tracebackhide__ = True  # pytest then shows the author's line
        length = _length(items)
        if replace:
            self._check_replacement(length)
            position = replacement_position(self._stream.key, self._index, length)
        else:
            if length < self._trials:
                message = (
                    f"trial.pick: expected at least {self._trials} items, one per trial, came {length}: "
                    f"declare trials={length} or fewer, or hold out more items"
                )
                raise PickError(message)
            position = self._permutations.position(self._index, length)
        by_position = getattr(items, "iloc", items)  # pandas: frame[i] is a column, series[i] a label
        return by_position[position]

    def _check_replacement(self, length: int) -> None:
        __tracebackhide__ = True
        if not self._with_replacement:
            message = (
                "trial.pick(..., replace=True): expected a claim about the file itself, came one about a wider "
                f'population: write population="{THIS_FILE}" in the claim, or pick without replacement'
            )
            raise PickError(message)
        if length == 0:
            raise PickError("trial.pick: expected at least one item, came none: hold out some items")

    def __repr__(self) -> str:
        return f"<Trial {self._index} of {self._trials}>"


def _length(items: Any) -> int:  # noqa: ANN401
    __tracebackhide__ = True
    if isinstance(items, (Mapping, AbstractSet)) or not hasattr(items, "__getitem__"):
        message = (
            f"trial.pick: expected a collection with positions (list, tuple, array, data frame), came "
            f"{type(items).__name__}: write trial.pick(sorted(items)) or trial.pick(list(items)), "
            "made once outside the trial and in an order that never changes"
        )
        raise PickError(message)
    try:
        return len(items)
    except TypeError:
        # SciPy's sparse matrices have rows to pick, and refuse len().
        shape = getattr(items, "shape", None)
        if isinstance(shape, tuple) and shape and isinstance(shape[0], int):
            return shape[0]
        came = type(items).__name__
        message = f"trial.pick: expected a collection with a length, came {came}: write trial.pick(list(items))"
        raise PickError(message) from None
