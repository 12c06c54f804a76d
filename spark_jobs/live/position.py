"""A position: partition << 40 | offset. Unique within a topic, in the order of both, and one number."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

BITS = 40
OFFSETS = (1 << BITS) - 1


def positions(partition: pa.ChunkedArray, offset: pa.ChunkedArray) -> pa.ChunkedArray:
    """int64, of two columns."""
    return pc.add(pc.shift_left(partition.cast(pa.int64()), BITS), offset)


def partition_of(position: int) -> int:
    return position >> BITS


def offset_of(position: int) -> int:
    return position & OFFSETS
