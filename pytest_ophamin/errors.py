"""Every exception Ophamin raises on purpose, under one root.

A caller's mistake (:class:`UsageError`, :class:`ClaimError`, :class:`LockError`, :class:`KeyProblem`) and bad evidence
(:class:`EvidenceError`) are different types: the first is mended by its author, the second is distrusted. All of them
carry their data as attributes and survive pickling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ophamin.claims.model import Problem


class OphaminError(Exception):
    """Root of all exceptions of this project."""


class UsageError(OphaminError):
    """An option or a call that contradicts itself or cannot be carried out."""


class ClaimError(OphaminError):
    """One or more claims are not well formed; ``problems`` holds all mistakes found, in order of discovery."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(problem.describe() for problem in self.problems)


class LockError(OphaminError):
    """``ophamin.lock`` cannot be read as the plan it should be."""

    def __init__(self, *, place: str, expected: str, came: str, fix: str) -> None:
        self.place = place
        """File name with line and column, or with the entry's id."""
        self.expected = expected
        self.came = came
        self.fix = fix
        super().__init__(place, expected, came, fix)

    def __reduce__(self) -> tuple[object, tuple[str, str, str, str]]:
        return _lock_error, (self.place, self.expected, self.came, self.fix)

    def __str__(self) -> str:
        return f"{self.place}: expected {self.expected}, came {self.came}. {self.fix}"


def _lock_error(place: str, expected: str, came: str, fix: str) -> LockError:
    return LockError(place=place, expected=expected, came=came, fix=fix)


class EvidenceError(OphaminError):
    """Evidence that cannot be what it says it is: a record, a slice or an observation column that does not fit."""


class KeyProblem(OphaminError):  # "KeyError" is taken, and this is about signing keys
    """A signing or trusted key that is missing, unreadable, too widely readable, or not Ed25519."""
