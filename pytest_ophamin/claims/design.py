"""How a claim's trials are arranged: arms, clusters, strata, factors, blocks, stopping, and requested diagnoses.

A claim without any of these is the plain design: independent trials, a fixed number, one group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

Option = bool | int | float | str | tuple[float, ...]
DesignName = NewType("DesignName", str)

ARMS = "arms"
CLUSTER = "cluster"
STRATA = "strata"
FACTORS = "factors"
BLOCK = "block"
RESAMPLED = "resampled"
SEQUENTIAL = "sequential"
LOOKS = "looks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A diagnosing pillar the author asks for, with its options."""

    pillar: str
    options: tuple[tuple[str, Option], ...] = ()
    """Sorted by name."""

    def option(self, name: str, default: Option) -> Option:
        """Return one option's value."""
        return dict(self.options).get(name, default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The arrangement of a claim's trials."""

    arms: tuple[str, str] | None = None
    """``(first, second)``: every trial belongs to one arm, drawn by the claim's stream; metrics compare second to first
    as the paired ones compare ``first`` to ``second``: first minus second."""
    cluster: str | None = None
    """Key of the dict observation that holds the cluster's integer code: the unit of replication."""
    strata: str | None = None
    """Key of the dict observation that holds the stratum's integer code."""
    factors: tuple[str, ...] = ()
    """Keys of the dict observation that hold the factors' integer levels."""
    block: int | None = None
    """Length of the blocks of consecutive trials that are the unit of replication."""
    resampled: float | None = None
    """Test size over training size of a resampled estimate: folds share their training data."""
    sequential: bool = False
    """``trials`` is the cap; the claim stops as soon as it is decided."""
    looks: tuple[int, ...] = ()
    """Trial counts at which a group-sequential claim is looked at; the last is ``trials``."""
    checks: tuple[Check, ...] = ()
    """Sorted by pillar."""

    @property
    def name(self) -> DesignName:
        """The words a method must answer for: ``""``, ``"arms"``, ``"arms+cluster"``, ``"sequential"``."""
        words = [
            word
            for word, used in (
                (ARMS, self.arms is not None),
                (BLOCK, self.block is not None),
                (CLUSTER, self.cluster is not None),
                (FACTORS, bool(self.factors)),
                (LOOKS, bool(self.looks)),
                (RESAMPLED, self.resampled is not None),
                (SEQUENTIAL, self.sequential),
                (STRATA, self.strata is not None),
            )
            if used
        ]
        return DesignName("+".join(words))

    @property
    def can_stop_early(self) -> bool:
        return self.sequential or bool(self.looks)

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """``(column, key)`` of every code the trial returns beside its observation, in column order."""
        keyed = [] if self.cluster is None else [(CLUSTER, self.cluster)]
        keyed += [(f"factor:{factor}", factor) for factor in self.factors]
        return tuple(keyed + ([] if self.strata is None else [("stratum", self.strata)]))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns a sample has beside its observations."""
        return (("arm",) if self.arms is not None else ()) + tuple(column for column, _ in self.keys)

    def check_of(self, pillar: str) -> Check | None:
        """Return the author's request for a diagnosing pillar, or None."""
        return next((check for check in self.checks if check.pillar == pillar), None)


PLAIN = Design()
