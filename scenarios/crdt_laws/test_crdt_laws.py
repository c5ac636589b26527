"""Laws a replicated text must obey, searched for counterexamples in pycrdt documents.

Three to five replicas start from one shared text and edit it at the same time: they insert and delete over Unicode text
with combining marks and characters beyond the Basic Multilingual Plane. What they did travels as updates. The laws
speak about merging those updates: in any order, grouped in any way, delivered twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text, merge_updates

from pytest_ophamin import claim, scenario

pytestmark = scenario(
    "Concurrent editing of one text with pycrdt",
    tier="engineering",
    goal="replicas that have seen the same edits show the same text, however the edits travelled",
)

EXAMPLES = 200
ROOT = "text"


@dataclass(frozen=True)
class Insert:
    """Insert ``text`` before the character at ``position`` (modulo the length of the text)."""

    position: int
    text: str


@dataclass(frozen=True)
class Delete:
    """Delete up to ``length`` characters from ``position`` (modulo the length of the text) on."""

    position: int
    length: int


Edit = Insert | Delete

# Few letters make concurrent edits meet; a combining accent, two astral letters and a joiner make indices differ among
# code points, UTF-8 bytes and UTF-16 units; any other character may come too.
CHARACTERS = st.one_of(st.sampled_from("ab\u0301\u00e9\u200d\U0001f600\U0001d518"), st.characters(codec="utf-8"))
POSITIONS = st.integers(min_value=0, max_value=12)
EDITS = st.one_of(
    st.builds(Insert, position=POSITIONS, text=st.text(CHARACTERS, min_size=1, max_size=3)),
    st.builds(Delete, position=POSITIONS, length=st.integers(min_value=1, max_value=3)),
)
SHARED_TEXTS = st.text(CHARACTERS, min_size=1, max_size=8)
HISTORIES = st.lists(st.lists(EDITS, min_size=1, max_size=4), min_size=3, max_size=5)
"""What each of three to five replicas does."""


def byte_offset(text: str, characters: int) -> int:
    """Return the index pycrdt counts in: bytes of UTF-8, here of the first ``characters`` code points."""
    return len(text[:characters].encode())


class Replica:
    """One copy of the document and the updates its own edits produced, one per edit."""

    def __init__(self, number: int, base: bytes) -> None:
        self.doc: Doc[Text] = Doc(client_id=number)
        self.text = self.doc.get(ROOT, type=Text)
        self.doc.apply_update(base)
        self.updates: list[bytes] = []

    def apply(self, edit: Edit) -> None:
        """Edit the text here and keep the update that tells others."""
        before = self.doc.get_state()
        shown = str(self.text)
        start = edit.position % (len(shown) + 1)
        if isinstance(edit, Insert):
            self.text.insert(byte_offset(shown, start), edit.text)
        else:
            end = min(start + edit.length, len(shown))
            del self.text[byte_offset(shown, start) : byte_offset(shown, end)]
        self.updates.append(self.doc.get_update(before))


def base_update(text: str) -> bytes:
    """Return the update that creates the text all replicas start from."""
    doc: Doc[Text] = Doc(client_id=1)
    shared = doc.get(ROOT, type=Text)
    shared += text
    return doc.get_update()


def edited(base: bytes, histories: Sequence[Sequence[Edit]]) -> list[Replica]:
    """Return one replica per history, each having seen the base and its own edits only."""
    replicas = [Replica(number, base) for number in range(2, len(histories) + 2)]
    for replica, history in zip(replicas, histories, strict=True):
        for edit in history:
            replica.apply(edit)
    return replicas


def merged(*updates: bytes) -> str:
    """Return the text of a fresh document after ``updates``, delivered one by one in this order."""
    doc: Doc[Text] = Doc(client_id=99)
    text = doc.get(ROOT, type=Text)
    for update in updates:
        doc.apply_update(update)
    return str(text)


@st.composite
def deliveries(draw: st.DrawFn, replicas: Sequence[Replica]) -> list[bytes]:
    """Interleave all replicas' edits, each author's in the order made, and repeat some of them later."""
    authors = draw(st.permutations([author for author, replica in enumerate(replicas) for _ in replica.updates]))
    queues = [iter(replica.updates) for replica in replicas]
    order = [next(queues[author]) for author in authors]
    for first in draw(st.lists(st.integers(min_value=0, max_value=len(order) - 1), max_size=3)):
        order.insert(draw(st.integers(min_value=first + 1, max_value=len(order))), order[first])
    return order


def joined(replica: Replica) -> bytes:
    """Return everything a replica did, as one update."""
    return merge_updates(*replica.updates)


@claim("merging concurrent edits is commutative", metric="law")
@settings(max_examples=EXAMPLES)
@given(shared=SHARED_TEXTS, histories=HISTORIES)
def test_commutative(shared: str, histories: list[list[Edit]]) -> None:
    """For any two replicas among several, whose update comes first changes nothing."""
    base = base_update(shared)
    first, second, *others = (joined(replica) for replica in edited(base, histories))
    assert merged(base, first, second, *others) == merged(base, second, first, *others)


@claim("merging concurrent edits is associative", metric="law")
@settings(max_examples=EXAMPLES)
@given(shared=SHARED_TEXTS, histories=HISTORIES)
def test_associative(shared: str, histories: list[list[Edit]]) -> None:
    """Merging the first two updates before the third gives the same as merging the last two first."""
    base = base_update(shared)
    a, b, c, *others = (joined(replica) for replica in edited(base, histories))
    left = merge_updates(merge_updates(a, b), c)
    right = merge_updates(a, merge_updates(b, c))
    assert merged(base, left, *others) == merged(base, right, *others)


@claim("merging an update twice is the same as merging it once", metric="law")
@settings(max_examples=EXAMPLES)
@given(shared=SHARED_TEXTS, histories=HISTORIES)
def test_idempotent(shared: str, histories: list[list[Edit]]) -> None:
    """Every update may arrive again, merged with itself or one after the other."""
    base = base_update(shared)
    updates = [joined(replica) for replica in edited(base, histories)]
    once = merged(base, *updates)
    assert merged(base, base, *updates, *updates) == once
    assert merged(base, *(merge_updates(update, update) for update in updates)) == once


@claim("replicas that have received the same edits show the same text", metric="law")
@settings(max_examples=EXAMPLES)
@given(shared=SHARED_TEXTS, histories=HISTORIES, data=st.data())
def test_strong_convergence(shared: str, histories: list[list[Edit]], data: st.DataObject) -> None:
    """Each replica hears the others in an order of its own, some edits twice; each author's edits in the order made."""
    base = base_update(shared)
    replicas = edited(base, histories)
    for number, replica in enumerate(replicas):
        for update in data.draw(deliveries(replicas), label=f"deliveries to replica {number}"):
            replica.doc.apply_update(update)
    assert len({str(replica.text) for replica in replicas}) == 1


@claim("replicas that received the same edits in any order show the same text after a handshake", metric="law")
@settings(max_examples=EXAMPLES)
@given(shared=SHARED_TEXTS, histories=HISTORIES, data=st.data())
def test_convergence_after_handshake(shared: str, histories: list[list[Edit]], data: st.DataObject) -> None:
    """Even one author's edits may arrive in any order, some twice; then the replicas compare what they have seen.

    Without the handshake this law does not hold for pycrdt 0.14: of four edits by one author delivered as 1, 3, 4, 2
    the last stays pending until the document hears of something new. This suite found that.
    """
    base = base_update(shared)
    replicas = edited(base, histories)
    edits = [update for replica in replicas for update in replica.updates]
    for number, replica in enumerate(replicas):
        again = data.draw(st.lists(st.sampled_from(edits), max_size=3), label=f"duplicates for replica {number}")
        for update in data.draw(st.permutations(edits + again), label=f"deliveries to replica {number}"):
            replica.doc.apply_update(update)
    for one, other in permutations(replicas, 2):
        one.doc.apply_update(other.doc.get_update(one.doc.get_state()))
    assert len({str(replica.text) for replica in replicas}) == 1
