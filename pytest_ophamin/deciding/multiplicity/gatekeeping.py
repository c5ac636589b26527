"""Families that wait for other families: gates in series and in parallel, one alpha for all of them.

A family behind a gate is tested with the level the gate released. In **series** nothing passes before every claim of
the gate is rejected, then all of it; in **parallel** each rejection releases its share. Inside each family the test is
truncated Holm (Dmitrienko, Tamhane & Wiens 2008, Biom J 50:667-677): the j-th smallest of n p-values is compared with
``(g / (n - j + 1) + (1 - g) / n) a``, and after r rejections the family releases

    a                    when r = n
    (1 - g) r / n a      when r < n

of its level a. g = 1 is Holm: in series. g = 0 is Bonferroni: the classical parallel gate. Families behind one gate
share what it releases, and so do families without a gate. So the **family-wise error over all of them** is at most
alpha under any dependence: a false rejection in a family whose set of true nulls is I has probability at most
``(g + (1 - g) #I / n) a``, and unless it happens at most the rest of a goes on (induction from the last family back).

    >>> from pytest_ophamin.deciding.multiplicity.gatekeeping import GatedFamily, gated
    >>> found = gated([
    ...     GatedFamily("safety", [0.01, 0.02]),
    ...     GatedFamily("speed", [0.001, 0.03], gate="safety"),
    ... ])
    >>> {name: [round(p, 12) for p in adjusted] for name, adjusted in found.items()}
    {'safety': [0.02, 0.02], 'speed': [0.02, 0.03]}
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_ophamin.deciding.multiplicity._ordering import SLACK, Ascending, Numbers, ascending

SERIES = 1.0
"""``truncation`` of a gate that opens when all its claims are rejected."""
PARALLEL = 0.0
"""``truncation`` of a gate that releases the share of each rejected claim."""


@dataclass(frozen=True, slots=True, eq=False)
class GatedFamily:
    """One family and the family it waits for."""

    name: str
    p: Numbers
    """p-values, shape (n,); 1 for a claim that is VOID or was not tested: it keeps the gate shut."""
    gate: str | None = None
    """Name of the family it waits for, or None."""
    truncation: float = SERIES
    """How this family serves as a gate: from 0 (:data:`PARALLEL`) to 1 (:data:`SERIES`). Without families behind it
    a family is tested by Holm whatever stands here."""
    share: float | None = None
    """Share of what the gate releases (of alpha, without a gate); equal shares when not given."""
    m: int | None = None
    """Registered claims when there are more than p-values."""


def gated(families: Sequence[GatedFamily]) -> dict[str, list[float]]:
    """Return adjusted p-values of each family, by name, in the order of its p-values.

    Args:
        families: Families with different names, in any order.

    Returns:
        Adjusted p-values: rejecting all those <= alpha controls the family-wise error over all families at alpha.

    Raises:
        ValueError: A name is used twice, a gate is unknown or waits for itself, shares of one gate sum to more than 1,
            or a family's own numbers are out of range.
    """
    stages = _stages(families)
    level = 0.0
    while stages:
        _release(stages)
        needed, name = min((stage.needed(), name) for name, stage in stages.items())
        level = max(level, needed)
        if level >= 1.0:
            break
        stages[name].adjusted.append(level)
    return {name: stage.in_order() for name, stage in stages.items()}


@dataclass(slots=True, eq=False)
class _Stage:
    """A family while it is tested: the first of its claims in ascending order of p are rejected."""

    gate: str | None
    ordered: Ascending
    truncation: float
    share: float
    fraction: float = 0.0
    """The family's level as a fraction of alpha."""
    adjusted: list[float] = field(default_factory=list)

    def needed(self) -> float:
        """Return the least alpha at which the next claim is rejected."""
        rejected, n, g = len(self.adjusted), self.ordered.m, self.truncation
        if rejected == len(self.ordered.values) or self.fraction == 0.0:
            return math.inf
        return float(self.ordered.values[rejected]) / ((g / (n - rejected) + (1.0 - g) / n) * self.fraction)

    def released(self) -> float:
        """Return the fraction of alpha that goes on to the families behind."""
        rejected, n = len(self.adjusted), self.ordered.m
        return self.fraction * (1.0 if rejected == n else (1.0 - self.truncation) * rejected / n)

    def in_order(self) -> list[float]:
        found = [1.0] * len(self.ordered.values)
        for place, level in zip(self.ordered.order.tolist(), self.adjusted, strict=False):
            found[place] = level
        return found


def _release(stages: dict[str, _Stage]) -> None:
    for stage in stages.values():  # gates come before those who wait for them
        stage.fraction = stage.share * (1.0 if stage.gate is None else stages[stage.gate].released())


def _stages(families: Sequence[GatedFamily]) -> dict[str, _Stage]:
    by_name = {family.name: family for family in families}
    if len(by_name) != len(families):
        raise ValueError(f"families: expected different names, came {', '.join(f.name for f in families)}")
    behind: dict[str | None, list[GatedFamily]] = {}
    for family in families:
        if family.gate is not None and family.gate not in by_name:
            raise ValueError(f"gate: expected one of {', '.join(by_name)}, came {family.gate!r} at {family.name!r}")
        if not 0.0 <= family.truncation <= 1.0:
            raise ValueError(f"truncation: expected from 0 to 1, came {family.truncation!r} at {family.name!r}")
        behind.setdefault(family.gate, []).append(family)
    stages: dict[str, _Stage] = {}
    waiting: list[str | None] = [None]
    while waiting:
        members = behind.get(waiting.pop(), [])
        for family, share in zip(members, _shares(members), strict=True):
            truncation = family.truncation if family.name in behind else SERIES
            stages[family.name] = _Stage(family.gate, ascending(family.p, family.m), truncation, share)
            waiting.append(family.name)
    if len(stages) != len(by_name):
        lost = ", ".join(name for name in by_name if name not in stages)
        raise ValueError(f"gate: expected no family to wait for itself, came {lost}")
    return stages


def _shares(members: Sequence[GatedFamily]) -> list[float]:
    """Return the share of each family behind one gate; those without one divide what the others leave."""
    given = [family.share for family in members if family.share is not None]
    rest = 1.0 - sum(given)
    if any(not share >= 0.0 for share in given) or sum(given) > SLACK:
        raise ValueError(f"share: expected shares of at least 0, in sum at most 1, came {given!r}")
    equal = max(0.0, rest) / max(1, len(members) - len(given))
    return [equal if family.share is None else family.share for family in members]
