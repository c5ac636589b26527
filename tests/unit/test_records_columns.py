"""Observation columns as bytes: exact both ways, and only one encoding of each."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.records.columns import column_bytes, column_from_bytes, column_size
from pytest_ophamin.trials.sample import Column, ColumnKind


@pytest.mark.parametrize("n", [1, 7, 8, 9, 16, 1000])
def test_bits_are_lsb_first_with_zero_padding(n: int) -> None:
    """Observation i is bit i mod 8 of byte i // 8."""
    values = np.random.default_rng(n).random(n) < 0.5
    content = column_bytes(Column(kind="bits", values=values))
    assert [bool(content[i // 8] >> (i % 8) & 1) for i in range(n)] == values.tolist()
    assert len(content) == column_size("bits", n)
    assert column_from_bytes("bits", content, n).values.tolist() == values.tolist()


def test_numbers_are_little_endian() -> None:
    """Whatever the machine's own order."""
    floats = Column(kind="f64le", values=np.array([1.5, -0.0, 5e-324, 1.7976931348623157e308]))
    assert column_bytes(floats)[:8] == b"\x00\x00\x00\x00\x00\x00\xf8\x3f"
    assert column_from_bytes("f64le", column_bytes(floats), 4).values.tobytes() == floats.values.tobytes()
    big = Column(kind="f64le", values=np.array([1.5]).astype(">f8"))
    assert column_bytes(big) == b"\x00\x00\x00\x00\x00\x00\xf8\x3f"
    integers = Column(kind="i64le", values=np.array([1, -(2**63), 2**62]))
    assert column_bytes(integers)[:8] == b"\x01" + b"\x00" * 7
    assert column_from_bytes("i64le", column_bytes(integers), 3).values.tolist() == [1, -(2**63), 2**62]


@pytest.mark.parametrize(
    ("kind", "content", "n"),
    [
        ("bits", b"\x08", 3),
        ("bits", b"\x00\x00", 3),
        ("bits", b"", 3),
        ("f64le", b"\x00" * 7, 1),
        ("f64le", np.array([np.nan]).tobytes(), 1),
        ("f64le", np.array([-np.inf]).tobytes(), 1),
        ("i64le", np.array([2**53 + 1]).tobytes(), 1),
        ("i64le", np.array([2**63 - 1]).tobytes(), 1),
    ],
)
def test_what_no_encoder_writes_is_refused(kind: ColumnKind, content: bytes, n: int) -> None:
    """Padding, length, finiteness and exactness."""
    with pytest.raises(EvidenceError):
        column_from_bytes(kind, content, n)
