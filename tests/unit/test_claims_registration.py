"""Where a claim stands against the committed lock."""

from __future__ import annotations

import dataclasses

from claimed import declared, law_claim

from pytest_ophamin.claims.document import claim_digest
from pytest_ophamin.claims.lock import Lock, LockFamily, update_lock
from pytest_ophamin.claims.model import Claim, Digest
from pytest_ophamin.claims.registration import Registration, Status, registration_of
from pytest_ophamin.substrate.standing import LockStanding

COMMITTED = LockStanding(committed=True, blob="b" * 40)
FAMILY = LockFamily(name="campaign", correction="holm", alpha=0.05)
CLAIM = declared("tests/a.py::test_a")
LOCK = update_lock(None, [CLAIM, law_claim("tests/a.py::test_law")], [FAMILY], (), ())[0]


def standing(
    claim: Claim, lock: Lock | None = LOCK, git: LockStanding = COMMITTED, correction: str = "holm"
) -> Registration:
    """Return where ``claim`` stands."""
    return registration_of(claim, claim_digest(claim), lock, git, correction)


def test_an_equal_digest_in_a_committed_lock_is_registered() -> None:
    """The claim counts as fixed before the data, and names the lock that fixed it."""
    assert standing(CLAIM) == Registration(status=Status.REGISTERED, lock_blob="b" * 40)


def test_a_lock_that_is_not_committed_registers_nothing() -> None:
    """A modified, untracked or missing lock gives its reason and no blob."""
    modified = LockStanding(committed=False, reason="ophamin.lock is modified")
    assert standing(CLAIM, git=modified) == Registration(status=Status.UNREGISTERED, reason="ophamin.lock is modified")
    assert standing(CLAIM, lock=None).reason == "there is no ophamin.lock"


def test_an_unknown_claim_is_unregistered() -> None:
    """Absence from the lock is told in words."""
    assert standing(declared("tests/b.py::test_b")).reason == "not in ophamin.lock"


def test_a_withdrawn_entry_registers_nothing() -> None:
    """A claim that came back must be registered again."""
    withdrawn, _ = update_lock(LOCK, [], [FAMILY], (), ())
    assert standing(CLAIM, lock=withdrawn).reason == "withdrawn in ophamin.lock"


def test_an_amended_claim_names_what_differs() -> None:
    """Another threshold is another plan, though the id is the same."""
    found = standing(dataclasses.replace(CLAIM, threshold=0.8))
    assert found == Registration(status=Status.AMENDED, reason="threshold: 0.9 -> 0.8", lock_blob="b" * 40)


def test_another_level_or_seed_policy_amends() -> None:
    """What --ophamin-alpha and --ophamin-seed change is in the digest."""
    found = standing(dataclasses.replace(CLAIM, alpha=0.01, seed_policy="integer:7"))
    assert found.reason == 'alpha: 0.05 -> 0.01; seed_policy: "claim" -> "integer:7"'


def test_another_correction_amends_all_but_laws() -> None:
    """A law has no p-value, so no correction touches it."""
    assert standing(CLAIM, correction="none").reason == "correction: holm -> none"
    assert standing(law_claim("tests/a.py::test_law"), correction="none").status is Status.REGISTERED


def test_a_digest_of_another_format_is_never_registered() -> None:
    """An equal plan under another digest is told as such, not passed over."""
    found = registration_of(CLAIM, Digest("0" * 64), LOCK, COMMITTED, "holm")
    assert (found.status, found.reason) == (Status.AMENDED, "digest differs")
