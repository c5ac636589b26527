"""Every tamper case of RECORDS.md, named after what it forges, caught by the command line at exactly its step.

Cases of the steps up to 4 need no key. From step 5 on the forger holds a key the verifier trusts and signs again: what
is left to catch him is that nothing in a record is believed that can be computed.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundles import Forger, full_statements, new_signer, small_statements, write

from pytest_ophamin._canonical import canonical_bytes, digest_of, sha256_hex
from pytest_ophamin.cli import main
from pytest_ophamin.records.keys import Signer
from pytest_ophamin.records.verify.find import MAX_FILE

Check = Callable[..., str]


class Bench:
    """A folder for bundles, a trusted key, and the command line to try them with."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder / "demo"
        self.folder.mkdir()
        self.signer = new_signer()
        self._capsys = capsys
        self._home = folder

    def pem(self, signer: Signer) -> str:
        """Write a public key and return its path."""
        path = self._home / f"{signer.keyid[7:15].replace('/', '_')}.pem"
        path.write_bytes(signer.public_pem)
        return str(path)

    def bundle(self) -> bytes:
        """Write a true bundle and return its bytes."""
        return write(self._home, small_statements(), self.signer).path.read_bytes()

    def put(self, content: bytes, name: str = "campaign.intoto.jsonl") -> Path:
        """Write a bundle's bytes."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def run(self, path: Path | None = None, *options: str, trusted: Signer | None = None) -> tuple[int, str]:
        """Run ``ophamin verify``."""
        pem = self.pem(trusted or self.signer)
        status = main(["verify", str(path or self.folder), "--trust", pem, *options])
        shown = self._capsys.readouterr()
        return status, shown.out + shown.err

    def caught(self, step: int, *options: str, status: int = 1, path: Path | None = None) -> str:
        """Assert that verification ends at ``step`` with ``status`` and return what it printed."""
        found, shown = self.run(path, *options)
        assert re.findall(r"result: step (\d+) ", shown) == [str(step)], shown
        assert found == status
        assert "Traceback" not in shown
        return shown

    def caught_in_one(self, step: int) -> None:
        """Assert that one of several bundles ends at ``step``."""
        status, shown = self.run()
        assert re.findall(r"result: step (\d+) ", shown) == [str(step)], shown
        assert status == 1

    def signed(self, forger: Forger) -> Path:
        """Sign what the forger made, with the trusted key."""
        return forger.write(self.folder, self.signer)

    def holds(self, *options: str) -> str:
        """Assert that verification holds."""
        status, shown = self.run(None, *options)
        assert status == 0, shown
        return shown


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    """A bench of its own for every test."""
    return Bench(tmp_path, capsys)


def small() -> Forger:
    """Two registered claims, green."""
    return Forger.of(small_statements())


def full() -> Forger:
    """One claim of every fate."""
    return Forger.of(full_statements())


def test_untampered_bundles_hold(bench: Bench) -> None:
    """The forger's bench itself changes nothing: what it signs without an edit holds."""
    bench.signed(full().fix_data().fix_claims().fix_ids())
    bench.holds()
    bench.signed(small())
    bench.holds()


# Step 1: find and read once.


def test_empty_folder(bench: Bench) -> None:
    """Empty is not success."""
    bench.caught(1, status=2)


def test_oversized_file(bench: Bench) -> None:
    """A file above 256 MiB is not read."""
    path = bench.put(b"")
    with path.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    bench.caught(1)


# Step 2: the envelope profile.


def edit_first_line(content: bytes, edit: Callable[[bytes], bytes]) -> bytes:
    """Edit a bundle's first line."""
    first, rest = content.split(b"\n", 1)
    return edit(first) + b"\n" + rest


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("crlf", lambda line: line + b"\r"),
        ("bom", lambda line: b"\xef\xbb\xbf" + line),
        ("blank line", lambda line: line + b"\n"),
        ("space", lambda line: line.replace(b'","payloadType', b'", "payloadType')),
        ("url-safe base64", lambda line: line.replace(b"/", b"_", 1).replace(b"+", b"-", 1) + b""),
        ("100,000-deep envelope", lambda line: b"[" * 100_000 + b"]" * 100_000),
        ("extra member", lambda line: line[:-1] + b',"x":1}'),
        ("member first", lambda line: b'{"a":1,' + line[1:]),
        ("payloadType changed", lambda line: line.replace(b"in-toto+json", b"in-toto+jsom")),
        ("no signature", lambda line: line[: line.index(b'"signatures"')] + b'"signatures":[]}'),
        ("not JSON", lambda line: b"\x00\xff" * 30),
        ("a number", lambda line: b"1"),
    ],
)
def test_envelope_form(bench: Bench, name: str, edit: Callable[[bytes], bytes]) -> None:
    """Anything but the one canonical envelope is refused before a parser sees it."""
    content = bench.bundle()
    edited = edit_first_line(content, edit)
    assert edited != content, name
    bench.put(edited)
    bench.caught(2)


def test_base64_trailing_bits(bench: Bench) -> None:
    """Bits that decoding drops are no place to write."""
    line = bench.bundle().split(b"\n")[0]
    payload = json.loads(line)["payload"]
    while not payload.endswith("="):  # give the payload a length that leaves bits over
        statement = json.loads(base64.b64decode(payload))
        statement["predicate"]["run"]["python"] += "x"
        payload = base64.b64encode(canonical_bytes(statement)).decode()
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = payload.rstrip("=")[-1]
    changed = payload.rstrip("=")[:-1] + digits[digits.index(last) + 1] + "=" * payload.count("=")
    assert base64.b64decode(changed) == base64.b64decode(payload)
    bench.put(line.replace(json.loads(line)["payload"].encode(), changed.encode()) + b"\n")
    assert "re-encode" in bench.caught(2)


