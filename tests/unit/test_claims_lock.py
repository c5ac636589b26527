"""The lock keeps the whole plan, comes back exactly, and forgets nothing."""

from __future__ import annotations

import dataclasses

import pytest
from claimed import declared, law_claim

from pytest_ophamin.claims.document import claim_digest
from pytest_ophamin.claims.lock import Lock, LockFamily, lock_text, read_lock, update_lock
from pytest_ophamin.claims.model import Claim, ClaimId, DataSet, Digest
from pytest_ophamin.errors import LockError, UsageError

HOLM = LockFamily(name="campaign", correction="holm", alpha=0.05)
A = declared("tests/a.py::test_a")
B = declared("tests/b.py::test_b", metric="mean", at_most=0.1 + 0.2, bounds=(-1e-9, 5))
LAW = dataclasses.replace(
    law_claim("tests/b.py::test_law"), data=(DataSet(name="corpus.json", sha256=Digest("0" * 64), size=9),)
)


def lock_of(*claims: Claim, families: tuple[LockFamily, ...] = (HOLM,)) -> Lock:
    """Return a first lock over ``claims``."""
    return update_lock(None, claims, families, (), ())[0]


def test_a_lock_comes_back_exactly_and_is_written_the_same_way() -> None:
    """Text, lock, text: the same bytes; claims come back with their digests."""
    lock = lock_of(B, LAW, A)
    text = lock_text(lock)
    again = read_lock(text)
    assert again == lock
    assert lock_text(again) == text
    assert [entry.id for entry in again.entries] == [A.id, B.id, LAW.id]
    assert [entry.claim for entry in again.entries] == [A, B, LAW]
    assert [entry.digest for entry in again.entries] == [claim_digest(claim) for claim in (A, B, LAW)]


def test_a_lock_can_be_read_by_people() -> None:
    """The plan stands in plain words and numbers, constants once at the top."""
    text = lock_text(lock_of(A))
    assert text.startswith("# The plan of every claim, fixed before the data.")
    assert 'statement = "catches at least 90 % of spam"\nmetric = "proportion"\nrelation = "at_least"\n' in text
    assert "threshold = 0.9\n" in text
    assert text.count("unit_of_replication") == 1


def test_a_lock_finds_its_parts() -> None:
    """Entries by id, families by name, modules as a list, withdrawn entries apart."""
    lock = lock_of(A, B)
    gone, _ = update_lock(lock, [A], [HOLM], {"tests/b.py"}, {"tests/a.py", "tests/b.py"})
    assert gone.find(B.id) is not None
    assert gone.find("nobody") is None
    assert [entry.id for entry in gone.active] == [A.id]
    assert gone.family("campaign") == HOLM
    assert gone.family("other") is None
    assert gone.modules == ("tests/a.py", "tests/b.py")


def test_first_registration_says_what_is_new() -> None:
    """Every claim and family of a new lock is announced."""
    _, changes = update_lock(None, [B, A], [HOLM], (), ())
    assert changes == [
        "family campaign: correction holm, alpha 0.05",
        "registered tests/a.py::test_a",
        "registered tests/b.py::test_b",
    ]


def test_registering_again_changes_nothing() -> None:
    """The same claims give the same lock and no change."""
    lock = lock_of(A, B)
    assert update_lock(lock, [A, B], [HOLM], {"tests/a.py", "tests/b.py"}, {"tests/a.py", "tests/b.py"}) == (lock, [])


def test_a_revised_claim_says_what_differs() -> None:
    """The plan's old and new values are told."""
    harder = dataclasses.replace(A, threshold=0.95, trials=2000)
    lock, changes = update_lock(lock_of(A), [harder], [HOLM], (), {"tests/a.py"})
    assert changes == ["revised tests/a.py::test_a: threshold: 0.9 -> 0.95; trials: 1000 -> 2000"]
    entry = lock.find(A.id)
    assert entry is not None
    assert entry.digest == claim_digest(harder)


def test_a_claim_with_its_own_id_may_move() -> None:
    """An explicit id survives a renamed test."""
    old = declared("tests/a.py::test_old", id="spam.recall")
    new = dataclasses.replace(old, test="tests/c.py::test_new")
    lock, changes = update_lock(lock_of(old), [new], [HOLM], {"tests/c.py"}, {"tests/c.py"})
    assert changes == ["moved spam.recall: tests/a.py::test_old -> tests/c.py::test_new"]
    assert [entry.test for entry in lock.entries] == ["tests/c.py::test_new"]


