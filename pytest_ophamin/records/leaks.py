"""Absolute paths in texts that enter a record as written: parametrised ids, counterexamples, strategies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_ophamin.trials.sample import Search

if TYPE_CHECKING:
    from pytest_ophamin.deciding.outcome import Outcome

# Well-known roots only: "/api/v1" in a parametrised id is no path of this machine.
_ROOTS = "home|Users|root|tmp|var|opt|etc|usr|mnt|srv|media|private|Volumes|workspace|builds"
_ABSOLUTE = re.compile(rf"(?<![\w./\\])(?:/(?:{_ROOTS})/\w|[A-Za-z]:\\+\w|\\\\\w)")


def path_warnings(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield a sentence per claim whose id or counterexample seems to name a place on this machine."""
    for outcome in outcomes:
        name = outcome.claim.id
        if _ABSOLUTE.search(name) or _ABSOLUTE.search(outcome.claim.test):
            yield f"{name}: the id holds an absolute path, and will be published with the record"
        elif isinstance(outcome.evidence, Search) and _ABSOLUTE.search(outcome.evidence.counterexample or ""):
            yield f"{name}: the counterexample holds an absolute path, and will be published with the record"
        elif outcome.claim.law is not None and _ABSOLUTE.search(outcome.claim.law.strategy):
            yield f"{name}: the strategy holds an absolute path, and will be published with the record"
