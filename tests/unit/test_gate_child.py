"""What a process of a gate says about where its modules came from, asked of real installed files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pytest_ophamin.plugin.gate_child import _distributions


def install(site: Path, name: str, *files: str, folder: str | None = None) -> None:
    """Leave behind what an installer does: the files, their list, and where they were taken from."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).touch()
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in (*files, f"{info.name}/RECORD")))
    if folder is not None:
        (info / "direct_url.json").write_text(json.dumps({"url": Path(folder).as_uri(), "dir_info": {}}))


def test_every_installed_module_names_the_distribution_it_came_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lone extension, of which Python 3.11 knows no owner, and the parts of a namespace two distributions share."""
    site = tmp_path / "site-packages"
    install(site, "fast", "fast.abi3.so", folder=str(tmp_path / "the tree"))
    install(site, "one", "shared/one/__init__.py")
    install(site, "two", "shared/two.py")
    monkeypatch.syspath_prepend(site)
    files = {"fast": "fast.abi3.so", "shared.one": "shared/one/__init__.py", "shared.two": "shared/two.py"}
    origins = {name: str(site / file) for name, file in files.items()}
    found = _distributions({**origins, "numpy": str(np.__file__), "mine": str(tmp_path / "mine.py")})
    assert {name: owner["name"] for name, owner in found.items()} == {
        "fast": "fast",
        "shared.one": "one",
        "shared.two": "two",
        "numpy": "numpy",
    }
    assert found["fast"] == {"name": "fast", "version": "1.0", "folder": str(tmp_path / "the tree")}
    assert found["shared.one"]["folder"] is None
    assert found["numpy"]["version"] == np.__version__