@pytest.mark.parametrize(
    ("whole", "existing", "change"),
    [
        ({"tests/b.py"}, {"tests/b.py"}, ["withdrawn tests/b.py::test_b: its test is gone"]),
        (set(), set(), ["withdrawn tests/b.py::test_b: its module is gone"]),
        (set(), {"tests/b.py"}, []),
    ],
)
def test_a_vanished_claim_is_withdrawn_only_when_it_is_surely_gone(
    whole: set[str], existing: set[str], change: list[str]
) -> None:
    """A module collected in part proves nothing about the tests it did not show; nothing is ever deleted."""
    lock, changes = update_lock(lock_of(A, B), [A], [HOLM], whole | {"tests/a.py"}, existing | {"tests/a.py"})
    assert changes == change
    entry = lock.find(B.id)
    assert entry is not None
    assert entry.withdrawn is bool(change)
    assert read_lock(lock_text(lock)) == lock


def test_a_withdrawn_claim_stays_withdrawn_and_may_return() -> None:
    """A second registration says nothing about it; its return is announced."""
    everywhere = {"tests/a.py", "tests/b.py"}
    withdrawn, _ = update_lock(lock_of(A, B), [A], [HOLM], everywhere, everywhere)
    assert update_lock(withdrawn, [A], [HOLM], everywhere, everywhere) == (withdrawn, [])
    back, changes = update_lock(withdrawn, [A, B], [HOLM], everywhere, everywhere)
    assert changes == ["registered again tests/b.py::test_b"]
    assert back == lock_of(A, B)


def test_another_correction_is_announced() -> None:
    """Correction and level belong to the plan."""
    _, changes = update_lock(lock_of(A), [A], [dataclasses.replace(HOLM, correction="bh")], (), {"tests/a.py"})
    assert changes == ["family campaign: correction: holm -> bh"]


def test_a_familys_level_is_that_of_its_claims() -> None:
    """Laws have no level: a family of which only laws were collected keeps the alpha it has."""
    strict = dataclasses.replace(A, alpha=0.01)
    lock, _ = update_lock(None, [strict, LAW], [HOLM], (), ())
    assert lock.family("campaign") == dataclasses.replace(HOLM, alpha=0.01)
    again, changes = update_lock(lock, [LAW], [HOLM], (), {"tests/a.py", "tests/b.py"})
    assert (again, changes) == (lock, [])


def test_half_a_family_cannot_change_its_level() -> None:
    """Entries that were not collected would keep another alpha than their family."""
    with pytest.raises(UsageError, match=r"tests/b.py::test_b: its alpha is 0.05, and that of its family 0.01"):
        update_lock(lock_of(A, B), [dataclasses.replace(A, alpha=0.01)], [HOLM], (), {"tests/a.py", "tests/b.py"})


def test_ids_that_look_the_same_do_not_enter_one_lock() -> None:
    """An id equal under NFC to an entry that was not collected is refused."""
    old = declared("tests/a.py::t", id="caf\u00e9")
    new = declared("tests/b.py::t", id="cafe\u0301")
    with pytest.raises(UsageError, match="its id is that of another entry"):
        update_lock(lock_of(old), [new], [HOLM], (), {"tests/a.py", "tests/b.py"})


