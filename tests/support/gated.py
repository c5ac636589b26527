"""Benchmark gates without processes: entries, readings and results as a process would leave them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ophamin.claims.catalogue import CatalogueEntry
from pytest_ophamin.claims.document import claim_digest
from pytest_ophamin.claims.gate_checks import gate_design
from pytest_ophamin.claims.model import Claim, ClaimGroup
from pytest_ophamin.comparing.places import Place
from pytest_ophamin.comparing.request import Distribution, Reading, Result, Trouble
from pytest_ophamin.testing import claim_of

TEST = "bench/test_decode.py::test_decode"


def gate_claim(metric: str = "time_ratio", *, pairs: int = 6, test: str = TEST, **fields: Any) -> Claim:
    """Return the gate an author would declare, at most 1.05 unless a field says otherwise."""
    versus = fields.pop("versus", None)
    if not {"at_most", "at_least", "within"} & fields.keys():
        fields["at_most"] = 1.05
    made = claim_of(metric, trials=pairs, design=gate_design(pairs), **fields)
    return dataclasses.replace(made, test=test, of=metric, versus=versus)


def entry_of(*claims: Claim) -> CatalogueEntry:
    """Return the catalogue entry of one benchmark."""
    group = ClaimGroup(test=claims[0].test, claims=claims, digests=tuple(claim_digest(claim) for claim in claims))
    return CatalogueEntry(group=group, key="0" * 31 + "7", module=claims[0].test.split("::", 1)[0], line=3)


def reading(low: float = 1e-3, *, peak: int | None = 1000) -> Reading:
    """Return a reading whose median and 99th percentile follow from its low."""
    return Reading(low=low, median=1.1 * low, p99=2.0 * low, peak=peak, rounds=50, iterations=1, gc="on")


def result(
    readings: Mapping[str, Reading] | None = None,
    *,
    troubles: Mapping[str, Trouble] | None = None,
    absent: frozenset[str] = frozenset(),
    uncollected: Mapping[str, str] | None = None,
    origins: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
    distributions: Mapping[str, Distribution] | None = None,
) -> Result:
    """Return what a process says."""
    return Result(
        python="3.12.0",
        status=0,
        readings=readings or {},
        troubles=troubles or {},
        absent=absent,
        uncollected=uncollected or {},
        sources=sources if sources is not None else dict.fromkeys(readings or {}, "a"),
        origins=origins or {},
        distributions=distributions or {},
    )


def owner(name: str, folder: str | None = None) -> Distribution:
    """Return a distribution."""
    return Distribution(name=name, version="1.0", folder=folder)


def place(root: Path) -> Place:
    """Return a place in a folder."""
    return Place(python="python", folder=root, rootdir=root, inifile=None)


@dataclass
class FakeRunner:
    """Answers in place of processes; remembers what was asked."""

    answer: Callable[[str, str], Result]
    """``answer(side, request)``."""
    scratch: Path
    asked: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)

    def run(self, where: Place, request: str, environment: Mapping[str, str], *, name: str) -> Result:
        """Answer for one process."""
        self.asked.append(name)
        self.requests.append(request)
        self.environments.append(environment)
        return self.answer(name, request)
