"""The tables of docs/validation, written from what was measured: page and code cannot disagree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from diagnosed import HEALTHY, OUTSIDE, PLANTED, World

from error_study import results
from error_study.cases import RUNS, Case
from error_study.catalogue import AREAS
from error_study.enumerated import ENUMERATED
from error_study.measuring import ERRORS, levels_of
from error_study.of_dependence import DEPENDENT, DESIGNS, INDEPENDENT
from error_study.of_series import POOLED, WATCHED
from error_study.of_sessions import CORRECTIONS, LEVELS
from error_study.results import FOLDER, Results

TABLE = re.compile(r"(?<=<!-- table: )([a-z ]+) -->\n(?:(?!<!-- end -->).)*(?=<!-- end -->)", re.DOTALL)
"""What stands between ``<!-- table: arms inside -->`` and ``<!-- end -->`` is written by the study."""
HEADS = "VALIDATED", "REFUTED", "lower", "upper"


def write_pages() -> None:
    """Write all tables anew."""
    for path in pages():
        path.write_text(rendered(path.read_text(encoding="utf-8")), encoding="utf-8")


def pages() -> list[Path]:
    """Return the pages of docs/validation."""
    return sorted(FOLDER.glob("*.md"))


def rendered(page: str) -> str:
    """Return a page with its tables as they follow from the measurements."""
    return TABLE.sub(lambda found: f"{found[1]} -->\n\n{TABLES[found[1]]()}\n\n", page)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    lines = [list(heads), ["---" for _ in heads], *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(count: float, runs: float = 1.0) -> str:
    """Return a share in percent, without the sign."""
    return f"{100.0 * count / runs:.2f}"


def level(value: float) -> str:
    """Return a level in percent."""
    return f"{100.0 * value:g}"


def of_cases(area: str, *, inside: bool) -> str:
    """Return the table of simulated claims."""
    found = results.load(area)
    rows = [_row(case, found) for case in AREAS[area] if case.inside is inside and case.about in found]
    return table(("claim", "n", "method", "levels", *HEADS), rows)


def _row(case: Case, found: Results) -> list[str]:
    kept, claim = found[case.about], case.claim
    levels = levels_of(claim)
    runs = int(kept["runs"])
    few = "" if runs == RUNS else f" ({runs:,} claims)"
    method = f"`{case.method}`, {'exact' if case.exact else 'approximate'}"
    both = list(kept["counts"].values())
    shown = both if case.is_within or claim.margin > 0.0 else both[:1]
    figures = [", ".join(percent(counts[error], runs) for counts in shown) for error in ERRORS]
    if claim.kind == "quantile" and claim.design.can_stop_early:
        figures[2:] = ["none", "none"]
    return [
        f"{case.about}{few}",
        f"{claim.trials:,}",
        method,
        f"{level(levels['validated'])}, {level(levels['refuted'])}",
        *figures,
    ]


def of_enumerations(name: str) -> str:
    """Return the table of enumerated claims."""
    found, rows = results.load(name), []
    for each in ENUMERATED[name]:
        about = f"{each.about}, n {each.n}" if name == "counts" else each.about
        if about in found:
            rates = found[about]["rates"].values()
            figures = [", ".join(percent(rate[error]) for rate in rates) for error in ERRORS]
            if each.about == "quantile within":
                figures[2:] = ["as above", "as above"]
            elif each.question.startswith("quantile+"):
                figures[2:] = ["none", "none"]
            levels = ", ".join(level(value) for value in each.levels)
            rows.append([each.about, f"{each.n:,}", f"`{each.method}`", levels, *figures])
    return table(("claim", "n" if name == "counts" else "cap", "method", "levels", *HEADS), rows)


def of_sessions() -> str:
    """Return the table of whole campaigns."""
    rows = [
        [f"`{name}`", *(percent(found["counts"][name][kind], found["runs"]) for kind in LEVELS)]
        for found in results.load("sessions").values()
        for name in CORRECTIONS
    ]
    return table(("correction", "a false VALIDATED", "a false REFUTED", "either"), rows)


def of_pooled() -> str:
    """Return the table of pooled campaigns."""
    found = results.load("series")
    rows = [
        [name, *(percent(found[name][kind], found[name]["runs"]) for kind in ("lower", "upper", "prediction"))]
        for name in POOLED
        if name in found
    ]
    return table(("series", "lower", "upper", "prediction"), rows)


def of_watched() -> str:
    """Return the table of alarms about series."""
    found = results.load("series")
    rows = [
        [name, f"{found[name]['runs']:,}", percent(found[name]["alarms"], found[name]["runs"])]
        for name in WATCHED
        if name in found
    ]
    return table(("series", "number", "warned about"), rows)


def of_dependence(names: Iterable[str]) -> str:
    """Return the table of samples suspected of serial dependence."""
    found = results.load("dependence")
    rows = [
        [
            name,
            f"{found[name]['runs']:,}",
            percent(found[name]["void"], found[name]["runs"]),
            percent(found[name]["alarms"], found[name]["runs"]),
        ]
        for name in names
        if name in found
    ]
    return table(("samples", "number", "void", "void or warned about"), rows)


def of_worlds(area: str, worlds: dict[str, World]) -> str:
    """Return the table of requested diagnoses."""
    found = results.load(area)
    rows = [
        [
            name,
            f"{found[name]['runs']:,}",
            percent(found[name]["alarms"], found[name]["runs"]),
            level(world.level),
            _standing(world) if area == "healthy" else "",
        ][: 5 if area == "healthy" else 4]
        for name, world in worlds.items()
        if name in found
    ]
    return table(("world", "samples", "told", "level", "")[: 5 if area == "healthy" else 4], rows)


def _standing(world: World) -> str:
    if world.factor > 1.0:
        return "approximate"
    return "a limit, conservative" if world.claim.design.checks[0].option("method", "") == "cusum" else "exact"


TABLES: dict[str, Callable[[], str]] = {
    **{f"{area} inside": partial(of_cases, area, inside=True) for area in AREAS},
    **{f"{area} outside": partial(of_cases, area, inside=False) for area in AREAS},
    **{name: partial(of_enumerations, name) for name in ENUMERATED},
    "sessions": of_sessions,
    "pooled": of_pooled,
    "watched": of_watched,
    "independent": partial(of_dependence, INDEPENDENT),
    "designs": partial(of_dependence, DESIGNS),
    "dependent": partial(of_dependence, DEPENDENT),
    "healthy": partial(of_worlds, "healthy", HEALTHY),
    "planted": partial(of_worlds, "planted", PLANTED),
    "outside": partial(of_worlds, "outside", OUTSIDE),
}
