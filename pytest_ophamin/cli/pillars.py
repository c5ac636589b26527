"""``ophamin pillars``: what is installed, from where, and what it answers.

Reading the metadata of installed packages runs none of their code; importing a pillar does, so that happens only where
it is asked for (``--load``, ``--pillar``). The shipped pillars are always loaded.
"""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pytest_ophamin.cli.output import say
from pytest_ophamin.records.verify.report import Exit
from pytest_ophamin.reporting.text import indent_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterator, Sequence

    from pytest_ophamin.deciding.protocol import Pillar
    from pytest_ophamin.deciding.registry import PillarRegistry

ROLES = ("decides", "diagnoses", "synthesises")
CORE_ROLES = ("corrects", "plans", "measures")
NOT_LOADED = "not loaded"
CORRECTING, PLANNING, MEASURING = "M.fwer", "E.power", "latency"
"""Canonical names of what is no plugin, because a session needs it before, after or around any pillar."""
WIDTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One pillar, or an entry point whose pillars nobody asked to load."""

    name: str
    role: str
    """One of ``ROLES`` or ``CORE_ROLES``, or ``not loaded``."""
    answers: tuple[str, ...] = ()
    """Questions it decides, corrections it makes, what it plans or measures; sorted."""
    on_request: bool = False
    """It diagnoses only where a claim names it in ``checks=``."""
    methods: tuple[str, ...] = ()
    """Method ids with versions, where the pillar names them."""
    entry_point: str | None
    distribution: str | None
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """An entry point of the group ``ophamin`` and the distribution that declares it."""

    entry_point: str
    target: str
    distribution: str | None
    version: str | None


def run(arguments: argparse.Namespace) -> int:
    """Print a row per pillar."""
    from pytest_ophamin.deciding.registry import load_entry_points

    origins = installed_origins()
    wanted = [origin.entry_point for origin in origins] if arguments.load else list(arguments.from_entry_points)
    rows = list(pillar_rows(load_entry_points(wanted), origins, wanted))
    if arguments.json:
        for row in rows:
            say(json.dumps(asdict(row), ensure_ascii=True, sort_keys=True))
        return Exit.HOLDS
    for row in rows:
        _print(row)
    if any(row.role == NOT_LOADED for row in rows):
        say("Loading a pillar runs its package's code: --load for all, --pillar NAME for one.")
    say("Pillars of a conftest.py exist in pytest sessions only; this command reads none.")
    return Exit.HOLDS


def installed_origins() -> list[Origin]:
    """Return the entry points of the group ``ophamin``, by name, from metadata alone.

    A package that is on the path twice (a checkout, and its editable install) is listed once. Where two distributions
    declare one name, the first is the one that would be loaded.
    """
    from pytest_ophamin.deciding.registry import ENTRY_POINT_GROUP

    found = [
        Origin(
            entry_point=point.name,
            target=point.value,
            distribution=None if point.dist is None else point.dist.name,
            version=None if point.dist is None else point.dist.version,
        )
        for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
    ]
    return sorted(dict.fromkeys(found), key=lambda origin: origin.entry_point)


def pillar_rows(registry: PillarRegistry, origins: Sequence[Origin], loaded: Collection[str]) -> Iterator[Row]:
    """Yield the rows of the registry's pillars, of what is part of the core, and of the entry points not loaded."""
    from pytest_ophamin.deciding.correction import CORRECTIONS
    from pytest_ophamin.deciding.registry import SHIPPED_PLUGIN

    by_name = {origin.entry_point: origin for origin in reversed(origins)}
    shipped = by_name.get(SHIPPED_PLUGIN) or _own_origin(SHIPPED_PLUGIN)
    rows = [_row(pillar, by_name.get(registry.source_of(pillar), shipped)) for pillar in registry.all]
    for name, role, answers in (
        (CORRECTING, "corrects", sorted(CORRECTIONS)),
        (PLANNING, "plans", ["detectable effect", "power", "trials"]),
        (MEASURING, "measures", ["requests in open loop"]),
    ):
        rows.append(
            Row(
                name=name,
                role=role,
                answers=tuple(answers),
                entry_point=None,
                distribution=shipped.distribution,
                version=shipped.version,
            )
        )
    order = (*ROLES, *CORE_ROLES)
    yield from sorted(rows, key=lambda row: (order.index(row.role), row.name))
    for origin in origins:
        if origin.entry_point not in {*loaded, SHIPPED_PLUGIN}:
            yield Row(
                name=origin.entry_point,
                role=NOT_LOADED,
                entry_point=origin.entry_point,
                distribution=origin.distribution,
                version=origin.version,
            )


def _row(pillar: Pillar, origin: Origin) -> Row:
    return Row(
        name=pillar.name,
        role=next(role for role in ROLES if hasattr(pillar, role[:-1])),  # "decides": the method "decide"
        answers=tuple(sorted(getattr(pillar, "metrics", ()))),
        on_request=bool(getattr(pillar, "on_request", False)),
        methods=tuple(str(method) for method in getattr(pillar, "methods", ())),
        entry_point=origin.entry_point,
        distribution=origin.distribution,
        version=origin.version,
    )


def _own_origin(name: str) -> Origin:
    """Of the shipped pillars where this package runs from a checkout nobody installed."""
    return Origin(entry_point=name, target="ophamin_pillars", distribution="pytest-ophamin", version=None)


def _print(row: Row) -> None:
    where = f"{row.distribution or 'unknown distribution'} {row.version or '(version unknown)'}"
    say(f"{row.name:<28} {row.role}{' on request' if row.on_request else ''}")
    told = [", ".join(row.answers), f"methods {', '.join(row.methods)}" if row.methods else ""]
    for line in (line for text in told if text for line in indent_text(text, WIDTH, indent="    ", hang="      ")):
        say(line)
    say(f"    from {where}{f', entry point {row.entry_point}' if row.entry_point else ''}")