def test_second_signature(bench: Bench) -> None:
    """One line has one signature."""
    content = edit_first_line(bench.bundle(), lambda line: re.sub(rb"\[(\{.*?\})\]", rb"[\1,\1]", line))
    bench.put(content)
    bench.caught(2)


def test_last_newline_missing(bench: Bench) -> None:
    """A cut-off file is not a shorter bundle."""
    bench.put(bench.bundle()[:-1])
    bench.caught(2)


# Step 3: the signer.


def flip_keyid(line: bytes) -> bytes:
    """Change one character of the fingerprint."""
    at = line.index(b"SHA256:") + 10
    return line[:at] + (b"A" if line[at : at + 1] != b"A" else b"B") + line[at + 1 :]


def test_keyid_flipped(bench: Bench) -> None:
    """A bundle has one signer."""
    bench.put(edit_first_line(bench.bundle(), flip_keyid))
    bench.caught(3)


def test_keyid_malformed(bench: Bench) -> None:
    """A keyid that is no fingerprint on every line is no unknown key."""
    bench.put(bench.bundle().replace(b"SHA256:", b"SHA265:"))
    bench.caught(3)


def test_resigned_by_another_key(bench: Bench) -> None:
    """An unknown key's bundle is shown as unsigned content, with its own exit status."""
    small().write(bench.folder, new_signer())
    status, shown = bench.run()
    assert status == 3
    assert re.search(r"^ +3 signer +unknown key", shown, re.MULTILINE)
    assert "UNSIGNED CONTENT" in shown


def test_one_line_by_a_second_trusted_key(bench: Bench) -> None:
    """Two trusted keys are still two signers."""
    other = new_signer()
    lines = bench.bundle().splitlines(keepends=True)
    lines[1] = small().write(bench.folder, other).read_bytes().splitlines(keepends=True)[1]
    bench.put(b"".join(lines))
    bench.caught(3, "--trust", bench.pem(other))


