"""What the claims of one test need of each observation: which keys, and pairs or single values."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ophamin.claims.gates import kept_columns
from pytest_ophamin.claims.model import Claim, ClaimGroup
from pytest_ophamin.trials.columns import ColumnKey
from pytest_ophamin.trials.observe import BadObservation, with_article


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyShape:
    """One value claims are about: the whole observation (``key`` None) or one key of a dict."""

    key: str | None
    is_paired: bool

    @property
    def columns(self) -> tuple[ColumnKey, ...]:
        return ((self.key, "first"), (self.key, "second")) if self.is_paired else ((self.key, "value"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """All values the claims of one test are about."""

    test: str
    """Node id of the test at collection."""
    entries: tuple[KeyShape, ...]

    @classmethod
    def of_value(cls, test: str, *, is_paired: bool = False) -> Shape:
        """Return the shape of a lone claim about the whole observation."""
        return cls(test=test, entries=(KeyShape(key=None, is_paired=is_paired),))

    @classmethod
    def of_group(cls, group: ClaimGroup) -> Shape:
        """Return the shape of a test's claims; two claims about one key need it once."""
        entries = dict.fromkeys(entry for claim in group.claims for entry in (key_shape(claim), *code_shapes(claim)))
        return cls(test=group.test, entries=tuple(entries))

    @property
    def is_plain(self) -> bool:
        """One number per trial, not in a dict: what the fast loop takes."""
        return len(self.entries) == 1 and self.entries[0].key is None and not self.entries[0].is_paired

    @property
    def columns(self) -> tuple[ColumnKey, ...]:
        return tuple(column for entry in self.entries for column in entry.columns)

    def select(self, value: object, entry: KeyShape) -> object:
        """Return the part of an observation ``entry`` is about.

        Raises:
            BadObservation: A key is asked for, and the observation is not a dict that has it.
        """
        if entry.key is None:
            return value
        if not isinstance(value, dict):
            if value is None:
                raise BadObservation("the trial returned None", "return the observation, a dict")
            reason = f"the trial returned {with_article(value)}, not a dict"
            raise BadObservation(reason, f'return {{"{entry.key}": ...}}')
        if entry.key not in value:
            raise BadObservation(f"the dict the trial returned has no key {entry.key!r}", "return every key claims use")
        return value[entry.key]


def key_shape(claim: Claim) -> KeyShape:
    """Return what one claim is about."""
    return KeyShape(key=claim.of, is_paired=claim.is_paired)


def code_shapes(claim: Claim) -> tuple[KeyShape, ...]:
    """Return the keys of what a claim needs beside its observation: codes of its design, statistics of a gate."""
    keys = (*(key for _, key in claim.design.keys), *(key for _, key in kept_keys(claim)))
    return tuple(KeyShape(key=key, is_paired=False) for key in keys)


def kept_keys(claim: Claim) -> tuple[tuple[str, str], ...]:
    """Return ``(column, key)`` of every statistic a benchmark gate keeps, in column order."""
    return tuple((column, f"{claim.of}:{column}") for column in kept_columns(claim.kind))
