"""Read the examples of a Markdown page, and run them as a reader would.

Fences say what they are:

    ```python file=test_spam.py     written to that file, in the page's own folder
    ```python                       run as a script there
    ```toml file=pyproject.toml     written (any language with file=)
    ```console                      each `$ command` is run; it must exit 0, or with exit=N of the fence (last command)
    ```sh, ```text, ...             not run: installation lines and pictures

Lines below a command are its expected output, in order; `...` stands for any text, also within a line. What comes
between and after them is free.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FORGOTTEN = ("CI", "COV", "GIT", "OPHAMIN", "PYTEST")
"""Beginnings of environment variables a reader does not have."""
_PLUGINS = ("ophamin", "xdist", "no:cacheprovider")


@dataclass(frozen=True)
class Command:
    """One `$ command` and what it must do."""

    text: str
    status: int
    expected: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """One fence of a page."""

    page: str
    line: int
    language: str
    body: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[Command]:
        """The commands of a console example."""
        chunks = [chunk for chunk in re.split(r"^\$ ", self.body, flags=re.MULTILINE) if chunk.strip()]
        found = []
        for number, chunk in enumerate(chunks, start=1):
            text, *expected = chunk.rstrip("\n").split("\n")
            status = int(self.options.get("exit", "0")) if number == len(chunks) else 0
            found.append(Command(text=text, status=status, expected=tuple(line for line in expected if line.strip())))
        return found


def read_examples(page: Path) -> list[Example]:
    """Return the fences of ``page`` in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Example(
            page=page.name,
            line=text.count("\n", 0, match.start()) + 1,
            language=match["language"],
            body=match["body"],
            options=dict(pair.split("=", 1) for pair in match["info"].split()),
        )
        for match in _FENCE.finditer(text)
    ]


class Reader:
    """Someone who follows a page from top to bottom, in a new folder under git."""

    def __init__(self, folder: Path, *, plugins: tuple[str, ...] = ()) -> None:
        self.folder = folder
        home = folder.parent / f"{folder.name}-home"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_FORGOTTEN)},
            "COLUMNS": "80",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": " ".join(f"-p {plugin}" for plugin in (*_PLUGINS, *plugins)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_CONFIG_HOME": str(home),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "reader",
            "GIT_AUTHOR_EMAIL": "reader@example.org",
            "GIT_COMMITTER_NAME": "reader",
            "GIT_COMMITTER_EMAIL": "reader@example.org",
        }
        self._run(["git", "init", "--quiet", "--initial-branch=main"])

    def follow(self, example: Example) -> None:
        """Do what one example shows.

        Raises:
            AssertionError: It does not do what the page says.
        """
        if "file" in example.options:
            path = self.folder / example.options["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(example.body, encoding="utf-8")
        elif example.language == "python":
            done = self._run([sys.executable, "-c", example.body])
            assert done.returncode == 0, f"{example.place}\n{done.stdout}"
        elif example.language == "console":
            for command in example.commands:
                self._check(example, command)

    def _check(self, example: Example, command: Command) -> None:
        done = self._run(_resolve(shlex.split(command.text)))
        told = f"{example.place}\n$ {command.text}\n{done.stdout}(exit {done.returncode})"
        assert done.returncode == command.status, told
        missing = _first_missing(command.expected, done.stdout.splitlines())
        assert missing is None, f"not in the output, or not in this order: {missing!r}\n{told}"

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=300,
        )


def _resolve(arguments: list[str]) -> list[str]:
    """Run pytest and ophamin from this very environment, whatever is on PATH."""
    name, *rest = arguments
    if name == "pytest":
        return [sys.executable, "-m", "pytest", *rest]
    if name == "ophamin":
        return [sys.executable, "-c", "import sys; from pytest_ophamin.cli import main; sys.exit(main())", *rest]
    if name == "python":
        return [sys.executable, *rest]
    return arguments


def _first_missing(expected: tuple[str, ...], output: list[str]) -> str | None:
    """Return the first expected line that does not follow the previous one in the output."""
    rest = iter(output)
    for line in expected:
        if line.strip() == "...":
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in line.strip().split("...")))
        if not any(pattern.fullmatch(came.strip()) for came in rest):
            return line
    return None
