"""Observation columns as bytes: ``f64le``, ``i64le`` or ``bits``; never pickle, npy or anything compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_ophamin.errors import EvidenceError
from pytest_ophamin.trials.sample import Column

if TYPE_CHECKING:
    from pytest_ophamin.trials.sample import ColumnKind

COLUMN_KINDS: tuple[ColumnKind, ...] = ("bits", "f64le", "i64le")


def column_bytes(column: Column) -> bytes:
    """Encode a column: little-endian numbers, or bits with the first observation in the lowest bit, zero padded."""
    if column.kind == "bits":
        return np.packbits(column.values.astype(np.bool_, copy=False), bitorder="little").tobytes()
    return column.values.astype("<i8" if column.kind == "i64le" else "<f8", copy=False).tobytes()


def column_size(kind: ColumnKind, n: int) -> int:
    """Return the exact number of bytes ``n`` observations take."""
    return (n + 7) // 8 if kind == "bits" else 8 * n


def column_from_bytes(kind: ColumnKind, data: bytes, n: int) -> Column:
    """Decode a column of ``n`` observations.

    Raises:
        EvidenceError: The length, the padding or a value is not what an encoder of this format writes.
    """
    if len(data) != column_size(kind, n):
        raise EvidenceError(f"{n} observations take {column_size(kind, n)} bytes as {kind}, there are {len(data)}")
    if kind == "bits":
        bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
        if bits[n:].any():
            raise EvidenceError("the padding bits after the last observation are not zero")
        return Column(kind=kind, values=bits[:n].astype(np.bool_))
    if kind == "i64le":
        return Column(kind=kind, values=_exact_integers(np.frombuffer(data, dtype="<i8").astype(np.int64)))
    floats = np.frombuffer(data, dtype="<f8").astype(np.float64)
    if not np.isfinite(floats).all():
        raise EvidenceError("an observation is not finite")
    return Column(kind=kind, values=floats)


def _exact_integers(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    floats = values.astype(np.float64)
    # 2**63 as a float is outside int64: casting it back is undefined, so it is caught before.
    if not ((floats < 2.0**63) & (np.where(floats < 2.0**63, floats, 0.0).astype(np.int64) == values)).all():
        raise EvidenceError("an observation is an integer that float64 cannot hold")
    return values
