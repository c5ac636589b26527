"""The options of a requested diagnosis: read by name and kind, and what nobody reads is a mistake.

>>> from pytest_ophamin.pillars import Check
>>> asked = Asked(Check(pillar="O.spc", options=(("subgroup", 5),)))
>>> asked.integer("subgroup", 1, least=1)
5
>>> asked.finish()
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import NoReturn

from pytest_ophamin.pillars import BadPlan, Check, Claim, factor_column

STRICTEST, LAXEST = 1e-9, 0.2
"""Levels a diagnosis may be asked for."""


def requested(claim: Claim, pillar: str) -> Check:
    """Return the claim's request for ``pillar``; one without options where it made none."""
    return claim.design.check_of(pillar) or Check(pillar=pillar)


class Asked:
    """Reads the options of one check; each method raises :class:`BadPlan` for a value of another kind."""

    def __init__(self, check: Check) -> None:
        self._pillar = check.pillar
        self._options = dict(check.options)
        self._known: list[str] = []

    def has(self, name: str) -> bool:
        """Return whether the author gave this option."""
        return name in self._options

    def flag(self, name: str, *, default: bool) -> bool:
        """Return True or False."""
        value = self._take(name, default)
        return value if isinstance(value, bool) else self._wrong(name, "True or False", value, "True")

    def integer(self, name: str, default: int, *, least: int) -> int:
        """Return a whole number of at least ``least``."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self._wrong(name, f"a whole number of at least {least}", value, str(max(least, default)))
        return value

    def optional_integer(self, name: str, example: int, *, least: int) -> int | None:
        """Return a whole number of at least ``least``, or None where the option is not given."""
        value = self.integer(name, example, least=least)
        return value if self.has(name) else None

    def number(self, name: str, default: float, *, above: float = -math.inf, below: float = math.inf) -> float:
        """Return a number strictly between ``above`` and ``below``."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not above < value < below:
            self._wrong(name, f"a number{_between(above, below)}", value, repr(default))
        return float(value)

    def level(self, default: float) -> float:
        """Return the option ``level``."""
        return self.number("level", default, above=STRICTEST, below=LAXEST)

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """Return one of the ``choices``."""
        value = self._take(name, default)
        if not isinstance(value, str) or value not in choices:
            self._wrong(name, f"one of {', '.join(map(repr, choices))}", value, repr(choices[0]))
        return value

    def column(self, name: str, default: str, columns: Sequence[str]) -> str:
        """Return one of a sample's columns; a factor may be written without its prefix."""
        value = self._options.get(name)
        if isinstance(value, str) and factor_column(value) in columns:
            self._known.append(name)
            return factor_column(value)
        return self.choice(name, default, columns)

    def text(self, name: str, default: str) -> str:
        """Return a str."""
        value = self._take(name, default)
        return value if isinstance(value, str) else self._wrong(name, "a str", value, repr(default))

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return a tuple of numbers; () where the option is not given."""
        value = self._take(name, ())
        return value if isinstance(value, tuple) else self._wrong(name, "a tuple of numbers", value, "(1, 1)")

    def finish(self) -> None:
        """Raise :class:`BadPlan` for an option that was not read."""
        unknown = sorted(set(self._options) - set(self._known))
        if unknown:
            near = difflib.get_close_matches(unknown[0], self._known, n=1)
            fix = f"checks={{{self._pillar!r}: {{{near[0]!r}: ...}}}}" if near else f"checks=({self._pillar!r},)"
            raise BadPlan(
                argument=f"checks[{self._pillar!r}][{unknown[0]!r}]",
                expected=f"one of the options {', '.join(sorted(self._known))}",
                came="an unknown option",
                fix=fix,
            )

    def refuse(self, name: str, expected: str, came: str, value: str) -> NoReturn:
        """Raise :class:`BadPlan` about an option; ``value`` is what may be written for it, "" for nothing."""
        fix = f"checks={{{self._pillar!r}: {{{name!r}: {value}}}}}" if value else f"checks=({self._pillar!r},)"
        raise BadPlan(argument=f"checks[{self._pillar!r}][{name!r}]", expected=expected, came=came, fix=fix)

    def refuse_claim(self, expected: str, came: str, fix: str) -> NoReturn:
        """Raise :class:`BadPlan` about a claim this diagnosis cannot be asked for."""
        raise BadPlan(argument=f"checks[{self._pillar!r}]", expected=expected, came=came, fix=fix)

    def _take(self, name: str, default: object) -> object:
        self._known.append(name)
        return self._options.get(name, default)

    def _wrong(self, name: str, expected: str, value: object, fix: str) -> NoReturn:
        self.refuse(name, expected, repr(value), fix)


def _between(above: float, below: float) -> str:
    if math.isinf(below):
        return "" if math.isinf(above) else f" above {above:g}"
    return f" between {above:g} and {below:g}"
