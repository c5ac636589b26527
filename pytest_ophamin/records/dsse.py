"""DSSE envelopes: what is signed is the received bytes, never a re-serialisation of them.

Reference: DSSE protocol v1 (secure-systems-lab/dsse, protocol.md).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from pytest_ophamin.records.names import PAYLOAD_TYPE

if TYPE_CHECKING:
    from pytest_ophamin.records.keys import Signer


def pre_authentication_encoding(payload: bytes) -> bytes:
    """Return the bytes an Ed25519 signature covers: PAE(payloadType, payload)."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def envelope_line(payload: bytes, signer: Signer | None) -> bytes:
    """Return one line of a bundle, newline included; without a signer its ``signatures`` are empty.

    The three members are written in their canonical order. Base64 and a key id need no JSON escape, so this is the
    RFC 8785 form without a second pass over a payload that may be megabytes long.
    """
    signatures = ""
    if signer is not None:
        signature = base64.b64encode(signer.sign(pre_authentication_encoding(payload))).decode()
        signatures = f'{{"keyid":"{signer.keyid}","sig":"{signature}"}}'
    head = b'{"payload":"%b","payloadType":"%b"' % (base64.b64encode(payload), PAYLOAD_TYPE.encode())
    return head + f',"signatures":[{signatures}]}}\n'.encode()
