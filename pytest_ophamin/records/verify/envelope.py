"""Step 2: the envelope profile. One form of every envelope, so that no byte of a bundle is free to change."""

from __future__ import annotations

import base64
import binascii
import re

from pytest_ophamin.records.names import PAYLOAD_TYPE
from pytest_ophamin.records.verify.state import Line, StepFailed

# The RFC 8785 form, matched as bytes: no parser runs before this (a 100,000 deep envelope never reaches one).
_BASE64 = rb"([A-Za-z0-9+/]*={0,2})"
_KEYID = rb'([^"\\\x00-\x1f]*)'
_SIGNED = re.compile(
    rb'\{"payload":"%b","payloadType":"%b","signatures":\[\{"keyid":"%b","sig":"%b"\}\]\}'
    % (_BASE64, re.escape(PAYLOAD_TYPE.encode()), _KEYID, _BASE64)
)
_UNSIGNED = re.compile(
    rb'\{"payload":"%b","payloadType":"%b","signatures":\[()()\]\}' % (_BASE64, re.escape(PAYLOAD_TYPE.encode()))
)


def read_envelopes(content: bytes, *, is_unsigned: bool) -> list[Line]:
    """Take a bundle apart into lines.

    Args:
        content: The file.
        is_unsigned: Expect ``signatures: []``, as in a draft that is about to be signed.

    Raises:
        StepFailed: A line is not exactly the canonical envelope.
    """
    if content and not content.endswith(b"\n"):
        raise StepFailed("the last line does not end with a newline")
    return [
        _envelope(number, line, is_unsigned=is_unsigned) for number, line in enumerate(content.split(b"\n")[:-1], 1)
    ]


def _envelope(number: int, line: bytes, *, is_unsigned: bool) -> Line:
    match = (_UNSIGNED if is_unsigned else _SIGNED).fullmatch(line)
    if match is None:
        raise StepFailed(f"line {number}: {_describe_mismatch(line)}")
    payload, keyid, signature = match.groups()
    try:
        return Line(
            number=number,
            payload=_decode(payload, f"line {number}: payload"),
            keyid=keyid.decode(),
            signature=_decode(signature, f"line {number}: sig"),
        )
    except UnicodeDecodeError:
        raise StepFailed(f"line {number}: keyid is not UTF-8") from None


def _decode(text: bytes, place: str) -> bytes:
    """Decode standard padded base64 that encodes back to itself: trailing bits are free bits otherwise."""
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise StepFailed(f"{place} is not standard padded base64") from None
    if base64.b64encode(content) != text:
        raise StepFailed(f"{place} is base64 with unused bits set: it does not re-encode to itself")
    return content


def _describe_mismatch(line: bytes) -> str:
    kind = b'"payloadType":"%b"' % PAYLOAD_TYPE.encode()
    causes = (
        (not line, "blank line"),
        (line.startswith(b"\xef\xbb\xbf"), "starts with a byte order mark"),
        (line.endswith(b"\r"), "ends with a carriage return"),
        (
            line.endswith(b'"signatures":[]}'),
            "not signed (signatures is empty); `ophamin sign` signs a campaign.unsigned.jsonl",
        ),
        (line.count(b'"keyid"') > 1, "more than one signature, or a member twice"),
        (kind not in line, f"payloadType is not exactly {PAYLOAD_TYPE}"),
    )
    form = "not the canonical form of exactly payload, payloadType and signatures [{keyid, sig}]"
    return next((cause for holds, cause in causes if holds), form)
