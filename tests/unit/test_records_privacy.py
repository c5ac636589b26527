"""A record tells nothing about the machine or the person: no environment, user, host or home path."""

from __future__ import annotations

import base64
import getpass
import json
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
import os
from pathlib import Path
from pytest_ophamin import claim

@claim("holds", metric="proportion", at_least=0.5, trials=40)
def test_holds(trial):
    return True

@claim("crashes outside", metric="proportion", at_least=0.5, trials=40)
def test_crashes(trial):
    raise RuntimeError(os.environ["MARKER_VARIABLE"] + str(Path.home()) + os.getcwd())

@claim("is skipped", metric="proportion", at_least=0.5, trials=40, data=(Path.home() / "secret-data.csv",))
def test_data(trial):
    return True
"""


def campaign(tmp_path: Path, *options: str) -> tuple[Path, dict[str, str]]:
    """Run a campaign in a session full of markers and return its folder and its environment."""
    home = tmp_path / "MARKER-home-folder"
    project = home / "MARKER-projects" / "suite"
    project.mkdir(parents=True)
    (home / "secret-data.csv").write_text("1,2\n")
    (project / "test_private.py").write_text(MODULE)
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "MARKER-config"),
        "USER": "MARKER-user",
        "LOGNAME": "MARKER-user",
        "USERNAME": "MARKER-user",
        "HOSTNAME": "MARKER-host",
        "MARKER_VARIABLE": "MARKER-value",
        "OPHAMIN_TOKEN": "MARKER-token",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--ophamin-campaign", *options]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    folder = project / "proofs" / "campaign"
    assert (folder / "campaign.intoto.jsonl").is_file(), done.stdout + done.stderr
    return folder, environment


def contents(folder: Path) -> list[bytes]:
    """Return everything below a bundle's folder, base64 undone."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        found.append(path.read_bytes())
        if path.suffix == ".jsonl":
            found += [base64.b64decode(json.loads(line)["payload"]) for line in path.read_bytes().splitlines()]
    return found


@pytest.mark.parametrize("options", [(), ("-n2",)])
def test_no_marker_of_the_session_enters_a_record(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Markers planted in environment, home, user and host appear nowhere in the bundle."""
    if options:
        pytest.importorskip("xdist")
    folder, environment = campaign(tmp_path, *options)
    forbidden = ["MARKER", str(tmp_path), environment["HOME"], str(Path.home()) + os.sep]
    forbidden += [name for name in (getpass.getuser(), socket.gethostname(), platform.node()) if len(name) > 4]
    long_values = [value for name, value in os.environ.items() if len(value) > 8 and not name.startswith("PYTEST")]
    for content in contents(folder):
        text = content.decode("utf-8", "replace")
        for word in (*forbidden, *long_values):
            assert word not in text, word


def test_a_failure_is_told_by_class_and_place_only(tmp_path: Path) -> None:
    """The exception's message goes to the terminal, not into the record."""
    folder, _ = campaign(tmp_path)
    lines = (folder / "campaign.intoto.jsonl").read_bytes().splitlines()
    statements = [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in lines]
    (data,) = [s["predicate"]["data"] for s in statements if s["predicate"]["data"].get("kind") == "failure"]
    assert (data["exception"], data["trial"]) == ("RuntimeError", 0)
    assert data["place"].startswith("test_private.py:")
    (document,) = [
        s["predicate"]["proof"]["claim"]["document"]
        for s in statements
        if "claim" in s["predicate"]["proof"] and s["predicate"]["proof"]["claim"]["document"]["data"]
    ]
    assert document["data"][0]["name"] == "<outside>/secret-data.csv"
