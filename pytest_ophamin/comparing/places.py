"""Where a side runs: its interpreter, its folders, and what its processes find on their import path."""

from __future__ import annotations

import configparser
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ophamin.comparing.request import Distribution

_NOT_INHERITED = (
    "OPHAMIN_SIGNING_KEY",
    "PYTEST_CURRENT_TEST",
    "PYTHONDONTWRITEBYTECODE",  # both sides compile once, into a cache of the gate's own
    "PYTHONHASHSEED",
    "PYTHONPATH",
)
_NOT_INHERITED_PREFIXES = ("PYTEST_XDIST_", "COV_CORE_", "COVERAGE_PROCESS_")
_PAD = "OPHAMIN_GATE_PAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A tree and an interpreter."""

    python: str
    """Path of the interpreter."""
    folder: Path
    """Working folder of its processes."""
    rootdir: Path
    inifile: Path | None
    paths: tuple[Path, ...] = ()
    """First entries of the import path."""

    def moved(self, old: Path, new: Path) -> Place:
        """Return the same place in another tree: everything below ``old`` lies below ``new`` instead."""

        def move(path: Path) -> Path:
            return new / path.relative_to(old) if path.is_relative_to(old) else path

        return replace(
            self,
            folder=move(self.folder),
            rootdir=move(self.rootdir),
            inifile=None if self.inifile is None else move(self.inifile),
            paths=tuple(move(path) for path in self.paths),
        )


def own_entries(entries: Iterable[str], tree: Path, prefix: str) -> tuple[Path, ...]:
    """Return the entries of an import path that lie in ``tree``, those of an environment inside it left out."""
    found = []
    for entry in entries:
        path = Path(entry or ".").absolute()
        if _is_of(path, tree) and not path.is_relative_to(prefix):
            found.append(path.resolve())
    return tuple(dict.fromkeys(found))


def is_installed(path: Path) -> bool:
    """Tell whether a file belongs to an installed distribution rather than to a source tree."""
    return bool({"site-packages", "dist-packages"} & set(path.parts))


def import_roots(origins: Mapping[str, str], tree: Path, tests: Iterable[str]) -> tuple[Path, ...]:
    """Return the folders from which the modules of ``tree`` were imported, however the interpreter found them.

    An editable install may map names to folders that stand on no import path.

    Args:
        origins: File of every outermost module of a process.
        tree: The project's tree.
        tests: Absolute paths of test files: pytest imports those by itself.
    """
    known = set(tests)
    roots = []
    for name, file in strays(origins, tree).items():
        path = Path(file)
        if file in known or path.name == "conftest.py":
            continue
        packages = name.count(".") + path.name.startswith("__init__.")  # that it lies in
        if tree in path.parents[packages:]:
            roots.append(path.parents[packages])
    return tuple(dict.fromkeys(roots))


def strays(origins: Mapping[str, str], tree: Path) -> dict[str, str]:
    """Return the real files of the modules a process imported out of ``tree``, by name: another side's code."""
    return {
        name: os.path.realpath(file)
        for name, file in sorted(origins.items())
        if name != "__main__" and _is_of(Path(file), tree)
    }


def shadowed(origins: Mapping[str, str], folders: Iterable[Path]) -> dict[str, str]:
    """Return the modules a process imported as installed though a tree holds their source, by name.

    Args:
        origins: File of every outermost module of the process.
        folders: Where sources may lie: directly there, or below ``src``.
    """
    places = [place for folder in folders for place in (folder, folder / "src")]
    return {
        name: file
        for name, file in sorted(origins.items())
        if is_installed(Path(file)) and any(_has_source(place, name) for place in places)
    }


def is_beside_tests(path: Path, tests: Iterable[Path], tree: Path) -> bool:
    """Tell whether a file is a test, a conftest.py, or a helper in a folder of tests (but not of the whole tree)."""
    folders = {test.parent for test in tests}
    if path.name == "conftest.py" or path in set(tests):
        return True
    if path.name == "__init__.py":  # a package: of tests, if a test lies in it
        return any(folder.is_relative_to(path.parent) for folder in folders)
    return path.parent in folders - {tree}


def built_from(distributions: Mapping[str, Distribution], folders: Collection[Path]) -> dict[str, Distribution]:
    """Return, by module, the distributions that are builds of what lies in ``folders``.

    They have the name of a project there, or were installed from there: from the folder, one below it, or a file in it.

    Args:
        distributions: Owners of modules' names.
        folders: The work tree, and folders in it that may name a project of their own.
    """
    names = {name for folder in folders for name in _project_names(folder)}
    return {
        name: owner
        for name, owner in distributions.items()
        if _canonical(owner.name) in names
        or (owner.folder is not None and any(Path(owner.folder).resolve().is_relative_to(folder) for folder in folders))
    }


def _project_names(folder: Path) -> set[str]:
    """Return the names a folder's pyproject.toml and setup.cfg give its project; none where they cannot be read."""
    names: list[object] = []
    with suppress(OSError, ValueError):
        document = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        names += [_within(document, "project", "name"), _within(document, "tool", "poetry", "name")]
    with suppress(OSError, ValueError, configparser.Error):
        setup = configparser.ConfigParser(interpolation=None)
        setup.read_string((folder / "setup.cfg").read_text(encoding="utf-8"))
        names.append(setup.get("metadata", "name", fallback=None))
    return {_canonical(name) for name in names if isinstance(name, str)}


def _within(document: object, *path: str) -> object:
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _canonical(name: str) -> str:
    """Return a distribution's name as all its spellings compare (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _has_source(folder: Path, name: str) -> bool:
    module = folder.joinpath(*name.split("."))
    return (module / "__init__.py").is_file() or module.with_name(f"{module.name}.py").is_file()


def _is_of(path: Path, tree: Path) -> bool:
    return not is_installed(path) and path.resolve().is_relative_to(tree)


def environment_of(place: Place, *, hash_seed: int, cache: Path, size: int = 0) -> dict[str, str]:
    """Return the environment of one process.

    Args:
        place: Where it runs.
        hash_seed: Its ``PYTHONHASHSEED``.
        cache: Folder of compiled files, the same for all sides.
        size: Length the environment is padded to: where it ends moves the stack, and with it the timings (Mytkowicz et
            al. 2009, ASPLOS: "Producing wrong data without doing anything obviously wrong").
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_INHERITED and not name.startswith(_NOT_INHERITED_PREFIXES)
    }
    environment["PYTHONHASHSEED"] = f"{hash_seed:010}"
    environment["PYTHONPYCACHEPREFIX"] = str(cache)
    if place.paths:
        environment["PYTHONPATH"] = os.pathsep.join(map(str, place.paths))
    environment[_PAD] = ""
    environment[_PAD] = "." * max(0, size - environment_size(environment))
    return environment


def environment_size(environment: Mapping[str, str]) -> int:
    """Return the bytes an environment takes."""
    return sum(len(os.fsencode(name)) + len(os.fsencode(value)) + 2 for name, value in environment.items())
