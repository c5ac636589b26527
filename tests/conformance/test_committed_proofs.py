"""The bundles the scenarios produced are evidence: green, registered, recomputed here and now."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_ophamin.cli import main

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGNS = sorted(path.parent for path in (ROOT / "proofs").glob("*/campaign.intoto.jsonl"))


def test_there_are_committed_campaigns() -> None:
    """An empty folder would make the tests below pass without testing."""
    assert [folder.name for folder in CAMPAIGNS] == ["scenarios"]


@pytest.mark.parametrize("folder", CAMPAIGNS, ids=lambda folder: str(folder.name))
def test_a_committed_campaign_verifies(folder: Path) -> None:
    """Every step holds, every sampled claim is recomputed, all claims are green and registered."""
    key = folder / "session-key.pub.pem"
    assert main(["verify", str(folder), "--trust", str(key), "--require", "green", "--require", "registered"]) == 0


@pytest.mark.parametrize("folder", CAMPAIGNS, ids=lambda folder: str(folder.name))
def test_a_committed_campaign_is_about_the_registered_plan(folder: Path) -> None:
    """The lock it embeds is the lock of this repository: nobody moved a threshold afterwards."""
    line = (folder / "campaign.intoto.jsonl").read_text(encoding="utf-8").splitlines()[0]
    predicate: dict[str, Any] = json.loads(base64.b64decode(json.loads(line)["payload"]))["predicate"]
    assert (ROOT / "ophamin.lock").read_text(encoding="utf-8") in _texts(predicate)


def _texts(value: object) -> list[str]:
    """Return every string in a JSON value."""
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
