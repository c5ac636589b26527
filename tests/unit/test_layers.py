"""The architecture as tests: who may import whom, and what start-up costs nobody."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import ophamin_pillars
import pytest_ophamin

PACKAGE = Path(pytest_ophamin.__file__).parent
PILLARS = Path(ophamin_pillars.__file__).parent

LAYERS = ("claims", "trials", "deciding", "comparing", "records", "reporting")
"""The way data flows (DESIGN): each may import those before it, none after it."""
BASE = ("_canonical", "_jcs", "errors", "substrate")
"""Importable by every layer; they import no layer but the frozen values of ``claims.model``."""
SHELLS = ("plugin", "cli")
"""Thin shells over the core: they import everything, nothing imports them."""
DOORS = ("hookspecs", "latency", "pillars")
"""What authors of pillars and of claims import: the protocol, not the machinery."""
BENCHES = ("testing",)
"""What authors check their pillars with: it uses every layer, no layer uses it, and it needs no pytest."""
HEAVY = ("numpy", "scipy", "pydantic", "cryptography")


def modules_of(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    """Yield dotted name and path of every module below ``folder``."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        yield ".".join((package, *(part for part in parts if part != "__init__"))), path


MODULES = dict(modules_of(PACKAGE, "pytest_ophamin"))
PILLAR_MODULES = dict(modules_of(PILLARS, "ophamin_pillars"))


@cache
def imports_of(name: str, path: Path) -> set[str]:
    """Return the dotted names of all modules ``path`` imports anywhere, functions and TYPE_CHECKING included."""
    found: set[str] = set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(part for part in (above, node.module) if part)
            found.add(origin)
            # `from package import module` names a module too.
            found.update(f"{origin}.{alias.name}" for alias in node.names if f"{origin}.{alias.name}" in MODULES)
    return found


def layer_of(name: str) -> str:
    """Return the part of the package a module belongs to: ``claims`` for ``pytest_ophamin.claims.model``."""
    return name.split(".")[1] if "." in name else ""


CORE = {name: path for name, path in MODULES.items() if layer_of(name) not in ("", *SHELLS)}


def test_every_module_has_its_place() -> None:
    """A new folder must say which layer it is."""
    known = {"", *LAYERS, *BASE, *SHELLS, *DOORS, *BENCHES}
    assert {layer_of(name) for name in MODULES} <= known


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_names_no_pytest(name: str) -> None:
    """Only plugin/ imports pytest: not even a function or a TYPE_CHECKING block of the core does."""
    roots = {imported.split(".")[0] for imported in imports_of(name, CORE[name])}
    assert not roots & {"pytest", "_pytest", "xdist", "execnet"}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_point_one_way(name: str) -> None:
    """claims, trials, deciding, records, reporting: a later one may import an earlier one, never the reverse."""
    layer = layer_of(name)
    used = {layer_of(imported) for imported in imports_of(name, MODULES[name]) if imported in MODULES}
    if layer in LAYERS:
        allowed = {*LAYERS[: LAYERS.index(layer) + 1], *BASE, *DOORS}
        assert used <= allowed
    elif layer in (*BASE, *DOORS):
        assert not used & {*SHELLS, *BENCHES, "records", "reporting"}
    elif layer in BENCHES:
        assert not used & {*SHELLS}


@pytest.mark.parametrize("name", sorted(PILLAR_MODULES))
def test_shipped_pillars_use_the_public_door_only(name: str) -> None:
    """They are an ordinary pillar package: what they need, any author can import."""
    ours = {imported for imported in imports_of(name, PILLAR_MODULES[name]) if imported.startswith("pytest_ophamin")}
    assert ours <= {"pytest_ophamin", "pytest_ophamin.pillars"}


@pytest.mark.parametrize("name", sorted(MODULES | PILLAR_MODULES))
def test_no_slow_import_anywhere(name: str) -> None:
    """scipy.stats, pandas and statsmodels cost seconds: product code uses scipy.special."""
    imported = imports_of(name, (MODULES | PILLAR_MODULES)[name])
    assert not {module for module in imported if module.startswith(("scipy.stats", "pandas", "statsmodels"))}


def run_python(code: str) -> str:
    """Run ``code`` in a fresh interpreter and return what it printed."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_core_imports_with_pytest_blocked() -> None:
    """A verifier needs no pytest: every core module loads where pytest cannot be imported."""
    code = (
        "import sys, importlib\n"
        "for name in ('pytest', '_pytest', 'xdist'): sys.modules[name] = None\n"
        f"for name in {sorted(CORE)!r}: importlib.import_module(name)\n"
        f"for name in {sorted(PILLAR_MODULES)!r}: importlib.import_module(name)\n"
        "print('loaded')"
    )
    assert run_python(code) == "loaded"


@pytest.mark.parametrize("module", ["pytest_ophamin", "pytest_ophamin.plugin", "pytest_ophamin.errors"])
def test_start_up_imports_nothing_heavy(module: str) -> None:
    """A session without claims pays for no numpy, scipy, pydantic or cryptography."""
    code = f"import sys, {module}\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"
    assert run_python(code) == "[]"


def test_marks_alone_import_nothing_heavy() -> None:
    """Nor does a suite that only imports the two words."""
    code = (
        "import sys\nfrom pytest_ophamin import claim, hookimpl, scenario\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    assert run_python(code) == "[]"


def test_records_import_no_pytest() -> None:
    """A verifier needs no host, and no models until it reads a record."""
    code = "import sys, pytest_ophamin.records\nprint(sorted({'pytest', 'scipy', 'pydantic'} & set(sys.modules)))"
    assert run_python(code) == "[]"


def test_a_session_without_claims_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    """Shown by the interpreter itself: -X importtime of a whole pytest run names none of them."""
    pytester.makepyfile("def test_plain(): assert True")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", "-q", "-p", "ophamin"],
        # Other installed plugins may import what they like (pytest-randomly loads numpy).
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd=pytester.path,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {name for name in loaded if name.startswith("pytest_ophamin.plugin")}
    assert not {name for name in loaded if name.split(".")[0] in HEAVY}


def test_public_names_load_when_first_used() -> None:
    """`dir` lists them, each exists, and an unknown one is an AttributeError that names it."""
    assert set(pytest_ophamin.__all__) <= set(dir(pytest_ophamin))
    for name in pytest_ophamin.__all__:
        assert getattr(pytest_ophamin, name) is not None
    with pytest.raises(AttributeError, match="module 'pytest_ophamin' has no attribute 'claims_'"):
        _ = pytest_ophamin.claims_