TEXT = lock_text(lock_of(A, B, LAW))


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("version = 1", "version = = 1", "ophamin.lock, line 2, column 11", "expected TOML, came Invalid value"),
        ("version = 1", "version = 2", "ophamin.lock", "expected version = 1, came 2"),
        ("version = 1", "version = true", "ophamin.lock", "expected version = 1, came True"),
        ("version = 1", "version = 1\nspeed = 3", "ophamin.lock", "came 'speed'"),
        ('sides = "both"', 'sides = "one"', "ophamin.lock, every_claim", "'sides': 'one'"),
        ("threshold = 0.9", "threshold = 0.8", "line 16, claim 'tests/a.py::test_a'", "was edited by hand"),
        ("trials = 1000", "trials = 999", "claim 'tests/a.py::test_a'", "was edited by hand"),
        ('relation = "at_least"', 'relation = "above"', "claim 'tests/a.py::test_a'", "expected one of at_least"),
        ("power = 0.9", "powers = 0.9", "claim 'tests/a.py::test_a'", "claim.power: expected a member of this name"),
        ("[claim.plan]", "[claim.plans]", "claim 'tests/a.py::test_a'", "came 'plans'"),
        ("max_examples = 100", "max_examples = 99", "claim 'tests/b.py::test_law'", "was edited by hand"),
        ("correction", "corection", "family 'campaign'", "came 'corection'"),
        (
            'correction = "holm"',
            "correction = 3",
            "family 'campaign'",
            "expected correction and alpha, came 3 and 0.05",
        ),
        (
            "alpha = 0.05",
            "alpha = 0.04",
            "claim 'tests/a.py::test_a'",
            "its alpha is 0.05, and that of its family 0.04",
        ),
        ("[family.campaign]", "[family.other]", "claim 'tests/a.py::test_a'", "'campaign' is not among the families"),
        ('id = "tests/a.py::test_a"', "", "claim number 1", "expected a table with an id"),
        ('test = "tests/a.py::test_a"', "", "claim 'tests/a.py::test_a'", "a test, a digest and a plan"),
        (
            'test = "tests/a',
            'withdrawn = 1\ntest = "tests/a',
            "claim 'tests/a.py::test_a'",
            "withdrawn = true or false",
        ),
        ('id = "tests/b.py::test_b"', 'id = "tests/a.py::test_a"', "claim 'tests/a.py::test_a'", "another entry"),
        ("[family.campaign]", "[family]\ncampaign = 3\n[every]", "ophamin.lock", "came 'every'"),
    ],
)
def test_a_broken_lock_says_where_and_what(old: str, new: str, place: str, words: str) -> None:
    """Each way to break the file is a LockError with place, expectation, what came and what to do."""
    assert old in TEXT
    with pytest.raises(LockError) as caught:
        read_lock(TEXT.replace(old, new, 1))
    assert place in caught.value.place
    assert words in str(caught.value)
    assert "register" in caught.value.fix


@pytest.mark.parametrize("part", ["family = 3\n", "claim = 3\n", "[family]\nx = 3\n", "claim = [3]\n"])
def test_members_of_the_wrong_shape_are_lock_errors(part: str) -> None:
    """TOML of another shape is told as such."""
    head = TEXT[: TEXT.index("[family")].replace(
        "version = 1\n", "version = 1\n" if part[0] == "[" else f"version = 1\n{part}"
    )
    with pytest.raises(LockError):
        read_lock(head + (part if part[0] == "[" else ""))


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "=======", ">>>>>>> other"])
def test_a_merge_conflict_is_told_as_one(mark: str) -> None:
    """What git left behind is named, with what to do about a lock."""
    with pytest.raises(LockError, match=r"came marks of a merge conflict\. Keep the entries of both sides"):
        read_lock(TEXT.replace("\n[[claim]]", f"\n{mark}\n[[claim]]", 1))


def test_a_number_without_end_is_no_lock() -> None:
    """Not every mistake is a TOMLDecodeError."""
    with pytest.raises(LockError, match="expected TOML"):
        read_lock("x = " + "9" * 5000)


def test_an_empty_file_is_no_lock() -> None:
    """Empty is not success."""
    with pytest.raises(LockError, match="expected version = 1, came None"):
        read_lock("")


def test_a_withdrawn_entry_is_outside_its_familys_level() -> None:
    """What is withdrawn keeps the plan it had, whatever its family became."""
    everywhere = {"tests/a.py", "tests/b.py"}
    withdrawn, _ = update_lock(lock_of(A, B), [A], [HOLM], everywhere, everywhere)
    stricter = dataclasses.replace(A, alpha=0.01)
    lock, _ = update_lock(withdrawn, [stricter], [HOLM], everywhere, everywhere)
    assert read_lock(lock_text(lock)) == lock


def test_an_id_that_toml_escapes_is_still_named() -> None:
    """Where the entry's line cannot be found the entry is named without it."""
    text = lock_text(lock_of(declared("tests/a.py::t", id='a "quoted" id')))
    with pytest.raises(LockError) as caught:
        read_lock(text.replace("trials = 1000", "trials = 1"))
    assert caught.value.place == "ophamin.lock, claim 'a \"quoted\" id'"


def test_explicit_id_keeps_entry_type() -> None:
    """An entry rebuilds its claim with id and test as registered."""
    claim = declared("tests/a.py::t", id="x")
    (entry,) = lock_of(claim).entries
    assert (entry.claim.id, entry.claim.test, entry.module) == (ClaimId("x"), "tests/a.py::t", "tests/a.py")