def test_revoked_key(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A revoked key fails every bundle, even when --trust names it."""
    bench.bundle()
    config = tmp_path / "config"
    (config / "ophamin").mkdir(parents=True)
    key = f"""[[key]]\nid = "{bench.signer.keyid}"\npublic = '''\n{bench.signer.public_pem.decode()}'''\n"""
    (config / "ophamin" / "trusted.toml").write_text(key + 'status = "revoked"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    assert "revoked" in bench.caught(3)


# Step 4: the signature.


def test_empty_signature(bench: Bench) -> None:
    """No signature is no signature."""
    bench.put(re.sub(rb'"sig":"[^"]*"', b'"sig":""', bench.bundle()))
    bench.caught(4)


def test_payload_bit(bench: Bench) -> None:
    """One bit of a payload."""

    def flip(line: bytes) -> bytes:
        envelope = json.loads(line)
        payload = bytearray(base64.b64decode(envelope["payload"]))
        payload[100] ^= 1
        return line.replace(envelope["payload"].encode(), base64.b64encode(bytes(payload)))

    bench.put(edit_first_line(bench.bundle(), flip))
    bench.caught(4)


def test_signature_over_the_bare_payload(bench: Bench) -> None:
    """What is signed is the PAE, not the payload: the type is part of it."""
    line = json.loads(bench.bundle().split(b"\n")[0])
    bare = base64.b64encode(bench.signer.sign(base64.b64decode(line["payload"]))).decode()
    bench.put(edit_first_line(bench.bundle(), lambda raw: re.sub(rb'"sig":"[^"]*"', f'"sig":"{bare}"'.encode(), raw)))
    bench.caught(4)


# Step 5: strict parse. From here on the forger signs with a trusted key.

PAYLOAD_EDITS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("duplicate key", lambda p: p.replace(b'"green":true', b'"green":true,"green":true')),
    ("1.0 for 1", lambda p: p.replace(b'"m":2', b'"m":2.0')),
    ("NaN", lambda p: p.replace(b'"m":2', b'"m":NaN')),
    ("Infinity", lambda p: p.replace(b'"m":2', b'"m":Infinity')),
    ("1E400", lambda p: p.replace(b'"m":2', b'"m":1E400')),
    ("-0", lambda p: p.replace(b'"m":2', b'"m":-0')),
    ("2^53", lambda p: p.replace(b'"m":2', b'"m":9007199254740993')),
    ("long number", lambda p: p.replace(b'"m":2', b'"m":' + b"9" * 5000)),
    ("lone surrogate", lambda p: p.replace(b"linux", rb"\ud800")),
    ("encoded surrogate", lambda p: p.replace(b"linux", b"\xed\xa0\x80")),
    ("escaped letter", lambda p: p.replace(b"linux", rb"\u006cinux")),
    ("depth 33", lambda p: p.replace(b'"anchors":[]', b'"anchors":' + b"[" * 30 + b"]" * 30)),
    ("depth 100,000", lambda p: p.replace(b'"anchors":[]', b'"anchors":' + b"[" * 10**5 + b"]" * 10**5)),
    ("unknown predicateType", lambda p: p.replace(b"urn:ophamin:CampaignRecord/v1", b"urn:ophamin:DriftScan/v1")),
    ("old predicateType", lambda p: p.replace(b"urn:ophamin:CampaignRecord/v1", b"urn:ophamin:CampaignRecord/v0")),
    ("other _type", lambda p: p.replace(b"in-toto.io/Statement/v1", b"in-toto.io/Statement/v0.1")),
    ("unknown field", lambda p: p.replace(b'"green":true', b'"green":true,"greet":1')),
    ("unknown field of the statement", lambda p: p.replace(b',"predicateType"', b',"predicatf":1,"predicateType"')),
    ("missing field", lambda p: p.replace(b'"green":true,', b"")),
    ("string for a number", lambda p: p.replace(b'"m":2', b'"m":"2"')),
    ("space", lambda p: p.replace(b'"m":2', b'"m": 2')),
    ("keys unsorted", lambda p: p.replace(b'"anchors":[],"lock"', b'"lock":"","anchors":[],"lock"')),
    ("trailing bytes", lambda p: p + b" "),
    ("two values", lambda p: p + p),
    ("a list", lambda p: b"[]"),
    ("nothing", lambda p: b""),
    ("rubbish", lambda p: bytes(range(256))),
    ("unbalanced", lambda p: p[:-1]),
    ("anchors used", lambda p: p.replace(b'"anchors":[]', b'"anchors":[1]')),
    (
        "predicate a list",
        lambda p: re.sub(rb'"predicate":\{.*\},"predicateType"', b'"predicate":[],"predicateType"', p),
    ),
    ("name with a slash", lambda p: p.replace(b'"campaign":"demo"', b'"campaign":"../demo"')),
]


@pytest.mark.parametrize(("name", "edit"), PAYLOAD_EDITS, ids=[name for name, _ in PAYLOAD_EDITS])
def test_payload_form(bench: Bench, name: str, edit: Callable[[bytes], bytes]) -> None:
    """A payload that is not the canonical form of a closed, known statement is refused though it is signed."""
    first, *rest = [built.payload for built in small_statements().all]
    edited = edit(first)
    assert edited != first, name
    small().write_raw(bench.folder, bench.signer, [edited, *rest])
    bench.caught(5)


# Step 6: ids and subject.


def test_stale_id(bench: Bench) -> None:
    """The stored id is compared with the computed one."""
    forger = small()
    forger.proof("test_recall")["proof"]["claim"]["scenario"]["goal"] = "another"
    bench.signed(forger)
    bench.caught(6)


def test_proof_duplicated(bench: Bench) -> None:
    """A proof counts once."""
    forger = small()
    forger.statements.append(forger.statement("test_recall"))
    bench.signed(forger)
    bench.caught(6)


@pytest.mark.parametrize("place", ["statement", "proof", "both"])
def test_subject_swapped(bench: Bench, place: str) -> None:
    """All lines are about one substrate."""
    forger = small()
    other = [{"name": "substrate", "digest": {"gitCommit": "d" * 40}}]
    statement = forger.statement("test_recall")
    if place != "proof":
        statement["subject"] = other
    if place != "statement":
        statement["predicate"]["proof"]["subject"] = other
    bench.signed(forger.fix_ids())
    bench.caught(6)


# Step 7: members.


def test_proof_dropped(bench: Bench) -> None:
    """A member needs its proof."""
    forger = small()
    forger.statements.pop()
    bench.signed(forger)
    bench.caught(7)


def test_proof_added(bench: Bench) -> None:
    """A proof needs its member."""
    forger = small()
    family = forger.campaign["proof"]["families"][0]
    family["members"].pop()
    bench.signed(forger.fix_ids())
    bench.caught(7)


def test_proof_swapped(bench: Bench) -> None:
    """A member names the proof of its own claim."""
    forger = small()
    one, other = forger.campaign["proof"]["families"][0]["members"]
    one["proof"], other["proof"] = other["proof"], one["proof"]
    forger._fix_id(forger.statements[0])
    bench.signed(forger)
    bench.caught(7)


def test_proof_of_another_campaign(bench: Bench) -> None:
    """A true proof of another campaign is no member of this one."""
    forger = small()
    forger.statements[1] = full().statement("test_latency")
    bench.signed(forger)
    bench.caught(7)


def test_no_campaign_record(bench: Bench) -> None:
    """Proofs alone are no campaign."""
    forger = small()
    forger.statements.pop(0)
    bench.signed(forger)
    bench.caught(7)


@pytest.mark.parametrize("is_same", [True, False])
def test_two_campaign_records(bench: Bench, is_same: bool) -> None:
    """There is one campaign, not a choice of two."""
    forger = small()
    second = json.loads(json.dumps(forger.statements[0]))
    if not is_same:
        second["predicate"]["proof"]["green"] = False
        forger._fix_id(second)
    forger.statements.append(second)
    bench.signed(forger)
    bench.caught(7)


def test_empty_file(bench: Bench) -> None:
    """A bundle without a CampaignRecord fails; it is not missing."""
    bench.put(b"")
    bench.caught(7)


# Step 8: name and expectations.


def test_renamed_folder(bench: Bench, tmp_path: Path) -> None:
    """A bundle says which campaign it is."""
    bench.bundle()
    bench.folder.rename(tmp_path / "release")
    bench.folder = tmp_path / "release"
    bench.caught(8)
    bench.holds("--name", "demo")
    bench.caught(8, "--name", "other")


def test_old_commit(bench: Bench) -> None:
    """A true record of another commit is no evidence for this one."""
    bench.bundle()
    bench.caught(8, "--commit", "e" * 40)
    assert "freshness" not in bench.holds("--commit", "c0ffee" + "0" * 34)
    assert "freshness" in bench.holds()


def test_other_lock(bench: Bench, tmp_path: Path) -> None:
    """The lock the caller has is the one that was in force."""
    bench.bundle()
    lock = tmp_path / "ophamin.lock"
    lock.write_text(small().campaign["data"]["lock"])
    bench.holds("--lock", str(lock))
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))  # as core.autocrlf shows it in a work tree
    bench.holds("--lock", str(lock))
    lock.write_text(small().campaign["data"]["lock"] + "\n")
    bench.caught(8, "--lock", str(lock))


def test_other_artifact(bench: Bench, tmp_path: Path) -> None:
    """A release artifact must be a subject of the record."""
    bench.bundle()
    wheel = tmp_path / "filter-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    bench.caught(8, "--subject", str(wheel))


# Step 9: claims and registration.


@pytest.mark.parametrize(("member", "value"), [("threshold", 0.5), ("alpha", 0.2), ("trials", 50)])
def test_plan_edited(bench: Bench, member: str, value: float) -> None:
    """Threshold, alpha or trials edited in the claim."""
    forger = small()
    forger.proof("test_recall")["proof"]["claim"]["document"][member] = value
    bench.signed(forger.fix_ids())
    bench.caught(9)


@pytest.mark.parametrize(("member", "value"), [("threshold", 0.5), ("alpha", 0.2), ("trials", 50)])
def test_plan_and_digest_edited(bench: Bench, member: str, value: float) -> None:
    """The claim's digest made true again: it is not the registered one any more."""
    forger = small()
    forger.proof("test_recall")["proof"]["claim"]["document"][member] = value
    if member == "trials":
        forger.proof("test_recall")["proof"]["plan"]["trials"] = value
    bench.signed(forger.fix_claims().fix_ids())
    bench.caught(9)


def test_planned_trials_edited(bench: Bench) -> None:
    """The plan's trials are the claim's."""
    forger = small()
    forger.proof("test_recall")["proof"]["plan"]["trials"] = 50
    bench.signed(forger.fix_ids())
    bench.caught(9)


def test_status_edited_to_registered(bench: Bench) -> None:
    """A claim is registered when the lock says so, not when the record does."""
    forger = full()
    proof = forger.proof("test_new")
    lock = forger.campaign["proof"]["lock"]
    proof["proof"]["registration"] = {"status": "registered", "lock_blob": lock["blob"]}
    proof["derived"]["reason"] = None
    families = forger.campaign["proof"]["families"]
    member = forger.member("test_new")
    member["status"] = "registered"
    families[1]["members"].remove(member)
    families[0]["members"].append(member)
    bench.signed(forger.fix_ids())
    assert "unregistered against the embedded lock" in bench.caught(9)


def test_status_edited_in_the_campaign_only(bench: Bench) -> None:
    """Campaign and proof say the same about a claim."""
    forger = full()
    forger.member("test_new")["status"] = "registered"
    bench.signed(forger.fix_ids())
    bench.caught(9)


def test_amended_edited_to_unregistered(bench: Bench) -> None:
    """What differs from the plan is not merely new."""
    forger = full()
    proof = forger.proof("test_amended", "campaign:exploratory")
    proof["proof"]["registration"] = {"status": "unregistered", "lock_blob": None}
    proof["derived"]["reason"] = "not in ophamin.lock"
    next(m for m in forger.campaign["proof"]["families"][1]["members"] if m["claim"].endswith("amended"))["status"] = (
        "unregistered"
    )
    bench.signed(forger.fix_ids())
    bench.caught(9)


def edit_lock(text: str) -> str:
    """Change a threshold in the lock's text."""
    assert "threshold = 0.9" in text
    return text.replace("threshold = 0.9", "threshold = 0.8", 1)


@pytest.mark.parametrize("depth", ["text", "data digest", "sha256"])
def test_lock_text_edited(bench: Bench, depth: str) -> None:
    """The embedded lock is bound by digest, hash and git blob id."""
    forger = small()
    campaign = forger.campaign
    campaign["data"]["lock"] = edit_lock(campaign["data"]["lock"])
    if depth != "text":
        campaign["proof"]["data"] = digest_of(campaign["data"])
    if depth == "sha256":
        campaign["proof"]["lock"]["sha256"] = sha256_hex(campaign["data"]["lock"].encode())
    bench.signed(forger.fix_ids())
    bench.caught(9)


@pytest.mark.parametrize("member", ["blob", "path"])
def test_lock_called_committed_without_its_place(bench: Bench, member: str) -> None:
    """A lock in force has a blob id, and the path under which a commit holds it."""
    forger = small()
    forger.campaign["proof"]["lock"][member] = None
    bench.signed(forger.fix_ids())
    bench.caught(9)


def remove_claim(forger: Forger, name: str) -> None:
    """Take a claim and its proof out of a campaign, leaving it in the lock."""
    forger.statements.remove(forger.statement(name))
    for families in (forger.campaign["proof"]["families"], forger.campaign["derived"]["families"]):
        for family in families:
            family["members"] = [member for member in family["members"] if not member["claim"].endswith(name)]
    for family in forger.campaign["proof"]["families"]:
        family["m"] = len(family["members"])
    for name_, value in list(forger.campaign["run"]["registering"].items()):
        if name_.endswith(name):
            assert value
            del forger.campaign["run"]["registering"][name_]


def test_claim_removed_from_the_campaign_only(bench: Bench) -> None:
    """A claim of the lock is a member, withdrawn, or of a family nobody touched."""
    forger = small()
    remove_claim(forger, "test_recall")
    bench.signed(forger.fix_ids())
    assert "in the lock and not in the campaign" in bench.caught(9)


def test_family_hidden_as_out_of_scope(bench: Bench) -> None:
    """A family with a member is not out of scope."""
    forger = small()
    remove_claim(forger, "test_recall")
    forger.campaign["proof"]["out_of_scope"] = ["campaign"]
    bench.signed(forger.fix_ids())
    bench.caught(9)


def test_claim_hidden_as_withdrawn(bench: Bench) -> None:
    """Withdrawn is what the lock calls withdrawn."""
    forger = small()
    forger.campaign["proof"]["withdrawn"] = ["suite/test_filter.py::test_recall"]
    bench.signed(forger.fix_ids())
    bench.caught(9)


def test_seed_shopping(bench: Bench) -> None:
    """The key of all draws follows from the claim and cannot be chosen."""
    forger = small()
    forger.proof("test_recall")["proof"]["plan"]["key"] = "0" * 32
    bench.signed(forger.fix_ids())
    assert "stream key" in bench.caught(9)


def test_moved_to_another_family(bench: Bench) -> None:
    """A claim is corrected in the family it was registered in."""
    forger = small()
    family = forger.campaign["proof"]["families"][0]
    numbers = forger.campaign["derived"]["families"][0]
    alone, own = family["members"].pop(), numbers["members"].pop()
    forger.campaign["proof"]["families"].append({**family, "name": "lonely", "m": 1, "members": [alone]})
    forger.campaign["derived"]["families"].append({"name": "lonely", "members": [own]})
    bench.signed(forger.fix_ids())
    bench.caught(9)


def test_registering_commit_edited(bench: Bench) -> None:
    """Campaign and proof name the same registering commit."""
    forger = small()
    forger.proof("test_recall")["run"]["registering_commit"] = "a" * 40
    bench.signed(forger.fix_ids())
    bench.caught(9)


@pytest.mark.parametrize("edit", ["id", "digest", "itself", "removed"])
def test_siblings_edited(bench: Bench, edit: str) -> None:
    """Stacked claims name each other, and their common draws follow from all of them."""
    forger = full()
    part = forger.proof("of:speed")["proof"]["claim"]
    (sibling,) = part["siblings"]
    if edit == "removed":
        part["siblings"] = []
    elif edit == "itself":
        sibling["id"] = part["id"]
    else:
        sibling[edit] = forger.proof("test_recall")["proof"]["claim"][edit]
    bench.signed(forger.fix_ids())
    bench.caught(9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start", "2020-01-01T00:00:00Z"),
        ("workers", 1),
        ("python", "3.99"),
        ("base_commit", "a" * 40),
        ("revisions", 7),
    ],
)
def test_run_of_one_proof_edited(bench: Bench, name: str, value: object) -> None:
    """A campaign is one session: every record says the same about it."""
    forger = small()
    forger.proof("test_recall")["run"][name] = value
    bench.signed(forger)
    bench.caught(9)


