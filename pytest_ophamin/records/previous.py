"""The last bundle written in a folder: what a new one links to."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pytest_ophamin._canonical import sha256_hex
from pytest_ophamin._jcs import LARGEST_INTEGER
from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.records.names import CAMPAIGN_TYPE, SIGNED_NAME, UNSIGNED_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_ophamin.claims.model import Digest

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """What is read from an earlier CampaignRecord."""

    id: Digest
    payload: Digest | None
    """SHA-256 of the last signed campaign's payload: the link of the chain; None when none was ever signed."""
    count: int
    """Different campaigns so far, this one included."""
    runs: Mapping[str, int] = field(default_factory=dict)
    """Claim id -> how often it was run."""
    proofs: Mapping[str, str] = field(default_factory=dict)
    """Claim id -> id of its last proof: the same id again is not a new look."""
    link: Digest | None = None
    """Its own ``previous``."""


def read_previous(folder: Path) -> Previous | None:
    """Read the chain's tip from ``folder``: the signed bundle, and an unsigned one written after it.

    Only a signed bundle is linked to (an unsigned one may never be signed), but an unsigned run was a look all the
    same: the counts are the larger of the two.

    Returns:
        None when there is no bundle, or none that can be read (writing then moves it aside, see ``write_bundle``).

    Raises:
        OSError: A bundle exists and the file system refuses to read it.
    """
    signed = campaign_of(folder / SIGNED_NAME)
    unsigned = campaign_of(folder / UNSIGNED_NAME)
    if unsigned is None or (signed is not None and unsigned.count < signed.count):
        return signed
    if signed is None:
        return _relinked(unsigned, None)
    return _relinked(unsigned, signed.payload)


def campaign_of(bundle: Path) -> Previous | None:
    """Read the CampaignRecord of ``bundle``; None when there is no file or no such record in it."""
    if not bundle.is_file():
        return None
    with bundle.open("rb") as file:
        for line in file:
            try:
                payload = base64.b64decode(json.loads(line)["payload"], validate=True)
                statement = json.loads(payload)
                if statement["predicateType"] == CAMPAIGN_TYPE:
                    return _previous(statement["predicate"], sha256_hex(payload))
            except (ValueError, KeyError, TypeError, RecursionError):
                return None
    return None


def keyid_of(bundle: Path) -> str | None:
    """Return the key id the first line of ``bundle`` names; None when it names none."""
    with bundle.open("rb") as file:
        line = file.readline()
    try:
        keyid = json.loads(line)["signatures"][0]["keyid"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return keyid if isinstance(keyid, str) else None


def check_previous(bundle: Path) -> Previous:
    """Like :func:`campaign_of`, for a bundle that must be there.

    Raises:
        EvidenceError: There is no readable CampaignRecord in it.
    """
    found = campaign_of(bundle)
    if found is None:
        raise EvidenceError(f"{bundle.name} holds no readable CampaignRecord")
    return found


def _previous(predicate: dict[str, dict[str, object]], payload: Digest) -> Previous:
    run, proof, derived = predicate["run"], predicate["proof"], predicate["derived"]
    history, families, runs = run["history"], proof["families"], run["runs"]
    if not isinstance(history, dict) or not isinstance(families, list) or not isinstance(runs, dict):
        raise TypeError
    members = [member for family in families for member in family["members"] if member["status"] != "registered"]
    members += [member for family in families for member in family["members"] if member["status"] == "registered"]
    proofs = {str(member["claim"]): str(member["proof"]) for member in members if member["raw"] != "NOT TESTED"}
    return Previous(
        id=_digest(derived["id"]),
        payload=payload,
        count=_count(history["count"]),
        runs={str(claim): _count(count) for claim, count in runs.items()},
        proofs=proofs,
        link=_digest(history["previous"]) if history["previous"] is not None else None,
    )


def _digest(value: object) -> Digest:
    # It becomes part of a file name: anything but a digest (``../``) must not get through.
    if not isinstance(value, str) or _DIGEST.fullmatch(value) is None:
        raise TypeError
    return cast("Digest", value)


def _count(value: object) -> int:
    # Nobody has verified this bundle: what could not be counted on from is no count.
    if type(value) is not int or not 0 <= value < LARGEST_INTEGER:
        raise TypeError
    return value


def _relinked(tip: Previous, payload: Digest | None) -> Previous:
    return Previous(id=tip.id, payload=payload, count=tip.count, runs=tip.runs, proofs=tip.proofs, link=tip.link)
