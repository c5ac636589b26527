"""Every example of README and docs runs, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from examples import Example, Reader, read_examples

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_EXAMPLES = [page for page in PAGES if read_examples(page)]


def _plugins_of(page: Path, examples: list[Example]) -> tuple[str, ...]:
    """Return the plugins a page needs beside ours: some cost a second of every session."""
    laws = any("hypothesis" in example.body for example in examples)
    return (*(("hypothesispytest",) if laws else ()), *(("benchmark",) if "benchmark" in page.name else ()))


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=_name)
def test_a_reader_who_follows_the_page_sees_what_it_says(page: Path, tmp_path: Path) -> None:
    """Files are written, scripts and commands run, in the order of the page, in one new folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    examples = read_examples(page)
    reader = Reader(folder, plugins=_plugins_of(page, examples))
    for example in examples:
        reader.follow(example)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file, and its anchor a heading of that file."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = page if not name else page.parent / name
        assert file.exists(), f"{_name(page)}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{_name(page)}: {target}"


def test_the_two_commands_of_the_readme_are_the_ones_ci_runs() -> None:
    """`.ci/run` and the workflow run the README's command lines, word for word."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    campaign, tests = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)
    assert campaign.endswith("run -e campaign")
    assert tests.endswith("run -qq -e tests")
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert f"run: {campaign}" in workflow
    assert "run: .ci/run" in workflow


def test_console_examples_are_read_as_written() -> None:
    """Commands, their expected lines, and the status of the last one."""
    example = Example(
        page="x.md", line=1, language="console", body="$ a b\none\n...\n$ c\ntwo\n", options={"exit": "1"}
    )
    assert [(c.text, c.status, c.expected) for c in example.commands] == [
        ("a b", 0, ("one", "...")),
        ("c", 1, ("two",)),
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("$ python -c 'print(1)'\n2\n", "not in the output"),
        ("$ python -c 'print(1); print(2)'\n2\n1\n", "not in this order"),
        ("$ python -c 'raise SystemExit(3)'\n", r"\(exit 3\)"),
    ],
)
def test_an_example_that_is_not_true_fails(body: str, message: str, tmp_path: Path) -> None:
    """The reader is not easily pleased."""
    example = Example(page="x.md", line=1, language="console", body=body)
    with pytest.raises(AssertionError, match=message):
        Reader(tmp_path).follow(example)
