"""Bundles as files: this version, and every later one that reads v1, gives each the same answer."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from pytest_ophamin.cli import main

FOLDER = Path(__file__).parent / "records"
CASES: list[dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_vector(case: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status, and the step that fails."""
    status = main(["verify", str(FOLDER / case["name"]), "--trust", str(FOLDER / "key.pub.pem")])
    shown = capsys.readouterr().out
    assert status == case["exit"], shown
    assert re.findall(r"result: step (\d+) ", shown) == ([] if case["step"] is None else [str(case["step"])]), shown


def test_every_vector_is_listed() -> None:
    """A forgotten folder would be a case nobody checks."""
    assert sorted(path.name for path in FOLDER.iterdir() if path.is_dir()) == sorted(case["name"] for case in CASES)


@pytest.mark.parametrize("name", ["holds", "every-fate"])
def test_ids_and_signatures_by_other_means(name: str) -> None:
    """SCHEMAS.md followed with nothing but rfc8785, hashlib and Ed25519 gives the stored ids and digests."""
    key = load_pem_public_key((FOLDER / "key.pub.pem").read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    for line in (FOLDER / name / "demo" / "campaign.intoto.jsonl").read_bytes().splitlines():
        envelope = json.loads(line)
        assert rfc8785.dumps(envelope) == line
        payload = base64.b64decode(envelope["payload"])
        kind = envelope["payloadType"].encode()
        signed = b" ".join([b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload])
        key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
        statement = json.loads(payload)
        assert rfc8785.dumps(statement) == payload
        predicate = statement["predicate"]
        hashed = rfc8785.dumps({"predicateType": statement["predicateType"], "proof": predicate["proof"]})
        assert hashlib.sha256(hashed).hexdigest() == predicate["derived"]["id"]
        assert hashlib.sha256(rfc8785.dumps(predicate["data"])).hexdigest() == predicate["proof"]["data"]
        if "claim" in predicate["proof"]:
            claim = predicate["proof"]["claim"]
            assert hashlib.sha256(rfc8785.dumps(claim["document"])).hexdigest() == claim["digest"]
