"""How this session was called: what another call needs to collect the same test and to make the same draws."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_ophamin.reporting.describe import Call

_CONFIG_FILES = (
    *("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"),
    *("pyproject.toml", "tox.ini", "setup.cfg"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Where and with which options pytest was started."""

    rootdir: Path
    """Folder that node ids start from."""
    seen_from: Path
    """Folder pytest was started in."""
    ini: Path | None
    """The configuration file in force."""
    options: tuple[str, ...]
    """Options given that decide what is collected, or draws."""
    is_rooted: bool
    """Whether they fix the rootdir."""

    @classmethod
    def of(cls, config: pytest.Config) -> Invocation:
        """Read what ``config`` was made from."""
        seen_from = Path(config.invocation_params.dir)
        placed = tuple(_placed(config))
        return cls(
            rootdir=config.rootpath,
            seen_from=seen_from,
            ini=config.inipath,
            options=(*placed, *_plugins(config), *_drawn(config)),
            is_rooted=bool(placed),
        )

    def call_of(self, test: str) -> Call:
        """Return how to run ``test``, a node id, from the folder this session was started in."""
        from pytest_ophamin.reporting.describe import Call  # a claim failed

        path, separator, rest = test.partition("::")
        return Call(
            program=("python", "-m", "pytest") if _imported_from(self.seen_from) else ("pytest",),
            options=(*self._root(self.rootdir / path), *self.options),
            test=f"{_relative(self.rootdir / path, self.seen_from)}{separator}{rest}",
        )

    def _root(self, file: Path) -> tuple[str, ...]:
        """Return the option without which pytest would find another rootdir, and another node id, for this one file."""
        if self.is_rooted:
            return ()
        if self.ini is not None:
            return ("-c", _relative(self.ini, self.seen_from)) if self._has_config_below(file) else ()
        # Without a configuration file the rootdir is what the arguments and the folder have in common.
        alone = Path(os.path.commonpath((self.seen_from, file.parent)))
        if alone == self.rootdir and not self._has_config_below(file):
            return ()
        return ("--rootdir", _relative(self.rootdir, self.seen_from))

    def _has_config_below(self, file: Path) -> bool:
        between = (folder for folder in file.parents if self.rootdir in folder.parents)
        return any((folder / name).is_file() for folder in between for name in _CONFIG_FILES)


def _imported_from(folder: Path) -> bool:
    """Tell whether `python -m pytest` may be needed: `pytest` does not put the folder it is started in on sys.path.

    So it is when something lies there that was imported, and that pytest did not collect.
    """
    if PurePath(sys.argv[0]).name != "__main__.py":
        return False
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or "." in name or name == "conftest" or name.startswith("test_"):
            continue
        path = Path(file)
        if folder == (path.parent.parent if path.stem == "__init__" else path.parent):
            return True
    return False


def _relative(path: Path, start: Path) -> str:
    try:
        return Path(os.path.relpath(path, start)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def _placed(config: pytest.Config) -> Iterator[str]:
    for option, name in (("-c", "inifilename"), ("--rootdir", "rootdir")):
        given = config.getoption(name, None)
        if given:
            yield from (option, str(given))


def _plugins(config: pytest.Config) -> Iterator[str]:
    """Plugins asked for on this command line: they may bring fixtures, or the pillar of a claim."""
    arguments = [str(argument) for argument in config.invocation_params.args]
    for place, argument in enumerate(arguments):
        given = argument[2:] if argument.startswith("-p") else ""
        if argument == "-p" and place + 1 < len(arguments):
            given = arguments[place + 1]
        if given and not given.startswith("no:"):
            yield from ("-p", given)


def _drawn(config: pytest.Config) -> Iterator[str]:
    """Options that are part of every claim's digest, which its draws follow from."""
    for override in config.getoption("override_ini", None) or ():
        yield from ("-o", str(override))
    for option in ("--ophamin-seed", "--ophamin-alpha"):
        given = config.getoption(option)
        if given is not None:
            yield from (option, str(given))
