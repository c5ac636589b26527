"""What users can write is documented: hooks with their exact signature, every option, every argument."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from error_rates import shipped

from pytest_ophamin import claim, scenario
from pytest_ophamin.cli import main
from pytest_ophamin.hookspecs import PillarSpecs

ROOT = Path(__file__).parents[2]
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
TESTS = {
    path.name: path.read_text(encoding="utf-8")
    for folder in ("unit", "plugin", "statistical", "support")
    for path in (ROOT / "tests" / folder).glob("*.py")
}
CONFORMANCE = {"test_pillars_conformance.py", "pillar_examples.py"}
HOOKS = {name: value for name, value in vars(PillarSpecs).items() if name.startswith("ophamin_")}


def test_every_hook_is_documented_with_its_signature() -> None:
    """A heading of docs/hooks.md is the hook as one implements it."""
    assert HOOKS
    for name, value in HOOKS.items():
        signature = str(inspect.signature(value)).replace("'", "")
        assert f"## `{name}{signature}`" in DOCS["hooks.md"]


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_has_a_test(name: str) -> None:
    """Some test implements it."""
    assert [test for test, text in TESTS.items() if f"def {name}(" in text]


@pytest.mark.parametrize("name", sorted({pillar.name for pillar in shipped().all}))
def test_every_shipped_pillar_is_documented(name: str) -> None:
    """Some page names it, as code."""
    assert [page for page, text in DOCS.items() if f"`{name}`" in text], f"no page of docs/ names `{name}`"


@pytest.mark.parametrize("pillar", shipped().all, ids=lambda pillar: f"{pillar.name}-{type(pillar).__name__}")
def test_every_method_of_a_shipped_pillar_has_a_test(pillar: object) -> None:
    """A shipped pillar names its methods; a test beside the conformance check names each of them, or the pillar."""
    methods: tuple[str, ...] = getattr(pillar, "methods", ())
    assert methods, f"{type(pillar).__name__} names no methods"
    tested = "\n".join(text for name, text in TESTS.items() if name not in CONFORMANCE)
    if type(pillar).__name__ in tested or f'"{pillar.name}"' in tested:  # type: ignore[attr-defined]
        return
    assert [method for method in methods if method not in tested] == []


def test_every_question_a_pillar_answers_is_documented() -> None:
    """docs/pillars.md lists the shipped pillars with the metric kinds and designs they decide."""
    table = DOCS["pillars.md"]
    missing = [question for pillar in shipped().deciding for question in pillar.metrics if f"`{question}`" not in table]
    assert sorted(missing) == []


def test_every_page_stands_in_the_index() -> None:
    """docs/README.md leads to all pages, and README.md to it."""
    index = DOCS["README.md"]
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(page for page in pages if page != "README.md" and f"({page})" not in index) == []
    assert "(docs/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


METHOD_PAGES = re.findall(
    r"^\| (`.*`) \| \[.*\]\((\S+)\) \|$", DOCS["README.md"].split("## Where each")[1], re.MULTILINE
)
NAMED = {name: page for names, page in METHOD_PAGES for name in re.findall(r"`(\S+)`", names)}


def test_every_canonical_pillar_has_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The index says which; `ophamin pillars` lists every one of them."""
    main(["pillars"])
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")}
    assert set(NAMED) <= listed
    assert {name for name in listed if "." in name and not name.startswith("arms.")} <= set(NAMED)


@pytest.mark.parametrize("page", sorted(set(NAMED.values())))
def test_the_page_of_a_method_is_whole(page: str) -> None:
    """It names the method, cites sources with years, runs an example on data that a package ships, and tells limits."""
    text = DOCS[page]
    assert [name for name, its in NAMED.items() if its == page and f"`{name}`" not in text] == []
    assert re.search(r"\b(18|19|20)\d\d\b", text)
    assert "from sklearn.datasets import" in text
    assert re.search(r"\*\*Limits\*\*|^## Limits$", text, re.MULTILINE)


def test_a_pillar_fits_into_fifty_lines() -> None:
    """The title of docs/write-a-pillar.md is true."""
    code = re.search(r"^```python file=mean_life.py\n(.*?)^```$", DOCS["write-a-pillar.md"], re.MULTILINE | re.DOTALL)
    assert code is not None
    assert len(code[1].splitlines()) <= 50


def test_every_command_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """What `ophamin --help` offers, the docs show at work."""
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"^    ([a-z]+)(?: |$)", capsys.readouterr().out, re.MULTILINE)
    assert {"verify", "synthesise", "pillars"} <= set(commands)
    assert [word for word in commands if not any(f"ophamin {word}" in text for text in DOCS.values())] == []


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
