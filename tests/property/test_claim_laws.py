"""A plan survives its file, and its digest stands for all of it."""

from __future__ import annotations

import dataclasses
import json
import struct
import unicodedata

import rfc8785
from claim_strategies import claims, finite, names
from claimed import declared
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_ophamin._canonical import canonical_bytes, round12
from pytest_ophamin.claims.document import claim_digest, claim_document, claim_from_document
from pytest_ophamin.claims.lock import LockFamily, lock_text, read_lock, update_lock
from pytest_ophamin.claims.model import Claim

FAMILIES = [LockFamily(name=name, correction="holm", alpha=0.05) for name in ("campaign", "latency", "é.x")]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | finite | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_canonical_bytes_are_the_json_they_say(value: object) -> None:
    """A reader that takes large integers as floats (RECORDS, "JSON") gets the value back."""
    text = canonical_bytes(value)
    again = json.loads(text, parse_int=lambda digits: int(digits) if abs(int(digits)) < 2**53 else float(digits))
    assert again == value
    assert canonical_bytes(again) == text
    assert text == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(finite)
def test_round12_is_stable(number: float) -> None:
    """Rounding twice is rounding once, and 12 digits are all that is left."""
    rounded = round12(number)
    assert round12(rounded) == rounded
    assert len(f"{rounded:.17g}".split("e")[0].strip("-").replace(".", "").strip("0")) <= 17
    assert float(f"{rounded:.12g}") == rounded


@given(claims())
def test_a_claim_survives_its_document(claim: Claim) -> None:
    """Claim, document, JSON, document, claim: the same claim and digest."""
    again = claim_from_document(claim.id, claim.test, json.loads(canonical_bytes(claim_document(claim))))
    assert again == claim
    assert claim_digest(again) == claim_digest(claim)


@settings(max_examples=25)  # up to four claims, each with a design: a second for a few examples
@given(st.lists(claims(), max_size=4, unique_by=lambda claim: claim.id))
def test_claims_survive_the_lock(several: list[Claim]) -> None:
    """Claim, TOML, claim: every field, floats bit for bit, and the file is written the same way again."""
    assume(len({unicodedata.normalize("NFC", claim.id) for claim in several}) == len(several))
    lock, _ = update_lock(None, several, FAMILIES, (), ())
    text = lock_text(lock)
    again = read_lock(text)
    assert again == lock
    assert lock_text(again) == text
    for claim in several:
        entry = again.find(claim.id)
        assert entry is not None
        assert entry.claim == claim
        assert entry.digest == claim_digest(claim)


@given(finite)
def test_a_threshold_keeps_every_bit_through_the_lock(threshold: float) -> None:
    """0.1 + 0.2, 1e-9 and 5.0 come back as the same 64 bits."""
    claim = dataclasses.replace(declared(metric="mean"), threshold=threshold)
    (entry,) = read_lock(lock_text(update_lock(None, [claim], FAMILIES, (), ())[0])).entries
    assert isinstance(entry.claim.threshold, float)
    assert struct.pack("<d", entry.claim.threshold) == struct.pack("<d", threshold)


@settings(max_examples=50)
@given(claims(), claims(), st.sampled_from(sorted(set(Claim.__dataclass_fields__) - {"id", "test", "scenario"})))
def test_another_plan_has_another_digest(claim: Claim, other: Claim, field: str) -> None:
    """Changing any field that could change the decision changes the digest."""
    changed = dataclasses.replace(claim, **{field: getattr(other, field)})
    same = canonical_bytes(claim_document(changed)) == canonical_bytes(claim_document(claim))
    assert same == (getattr(claim, field) == getattr(other, field))
    assert (claim_digest(changed) == claim_digest(claim)) == same
