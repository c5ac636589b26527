"""Counter-based random streams: what trial i draws depends on the claim, the seed policy and i only.

NumPy's Philox is keyed by the claim and counts from ``(0, 0, 0, i)``, so trial i owns 2^192 blocks that no other trial
reaches, in any order and from any process. Seeds for other libraries and positions in a data set are keyed functions
of the index too, each from a key of its own.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_ophamin._canonical import JSON, canonical_bytes
from pytest_ophamin.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pytest_ophamin.claims.model import ClaimGroup

KEY_BYTES = 16
SEED_POLICY_COMMIT = "commit"

_MASK_32 = 0xFFFFFFFF
_PERMUTATIONS_KEPT = 4


def stream_key(group: ClaimGroup, commit: str | None) -> bytes:
    """Return the 16-byte key all draws of a test's claims derive from.

    Args:
        group: The claims of one test. A lone claim is keyed by its own id, stacked claims by their test's id.
        commit: Commit (or, for a dirty tree, another digest) of the substrate; used under the seed policy ``commit``
            only.

    Raises:
        UsageError: The seed policy is ``commit`` and no commit is known.
    """
    lone = len(group.claims) == 1
    material: dict[str, JSON] = {
        "id": group.claims[0].id if lone else group.test,
        "digests": sorted(group.digests),
    }
    if group.claims[0].seed_policy == SEED_POLICY_COMMIT:
        if commit is None:
            message = f'{group.test}: seed="commit" needs a substrate with a git commit, came a tree without one'
            raise UsageError(message)
        material["commit"] = commit
    return hashlib.sha256(canonical_bytes(material)).digest()[:KEY_BYTES]


def trial_seed(key: bytes, index: int) -> int:
    """Return the 32-bit seed of trial ``index``, for libraries that want an integer.

    For one key this is a bijection of ``index`` modulo 2^32 (every step below is), so no two trials share a seed.
    """
    offset, mask, factor = _seed_constants(key)
    x = _finalise_32((index + offset) & _MASK_32)
    # A second, keyed round: without it the seeds of two claims would be one sequence, shifted.
    return _finalise_32(((x ^ mask) * factor) & _MASK_32)


def is_second_arm(key: bytes, index: int) -> bool:
    """Return whether trial ``index`` belongs to the second of two arms.

    Trials 2k and 2k + 1 belong to different arms, in an order drawn for each k (permuted blocks of two): the arms have
    equal sizes, and no drift of the machine is confounded with them.
    """
    return bool((_arm_word(key, index >> 1) ^ index) & 1)


def arm_column(key: bytes, n: int) -> npt.NDArray[np.bool_]:
    """Return :func:`is_second_arm` of the first ``n`` trials, shape (n,)."""
    import numpy as np  # see Stream._create

    order = np.fromiter((_arm_word(key, k) & 1 for k in range((n + 1) >> 1)), dtype=np.uint8, count=(n + 1) >> 1)
    arms: npt.NDArray[np.bool_] = (np.repeat(order, 2)[:n] ^ (np.arange(n) & 1)).astype(np.bool_)
    return arms


def pick_position(key: bytes, index: int, length: int) -> int:
    """Return the position trial ``index`` takes among ``length`` items: a keyed permutation, so each item serves once.

    Raises:
        IndexError: ``index`` is not below ``length``.
    """
    return int(_permutation(key, length)[index])


def replacement_position(key: bytes, index: int, length: int) -> int:
    """Return the position trial ``index`` draws, with replacement, among ``length`` items."""
    material = key + b"replace" + index.to_bytes(8, "little") + length.to_bytes(8, "little")
    # 128 bits modulo length: the bias is below 2^-64 for any list that fits in a computer.
    return int.from_bytes(hashlib.sha256(material).digest()[:16], "little") % length


class Stream:
    """One Philox generator, re-set per trial: 0.4 us instead of the 7-15 us of a new generator."""

    __slots__ = ("_bits", "_generator", "_inner", "_state", "key")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a stream key has {KEY_BYTES} bytes, came {len(key)}")
        self.key = key
        self._generator: np.random.Generator | None = None
        self._bits: Any = None
        self._state: dict[str, Any] = {}
        self._inner: dict[str, Any] = {}

    def at(self, index: int) -> np.random.Generator:
        """Return the generator, set to the beginning of trial ``index``; it is the same object every time."""
        if self._generator is None:
            self._create()
        self._inner["counter"] = (0, 0, 0, index)
        self._bits.state = self._state
        assert self._generator is not None  # noqa: S101  # for the type checker: _create made it
        return self._generator

    def _create(self) -> None:
        # Not at the top of the module: NumPy costs 70-150 ms, and most claims draw nothing.
        from numpy.random import Generator, Philox

        self._bits = Philox(key=int.from_bytes(self.key, "little"))
        self._generator = Generator(self._bits)
        self._state = dict(self._bits.state)
        inner = {name: tuple(int(word) for word in words) for name, words in self._state["state"].items()}
        # Plain tuples are taken as they are; arrays would be checked and copied at every trial.
        self._state |= {"state": inner, "buffer": (0, 0, 0, 0), "buffer_pos": 4, "has_uint32": 0, "uinteger": 0}
        self._inner = inner


class Permutations:
    """The last few permutations of one key, by length."""

    __slots__ = ("_by_length", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._by_length: OrderedDict[int, npt.NDArray[np.int64]] = OrderedDict()

    def position(self, index: int, length: int) -> int:
        """Return what :func:`pick_position` returns, without computing a permutation twice."""
        found = self._by_length.get(length)
        if found is None:
            found = self._by_length[length] = _permutation(self._key, length)
            if len(self._by_length) > _PERMUTATIONS_KEPT:
                self._by_length.popitem(last=False)
        return int(found[index])


def _permutation(key: bytes, length: int) -> npt.NDArray[np.int64]:
    from numpy.random import Philox  # see Stream._create

    material = hashlib.sha256(key + b"pick" + length.to_bytes(8, "little")).digest()
    words = Philox(key=int.from_bytes(material[:KEY_BYTES], "little")).random_raw(length)
    # Sorting raw words, since NumPy promises the raw stream across versions but not Generator.permutation.
    return words.argsort(kind="stable")


def _arm_word(key: bytes, block: int) -> int:
    """Return 32 bits for a block of two trials, unrelated to any trial's seed."""
    offset, mask, factor = _arm_constants(key)
    return _finalise_32(((_finalise_32((block + offset) & _MASK_32) ^ mask) * factor) & _MASK_32)


@lru_cache(maxsize=8)
def _arm_constants(key: bytes) -> tuple[int, int, int]:
    digest = hashlib.sha256(key + b"arms").digest()
    offset, mask, factor = (int.from_bytes(digest[at : at + 4], "little") for at in (0, 4, 8))
    return offset, mask, factor | 1


@lru_cache(maxsize=8)
def _seed_constants(key: bytes) -> tuple[int, int, int]:
    digest = hashlib.sha256(key + b"seed").digest()
    offset, mask, factor = (int.from_bytes(digest[at : at + 4], "little") for at in (0, 4, 8))
    return offset, mask, factor | 1  # an odd factor is invertible modulo 2^32


def _finalise_32(x: int) -> int:
    """Mix 32 bits bijectively (the finaliser of MurmurHash3)."""
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & _MASK_32
    x ^= x >> 13
    x = (x * 0xC2B2AE35) & _MASK_32
    return x ^ (x >> 16)