def test_run_count_edited(bench: Bench) -> None:
    """How often a claim was run is said twice and must agree."""
    forger = small()
    forger.proof("test_recall")["run"]["runs"] = 9
    bench.signed(forger)
    bench.caught(9)


def test_base_commit_of_all_edited(bench: Bench) -> None:
    """A clean substrate is its own base."""
    forger = small()
    for statement in forger.statements:
        statement["predicate"]["run"]["base_commit"] = "a" * 40
    bench.signed(forger)
    bench.caught(9)


# Step 10: observations.


@pytest.mark.parametrize(("name", "value"), [("max_examples", 50), ("strategy", "just(1)"), ("valid_examples", 101)])
def test_search_of_another_plan(bench: Bench, name: str, value: object) -> None:
    """A law is searched as its claim says."""
    forger = full()
    forger.proof("test_commutes")["data"][name] = value
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(10)


def test_symlinked_sidecar(bench: Bench, tmp_path: Path) -> None:
    """A sidecar is a regular file at the path its digest gives."""
    digest, _ = large_sample(bench)
    sidecar = bench.folder / "observations" / f"{digest}.bin"
    sidecar.rename(tmp_path / "elsewhere.bin")
    sidecar.symlink_to(tmp_path / "elsewhere.bin")
    assert "symbolic link" in bench.caught(10)


