"""Write the record vectors anew: ``python tests/conformance/make_record_vectors.py``.

Only needed when the format changes. A vector that no longer verifies because a method's numbers changed is the sign
that the method's version must be bumped. The private key is thrown away: the vectors hold its public half only.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bundles import Forger, full_statements, new_signer, small_statements  # after the path is set

from pytest_ophamin._canonical import canonical_bytes, digest_of
from pytest_ophamin.records.keys import Signer

FOLDER = Path(__file__).parent / "records"
Edit = Callable[[Forger], None]


@dataclass(frozen=True)
class Case:
    """One forged bundle and what must catch it."""

    name: str
    step: int | None
    exit: int
    edit: Edit


def small_cases() -> list[Case]:
    """Cases of two registered claims, green."""

    def member(name: str, field: str, value: object) -> Edit:
        return lambda forger: forger.member(name).__setitem__(field, value)

    def document(field: str, value: object) -> Edit:
        return lambda forger: forger.proof("test_recall")["proof"]["claim"]["document"].__setitem__(field, value)

    def lock_edited(forger: Forger) -> None:
        data = forger.campaign["data"]
        data["lock"] = data["lock"].replace("threshold = 0.9", "threshold = 0.8", 1)
        forger.campaign["proof"]["data"] = digest_of(data)

    def observation(forger: Forger) -> None:
        column = forger.proof("test_recall")["data"]["columns"]["value"]
        content = bytearray(base64.b64decode(column["base64"]))
        content[0] ^= 1
        column["base64"] = base64.b64encode(bytes(content)).decode()

    def observation_and_digest(forger: Forger) -> None:
        observation(forger)
        forger.fix_data()

    def p_edited(forger: Forger) -> None:
        forger.proof("test_recall")["derived"]["assessment"]["p_validate"] *= 0.5

    return [
        Case("holds", None, 0, lambda forger: None),
        Case("proof-dropped", 7, 1, lambda forger: forger.statements.__delitem__(-1)),
        Case("threshold-edited", 9, 1, document("threshold", 0.5)),
        Case("alpha-edited", 9, 1, document("alpha", 0.2)),
        Case("trials-edited", 9, 1, document("trials", 50)),
        Case("lock-text-edited", 9, 1, lock_edited),
        Case("observation-edited", 10, 1, observation),
        Case("observation-and-digest-edited", 11, 1, observation_and_digest),
        Case("p-edited", 11, 1, p_edited),
        Case("corrected-verdict-edited", 12, 1, member("test_recall", "corrected", "REFUTED")),
        Case(
            "correction-edited",
            12,
            1,
            lambda forger: forger.campaign["proof"]["families"][0].__setitem__("correction", "none"),
        ),
        Case(
            "unknown-pillar",
            None,
            4,
            lambda forger: forger.proof("test_recall")["proof"]["methods"].__setitem__("pillar", "elsewhere"),
        ),
        Case("lines-reordered", None, 0, lambda forger: forger.statements.reverse()),
    ]


def line_cases() -> list[tuple[str, int, Callable[[bytes], bytes]]]:
    """Return edits of the signed file that need no key."""

    def payload(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        def edit(content: bytes) -> bytes:
            first = json.loads(content.split(b"\n", 1)[0])["payload"]
            changed = base64.b64encode(change(base64.b64decode(first)))
            return content.replace(first.encode(), changed, 1)

        return edit

    return [
        ("crlf", 2, lambda content: content.replace(b"\n", b"\r\n")),
        ("blank-line", 2, lambda content: content + b"\n"),
        ("byte-order-mark", 2, lambda content: b"\xef\xbb\xbf" + content),
        ("extra-member", 2, lambda content: content.replace(b"]}\n", b'],"x":1}\n', 1)),
        ("payload-type-changed", 2, lambda content: content.replace(b"in-toto+json", b"json", 1)),
        ("keyid-flipped", 3, lambda content: re.sub(rb"(SHA256:.{5})(.)", swap_case, content, count=1)),
        ("empty-signature", 4, lambda content: re.sub(rb'"sig":"[^"]*"', b'"sig":""', content, count=1)),
        ("payload-bit", 4, payload(lambda raw: raw.replace(b"demo", b"demp", 1))),
    ]


def swap_case(match: re.Match[bytes]) -> bytes:
    """Put another letter in the place of one."""
    return match.group(1) + (b"A" if match.group(2) != b"A" else b"B")


def payload_cases() -> list[tuple[str, Callable[[bytes], bytes]]]:
    """Return edits of the CampaignRecord's payload that step 5 refuses though they are signed."""
    return [
        ("duplicate-key", lambda raw: raw.replace(b'"green":true', b'"green":true,"green":true')),
        ("one-point-zero", lambda raw: raw.replace(b'"m":2', b'"m":2.0')),
        ("nan", lambda raw: raw.replace(b'"m":2', b'"m":NaN')),
        ("lone-surrogate", lambda raw: raw.replace(b'"linux"', rb'"\ud800"')),
        ("depth-33", lambda raw: raw.replace(b'"anchors":[]', b'"anchors":' + b"[" * 30 + b"]" * 30)),
        ("old-predicate-type", lambda raw: raw.replace(b"CampaignRecord/v1", b"CampaignRecord/v0")),
        ("unknown-field", lambda raw: raw.replace(b'"green":true', b'"green":true,"grey":1')),
    ]


def main() -> None:
    """Write every vector and the index."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    signer = new_signer()
    (FOLDER / "key.pub.pem").write_bytes(signer.public_pem)
    index = write_cases(signer)
    (FOLDER / "cases.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def write_cases(signer: Signer) -> list[dict[str, object]]:
    """Write the bundles; return the index."""
    index: list[dict[str, object]] = [{"name": "every-fate", "step": None, "exit": 0}]
    Forger.of(full_statements()).write(FOLDER / "every-fate" / "demo", signer)
    for case in small_cases():
        forger = Forger.of(small_statements())
        case.edit(forger)
        if case.name != "lines-reordered":
            forger.fix_ids()
        forger.write(FOLDER / case.name / "demo", signer)
        index.append({"name": case.name, "step": case.step, "exit": case.exit})
    good = (FOLDER / "holds" / "demo" / "campaign.intoto.jsonl").read_bytes()
    for name, step, edit in line_cases():
        path = FOLDER / name / "demo" / "campaign.intoto.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(edit(good))
        index.append({"name": name, "step": step, "exit": 1})
    first, *rest = (canonical_bytes(statement) for statement in Forger.of(small_statements()).statements)
    for name, change in payload_cases():
        Forger.of(small_statements()).write_raw(FOLDER / name / "demo", signer, [change(first), *rest])
        index.append({"name": name, "step": 5, "exit": 1})
    stale = Forger.of(small_statements())
    stale.proof("test_recall")["proof"]["claim"]["scenario"]["goal"] = "another"
    stale.write(FOLDER / "stale-id" / "demo", signer)
    index.append({"name": "stale-id", "step": 6, "exit": 1})
    Forger.of(small_statements()).write(FOLDER / "renamed-folder" / "release", signer)
    index.append({"name": "renamed-folder", "step": 8, "exit": 1})
    return index


if __name__ == "__main__":
    main()
