"""What users can write is documented: hooks with their exact signature, every option, every argument."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ophamin import claim, scenario
from pytest_ophamin.hookspecs import PillarSpecs

ROOT = Path(__file__).parents[2]
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}


def test_every_hook_is_documented_with_its_signature() -> None:
    """A heading of docs/hooks.md is the hook as one implements it."""
    hooks = {name: value for name, value in vars(PillarSpecs).items() if name.startswith("ophamin_")}
    assert hooks
    for name, value in hooks.items():
        signature = str(inspect.signature(value)).replace("'", "")
        assert f"## `{name}{signature}`" in DOCS["hooks.md"]


@pytest.mark.parametrize("pattern", [r"--ophamin-[a-z]+", r"\bophamin_[a-z]+\b"])
def test_every_option_is_documented(pattern: str) -> None:
    """What `pytest --help` offers, the docs explain."""
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True, cwd=ROOT, timeout=120
    ).stdout
    offered = set(re.findall(pattern, shown)) - {"ophamin_claim", "ophamin_scenario"}
    assert offered
    assert sorted(option for option in offered if not any(option in text for text in DOCS.values())) == []


@pytest.mark.parametrize("function", [claim, scenario])
def test_every_argument_is_documented(function: object) -> None:
    """docs/claims.md names every argument of the two words."""
    assert callable(function)
    names = inspect.signature(function).parameters
    assert sorted(name for name in names if not re.search(rf"`{name}\b", DOCS["claims.md"])) == []


def test_every_verdict_is_explained_in_the_readme() -> None:
    """Nobody should have to look up what a word in the table means."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for word in ("VALIDATED", "REFUTED", "INCONCLUSIVE", "VOID", "NOT TESTED", "CORROBORATED"):
        assert f"`{word}`" in readme