def test_symlinked_observations_folder(bench: Bench, tmp_path: Path) -> None:
    """The folder is no door to elsewhere either."""
    large_sample(bench)
    (bench.folder / "observations").rename(tmp_path / "elsewhere")
    (bench.folder / "observations").symlink_to(tmp_path / "elsewhere")
    bench.caught(10)


def test_sidecar_edited(bench: Bench) -> None:
    """One bit of a sidecar."""
    digest, content = large_sample(bench)
    edited = bytearray(content)
    edited[1000] ^= 1
    (bench.folder / "observations" / f"{digest}.bin").write_bytes(edited)
    bench.caught(10)


@pytest.mark.parametrize("change", [b"x", None])
def test_sidecar_of_another_length(bench: Bench, change: bytes | None) -> None:
    """A sidecar longer or shorter than its observations."""
    digest, content = large_sample(bench)
    (bench.folder / "observations" / f"{digest}.bin").write_bytes(content + change if change else content[:-1])
    bench.caught(10)


def test_sidecar_is_a_folder(bench: Bench) -> None:
    """A folder is not a sidecar, and reading one is no traceback."""
    digest, _ = large_sample(bench)
    path = bench.folder / "observations" / f"{digest}.bin"
    path.unlink()
    path.mkdir()
    bench.caught(10)


