"""The little projects the study measures: benchmarks of different kinds, a base commit, and a planted slowdown.

Every benchmark repeats one piece of work a number of times. Slowed down, it repeats it a tenth more often: real work of
the same kind, in the place where the time already goes.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BASE = "base"
"""Tag of the commit that is compared with."""
TURNS = 100
SLOW_TURNS = 110
_GIT = ("git", "-c", "user.name=study", "-c", "user.email=study@example.invalid", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A function that repeats one piece of work."""

    name: str
    before: str
    """Code that runs once per call."""
    work: str
    """Code that is repeated; it may use ``turn``."""
    turns: int = TURNS
    slow_turns: int = SLOW_TURNS

    def source(self, *, slow: bool) -> str:
        """Return the function's source."""
        turns = self.slow_turns if slow else self.turns
        return f"def {self.name}():\n    {self.before}\n    for turn in range({turns}):\n        {self.work}\n"


@dataclass(frozen=True, slots=True)
class Shape:
    """A project: its benchmarks."""

    name: str
    benchmarks: tuple[Benchmark, ...]

    @property
    def digest(self) -> str:
        """Half the SHA-256 of all its versions: what sessions of one kind share."""
        texts = [self.files(slow)["work.py"] for slow in (None, *(benchmark.name for benchmark in self.benchmarks))]
        return hashlib.sha256("".join(texts).encode()).hexdigest()[:32]

    def slowed(self, index: int) -> str:
        """Return the benchmark that session ``index`` slows down: each in turn."""
        return self.benchmarks[index % len(self.benchmarks)].name

    def files(self, slow: str | None = None) -> dict[str, str]:
        """Return every file of the project, by name; ``slow`` names the benchmark that is slowed down."""
        known = [benchmark.name for benchmark in self.benchmarks]
        if slow is not None and slow not in known:
            raise ValueError(f"expected a benchmark of {known}, came {slow!r}")
        functions = [benchmark.source(slow=benchmark.name == slow) for benchmark in self.benchmarks]
        tests = [f"def test_{name}(benchmark):\n    benchmark(work.{name})\n" for name in known]
        return {
            "work.py": "\n\n".join(['"""The functions under test."""\n\nimport json\nimport re', *functions]),
            "test_speed.py": "\n\n".join(['"""Their benchmarks."""\n\nimport work', *tests]),
            "pytest.ini": "[pytest]\n",
            ".gitignore": "__pycache__/\n.pytest_cache/\n.benchmarks/\nproofs/\n",
        }


def count(size: int = 1, turns: int = TURNS, slow: int = SLOW_TURNS, name: str = "count") -> Benchmark:
    """Return a benchmark of integer arithmetic."""
    inner = (
        "total = (total * 31 + turn) & 0xFFFF"
        if size == 1
        else (f"total = sum((total * k) & 0xFF for k in range({size}))")
    )
    return Benchmark(name, "total = 1", inner, turns, slow)


def text(size: int = 4, name: str = "text") -> Benchmark:
    """Return a benchmark of dictionaries and strings."""
    return Benchmark(
        name,
        f"names = {{k: 'name %d' % k for k in range({size})}}",
        "line = ','.join(names[k].upper() + str(turn) for k in names)",
    )


def match(size: int = 4, name: str = "match") -> Benchmark:
    """Return a benchmark of regular expressions."""
    return Benchmark(
        name, f"line = 'spam and 42 eggs at 12:30 ' * {size}", "found = re.findall(r'(\\d+):(\\d+)|eggs', line)"
    )


def order(size: int = 40, name: str = "order") -> Benchmark:
    """Return a benchmark of sorting with a key."""
    return Benchmark(
        name,
        f"rows = [(k * 7919 % 101, str(k)) for k in range({size})]",
        "ranked = sorted(rows, key=lambda row: (row[0] ^ turn, row[1]))",
    )


def store(size: int = 12, name: str = "store") -> Benchmark:
    """Return a benchmark of JSON."""
    return Benchmark(
        name,
        f"document = [{{'id': k, 'name': 'n%d' % k, 'tags': ['a', 'b'], 'at': k / 7}} for k in range({size})]",
        "copy = json.loads(json.dumps(document, sort_keys=True))",
    )


def allocate(size: int = 250, name: str = "allocate") -> Benchmark:
    """Return a benchmark of allocating and freeing many small objects."""
    return Benchmark(name, "kept = None", f"kept = [[k, {{'value': k}}] for k in range({size})]")


# Calling the fastest takes a sixth of its time: 36 of 32 turns make a tenth more of the whole.
SIX = Shape("six", (count(turns=32, slow=36), text(), match(), order(), store(130), allocate()))
"""Six benchmarks from about a microsecond to about 20 milliseconds."""

TWENTY = Shape(
    "twenty",
    tuple(
        make(size, name=f"{make.__name__}_{size}")
        for make, sizes in (
            (count, (2, 8, 32)),
            (text, (1, 4, 16, 32)),
            (match, (1, 4, 16, 32)),
            (order, (4, 16, 64)),
            (store, (1, 4, 16)),
            (allocate, (10, 50, 200)),
        )
        for size in sizes
    ),
)
"""Twenty functions, one of which is slowed down."""


@dataclass(frozen=True, slots=True)
class Project:
    """A shape in a git repository of its own."""

    folder: Path
    shape: Shape

    @classmethod
    def create(cls, folder: Path, shape: Shape) -> Project:
        """Write the project and commit it as the base."""
        folder.mkdir(parents=True)
        project = cls(folder, shape)
        project._git("init", "--quiet", "--initial-branch=main")
        project._write(None)
        project._git("add", ".")
        project._git("commit", "--quiet", "--message", BASE)
        project._git("tag", BASE)
        return project

    def show(self, slow: str | None) -> None:
        """Check out a candidate: the base, or a commit on top of it that slows one benchmark down."""
        self._git("checkout", "--quiet", "--force", "--detach", BASE)
        self._write(slow)
        if slow is not None:
            self._git("commit", "--quiet", "--all", "--message", f"slower: {slow}")

    def _write(self, slow: str | None) -> None:
        for name, content in self.shape.files(slow).items():
            (self.folder / name).write_text(content, encoding="utf-8")

    def _git(self, *arguments: str) -> None:
        command: Sequence[str] = [*_GIT, *arguments]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
