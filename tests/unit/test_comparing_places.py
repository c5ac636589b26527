"""Where a side runs: what is of the work tree, what is installed, and the environment of a process."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from gated import owner, place

from pytest_ophamin.comparing.places import (
    built_from,
    environment_of,
    environment_size,
    import_roots,
    is_beside_tests,
    own_entries,
    shadowed,
    strays,
)


def test_a_place_moves_with_its_tree(tmp_path: Path) -> None:
    """What lies in the tree lies in the other one; what lies outside stays."""
    old, new = tmp_path / "old", tmp_path / "new"
    here = dataclasses.replace(
        place(old / "sub"), inifile=old / "pyproject.toml", paths=(old / "src", Path("/opt/lib"))
    )
    there = here.moved(old, new)
    assert (there.folder, there.inifile) == (new / "sub", new / "pyproject.toml")
    assert there.paths == (new / "src", Path("/opt/lib"))


def test_only_source_folders_of_the_tree_are_its_own_entries(tmp_path: Path) -> None:
    """An environment inside the tree, installed packages and other folders are not what is compared."""
    entries = [
        str(tmp_path / "src"),
        str(tmp_path / ".venv" / "lib"),
        str(tmp_path / "x" / "site-packages"),
        "/usr/lib",
    ]
    found = own_entries(entries, tmp_path, str(tmp_path / ".venv"))
    assert found == (tmp_path / "src",)


def test_a_tree_is_recognised_behind_a_symbolic_link(tmp_path: Path) -> None:
    """A path through a link leads to the work tree all the same: such modules are no foreign ones."""
    tree, link = tmp_path / "tree", tmp_path / "link"
    (tree / "src").mkdir(parents=True)
    (tree / "src" / "pkg.py").touch()
    link.symlink_to(tree)
    assert own_entries([str(link / "src")], tree, "/opt/env") == (tree / "src",)
    origins = {"pkg": str(link / "src" / "pkg.py")}
    assert strays(origins, tree) == {"pkg": str(tree / "src" / "pkg.py")}
    assert import_roots(origins, tree, []) == (tree / "src",)


def test_namespaces_and_extensions_are_of_the_tree_too(tmp_path: Path) -> None:
    """What lies in a namespace package leads above it; a compiled module is code under test like any other."""
    origins = {
        "ns.mine": str(tmp_path / "src" / "ns" / "mine" / "__init__.py"),
        "ns.sub.other": str(tmp_path / "lib" / "ns" / "sub" / "other.py"),
        "fast": str(tmp_path / "build" / "fast.cpython-312-x86_64-linux-gnu.so"),
        "packed": str(tmp_path / "more" / "packed" / "__init__.cpython-312-x86_64-linux-gnu.so"),
        "a.b.c": str(tmp_path / "c.py"),  # named as no folder is: it gives none
    }
    roots = import_roots(origins, tmp_path, [])
    assert set(roots) == {tmp_path / name for name in ("src", "lib", "build", "more")}
    assert set(strays(origins, tmp_path)) == set(origins)
    installed = {"ns.mine": "/env/site-packages/ns/mine/__init__.py", "ns.else": "/env/site-packages/ns/else.py"}
    (tmp_path / "src" / "ns" / "mine").mkdir(parents=True)
    (tmp_path / "src" / "ns" / "mine" / "__init__.py").touch()
    assert set(shadowed(installed, [tmp_path])) == {"ns.mine"}


def test_builds_of_the_tree_are_known_by_name_or_folder(tmp_path: Path) -> None:
    """An installer writes the folder down; a build from elsewhere has the project's name, however it is spelt."""
    owners = {
        "here": owner("x", str(tmp_path)),
        "wheel": owner("y", str(tmp_path / "dist" / "y-1.0-py3-none-any.whl")),
        "named": owner("My.Project"),
        "numpy": owner("numpy", "/elsewhere"),
    }
    built = {"here", "wheel"}
    assert set(built_from(owners, (tmp_path,))) == built
    pyproject, setup = tmp_path / "pyproject.toml", tmp_path / "setup.cfg"
    for text in ('[project]\nname = "my_project"\n', '[tool.poetry]\nname = "My-Project"\n'):
        pyproject.write_text(text)
        assert set(built_from(owners, (tmp_path,))) == {*built, "named"}
    for text in ("project = 3", "[[", "[project]\nname = 3"):
        pyproject.write_text(text)
        assert set(built_from(owners, (tmp_path,))) == built
    setup.write_text("[metadata]\nname = my_project\nversion = %(odd\n")
    assert set(built_from(owners, (tmp_path,))) == {*built, "named"}
    setup.write_text("no section")
    assert set(built_from(owners, (tmp_path,))) == built


def test_import_roots_are_found_from_what_was_imported(tmp_path: Path) -> None:
    """A package gives the folder above it, a module its folder; tests and foreign modules give none."""
    test = tmp_path / "tests" / "test_a.py"
    origins = {
        "pkg": str(tmp_path / "src" / "pkg" / "__init__.py"),
        "single": str(tmp_path / "lib" / "single.py"),
        "test_a": str(test),
        "conftest": str(tmp_path / "conftest.py"),
        "numpy": "/usr/lib/numpy/__init__.py",
        "__main__": str(tmp_path / "child.py"),
    }
    assert import_roots(origins, tmp_path, [str(test)]) == (tmp_path / "src", tmp_path / "lib")
    assert list(strays(origins, tmp_path)) == ["conftest", "pkg", "single", "test_a"]


@pytest.mark.parametrize(
    ("file", "beside"),
    [
        ("tests/test_a.py", True),
        ("conftest.py", True),
        ("tests/helpers.py", True),
        ("tests/__init__.py", True),
        ("pkg/__init__.py", False),
        ("single.py", False),
    ],
)
def test_helpers_beside_tests_are_no_code_under_test(file: str, beside: bool, tmp_path: Path) -> None:
    """What pytest brings along may come from this tree; the project may not."""
    assert is_beside_tests(tmp_path / file, [tmp_path / "tests" / "test_a.py"], tmp_path) is beside


def test_environments_of_all_sides_take_the_same_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment ends moves the stack: a longer path must not show in the timings."""
    monkeypatch.setenv("OPHAMIN_SIGNING_KEY", "secret")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    short = place(tmp_path)
    long = dataclasses.replace(short, paths=(tmp_path / "a" / "rather" / "long" / "path",))
    sizes = [environment_size(environment_of(each, hash_seed=1, cache=tmp_path)) for each in (short, long)]
    made = [environment_of(each, hash_seed=7, cache=tmp_path, size=max(sizes)) for each in (short, long)]
    assert environment_size(made[0]) == environment_size(made[1]) == max(sizes)
    assert made[1]["PYTHONPATH"] == str(long.paths[0])
    assert "PYTHONPATH" not in made[0]
    assert not {"OPHAMIN_SIGNING_KEY", "PYTEST_XDIST_WORKER"} & made[0].keys()
    assert int(made[0]["PYTHONHASHSEED"]) == 7