def test_sidecar_is_a_fifo(bench: Bench) -> None:
    """Opening a FIFO does not wait for ever."""
    digest, _ = large_sample(bench)
    path = bench.folder / "observations" / f"{digest}.bin"
    path.unlink()
    os.mkfifo(path)
    bench.caught(10)


def large_sample(bench: Bench) -> tuple[str, bytes]:
    """Write a bundle whose sample is above 1 MiB and return its sidecar."""
    import numpy as np
    from bundles import Suite, claim

    from pytest_ophamin.trials.sample import Column, Sample

    n = (1 << 17) + 8
    values = np.random.default_rng(1).normal(1.0, 0.5, n)
    large = claim("test_large", metric="p50", threshold=0.5, trials=n)
    sample = Sample(n=n, columns={"value": Column(kind="f64le", values=values)})
    forger = Forger.of(Suite(evidence=[(large, sample)]).statements())
    bench.signed(forger)
    bench.holds()
    ((digest, content),) = forger.sidecars.items()
    return digest, content


def recode(forger: Forger, name: str, change: Callable[[bytearray], None]) -> dict[str, Any]:
    """Change the bytes of a claim's ``value`` column."""
    column: dict[str, Any] = forger.proof(name)["data"]["columns"]["value"]
    content = bytearray(base64.b64decode(column["base64"]))
    change(content)
    column["base64"] = base64.b64encode(bytes(content)).decode()
    return column


def flip_first(content: bytearray) -> None:
    """Flip the first observation."""
    content[0] ^= 1


def test_observation_edited(bench: Bench) -> None:
    """The proof binds its data."""
    forger = small()
    recode(forger, "test_recall", flip_first)
    bench.signed(forger.fix_ids())
    bench.caught(10)


def test_truncated_sample(bench: Bench) -> None:
    """As many observations as were planned."""
    forger = small()
    data = forger.proof("test_recall")["data"]
    data["n"] = 96
    recode(forger, "test_recall", lambda content: content.__delitem__(slice(12, None)))
    bench.signed(forger.fix_data().fix_ids())
    assert "96 observations, 100 trials were planned" in bench.caught(10)


def test_padding_bits(bench: Bench) -> None:
    """Bits after the last observation are zero."""
    forger = small()

    def pad(content: bytearray) -> None:
        content[-1] |= 0x80

    recode(forger, "test_recall", pad)
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(10)


def test_nan_observation(bench: Bench) -> None:
    """Every observation is finite."""
    forger = full()

    def poison(content: bytearray) -> None:
        content[:8] = b"\x00\x00\x00\x00\x00\x00\xf8\x7f"

    recode(forger, "test_new", poison)
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(10)


def test_integer_beyond_float64(bench: Bench) -> None:
    """An integer column holds what float64 can hold."""
    forger = full()

    def enlarge(content: bytearray) -> None:
        content[:8] = (2**63 - 1).to_bytes(8, "little")

    recode(forger, "test_new", enlarge)["kind"] = "i64le"
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(10)


def test_failure_called_validated(bench: Bench) -> None:
    """A claim whose trials failed is VOID."""
    forger = full()
    forger.proof("test_crashed")["proof"]["verdict"] = "VALIDATED"
    bench.signed(forger.fix_ids())
    bench.caught(10)


def test_never_tested_called_validated(bench: Bench) -> None:
    """A claim without data was not tested."""
    forger = full()
    forger.proof("test_skipped")["proof"]["verdict"] = "VALIDATED"
    bench.signed(forger.fix_ids())
    bench.caught(10)


def test_sample_called_not_tested(bench: Bench) -> None:
    """A bad result is not made to vanish."""
    forger = full()
    forger.proof("test_recall")["proof"]["verdict"] = "NOT TESTED"
    bench.signed(forger.fix_ids())
    bench.caught(10)


def test_error_counted_in_favour(bench: Bench) -> None:
    """A trial that raised holds the value that counts against the claim."""
    forger = full()
    forger.proof("test_counted")["data"]["errors_against"] = [4]
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(10)


def test_columns_of_another_metric(bench: Bench) -> None:
    """A paired metric has two columns, any other one."""
    forger = full()
    columns = forger.proof("test_gain")["data"]["columns"]
    del columns["second"]
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(10)


def test_column_base64_with_trailing_bits(bench: Bench) -> None:
    """The columns' base64 is canonical too."""
    forger = small()
    column = forger.proof("test_recall")["data"]["columns"]["value"]
    assert column["base64"].endswith("w==")
    column["base64"] = column["base64"][:-3] + "x=="
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(10)


# Step 11: recomputation of each claim.


def test_observations_edited_verdict_kept(bench: Bench) -> None:
    """Observation, digest and ids fixed up: the numbers are no longer theirs."""
    forger = small()
    recode(forger, "test_recall", flip_first)
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(11)


@pytest.mark.parametrize("name", ["p_validate", "p_refute", "lower", "upper", "estimate", "effect"])
def test_number_edited(bench: Bench, name: str) -> None:
    """Every stated number is computed again."""
    forger = small()
    assessment = forger.proof("test_recall")["derived"]["assessment"]
    assessment[name] = assessment[name] * (1 + 1e-7)
    bench.signed(forger.fix_ids())
    assert name in bench.caught(11)


@pytest.mark.parametrize(("name", "value"), [("needed", 3), ("exact", False), ("null_validate", "x"), ("reason", "x")])
def test_words_edited(bench: Bench, name: str, value: object) -> None:
    """So are the null in words, the exactness and the advice."""
    forger = small()
    forger.proof("test_recall")["derived"]["assessment"][name] = value
    bench.signed(forger.fix_ids())
    bench.caught(11)


