"""Steps 3 and 4: who signed, and whether the signatures hold over the received bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_ophamin.records.dsse import pre_authentication_encoding
from pytest_ophamin.records.keys import signature_holds
from pytest_ophamin.records.verify.report import StepState, counted
from pytest_ophamin.records.verify.state import Bundle, Notes, StepFailed

if TYPE_CHECKING:
    from pytest_ophamin.records.trust import TrustedKey

# 32 bytes are 43 characters of base64, the last of which carries two bits of nothing.
_KEYID = re.compile(r"SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]")


def check_signer(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 3: one keyid on all lines selects a trusted, unrevoked key."""
    keyids = sorted({line.keyid for line in bundle.lines})
    malformed = [keyid for keyid in keyids if _KEYID.fullmatch(keyid) is None]
    if malformed:
        raise StepFailed(f"keyid {malformed[0]!a} is not an OpenSSH fingerprint")
    if len(keyids) > 1:
        raise StepFailed(f"lines are signed by {len(keyids)} different keys; a bundle has one signer")
    if not keyids:
        return StepState.HOLDS, ()
    bundle.keyid = keyids[0]
    entry = bundle.options.trust.find(keyids[0])
    if entry is None:
        return StepState.UNKNOWN_KEY, (
            f"no trusted key has the id {keyids[0]}: what follows is unsigned content; --trust names its public key",
        )
    if entry.status == "revoked":
        raise StepFailed(f"key {keyids[0]} is revoked: every bundle of it fails")
    bundle.signer = entry.comment or str(entry.id)
    return StepState.HOLDS, (f"{keyids[0]} ({bundle.signer})",)


def check_signatures(bundle: Bundle) -> tuple[StepState, Notes]:
    """Step 4: Ed25519 over the PAE of the received payload bytes."""
    entry: TrustedKey | None = bundle.options.trust.find(bundle.keyid) if bundle.keyid is not None else None
    if entry is None:
        return StepState.SKIPPED, () if not bundle.lines else ("the key is not known",)
    for line in bundle.lines:
        if not signature_holds(entry.public, line.signature, pre_authentication_encoding(line.payload)):
            raise StepFailed(f"line {line.number}: the signature is not this key's over these bytes")
    return StepState.HOLDS, (counted(len(bundle.lines), "signature"),)
