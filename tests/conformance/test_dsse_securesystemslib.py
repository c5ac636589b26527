"""An independent DSSE implementation accepts our envelopes, and refuses what was tampered with."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from bundles import full_statements, new_signer, write

from pytest_ophamin.records.names import PAYLOAD_TYPE

dsse = pytest.importorskip("securesystemslib.dsse")
signers = pytest.importorskip("securesystemslib.signer")


def test_every_envelope_is_accepted(tmp_path: Path) -> None:
    """With the key made from its public half and our keyid, no other agreement is needed."""
    signer = new_signer()
    key = signers.SSlibKey.from_crypto(signer.public, keyid=signer.keyid)
    lines = write(tmp_path, full_statements(), signer).path.read_bytes().splitlines()
    assert len(lines) == len(full_statements().all)
    for line, built in zip(lines, full_statements().all, strict=True):
        envelope = dsse.Envelope.from_dict(json.loads(line))
        assert set(envelope.verify([key], 1)) == {signer.keyid}
        assert envelope.payload == built.payload
        assert envelope.payload_type == PAYLOAD_TYPE


def test_a_changed_payload_is_refused(tmp_path: Path) -> None:
    """The same library refuses one changed bit."""
    signer = new_signer()
    key = signers.SSlibKey.from_crypto(signer.public, keyid=signer.keyid)
    envelope = json.loads(write(tmp_path, full_statements(), signer).path.read_bytes().splitlines()[0])
    payload = bytearray(base64.b64decode(envelope["payload"]))
    payload[7] ^= 1
    envelope["payload"] = base64.b64encode(bytes(payload)).decode()
    with pytest.raises(signers_error()):
        dsse.Envelope.from_dict(envelope).verify([key], 1)


def signers_error() -> type[Exception]:
    """Return the error the library raises for a signature that does not hold."""
    from securesystemslib.exceptions import VerificationError

    return VerificationError