@pytest.mark.parametrize("where", ["proof", "campaign", "both"])
def test_raw_verdict_edited(bench: Bench, where: str) -> None:
    """The raw verdict follows from the observations."""
    forger = full()
    if where != "campaign":
        forger.proof("test_new")["proof"]["verdict"] = "REFUTED"
    if where != "proof":
        forger.member("test_new")["raw"] = "REFUTED"
    bench.signed(forger.fix_ids())
    bench.caught(11)


def test_finding_removed(bench: Bench) -> None:
    """A diagnosis cannot be left out."""
    forger = small()
    proof = forger.proof("test_recall")
    proof["derived"]["findings"], proof["proof"]["methods"]["diagnosing"] = [], []
    bench.signed(forger.fix_ids())
    bench.caught(11)


def test_finding_edited(bench: Bench) -> None:
    """Nor its numbers changed."""
    forger = small()
    forger.proof("test_recall")["derived"]["findings"][0]["numbers"]["p"] = 0.5
    bench.signed(forger.fix_ids())
    bench.caught(11)


def test_counterexample_removed(bench: Bench) -> None:
    """A law with a counterexample is refuted, without one it needs its full budget."""
    forger = full()
    data = forger.proof("test_broken")["data"]
    data["counterexample"] = data["exception"] = data["place"] = None
    bench.signed(forger.fix_data().fix_ids())
    bench.caught(11)


def test_assessment_of_nothing(bench: Bench) -> None:
    """A claim that was never tested has nothing to assess."""
    forger = full()
    forger.proof("test_skipped")["derived"]["conceded"] = True
    bench.signed(forger.fix_ids())
    bench.caught(11)


def test_void_reason_edited(bench: Bench) -> None:
    """Why a claim is VOID stands in its data."""
    forger = full()
    forger.proof("test_crashed")["derived"]["void"]["reason"] = "the weather"
    bench.signed(forger.fix_ids())
    bench.caught(11)


def test_attested_finding_changes_nothing(bench: Bench) -> None:
    """What only the session saw is signed, and bears on no verdict."""
    forger = small()
    finding = {"pillar": "global-random", "method": "global-random/1", "status": "void", "message": "x", "numbers": {}}
    forger.proof("test_recall")["derived"]["attested"].append(finding)
    bench.signed(forger.fix_ids())
    bench.holds()


# Step 12: families.


def test_corrected_verdict_edited(bench: Bench) -> None:
    """The corrected verdict follows from the p-values of step 11."""
    forger = full()
    forger.member("test_latency")["corrected"] = (
        "INCONCLUSIVE" if forger.member("test_latency")["corrected"] != "INCONCLUSIVE" else "VALIDATED"
    )
    bench.signed(forger.fix_ids())
    bench.caught(12)


def test_green_flag_edited(bench: Bench) -> None:
    """The exit status of the session was not green."""
    forger = full()
    forger.campaign["proof"]["green"] = True
    bench.signed(forger.fix_ids())
    bench.caught(12)


@pytest.mark.parametrize("method", ["bh", "by", "hochberg", "none"])
def test_method_edited(bench: Bench, method: str) -> None:
    """Another correction than the registered one."""
    forger = small()
    forger.campaign["proof"]["families"][0]["correction"] = method
    bench.signed(forger.fix_ids())
    bench.caught(12)


@pytest.mark.parametrize("method", ["bh", "by", "none"])
def test_method_of_unregistered_claims_edited(bench: Bench, method: str) -> None:
    """Without a registration the adjusted p-values still tell the method."""
    forger = full()
    forger.campaign["proof"]["families"][1]["correction"] = method
    bench.signed(forger.fix_ids())
    assert bench.run()[0] == 1


@pytest.mark.parametrize(("name", "value"), [("m", 1), ("alpha", 0.2)])
def test_family_edited(bench: Bench, name: str, value: float) -> None:
    """m and alpha of a family are its claims'."""
    forger = small()
    forger.campaign["proof"]["families"][0][name] = value
    bench.signed(forger.fix_ids())
    bench.caught(12)


@pytest.mark.parametrize("name", ["p_validate", "p_refute", "adjusted_validate", "adjusted_refute"])
def test_adjusted_p_edited(bench: Bench, name: str) -> None:
    """The numbers behind a corrected verdict."""
    forger = small()
    numbers = forger.numbers("test_recall")
    numbers[name] = numbers[name] * 0.999
    bench.signed(forger.fix_ids())
    bench.caught(12)


def test_inconclusive_policy_edited(bench: Bench) -> None:
    """A policy that makes no difference here is in the id and signed; one that makes the campaign green is caught."""
    forger = full()
    forger.campaign["proof"]["inconclusive"] = "skip"
    forger.campaign["proof"]["green"] = True
    bench.signed(forger.fix_ids())
    bench.caught(12)


# Step 13 and the accepted cases.


def second_campaign(bench: Bench) -> Forger:
    """Put a true bundle into the folder under its history name and return its successor."""
    first = small()
    record = first.statements[0]
    payload = sha256_hex(canonical_bytes(record))
    first.write(bench.folder, bench.signer, name=f"{record['predicate']['derived']['id']}-{payload}.intoto.jsonl")
    second = small()
    second.campaign["run"]["history"] = {"count": 1, "previous": payload}
    return second


def test_history_of_two(bench: Bench) -> None:
    """A folder with an earlier campaign holds."""
    bench.signed(second_campaign(bench))
    bench.holds()


def test_previous_wrong(bench: Bench) -> None:
    """A bundle links to the one before it in its folder."""
    second = second_campaign(bench)
    second.campaign["run"]["history"]["previous"] = "a" * 64
    bench.signed(second)
    bench.caught_in_one(13)


def test_previous_missing(bench: Bench) -> None:
    """A second first campaign is a restarted history."""
    second = second_campaign(bench)
    second.campaign["run"]["history"]["previous"] = None
    second.campaign["run"]["duration"] = 1  # byte for byte the first, it would be a copy of it
    bench.signed(second)
    bench.caught_in_one(13)


def test_count_too_small(bench: Bench) -> None:
    """Another campaign is one more look."""
    second = second_campaign(bench)
    second.campaign["proof"]["inconclusive"] = "skip"
    bench.signed(second.fix_ids())
    bench.caught_in_one(13)


def test_a_copy_forks_nothing(bench: Bench) -> None:
    """The same campaign under a second name of its folder is the same link of the chain."""
    path = bench.signed(second_campaign(bench))
    (bench.folder / "copy.intoto.jsonl").write_bytes(path.read_bytes())
    bench.holds()


def test_history_file_renamed(bench: Bench) -> None:
    """An earlier bundle's file name is its content's."""
    bench.signed(second_campaign(bench))
    earlier = next(path for path in bench.folder.iterdir() if not path.name.startswith("campaign"))
    earlier.rename(earlier.with_name("b" * 64 + earlier.name[64:]))
    bench.caught_in_one(8)


def test_sidecar_missing(bench: Bench) -> None:
    """An intact bundle without its sidecar is incomplete."""
    digest, _ = large_sample(bench)
    (bench.folder / "observations" / f"{digest}.bin").unlink()
    status, shown = bench.run()
    assert status == 4
    assert re.search(r"^ +10 observations +incomplete", shown, re.MULTILINE)


def test_unknown_pillar(bench: Bench) -> None:
    """A method that is not installed here is looked up by name, not found, and never imported."""
    forger = small()
    methods = forger.proof("test_recall")["proof"]["methods"]
    methods["pillar"], methods["deciding"] = "os", "os.system/1"
    bench.signed(forger.fix_ids())
    status, shown = bench.run()
    assert status == 4
    assert "not recomputable here 1" in shown
    bench.caught(14, "--require", "recomputed")


def test_unknown_method_version(bench: Bench) -> None:
    """Numbers of another version of a method cannot be compared."""
    forger = small()
    forger.proof("test_recall")["proof"]["methods"]["deciding"] = "clopper-pearson/999"
    forger.proof("test_recall")["derived"]["assessment"]["method"] = "clopper-pearson/999"
    bench.signed(forger.fix_ids())
    assert bench.run()[0] == 4


def test_lines_reordered(bench: Bench) -> None:
    """Line order carries no meaning."""
    content = bench.bundle().splitlines(keepends=True)
    bench.put(b"".join(reversed(content)))
    bench.holds()


def test_escape_sequence_in_a_statement(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of a record are shown as escapes."""
    from bundles import Suite, bits, claim

    evil = claim("test_evil", statement="good\x1b[2K\u202e\u0085\nresult: every step holds")
    bench.signed(Forger.of(Suite(evidence=[(evil, bits(100))]).statements()))
    assert main(["show", str(bench.folder)]) == 0
    shown = capsys.readouterr().out
    assert r"good\x1b[2K\u202e\x85\nresult: every step holds" in shown
    assert not any(character in shown for character in "\x1b\u202e\u0085")
    assert main(["show", "--json", str(bench.folder)]) == 0
    assert capsys.readouterr().out.isascii()


# Any single changed byte.


@pytest.mark.parametrize(
    ("xor", "stride"),
    # Payload bytes are all alike to the steps that catch them: every 7th here, each one in the study.
    [(1 << bit, 7) for bit in (0, 5, 7)] + [pytest.param(1 << bit, 1, marks=pytest.mark.study) for bit in range(8)],
)
def test_any_single_changed_byte(bench: Bench, xor: int, stride: int) -> None:
    """The bytes of a bundle, one at a time: always caught by a named step, never a traceback.

    The bundle is made short (one claim), and the library is called: 10,000 starts of the command line would take hours.
    """
    from bundles import Suite, bits, claim, shipped, trust

    from pytest_ophamin.records.verify import VerifyOptions, verify_bundle
    from pytest_ophamin.records.verify.report import StepState

    content = bench.signed(Forger.of(Suite(evidence=[(claim("t"), bits(100))]).statements())).read_bytes()
    options = VerifyOptions(trust=trust(bench.signer))
    path = bench.folder / "campaign.intoto.jsonl"
    for place in range(xor % stride, len(content), stride):
        edited = bytearray(content)
        edited[place] ^= xor
        path.write_bytes(edited)
        report = verify_bundle([path], options, shipped())
        assert report.exit_status == 1, f"byte {place}"
        assert any(step.state is StepState.FAILED for bundle in report.bundles for step in bundle.steps), (
            f"byte {place}"
        )


def test_any_single_removed_byte(bench: Bench) -> None:
    """Nor can a byte be left out."""
    from bundles import shipped, trust

    from pytest_ophamin.records.verify import VerifyOptions, verify_bundle

    content = bench.bundle()
    options = VerifyOptions(trust=trust(bench.signer))
    for place in range(0, len(content), 61):
        path = bench.put(content[:place] + content[place + 1 :])
        assert verify_bundle([path], options, shipped()).exit_status == 1, f"byte {place}"
